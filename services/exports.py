"""Exports: many things of one kind, written as JSON Lines into a file that can be downloaded for a week.

A file is made of pieces, each a gzip of its own with the lines of one batch of documents: gzips in a row are one gzip. A
piece is there whole or not at all and says where it ends in the order of the index, so whoever comes next goes on after
the last one, wherever the one before was killed.
"""

import asyncio
import time
import zlib
from collections.abc import Iterable, Sequence
from contextlib import suppress
from datetime import timedelta
from typing import Any

from domain.access import AccessScope
from domain.clock import SystemClock
from domain.errors import Conflict, GoesOn, InvalidInput
from domain.export import Export, ExportKind
from domain.file import File
from domain.operation import Operation, OperationKind
from services import idempotency, operations
from services.lines import changes, decisions, listings, offers, orders
from services.lines.shape import Shape, written
from services.operations import OperationCancelled, Progress
from services.queue import Job
from services.runtime import Runtime
from storage import exports, files, leases
from storage.exports import EXPORTS
from storage.files import Piece
from storage.filters import Where
from storage.mongo import Document, Scope
from storage.operations import OPERATIONS

SHAPES: dict[ExportKind, Shape] = {
    ExportKind.LISTINGS: listings.LINES,
    ExportKind.OFFERS: offers.LINES,
    ExportKind.DECISIONS: decisions.LINES,
    ExportKind.CHANGES: changes.LINES,
    ExportKind.ORDERS: orders.LINES,
}
"""What the lines of each kind look like."""

AT_ONCE = 5
"""Exports that a merchant may have under way."""
KEPT = timedelta(days=7)
"""How long a file can be downloaded after it was asked for."""
GRACE = timedelta(hours=1)
"""For which its pieces stay, so that a download that has begun can end."""
_SECONDS = 120
"""A job makes room for others after so long and has another one go on."""
_GZIP = 31

# Files and links expire by the machine's time, also where business time is virtual.
_machine = SystemClock()


def fields_of(kind: ExportKind, names: Sequence[str] | None) -> tuple[str, ...]:
    """The fields that an export shows, in the schema's order; all of them where none are named.

    Raises:
        InvalidInput: there is none of a name.
    """
    known = SHAPES[kind].fields
    if names is None:
        return tuple(known)
    for place, name in enumerate(names):
        if name not in known and name != "id":
            raise InvalidInput(
                f"{kind} have no field {name!r} to export; there are {', '.join(known)}.",
                field=("input", "fields", str(place)),
            )
    return tuple(name for name in known if name in names)


async def start(
    runtime: Runtime,
    scope: Scope,
    kind: ExportKind,
    where: Where,
    fields: Sequence[str],
    *,
    scopes: Iterable[AccessScope],
    actor: str,
) -> Operation:
    """Have a worker write an export; `scopes` are what reading it takes.

    Raises:
        Conflict: the merchant has as many under way as it may.
    """
    # One at a time, so that two that start at once do not both take the last place.
    async with leases.hold(runtime.database, f"start_export:{scope.merchant_id}") as mine:
        if not mine:
            raise Conflict("Another export is being started at this moment. Try again.")
        if await exports.under_way(scope) >= AT_ONCE:
            raise Conflict(
                f"{AT_ONCE} exports are under way, which is as many as may be. Wait for one, or cancel it."
            )
        operation = await scope.transaction(
            lambda inside: _begin(inside, kind, where, tuple(fields), scopes, actor)
        )
    await runtime.queue.wake(Job.EXPORT, scope.merchant_id, "", operation.id)
    return operation


async def _begin(
    scope: Scope,
    kind: ExportKind,
    where: Where,
    fields: tuple[str, ...],
    scopes: Iterable[AccessScope],
    actor: str,
) -> Operation:
    operation = await operations.start(
        scope, OperationKind.EXPORT, actor=actor, result_scopes=scopes
    )
    export = Export(
        id=operation.id,
        merchant_id=scope.merchant_id,
        kind=kind,
        fields=fields,
        condition=exports.to_condition(where),
        created_at=operation.created_at,
        expires_at=operation.created_at + KEPT,
    )
    await EXPORTS.insert(scope, [export])
    await idempotency.settle(scope, operation.id)
    return operation


async def write(runtime: Runtime, scope: Scope, operation_id: str) -> None:
    """Write an export that waits for it, or go on with it: the job."""
    async with leases.hold(runtime.database, f"export:{operation_id}") as mine:
        operation = await OPERATIONS.get(scope, operation_id)
        if not mine or operation is None or operation.is_over:
            return
        with suppress(GoesOn):
            async with operations.running(scope, operation) as progress:
                export = await EXPORTS.require(scope, operation_id)
                await _write(scope, export, progress)
            return
    await runtime.queue.wake(Job.EXPORT, scope.merchant_id, "", operation_id)


async def _write(scope: Scope, export: Export, progress: Progress) -> None:
    shape = SHAPES[export.kind]
    piece = await files.last(scope, export.id)
    if piece == files.NOTHING:
        total = await exports.count(scope, shape.collection, export.condition)
        await progress.report(0, total)
    until = time.monotonic() + _SECONDS
    reading = _read(scope, export, shape, piece.place)
    try:
        while rows := await reading:
            place = list(exports.key_of(rows[-1], shape.sort))
            reading = _read(scope, export, shape, place)  # while these are written
            data = await asyncio.to_thread(_lines, shape, export.fields, rows)
            piece = piece.after(data, piece.done + len(rows), place)
            await _append(scope, export, piece, data)
            await progress.report(piece.done)
            if time.monotonic() > until:
                raise GoesOn("It was this export's turn for long enough.")
    except OperationCancelled:
        await files.discard(scope, export.id)
        raise
    finally:
        reading.cancel()
        await asyncio.gather(reading, return_exceptions=True)
    await _complete(scope, export, piece)
    progress.counts["exported"] = piece.done
    progress.result_until = export.expires_at


def _read(
    scope: Scope, export: Export, shape: Shape, place: list[Any] | None
) -> asyncio.Task[list[Document]]:
    """Have the documents after a place read while something else is done."""
    return asyncio.create_task(
        exports.batch(
            scope,
            shape.collection,
            export.condition,
            sort=shape.sort,
            after=(place[0], place[1]) if place else None,
            fields=shape.paths(export.fields),
            limit=shape.batch,
        )
    )


async def _complete(scope: Scope, export: Export, piece: Piece) -> None:
    if piece.end == 0:  # also a file of nothing must be one that can be unpacked
        data = packed(b"")
        piece = piece.after(data, 0, None)
        await _append(scope, export, piece, data)
    file = File(
        id=export.id,
        merchant_id=export.merchant_id,
        name=f"{export.kind.lower()}-{export.created_at:%Y%m%d-%H%M%S}.jsonl.gz",
        size=piece.end,
        created_at=_machine.now(),
        expires_at=export.expires_at,
    )
    await files.complete(scope, file)


async def _append(scope: Scope, export: Export, piece: Piece, data: bytes) -> None:
    if not await files.append(scope, export.id, piece, data, export.expires_at + GRACE):
        raise GoesOn("Another process writes this export.")


def _lines(shape: Shape, fields: Sequence[str], rows: Sequence[Document]) -> bytes:
    return packed(written(shape, fields, rows))


def packed(lines: bytes) -> bytes:
    """Lines as a gzip of their own."""
    packer = zlib.compressobj(1, zlib.DEFLATED, _GZIP)
    return packer.compress(lines) + packer.flush()
