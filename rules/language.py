"""The words of a rule document, once it has been read and checked: frozen values without a way to be wrong."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from enum import StrEnum

from domain.listing import Condition, Fulfilment
from domain.ruleset import RulesetKind
from rules.guardrails import Guardrails
from rules.schedule import ALWAYS, Schedule


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
"""What a condition compares with. Its type says how the fact is read: as text, as a number or as a flag.

A date is a text such as ``2026-06-01``, which sorts as the days do.
"""


@dataclass(frozen=True, slots=True)
class Leaf:
    """One comparison. `value` is a tuple for `in` and `notIn`, a flag for `exists`."""

    fact: str
    operator: Operator
    value: Expected
    test: Callable[[object], bool] | None = field(
        default=None, init=False, repr=False, compare=False
    )
    """What `rules.conditions` makes of it when it is first asked."""


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
class Size:
    """How much: a percentage, or an amount of the store's marketplace currency; one of the two is set."""

    percent: Decimal | None = None
    amount: Decimal | None = None

    def __str__(self) -> str:
        return f"{self.amount:f}" if self.percent is None else f"{self.percent:f}%"


@dataclass(frozen=True, slots=True)
class Fees:
    """What Amazon keeps of a sale."""

    referral_percent: Decimal = Decimal(0)
    """Of the price that buyers pay."""
    fixed: Decimal = Decimal(0)
    """For each unit, in marketplace currency."""


@dataclass(frozen=True, slots=True)
class Bound:
    """A floor or ceiling: a price attribute of the product, changed by a percentage or taken as it is (behaviour 14.6).

    A floor may know fees and margin: then it is the lowest price that leaves the source and the margin
    once Amazon has kept its fees.
    """

    source: str
    adjust: Adjustment | None = None
    fees: Fees | None = None
    margin: Size | None = None
    """What must be left: a percentage of the price or an amount."""


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
    fulfilment: Fulfilment | None = None
    """Only offers that are shipped so; None takes both."""
    only_sellers: tuple[str, ...] = ()
    """Only these sellers count; none named takes all."""
    exclude_sellers: tuple[str, ...] = ()
    exclude_amazon: bool = False
    """Amazon's own offers, sold by Amazon itself, do not count."""
    max_age: timedelta | None = None
    """Offers that Amazon told longer ago do not count; None takes the newest known, however old."""

    @property
    def filters_sellers(self) -> bool:
        """Whether it looks at who sells or ships."""
        named = self.only_sellers or self.exclude_sellers
        return bool(named) or self.exclude_amazon or self.fulfilment is not None


class Fallback(StrEnum):
    """Which price an intelligent rule takes where it has nobody to follow, or must not."""

    PRICE = "price"
    """Go on with the price that the rules had made so far."""
    KEEP = "keep"
    """Keep the current price, within floor and ceiling."""
    FLOOR = "floor"
    CEILING = "ceiling"
    HOLD = "hold"
    """Publish nothing; a person should look."""


@dataclass(frozen=True, slots=True)
class Otherwise:
    """What an intelligent rule does in each case in which it does not simply follow."""

    no_competitor: Fallback = Fallback.PRICE
    buy_box_owned: Fallback | Adjustment = Fallback.KEEP
    """An adjustment raises the current price."""
    below_floor: Fallback = Fallback.FLOOR
    above_ceiling: Fallback = Fallback.CEILING


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
    otherwise: Otherwise = Otherwise()


class Direction(StrEnum):
    """Which way a price is rounded."""

    DOWN = "down"
    UP = "up"
    NEAREST = "nearest"
    """A half goes up."""


@dataclass(frozen=True, slots=True)
class Rounding:
    """Which prices may be published: multiples of an amount, or those with an ending; one of the two is set."""

    to: Decimal | None = None
    ending: str | None = None
    """Last digits of the price, such as ``.99``, ``9.95`` or, where the currency has no decimals, ``980``."""
    direction: Direction = Direction.NEAREST


@dataclass(frozen=True, slots=True)
class Shape:
    """How the price that comes out is finished; None leaves a part to the document, or undone."""

    rounding: Rounding | None = None
    max_step: Size | None = None
    """The most by which one decision moves the price."""
    cooldown: timedelta | None = None
    """How long a price stands before it moves again."""

    def over(self, general: "Shape") -> "Shape":
        """This one, and the general one where this one says nothing."""
        return Shape(
            self.rounding or general.rounding,
            self.max_step or general.max_step,
            self.cooldown or general.cooldown,
        )


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
    schedule: Schedule = ALWAYS
    """When it runs."""
    shape: Shape = Shape()
    """How the price is finished once it has run; the last rule that says something counts."""

    @property
    def starts(self) -> date | None:
        """First day, in the store's time zone."""
        return self.schedule.starts

    @property
    def ends(self) -> date | None:
        """Last day, inclusive."""
        return self.schedule.ends


def _asks_for_time(rule: Rule) -> bool:
    max_age = rule.action.competitor.max_age if isinstance(rule.action, Intelligent) else None
    return bool(max_age or rule.shape.cooldown) or rule.schedule != ALWAYS


@dataclass(frozen=True, slots=True)
class RulesetDocument:
    """A whole rule document. Every rule's action fits `kind`."""

    kind: RulesetKind
    name: str
    rules: tuple[Rule, ...]
    content_hash: str
    """SHA-256 of the text as written, in hexadecimal."""
    shape: Shape = Shape()
    """How prices are finished where no rule says otherwise."""
    guardrails: Guardrails | None = None
    """Of a document of that kind, which has no rules."""
    timed: tuple[Rule, ...] = field(init=False, repr=False, compare=False)
    """Its active rules that ask for the time: when they run, how old offers are, how long a price stands."""

    facts: frozenset[str] = field(init=False, repr=False, compare=False)
    """Names of the facts that its conditions read."""
    in_order: tuple[Rule, ...] = field(init=False, repr=False, compare=False)
    """Its rules as they run: by priority, then those without one; equals in the order of the document."""
    active: tuple[Rule, ...] = field(init=False, repr=False, compare=False)
    """Those of them that are switched on."""
    places: dict[str, int] = field(init=False, repr=False, compare=False)
    """Where in that order the active rules come, by their keys."""
    truths: object = field(default=None, init=False, repr=False, compare=False)
    """What `rules.truth` makes of them when it is first asked."""

    def __post_init__(self) -> None:
        in_order = tuple(
            sorted(self.rules, key=lambda rule: (rule.priority is None, rule.priority or 0))
        )
        timed = tuple(rule for rule in self.rules if rule.active and _asks_for_time(rule))
        facts = frozenset(leaf.fact for rule in self.rules for leaf in leaves(rule.when))
        places = {rule.key: place for place, rule in enumerate(in_order) if rule.active}
        # A document is asked for each listing anew, and never changes.
        for name, value in (
            ("timed", timed),
            ("facts", facts),
            ("in_order", in_order),
            ("active", tuple(rule for rule in in_order if rule.active)),
            ("places", places),
        ):
            object.__setattr__(self, name, value)
