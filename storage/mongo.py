"""The database handle, the tenant's scope, and how domain values become documents and come back."""

import os
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal
from functools import lru_cache
from typing import Any, TypeVar, cast

# Motor reads this once, when it is imported. Its default of five threads a core starves every query
# as soon as a few cursors wait for change events.
os.environ.setdefault("MOTOR_MAX_WORKERS", "64")

from bson import Decimal128
from bson.codec_options import CodecOptions
from cattrs import Converter
from motor.motor_asyncio import (
    AsyncIOMotorClient,
    AsyncIOMotorClientSession,
    AsyncIOMotorCollection,
    AsyncIOMotorDatabase,
)
from pymongo import UpdateOne
from pymongo.errors import BulkWriteError, PyMongoError, ServerSelectionTimeoutError

from domain.errors import NotFound
from domain.idempotency import Claim
from domain.money import Money

T = TypeVar("T")
Document = dict[str, Any]
Client = AsyncIOMotorClient[Document]

_BATCH = 1_000
"""Documents of a first answer; MongoDB's own 101 makes two round trips of a page of 250."""
_COLLIDES_FOR = 120.0
"""Seconds after which a transaction that fails for now is not begun again; the drivers' own."""
_DUPLICATE = 11000
_TRANSIENT, _UNKNOWN = "TransientTransactionError", "UnknownTransactionCommitResult"
"""What the server calls a transaction that left nothing, and one of which it is not known."""
_CODEC: CodecOptions[Document] = CodecOptions(tz_aware=True)
_UNZONED: CodecOptions[Document] = CodecOptions()


@dataclass(frozen=True, slots=True)
class Database:
    """One product installation's database. Only infrastructure and `Scope` use it directly."""

    client: Client
    name: str
    _collections: dict[str, AsyncIOMotorCollection[Document]] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )

    @property
    def handle(self) -> AsyncIOMotorDatabase[Document]:
        """The driver's database, decoding moments as UTC."""
        return self.client.get_database(self.name, codec_options=_CODEC)

    def scope(self, merchant_id: str) -> "Scope":
        """The part of the database that belongs to one merchant."""
        return Scope(self, merchant_id)


@asynccontextmanager
async def open_database(url: str, name: str, patience: float = 20) -> AsyncIterator[Database]:
    """Connect for the length of a `with`; a query waits at most `patience` seconds for a server.

    What is written is in the journals of most servers before it is acknowledged. What is read is, too: by default
    MongoDB shows what it may still lose, and a price could be at Amazon whose decision is nowhere.
    """
    client: Client = AsyncIOMotorClient(
        url,
        serverSelectionTimeoutMS=int(patience * 1000),
        w="majority",
        journal=True,
        readConcernLevel="majority",
    )
    try:
        yield Database(client, name)
    finally:
        client.close()


@dataclass(frozen=True, slots=True)
class Update:
    """One change of a bulk write: which document, what to do, whether to create it."""

    where: Mapping[str, Any]
    change: Mapping[str, Any] | Sequence[Document]
    upsert: bool = False


@dataclass(frozen=True, slots=True)
class Scope:
    """A merchant's part of the database. There is no way to a tenant's documents that does not pass here."""

    database: Database
    merchant_id: str
    session: AsyncIOMotorClientSession | None = None
    is_dry: bool = False
    """Nothing of its transactions stays; they tell what would be."""
    claim: Claim | None = None
    """The request that is being done, where its caller gave it a key."""

    def within(self, where: Mapping[str, Any]) -> Document:
        """The filter, held to this merchant."""
        return {**where, "merchant_id": self.merchant_id}

    async def transaction(self, body: Callable[["Scope"], Coroutine[Any, Any, T]]) -> T:
        """Run `body` with a scope whose reads and writes are one: all or nothing, against one snapshot.

        The body runs again from its start when it collides with another writer,
        so it must not do anything but read and write through the scope that it is given.
        """
        if self.session is not None:
            return await body(self)
        until = time.monotonic() + _COLLIDES_FOR
        async with await self.database.client.start_session() as session:
            inside = replace(self, session=session)
            while True:
                try:
                    return await self._attempt(inside, body, until)
                except PyMongoError as error:
                    if not _is_for_now(error, _TRANSIENT, until):
                        raise

    async def _attempt(
        self, inside: "Scope", body: Callable[["Scope"], Coroutine[Any, Any, T]], until: float
    ) -> T:
        # Motor's `with_transaction` (3.7) commits where it does not look at errors, so that a server which dies at
        # that moment would end the work.
        session = cast("AsyncIOMotorClientSession", inside.session)
        session.start_transaction()
        try:
            done = await body(inside)
        except BaseException:
            await session.abort_transaction()
            raise
        if self.is_dry:
            await session.abort_transaction()
            return done
        while True:
            try:
                await session.commit_transaction()
            except PyMongoError as error:
                # Committing again what may be committed already does nothing more.
                if not _is_for_now(error, _UNKNOWN, until):
                    raise
            else:
                return done

    def dry(self) -> "Scope":
        """The same part of the database, in which no transaction stays. Writes outside of one are refused."""
        return replace(self, is_dry=True)

    async def find(
        self,
        name: str,
        where: Mapping[str, Any],
        *,
        fields: Sequence[str] | Mapping[str, Any] | None = None,
        sort: Sequence[tuple[str, int]] | None = None,
        skip: int = 0,
        limit: int = 0,
        zoned: bool = True,
    ) -> list[Document]:
        """Documents of this merchant, in one piece.

        For reading very many: moments that are not `zoned` are UTC all the same, and take a fraction of the time to
        read and to write out; and all documents come at once.
        """
        found = self._collection(name)
        cursor = (found if zoned else found.with_options(_UNZONED)).find(
            self.within(where),
            fields,
            session=self.session,
            sort=sort,
            skip=skip,
            limit=limit,
            batch_size=_BATCH if zoned else limit,
        )
        return await cursor.to_list(None)

    async def count(self, name: str, where: Mapping[str, Any], limit: int) -> int:
        """How many documents match, counting no further than `limit`."""
        return await self._collection(name).count_documents(
            self.within(where), session=self.session, limit=limit
        )

    async def tally(self, name: str, where: Mapping[str, Any], field: str) -> dict[str, int]:
        """How many documents match for each value of a field."""
        stages = [
            {"$match": self.within(where)},
            {"$group": {"_id": f"${field}", "n": {"$sum": 1}}},
        ]
        cursor = self._collection(name).aggregate(stages, session=self.session)
        return {str(row["_id"]): row["n"] for row in await cursor.to_list(None)}

    async def aggregate(
        self, sources: Sequence[tuple[str, Mapping[str, Any]]], stages: Sequence[Document]
    ) -> list[Document]:
        """What stages make of the matches in one or several collections, read in their order."""
        (name, where), *others = sources
        also = [
            {"$unionWith": {"coll": other, "pipeline": [{"$match": self.within(matching)}]}}
            for other, matching in others
        ]
        pipeline = [{"$match": self.within(where)}, *also, *stages]
        cursor = self._collection(name).aggregate(pipeline, session=self.session)
        return await cursor.to_list(None)

    async def insert(self, name: str, documents: Iterable[Document]) -> None:
        """Insert documents that already name this merchant; a duplicate raises `DuplicateKeyError`."""
        rows = list(documents)
        for row in rows:
            self._check(row)
        if len(rows) == 1:
            await self._writable(name).insert_one(rows[0], session=self.session)
        elif rows:
            await self._writable(name).insert_many(rows, session=self.session)

    async def insert_new(self, name: str, documents: Iterable[Document]) -> int:
        """Insert those whose id is not taken yet; gives how many were new."""
        operations = []
        for row in documents:
            self._check(row)
            mine = self.within({"_id": row["_id"]})
            operations.append(UpdateOne(mine, {"$setOnInsert": row}, upsert=True))
        try:
            return await self._bulk(name, operations, "upserted_count")
        except BulkWriteError as error:
            # Somebody else inserted it at this moment. The server looks again by itself only where the id alone is
            # asked for, which a sharded cluster refuses.
            codes = {each["code"] for each in error.details["writeErrors"]}
            if self.session is not None or codes != {_DUPLICATE}:
                raise
            return int(error.details["nUpserted"])

    async def update(
        self, name: str, where: Mapping[str, Any], change: Mapping[str, Any] | Sequence[Document]
    ) -> bool:
        """Change the first match; gives whether there was one."""
        result = await self._writable(name).update_one(
            self.within(where), change, session=self.session
        )
        return result.matched_count == 1

    async def update_many(
        self, name: str, where: Mapping[str, Any], change: Mapping[str, Any] | Sequence[Document]
    ) -> int:
        """Change all matches; gives how many there were."""
        result = await self._writable(name).update_many(
            self.within(where), change, session=self.session
        )
        return result.matched_count

    async def update_each(self, name: str, updates: Iterable[Update]) -> int:
        """Make many changes in one round trip; gives how many documents were matched."""
        operations = [
            UpdateOne(self.within(update.where), update.change, upsert=update.upsert)
            for update in updates
        ]
        return await self._bulk(name, operations, "matched_count")

    async def find_and_update(
        self, name: str, where: Mapping[str, Any], change: Mapping[str, Any]
    ) -> Document | None:
        """Change the first match and give it as it is afterwards."""
        return await self._writable(name).find_one_and_update(
            self.within(where), change, session=self.session, return_document=True
        )

    async def delete(self, name: str, where: Mapping[str, Any]) -> int:
        """Take all matches away; gives how many there were."""
        result = await self._writable(name).delete_many(self.within(where), session=self.session)
        return result.deleted_count

    async def explain(
        self, name: str, where: Mapping[str, Any], sort: Sequence[tuple[str, int]]
    ) -> Document:
        """The plan that the server picks for a query; tests look for its index."""
        cursor = self._collection(name).find(self.within(where), sort=sort)
        return await cursor.explain()

    async def _bulk(self, name: str, operations: list[Any], counted: str) -> int:
        if not operations:
            return 0
        result = await self._writable(name).bulk_write(
            operations, ordered=False, session=self.session
        )
        return cast("int", getattr(result, counted))

    def _writable(self, name: str) -> AsyncIOMotorCollection[Document]:
        assert self.session or not self.is_dry, "A dry run writes in transactions only."
        return self._collection(name)

    def _collection(self, name: str) -> AsyncIOMotorCollection[Document]:
        known = self.database._collections  # noqa: SLF001 - ours; the driver takes long to make one
        if name not in known:
            known[name] = self.database.handle[name]
        return known[name]

    def _check(self, row: Document) -> None:
        if row["merchant_id"] != self.merchant_id:
            raise NotFound("That belongs to another merchant.")


def _is_for_now(error: PyMongoError, label: str, until: float) -> bool:
    """Whether the same may work at once; for a server that stays away nobody waits twice."""
    is_away = isinstance(error, ServerSelectionTimeoutError)
    return error.has_error_label(label) and not is_away and time.monotonic() < until


@lru_cache(maxsize=8192)
def _decimal(bid: bytes) -> Decimal:
    return Decimal128.from_bid(bid).to_decimal()


def _make_converter() -> Converter:
    converter = Converter(detailed_validation=False)
    converter.register_unstructure_hook(Decimal, Decimal128)
    converter.register_structure_hook(Decimal, lambda value, _: _decimal(value.bid))
    # A fact is a text, or several; JSON has arrays for these.
    converter.register_structure_hook(
        str | tuple[str, ...] | None,
        lambda value, _: tuple(value) if isinstance(value, list) else value,
    )
    converter.register_unstructure_hook(datetime, lambda value: value)
    converter.register_structure_hook(datetime, lambda value, _: value)
    converter.register_structure_hook(
        Money, lambda value, _: Money(int(value["minor"]), value["currency"])
    )
    return converter


_converter = _make_converter()


def to_document(value: object) -> Document:
    """A domain value as a document; its `id` becomes `_id`."""
    document: Document = _converter.unstructure(value)
    if "id" in document:
        document["_id"] = document.pop("id")
    return document


def to_field(value: object) -> Any:
    """A part of a domain value as it stands inside a document."""
    return _converter.unstructure(value)


def reader(kind: Any) -> Callable[[Any], Any]:
    """How a part of a domain value is made of what a document has of it."""
    make = _converter.get_structure_hook(kind)
    return lambda value: make(value, kind)


def from_document(kind: type[T], document: Mapping[str, Any]) -> T:
    """The domain value of a document."""
    fields = dict(document)
    if "_id" in fields:
        fields["id"] = fields.pop("_id")
    return _converter.structure(fields, kind)


__all__ = [
    "Client",
    "Database",
    "Document",
    "Scope",
    "Update",
    "from_document",
    "open_database",
    "reader",
    "to_document",
    "to_field",
]
