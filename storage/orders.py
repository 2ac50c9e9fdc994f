"""Orders."""

from domain.order import Order
from storage.collection import Collection
from storage.mongo import Scope, to_document

ORDERS = Collection("orders", Order)


async def replace_older(scope: Scope, order: Order) -> bool:
    """Write an order over an older state of itself; gives whether there was one."""
    document = to_document(order)
    where = {
        "_id": document.pop("_id"),
        "marketplace_updated_at": {"$lt": order.marketplace_updated_at},
    }
    for kept in ("version", "imported_at"):
        del document[kept]
    return await scope.update(ORDERS.name, where, {"$set": document, "$inc": {"version": 1}})
