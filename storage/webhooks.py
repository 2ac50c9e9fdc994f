"""Webhooks."""

from collections.abc import Collection as Members
from collections.abc import Mapping
from dataclasses import dataclass

from domain.webhook import Webhook, WebhookTopic
from storage.collection import Collection
from storage.mongo import Scope, from_document, to_field

WEBHOOKS = Collection("webhooks", Webhook)


@dataclass(frozen=True, slots=True)
class Listener:
    """Of a webhook what says whether it is told of something."""

    id: str
    topics: tuple[WebhookTopic, ...]
    store_ids: tuple[str, ...]

    def hears(self, topic: WebhookTopic, store_id: str | None) -> bool:
        """Whether it is told of this topic in this store, or, without one, in the whole catalogue."""
        return topic in self.topics and (not self.store_ids or store_id in self.store_ids)


async def listening(scope: Scope, topics: Members[WebhookTopic]) -> list[Listener]:
    """The merchant's webhooks that are enabled and hear any of the topics."""
    found = await scope.find(
        WEBHOOKS.name,
        {"disabled_at": None, "topics": {"$in": [topic.value for topic in topics]}},
        fields=["topics", "store_ids"],
    )
    return [from_document(Listener, row) for row in found]


async def change(
    scope: Scope,
    id_: str,
    fields: Mapping[str, object],
    *,
    where: Mapping[str, object] | None = None,
    by_hand: bool = False,
) -> Webhook | None:
    """Set fields of a webhook and give it as it is then; None where it is gone or not as `where` says.

    What people change raises its version.
    """
    update: dict[str, object] = {"$set": {name: to_field(value) for name, value in fields.items()}}
    if by_hand:
        update["$inc"] = {"version": 1}
    found = await scope.find_and_update(WEBHOOKS.name, {"_id": id_, **(where or {})}, update)
    return from_document(Webhook, found) if found else None


async def delete(scope: Scope, id_: str) -> bool:
    """Take a webhook away; gives whether it was there. Its deliveries go with their time."""
    return bool(await scope.delete(WEBHOOKS.name, {"_id": id_}))
