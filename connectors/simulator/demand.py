"""Buyers: orders that come with time, and how orders move on."""

from connectors.simulator.attributes import STOCK, Reader
from connectors.simulator.chance import between, digest, fraction, poisson
from connectors.simulator.clock import HOUR, MINUTE
from connectors.simulator.market import buy_box_holder, condition_group, offers_on
from connectors.simulator.world import Listing, Order, Parcel, World

QUARTER = 15 * MINUTE
_NOT_FEATURED = 0.12
"""How well the cheapest offer sells without the Buy Box, against one that holds it."""


def place_orders(world: World, since_ms: int) -> tuple[list[Order], set[tuple[str, str]]]:
    """Orders of the time since a moment, and the items whose offers changed because stock ran out."""
    placed: list[Order] = []
    emptied: set[tuple[str, str]] = set()
    for asin, expected in sorted(_expected(world, since_ms).items()):
        for listing, share in _sellers_of(world, asin):
            arrivals = poisson(
                expected * share,
                world.seed,
                "orders",
                asin,
                world.tick,
                listing.seller_id,
                listing.sku,
            )
            placed.extend(
                _buy(world, listing, asin, number, since_ms)
                for number in range(arrivals)
                if listing.is_buyable
            )
            if arrivals and not listing.is_buyable:
                emptied.add((asin, condition_group(listing.condition)))
                world.buy_box.pop(asin, None)
    for order in placed:
        world.orders[order.order_id] = order
    return placed, emptied


def progress_orders(world: World) -> None:
    """Payment clears a quarter of an hour after the order; Amazon ships its own six hours later."""
    for order in world.orders.values():
        if order.status == "PENDING" and order.created_ms + QUARTER <= world.now_ms:
            order.status, order.updated_ms = "UNSHIPPED", order.created_ms + QUARTER
        shipped = order.created_ms + QUARTER + 6 * HOUR
        if order.status == "UNSHIPPED" and order.fulfilled_by_amazon and shipped <= world.now_ms:
            order.status, order.updated_ms = "SHIPPED", shipped
            order.parcels.append(Parcel("1", order.quantity, shipped, shipped))


def _expected(world: World, since_ms: int) -> dict[str, float]:
    """Orders to expect for each item on which a seller has a live offer."""
    weights = {
        asin: between(1, 10, world.seed, "popularity", asin)
        for asin, listings in world.listings_by_asin.items()
        if any(listing.is_buyable for listing in listings.values())
    }
    total = sum(weights.values())
    span = (world.now_ms - since_ms) / QUARTER
    return {asin: world.orders_per_tick * span * weight / total for asin, weight in weights.items()}


def _sellers_of(world: World, asin: str) -> list[tuple[Listing, float]]:
    """The sellers' offers on an item, with the share of its demand that each gets."""
    holder = buy_box_holder(world, asin)
    listings = {f"{s}/{k}": listing for (s, k), listing in world.listings_by_asin[asin].items()}
    return [
        (listings[offer.key], 1.0 if offer.key == holder else _NOT_FEATURED / (rank + 1))
        for rank, offer in enumerate(offers_on(world, asin))
        if offer.key in listings
    ]


def _buy(world: World, listing: Listing, asin: str, number: int, since_ms: int) -> Order:
    name = (world.seed, "order", asin, world.tick, listing.seller_id, listing.sku, number)
    wanted = 1 if fraction(*name, "quantity") < 0.85 else between(2, 3, *name, "more")
    quantity = min(wanted, listing.quantity)
    _take_stock(world, listing, quantity)
    at = between(since_ms + 1, world.now_ms, *name, "at")
    return Order(
        order_id=_digits("3-7-7", *name),
        item_id=_digits("14", *name, "item"),
        seller_id=listing.seller_id,
        sku=listing.sku,
        asin=asin,
        title=world.items[asin].title,
        condition=listing.condition,
        quantity=quantity,
        unit_price=listing.price or 0,
        fulfilled_by_amazon=listing.fulfilled_by_amazon,
        status="PENDING",
        created_ms=at,
        updated_ms=at,
    )


def _take_stock(world: World, listing: Listing, quantity: int) -> None:
    """Lower the live quantity, and the attributes with it unless a newer quantity is on its way."""
    listing.quantity -= quantity
    if listing.fulfilled_by_amazon or any(STOCK in sub.touched for sub in listing.pending):
        return
    reader = Reader(world.marketplace)
    if listing.accepted is not None:
        listing.accepted = reader.with_quantity(listing.accepted, listing.quantity)
    if listing.shown is not None:
        listing.shown = reader.with_quantity(listing.shown, listing.quantity)
    for submission in listing.pending:
        if submission.attributes is not None:
            submission.attributes = reader.with_quantity(submission.attributes, listing.quantity)


def _digits(form: str, *name: object) -> str:
    """Groups of digits, such as ``3-7-7``."""
    left = int.from_bytes(digest(*name, size=16))
    groups = []
    for length in map(int, form.split("-")):
        left, group = divmod(left, 10**length)
        groups.append(f"{group:0{length}d}")
    return "-".join(groups)
