"""What every noun's collection can do: read by id, by page, and insert."""

from collections.abc import Collection as Members
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from domain.errors import NotFound
from storage.filters import EVERYTHING, AllOf, Where, to_query
from storage.keyset import Page, PageRequest, Sort, bounds, cut, order
from storage.mongo import Scope, from_document, to_document
from storage.rows import rows_of

T = TypeVar("T")

COUNTED = 10_000
"""Counting stops here; more is told as at least so many."""


@dataclass(frozen=True, slots=True)
class Collection(Generic[T]):
    """The documents of one domain type."""

    name: str
    type: type[T]

    async def get(self, scope: Scope, id_: str) -> T | None:
        """The one of that id, if this merchant has it."""
        found = await scope.find(self.name, {"_id": id_}, limit=1)
        return from_document(self.type, found[0]) if found else None

    async def require(self, scope: Scope, id_: str, *, field: Sequence[str] = ()) -> T:
        """The one of that id.

        Raises:
            NotFound: this merchant has none.
        """
        found = await self.get(scope, id_)
        if found is None:
            raise NotFound.of_type(self.type.__name__, field=field)
        return found

    async def get_many(self, scope: Scope, ids: Iterable[str]) -> dict[str, T]:
        """Those of the ids that this merchant has, by id."""
        found = await scope.find(self.name, {"_id": {"$in": list(ids)}})
        return {row["_id"]: from_document(self.type, row) for row in found}

    async def find(
        self, scope: Scope, where: Where, *, sort: Sort | None = None, limit: int = 0
    ) -> list[T]:
        """All that match, in one piece; for sets that are known to be small or are limited."""
        keys = order(sort, PageRequest(1)) if sort else None
        found = await scope.find(self.name, to_query(where), sort=keys, limit=limit)
        return [from_document(self.type, row) for row in found]

    async def page(
        self,
        scope: Scope,
        request: PageRequest,
        *,
        where: Where = EVERYTHING,
        sort: Sort,
        fields: Members[str] | None = None,
    ) -> Page[T]:
        """One page of what matches, by key, for showing; of the rows no more than `fields`, where they are named."""
        read = None if fields is None else {*fields, "id", sort.field.partition(".")[0]}
        found = await scope.find(
            self.name,
            to_query(AllOf((where, bounds(sort, request)))),
            fields=None if read is None else list(read - {"id", "_id"}),
            sort=order(sort, request),
            limit=request.limit + 1,
        )
        return cut(rows_of(self.type, found, read), request)

    async def rows(self, scope: Scope, ids: Iterable[str]) -> dict[str, T]:
        """Those of the ids that this merchant has, by id, for showing."""
        found = await scope.find(self.name, {"_id": {"$in": list(ids)}})
        return {row.id: row for row in rows_of(self.type, found)}  # type: ignore[attr-defined]  # all have one

    async def count(self, scope: Scope, where: Where = EVERYTHING) -> int:
        """How many match, up to one more than `COUNTED`."""
        return await scope.count(self.name, to_query(where), COUNTED + 1)

    async def insert(self, scope: Scope, items: Iterable[T]) -> None:
        """Add new ones."""
        await scope.insert(self.name, (to_document(item) for item in items))

    async def insert_new(self, scope: Scope, items: Iterable[T]) -> int:
        """Add those whose id is not there yet; gives how many were new."""
        return await scope.insert_new(self.name, (to_document(item) for item in items))
