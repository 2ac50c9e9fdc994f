"""Exports, and reading what they hold in the order of an index."""

from collections.abc import Sequence
from typing import Any

import bson

from domain.export import Export
from domain.operation import OperationKind
from storage.collection import Collection
from storage.filters import Where, to_query
from storage.keyset import PageRequest, Sort, bounds, order
from storage.mongo import Document, Scope
from storage.operations import count_unfinished

EXPORTS = Collection("exports", Export)
_ALL = 1_000_000_000


def to_condition(where: Where) -> bytes:
    """A condition in the form in which it is kept: BSON, since names of operators are no names of fields."""
    return bson.encode(to_query(where))


async def under_way(scope: Scope) -> int:
    """How many exports of the merchant wait or run."""
    return await count_unfinished(scope, OperationKind.EXPORT)


async def count(scope: Scope, collection: str, condition: bytes) -> int:
    """How many documents an export will hold, as things are now."""
    return await scope.count(collection, bson.decode(condition), _ALL)


async def batch(
    scope: Scope,
    collection: str,
    condition: bytes,
    *,
    sort: Sort,
    after: tuple[Any, str] | None,
    fields: Sequence[str],
    limit: int,
) -> list[Document]:
    """The documents that follow a key, with these fields and those of the key; moments are UTC without a zone."""
    request = PageRequest(1, after=after)
    return await scope.find(
        collection,
        {"$and": [bson.decode(condition), to_query(bounds(sort, request)), _from(sort, after)]},
        fields=list({*fields, sort.field}),
        sort=order(sort, request),
        limit=limit,
        zoned=False,
    )


def _from(sort: Sort, after: tuple[Any, str] | None) -> Document:
    """What lets the index begin at a key: of a choice of two conditions the server sees no beginning."""
    return {sort.field: {"$gte": after[0]}} if after else {}


def key_of(row: Document, sort: Sort) -> tuple[Any, str]:
    """A document's place in the order."""
    return row[sort.field], row["_id"]
