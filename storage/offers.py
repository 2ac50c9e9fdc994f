"""Offer snapshots: the newest for each store and ASIN."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from domain.offer import Offer, OfferSnapshot
from storage.collection import Collection
from storage.mongo import Scope, Update, to_document
from storage.rows import rows_of

SNAPSHOTS = Collection("offers", OfferSnapshot)

_WINNER = {
    "observed_at": 1,
    "offers": {"$filter": {"input": "$offers", "cond": "$$this.is_buy_box_winner"}},
}


async def write(scope: Scope, snapshots: Sequence[OfferSnapshot]) -> None:
    """Put snapshots in the place of older ones. The caller has looked that they are newer."""
    await scope.update_each(SNAPSHOTS.name, (_replace(snapshot) for snapshot in snapshots))


async def buy_boxes(scope: Scope, ids: Iterable[str]) -> dict[str, tuple[Offer, datetime]]:
    """The offers that hold the Buy Box and when they were seen, by snapshot: a page of listings shows just them."""
    found = await scope.find(SNAPSHOTS.name, {"_id": {"$in": list(ids)}}, fields=_WINNER)
    held = [row for row in found if row["offers"]]
    offers = rows_of(Offer, (row["offers"][0] for row in held))
    return {
        row["_id"]: (offer, row["observed_at"]) for row, offer in zip(held, offers, strict=True)
    }


async def rows_for_digests(scope: Scope, ids: Iterable[str]) -> dict[str, OfferSnapshot]:
    """Those of the ids that this merchant has, by id, with the digests of their offers and nothing else."""
    read = ("content_hash",)
    found = await scope.find(SNAPSHOTS.name, {"_id": {"$in": list(ids)}}, fields=read)
    return {row.id: row for row in rows_of(OfferSnapshot, found, {*read, "id"})}


def _replace(snapshot: OfferSnapshot) -> Update:
    document = to_document(snapshot)
    return Update({"_id": document.pop("_id")}, {"$set": document}, upsert=True)
