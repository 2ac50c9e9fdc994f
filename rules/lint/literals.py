"""Comparisons of one variable, sorted by what they ask of a value that is known."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from decimal import Decimal

from rules.alternatives import Literal
from rules.facts import ATTRIBUTE, DATE, OPTIONS, PRICE
from rules.language import Leaf, Operator

_OPPOSITES = {
    Operator.EQ: Operator.NE,
    Operator.GT: Operator.LTE,
    Operator.GTE: Operator.LT,
    Operator.IN: Operator.NOT_IN,
    Operator.CONTAINS: Operator.NOT_CONTAINS,
}
_OPPOSITES |= {opposite: operator for operator, opposite in _OPPOSITES.items()}

_WANTED = frozenset({Operator.EQ, Operator.IN})
_UNWANTED = frozenset({Operator.NE, Operator.NOT_IN})
_LOWER = frozenset({Operator.GT, Operator.GTE})
_UPPER = frozenset({Operator.LT, Operator.LTE})


def variable_of(fact: str) -> str:
    """What a fact is read from: facts that are read from the same thing depend on each other."""
    if fact == "price":
        return f"{PRICE}price"
    for family in (DATE, OPTIONS):
        if fact.startswith(family):
            return ATTRIBUTE + fact.removeprefix(family)
    return fact


def wanted_when_known(literals: Iterable[Literal]) -> list[Leaf]:
    """What must be true of a value that is known: the opposites of comparisons that must be false.

    Only for a known value: an unknown one makes a comparison and its opposite false.
    """
    return [_opposite(each.leaf) if each.is_negated else each.leaf for each in literals]


def _opposite(leaf: Leaf) -> Leaf:
    if isinstance(leaf.value, bool):
        return replace(leaf, value=not leaf.value)
    return replace(leaf, operator=_OPPOSITES[leaf.operator])


def values_of(leaf: Leaf) -> tuple[str | Decimal | bool, ...]:
    """What a comparison names, as a list."""
    return leaf.value if isinstance(leaf.value, tuple) else (leaf.value,)


def wanted(leaves: Iterable[Leaf]) -> Iterator[tuple[str | Decimal | bool, ...]]:
    """Lists of which the value must be one."""
    return (values_of(leaf) for leaf in leaves if leaf.operator in _WANTED)


def unwanted(leaves: Iterable[Leaf]) -> Iterator[tuple[str | Decimal | bool, ...]]:
    """Lists of which the value must not be one."""
    return (values_of(leaf) for leaf in leaves if leaf.operator in _UNWANTED)


@dataclass(frozen=True, slots=True)
class Range:
    """Numbers between two others; None is no limit."""

    low: Decimal | None = None
    high: Decimal | None = None
    includes_low: bool = True
    includes_high: bool = True

    def holds(self, value: Decimal) -> bool:
        """Whether a number is within."""
        if self.low is not None and (
            value < self.low or (value == self.low and not self.includes_low)
        ):
            return False
        return self.high is None or not (
            value > self.high or (value == self.high and not self.includes_high)
        )


def range_of(leaves: Iterable[Leaf], least: Decimal | None = None) -> Range:
    """The range that order comparisons leave, with a least value besides."""
    found = Range(low=least)
    for leaf in leaves:
        if leaf.operator not in _LOWER | _UPPER or not isinstance(leaf.value, Decimal):
            continue
        includes = leaf.operator in {Operator.GTE, Operator.LTE}
        if leaf.operator in _LOWER:
            if found.low is None or (leaf.value, not includes) > (
                found.low,
                not found.includes_low,
            ):
                found = replace(found, low=leaf.value, includes_low=includes)
        elif found.high is None or (leaf.value, includes) < (found.high, found.includes_high):
            found = replace(found, high=leaf.value, includes_high=includes)
    return found
