"""Price history: what a listing and its market cost over time, for a chart."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from domain.listing import Condition
from domain.money import Money


class Line(StrEnum):
    """What is followed over time: our own price, or the market of an item in one condition."""

    OWN = "own"
    MARKET = "market"


@dataclass(frozen=True, slots=True)
class OwnPrice:
    """What a listing costs from a moment on."""

    store_id: str
    seller_sku: str
    price: Money | None
    """Live on Amazon, without shipping."""
    wanted_price: Money | None
    at: datetime


@dataclass(frozen=True, slots=True)
class Market:
    """What an item costs from a moment on, as the listings in one condition see it. Prices are landed prices."""

    store_id: str
    asin: str
    condition: Condition
    buy_box: Money | None
    """None while nobody holds the Buy Box, or nobody who is shown."""
    owns_buy_box: bool | None
    lowest: Money | None
    """The lowest of other sellers' offers in the condition; None while there are none."""
    competitors: int
    """Other sellers' offers in the condition; Amazon shows 20 at most."""
    at: datetime


@dataclass(frozen=True, slots=True)
class Movement:
    """How an amount moved within a span: at its end, and the extremes, what held at its beginning included."""

    last: Money | None
    low: Money | None
    high: Money | None

    def until(self, later: "Movement") -> "Movement":
        """The movement of a span that begins with the last of this one."""
        known = [money for money in (self.last, later.low, later.high) if money is not None]
        return Movement(
            later.last, min(known, key=_minor, default=None), max(known, key=_minor, default=None)
        )

    def at_end(self) -> "Movement":
        """What goes on once the span is over."""
        return Movement(self.last, self.last, self.last)


UNKNOWN = Movement(None, None, None)


@dataclass(frozen=True, slots=True)
class Own:
    """Our own price within a span."""

    price: Movement = UNKNOWN
    wanted_price: Money | None = None

    def until(self, later: "Own") -> "Own":
        """The price over a span that begins with the end of this one."""
        return Own(self.price.until(later.price), later.wanted_price)

    def at_end(self) -> "Own":
        """What goes on once the span is over."""
        return Own(self.price.at_end(), self.wanted_price)


@dataclass(frozen=True, slots=True)
class Around:
    """The market within a span."""

    buy_box: Movement = UNKNOWN
    lowest: Movement = UNKNOWN
    owns_buy_box: bool | None = None
    competitors: int | None = None
    """None while nothing is known."""

    def until(self, later: "Around") -> "Around":
        """The market over a span that begins with the end of this one."""
        return Around(
            self.buy_box.until(later.buy_box),
            self.lowest.until(later.lowest),
            later.owns_buy_box,
            later.competitors,
        )

    def at_end(self) -> "Around":
        """What goes on once the span is over."""
        return Around(
            self.buy_box.at_end(), self.lowest.at_end(), self.owns_buy_box, self.competitors
        )


@dataclass(frozen=True, slots=True)
class PricePoint:
    """A span of a chart. What it ends with holds until the next point begins."""

    starts_at: datetime
    ends_at: datetime
    own: Own
    around: Around


BEFORE = -1
"""Number of the span that is all time before the first."""


@dataclass(frozen=True, slots=True)
class Spans:
    """A stretch of time, cut into spans of the same length."""

    from_at: datetime
    to_at: datetime
    count: int

    @property
    def length(self) -> timedelta:
        """Length of a span in whole milliseconds, rounded up, so that no moment falls behind the last."""
        whole = (self.to_at - self.from_at) // timedelta(milliseconds=1)
        return timedelta(milliseconds=-(-whole // self.count))


def _minor(money: Money) -> int:
    return money.minor


def points(
    spans: Spans, own: Mapping[int, Own], around: Mapping[int, Around]
) -> Iterable[PricePoint]:
    """A point for the beginning, where something is known of it, and one for each span in which something changed."""
    asked, market = Own(), Around()
    for number in sorted({BEFORE, 0, *own, *around}):
        changed = number in own or number in around
        asked = asked.until(own[number]) if number in own else asked
        market = market.until(around[number]) if number in around else market
        if number != BEFORE and (changed or (asked, market) != (Own(), Around())):
            begins = spans.from_at + number * spans.length
            yield PricePoint(begins, min(begins + spans.length, spans.to_at), asked, market)
        asked, market = asked.at_end(), market.at_end()
