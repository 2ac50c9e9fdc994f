"""An order as Amazon describes it."""

from connectors.simulator.chance import between, pick
from connectors.simulator.clock import DAY, iso
from connectors.simulator.wire import JsonObject, text_amount
from connectors.simulator.world import Order, Parcel, World

INCLUDED = frozenset(
    """BUYER RECIPIENT PROCEEDS EXPENSE PROMOTION CANCELLATION FULFILLMENT PACKAGES TAX PAYMENT
    FULFILLMENT_ORDERS""".split()
)
_FIRST_NAMES = ("Alex", "Charlie", "Jordan", "Kim", "Morgan", "Robin", "Sam", "Taylor")
_LAST_NAMES = ("Baker", "Carter", "Hayes", "Mason", "Parker", "Reed", "Turner", "Webb")


def document(world: World, order: Order, included: set[str]) -> JsonObject:
    """An order with the data sets asked for. Prices and people are told once the payment has cleared."""
    answer: JsonObject = {
        "orderId": order.order_id,
        "createdTime": iso(order.created_ms),
        "lastUpdatedTime": iso(order.updated_ms),
        "salesChannel": {
            "channelName": "AMAZON",
            "marketplaceId": world.marketplace_id,
            "marketplaceName": world.marketplace.domain.capitalize(),
        },
        "orderItems": [_item(world, order, included)],
    }
    if order.fulfilled_by_amazon:
        answer["programs"] = ["PRIME"]
    if order.merchant_number is not None:
        answer["orderAliases"] = [
            {"aliasId": order.merchant_number, "aliasType": "SELLER_ORDER_ID"}
        ]
    if "FULFILLMENT" in included:
        answer["fulfillment"] = _fulfillment(order)
    if "PACKAGES" in included and order.parcels and not order.fulfilled_by_amazon:
        answer["packages"] = [_package(order, parcel) for parcel in order.parcels]
    if order.status != "PENDING":
        answer |= _after_payment(world, order, included)
    return answer


def _after_payment(world: World, order: Order, included: set[str]) -> JsonObject:
    answer: JsonObject = {}
    name = (
        f"{pick(_FIRST_NAMES, order.order_id, 'first')} {pick(_LAST_NAMES, order.order_id, 'last')}"
    )
    if "BUYER" in included:
        answer["buyer"] = {
            "buyerName": name,
            "buyerEmail": f"{order.item_id}@marketplace.{world.marketplace.domain}",
        }
    if "RECIPIENT" in included:
        answer["recipient"] = {
            "deliveryAddress": {
                "name": name,
                "addressLine1": f"{between(1, 999, order.order_id, 'street')} Example Street",
                "city": "Springfield",
                "postalCode": f"{between(10_000, 99_999, order.order_id, 'code')}",
                "countryCode": world.marketplace.country,
                "addressType": "RESIDENTIAL",
            }
        }
    if "PROCEEDS" in included:
        total = text_amount(order.unit_price * order.quantity, world.currency)
        answer["proceeds"] = {"grandTotal": total}
    return answer


def _item(world: World, order: Order, included: set[str]) -> JsonObject:
    kind, shade = order.condition.upper().split("_", 1)
    product: JsonObject = {
        "asin": order.asin,
        "title": order.title,
        "sellerSku": order.sku,
        "condition": {"conditionType": kind, "conditionSubtype": shade},
    }
    item: JsonObject = {
        "orderItemId": order.item_id,
        "quantityOrdered": order.quantity,
        "product": product,
    }
    if order.status != "PENDING":
        product["price"] = {"unitPrice": text_amount(order.unit_price, world.currency)}
        if "PROCEEDS" in included:
            total = text_amount(order.unit_price * order.quantity, world.currency)
            item["proceeds"] = {
                "proceedsTotal": total,
                "breakdowns": [{"type": "ITEM", "subtotal": total}],
            }
    if "FULFILLMENT" in included:
        item["fulfillment"] = {
            "quantityFulfilled": order.shipped,
            "quantityUnfulfilled": order.quantity - order.shipped,
        }
    return item


def _package(order: Order, parcel: Parcel) -> JsonObject:
    return {
        "packageReferenceId": parcel.reference,
        "createdTime": iso(parcel.told_ms),
        "packageStatus": {"status": "SHIPPED"},
        "carrier": parcel.carrier,
        "shipTime": iso(parcel.shipped_ms),
        "shippingService": parcel.method,
        "trackingNumber": parcel.tracking,
        "packageItems": [{"orderItemId": order.item_id, "quantity": parcel.quantity}],
    }


def _fulfillment(order: Order) -> JsonObject:
    start = order.created_ms - order.created_ms % DAY
    return {
        "fulfillmentStatus": order.status,
        "fulfilledBy": "AMAZON" if order.fulfilled_by_amazon else "MERCHANT",
        "fulfillmentServiceLevel": "STANDARD",
        "shipByWindow": {
            "earliestDateTime": iso(start + DAY),
            "latestDateTime": iso(start + 3 * DAY - 1_000),
        },
        "deliverByWindow": {
            "earliestDateTime": iso(start + 4 * DAY),
            "latestDateTime": iso(start + 8 * DAY - 1_000),
        },
    }
