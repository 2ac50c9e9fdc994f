"""Facts to rows of small whole numbers: listings with equal rows look the same to every rule.

What a value means to the rules is worked out once and remembered.
"""

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal

from rules.facts import Facts
from rules.language import Operator
from rules.sources import Source, Sources, alone, number
from rules.vocabulary import Field, NumberField, TruthField, fact_of

Row = tuple[int, ...]
"""For each fact that rules read, the number of its profile."""

MOST_VALUES = 20_000
"""Values of a fact that are remembered before all are forgotten."""


class Profiles(dict[Source, int]):
    """The profile of each of a fact's values; asking for a new value adds it.

    Values that give each of the fact's fields the same code have one profile.
    """

    def __init__(self, fact: str, fields: Mapping[int, Field]) -> None:
        super().__init__()
        self.codes: list[dict[int, int]] = []
        """For each profile the code of each field, by the field's index."""
        self._fact = fact
        self._fields = fields
        self._numbers: dict[tuple[int, ...], int] = {}
        self._is_plain, self._thresholds = _thresholds(fields.values())
        self._by_interval: dict[int, int] = {}

    def __missing__(self, source: Source) -> int:
        if len(self) >= MOST_VALUES:
            self.clear()
        value = number(self._fact, source) if self._is_plain else None
        found = self._profile(source) if value is None else self._of_interval(value, source)
        self[source] = found
        return found

    def _of_interval(self, value: Decimal, source: Source) -> int:
        """Prices are many, the intervals between the numbers that rules name are few."""
        interval = self._thresholds.code_of(value) if self._thresholds else 0
        found = self._by_interval.get(interval)
        if found is None:
            found = self._by_interval[interval] = self._profile(source)
        return found

    def _profile(self, source: Source) -> int:
        facts = alone(self._fact, source)
        codes = tuple(field.code(facts) for field in self._fields.values())
        profile = self._numbers.setdefault(codes, len(self.codes))
        if profile == len(self.codes):
            self.codes.append(dict(zip(self._fields, codes, strict=True)))
        return profile


def _thresholds(fields: Iterable[Field]) -> tuple[bool, NumberField | None]:
    """Whether no more matters of a number than where it lies among thresholds, and among which."""
    match [field for field in fields if not _asks_existence(field)]:
        case []:
            return True, None
        case [NumberField() as only]:
            return True, only
        case _:
            return False, None


def _asks_existence(field: Field) -> bool:
    return isinstance(field, TruthField) and field.leaf.operator is Operator.EXISTS


class Encoder:
    """Gives listings their rows."""

    def __init__(self, fields: Sequence[Field]) -> None:
        by_fact: dict[str, dict[int, Field]] = {}
        for index, field in enumerate(fields):
            by_fact.setdefault(fact_of(field), {})[index] = field
        self._sources = Sources(by_fact)
        self.profiles = {fact: Profiles(fact, by_fact[fact]) for fact in self._sources.facts}
        """In the order of a row."""

    def rows(self, batch: Sequence[Facts]) -> list[Row]:
        """The row of each listing."""
        if not batch or not self.profiles:
            return [()] * len(batch)
        columns = zip(self.profiles.values(), self._sources.columns(batch), strict=True)
        return list(
            zip(*(map(known.__getitem__, column) for known, column in columns), strict=True)
        )
