"""What is to be decided in a store, batch by batch."""

import asyncio
from collections.abc import (
    AsyncIterator,
    Sequence,
)
from datetime import datetime
from typing import Any, TypeVar

from domain.listing import Listing
from domain.operation import OperationKind
from storage import listings
from storage.mongo import Scope
from storage.operations import running

T = TypeVar("T")
_BATCH = 500
"""Listings that are looked at together."""
_GATHERING = {
    OperationKind.CATALOG_IMPORT: "PRODUCT_CHANGED",
    OperationKind.PRODUCTS_IMPORT: "PRODUCT_CHANGED",
    OperationKind.LISTINGS_IMPORT: "IMPORTED",
}
"""Work that marks listings bit by bit, and the reason that it gives: they wait for its end, to be judged as one run."""


async def gathering(scope: Scope, store_id: str) -> list[str]:
    """The reasons of marks that wait, since the work that sets them goes on."""
    found = await running(scope, store_id, _GATHERING)
    return [
        reason
        for kind, reason in _GATHERING.items()
        if (store_id if kind is OperationKind.LISTINGS_IMPORT else None, kind) in found
    ]


async def marked(
    scope: Scope, store_id: str, until: datetime, waiting: Sequence[str]
) -> AsyncIterator[list[Listing]]:
    """What was marked up to a moment."""
    after: tuple[Any, str] | None = None
    while rows := await listings.due(
        scope, store_id, _BATCH, after=after, until=until, except_for=waiting
    ):
        after = (rows[-1].due.at, rows[-1].id)
        yield rows


async def whole_store(
    scope: Scope, store_id: str, waiting: Sequence[str]
) -> AsyncIterator[list[Listing]]:
    """All that can be decided."""
    after = ""
    while rows := await listings.of_pass(scope, store_id, after, _BATCH, except_for=waiting):
        after = rows[-1].id
        yield rows


async def ahead(batches: AsyncIterator[T]) -> AsyncIterator[T]:
    """The same, each batch read while the one before is decided."""

    async def following() -> T | None:
        return await anext(batches, None)

    coming = asyncio.create_task(following())
    try:
        while rows := await coming:
            coming = asyncio.create_task(following())
            yield rows
    finally:
        coming.cancel()
