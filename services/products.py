"""Products: importing the merchant's catalogue."""

from collections.abc import Iterable, Iterator
from functools import partial
from itertools import islice

from connectors.magento.product_export import RowError
from domain.operation import OperationKind
from domain.product import Product
from services.operations import Progress
from services.queue import Job
from services.runtime import Runtime
from storage import listings, products, sweep
from storage.filters import Is
from storage.mongo import Scope
from storage.products import Written

KIND = OperationKind.CATALOG_IMPORT
_BATCH = 500


async def import_catalog(
    runtime: Runtime, scope: Scope, rows: Iterable[Product | RowError], progress: Progress
) -> None:
    """Write the rows of a catalogue export; importing the same file again changes nothing.

    A row that cannot be used is reported and the others go on. Listings of changed products become due.
    """
    stores = [
        store
        for merchant, store in await sweep.active_stores(runtime.database)
        if merchant == scope.merchant_id
    ]
    done = 0
    for batch in _batches(iter(rows)):
        good = [row for row in batch if isinstance(row, Product)]
        for row in batch:
            if isinstance(row, RowError):
                place = f"line {row.line}, {row.column}" if row.column else f"line {row.line}"
                progress.fail(place, row.message)
        written = await scope.transaction(partial(_write, runtime, good, stores))
        done += len(batch)
        progress.counts["created"] += len(written.created)
        progress.counts["changed"] += len(written.changed)
        progress.counts["unchanged"] += written.unchanged
        progress.counts["refused"] = progress.error_count
        await progress.report(done)
    for store_id in stores:
        for job in (Job.MATCH_PRODUCTS, Job.REPRICE):
            await runtime.queue.wake(job, scope.merchant_id, store_id)


async def _write(runtime: Runtime, good: list[Product], stores: list[str], scope: Scope) -> Written:
    written = await products.write(scope, good)
    if written.changed:
        for store_id in stores:
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
