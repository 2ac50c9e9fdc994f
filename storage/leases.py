"""Leases: at most one process does a piece of work at a time.

Time is the database server's own, so that neither skewed clocks nor a virtual one can matter.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import structlog
from pymongo.errors import DuplicateKeyError, PyMongoError

from domain.ids import new_id
from storage.mongo import Database

log = structlog.get_logger()

SECONDS = 5
"""A holder that dies keeps others waiting this long at most."""
_UNTIL = {"$add": ["$$NOW", SECONDS * 1000]}


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
        await asyncio.wait({renewal})
        await database.handle.leases.delete_one({"_id": key, "holder": holder})


async def _take(database: Database, key: str, holder: str) -> bool:
    try:
        found = await database.handle.leases.find_one_and_update(
            {"_id": key},
            [
                # Missing fields sort below every moment, so a lease that is not there yet is free.
                {"$set": {"free": {"$lt": ["$until", "$$NOW"]}}},
                {"$set": {"holder": {"$cond": ["$free", holder, "$holder"]}}},
                {"$set": {"until": {"$cond": ["$free", _UNTIL, "$until"]}}},
                {"$unset": "free"},
            ],
            upsert=True,
            return_document=True,
        )
    except DuplicateKeyError:  # two asked for a new lease at once, and the other was first
        return False
    return bool(found["holder"] == holder)


async def _prolong(database: Database, key: str, holder: str) -> None:
    """Hold on to a lease. One that was given back stays so: a renewal that is called off may still arrive."""
    mine = {"_id": key, "holder": holder}
    await database.handle.leases.update_one(mine, [{"$set": {"until": _UNTIL}}])


async def _renew(database: Database, key: str, holder: str) -> None:
    while True:
        await asyncio.sleep(SECONDS / 3)
        try:
            await _prolong(database, key, holder)
        except PyMongoError as error:  # the work itself will meet it too, and say so
            log.warning("lease.not_renewed", key=key, error=str(error))
