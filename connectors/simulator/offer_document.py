"""Offers on one item as Amazon describes them, in the shape that the pricing API and notifications share."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from connectors.simulator.chance import between
from connectors.simulator.market import (
    MarketOffer,
    buy_box_holder,
    is_eligible,
    offers_on,
    price_threshold,
)
from connectors.simulator.wire import JsonObject, amount_object
from connectors.simulator.world import Item, World

MOST_OFFERS = 20


@dataclass(frozen=True, slots=True)
class ItemOffers:
    """Everything on sale for an item at this moment."""

    item: Item
    offers: list[MarketOffer]
    holder: str | None
    currency: str

    @property
    def featured(self) -> MarketOffer | None:
        """The offer in the Buy Box."""
        return next((offer for offer in self.offers if offer.key == self.holder), None)

    @property
    def lowest(self) -> list[MarketOffer]:
        """The cheapest offer of each condition and channel."""
        cheapest: dict[tuple[str, bool], MarketOffer] = {}
        for offer in self.offers:
            cheapest.setdefault((offer.group, offer.fulfilled_by_amazon), offer)
        return list(cheapest.values())

    def counts(self, *, eligible: bool) -> Counter[tuple[str, str]]:
        """Number of offers by condition and channel, of all or of those that may be featured."""
        return Counter(
            (offer.group, channel(offer))
            for offer in self.offers
            if not eligible or is_eligible(self.item, offer)
        )

    def prices(self, offer: MarketOffer) -> JsonObject:
        """Landed price, listing price and shipping."""
        return {
            "LandedPrice": amount_object(offer.landed, self.currency),
            "ListingPrice": amount_object(offer.price, self.currency),
            "Shipping": amount_object(offer.shipping, self.currency),
        }

    def amounts(self) -> JsonObject:
        """The item's list price and the price above which nothing is featured."""
        return {
            "ListPrice": amount_object(self.item.reference, self.currency),
            "CompetitivePriceThreshold": amount_object(price_threshold(self.item), self.currency),
        }

    def sales_rankings(self, seed: int) -> list[JsonObject]:
        """How it sells in its one category."""
        category = self.item.product_type.lower()
        return [{"ProductCategoryId": category, "Rank": sales_rank(seed, self.item)}]


def sales_rank(seed: int, item: Item) -> int:
    """A rank that stays the same over the whole story."""
    return between(1, 250_000, seed, "rank", item.asin)


def item_offers(world: World, item: Item) -> ItemOffers:
    """The offers on an item as they stand."""
    return ItemOffers(
        item, offers_on(world, item.asin), buy_box_holder(world, item.asin), world.currency
    )


def of_group(offers: Iterable[MarketOffer], group: str) -> list[MarketOffer]:
    """The first 20 offers of a condition."""
    return [offer for offer in offers if offer.group == group][:MOST_OFFERS]


def channel(offer: MarketOffer) -> str:
    """Who ships, in Amazon's word."""
    return "Amazon" if offer.fulfilled_by_amazon else "Merchant"


def sub_condition(offer: MarketOffer) -> str:
    """The shade of the condition: ``used_very_good`` is ``very_good``."""
    return offer.condition.split("_", 1)[1]


def shipping_hours(offer: MarketOffer) -> tuple[int, int]:
    """Shortest and longest time until it is shipped."""
    return (0, 0) if offer.fulfilled_by_amazon else (24, 48)
