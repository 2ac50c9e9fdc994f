"""Offer snapshots: the newest for each store and ASIN."""

from collections.abc import Sequence

from domain.offer import OfferSnapshot
from storage.collection import Collection
from storage.mongo import Scope, Update, to_document

SNAPSHOTS = Collection("offers", OfferSnapshot)


async def write(scope: Scope, snapshots: Sequence[OfferSnapshot]) -> None:
    """Put snapshots in the place of older ones. The caller has looked that they are newer."""
    await scope.update_each(SNAPSHOTS.name, (_replace(snapshot) for snapshot in snapshots))


def _replace(snapshot: OfferSnapshot) -> Update:
    document = to_document(snapshot)
    return Update({"_id": document.pop("_id")}, {"$set": document}, upsert=True)
