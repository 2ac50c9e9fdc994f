"""Shipping, counting and accounting: what is asked of Amazon, and what is made of its answers."""

import contextlib
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs
from xml.etree.ElementTree import Element

import httpx
import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors import markup
from connectors.amazon import order_feeds, settlements, transactions
from connectors.amazon.connector import AmazonConnector
from connectors.amazon.fulfilment_stock import stock_of
from connectors.amazon.transactions import transaction_of
from connectors.back_office import (
    Acknowledgement,
    BackOffice,
    CancelReason,
    Charge,
    OrderFeed,
    Parcel,
    Shipment,
    TransactionStatus,
)
from connectors.errors import Rejected, Unreadable
from domain.money import Money
from tests.connectors.amazon.conftest import NOW
from tests.connectors.amazon.junk import like

_PARCEL = Parcel("1", "Other", "1Z9", NOW, {"item-1": 2}, "Bike & Co", "Express")
_SHIPMENT = Shipment("902-1", _PARCEL)


def _asked(wire: Any) -> list[dict[str, list[str]]]:
    return [parse_qs(request.url.query.decode()) for request in wire.requests]


def test_the_connector_is_a_back_office(connector: AmazonConnector) -> None:
    office: BackOffice = connector
    assert office is connector


async def test_a_parcel_is_confirmed_under_its_reference(
    connector: AmazonConnector, wire: Any
) -> None:
    wire.answer(httpx.ReadTimeout("lost"), httpx.Response(204))

    await connector.confirm_shipment(_SHIPMENT)

    _, request = wire.requests
    assert request.url.path == "/orders/v0/orders/902-1/shipmentConfirmation"
    assert orjson.loads(request.content) == {
        "marketplaceId": "ATVPDKIKX0DER",
        "packageDetail": {
            "packageReferenceId": "1",
            "carrierCode": "Other",
            "carrierName": "Bike & Co",
            "shippingMethod": "Express",
            "trackingNumber": "1Z9",
            "shipDate": "2026-05-04T12:00:00.000Z",
            "orderItems": [{"orderItemId": "item-1", "quantity": 2}],
        },
    }


async def test_a_refused_confirmation_says_why(
    connector: AmazonConnector, wire: Any, errors: Any
) -> None:
    wire.answer(errors(400, "InvalidInput", "PackageToUpdateNotFound"))

    with pytest.raises(Rejected, match="PackageToUpdateNotFound"):
        await connector.confirm_shipment(_SHIPMENT)


async def _uploaded(connector: AmazonConnector, wire: Any, upload: Any) -> str:
    document = {"feedDocumentId": "d-1", "url": "http://amazon.test/put"}
    wire.answer(httpx.Response(201, json=document), httpx.Response(200))
    assert await upload(connector) == "d-1"
    assert wire.requests[1].headers["content-type"] == "text/xml; charset=UTF-8"
    return str(wire.requests[1].content.decode())


async def test_shipments_go_into_a_feed(connector: AmazonConnector, wire: Any) -> None:
    shipments = [_SHIPMENT, Shipment("902-2", Parcel("7", "UPS", "\x00<1>", NOW, {"a": 1}))]
    content = await _uploaded(connector, wire, lambda amazon: amazon.upload_shipments(shipments))

    root = markup.read(content.encode())
    assert root.findtext("Header/MerchantIdentifier") == "A3OURSELLER"
    assert root.findtext("MessageType") == "OrderFulfillment"
    first, second = root.iterfind("Message")
    assert [first.findtext("MessageID"), second.findtext("MessageID")] == ["1", "2"]
    told = {element.tag: element.text for element in first.iter() if element.text}
    assert told == {
        "MessageID": "1",
        "AmazonOrderID": "902-1",
        "MerchantFulfillmentID": "1",
        "FulfillmentDate": "2026-05-04T12:00:00.000Z",
        "CarrierCode": "Other",
        "CarrierName": "Bike & Co",
        "ShippingMethod": "Express",
        "ShipperTrackingNumber": "1Z9",
        "AmazonOrderItemCode": "item-1",
        "Quantity": "2",
    }
    assert second.findtext(".//ShipperTrackingNumber") == "<1>"
    assert second.find(".//CarrierName") is None


async def test_orders_are_taken_up_or_cancelled_in_a_feed(
    connector: AmazonConnector, wire: Any
) -> None:
    told = [
        Acknowledgement("902-1", "4711"),
        Acknowledgement("902-2", None, CancelReason.NO_INVENTORY, ("a", "b")),
    ]
    content = await _uploaded(connector, wire, lambda amazon: amazon.upload_acknowledgements(told))

    first, second = markup.read(content.encode()).iterfind("Message/OrderAcknowledgement")
    assert (first.findtext("MerchantOrderID"), first.findtext("StatusCode")) == ("4711", "Success")
    assert second.findtext("StatusCode") == "Failure"
    assert [item.text for item in second.iterfind("Item/AmazonOrderItemCode")] == ["a", "b"]
    assert {item.text for item in second.iterfind("Item/CancelReason")} == {"NoInventory"}


async def test_an_order_feed_is_never_sent_twice_by_itself(
    connector: AmazonConnector, wire: Any
) -> None:
    wire.answer(httpx.Response(202, json={"feedId": "f-1"}))
    assert await connector.send_order_feed(OrderFeed.SHIPMENTS, "d-1") == "f-1"
    assert orjson.loads(wire.requests[0].content)["feedType"] == "POST_ORDER_FULFILLMENT_DATA"

    wire.answer(httpx.ReadTimeout("lost"))
    with pytest.raises(Exception, match="cannot be reached"):
        await connector.send_order_feed(OrderFeed.SHIPMENTS, "d-1")
    assert len(wire.requests) == 2


_REPORT = """<?xml version="1.0"?><AmazonEnvelope><MessageType>ProcessingReport</MessageType>
<Message><MessageID>1</MessageID><ProcessingReport><StatusCode>Complete</StatusCode>
<ProcessingSummary><MessagesProcessed>3</MessagesProcessed></ProcessingSummary>
<Result><MessageID>2</MessageID><ResultCode>Error</ResultCode>
<ResultMessageCode>18028</ResultMessageCode><ResultDescription>No.</ResultDescription></Result>
<Result><MessageID>2</MessageID><ResultCode>Warning</ResultCode></Result>
<Result><MessageID>3</MessageID><ResultCode>Warning</ResultCode></Result>
<Result><MessageID>0</MessageID><ResultCode>Odd</ResultCode></Result>
</ProcessingReport></Message></AmazonEnvelope>"""


def test_a_processing_report_tells_of_each_message() -> None:
    report = order_feeds.report_of(_REPORT.encode())
    assert report.processed == 3
    assert {
        n: [(one.code, one.severity) for one in told] for n, told in report.refused.items()
    } == {2: [("18028", "ERROR"), ("", "WARNING")]}
    assert [issue.severity for issue in report.issues] == ["ODD"]


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"Feed Processing Summary:",
        b"<AmazonEnvelope/>",
        b'<!DOCTYPE a [<!ENTITY b "c">]><AmazonEnvelope>&b;</AmazonEnvelope>',
        b'<?xml version="1.0" encoding="nobody"?><a/>',
        b"<a>" * 50_000,
    ],
)
def test_what_is_no_processing_report_is_unreadable(content: bytes) -> None:
    with pytest.raises(Unreadable):
        order_feeds.report_of(content)


def _stock(sku: str, token: str | None = None, **more: object) -> httpx.Response:
    payload = {"granularity": {}, "inventorySummaries": [{"sellerSku": sku, **more}, {}]}
    pagination = {"pagination": {"nextToken": token}} if token else {}
    return httpx.Response(200, json={"payload": payload, **pagination})


async def test_stock_is_counted_page_by_page(connector: AmazonConnector, wire: Any) -> None:
    details = {
        "fulfillableQuantity": 5,
        "inboundWorkingQuantity": 1,
        "inboundShippedQuantity": 2,
        "reservedQuantity": {"totalReservedQuantity": 3, "surprise": 1},
        "unfulfillableQuantity": {"totalUnfulfillableQuantity": 0},
        "futureQuantity": 9,
    }
    wire.answer(_stock("A", "t-1", inventoryDetails=details, totalQuantity=11), _stock("B"))

    (first,), (second,) = [page async for page in connector.fulfilment_stock(changed_since=NOW)]

    asked = _asked(wire)
    assert asked[0] == {
        "granularityType": ["Marketplace"],
        "granularityId": ["ATVPDKIKX0DER"],
        "marketplaceIds": ["ATVPDKIKX0DER"],
        "details": ["true"],
        "startDateTime": ["2026-05-04T12:00:00.000Z"],
    }
    assert asked[1] == {**asked[0], "nextToken": ["t-1"]}
    assert (first.total, first.fulfillable, first.inbound, first.reserved) == (11, 5, 3, 3)
    assert (first.unfulfillable, first.researching) == (0, None)
    assert (second.seller_sku, second.total, second.inbound) == ("B", None, None)


async def test_a_sku_with_a_comma_is_asked_for_alone(connector: AmazonConnector, wire: Any) -> None:
    wire.answer(_stock("A,1"), _stock("B"))

    pages = [page async for page in connector.fulfilment_stock(["B", "A,1", "C"])]

    assert [stock.seller_sku for page in pages for stock in page] == ["A,1", "B"]
    first, second = _asked(wire)
    assert (first["sellerSku"], second["sellerSkus"]) == (["A,1"], ["B,C"])


async def test_more_than_fifty_skus_are_a_mistake(connector: AmazonConnector) -> None:
    with pytest.raises(ValueError, match="at most 50"):
        await anext(connector.fulfilment_stock([str(n) for n in range(51)]))
    with pytest.raises(ValueError, match="or a moment"):
        await anext(connector.fulfilment_stock(["A"], changed_since=NOW))


def _amount(amount: object, currency: str = "USD") -> dict[str, object]:
    return {"currencyAmount": amount, "currencyCode": currency}


_TRANSACTION = {
    "transactionId": "t-1",
    "transactionType": "Shipment",
    "transactionStatus": "DEFERRED",
    "description": "Order Payment",
    "postedDate": "2026-05-04T09:00:00Z",
    "totalAmount": _amount(8.5),
    "relatedIdentifiers": [
        {"relatedIdentifierName": "ORDER_ID", "relatedIdentifierValue": "902-1"},
        {"relatedIdentifierName": "SOMETHING_NEW", "relatedIdentifierValue": "x"},
        {"relatedIdentifierName": "INVOICE_ID"},
    ],
    "items": [
        {
            "description": "Mug",
            "totalAmount": _amount(8.5),
            "contexts": [
                {"contextType": "AmazonPayContext"},
                {"contextType": "ProductContext", "sku": "A", "asin": "B1", "quantityShipped": 1},
            ],
            "breakdowns": [
                {"breakdownType": "ProductCharges", "breakdownAmount": _amount(10)},
                {
                    "breakdownType": "AmazonFees",
                    "breakdownAmount": _amount(-1.5),
                    "breakdowns": [
                        {"breakdownType": "Commission", "breakdownAmount": _amount(-1.505)}
                    ],
                },
            ],
        }
    ],
}


async def test_transactions_come_in_pages_with_their_charges(
    connector: AmazonConnector, wire: Any
) -> None:
    wire.answer(
        httpx.Response(200, json={"payload": {"transactions": [], "nextToken": "n"}}),
        httpx.Response(
            200, json={"payload": {"transactions": [_TRANSACTION, {"transactionType": "Odd"}]}}
        ),
    )

    empty, last = [page async for page in connector.transactions(NOW, NOW)]

    first, second = _asked(wire)
    assert first["postedAfter"] == first["postedBefore"] == ["2026-05-04T12:00:00.000Z"]
    assert first.keys() == {"postedAfter", "postedBefore"}
    assert second == {**first, "nextToken": ["n"]}
    assert (empty.transactions, last.unreadable) == ((), 1)
    (transaction,) = last.transactions
    assert transaction.status is TransactionStatus.DEFERRED
    assert transaction.total == Money(850, "USD")
    assert transaction.related == {"ORDER_ID": "902-1", "SOMETHING_NEW": "x"}
    (item,) = transaction.items
    assert (item.seller_sku, item.asin, item.quantity) == ("A", "B1", 1)
    assert item.charges == (
        Charge("ProductCharges", Money(1000, "USD")),
        # Half a cent is not exact in dollars, so that it is not told as if it were.
        Charge("AmazonFees", Money(-150, "USD"), (Charge("Commission", None),)),
    )


async def test_a_long_span_is_asked_for_in_parts_since_amazon_answers_it_with_nothing(
    connector: AmazonConnector, wire: Any
) -> None:
    content = {"payload": {"transactions": [_TRANSACTION]}}
    wire.answer(*(httpx.Response(200, json=content) for _ in range(3)))

    pages = [page async for page in connector.transactions(NOW - timedelta(days=400))]

    assert [len(page.transactions) for page in pages] == [1, 1, 1]
    first, second, last = _asked(wire)
    assert first["postedBefore"] == second["postedAfter"] == ["2025-09-26T12:00:00.000Z"]
    assert second["postedBefore"] == last["postedAfter"] == ["2026-03-25T12:00:00.000Z"]
    assert "postedBefore" not in last


async def test_transactions_of_an_order_are_asked_for_by_its_number(
    connector: AmazonConnector, wire: Any
) -> None:
    wire.answer(httpx.Response(200, json={}))
    assert [p.transactions async for p in connector.transactions_of_order("902-1")] == [()]
    (asked,) = _asked(wire)
    assert asked["relatedIdentifierName"] == ["ORDER_ID"]
    assert asked["relatedIdentifierValue"] == ["902-1"]


_COLUMNS = (
    "settlement-id settlement-start-date settlement-end-date deposit-date total-amount currency "
    "transaction-type order-id amount-type amount-description amount posted-date-time sku "
    "quantity-purchased"
)


def _settlement(*rows: str) -> bytes:
    return "\r\n".join(
        "\t".join(row.split("|")) for row in [_COLUMNS.replace(" ", "|"), *rows, ""]
    ).encode()


def test_a_settlement_adds_up() -> None:
    content = _settlement(
        "1|2026-05-04 08:00:00 UTC|2026-05-18 08:00:00 UTC|2026-05-20 08:00:00 UTC|8.50|USD",
        "1||||||Order|902-1|ItemPrice|Principal|10.00|2026-05-05 09:00:00 UTC|A|1",
        "1||||||Order|902-1|ItemFees|Commission|-1.5|2026-05-05 09:00:00 UTC|A|",
    )
    settlement = settlements.settlement_of(content, None)
    assert (settlement.id, settlement.total) == ("1", Money(850, "USD"))
    assert settlement.ends_at == datetime(2026, 5, 18, 8, tzinfo=UTC)
    price, fee = settlement.lines
    assert (price.order_number, price.amount, price.quantity) == ("902-1", Money(1000, "USD"), 1)
    assert (fee.amount_description, fee.quantity) == ("Commission", None)
    assert price.posted_at == datetime(2026, 5, 5, 9, tzinfo=UTC)
    assert settlement.balances


def test_a_settlement_of_europe_has_commas_and_other_dates() -> None:
    content = _settlement(
        "1|04.05.2026 08:00:00 UTC|18.05.2026 08:00:00 UTC|20.05.2026 08:00:00 UTC|1.234,50|EUR",
        "1||||||Order|902-1|ItemPrice|Principal|1234,5|04.05.2026 09:00:00 UTC|A|1",
        "1||||||Order|902-1|ItemPrice|Principal|a lot||A|1",
    )
    settlement = settlements.settlement_of(content, None)
    assert settlement.total == Money(123450, "EUR")
    assert settlement.begins_at == datetime(2026, 5, 4, 8, tzinfo=UTC)
    assert settlement.lines[0].amount == settlement.total
    assert settlement.unreadable == (4,)
    assert not settlement.balances


@pytest.mark.parametrize("content", [b"", b"settlement-id\n1\n", _settlement(), _settlement("1|2")])
def test_what_is_no_settlement_is_unreadable(content: bytes) -> None:
    with pytest.raises(Unreadable):
        settlements.settlement_of(content, None)


async def test_settlements_are_found_over_pages(connector: AmazonConnector, wire: Any) -> None:
    def row(number: int) -> dict[str, object]:
        created = f"2026-05-0{number}T00:00:00Z"
        return {"reportId": str(number), "processingStatus": "DONE", "createdTime": created}

    wire.answer(
        httpx.Response(200, json={"reports": [row(1)], "nextToken": "n"}),
        httpx.Response(200, json={"reports": [row(2)]}),
    )
    found = await connector.settlements_since(NOW)
    assert [task.id for task in found] == ["2", "1"]
    assert _asked(wire)[1] == {"nextToken": ["n"]}


@given(like(_TRANSACTION))
def test_any_transaction_is_read_or_not(row: Any) -> None:
    if isinstance(row, dict):
        found = transaction_of(row)
        assert found is None or found.posted_at.tzinfo is not None


def test_charges_without_end_are_cut_off() -> None:
    charge: dict[str, object] = {"breakdownType": "deep"}
    for _ in range(900):
        charge = {"breakdownType": "deep", "breakdowns": [charge]}
    found = transactions.transaction_of({**_TRANSACTION, "items": [], "breakdowns": [charge]})
    assert found is not None
    assert found.charges


@given(
    like({"sellerSku": "A", "inventoryDetails": {"reservedQuantity": {"totalReservedQuantity": 1}}})
)
def test_any_stock_is_read_or_not(row: Any) -> None:
    if isinstance(row, dict):
        found = stock_of(row)
        assert found is None or found.seller_sku


@given(
    st.lists(st.text(), max_size=5), st.binary(max_size=200), st.sampled_from([None, "x", "utf-16"])
)
def test_any_settlement_is_read_or_unreadable(rows: list[str], junk: bytes, charset: str) -> None:
    for content in (junk, _settlement("1|||d|1.00|USD", *rows), _settlement(*rows) + junk):
        try:
            settlement = settlements.settlement_of(content, charset)
        except Unreadable:
            continue
        assert settlement.total.currency


@given(st.binary(max_size=300), st.lists(st.text(max_size=20), min_size=5, max_size=5))
def test_any_processing_report_is_read_or_unreadable(junk: bytes, texts: list[str]) -> None:
    root = Element("AmazonEnvelope")
    report = markup.add(markup.add(root, "Message"), "ProcessingReport")
    result = markup.add(report, "Result")
    for name, text in zip(
        ("MessageID", "ResultCode", "ResultMessageCode", "ResultDescription", "Other"),
        texts,
        strict=True,
    ):
        markup.add(result, name, text)
    assert isinstance(order_feeds.report_of(markup.write(root)).processed, int)
    with contextlib.suppress(Unreadable):
        order_feeds.report_of(junk)
