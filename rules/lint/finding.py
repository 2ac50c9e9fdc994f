"""What an examination of a rule document finds."""

from dataclasses import dataclass
from enum import StrEnum

from domain.decision import FactValue, RuleVerdict
from rules.eligibility import Eligibility
from rules.language import Leaf
from rules.lint.case import Case
from rules.pricing import PricingVerdict


class FindingCode(StrEnum):
    """What is wrong."""

    UNREACHABLE = "UNREACHABLE"
    """Its conditions can never hold together."""
    OUT_OF_SEASON = "OUT_OF_SEASON"
    """It has ended, or its dates, weekdays and hours never meet."""
    SWITCHED_OFF = "SWITCHED_OFF"
    """It is not active."""
    SHADOWED = "SHADOWED"
    """Whatever it matches, another rule keeps it from running."""
    FLOOR_ABOVE_CEILING = "FLOOR_ABOVE_CEILING"
    """The lowest price that it allows is above the highest."""
    UNDONE = "UNDONE"
    """What one rule adds another takes away."""
    LIST_AND_KEEP_OUT = "LIST_AND_KEEP_OUT"
    """Whatever a rule lists, another keeps out."""
    UNBOUNDED = "UNBOUNDED"
    """Nothing keeps a price from falling further."""
    NOT_ABOVE_ZERO = "NOT_ABOVE_ZERO"
    """An amount is taken off prices that can be lower than it."""
    OVERLAPPING_DATES = "OVERLAPPING_DATES"
    """Two rules that look as if one followed the other run together on some days."""
    EQUAL_PRIORITY = "EQUAL_PRIORITY"
    """The order in the document alone decides which of two rules runs first, and it matters."""


class Severity(StrEnum):
    """How sure it is that the author did not mean it."""

    ERROR = "ERROR"
    """The rule can never do what it says."""
    WARNING = "WARNING"
    """It goes wrong for some listings."""
    HINT = "HINT"
    """It may be meant so."""


@dataclass(frozen=True, slots=True)
class Witness:
    """A listing for which the finding was seen to be true."""

    case: Case
    is_constructed: bool
    """Not from the sample: made up to fit the conditions."""
    verdict: PricingVerdict | Eligibility
    """What the rules that match it said of it."""
    rules: tuple[RuleVerdict, ...] = ()
    """Of listing rules all, of pricing rules those that match it."""
    facts: tuple[FactValue, ...] = ()
    """What its rules read of it, those of the finding; None where that is not known."""


@dataclass(frozen=True, slots=True)
class Finding:
    """Something about a document that its author should look at."""

    code: FindingCode
    severity: Severity
    rule_keys: tuple[str, ...]
    """The rule that it is about, then the others that take part."""
    message: str
    """What happens, and what to do about it."""
    witness: Witness | None = None
    """None where no listing can show it: for what never matches and what never runs."""
    conflict: tuple[Leaf, ...] = ()
    """A smallest set of conditions that exclude each other, in the order of the rule."""
    line: int | None = None
    """Where in the text, counted from 1; None where the text was not given."""
    column: int | None = None
    path: str | None = None
    """Where in the document, such as ``rules[2].when.all[0]``."""


@dataclass(frozen=True, slots=True)
class Review:
    """All that was found, in the order of the document's rules."""

    findings: tuple[Finding, ...]
    is_complete: bool
    """False where the document is so large or entangled that not everything was examined."""
