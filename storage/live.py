"""What happens to documents, told by change streams as it happens.

A position is a place in the order of all changes, the same for every process: a resume token of MongoDB's, whose
hexadecimal digits sort as the changes do and begin with the server's time.
"""

import asyncio
from collections.abc import AsyncGenerator, Container, Mapping
from contextlib import aclosing
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Generic, TypeVar

from bson import Timestamp
from pymongo.errors import OperationFailure

from storage.collection import Collection
from storage.decisions import DECISIONS
from storage.listings import LISTINGS
from storage.mongo import Database, Document, from_document
from storage.operations import OPERATIONS
from storage.orders import ORDERS

T = TypeVar("T")

_LOST = {136, 280, 286}
"""CappedPositionLost, ChangeStreamFatalError, ChangeStreamHistoryLost."""
_IDLE = 0.5
"""Seconds that the server waits for a change before it says that there is none."""
_HURRIED = 0.02
"""The same where the end of what there is already is looked for."""
_TIMED = 18
"""Digits of a position that tell its time: a type byte, seconds, and a counter within the second."""


class PositionLost(Exception):
    """The server does not remember what happened since a position."""


@dataclass(frozen=True, slots=True)
class Feed(Generic[T]):
    """A collection with those of its changes that are events, and the field by which listeners choose."""

    collection: Collection[T]
    counts: Mapping[str, Any]
    topic: str = "store_id"


@dataclass(frozen=True, slots=True)
class Event(Generic[T]):
    """One change: where in the order of changes, and the whole document as it was read then."""

    position: str
    topic: str
    row: T


_NEW = {"operationType": "insert"}
# Every change that counts for people raises the version; marks and other bookkeeping do not.
_NEWER = {"updateDescription.updatedFields.version": {"$exists": True}}

DECISIONS_MADE = Feed(DECISIONS, _NEW)
LISTINGS_CHANGED = Feed(LISTINGS, {"$or": [_NEW, _NEWER]})
ORDERS_IMPORTED = Feed(ORDERS, {"$or": [_NEW, _NEWER]})
OPERATIONS_MOVED = Feed(OPERATIONS, {"operationType": {"$in": ["insert", "update"]}}, "_id")


async def follow(
    database: Database,
    feed: Feed[T],
    wanted: Container[str],
    *,
    after: str | None = None,
    only: str | None = None,
    idle: float = _IDLE,
) -> AsyncGenerator[tuple[str, Event[T] | None]]:
    """Each change after a position, or from now on, with the position that it leads to.

    None stands for a change of which nobody wants to hear, and comes now and then when there is nothing new.
    `only` has the server tell of one topic alone. Close it (`aclosing`): a thread waits for it.

    Raises:
        PositionLost: the server does not remember what came after the position.
    """
    matched: Document = {**feed.counts}
    if only is not None:
        matched[f"fullDocument.{feed.topic}"] = only
    stream = database.handle[feed.collection.name].watch(
        [{"$match": matched}, {"$project": {"operationType": 1, "fullDocument": 1}}],
        full_document="updateLookup",
        max_await_time_ms=int(idle * 1000),
        # By time, and what was seen is left out here: a token is only taken by the pipeline that gave it.
        start_at_operation_time=_timestamp(after) if after else None,
    )
    waiting: asyncio.Future[Document | None] | None = None
    try:
        while True:
            waiting = asyncio.ensure_future(stream.try_next())
            change = await asyncio.shield(waiting)
            if change is None:
                yield max(stream.resume_token["_data"], after or ""), None
                continue
            position = change["_id"]["_data"]
            if after is not None and position <= after:
                continue
            document = change.get("fullDocument")
            topic = document[feed.topic] if document else None
            if topic is None or topic not in wanted:
                yield position, None
            else:
                row = from_document(feed.collection.type, document)
                yield position, Event(position, topic, row)
    except OperationFailure as error:
        if error.code in _LOST:
            raise PositionLost from error
        raise
    finally:
        if waiting is not None:
            await asyncio.wait(
                [waiting]
            )  # its thread must be out of the stream before that is closed
        await stream.close()


async def replay(
    database: Database, feed: Feed[T], topic: str, *, after: str, until: str, limit: int
) -> tuple[list[Event[T]], str, bool]:
    """A topic's first events after a position: those, the position that they lead to, and whether `until` is reached.

    Raises:
        PositionLost: the server does not remember what came after the position.
    """
    found: list[Event[T]] = []
    async with aclosing(
        follow(database, feed, {topic}, after=after, only=topic, idle=_HURRIED)
    ) as changes:
        async for position, event in changes:
            if event is not None:
                found.append(event)
                if len(found) == limit:
                    return found, position, False
            # Nothing more is there to be read.
            elif _has_reached(position, until):
                return found, max(position, *(each.position for each in found)), True
    raise AssertionError("a change stream has no end")


def is_position(text: str) -> bool:
    """Whether a text can be a position."""
    return len(text) >= _TIMED and text.startswith("82") and not set(text) - set("0123456789ABCDEF")


def moment_of(position: str) -> datetime:
    """The server's time of a position, to the second below."""
    return datetime.fromtimestamp(_timestamp(position).time, UTC)


def _has_reached(position: str, until: str) -> bool:
    """Whether everything up to `until` lies before a position that is the end of what there is.

    By time: at one time, the position at an end sorts before events. And a new stream begins one tick after the last
    change, where nothing may have happened yet.
    """
    return int(position[2:_TIMED], 16) + 1 >= int(until[2:_TIMED], 16)


def _timestamp(position: str) -> Timestamp:
    return Timestamp(int(position[2:10], 16), int(position[10:_TIMED], 16))
