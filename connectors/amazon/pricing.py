"""The part of the connector about prices: everything that `connectors.pricing` asks."""

from collections.abc import Sequence

from connectors.amazon import competition, fees, listing_offers, prices
from connectors.amazon.transport import Transport
from connectors.pricing import (
    CompetitivePricing,
    CompetitiveSummary,
    ExpectedPrice,
    FeesEstimate,
    FeesInquiry,
    ItemName,
    Named,
    NamedOffers,
    OwnPrice,
)
from domain.clock import Clock
from domain.listing import Condition


class AmazonPricing:
    """Tells of prices on one marketplace, for one seller account."""

    _transport: Transport
    _clock: Clock

    async def fees_estimate(self, inquiry: FeesInquiry) -> FeesEstimate:
        """The fees of one sale."""
        return await fees.one(self._transport, inquiry)

    async def fees_estimates(self, inquiries: Sequence[FeesInquiry]) -> list[FeesEstimate]:
        """Those of at most 20, in the order of the questions."""
        return await fees.several(self._transport, inquiries)

    async def offers_on(self, name: ItemName, condition: Condition) -> NamedOffers:
        """Offers on one item or listing, in the condition's group."""
        return await listing_offers.one(self._transport, name, condition, self._clock)

    async def listing_offers(
        self, seller_skus: Sequence[str], condition: Condition
    ) -> list[NamedOffers]:
        """Those of at most 20 listings."""
        return await listing_offers.several(self._transport, seller_skus, condition, self._clock)

    async def own_prices(self, by: Named, names: Sequence[str]) -> list[OwnPrice]:
        """What the seller itself asks, for at most 20 items or listings."""
        return await prices.own(self._transport, by, names)

    async def competitive_pricing(
        self, by: Named, names: Sequence[str]
    ) -> list[CompetitivePricing]:
        """What the Buy Boxes ask, for at most 20 items or listings."""
        return await prices.competitive(self._transport, by, names)

    async def competitive_summaries(
        self, asins: Sequence[str], conditions: Sequence[Condition] = (Condition.NEW,)
    ) -> list[CompetitiveSummary]:
        """Summaries of at most 20 items."""
        return await competition.summaries(self._transport, asins, conditions)

    async def expected_prices(self, seller_skus: Sequence[str]) -> list[ExpectedPrice]:
        """Prices that win the Buy Box, for at most 40 listings."""
        return await competition.expected_prices(self._transport, seller_skus)
