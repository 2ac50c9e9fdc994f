"""Where facts come from: what of a listing each fact is read from, in a form that can be looked up."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import repeat
from typing import Any

from rules.facts import PRICE, Facts

Source = Any
"""What `Facts` holds for a fact, as it is there; None where nothing is known."""


class Sources:
    """Reads the sources of some facts, a batch at a time."""

    def __init__(self, facts: Iterable[str]) -> None:
        self._places = [_place(fact) for fact in facts]

    def columns(self, batch: Sequence[Facts]) -> Iterator[Iterable[Source]]:
        """For each fact its sources, one for each listing."""
        mappings: dict[str, list[Any]] = {
            "values": [facts.values for facts in batch],
            "prices": [facts.prices for facts in batch],
            "attributes": [facts.attributes for facts in batch],
        }
        return (map(dict.get, mappings[name], repeat(key)) for name, key in self._places)


def alone(fact: str, source: Source) -> Facts:
    """A listing of which no more is known than the source of one fact."""
    if source is None:
        return Facts({})
    name, key = _place(fact)
    if name == "values":
        return Facts({key: source})
    return Facts({}, {key: source}) if name == "prices" else Facts({}, {}, {key: source})


def _place(fact: str) -> tuple[str, str]:
    """The mapping of `Facts` that has a fact, and the key there."""
    _, is_family, code = fact.partition(".")
    if not is_family:
        return "values", fact
    return ("prices" if fact.startswith(PRICE) else "attributes"), code
