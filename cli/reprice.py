"""`reprice`: having every price decided again."""

import asyncio
from typing import Annotated

import typer
from rich.progress import Progress

from cli.session import ACTOR, console, open_session, run, the_store
from domain.operation import OperationStatus
from services import repricing
from storage.operations import OPERATIONS

_WAIT = 0.2


def reprice(
    store: Annotated[str | None, typer.Option(help="Store, where there are several.")] = None,
) -> None:
    """Decide every price of a store again, and push what changed.

    Needs running workers (`sales-channel up`). Ctrl-C stops the watching, not the work.
    """

    async def main() -> None:
        async with open_session() as runtime:
            scope = runtime.scope(runtime.settings.merchant)
            chosen = await the_store(scope, store)
            started = await repricing.mark_all_due(runtime, scope, chosen.id, actor=ACTOR)
            with Progress(console=console) as bar:
                task = bar.add_task(f"Repricing {chosen.name}", total=None)
                while True:
                    operation = await OPERATIONS.require(scope, started.id)
                    bar.update(task, completed=operation.done, total=operation.total)
                    if operation.status in {OperationStatus.DONE, OperationStatus.DEAD}:
                        break
                    await asyncio.sleep(_WAIT)
            told = ", ".join(f"{count:,} {name}" for name, count in operation.result.items())
            console.print(f"{operation.outcome or operation.status}: {told or 'nothing to do'}")

    run(main)
