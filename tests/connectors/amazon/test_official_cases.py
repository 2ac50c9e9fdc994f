"""Every official example of the operations in use goes through our mapping."""

import json
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, Protocol

import httpx
import pytest
import structlog

from connectors.amazon import notifications, operations, restricted
from connectors.amazon.account import AmazonAccount
from connectors.amazon.connector import AmazonConnector
from connectors.amazon.notifications import event_of
from connectors.amazon.operations import Operation
from connectors.back_office import (
    Parcel,
    Period,
    Shipment,
    TransactionPage,
    TransactionStatus,
)
from connectors.errors import Rejected
from connectors.port import (
    IdentifierType,
    OfferDraft,
    OfferPatch,
    OffersChanged,
    OrderPage,
    TaskEnded,
    TaskKind,
    TaskState,
    UnknownEvent,
)
from domain.listing import Condition, Fulfilment
from domain.money import Money
from domain.order import OrderStatus
from tests.connectors.amazon import official_calls

_STUDY = Path(__file__).parents[4] / "shared" / "spapi"
_USD = Money(1250, "USD")

pytestmark = pytest.mark.skipif(
    not _STUDY.is_dir(), reason="Amazon's examples are not part of the project and not beside it"
)


class _Script(Protocol):
    def answer(self, *answers: httpx.Response | Exception) -> None: ...


def _lines(name: str) -> list[dict[str, Any]]:
    path = _STUDY / name
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


_ALL = [each for each in vars(operations).values() if isinstance(each, Operation)]
_NAMES = {operation.name for operation in _ALL}
_CASES = [
    {"case": f"example:{case['version']}:{case['operationId']}:{case['status']}", **case}
    for case in [*_lines("sandbox_cases.jsonl"), *_lines("examples.jsonl")]
    if case["operationId"] in _NAMES
    and case["api"] != "notifications"
    # Names that two versions of an API share: ours are the newer ones.
    and any((each.name, each.path) == (case["operationId"], case["path"]) for each in _ALL)
]
_GOOD = [case for case in _CASES if case["status"] < 300]
_BAD = [case for case in _CASES if case["status"] >= 400]
_LENIENT = {
    "v0:productFeesV0:getMyFeesEstimateForSKU:200:1",
    "v0:productFeesV0:getMyFeesEstimateForASIN:200:1",
    "v0:productFeesV0:getMyFeesEstimates:200:1",
}
"""Official answers that break Amazon's own models. We read them all the same: they are among the good ones."""


async def _orders(connector: AmazonConnector) -> list[OrderPage]:
    since = datetime(2026, 1, 1, tzinfo=UTC)
    return [page async for page in connector.orders_since(since, "store-1")]


async def _transactions(connector: AmazonConnector) -> list[TransactionPage]:
    return [page async for page in connector.transactions_of_order("8129762527551")]


async def _confirm(connector: AmazonConnector) -> bool:
    shipped = datetime(2022, 2, 11, 1, tzinfo=UTC)
    parcel = Parcel("1", "FedEx", "112345678", shipped, {"79039765272157": 1})
    await connector.confirm_shipment(Shipment("902-1106328-1059050", parcel))
    return True


async def _cancel_schedule(connector: AmazonConnector) -> bool:
    await connector.cancel_report_schedule("ID")
    return True


_DAILY = Period.DAY
_SINCE = datetime(2024, 1, 1, tzinfo=UTC)
_PATCH = OfferPatch("SKU-1", "LUGGAGE", _USD, 3)
_TABLE = b"seller-sku\tasin1\tprice\tquantity\tfulfillment-channel\tstatus\nA\t\t\t\t\tActive\n"
_PROCESSED = _STUDY / "schemas/feeds/listings-feed-processing-report-schema-v2.example.json"
_BEHIND_THE_ADDRESS: dict[str, Callable[[], bytes]] = {
    "createFeedDocument": lambda: b"",
    "getReportDocument": lambda: _TABLE,
    "getFeedDocument": _PROCESSED.read_bytes,
}
"""What the storage service answers, of operations that give an address."""
_CALLS: dict[str, Callable[[AmazonConnector], Awaitable[Any]]] = {
    "getMarketplaceParticipations": lambda amazon: amazon.check(),
    "searchCatalogItems": lambda amazon: amazon.search_by_keywords("samsung tv"),
    "searchListingsItems": lambda amazon: amazon.listings(["GM-ZDPI-9B4E"]),
    "getListingsItem": lambda amazon: amazon.listings(["GM,ZDPI"]),
    "putListingsItem": lambda amazon: amazon.put_offer(
        OfferDraft("SKU-1", "B071VG5N9D", "LUGGAGE", Condition.NEW, _USD, 3, 2)
    ),
    "patchListingsItem": lambda amazon: amazon.patch_offer(OfferPatch("SKU-1", "LUGGAGE", _USD, 3)),
    "deleteListingsItem": lambda amazon: amazon.end_offer("SKU-1"),
    "getItemOffersBatch": lambda amazon: amazon.offers(["B000P6Q7MY"], Condition.NEW),
    "searchOrders": _orders,
    "createRestrictedDataToken": lambda amazon: restricted.send(
        amazon._transport, operations.GET_LISTINGS_ITEM, path={"sellerId": "S", "sku": "SKU-1"}
    ),
    "createReport": lambda amazon: amazon.request_listings_report(),
    "getReport": lambda amazon: amazon.report("ID323"),
    "getReports": lambda amazon: amazon.listings_report_since(_SINCE),
    "getReportDocument": lambda amazon: amazon.read_listings_report("0356cf79"),
    "createFeedDocument": lambda amazon: amazon.upload_feed([_PATCH]),
    "createFeed": lambda amazon: amazon.send_feed("3d4e42b5"),
    "getFeed": lambda amazon: amazon.feed("feedId1"),
    "getFeeds": lambda amazon: amazon.feeds_since(_SINCE),
    "getFeedDocument": lambda amazon: amazon.read_feed_report("0356cf79"),
    "confirmShipment": _confirm,
    "listTransactions": _transactions,
    "createReportSchedule": lambda amazon: amazon.schedule_report("FEE_DISCOUNTS_REPORT", _DAILY),
    "getReportSchedules": lambda amazon: amazon.report_schedules(["FEE_DISCOUNTS_REPORT"]),
    "getReportSchedule": lambda amazon: amazon.report_schedule("ID323"),
    "cancelReportSchedule": _cancel_schedule,
    **official_calls.CALLS,
}
"""The way to each operation; notifications take several calls and are in test_notifications.py."""

_LAST_PAGE = {"items": [], "orders": [], "numberOfResults": 0}


@pytest.mark.parametrize("case", _GOOD, ids=lambda case: case["case"])
async def test_an_official_answer_is_understood(
    case: dict[str, Any], connector: AmazonConnector, wire: _Script
) -> None:
    following = httpx.Response(200, json=_LAST_PAGE)
    if content := _BEHIND_THE_ADDRESS.get(case["operationId"]):
        following = httpx.Response(200, content=content())
    wire.answer(httpx.Response(case["status"], json=case["response"]), following)

    result = await _CALLS[case["operationId"]](connector)

    assert result
    _EXPECT.get(case["operationId"], lambda _: None)(result)


def _expect_listing(result: Any) -> None:
    (listing,) = result
    assert (listing.asin, listing.product_type) == ("B071VG5N9D", "LUGGAGE")
    assert listing.condition is Condition.NEW
    assert listing.is_buyable
    assert listing.price == Money(10000, "USD")
    assert (listing.fulfilment, listing.quantity) == (Fulfilment.MERCHANT, 100)
    assert [issue.code for issue in listing.issues] == ["90220", "18027", "99300", "18155", "18742"]


def _expect_catalog(result: Any) -> None:
    (item,) = result
    assert item.asin == "B07N4M94X4"
    assert ("UPC", "887276302195") in item.identifiers
    assert item.product_type
    assert item.title


def _expect_offers(result: Any) -> None:
    assert len(result) == 10
    by_asin = {item.asin: item for item in result}
    (only,) = by_asin["B001Q3KU9Q"].offers
    assert only.landed_price == Money(2499, "USD")
    assert (only.fulfilment, only.is_buy_box_winner) == (Fulfilment.AMAZON, True)
    assert by_asin["B00KFRNZY6"].offers == ()
    assert len(by_asin["B001PYUTII"].offers) == 15
    assert only.feedback_rating is None
    assert by_asin["B001Q3KU9Q"].observed_at == datetime(2022, 6, 28, 14, 21, 22, tzinfo=UTC)


def _expect_orders(result: Any) -> None:
    for order in result[0].orders:
        assert order.status in {OrderStatus.SHIPPED, OrderStatus.UNSHIPPED}
        assert order.total is not None
        assert all(line.unit_price is not None and line.quantity for line in order.lines)
        assert order.merchant_id == "merchant-1"
    assert not any(page.unreadable for page in result)


def _is(result: object, expected: object) -> None:
    assert result == expected


def _expect_feed(result: Any) -> None:
    assert (result.id, result.state) == ("FeedId1", TaskState.CANCELLED)
    assert result.created_at == datetime(2024, 3, 11, 13, 16, 24, 630000, tzinfo=UTC)


def _expect_report(result: Any) -> None:
    assert (result.id, result.state) == ("ReportId1", TaskState.WORKING)


def _expect_processing_report(result: Any) -> None:
    assert result.processed == 4
    assert {n: [one.code for one in found] for n, found in result.refused.items()} == {
        4: ["90220", "90220"],
        5: ["99022"],
    }
    assert result.refused[5][0].attributes == ("purchasable_offer.our_price",)
    assert result.issues == ()


def _expect_transactions(result: Any) -> None:
    (transaction,) = result[0].transactions
    assert (transaction.type, transaction.total) == ("Shipment", Money(1000, "USD"))
    assert transaction.related["ORDER_ID"] == "8129762527551"
    assert transaction.marketplace_id == "ATIV93840DER"
    assert transaction.status is TransactionStatus.UNKNOWN
    assert result[1].transactions == ()


def _expect_schedule(result: Any) -> None:
    assert (result.id, result.report_type) == ("ReportScheduleId1", "FEE_DISCOUNTS_REPORT")
    assert result.next_at == datetime(2024, 3, 12, 13, 47, 20, 677000, tzinfo=UTC)


_EXPECT: dict[str, Callable[[Any], None]] = {
    **official_calls.EXPECT,
    "listTransactions": _expect_transactions,
    "getReportSchedule": _expect_schedule,
    "getReportSchedules": lambda result: _is([one.id for one in result], ["ID1", "ID2"]),
    "createReportSchedule": lambda result: _is(result, "ID323"),
    "getFeed": _expect_feed,
    "getFeeds": lambda result: _expect_feed(result[0]),
    "createFeed": lambda result: _is(result, "3485934"),
    "createFeedDocument": lambda result: _is(result, "3d4e42b5-1d6e-44e8-a89c-2abfca0625bb"),
    "getReport": _expect_report,
    "getReports": lambda result: _is(result, "ReportId1"),
    "createReport": lambda result: _is(result, "ID323"),
    "getFeedDocument": _expect_processing_report,
    "searchListingsItems": _expect_listing,
    "getListingsItem": _expect_listing,
    "searchCatalogItems": _expect_catalog,
    "getItemOffersBatch": _expect_offers,
    "searchOrders": _expect_orders,
}


@pytest.mark.parametrize("case", _BAD, ids=lambda case: case["case"])
async def test_an_official_refusal_keeps_its_words_and_number(
    case: dict[str, Any], connector: AmazonConnector, wire: _Script
) -> None:
    wire.answer(
        httpx.Response(case["status"], json=case["response"], headers={"x-amzn-RequestId": "req-7"})
    )

    with pytest.raises(Rejected) as caught:
        await _CALLS[case["operationId"]](connector)

    body = case["response"]
    told = (body if isinstance(body, list) else body["errors"])[0]
    assert caught.value.code == told["code"]
    assert told["message"] in caught.value.message
    assert caught.value.operation == case["operationId"]
    assert caught.value.request_id == "req-7"


@pytest.mark.parametrize("name", ["sandbox_cases.jsonl", "examples.jsonl"])
async def test_official_destinations_and_subscriptions_are_understood(
    name: str, connector: AmazonConnector, wire: Any
) -> None:
    told = {
        row["operationId"]: row["response"]
        for row in _lines(name)
        if row["api"] == "notifications" and row["status"] < 300
    }
    new = told["createDestination"]["payload"]["destinationId"]
    is_there = told["getSubscription"]["payload"]["destinationId"] == new
    missing = httpx.Response(404, json={"errors": [{"code": "NotFound", "message": "None"}]})
    subscribed = httpx.Response(200, json=told["createSubscription"])
    wire.answer(
        httpx.Response(200, json=told["getDestinations"]),
        httpx.Response(200, json=told["createDestination"]),
        httpx.Response(200, json=told["getSubscription"]),
        *([] if is_there else [subscribed]),
        *[missing, subscribed] * 2,
    )

    await connector.subscribe()

    assert not wire.answers
    bodies = [json.loads(request.content) for request in wire.requests if request.content]
    assert {body["destinationId"] for body in bodies[1:]} == {new}
    (arn,) = (row["resource"]["sqs"]["arn"] for row in told["getDestinations"]["payload"])
    wire.answer(
        httpx.Response(200, json=told["getDestinations"]),
        httpx.Response(200, json=told["getSubscription"]),
    )
    known = told["getDestinations"]["payload"][0]["destinationId"]
    there = told["getSubscription"]["payload"]["destinationId"]
    assert await notifications.arrive(connector._transport, arn) is (known == there)


def test_every_operation_has_a_way_to_it() -> None:
    documented = {row["operationId"]: row for row in _lines("operations.jsonl")}
    missing = {
        name
        for name in _NAMES - {*_CALLS}
        if documented[name]["api"] != "notifications"
        and any(c["operationId"] == name for c in _CASES)
    }
    assert missing == set()


def test_answers_that_break_the_models_are_read_too() -> None:
    broken = {row["case"] for row in _lines("known_invalid_examples.jsonl")}
    assert broken & {case["case"] for case in _CASES} == _LENIENT
    assert {case["case"] for case in _GOOD} >= _LENIENT


def test_usage_plans_are_the_documented_ones() -> None:
    documented = {row["operationId"]: row for row in _lines("operations.jsonl")}
    for operation in _ALL:
        row = documented[operation.name]
        assert (operation.method, operation.path) == (row["method"], row["path"])
        if operation.quota is not None:  # documented elsewhere: five feeds in five minutes
            continue
        assert (Decimal(str(operation.rate)), operation.burst) == (
            Decimal(str(row["rate"])),
            row["burst"],
        )


_ENDED = {
    "FEED_PROCESSING_FINISHED": TaskEnded(TaskKind.FEED, "53347018456"),
    "REPORT_PROCESSING_FINISHED": TaskEnded(TaskKind.REPORT, "54517018502"),
}


@pytest.mark.parametrize(
    "example", _lines("notification_examples.jsonl"), ids=lambda row: row["schema"]
)
def test_an_official_notification_is_read_or_known_by_name(
    example: dict[str, Any], account: AmazonAccount
) -> None:
    seller_id, marketplace_id = "A3TH9S8BH6GOGM", account.marketplace.id
    with structlog.testing.capture_logs() as told:
        event = event_of(json.dumps(example["body"]), seller_id, marketplace_id)
    envelope = {"version": "0", "detail-type": example["notificationType"], "source": "aws.partner"}
    by_event_bridge = json.dumps({**envelope, "detail": example["body"]})

    assert event_of(by_event_bridge, seller_id, marketplace_id) == event
    assert told == []

    if example["notificationType"] == "ANY_OFFER_CHANGED":
        assert isinstance(event, OffersChanged)
        (offer,) = event.item.offers
        assert event.item.asin == "123"
        assert offer.landed_price == Money(13300, "USD")
        assert (offer.feedback_rating, offer.feedback_count) == (10, 9)
        assert offer.fulfilment is Fulfilment.AMAZON
        assert not offer.is_own
        assert event.item.observed_at == datetime(2020, 7, 13, 19, 42, 4, 284000, tzinfo=UTC)
        assert event.item.covers == {Condition.NEW}
    elif ended := _ENDED.get(example["notificationType"]):
        assert event == ended
    else:
        assert event == UnknownEvent(example["notificationType"])


async def test_identifiers_are_searched_page_by_page(
    connector: AmazonConnector, wire: _Script
) -> None:
    case = next(case for case in _GOOD if case["operationId"] == "searchCatalogItems")
    wire.answer(
        httpx.Response(200, json=case["response"]),
        httpx.Response(200, json={"numberOfResults": 2, "items": [{"asin": "B000000002"}]}),
    )

    items = await connector.search_by_identifiers(IdentifierType.EAN, ["0887276302195"])

    assert [item.asin for item in items] == ["B07N4M94X4", "B000000002"]
