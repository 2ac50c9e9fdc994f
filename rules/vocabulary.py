"""Facts as small whole numbers, the only language that the rule engine is given.

Every field gives every listing a code from 0 to its size, unknown facts included, so that a comparison and
its negation are both a set of codes: an exact image of `rules.conditions`, whatever the values are.
"""

from bisect import bisect_left
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from rules.conditions import folded, leaf_holds, number_fact, text_fact
from rules.facts import FactKind, Facts, definition_of
from rules.language import Leaf, Operator

LONGEST_LIST = 8
"""Values of `in` and `notIn` that the engine compares one by one; longer lists become one flag."""

_UNKNOWN = 0
_NUMBER_OPERATORS = frozenset(
    {Operator.GT, Operator.GTE, Operator.LT, Operator.LTE, Operator.EQ, Operator.NE}
)
_NEGATIVE = frozenset({Operator.NE, Operator.NOT_IN})
_SETS = frozenset({FactKind.CATEGORY, FactKind.OPTIONS})
"""Facts of several values, which no single code can stand for."""


@dataclass(frozen=True, slots=True)
class TextField:
    """A text fact: 0 unknown, 1 a text that no rule names, then one code for each text that rules name."""

    fact: str
    codes: dict[str, int]

    @property
    def size(self) -> int:
        """How many codes there are."""
        return len(self.codes) + 2

    def code(self, facts: Facts) -> int:
        """The code of a listing."""
        text = text_fact(facts, self.fact)
        return _UNKNOWN if text is None else self.codes.get(text, 1)

    def accepted(self, leaf: Leaf) -> int:
        """The codes for which a comparison is true, as a bit mask."""
        wanted = _bits(self.codes[folded(str(value))] for value in _values(leaf))
        return _known(self.size) & ~wanted if leaf.operator in _NEGATIVE else wanted


@dataclass(frozen=True, slots=True)
class NumberField:
    """A number fact: 0 unknown, then odd codes between the numbers that rules name and even ones on them."""

    fact: str
    thresholds: tuple[Decimal, ...]
    """Ascending."""

    @property
    def size(self) -> int:
        """How many codes there are."""
        return 2 * len(self.thresholds) + 2

    def code(self, facts: Facts) -> int:
        """The code of a listing."""
        value = number_fact(facts, self.fact)
        return _UNKNOWN if value is None else self._code_of(value)

    def accepted(self, leaf: Leaf) -> int:
        """The codes for which a comparison is true, as a bit mask."""
        codes = [self._code_of(Decimal(str(value))) for value in _values(leaf)]
        known, below = _known(self.size), (1 << codes[0]) - 1
        match leaf.operator:
            case Operator.LT:
                return known & below
            case Operator.GTE:
                return known & ~below
            case Operator.LTE:
                return known & (below | 1 << codes[0])
            case Operator.GT:
                return known & ~(below | 1 << codes[0])
            case _:
                wanted = _bits(codes)
                return known & ~wanted if leaf.operator in _NEGATIVE else wanted

    def _code_of(self, value: Decimal) -> int:
        """The code of a number."""
        index = bisect_left(self.thresholds, value)
        is_on = index < len(self.thresholds) and self.thresholds[index] == value
        return 2 * index + 1 + is_on


@dataclass(frozen=True, slots=True)
class TruthField:
    """A comparison that our own Python answers, such as a part of a text or a category: 0 false, 1 true."""

    leaf: Leaf

    @property
    def size(self) -> int:
        """How many codes there are."""
        return 2

    def code(self, facts: Facts) -> int:
        """The code of a listing."""
        return int(leaf_holds(self.leaf, facts))

    def accepted(self, leaf: Leaf) -> int:
        """The codes for which the comparison is true, as a bit mask."""
        if leaf != self.leaf:
            raise ValueError(f"{leaf} is not the comparison of this field")
        return 0b10


Field = TextField | NumberField | TruthField


def fact_of(field: Field) -> str:
    """The one fact that a field reads."""
    return field.leaf.fact if isinstance(field, TruthField) else field.fact


class Vocabulary:
    """The fields of a document, told by their index. Truth fields come on demand."""

    def __init__(self, leaves: Iterable[Leaf]) -> None:
        texts: dict[str, set[str]] = {}
        numbers: dict[str, set[Decimal]] = {}
        for leaf in leaves:
            for value in _values(leaf) if _is_coded(leaf) else ():
                if isinstance(value, Decimal):
                    numbers.setdefault(leaf.fact, set()).add(value)
                else:
                    texts.setdefault(leaf.fact, set()).add(folded(str(value)))
        self.fields: list[Field] = []
        self._texts: dict[str, int] = {}
        self._numbers: dict[str, int] = {}
        self._truths: dict[Leaf, int] = {}
        for fact, named in texts.items():
            codes = {text: code for code, text in enumerate(sorted(named), 2)}
            self._texts[fact] = self._add(TextField(fact, codes))
        for fact, thresholds in numbers.items():
            self._numbers[fact] = self._add(NumberField(fact, tuple(sorted(thresholds))))

    def field_of(self, leaf: Leaf) -> int:
        """The field that a comparison reads."""
        if not _is_coded(leaf):
            return self.truth_of(leaf)
        is_number = isinstance(_values(leaf)[0], Decimal)
        return self._numbers[leaf.fact] if is_number else self._texts[leaf.fact]

    def truth_of(self, leaf: Leaf) -> int:
        """A field for one comparison alone."""
        if leaf not in self._truths:
            self._truths[leaf] = self._add(TruthField(leaf))
        return self._truths[leaf]

    def _add(self, field: Field) -> int:
        self.fields.append(field)
        return len(self.fields) - 1


def _is_coded(leaf: Leaf) -> bool:
    """Whether the engine compares codes for it, and not a flag."""
    definition = definition_of(leaf.fact)
    if definition is None or definition.kind in _SETS or isinstance(leaf.value, bool):
        return False
    if isinstance(leaf.value, tuple):
        return len(leaf.value) <= LONGEST_LIST
    return isinstance(leaf.value, Decimal) or leaf.operator in {Operator.EQ, Operator.NE}


def _values(leaf: Leaf) -> tuple[str | Decimal | bool, ...]:
    return leaf.value if isinstance(leaf.value, tuple) else (leaf.value,)


def _bits(codes: Iterable[int]) -> int:
    mask = 0
    for code in codes:
        mask |= 1 << code
    return mask


def _known(size: int) -> int:
    """All codes but that of an unknown fact."""
    return (1 << size) - 2
