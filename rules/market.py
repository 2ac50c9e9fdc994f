"""The market of one item: whose offers are rivals, who holds the Buy Box, what our own offer adds for shipping."""

from datetime import datetime, timedelta

from domain.listing import Condition
from domain.money import Money
from domain.offer import Offer, OfferSnapshot

AMAZON_SELLERS: dict[str, str] = {
    "US": "ATVPDKIKX0DER",
    "CA": "A3DWYIK6Y9EEQB",
    "MX": "AVDBXBAVVSXLQ",
    "UK": "A3P5ROKL5A1OLE",
}
"""Seller id under which Amazon itself sells, by country."""

_AMAZON = frozenset(AMAZON_SELLERS.values())


def is_amazon(offer: Offer) -> bool:
    """Whether Amazon itself sells it, and not just ships it."""
    return offer.seller_id in _AMAZON


def fresh(snapshot: OfferSnapshot, max_age: timedelta | None, now: datetime) -> tuple[Offer, ...]:
    """The offers that Amazon told within an age, whoever's they are."""
    return tuple(
        offer
        for offer in snapshot.offers
        if max_age is None or seen(snapshot, offer.condition) >= now - max_age
    )


def seen(snapshot: OfferSnapshot, condition: Condition) -> datetime:
    """When Amazon last told of the offers in a condition."""
    return snapshot.seen_at.get(condition, snapshot.observed_at)


def rivals_of(snapshot: OfferSnapshot, currency: str) -> tuple[Offer, ...]:
    """Offers of other sellers that are priced in the store's currency."""
    return tuple(offer for offer in _priced_in(snapshot, currency) if not offer.is_own)


def winners_of(snapshot: OfferSnapshot, currency: str) -> tuple[Offer, ...]:
    """Offers that hold a Buy Box, New before the rest; Amazon may show one for each group of conditions."""
    winners = [offer for offer in _priced_in(snapshot, currency) if offer.is_buy_box_winner]
    return tuple(sorted(winners, key=_new_and_cheap_first))


def own_shipping(snapshot: OfferSnapshot, condition: Condition, currency: str) -> Money:
    """What buyers pay us for shipping, nothing where our offer is not shown.

    Of several offers of ours the least shipping counts, so that too little is taken off a price and not too much.
    """
    charges = [
        offer.shipping.minor
        for offer in _priced_in(snapshot, currency)
        if offer.is_own and offer.condition is condition
    ]
    return Money(min(charges, default=0), currency)


def _priced_in(snapshot: OfferSnapshot, currency: str) -> list[Offer]:
    return [
        offer
        for offer in snapshot.offers
        if offer.listing_price.currency == offer.shipping.currency == currency
    ]


def _new_and_cheap_first(offer: Offer) -> tuple[bool, int, str]:
    return offer.condition is not Condition.NEW, offer.landed_price.minor, offer.seller_id
