"""Conditions without nesting: the alternatives of which one must hold, each a list of comparisons that all must."""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import product

from rules.language import Leaf, Quantifier, When

MAX_ALTERNATIVES = 64


@dataclass(frozen=True, slots=True)
class Literal:
    """A comparison, or that it is false. Not the opposite operator: an unknown fact makes both of those false."""

    leaf: Leaf
    is_negated: bool


Alternative = frozenset[Literal]


def alternatives(when: When, *, is_negated: bool = False) -> frozenset[Alternative]:
    """The disjunctive normal form. Ask `count` first: it can be exponentially large."""
    if isinstance(when, Leaf):
        return frozenset({frozenset({Literal(when, is_negated)})})
    negates, joins_all = _shape(when.quantifier, is_negated=is_negated)
    children = [alternatives(child, is_negated=negates) for child in when.children]
    if not joins_all:
        return frozenset().union(*children)
    return _without_contradictions(frozenset().union(*choices) for choices in product(*children))


def count(when: When, *, is_negated: bool = False) -> int:
    """At most so many alternatives."""
    if isinstance(when, Leaf):
        return 1
    negates, joins_all = _shape(when.quantifier, is_negated=is_negated)
    total = 1 if joins_all else 0
    for child in when.children:
        size = count(child, is_negated=negates)
        total = total * size if joins_all else total + size
    return total


def _shape(quantifier: Quantifier, *, is_negated: bool) -> tuple[bool, bool]:
    """Whether the children are negated, and whether all of them must hold then (de Morgan)."""
    negates = quantifier in {Quantifier.NONE, Quantifier.NOT_ALL}
    joins_all = quantifier in {Quantifier.ALL, Quantifier.NONE}
    return negates is not is_negated, joins_all is not is_negated


def _without_contradictions(found: Iterable[Alternative]) -> frozenset[Alternative]:
    """Alternatives that do not ask for a comparison to be both true and false."""
    return frozenset(
        each
        for each in found
        if not any(Literal(one.leaf, not one.is_negated) in each for one in each)
    )
