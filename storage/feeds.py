"""Feeds."""

from datetime import datetime

from domain.feed import Feed, FeedState
from storage.collection import Collection
from storage.filters import AllOf, Is
from storage.keyset import Sort
from storage.mongo import Scope, to_field

FEEDS = Collection("feeds", Feed)

_UNFINISHED = [FeedState.PREPARED, FeedState.SENT]


async def unfinished(scope: Scope, store_id: str) -> list[Feed]:
    """The feeds of a store that are not over, oldest first."""
    where = AllOf((Is("store_id", "eq", store_id), Is("state", "in", _UNFINISHED)))
    return await FEEDS.find(scope, where, sort=Sort("_id"))


async def last_done(scope: Scope, store_id: str) -> list[Feed]:
    """The newest feeds of a store that Amazon worked off."""
    where = AllOf((Is("store_id", "eq", store_id), Is("state", "eq", FeedState.DONE)))
    return await FEEDS.find(scope, where, sort=Sort("_id", descending=True), limit=10)


async def last_ended(scope: Scope, store_id: str, state: FeedState) -> Feed | None:
    """The newest feed of a store that came to an end."""
    where = AllOf((Is("store_id", "eq", store_id), Is("state", "eq", state)))
    found = await FEEDS.find(scope, where, sort=Sort("_id", descending=True), limit=1)
    return found[0] if found else None


async def known_at_amazon(scope: Scope, store_id: str, since: datetime) -> set[str]:
    """Amazon's ids of the feeds that a store sent since a moment."""
    where = AllOf((Is("store_id", "eq", store_id), Is("sent_at", "gte", since)))
    found = await FEEDS.find(scope, where)
    return {feed.amazon_feed_id for feed in found if feed.amazon_feed_id is not None}


async def change(scope: Scope, feed: Feed, **fields: object) -> Feed:
    """Set fields of a feed that is not over; gives it as it is then."""
    told = {name: to_field(value) for name, value in fields.items()}
    where = {"_id": feed.id, "state": feed.state.value}
    await scope.update(FEEDS.name, where, {"$set": told})
    return await FEEDS.require(scope, feed.id)
