"""Products: importing the merchant's catalogue."""

from collections.abc import Iterable, Iterator
from functools import partial
from itertools import islice

from connectors.magento.product_export import RowError
from domain.operation import OperationKind
from domain.product import Product
from domain.store import StoreStatus
from services.operations import Progress
from services.queue import Job
from services.runtime import Runtime
from storage import listings, products
from storage.filters import EVERYTHING, Is
from storage.mongo import Scope
from storage.products import Written
from storage.stores import STORES

KIND = OperationKind.CATALOG_IMPORT
_BATCH = 500


async def import_catalog(
    runtime: Runtime, scope: Scope, rows: Iterable[Product | RowError], progress: Progress
) -> None:
    """Write the rows of a catalogue export; importing the same file again changes nothing.

    A row that cannot be used is reported and the others go on. Listings of changed products become due.
    """
    # Paused stores too: what changed meanwhile is to be decided when they are resumed.
    stores = await STORES.find(scope, EVERYTHING)
    store_ids = [store.id for store in stores]
    done = 0
    for batch in _batches(iter(rows)):
        good = [row for row in batch if isinstance(row, Product)]
        for row in batch:
            if isinstance(row, RowError):
                place = f"line {row.line}, {row.column}" if row.column else f"line {row.line}"
                progress.fail(place, row.message)
        written = await scope.transaction(partial(_write, runtime, good, store_ids))
        done += len(batch)
        progress.counts["created"] += len(written.created)
        progress.counts["changed"] += len(written.changed)
        progress.counts["unchanged"] += written.unchanged
        progress.counts["refused"] = progress.error_count
        await progress.report(done)
    for store in stores:
        if store.status is StoreStatus.ACTIVE:
            for job in (Job.MATCH_PRODUCTS, Job.REPRICE):
                await runtime.queue.wake(job, scope.merchant_id, store.id)


async def _write(
    runtime: Runtime, good: list[Product], store_ids: list[str], scope: Scope
) -> Written:
    written = await products.write(scope, good)
    if written.changed:
        for store_id in store_ids:
            await listings.mark_due(
                scope,
                store_id,
                Is("product_id", "in", written.changed),
                at=runtime.clock.now(),
                reason="PRODUCT_CHANGED",
            )
    return written


def _batches(rows: Iterator[Product | RowError]) -> Iterator[list[Product | RowError]]:
    while batch := list(islice(rows, _BATCH)):
        yield batch
