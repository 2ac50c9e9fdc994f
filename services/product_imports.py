"""Imports of products out of uploaded files, with an answer to each line as JSON Lines.

A batch of products and the piece of the answer that tells of it are one transaction: whoever goes on with an import that
was interrupted reads the file again and leaves out the lines that have their answer.
"""

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from tempfile import TemporaryFile
from typing import IO, Any

import orjson

from connectors.magento.product_export import ProductExport, read_products
from connectors.product_lines import ProductLines
from domain.access import AccessScope
from domain.clock import SystemClock
from domain.errors import Conflict, GoesOn, InvalidInput, UserError
from domain.file import File
from domain.global_id import Kind, global_id
from domain.money import CURRENCY_DIGITS
from domain.operation import Operation, OperationKind
from domain.product import Product
from domain.product_import import ProductFileFormat, ProductImport
from services import idempotency, operations
from services.exports import GRACE, KEPT, packed
from services.operations import Progress
from services.products import Row, import_rows
from services.queue import Job
from services.runtime import Runtime
from storage import files, leases
from storage.files import FILES, Piece
from storage.mongo import Scope
from storage.operations import OPERATIONS
from storage.product_imports import PRODUCT_IMPORTS
from storage.uploads import UPLOADS

_SECONDS = 300
"""A job makes room for others after so long and has another one go on."""
_LONGEST_MESSAGE = 1_000

# Files and links expire by the machine's time, also where business time is virtual.
_machine = SystemClock()


async def start(
    runtime: Runtime,
    scope: Scope,
    upload_id: str,
    *,
    format_: ProductFileFormat,
    currency: str,
    websites: Mapping[str, Sequence[str]],
    actor: str,
) -> Operation:
    """Have a worker import the products of an uploaded file.

    Raises:
        NotFound: no such upload.
        Conflict: its file is not there yet.
        InvalidInput: no such currency, or websites for a file that tells its own.
    """
    if currency not in CURRENCY_DIGITS:
        raise InvalidInput(
            f"{currency} is not an ISO 4217 currency code such as USD.",
            field=("input", "currencyCode"),
        )
    if websites and format_ is not ProductFileFormat.MAGENTO_CSV:
        raise InvalidInput(
            "JSON Lines name websites themselves, each with its prices.",
            field=("input", "websites"),
        )

    async def begin(inside: Scope) -> Operation:
        upload = await UPLOADS.require(inside, upload_id, field=("input", "uploadId"))
        if upload.file_id is None:
            raise Conflict(
                "Send the file to the upload's `url` first.", field=("input", "uploadId")
            )
        operation = await operations.start(
            inside,
            OperationKind.PRODUCTS_IMPORT,
            actor=actor,
            result_scopes=[AccessScope.WRITE_PRODUCTS],
        )
        wanted = ProductImport(
            id=operation.id,
            merchant_id=inside.merchant_id,
            file_id=upload.file_id,
            format=format_,
            currency=currency,
            websites=tuple((name, tuple(views)) for name, views in websites.items()),
            created_at=operation.created_at,
            expires_at=operation.created_at + KEPT,
        )
        await PRODUCT_IMPORTS.insert(inside, [wanted])
        await idempotency.settle(inside, operation.id)
        return operation

    operation = await scope.transaction(begin)
    await runtime.queue.wake(Job.IMPORT_PRODUCTS, scope.merchant_id, "", operation.id)
    return operation


async def run(runtime: Runtime, scope: Scope, operation_id: str) -> None:
    """Do an import that waits for it, or go on with it: the job."""
    async with leases.hold(runtime.database, f"import_products:{operation_id}") as mine:
        operation = await OPERATIONS.get(scope, operation_id)
        if not mine or operation is None or operation.is_over:
            return
        with suppress(GoesOn):
            async with operations.running(scope, operation) as progress:
                await _run(runtime, scope, operation_id, progress)
            return
    await runtime.queue.wake(Job.IMPORT_PRODUCTS, scope.merchant_id, "", operation_id)


async def _run(runtime: Runtime, scope: Scope, id_: str, progress: Progress) -> None:
    wanted = await PRODUCT_IMPORTS.require(scope, id_)
    answer = _Answer(wanted, await files.last(scope, id_))
    progress.counts.update(answer.counts)
    try:
        with TemporaryFile() as file:
            await _fetch(scope, wanted, file)
            source = _source(wanted, file)
            await import_rows(
                runtime,
                scope,
                _placed(source, time.monotonic() + _SECONDS),
                progress,
                answer=answer.write,
                done=answer.done,
            )
    except UserError as error:  # the file as a whole cannot be read
        progress.fail("file", error.message)
        await answer.refuse(scope, error)
    except GoesOn:
        raise
    except operations.OperationCancelled:
        await answer.complete(scope, progress)
        raise
    await answer.complete(scope, progress)


async def _fetch(scope: Scope, wanted: ProductImport, target: IO[bytes]) -> None:
    """Put the uploaded file where the readers can have it."""
    file = await FILES.get(scope, wanted.file_id)
    if file is None:
        raise InvalidInput("The uploaded file has expired. Upload it again.")
    async for data in files.read(scope, file.id, 0, file.size):
        target.write(data)
    target.seek(0)


def _source(wanted: ProductImport, file: IO[bytes]) -> ProductExport | ProductLines:
    told: dict[str, Any] = {
        "merchant_id": wanted.merchant_id,
        "currency": wanted.currency,
        # The same whenever it is read: what is in force then decides on special prices.
        "now": wanted.created_at,
    }
    if wanted.format is ProductFileFormat.MAGENTO_CSV:
        return read_products(file, **told, websites=dict(wanted.websites))
    return ProductLines(file, **told)


def _placed(source: ProductExport | ProductLines, until: float) -> Iterator[tuple[int, Row]]:
    for row in source:
        if time.monotonic() > until:
            raise GoesOn("It was this import's turn for long enough.")
        yield source.line, row


class _Answer:
    """The file that says what became of each line."""

    def __init__(self, wanted: ProductImport, last: Piece) -> None:
        self._wanted = wanted
        self._expires_at = wanted.expires_at + GRACE
        # By how many rows are done with it: a transaction that is tried again writes the same piece again.
        self._pieces = {last.done: last}
        self.counts: dict[str, int] = last.place or {}

    @property
    def done(self) -> int:
        """How many rows have their answer."""
        return max(self._pieces)

    async def write(
        self, scope: Scope, batch: Sequence[tuple[int, Row]], counts: Mapping[str, int], done: int
    ) -> None:
        """Add what became of a batch."""
        data = packed(b"".join(_line(line, row) for line, row in batch))
        await self._append(scope, self._pieces[done - len(batch)], data, done, dict(counts))

    async def refuse(self, scope: Scope, error: UserError) -> None:
        """Say that the file cannot be read any further."""
        line = _told(1, None, [{"field": None, "message": error.message, "code": error.code}])
        last = self._pieces[self.done]
        await self._append(scope, last, packed(line), self.done, self.counts)

    async def complete(self, scope: Scope, progress: Progress) -> None:
        """Say that the answer is whole."""
        if (
            self._pieces[self.done].end == 0
        ):  # also a file of nothing must be one that can be unpacked
            await self._append(scope, self._pieces[self.done], packed(b""), 0, {})
        file = File(
            id=self._wanted.id,
            merchant_id=self._wanted.merchant_id,
            name=f"products-import-{self._wanted.created_at:%Y%m%d-%H%M%S}.jsonl.gz",
            size=self._pieces[self.done].end,
            created_at=_machine.now(),
            expires_at=self._wanted.expires_at,
        )
        await files.complete(scope, file)
        progress.result_until = file.expires_at

    async def _append(
        self, scope: Scope, last: Piece, data: bytes, done: int, counts: dict[str, int]
    ) -> None:
        piece = last.after(data, done, counts)
        if not await files.append(scope, self._wanted.id, piece, data, self._expires_at):
            raise GoesOn("Another process does this import.")
        self._pieces[done] = piece


def _line(line: int, row: Row) -> bytes:
    if isinstance(row, Product):
        return _told(line, global_id(Kind.PRODUCT, row.id), [])
    field = row.column.split(".") if row.column else None
    message = row.message[:_LONGEST_MESSAGE]
    return _told(row.line, None, [{"field": field, "message": message, "code": "INVALID"}])


def _told(line: int, id_: str | None, errors: list[dict[str, Any]]) -> bytes:
    answer = {"line": line, "id": id_, "userErrors": errors}
    return orjson.dumps(answer, option=orjson.OPT_APPEND_NEWLINE)
