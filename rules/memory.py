"""What was answered before: listings that no check of a section tells apart get one answer of the engine."""

from collections.abc import Callable, Iterable, Mapping, Sequence

from rules.encoder import Column, Profiles
from rules.shards import Check

Row = tuple[int, ...]
"""Numbers of profiles, one for each of some facts."""
Class = int | tuple[int, ...]
"""For each fact of a section, the number of a kind of profiles that no check of the section tells apart; as one
number, a byte for each, where that fits 64 bits, which is faster to look up."""
Ask = Callable[[Sequence[Row]], Sequence[int]]
"""Has the engine say which rules match, as bit masks, for rows of a section's own facts."""

_MOST_BYTES = 8


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
        self._known: dict[Class, int] = {}
        self._ask = ask

    def __len__(self) -> int:
        """How many answers are remembered."""
        return len(self._known)

    def answer(self, row: Row) -> int:
        """The rules that match, as a bit mask, for the profiles of all facts of one listing."""
        found = _class([kinds.kind(row[place]) for place, kinds in self._kinds])
        if found not in self._known:
            self._learn([found], [(profile,) for profile in row])
        return self._known[found]

    def answers(self, columns: Sequence[Column]) -> list[int]:
        """The rules that match, as bit masks, for listings given as columns of all facts."""
        classes = _classes([kinds.of(columns[place]) for place, kinds in self._kinds])
        try:
            return list(map(self._known.__getitem__, classes))
        except KeyError:
            self._learn(classes, columns)
        return list(map(self._known.__getitem__, classes))

    def _learn(self, classes: Sequence[Class], columns: Sequence[Column]) -> None:
        """Ask the engine about one example of each class that is not known."""
        known = self._known
        new = {each: index for index, each in enumerate(classes) if each not in known}
        own = [columns[place] for place, _ in self._kinds]
        examples = [tuple([column[index] for column in own]) for index in new.values()]
        known.update(zip(new, self._ask(examples), strict=True))


def _classes(kinds: Sequence[Column]) -> Sequence[Class]:
    """The classes of a batch, from a column of kinds for each fact."""
    if len(kinds) > _MOST_BYTES or not all(isinstance(column, bytes) for column in kinds):
        return list(zip(*kinds, strict=True))
    packed = bytearray(_MOST_BYTES * len(kinds[0]))
    for place, column in enumerate(kinds):
        packed[place::_MOST_BYTES] = column
    return memoryview(packed).cast("Q")


def _class(kinds: Sequence[int]) -> Class:
    """The class of one listing."""
    if len(kinds) > _MOST_BYTES or max(kinds) > 255:
        return tuple(kinds)
    return int.from_bytes(bytes(kinds), "little")


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
        found = [self._kinds[profile] for profile in column]
        return bytes(found) if len(self._numbers) <= 256 else found

    def _add(self) -> None:
        """Find the kinds of profiles that came since."""
        for codes in self._codes[len(self._kinds) :]:
            answers = tuple(check.holds(codes[check.field]) for check in self._checks)
            self._kinds.append(self._numbers.setdefault(answers, len(self._numbers)))
        self._table = bytes(kind % 256 for kind in self._kinds[:256]).ljust(256)
