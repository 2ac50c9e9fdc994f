"""Product Pricing v0: getItemOffers, getListingOffers and their batches."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import unquote
from uuid import uuid4

from connectors.simulator.clock import http_date
from connectors.simulator.market import MarketOffer, is_eligible
from connectors.simulator.offer_document import (
    ItemOffers,
    channel,
    item_offers,
    of_group,
    shipping_hours,
    sub_condition,
)
from connectors.simulator.operations import Call
from connectors.simulator.wire import JsonObject, SpApiError, invalid, read_object

_CONDITIONS = frozenset({"New", "Used", "Collectible", "Refurbished", "Club"})
_CUSTOMERS = frozenset({"Consumer", "Business"})
_REASONS = {200: "OK", 400: "Bad Request", 403: "Forbidden"}
MOST_REQUESTS = 20


@dataclass(frozen=True, slots=True)
class Naming:
    """How a pair of operations names what it is about: on its own path, in answers, in identifiers, when echoed."""

    uri: re.Pattern[str]
    answer: str
    identifier: str
    echo: str
    asin: Callable[[Call, str], str | None]
    """The ASIN of what is named, where there is such a thing."""


def _listed(call: Call, sku: str) -> str | None:
    listing = call.world.listing(call.seller_id, sku)
    return listing.asin if listing else None


_BY_ASIN = Naming(
    *(re.compile(r"/products/pricing/v0/items/([^/?]+)/offers"), "ASIN", "ASIN", "Asin"),
    asin=lambda _, asin: asin,
)
_BY_SKU = Naming(
    *(re.compile(r"/products/pricing/v0/listings/([^/?]+)/offers"), "SKU", "SellerSKU"),
    echo="SellerSKU",
    asin=_listed,
)


def get_item_offers(call: Call) -> JsonObject:
    """Offers of one condition on one item."""
    return _single(call, _BY_ASIN, call.path["asin"])


def get_listing_offers(call: Call) -> JsonObject:
    """Offers of one condition on the item of one listing of the seller."""
    return _single(call, _BY_SKU, call.path["sku"])


def get_item_offers_batch(call: Call) -> JsonObject:
    """Up to 20 of the single requests in one, each with a status of its own."""
    return _batch(call, _BY_ASIN)


def get_listing_offers_batch(call: Call) -> JsonObject:
    """Likewise, of listings."""
    return _batch(call, _BY_SKU)


def _single(call: Call, naming: Naming, name: str) -> JsonObject:
    return _offers(
        call,
        naming,
        name,
        call.query.one("MarketplaceId"),
        call.query.one("ItemCondition"),
        call.query.one("CustomerType"),
    )


def _batch(call: Call, naming: Naming) -> JsonObject:
    requests = read_object(call.body).get("requests")
    if not isinstance(requests, list) or not 1 <= len(requests) <= MOST_REQUESTS:
        raise invalid(f"requests must hold 1 to {MOST_REQUESTS} requests.")
    return {"responses": [_one_of_batch(call, naming, request) for request in requests]}


def _one_of_batch(call: Call, naming: Naming, request: object) -> JsonObject:
    if not isinstance(request, dict):
        raise invalid("Each request must be an object.")
    uri, method = request.get("uri"), request.get("method")
    found = naming.uri.fullmatch(uri) if isinstance(uri, str) else None
    if found is None or method != "GET":
        raise invalid("Each request needs the uri of the single operation and the method GET.")
    name = unquote(found[1])
    asked = {
        part: request[part]
        for part in ("MarketplaceId", "ItemCondition", "CustomerType")
        if isinstance(request.get(part), str)
    }
    if not {"MarketplaceId", "ItemCondition"} <= asked.keys():
        raise invalid("Each request needs MarketplaceId and ItemCondition.")
    status, body = 200, {}
    try:
        body = _offers(
            call,
            naming,
            name,
            asked["MarketplaceId"],
            asked["ItemCondition"],
            asked.get("CustomerType"),
        )
    except SpApiError as error:
        status, body = error.status, error.body
    return {
        "status": {"statusCode": status, "reasonPhrase": _REASONS[status]},
        "headers": {"x-amzn-RequestId": str(uuid4()), "Date": http_date(call.world.now_ms)},
        "body": body,
        "request": {naming.echo: name, **asked},
    }


def _offers(
    call: Call,
    naming: Naming,
    name: str,
    marketplace_id: str | None,
    condition: str | None,
    customer: str | None,
) -> JsonObject:
    world = call.world
    if marketplace_id is None:
        raise invalid("MarketplaceId is required.")
    if condition not in _CONDITIONS or customer not in {*_CUSTOMERS, None}:
        raise invalid("ItemCondition or CustomerType is missing or not known.")
    call.require_marketplaces([marketplace_id])
    item = world.items.get(naming.asin(call, name) or "")
    if item is None:
        raise invalid(f"{name} is an invalid {naming.answer} for marketplace {marketplace_id}")
    all_offers = item_offers(world, item)
    chosen = of_group(all_offers.offers, condition.lower())
    return {
        "payload": {
            "marketplaceId": marketplace_id,
            naming.answer: name,
            "ItemCondition": condition,
            "status": "Success" if chosen else "NoBuyableOffers",
            "Identifier": {
                "MarketplaceId": marketplace_id,
                naming.identifier: name,
                "ItemCondition": condition,
            },
            "Summary": _summary(all_offers, world.seed),
            "Offers": [_offer(call, all_offers, offer) for offer in chosen],
        }
    }


def _summary(found: ItemOffers, seed: int) -> JsonObject:
    summary: JsonObject = {
        "TotalOfferCount": len(found.offers),
        "NumberOfOffers": _counts(found, eligible=False),
        "LowestPrices": [
            {
                "condition": offer.group,
                "fulfillmentChannel": channel(offer),
                **found.prices(offer),
            }
            for offer in found.lowest
        ],
        "BuyBoxEligibleOffers": _counts(found, eligible=True),
        **found.amounts(),
        "SalesRankings": found.sales_rankings(seed),
    }
    if featured := found.featured:
        summary["BuyBoxPrices"] = [{"condition": featured.group, **found.prices(featured)}]
    return summary


def _counts(found: ItemOffers, *, eligible: bool) -> list[JsonObject]:
    return [
        {"condition": condition, "fulfillmentChannel": channel_name, "OfferCount": count}
        for (condition, channel_name), count in sorted(found.counts(eligible=eligible).items())
    ]


def _offer(call: Call, found: ItemOffers, offer: MarketOffer) -> JsonObject:
    prices = found.prices(offer)
    shortest, longest = shipping_hours(offer)
    return {
        "MyOffer": offer.seller_id == call.seller_id,
        "SubCondition": sub_condition(offer),
        "SellerId": offer.seller_id,
        "SellerFeedbackRating": {
            "SellerPositiveFeedbackRating": offer.rating,
            "FeedbackCount": offer.feedback,
        },
        "ShippingTime": {
            "minimumHours": shortest,
            "maximumHours": longest,
            "availabilityType": "NOW",
        },
        "ListingPrice": prices["ListingPrice"],
        "Shipping": prices["Shipping"],
        "ShipsFrom": {"Country": call.world.marketplace.country},
        "IsFulfilledByAmazon": offer.fulfilled_by_amazon,
        "PrimeInformation": {
            "IsPrime": offer.fulfilled_by_amazon,
            "IsNationalPrime": offer.fulfilled_by_amazon,
        },
        "IsBuyBoxWinner": offer.key == found.holder,
        "IsFeaturedMerchant": is_eligible(found.item, offer),
    }
