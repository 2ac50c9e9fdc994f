"""`catalog import`: taking in the merchant's products."""

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn

from cli.session import ACTOR, console, open_session, run
from connectors.magento.product_export import read_products
from domain.errors import UserError
from domain.operation import Operation
from services import operations
from services.products import KIND, import_catalog
from services.runtime import Runtime
from storage.operations import OPERATIONS

app = typer.Typer(help="The merchant's catalogue.", no_args_is_help=True)


@app.command("import")
def import_(
    file: Annotated[
        Path, typer.Argument(help="A Magento product export (CSV).", exists=True, dir_okay=False)
    ],
    currency: Annotated[str, typer.Option(help="Currency of the file's prices.")] = "USD",
    website: Annotated[
        list[str] | None,
        typer.Option(
            help="A website with prices of its own and its store views, such as eu=german,french. Repeat it for "
            "each website; the first one's prices count first. Not needed where products are in one website only."
        ),
    ] = None,
) -> None:
    """Import products from Magento's product export.

    Importing the same file again changes nothing; a row that cannot be used is reported and the others go on.
    """

    async def main() -> None:
        websites = websites_of(website or [])
        async with open_session() as runtime:
            operation = await import_file(runtime, file, currency, websites)
            for error in operation.errors:
                console.print(f"  {error.where}: {error.message}", highlight=False, markup=False)
            if operation.errors:
                raise typer.Exit(1)

    run(main)


def websites_of(given: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """Store views by website, in the order in which they were given.

    Raises:
        UserError: one that is not written so, or a website or store view that comes twice.
    """
    found: dict[str, tuple[str, ...]] = {}
    views: set[str] = set()
    for each in given:
        website, sign, named = each.partition("=")
        codes = tuple(code.strip() for code in named.split(","))
        if not (website.strip() and sign and all(codes)):
            raise UserError(
                f"Write a website with its store views, such as eu=german,french, not {each!r}."
            )
        if website.strip() in found or len(set(codes)) < len(codes) or views & set(codes):
            raise UserError(
                f"Name each website and each store view once; {each!r} names one again."
            )
        found[website.strip()] = codes
        views |= set(codes)
    return found


async def import_file(
    runtime: Runtime,
    file: Path,
    currency: str,
    websites: Mapping[str, Collection[str]] | None = None,
) -> Operation:
    """Import a file with a progress bar and say what came of it."""
    scope = runtime.scope(runtime.settings.merchant)
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TaskProgressColumn(),
        TextColumn("{task.fields[rows]:,} rows"),
        TimeElapsedColumn(),
    )
    rows = read_products(
        file,
        merchant_id=scope.merchant_id,
        currency=currency,
        now=runtime.clock.now(),
        websites=websites,
    )
    operation = await operations.start(scope, KIND, actor=ACTOR)
    with Progress(*columns, console=console) as bar:
        task = bar.add_task("Importing products", total=rows.total_bytes, rows=0)

        def watch(done: int, _total: int | None) -> None:
            bar.update(task, completed=rows.bytes_read, rows=done)

        async with operations.running(scope, operation, watch) as progress:
            await import_catalog(runtime, scope, rows, progress)
    finished = await OPERATIONS.require(scope, operation.id)
    told = ", ".join(f"{count:,} {name}" for name, count in finished.result.items())
    console.print(f"Products: {told or 'none'}.", highlight=False)
    return finished
