"""Stores."""

from dataclasses import replace
from datetime import datetime

from domain.errors import StaleVersion
from domain.store import Store
from storage.collection import Collection
from storage.mongo import Scope, to_document

STORES = Collection("stores", Store)


async def save(scope: Scope, store: Store) -> Store:
    """Write a changed store over the version that was read; gives it with its new version.

    Raises:
        StaleVersion: someone else changed it meanwhile.
    """
    saved = replace(store, version=store.version + 1)
    document = to_document(saved)
    where = {"_id": document.pop("_id"), "version": store.version}
    if not await scope.update(STORES.name, where, {"$set": document}):
        raise StaleVersion("The store changed meanwhile. Read it again and repeat the change.")
    return saved


async def advance_orders_read_until(scope: Scope, store_id: str, until: datetime) -> None:
    """Move the watermark of the order import forwards, never back."""
    await scope.update(STORES.name, {"_id": store_id}, {"$max": {"orders_read_until": until}})
