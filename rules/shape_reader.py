"""Reads how prices are finished: endings, rounding, the largest step and the pause between changes."""

import re
from decimal import Decimal
from functools import partial

from domain.money import CURRENCY_DIGITS
from rules.adjustment_reader import amount, duration, size
from rules.language import Direction, Rounding, Shape
from rules.reader import At, Wrong, choice, text

SHAPE_FIELDS = ("ending", "round", "maxStep", "cooldown")
ENDING = re.compile(r"\d{1,4}|\d{0,4}\.\d{1,4}", re.ASCII)
_MOST_STEP = 100


def read_shape(fields: dict[str, At]) -> Shape:
    """What a rule or a document says of it."""
    rounding = None
    if "round" in fields:
        rounding = fields["round"].attempt(_rounding)
    if "ending" in fields:
        if "round" in fields:
            fields["ending"].report("`ending` and `round` both say how prices end; remove one")
        rounding = fields["ending"].attempt(_ending)
    step, pause = None, None
    if "maxStep" in fields:
        step = fields["maxStep"].attempt(partial(size, most_percent=_MOST_STEP))
    if "cooldown" in fields:
        pause = fields["cooldown"].attempt(duration)
    return Shape(rounding, step, pause)


def _rounding(at: At) -> Rounding | None:
    fields = at.fields(["to", "direction"], "`round`")
    to = at.required(fields, "to", _multiple, '"0.05"')
    direction: Direction | None = Direction.NEAREST
    if "direction" in fields:
        direction = fields["direction"].attempt(partial(choice, choices=Direction))
    return None if to is None or direction is None else Rounding(to, None, direction)


def _multiple(at: At) -> Decimal:
    value = amount(at)
    decimals = max(CURRENCY_DIGITS.values())
    if value != round(value, decimals):
        raise Wrong(at, f"Prices in any currency have {decimals} decimals at most")
    return value


def _ending(at: At) -> Rounding:
    ending = text(at)
    if not ENDING.fullmatch(ending):
        raise Wrong(
            at, f'Expected the last digits of a price, such as ".99" or "9.95", not {ending!r}'
        )
    if at.currency is not None and (problem := impossible_ending(ending, at.currency)):
        raise Wrong(at, problem)
    return Rounding(ending=ending)


def impossible_ending(ending: str, currency: str) -> str | None:
    """Why no price in a currency ends so; None where prices do."""
    digits = CURRENCY_DIGITS[currency]
    _, point, decimals = ending.partition(".")
    if len(decimals.rstrip("0")) > digits:
        return f"Prices in {currency} have {digits} decimals, so none ends in {ending}"
    if digits and not point:
        example = "99".ljust(digits, "0")[:digits]
        return f"Write the ending of a price in {currency} with a point, such as .{example}"
    return None
