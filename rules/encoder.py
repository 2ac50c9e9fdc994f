"""Facts to small whole numbers: for each fact a column that has, for each listing of a batch, a profile.

What a value means to the rules is worked out once and remembered. Reading goes by columns, so that Python's own
loops do nearly all of it.
"""

from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from math import ceil, floor
from typing import Protocol

from domain.money import CURRENCY_DIGITS
from rules.facts import FactKind, Facts, definition_of
from rules.language import Operator
from rules.sources import Source, Sources, alone
from rules.vocabulary import Field, NumberField, TruthField, fact_of

Column = Sequence[int]
"""The profiles of one fact, of many listings; bytes where the numbers allow it, which is faster."""

MOST_VALUES = 20_000
"""Values of a fact that are remembered before all are forgotten."""

Codes = dict[int, int]
"""The code of each of a fact's fields, by the field's index."""


class Profiles(Protocol):
    """The profiles of one fact: values that give each of the fact's fields the same code have one."""

    codes: list[Codes]
    """Of each profile."""

    def of(self, column: Iterable[Source]) -> list[int]:
        """The numbers of the profiles of a column of sources."""


class ValueProfiles(dict[Source, int]):
    """Profiles by value; asking for a new value adds it."""

    def __init__(self, fact: str, fields: Mapping[int, Field]) -> None:
        super().__init__()
        self.codes: list[Codes] = []
        self._fact = fact
        self._fields = fields
        self._numbers: dict[tuple[int, ...], int] = {}

    def of(self, column: Iterable[Source]) -> list[int]:
        """The numbers of the profiles of a column of sources."""
        return list(map(self.__getitem__, column))

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

    def __init__(self, fields: Mapping[int, Field]) -> None:
        found = (field.thresholds for field in fields.values() if isinstance(field, NumberField))
        thresholds = next(found, ())
        by_digits = {each: _edges(thresholds, each) for each in {*CURRENCY_DIGITS.values()}}
        self._edges = {name: by_digits[digits] for name, digits in CURRENCY_DIGITS.items()}
        self._unknown = 2 * len(thresholds) + 1
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

    def of(self, column: Iterable[Source]) -> list[int]:
        """The numbers of the profiles of a column of sources."""
        edges, unknown = self._edges, self._unknown
        return [
            unknown if money is None else bisect_right(edges[money.currency], money.minor)
            for money in column
        ]


def _edges(thresholds: Iterable[Decimal], digits: int) -> list[int]:
    """Where intervals begin in a currency's smallest unit: each threshold, if it is whole, and what lies above it."""
    scaled = [threshold.scaleb(digits) for threshold in thresholds]
    return [edge for each in scaled for edge in (ceil(each), floor(each) + 1)]


def _code(field: Field, interval: int) -> int:
    """The code that a field gives a known amount in an interval."""
    return int(field.leaf.value is True) if isinstance(field, TruthField) else interval + 1


def _asks_existence(field: Field) -> bool:
    return isinstance(field, TruthField) and field.leaf.operator is Operator.EXISTS


class Encoder:
    """Gives listings their profiles."""

    def __init__(self, fields: Sequence[Field]) -> None:
        by_fact: dict[str, dict[int, Field]] = {}
        for index, field in enumerate(fields):
            by_fact.setdefault(fact_of(field), {})[index] = field
        self._sources = Sources(by_fact)
        self.profiles = {fact: _profiles(fact, found) for fact, found in by_fact.items()}
        """By fact, in the order of the columns."""

    def columns(self, batch: Sequence[Facts]) -> list[Column]:
        """For each fact the profiles of all listings."""
        sources = self._sources.columns(batch)
        return [_column(*each) for each in zip(self.profiles.values(), sources, strict=True)]


def _column(profiles: Profiles, sources: Iterable[Source]) -> Column:
    found = profiles.of(sources)
    return bytes(found) if len(profiles.codes) <= 256 else found


def _profiles(fact: str, fields: Mapping[int, Field]) -> Profiles:
    if MoneyProfiles.fit(fact, fields.values()):
        return MoneyProfiles(fields)
    return ValueProfiles(fact, fields)
