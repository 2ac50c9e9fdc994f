"""Which rules of a document hold for a listing, worked out for all of them at once.

Whether a comparison is true hangs on the value of its one fact alone. So all comparisons on a fact are asked of a
value together, once, and the answers kept as bits; what a rule's tree makes of them is a matter of a few bits. It is
held against `rules.conditions`, which says what is meant, by a property test.
"""

from collections.abc import Callable, Sequence
from functools import reduce
from operator import or_

from rules.conditions import KnowsFacts, leaf_holds
from rules.facts import Value
from rules.language import Leaf, Quantifier, Rule, RulesetDocument, When, leaves

_MOST_VALUES = 4096
"""Values of one fact whose answers are remembered."""

_Test = Callable[[int], bool]


class Truths:
    """The active rules of a document, ready to be asked of listing after listing."""

    def __init__(self, rules: Sequence[Rule]) -> None:
        # By how they are written: true and 1 are equal to Python, and another comparison to a merchant.
        bits: dict[str, int] = {}
        on: dict[str, dict[int, Leaf]] = {}
        for rule in rules:
            for leaf in leaves(rule.when):
                bit = bits.setdefault(repr(leaf), 1 << len(bits))
                on.setdefault(leaf.fact, {})[bit] = leaf
        self._answers = [_Answers(fact, asked) for fact, asked in on.items()]
        self._tests = [
            (
                rule.key,
                None if rule.when is None else _test(rule.when, lambda leaf: bits[repr(leaf)]),
            )
            for rule in rules
        ]

    def holding(self, facts: KnowsFacts) -> frozenset[str]:
        """Keys of the rules whose conditions are true."""
        bits = 0
        for answers in self._answers:
            bits |= answers.of(facts)
        return frozenset([key for key, test in self._tests if test is None or test(bits)])


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
