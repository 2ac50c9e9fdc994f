"""What was answered before: listings that no check of a section tells apart get one answer of the engine."""

from collections.abc import Callable, Iterable, Mapping, Sequence

from rules.encoder import Column, Profiles
from rules.shards import Check

Row = tuple[int, ...]
"""Numbers of profiles, one for each of some facts."""
Class = tuple[int, ...]
"""For each fact of a section, the number of a kind of profiles that no check of the section tells apart."""
Ask = Callable[[Sequence[Row]], Sequence[int]]
"""Has the engine say which rules match, as bit masks, for rows of a section's own facts."""


class SectionMemory:
    """The answers of one section."""

    def __init__(
        self, checks: Mapping[str, Iterable[Check]], profiles: Mapping[str, Profiles], ask: Ask
    ) -> None:
        """`checks` has what the section asks of each of its facts, `profiles` all facts in the order of columns."""
        places = {fact: place for place, fact in enumerate(profiles)}
        self._kinds = [
            (places[fact], _Kinds(profiles[fact], asked)) for fact, asked in checks.items()
        ]
        self._known = _Known()
        self._ask = ask

    def __len__(self) -> int:
        """How many answers are remembered."""
        return len(self._known)

    def answer(self, row: Row) -> int:
        """The rules that match, as a bit mask, for the profiles of all facts of one listing."""
        found = tuple([kinds.kind(row[place]) for place, kinds in self._kinds])
        if self._known[found] < 0:
            self._learn()
        return self._known[found]

    def answers(self, columns: Sequence[Column]) -> list[int]:
        """The rules that match, as bit masks, for listings given as columns of all facts."""
        kinds = [kinds.of(columns[place]) for place, kinds in self._kinds]
        found = list(map(self._known.__getitem__, zip(*kinds, strict=True)))
        if self._known.missed:
            self._learn()
            for index, answer in enumerate(found):
                if answer < 0:
                    found[index] = self._known[tuple([column[index] for column in kinds])]
        return found

    def _learn(self) -> None:
        """Ask the engine about an example of each class that was missed."""
        missed = list(self._known.missed)
        examples = zip(
            *[
                map(kinds.examples.__getitem__, column)
                for column, (_, kinds) in zip(zip(*missed, strict=True), self._kinds, strict=True)
            ],
            strict=True,
        )
        self._known.update(zip(missed, self._ask(list(examples)), strict=True))
        self._known.missed.clear()


class _Known(dict[Class, int]):
    """Answers by class; for a class that is not there -1, and it is noted as missed."""

    def __init__(self) -> None:
        super().__init__()
        self.missed: set[Class] = set()

    def __missing__(self, found: Class) -> int:
        self.missed.add(found)
        return -1


class _Kinds:
    """The kind of each of a fact's profiles."""

    def __init__(self, profiles: Profiles, checks: Iterable[Check]) -> None:
        self._codes = profiles.codes
        self._checks = tuple(checks)
        self._numbers: dict[tuple[bool, ...], int] = {}
        self._kinds: list[int] = []
        self.examples: list[int] = []
        """The first profile of each kind."""
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
        for profile, codes in enumerate(self._codes[len(self._kinds) :], len(self._kinds)):
            answers = tuple(check.holds(codes[check.field]) for check in self._checks)
            kind = self._numbers.setdefault(answers, len(self.examples))
            self._kinds.append(kind)
            if kind == len(self.examples):
                self.examples.append(profile)
        self._table = bytes(kind % 256 for kind in self._kinds[:256]).ljust(256)
