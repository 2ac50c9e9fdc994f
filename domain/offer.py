"""Offers of all sellers on one item, as Amazon told them at one moment."""

import hashlib
import math
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal

from domain.listing import Condition, Fulfilment
from domain.money import Money


@dataclass(frozen=True, slots=True)
class Offer:
    """One seller's offer on an item."""

    seller_id: str
    condition: Condition
    listing_price: Money
    shipping: Money
    fulfilment: Fulfilment
    feedback_rating: int | None
    """Positive feedback in whole per cent, 0-100."""
    feedback_count: int | None
    is_buy_box_winner: bool
    is_own: bool

    @property
    def landed_price(self) -> Money:
        """What a buyer pays: item and shipping."""
        return self.listing_price + self.shipping


@dataclass(frozen=True, slots=True)
class OfferSnapshot:
    """All offers on an ASIN that Amazon shows a store, at most 20 for each condition.

    `observed_at` is Amazon's time; an older snapshot never replaces a newer one.
    """

    id: str
    merchant_id: str
    store_id: str
    asin: str
    offers: tuple[Offer, ...]
    observed_at: datetime
    """Amazon's time of the newest of it."""
    seen_at: dict[Condition, datetime] = field(default_factory=dict)
    """Amazon's time by condition: events speak of one condition each, in any order."""
    content_hash: str | None = None
    """Digest of `offers`; None on what was written before there was one."""

    @property
    def buy_box(self) -> Offer | None:
        """The offer that holds the Buy Box, if it is among those shown."""
        return next((offer for offer in self.offers if offer.is_buy_box_winner), None)


@dataclass(frozen=True, slots=True)
class Look:
    """When the offers on an item are to be looked at next, unless an event tells of them before."""

    id: str
    """That of the item's snapshot."""
    merchant_id: str
    store_id: str
    asin: str
    due_at: datetime
    seen_at: datetime | None = None
    """When they were last asked for, or an event last told of them; None for never."""


@dataclass(frozen=True, slots=True)
class OffersAge:
    """How old is what a store knows of the offers on its items."""

    items: int
    never_seen: int
    oldest_seen_at: datetime | None
    """Of what was seen; None where nothing was."""
    median_seen_at: datetime | None
    """Half of what was seen is older."""


_LONGEST_SPAN = timedelta(hours=48)


def span_between_looks(stake: Decimal) -> timedelta:
    """How long offers may go unseen where nothing tells of them.

    `stake` is what is at stake on the item in units of the store's currency, price times stock of what is on sale; a
    hundred times as much is looked at about three times as often: 10 each 13 hours, 1,000 each 5, nothing each 48.
    """
    return _LONGEST_SPAN / math.log2(2 + float(max(stake, Decimal(0))))


def offers_hash(offers: Iterable[Offer]) -> str:
    """A digest of what offers say, whatever their order."""
    return hashlib.sha256("\n".join(sorted(map(repr, offers))).encode()).hexdigest()


def snapshot_id(store_id: str, asin: str) -> str:
    """One snapshot is kept for each store and ASIN: the newest."""
    return f"{store_id}/{asin}"
