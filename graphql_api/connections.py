"""Connections: pages by key, with cursors that stay good while rows come and go."""

import base64
import binascii
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import Annotated, Any, Generic, TypeVar

import strawberry

from domain.clock import moment
from domain.errors import InvalidInput
from graphql_api.enums import describe
from graphql_api.scalars import read_moment
from storage.keyset import MAXIMUM, Page, PageRequest, Sort

N = TypeVar("N")

DEFAULT = 50

First = Annotated[
    int | None,
    strawberry.argument(
        description=f"How many from the front, 1 to {MAXIMUM}; {DEFAULT} where neither `first` nor `last` is given."
    ),
]
After = Annotated[str | None, strawberry.argument(description="Only what comes after this cursor.")]
Last = Annotated[
    int | None, strawberry.argument(description=f"How many from the end, 1 to {MAXIMUM}.")
]
Before = Annotated[
    str | None, strawberry.argument(description="Only what comes before this cursor.")
]


class SortDirection(Enum):
    """Which end comes first."""

    ASC = "ASC"
    DESC = "DESC"


describe(
    SortDirection,
    "Which end comes first.",
    ASC="Smallest, oldest, first by alphabet.",
    DESC="Largest, newest, last by alphabet.",
)


@strawberry.type(description="Where a page stands in its list.")
class PageInfo:
    """Relay's page information."""

    has_next_page: bool = strawberry.field(description="Whether more comes after `endCursor`.")
    has_previous_page: bool = strawberry.field(
        description="Whether more comes before `startCursor`."
    )
    start_cursor: str | None = strawberry.field(
        description="Cursor of the first item; null on an empty page."
    )
    end_cursor: str | None = strawberry.field(
        description="Cursor of the last item; null on an empty page."
    )


@strawberry.type(description="An item with its place in the list.")
class Edge(Generic[N]):
    """Relay's edge."""

    cursor: str = strawberry.field(
        description="The item's place; opaque, for `after` and `before`."
    )
    node: N = strawberry.field(description="The item.")


@strawberry.type(description="A page of a list.")
class Connection(Generic[N]):
    """Relay's connection, with `nodes` as the short way to the items."""

    edges: list[Edge[N]] = strawberry.field(description="The items with their cursors.")
    nodes: list[N] = strawberry.field(description="The items.")
    page_info: PageInfo = strawberry.field(description="Where the page stands in the list.")


@dataclass(frozen=True, slots=True)
class Paging:
    """The four arguments of a connection as they were given."""

    first: int | None = None
    after: str | None = None
    last: int | None = None
    before: str | None = None

    def request(self, sort: Sort) -> PageRequest:
        """The page to read.

        Raises:
            InvalidInput: both ends are asked for, too many, or a cursor is not of this list.
        """
        if _given(self.first) and _given(self.last):
            raise InvalidInput("Give `first` or `last`, not both.", field=("last",))
        backwards = _given(self.last)
        limit = self.last if backwards else self.first
        return PageRequest(
            limit if _given(limit) and limit is not None else DEFAULT,
            after=_read_cursor(self.after, sort, "after"),
            before=_read_cursor(self.before, sort, "before"),
            backwards=backwards,
        )


def connection(
    page: Page[Any], keys: Sequence[tuple[Any, str]], nodes: Sequence[N], *, with_edges: bool = True
) -> Connection[N]:
    """The connection of a page's nodes; `keys` are their places in the same order.

    Without edges the places in between are never written down: that takes longer than one should think.
    """
    edges = [
        Edge(cursor=_write_cursor(*key), node=node)
        for key, node in zip(keys, nodes, strict=True)
        if with_edges
    ]
    return Connection(
        edges=edges,
        nodes=list(nodes),
        page_info=PageInfo(
            has_next_page=page.has_next,
            has_previous_page=page.has_previous,
            start_cursor=_write_cursor(*keys[0]) if keys else None,
            end_cursor=_write_cursor(*keys[-1]) if keys else None,
        ),
    )


def cut_list(
    items: Sequence[tuple[tuple[int, str], N]], request: PageRequest
) -> Page[tuple[tuple[int, str], N]]:
    """A page of a list in memory that is sorted by its keys."""
    inside = [
        item
        for item in items
        if (request.after is None or item[0] > request.after)
        and (request.before is None or item[0] < request.before)
    ]
    more = len(inside) > request.limit
    if request.backwards:
        return Page(inside[-request.limit :], request.before is not None, more)
    return Page(inside[: request.limit], more, request.after is not None)


def _given(value: object) -> bool:
    return value is not None and value is not strawberry.UNSET


def _write_cursor(value: Any, key: str) -> str:
    written = moment(value) if isinstance(value, datetime) else value
    return base64.b64encode(
        json.dumps([written, key], ensure_ascii=False, separators=(",", ":")).encode()
    ).decode()


def _read_cursor(cursor: str | None, sort: Sort, field: str) -> tuple[Any, str] | None:
    if not _given(cursor) or cursor is None:
        return None
    try:
        value, key = json.loads(base64.b64decode(cursor, validate=True))
        if sort.field.endswith("_at"):
            value = read_moment(value)
    except (binascii.Error, UnicodeError, ValueError, TypeError):
        raise _foreign(field) from None
    kind = int if sort.field == "minor" else (str, datetime)
    if not isinstance(value, kind) or not isinstance(key, str):
        raise _foreign(field)
    return value, key


def _foreign(field: str) -> InvalidInput:
    return InvalidInput("This cursor is not of this list in this order.", field=(field,))
