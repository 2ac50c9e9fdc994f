"""Shares each operation's rate among all processes, so that Amazon seldom has to refuse a call.

Every bucket is one timestamp in Redis, moved by a script (GCRA). All of it is real time: a simulation
may run the business clock faster, the quota does not follow.
"""

import asyncio
import math
import random
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from enum import Enum
from typing import Protocol

import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError

from connectors.errors import NoTurn

log = structlog.get_logger()

LONGEST_WAIT = 1.0
"""Seconds that a call sleeps for its turn; when it would take longer the job is put off instead."""

# Requests arrive at Amazon less evenly than they left, so the last bit of rate and burst is not used.
# What is left of a burst bears a delay of a whole turn. Where the burst is one, nothing is left: each turn waits longer.
_RATE_USED = 0.98
_BURST_USED = 0.9
_LATENESS = 0.05
_BACKGROUND_SHARE = 0.8
_MOST_LEARNED = 10
_SHORTEST_BLOCK = 0.5
_REDIS_PATIENCE = 1.0
_REDIS_REST = 1.0
_KEPT = 86_400
_EARLY = LONGEST_WAIT / 2
"""Seconds by which a job comes back before its turn, to wait for the rest: no turn passes unused meanwhile."""

_NOW = """
local clock = redis.call('TIME')
local now = clock[1] * 1000000 + clock[2]
"""

# An urgent call that is refused claims the next turn, so that background calls cannot take it first.
_RESERVE = """
local state = redis.call('HMGET', KEYS[1], 'free_at', 'rate', 'claimed_until')
local interval = 1000000 / (tonumber(state[2]) or tonumber(ARGV[1]))
local free_at = math.max(tonumber(state[1]) or now, now)
local wait = math.max(0, free_at - (tonumber(ARGV[2]) - 1) * interval - now)
local is_urgent = ARGV[4] == '1'
local claimed_until = tonumber(state[3]) or now
if not is_urgent and claimed_until > now then
  return math.ceil(math.max(wait, claimed_until - now) + tonumber(ARGV[3]))
end
if wait <= tonumber(ARGV[3]) then
  redis.call('HSET', KEYS[1], 'free_at', string.format('%.0f', free_at + interval))
  redis.call('HDEL', KEYS[1], 'claimed_until')
elseif is_urgent then
  redis.call('HSET', KEYS[1], 'claimed_until', string.format('%.0f', now + wait))
end
redis.call('EXPIRE', KEYS[1], ARGV[5])
return math.ceil(wait)
"""

_BLOCK = """
local state = redis.call('HMGET', KEYS[1], 'free_at', 'rate')
local interval = 1000000 / (tonumber(state[2]) or tonumber(ARGV[1]))
local pause = math.max(interval, tonumber(ARGV[3])) * tonumber(ARGV[4])
local emptied = now + pause + (tonumber(ARGV[2]) - 1) * interval
redis.call('HSET', KEYS[1], 'free_at',
  string.format('%.0f', math.max(tonumber(state[1]) or now, emptied)))
redis.call('EXPIRE', KEYS[1], ARGV[5])
return 0
"""

_LEARN = """
local state = redis.call('HMGET', KEYS[1], 'free_at', 'rate')
local before = tonumber(state[2]) or tonumber(ARGV[1])
local free_at = math.max(tonumber(state[1]) or now, now)
redis.call('HSET', KEYS[1], 'rate', ARGV[2],
  'free_at', string.format('%.0f', now + (free_at - now) * before / tonumber(ARGV[2])))
redis.call('EXPIRE', KEYS[1], ARGV[3])
return 0
"""


class Priority(Enum):
    """Who goes first where calls share a bucket."""

    URGENT = "URGENT"
    """May use the whole burst, and has the next turn when it is refused: prices, stock, reading back."""
    BACKGROUND = "BACKGROUND"
    """Leaves a fifth of the burst, and every turn that an urgent call waits for: sweeps and imports."""


@dataclass(frozen=True, slots=True)
class Bucket:
    """A quota: one application, one seller, one operation."""

    application: str
    seller: str
    operation: str
    rate: float
    """Documented requests a second."""
    burst: int
    """Documented requests at once after a rest."""


class Budget(Protocol):
    """Hands out turns. Never raises for a fault of its own."""

    async def take(self, bucket: Bucket, priority: Priority = Priority.URGENT) -> None:
        """Wait for a turn of at most `LONGEST_WAIT`; raises `NoTurn` where it would take longer."""

    async def block(self, bucket: Bucket) -> None:
        """Amazon refused a call for its quota: the bucket is empty, whatever we counted."""

    async def learn(self, bucket: Bucket, rate: float) -> None:
        """Amazon told the rate, in requests a second."""


Sleep = Callable[[float], Awaitable[None]]
"""Seconds to sleep; `asyncio.sleep`, or a stand-in."""


@dataclass(slots=True)
class _Level:
    """How full a bucket is: the moment at which it is full again, its rate, and until when its turns are claimed."""

    free_at: float
    rate: float
    claimed_until: float = 0.0


class LocalBudget:
    """Turns within one process, which takes its share of what `workers` processes may use."""

    def __init__(
        self,
        rate_scale: Decimal | int = 1,
        workers: int = 1,
        *,
        sleep: Sleep = asyncio.sleep,
        now: Callable[[], float] = time.monotonic,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self._scale = float(rate_scale)
        self._workers = workers
        self._sleep = sleep
        self._now = now
        self._chance = chance
        self._levels: dict[tuple[str, str, str], _Level] = {}

    async def take(self, bucket: Bucket, priority: Priority = Priority.URGENT) -> None:
        """Wait for a turn, or raise `NoTurn`."""
        level, now = self._level(bucket), self._now()
        interval = 1 / level.rate
        free_at = max(level.free_at, now)
        burst = _usable_burst(bucket, priority, self._workers)
        wait = max(0.0, free_at - (burst - 1) * interval - now)
        is_urgent = priority is Priority.URGENT
        if not is_urgent and level.claimed_until > now:
            wait = max(wait, level.claimed_until - now) + LONGEST_WAIT
        elif wait <= LONGEST_WAIT:
            level.free_at, level.claimed_until = free_at + interval, 0.0
        elif is_urgent:
            level.claimed_until = now + wait
        await _wait_or_raise(bucket, wait, self._sleep)

    async def block(self, bucket: Bucket) -> None:
        """Empty the bucket for at least one interval."""
        level = self._level(bucket)
        interval = 1 / level.rate
        burst = _usable_burst(bucket, Priority.URGENT, self._workers)
        pause = max(interval, _SHORTEST_BLOCK) * _spread(self._chance)
        level.free_at = max(level.free_at, self._now() + pause + (burst - 1) * interval)

    async def learn(self, bucket: Bucket, rate: float) -> None:
        """Go on at the rate that Amazon told."""
        if _is_rate(rate):
            self._level(bucket).rate = _usable_rate(bucket, rate, self._scale) / self._workers

    def _level(self, bucket: Bucket) -> _Level:
        key = (bucket.application, bucket.seller, bucket.operation)
        rate = _usable_rate(bucket, bucket.rate * self._scale, self._scale) / self._workers
        return self._levels.setdefault(key, _Level(0.0, rate))


class RedisBudget:
    """Turns shared by all processes through Redis; each goes on alone, and slower, while Redis is away."""

    def __init__(
        self,
        redis: Redis,
        rate_scale: Decimal | int = 1,
        workers: int = 1,
        *,
        sleep: Sleep = asyncio.sleep,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self._reserve = redis.register_script(_NOW + _RESERVE)
        self._block = redis.register_script(_NOW + _BLOCK)
        self._learn = redis.register_script(_NOW + _LEARN)
        self._scale = float(rate_scale)
        self._sleep = sleep
        self._chance = chance
        self._alone = LocalBudget(rate_scale, workers, sleep=sleep, chance=chance)
        self._heard: dict[str, float] = {}
        self._away_until: float | None = None

    async def take(self, bucket: Bucket, priority: Priority = Priority.URGENT) -> None:
        """Wait for a turn, or raise `NoTurn`."""
        wait = await self._run(
            self._reserve,
            bucket,
            self._default(bucket),
            _usable_burst(bucket, priority),
            LONGEST_WAIT * 1e6,
            int(priority is Priority.URGENT),
            _KEPT,
        )
        if wait is None:
            await self._alone.take(bucket, priority)
        else:
            await _wait_or_raise(bucket, wait / 1e6, self._sleep)

    async def block(self, bucket: Bucket) -> None:
        """Empty the bucket for at least one interval."""
        done = await self._run(
            self._block,
            bucket,
            self._default(bucket),
            _usable_burst(bucket, Priority.URGENT),
            _SHORTEST_BLOCK * 1e6,
            _spread(self._chance),
            _KEPT,
        )
        if done is None:
            await self._alone.block(bucket)

    async def learn(self, bucket: Bucket, rate: float) -> None:
        """Go on at the rate that Amazon told."""
        if not _is_rate(rate) or self._heard.get(_key(bucket)) == rate:
            return
        await self._alone.learn(bucket, rate)
        usable = _usable_rate(bucket, rate, self._scale)
        done = await self._run(self._learn, bucket, self._default(bucket), usable, _KEPT)
        if done is not None:
            self._heard[_key(bucket)] = rate

    def _default(self, bucket: Bucket) -> float:
        """The rate where Redis holds none: what Amazon told this process, for Redis may have lost it since."""
        told = self._heard.get(_key(bucket), bucket.rate * self._scale)
        return _usable_rate(bucket, told, self._scale)

    async def _run(
        self, script: Callable[..., Awaitable[object]], bucket: Bucket, *arguments: float
    ) -> int | None:
        """Run a script on a bucket; None while Redis is away."""
        if self._away_until is not None and time.monotonic() < self._away_until:
            return None
        try:
            async with asyncio.timeout(_REDIS_PATIENCE):
                answer = await script(keys=[_key(bucket)], args=arguments)
        except (RedisError, OSError, TimeoutError) as error:
            if self._away_until is None:
                log.warning("budget.redis.away", error=type(error).__name__)
            self._away_until = time.monotonic() + _REDIS_REST
            return None
        if self._away_until is not None:
            log.info("budget.redis.back")
            self._away_until = None
        return answer if isinstance(answer, int) else None


def _key(bucket: Bucket) -> str:
    return f"budget:{bucket.application}:{bucket.seller}:{bucket.operation}"


def _usable_rate(bucket: Bucket, rate: float, scale: float) -> float:
    """What we use of a rate; a header that promises wonders is not believed."""
    used = min(rate, _MOST_LEARNED * bucket.rate * scale) * _RATE_USED
    return used if bucket.burst > 1 else 1 / (1 / used + _LATENESS / scale)


def _usable_burst(bucket: Bucket, priority: Priority, workers: int = 1) -> int:
    share = _BACKGROUND_SHARE if priority is Priority.BACKGROUND else 1
    return max(1, int(max(1, int(bucket.burst * _BURST_USED)) * share / workers))


def _is_rate(rate: float) -> bool:
    return math.isfinite(rate) and rate > 0


def _spread(chance: Callable[[], float]) -> float:
    """A factor from 1 to 1.25, so that those who wait do not come back all at once."""
    return 1 + chance() / 4


async def _wait_or_raise(bucket: Bucket, wait: float, sleep: Sleep) -> None:
    if wait > LONGEST_WAIT:
        raise NoTurn(
            f"The quota of {bucket.operation} is used up for {wait:.1f} s",
            operation=bucket.operation,
            retry_after=timedelta(seconds=wait - _EARLY),
        )
    if wait > 0:
        await sleep(wait)
