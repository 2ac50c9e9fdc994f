"""Documents to what the rule engine can be trusted with: chains of whole-number checks, in sections.

The engine crashes, hangs or answers wrongly outside a narrow form, so nothing of a merchant's document reaches
it: only generated names and small whole numbers.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain as chained
from itertools import product
from math import prod

from rules.alternatives import MAX_ALTERNATIVES, Alternative, Literal, alternatives
from rules.language import RulesetDocument, When, leaves
from rules.sections import Chains, sections
from rules.shards import Chain, Check
from rules.vocabulary import Field, TextField, TruthField, Vocabulary

_MOST_EXCEPTIONS = 4
"""Codes that are excluded one by one, before it is cheaper to ask for the rest."""

_Checks = frozenset[Check]


@dataclass(frozen=True, slots=True)
class Program:
    """A compiled document."""

    always: frozenset[str]
    """Keys of the active rules that match everything."""
    fields: tuple[Field, ...]
    """The fields that checks name by their index."""
    sections: tuple[Chains, ...]

    @property
    def keys(self) -> list[str]:
        """Keys of all rules that can match, in alphabetical order."""
        chained_keys = (keys for section in self.sections for _, keys in section.members)
        return sorted(self.always.union(*chained_keys))


def compile_document(document: RulesetDocument) -> Program:
    """Compile the active rules of a document; inactive ones never match."""
    rules = [rule for rule in document.rules if rule.active]
    vocabulary = Vocabulary(leaf for rule in rules for leaf in leaves(rule.when))
    always: set[str] = set()
    keys: dict[_Checks, set[str]] = {}
    for rule in rules:
        cases = {frozenset[Check]()} if rule.when is None else _cases(rule.when, vocabulary)
        if frozenset() in cases:
            always.add(rule.key)
            continue
        for checks in cases:
            keys.setdefault(checks, set()).add(rule.key)
    chains, fields = _ordered(keys, vocabulary), tuple(vocabulary.fields)
    return Program(frozenset(always), fields, tuple(sections(chains, fields)))


def _ordered(
    keys: dict[_Checks, set[str]], vocabulary: Vocabulary
) -> list[tuple[Chain, frozenset[str]]]:
    """Chains with the most selective checks first and then the most shared, like chains next to each other."""
    uses = Counter(chained.from_iterable(keys))
    rank = {check: (_selectivity(check, vocabulary), -uses[check], check) for check in uses}
    chains = {tuple(sorted(checks, key=rank.__getitem__)): found for checks, found in keys.items()}
    in_order = sorted(chains, key=lambda checks: [rank[check] for check in checks])
    return [(checks, frozenset(chains[checks])) for checks in in_order]


def _selectivity(check: Check, vocabulary: Vocabulary) -> int:
    """How likely a check is to fail, the most likely first."""
    field = vocabulary.fields[check.field]
    if check.operator:
        return 5 if check.operator == "$neq" else 3
    if isinstance(field, TruthField):
        return 2 if check.value else 4
    return 0 if isinstance(field, TextField) else 1


def _cases(when: When, vocabulary: Vocabulary) -> set[_Checks]:
    """Sets of checks of which one must hold as a whole. The empty set holds always; no set never does."""
    found = [_options(each, vocabulary, splits=True) for each in alternatives(when)]
    if sum(prod(map(len, each)) for each in found) > MAX_ALTERNATIVES:
        found = [_options(each, vocabulary, splits=False) for each in alternatives(when)]
    return {frozenset[Check]().union(*choice) for each in found for choice in product(*each)}


def _options(
    alternative: Alternative, vocabulary: Vocabulary, *, splits: bool
) -> list[list[_Checks]]:
    """For each field of an alternative the sets of checks of which one must hold."""
    by_field: dict[int, list[Literal]] = {}
    for literal in alternative:
        by_field.setdefault(vocabulary.field_of(literal.leaf), []).append(literal)
    return [
        _checks(field, literals, vocabulary, splits=splits) for field, literals in by_field.items()
    ]


def _checks(
    field: int, literals: list[Literal], vocabulary: Vocabulary, *, splits: bool
) -> list[_Checks]:
    """Checks for the codes that all of the literals accept."""
    size = vocabulary.fields[field].size
    accepted = everything = (1 << size) - 1
    for literal in literals:
        mask = vocabulary.fields[field].accepted(literal.leaf)
        accepted &= everything & ~mask if literal.is_negated else mask
    runs, gaps = list(_runs(accepted)), list(_runs(everything & ~accepted))
    if len(runs) > 1 and len(gaps) <= _MOST_EXCEPTIONS and all(low == high for low, high in gaps):
        return [frozenset(Check(field, "$neq", low) for low, _ in gaps)]
    if len(runs) <= 1 or splits:
        return [_within(field, low, high, size) for low, high in runs]
    return [
        frozenset(
            Check(vocabulary.truth_of(each.leaf), "", int(not each.is_negated)) for each in literals
        )
    ]


def _within(field: int, low: int, high: int, size: int) -> _Checks:
    """Checks for codes from `low` to `high`."""
    if low == high:
        return frozenset({Check(field, "", low)})
    checks = set()
    if low > 0:
        checks.add(Check(field, "$gte", low))
    if high < size - 1:
        checks.add(Check(field, "$lte", high))
    return frozenset(checks)


def _runs(mask: int) -> Iterator[tuple[int, int]]:
    """The stretches of ones in a bit mask, each as its first and last position."""
    position = 0
    while mask:
        zeros = (mask & -mask).bit_length() - 1
        mask >>= zeros
        ones = (~mask & (mask + 1)).bit_length() - 1
        yield position + zeros, position + zeros + ones - 1
        mask >>= ones
        position += zeros + ones
