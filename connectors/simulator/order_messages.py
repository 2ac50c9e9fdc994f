"""Feeds on orders in Amazon's XML: what was shipped, and what is taken up or cancelled."""

from collections.abc import Callable
from xml.etree.ElementTree import Element

from connectors import markup
from connectors.simulator import shipments
from connectors.simulator.clock import parse_iso
from connectors.simulator.shipments import Refused, order_of
from connectors.simulator.world import Batch, Order, Parcel, World

_XML = "text/xml; charset=UTF-8"
_REFUSED = "18028"
_BROKEN = "5000"

Act = Callable[[World, Order, Element], None]


def fulfil(world: World, feed: Batch, content: bytes) -> tuple[str, bytes, str]:
    """Confirm shipments; confirming one again changes nothing."""
    return _each_message(world, feed, content, "OrderFulfillment", _fulfil)


def acknowledge(world: World, feed: Batch, content: bytes) -> tuple[str, bytes, str]:
    """Take orders up under the seller's own number, or cancel them."""
    return _each_message(world, feed, content, "OrderAcknowledgement", _acknowledge)


def _fulfil(world: World, order: Order, told: Element) -> None:
    date = markup.text(told, "FulfillmentDate") or ""
    try:
        shipped_ms = parse_iso(date)
    except ValueError as error:
        raise Refused(f"'{date}' is not a FulfillmentDate.") from error
    carrier = markup.text(told, "FulfillmentData/CarrierName") or markup.text(
        told, "FulfillmentData/CarrierCode"
    )
    if carrier is None:
        raise Refused("A CarrierCode or CarrierName is required.")
    tracking = markup.text(told, "FulfillmentData/ShipperTrackingNumber") or ""
    reference = markup.text(told, "MerchantFulfillmentID") or f"{carrier} {tracking or date}"
    known = next((one for one in order.parcels if one.reference == reference), None)
    items = told.findall("Item")
    quantity = known.quantity if known else order.quantity - order.shipped
    if items:
        quantity = sum(markup.count(item, "Quantity") or 0 for item in items)
    ids = {markup.text(item, "AmazonOrderItemCode") or "" for item in items} or {order.item_id}
    parcel = Parcel(
        reference=reference,
        quantity=quantity,
        shipped_ms=shipped_ms,
        told_ms=world.now_ms,
        carrier=carrier,
        method=markup.text(told, "FulfillmentData/ShippingMethod") or "",
        tracking=tracking,
    )
    # Orders here are of one item: of two, one is another order's.
    shipments.ship(world, order, parcel, min(ids, key=lambda id_: id_ == order.item_id))


def _acknowledge(world: World, order: Order, told: Element) -> None:
    items = told.findall("Item")
    if any(markup.text(item, "AmazonOrderItemCode") != order.item_id for item in items):
        raise Refused("The order has no such item.")
    status = markup.text(told, "StatusCode")
    if status == "Failure":
        reasons = [markup.text(item, "CancelReason") or "" for item in items]
        shipments.cancel(world, order, reasons[0] if reasons else "GeneralAdjustment")
        return
    if status != "Success":
        raise Refused(f"'{status}' is not a StatusCode.")
    if order.status == "CANCELLED":
        raise Refused("The order is CANCELLED.")
    number = markup.text(told, "MerchantOrderID")
    if number != order.merchant_number:
        order.merchant_number, order.updated_ms = number, world.now_ms


def _each_message(
    world: World, feed: Batch, content: bytes, kind: str, act: Act
) -> tuple[str, bytes, str]:
    try:
        envelope = markup.read(content)
    except ValueError as error:
        return _report(feed, 0, [(0, _BROKEN, f"The document is {error}")], "FATAL")
    if (told := markup.text(envelope, "MessageType")) != kind:
        return _report(feed, 0, [(0, _BROKEN, f"MessageType is {told}, not {kind}.")], "FATAL")
    if markup.text(envelope, "Header/MerchantIdentifier") != feed.seller_id:
        return _report(feed, 0, [(0, _BROKEN, "MerchantIdentifier is another's.")], "FATAL")
    messages = envelope.findall("Message")
    wrong: list[tuple[int, str, str]] = []
    for message in messages:
        number = markup.count(message, "MessageID") or 0
        body = message.find(kind)
        if body is None:
            wrong.append((number, _REFUSED, f"The message holds no {kind}."))
            continue
        try:
            order_id = markup.text(body, "AmazonOrderID") or ""
            act(world, order_of(world, feed.seller_id, order_id), body)
        except Refused as error:
            wrong.append((number, _REFUSED, str(error)))
    return _report(feed, len(messages), wrong, "DONE")


def _report(
    feed: Batch, processed: int, wrong: list[tuple[int, str, str]], status: str
) -> tuple[str, bytes, str]:
    envelope = Element("AmazonEnvelope")
    header = markup.add(envelope, "Header")
    markup.add(header, "DocumentVersion", "1.02")
    markup.add(header, "MerchantIdentifier", feed.seller_id)
    markup.add(envelope, "MessageType", "ProcessingReport")
    message = markup.add(envelope, "Message")
    markup.add(message, "MessageID", 1)
    report = markup.add(message, "ProcessingReport")
    markup.add(report, "DocumentTransactionID", feed.batch_id)
    markup.add(report, "StatusCode", "Complete")
    summary = markup.add(report, "ProcessingSummary")
    refused = sum(1 for number, _, _ in wrong if number)
    markup.add(summary, "MessagesProcessed", processed)
    markup.add(summary, "MessagesSuccessful", processed - refused)
    markup.add(summary, "MessagesWithError", len(wrong))
    markup.add(summary, "MessagesWithWarning", 0)
    for number, code, text in wrong:
        result = markup.add(report, "Result")
        markup.add(result, "MessageID", number)
        markup.add(result, "ResultCode", "Error")
        markup.add(result, "ResultMessageCode", code)
        markup.add(result, "ResultDescription", text)
    return status, markup.write(envelope), _XML
