"""What a rule asks whatever else holds, to tell quickly that two rules never match the same listing."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Self

from rules.conditions import folded
from rules.facts import FactKind, definition_of
from rules.language import Leaf, Operator, Rule
from rules.lint.domains import Domains
from rules.lint.literals import values_of
from rules.lint.search import Search
from rules.lint.trees import Atom, Joined, Tree

_SINGLE = frozenset({FactKind.TEXT, FactKind.ATTRIBUTE, FactKind.DATE})


@dataclass(frozen=True, slots=True)
class Outline:
    """A rule's conditions, and the comparisons among them that must all hold."""

    trees: tuple[Tree, ...]
    """One; none where the rule matches everything."""
    asked: dict[str, frozenset[int]]
    """The numbers of those comparisons by the variable that they read."""
    named: dict[str, frozenset[str]]
    """By fact the texts of which it must be one, folded."""
    is_all: bool
    """Whether there is nothing else to the conditions."""

    @classmethod
    def of(cls, rule: Rule, domains: Domains) -> Self:
        """The outline of a rule."""
        if rule.when is None:
            return cls((), {}, {}, is_all=True)
        tree = domains.forest.tree(rule.when)
        asked: dict[str, set[int]] = {}
        named: dict[str, frozenset[str]] = {}
        for atom in _required(tree):
            asked.setdefault(atom.variable, set()).add(atom.number)
            leaf = atom.literal.leaf
            if not atom.literal.is_negated and _names_texts(leaf):
                named[leaf.fact] = frozenset(folded(str(value)) for value in values_of(leaf))
        frozen = {name: frozenset(each) for name, each in asked.items()}
        return cls((tree,), frozen, named, is_all=not _has_choice(tree))


def may_meet(one: Outline, other: Outline, domains: Domains) -> bool:
    """Whether two rules may match the same listing; False is certain."""
    for fact, names in one.named.items():
        if fact in other.named and names.isdisjoint(other.named[fact]):
            return False
    for name, numbers in one.asked.items():
        if name in other.asked and domains.of(name, numbers | other.asked[name]).is_impossible:
            return False
    if one.is_all and other.is_all:
        return True
    return not Search(domains, one.trees + other.trees).shows_impossible()


def _required(tree: Tree) -> Iterator[Atom]:
    if isinstance(tree, Atom):
        yield tree
    elif tree.is_all:
        for child in tree.children:
            yield from _required(child)


def _has_choice(tree: Tree) -> bool:
    return isinstance(tree, Joined) and (not tree.is_all or any(map(_has_choice, tree.children)))


def _names_texts(leaf: Leaf) -> bool:
    definition = definition_of(leaf.fact)
    is_single = definition is not None and definition.kind in _SINGLE
    return (
        is_single
        and leaf.operator in {Operator.EQ, Operator.IN}
        and isinstance(values_of(leaf)[0], str)
    )
