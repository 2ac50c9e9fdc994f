"""What comes besides the price: the offer to businesses and the struck-through price (behaviour 10 and 11)."""

from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from domain.decision import BusinessPrice, QuantityPrice, TraceStep
from domain.marketplace import Marketplace
from domain.money import Money, half_up
from domain.product import Product
from domain.store import BusinessSettings, PriceSettings, Store
from rules.amounts import exchanged, money
from rules.bounds import Exchange
from rules.catalog import price_attribute

_LEAST = Decimal(1)
"""Businesses are never asked for less, in marketplace currency."""


@dataclass(frozen=True, slots=True)
class Besides:
    """What goes out with a price, and the steps that tell of it."""

    business: BusinessPrice | None = None
    list_price: Money | None = None
    trace: tuple[TraceStep, ...] = ()


@dataclass(frozen=True, slots=True)
class Saving:
    """What buyers see beside a struck-through price."""

    list_price: Money
    amount: Money
    percent: int
    """Rounded to a whole number."""


def besides(price: Money, product: Product, store: Store, exchange: Exchange) -> Besides:
    """What goes out with a price that is published."""
    settings = store.settings.price
    business, told_business = _business(price, settings.business, store.marketplace)
    list_price, told_list_price = _list_price(price, product, settings, exchange)
    return Besides(business, list_price, (*told_business, *told_list_price))


def saving(price: Money, list_price: Money | None, *, owns_buy_box: bool | None) -> Saving | None:
    """What Amazon shows buyers of a list price; nothing unless the Buy Box is ours."""
    if list_price is None or not owns_buy_box or price >= list_price:
        return None
    amount = list_price - price
    return Saving(list_price, amount, half_up(Fraction(100 * amount.minor, list_price.minor)))


def _business(
    price: Money, settings: BusinessSettings | None, marketplace: Marketplace
) -> tuple[BusinessPrice | None, tuple[TraceStep, ...]]:
    if settings is None:
        return None, ()
    least = money(_LEAST, price.currency)
    obstacle = None
    if not marketplace.has_business:
        obstacle = f"there is no Amazon Business in {marketplace.country}"
    elif price < least:
        obstacle = f"they are never asked for less than {least}"
    if obstacle is not None:
        note = f"No offer to businesses: {obstacle}"
        return None, (TraceStep("BUSINESS", note, before=price, after=None),)
    business = BusinessPrice(price, _tiers(price, settings))
    note = f"Businesses pay {business}"
    return business, (TraceStep("BUSINESS", note, before=price, after=price),)


def _tiers(price: Money, settings: BusinessSettings) -> tuple[QuantityPrice, ...]:
    """Prices by quantity; a discount that comes to nothing in whole cents, or leaves no price, is none."""
    tiers: list[QuantityPrice] = []
    for each in settings.discounts:
        reduced = price.times(1 - Fraction(each.percent_off) / 100)
        if 0 < reduced.minor < (tiers[-1].price if tiers else price).minor:
            tiers.append(QuantityPrice(each.at_least, reduced))
    return tuple(tiers)


def _list_price(
    price: Money, product: Product, settings: PriceSettings, exchange: Exchange
) -> tuple[Money | None, tuple[TraceStep, ...]]:
    """The manufacturer's suggested price as it stands in the catalogue, taxes and all, where it is higher."""
    if settings.msrp_attribute is None:
        return None, ()
    source = price_attribute(product, settings.msrp_attribute)
    found = source and exchanged(source, exchange.rate, exchange.currency)
    if found is None or found <= price:
        return None, ()
    note = f"{settings.msrp_attribute} {source} may be shown struck through"
    return found, (TraceStep("LIST_PRICE", note, before=price, after=price),)
