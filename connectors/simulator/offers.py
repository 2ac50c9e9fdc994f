"""Product Pricing v0: getItemOffers and its batch."""

import re
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
_URI = re.compile(r"/products/pricing/v0/items/([^/?]+)/offers")
_REASONS = {200: "OK", 400: "Bad Request", 403: "Forbidden"}
MOST_REQUESTS = 20


def get_item_offers(call: Call) -> JsonObject:
    """Offers of one condition on one item."""
    return _offers(
        call,
        call.path["asin"],
        call.query.one("MarketplaceId"),
        call.query.one("ItemCondition"),
        call.query.one("CustomerType"),
    )


def get_item_offers_batch(call: Call) -> JsonObject:
    """Up to 20 of the single requests in one, each with a status of its own."""
    requests = read_object(call.body).get("requests")
    if not isinstance(requests, list) or not 1 <= len(requests) <= MOST_REQUESTS:
        raise invalid(f"requests must hold 1 to {MOST_REQUESTS} requests.")
    return {"responses": [_one_of_batch(call, request) for request in requests]}


def _one_of_batch(call: Call, request: object) -> JsonObject:
    if not isinstance(request, dict):
        raise invalid("Each request must be an object.")
    uri, method = request.get("uri"), request.get("method")
    found = _URI.fullmatch(uri) if isinstance(uri, str) else None
    if found is None or method != "GET":
        raise invalid("Each request needs the uri of getItemOffers and the method GET.")
    asked = {
        name: request[name]
        for name in ("MarketplaceId", "ItemCondition", "CustomerType")
        if isinstance(request.get(name), str)
    }
    if not {"MarketplaceId", "ItemCondition"} <= asked.keys():
        raise invalid("Each request needs MarketplaceId and ItemCondition.")
    status, body = 200, {}
    try:
        body = _offers(
            call,
            found[1],
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
        "request": {"Asin": found[1], **asked},
    }


def _offers(
    call: Call, asin: str, marketplace_id: str | None, condition: str | None, customer: str | None
) -> JsonObject:
    world = call.world
    if marketplace_id is None:
        raise invalid("MarketplaceId is required.")
    if condition not in _CONDITIONS or customer not in {*_CUSTOMERS, None}:
        raise invalid("ItemCondition or CustomerType is missing or not known.")
    call.require_marketplaces([marketplace_id])
    item = world.items.get(asin)
    if item is None:
        raise invalid(f"{asin} is an invalid ASIN for marketplace {marketplace_id}")
    all_offers = item_offers(world, item)
    chosen = of_group(all_offers.offers, condition.lower())
    identity = {"MarketplaceId": marketplace_id, "ASIN": asin, "ItemCondition": condition}
    return {
        "payload": {
            "marketplaceId": marketplace_id,
            "ASIN": asin,
            "ItemCondition": condition,
            "status": "Success" if chosen else "NoBuyableOffers",
            "Identifier": identity,
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
