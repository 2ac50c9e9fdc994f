"""What is to be decided in a store, page by page."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass
from typing import Self, TypeVar

from domain.listing import Listing
from domain.operation import OperationKind
from storage import listings
from storage.listings import Key, Selection
from storage.mongo import Scope
from storage.operations import running

T = TypeVar("T")
_BATCH = 500
"""Listings that are looked at together."""
_LARGE = 4
"""Pages of a run that one process looks at as soon as several do."""
_GATHERING = {
    OperationKind.CATALOG_IMPORT: "PRODUCT_CHANGED",
    OperationKind.PRODUCTS_IMPORT: "PRODUCT_CHANGED",
    OperationKind.LISTINGS_IMPORT: "IMPORTED",
}
"""Work that marks listings bit by bit, and the reason that it gives: they wait for its end, to be judged as one run."""


@dataclass(frozen=True, slots=True)
class Page:
    """Some of what a run looks at, whoever reads it."""

    number: int
    after: Key | None
    end: Key | None
    """Still in it; None in the last page."""


async def gathering(scope: Scope, store_id: str) -> tuple[str, ...]:
    """The reasons of marks that wait, since the work that sets them goes on."""
    found = await running(scope, store_id, _GATHERING)
    return tuple(
        reason
        for kind, reason in _GATHERING.items()
        if (store_id if kind is OperationKind.LISTINGS_IMPORT else None, kind) in found
    )


def may_wait(rows: Iterable[Listing]) -> bool:
    """Whether listings are marked for reasons of work that may go on."""
    return any(row.due.reason in _GATHERING.values() for row in rows)


async def pages(scope: Scope, selection: Selection) -> AsyncIterator[Page]:
    """The pages of a selection, in its order; where they end is told without reading them."""
    number, after, is_more = 0, None, True
    while is_more:
        end = await listings.place_after(scope, selection, after, _BATCH)
        yield Page(number, after, end)
        number, after, is_more = number + 1, end, end is not None


async def is_large(scope: Scope, selection: Selection) -> bool:
    """Whether there is so much to look at that others are worth their while."""
    return await listings.place_after(scope, selection, None, _LARGE * _BATCH) is not None


async def read(scope: Scope, selection: Selection, page: Page) -> list[Listing]:
    """What a page holds by now, as rows to decide."""
    return await listings.selected(scope, selection, page.after, page.end)


class Shared(AsyncIterator[T]):
    """An iterator of which several take what comes next, one after the other."""

    def __init__(self, items: AsyncIterator[T]) -> None:
        self._items = items
        self._turn = asyncio.Lock()
        self.over = asyncio.Event()
        """That all are taken."""

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> T:
        async with self._turn:
            try:
                return await anext(self._items)
            except StopAsyncIteration:
                self.over.set()
                raise


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
