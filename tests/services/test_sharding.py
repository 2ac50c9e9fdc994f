"""What docs/scale.md proposes holds for our indexes and for the commands that a store's day consists of.

No mongos is among what the project installs, so that a sharded cluster itself is not tried. What it would refuse is
told by its rules: a unique index begins with the shard key, an upsert names all of it, a change of one document names
it or the id (MongoDB 6.0).
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import pytest
from motor.motor_asyncio import AsyncIOMotorClient
from pymongo.monitoring import (
    CommandFailedEvent,
    CommandListener,
    CommandStartedEvent,
    CommandSucceededEvent,
)

from embedded.servers import ServerUrls
from services import markings, stores
from storage.indexes import INDEXES
from storage.mongo import Database
from storage.price_history import TIME_SERIES
from tests.factories import an_offer
from tests.services.amazon import Amazon
from tests.services.shop import Shop, a_mug

_OF_MERCHANT = ("merchant_id", "_id")
SHARDED: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(("products", "listings", "offers", "looks", "offer_history"), _OF_MERCHANT),
    **dict.fromkeys(("price_points", "decisions", "submissions", "changes"), _OF_MERCHANT),
    **dict.fromkeys(("runs", "feeds", "orders", "markings"), _OF_MERCHANT),
    **dict.fromkeys(("webhook_deliveries",), _OF_MERCHANT),
    "price_history": ("series",),
}
"""What grows with listings, offers and orders, or is written in one transaction with what does."""
ON_ONE_SHARD = frozenset(
    """stores rulesets plans operations communication_errors call_counts api_keys authorizations documents exports
    product_imports uploads files file_pieces idempotency_keys webhooks leases""".split()
)
"""What a merchant has some of, or what goes after days."""
WITHOUT_AN_INDEX = frozenset(
    {"looks", "offer_history", "price_points", "feeds", "orders", "markings"}
)
"""Those for whose key an index is to be made before they are sharded."""


class Commands(CommandListener):
    """The commands that reach the database."""

    def __init__(self) -> None:
        self.sent: list[Mapping[str, Any]] = []

    def started(self, event: CommandStartedEvent) -> None:
        self.sent.append(event.command)

    def succeeded(self, event: CommandSucceededEvent) -> None: ...

    def failed(self, event: CommandFailedEvent) -> None: ...


def test_every_collection_is_placed() -> None:
    assert not SHARDED.keys() & ON_ONE_SHARD
    assert INDEXES.keys() <= SHARDED.keys() | ON_ONE_SHARD


@pytest.mark.parametrize("collection", sorted(SHARDED))
def test_the_indexes_of_a_collection_allow_its_shard_key(collection: str) -> None:
    key = SHARDED[collection]
    indexes = [index.document for index in INDEXES.get(collection, ())]
    for index in indexes:
        assert not index.get("unique") or tuple(index["key"])[: len(key)] == key
    serving = [
        index
        for index in indexes
        if tuple(index["key"])[: len(key)] == key and "partialFilterExpression" not in index
    ]
    assert bool(serving) is (collection not in WITHOUT_AN_INDEX)
    if collection == "price_history":
        assert key == (TIME_SERIES["metaField"],)


async def test_a_stores_day_asks_no_shard_that_has_nothing_of_its_merchant(
    shop: Shop, amazon: Amazon, servers: ServerUrls
) -> None:
    commands = Commands()
    client: AsyncIOMotorClient[dict[str, Any]] = AsyncIOMotorClient(
        servers.mongodb_url, event_listeners=[commands]
    )
    database = Database(client, shop.runtime.database.name)
    runtime = replace(shop.runtime, database=database)
    watched = replace(shop, runtime=runtime, scope=runtime.scope(shop.scope.merchant_id))
    await a_day(watched, amazon)
    client.close()

    asked = Counter(each for command in commands.sent for each in places(command))
    refused = {each for each in asked if each[2] in {"refused", "everywhere"}}
    assert not refused
    met = {collection for _, collection, _ in asked}
    assert met == SHARDED.keys() - {"webhook_deliveries", "price_history"}
    by_document = {each for each in asked if each[2] == "document"}
    assert {("update", "listings", "document"), ("find", "offers", "document")} <= by_document


async def a_day(shop: Shop, amazon: Amazon) -> None:
    """Goods are listed, events come, everything is decided anew, a price is set, the store rests, orders come."""
    await shop.publish(
        """
kind: pricing
name: Lowest
rules:
  - key: lowest
    type: intelligent
    competitor: {source: lowest}
    adjust: match
    floor: {source: cost}
"""
    )
    await shop.put_on_sale(*(a_mug(number) for number in range(1, 6)))
    amazon.advance(30, frozen=False)
    assert await shop.receive() > 0
    await shop.settle()
    await shop.see(an_offer(price="19.00"))
    await markings.ask(shop.scope, shop.id, at=shop.runtime.clock.now(), reason="BY_HAND")
    await shop.settle()
    await stores.set_active(shop.runtime, shop.scope, shop.id, active=False, actor="me")
    await stores.set_active(shop.runtime, shop.scope, shop.id, active=True, actor="me")
    await shop.import_orders()


def places(command: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
    """Where each statement of a command goes: name, collection, and how far it reaches."""
    name = next(iter(command))
    collection = command[name]
    if isinstance(collection, str) and collection in SHARDED:
        for reach in _reaches(name, collection, command):
            yield name, collection, reach


def _reaches(name: str, collection: str, command: Mapping[str, Any]) -> list[str]:
    if name == "insert":
        found = [_names_all(collection, each) for each in command["documents"]]
        return ["document" if each else "refused" for each in found]
    if name == "update":
        return [_reach_of_change(collection, each) for each in command["updates"]]
    if name == "delete":
        return [
            _reach_of_change(collection, {"q": each["q"], "multi": not each["limit"]})
            for each in command["deletes"]
        ]
    if name == "findAndModify":
        return ["document" if _names_all(collection, command["query"]) else "refused"]
    where = command["filter"] if name == "find" else command["pipeline"][0]["$match"]
    return [_reach(collection, where)]


def _reach_of_change(collection: str, each: Mapping[str, Any]) -> str:
    where = each["q"]
    if each.get("upsert") and not _names_all(collection, where):
        return "refused"
    is_of_one = isinstance(where.get("_id"), str) or _names_all(collection, where)
    if not each.get("multi") and not is_of_one:
        return "refused"
    return _reach(collection, where)


def _reach(collection: str, where: Mapping[str, Any]) -> str:
    first, *others = SHARDED[collection]
    if not _is_fixed(where.get(first)):
        return "everywhere"
    return "document" if all(_is_fixed(where.get(each)) for each in others) else "merchant"


def _names_all(collection: str, where: Mapping[str, Any]) -> bool:
    return all(isinstance(where.get(each), str) for each in SHARDED[collection])


def _is_fixed(value: object) -> bool:
    return isinstance(value, str) or (isinstance(value, Mapping) and "$in" in value)
