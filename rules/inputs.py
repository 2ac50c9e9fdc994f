"""What a decision depends on, and digests of it."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from domain.listing import NO_TERMS, Listing
from domain.money import Money
from domain.offer import OfferSnapshot, offers_hash
from domain.product import Product
from domain.run import RunStatus
from domain.store import Store
from rules.guardrails import DEFAULT_GUARDRAILS, Guardrails
from rules.language import Intelligent, RulesetDocument
from rules.market import seen

PIPELINE = 5
"""Counts the versions of the pipeline: raise it when the same inputs lead to another verdict, trace or digest."""


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
        return zone_of(self.store)

    @property
    def local(self) -> datetime:
        """The time in the store's time zone, by which rules start and end."""
        return self.now.astimezone(self.zone)

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


def zone_of(store: Store) -> ZoneInfo:
    """The time zone in which a store's rules start and end."""
    return ZoneInfo(store.settings.time_zone)


class Digester:
    """Makes the digests of what decisions of a store rest on, by one set of rules at one moment.

    A digest covers all that `rules.eligibility.judge`, the matching of rules and `rules.pricing.decide` read, so it is
    known before any of them is asked. Of the time it is what the rules see of it; of offers it is what they say, not
    when or in which order.
    """

    def __init__(
        self,
        store: Store,
        now: datetime,
        pricing: RulesetDocument | None,
        listing: RulesetDocument | None,
        guardrails: Guardrails = DEFAULT_GUARDRAILS,
    ) -> None:
        self._now, self._pricing = now, pricing
        self._cooldowns = _cooldowns(pricing) if pricing else frozenset()
        self._reads_time = bool(pricing and (pricing.timed or self._cooldowns))
        local = now.astimezone(zone_of(store))
        timed = pricing.timed if pricing else ()
        parts = (
            PIPELINE,
            pricing.content_hash if pricing else None,
            listing.content_hash if listing else None,
            sorted(rule.key for rule in timed if rule.schedule.obstacle(local) is not None),
            (store.country, store.currency, store.settings.price, store.settings.stock),
            (guardrails.minimum_price, guardrails.largest_step_percent),
        )
        self._common = hashlib.sha256(repr(parts).encode())

    def of(
        self,
        product: Product,
        listing: Listing,
        offers: OfferSnapshot | None,
        answer: RunStatus | None,
    ) -> str:
        """SHA-256, in hexadecimal: equal digests mean equal verdicts, but for when to look again."""
        parts = (
            product.content_hash,
            repr(product.website_prices) if product.website_prices else "",
            # Orders lower the stock between imports.
            str(product.stock.normalize()),
            *_of_listing(listing),
            str(listing.owns_buy_box) if offers is None else "",
            answer or "",
            "" if offers is None else offers.content_hash or offers_hash(offers.offers),
            *(self._of_time(listing, offers) if self._reads_time else ()),
        )
        digest = self._common.copy()
        digest.update("\n".join(parts).encode())
        return digest.hexdigest()

    @property
    def reads_age(self) -> bool:
        """Whether the age of single offers counts, so that knowing their `content_hash` is not enough."""
        timed = self._pricing.timed if self._pricing else ()
        return any(
            isinstance(rule.action, Intelligent) and rule.action.competitor.max_age
            for rule in timed
        )

    def _of_time(self, listing: Listing, offers: OfferSnapshot | None) -> list[str]:
        """What has grown too old of what the rules read."""
        document = self._pricing
        assert document is not None
        changed = [f"changed {listing.price_changed_at}"] if self._cooldowns else []
        moments = expiries(document, listing, offers)
        return sorted(changed + [f"expired {name}" for name, until in moments if until < self._now])


def expiries(
    document: RulesetDocument, listing: Listing, offers: OfferSnapshot | None
) -> Iterator[tuple[str, datetime]]:
    """Moments, with a name each, at which what rules read of the market or of our own last change grows too old."""
    for rule in document.timed:
        if isinstance(rule.action, Intelligent) and rule.action.competitor.max_age and offers:
            for condition in {offer.condition for offer in offers.offers}:
                until = seen(offers, condition) + rule.action.competitor.max_age
                yield f"{rule.key} {condition}", until
    changed_at = listing.price_changed_at
    for cooldown in _cooldowns(document) if changed_at else ():
        if changed_at is not None:
            yield f"cooldown {cooldown}", changed_at + cooldown


def _cooldowns(document: RulesetDocument) -> set[timedelta]:
    shapes = [document.shape, *(rule.shape for rule in document.timed)]
    return {shape.cooldown for shape in shapes if shape.cooldown is not None}


def _of_listing(listing: Listing) -> tuple[str, ...]:
    terms, override, held = listing.wanted_terms, listing.override, listing.held
    return (
        listing.seller_sku,
        listing.asin or "",
        listing.condition,
        listing.fulfilment,
        listing.status,
        _of_money(listing.price),
        str(listing.quantity),
        _of_money(listing.wanted_price),
        str(listing.wanted_quantity),
        "" if terms == NO_TERMS else repr(terms),
        _of_money(override.price) if override else "",
        repr(held) if held else "",
    )


def _of_money(money: Money | None) -> str:
    return "" if money is None else f"{money.minor} {money.currency}"
