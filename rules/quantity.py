"""How many units to offer (behaviour 9)."""

from dataclasses import dataclass
from decimal import ROUND_FLOOR

from domain.listing import Fulfilment
from domain.product import Product
from domain.store import StockSettings


@dataclass(frozen=True, slots=True)
class Quantity:
    """Units to publish and why; None where Amazon fulfils and counts for itself."""

    value: int | None
    note: str


def is_below_threshold(stock: StockSettings, product: Product) -> bool:
    """Whether counted stock, in whole units, is too low to be listed."""
    return product.manages_stock and whole_stock(product) < stock.out_of_stock_threshold


def whole_stock(product: Product) -> int:
    """Whole units in stock; a backorder's negative stock is none."""
    return max(0, int(product.stock.to_integral_value(rounding=ROUND_FLOOR)))


def quantity_of(
    stock: StockSettings, product: Product, fulfilment: Fulfilment, *, eligible: bool
) -> Quantity:
    """The quantity to publish for a listing."""
    if fulfilment is Fulfilment.AMAZON:
        return Quantity(None, "Amazon fulfils, so Amazon counts the stock")
    if not eligible:
        return Quantity(0, "Not eligible, so nothing is offered")
    if not product.manages_stock:
        return Quantity(
            stock.do_not_manage_quantity,
            "The catalogue does not count stock: the store's fixed quantity",
        )
    units = whole_stock(product)
    if is_below_threshold(stock, product):
        return Quantity(
            0, f"Stock of {units} is below the store's threshold of {stock.out_of_stock_threshold}"
        )
    if units > stock.maximum:
        return Quantity(stock.maximum, f"Stock of {units}, capped at the store's maximum")
    return Quantity(units, f"Stock of {units}")
