"""What a rule asks whatever else holds, to tell quickly that two rules never match the same listing."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from rules.alternatives import Literal
from rules.conditions import folded
from rules.facts import FactKind, definition_of
from rules.language import Leaf, Operator, Quantifier, Rule, When
from rules.lint.domains import Domains
from rules.lint.literals import values_of, variable_of
from rules.lint.search import Demand, Search

_SINGLE = frozenset({FactKind.TEXT, FactKind.ATTRIBUTE, FactKind.DATE})


@dataclass(frozen=True)
class Outline:
    """The comparisons of a rule that must all hold."""

    rule: Rule

    @cached_property
    def asked(self) -> dict[str, frozenset[Literal]]:
        """By the variable that they read."""
        found: dict[str, set[Literal]] = {}
        for literal in _required(self.rule.when, is_negated=False):
            found.setdefault(variable_of(literal.leaf.fact), set()).add(literal)
        return {name: frozenset(each) for name, each in found.items()}

    @cached_property
    def named(self) -> dict[str, frozenset[str]]:
        """By fact the texts of which it must be one, folded."""
        return {
            each.leaf.fact: frozenset(folded(str(value)) for value in values_of(each.leaf))
            for literals in self.asked.values()
            for each in literals
            if not each.is_negated and _names_texts(each.leaf)
        }

    @cached_property
    def is_all(self) -> bool:
        """Whether there is nothing else to the rule's conditions."""
        return self.rule.when is None or not _has_choice(self.rule.when, is_negated=False)


def may_meet(one: Outline, other: Outline, domains: Domains) -> bool:
    """Whether two rules may match the same listing; False is certain."""
    if one.rule.when is None or other.rule.when is None:
        return True
    for fact in one.named.keys() & other.named.keys():
        if one.named[fact].isdisjoint(other.named[fact]):
            return False
    for name in one.asked.keys() & other.asked.keys():
        literals = one.asked[name] | other.asked[name]
        if domains.of(name, literals).is_impossible:
            return False
    if one.is_all and other.is_all:
        return True
    demands = (Demand(one.rule.when), Demand(other.rule.when))
    return not Search(domains, demands).shows_impossible()


def _required(when: When | None, *, is_negated: bool) -> Iterator[Literal]:
    if isinstance(when, Leaf):
        yield Literal(when, is_negated)
    elif when is not None and _joins_all(
        when.quantifier, len(when.children), is_negated=is_negated
    ):
        for child in when.children:
            yield from _required(child, is_negated=_negates(when.quantifier) is not is_negated)


def _has_choice(when: When, *, is_negated: bool) -> bool:
    if isinstance(when, Leaf):
        return False
    if not _joins_all(when.quantifier, len(when.children), is_negated=is_negated):
        return True
    inner = _negates(when.quantifier) is not is_negated
    return any(_has_choice(child, is_negated=inner) for child in when.children)


def _negates(quantifier: Quantifier) -> bool:
    return quantifier in {Quantifier.NONE, Quantifier.NOT_ALL}


def _joins_all(quantifier: Quantifier, size: int, *, is_negated: bool) -> bool:
    joins_all = quantifier in {Quantifier.ALL, Quantifier.NONE}
    return size == 1 or joins_all is not is_negated


def _names_texts(leaf: Leaf) -> bool:
    definition = definition_of(leaf.fact)
    is_single = definition is not None and definition.kind in _SINGLE
    return (
        is_single
        and leaf.operator in {Operator.EQ, Operator.IN}
        and isinstance(values_of(leaf)[0], str)
    )
