"""The command line on the servers of the tests and a simulated Amazon, as a merchant's shell would have it."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from cli.app import app
from cli.session import console, errors
from embedded.servers import ServerUrls
from services.runtime import Runtime, open_runtime
from services.settings import Settings
from tests.services.amazon import CLIENT_SECRET, REFRESH_TOKEN, SELLER_ID, Amazon
from tests.services.conftest import amazon, simulator
from tests.services.shop import forget_jobs, settings_of, wipe

__all__ = ["amazon", "simulator"]

Act = Callable[[Runtime], Awaitable[Any]]


class Shell:
    """Runs commands, and looks at what they left behind."""

    def __init__(self, settings: Settings, urls: ServerUrls, environment: dict[str, str]) -> None:
        self._settings = settings
        self._urls = urls
        self.environment = environment

    def run(self, *arguments: str) -> Result:
        return CliRunner().invoke(app, arguments, env=self.environment, catch_exceptions=False)

    def connect(self, name: str = "Shop", **environment: str) -> Result:
        given = {
            "LWA_CLIENT_ID": "client",
            "LWA_CLIENT_SECRET": CLIENT_SECRET,
            "LWA_REFRESH_TOKEN": REFRESH_TOKEN,
        }
        arguments = ("store", "connect", name, "--seller-id", SELLER_ID, "--email", "me@shop.com")
        env = {**self.environment, **given, **environment}
        return CliRunner().invoke(app, arguments, env=env, catch_exceptions=False)

    def act(self, act: Act) -> Any:
        async def main() -> Any:
            urls = self._urls
            async with open_runtime(self._settings, urls.mongodb_url, urls.redis_url) as runtime:
                return await act(runtime)

        return asyncio.run(main())


@pytest.fixture
def shell(
    servers: ServerUrls, amazon: Amazon, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Shell]:
    for each in (console, errors):
        monkeypatch.setattr(each, "width", 200)
    settings = settings_of(amazon, tmp_path)
    environment = {
        "MONGODB_URL": servers.mongodb_url,
        "REDIS_URL": servers.redis_url,
        **{
            f"SALES_CHANNEL_{name.upper()}": str(value)
            for name, value in settings.model_dump(exclude_none=True).items()
        },
    }
    shell = Shell(settings, servers, environment)
    asyncio.run(forget_jobs(servers))
    yield shell
    shell.act(wipe)
