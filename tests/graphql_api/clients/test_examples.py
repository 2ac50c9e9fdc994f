"""The example clients: generated, checked by the strictest compilers, and run against a served API."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from pathlib import Path

import pytest

from services import allowance
from services.allowance import Allowance, Left
from services.runtime import Runtime
from tests.graphql_api.clients.conftest import NODE, ROOT, Shop, installed, run
from tests.graphql_api.sockets import listening

EXAMPLES = ROOT / "examples" / "clients"
Command = tuple[Path, tuple[str | Path, ...]]
"""A folder, and what starts the example in it."""


@pytest.fixture(scope="session")
async def typescript() -> Command:
    folder = EXAMPLES / "typescript"
    installed(f"{folder.relative_to(ROOT)}/node_modules/.package-lock.json")
    tools = folder / "node_modules" / ".bin"
    await run(tools / "graphql-codegen", "--config", "codegen.ts", cwd=folder)
    await run(tools / "tsc", cwd=folder)
    return folder, (NODE, "shop.ts")


@pytest.fixture(scope="session")
async def python() -> Command:
    folder = EXAMPLES / "python"
    installed("build/clients/.installed")
    tools = {"PATH": os.environ["PATH"], "PYTHONPATH": f"{ROOT / 'build' / 'clients'}:{folder}"}
    await run(sys.executable, "-m", "ariadne_codegen", cwd=folder, environ=tools)
    cache = ROOT / ".mypy_cache" / "clients"
    checking = (sys.executable, "-m", "mypy", "--cache-dir", cache, "shop.py", "patience.py")
    await run(*checking, cwd=folder)
    return folder, (sys.executable, "shop.py")


@pytest.fixture(params=["python", "typescript"])
def example(request: pytest.FixtureRequest) -> Command:
    command: Command = request.getfixturevalue(request.param)
    return command


async def _said(example: Command, shop: Shop, *arguments: str, status: int = 0) -> list[str]:
    folder, command = example
    said = await run(*command, *arguments, cwd=folder, environ=shop.environ, status=status)
    return said.splitlines()


async def test_listings_are_paged_through(example: Command, shop: Shop) -> None:
    said = await _said(example, shop, "listings")
    assert said == [f"MUG-{number} on sale 20.00 USD" for number in range(1, 8)]


async def test_a_price_is_explained(example: Command, shop: Shop) -> None:
    said = await _said(example, shop, "explain", "MUG-1")
    assert said[0].startswith("SOURCE 20.00 ")
    assert said[-1] == "pens-only did not match: sku CONTAINS PEN, but it is MUG-1"


async def test_a_price_is_set_and_mistakes_are_told_by_field(example: Command, shop: Shop) -> None:
    assert await _said(example, shop, "set-price", "MUG-1", "21.50", "USD") == [
        "MUG-1 21.50 API key dashboard"
    ]
    [mistake] = await _said(example, shop, "set-price", "MUG-1", "21.505", "USD", status=1)
    assert mistake.startswith("amount: ")
    [mistake] = await _said(example, shop, "set-price", "NONE", "1.00", "USD", status=1)
    assert "No listing NONE." in mistake


async def test_who_asks_too_much_waits_as_long_as_told(
    example: Command, shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(allowance, "MOST", 5)  # a page of three costs 5, and there are three pages
    monkeypatch.setattr(allowance, "PER_SECOND", 5)
    waits = []
    take = Allowance.take

    async def watched(self: Allowance, caller: str, points: int) -> Left:
        left = await take(self, caller, points)
        waits.append(left.wait)
        return left

    monkeypatch.setattr(Allowance, "take", watched)

    assert len(await _said(example, shop, "listings")) == 7
    assert any(waits)


async def test_a_refusal_tells_its_code(example: Command, shop: Shop) -> None:
    stranger = Shop(shop.address, "sk_live_none")
    [said] = await _said(example, stranger, "listings", status=1)
    assert said.startswith("UNAUTHENTICATED ")


async def test_decisions_are_followed_over_breaks_and_from_a_cursor(
    example: Command, shop: Shop, runtime: Runtime
) -> None:
    async with _line(shop) as (line, break_it), _following(example, line) as lines:
        await listening(runtime, 1)
        await _said(example, shop, "set-price", "MUG-2", "21.50", "USD")
        sku, outcome, price, cursor = (await anext(lines)).split()
        assert (sku, outcome, price) == ("MUG-2", "CHANGE", "21.50")
        break_it()
        await listening(runtime, 0)
        await _said(example, shop, "set-price", "MUG-3", "21.60", "USD")
        assert (await anext(lines)).split()[:3] == ["MUG-3", "CHANGE", "21.60"]
    async with _following(example, shop, cursor) as lines:
        assert (await anext(lines)).split()[:3] == ["MUG-3", "CHANGE", "21.60"]


async def test_enums_may_grow(python: Command) -> None:
    folder, _ = python
    script = """
from __generated__.enums import ListingStatus
from pydantic import TypeAdapter
from shop import standing
print(standing(TypeAdapter(ListingStatus).validate_python("ON_HOLIDAY")))
"""
    assert await run(sys.executable, "-c", script, cwd=folder) == "on holiday\n"


@asynccontextmanager
async def _line(shop: Shop) -> AsyncIterator[tuple[Shop, Callable[[], None]]]:
    """The shop at the other end of a line, and what breaks all connections through it."""
    ends: list[asyncio.StreamWriter] = []

    async def pump(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError):
            while data := await source.read(65536):
                target.write(data)
        target.close()

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, here = await asyncio.open_connection(*shop.address.split(":"))
        ends.extend((writer, here))
        await asyncio.gather(pump(reader, here), pump(there, writer))

    def break_it() -> None:
        for end in ends:
            end.transport.abort()

    server = await asyncio.start_server(connected, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    yield replace(shop, address=f"127.0.0.1:{port}"), break_it
    server.close()


@asynccontextmanager
async def _following(
    example: Command, shop: Shop, *cursor: str
) -> AsyncIterator[AsyncIterator[str]]:
    folder, command = example
    process = await asyncio.create_subprocess_exec(
        *command,
        "follow",
        *cursor,
        cwd=folder,
        env=shop.environ,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    assert process.stdout

    async def lines() -> AsyncIterator[str]:
        assert process.stdout
        async with asyncio.timeout(20):
            async for line in process.stdout:
                yield line.decode()

    try:
        yield lines()
    finally:
        process.kill()
        await process.wait()
