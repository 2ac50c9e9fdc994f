"""What a decision depends on, and a digest of it: equal digests mean equal verdicts, but for when to look again."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from domain.listing import Listing
from domain.money import Money
from domain.offer import OfferSnapshot
from domain.product import Product
from domain.run import RunStatus
from domain.store import Store
from rules.guardrails import DEFAULT_GUARDRAILS, Guardrails
from rules.language import Intelligent, RulesetDocument
from rules.market import seen

_PIPELINE = 4
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
    guardrails: Guardrails = DEFAULT_GUARDRAILS
    """Of these the limits on a single price."""
    answer: RunStatus | None = None
    """What became of the run that `listing.held` names; None where it names none."""

    @property
    def zone(self) -> ZoneInfo:
        """The store's time zone."""
        return ZoneInfo(self.store.settings.time_zone)

    @property
    def local(self) -> datetime:
        """The time in the store's time zone, by which rules start and end."""
        return self.now.astimezone(self.zone)

    @property
    def today(self) -> date:
        """The date in the store's time zone."""
        return self.local.date()

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

    Of the time it is what the rules see of it; of offers it is what they say, not when or in which order.
    """
    parts = (
        _PIPELINE,
        inputs.document.content_hash if inputs.document else None,
        sorted(inputs.matched),
        inputs.eligible,
        inputs.today.isoformat(),
        sorted(_of_time(inputs)),
        _of_store(inputs.store),
        inputs.product.content_hash,
        inputs.product.website_prices,
        # Orders lower the stock between imports.
        str(inputs.product.stock.normalize()),
        _of_listing(inputs.listing),
        (inputs.guardrails.minimum_price, inputs.guardrails.largest_step_percent),
        inputs.answer,
        _of_offers(inputs.offers),
    )
    return hashlib.sha256(repr(parts).encode()).hexdigest()


def expiries(inputs: PricingInputs) -> Iterator[tuple[str, datetime]]:
    """Moments, with a name each, at which what rules read of the market or of our own last change grows too old."""
    document, snapshot = inputs.document, inputs.offers
    for rule in document.timed if document else ():
        if isinstance(rule.action, Intelligent) and rule.action.competitor.max_age and snapshot:
            for condition in {offer.condition for offer in snapshot.offers}:
                until = seen(snapshot, condition) + rule.action.competitor.max_age
                yield f"{rule.key} {condition}", until
    changed_at = inputs.listing.price_changed_at
    for cooldown in _cooldowns(document) if document and changed_at else ():
        if changed_at is not None:
            yield f"cooldown {cooldown}", changed_at + cooldown


def _cooldowns(document: RulesetDocument) -> set[timedelta]:
    shapes = [document.shape, *(rule.shape for rule in document.timed)]
    return {shape.cooldown for shape in shapes if shape.cooldown is not None}


def _of_time(inputs: PricingInputs) -> Iterator[str]:
    """What the rules see of the time: which of them are out of season, and what has grown too old."""
    local = inputs.local
    for rule in inputs.document.timed if inputs.document else ():
        if rule.schedule.obstacle(local) is not None:
            yield f"rests {rule.key}"
    if inputs.document and _cooldowns(inputs.document):
        yield f"changed {inputs.listing.price_changed_at}"
    for name, until in expiries(inputs):
        if until < inputs.now:
            yield f"expired {name}"


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
        listing.wanted_terms,
        listing.override.price if listing.override else None,
        listing.owns_buy_box,
        listing.held,
    )


def _of_offers(snapshot: OfferSnapshot | None) -> list[str] | None:
    return None if snapshot is None else sorted(repr(offer) for offer in snapshot.offers)
