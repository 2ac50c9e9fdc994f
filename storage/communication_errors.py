"""Communication errors and counts of calls: what processes saw is added to what is there, and expires."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from pymongo.errors import PyMongoError

from domain.communication_error import CallCount, CommunicationError
from storage.collection import Collection
from storage.mongo import Scope, Update, from_document, to_document

ERRORS = Collection("communication_errors", CommunicationError)
CALLS = Collection("call_counts", CallCount)
ERRORS_KEPT = timedelta(days=30)
"""After it was seen last."""
CALLS_KEPT = timedelta(days=7)
REQUEST_IDS = 5
"""That many request ids of a group are kept."""
MOST = 500
"""Groups that a store can have; what is new beyond is not kept."""


class NotWritten(Exception):
    """The database did not take it."""


async def add(scope: Scope, seen: Sequence[CommunicationError]) -> None:
    """Add to the groups of one store what was seen of each.

    Raises:
        NotWritten: some or all of it may be missing.
    """
    try:
        ids = [each.id for each in seen]
        known = {row["_id"] for row in await scope.find(ERRORS.name, _of(ids), fields=["_id"])}
        new = [each for each in seen if each.id not in known]
        if new:
            there = await scope.count(ERRORS.name, {"store_id": new[0].store_id}, MOST)
            await scope.insert_new(ERRORS.name, map(_empty, new[: MOST - there]))
        await scope.update_each(
            ERRORS.name, [Update({"_id": each.id}, _more(each)) for each in seen]
        )
    except PyMongoError as error:
        raise NotWritten(type(error).__name__) from error


async def count(scope: Scope, seen: Sequence[CallCount]) -> None:
    """Add calls to the counts of their hours.

    Raises:
        NotWritten: some or all of it may be missing.
    """
    nothing = {"count": 0, "throttled": 0, "total_milliseconds": 0, "slowest_milliseconds": 0}
    try:
        await scope.insert_new(CALLS.name, [{**to_document(each), **nothing} for each in seen])
        await scope.update_each(
            CALLS.name,
            [
                Update(
                    {"_id": each.id},
                    {
                        "$inc": {
                            "count": each.count,
                            "throttled": each.throttled,
                            "total_milliseconds": each.total_milliseconds,
                        },
                        "$max": {"slowest_milliseconds": each.slowest_milliseconds},
                    },
                )
                for each in seen
            ],
        )
    except PyMongoError as error:
        raise NotWritten(type(error).__name__) from error


async def calls_lately(scope: Scope, store_id: str, now: datetime, hours: int) -> list[CallCount]:
    """The counts of a store's operations over its last hours, each in one with the first hour, most often first."""
    since = now.replace(minute=0, second=0, microsecond=0) - timedelta(hours=hours - 1)
    mine = {"store_id": store_id, "hour": {"$gte": since}, "count": {"$gt": 0}}
    summed = {
        name: {"$sum": f"${name}"} for name in ("count", "throttled", "total_milliseconds")
    } | {"slowest_milliseconds": {"$max": "$slowest_milliseconds"}}
    first = {name: {"$min": f"${name}"} for name in ("hour", "expires_at")}
    same = {name: {"$first": f"${name}"} for name in ("merchant_id", "store_id")}
    found = await scope.aggregate(
        [(CALLS.name, mine)],
        [
            {"$group": {"_id": "$operation", **summed, **first, **same}},
            {"$sort": {"count": -1, "_id": 1}},
        ],
    )
    return [from_document(CallCount, {**row, "operation": row["_id"]}) for row in found]


def _of(ids: Sequence[str]) -> dict[str, Any]:
    return {"_id": {"$in": ids}}


def _empty(group: CommunicationError) -> dict[str, Any]:
    # Whoever sees it first has it; what was seen is added afterwards by all alike.
    return {**to_document(group), "count": 0, "request_ids": []}


def _more(seen: CommunicationError) -> dict[str, Any]:
    return {
        "$inc": {"count": seen.count},
        "$min": {"first_seen_at": seen.first_seen_at},
        "$max": {"last_seen_at": seen.last_seen_at, "expires_at": seen.expires_at},
        "$set": {"message": seen.message, "verdict": seen.verdict.value, "status": seen.status},
        "$push": {"request_ids": {"$each": list(seen.request_ids), "$slice": -REQUEST_IDS}},
    }
