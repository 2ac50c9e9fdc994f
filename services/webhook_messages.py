"""What goes over the wire to a webhook: the body of an event, signed by the Standard Webhooks scheme."""

import base64
import hmac
from collections.abc import Iterable
from datetime import datetime
from typing import Any

import orjson

from domain.clock import moment
from domain.global_id import Kind, global_id
from domain.money import Money
from domain.webhook import SECRET_PREFIX, WebhookEvent

_USER_AGENT = "sales-channel/0.1"


def body_of(event: WebhookEvent, attempt_id: str | None) -> bytes:
    """An event as JSON. What does not apply to its topic is left out."""
    told: dict[str, Any] = {
        "eventId": event.id,
        "attemptId": attempt_id,
        "topic": event.topic.value,
        "occurredAt": moment(event.occurred_at),
        "sequence": event.sequence,
        "storeId": global_id(Kind.STORE, event.store_id) if event.store_id else None,
        "objectType": event.kind.value,
        "objectId": global_id(event.kind, event.key),
        "version": event.version,
        "changedFields": list(event.changed),
    }
    if event.price is not None:
        told["price"] = {
            "before": _price(event.price.before),
            "after": _price(event.price.after),
        }
    if event.status is not None:
        told["status"] = {"before": event.status.before, "after": event.status.after}
    if event.reason is not None:
        told["reason"] = event.reason
    if event.decision_id is not None:
        told["decisionId"] = global_id(Kind.DECISION, event.decision_id)
    return orjson.dumps(told)


def headers_of(event_id: str, body: bytes, secrets: Iterable[str], at: datetime) -> dict[str, str]:
    """The headers of a message, with one signature for each secret that is good."""
    timestamp = int(at.timestamp())
    signed = b".".join((event_id.encode(), str(timestamp).encode(), body))
    return {
        "content-type": "application/json",
        "user-agent": _USER_AGENT,
        "webhook-id": event_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": " ".join(_signature(secret, signed) for secret in secrets),
    }


def _signature(secret: str, signed: bytes) -> str:
    key = base64.b64decode(secret.removeprefix(SECRET_PREFIX))
    return f"v1,{base64.b64encode(hmac.digest(key, signed, 'sha256')).decode()}"


def _price(price: Money | None) -> dict[str, str] | None:
    if price is None:
        return None
    return {"amount": price.amount, "currencyCode": price.currency}
