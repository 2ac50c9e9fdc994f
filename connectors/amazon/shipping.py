"""Confirms shipments one by one (Orders v0 confirmShipment, which has no successor yet)."""

from connectors.amazon.operations import CONFIRM_SHIPMENT
from connectors.amazon.payload import iso
from connectors.amazon.transport import Transport
from connectors.back_office import Shipment


async def confirm(transport: Transport, shipment: Shipment) -> None:
    """Confirm one parcel; Amazon knows it by its reference, so that twice is once."""
    parcel = shipment.parcel
    detail: dict[str, object] = {
        "packageReferenceId": parcel.reference,
        "carrierCode": parcel.carrier_code,
        "trackingNumber": parcel.tracking_number,
        "shipDate": iso(parcel.shipped_at),
        "orderItems": [
            {"orderItemId": item_id, "quantity": quantity}
            for item_id, quantity in parcel.quantities.items()
        ],
    }
    if parcel.carrier_name is not None:
        detail["carrierName"] = parcel.carrier_name
    if parcel.shipping_method is not None:
        detail["shippingMethod"] = parcel.shipping_method
    await transport.send(
        CONFIRM_SHIPMENT,
        path={"orderId": shipment.order_number},
        body={"marketplaceId": transport.account.marketplace.id, "packageDetail": detail},
    )
