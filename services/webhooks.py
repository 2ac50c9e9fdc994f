"""Webhooks: creating, changing, disabling and trying them, and having deliveries repeated.

Every function takes the machine's moment, as deliveries run by it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from connectors import egress
from domain.access import Viewer
from domain.errors import Conflict, InvalidInput, NotFound
from domain.ids import new_id
from domain.webhook import (
    DeliveryState,
    DisabledReason,
    Webhook,
    WebhookDelivery,
    WebhookTopic,
    new_secret,
    scopes_of,
)
from services import idempotency, webhook_events
from services.runtime import Runtime
from storage import webhook_deliveries, webhooks
from storage.filters import EVERYTHING
from storage.mongo import Scope
from storage.stores import STORES
from storage.webhook_deliveries import DELIVERIES
from storage.webhooks import WEBHOOKS

log = structlog.get_logger()

GRACE = timedelta(hours=24)
"""How long the secret from before a rotation signs as well."""
MOST = 20
"""Webhooks that a merchant may have."""
_WELL: dict[str, object] = {"failing_since": None, "failures": 0, "rests_until": None}


@dataclass(frozen=True, slots=True, repr=False)
class Issued:
    """A webhook with its secret, which is shown this once."""

    webhook: Webhook
    secret: str


async def create(
    runtime: Runtime,
    scope: Scope,
    viewer: Viewer,
    *,
    url: str,
    topics: Sequence[WebhookTopic],
    store_ids: Sequence[str] = (),
    now: datetime,
) -> Issued:
    """Have an address told of topics, in some stores or, without any, in all.

    Raises:
        InvalidInput: a field cannot be used as given.
        NotFound: no such store.
        Conflict: there are as many as there may be.
        Forbidden: the caller may not read what a topic tells of.
    """
    _check_url(runtime, url)
    told = _topics(viewer, topics)
    await _check_stores(scope, store_ids)
    secret = new_secret()
    webhook = Webhook(
        id=new_id(),
        merchant_id=viewer.merchant_id,
        url=url,
        topics=told,
        store_ids=tuple(dict.fromkeys(store_ids)),
        sealed_secret=runtime.vault.seal_text(secret),
        created_by=viewer.actor,
        created_at=now,
        updated_at=now,
    )

    async def write(inside: Scope) -> None:
        if await WEBHOOKS.count(inside, EVERYTHING) >= MOST:
            raise Conflict(f"A merchant has {MOST} webhooks at most. Delete one first.")
        await WEBHOOKS.insert(inside, [webhook])
        await idempotency.settle(inside, webhook.id)

    await scope.transaction(write)
    log.info("webhook.created", webhook=webhook.id, actor=viewer.actor)
    return Issued(webhook, secret)


async def update(
    runtime: Runtime,
    viewer: Viewer,
    webhook_id: str,
    *,
    url: str | None = None,
    topics: Sequence[WebhookTopic] | None = None,
    store_ids: Sequence[str] | None = None,
    now: datetime,
) -> Webhook:
    """Change what is given; what waits to be delivered goes to the new address.

    Raises:
        NotFound: no such webhook or store.
        InvalidInput: a field cannot be used as given.
        Forbidden: the caller may not read what a topic tells of.
    """
    scope = runtime.scope(viewer.merchant_id)
    webhook = await _require(scope, webhook_id)
    told = _topics(viewer, webhook.topics if topics is None else topics)
    fields: dict[str, object] = {"topics": told, "updated_at": now}
    if url is not None:
        _check_url(runtime, url)
        fields |= {"url": url, **_WELL}
    if store_ids is not None:
        await _check_stores(scope, store_ids)
        fields["store_ids"] = tuple(dict.fromkeys(store_ids))
    log.info("webhook.updated", webhook=webhook_id, actor=viewer.actor)
    return await _changed(scope, webhook_id, fields)


async def delete(runtime: Runtime, viewer: Viewer, webhook_id: str) -> Webhook:
    """Take a webhook away, and give it as it was. What waits to be delivered never is.

    Raises:
        NotFound: no such webhook.
    """
    scope = runtime.scope(viewer.merchant_id)
    webhook = await _require(scope, webhook_id)
    await webhooks.delete(scope, webhook_id)
    log.info("webhook.deleted", webhook=webhook_id, actor=viewer.actor)
    return webhook


async def disable(runtime: Runtime, viewer: Viewer, webhook_id: str, *, now: datetime) -> Webhook:
    """Tell a webhook of nothing until it is enabled again.

    Raises:
        NotFound: no such webhook.
    """
    scope = runtime.scope(viewer.merchant_id)
    webhook = await _require(scope, webhook_id)
    if webhook.disabled_at is not None:
        return webhook
    fields = {
        "disabled_at": now,
        "disabled_reason": DisabledReason.BY_HAND,
        "disabled_note": f"By {viewer.actor}.",
        "updated_at": now,
    }
    log.info("webhook.disabled", webhook=webhook_id, actor=viewer.actor)
    return await _changed(scope, webhook_id, fields)


async def enable(runtime: Runtime, viewer: Viewer, webhook_id: str, *, now: datetime) -> Webhook:
    """Tell a webhook of things again, and first of what still waits for it.

    Raises:
        NotFound: no such webhook.
    """
    scope = runtime.scope(viewer.merchant_id)
    webhook = await _require(scope, webhook_id)
    if webhook.disabled_at is not None:
        undone = dict.fromkeys(("disabled_at", "disabled_reason", "disabled_note"))
        webhook = await _changed(scope, webhook_id, {**undone, **_WELL, "updated_at": now})
        log.info("webhook.enabled", webhook=webhook_id, actor=viewer.actor)
    await webhook_deliveries.make_due(scope, webhook_id, now)
    return webhook


async def rotate_secret(
    runtime: Runtime, viewer: Viewer, webhook_id: str, *, now: datetime
) -> Issued:
    """Give a webhook a new secret. The one before signs as well for a day, so that receivers can follow.

    Raises:
        NotFound: no such webhook.
        Conflict: it was rotated at the same moment.
    """
    scope = runtime.scope(viewer.merchant_id)
    webhook = await _require(scope, webhook_id)
    secret = new_secret()
    fields = {
        "sealed_secret": runtime.vault.seal_text(secret),
        "former_sealed_secret": webhook.sealed_secret,
        "former_until": now + GRACE,
        "rotated_at": now,
        "updated_at": now,
    }
    changed = await webhooks.change(
        scope,
        webhook_id,
        fields,
        where={"sealed_secret": webhook.sealed_secret},
        by_hand=True,
    )
    if changed is None:
        raise Conflict("The secret was rotated at the same moment.", field=("webhookId",))
    log.info("webhook.secret_rotated", webhook=webhook_id, actor=viewer.actor)
    return Issued(changed, secret)


async def test(
    runtime: Runtime, viewer: Viewer, webhook_id: str, *, now: datetime
) -> WebhookDelivery:
    """Send a webhook a try-out.

    Raises:
        NotFound: no such webhook.
        Conflict: it is disabled.
    """
    scope = runtime.scope(viewer.merchant_id)
    webhook = await _awake(scope, webhook_id)
    event = webhook_events.test_of(webhook, at=now)
    delivery = webhook_events.delivery_of(viewer.merchant_id, webhook_id, event)
    await DELIVERIES.insert(scope, [delivery])
    return delivery


async def redeliver(
    runtime: Runtime, viewer: Viewer, delivery_id: str, *, now: datetime
) -> WebhookDelivery:
    """Send an event once more, whatever became of it, under the same event id.

    Raises:
        NotFound: no such delivery, or its webhook is gone.
        Conflict: its webhook is disabled, or it was just being tried.
    """
    scope = runtime.scope(viewer.merchant_id)
    delivery = await DELIVERIES.get(scope, delivery_id)
    if delivery is None:
        raise NotFound.of_type("WebhookDelivery", field=("deliveryId",))
    await _awake(scope, delivery.webhook_id, field="deliveryId")
    fields = {
        "state": DeliveryState.PENDING,
        "next_attempt_at": now,
        "gives_up_at": None,
        "tries": 0,
        "settled_at": None,
    }
    if not await webhook_deliveries.change(scope, delivery, fields):
        message = "It was tried at this very moment. Look at what came of it."
        raise Conflict(message, field=("deliveryId",))
    return await DELIVERIES.require(scope, delivery_id)


async def _awake(scope: Scope, webhook_id: str, field: str = "webhookId") -> Webhook:
    """A webhook that is enabled, and no longer rests: somebody wants to see now whether it answers."""
    webhook = await _require(scope, webhook_id, field)
    if webhook.disabled_at is not None:
        raise Conflict("The webhook is disabled. Enable it first.", field=(field,))
    if webhook.rests_until is not None:
        await webhooks.change(scope, webhook_id, {"rests_until": None})
    return webhook


async def _require(scope: Scope, webhook_id: str, field: str = "webhookId") -> Webhook:
    return await WEBHOOKS.require(scope, webhook_id, field=(field,))


async def _changed(scope: Scope, webhook_id: str, fields: dict[str, object]) -> Webhook:
    changed = await webhooks.change(scope, webhook_id, fields, by_hand=True)
    if changed is None:
        raise NotFound.of_type("Webhook", field=("webhookId",))
    return changed


def _check_url(runtime: Runtime, url: str) -> None:
    settings = runtime.settings
    try:
        egress.check_url(
            url,
            allow_http=settings.webhooks_allow_http,
            allow_private=settings.webhooks_allow_private,
        )
    except ValueError as error:
        raise InvalidInput(str(error), field=("url",)) from None


def _topics(viewer: Viewer, topics: Sequence[WebhookTopic]) -> tuple[WebhookTopic, ...]:
    """The topics, each once. Nobody has others told of what they may not read themselves."""
    if not topics:
        raise InvalidInput("Name a topic at least.", field=("topics",))
    if WebhookTopic.TEST in topics:
        message = "TEST is for try-outs: every webhook gets those that are asked for."
        raise InvalidInput(message, field=("topics",))
    viewer.require(scopes_of(topics))
    return tuple(topic for topic in WebhookTopic if topic in topics)


async def _check_stores(scope: Scope, store_ids: Sequence[str]) -> None:
    known = await STORES.get_many(scope, store_ids)
    if any(id_ not in known for id_ in store_ids):
        raise NotFound.of_type("Store", field=("storeIds",))
