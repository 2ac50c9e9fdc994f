"""The last look at a price before it leaves: it trusts no rule (architecture 4, behaviour 14.7)."""

from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from math import ceil

from domain.decision import DecisionReason
from domain.money import Money
from domain.run import RunStatus
from rules.amounts import exact
from rules.following import held_against
from rules.inputs import PricingInputs
from rules.running import Running


@dataclass(frozen=True, slots=True)
class Objection:
    """Why a price must not be published."""

    reason: DecisionReason
    note: str


def below_minimum(price: Money, inputs: PricingInputs) -> Objection | None:
    """No price is published at or below zero or under an absolute minimum, not even a person's."""
    if price.minor <= 0:
        return Objection(DecisionReason.BELOW_MINIMUM, "A price must be above zero")
    settings = inputs.store.settings.price
    of_store = None if settings.absolute_minimum is None else Decimal(settings.absolute_minimum)
    for whose, least in (
        ("the store's absolute minimum", of_store),
        ("the guard-rails' minimum", inputs.guardrails.minimum_price),
    ):
        if least is not None and price.minor < exact(least, price.currency):
            return Objection(
                DecisionReason.BELOW_MINIMUM, f"Under {whose} of {least:f} {price.currency}"
            )
    return None


def objection(running: Running, inputs: PricingInputs) -> Objection | None:
    """The first reason to hold a computed price; None lets it go."""
    return (
        below_minimum(running.price, inputs)
        or _unbounded(running)
        or _step_too_large(running.price, inputs)
        or _as_the_rule_says(running)
        or _as_a_person_says(running.price, inputs)
    )


def under_the_floor(price: Money, running: Running, inputs: PricingInputs) -> Objection | None:
    """A price from before a run is not set again where it is under what the rules call the floor today."""
    least = held_against(running.floor, running, inputs.store.settings.price.vat_percent)
    if least is None or price >= least:
        return None
    return Objection(
        DecisionReason.BELOW_MINIMUM, f"The price from before the run is under the floor of {least}"
    )


def _as_the_rule_says(running: Running) -> Objection | None:
    return None if running.hold is None else Objection(DecisionReason.RULE_HOLDS, running.hold)


def _as_a_person_says(price: Money, inputs: PricingInputs) -> Objection | None:
    """A run that waits keeps every price of its listings; one that was turned down keeps just those that it had."""
    held, answer = inputs.listing.held, inputs.answer
    if held is None or price == inputs.price_before:
        return None
    if answer is RunStatus.HELD:
        return Objection(
            DecisionReason.RUN_HELD, "The listing's last run is held and waits for a person"
        )
    if answer is RunStatus.RESUMED or price != held.price:
        return None
    done = "discarded" if answer is RunStatus.DISCARDED else "undid"
    return Objection(DecisionReason.TURNED_DOWN, f"A person {done} a run with this price")


def _unbounded(running: Running) -> Objection | None:
    has_floor = running.floor is not None and running.floor.price is not None
    if has_floor or not running.follows_rival:
        return None
    return Objection(
        DecisionReason.UNBOUNDED,
        "It follows a competitor and the product has no value for the floor",
    )


def _step_too_large(price: Money, inputs: PricingInputs) -> Objection | None:
    """The step is from the live price, or the one on its way; without one any is possible."""
    last_price = inputs.listing.price or inputs.listing.wanted_price
    if last_price is None or last_price.minor <= 0:
        return None
    share = Fraction(abs((price - last_price).minor) * 100, last_price.minor)
    for whose, largest in (
        ("store allows", inputs.store.settings.price.largest_step_percent),
        ("guard-rails allow", inputs.guardrails.largest_step_percent),
    ):
        if largest is not None and share > Fraction(largest):
            return Objection(
                DecisionReason.STEP_TOO_LARGE,
                f"{_percent(share)} away from {last_price}; the {whose} {largest:f}% in one step",
            )
    return None


def _percent(share: Fraction) -> str:
    """Rounded up to hundredths, so that what is over a limit never looks equal to it."""
    whole, hundredths = divmod(ceil(share * 100), 100)
    return f"{whole}.{hundredths:02d}%"
