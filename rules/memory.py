"""What was answered before: listings that no check of a section tells apart get one answer of the engine."""

from collections.abc import Callable, Iterable, Mapping, Sequence

from rules.encoder import Profiles, Row
from rules.shards import Check

FEW = 16
"""Rows up to which it is faster to look at one after another than at columns."""

Column = Sequence[int]
"""The profiles of one fact, of many listings; bytes where the numbers allow it, which is faster."""
Class = tuple[int, ...]
"""For each fact of a section, the number of a kind of profiles that no check of the section tells apart."""
Ask = Callable[[Sequence[Row]], Sequence[int]]
"""Has the engine say which rules match, as bit masks, for rows of a section's own facts."""


def columns_of(rows: Sequence[Row]) -> list[Column]:
    """Rows turned by a quarter."""
    found = list(zip(*rows, strict=True))
    return [bytes(each) if max(each) < 256 else each for each in found]


class SectionMemory:
    """The answers of one section."""

    def __init__(
        self, checks: Mapping[str, Iterable[Check]], profiles: Mapping[str, Profiles], ask: Ask
    ) -> None:
        """`checks` has what the section asks of each of its facts, `profiles` all facts in the order of a row."""
        places = {fact: place for place, fact in enumerate(profiles)}
        self._kinds = [
            (places[fact], _Kinds(profiles[fact], asked)) for fact, asked in checks.items()
        ]
        self._known: dict[Class, int] = {}
        self._ask = ask

    def answer(self, row: Row) -> int:
        """The rules that match, as a bit mask, for a row of all facts."""
        found = tuple([kinds.kind(row[place]) for place, kinds in self._kinds])
        answer = self._known.get(found)
        if answer is None:
            (answer,) = self._learned([found], [[row[place]] for place, _ in self._kinds])
        return answer

    def answers(self, columns: Sequence[Column]) -> list[int]:
        """The rules that match, as bit masks, for rows given as columns of all facts."""
        classes: list[Class] = list(
            zip(*[kinds.of(columns[place]) for place, kinds in self._kinds], strict=True)
        )
        try:
            return list(map(self._known.__getitem__, classes))
        except KeyError:
            return self._learned(classes, [columns[place] for place, _ in self._kinds])

    def _learned(self, classes: Sequence[Class], columns: Sequence[Column]) -> list[int]:
        """The same; the engine is asked about one example of each class that is not known."""
        found = list(map(self._known.get, classes))
        new = [index for index, answer in enumerate(found) if answer is None]
        examples = {classes[index]: tuple([column[index] for column in columns]) for index in new}
        self._known.update(zip(examples, self._ask(list(examples.values())), strict=True))
        return list(map(self._known.__getitem__, classes))


class _Kinds:
    """The kind of each of a fact's profiles."""

    def __init__(self, profiles: Profiles, checks: Iterable[Check]) -> None:
        self._codes = profiles.codes
        self._checks = tuple(checks)
        self._numbers: dict[tuple[bool, ...], int] = {}
        self._kinds: list[int] = []
        self._table = b""

    def kind(self, profile: int) -> int:
        """The kind of one profile."""
        if profile >= len(self._kinds):
            self._add()
        return self._kinds[profile]

    def of(self, column: Column) -> Column:
        """The kinds of the profiles of a column."""
        if len(self._kinds) < len(self._codes):
            self._add()
        if isinstance(column, bytes):
            return column.translate(self._table)
        return [self._kinds[profile] for profile in column]

    def _add(self) -> None:
        """Find the kinds of profiles that came since."""
        for codes in self._codes[len(self._kinds) :]:
            answers = tuple(check.holds(codes[check.field]) for check in self._checks)
            self._kinds.append(self._numbers.setdefault(answers, len(self._numbers)))
        self._table = bytes(kind % 256 for kind in self._kinds[:256]).ljust(256)
