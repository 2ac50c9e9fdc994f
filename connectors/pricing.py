"""What a marketplace connector can tell of a price: what it costs in fees, and what others ask.

The protocols and the values that cross them, as in `connectors.port`; `connectors.connector` has all of them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Protocol

from domain.listing import Condition, Fulfilment
from domain.money import Money
from domain.offer import Offer


class Named(StrEnum):
    """By what a question names its item, in Amazon's words."""

    ASIN = "ASIN"
    SELLER_SKU = "SellerSKU"


@dataclass(frozen=True, slots=True)
class ItemName:
    """An item, or the seller's own listing on one."""

    by: Named
    value: str


@dataclass(frozen=True, slots=True)
class Problem:
    """Why one question of many has no answer."""

    code: str
    message: str


@dataclass(frozen=True, slots=True)
class FeesInquiry:
    """An offer as it could be. `shipping` is what the buyer would pay for it."""

    name: ItemName
    price: Money
    fulfilment: Fulfilment
    shipping: Money | None = None


@dataclass(frozen=True, slots=True)
class Fee:
    """One fee of one sale."""

    type: str
    """Amazon's word, such as ``ReferralFee``."""
    amount: Money
    """Before promotions and taxes."""
    final: Money
    included: tuple["Fee", ...] = ()
    """What it is made of."""


@dataclass(frozen=True, slots=True)
class FeesEstimate:
    """What the marketplace would take of one sale, or why it does not say."""

    name: ItemName
    total: Money | None
    """None where there is a problem."""
    fees: tuple[Fee, ...]
    """Not always told, though the total is."""
    estimated_at: datetime | None
    problem: Problem | None = None


@dataclass(frozen=True, slots=True)
class NamedOffers:
    """What everybody asks for an item, in the group of one condition, by the name that was asked for."""

    name: ItemName
    offers: tuple[Offer, ...]
    observed_at: datetime
    """The marketplace's time."""


@dataclass(frozen=True, slots=True)
class OwnPrice:
    """One offer of the seller's own, as buyers see it."""

    asin: str
    seller_sku: str
    is_business: bool
    listing_price: Money
    """With promotions taken off."""
    shipping: Money | None
    regular_price: Money | None
    fulfilment: Fulfilment


@dataclass(frozen=True, slots=True)
class CompetitivePrice:
    """The price in a Buy Box, and whether it is the seller's own."""

    condition: str
    """Amazon's word, such as ``new``."""
    is_business: bool
    at_least: int
    """From how many units on."""
    listing_price: Money
    shipping: Money | None
    is_own: bool


@dataclass(frozen=True, slots=True)
class CompetitivePricing:
    """How an item is priced, told shortly."""

    asin: str
    seller_sku: str | None
    prices: tuple[CompetitivePrice, ...]
    offer_counts: Mapping[str, int]
    """Number of offers by condition."""


@dataclass(frozen=True, slots=True)
class CompetingOffer:
    """An offer as the summaries tell it: less than `domain.offer.Offer` knows."""

    seller_id: str
    condition: str
    """Amazon's word for its group, such as ``New``."""
    fulfilment: Fulfilment | None
    listing_price: Money
    shipping: Money | None
    """None is not told, which is not the same as free."""
    is_own: bool


@dataclass(frozen=True, slots=True)
class BuyerSegment:
    """Buyers who see an offer featured."""

    membership: str
    """Amazon's word: PRIME, NON_PRIME, DEFAULT."""
    views_percent: Decimal | None
    """Their part of the looks at the item."""


@dataclass(frozen=True, slots=True)
class FeaturedOffer:
    """An offer that is in the Buy Box of some buyers."""

    offer: CompetingOffer
    segments: tuple[BuyerSegment, ...]


@dataclass(frozen=True, slots=True)
class CompetitiveSummary:
    """What an item is sold for, or why that is not told."""

    asin: str
    featured: tuple[FeaturedOffer, ...]
    lowest: Mapping[str, tuple[CompetingOffer, ...]]
    """The lowest landed prices by Amazon's word for the group of conditions, at most 20 each."""
    reference_prices: Mapping[str, Money]
    """By Amazon's name, such as ``CompetitivePrice``: the lowest price elsewhere that it looks at."""
    similar_asins: tuple[str, ...]
    problem: Problem | None = None


class ExpectedPriceStatus(StrEnum):
    """What became of the question for the price that wins the Buy Box."""

    VALID_FOEP = "VALID_FOEP"
    """There is one."""
    NO_COMPETING_OFFER = "NO_COMPETING_OFFER"
    """Nobody else could be featured."""
    OFFER_NOT_ELIGIBLE = "OFFER_NOT_ELIGIBLE"
    OFFER_NOT_FOUND = "OFFER_NOT_FOUND"
    ASIN_NOT_ELIGIBLE = "ASIN_NOT_ELIGIBLE"
    UNKNOWN = "UNKNOWN"
    """Another word of Amazon's, or there is a problem."""


@dataclass(frozen=True, slots=True)
class ExpectedPrice:
    """Up to what price a listing is expected to be the featured offer, all else being as it is."""

    seller_sku: str
    asin: str | None
    status: ExpectedPriceStatus
    price: Money | None
    """Without shipping; None but for `VALID_FOEP`."""
    competing: CompetingOffer | None
    """Who is featured above that price."""
    featured: CompetingOffer | None
    """Who is now."""
    problem: Problem | None = None


class EstimatesFees(Protocol):
    """Tells what the marketplace would take."""

    async def fees_estimate(self, inquiry: FeesInquiry) -> FeesEstimate:
        """The fees of one sale; raises `Rejected` where the marketplace knows of no such item."""

    async def fees_estimates(self, inquiries: Sequence[FeesInquiry]) -> list[FeesEstimate]:
        """Those of at most 20, in the order of the questions, each with a problem of its own."""


class ReadsListingOffers(Protocol):
    """Reads what everybody asks, by the name of an item or of the seller's listing."""

    async def offers_on(self, name: ItemName, condition: Condition) -> NamedOffers:
        """Offers on one, in the condition's group."""

    async def listing_offers(
        self, seller_skus: Sequence[str], condition: Condition
    ) -> list[NamedOffers]:
        """Those of at most 20 listings; listings for which there was no answer this time are left out."""


class ReadsPrices(Protocol):
    """Reads prices shortly. At most 20 names a question; a SKU that holds a comma cannot be asked for."""

    async def own_prices(self, by: Named, names: Sequence[str]) -> list[OwnPrice]:
        """What the seller itself asks."""

    async def competitive_pricing(
        self, by: Named, names: Sequence[str]
    ) -> list[CompetitivePricing]:
        """What the Buy Boxes ask."""


class ReadsCompetition(Protocol):
    """Reads what wins the Buy Box. Both are scarce: two questions a minute."""

    async def competitive_summaries(
        self, asins: Sequence[str], conditions: Sequence[Condition] = (Condition.NEW,)
    ) -> list[CompetitiveSummary]:
        """Summaries of at most 20 items, with the lowest offers in the groups of the conditions."""

    async def expected_prices(self, seller_skus: Sequence[str]) -> list[ExpectedPrice]:
        """Prices that win the Buy Box, for at most 40 listings."""


class Pricing(EstimatesFees, ReadsListingOffers, ReadsPrices, ReadsCompetition, Protocol):
    """All of it."""
