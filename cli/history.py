"""`history SKU`: what a listing and its market cost over time."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Annotated

import typer
from rich.table import Table

from cli.session import console, open_session, run, the_store
from domain.errors import NotFound
from domain.listing import listing_id
from domain.money import Money
from domain.price_history import PricePoint, Spans
from services import price_history
from storage.listings import LISTINGS

_BARS = "▁▂▃▄▅▆▇█"


def history(
    sku: Annotated[str, typer.Argument(help="Seller SKU.")],
    store: Annotated[str | None, typer.Option(help="Store, where there are several.")] = None,
    days: Annotated[int, typer.Option(min=1, max=180, help="How many days back.")] = 30,
    points: Annotated[int, typer.Option(min=1, max=500, help="Lines at most.")] = 30,
) -> None:
    """Show a listing's price over time, with the Buy Box and the lowest competitor beside it."""

    async def main() -> None:
        async with open_session() as runtime:
            scope = runtime.scope(runtime.settings.merchant)
            chosen = await the_store(scope, store)
            listing = await LISTINGS.get(scope, listing_id(chosen.id, sku))
            if listing is None:
                raise NotFound(f"{chosen.name} has no listing with the seller SKU {sku!r}.")
            now = runtime.clock.now()
            spans = Spans(now - timedelta(days=days), now, points)
            console.print(_told(sku, await price_history.of_listing(scope, listing, spans)))

    run(main)


def _told(sku: str, found: Sequence[PricePoint]) -> Table:
    prices = [point.own.price.last for point in found]
    table = Table(
        *("from (UTC)", "price", "low", "high", "Buy Box", "lowest competitor", "competitors"),
        title=f"{sku}  {_drawn([price for price in prices if price])}",
        title_justify="left",
    )
    for point in found:
        own, around = point.own.price, point.around
        box = _amount(around.buy_box.last) + (" (us)" if around.owns_buy_box else "")
        known = "" if around.competitors is None else str(around.competitors)
        amounts = (_amount(each) for each in (own.last, own.low, own.high))
        begins = f"{point.starts_at:%Y-%m-%d %H:%M}"
        table.add_row(begins, *amounts, box, _amount(around.lowest.last), known)
    return table


def _amount(money: Money | None) -> str:
    return "" if money is None else money.amount


def _drawn(prices: Sequence[Money]) -> str:
    """The prices as bars, the least the shortest."""
    minors = [price.minor for price in prices]
    least, span = min(minors, default=0), max(minors, default=0) - min(minors, default=0)
    steps = len(_BARS) - 1
    return "".join(_BARS[(minor - least) * steps // span if span else 0] for minor in minors)
