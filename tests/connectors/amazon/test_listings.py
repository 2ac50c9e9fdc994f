"""Reading and writing the seller's own listings."""

from typing import Any
from urllib.parse import parse_qs

import httpx
import orjson
import pytest

from connectors.amazon.connector import AmazonConnector
from connectors.errors import Rejected
from connectors.port import OfferDraft, OfferPatch
from domain.listing import Condition, Fulfilment, Issue
from domain.money import Money

_US = "ATVPDKIKX0DER"
_ACCEPTED = {"sku": "S", "status": "ACCEPTED", "submissionId": "sub-1", "issues": []}


def _ok(body: object) -> httpx.Response:
    return httpx.Response(200, json=body)


def _query(request: httpx.Request) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(request.url.query.decode()).items()}


async def test_put_sends_an_offer_only_listing(connector: AmazonConnector, wire: Any) -> None:
    wire.answer(_ok(_ACCEPTED))
    draft = OfferDraft("S", "B071VG5N9D", "LUGGAGE", Condition.USED_GOOD, Money(1999, "USD"), 4, 2)

    receipt = await connector.put_offer(draft)

    (request,) = wire.requests
    assert (request.method, _query(request)["marketplaceIds"]) == ("PUT", _US)
    assert orjson.loads(request.content) == {
        "productType": "LUGGAGE",
        "requirements": "LISTING_OFFER_ONLY",
        "attributes": {
            "merchant_suggested_asin": [{"value": "B071VG5N9D", "marketplace_id": _US}],
            "condition_type": [{"value": "used_good", "marketplace_id": _US}],
            "purchasable_offer": [
                {
                    "marketplace_id": _US,
                    "currency": "USD",
                    "audience": "ALL",
                    "our_price": [{"schedule": [{"value_with_tax": 19.99}]}],
                }
            ],
            "fulfillment_availability": [
                {
                    "fulfillment_channel_code": "DEFAULT",
                    "quantity": 4,
                    "lead_time_to_ship_max_days": 2,
                }
            ],
        },
    }
    assert (receipt.accepted, receipt.submission_id) == (True, "sub-1")


async def test_what_amazon_fulfils_has_no_quantity_of_ours(
    connector: AmazonConnector, wire: Any
) -> None:
    wire.answer(_ok(_ACCEPTED))
    draft = OfferDraft("S", "B071VG5N9D", "LUGGAGE", Condition.NEW, Money(1999, "USD"), None, 2)

    await connector.put_offer(draft)

    sent = orjson.loads(wire.requests[0].content)["attributes"]["fulfillment_availability"]
    assert sent == [{"fulfillment_channel_code": "AMAZON_NA"}]


@pytest.mark.parametrize(
    ("price", "quantity", "paths"),
    [
        (Money(1250, "USD"), None, ["/attributes/purchasable_offer"]),
        (None, 0, ["/attributes/fulfillment_availability"]),
        (
            Money(1250, "USD"),
            7,
            ["/attributes/purchasable_offer", "/attributes/fulfillment_availability"],
        ),
    ],
)
async def test_patch_merges_only_what_changes(
    connector: AmazonConnector,
    wire: Any,
    price: Money | None,
    quantity: int | None,
    paths: list[str],
) -> None:
    wire.answer(_ok(_ACCEPTED))

    await connector.patch_offer(OfferPatch("S", "LUGGAGE", price, quantity))

    patches = orjson.loads(wire.requests[0].content)["patches"]
    assert [patch["path"] for patch in patches] == paths
    assert {patch["op"] for patch in patches} == {"merge"}
    if quantity is not None:
        assert patches[-1]["value"] == [
            {"fulfillment_channel_code": "DEFAULT", "quantity": quantity}
        ]


async def test_a_patch_of_nothing_is_a_mistake(connector: AmazonConnector, wire: Any) -> None:
    with pytest.raises(ValueError, match="nothing to change"):
        await connector.patch_offer(OfferPatch("S", "LUGGAGE", None, None))

    assert wire.requests == []


async def test_an_invalid_submission_is_a_receipt_with_issues(
    connector: AmazonConnector, wire: Any
) -> None:
    issues = [
        {"code": "18155", "message": "Below minimum", "severity": "ERROR", "categories": []},
        {"code": "1", "message": "Elsewhere", "severity": "INFO", "marketplaceIds": ["A1F83G"]},
    ]
    wire.answer(_ok({**_ACCEPTED, "status": "INVALID", "issues": issues}))

    receipt = await connector.end_offer("S")

    assert not receipt.accepted
    assert receipt.issues == (Issue("18155", "Below minimum", "ERROR"),)


async def test_skus_with_a_comma_are_read_alone(connector: AmazonConnector, wire: Any) -> None:
    wire.answer(
        _ok({"numberOfResults": 1, "items": [{"sku": "A"}]}),
        _ok({"sku": "B,1"}),
        httpx.Response(404, json={"errors": [{"code": "NOT_FOUND", "message": "None"}]}),
    )

    found = await connector.listings(["A", "B,1", "C,2"])

    assert [listing.seller_sku for listing in found] == ["A", "B,1"]
    assert _query(wire.requests[0])["identifiers"] == "A"
    assert wire.requests[1].url.raw_path.startswith(
        b"/listings/2021-08-01/items/A3OURSELLER/B%2C1?"
    )


async def test_more_than_twenty_skus_are_a_mistake(connector: AmazonConnector) -> None:
    with pytest.raises(ValueError, match="20 at most"):
        await connector.listings([str(number) for number in range(21)])


async def test_unknown_words_and_missing_parts_do_not_hide_a_listing(
    connector: AmazonConnector, wire: Any
) -> None:
    summary = {
        "marketplaceId": _US,
        "asin": "B1",
        "conditionType": "new_from_mars",
        "status": ["BUYABLE", "TELEPORTABLE"],
        "surprise": {"deep": [1]},
    }
    item = {
        "sku": "S",
        "summaries": [{"marketplaceId": "other", "asin": "B9"}, summary],
        "offers": [
            {
                "marketplaceId": _US,
                "offerType": "B2B",
                "price": {"amount": "1", "currencyCode": "USD"},
            },
            {
                "marketplaceId": _US,
                "offerType": "B2C",
                "price": {"amount": "9.99", "currencyCode": "USD"},
            },
        ],
        "fulfillmentAvailability": [
            {"fulfillmentChannelCode": "DEFAULT", "quantity": 3},
            {"fulfillmentChannelCode": "AMAZON_NA", "quantity": 8},
        ],
    }
    wire.answer(_ok({"numberOfResults": 2, "items": [item, {"sku": "T"}, {"no": "sku"}]}))

    full, bare = await connector.listings(["S", "T"])

    assert (full.asin, full.condition, full.is_buyable) == ("B1", None, True)
    assert full.price == Money(999, "USD")
    assert (full.fulfilment, full.quantity) == (Fulfilment.AMAZON, None)
    assert (bare.asin, bare.price, bare.quantity, bare.is_buyable) == (None, None, None, False)


async def test_all_listings_come_page_by_page(connector: AmazonConnector, wire: Any) -> None:
    wire.answer(
        _ok({"numberOfResults": 2, "items": [{"sku": "A"}], "pagination": {"nextToken": "t/1"}}),
        _ok({"numberOfResults": 2, "items": [{"sku": "B"}]}),
    )

    pages = [[listing.seller_sku for listing in page] async for page in connector.all_listings()]

    assert pages == [["A"], ["B"]]
    first, second = (_query(request) for request in wire.requests)
    assert "pageToken" not in first
    assert second["pageToken"] == "t/1"
    assert {**second, "pageToken": ""} == {**first, "pageToken": ""}


async def test_listings_beyond_what_amazon_shows_are_an_error_after_the_last_page(
    connector: AmazonConnector, wire: Any
) -> None:
    wire.answer(_ok({"numberOfResults": 1500, "items": [{"sku": "A"}]}))
    pages = []

    with pytest.raises(Rejected, match="1 of the seller's 1500") as caught:
        pages.extend([page async for page in connector.all_listings()])

    assert caught.value.code == "LISTINGS_CAPPED"
