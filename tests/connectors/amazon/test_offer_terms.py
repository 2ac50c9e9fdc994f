"""Business prices and list prices: in the same request as the price, and read back beside it."""

from typing import Any

import httpx
import orjson
import pytest

from connectors.amazon.connector import AmazonConnector
from connectors.port import OfferDraft, OfferPatch
from domain.decision import BusinessPrice, QuantityPrice
from domain.listing import NO_TERMS, Condition, OfferTerms
from domain.money import Money

_US = "ATVPDKIKX0DER"
_ACCEPTED = httpx.Response(200, json={"sku": "S", "status": "ACCEPTED", "submissionId": "sub-1"})
_PRICE, _LIST_PRICE = Money(2000, "USD"), Money(2550, "USD")
_BUSINESS = BusinessPrice(_PRICE, (QuantityPrice(5, Money(1900, "USD")),))

_CONSUMER_OFFER: dict[str, Any] = {
    "marketplace_id": _US,
    "currency": "USD",
    "audience": "ALL",
    "our_price": [{"schedule": [{"value_with_tax": 20}]}],
}
_LEVELS = [{"lower_bound": 5, "value": 19}]
_PLAN = [{"schedule": [{"discount_type": "fixed", "levels": _LEVELS}]}]
_BUSINESS_OFFER = {**_CONSUMER_OFFER, "audience": "B2B", "quantity_discount_plan": _PLAN}
_LIST_PRICE_VALUE = {"marketplace_id": _US, "currency": "USD", "value": 25.5}


async def test_a_new_offer_has_its_business_price_and_its_list_price(
    connector: AmazonConnector, wire: Any
) -> None:
    wire.answer(_ACCEPTED)
    condition = Condition.NEW

    await connector.put_offer(
        OfferDraft("S", "B071VG5N9D", "LUGGAGE", condition, _PRICE, 4, 2, _BUSINESS, _LIST_PRICE)
    )

    sent = orjson.loads(wire.requests[0].content)["attributes"]
    assert sent["purchasable_offer"] == [_CONSUMER_OFFER, _BUSINESS_OFFER]
    assert sent["list_price"] == [_LIST_PRICE_VALUE]


@pytest.mark.parametrize(
    ("terms", "patches"),
    [
        (NO_TERMS, [("merge", "purchasable_offer", [_CONSUMER_OFFER])]),
        (
            OfferTerms(_BUSINESS, _LIST_PRICE),
            [
                ("merge", "purchasable_offer", [_CONSUMER_OFFER, _BUSINESS_OFFER]),
                ("replace", "list_price", [_LIST_PRICE_VALUE]),
            ],
        ),
        (
            OfferTerms(BusinessPrice(_PRICE)),
            [
                (
                    "merge",
                    "purchasable_offer",
                    [_CONSUMER_OFFER, {**_BUSINESS_OFFER, "quantity_discount_plan": None}],
                ),
            ],
        ),
        (
            OfferTerms(withdraws_business=True, withdraws_list_price=True),
            [
                ("merge", "purchasable_offer", [_CONSUMER_OFFER]),
                (
                    "delete",
                    "purchasable_offer",
                    [{"marketplace_id": _US, "currency": "USD", "audience": "B2B"}],
                ),
                ("delete", "list_price", [{"marketplace_id": _US, "currency": "USD"}]),
            ],
        ),
    ],
    ids=["neither", "both", "without tiers", "both withdrawn"],
)
async def test_one_patch_holds_a_price_and_all_that_goes_with_it(
    connector: AmazonConnector, wire: Any, terms: OfferTerms, patches: list[tuple[str, str, Any]]
) -> None:
    wire.answer(_ACCEPTED)

    await connector.patch_offer(OfferPatch("S", "LUGGAGE", _PRICE, None, terms))

    (request,) = wire.requests
    assert [
        (patch["op"], patch["path"].removeprefix("/attributes/"), patch["value"])
        for patch in orjson.loads(request.content)["patches"]
    ] == patches


@pytest.mark.parametrize(
    ("country", "currency", "name"),
    [
        ("US", "USD", "value"),
        ("CA", "CAD", "value"),
        ("MX", "MXN", "value_with_tax"),
        ("UK", "GBP", "value_with_tax"),
    ],
)
async def test_a_list_price_is_told_with_taxes_where_buyers_see_prices_so(
    connector: AmazonConnector, wire: Any, currency: str, name: str
) -> None:
    wire.answer(_ACCEPTED)
    terms = OfferTerms(list_price=Money(2550, currency))

    await connector.patch_offer(OfferPatch("S", "LUGGAGE", Money(2000, currency), None, terms))

    (value,) = orjson.loads(wire.requests[0].content)["patches"][1]["value"]
    assert value[name] == 25.5


def _shown(plan: object = _PLAN, list_price: object = _LIST_PRICE_VALUE) -> httpx.Response:
    """A listing with an offer to everybody, one to all businesses and one to some of them."""
    offers = [
        {
            "marketplaceId": _US,
            "offerType": kind,
            "audience": {"value": audience},
            "price": {"amount": amount, "currencyCode": "USD"},
        }
        for kind, audience, amount in (
            ("B2B", "B2B_EDUCATION", "17.00"),
            ("B2B", "B2B", "20.00"),
            ("B2C", "ALL", "21.00"),
        )
    ]
    elsewhere = {"marketplace_id": "A1F83G8C2ARO7P", "currency": "GBP"}
    attributes = {
        "purchasable_offer": [
            {**_BUSINESS_OFFER, **elsewhere},
            _CONSUMER_OFFER,
            {**_BUSINESS_OFFER, "quantity_discount_plan": plan},
        ],
        "list_price": [{**elsewhere, "value_with_tax": 1}, list_price],
    }
    item = {"sku": "S", "offers": offers, "attributes": attributes}
    return httpx.Response(200, json={"numberOfResults": 1, "items": [item]})


async def test_what_businesses_pay_and_the_list_price_are_read_back(
    connector: AmazonConnector, wire: Any
) -> None:
    wire.answer(_shown())

    (listing,) = await connector.listings(["S"])

    assert listing.price == Money(2100, "USD")
    assert (listing.business, listing.list_price) == (_BUSINESS, _LIST_PRICE)


@pytest.mark.parametrize(
    ("plan", "tiers"),
    [
        (None, []),
        ([{"schedule": []}], []),
        (
            [
                {
                    "schedule": [
                        {
                            "discount_type": "percent",
                            "levels": [
                                {"lower_bound": 10, "value": 12.5},
                                {"lower_bound": 4, "value": 3},
                                {"lower_bound": 20, "value": "a lot"},
                            ],
                        }
                    ]
                }
            ],
            [(4, 1940), (10, 1750)],
        ),
    ],
)
async def test_discounts_that_a_person_made_at_amazon_are_read_too(
    connector: AmazonConnector, wire: Any, plan: object, tiers: list[tuple[int, int]]
) -> None:
    wire.answer(_shown(plan))

    (listing,) = await connector.listings(["S"])

    assert listing.business is not None
    assert [(tier.at_least, tier.price.minor) for tier in listing.business.tiers] == tiers


@pytest.mark.parametrize(
    "value", [{}, {"value": 25.555}, {"value_with_tax": "dear"}], ids=["none", "mills", "words"]
)
async def test_a_list_price_that_cannot_be_read_is_none(
    connector: AmazonConnector, wire: Any, value: dict[str, object]
) -> None:
    wire.answer(_shown(list_price={"marketplace_id": _US, "currency": "USD", **value}))

    (listing,) = await connector.listings(["S"])

    assert listing.list_price is None
