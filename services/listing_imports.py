"""The import of the listings that stand on Amazon and are not known here yet (behaviour 5).

A report names them all, however many they are; what it tells of a listing is too little and partly damaged, so the
new ones are then read one by one. What was asked of Amazon is written down, so that a run that is interrupted anywhere
goes on where it was.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import orjson
import structlog

from connectors.connector import Connector
from connectors.errors import NotReady, Rejected, Unreadable
from connectors.port import (
    CatalogItem,
    IdentifierType,
    ListingsReport,
    MarketplaceListing,
    TaskState,
)
from domain.listing import listing_id
from domain.operation import Operation, OperationKind, OperationStatus
from domain.store import Store
from services import looks, operations
from services.listings import imported, with_products
from services.operations import Progress
from services.queue import Job
from services.runtime import Runtime
from storage import leases, listings
from storage import operations as operation_rows
from storage.mongo import Scope
from storage.stores import STORES

log = structlog.get_logger()

_AT_ONCE = 200
_READ_AT_ONCE = 20
"""Seller SKUs, or ASINs, that one search may name."""
_SOONEST, _LATEST = timedelta(seconds=10), timedelta(minutes=2)
"""How long to wait at least and at most before looking for a report again."""
_GIVEN_UP = timedelta(hours=3)
_SKEW = timedelta(minutes=1)
"""Amazon's clock and ours may differ by so much."""


@dataclass(frozen=True, slots=True)
class _Place:
    """How far an import is."""

    asked_at: datetime | None = None
    """When a report was first asked for; written down before, since asking twice makes two."""
    report_id: str | None = None
    done: int = 0
    """Rows of the report that are taken up."""
    imported: int = 0
    known: int = 0

    @classmethod
    def read(cls, cursor: str | None) -> "_Place":
        if cursor is None:
            return cls()
        told = orjson.loads(cursor)
        asked_at = told.pop("asked_at")
        return cls(datetime.fromisoformat(asked_at) if asked_at else None, **told)

    @property
    def cursor(self) -> str:
        return orjson.dumps(self).decode()


async def import_listings(
    runtime: Runtime, scope: Scope, store_id: str, operation_id: str | None
) -> None:
    """Take up the listings of a store that are not known here.

    Raises:
        NotReady: Amazon still makes the report; the operation goes on when this is called again.
        Retryable: Amazon is throttling or away; the same.
    """
    store = await STORES.require(scope, store_id)
    connector = await runtime.connections.of(store)
    async with leases.hold(runtime.database, f"import_listings:{store_id}") as mine:
        if not mine:
            return
        operation = await operations.resume(
            scope, operation_id, OperationKind.LISTINGS_IMPORT, store_id=store_id
        )
        if operation.status in {OperationStatus.DONE, OperationStatus.DEAD}:
            return  # two jobs were woken for it
        async with operations.running(scope, operation) as progress:
            place = _Place.read(operation.cursor)
            progress.counts.update(imported=place.imported, known=place.known)
            report = await _report(runtime, connector, progress, place)
            if report is None:
                await _page_through(runtime, scope, store, connector, progress)
            else:
                await _take_up(runtime, scope, store, connector, progress, report)
    await runtime.queue.wake(Job.REPRICE, scope.merchant_id, store_id)


def waits_since(operation: Operation) -> datetime | None:
    """Since when an import waits for its report; None where it does not."""
    place = _Place.read(operation.cursor)
    return place.asked_at if place.report_id and not place.done else None


async def waiting_for(scope: Scope, store_id: str, report_ids: Collection[str]) -> Operation | None:
    """The import of a store that waits for one of some reports."""
    if not report_ids:
        return None
    found = await operation_rows.unfinished(scope, store_id, OperationKind.LISTINGS_IMPORT)
    return found if found and _Place.read(found.cursor).report_id in report_ids else None


async def _report(
    runtime: Runtime, connector: Connector, progress: Progress, place: _Place
) -> ListingsReport | None:
    """What the report says; None where Amazon makes none, as where there is nothing or it made one just before."""
    now = runtime.clock.now()
    asked_at = place.asked_at or now
    try:
        if place.report_id is None:
            place = await _ask(runtime, connector, progress, place)
        task = await connector.report(place.report_id or "")
        if task.state is TaskState.WORKING and now - asked_at < _GIVEN_UP:
            raise NotReady(
                "Amazon still makes the report of all listings.",
                operation="getReport",
                retry_after=min(max((now - asked_at) / 2, _SOONEST), _LATEST),
            )
        if task.document_id is not None:
            return await connector.read_listings_report(task.document_id)
    except (Rejected, Unreadable) as error:
        log.warning("listings.import.no_report", reason=error.message)
        return None
    log.warning("listings.import.no_report", reason=task.state.value)
    return None


async def _ask(runtime: Runtime, connector: Connector, progress: Progress, place: _Place) -> _Place:
    """Have a report made, unless a run that was interrupted did that already."""
    report_id = None
    if place.asked_at is not None:
        report_id = await connector.listings_report_since(place.asked_at - _SKEW)
    if report_id is None:
        place = replace(place, asked_at=place.asked_at or runtime.clock.now())
        await progress.note(place.cursor)
        report_id = await connector.request_listings_report()
    # By now and not before: it is waited for since Amazon has the request.
    place = replace(place, report_id=report_id, asked_at=runtime.clock.now())
    await progress.note(place.cursor)
    return place


async def _take_up(
    runtime: Runtime,
    scope: Scope,
    store: Store,
    connector: Connector,
    progress: Progress,
    report: ListingsReport,
) -> None:
    place = _Place.read(progress.cursor)
    total = len(report.listings)
    for number in report.unreadable:
        progress.fail(f"line {number} of the report", "The line cannot be read.")
    while place.done < total:
        rows = report.listings[place.done : place.done + _AT_ONCE]
        ids = [listing_id(store.id, row.seller_sku) for row in rows]
        known = await listings.known_ids(scope, ids)
        new = [row for row, id_ in zip(rows, ids, strict=True) if id_ not in known]
        added = 0
        for start in range(0, len(new), _READ_AT_ONCE):
            found = await _in_full(connector, new[start : start + _READ_AT_ONCE])
            added += await _insert(runtime, scope, store, found)
        place = replace(
            place,
            done=place.done + len(rows),
            imported=place.imported + added,
            known=place.known + len(rows) - added,
        )
        progress.counts.update(imported=added, known=len(rows) - added)
        await progress.report(place.done, total, place.cursor)


async def _in_full(
    connector: Connector, rows: Sequence[MarketplaceListing]
) -> list[MarketplaceListing]:
    """Listings as Amazon shows them one by one; what it does not show so is taken as the report has it.

    The report loses characters of names, so that these come out of the catalogue.
    """
    found = await connector.listings([row.seller_sku for row in rows], urgently=False)
    shown = {listing.seller_sku for listing in found}
    hidden = [row for row in rows if row.seller_sku not in shown]
    asins = list({row.asin for row in hidden if row.asin is not None})
    items: dict[str | None, CatalogItem] = {}
    if asins:
        known = await connector.search_by_identifiers(IdentifierType.ASIN, asins)
        items = {item.asin: item for item in known}
    for row in hidden:
        item = items.get(row.asin)
        known_better = item and replace(row, title=item.title, product_type=item.product_type)
        found.append(known_better or row)
    return found


async def _page_through(
    runtime: Runtime, scope: Scope, store: Store, connector: Connector, progress: Progress
) -> None:
    """Read the listings page by page, of which Amazon shows the first thousand."""
    done = 0
    try:
        async for page in connector.all_listings():
            added = await _insert(runtime, scope, store, page)
            progress.counts.update(imported=added, known=len(page) - added)
            done += len(page)
            await progress.report(done)
    except Rejected as error:
        # What came before the refusal is kept.
        progress.fail(error.code, error.message)


async def _insert(
    runtime: Runtime, scope: Scope, store: Store, found: Sequence[MarketplaceListing]
) -> int:
    """Add what is not there yet; gives how many that were."""
    made = [imported(runtime, store, listing) for listing in found]
    return await looks.take_up(scope, store, await with_products(scope, made))
