"""A simulator in process."""

import socket
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest
import uvicorn
from starlette.applications import Starlette

from connectors.amazon.account import AmazonAccount, AmazonEndpoints
from connectors.amazon.connector import AmazonConnector
from connectors.budget import LocalBudget
from connectors.simulator.app import create_app
from connectors.simulator.settings import SimulatorSettings
from domain.clock import FixedClock
from domain.marketplace import MARKETPLACES
from tests.connectors.simulator.amazon import SELLER, Amazon, scenario
from tests.connectors.simulator.official_models import SHARED, OfficialModels

Sign = Callable[..., Awaitable[Amazon]]


class Elapsed:
    """Real time in the hand of a test."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture(scope="session")
def models() -> OfficialModels | None:
    """Amazon's models, or None where they are not."""
    return OfficialModels() if SHARED.is_dir() else None


@pytest.fixture
def elapsed() -> Elapsed:
    return Elapsed()


@pytest.fixture
def settings(tmp_path: Path) -> SimulatorSettings:
    return SimulatorSettings(
        clock_file=tmp_path / "clock", state_file=tmp_path / "state.json", rate_scale=1_000_000
    )


@pytest.fixture
def app(settings: SimulatorSettings, elapsed: Elapsed) -> Starlette:
    def always_later() -> float:
        elapsed.seconds += 0.001
        return elapsed.seconds

    return create_app(settings, monotonic=always_later)


@pytest.fixture
async def sign() -> AsyncIterator[Sign]:
    """Sign in to a simulator as one of its sellers."""
    opened: list[Amazon] = []

    async def sign_in(app: Starlette, seller: str = SELLER) -> Amazon:
        amazon = Amazon(app, seller)
        opened.append(amazon)
        await amazon.sign_in()
        return amazon

    yield sign_in
    for amazon in opened:
        await amazon.http.aclose()


@pytest.fixture
async def amazon(app: Starlette, sign: Sign) -> Amazon:
    """Our seller in the small test world, at its start."""
    starter = Amazon(app)
    await starter.control("scenario", scenario())
    await starter.http.aclose()
    return await sign(app)


@pytest.fixture
async def connector(app: Starlette, amazon: Amazon) -> AsyncIterator[AmazonConnector]:
    """Our connector, for the seller of `amazon`."""
    account = AmazonAccount(
        "client", "secret", "Atzr|ours", amazon.seller, MARKETPLACES["US"], "merchant-1"
    )

    clock = FixedClock(datetime(2026, 5, 4, 8, tzinfo=UTC))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app)) as http:
        endpoints = AmazonEndpoints.at("http://amazon.test")
        yield AmazonConnector(account, endpoints, LocalBudget(1_000_000), clock, http)


@pytest.fixture
def port(app: Starlette) -> Iterator[int]:
    """The app on a real socket of this machine."""
    listening = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(app, log_level="critical", ws="none"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
    thread.start()
    while not server.started:
        assert thread.is_alive()
        time.sleep(0.01)
    yield int(listening.getsockname()[1])
    server.should_exit = True
    thread.join()
    listening.close()
