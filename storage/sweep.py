"""The looks across merchants: where there is work, and where work stands still."""

from datetime import datetime

from domain.operation import Operation, OperationStatus
from domain.store import StoreStatus
from domain.webhook import DeliveryState
from storage.mongo import Database, from_document
from storage.operations import OPERATIONS
from storage.stores import STORES
from storage.webhook_deliveries import DELIVERIES
from storage.webhooks import WEBHOOKS


async def active_stores(database: Database) -> list[tuple[str, str]]:
    """Pairs of merchant and store id of the stores that talk to Amazon."""
    cursor = database.handle[STORES.name].find(
        {"status": StoreStatus.ACTIVE.value}, ["merchant_id"]
    )
    return [(row["merchant_id"], row["_id"]) for row in await cursor.to_list(None)]


async def stores(database: Database) -> list[tuple[str, str]]:
    """Pairs of merchant and store id of all stores, whether they talk to Amazon or not."""
    cursor = database.handle[STORES.name].find({}, ["merchant_id"])
    return [(row["merchant_id"], row["_id"]) for row in await cursor.to_list(None)]


async def silent_operations(database: Database, before: datetime) -> list[tuple[str, Operation]]:
    """Pairs of merchant id and unfinished operation of which nothing was heard since a moment."""
    unfinished = [OperationStatus.QUEUED.value, OperationStatus.RUNNING.value]
    cursor = database.handle[OPERATIONS.name].find(
        {"status": {"$in": unfinished}, "updated_at": {"$lt": before}}
    )
    rows = await cursor.to_list(None)
    return [(row["merchant_id"], from_document(Operation, row)) for row in rows]


async def due_webhooks(database: Database, now: datetime) -> list[tuple[str, str]]:
    """Pairs of merchant and webhook id of the webhooks that are enabled, do not rest, and have something due."""
    due = {"state": DeliveryState.PENDING.value, "next_attempt_at": {"$lte": now}}
    awake = [{"rests_until": None}, {"rests_until": {"$lte": now}}]
    cursor = database.handle[WEBHOOKS.name].aggregate(
        [
            {"$match": {"disabled_at": None, "$or": awake}},
            {"$project": {"merchant_id": 1}},
            {
                "$lookup": {
                    "from": DELIVERIES.name,
                    "localField": "_id",
                    "foreignField": "webhook_id",
                    "pipeline": [{"$match": due}, {"$limit": 1}, {"$project": {"_id": 1}}],
                    "as": "due",
                }
            },
            {"$match": {"due": {"$ne": []}}},
        ]
    )
    return [(row["merchant_id"], row["_id"]) for row in await cursor.to_list(None)]
