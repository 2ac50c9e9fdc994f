"""Floors and ceilings of one product: catalogue prices, adjusted, or what fees and margin ask for (behaviour 14.6)."""

from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from math import ceil

from domain.money import Money
from domain.product import Product
from rules.amounts import exact, exchanged, exchanged_exactly, factor, told
from rules.catalog import CATALOG_PRICE, price_attribute
from rules.language import Bound, Fees

_LEAST_LEFT = Fraction(1, 100)
"""Where fees, the VAT in them and the margin leave less of the price than this, no price is high enough."""


@dataclass(frozen=True, slots=True)
class Exchange:
    """How catalogue money becomes marketplace money; `rate` is None where none is set."""

    rate: Decimal | None
    currency: str
    vat_percent: Decimal | None = None
    """What the store adds to net prices; fees are taken of the sum."""
    bounds_with_vat: bool = False


@dataclass(frozen=True, slots=True)
class Limit:
    """A floor or ceiling of one product, and where it comes from. `price` is None where there is none."""

    price: Money | None
    note: str
    is_fallback: bool = False
    """The catalogue price stands in for an empty source."""
    is_with_vat: bool = False
    """A competitor's price, which carries taxes, is held against it with VAT on top."""


def floor_of(bound: Bound, product: Product, exchange: Exchange) -> Limit:
    """The lowest price a rule may reach; an empty source makes it the catalogue price as it is."""
    limit = _limit_of(bound, product, exchange)
    if limit.price is not None or price_attribute(product, bound.source) is not None:
        return limit
    fallback = price_attribute(product, CATALOG_PRICE)
    price = None if fallback is None else exchanged(fallback, exchange.rate, exchange.currency)
    if price is None:
        return limit
    note = f"{limit.note}, so the catalogue price"
    return Limit(price, note, is_fallback=True, is_with_vat=limit.is_with_vat)


def ceiling_of(bound: Bound | None, product: Product, exchange: Exchange) -> Limit:
    """The highest price a rule may reach; an empty source means that there is none."""
    if bound is None:
        return Limit(None, "The rule has no ceiling")
    return _limit_of(bound, product, exchange)


def _limit_of(bound: Bound, product: Product, exchange: Exchange) -> Limit:
    knows_fees = bound.fees is not None or bound.margin is not None
    is_with_vat = exchange.bounds_with_vat or knows_fees
    source = price_attribute(product, bound.source)
    if source is None:
        return Limit(None, f"The product has no {bound.source}", is_with_vat=is_with_vat)
    note = f"{bound.source} {source}"
    if bound.adjust is not None:
        note += f", {told(bound.adjust)}"
    if not knows_fees:
        price = exchanged(source, exchange.rate, exchange.currency, factor(bound.adjust))
        return Limit(price, note, is_with_vat=is_with_vat)
    price = _covering(bound, source, exchange)
    if price is None:
        return Limit(None, f"{note}: fees and margin leave nothing of any price", is_with_vat=True)
    return Limit(price, f"{note}{_told_fees(bound)}", is_with_vat=True)


def _covering(bound: Bound, source: Money, exchange: Exchange) -> Money | None:
    """The lowest price that leaves cost and margin when Amazon has taken its fee, which it rounds up at worst."""
    fees, currency = bound.fees or Fees(), exchange.currency
    cost = exchanged_exactly(source, exchange.rate, currency)
    if cost is None:
        return None
    referral = Fraction(fees.referral_percent) / 100
    if exchange.vat_percent:
        referral *= 1 + Fraction(exchange.vat_percent) / 100
    margin, extra = Fraction(0), Decimal(0)
    if bound.margin is not None:
        margin, extra = Fraction(bound.margin.percent or 0) / 100, bound.margin.amount or extra
    needed = cost * factor(bound.adjust) + exact(fees.fixed, currency) + exact(extra, currency)
    left = 1 - referral - margin
    if left < _LEAST_LEFT:
        return None
    price = ceil(needed / left)
    while price - ceil(price * referral) - price * margin < needed:
        price += 1
    return Money(price, currency)


def _told_fees(bound: Bound) -> str:
    parts = []
    if bound.fees and bound.fees.referral_percent:
        parts.append(f"{bound.fees.referral_percent:f}% referral fee")
    if bound.fees and bound.fees.fixed:
        parts.append(f"{bound.fees.fixed:f} fixed fees")
    if bound.margin:
        parts.append(f"a margin of {bound.margin}")
    *most, last = parts
    return f", plus {', '.join(most)} and {last}" if most else f", plus {last}"
