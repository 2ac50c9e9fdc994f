"""The market: who offers an item at what price, who holds the Buy Box, and how rivals move."""

from dataclasses import dataclass

from connectors.simulator.chance import between, fraction
from connectors.simulator.world import Item, Listing, Rival, World

MATCHER, UNDERCUTTER, WALKER, STEADY, STOCKOUT = (
    "MATCHER",
    "UNDERCUTTER",
    "WALKER",
    "STEADY",
    "STOCKOUT",
)
_FEATURED_CEILING_PERCENT = 125
_FEATURED_RATING = 80
_AMAZON_ADVANTAGE = 200
_FEEDBACK_ADVANTAGE = 5
OWN_RATING = 96
OWN_FEEDBACK = 1_240


@dataclass(frozen=True, slots=True)
class MarketOffer:
    """One offer on an item that a buyer can order. Amounts are in the smallest unit of the currency."""

    key: str
    """Names the offer among those on the item."""
    seller_id: str
    condition: str
    price: int
    shipping: int
    fulfilled_by_amazon: bool
    rating: int
    feedback: int

    @property
    def landed(self) -> int:
        """What a buyer pays."""
        return self.price + self.shipping

    @property
    def group(self) -> str:
        """The condition without its shade: new, used, collectible, refurbished, club."""
        return condition_group(self.condition)


def condition_group(condition: str) -> str:
    """``used_like_new`` belongs to ``used``."""
    return condition.split("_", 1)[0]


def offers_on(world: World, asin: str) -> list[MarketOffer]:
    """Everything on sale for an item, cheapest first; the order never depends on chance or history."""
    item = world.items.get(asin)
    found = [
        MarketOffer(
            f"rival-{place}",
            rival.seller_id,
            rival.condition,
            rival.price,
            rival.shipping,
            rival.fulfilled_by_amazon,
            rival.rating,
            rival.feedback,
        )
        for place, rival in enumerate(item.rivals if item else ())
        if rival.in_stock
    ]
    for (seller_id, sku), listing in world.listings_by_asin.get(asin, {}).items():
        if listing.price is not None and listing.is_buyable:
            found.append(
                MarketOffer(
                    f"{seller_id}/{sku}",
                    seller_id,
                    listing.condition,
                    listing.price,
                    0,
                    listing.fulfilled_by_amazon,
                    OWN_RATING,
                    OWN_FEEDBACK,
                )
            )
    return sorted(found, key=lambda offer: (offer.landed, offer.key))


def price_threshold(item: Item) -> int:
    """The landed price above which no offer is featured."""
    return item.reference * _FEATURED_CEILING_PERCENT // 100


def is_eligible(item: Item, offer: MarketOffer) -> bool:
    """Whether an offer may be featured: new, from a seller in good standing, not overpriced."""
    return (
        offer.group == "new"
        and offer.rating >= _FEATURED_RATING
        and offer.landed <= price_threshold(item)
    )


def buy_box_holder(world: World, asin: str) -> str | None:
    """Key of the featured offer, remembered until the item's offers change.

    The lowest landed price wins, after 2 % off for fulfilment by Amazon and 0.05 % off for each
    point of feedback above 80.
    """
    if asin not in world.buy_box:
        item = world.items.get(asin)
        eligible = [o for o in offers_on(world, asin) if item and is_eligible(item, o)]
        winner = min(eligible, key=_standing, default=None)
        world.buy_box[asin] = winner.key if winner else None
    return world.buy_box[asin]


def price_to_win(world: World, listing: Listing) -> tuple[int, MarketOffer] | None:
    """Up to what price a listing would hold the Buy Box, and who holds it above that; None with nobody to beat."""
    item = world.items.get(listing.asin or "")
    if item is None:
        return None
    own = f"{listing.seller_id}/{listing.sku}"
    others = [
        offer
        for offer in offers_on(world, item.asin)
        if is_eligible(item, offer) and offer.key != own
    ]
    other = min(others, key=_standing, default=None)
    if other is None:
        return None
    weight = 10_000 - _advantage(OWN_RATING, fulfilled_by_amazon=listing.fulfilled_by_amazon)
    return min((_standing(other)[0] - 1) // weight, price_threshold(item)), other


def _standing(offer: MarketOffer) -> tuple[int, int, str]:
    off = _advantage(offer.rating, fulfilled_by_amazon=offer.fulfilled_by_amazon)
    return (offer.landed * (10_000 - off), offer.landed, offer.key)


def _advantage(rating: int, *, fulfilled_by_amazon: bool) -> int:
    """In hundredths of a per cent."""
    return (_AMAZON_ADVANTAGE if fulfilled_by_amazon else 0) + _FEEDBACK_ADVANTAGE * (
        rating - _FEATURED_RATING
    )


def move_rivals(world: World) -> set[tuple[str, str]]:
    """Let rivals act for this tick; gives the items and condition groups whose offers changed.

    A share of the items sees one rival act on its own; where a listing's live price changed,
    every rival that watches prices answers.
    """
    changed: set[tuple[str, str]] = set()
    for item in world.items.values():
        answers = item.react_at is not None and item.react_at <= world.tick
        acts = fraction(world.seed, "acts", item.asin, world.tick) < world.change_share
        if item.rivals and (answers or acts):
            for rival in _answer(world, item) if answers else _act(world, item):
                changed.add((item.asin, condition_group(rival.condition)))
                world.buy_box.pop(item.asin, None)
        if answers:
            item.react_at = None
    return changed


def _answer(world: World, item: Item) -> list[Rival]:
    """Rivals that follow the lowest price look at it, each in turn."""
    watchers = [rival for rival in item.rivals if rival.temper in {MATCHER, UNDERCUTTER}]
    return [rival for rival in watchers if _move(world, item, rival)]


def _act(world: World, item: Item) -> list[Rival]:
    """The first rival in this tick's order that has something to change changes it."""
    order = sorted(
        range(len(item.rivals)),
        key=lambda place: fraction(world.seed, "turn", item.asin, world.tick, place),
    )
    for place in order:
        if _move(world, item, item.rivals[place]):
            return [item.rivals[place]]
    return []


def _move(world: World, item: Item, rival: Rival) -> bool:
    """Let one rival do what its temper has it do; tells whether its offer changed."""
    before = (rival.price, rival.in_stock)
    draw = (world.seed, "move", item.asin, world.tick, rival.seller_id)
    if rival.temper == WALKER:
        step = between(-300, 300, *draw)
        rival.price = _within(rival.price + rival.price * step // 10_000, rival)
    elif rival.temper == STOCKOUT:
        _turn_stock(world, rival, draw)
    elif rival.temper in {MATCHER, UNDERCUTTER} and rival.in_stock:
        _follow(world, item, rival, draw)
    return (rival.price, rival.in_stock) != before


def _follow(world: World, item: Item, rival: Rival, draw: tuple[object, ...]) -> None:
    others = [
        offer.landed
        for offer in offers_on(world, item.asin)
        if offer.seller_id != rival.seller_id and offer.group == condition_group(rival.condition)
    ]
    if not others:
        rival.price = rival.ask
        return
    target = min(others) - rival.shipping
    if rival.temper == UNDERCUTTER:
        target -= max(1, min(others) * between(50, 200, *draw) // 10_000)
        # Who is undercut below the floor gives the race up and starts again from the top.
        rival.price = rival.ask if target < rival.floor else min(target, rival.ask)
    else:
        rival.price = _within(target, rival)


def _turn_stock(world: World, rival: Rival, draw: tuple[object, ...]) -> None:
    if rival.in_stock:
        rival.in_stock = False
        rival.back_at = world.tick + between(2, 6, *draw, "away")
    elif rival.back_at is None or rival.back_at <= world.tick:
        rival.in_stock, rival.back_at = True, None
        step = between(-400, 400, *draw, "price")
        rival.price = _within(rival.price + rival.price * step // 10_000, rival)


def _within(price: int, rival: Rival) -> int:
    return max(rival.floor, min(price, rival.ask))
