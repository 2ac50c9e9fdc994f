"""Looks: when the offers on an item are to be seen next."""

from collections.abc import Collection as Members
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from domain.offer import Look, OffersAge
from storage.collection import Collection
from storage.filters import AllOf, Is
from storage.keyset import Sort
from storage.listings import EPOCH
from storage.mongo import Scope, Update, to_document

LOOKS = Collection("looks", Look)
_ALL = 10_000_000


async def due(scope: Scope, store_id: str, until: datetime, limit: int) -> list[Look]:
    """Looks of a store that are due by a moment, those that are due longest first."""
    return await LOOKS.find(scope, _due(store_id, until), sort=Sort("due_at"), limit=limit)


async def count_due(scope: Scope, store_id: str, until: datetime) -> int:
    """How many looks of a store are due by a moment."""
    return await LOOKS.count(scope, _due(store_id, until))


async def age(scope: Scope, store_id: str) -> OffersAge:
    """How old is what is known of a store's items; read off an index alone, so that it may be asked for at any time."""
    every: dict[str, Any] = {"store_id": store_id}
    items = await scope.count(LOOKS.name, every, _ALL)
    never = await scope.count(LOOKS.name, {**every, "seen_at": None}, _ALL)

    async def seen_at(place: int) -> datetime | None:
        """The moment at that place among what was seen, oldest first."""
        found = await scope.find(
            LOOKS.name,
            {**every, "seen_at": {"$gt": EPOCH}},
            fields={"_id": 0, "seen_at": 1},
            sort=[("seen_at", 1)],
            skip=place,
            limit=1,
        )
        return found[0]["seen_at"] if found else None

    return OffersAge(items, never, await seen_at(0), await seen_at((items - never) // 2))


def _due(store_id: str, until: datetime) -> AllOf:
    return AllOf((Is("store_id", "eq", store_id), Is("due_at", "lte", until)))


async def plan(scope: Scope, looks: Iterable[Look]) -> None:
    """Have items looked at when these say, in the place of what was planned; what was seen later stays so."""
    await scope.update_each(LOOKS.name, map(_planned, looks))


async def forget(scope: Scope, ids: Members[str]) -> None:
    """Look at items no more."""
    await scope.delete(LOOKS.name, {"_id": {"$in": list(ids)}})


def _planned(look: Look) -> Update:
    row = to_document(look)
    id_, seen_at = row.pop("_id"), row.pop("seen_at")
    return Update({"_id": id_}, {"$set": row, "$max": {"seen_at": seen_at}}, upsert=True)
