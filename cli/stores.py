"""`store connect` and `store list`."""

from typing import Annotated

import typer
from rich.table import Table

from cli.session import ACTOR, console, open_session, run
from domain.errors import UserError
from domain.store import Store
from services import stores
from services.runtime import Runtime
from services.vault import AmazonCredentials
from storage.filters import EVERYTHING, Is
from storage.listings import status_counts
from storage.stores import STORES

app = typer.Typer(help="Stores: one seller account in one country.", no_args_is_help=True)


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


@app.command("list")
def list_() -> None:
    """Show the stores and where their listings stand."""

    async def main() -> None:
        async with open_session() as runtime:
            scope = runtime.scope(runtime.settings.merchant)
            table = Table("store", "country", "status", "listings")
            for store in await STORES.find(scope, EVERYTHING):
                counts = await status_counts(scope, store.id)
                told = ", ".join(f"{n:,} {status}" for status, n in sorted(counts.items()))
                table.add_row(store.name, store.country, store.status, told)
            console.print(table)

    run(main)
