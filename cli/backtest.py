"""`rules backtest`: how rules would have fared over the offers that were recorded."""

from datetime import timedelta
from fractions import Fraction
from typing import Annotated

import typer
from rich.table import Table

from cli.documents import read_documents, require_currency
from cli.plans import StoreName, progress
from cli.rules import Files
from cli.session import console, open_session, run, the_store
from domain.errors import UserError
from services import plans
from services.backtest import Backtest
from services.backtest import backtest as run_backtest
from services.simulation import with_documents


def backtest(
    files: Files,
    days: Annotated[
        int, typer.Option(help="Days of history, counted back from its end.", min=1, max=60)
    ] = 14,
    store: StoreName = None,
) -> None:
    """Play rule documents and the rules in force over the last recorded offers, changing nothing.

    A simple model: rivals do what they did, our price changes at once, the Buy Box goes to the lowest landed price of
    our condition among sellers with 90 % positive feedback. Stock and costs are those of today, fees are left aside.
    """
    documents = read_documents(files)

    async def main() -> None:
        async with open_session() as runtime:
            scope = runtime.scope(runtime.settings.merchant)
            chosen = await the_store(scope, store)
            require_currency(documents, chosen.currency)
            planned = plans.documents_of([written.text for written in documents])
            before = await runtime.rulebooks.in_force(scope, chosen.id)
            after = with_documents(runtime, chosen, before, planned)
            with progress("Playing") as watch:

                async def report(done: int, total: int | None) -> None:
                    watch(done, total)

                found = await run_backtest(
                    scope, chosen, before, after, over=timedelta(days=days), report=report
                )
            if not found.listings:
                raise UserError("No offers were recorded yet.")
            console.print(_told(found))

    run(main)


def _told(found: Backtest) -> Table:
    span = f"{found.first:%Y-%m-%d %H:%M} to {found.until:%Y-%m-%d %H:%M} UTC"
    title = f"{found.listings:,} listings, {found.snapshots:,} changes of offers, {span}"
    named = _percent(Fraction(found.named, found.shown) if found.shown else None)
    caption = (
        f"The model names the holder of the Buy Box that Amazon showed in {named} of the cases."
    )
    table = Table("", "in force", "these documents", title=title, caption=caption)
    for column in table.columns[1:]:
        column.justify = "right"
    before, after = found.before, found.after
    table.add_row(
        "Time in the Buy Box", _percent(before.buy_box_share), _percent(after.buy_box_share)
    )
    table.add_row(
        "Average margin over cost", _percent(before.average_margin), _percent(after.average_margin)
    )
    table.add_row("Price changes", f"{before.changes:,}", f"{after.changes:,}")
    return table


def _percent(share: Fraction | None) -> str:
    return "-" if share is None else f"{float(share * 100):.1f} %"
