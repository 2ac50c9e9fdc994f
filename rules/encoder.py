"""Facts to rows of small whole numbers: listings with equal rows look the same to every rule.

What a value means to the rules is worked out once and remembered.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Mapping, Sequence
from typing import Protocol

from rules.facts import PRICE, FactKind, Facts, definition_of
from rules.language import Operator
from rules.sources import Source, Sources, alone, decimal
from rules.vocabulary import Field, NumberField, TruthField, fact_of

Row = tuple[int, ...]
"""For each fact that rules read, the number of its profile."""

MOST_VALUES = 20_000
"""Values of a fact that are remembered before all are forgotten."""

Codes = dict[int, int]
"""The code of each of a fact's fields, by the field's index."""


class Profiles(Protocol):
    """The profiles of one fact: values that give each of the fact's fields the same code have one."""

    codes: list[Codes]
    """Of each profile."""

    def of(self, column: Sequence[Source]) -> Iterable[int]:
        """The numbers of the profiles of a column of sources."""


class ValueProfiles(dict[Source, int]):
    """Profiles by value; asking for a new value adds it."""

    def __init__(self, fact: str, fields: Mapping[int, Field]) -> None:
        super().__init__()
        self.codes: list[Codes] = []
        self._fact = fact
        self._fields = fields
        self._numbers: dict[tuple[int, ...], int] = {}

    def of(self, column: Sequence[Source]) -> Iterable[int]:
        """The numbers of the profiles of a column of sources."""
        return map(self.__getitem__, column)

    def __missing__(self, source: Source) -> int:
        if len(self) >= MOST_VALUES:
            self.clear()
        facts = alone(self._fact, source)
        codes = tuple(field.code(facts) for field in self._fields.values())
        profile = self[source] = self._numbers.setdefault(codes, len(self.codes))
        if profile == len(self.codes):
            self.codes.append(dict(zip(self._fields, codes, strict=True)))
        return profile


class MoneyProfiles:
    """Profiles of an amount of which no more matters than where it lies among thresholds.

    Amounts are too many to remember each, so that it is worked out every time. Interval 2n lies below threshold
    n, and interval 2n + 1 is the threshold itself.
    """

    def __init__(self, fact: str, fields: Mapping[int, Field]) -> None:
        found = (field.thresholds for field in fields.values() if isinstance(field, NumberField))
        self._thresholds = next(found, ())
        self._is_price = fact.startswith(PRICE)
        self._unknown = 2 * len(self._thresholds) + 1
        self.codes: list[Codes] = [
            {index: _code(field, interval) for index, field in fields.items()}
            for interval in range(self._unknown)
        ]
        self.codes.append({index: field.code(Facts({})) for index, field in fields.items()})

    @staticmethod
    def fit(fact: str, fields: Iterable[Field]) -> bool:
        """Whether no more matters of a fact than an interval, and that it is known."""
        definition = definition_of(fact)
        return (
            definition is not None
            and definition.kind is FactKind.MONEY
            and all(isinstance(field, NumberField) or _asks_existence(field) for field in fields)
        )

    def of(self, column: Sequence[Source]) -> Iterable[int]:
        """The numbers of the profiles of a column of sources."""
        if self._is_price:
            column = [None if money is None else decimal(money) for money in column]
        thresholds, unknown = self._thresholds, self._unknown
        return [
            unknown
            if amount is None
            else bisect_left(thresholds, amount) + bisect_right(thresholds, amount)
            for amount in column
        ]


def _code(field: Field, interval: int) -> int:
    """The code that a field gives a known amount in an interval."""
    return int(field.leaf.value is True) if isinstance(field, TruthField) else interval + 1


def _asks_existence(field: Field) -> bool:
    return isinstance(field, TruthField) and field.leaf.operator is Operator.EXISTS


class Encoder:
    """Gives listings their rows."""

    def __init__(self, fields: Sequence[Field]) -> None:
        by_fact: dict[str, dict[int, Field]] = {}
        for index, field in enumerate(fields):
            by_fact.setdefault(fact_of(field), {})[index] = field
        self._sources = Sources(by_fact)
        self.profiles = {fact: _profiles(fact, by_fact[fact]) for fact in self._sources.facts}
        """In the order of a row."""

    def rows(self, batch: Sequence[Facts]) -> list[Row]:
        """The row of each listing."""
        if not batch or not self.profiles:
            return [()] * len(batch)
        columns = zip(self.profiles.values(), self._sources.columns(batch), strict=True)
        return list(zip(*(profiles.of(column) for profiles, column in columns), strict=True))


def _profiles(fact: str, fields: Mapping[int, Field]) -> Profiles:
    kind = MoneyProfiles if MoneyProfiles.fit(fact, fields.values()) else ValueProfiles
    return kind(fact, fields)
