"""`store calls` and `store errors`: how often Amazon was called, and what did not end well."""

from datetime import timedelta
from typing import Annotated

import typer
from rich.console import Group
from rich.markup import escape
from rich.table import Table

from cli.session import console, open_session, run, the_store
from domain.communication_error import CommunicationError
from domain.store import Store
from storage.communication_errors import ERRORS, calls_lately
from storage.filters import EVERYTHING, AllOf, Is
from storage.keyset import Sort
from storage.stores import STORES

_SHOWN = 50


def list_errors(
    store: Annotated[str | None, typer.Option(help="Only of this store.")] = None,
    days: Annotated[int, typer.Option(help="Only what was seen in so many days.", min=1)] = 30,
) -> None:
    """List calls to Amazon that did not end well, grouped, those that were seen last first."""

    async def main() -> None:
        async with open_session() as runtime:
            scope = runtime.scope(runtime.settings.merchant)
            known = await STORES.find(scope, EVERYTHING)
            stores = {each.id: each for each in known if store in {None, each.id, each.name}}
            since = runtime.clock.now() - timedelta(days=days)
            where = (Is("store_id", "in", [*stores]), Is("last_seen_at", "gte", since))
            newest_first = Sort("last_seen_at", descending=True)
            found = await ERRORS.find(scope, AllOf(where), sort=newest_first, limit=_SHOWN)
            console.print(_told(found, stores) if found else "There is none.")

    run(main)


def list_calls(
    store: Annotated[str | None, typer.Option(help="Store, where there are several.")] = None,
    hours: Annotated[int, typer.Option(help="So many hours back.", min=1, max=168)] = 24,
) -> None:
    """List how often Amazon was called, by operation, and how long it took to answer."""

    async def main() -> None:
        async with open_session() as runtime:
            scope = runtime.scope(runtime.settings.merchant)
            chosen = await the_store(scope, store)
            found = await calls_lately(scope, chosen.id, runtime.clock.now(), hours)
            table = Table("operation", "calls", "over quota", "mean", "slowest")
            for row in found:
                table.add_row(
                    row.operation,
                    f"{row.count:,}",
                    f"{row.throttled:,}",
                    f"{row.mean_milliseconds:,} ms",
                    f"{row.slowest_milliseconds:,} ms",
                )
            console.print(table if found else "There was none.")

    run(main)


def _told(found: list[CommunicationError], stores: dict[str, Store]) -> Group:
    table = Table("store", "region", "code", "message", "created", "last seen", "times", "then")
    for row in found:
        store = stores[row.store_id]
        table.add_row(
            store.name,
            store.marketplace.region,
            row.code or row.error_class,
            escape(f"{row.operation}: {row.message}"),
            f"{row.first_seen_at:%Y-%m-%d %H:%M}",
            f"{row.last_seen_at:%Y-%m-%d %H:%M}",
            f"{row.count:,}",
            row.verdict.replace("_", " ").lower(),
        )
    more = len(found) == _SHOWN
    return Group(table, *([f"The last {_SHOWN} are shown."] if more else []))
