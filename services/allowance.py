"""How much a caller of the API may ask for: a bucket of points, shared by all processes.

Points run into it at a steady rate. An operation takes what it may cost at most before it runs, and what it did not
need comes back with the caller's next one. While Redis is away each process keeps buckets of its own.
"""

import time
from dataclasses import dataclass

import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError

log = structlog.get_logger()

MOST = 2_000
"""Points in a full bucket."""
PER_SECOND = 100
"""Points that run into it."""

_PATIENCE = 1.0
_REST = 1.0
_KEPT = MOST // PER_SECOND + 1
"""Seconds after which a bucket is full, and need not be remembered."""

# A bucket is the points in it at some moment. What is taken beyond it is told as negative and not taken.
_TAKE = """
local clock = redis.call('TIME')
local now = clock[1] + clock[2] / 1000000
local state = redis.call('HMGET', KEYS[1], 'points', 'at')
local most, rate, back, wanted = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
local points = most
if state[1] then points = math.min(most, state[1] + (now - state[2]) * rate + back) end
local left = points - wanted
if left >= 0 then points = left end
redis.call('HSET', KEYS[1], 'points', string.format('%.3f', points), 'at', string.format('%.6f', now))
redis.call('EXPIRE', KEYS[1], ARGV[5])
return string.format('%.3f', left)
"""


@dataclass(frozen=True, slots=True)
class Left:
    """What an attempt to take points came to."""

    points: int
    """Points that are left; of a refused attempt those that are there."""
    wait: float = 0.0
    """Seconds until there are enough; 0 where they were taken."""


class Allowance:
    """The buckets of all callers of an installation, which its database's name tells from others on the same Redis."""

    def __init__(self, url: str, installation: str) -> None:
        self._installation = installation
        self._redis = Redis.from_url(
            url, socket_timeout=_PATIENCE, socket_connect_timeout=_PATIENCE
        )
        self._take = self._redis.register_script(_TAKE)
        self._back: dict[str, int] = {}
        self._alone: dict[str, tuple[float, float]] = {}
        self._away_until = 0.0

    async def take(self, caller: str, points: int) -> Left:
        """Take points out of a caller's bucket, all or none."""
        back = self._back.pop(caller, 0)
        left = await self._shared(caller, points, back)
        if left is None:
            left = self._own(caller, points, back)
        if left >= 0:
            return Left(int(left))
        return Left(int(left + points), -left / PER_SECOND)

    def give_back(self, caller: str, points: int) -> None:
        """Points that an operation took and did not need."""
        if points > 0:
            self._back[caller] = self._back.get(caller, 0) + points

    async def close(self) -> None:
        """Let go of connections."""
        await self._redis.aclose()

    async def _shared(self, caller: str, points: int, back: int) -> float | None:
        if time.monotonic() < self._away_until:
            return None
        try:
            return float(
                await self._take(
                    keys=[f"allowance:{self._installation}:{caller}"],
                    args=[MOST, PER_SECOND, back, points, _KEPT],
                )
            )
        except (RedisError, OSError) as error:
            log.warning("allowance.redis.away", error=type(error).__name__)
            self._away_until = time.monotonic() + _REST
            return None

    def _own(self, caller: str, points: int, back: int) -> float:
        now = time.monotonic()
        before, at = self._alone.get(caller, (float(MOST), now))
        here = min(float(MOST), before + (now - at) * PER_SECOND + back)
        left = here - points
        self._alone[caller] = (left if left >= 0 else here, now)
        return left
