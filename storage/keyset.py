"""Pages by key: a page begins where the last one ended, whatever was inserted in between."""

from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from domain.errors import InvalidInput
from storage.filters import AllOf, AnyOf, Is, Where

T = TypeVar("T")

MAXIMUM = 250
"""The most that one page may hold."""


@dataclass(frozen=True, slots=True)
class Sort:
    """An order over a field that an index serves; the id makes it total."""

    field: str
    descending: bool = False


@dataclass(frozen=True, slots=True)
class PageRequest:
    """At most `limit` items after or before a key, from the front or, backwards, from the end.

    A key is the sort field's value and the id.
    """

    limit: int
    after: tuple[Any, str] | None = None
    before: tuple[Any, str] | None = None
    backwards: bool = False

    def __post_init__(self) -> None:
        if not 1 <= self.limit <= MAXIMUM:
            field = ("last",) if self.backwards else ("first",)
            raise InvalidInput(f"Ask for 1 to {MAXIMUM} at a time.", field=field)


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """Some items in order, and whether there is more on either side."""

    items: list[T]
    has_next: bool
    has_previous: bool


def bounds(sort: Sort, request: PageRequest) -> Where:
    """The condition that holds for what lies between the request's keys."""
    parts: list[Where] = []
    if request.after is not None:
        parts.append(_beyond(sort, request.after, forwards=True))
    if request.before is not None:
        parts.append(_beyond(sort, request.before, forwards=False))
    return AllOf(tuple(parts))


def part(sort: Sort, after: tuple[Any, str] | None, end: tuple[Any, str] | None) -> Where:
    """The condition that holds for what follows a key, up to and with another, in ascending order."""
    ends: list[Where] = []
    if after is not None:
        ends.append(_beyond(sort, after, forwards=True))
    if end is not None:
        ends.append(_up_to(sort, end))
    if end is None or sort.field == "_id":
        return AllOf(tuple(ends))
    # Said of the field alone as well, so that no more of the index is looked through.
    if after is None:
        return AllOf((Is(sort.field, "lte", end[0]), *ends))
    if after[0] != end[0]:
        return AllOf((Is(sort.field, "gte", after[0]), Is(sort.field, "lte", end[0]), *ends))
    same = Is(sort.field, "eq", end[0])
    return AllOf((same, Is("_id", "gt", after[1]), Is("_id", "lte", end[1])))


def order(sort: Sort, request: PageRequest) -> list[tuple[str, int]]:
    """The Mongo sort of a page."""
    direction = -1 if sort.descending != request.backwards else 1
    if sort.field == "_id":
        return [("_id", direction)]
    return [(sort.field, direction), ("_id", direction)]


def cut(found: list[T], request: PageRequest) -> Page[T]:
    """The page of what was found by asking for one more than its limit."""
    more = len(found) > request.limit
    items = found[: request.limit]
    if request.backwards:
        items.reverse()
        return Page(items, has_next=request.before is not None, has_previous=more)
    return Page(items, has_next=more, has_previous=request.after is not None)


def _beyond(sort: Sort, key: tuple[Any, str], *, forwards: bool) -> Where:
    value, id_ = key
    operator = "gt" if sort.descending != forwards else "lt"
    if sort.field == "_id":
        return Is("_id", operator, id_)
    return AnyOf(
        (
            Is(sort.field, operator, value),
            AllOf((Is(sort.field, "eq", value), Is("_id", operator, id_))),
        )
    )


def _up_to(sort: Sort, key: tuple[Any, str]) -> Where:
    value, id_ = key
    if sort.field == "_id":
        return Is("_id", "lte", id_)
    at_it = AllOf((Is(sort.field, "eq", value), Is("_id", "lte", id_)))
    return AnyOf((Is(sort.field, "lt", value), at_it))
