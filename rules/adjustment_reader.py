"""Reads changes and sizes: increases and decreases, percentages, amounts and lengths of time."""

import re
from datetime import timedelta
from decimal import Decimal

from domain.money import CURRENCY_DIGITS
from rules.conditions import number
from rules.language import Adjustment, Size
from rules.reader import At, Wrong, decimal, text

MATCH = "match"
MAX_INCREASE = 1000
"""Per cent by which a price or bound can be increased."""
INCREASE = "increase"
DIRECTIONS = (INCREASE, "decrease")
MAX_DAYS = 90
"""The longest that anything in a document can last."""

DURATION = re.compile(r"([1-9]\d{0,4})([mhd])", re.ASCII)
_UNITS = {"m": timedelta(minutes=1), "h": timedelta(hours=1), "d": timedelta(days=1)}


def read_adjustment(at: At) -> Adjustment | None:
    """An increase or a decrease, by a percentage or an amount."""
    if at.is_word(MATCH):
        raise Wrong(at, "Only a rule with `type: intelligent` can match; write {decrease: 10%}")
    fields = at.fields(DIRECTIONS, "An adjustment")
    if len(fields) != 1:
        raise Wrong(at, 'Write one of {increase: ...} and {decrease: ...}, by 10% or by "2.00"')
    (direction, size), *_ = fields.items()
    if text(size).endswith("%"):
        return by_percent(direction, size)
    change = decimal(size)
    _check_above_zero(size, change)
    _check_decimals(size, change)
    return Adjustment(direction == INCREASE, amount=change)


def by_percent(direction: str, at: At) -> Adjustment:
    """An increase or a decrease by a percentage."""
    percent = percentage(at)
    _check_above_zero(at, percent)
    if direction != INCREASE and percent >= 100:
        raise Wrong(at, "A decrease must be less than 100%")
    if percent > MAX_INCREASE:
        raise Wrong(at, f"An increase can be {MAX_INCREASE}% at most")
    return Adjustment(direction == INCREASE, percent=percent)


def percentage(at: At) -> Decimal:
    """A percentage such as 15%, of any size."""
    written = text(at)
    percent = number(written.removesuffix("%"))
    if percent is None or not written.endswith("%"):
        raise Wrong(at, "Expected a percentage such as 15%")
    return percent


def percentage_within(at: At, most: int) -> Decimal:
    """A percentage above nothing, up to a largest."""
    percent = percentage(at)
    if not 0 < percent <= most:
        raise Wrong(at, f"Expected a percentage above zero, {most}% at most")
    return percent


def amount(at: At) -> Decimal:
    """An amount of money above zero, with no more decimals than the store's currency has where that is known."""
    value = decimal(at)
    if value <= 0:
        raise Wrong(at, 'Expected an amount above zero, such as "2.00"')
    _check_decimals(at, value)
    return value


def size(at: At, most_percent: int) -> Size:
    """A percentage up to a largest, or an amount of money."""
    if text(at).endswith("%"):
        return Size(percent=percentage_within(at, most_percent))
    return Size(amount=amount(at))


def duration(at: At) -> timedelta:
    """A length of time: minutes, hours or days, such as 30m, 24h or 2d."""
    written = text(at)
    found = DURATION.fullmatch(written)
    if found is None:
        raise Wrong(at, f"Expected a length of time such as 30m, 24h or 2d, not {written!r}")
    length = int(found[1]) * _UNITS[found[2]]
    if length > timedelta(days=MAX_DAYS):
        raise Wrong(at, f"This is longer than {MAX_DAYS} days")
    return length


def _check_decimals(at: At, value: Decimal) -> None:
    """Refuse an amount that would have to be rounded: a decrease by 0.001 would do nothing at all."""
    if at.currency is None:
        return
    decimals = CURRENCY_DIGITS[at.currency]
    if value != round(value, decimals):
        most = f"{decimals} decimals at most" if decimals else "no decimals"
        raise Wrong(at, f"Amounts in {at.currency} have {most}, so {value:f} cannot be meant")


def _check_above_zero(at: At, value: Decimal) -> None:
    if value <= 0:
        raise Wrong(at, "This must be above zero; the direction is said by increase or decrease")
