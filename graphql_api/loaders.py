"""How a noun of the graph is read: by id, by key and by page, with its children read for all at once.

Children of a list are never resolved one by one: `assemble` gets all rows of a page and what is asked for
below them, and reads each kind of child in one query.
"""

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any, Generic, TypeVar

import strawberry

from graphql_api.access import READS
from graphql_api.connections import Connection, Paging, connection
from graphql_api.context import Info, RequestContext
from graphql_api.enums import describe
from graphql_api.ids import Kind, Node, to_key
from graphql_api.projection import Projection
from graphql_api.selection import Selection
from storage.collection import COUNTED, Collection
from storage.filters import EVERYTHING, Where
from storage.keyset import Sort

T = TypeVar("T")
R = TypeVar("R")
N = TypeVar("N", bound=Node)


class CountPrecision(Enum):
    """How a count is meant."""

    EXACT = "EXACT"
    AT_LEAST = "AT_LEAST"


describe(
    CountPrecision,
    "How a count is meant.",
    EXACT="It is this many.",
    AT_LEAST="It is this many or more; counting stopped.",
)


@strawberry.type(description=f"How many there are. Counting stops at {COUNTED}.")
class Count:
    """A count that does not walk whole collections."""

    count: int = strawberry.field(description="How many.")
    precision: CountPrecision = strawberry.field(description="Whether there may be more.")


@dataclass(frozen=True, slots=True)
class Noun(Generic[R, N]):
    """A type with a life of its own: where its rows are, and how rows become nodes.

    Whatever reads rows here looks first whether the caller may.
    """

    kind: Kind
    collection: Collection[R]
    assemble: Callable[[RequestContext, Sequence[R], Selection], Awaitable[list[N]]]
    projection: Projection | None = None
    """What of its documents a page needs; None for all of them."""

    def check(self, context: RequestContext) -> None:
        """Go on only if the caller may read this noun.

        Raises:
            Forbidden: names the scope that it lacks.
        """
        context.viewer.require((READS[self.kind],))

    async def by_keys(
        self, context: RequestContext, keys: Iterable[str | None], wanted: Selection
    ) -> dict[str, N]:
        """Those of the keys that exist for the viewer."""
        known = [key for key in keys if key is not None]
        if not known:  # also where it was not asked for
            return {}
        self.check(context)
        rows = await context.rows(self.collection, known)
        if not rows:
            # Nouns refer to each other in circles: what has no rows must not ask for its children.
            return {}
        nodes = await self.assemble(context, list(rows.values()), wanted)
        return dict(zip(rows, nodes, strict=True))

    async def by_key(self, context: RequestContext, key: str, wanted: Selection) -> N | None:
        """The one of a key."""
        return (await self.by_keys(context, [key], wanted)).get(key)

    async def by_id(self, info: Info, id_: str) -> N | None:
        """The one of a global id, as the answer to the field that is being resolved."""
        self.check(info.context)
        key = to_key(self.kind, id_)
        return None if key is None else await self.by_key(info.context, key, Selection.of(info))

    async def of(self, context: RequestContext, row: R, wanted: Selection) -> N:
        """The node of a row that is at hand: `access.needs` looked whether the caller may see it."""
        return (await self.assemble(context, [row], wanted))[0]

    async def page(
        self, info: Info, paging: Paging, *, sort: Sort, where: Where = EVERYTHING
    ) -> Connection[N]:
        """A page, as the answer to the field that is being resolved."""
        self.check(info.context)
        wanted = Selection.of(info)
        of_nodes = wanted.of_nodes()
        fields = self.projection.fields(of_nodes) if self.projection else None
        page = await self.collection.page(
            info.context.scope, paging.request(sort), where=where, sort=sort, fields=fields
        )
        nodes = await self.assemble(info.context, page.items, of_nodes)
        attribute = "id" if sort.field == "_id" else sort.field
        keys = [(getattr(row, attribute), _key_of(row)) for row in page.items]
        return connection(page, keys, nodes, with_edges="edges" in wanted)

    async def count(self, info: Info, where: Where) -> Count:
        """How many match."""
        self.check(info.context)
        found = await self.collection.count(info.context.scope, where)
        if found > COUNTED:
            return Count(count=COUNTED, precision=CountPrecision.AT_LEAST)
        return Count(count=found, precision=CountPrecision.EXACT)


def pick(found: Mapping[str, T], key: str | None) -> Any:
    """The one of a key. What was not asked for was not read, is None, and is never looked at."""
    return None if key is None else found.get(key)


def _key_of(row: Any) -> str:
    key: str = row.id
    return key
