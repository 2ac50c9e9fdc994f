"""Offers to businesses and list prices: taken in, checked, shown and taken away again."""

from decimal import Decimal
from typing import Any

import pytest

from tests.connectors.simulator.amazon import (
    MARKETPLACE,
    Amazon,
    asin,
    merge,
    offer_attributes,
    price_attribute,
    scenario,
)

_LIST_PRICE = {"marketplace_id": MARKETPLACE, "currency": "USD", "value": 30}


@pytest.fixture
async def listed(amazon: Amazon) -> Amazon:
    """A seller whose SKU A is live."""
    await amazon.put("A", offer_attributes(asin(1), 25))
    await amazon.advance(20, frozen=True)
    return amazon


def _business(price: object, *levels: tuple[object, object]) -> dict[str, Any]:
    """A purchasable_offer for businesses, with prices by quantity."""
    offer = {**price_attribute(price), "audience": "B2B"}
    if levels:
        told = [{"lower_bound": bound, "value": value} for bound, value in levels]
        offer["quantity_discount_plan"] = [
            {"schedule": [{"discount_type": "fixed", "levels": told}]}
        ]
    return offer


async def test_an_offer_to_businesses_is_shown_beside_the_other_and_goes_alone(
    amazon: Amazon,
) -> None:
    attributes = offer_attributes(asin(1), 25)
    attributes["purchasable_offer"].append(_business(24, (5, 23), (10, Decimal("22.50"))))
    attributes["list_price"] = [_LIST_PRICE]
    assert (await amazon.put("A", attributes)).json()["status"] == "ACCEPTED"
    await amazon.advance(20, frozen=True)

    both = (await amazon.get("A")).json()
    found = (
        await amazon.search(identifiers="A", identifiersType="SKU", includedData="offers")
    ).json()
    of_businesses = {"marketplace_id": MARKETPLACE, "currency": "USD", "audience": "B2B"}
    here = {"marketplace_id": MARKETPLACE, "currency": "USD"}
    await amazon.patch(
        "A",
        {"op": "delete", "path": "/attributes/purchasable_offer", "value": [of_businesses]},
        {"op": "delete", "path": "/attributes/list_price", "value": [here]},
    )
    await amazon.advance(20, frozen=True)
    one = (await amazon.get("A")).json()

    assert [
        (offer["offerType"], offer["audience"]["value"], offer["price"]["amount"])
        for offer in both["offers"]
    ] == [("B2C", "ALL", "25.00"), ("B2B", "B2B", "24.00")]
    assert found["items"][0]["offers"] == both["offers"]
    assert both["attributes"]["list_price"] == [_LIST_PRICE]
    assert [offer["offerType"] for offer in one["offers"]] == ["B2C"]
    assert "list_price" not in one["attributes"]


async def test_merging_null_takes_the_discounts_away_and_leaves_the_price(listed: Amazon) -> None:
    await listed.patch("A", merge("purchasable_offer", _business(24, (5, 23))))
    await listed.patch(
        "A", merge("purchasable_offer", {**_business(24), "quantity_discount_plan": None})
    )
    await listed.advance(20, frozen=True)
    offers = (await listed.get("A")).json()["attributes"]["purchasable_offer"]
    assert offers[1] == _business(24)


@pytest.mark.parametrize(
    "offer",
    [
        _business(0),
        _business(24, (1, 23)),
        _business(24, (5, 24)),
        _business(24, (5, 23), (5, 22)),
        _business(24, (5, 23), (10, 23)),
        _business(24, (5, 0)),
        _business(24, ("5", 23)),
        _business(24, (5, "23")),
        _business(24, *((n, 30 - n) for n in range(7, 13))),
        {**_business(24), "quantity_discount_plan": []},
        {**_business(24), "quantity_discount_plan": [{"schedule": [{"levels": []}]}]},
        {**_business(24), "our_price": None},
    ],
)
async def test_an_offer_to_businesses_that_cannot_be_is_invalid(
    listed: Amazon, offer: dict[str, Any]
) -> None:
    answer = (await listed.patch("A", merge("purchasable_offer", offer))).json()
    assert answer["status"] == "INVALID"
    assert answer["issues"][0]["attributeNames"] == ["purchasable_offer"]


@pytest.mark.parametrize(
    "changes",
    [{"value": 0}, {"value": "30"}, {"value": None, "value_with_tax": 30}, {"currency": "EUR"}],
)
async def test_a_list_price_that_cannot_be_is_invalid(
    listed: Amazon, changes: dict[str, Any]
) -> None:
    patch = {
        "op": "replace",
        "path": "/attributes/list_price",
        "value": [{**_LIST_PRICE, **changes}],
    }
    answer = (await listed.patch("A", patch)).json()
    assert answer["status"] == "INVALID"
    assert answer["issues"][0]["attributeNames"] == ["list_price"]


async def test_businesses_are_no_audience_where_amazon_does_not_sell_to_them(
    amazon: Amazon,
) -> None:
    canada = "A2EUQ1WTGCTBG2"
    await amazon.control(
        "scenario", scenario(scenarioId="canada", marketplaceId=canada, currency="CAD")
    )
    await amazon.sign_in()
    attributes = offer_attributes(asin(1), 25)
    attributes["purchasable_offer"].append(_business(24))
    for value in (value for values in attributes.values() for value in values):
        value["marketplace_id"] = canada
    for offer in attributes["purchasable_offer"]:
        offer["currency"] = "CAD"
    answer = (await amazon.put("A", attributes, marketplaceIds=canada)).json()
    assert answer["status"] == "INVALID"
    assert [issue["message"] for issue in answer["issues"]] == [
        "The audience 'B2B' is not allowed."
    ]
