"""Offers out of batches and notifications."""

from datetime import UTC, datetime
from typing import Any

import httpx
import orjson
import pytest

from connectors.amazon.connector import AmazonConnector
from connectors.amazon.offers import item_offers
from connectors.amazon.payload import folded, node, parse
from connectors.errors import Unavailable
from domain.listing import Condition
from domain.money import Money

_AT = datetime(2026, 5, 4, tzinfo=UTC)


def _offer(seller: str, amount: object = 10, **more: object) -> dict[str, object]:
    return {
        "SellerId": seller,
        "SubCondition": "new",
        "ListingPrice": {"CurrencyCode": "USD", "Amount": amount},
        "Shipping": {"CurrencyCode": "USD", "Amount": 0},
        "IsFulfilledByAmazon": False,
        **more,
    }


def _response(asin: str, **payload: object) -> dict[str, object]:
    content = {"ASIN": asin, "status": "Success", "ItemCondition": "New", **payload}
    return _answer(asin, 200, {"payload": content})


def _refusal(asin: str, status: int) -> dict[str, object]:
    return _answer(asin, status, {"errors": [{"code": "X", "message": "No"}]})


def _answer(asin: str, status: int, body: dict[str, object]) -> dict[str, object]:
    return {
        "status": {"statusCode": status},
        "headers": {"Date": "Mon, 04 May 2026 11:59:58 GMT"},
        "request": {"Asin": asin},
        "body": body,
    }


async def test_the_batch_asks_for_a_group_of_conditions(
    connector: AmazonConnector, wire: Any
) -> None:
    wire.answer(httpx.Response(200, json={"responses": [_response("B1", Offers=[])]}))

    await connector.offers(["B1"], Condition.USED_GOOD)

    (request,) = orjson.loads(wire.requests[0].content)["requests"]
    assert request == {
        "uri": "/products/pricing/v0/items/B1/offers",
        "method": "GET",
        "MarketplaceId": "ATVPDKIKX0DER",
        "ItemCondition": "Used",
        "CustomerType": "Consumer",
    }


async def test_our_own_offer_is_known_and_time_is_amazons(
    connector: AmazonConnector, wire: Any
) -> None:
    rows = [
        _offer("A3OURSELLER", 19.99, IsBuyBoxWinner=True),
        _offer(
            "RIVAL",
            20.01,
            SellerFeedbackRating={"SellerPositiveFeedbackRating": 94.5, "FeedbackCount": 312},
        ),
    ]
    wire.answer(httpx.Response(200, json={"responses": [_response("B1", Offers=rows)]}))

    (item,) = await connector.offers(["B1"], Condition.NEW)

    own, rival = item.offers
    assert (own.is_own, own.is_buy_box_winner, own.listing_price) == (
        True,
        True,
        Money(1999, "USD"),
    )
    assert (rival.is_own, rival.feedback_rating, rival.feedback_count) == (False, 95, 312)
    assert item.observed_at == datetime(2026, 5, 4, 11, 59, 58, tzinfo=UTC)
    assert item.covers == {Condition.NEW}


async def test_items_without_an_answer_are_left_out(connector: AmazonConnector, wire: Any) -> None:
    responses = [
        _response("B1", Offers=[_offer("R")]),
        _refusal("B2", 429),
        _refusal("B3", 404),
        _response("B4", status_="", status="ActiveButTooSoonForProcessing", Offers=[]),
    ]
    wire.answer(httpx.Response(200, json={"responses": responses}))

    items = await connector.offers(["B1", "B2", "B3", "B4"], Condition.NEW)

    assert [item.asin for item in items] == ["B1"]


async def test_no_answer_for_any_item_may_be_tried_again(
    connector: AmazonConnector, wire: Any
) -> None:
    wire.answer(httpx.Response(200, json={"responses": [_refusal("B1", 503)]}))

    with pytest.raises(Unavailable):
        await connector.offers(["B1"], Condition.NEW)


async def test_an_unknown_item_is_no_reason_to_try_again(
    connector: AmazonConnector, wire: Any
) -> None:
    wire.answer(httpx.Response(200, json={"responses": [_refusal("B1", 404)]}))

    assert await connector.offers(["B1"], Condition.NEW) == []


@pytest.mark.parametrize(
    ("group", "word", "condition"),
    [
        ("new", "new", Condition.NEW),
        ("new", "New", Condition.NEW),
        ("new", "open_box", None),
        ("new", "OEM", None),
        ("used", "mint", Condition.USED_LIKE_NEW),
        ("used", "Like New", Condition.USED_LIKE_NEW),
        ("used", "very_good", Condition.USED_VERY_GOOD),
        ("used", "poor", None),
        ("collectible", "Acceptable", Condition.COLLECTIBLE_ACCEPTABLE),
        ("refurbished", "refurbished", Condition.REFURBISHED),
        ("club", "club", None),
    ],
)
def test_amazons_grades_become_our_conditions(
    group: str, word: str, condition: Condition | None
) -> None:
    content = node(folded({"Offers": [_offer("R", SubCondition=word)]}))

    item = item_offers(content, "B1", group, _AT, "US")

    assert [offer.condition for offer in item.offers] == ([condition] if condition else [])


def _priced(amount: str, more: str = "") -> str:
    price = f'{{"Amount": {amount}, "CurrencyCode": "USD"}}'
    free = '{"Amount": 0.00, "CurrencyCode": "USD"}'
    return f'{{"SubCondition": "new", "ListingPrice": {price}, "Shipping": {free}{more}}}'


def test_prices_are_exact_and_what_has_none_is_left_out() -> None:
    rows = [
        _priced("0.10"),
        _priced("1.005"),
        _priced('"x"'),
        _priced("3", ', "offerType": "B2B"'),
        '{"SubCondition": "new", "ListingPrice": {"Amount": 4, "CurrencyCode": "USD"}}',
    ]
    content = node(folded(parse(f'{{"Offers": [{", ".join(rows)}]}}')))

    item = item_offers(content, "B1", "new", _AT, "US")

    (offer,) = item.offers
    assert offer.landed_price == Money(10, "USD")


def _summary(**buy_box: object) -> dict[str, object]:
    price = {"CurrencyCode": "USD", "Amount": 10}
    free = {"CurrencyCode": "USD", "Amount": 0}
    row = {"condition": "new", "ListingPrice": price, "Shipping": free, **buy_box}
    return {"BuyBoxPrices": [row]}


@pytest.mark.parametrize(
    ("summary", "winners"),
    [
        (_summary(sellerId="B"), ["B"]),
        (_summary(), []),
        (_summary(sellerId="HIDDEN"), []),
        (_summary(sellerId="B", condition="used"), []),
        (_summary(sellerId="B", ListingPrice={"CurrencyCode": "USD", "Amount": 9}), []),
    ],
    ids=["named", "price only", "not among them", "other condition", "other price"],
)
def test_the_summary_marks_a_winner_only_where_it_proves_one(
    summary: dict[str, object], winners: list[str]
) -> None:
    content = node(folded({"Summary": summary, "Offers": [_offer("A"), _offer("B")]}))

    item = item_offers(content, "B1", "new", _AT, "US")

    assert [offer.seller_id for offer in item.offers if offer.is_buy_box_winner] == winners
