"""Price history: what is written beside a change, moved by night, and shown as points of a chart."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from domain.clock import SystemClock
from domain.listing import Condition, Listing
from domain.money import Money
from domain.offer import OfferSnapshot
from domain.price_history import BEFORE, Market, Movement, Own, OwnPrice, PricePoint, Spans, points
from rules.market import rivals_of, winners_of
from services.runtime import Runtime
from storage import leases, price_history
from storage.mongo import Scope

# How long history is kept is a matter of the machine's time, also where business time is virtual.
_machine = SystemClock()


async def note_own(scope: Scope, changed: Iterable[OwnPrice]) -> None:
    """Write down prices that changed. In the transaction of the change."""
    await price_history.record(scope, changed, _machine.now())


async def note_markets(
    scope: Scope, moved: Iterable[tuple[OfferSnapshot | None, OfferSnapshot]], currency: str
) -> None:
    """Write down the markets that changed, by offers as they were and as they are. In the transaction of the change."""
    rows = [row for before, after in moved for row in _changed(before, after, currency)]
    await price_history.record(scope, rows, _machine.now())


async def move(runtime: Runtime, scope: Scope, store_id: str) -> None:
    """Move a store's rows to where they take little room."""
    async with leases.hold(runtime.database, f"move_prices:{store_id}") as mine:
        if mine:
            await price_history.move(scope, store_id)


async def of_listing(scope: Scope, listing: Listing, spans: Spans) -> Sequence[PricePoint]:
    """The points of a listing's chart, at most one for each span."""
    market = None
    if listing.asin is not None:
        market = price_history.market_series(listing.store_id, listing.asin, listing.condition)
    series = price_history.own_series(listing.store_id, listing.seller_sku)
    own, around = await price_history.by_span(scope, series, market, spans)
    return list(points(spans, own or _unchanged(listing, spans), around))


def _changed(before: OfferSnapshot | None, after: OfferSnapshot, currency: str) -> Iterable[Market]:
    seen = {offer.condition for each in (before, after) if each for offer in each.offers}
    for condition in seen:
        market = _market(after, condition, currency, after.observed_at)
        if before is None or _market(before, condition, currency, after.observed_at) != market:
            yield market


def _market(snapshot: OfferSnapshot, condition: Condition, currency: str, at: datetime) -> Market:
    winner = next(iter(winners_of(snapshot, currency)), None)
    rivals = [
        offer.landed_price.minor
        for offer in rivals_of(snapshot, currency)
        if offer.condition is condition
    ]
    return Market(
        snapshot.store_id,
        snapshot.asin,
        condition,
        buy_box=winner.landed_price if winner else None,
        owns_buy_box=winner.is_own if winner else None,
        lowest=Money(min(rivals), currency) if rivals else None,
        competitors=len(rivals),
        at=at,
    )


def _unchanged(listing: Listing, spans: Spans) -> dict[int, Own]:
    """Of a listing of which no row is kept: it costs what it has cost since it came to be or last changed."""
    since = listing.price_changed_at or listing.created_at
    if since >= spans.to_at:
        return {}
    number = BEFORE if since < spans.from_at else (since - spans.from_at) // spans.length
    price = listing.price
    return {number: Own(Movement(price, price, price), listing.wanted_price)}
