"""What is acknowledged survives the death of mongod, and nothing is read that would not."""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

import pytest
from pymongo.errors import PyMongoError, ServerSelectionTimeoutError
from pymongo.read_concern import ReadConcern

from domain.errors import Conflict
from domain.idempotency import Claim
from services import idempotency
from storage.collection import Collection
from storage.health import is_outage
from storage.mongo import Scope, open_database
from tests.factories import MERCHANT
from tests.mortal_servers import MortalServers, mortal_servers

HELD_BACK = "pauseJournalFlusherBeforeFlush"


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MortalServers]:
    with mortal_servers(tmp_path_factory.mktemp("mortal")) as opened:
        yield opened


async def _write(id_: str, scope: Scope) -> None:
    await scope.insert("things", [{"_id": id_, "merchant_id": scope.merchant_id}])


@pytest.mark.parametrize("name", ["alone", "in_a_transaction"])
async def test_what_mongod_may_still_lose_is_neither_acknowledged_nor_read(
    servers: MortalServers, name: str
) -> None:
    # Settings of the address do not weaken it.
    url = f"{servers.urls.mongodb_url}&w=1&journal=false&readConcernLevel=local"
    async with open_database(url, name) as database:
        scope = database.scope(MERCHANT)
        await _write("old", scope)
        await database.client.admin.command("configureFailPoint", HELD_BACK, mode="alwaysOn")
        write = partial(_write, "new")
        writing = asyncio.create_task(write(scope) if name == "alone" else scope.transaction(write))
        written = database.handle.get_collection("things", read_concern=ReadConcern("local"))
        while await written.count_documents({}) < 2:
            await asyncio.sleep(0.01)

        assert not writing.done()
        assert [row["_id"] for row in await scope.find("things", {})] == ["old"]

        servers.mongod.die()
        await writing  # what did it takes it up again
        servers.mongod.die()
        assert {row["_id"] for row in await scope.find("things", {})} == {"old", "new"}


@dataclass(frozen=True)
class Thing:
    id: str
    merchant_id: str


async def test_who_collides_with_the_same_request_hears_of_it_once_it_is_safe(
    servers: MortalServers,
) -> None:
    things, claim = Collection("things", Thing), Claim("make", "a-key-of-mine", "digest")

    async def make(inside: Scope) -> Thing:
        if await things.get(inside, "a"):
            raise Conflict("It is there.")
        await things.insert(inside, [Thing("a", inside.merchant_id)])
        await idempotency.settle(inside, "a")
        return Thing("a", inside.merchant_id)

    async with open_database(servers.urls.mongodb_url, "keys") as database:
        scope = database.scope(MERCHANT)
        for name in ("things", "idempotency_keys"):  # nobody reads of a collection that is not safe
            await scope.insert(name, [{"_id": "old", "merchant_id": MERCHANT}])

        async def once() -> tuple[Thing, bool]:
            return await idempotency.once(scope, claim, things, lambda it: it.transaction(make))

        failpoint = partial(database.client.admin.command, "configureFailPoint", HELD_BACK)
        await failpoint(mode="alwaysOn")
        first = asyncio.create_task(once())
        written = database.handle.get_collection("things", read_concern=ReadConcern("local"))
        while await written.count_documents({}) < 2:
            await asyncio.sleep(0.01)
        second = asyncio.create_task(once())
        await asyncio.sleep(0.3)
        await failpoint(mode="off")

        thing = Thing("a", MERCHANT)
        assert [await first, await second] == [(thing, False), (thing, True)]


async def test_reading_on_after_a_restart_of_mongod_is_an_outage(servers: MortalServers) -> None:
    async with open_database(servers.urls.mongodb_url, "read") as database:
        scope = database.scope(MERCHANT)
        for id_ in ("a", "b", "c"):
            await _write(id_, scope)
        cursor = database.handle.things.find(batch_size=2)
        await anext(cursor)
        servers.mongod.die()
        await scope.count("things", {}, 1)  # others have reached it again before
        with pytest.raises(PyMongoError) as caught:
            await cursor.to_list(None)
        assert is_outage(caught.value)


async def test_a_transaction_waits_no_longer_for_a_server_than_a_query_does(
    servers: MortalServers,
) -> None:
    async with open_database(servers.urls.mongodb_url, "away", patience=0.5) as database:
        scope = database.scope(MERCHANT)
        await _write("old", scope)
        servers.mongod.end()
        try:
            async with asyncio.timeout(5):
                with pytest.raises(ServerSelectionTimeoutError) as caught:
                    await scope.transaction(partial(_write, "new"))
        finally:
            servers.mongod.start()
            servers.mongod.wait()
        assert is_outage(caught.value)
