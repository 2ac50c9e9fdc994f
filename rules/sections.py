"""A program in sections: chains that read the same few facts, so that few listings differ to any of them.

A rule matches where a chain of any section does, so sections can be asked, and their answers remembered, apart.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from math import prod

from rules.shards import Chain, Check
from rules.vocabulary import Field, fact_of

MOST_CLASSES = 1000
"""Sections are joined as long as about so many kinds of listings remain."""
MOST_SECTIONS = 24
"""All others become one, which the engine then answers for nearly every listing: better than to look in hundreds."""


@dataclass(slots=True)
class Section:
    """Chains with the keys of the rules that they make match."""

    checks: dict[str, set[Check]] = field(default_factory=dict)
    """What is asked of each fact."""
    chains: list[tuple[Chain, frozenset[str]]] = field(default_factory=list)

    @property
    def classes(self) -> int:
        """About how many kinds of listings its checks tell apart."""
        return _classes(self.checks)


def sections(
    chains: Iterable[tuple[Chain, frozenset[str]]], fields: Sequence[Field]
) -> list[Section]:
    """Divide chains, which keep their order within a section."""
    by_facts: dict[frozenset[str], Section] = {}
    order: dict[Chain, int] = {}
    for chain, keys in chains:
        order[chain] = len(order)
        facts = frozenset(fact_of(fields[check.field]) for check in chain)
        section = by_facts.setdefault(facts, Section())
        section.chains.append((chain, keys))
        for check in chain:
            section.checks.setdefault(fact_of(fields[check.field]), set()).add(check)
    joined = _joined(sorted(by_facts.values(), key=lambda each: -each.classes))
    for section in joined:
        section.chains.sort(key=lambda each: order[each[0]])
    return joined


def _joined(found: Iterable[Section]) -> list[Section]:
    """Sections joined where that tells hardly more listings apart, and where there would be too many."""
    joined: list[Section] = []
    for section in found:
        for other in joined:
            checks = {
                fact: other.checks.get(fact, set()) | section.checks.get(fact, set())
                for fact in other.checks | section.checks
            }
            is_full = len(joined) == MOST_SECTIONS and other is joined[-1]
            if is_full or _classes(checks) <= max(MOST_CLASSES, other.classes):
                other.checks = checks
                other.chains += section.chains
                break
        else:
            joined.append(section)
    return joined


def _classes(checks: dict[str, set[Check]]) -> int:
    return prod(len(each) + 1 for each in checks.values())
