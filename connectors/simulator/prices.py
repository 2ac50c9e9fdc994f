"""Product Pricing v0: getPricing and getCompetitivePricing."""

from collections import Counter
from collections.abc import Callable

from connectors.simulator.market import condition_group
from connectors.simulator.offer_document import ItemOffers, item_offers, sub_condition
from connectors.simulator.operations import Call
from connectors.simulator.wire import JsonObject, amount_object, invalid
from connectors.simulator.world import Listing

MOST_NAMES = 20
_CONDITIONS = frozenset({"New", "Used", "Collectible", "Refurbished", "Club"})
_KINDS = {"Asin": "Asins", "Sku": "Skus"}

Describe = Callable[[Call, str, list[Listing]], JsonObject]
"""What is told of an item; of the seller's listings on it those that were asked for are handed in."""


def get_pricing(call: Call) -> JsonObject:
    """The seller's own live offers on some items or listings."""
    offer_type = call.query.one("OfferType") or "B2C"
    condition = call.query.one("ItemCondition")
    if offer_type not in {"B2C", "B2B"} or condition not in {*_CONDITIONS, None}:
        raise invalid("OfferType or ItemCondition is not known.")

    def describe(call: Call, asin: str, mine: list[Listing]) -> JsonObject:
        del asin
        wanted = [
            listing
            for listing in mine
            if condition in {condition_group(listing.condition).capitalize(), None}
        ]
        offers = [_offer(call, listing, is_business=offer_type == "B2B") for listing in wanted]
        return {"Offers": [offer for offer in offers if offer is not None]}

    return _answer(call, describe)


def get_competitive_pricing(call: Call) -> JsonObject:
    """What the Buy Boxes of some items or listings ask."""
    if call.query.one("CustomerType") not in {"Consumer", "Business", None}:
        raise invalid("CustomerType is not known.")
    return _answer(call, _competitive)


def _answer(call: Call, describe: Describe) -> JsonObject:
    marketplace_id = call.query.one("MarketplaceId")
    if marketplace_id is None:
        raise invalid("MarketplaceId is required.")
    kind = call.query.one("ItemType")
    if kind not in _KINDS:
        raise invalid("ItemType is Asin or Sku.")
    names = call.query.many(_KINDS[kind], most=MOST_NAMES)
    if not names:
        raise invalid(f"{_KINDS[kind]} is required.")
    call.require_marketplaces([marketplace_id])
    one = _of_asin if kind == "Asin" else _of_sku
    return {"payload": [one(call, name, describe) for name in names]}


def _of_asin(call: Call, asin: str, describe: Describe) -> JsonObject:
    if asin not in call.world.items:
        return {"status": "ClientError", "ASIN": asin}
    mine = [
        listing
        for listing in call.world.listings_by_asin.get(asin, {}).values()
        if listing.seller_id == call.seller_id
    ]
    product = {"Identifiers": _identifiers(call, asin), **describe(call, asin, mine)}
    return {"status": "Success", "ASIN": asin, "Product": product}


def _of_sku(call: Call, sku: str, describe: Describe) -> JsonObject:
    listing = call.world.listing(call.seller_id, sku)
    if listing is None or listing.asin is None:
        return {"status": "ClientError", "SellerSKU": sku}
    identifiers = {
        **_identifiers(call, listing.asin),
        "SKUIdentifier": {
            "MarketplaceId": call.world.marketplace_id,
            "SellerId": call.seller_id,
            "SellerSKU": sku,
        },
    }
    product = {"Identifiers": identifiers, **describe(call, listing.asin, [listing])}
    return {"status": "Success", "SellerSKU": sku, "Product": product}


def _identifiers(call: Call, asin: str) -> JsonObject:
    return {"MarketplaceASIN": {"MarketplaceId": call.world.marketplace_id, "ASIN": asin}}


def _offer(call: Call, listing: Listing, *, is_business: bool) -> JsonObject | None:
    """An offer that is live to its audience."""
    price = listing.business_price if is_business else listing.price
    if price is None or listing.price is None or not listing.is_buyable:
        return None
    currency = call.world.currency
    group, _, shade = listing.condition.partition("_")
    return {
        "offerType": "B2B" if is_business else "B2C",
        "BuyingPrice": {
            "LandedPrice": amount_object(price, currency),
            "ListingPrice": amount_object(price, currency),
            "Shipping": amount_object(0, currency),
        },
        "RegularPrice": amount_object(listing.price, currency),
        "FulfillmentChannel": "AMAZON" if listing.fulfilled_by_amazon else "MERCHANT",
        "ItemCondition": group.capitalize(),
        "ItemSubCondition": shade.capitalize(),
        "SellerSKU": listing.sku,
    }


def _competitive(call: Call, asin: str, mine: list[Listing]) -> JsonObject:
    del mine
    found = item_offers(call.world, call.world.items[asin])
    counts = Counter(offer.group for offer in found.offers)
    return {
        "CompetitivePricing": {
            "CompetitivePrices": _buy_boxes(call, found),
            "NumberOfOfferListings": [
                {"condition": group, "Count": count} for group, count in sorted(counts.items())
            ],
        },
        "SalesRankings": found.sales_rankings(call.world.seed),
    }


def _buy_boxes(call: Call, found: ItemOffers) -> list[JsonObject]:
    """Only new offers are featured here, so there is one at most."""
    featured = found.featured
    if featured is None:
        return []
    return [
        {
            "CompetitivePriceId": "1",
            "Price": found.prices(featured),
            "condition": featured.group,
            "subcondition": sub_condition(featured),
            "offerType": "B2C",
            "sellerId": featured.seller_id,
            "belongsToRequester": featured.seller_id == call.seller_id,
        }
    ]
