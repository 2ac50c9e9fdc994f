"""`store connect`, `store authorize`, `store diagnose` and `store list`."""

from datetime import datetime
from typing import Annotated

import typer
from rich.markup import escape
from rich.table import Table

from cli.session import ACTOR, console, errors, open_session, run, the_store
from connectors.port import DiagnosisOutcome
from domain.errors import UserError
from domain.store import Store
from services import authorizations, diagnosis, stores
from services.runtime import Runtime
from services.vault import AmazonCredentials
from storage.filters import EVERYTHING, Is
from storage.listings import status_counts
from storage.stores import STORES

app = typer.Typer(help="Stores: one seller account in one country.", no_args_is_help=True)


_COLOURS = {
    DiagnosisOutcome.GOOD: "green",
    DiagnosisOutcome.BAD: "red",
    DiagnosisOutcome.UNKNOWN: "yellow",
}


@app.command("connect")
def connect_(
    name: Annotated[str, typer.Argument(help="Your own name for the store.")],
    seller_id: Annotated[str, typer.Option(help="Merchant token of the seller account.")],
    client_id: Annotated[str, typer.Option(help="LWA client id.", envvar="LWA_CLIENT_ID")],
    client_secret: Annotated[
        str,
        typer.Option(
            help="LWA client secret.", envvar="LWA_CLIENT_SECRET", prompt=True, hide_input=True
        ),
    ],
    refresh_token: Annotated[
        str,
        typer.Option(
            help="Refresh token.", envvar="LWA_REFRESH_TOKEN", prompt=True, hide_input=True
        ),
    ],
    email: Annotated[str, typer.Option(help="Contact address; needed for a new store.")] = "",
    country: Annotated[
        str, typer.Option(help="Country of its marketplace, such as US or DE; fixed once chosen.")
    ] = "US",
    currency: Annotated[str, typer.Option(help="Currency of the catalogue's prices.")] = "USD",
) -> None:
    """Connect a store to Amazon, opening it first where there is none of that name.

    Amazon is asked before anything is kept. The credentials are encrypted at rest. Give the secrets by prompt or
    environment rather than as options, which other users of the machine can see.
    """
    credentials = AmazonCredentials(client_id, client_secret, refresh_token)

    async def main() -> None:
        async with open_session() as runtime:
            store = await opened(runtime, name, email=email, country=country, currency=currency)
            scope = runtime.scope(store.merchant_id)
            store = await stores.connect(
                runtime, scope, store.id, seller_id=seller_id, credentials=credentials, actor=ACTOR
            )
            console.print(
                f"Connected {store.name}: {store.marketplace.domain}, prices in {store.currency}. "
                "The workers import its listings now."
            )

    run(main)


async def opened(runtime: Runtime, name: str, *, email: str, country: str, currency: str) -> Store:
    """The store of a name, opened where there is none.

    Raises:
        UserError: it is there and sells in another country.
    """
    scope = runtime.scope(runtime.settings.merchant)
    found = await STORES.find(scope, Is("name", "eq", name))
    if not found:
        return await stores.create(
            runtime,
            scope,
            name=name,
            email=email,
            country=country,
            catalog_currency=currency,
            actor=ACTOR,
        )
    if found[0].country != country:
        raise UserError(
            f"{name} sells in {found[0].country}, which cannot be changed; choose another name."
        )
    return found[0]


@app.command()
def authorize(
    name: Annotated[str, typer.Argument(help="Your own name for the store.")],
    email: Annotated[str, typer.Option(help="Contact address; needed for a new store.")] = "",
    country: Annotated[str, typer.Option(help="Country of a new store, such as US or DE.")] = "US",
    currency: Annotated[str, typer.Option(help="Currency of the catalogue's prices.")] = "USD",
) -> None:
    """Print the link to the page at Amazon on which the seller allows our application, opening the store first.

    The API must be reachable at /amazon/callback, where Amazon sends the seller back to. The same link renews an
    authorisation before its year ends.
    """

    async def main() -> None:
        async with open_session() as runtime:
            scope = runtime.scope(runtime.settings.merchant)
            known = await STORES.find(scope, Is("name", "eq", name))
            store = (
                known[0]
                if known
                else await opened(runtime, name, email=email, country=country, currency=currency)
            )
            url, expires_at = await authorizations.begin(runtime, scope, store.id, actor=ACTOR)
            console.print(url, soft_wrap=True, highlight=False)
            errors.print(
                f"Open it in the seller's browser before {expires_at:%H:%M} UTC; it is good once."
            )

    run(main)


@app.command()
def diagnose(
    name: Annotated[
        str | None,
        typer.Option("--store", help="Name or id of the store; the only one if left out."),
    ] = None,
) -> None:
    """Try the connection to Amazon, and name the part that does not work with the way out."""

    async def main() -> None:
        async with open_session() as runtime:
            scope = runtime.scope(runtime.settings.merchant)
            store = await the_store(scope, name)
            found = await diagnosis.diagnose(runtime, scope, store.id)
            for each in found:
                told = f"[{_COLOURS[each.outcome]}]{each.outcome:<8}[/]{each.part:<12}"
                console.print(f"{told} {escape(each.message)}", highlight=False, soft_wrap=True)
                if each.remedy:
                    console.print(
                        f"{'':21}→ {escape(each.remedy)}", highlight=False, soft_wrap=True
                    )
            if any(each.outcome is DiagnosisOutcome.BAD for each in found):
                raise typer.Exit(1)

    run(main)


@app.command("list")
def list_() -> None:
    """Show the stores and where their listings stand."""

    async def main() -> None:
        async with open_session() as runtime:
            scope = runtime.scope(runtime.settings.merchant)
            now = runtime.clock.now()
            table = Table("store", "country", "status", "listings", "authorisation")
            for store in await STORES.find(scope, EVERYTHING):
                counts = await status_counts(scope, store.id)
                told = ", ".join(f"{n:,} {status}" for status, n in sorted(counts.items()))
                ends = _ends(store, now)
                table.add_row(store.name, store.country, store.status, told, ends)
            console.print(table)

    run(main)


def _ends(store: Store, now: datetime) -> str:
    """Until when Amazon lets us act for the seller, and what to do where that is soon."""
    if store.connection is None:
        return "none yet"
    until = f"until {store.connection.expires_at:%Y-%m-%d}"
    if not store.connection.is_renewal_due(now):
        return until
    return f"[red]{until}: renew it with `store authorize`[/red]"
