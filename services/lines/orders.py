"""Orders as lines, and after each what was ordered."""

from collections.abc import Iterator

from domain.global_id import Kind
from services.lines.columns import (
    Children,
    Json,
    Row,
    amount,
    maybe_money,
    moment_at,
    plain,
    reference,
)
from services.lines.shape import Shape
from storage.keyset import Sort
from storage.orders import ORDERS


def _lines(row: Row) -> Iterator[Json]:
    for line in row["lines"]:
        yield {
            "orderItemId": line["order_item_id"],
            "sellerSku": line["seller_sku"],
            "asin": line["asin"],
            "title": line["title"],
            "quantity": line["quantity"],
            "quantityShipped": line["quantity_shipped"],
            "unitPrice": maybe_money(line["unit_price"]),
        }


LINES = Shape(
    Kind.ORDER,
    ORDERS.name,
    {
        "store": reference("store_id", Kind.STORE),
        "marketplaceOrderId": plain("marketplace_order_id"),
        "status": plain("status"),
        "marketplaceStatus": plain("marketplace_status"),
        "fulfilment": plain("fulfilment"),
        "lines": Children("lines", "OrderLine", _lines),
        "total": amount("total"),
        "purchasedAt": moment_at("purchased_at"),
        "shipByAt": moment_at("ship_by"),
        "marketplaceUpdatedAt": moment_at("marketplace_updated_at"),
        "importedAt": moment_at("imported_at"),
        "version": plain("version"),
    },
    batch=1_000,
    sort=Sort("purchased_at"),
)
