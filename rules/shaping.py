"""The price that comes out, finished: no larger step than allowed, a fitting ending, and a pause between changes."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from fractions import Fraction

from domain.money import CURRENCY_DIGITS, Money
from rules.amounts import exact, portion
from rules.competitor import told_duration
from rules.language import Direction, Rounding, Shape, Size
from rules.running import Running
from rules.shape_reader import impossible_ending


@dataclass(frozen=True, slots=True)
class Window:
    """What finishing a price must keep to; None is no limit on that side."""

    least: Money | None
    most: Money | None

    def holds(self, price: Money) -> bool:
        """Whether a price lies within, bounds included."""
        return (self.least is None or price >= self.least) and (
            self.most is None or price <= self.most
        )

    def nearest(self, price: Money) -> Money:
        """The price, or the bound that it crosses; the lower one wins."""
        if self.most is not None and price > self.most:
            price = self.most
        return self.least if self.least is not None and price < self.least else price

    def around(self, price: Money) -> "Window":
        """This one, widened to a price that lies outside: finishing it must not take it further out."""
        return Window(
            None if self.least is None else min(self.least, price, key=_minor),
            None if self.most is None else max(self.most, price, key=_minor),
        )

    def within(self, price: Money, step: Money) -> "Window":
        """The part of it that is no further than a step from a price."""
        least, most = price - step, price + step
        return Window(
            least if self.least is None else max(self.least, least, key=_minor),
            most if self.most is None else min(self.most, most, key=_minor),
        )


def shaped(
    running: Running,
    shape: Shape,
    window: Window,
    before: Money | None,
    changed_at: datetime | None,
    now: datetime,
) -> Running:
    """Finish a price. `before` is the price that stands, `changed_at` since when, in the store's own time.

    Bounds are stronger than steps and pauses: a price that must rise to the floor does so at once.
    """
    wide = window.around(running.price)
    if before is not None and shape.max_step is not None:
        running = _stepped(running, shape.max_step, wide, before)
        step = portion(shape.max_step, before)
        if abs((running.price - before).minor) <= step.minor:
            wide = wide.within(before, step)
    if shape.rounding is not None and not running.is_kept:
        running = _rounded(running, shape.rounding, wide)
    if before is not None and changed_at is not None and shape.cooldown is not None:
        running = _cooled(running, shape.cooldown, window, before, changed_at, now)
    return running


def _stepped(running: Running, size: Size, window: Window, before: Money) -> Running:
    step = portion(size, before)
    nearest = min(max(running.price, before - step, key=_minor), before + step, key=_minor)
    price = window.nearest(nearest)
    if price == running.price:
        return running
    return running.step("STEP", f"At most {size} away from {before} at a time", price)


def _rounded(running: Running, rounding: Rounding, window: Window) -> Running:
    currency = running.price.currency
    every, rest = _grid(rounding, currency)
    what = f"end in {rounding.ending}" if rounding.ending else f"are multiples of {rounding.to}"
    if every is None:
        return running.step("ROUND", f"Prices are to {what}, which no price in {currency} does")
    below = Money(running.price.minor - (running.price.minor - rest) % every, currency)
    if below == running.price:
        return running
    found = [
        price
        for price in (below, Money(below.minor + every, currency))
        if price.minor > 0 and window.holds(price)
    ]
    if not found:
        return running.step("ROUND", f"Prices are to {what}, but none lies between the bounds")
    price = _chosen(found, running.price, rounding.direction)
    return running.step("ROUND", f"Prices are to {what}", price)


def _chosen(found: list[Money], price: Money, direction: Direction) -> Money:
    """One of at most two prices, the lower of which comes first."""
    if direction is Direction.DOWN:
        return found[0]
    if direction is Direction.UP:
        return found[-1]
    return min(found, key=lambda each: (abs((each - price).minor), -each.minor))


def _grid(rounding: Rounding, currency: str) -> tuple[int | None, int]:
    """Every how many of the smallest unit there is a price, and from which rest on; None where there is none."""
    unit = 10 ** CURRENCY_DIGITS[currency]
    if rounding.to is not None:
        every = exact(rounding.to, currency)
        return (int(every), 0) if every.denominator == 1 else (None, 0)
    ending = rounding.ending or ""
    if impossible_ending(ending, currency):
        return None, 0
    whole, _, decimals = ending.partition(".")
    rest = Fraction(f"{whole or 0}.{decimals or 0}") * unit
    return 10 ** len(whole) * unit, int(rest)


def _cooled(
    running: Running,
    cooldown: timedelta,
    window: Window,
    before: Money,
    changed_at: datetime,
    now: datetime,
) -> Running:
    if running.price == before or now - changed_at > cooldown or not window.holds(before):
        return running
    since = f"{changed_at:%Y-%m-%d %H:%M}"
    note = f"The price changed on {since} and stands for {told_duration(cooldown)}"
    return running.step("COOLDOWN", note, before)


def _minor(money: Money) -> int:
    return money.minor
