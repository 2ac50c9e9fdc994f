"""`runs list`, `show`, `resume`, `discard` and `undo`: prices that were decided together, and what holds them."""

from collections.abc import Awaitable, Callable
from typing import Annotated

import typer
from rich.console import Group, RenderableType
from rich.table import Table

from cli.effects import breaches_told
from cli.session import ACTOR, console, open_session, run, the_store
from domain.decision import Decision
from domain.listing import sku_of
from domain.run import Run, RunStatus
from services import runs
from storage.decisions import of_run
from storage.filters import AllOf, Is
from storage.keyset import Sort
from storage.runs import RUNS

app = typer.Typer(
    help="Prices that were decided together: what the guard-rails hold, and the way back.",
    no_args_is_help=True,
)

StoreName = Annotated[str | None, typer.Option("--store", help="Store, where there are several.")]
RunId = Annotated[str, typer.Argument(help="Id of the run, as `runs list` shows it.")]

_SHOWN = 20


@app.command("list")
def list_runs(
    store: StoreName = None,
    held: Annotated[
        bool, typer.Option("--held", help="Only runs that wait for an answer.")
    ] = False,
) -> None:
    """List the runs of a store that moved prices or are held, newest first."""

    async def main() -> None:
        async with open_session() as runtime:
            scope = runtime.scope(runtime.settings.merchant)
            chosen = await the_store(scope, store)
            where = [Is("store_id", "eq", chosen.id)]
            if held:
                where.append(Is("status", "eq", RunStatus.HELD))
            newest_first = Sort("_id", descending=True)
            found = await RUNS.find(scope, AllOf(tuple(where)), sort=newest_first, limit=_SHOWN)
            table = Table("run", "decided", "because", "up", "down", "first", "status", "by")
            for row in found:
                table.add_row(
                    row.id,
                    f"{row.started_at:%Y-%m-%d %H:%M}",
                    ", ".join(sorted(row.triggers)),
                    f"{row.up:,}",
                    f"{row.down:,}",
                    f"{row.first_priced:,}",
                    row.status,
                    row.answered_by or "",
                )
            console.print(table if found else "There is none.")

    run(main)


@app.command()
def show(run_id: RunId) -> None:
    """Show a run: why it is held, and its prices."""

    async def main() -> None:
        async with open_session() as runtime:
            scope = runtime.scope(runtime.settings.merchant)
            row = await RUNS.require(scope, run_id)
            console.print(_told(row, await of_run(scope, row.id, "", _SHOWN)))

    run(main)


@app.command()
def resume(run_id: RunId) -> None:
    """Let the prices of a held run go: exactly those that were held.

    Where the rules want another price by now, it is judged like any other.
    """
    _answer(run_id, runs.resume, "Its prices go out now.")


@app.command()
def discard(run_id: RunId) -> None:
    """Turn the prices of a held run down. They stay held until the rules want other ones."""
    _answer(run_id, runs.discard, "Its prices stay back until the rules want other ones.")


@app.command()
def undo(run_id: RunId) -> None:
    """Have the prices from before a run set again, where they may be and nothing changed them since.

    The rules stay in force; `rules roll-back` brings back those from before.
    """
    _answer(run_id, runs.undo, "The prices from before it are being set again.")


def _answer(run_id: str, answer: Callable[..., Awaitable[Run]], consequence: str) -> None:
    async def main() -> None:
        async with open_session() as runtime:
            scope = runtime.scope(runtime.settings.merchant)
            row = await answer(runtime, scope, run_id, actor=ACTOR)
            console.print(f"{row.moved:,} prices: {row.status}. {consequence}", highlight=False)

    run(main)


def _told(row: Run, decisions: list[Decision]) -> Group:
    by = f" by {row.answered_by}" if row.answered_by else ""
    title = f"{row.status}{by}: {row.up:,} up, {row.down:,} down, {row.first_priced:,} first prices"
    if row.answered_at and row.status in {RunStatus.UNDOING, RunStatus.UNDONE}:
        title += f"; {row.taken_back:,} taken back, {row.left_alone:,} left alone"
    parts: list[RenderableType] = [title, *breaches_told(row.breaches, "The guard-rails found:")]
    table = Table("SKU", "before", "after", "", title="Prices", title_justify="left")
    for decision in decisions:
        table.add_row(
            sku_of(decision.listing_id),
            decision.price_before.amount if decision.price_before else "",
            decision.price_after.amount if decision.price_after else "",
            f"{decision.outcome} ({decision.reason})",
        )
    parts.append(table)
    if row.moved > len(decisions):
        parts.append(f"and {row.moved - len(decisions):,} more")
    return Group(*parts)
