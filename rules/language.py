"""The words of a rule document, once it has been read and checked: frozen values without a way to be wrong."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum

from domain.listing import Condition
from domain.ruleset import RulesetKind


class Operator(StrEnum):
    """How a fact is compared; spelled as the filters of the API are."""

    EQ = "eq"
    NE = "ne"
    GT = "gt"
    GTE = "gte"
    LT = "lt"
    LTE = "lte"
    IN = "in"
    NOT_IN = "notIn"
    CONTAINS = "contains"
    NOT_CONTAINS = "notContains"
    EXISTS = "exists"


class Quantifier(StrEnum):
    """How many of a group's conditions must hold (behaviour 12)."""

    ALL = "all"
    ANY = "any"
    NONE = "none"
    """Every one is false."""
    NOT_ALL = "notAll"
    """At least one is false."""


Expected = str | Decimal | bool | tuple[str, ...] | tuple[Decimal, ...]
"""What a condition compares with. Its type says how the fact is read: as text, as a number or as a flag."""


@dataclass(frozen=True, slots=True)
class Leaf:
    """One comparison. `value` is a tuple for `in` and `notIn`, a flag for `exists`."""

    fact: str
    operator: Operator
    value: Expected


@dataclass(frozen=True, slots=True)
class Group:
    """Several conditions joined; never empty."""

    quantifier: Quantifier
    children: tuple["When", ...]


When = Leaf | Group
"""A tree of conditions."""


def leaves(when: When | None) -> Iterator[Leaf]:
    """Every comparison of a tree, in the order of the document."""
    if isinstance(when, Leaf):
        yield when
    elif when is not None:
        for child in when.children:
            yield from leaves(child)


@dataclass(frozen=True, slots=True)
class Adjustment:
    """A change by a percentage or by a fixed amount of the store's marketplace currency; one of the two is set."""

    is_increase: bool
    percent: Decimal | None = None
    amount: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Bound:
    """A floor or ceiling: a price attribute of the product, changed by a percentage or taken as it is (behaviour 14.6)."""

    source: str
    adjust: Adjustment | None = None


class CompetitorSource(StrEnum):
    """Whose price an intelligent rule follows."""

    BUY_BOX = "buyBox"
    LOWEST = "lowest"


class ConditionMode(StrEnum):
    """What to do when no competitor offers the item in our own condition (behaviour 14.4)."""

    ALL = "all"
    """Follow offers in other conditions."""
    MATCHING_ONLY = "matchingOnly"
    """There is no competitor then."""
    VARIANCE = "variance"
    """Follow other conditions, scaled by what each is worth."""


@dataclass(frozen=True, slots=True)
class Competitor:
    """Which competitor's price counts. Both feedback thresholds are inclusive."""

    source: CompetitorSource
    min_feedback_rating: int = 0
    min_feedback_count: int = 0
    mode: ConditionMode = ConditionMode.ALL
    percents: tuple[tuple[Condition, Decimal], ...] = ()
    """What an item in a condition is worth, in per cent of a new one. New is always 100."""


@dataclass(frozen=True, slots=True)
class Standard:
    """Adjust the running price (behaviour 14.2)."""

    adjust: Adjustment


@dataclass(frozen=True, slots=True)
class Intelligent:
    """Follow a competitor between a floor and a ceiling (behaviour 14.3 to 14.6)."""

    competitor: Competitor
    adjust: Adjustment | None
    """Applied to the competitor's price; None matches it."""
    floor: Bound
    ceiling: Bound | None


class ListingAction(StrEnum):
    """What a listing rule does with a product that it matches."""

    LIST = "list"
    KEEP_OUT = "keepOut"


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule. Priority, dates and stop belong to pricing rules (behaviour 14.1)."""

    key: str
    """Unique in its document."""
    description: str | None
    active: bool
    when: When | None
    """None matches everything."""
    action: Standard | Intelligent | ListingAction
    priority: int | None = None
    """1 runs first; None runs after every numbered rule, in the order of the document."""
    stop: bool = False
    """No rule runs after this one. Only where there is a priority."""
    starts: date | None = None
    """First day, in the store's time zone."""
    ends: date | None = None
    """Last day, inclusive."""

    def is_in_season(self, today: date) -> bool:
        """Whether a day lies within the rule's dates, both inclusive."""
        return (self.starts is None or self.starts <= today) and (
            self.ends is None or today <= self.ends
        )


@dataclass(frozen=True, slots=True)
class RulesetDocument:
    """A whole rule document. Every rule's action fits `kind`."""

    kind: RulesetKind
    name: str
    rules: tuple[Rule, ...]
    content_hash: str
    """SHA-256 of the text as written, in hexadecimal."""

    @property
    def facts(self) -> frozenset[str]:
        """Names of the facts that its conditions read."""
        return frozenset(leaf.fact for rule in self.rules for leaf in leaves(rule.when))
