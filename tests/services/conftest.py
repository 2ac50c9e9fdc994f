from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from embedded.servers import ServerUrls
from services.runtime import Runtime, open_runtime
from services.settings import Settings
from tests.services.amazon import Amazon, an_item, running
from tests.services.shop import Shop, forget_jobs, open_shop, settings_of, wipe
from tests.services.trouble import Interruptions


@pytest.fixture(scope="session")
def simulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Amazon]:
    with running(tmp_path_factory.mktemp("amazon")) as amazon:
        yield amazon


@pytest.fixture
def amazon(simulator: Amazon) -> Amazon:
    """A simulated Amazon with five items, on which nobody buys."""
    simulator.begin([an_item(number) for number in range(1, 6)])
    return simulator


@pytest.fixture
def settings(amazon: Amazon, tmp_path: Path) -> Settings:
    return settings_of(amazon, tmp_path)


@pytest.fixture
def interruptions(servers: ServerUrls, settings: Settings) -> Interruptions:
    found = Interruptions(servers)
    found.settings = settings
    return found


@pytest.fixture
async def runtime(
    servers: ServerUrls, settings: Settings, interruptions: Interruptions
) -> AsyncIterator[Runtime]:
    await forget_jobs(servers)
    urls = (servers.mongodb_url, servers.redis_url)
    async with open_runtime(settings, *urls, matcher=interruptions.matcher) as opened:
        yield opened
        await wipe(opened)


@pytest.fixture
async def shop(runtime: Runtime, amazon: Amazon) -> Shop:
    """A connected store that finds products by EAN; nothing is imported yet."""
    return await open_shop(runtime, amazon)
