"""python shop.py listings | explain SKU | set-price SKU AMOUNT CURRENCY | follow [CURSOR]."""

import asyncio
import os
import sys
from collections.abc import Coroutine
from decimal import Decimal, InvalidOperation
from typing import Any, cast

import httpx
from __generated__.client import SalesChannel
from __generated__.enums import ListingPriceOverrideErrorCode, ListingStatus
from __generated__.exceptions import GraphQLClientError, GraphQLClientHttpError
from __generated__.explain import ExplainListingBySku
from __generated__.input_types import (
    IDFilter,
    ListingPriceOverrideInput,
    ListingWhereInput,
    MoneyInput,
)
from patience import Patient
from websockets.exceptions import ConnectionClosed

STORE = os.environ.get("STORE_ID", "")
PAGE_SIZE = int(os.environ.get("PAGE_SIZE", "50"))
FATAL = {4400, 4401, 4403, 4406}
"""Codes with which a connection is closed that would be closed again."""


def connect() -> SalesChannel:
    """The client, with the key of the environment."""
    url = os.environ.get("SALES_CHANNEL_URL", "http://127.0.0.1:8000/graphql")
    key = os.environ.get("SALES_CHANNEL_KEY")
    credential = {"authorization": f"Bearer {key}"} if key else {}
    headers = {**credential, "accept": "application/graphql-response+json"}
    return SalesChannel(
        url,
        # A cast, since the library's protocol is narrower than httpx.
        http_client=cast("Any", httpx.AsyncClient(transport=Patient(), headers=headers)),
        ws_url=url.replace("http", "ws"),
        ws_connection_init_payload=credential,
    )


async def listings(api: SalesChannel) -> int:
    """All listings, a page at a time."""
    of_store, after, is_more = ListingWhereInput(storeId=IDFilter(eq=STORE)), None, True
    while is_more:
        page = (await api.listings(first=PAGE_SIZE, after=after, where=of_store)).listings
        for row in page.nodes:
            price = f"{row.price.amount} {row.price.currency_code}" if row.price else "-"
            print(row.seller_sku, standing(row.status), price)
        after, is_more = page.page_info.end_cursor, page.page_info.has_next_page
    return 0


def standing(status: ListingStatus) -> str:
    """Where a listing stands, for people."""
    match status:
        case ListingStatus.ACTIVE:
            return "on sale"
        case ListingStatus.READY_TO_LIST:
            return "waits for you"
        case _:  # others, and those that the API gains later: enums grow without notice of a breaking change
            return str(status.value).lower().replace("_", " ")


async def explain(api: SalesChannel, sku: str) -> int:
    """Why a price is what it is."""
    decision = (await _find(api, sku)).price_decision
    if decision is None:
        print("Nothing was decided yet.")
        return 0
    for step in decision.trace:
        print(step.step, step.after.amount if step.after else "-", step.note)
    for rule in decision.rules:
        for failed in [] if rule.is_matched else rule.failed_conditions:
            # One that holds and should not stands under NONE or NOT_ALL.
            asked = "not " if failed.holds else ""
            asked += f"{failed.fact} {failed.operator.value} {failed.expected}"
            print(
                f"{rule.rule_key} did not match: {asked}, but it is {failed.actual or 'not known'}"
            )
    return 0


async def set_price(api: SalesChannel, sku: str, amount: str, currency: str) -> int:
    """Set a price by hand, unless the listing changed since it was looked at."""
    try:
        exact = Decimal(amount)
    except InvalidOperation:
        sys.exit(f"{amount} is no amount such as 19.99.")
    found = await _find(api, sku)
    wanted = ListingPriceOverrideInput(
        listingId=found.id,
        price=MoneyInput(amount=exact, currencyCode=currency),
        expectedVersion=found.version,
    )
    payload = (await api.override_price(wanted)).listing_price_override
    for error in payload.user_errors:
        match error.code:
            case ListingPriceOverrideErrorCode.STALE_VERSION:
                print(f"Somebody changed {sku} meanwhile. Look again.", file=sys.stderr)
            case ListingPriceOverrideErrorCode.INVALID:
                print(f"{(error.field or ['input'])[-1]}: {error.message}", file=sys.stderr)
            case _:
                print(error.message, file=sys.stderr)
    if payload.listing and payload.listing.override:
        override = payload.listing.override
        print(sku, override.price.amount, override.actor)
    return 1 if payload.user_errors else 0


async def follow(api: SalesChannel, cursor: str | None = None) -> int:
    """Decisions as they are made. Pass the last cursor to hear what was missed."""
    while True:
        try:
            async for event in api.decisions(STORE, after=cursor):
                told = event.decision_made
                cursor = told.cursor
                if told.gap:
                    print("missed", told.gap.from_at, told.gap.to_at, "read the listings again")
                if told.decision:
                    price = told.decision.after.amount if told.decision.after else "-"
                    sku, outcome = told.decision.listing.seller_sku, told.decision.outcome.value
                    print(sku, outcome, price, cursor, flush=True)
        except ConnectionClosed as closed:
            if closed.rcvd and closed.rcvd.code in FATAL:
                raise
        except OSError:
            pass  # the server is not there; it may be soon
        await asyncio.sleep(1)


async def _find(api: SalesChannel, sku: str) -> ExplainListingBySku:
    found = (await api.explain(STORE, sku)).listing_by_sku
    if found is None:
        sys.exit(f"No listing {sku}.")
    return found


async def main(command: str, *arguments: str) -> int:
    """Run a command; gives the exit status."""
    commands: dict[str, Any] = {
        "listings": listings,
        "explain": explain,
        "set-price": set_price,
        "follow": follow,
    }
    async with connect() as api:
        work: Coroutine[Any, Any, int] = commands[command](api, *arguments)
        try:
            return await work
        except (
            GraphQLClientHttpError
        ) as refusal:  # a top-level error, with the status that goes with its code
            error = cast("httpx.Response", refusal.response).json()["errors"][0]
            print(error["extensions"]["code"], error["message"], file=sys.stderr)
        except GraphQLClientError as error:
            print(error, file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(asyncio.run(main(*sys.argv[1:] or ["listings"])))
