"""Prices that come from the catalogue: the price source, floors, ceilings and MAP (behaviour 10 and 14.6)."""

from dataclasses import dataclass
from decimal import Decimal

from domain.money import Money
from domain.product import Product
from rules.amounts import exchanged, factor, told
from rules.language import Bound

CATALOG_PRICE = "price"
"""The price attribute that every product should have and that stands in for empty ones."""


@dataclass(frozen=True, slots=True)
class Exchange:
    """How catalogue money becomes marketplace money; `rate` is None where none is set."""

    rate: Decimal | None
    currency: str


@dataclass(frozen=True, slots=True)
class Limit:
    """A floor or ceiling of one product, and where it comes from. `price` is None where there is none."""

    price: Money | None
    note: str
    is_fallback: bool = False
    """The catalogue price stands in for an empty source."""


def price_attribute(product: Product, code: str) -> Money | None:
    """A price attribute of a product; zero is what catalogues hold where nobody entered a price, so it is none."""
    price = product.prices.get(code)
    return price if price is not None and price.minor > 0 else None


def floor_of(bound: Bound, product: Product, exchange: Exchange) -> Limit:
    """The lowest price a rule may reach; an empty source makes it the catalogue price as it is."""
    limit = _limit_of(bound, product, exchange)
    if limit.price is not None:
        return limit
    fallback = price_attribute(product, CATALOG_PRICE)
    price = None if fallback is None else exchanged(fallback, exchange.rate, exchange.currency)
    if price is None:
        return limit
    return Limit(price, f"{limit.note}, so the catalogue price", is_fallback=True)


def ceiling_of(bound: Bound | None, product: Product, exchange: Exchange) -> Limit:
    """The highest price a rule may reach; an empty source means that there is none."""
    if bound is None:
        return Limit(None, "The rule has no ceiling")
    return _limit_of(bound, product, exchange)


def _limit_of(bound: Bound, product: Product, exchange: Exchange) -> Limit:
    source = price_attribute(product, bound.source)
    if source is None:
        return Limit(None, f"The product has no {bound.source}")
    price = exchanged(source, exchange.rate, exchange.currency, factor(bound.adjust))
    note = f"{bound.source} {source}"
    if bound.adjust is not None:
        note += f", {told(bound.adjust)}"
    return Limit(price, note)
