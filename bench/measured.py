"""What contenders are given, and what they report."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from bench.workload import Listing, Tree


@dataclass(frozen=True, slots=True)
class Work:
    """What is to be matched."""

    rules: list[Tree]
    catalogue: list[Listing]
    others: list[Listing]
    """Another catalogue of the same kind."""


@dataclass(frozen=True, slots=True)
class Measured:
    """What one way of matching took."""

    name: str
    seconds: float
    listings: int
    matches: list[list[int]] | None = None
    """Of the first listings of the catalogue, the numbers of the rules that matched."""


Contender = Callable[[Work], Iterator[Measured]]
"""One engine in its fastest form. Making rules and listings ready in its own form is not timed."""
