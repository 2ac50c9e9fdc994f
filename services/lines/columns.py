"""How a field's values are found in documents, a whole batch at a time.

A loop over one field of all documents takes a fraction of what making domain values takes; reading and writing a
hundred thousand listings depends on it. That the values are those of the API is shown by comparing the two
(`tests/graphql_api/test_export_lines.py`).
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from functools import lru_cache
from typing import Any

from domain.global_id import Kind, global_ids
from domain.money import Money
from storage.mongo import Document

Row = Document
Json = dict[str, Any]
Values = Callable[[Sequence[Row]], Iterable[Any]]


@dataclass(frozen=True, slots=True)
class Column:
    """A field that is a value: where its parts are stored, and its values in a batch of documents."""

    paths: tuple[str, ...]
    values: Values
    shows: Kind | None = None
    """The noun that it refers to."""
    is_plain: bool = False
    """Whether the values are those of its one path, as they are stored."""


@dataclass(frozen=True, slots=True)
class Children:
    """A field that is a list of objects: each becomes a line of its own after its parent's."""

    path: str
    typename: str
    of: Callable[[Row], Iterable[Json]]
    others: tuple[str, ...] = ()
    """What else they need of the parent."""
    shows: Kind | None = None

    @property
    def paths(self) -> tuple[str, ...]:
        """All that is stored of it."""
        return (self.path, *self.others)


Field = Column | Children


def plain(path: str) -> Column:
    """A value as it is stored."""
    return Column((path,), lambda rows: stored(path, rows), is_plain=True)


def inner(path: str, name: str) -> Column:
    """A value inside of a stored object that may be missing."""
    return Column(
        (f"{path}.{name}",),
        lambda rows: [outer.get(name) if outer else None for outer in stored(path, rows)],
    )


def named(path: str, enum: type[Enum]) -> Column:
    """A stored code by the name that the API gives it."""
    names = {member.value: member.name for member in enum}
    return Column((path,), lambda rows: [names[row[path]] for row in rows])


def mapped(path: str, write: Callable[[Any], Any]) -> Column:
    """A value that is written otherwise than it is stored; None where there is none."""

    def values(rows: Sequence[Row]) -> list[Any]:
        found = stored(path, rows)
        return [None if value is None else write(value) for value in found]

    return Column((path,), values)


def moment_at(path: str) -> Column:
    """A moment. Many documents have the same one: they were written together."""

    def values(rows: Sequence[Row]) -> list[str | None]:
        found = stored(path, rows)
        known: dict[datetime | None, str | None] = {None: None}
        for at in found:
            if at not in known:
                known[at] = moment_of(at)
        return [known[at] for at in found]

    return Column((path,), values)


def amount(path: str) -> Column:
    """An amount of money."""

    def values(rows: Sequence[Row]) -> list[Json | None]:
        return [found and _money(found["minor"], found["currency"]) for found in stored(path, rows)]

    return Column((path,), values)


def reference(path: str, kind: Kind) -> Column:
    """Another noun by its id."""

    def values(rows: Sequence[Row]) -> list[Json | None]:
        keys = stored(path, rows)
        known = list({key for key in keys if key is not None})
        ids = dict(zip(known, global_ids(kind, known), strict=True))
        return [None if key is None else {"id": ids[key]} for key in keys]

    return Column((path,), values, kind)


def moment_of(at: datetime) -> str:
    """A moment as the API writes it, of one that was read as UTC without a zone."""
    return at.isoformat("T", "milliseconds") + "Z"


def money_of(stored: Mapping[str, Any]) -> Json:
    """An amount of money as the API shows it. What is given is shared and must not be changed."""
    return _money(stored["minor"], stored["currency"])


def maybe_money(stored: Mapping[str, Any] | None) -> Json | None:
    """The same, where there may be none."""
    return None if stored is None else _money(stored["minor"], stored["currency"])


def business_of(stored: Mapping[str, Any] | None) -> Json | None:
    """A business price with its tiers."""
    if stored is None:
        return None
    return {
        "price": money_of(stored["price"]),
        "tiers": [
            {"atLeast": tier["at_least"], "price": money_of(tier["price"])}
            for tier in stored["tiers"]
        ],
    }


@lru_cache(maxsize=20_000)
def _money(minor: int, currency: str) -> Json:
    return {"amount": Money(minor, currency).amount, "currencyCode": currency}


def stored(path: str, rows: Sequence[Row]) -> list[Any]:
    """A stored field of all documents; None where it was not known yet when the document was written."""
    try:
        return [row[path] for row in rows]
    except KeyError:
        return [row.get(path) for row in rows]
