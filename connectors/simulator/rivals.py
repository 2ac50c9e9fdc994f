"""Inventing the rivals of an item from the scenario's seed."""

from connectors.simulator.chance import between, digest, pick
from connectors.simulator.market import MATCHER, STEADY, STOCKOUT, UNDERCUTTER, WALKER
from connectors.simulator.world import Rival

_HOW_MANY = (0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 5, 5)
_TEMPERS = (MATCHER, MATCHER, UNDERCUTTER, UNDERCUTTER, WALKER, WALKER, STEADY, STOCKOUT)
_SHIPPING_PERCENT = (0, 0, 0, 5, 8)
_USED = ("used_like_new", "used_very_good", "used_good", "used_acceptable")


def invent_rivals(seed: int, asin: str, reference: int) -> list[Rival]:
    """Up to five sellers around the item's price level, a few of them with used goods.

    Floors lie between 55 % and 98 % of the price level: some can be beaten by a seller who buys
    at half of it, others only at a loss.
    """
    count = pick(_HOW_MANY, seed, "rivals", asin)
    return [_invent(seed, asin, reference, place) for place in range(count)]


def _invent(seed: int, asin: str, reference: int, place: int) -> Rival:
    name = (seed, "rival", asin, place)
    used = between(1, 100, *name, "used") <= 7
    level = reference * 65 // 100 if used else reference
    by_amazon = not used and between(1, 100, *name, "channel") <= 35
    shipping = 0 if by_amazon else level * pick(_SHIPPING_PERCENT, *name, "shipping") // 100
    ask = max(1, level * between(97, 115, *name, "ask") // 100 - shipping)
    floor = max(1, min(ask, level * between(55, 98, *name, "floor") // 100 - shipping))
    return Rival(
        seller_id=_seller_id(*name),
        temper=pick(_TEMPERS, *name, "temper"),
        price=between(max(floor, ask * 9 // 10), ask, *name, "price"),
        ask=ask,
        floor=floor,
        shipping=shipping,
        fulfilled_by_amazon=by_amazon,
        rating=between(76, 100, *name, "rating"),
        feedback=between(3, 12_000, *name, "feedback"),
        condition=pick(_USED, *name, "condition") if used else "new_new",
    )


def _seller_id(*name: object) -> str:
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
    return "A" + "".join(letters[byte % len(letters)] for byte in digest(*name, "id", size=13))
