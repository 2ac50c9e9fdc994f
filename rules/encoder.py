"""Facts to rows of codes. What depends on one fact alone is worked out once for each of its values."""

from collections.abc import Sequence
from itertools import chain

from rules.facts import Facts, Value
from rules.vocabulary import Field, fact_of

Codes = tuple[int, ...]

_MEMORY = 20_000
"""Values of a fact that are remembered before all are forgotten."""


class Encoder:
    """Gives each of some fields its code for a listing."""

    def __init__(self, fields: Sequence[Field]) -> None:
        by_fact: dict[str, list[int]] = {}
        for index, field in enumerate(fields):
            by_fact.setdefault(fact_of(field), []).append(index)
        in_order = chain.from_iterable(by_fact.values())
        self.positions = {field: position for position, field in enumerate(in_order)}
        """Where in a row the code of each field stands."""
        self._facts = [
            (fact, [fields[index] for index in indexes], dict[Value | None, Codes]())
            for fact, indexes in by_fact.items()
        ]

    def encoded(self, facts: Facts) -> Codes:
        """The codes of a listing. Equal rows look the same to every rule."""
        row: list[int] = []
        for fact, fields, known in self._facts:
            value = facts.get(fact)
            codes = known.get(value)
            if codes is None:
                if len(known) > _MEMORY:
                    known.clear()
                codes = known[value] = tuple(field.code(facts) for field in fields)
            row += codes
        return tuple(row)
