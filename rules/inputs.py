"""What a decision depends on, and a digest of it: equal digests mean equal verdicts."""

import hashlib
from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from domain.listing import Listing
from domain.money import Money
from domain.offer import OfferSnapshot
from domain.product import Product
from domain.store import Store
from rules.language import RulesetDocument

_PIPELINE = 1
"""Counts the versions of the pipeline: raise it when the same inputs lead to another verdict."""


@dataclass(frozen=True, slots=True)
class PricingInputs:
    """Everything that a decision depends on."""

    store: Store
    product: Product
    listing: Listing
    offers: OfferSnapshot | None
    document: RulesetDocument | None
    """The store's published pricing rules."""
    matched: frozenset[str]
    """Keys of the rules whose conditions hold, as a matcher said of `facts_of(product, store, listing, offers)`."""
    eligible: bool
    """What `rules.eligibility.judge` said; it decides the quantity, never the price."""
    now: datetime

    @property
    def today(self) -> date:
        """The date in the store's time zone, by which rules start and end."""
        return self.now.astimezone(ZoneInfo(self.store.settings.time_zone)).date()

    @property
    def price_before(self) -> Money | None:
        """The price last wanted, or the live one while none was."""
        return (
            self.listing.price if self.listing.wanted_price is None else self.listing.wanted_price
        )

    @property
    def quantity_before(self) -> int | None:
        """The quantity last wanted; None where what Amazon shows is not known: never wanted, or sold from since."""
        return self.listing.wanted_quantity


def inputs_hash(inputs: PricingInputs) -> str:
    """SHA-256, in hexadecimal, over all that `rules.pricing.decide` reads.

    Of the time it is the date in the store's time zone; of offers it is what they say, not when or in which order.
    """
    parts = (
        _PIPELINE,
        inputs.document.content_hash if inputs.document else None,
        sorted(inputs.matched),
        inputs.eligible,
        inputs.today.isoformat(),
        _of_store(inputs.store),
        inputs.product.content_hash,
        # Orders lower the stock between imports.
        str(inputs.product.stock.normalize()),
        _of_listing(inputs.listing),
        _of_offers(inputs.offers),
    )
    return hashlib.sha256(repr(parts).encode()).hexdigest()


def _of_store(store: Store) -> tuple[object, ...]:
    return (store.country, store.currency, store.settings.price, store.settings.stock)


def _of_listing(listing: Listing) -> tuple[object, ...]:
    return (
        listing.seller_sku,
        listing.asin,
        listing.condition.value,
        listing.fulfilment.value,
        listing.price,
        listing.quantity,
        listing.wanted_price,
        listing.wanted_quantity,
        listing.override.price if listing.override else None,
        listing.owns_buy_box,
    )


def _of_offers(snapshot: OfferSnapshot | None) -> list[str] | None:
    return None if snapshot is None else sorted(repr(offer) for offer in snapshot.offers)
