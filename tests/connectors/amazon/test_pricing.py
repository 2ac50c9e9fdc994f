"""Prices: what is asked of Amazon, and what is made of its answers."""

import json
from typing import Any

import httpx
import pytest

from connectors.amazon.connector import AmazonConnector
from connectors.errors import Rejected, Unavailable, Unreadable
from connectors.pricing import (
    ExpectedPriceStatus,
    FeesInquiry,
    ItemName,
    Named,
    Pricing,
)
from domain.listing import Condition, Fulfilment
from domain.money import Money

_US = "ATVPDKIKX0DER"
_USD = Money(1999, "USD")
_ITEM, _SKU = ItemName(Named.ASIN, "B000000001"), ItemName(Named.SELLER_SKU, "A/1 #50%")


def _amount(amount: object, currency: str = "USD") -> dict[str, object]:
    return {"CurrencyCode": currency, "Amount": amount}


def _money(amount: object) -> dict[str, object]:
    return {"amount": amount, "currencyCode": "USD"}


def _body(wire: Any, place: int = -1) -> Any:
    return json.loads(wire.requests[place].content)


def _answer(wire: Any, *bodies: object) -> None:
    wire.answer(*(httpx.Response(200, json=body) for body in bodies))


def test_the_connector_tells_prices(connector: AmazonConnector) -> None:
    pricing: Pricing = connector
    assert pricing is connector


def _estimate(number: str = "0", **changes: object) -> dict[str, object]:
    fee = {"FeeType": "ReferralFee", "FeeAmount": _amount(3), "FinalFee": _amount(2.5)}
    odd = {"FeeType": "Odd", "FeeAmount": _amount("3.001"), "FinalFee": _amount(1)}
    parts = {**fee, "FeeType": "FBAFees", "IncludedFeeDetailList": [{**fee, "FeeType": "Pick"}, 3]}
    return {
        "Status": "Success",
        "FeesEstimateIdentifier": {"SellerInputIdentifier": number},
        "FeesEstimate": {
            "TimeOfFeesEstimation": "2026-05-04T12:00:00Z",
            "TotalFeesEstimate": _amount(5.00),
            "FeeDetailList": [fee, parts, odd],
        },
        "Error": {"Type": "", "Code": "", "Message": "", "Detail": []},
        **changes,
    }


_REFUSED = {
    "Status": "ClientError",
    "FeesEstimate": None,
    "Error": {"Type": "Sender", "Code": "InvalidParameterValue", "Message": "No.", "Detail": []},
}


@pytest.mark.parametrize(
    ("name", "path"),
    [
        (_ITEM, "/products/fees/v0/items/B000000001/feesEstimate"),
        (_SKU, "/products/fees/v0/listings/A%2F1%20%2350%25/feesEstimate"),
    ],
)
async def test_fees_of_one_sale(
    name: ItemName, path: str, connector: AmazonConnector, wire: Any
) -> None:
    _answer(wire, {"payload": {"FeesEstimateResult": _estimate()}})
    shipping = Money(5, "USD")

    found = await connector.fees_estimate(FeesInquiry(name, _USD, Fulfilment.AMAZON, shipping))

    assert found.total == Money(500, "USD")
    referral, by_amazon = found.fees
    assert (referral.amount, referral.final) == (Money(300, "USD"), Money(250, "USD"))
    assert [part.type for part in by_amazon.included] == ["Pick"]
    assert wire.requests[0].url.raw_path.decode() == path
    assert b'"Amount":19.99' in wire.requests[0].content
    request = _body(wire)["FeesEstimateRequest"]
    assert (request["MarketplaceId"], request["IsAmazonFulfilled"]) == (_US, True)
    assert request["PriceToEstimateFees"]["Shipping"] == _amount(0.05)


@pytest.mark.parametrize(
    ("result", "kind"),
    [
        (_REFUSED, Rejected),
        ({**_REFUSED, "Status": "ServiceError"}, Unavailable),
        ({"Status": "Success"}, Unreadable),
        (None, Unreadable),
    ],
)
async def test_fees_that_are_not_told(
    result: object, kind: type[Exception], connector: AmazonConnector, wire: Any
) -> None:
    _answer(wire, {"payload": {"FeesEstimateResult": result}})
    with pytest.raises(kind):
        await connector.fees_estimate(FeesInquiry(_ITEM, _USD, Fulfilment.MERCHANT))


async def test_answers_in_any_order_find_their_questions(
    connector: AmazonConnector, wire: Any
) -> None:
    names = [ItemName(Named.ASIN, f"B00000000{n}") for n in range(4)]
    by_name = {"FeesEstimateIdentifier": {"IdType": "ASIN", "IdValue": names[3].value}}
    rows = [_estimate("1", **_REFUSED), _estimate("0"), _estimate("?", **by_name)]
    _answer(wire, rows)

    found = await connector.fees_estimates(
        [FeesInquiry(name, _USD, Fulfilment.MERCHANT) for name in names]
    )

    assert [one.name for one in found] == names
    assert [one.total is None for one in found] == [False, True, True, False]
    problems = [one.problem.code if one.problem else None for one in found]
    assert problems == [None, "InvalidParameterValue", "NO_ANSWER", None]
    assert [row["IdType"] for row in _body(wire)] == ["ASIN"] * 4


_OFFER = {
    "SellerId": "RIVAL",
    "SubCondition": "new",
    "ListingPrice": _amount(20),
    "Shipping": _amount(1),
    "IsFulfilledByAmazon": False,
}


def _offers(sku: str, **changes: object) -> dict[str, Any]:
    payload = {"SKU": sku, "status": "Success", "ItemCondition": "New", "Offers": [_OFFER]}
    return {
        "status": {"statusCode": 200},
        "body": {"payload": {**payload, **changes}},
        "request": {"SellerSKU": sku},
    }


def _refusal(sku: str, status: int) -> dict[str, Any]:
    errors = {"errors": [{"code": "InvalidInput", "message": "No."}]}
    return {"status": {"statusCode": status}, "body": errors, "request": {"SellerSKU": sku}}


async def test_offers_on_listings_come_by_their_skus(connector: AmazonConnector, wire: Any) -> None:
    late = _offers("C", status="ActiveButTooSoonForProcessing")
    _answer(wire, {"responses": [_refusal("B", 429), late, _offers("A"), _offers("OTHERS")]})

    found = await connector.listing_offers(["A", "B", "C"], Condition.USED_GOOD)

    assert [one.name for one in found] == [ItemName(Named.SELLER_SKU, "A")]
    assert [offer.landed_price for offer in found[0].offers] == [Money(2100, "USD")]
    first = _body(wire)["requests"][0]
    assert first["uri"] == "/products/pricing/v0/listings/A/offers"
    assert first["ItemCondition"] == "Used"


async def test_a_sku_that_is_refused_encoded_is_tried_as_it_is(
    connector: AmazonConnector, wire: Any
) -> None:
    sku, encoded = "A/1 #50%", "A%2F1%20%2350%25"
    _answer(
        wire,
        {"responses": [_refusal(encoded, 400), _refusal("B", 404)]},
        {"responses": [_offers(sku)]},
    )

    found = await connector.listing_offers([sku, "B"], Condition.NEW)

    assert [one.name.value for one in found] == [sku]
    first, second = (_body(wire, place)["requests"] for place in (0, 1))
    assert [one["uri"].split("/listings/")[1] for one in first] == [
        f"{encoded}/offers",
        "B/offers",
    ]
    assert [one["uri"].split("/listings/")[1] for one in second] == [f"{sku}/offers"]


async def test_no_offers_at_all_may_be_asked_for_again(
    connector: AmazonConnector, wire: Any
) -> None:
    _answer(wire, {"responses": [_refusal("A", 503)]}, {"responses": [_refusal("A", 404)]})
    with pytest.raises(Unavailable):
        await connector.listing_offers(["A"], Condition.NEW)
    assert await connector.listing_offers(["A"], Condition.NEW) == []


async def test_offers_on_one_item_or_listing(connector: AmazonConnector, wire: Any) -> None:
    _answer(wire, _offers("A")["body"], _offers("A")["body"], {"payload": {}})

    assert (await connector.offers_on(_ITEM, Condition.NEW)).offers
    assert (await connector.offers_on(_SKU, Condition.NEW)).name == _SKU
    with pytest.raises(Unreadable):
        await connector.offers_on(_SKU, Condition.NEW)

    item, listing, _ = wire.requests
    assert item.url.path == "/products/pricing/v0/items/B000000001/offers"
    path = "/products/pricing/v0/listings/A%2F1%20%2350%25/offers"
    assert listing.url.raw_path.decode().startswith(path)


async def test_own_prices_and_those_of_the_buy_boxes(connector: AmazonConnector, wire: Any) -> None:
    price = {"ListingPrice": _amount(9.5), "Shipping": _amount(0)}
    offer = {"SellerSKU": "A", "BuyingPrice": price, "FulfillmentChannel": "AMAZON_NA"}
    box = {"condition": "new", "Price": price, "belongsToRequester": True, "quantityTier": 3}
    told = {"CompetitivePrices": [box, {}], "NumberOfOfferListings": [{"condition": "new"}, 1]}
    identifiers = {"MarketplaceASIN": {"ASIN": "B1"}}
    product = {"Identifiers": identifiers, "Offers": [offer, {}], "CompetitivePricing": told}
    rows = [{"status": "Success", "Product": product}, {"status": "ClientError", "SellerSKU": "X"}]
    _answer(wire, {"payload": rows}, {"payload": rows})

    (own,) = await connector.own_prices(Named.SELLER_SKU, ["A", "X"])
    (pricing,) = await connector.competitive_pricing(Named.ASIN, ["B1"])

    assert (own.listing_price, own.fulfilment) == (Money(950, "USD"), Fulfilment.AMAZON)
    assert (own.regular_price, own.is_business) == (None, False)
    (featured,) = pricing.prices
    assert (featured.at_least, featured.is_own) == (3, True)
    assert pricing.offer_counts == {}
    by_sku, by_asin = (request.url.params for request in wire.requests)
    assert (by_sku["ItemType"], by_sku["Skus"]) == ("Sku", "A,X")
    assert (by_asin["ItemType"], by_asin["Asins"]) == ("Asin", "B1")


async def test_a_shipping_price_that_is_not_told_is_not_free(
    connector: AmazonConnector, wire: Any
) -> None:
    row = {"sellerId": "A3OURSELLER", "listingPrice": _money(12.5), "fulfillmentType": "NEW_TYPE"}
    lowest = {
        "lowestPricedOffersInput": {"itemCondition": "Used"},
        "offers": [row, {"sellerId": "X"}],
    }
    _answer(wire, {"responses": [{"body": {"asin": "B1", "lowestPricedOffers": [lowest]}}, {}]})

    (summary,) = await connector.competitive_summaries(
        ["B1"], [Condition.USED_GOOD, Condition.USED_LIKE_NEW]
    )

    (offer,) = summary.lowest["Used"]
    assert (offer.shipping, offer.fulfilment, offer.is_own) == (None, None, True)
    request = _body(wire)["requests"][0]
    assert request["uri"] == "/products/pricing/2022-05-01/items/competitiveSummary"
    assert request["lowestPricedOffersInputs"] == [
        {"itemCondition": "Used", "offerType": "Consumer"}
    ]


@pytest.mark.parametrize(
    ("word", "status"),
    [
        ("VALID_FOEP", ExpectedPriceStatus.VALID_FOEP),
        ("NO_COMPETING_OFFERS", ExpectedPriceStatus.NO_COMPETING_OFFER),
        ("SOMETHING_NEW", ExpectedPriceStatus.UNKNOWN),
        (None, ExpectedPriceStatus.UNKNOWN),
    ],
)
async def test_a_price_is_expected_only_where_amazon_says_so(
    word: object, status: ExpectedPriceStatus, connector: AmazonConnector, wire: Any
) -> None:
    result = {"resultStatus": word, "featuredOfferExpectedPrice": {"listingPrice": _money(10)}}
    body = {"featuredOfferExpectedPriceResults": [result]}
    _answer(wire, {"responses": [{"request": {"sku": "A"}, "body": body}, {"body": body}]})

    (found,) = await connector.expected_prices(["A"])

    assert found.status is status
    is_valid = status is ExpectedPriceStatus.VALID_FOEP
    assert found.price == (Money(1000, "USD") if is_valid else None)


async def test_what_amazon_would_refuse_is_not_asked(connector: AmazonConnector, wire: Any) -> None:
    inquiry = FeesInquiry(_ITEM, _USD, Fulfilment.MERCHANT)
    many = [f"B{n}" for n in range(41)]
    for ask in (
        lambda: connector.fees_estimates([inquiry] * 21),
        lambda: connector.listing_offers(many[:21], Condition.NEW),
        lambda: connector.own_prices(Named.ASIN, many[:21]),
        lambda: connector.competitive_pricing(Named.SELLER_SKU, ["with, comma"]),
        lambda: connector.competitive_summaries(many[:21]),
        lambda: connector.expected_prices(many),
    ):
        with pytest.raises(ValueError, match=r"at most|comma"):
            await ask()
    for nothing in (
        connector.fees_estimates([]),
        connector.listing_offers([], Condition.NEW),
        connector.own_prices(Named.ASIN, []),
        connector.competitive_summaries([]),
        connector.expected_prices([]),
    ):
        assert await nothing == []
    assert wire.requests == []
