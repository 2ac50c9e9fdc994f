"""Listings Items: accepted at once, visible and live later; validation; patches; search."""

from decimal import Decimal
from typing import Any

import pytest

from tests.connectors.simulator.amazon import (
    MARKETPLACE,
    OTHER_SELLER,
    Amazon,
    asin,
    merge,
    offer_attributes,
    price_attribute,
    stock_attribute,
)

_AWKWARD = "MUG/blue #1, 50% off & more+ü"


async def _live(amazon: Amazon, sku: str, price: object = 25, quantity: int = 10) -> None:
    assert (await amazon.put(sku, offer_attributes(asin(1), price, quantity))).status_code == 200
    await amazon.advance(20, frozen=True)


def _issue_codes(body: dict[str, Any]) -> list[str]:
    return [issue["code"] for issue in body["issues"]]


async def test_an_accepted_offer_is_not_there_until_time_passes(amazon: Amazon) -> None:
    answer = (await amazon.put(_AWKWARD, offer_attributes(asin(1), Decimal("25.50")))).json()
    assert (answer["status"], answer["sku"], answer["issues"]) == ("ACCEPTED", _AWKWARD, [])
    assert (await amazon.get(_AWKWARD)).status_code == 404

    await amazon.advance(20, frozen=True)

    listing = (await amazon.get(_AWKWARD)).json()
    assert listing["sku"] == _AWKWARD
    assert listing["summaries"][0]["status"] == ["BUYABLE", "DISCOVERABLE"]
    assert listing["summaries"][0]["asin"] == asin(1)
    assert listing["offers"][0]["price"] == {"currencyCode": "USD", "amount": "25.50"}
    assert listing["fulfillmentAvailability"] == [
        {"fulfillmentChannelCode": "DEFAULT", "quantity": 10}
    ]


async def test_a_listing_is_seen_before_it_can_be_bought(amazon: Amazon) -> None:
    await amazon.put("A", offer_attributes(asin(1), 25))
    seen: list[list[str]] = []
    for _ in range(20):
        await amazon.advance(1, frozen=True)
        answer = await amazon.get("A")
        if answer.status_code == 200:
            seen.append(answer.json()["summaries"][0]["status"])
    assert seen[0] == []
    assert seen[-1] == ["BUYABLE", "DISCOVERABLE"]


@pytest.mark.parametrize(
    ("value", "category"),
    [
        (0, "INVALID_PRICE"),
        (-3, "INVALID_PRICE"),
        ("25.50", "INVALID_PRICE"),
        (True, "INVALID_PRICE"),
        (Decimal("25.505"), "INVALID_PRICE"),
        (None, "INVALID_PRICE"),
    ],
)
async def test_a_price_that_cannot_be_is_invalid(
    amazon: Amazon, value: object, category: str
) -> None:
    answer = (await amazon.put("A", offer_attributes(asin(1), value))).json()
    assert answer["status"] == "INVALID"
    assert [issue["categories"] for issue in answer["issues"]] == [[category]]
    assert answer["issues"][0]["attributeNames"] == ["purchasable_offer"]
    await amazon.advance(20, frozen=True)
    assert (await amazon.get("A")).status_code == 404


async def test_a_price_in_another_currency_is_invalid(amazon: Amazon) -> None:
    attributes = offer_attributes(asin(1), 25)
    attributes["purchasable_offer"] = [price_attribute(25, "EUR")]
    answer = (await amazon.put("A", attributes)).json()
    assert answer["status"] == "INVALID"
    assert "USD" in answer["issues"][0]["message"]


@pytest.mark.parametrize(
    "missing", ["purchasable_offer", "condition_type", "merchant_suggested_asin"]
)
async def test_what_an_offer_needs_must_be_there(amazon: Amazon, missing: str) -> None:
    attributes = offer_attributes(asin(1), 25)
    del attributes[missing]
    answer = (await amazon.put("A", attributes)).json()
    assert answer["status"] == "INVALID"
    assert _issue_codes(answer) == ["90220"]
    assert answer["issues"][0]["attributeNames"] == [missing]


async def test_unknown_attributes_conditions_and_quantities_are_invalid(amazon: Amazon) -> None:
    attributes = {
        **offer_attributes(asin(1), 25, -1),
        "condition_type": [{"value": "shiny", "marketplace_id": MARKETPLACE}],
        "fake_attribute": [{"value": 1}],
    }
    answer = (await amazon.put("A", attributes)).json()
    assert sorted(_issue_codes(answer)) == ["90000900", "90244", "90244"]


async def test_an_unknown_item_is_accepted_and_suppressed_later(amazon: Amazon) -> None:
    assert (await amazon.put("A", offer_attributes("B0UNKNOWN1", 25))).json()[
        "status"
    ] == "ACCEPTED"
    await amazon.advance(20, frozen=True)
    listing = (await amazon.get("A")).json()
    assert _issue_codes(listing) == ["8560"]
    assert listing["summaries"][0]["status"] == []
    assert (await amazon.status())["listingsLive"] == 0


async def test_a_minimum_above_the_price_suppresses_the_offer(amazon: Amazon) -> None:
    await _live(amazon, "A")
    minimum = {
        **price_attribute(25),
        "minimum_seller_allowed_price": [{"schedule": [{"value_with_tax": 30}]}],
    }
    await amazon.patch("A", merge("purchasable_offer", minimum))
    await amazon.advance(20, frozen=True)
    listing = (await amazon.get("A")).json()
    assert _issue_codes(listing) == ["18155"]
    assert listing["summaries"][0]["status"] == []


async def test_a_preview_stores_nothing(amazon: Amazon) -> None:
    query = {"mode": "VALIDATION_PREVIEW", "includedData": "identifiers,issues"}
    valid = (await amazon.put("A", offer_attributes(asin(1), 25), **query)).json()
    assert valid["status"] == "VALID"
    assert valid["identifiers"] == [{"marketplaceId": MARKETPLACE, "asin": asin(1)}]
    assert (await amazon.put("A", offer_attributes(asin(1), 0), **query)).json()[
        "status"
    ] == "INVALID"
    await amazon.advance(20, frozen=True)
    assert (await amazon.get("A")).status_code == 404
    assert await amazon.journal() == []


async def test_merge_changes_the_price_and_keeps_the_rest(amazon: Amazon) -> None:
    await _live(amazon, "A", 25)
    business = {**price_attribute(22), "audience": "B2B"}
    await amazon.patch("A", merge("purchasable_offer", business))
    await amazon.reprice("A", Decimal("24.10"))
    await amazon.advance(20, frozen=True)
    listing = (await amazon.get("A")).json()
    assert listing["offers"][0]["price"]["amount"] == "24.10"
    assert listing["fulfillmentAvailability"][0]["quantity"] == 10
    audiences = [offer["audience"] for offer in listing["attributes"]["purchasable_offer"]]
    assert audiences == ["ALL", "B2B"]


async def test_replace_wipes_what_is_not_sent(amazon: Amazon) -> None:
    await _live(amazon, "A", 25)
    await amazon.patch("A", merge("purchasable_offer", {**price_attribute(22), "audience": "B2B"}))
    replacing = {
        "op": "replace",
        "path": "/attributes/purchasable_offer",
        "value": [price_attribute(26)],
    }
    await amazon.patch("A", replacing)
    await amazon.advance(20, frozen=True)
    listing = (await amazon.get("A")).json()
    assert [o["audience"] for o in listing["attributes"]["purchasable_offer"]] == ["ALL"]


async def test_deleting_the_price_takes_the_offer_off_the_market(amazon: Amazon) -> None:
    await _live(amazon, "A", 25)
    await amazon.patch("A", {"op": "delete", "path": "/attributes/purchasable_offer"})
    await amazon.advance(20, frozen=True)
    listing = (await amazon.get("A")).json()
    assert listing["offers"] == []
    assert listing["summaries"][0]["status"] == []


async def test_a_patch_of_price_and_stock_changes_both(amazon: Amazon) -> None:
    await _live(amazon, "A", 25)
    answer = await amazon.patch(
        "A",
        merge("purchasable_offer", price_attribute(27)),
        {
            "op": "replace",
            "path": "/attributes/fulfillment_availability",
            "value": [stock_attribute(0)],
        },
    )
    assert answer.json()["status"] == "ACCEPTED"
    await amazon.advance(20, frozen=True)
    listing = (await amazon.get("A")).json()
    assert listing["offers"][0]["price"]["amount"] == "27.00"
    assert listing["summaries"][0]["status"] == ["DISCOVERABLE"]


async def test_a_patch_of_an_unknown_sku_is_invalid(amazon: Amazon) -> None:
    answer = (await amazon.reprice("NOBODY", 25)).json()
    assert answer["status"] == "INVALID"
    assert _issue_codes(answer) == ["13013"]


@pytest.mark.parametrize(
    "patch",
    [
        {"op": "move", "path": "/attributes/purchasable_offer", "value": []},
        {"op": "merge", "path": "/attributes/purchasable_offer/0", "value": []},
        {"op": "merge", "path": "/attributes/purchasable_offer", "value": {"a": 1}},
        {"op": "merge", "path": "/attributes/purchasable_offer"},
        "merge",
    ],
)
async def test_a_malformed_patch_is_refused(amazon: Amazon, patch: Any) -> None:
    answer = await amazon.patch("A", patch)
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["code"] == "InvalidInput"


async def test_a_deleted_listing_goes_and_may_be_deleted_again(amazon: Amazon) -> None:
    await _live(amazon, "A")
    assert (await amazon.delete("A")).json()["status"] == "ACCEPTED"
    assert (await amazon.get("A")).status_code == 200
    await amazon.advance(20, frozen=True)
    assert (await amazon.get("A")).status_code == 404
    assert (await amazon.delete("A")).json()["status"] == "ACCEPTED"


async def test_a_sku_put_again_after_its_deletion_is_back(amazon: Amazon) -> None:
    await _live(amazon, "A")
    await amazon.delete("A")
    await amazon.advance(1, frozen=True)
    await amazon.put("A", offer_attributes(asin(2), 30))
    await amazon.advance(20, frozen=True)
    listing = (await amazon.get("A")).json()
    assert listing["summaries"][0]["asin"] == asin(2)
    assert listing["offers"][0]["price"]["amount"] == "30.00"


async def test_search_finds_by_sku_and_by_item(amazon: Amazon) -> None:
    await amazon.put("A", offer_attributes(asin(1), 25))
    await amazon.put("B", offer_attributes(asin(2), 25))
    await amazon.advance(20, frozen=True)
    found = (
        await amazon.search(identifiers="A,GONE,B", identifiersType="SKU", sortBy="sku")
    ).json()
    assert found["numberOfResults"] == 2
    assert [item["sku"] for item in found["items"]] == ["B", "A"]
    by_item = (await amazon.search(identifiers=asin(2), identifiersType="ASIN")).json()
    assert [item["sku"] for item in by_item["items"]] == ["B"]


async def test_the_whole_list_comes_in_pages(amazon: Amazon) -> None:
    for number in range(25):
        await amazon.put(f"SKU-{number:02d}", offer_attributes(asin(number), 25))
    await amazon.advance(20, frozen=True)
    skus: list[str] = []
    token: dict[str, str] = {}
    while True:
        page = (await amazon.search(sortBy="sku", sortOrder="ASC", pageSize="20", **token)).json()
        skus += [item["sku"] for item in page["items"]]
        if "nextToken" not in page.get("pagination", {}):
            break
        token = {"pageToken": page["pagination"]["nextToken"]}
    assert skus == [f"SKU-{number:02d}" for number in range(25)]
    other = await amazon.search(sortBy="createdDate", **token)
    assert other.status_code == 400


async def test_search_takes_20_identifiers_and_known_choices(amazon: Amazon) -> None:
    many = ",".join(f"S{n}" for n in range(21))
    for query in (
        {"identifiers": many, "identifiersType": "SKU"},
        {"identifiers": "A"},
        {"includedData": "everything"},
        {"pageSize": "21"},
        {"lastUpdatedAfter": "yesterday"},
        {"sortBy": "price"},
        {"pageToken": "nonsense"},
    ):
        assert (await amazon.search(**query)).status_code == 400, query


async def test_search_filters_by_status_and_time(amazon: Amazon) -> None:
    await amazon.put("FULL", offer_attributes(asin(1), 25))
    await amazon.put("EMPTY", offer_attributes(asin(2), 25, 0))
    await amazon.advance(20, frozen=True)
    buyable = (await amazon.search(withStatus="BUYABLE")).json()
    assert [item["sku"] for item in buyable["items"]] == ["FULL"]
    rest = (await amazon.search(withoutStatus="BUYABLE")).json()
    assert [item["sku"] for item in rest["items"]] == ["EMPTY"]
    later = (await amazon.search(lastUpdatedAfter="2026-05-04T08:20:00Z")).json()
    assert later["numberOfResults"] == 0


async def test_a_seller_sees_only_its_own(amazon: Amazon) -> None:
    await _live(amazon, "A")
    answer = await amazon.call(
        "GET", f"/listings/2021-08-01/items/{OTHER_SELLER}/A", marketplaceIds=MARKETPLACE
    )
    assert answer.status_code == 403
    assert answer.json()["errors"][0]["code"] == "Unauthorized"


async def test_another_marketplace_is_refused_and_none_is_a_mistake(amazon: Amazon) -> None:
    assert (await amazon.search(marketplaceIds="A1F83G8C2ARO7P")).status_code == 403
    assert (await amazon.search(marketplaceIds="")).status_code == 400


async def test_a_body_that_is_not_json_is_refused(amazon: Amazon) -> None:
    path = f"/listings/2021-08-01/items/{amazon.seller}/A"
    assert (await amazon.call("PUT", path, [1], marketplaceIds=MARKETPLACE)).status_code == 400
    token = {"x-amz-access-token": amazon.token}
    broken = await amazon.http.put(
        path, params={"marketplaceIds": MARKETPLACE}, content=b"{", headers=token
    )
    assert broken.status_code == 400
    text = await amazon.http.put(
        path,
        params={"marketplaceIds": MARKETPLACE},
        content=b"{}",
        headers={**token, "content-type": "text/plain"},
    )
    assert text.status_code == 415


async def test_sending_the_same_again_leaves_no_trace_in_the_world(amazon: Amazon) -> None:
    await amazon.put("A", offer_attributes(asin(1), 25))
    once = (await amazon.status())["stateDigest"]
    await amazon.put("A", offer_attributes(asin(1), 25))
    assert (await amazon.status())["stateDigest"] == once
    assert (await amazon.status())["pendingSubmissions"] == 1


@pytest.mark.parametrize(
    "number", ["1e400", "123456789012345678901234567890123.5", "99999999999999999999", "NaN"]
)
async def test_a_number_that_cannot_be_kept_is_refused(amazon: Amazon, number: str) -> None:
    answer = await amazon.http.put(
        f"/listings/2021-08-01/items/{amazon.seller}/A",
        params={"marketplaceIds": MARKETPLACE},
        content=f'{{"productType": "X", "attributes": {{"list_price": [{{"value": {number}}}]}}}}',
        headers={"x-amz-access-token": amazon.token, "content-type": "application/json"},
    )
    assert answer.status_code == 400
    assert (await amazon.status())["listingsLive"] == 0
