"""Rules in sections that read the same few facts, so that few listings differ to any of them.

Sections can be asked, and their answers remembered, apart. A program for the engine is divided by its chains: a rule
matches where a chain of any section does.
"""

from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from math import prod
from typing import Generic, TypeVar

from rules.shards import Chain, Check
from rules.vocabulary import Field, fact_of

C = TypeVar("C")
M = TypeVar("M")

MOST_CLASSES = 1000
"""Sections are joined as long as about so many kinds of listings remain."""
MOST_SECTIONS = 24
"""All others become one, which the engine then answers for nearly every listing: better than to look in hundreds."""


@dataclass(slots=True)
class Section(Generic[C, M]):
    """Members that ask about the same facts: whole rules, or chains with the keys of the rules that they make match."""

    checks: dict[str, set[C]] = field(default_factory=dict)
    """What is asked of each fact."""
    members: list[M] = field(default_factory=list)

    @property
    def classes(self) -> int:
        """About how many kinds of listings its checks tell apart."""
        return _classes(self.checks)


Chains = Section[Check, tuple[Chain, frozenset[str]]]


def sections(
    chains: Iterable[tuple[Chain, frozenset[str]]], fields: Sequence[Field]
) -> list[Chains]:
    """Divide chains, which keep their order within a section."""
    order: dict[Chain, int] = {}
    asked = []
    for chain, keys in chains:
        order[chain] = len(order)
        checks: dict[str, set[Check]] = {}
        for check in chain:
            checks.setdefault(fact_of(fields[check.field]), set()).add(check)
        asked.append((checks, (chain, keys)))
    found = divided(asked)
    for section in found:
        section.members.sort(key=lambda each: order[each[0]])
    return found


def divided(members: Iterable[tuple[Mapping[str, AbstractSet[C]], M]]) -> list[Section[C, M]]:
    """Divide members, given with what they ask of each fact."""
    by_facts: dict[frozenset[str], Section[C, M]] = {}
    for checks, member in members:
        section = by_facts.setdefault(frozenset(checks), Section())
        section.members.append(member)
        for fact, asked in checks.items():
            section.checks.setdefault(fact, set()).update(asked)
    return _joined(sorted(by_facts.values(), key=lambda each: -each.classes))


def _joined(found: Iterable[Section[C, M]]) -> list[Section[C, M]]:
    """Sections joined where that tells hardly more listings apart, and where there would be too many."""
    joined: list[Section[C, M]] = []
    for section in found:
        for other in joined:
            checks = {
                fact: other.checks.get(fact, set()) | section.checks.get(fact, set())
                for fact in other.checks | section.checks
            }
            is_full = len(joined) == MOST_SECTIONS and other is joined[-1]
            if is_full or _classes(checks) <= max(MOST_CLASSES, other.classes):
                other.checks = checks
                other.members += section.members
                break
        else:
            joined.append(section)
    return joined


def _classes(checks: Mapping[str, AbstractSet[C]]) -> int:
    return prod(len(each) + 1 for each in checks.values())
