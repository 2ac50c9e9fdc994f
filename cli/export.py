"""`export`: things of one kind as JSON Lines in a file."""

import asyncio
from pathlib import Path
from typing import Annotated

import typer

from cli.session import ACTOR, console, open_session, run
from domain.access import AccessScope
from domain.errors import Conflict
from domain.export import ExportKind
from domain.operation import Operation
from services import exports
from services.runtime import Runtime
from storage import files
from storage.files import FILES
from storage.filters import EVERYTHING
from storage.mongo import Scope
from storage.operations import OPERATIONS

_BETWEEN_LOOKS = 0.2


def export(
    kind: Annotated[ExportKind, typer.Argument(help="What to export.", case_sensitive=False)],
    out: Annotated[Path, typer.Option(help="File to write: JSON Lines, packed with gzip.")],
    field: Annotated[
        list[str] | None,
        typer.Option(help="A field by its name in schema.graphql; repeat it. All without it."),
    ] = None,
) -> None:
    """Write all things of one kind into a file, a JSON object a line, as docs/bulk.md describes them."""

    async def main() -> None:
        fields = exports.fields_of(kind, field)
        async with open_session() as runtime:
            scope = runtime.scope(runtime.settings.merchant)
            operation = await exports.start(
                runtime, scope, kind, EVERYTHING, fields, scopes=AccessScope, actor=ACTOR
            )
            ended = await _written(runtime, scope, operation)
            file = await FILES.get(scope, operation.id)
            if file is None:
                raise Conflict(f"The export ended without a file: {ended.outcome or ended.status}.")
            with out.open("wb") as target:
                async for data in files.read(scope, file.id, 0, file.size):
                    target.write(data)
            console.print(f"{ended.done:,} {kind.lower()} in {out}.", highlight=False)

    run(main)


async def _written(runtime: Runtime, scope: Scope, operation: Operation) -> Operation:
    """The export once it is over: a worker may be at it, and where none is we do it here."""
    while not operation.is_over:
        await exports.write(runtime, scope, operation.id)
        operation = await OPERATIONS.require(scope, operation.id)
        if not operation.is_over:
            await asyncio.sleep(_BETWEEN_LOOKS)
    return operation
