"""Arithmetic of prices: exact until it is rounded half up to the smallest unit (behaviour 14.8)."""

from decimal import Decimal
from fractions import Fraction
from functools import lru_cache

from domain.money import CURRENCY_DIGITS, Money, convert, half_up
from rules.language import Adjustment, Size


def exact(amount: Decimal, currency: str) -> Fraction:
    """An amount in the smallest unit of a currency, not rounded."""
    return Fraction(amount) * Fraction(10) ** CURRENCY_DIGITS[currency]


def money(amount: Decimal, currency: str) -> Money:
    """An amount in a currency, rounded where it has more decimals than the currency."""
    return Money(half_up(exact(amount, currency)), currency)


@lru_cache(maxsize=1024)
def factor(adjust: Adjustment | None) -> Fraction:
    """What a percentage multiplies by; 1 for none."""
    if adjust is None or adjust.percent is None:
        return Fraction(1)
    share = Fraction(adjust.percent) / 100
    return 1 + share if adjust.is_increase else 1 - share


def adjusted(price: Money, adjust: Adjustment | None) -> Money:
    """A price increased or decreased by a percentage or a fixed amount."""
    if adjust is None or adjust.amount is None:
        return price.times(factor(adjust))
    change = money(adjust.amount, price.currency)
    return price + change if adjust.is_increase else price - change


def with_percent(price: Money, percent: Decimal | None) -> Money:
    """A price with a percentage, such as VAT, on top."""
    return price if percent is None else price.times(1 + Fraction(percent) / 100)


def portion(size: Size, price: Money) -> Money:
    """How much a size is of a price, rounded down: a limit never grows by rounding."""
    share = price.minor * Fraction(size.percent or 0) / 100
    if size.amount is not None:
        share = exact(size.amount, price.currency)
    return Money(share.numerator // share.denominator, price.currency)


def exchanged_exactly(price: Money, rate: Decimal | None, currency: str) -> Fraction | None:
    """A catalogue price in the smallest unit of a currency, not rounded; None without a rate to do it."""
    if price.currency == currency:
        return Fraction(price.minor)
    if rate is None:
        return None
    shift = Fraction(10) ** (CURRENCY_DIGITS[currency] - CURRENCY_DIGITS[price.currency])
    return price.minor * Fraction(rate) * shift


def exchanged(
    price: Money, rate: Decimal | None, currency: str, scale: Fraction = Fraction(1)
) -> Money | None:
    """A catalogue price times `scale` in the marketplace's currency, rounded once; None without a rate to do it."""
    if price.currency == currency:
        return price.times(scale)
    if rate is None:
        return None
    return convert(price, Fraction(rate) * scale, currency)


@lru_cache(maxsize=1024)
def told(adjust: Adjustment | None) -> str:
    """An adjustment in words, such as ``10% less``."""
    if adjust is None:
        return "unchanged"
    size = Size(adjust.percent, adjust.amount)
    return f"{size} {'more' if adjust.is_increase else 'less'}"
