"""Deliveries: the outbox towards the merchant's own programs."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from domain.ids import new_id
from domain.webhook import DeliveryState, WebhookDelivery
from storage.collection import Collection
from storage.filters import AllOf, Is, to_query
from storage.keyset import Sort
from storage.mongo import Scope, to_field

DELIVERIES = Collection("webhook_deliveries", WebhookDelivery)
KEPT = timedelta(days=7)
"""How long a delivery is kept, whatever became of it."""


async def claim(
    scope: Scope, webhook_id: str, *, now: datetime, until: datetime, limit: int
) -> list[WebhookDelivery]:
    """Take deliveries of a webhook that are due, those that wait longest first: nobody else has them until then."""
    due = AllOf(
        (
            Is("webhook_id", "eq", webhook_id),
            Is("state", "eq", DeliveryState.PENDING),
            Is("next_attempt_at", "lte", now),
        )
    )
    found = await DELIVERIES.find(scope, due, sort=Sort("next_attempt_at"), limit=limit)
    if not found:
        return []
    token, ids = new_id(), [row.id for row in found]
    await scope.update_many(
        DELIVERIES.name,
        {**to_query(due), "_id": {"$in": ids}},
        {"$set": {"claim": token, "next_attempt_at": until}},
    )
    return await DELIVERIES.find(scope, AllOf((Is("_id", "in", ids), Is("claim", "eq", token))))


async def change(scope: Scope, delivery: WebhookDelivery, fields: Mapping[str, object]) -> bool:
    """Set fields of a delivery that nobody else took since it was read; its claim ends with that."""
    changed = {"claim": None, **{name: to_field(value) for name, value in fields.items()}}
    where = {"_id": delivery.id, "claim": delivery.claim}
    return await scope.update(DELIVERIES.name, where, {"$set": changed})


async def make_due(scope: Scope, webhook_id: str, at: datetime) -> int:
    """Have everything that is pending for a webhook tried from now on, each for its whole time again."""
    is_idle = {"$or": [{"claim": None}, {"next_attempt_at": {"$lte": at}}]}
    return await scope.update_many(
        DELIVERIES.name,
        {"webhook_id": webhook_id, "state": DeliveryState.PENDING.value, **is_idle},
        {"$set": {"next_attempt_at": at, "gives_up_at": None, "tries": 0}},
    )
