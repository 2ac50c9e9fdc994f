"""Feeds on orders, in Amazon's XML: what was shipped, what is taken up or cancelled, and what became of it."""

from collections.abc import Callable, Sequence
from typing import TypeVar
from xml.etree.ElementTree import Element

from connectors import markup
from connectors.amazon.documents import fetch, id_of
from connectors.amazon.operations import (
    CREATE_FEED,
    CREATE_FEED_DOCUMENT,
    GET_FEED_DOCUMENT,
)
from connectors.amazon.payload import iso
from connectors.amazon.transport import Transport
from connectors.back_office import Acknowledgement, OrderFeed, Shipment
from connectors.errors import Unreadable
from connectors.port import FeedReport
from domain.listing import Issue

T = TypeVar("T")

_XML = "text/xml; charset=UTF-8"
_SEVERITIES = {"Error": "ERROR", "Warning": "WARNING"}


async def upload_shipments(transport: Transport, shipments: Sequence[Shipment]) -> str:
    """Upload confirmations, numbered from 1; gives the document's id."""
    return await _upload(transport, "OrderFulfillment", shipments, _shipment)


async def upload_acknowledgements(
    transport: Transport, acknowledgements: Sequence[Acknowledgement]
) -> str:
    """Upload acknowledgements and cancellations, numbered from 1; gives the document's id."""
    return await _upload(transport, "OrderAcknowledgement", acknowledgements, _acknowledgement)


async def send(transport: Transport, kind: OrderFeed, document_id: str) -> str:
    """Have an uploaded document worked off; gives the feed's id."""
    answer = await transport.send(
        CREATE_FEED,
        body={
            "feedType": kind.value,
            "marketplaceIds": [transport.account.marketplace.id],
            "inputFeedDocumentId": document_id,
        },
    )
    return id_of(answer, "feedId", CREATE_FEED)


async def read(transport: Transport, document_id: str) -> FeedReport:
    """What became of each message."""
    content, _ = await fetch(transport, GET_FEED_DOCUMENT, "feedDocumentId", document_id)
    return report_of(content)


def report_of(content: bytes) -> FeedReport:
    """What became of each message, in a processing report.

    Raises:
        Unreadable: it is not a processing report in XML.
    """
    try:
        report = markup.read(content).find("Message/ProcessingReport")
    except ValueError as error:
        raise Unreadable(
            f"The processing report is {error}", operation=GET_FEED_DOCUMENT.name
        ) from error
    if report is None:
        raise Unreadable("There is no processing report", operation=GET_FEED_DOCUMENT.name)
    rows = [(markup.count(row, "MessageID"), _issue(row)) for row in report.iterfind("Result")]
    wrong = {number for number, issue in rows if issue.severity == "ERROR"}
    refused: dict[int, tuple[Issue, ...]] = {}
    general: list[Issue] = []
    for number, issue in rows:
        # Number 0 is how Amazon speaks of the feed as a whole.
        if not number:
            general.append(issue)
        elif number in wrong:
            refused[number] = (*refused.get(number, ()), issue)
    processed = markup.count(report, "ProcessingSummary/MessagesProcessed") or 0
    return FeedReport(processed, refused, tuple(general))


def _issue(row: Element) -> Issue:
    severity = markup.text(row, "ResultCode") or "Error"
    return Issue(
        code=markup.text(row, "ResultMessageCode") or "",
        message=markup.text(row, "ResultDescription") or "",
        severity=_SEVERITIES.get(severity, severity.upper()),
    )


async def _upload(
    transport: Transport, kind: str, rows: Sequence[T], fill: Callable[[Element, T], None]
) -> str:
    envelope = Element("AmazonEnvelope")
    header = markup.add(envelope, "Header")
    markup.add(header, "DocumentVersion", "1.01")
    markup.add(header, "MerchantIdentifier", transport.account.seller_id)
    markup.add(envelope, "MessageType", kind)
    for number, row in enumerate(rows, 1):
        message = markup.add(envelope, "Message")
        markup.add(message, "MessageID", number)
        fill(markup.add(message, kind), row)
    answer = await transport.send(CREATE_FEED_DOCUMENT, body={"contentType": _XML})
    url = id_of(answer, "url", CREATE_FEED_DOCUMENT)
    await transport.save(url, markup.write(envelope), _XML)
    return id_of(answer, "feedDocumentId", CREATE_FEED_DOCUMENT)


def _shipment(element: Element, shipment: Shipment) -> None:
    parcel = shipment.parcel
    markup.add(element, "AmazonOrderID", shipment.order_number)
    markup.add(element, "MerchantFulfillmentID", parcel.reference)
    markup.add(element, "FulfillmentDate", iso(parcel.shipped_at))
    data = markup.add(element, "FulfillmentData")
    markup.add(data, "CarrierCode", parcel.carrier_code)
    if parcel.carrier_name is not None:
        markup.add(data, "CarrierName", parcel.carrier_name)
    if parcel.shipping_method is not None:
        markup.add(data, "ShippingMethod", parcel.shipping_method)
    markup.add(data, "ShipperTrackingNumber", parcel.tracking_number)
    for item_id, quantity in parcel.quantities.items():
        item = markup.add(element, "Item")
        markup.add(item, "AmazonOrderItemCode", item_id)
        markup.add(item, "Quantity", quantity)


def _acknowledgement(element: Element, acknowledgement: Acknowledgement) -> None:
    reason = acknowledgement.cancel_reason
    markup.add(element, "AmazonOrderID", acknowledgement.order_number)
    if acknowledgement.merchant_order_number is not None:
        markup.add(element, "MerchantOrderID", acknowledgement.merchant_order_number)
    markup.add(element, "StatusCode", "Success" if reason is None else "Failure")
    for item_id in acknowledgement.item_ids:
        item = markup.add(element, "Item")
        markup.add(item, "AmazonOrderItemCode", item_id)
        if reason is not None:
            markup.add(item, "CancelReason", reason.value)
