"""What the rules said of one listing at one moment, and why, step by step."""

# A class that holds itself can be resolved only where annotations are kept as text.
from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from domain.money import Money


class DecisionOutcome(StrEnum):
    """What comes of a decision."""

    CHANGE = "CHANGE"
    """Publish the new price or quantity."""
    KEEP = "KEEP"
    """Both stay as they are."""
    HOLD = "HOLD"
    """The computed price is not published; a person should look."""


class DecisionReason(StrEnum):
    """The one thing to know of a decision before its trace."""

    RULES = "RULES"
    """The price source and the rules that matched."""
    OVERRIDE = "OVERRIDE"
    """A person set the price; no rule was asked."""
    NO_SOURCE = "NO_SOURCE"
    """Neither the price source nor the catalogue price has a value."""
    BELOW_MINIMUM = "BELOW_MINIMUM"
    """The price is under the store's absolute minimum, or not above zero."""
    STEP_TOO_LARGE = "STEP_TOO_LARGE"
    """The change is larger than the store allows in one step."""
    UNBOUNDED = "UNBOUNDED"
    """A price that follows a competitor has no floor under it."""
    NO_CONVERSION = "NO_CONVERSION"
    """Catalogue and marketplace differ in currency and no rate is set."""
    RULE_HOLDS = "RULE_HOLDS"
    """A rule says that a person should look in this case."""
    RUN_HELD = "RUN_HELD"
    """The guard-rails hold the whole run that the price belongs to."""
    TURNED_DOWN = "TURNED_DOWN"
    """A person discarded or undid a run with this very price."""
    UNDONE = "UNDONE"
    """A person undid a run: the price from before it."""


@dataclass(frozen=True, slots=True)
class ConditionVerdict:
    """What became of one condition of a rule.

    A group has `operator` ALL, ANY, NONE or NOT_ALL and children; a leaf has a fact, an operator,
    what the rule expected and what was found. Values are written as the rule document writes them.
    """

    operator: str
    holds: bool
    fact: str | None = None
    expected: str | None = None
    actual: str | None = None
    children: tuple[ConditionVerdict, ...] = ()


@dataclass(frozen=True, slots=True)
class RuleOutcome:
    """What became of a rule whose conditions hold. Of the others there is nothing to tell but their conditions."""

    rule_key: str
    priority: int | None
    applied: bool
    note: str
    """What it did, or why it took no part: out of date, stopped by another rule."""


@dataclass(frozen=True, slots=True)
class RuleVerdict:
    """Whether one rule took part in a decision, with the conditions that say why."""

    rule_key: str
    priority: int | None
    applied: bool
    note: str
    """Why it did or did not: matched, conditions failed, out of date, stopped by another rule."""
    conditions: ConditionVerdict | None


@dataclass(frozen=True, slots=True)
class TraceStep:
    """One step of the price: what it was, what it did, the price before and after."""

    step: str
    """Which step: SOURCE, CONVERT, RULE, COMPETITOR, SHIPPING, CEILING, FLOOR, MAP, VAT, STEP, ROUND, COOLDOWN, GUARD,
    OVERRIDE, UNDO, BUSINESS, LIST_PRICE, QUANTITY."""
    note: str
    before: Money | None
    after: Money | None
    rule_key: str | None = None


@dataclass(frozen=True, slots=True)
class FactValue:
    """Something that was known when the decision was made."""

    name: str
    value: str | tuple[str, ...] | None
    """As the rule document would write it; None where it was not known. Of categories and options all of them."""


@dataclass(frozen=True, slots=True)
class QuantityPrice:
    """What one unit costs a business that buys at least so many at once."""

    at_least: int
    price: Money


@dataclass(frozen=True, slots=True)
class BusinessPrice:
    """What a unit costs businesses."""

    price: Money
    tiers: tuple[QuantityPrice, ...] = ()
    """Ascending by quantity, falling in price."""

    def of(self, quantity: int) -> Money:
        """The price of a unit where so many are bought at once."""
        found = [tier.price for tier in self.tiers if tier.at_least <= quantity]
        return found[-1] if found else self.price

    def __str__(self) -> str:
        tiers = (f", {tier.price} each from {tier.at_least} units" for tier in self.tiers)
        return f"{self.price}{''.join(tiers)}"


@dataclass(frozen=True, slots=True)
class Decision:
    """The price and quantity of one listing, decided once and never changed afterwards."""

    id: str
    merchant_id: str
    store_id: str
    listing_id: str
    ruleset_id: str | None
    """The pricing ruleset that decided; None when the store has none published."""
    trigger: str
    """Why it was decided now, such as an offer event or a publication."""
    outcome: DecisionOutcome
    reason: DecisionReason
    price_before: Money | None
    """The price last wanted before this decision."""
    price_after: Money | None
    """The price to publish; for a held decision the price that was not published."""
    quantity_after: int | None
    """Quantity to publish; None where Amazon fulfils."""
    floor: Money | None
    ceiling: Money | None
    trace: tuple[TraceStep, ...]
    rules: tuple[RuleOutcome, ...]
    """The pricing rules whose conditions held, as they ran; `rules.verdicts` tells of all, by `facts`."""
    facts: tuple[FactValue, ...]
    """All that any of the rules asked for."""
    inputs_hash: str
    decided_at: datetime
    business: BusinessPrice | None = None
    """What businesses are to pay; None makes no offer to them."""
    list_price: Money | None = None
    """The higher price that Amazon may show struck through; None shows none."""
    run_id: str | None = None
    """The run that it belongs to; None where nobody is to carry it out."""
    listing_ruleset_id: str | None = None
    """The listing ruleset that said whether it may be on offer; None when the store has none published."""
    listing_rules: tuple[RuleOutcome, ...] = ()
    """The listing rules whose conditions held."""
    basis: bytes | None = None
    """What it was decided from, as `rules.basis` writes it; None where it was not kept."""

    @property
    def asked_rules(self) -> bool:
        """Whether pricing rules were asked: not under an override, nor where there was no price to begin with."""
        first = self.trace[0]
        return first.step == "SOURCE" and first.after is not None

    @property
    def publishes_price(self) -> bool:
        """Whether `price_after` may leave for Amazon."""
        return self.outcome is not DecisionOutcome.HOLD
