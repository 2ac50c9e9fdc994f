"""What webhooks are told of, written down in the transaction of the change itself.

So an event is never lost and never tells of what was rolled back; a body that runs again writes it again, and a dry run
keeps nothing. Where no webhook listens, that costs one small query.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from domain.clock import SystemClock
from domain.decision import Decision, DecisionReason
from domain.global_id import Kind
from domain.ids import new_id
from domain.listing import Listing
from domain.operation import Operation
from domain.order import Order
from domain.ruleset import Ruleset, RulesetStatus
from domain.run import Run
from domain.webhook import (
    DeliveryState,
    Move,
    PriceMove,
    Webhook,
    WebhookDelivery,
    WebhookEvent,
    WebhookTopic,
    delivery_id,
)
from storage import webhooks
from storage.mongo import Scope
from storage.webhook_deliveries import DELIVERIES

# The rest of an order is ids, which never change, and when Amazon touched it and we read it.
_TOLD_OF_ORDERS = {
    "status": "status",
    "marketplace_status": "marketplaceStatus",
    "fulfilment": "fulfilment",
    "ship_by": "shipByAt",
    "total": "total",
    "lines": "lines",
}
_TOPICS = list(WebhookTopic)
_machine = SystemClock()


async def tell(scope: Scope, events: Sequence[WebhookEvent]) -> None:
    """Write events down for every webhook that listens. In the transaction that makes them true."""
    if not events:
        return
    assert scope.session is not None, "An event is written down in the transaction of its change."
    listeners = await webhooks.listening(scope, {event.topic for event in events})
    await DELIVERIES.insert(
        scope,
        [
            delivery_of(scope.merchant_id, listener.id, event)
            for event in events
            for listener in listeners
            if listener.hears(event.topic, event.store_id)
        ],
    )


def delivery_of(merchant_id: str, webhook_id: str, event: WebhookEvent) -> WebhookDelivery:
    """A new delivery of an event, due at once."""
    now = _machine.now()
    return WebhookDelivery(
        id=delivery_id(event.id, webhook_id),
        merchant_id=merchant_id,
        webhook_id=webhook_id,
        event=event,
        state=DeliveryState.PENDING,
        created_at=now,
        next_attempt_at=now,
    )


def listing_price(
    before: Listing, after: Listing, *, at: datetime, decision_id: str | None = None
) -> list[WebhookEvent]:
    """That Amazon shows other prices of a listing, if it does."""
    moved = [
        name
        for name, was, will in (
            ("price", before.price, after.price),
            ("businessPrice", before.business, after.business),
            ("listPrice", before.list_price, after.list_price),
        )
        if was != will
    ]
    if not moved:
        return []
    price = PriceMove(before.price, after.price) if "price" in moved else None
    event = _of_listing(
        WebhookTopic.LISTING_PRICE_CHANGED, after, moved, at=at, decision_id=decision_id
    )
    return [replace(event, price=price)]


def listing_status(
    before: Listing, after: Listing, *, at: datetime, decision_id: str | None = None
) -> list[WebhookEvent]:
    """That a listing stands elsewhere, if it does."""
    if after.status is before.status:
        return []
    moved = ["status"] if after.reason is before.reason else ["status", "reason"]
    event = _of_listing(
        WebhookTopic.LISTING_STATUS_CHANGED, after, moved, at=at, decision_id=decision_id
    )
    return [replace(event, status=Move(before.status, after.status), reason=after.reason)]


def decision_held(before: Listing, after: Listing, decision: Decision) -> list[WebhookEvent]:
    """That a listing's price begins to wait for a person, or waits for another reason, if it does.

    What waits with its whole run is told of with the run, and what a person turned down is no news to anybody.
    """
    told = {None, before.hold, DecisionReason.RUN_HELD, DecisionReason.TURNED_DOWN}
    if after.hold in told:
        return []
    event = _of_listing(
        WebhookTopic.DECISION_HELD,
        after,
        ["hold"],
        at=decision.decided_at,
        decision_id=decision.id,
    )
    return [replace(event, reason=after.hold)]


def guardrail_tripped(run: Run) -> WebhookEvent:
    """That guard-rails hold a run."""
    return _event(
        WebhookTopic.GUARDRAIL_TRIPPED,
        Kind.RUN,
        run.id,
        store_id=run.store_id,
        at=run.started_at,
        place=1,
        changed=["status"],
        status=Move(None, run.status),
    )


def order_written(before: Order | None, after: Order, *, at: datetime) -> list[WebhookEvent]:
    """That an order is new, or that something of it that we keep changed, if it did."""
    version = before.version + 1 if before else after.version
    moved = [
        name
        for field, name in _TOLD_OF_ORDERS.items()
        if before is None or getattr(before, field) != getattr(after, field)
    ]
    if not moved:
        return []
    status = Move(before.status if before else None, after.status) if "status" in moved else None
    return [
        _event(
            WebhookTopic.ORDER_CHANGED if before else WebhookTopic.ORDER_IMPORTED,
            Kind.ORDER,
            after.id,
            store_id=after.store_id,
            at=at,
            place=version,
            version=version,
            changed=moved if before else [],
            status=status,
        )
    ]


def ruleset_published(ruleset: Ruleset, *, at: datetime) -> WebhookEvent:
    """That a version of rules came into force."""
    return _event(
        WebhookTopic.RULESET_PUBLISHED,
        Kind.RULESET,
        ruleset.id,
        store_id=ruleset.store_id,
        at=at,
        place=ruleset.version,
        version=ruleset.version,
        changed=["status", "publishedAt"],
        status=Move(ruleset.status, RulesetStatus.PUBLISHED),
    )


def operation_finished(before: Operation, after: Operation) -> list[WebhookEvent]:
    """That work is over, unless that was told already."""
    if (before.status, before.outcome) == (after.status, after.outcome):
        return []
    return [
        _event(
            WebhookTopic.OPERATION_FINISHED,
            Kind.OPERATION,
            after.id,
            store_id=after.store_id,
            at=after.updated_at,
            place=int(after.updated_at.timestamp() * 1000),
            changed=["status", "outcome"],
            status=Move(before.status, after.status),
            reason=after.outcome,
        )
    ]


def test_of(webhook: Webhook, *, at: datetime) -> WebhookEvent:
    """A try-out."""
    return _event(
        WebhookTopic.TEST,
        Kind.WEBHOOK,
        webhook.id,
        store_id=None,
        at=at,
        place=int(at.timestamp() * 1000),
        version=webhook.version,
    )


def _of_listing(
    topic: WebhookTopic,
    after: Listing,
    changed: Sequence[str],
    *,
    at: datetime,
    decision_id: str | None,
) -> WebhookEvent:
    return _event(
        topic,
        Kind.LISTING,
        after.id,
        store_id=after.store_id,
        at=at,
        place=after.version,
        version=after.version,
        changed=changed,
        decision_id=decision_id,
    )


def _event(
    topic: WebhookTopic,
    kind: Kind,
    key: str,
    *,
    store_id: str | None,
    at: datetime,
    place: int,
    version: int | None = None,
    changed: Sequence[str] = (),
    status: Move | None = None,
    reason: str | None = None,
    decision_id: str | None = None,
) -> WebhookEvent:
    """An event. Several topics may tell of one `place` in an object's history; their order is that of the topics."""
    return WebhookEvent(
        id=new_id(),
        topic=topic,
        store_id=store_id,
        kind=kind,
        key=key,
        version=version,
        sequence=place * len(WebhookTopic) + _TOPICS.index(topic),
        occurred_at=at,
        changed=tuple(changed),
        status=status,
        reason=reason,
        decision_id=decision_id,
    )
