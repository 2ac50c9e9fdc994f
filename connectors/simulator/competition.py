"""Product Pricing 2022-05-01: getCompetitiveSummary and getFeaturedOfferExpectedPriceBatch."""

from collections.abc import Callable
from typing import Any

from connectors.simulator.market import MarketOffer, condition_group, price_to_win
from connectors.simulator.offer_document import ItemOffers, item_offers, of_group, sub_condition
from connectors.simulator.operations import Call
from connectors.simulator.wire import JsonObject, invalid, number, read_object
from connectors.simulator.world import Item, Listing

MOST_ITEMS, MOST_LISTINGS, MOST_INPUTS = 20, 40, 5
_SUMMARY, _EXPECTED = (
    "/products/pricing/2022-05-01/items/competitiveSummary",
    "/products/pricing/2022-05-01/offer/featuredOfferExpectedPrice",
)
_CONDITIONS = frozenset({"New", "Used", "Collectible", "Refurbished", "Club"})
_SHADES = {"like_new": "Mint", "very_good": "VeryGood"}
_OK: JsonObject = {"statusCode": 200, "reasonPhrase": "Success"}
_REFUSED: JsonObject = {"statusCode": 400, "reasonPhrase": "Client Error"}


def get_competitive_summary(call: Call) -> JsonObject:
    """What some items are sold for."""
    requests = _requests(call, MOST_ITEMS, _SUMMARY, "asin")
    return {"responses": [_summary(call, request) for request in requests]}


def get_featured_offer_expected_price_batch(call: Call) -> JsonObject:
    """Up to what price some of the seller's listings would hold the Buy Box."""
    requests = _requests(call, MOST_LISTINGS, _EXPECTED, "sku")
    return {"responses": [_expected(call, request) for request in requests]}


def _requests(call: Call, most: int, uri: str, name: str) -> list[JsonObject]:
    requests = read_object(call.body).get("requests")
    if not isinstance(requests, list) or not 1 <= len(requests) <= most:
        raise invalid(f"requests must hold 1 to {most} requests.")
    for request in requests:
        if not isinstance(request, dict):
            raise invalid("Each request must be an object.")
        if (request.get("method"), request.get("uri")) != ("GET", uri):
            raise invalid(f"Each request needs the uri {uri} and the method GET.")
        if not isinstance(request.get(name), str):
            raise invalid(f"Each request needs the {name}.")
        marketplace_id = request.get("marketplaceId")
        call.require_marketplaces([marketplace_id] if isinstance(marketplace_id, str) else [])
    return requests


def _summary(call: Call, request: JsonObject) -> JsonObject:
    included = request.get("includedData")
    if (
        not isinstance(included, list)
        or not included
        or not all(isinstance(each, str) and each in _DATA for each in included)
    ):
        raise invalid(f"includedData takes {', '.join(sorted(_DATA))}.")
    inputs = _inputs(request)
    identity = {"asin": request["asin"], "marketplaceId": request["marketplaceId"]}
    item = call.world.items.get(request["asin"])
    if item is None:
        error = {"code": "INVALID_ASIN", "message": f"{request['asin']} is not a valid ASIN"}
        return {"status": _REFUSED, "body": {**identity, "errors": [error]}}
    found = item_offers(call.world, item)
    data = {each: _DATA[each](call, found, inputs) for each in included}
    return {"status": _OK, "body": {**identity, **data}}


def _inputs(request: JsonObject) -> list[JsonObject]:
    """For which conditions the lowest offers are asked."""
    inputs = request.get("lowestPricedOffersInputs", [])
    if not isinstance(inputs, list) or len(inputs) > MOST_INPUTS:
        raise invalid(f"lowestPricedOffersInputs takes at most {MOST_INPUTS} values.")
    for each in inputs:
        is_known = isinstance(each, dict) and each.get("itemCondition") in _CONDITIONS
        if not is_known or each.get("offerType") != "Consumer":
            raise invalid("Each of lowestPricedOffersInputs needs itemCondition and offerType.")
    return inputs


def _featured(call: Call, found: ItemOffers, inputs: list[JsonObject]) -> list[JsonObject]:
    """One offer for all buyers: the market does not tell them apart."""
    del call, inputs
    if found.featured is None:
        return []
    everybody = {
        "customerMembership": "DEFAULT",
        "segmentDetails": {"glanceViewWeightPercentage": 100},
    }
    offer = {**_offer(found, found.featured), "featuredOfferSegments": [everybody]}
    return [{"buyingOptionType": "New", "segmentedFeaturedOffers": [offer]}]


def _lowest(call: Call, found: ItemOffers, inputs: list[JsonObject]) -> list[JsonObject]:
    """Conditions in which nobody offers the item are left out."""
    del call
    by_group = [(each, of_group(found.offers, each["itemCondition"].lower())) for each in inputs]
    return [
        {"lowestPricedOffersInput": each, "offers": [_offer(found, offer) for offer in offers]}
        for each, offers in by_group
        if offers
    ]


def _references(call: Call, found: ItemOffers, inputs: list[JsonObject]) -> list[JsonObject]:
    del call, inputs
    return [{"name": "CompetitivePrice", "price": _money(found.item.reference, found.currency)}]


def _similar(call: Call, found: ItemOffers, inputs: list[JsonObject]) -> list[JsonObject]:
    """The other variations of an item's family."""
    del inputs
    parent = call.world.items.get(found.item.parent_asin or "")
    family = parent.child_asins if parent else ()
    return [{"items": [{"asin": asin} for asin in family if asin != found.item.asin]}]


_DATA: dict[str, Callable[[Call, ItemOffers, list[JsonObject]], list[JsonObject]]] = {
    "featuredBuyingOptions": _featured,
    "lowestPricedOffers": _lowest,
    "referencePrices": _references,
    "similarItems": _similar,
}


def _expected(call: Call, request: JsonObject) -> JsonObject:
    echoed = {
        name: request[name] for name in ("marketplaceId", "sku", "segment") if name in request
    }
    listing = call.world.listing(call.seller_id, request["sku"])
    item = call.world.items.get((listing and listing.asin) or "")
    if listing is None or item is None:
        error = {
            "code": "INVALID_SKU",
            "message": "The requested SKU does not exist for the seller in the requested Amazon store.",
        }
        answer: JsonObject = {"status": _REFUSED, "body": {"errors": [error]}}
    else:
        body = {
            "offerIdentifier": {
                **_identifier(call, item.asin, call.seller_id, listing.fulfilled_by_amazon),
                "sku": listing.sku,
            },
            "featuredOfferExpectedPriceResults": [_result(call, item, listing)],
        }
        answer = {"status": _OK, "body": body}
    return {"request": echoed, "headers": {}, **answer}


def _result(call: Call, item: Item, listing: Listing) -> JsonObject:
    found = item_offers(call.world, item)
    result: JsonObject = {}
    if found.featured is not None:
        result["currentFeaturedOffer"] = _identified(call, found, found.featured)
    if not listing.is_buyable:
        return {**result, "resultStatus": "OFFER_NOT_FOUND"}
    if condition_group(listing.condition) != "new":
        return {**result, "resultStatus": "OFFER_NOT_ELIGIBLE"}
    winning = price_to_win(call.world, listing)
    if winning is None:
        return {**result, "resultStatus": "NO_COMPETING_OFFER"}
    price, other = winning
    return {
        **result,
        "resultStatus": "VALID_FOEP",
        "featuredOfferExpectedPrice": {"listingPrice": _money(price, found.currency)},
        "competingFeaturedOffer": _identified(call, found, other),
    }


def _identified(call: Call, found: ItemOffers, offer: MarketOffer) -> JsonObject:
    who = _identifier(call, found.item.asin, offer.seller_id, offer.fulfilled_by_amazon)
    price = {
        "listingPrice": _money(offer.price, found.currency),
        "shippingPrice": _money(offer.shipping, found.currency),
    }
    return {"offerIdentifier": who, "condition": offer.group.capitalize(), "price": price}


def _identifier(call: Call, asin: str, seller_id: str, by_amazon: bool) -> JsonObject:
    return {
        "asin": asin,
        "marketplaceId": call.world.marketplace_id,
        "fulfillmentType": "AFN" if by_amazon else "MFN",
        "sellerId": seller_id,
    }


def _offer(found: ItemOffers, offer: MarketOffer) -> JsonObject:
    shade = sub_condition(offer)
    shipping = {"shippingOptionType": "DEFAULT", "price": _money(offer.shipping, found.currency)}
    return {
        "sellerId": offer.seller_id,
        "condition": offer.group.capitalize(),
        "subCondition": _SHADES.get(shade, shade.capitalize()),
        "fulfillmentType": "AFN" if offer.fulfilled_by_amazon else "MFN",
        "listingPrice": _money(offer.price, found.currency),
        "shippingOptions": [shipping],
        "primeDetails": {"eligibility": "NATIONAL" if offer.fulfilled_by_amazon else "NONE"},
    }


def _money(minor: int, currency: str) -> dict[str, Any]:
    return {"amount": number(minor, currency), "currencyCode": currency}
