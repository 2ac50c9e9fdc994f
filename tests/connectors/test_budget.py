"""Turns within a process, and shared among several through Redis."""

import asyncio
import time
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from redis.asyncio import Redis

from connectors import budget as budget_module
from connectors.budget import Bucket, LocalBudget, Priority, RedisBudget
from connectors.errors import Throttled


class RealTime:
    """A stopwatch that only sleeping moves."""

    def __init__(self) -> None:
        self.at = 1000.0

    def now(self) -> float:
        return self.at

    async def sleep(self, seconds: float) -> None:
        self.at += seconds


def _bucket(rate: float = 5.0, burst: int = 10, operation: str = "patchListingsItem") -> Bucket:
    return Bucket("app", "seller", operation, rate, burst)


def _local(at: RealTime, **arguments: Any) -> LocalBudget:
    return LocalBudget(sleep=at.sleep, now=at.now, chance=lambda: 0.0, **arguments)


async def _taken_at(budget: Any, bucket: Bucket, at: RealTime, count: int) -> list[float]:
    moments = []
    for _ in range(count):
        await budget.take(bucket)
        moments.append(at.now() - 1000)
    return moments


async def test_a_burst_goes_at_once_and_then_one_by_one() -> None:
    at = RealTime()

    moments = await _taken_at(_local(at), _bucket(rate=5, burst=5), at, 6)

    assert moments[:4] == pytest.approx([0, 0, 0, 0])
    assert moments[4] == pytest.approx(1 / (5 * 0.98))
    assert moments[5] == pytest.approx(2 / (5 * 0.98))


async def test_a_long_wait_is_told_instead_of_slept_and_costs_nothing() -> None:
    at = RealTime()
    budget, bucket = _local(at), _bucket(rate=0.1, burst=1)
    await budget.take(bucket)

    for _ in range(3):
        with pytest.raises(Throttled) as caught:
            await budget.take(bucket)
        assert caught.value.retry_after.total_seconds() == pytest.approx(10 / 0.98 + 0.05 - 0.5)

    at.at += caught.value.retry_after.total_seconds()
    before = at.now()
    await budget.take(bucket)
    assert at.now() - before == pytest.approx(0.5)


async def test_background_work_leaves_a_fifth_of_the_burst() -> None:
    at = RealTime()
    budget, bucket = _local(at), _bucket(rate=0.1, burst=20)

    for _ in range(14):
        await budget.take(bucket, Priority.BACKGROUND)
    with pytest.raises(Throttled):
        await budget.take(bucket, Priority.BACKGROUND)

    for _ in range(4):
        await budget.take(bucket, Priority.URGENT)


@pytest.mark.parametrize("shared", [False, True])
async def test_an_urgent_call_that_was_refused_goes_before_background_work(
    shared: bool, redis: Redis
) -> None:
    budget = RedisBudget(redis) if shared else LocalBudget()
    bucket = _bucket(rate=0.7, burst=1)
    await budget.take(bucket)
    with pytest.raises(Throttled) as urgent:
        await budget.take(bucket)

    # The background call comes first, at a moment at which the turn is near enough to be reserved.
    await asyncio.sleep(urgent.value.retry_after.total_seconds())
    with pytest.raises(Throttled) as background:
        await budget.take(bucket, Priority.BACKGROUND)
    await budget.take(bucket)

    assert background.value.retry_after > timedelta(seconds=0.5)


async def test_a_claim_ends_with_the_turn_that_nobody_took() -> None:
    at = RealTime()
    budget, bucket = _local(at), _bucket(rate=0.1, burst=1)
    await budget.take(bucket)
    with pytest.raises(Throttled):
        await budget.take(bucket)
    with pytest.raises(Throttled) as caught:
        await budget.take(bucket, Priority.BACKGROUND)

    at.at += caught.value.retry_after.total_seconds()

    await budget.take(bucket, Priority.BACKGROUND)


async def test_a_blocked_bucket_starts_again_empty() -> None:
    at = RealTime()
    budget, bucket = _local(at), _bucket(rate=5, burst=10)

    await budget.block(bucket)

    moments = await _taken_at(budget, bucket, at, 2)
    assert moments == [pytest.approx(0.5), pytest.approx(0.5 + 1 / 4.9)]


async def test_the_rate_is_learned_but_wonders_are_not_believed() -> None:
    at = RealTime()
    budget, bucket = _local(at, rate_scale=2), _bucket(rate=1, burst=1)

    await budget.learn(bucket, 8)
    moments = await _taken_at(budget, bucket, at, 2)
    assert moments[1] == pytest.approx(1 / (8 * 0.98) + 0.025)

    await budget.learn(bucket, 1_000_000)
    before = at.now()
    await budget.take(bucket)
    await budget.take(bucket)
    assert at.now() - before > 1 / 20


@pytest.mark.parametrize("rate", [0.0, -1.0, float("nan"), float("inf")])
async def test_a_rate_that_is_none_is_ignored(rate: float) -> None:
    at = RealTime()
    budget, bucket = _local(at), _bucket(rate=5, burst=1)

    await budget.learn(bucket, rate)

    moments = await _taken_at(budget, bucket, at, 2)
    assert moments[1] == pytest.approx(1 / (5 * 0.98) + 0.05)


async def test_workers_share_the_rate_between_them() -> None:
    at = RealTime()

    moments = await _taken_at(_local(at, workers=4), _bucket(rate=8, burst=1), at, 2)

    assert moments[1] == pytest.approx(4 * (1 / (8 * 0.98) + 0.05))


@given(
    rate=st.floats(0.5, 100),
    burst=st.integers(1, 30),
    pauses=st.lists(st.floats(0, 0.5), min_size=1, max_size=60),
)
def test_no_window_ever_holds_more_than_rate_and_burst(
    rate: float, burst: int, pauses: list[float]
) -> None:
    async def run() -> list[float]:
        at = RealTime()
        budget, bucket = _local(at), _bucket(rate=rate, burst=burst)
        moments = []
        for pause in pauses:
            at.at += pause
            try:
                await budget.take(bucket)
            except Throttled:
                continue
            moments.append(at.now())
        return moments

    moments = asyncio.run(run())

    for start in range(len(moments)):
        for end in range(start, len(moments)):
            allowed = rate * (moments[end] - moments[start]) + burst
            assert end - start + 1 <= allowed + 1e-6


# Through Redis, with real time: bounds, never durations.


@pytest.fixture
async def redis(servers: Any) -> AsyncIterator[Redis]:
    client: Redis = Redis.from_url(servers.redis_url)
    await client.delete(*[key async for key in client.scan_iter("budget:*")] or ["budget:none"])
    yield client
    await client.aclose()


async def test_two_budgets_on_one_redis_stay_within_the_quota(redis: Redis, servers: Any) -> None:
    other: Redis = Redis.from_url(servers.redis_url)
    bucket = _bucket(rate=50, burst=10)
    started = time.monotonic()
    granted: list[float] = []

    async def work(budget: RedisBudget) -> None:
        while time.monotonic() - started < 0.5:
            await budget.take(bucket)
            granted.append(time.monotonic())

    await asyncio.gather(*(work(RedisBudget(client)) for client in (redis, redis, other, other)))
    await other.aclose()

    assert len(granted) <= 50 * (max(granted) - started) + 10
    assert len(granted) > 10


async def test_a_refused_turn_costs_nothing_in_redis_either(redis: Redis) -> None:
    budget, bucket = RedisBudget(redis), _bucket(rate=0.01, burst=1)
    await budget.take(bucket)

    waits = []
    for _ in range(3):
        with pytest.raises(Throttled) as caught:
            await budget.take(bucket)
        waits.append(caught.value.retry_after)

    assert timedelta(seconds=95) < waits[2] <= waits[0] < timedelta(seconds=106)


async def test_a_block_and_a_learned_rate_reach_the_other_process(redis: Redis) -> None:
    one, other = RedisBudget(redis, chance=lambda: 0.0), RedisBudget(redis)
    bucket = _bucket(rate=0.1, burst=10)

    await one.block(bucket)
    with pytest.raises(Throttled) as slow:
        await other.take(bucket)
    await one.learn(bucket, 0.5)
    with pytest.raises(Throttled) as fast:
        await other.take(bucket)

    assert timedelta(seconds=9) < slow.value.retry_after < timedelta(seconds=11)
    assert timedelta(seconds=1) < fast.value.retry_after < timedelta(seconds=2.2)


async def test_background_work_leaves_a_fifth_of_the_burst_in_redis(redis: Redis) -> None:
    budget, bucket = RedisBudget(redis), _bucket(rate=0.01, burst=20)

    for _ in range(14):
        await budget.take(bucket, Priority.BACKGROUND)
    with pytest.raises(Throttled):
        await budget.take(bucket, Priority.BACKGROUND)
    await budget.take(bucket, Priority.URGENT)


async def test_without_redis_each_worker_goes_on_at_its_share() -> None:
    nowhere: Redis = Redis.from_url("redis://127.0.0.1:1")
    budget, bucket = RedisBudget(nowhere, workers=2), _bucket(rate=0.2, burst=2)

    await budget.take(bucket)
    await budget.learn(bucket, 0.2)
    with pytest.raises(Throttled) as caught:
        await budget.take(bucket)
    await budget.block(bucket)
    await nowhere.aclose()

    assert timedelta(seconds=9) < caught.value.retry_after < timedelta(seconds=11)


async def test_a_rate_that_redis_lost_is_still_known(redis: Redis) -> None:
    budget, bucket = RedisBudget(redis), _bucket(rate=0.1, burst=1)
    await budget.learn(bucket, 0.01)
    await redis.flushdb()

    await budget.take(bucket)
    with pytest.raises(Throttled) as caught:
        await budget.take(bucket)

    assert caught.value.retry_after > timedelta(seconds=90)


async def test_when_redis_is_back_it_counts_again(redis: Redis, monkeypatch: Any) -> None:
    monkeypatch.setattr(budget_module, "_REDIS_REST", 0.0)
    wrong_kind = "budget:app:seller:searchOrders"
    bucket = _bucket(rate=0.01, burst=1, operation="searchOrders")
    budget = RedisBudget(redis)
    await redis.set(wrong_kind, "not a hash")
    await budget.take(bucket)

    await redis.delete(wrong_kind)
    await budget.take(bucket)
    with pytest.raises(Throttled):
        await budget.take(bucket)

    assert await redis.exists(wrong_kind)
