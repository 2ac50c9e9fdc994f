"""Processes that call one operation as fast as their shared budget allows: `python -m … count operation api redis time [socket]`.

With a socket they live in lockstep time, and requests arrive late by chance; without, in real time for `time` seconds.
"""

import asyncio
import multiprocessing
import os
import random
import sys
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path

import httpx
from redis.asyncio import Redis

from connectors import budget
from connectors.amazon.account import AmazonAccount, AmazonEndpoints
from connectors.amazon.connector import AmazonConnector
from connectors.budget import RedisBudget, Sleep
from connectors.errors import Throttled
from connectors.port import OfferPatch
from domain.clock import SystemClock
from domain.listing import Condition
from domain.marketplace import MARKETPLACES
from domain.money import Money
from tests.connectors.simulator.amazon import SELLER, asin
from tests.connectors.simulator.lockstep import KEY, End, sleeper

_SLOWEST_ARRIVAL = 0.04
_SLOWEST_RETURN = 0.1


class LateTransport(httpx.AsyncHTTPTransport):
    """The way to Amazon takes a moment, never the same one."""

    def __init__(self, sleep: Sleep) -> None:
        super().__init__()
        self._sleep = sleep

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if request.url.path != "/auth/o2/token":
            await self._sleep(random.uniform(0, _SLOWEST_ARRIVAL))
        return await super().handle_async_request(request)


async def _work(operation: str, api: str, redis_url: str, seconds: float, socket: str) -> None:
    sleep: Sleep = asyncio.sleep
    transport = httpx.AsyncHTTPTransport()
    if socket:
        budget._NOW = f"local now = tonumber(redis.call('GET', '{KEY}'))\n"
        sleep = await sleeper(Path(socket))
        transport = LateTransport(sleep)
    random.seed(os.getpid())
    redis: Redis = Redis.from_url(redis_url)
    account = AmazonAccount("client", "secret", "Atzr|ours", SELLER, MARKETPLACES["US"], "merchant")
    async with httpx.AsyncClient(transport=transport) as http:
        shared = RedisBudget(redis, sleep=sleep)
        clock = SystemClock()
        amazon = AmazonConnector(account, AmazonEndpoints.at(api), shared, clock, http, sleep=sleep)
        call = _CALLS[operation]
        until = time.monotonic() + seconds
        while socket or time.monotonic() < until:
            try:
                await call(amazon)
            except Throttled as error:
                # As the queue does: the job comes back when it was told to, and a little later.
                late = random.uniform(0, _SLOWEST_RETURN)
                await sleep(error.retry_after.total_seconds() + late)
    await redis.aclose()


async def _patch(amazon: AmazonConnector) -> None:
    price = Money(random.randint(1500, 2500), "USD")
    receipt = await amazon.patch_offer(OfferPatch("MUG", "DRINKING_CUP", price, None))
    assert receipt.accepted, receipt.issues


async def _offers(amazon: AmazonConnector) -> None:
    assert await amazon.offers([asin(1)], Condition.NEW)


_CALLS: dict[str, Callable[[AmazonConnector], Awaitable[None]]] = {
    "patchListingsItem": _patch,
    "getItemOffersBatch": _offers,
}


def _live(operation: str, api: str, redis_url: str, seconds: str, socket: str = "") -> None:
    with suppress(End):
        asyncio.run(_work(operation, api, redis_url, float(seconds), socket))


if __name__ == "__main__":
    # Forked before anything runs in them: what takes time is importing all this, once is enough.
    fork = multiprocessing.get_context("fork")
    workers = [fork.Process(target=_live, args=sys.argv[2:]) for _ in range(int(sys.argv[1]))]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    sys.exit(max(abs(worker.exitcode or 0) for worker in workers))
