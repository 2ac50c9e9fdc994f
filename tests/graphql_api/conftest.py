import base64
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager, nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest
from motor.motor_asyncio import AsyncIOMotorClient
from pymongo.monitoring import (
    CommandFailedEvent,
    CommandListener,
    CommandStartedEvent,
    CommandSucceededEvent,
)

from embedded.servers import ServerUrls
from graphql_api.app import app_on
from services.runtime import Runtime, open_runtime
from services.settings import Settings
from storage.mongo import Database, Scope
from tests.factories import MERCHANT
from tests.services.shop import forget_jobs, wipe

Ask = Callable[..., Awaitable[dict[str, Any]]]

DATABASE = "api_under_test"
"""One for all: making its indexes anew for each test takes longer than the tests."""
GRAPHQL_JSON = "application/graphql-response+json"


@pytest.fixture
async def runtime(servers: ServerUrls, tmp_path: Path) -> AsyncIterator[Runtime]:
    """The runtime of an API process, with nothing in its database; Amazon is away."""
    await forget_jobs(servers)  # and what other tests spent
    settings = Settings(
        database=DATABASE,
        merchant=MERCHANT,
        data_dir=tmp_path,
        amazon_url="http://127.0.0.1:9",
    )
    async with open_runtime(settings, servers.mongodb_url, servers.redis_url) as opened:
        yield opened
        await wipe(opened)


@pytest.fixture
def scope(runtime: Runtime) -> Scope:
    return runtime.scope(MERCHANT)


@asynccontextmanager
async def browser(runtime: Runtime, **headers: str) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the API in this process."""
    app = app_on(lambda: nullcontext(runtime))
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(
            transport=httpx.ASGITransport(app),
            base_url="http://localhost",
            headers={"accept": GRAPHQL_JSON, **headers},
        ) as client,
    ):
        yield client


@pytest.fixture
async def client(runtime: Runtime) -> AsyncIterator[httpx.AsyncClient]:
    async with browser(runtime) as opened:
        yield opened


def asker(client: httpx.AsyncClient) -> Ask:
    """Asks a query that has to succeed; gives its data."""

    async def ask(query: str, **variables: Any) -> dict[str, Any]:
        response = await client.post("/graphql", json={"query": query, "variables": variables})
        body = response.json()
        assert "errors" not in body, body["errors"]
        data: dict[str, Any] = body["data"]
        return data

    return ask


@pytest.fixture
def ask(client: httpx.AsyncClient) -> Ask:
    return asker(client)


@pytest.fixture
async def ask_as_stranger(runtime: Runtime) -> AsyncIterator[Ask]:
    """Another merchant's questions to the same database."""
    settings = runtime.settings.model_copy(update={"merchant": "stranger"})
    async with browser(replace(runtime, settings=settings)) as opened:
        yield asker(opened)


class Commands(CommandListener):
    """The commands that reach the database."""

    def __init__(self) -> None:
        self.sent: list[Mapping[str, Any]] = []

    @property
    def names(self) -> list[str]:
        """What they are, in their order."""
        return [next(iter(command)) for command in self.sent]

    def started(self, event: CommandStartedEvent) -> None:
        self.sent.append(event.command)

    def succeeded(self, event: CommandSucceededEvent) -> None: ...

    def failed(self, event: CommandFailedEvent) -> None: ...


@pytest.fixture
async def watched(runtime: Runtime, servers: ServerUrls) -> AsyncIterator[tuple[Ask, Commands]]:
    """Questions whose database commands are listed."""
    commands = Commands()
    client: AsyncIOMotorClient[dict[str, Any]] = AsyncIOMotorClient(
        servers.mongodb_url, event_listeners=[commands]
    )
    database = Database(client, runtime.database.name)
    async with browser(replace(runtime, database=database)) as opened:
        ask = asker(opened)
        await ask("{ viewer { actor } }")  # who asks is known for some seconds
        commands.sent.clear()
        yield ask, commands
    client.close()


def gid(kind: str, key: str) -> str:
    return base64.b64encode(f"{kind}:{key}".encode()).decode()
