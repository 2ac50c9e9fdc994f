"""Products: importing the merchant's catalogue."""

from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from itertools import islice
from typing import TypeAlias

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
from storage.stores import STORES

KIND = OperationKind.CATALOG_IMPORT
_BATCH = 500


Row: TypeAlias = Product | RowError
Answer = Callable[[Scope, Sequence[tuple[int, Row]], Mapping[str, int], int], Awaitable[None]]
"""Writes down what became of a batch, in the transaction that did it: rows with their lines, counts so far, rows so far."""


async def import_catalog(
    runtime: Runtime, scope: Scope, rows: Iterable[Row], progress: Progress
) -> None:
    """Write the rows of a catalogue export; importing the same file again changes nothing.

    A row that cannot be used is reported and the others go on. Listings of changed products become due.
    """
    await import_rows(runtime, scope, ((0, row) for row in rows), progress)


async def import_rows(
    runtime: Runtime,
    scope: Scope,
    rows: Iterable[tuple[int, Row]],
    progress: Progress,
    *,
    answer: Answer | None = None,
    done: int = 0,
) -> None:
    """The same for rows with their lines, of which `done` were written before, with an answer to each batch."""
    # Paused stores too: what changed meanwhile is to be decided when they are resumed.
    stores = await STORES.find(scope, EVERYTHING)
    store_ids = [store.id for store in stores]
    source = iter(rows)
    _note_errors(progress, islice(source, done))
    for batch in _batches(source):
        _note_errors(progress, batch)
        done += len(batch)
        write = partial(_write, runtime, batch, store_ids, progress, answer, done)
        progress.counts.update(await scope.transaction(write))
        progress.counts["refused"] = progress.error_count
        await progress.report(done)
    for store in stores:
        if store.status is StoreStatus.ACTIVE:
            for job in (Job.MATCH_PRODUCTS, Job.REPRICE):
                await runtime.queue.wake(job, scope.merchant_id, store.id)


def _note_errors(progress: Progress, rows: Iterable[tuple[int, Row]]) -> None:
    for _, row in rows:
        if isinstance(row, RowError):
            place = f"line {row.line}, {row.column}" if row.column else f"line {row.line}"
            progress.fail(place, row.message)


async def _write(
    runtime: Runtime,
    batch: Sequence[tuple[int, Row]],
    store_ids: Sequence[str],
    progress: Progress,
    answer: Answer | None,
    done: int,
    scope: Scope,
) -> dict[str, int]:
    """Write a batch; gives what there was of each kind in it."""
    good = [row for _, row in batch if isinstance(row, Product)]
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
    counts = {
        "created": len(written.created),
        "changed": len(written.changed),
        "unchanged": written.unchanged,
    }
    if answer is not None:
        await answer(scope, batch, progress.counts + Counter(counts), done)
    return counts


def _batches(rows: Iterator[tuple[int, Row]]) -> Iterator[list[tuple[int, Row]]]:
    while batch := list(islice(rows, _BATCH)):
        yield batch
