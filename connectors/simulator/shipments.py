"""Shipping and cancelling: what a seller may tell of an order, by whichever way it tells it."""

from dataclasses import replace

from connectors.simulator.clock import parse_iso
from connectors.simulator.operations import Call
from connectors.simulator.wire import Answer, JsonObject, SpApiError, invalid, read_object
from connectors.simulator.world import Order, Parcel, World

CANCEL_REASONS = frozenset(
    """NoInventory ShippingAddressUndeliverable CustomerExchange BuyerCanceled GeneralAdjustment
    CarrierCreditDecision RiskAssessmentInformationNotValid CarrierCoverageFailure CustomerReturn
    MerchandiseNotReceived""".split()
)
_REQUIRED = ("packageReferenceId", "carrierCode", "trackingNumber", "shipDate", "orderItems")


class Refused(ValueError):
    """Something that cannot be told of an order."""


def order_of(world: World, seller_id: str, order_id: str) -> Order:
    """The seller's order of that number."""
    order = world.orders.get(order_id)
    if order is None or order.seller_id != seller_id:
        raise Refused("There is no such order.")
    return order


def ship(world: World, order: Order, parcel: Parcel, item_id: str) -> None:
    """Let a parcel leave. The same parcel again changes nothing but how it travels."""
    if order.fulfilled_by_amazon:
        raise Refused("Amazon fulfils this order itself.")
    if item_id != order.item_id:
        raise Refused("The order has no such item.")
    for place, known in enumerate(order.parcels):
        if known.reference == parcel.reference:
            if known.quantity != parcel.quantity:
                raise Refused("The package was confirmed with another quantity.")
            order.parcels[place] = replace(parcel, told_ms=known.told_ms)
            return
    if order.status == "SHIPPED":
        raise Refused("The order is fulfilled already.")
    if order.status not in {"UNSHIPPED", "PARTIALLY_SHIPPED"}:
        raise Refused(f"The order is {order.status}.")
    left = order.quantity - order.shipped
    if not 1 <= parcel.quantity <= left:
        raise Refused(f"The quantity must be from 1 to {left}.")
    order.parcels.append(parcel)
    is_done = order.shipped == order.quantity
    order.status = "SHIPPED" if is_done else "PARTIALLY_SHIPPED"
    order.updated_ms = world.now_ms


def cancel(world: World, order: Order, reason: str) -> None:
    """Cancel an order of which nothing has left; cancelling again changes nothing."""
    if reason not in CANCEL_REASONS:
        raise Refused(f"'{reason}' is not a reason to cancel.")
    if order.status == "CANCELLED":
        return
    if order.fulfilled_by_amazon:
        raise Refused("Amazon fulfils this order itself.")
    if order.status != "UNSHIPPED":
        raise Refused(f"The order is {order.status}.")
    order.status, order.updated_ms = "CANCELLED", world.now_ms


def confirm_shipment(call: Call) -> Answer:
    """Orders v0 confirmShipment: one parcel of one order."""
    body = read_object(call.body)
    marketplace_id, told = body.get("marketplaceId"), body.get("packageDetail")
    if not isinstance(marketplace_id, str) or not isinstance(told, dict):
        raise invalid("marketplaceId and packageDetail are required.")
    call.require_marketplaces([marketplace_id])
    try:
        order = order_of(call.world, call.seller_id, call.path["order_id"])
    except Refused as error:
        raise SpApiError(404, "NotFound", str(error)) from error
    parcel, item_id = _parcel(call.world, told)
    try:
        ship(call.world, order, parcel, item_id)
    except Refused as error:
        raise invalid(str(error)) from error
    return Answer(204, None)


def _parcel(world: World, told: JsonObject) -> tuple[Parcel, str]:
    """The parcel and the item in it; orders here are of one item."""
    for name in _REQUIRED:
        if not told.get(name):
            raise invalid(f"{name} is required.")
    reference, items = told["packageReferenceId"], told["orderItems"]
    if not isinstance(reference, str) or not (reference.isascii() and reference.isdigit()):
        raise invalid("packageReferenceId must be a positive number in a string.")
    if told["carrierCode"] == "Other" and not told.get("carrierName"):
        raise invalid("carrierName is required where carrierCode is Other.")
    try:
        shipped_ms = parse_iso(told["shipDate"])
    except (TypeError, ValueError) as error:
        raise invalid("shipDate must be an ISO 8601 moment.") from error
    if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
        raise invalid("orderItems must be a list of objects.")
    item_ids = {item.get("orderItemId") for item in items}
    quantities = [item.get("quantity") for item in items]
    if not all(isinstance(n, int) and not isinstance(n, bool) and n > 0 for n in quantities):
        raise invalid("quantity must be a whole number above 0.")
    if len(item_ids) != 1:
        raise invalid("The order has no such item.")
    parcel = Parcel(
        reference=reference,
        quantity=sum(quantities),
        shipped_ms=shipped_ms,
        told_ms=world.now_ms,
        carrier=str(told.get("carrierName") or told["carrierCode"]),
        method=str(told.get("shippingMethod") or ""),
        tracking=str(told["trackingNumber"]),
    )
    return parcel, str(item_ids.pop())
