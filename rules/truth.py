"""Which rules of a document hold for a listing, worked out for all of them at once.

Whether a comparison is true hangs on the value of its one fact alone. So all comparisons on a fact are asked of a
value together, once, and the answers kept as bits. What rules' trees make of the bits is kept, too, by sections of rules
that read the same few facts. It is held against `rules.conditions`, which says what is meant, by a property test.
"""

from collections.abc import Callable, Sequence
from functools import reduce
from operator import or_

from rules.conditions import KnowsFacts, leaf_holds
from rules.facts import Value
from rules.language import Leaf, Quantifier, Rule, RulesetDocument, When, leaves
from rules.sections import Section, divided

_MOST_VALUES = 4096
"""Values of one fact whose answers are remembered."""
_MOST_CLASSES = 1024
"""Kinds of listings whose answers a section, or the document, remembers."""

_Test = Callable[[int], bool]


class Truths:
    """The active rules of a document, ready to be asked of listing after listing."""

    def __init__(self, rules: Sequence[Rule]) -> None:
        # By how they are written: true and 1 are equal to Python, and another comparison to a merchant.
        bits: dict[str, int] = {}
        on: dict[str, dict[int, Leaf]] = {}
        members = []
        self._keys = [rule.key for rule in rules]
        self._always = 0
        for number, rule in enumerate(rules):
            if rule.when is None:
                self._always |= 1 << number
                continue
            asked: dict[str, set[int]] = {}
            for leaf in leaves(rule.when):
                bit = bits.setdefault(repr(leaf), 1 << len(bits))
                on.setdefault(leaf.fact, {})[bit] = leaf
                asked.setdefault(leaf.fact, set()).add(bit)
            test = _test(rule.when, lambda leaf: bits[repr(leaf)])
            members.append((asked, (1 << number, test)))
        self._answers = [_Answers(fact, asked_of) for fact, asked_of in on.items()]
        self._sections = [_Holding(section) for section in divided(members)]
        self._known: dict[int, frozenset[str]] = {}

    def holding(self, facts: KnowsFacts) -> frozenset[str]:
        """Keys of the rules whose conditions are true."""
        bits, rules = 0, self._always
        for answers in self._answers:
            bits |= answers.of(facts)
        for section in self._sections:
            rules |= section.of(bits)
        found = self._known.get(rules)
        if found is None:
            if len(self._known) >= _MOST_CLASSES:
                self._known.clear()
            keys = enumerate(self._keys)
            self._known[rules] = found = frozenset([key for at, key in keys if rules >> at & 1])
        return found


def truths_of(document: RulesetDocument) -> Truths:
    """Those of a document, made when it is first asked for: it never changes."""
    truths = document.truths
    if truths is None:
        truths = Truths(document.active)
        object.__setattr__(document, "truths", truths)
    assert isinstance(truths, Truths)
    return truths


class _Answers:
    """The comparisons on one fact, and which of them were true of the values met so far."""

    def __init__(self, fact: str, asked: dict[int, Leaf]) -> None:
        self._fact, self._asked = fact, asked
        self._known: dict[tuple[type, Value | None], int] = {}

    def of(self, facts: KnowsFacts) -> int:
        value = facts.get(self._fact)
        key = (value.__class__, value)
        found = self._known.get(key)
        if found is None:
            if len(self._known) >= _MOST_VALUES:
                self._known.clear()
            true = (bit for bit, leaf in self._asked.items() if leaf_holds(leaf, facts))
            self._known[key] = found = reduce(or_, true, 0)
        return found


class _Holding:
    """The rules of a section, and which of them held for the kinds of listings met so far, as bits."""

    def __init__(self, section: Section[int, tuple[int, _Test]]) -> None:
        self._asked = reduce(or_, (bit for bits in section.checks.values() for bit in bits), 0)
        self._rules = section.members
        self._known: dict[int, int] = {}

    def of(self, bits: int) -> int:
        kind = bits & self._asked
        found = self._known.get(kind)
        if found is None:
            if len(self._known) >= _MOST_CLASSES:
                self._known.clear()
            holding = (rule for rule, test in self._rules if test(kind))
            self._known[kind] = found = reduce(or_, holding, 0)
        return found


def _test(when: When, bit_of: Callable[[Leaf], int]) -> _Test:
    """What a tree of conditions makes of the bits."""
    if isinstance(when, Leaf):
        bit = bit_of(when)
        return lambda bits: bits & bit != 0
    own = reduce(or_, (bit_of(child) for child in when.children if isinstance(child, Leaf)), 0)
    groups = [_test(child, bit_of) for child in when.children if not isinstance(child, Leaf)]
    if when.quantifier in {Quantifier.ALL, Quantifier.NOT_ALL}:
        joined = _all(own, groups)
    else:
        joined = _any(own, groups)
    if when.quantifier in {Quantifier.ALL, Quantifier.ANY}:
        return joined
    return lambda bits: not joined(bits)


def _all(own: int, groups: Sequence[_Test]) -> _Test:
    if not groups:
        return lambda bits: bits & own == own
    return lambda bits: bits & own == own and all(test(bits) for test in groups)


def _any(own: int, groups: Sequence[_Test]) -> _Test:
    if not groups:
        return lambda bits: bits & own != 0
    return lambda bits: bits & own != 0 or any(test(bits) for test in groups)
