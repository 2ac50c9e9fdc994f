"""A marketplace order as imported."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from domain.listing import Fulfilment
from domain.money import Money


class OrderStatus(StrEnum):
    """Amazon's order status, as Orders 2026-01-01 spells it; what it does not know yet is UNKNOWN."""

    PENDING = "PENDING"
    PENDING_AVAILABILITY = "PENDING_AVAILABILITY"
    UNSHIPPED = "UNSHIPPED"
    PARTIALLY_SHIPPED = "PARTIALLY_SHIPPED"
    SHIPPED = "SHIPPED"
    CANCELLED = "CANCELLED"
    UNFULFILLABLE = "UNFULFILLABLE"
    UNKNOWN = "UNKNOWN"


@dataclass(frozen=True, slots=True)
class OrderLine:
    """One item of an order."""

    order_item_id: str
    seller_sku: str | None
    asin: str | None
    title: str
    quantity: int
    quantity_shipped: int
    unit_price: Money | None


@dataclass(frozen=True, slots=True)
class Order:
    """An order placed on Amazon. Buyers' personal data is not kept in this slice."""

    id: str
    merchant_id: str
    store_id: str
    marketplace_order_id: str
    status: OrderStatus
    marketplace_status: str
    """Amazon's own word, kept beside ours."""
    fulfilment: Fulfilment
    purchased_at: datetime
    marketplace_updated_at: datetime
    """Amazon's time of its last change; an older one never replaces a newer one."""
    ship_by: datetime | None
    total: Money | None
    lines: tuple[OrderLine, ...]
    imported_at: datetime
    version: int


def order_id(store_id: str, marketplace_order_id: str) -> str:
    """An order's id follows from its store and Amazon's number, so that importing twice cannot make two."""
    return f"{store_id}/{marketplace_order_id}"
