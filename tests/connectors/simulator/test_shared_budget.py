"""Six processes at full load share one budget: Amazon never refuses, and little of what it allows is left.

NIGHTLY=1 plays all ten minutes of patches, and a minute and a half of them in real time.
"""

import asyncio
import os
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from redis.asyncio import Redis
from starlette.applications import Starlette

from connectors.simulator.app import create_app
from connectors.simulator.rates import PLANS
from connectors.simulator.settings import SimulatorSettings
from embedded.servers import ServerUrls
from tests.connectors.simulator.amazon import SELLER, asin, scenario
from tests.connectors.simulator.lockstep import Lockstep

_WORKERS = 6
_IS_NIGHTLY = bool(os.environ.get("NIGHTLY"))
_SCENARIO = scenario(
    thirdPartyListings=[
        {
            "sellerId": SELLER,
            "sellerSku": "MUG",
            "asin": asin(1),
            "price": "21.00",
            "quantity": 5,
        }
    ]
)


@pytest.fixture
async def redis(servers: ServerUrls) -> AsyncIterator[Redis]:
    async with Redis.from_url(servers.redis_url) as client:
        await client.delete(*[key async for key in client.scan_iter("budget:*")] or ["none"])
        yield client


@pytest.fixture
def lockstep(redis: Redis, seconds: float) -> Lockstep:
    return Lockstep(redis, _WORKERS, seconds)


@pytest.fixture
def app(lockstep: Lockstep, in_lockstep: bool) -> Starlette:
    return create_app(SimulatorSettings(), monotonic=lockstep if in_lockstep else time.monotonic)


@pytest.mark.parametrize(
    ("operation", "seconds", "in_lockstep"),
    [
        ("patchListingsItem", 600.0 if _IS_NIGHTLY else 30.0, True),
        ("getItemOffersBatch", 600.0, True),
        pytest.param(
            "patchListingsItem",
            90.0,
            False,
            marks=pytest.mark.skipif(not _IS_NIGHTLY, reason="takes as long as it says; NIGHTLY=1"),
        ),
    ],
)
async def test_six_processes_use_what_there_is_and_no_more(
    operation: str,
    seconds: float,
    in_lockstep: bool,
    port: int,
    servers: ServerUrls,
    lockstep: Lockstep,
    tmp_path: Path,
) -> None:
    url, socket = f"http://127.0.0.1:{port}", tmp_path / "time"
    arguments = [operation, url, servers.redis_url, str(seconds)]
    async with httpx.AsyncClient(base_url=url) as http, lockstep.serve(socket):
        (await http.post("/control/scenario", json=_SCENARIO)).raise_for_status()
        await _play([*arguments, str(socket)] if in_lockstep else arguments)
        answered = (await http.get("/control/status")).json()["requests"][operation]

    plan, passed = PLANS[operation], answered.pop("200")
    share = passed / (plan.rate * seconds + plan.burst)
    print(f"{operation}: {passed} calls in {seconds:.0f} s, {share:.1%} of what is allowed")  # noqa: T201
    assert answered == {}
    assert 0.95 <= share <= 1


async def _play(arguments: list[str]) -> None:
    module = "tests.connectors.simulator.budget_worker"
    command = [sys.executable, "-m", module, str(_WORKERS), *arguments]
    workers = await asyncio.create_subprocess_exec(
        *command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    )
    _, errors = await workers.communicate()
    assert workers.returncode == 0, errors.decode()
