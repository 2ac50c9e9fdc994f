"""The last look at a price before it leaves: it trusts no rule (architecture 4, behaviour 14.7)."""

from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from math import ceil

from domain.decision import DecisionReason
from domain.money import Money
from domain.store import PriceSettings
from rules.amounts import money
from rules.running import Running


@dataclass(frozen=True, slots=True)
class Objection:
    """Why a price must not be published."""

    reason: DecisionReason
    note: str


def below_minimum(price: Money, settings: PriceSettings) -> Objection | None:
    """No price is published at or below zero or under the store's absolute minimum, not even a person's."""
    if price.minor <= 0:
        return Objection(DecisionReason.BELOW_MINIMUM, "A price must be above zero")
    if settings.absolute_minimum is None:
        return None
    least = money(Decimal(settings.absolute_minimum), price.currency)
    if price < least:
        return Objection(
            DecisionReason.BELOW_MINIMUM, f"Under the store's absolute minimum of {least}"
        )
    return None


def objection(
    running: Running, settings: PriceSettings, last_price: Money | None
) -> Objection | None:
    """The first reason to hold a computed price; None lets it go.

    `last_price` is the live price, or the one on its way; without one any step is possible.
    """
    return (
        below_minimum(running.price, settings)
        or _unbounded(running)
        or _step_too_large(running.price, last_price, settings.largest_step_percent)
        or _as_the_rule_says(running)
    )


def _as_the_rule_says(running: Running) -> Objection | None:
    return None if running.hold is None else Objection(DecisionReason.RULE_HOLDS, running.hold)


def _unbounded(running: Running) -> Objection | None:
    has_floor = running.floor is not None and running.floor.price is not None
    if has_floor or not running.follows_rival:
        return None
    return Objection(
        DecisionReason.UNBOUNDED,
        "It follows a competitor and the product has no value for the floor",
    )


def _step_too_large(
    price: Money, last_price: Money | None, largest: Decimal | None
) -> Objection | None:
    if largest is None or last_price is None or last_price.minor <= 0:
        return None
    share = Fraction(abs((price - last_price).minor) * 100, last_price.minor)
    if share <= Fraction(largest):
        return None
    return Objection(
        DecisionReason.STEP_TOO_LARGE,
        f"{_percent(share)} away from {last_price}; the store allows {largest:f}% in one step",
    )


def _percent(share: Fraction) -> str:
    """Rounded up to hundredths, so that what is over a limit never looks equal to it."""
    whole, hundredths = divmod(ceil(share * 100), 100)
    return f"{whole}.{hundredths:02d}%"
