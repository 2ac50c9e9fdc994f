"""Leases: at most one process does a piece of work at a time.

Time is the database server's own, so that neither skewed clocks nor a virtual one can matter.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import structlog
from pymongo.errors import DuplicateKeyError, PyMongoError

from domain.ids import new_id
from storage.mongo import Database

log = structlog.get_logger()

SECONDS = 5
"""A holder that dies keeps others waiting this long at most."""


@asynccontextmanager
async def hold(database: Database, key: str) -> AsyncIterator[bool]:
    """Hold the lease of a key for the length of a `with`; gives false when someone else holds it."""
    holder = new_id()
    if not await _take(database, key, holder):
        yield False
        return
    renewal = asyncio.create_task(_renew(database, key, holder))
    try:
        yield True
    finally:
        renewal.cancel()
        with suppress(asyncio.CancelledError):
            await renewal
        await database.handle.leases.delete_one({"_id": key, "holder": holder})


async def _take(database: Database, key: str, holder: str) -> bool:
    free = {"$or": [{"$lt": ["$until", "$$NOW"]}, {"$eq": ["$holder", holder]}]}
    until = {"$add": ["$$NOW", SECONDS * 1000]}
    try:
        found = await database.handle.leases.find_one_and_update(
            {"_id": key},
            [
                # Missing fields sort below every moment, so a lease that is not there yet is free.
                {"$set": {"free": free}},
                {"$set": {"holder": {"$cond": ["$free", holder, "$holder"]}}},
                {"$set": {"until": {"$cond": ["$free", until, "$until"]}}},
                {"$unset": "free"},
            ],
            upsert=True,
            return_document=True,
        )
    except DuplicateKeyError:  # two asked for a new lease at once, and the other was first
        return False
    return bool(found["holder"] == holder)


async def _renew(database: Database, key: str, holder: str) -> None:
    while True:
        await asyncio.sleep(SECONDS / 3)
        try:
            await _take(database, key, holder)
        except PyMongoError as error:  # the work itself will meet it too, and say so
            log.warning("lease.not_renewed", key=key, error=str(error))
