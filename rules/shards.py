"""Chains of checks, divided so that each part stays within what the rule engine survives."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from operator import eq, ge, le, ne
from typing import NamedTuple

MAX_RULES = 2000
"""The engine refuses 4,096 rules."""
MAX_FIELDS = 200
"""The engine reads 252 properties of a fact."""
MAX_CHILDREN = 400
"""The engine loops for ever over 512 different checks at one node."""
MAX_PENDING = 60
"""The engine gives up (error 303) when more than 64 checks that hold wait to be followed."""


class Check(NamedTuple):
    """A field's code against a number; `operator` as the engine writes it, empty for equality."""

    field: int
    operator: str
    value: int

    def holds(self, code: int) -> bool:
        """Whether it is true of a code."""
        return _COMPARISONS[self.operator](code, self.value)


_COMPARISONS: dict[str, Callable[[int, int], bool]] = {"": eq, "$neq": ne, "$gte": ge, "$lte": le}

Chain = tuple[Check, ...]
"""Checks that must all hold, in the order in which the engine asks them; chains share their beginnings."""


@dataclass(frozen=True, slots=True)
class Shard:
    """Chains for one rule set of the engine, each with the keys of the rules that it makes match."""

    chains: tuple[tuple[Chain, frozenset[str]], ...]

    @property
    def checks(self) -> frozenset[Check]:
        """Everything that it asks."""
        return frozenset(check for chain, _ in self.chains for check in chain)

    @property
    def fields(self) -> tuple[int, ...]:
        """The fields that its checks read."""
        return tuple(sorted({check.field for check in self.checks}))


def sharded(chains: Iterable[tuple[Chain, frozenset[str]]]) -> tuple[Shard, ...]:
    """Divide distinct chains among as few shards as their order allows; put like next to like."""
    shards: list[list[tuple[Chain, frozenset[str]]]] = []
    root = _Node()
    fields: set[int] = set()
    for chain, keys in chains:
        used = {check.field for check in chain}
        fits = (
            shards
            and len(shards[-1]) < MAX_RULES
            and len(fields | used) <= MAX_FIELDS
            and root.takes(chain)
        )
        if not fits:
            shards.append([])
            root, fields = _Node(), set()
        root.add(chain)
        fields |= used
        shards[-1].append((chain, keys))
    return tuple(Shard(tuple(shard)) for shard in shards)


@dataclass(slots=True)
class _Node:
    """A node of the tree that the engine makes of chains with equal beginnings."""

    children: dict[Check, "_Node"] = field(default_factory=dict)
    equal_fields: set[int] = field(default_factory=set)
    """Fields that children compare for equality: of those of one field, one can hold."""
    others: int = 0
    """Children that may all hold at once."""
    deepest: int = 0
    """The most that can be pending below any child."""

    def pending(self) -> int:
        """The most checks that can be pending from here on."""
        return self.others + len(self.equal_fields) + self.deepest

    def takes(self, chain: Chain) -> bool:
        """Whether a chain can be added within the limits."""
        return self._with(chain, 0) <= MAX_PENDING

    def add(self, chain: Chain) -> None:
        """Add a chain."""
        if not chain:
            return
        first, rest = chain[0], chain[1:]
        if first not in self.children:
            self.children[first] = _Node()
            if first.operator:
                self.others += 1
            else:
                self.equal_fields.add(first.field)
        child = self.children[first]
        child.add(rest)
        self.deepest = max(self.deepest, child.pending())

    def _with(self, chain: Chain, start: int) -> int:
        """What would be pending with the rest of a chain; more than is allowed where a node would have too many children."""
        if start == len(chain):
            return self.pending()
        first = chain[start]
        child = self.children.get(first)
        if child is not None:
            below = child._with(chain, start + 1)  # noqa: SLF001 - of the same class
            return self.others + len(self.equal_fields) + max(self.deepest, below)
        if len(self.children) >= MAX_CHILDREN:
            return MAX_PENDING + 1
        is_new = first.operator or first.field not in self.equal_fields
        below = len(chain) - start - 1
        return self.pending() - self.deepest + bool(is_new) + max(self.deepest, below)
