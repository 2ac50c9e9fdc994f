"""Offer snapshots: the newest for each store and ASIN."""

from collections.abc import Iterable, Sequence
from dataclasses import fields
from typing import Any

from domain.offer import OfferSnapshot
from storage.collection import Collection
from storage.mongo import Scope, Update, from_document, to_document

SNAPSHOTS = Collection("offers", OfferSnapshot)

_WINNER = {"$filter": {"input": "$offers", "cond": "$$this.is_buy_box_winner"}}
_WITH_WINNER: dict[str, Any] = {
    **{field.name: 1 for field in fields(OfferSnapshot) if field.name != "id"},
    "offers": _WINNER,
}


async def write(scope: Scope, snapshots: Sequence[OfferSnapshot]) -> None:
    """Put snapshots in the place of older ones. The caller has looked that they are newer."""
    await scope.update_each(SNAPSHOTS.name, (_replace(snapshot) for snapshot in snapshots))


async def buy_boxes(scope: Scope, ids: Iterable[str]) -> dict[str, OfferSnapshot]:
    """Snapshots by id with no other offers than those that hold the Buy Box: a page of listings shows just them."""
    found = await scope.find(SNAPSHOTS.name, {"_id": {"$in": list(ids)}}, fields=_WITH_WINNER)
    return {row["_id"]: from_document(OfferSnapshot, row) for row in found}


def _replace(snapshot: OfferSnapshot) -> Update:
    document = to_document(snapshot)
    return Update({"_id": document.pop("_id")}, {"$set": document}, upsert=True)
