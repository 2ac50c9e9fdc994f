"""Makes up the offers of an item of which chosen facts are true."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from domain.listing import Fulfilment, Listing
from domain.money import Money
from domain.offer import Offer, OfferSnapshot, snapshot_id
from domain.store import Store
from rules.lint.domains import Raw, money

MOST_RIVALS = 40

_FACTS = ("buyBoxPrice", "buyBoxOwned", "lowestPrice", "competitorCount")
_LOWEST, _BUY_BOX = Decimal(70), Decimal(80)
"""Competitors' prices where nothing is asked of them; our own price is 100 then."""


@dataclass(frozen=True, slots=True)
class MadeMarket:
    """Offers, and what the listing knows of the Buy Box where they do not tell."""

    offers: OfferSnapshot | None
    owns_buy_box: bool | None = None


@dataclass(frozen=True, slots=True)
class _Plan:
    """What the offers must show; None is no winner, and no competitor."""

    rivals: int
    lowest: Decimal
    buy_box: Decimal | None
    is_ours: bool


def offers_of(
    store: Store, listing: Listing, now: datetime, wanted: Mapping[str, Raw], *, is_shown: bool
) -> MadeMarket | None:
    """Offers with what is wanted; None where no market of at most `MOST_RIVALS` competitors is like that."""
    asked = {name: wanted[name] for name in _FACTS if name in wanted}
    owned = asked.get("buyBoxOwned")
    tells = isinstance(owned, bool) and asked.get("buyBoxPrice", owned) is None
    told = owned if tells and isinstance(owned, bool) else None
    is_unknown = "competitorCount" in asked and asked["competitorCount"] is None
    if is_unknown or (not is_shown and all(value is None for value in asked.values())):
        return MadeMarket(None, told)
    plan = _plan(asked, has_winner=not tells)
    if plan is None:
        return None
    offers = tuple(_offers(plan, listing, store.currency))
    if any(offer is None for offer in offers):
        return None
    shown = tuple(offer for offer in offers if offer is not None)
    asin = listing.asin or ""
    snapshot = OfferSnapshot(
        snapshot_id(store.id, asin), store.merchant_id, store.id, asin, shown, now
    )
    return MadeMarket(snapshot, told)


def _plan(asked: Mapping[str, Raw], *, has_winner: bool) -> _Plan | None:
    count, owned = asked.get("competitorCount"), asked.get("buyBoxOwned")
    has_winner = (
        has_winner and not _is_none(asked, "buyBoxPrice") and not _is_none(asked, "buyBoxOwned")
    )
    has_rivals = not _is_none(asked, "lowestPrice") and count != 0
    buy_box, lowest = asked.get("buyBoxPrice"), asked.get("lowestPrice")
    won = buy_box if isinstance(buy_box, Decimal) else None
    is_ours = owned is True or (owned is None and won is not None and not has_rivals)
    has_winner = has_winner and (is_ours or has_rivals)
    least = lowest if isinstance(lowest, Decimal) else min(won or _LOWEST, _LOWEST)
    if has_winner and won is None:
        won = max(least, _BUY_BOX)
    rivals = 0
    if has_rivals:
        rivals = int(count) if isinstance(count, Decimal) else 2
    if rivals == 1 and won is not None and not is_ours:
        least = won if "lowestPrice" not in asked else least
        won = won if "buyBoxPrice" in asked else least
    if rivals > MOST_RIVALS:
        return None
    return _Plan(rivals, least, won if has_winner else None, is_ours)


def _is_none(asked: Mapping[str, Raw], name: str) -> bool:
    return name in asked and asked[name] is None


def _offers(plan: _Plan, listing: Listing, currency: str) -> Iterator[Offer | None]:
    """The rivals, the lowest first, and ours where it wins. What does not come out as wanted is seen when it is tried."""
    winner = None
    if plan.buy_box is not None and not plan.is_ours:
        winner = 0 if plan.buy_box == plan.lowest else 1
    for number in range(plan.rivals):
        wins = number == winner
        price = plan.buy_box if wins and plan.buy_box is not None else plan.lowest
        yield _offer(f"RIVAL{number + 1}", money(price, currency), listing, wins=wins)
    if plan.is_ours and plan.buy_box is not None:
        yield _offer("OURS", money(plan.buy_box, currency), listing, wins=True, is_own=True)


def _offer(
    seller: str, price: Money | None, listing: Listing, *, wins: bool, is_own: bool = False
) -> Offer | None:
    if price is None:
        return None
    return Offer(
        seller_id=seller,
        condition=listing.condition,
        listing_price=price,
        shipping=Money(0, price.currency),
        fulfilment=Fulfilment.MERCHANT,
        feedback_rating=100,
        feedback_count=10**9,
        is_buy_box_winner=wins,
        is_own=is_own,
    )
