"""Listening through trouble: the database goes away and comes back, or has forgotten."""

import asyncio
import os
import signal
from collections.abc import AsyncGenerator, AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
from pymongo.errors import AutoReconnect

from domain.decision import Decision
from domain.ids import new_id
from embedded.servers import open_servers
from services.live import Gap, Live
from storage.decisions import DECISIONS
from storage.live import DECISIONS_MADE, Event
from storage.mongo import Database, Scope, open_database
from tests.factories import MERCHANT
from tests.graphql_api.seeds import a_decision


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    """A database on a server of the test's own, to be killed and filled."""
    environ = {name: os.environ[name] for name in ("MONGOD_BIN", "PATH") if name in os.environ}
    with open_servers(tmp_path, {**environ, "REDIS_URL": "redis://not-used"}) as urls:
        async with open_database(urls.mongodb_url, "test", patience=30) as opened:
            yield opened


@pytest.fixture
async def ear(database: Database) -> AsyncIterator[Live]:
    opened = Live(database)
    yield opened
    await opened.close()


async def _decide(scope: Scope, *numbers: int) -> None:
    for number in numbers:
        row = replace(a_decision(number, trigger=str(number)), id=new_id())
        while True:
            try:
                await DECISIONS.insert_new(scope, [row])
                break
            except (
                AutoReconnect
            ):  # the server may be away for longer than the driver tries by itself
                await asyncio.sleep(0.1)


async def _kill(database: Database) -> None:
    """Kill the server; its supervisor starts it again."""
    status = await database.client.admin.command("serverStatus")
    os.kill(int(status["pid"]), signal.SIGKILL)


async def _forget(database: Database) -> None:
    """Write so much that the server's log of changes begins later."""
    oplog = database.client.get_database("local")["oplog.rs"]
    beginning = (await oplog.find_one(sort=[("$natural", 1)]) or {})["ts"]
    await database.client.admin.command("setParameter", 1, syncdelay=1)
    piece = os.urandom(15_000_000)
    while (await oplog.find_one(sort=[("$natural", 1)]) or {})["ts"] == beginning:
        for _ in range(5):
            await database.handle.pieces.insert_one({"piece": piece})
        await database.handle.pieces.drop()
        await asyncio.sleep(1)  # what no checkpoint holds yet is not let go


@pytest.mark.timeout(120)
async def test_listeners_outlive_the_server(database: Database, ear: Live) -> None:
    scope = database.scope(MERCHANT)
    async with ear.listen(DECISIONS_MADE, "store1") as events:
        hearing = asyncio.ensure_future(anext(events))
        while not ear.listeners():
            await asyncio.sleep(0.01)
        await _decide(scope, 0)
        seen = [await hearing]
        for round_ in (1, 2):
            await _kill(database)
            # Written as soon as it is back, most likely before anyone listens again.
            await _decide(scope, *range(round_ * 10, round_ * 10 + 5))
            async with asyncio.timeout(30):
                seen += [await anext(events) for _ in range(5)]
    assert [each.row.trigger for each in seen if isinstance(each, Event)] == [
        *("0", "10", "11", "12", "13", "14", "20", "21", "22", "23", "24")
    ]


@pytest.mark.timeout(200)
@pytest.mark.skipif(
    not os.environ.get("NIGHTLY"), reason="mongod forgets after a minute; NIGHTLY=1 waits for it"
)
async def test_what_the_server_has_forgotten_is_told_as_a_gap(
    database: Database, ear: Live
) -> None:
    scope = database.scope(MERCHANT)
    async with ear.listen(DECISIONS_MADE, "store1") as events:
        hearing = asyncio.ensure_future(anext(events))
        while not ear.listeners():
            await asyncio.sleep(0.01)
        await _decide(scope, 0)
        first = await hearing
        # The stream is away for so long that it cannot go on.
        channel = ear._channels["decisions"]
        assert channel.task is not None
        channel.task.cancel()
        await _decide(scope, 1)
        await _forget(database)
        channel.task = asyncio.create_task(ear._run(channel, after=channel.position))
        assert await _hears_a_gap_and_goes_on(events, scope) == first.position
    # And so is who asks for what came after a cursor that is too old.
    async with ear.listen(DECISIONS_MADE, "store1", first.position) as events:
        assert await _hears_a_gap_and_goes_on(events, scope) == first.position


async def _hears_a_gap_and_goes_on(
    events: AsyncGenerator[Event[Decision] | Gap], scope: Scope
) -> str | None:
    """Where the gap begins; what is decided next follows it."""
    gap = await anext(events)
    assert isinstance(gap, Gap)
    await _decide(scope, 2)
    told = await anext(events)
    assert isinstance(told, Event)
    assert told.row.trigger == "2"
    return gap.after
