"""Typed conditions of `where`, and the storage filters that they mean."""

from collections.abc import Iterator
from dataclasses import fields
from datetime import datetime
from decimal import Decimal
from typing import Any, Generic, TypeVar

import strawberry
from strawberry import Maybe, Some

from domain.errors import InvalidInput
from graphql_api.ids import Kind, to_key
from storage.filters import EVERYTHING, AllOf, AnyOf, Is, NotOf, Where

E = TypeVar("E")

DEEPEST = 3
"""Levels of `and`, `or` and `not`."""
MOST = 20
"""Comparisons in one `where`."""

_JOINS = {"and_", "or_", "not_"}
_OPERATORS = {"in_": "in"}


@strawberry.input(description="Compares a text. Every operator that is given must hold.")
class StringFilter:
    """Equality, membership, beginning."""

    eq: Maybe[str] = strawberry.field(description="Is this text.", default=None)
    in_: Maybe[list[str]] = strawberry.field(
        name="in", description="Is one of these; none of an empty list.", default=None
    )
    prefix: Maybe[str] = strawberry.field(
        description="Begins with this, with the same capitals.", default=None
    )


@strawberry.input(
    description="Compares a value out of a known set. Every operator that is given must hold."
)
class EnumFilter(Generic[E]):
    """Equality and membership."""

    eq: Maybe[E] = strawberry.field(description="Is this value.", default=None)
    in_: Maybe[list[E]] = strawberry.field(
        name="in", description="Is one of these; none of an empty list.", default=None
    )
    not_in: Maybe[list[E]] = strawberry.field(description="Is none of these.", default=None)


@strawberry.input(description="Compares a reference. Every operator that is given must hold.")
class IDFilter:
    """Equality and membership of global ids."""

    eq: Maybe[strawberry.ID] = strawberry.field(
        description="Is the object of this id.", default=None
    )
    in_: Maybe[list[strawberry.ID]] = strawberry.field(
        name="in", description="Is one of these; none of an empty list.", default=None
    )


@strawberry.input(description="Compares a moment. Every operator that is given must hold.")
class DateTimeFilter:
    """A half-open span."""

    gte: Maybe[datetime] = strawberry.field(description="At this moment or later.", default=None)
    lt: Maybe[datetime] = strawberry.field(description="Before this moment.", default=None)


@strawberry.input(description="Compares a number. Every operator that is given must hold.")
class DecimalFilter:
    """Equality and order."""

    eq: Maybe[Decimal] = strawberry.field(description="Equals.", default=None)
    gt: Maybe[Decimal] = strawberry.field(description="Is greater.", default=None)
    gte: Maybe[Decimal] = strawberry.field(description="Is greater or equal.", default=None)
    lt: Maybe[Decimal] = strawberry.field(description="Is less.", default=None)
    lte: Maybe[Decimal] = strawberry.field(description="Is less or equal.", default=None)


def on(path: str, kind: Kind | None = None) -> dict[str, Any]:
    """Metadata of a field of a `where` input: which stored field it compares, and the kind of an id."""
    return {"path": path, "kind": kind}


def where_of(given: Any) -> Where:
    """The filter that a `where` input means; everything where none is given.

    Raises:
        InvalidInput: nested too deeply, too many comparisons, or an id of another type.
    """
    if given is None or given is strawberry.UNSET:
        return EVERYTHING
    where = _where(given, depth=0)
    if sum(1 for _ in _leaves(where)) > MOST:
        raise InvalidInput(f"A `where` can have {MOST} comparisons.", field=("where",))
    return where


def _where(given: Any, depth: int) -> Where:
    if depth > DEEPEST:
        raise InvalidInput(f"A `where` can be nested {DEEPEST} deep.", field=("where",))
    parts: list[Where] = []
    for field in fields(given):
        some = getattr(given, field.name)
        if some is None:
            continue
        if field.name in _JOINS:
            parts.append(_joined(field.name, some.value, depth + 1))
        else:
            parts.extend(_compared(field.metadata["path"], field.metadata["kind"], some))
    return AllOf(tuple(parts))


def _joined(name: str, value: Any, depth: int) -> Where:
    if name == "not_":
        return NotOf(_where(value, depth))
    parts = tuple(_where(part, depth) for part in value)
    return AnyOf(parts) if name == "or_" else AllOf(parts)


def _compared(path: str, kind: Kind | None, some: Some[Any]) -> Iterator[Where]:
    """The comparisons of one field: a bare flag, or a filter with operators."""
    if isinstance(some.value, bool):
        yield _flag(path, is_set=some.value)
        return
    for field in fields(some.value):
        operand = getattr(some.value, field.name)
        if operand is not None:
            value = operand.value if kind is None else _keys(kind, operand.value)
            yield Is(path, _OPERATORS.get(field.name, field.name), value)


def _flag(path: str, *, is_set: bool) -> Where:
    """A field that is a flag, or with a mark behind its name one that holds a text or nothing."""
    if not path.endswith("?"):
        return Is(path, "eq", is_set)
    known = Is(path.removesuffix("?"), "gt", "")
    return known if is_set else NotOf(known)


def _keys(kind: Kind, ids: str | list[str]) -> str | list[str]:
    if isinstance(ids, list):
        return [_key(kind, id_) for id_ in ids]
    return _key(kind, ids)


def _key(kind: Kind, id_: str) -> str:
    key = to_key(kind, id_)
    if key is None:
        raise InvalidInput(f"{id_!r} is not an id of a {kind.value}.", field=("where",))
    return key


def _leaves(where: Where) -> Iterator[Is]:
    match where:
        case Is():
            yield where
        case NotOf(part):
            yield from _leaves(part)
        case AllOf(parts) | AnyOf(parts):
            for part in parts:
                yield from _leaves(part)
