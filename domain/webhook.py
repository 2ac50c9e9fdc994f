"""Webhooks: addresses of the merchant's own programs that are told of what happens, and what they were told."""

import base64
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from domain.access import AccessScope
from domain.global_id import Kind
from domain.money import Money

SECRET_PREFIX = "whsec_"  # noqa: S105 - how secrets of the Standard Webhooks scheme begin
GIVES_UP_AFTER = timedelta(hours=24)
"""How long something is tried that does not arrive."""
_SHORTEST_WAIT = timedelta(seconds=5)
_LONGEST_WAIT = timedelta(hours=1)
_KEPT_ATTEMPTS = 40
"""More than fit into the time after which we give up."""


class WebhookTopic(StrEnum):
    """What is told of."""

    LISTING_PRICE_CHANGED = "LISTING_PRICE_CHANGED"
    """Amazon shows another price, business price or list price."""
    LISTING_STATUS_CHANGED = "LISTING_STATUS_CHANGED"
    DECISION_HELD = "DECISION_HELD"
    """A price waits for a person by itself; those that wait with their run are told of as GUARDRAIL_TRIPPED."""
    GUARDRAIL_TRIPPED = "GUARDRAIL_TRIPPED"
    """Guard-rails hold a run."""
    ORDER_IMPORTED = "ORDER_IMPORTED"
    ORDER_CHANGED = "ORDER_CHANGED"
    RULESET_PUBLISHED = "RULESET_PUBLISHED"
    OPERATION_FINISHED = "OPERATION_FINISHED"
    TEST = "TEST"
    """A try-out that somebody asked for. Nobody subscribes to it."""

    @property
    def scope(self) -> AccessScope:
        """What one must be allowed to read to be told of it."""
        return _READ_BY.get(self, AccessScope.READ)


_READ_BY = {
    WebhookTopic.DECISION_HELD: AccessScope.READ_AUDIT,
    WebhookTopic.ORDER_IMPORTED: AccessScope.READ_ORDERS,
    WebhookTopic.ORDER_CHANGED: AccessScope.READ_ORDERS,
    WebhookTopic.TEST: AccessScope.MANAGE_WEBHOOKS,
}


class DisabledReason(StrEnum):
    """Why a webhook is told of nothing any more."""

    BY_HAND = "BY_HAND"
    UNANSWERED = "UNANSWERED"
    """Nothing arrived for 24 hours."""
    GONE = "GONE"
    """It answered 410."""
    UNSIGNABLE = "UNSIGNABLE"
    """Its secret was sealed with another key than ours: it needs a new one."""


@dataclass(frozen=True, slots=True)
class Webhook:
    """An address with what it is told of. Its moments are the machine's, never a simulation's."""

    id: str
    merchant_id: str
    url: str
    topics: tuple[WebhookTopic, ...]
    store_ids: tuple[str, ...]
    """Empty for all stores, and what belongs to none."""
    sealed_secret: bytes
    created_by: str
    created_at: datetime
    updated_at: datetime
    version: int = 1
    """Counts what people change."""
    former_sealed_secret: bytes | None = None
    """From before the last rotation."""
    former_until: datetime | None = None
    """Up to when the former secret signs as well."""
    rotated_at: datetime | None = None
    disabled_at: datetime | None = None
    disabled_reason: DisabledReason | None = None
    disabled_note: str | None = None
    """What happened last, or who did it."""
    failing_since: datetime | None = None
    """When the first of the attempts failed since which none succeeded."""
    failures: int = 0
    """Tries in a row of which nothing arrived."""
    rests_until: datetime | None = None
    """Nothing is tried before: what does not answer one does not answer a thousand."""

    def may_be_told(self, at: datetime) -> bool:
        """Whether it is enabled and does not rest."""
        return self.disabled_at is None and (self.rests_until is None or self.rests_until <= at)

    def took_nothing_since(self, at: datetime) -> bool:
        """Whether nothing arrived since a moment, though it was tried."""
        return self.failing_since is not None and self.failing_since <= at


@dataclass(frozen=True, slots=True)
class Move:
    """A value before and after."""

    before: str | None
    after: str | None


@dataclass(frozen=True, slots=True)
class PriceMove:
    """A price before and after."""

    before: Money | None
    after: Money | None


@dataclass(frozen=True, slots=True)
class WebhookEvent:
    """Something that happened, as thin as it can be told: who wants more asks for it by the id."""

    id: str
    """The same for all receivers and all attempts."""
    topic: WebhookTopic
    store_id: str | None
    kind: Kind
    """Of the object that it happened to."""
    key: str
    version: int | None
    """Of the object after it; None where it has none."""
    sequence: int
    """Grows from event to event of one object."""
    occurred_at: datetime
    """By the business clock."""
    changed: tuple[str, ...] = ()
    """Names of the object's fields, as the schema spells them."""
    price: PriceMove | None = None
    status: Move | None = None
    reason: str | None = None
    decision_id: str | None = None
    """The decision behind it."""


class DeliveryState(StrEnum):
    """What became of telling a receiver of an event."""

    PENDING = "PENDING"
    DELIVERED = "DELIVERED"
    FAILED = "FAILED"
    """Given up."""


@dataclass(frozen=True, slots=True)
class DeliveryAttempt:
    """One try to tell a receiver."""

    id: str
    at: datetime
    milliseconds: int
    status: int | None
    """Of HTTP; None where no answer came."""
    error: str | None
    """Why it failed; None where it did not."""


@dataclass(frozen=True, slots=True)
class WebhookDelivery:
    """An event on its way to one receiver. Its moments are the machine's."""

    id: str
    merchant_id: str
    webhook_id: str
    event: WebhookEvent
    state: DeliveryState
    created_at: datetime
    next_attempt_at: datetime
    """For what is pending. While it is being sent, when it counts as lost with its process."""
    tries: int = 0
    """Since it was asked for, or asked for again."""
    gives_up_at: datetime | None = None
    """None before the first attempt."""
    attempts: tuple[DeliveryAttempt, ...] = ()
    """The newest, oldest first."""
    claim: str | None = None
    """Whose turn the present attempt is."""
    settled_at: datetime | None = None

    def with_attempt(self, attempt: DeliveryAttempt) -> tuple[DeliveryAttempt, ...]:
        """Its attempts with one more."""
        return (*self.attempts, attempt)[-_KEPT_ATTEMPTS:]


def delivery_id(event_id: str, webhook_id: str) -> str:
    """A delivery's id follows from event and receiver, and sorts by the event's time."""
    return f"{event_id}/{webhook_id}"


def back_off(failures: int, chance: float) -> timedelta:
    """How long to wait after so many failures in a row: up to an hour, half of it by chance."""
    bound = _SHORTEST_WAIT
    for _ in range(1, min(failures, 10)):
        bound = min(_LONGEST_WAIT, bound * 3)
    return bound * (0.5 + chance / 2)


def new_secret() -> str:
    """A fresh secret: 256 bits of chance, written as the Standard Webhooks scheme has it."""
    return SECRET_PREFIX + base64.b64encode(secrets.token_bytes(32)).decode()


def scopes_of(topics: Iterable[WebhookTopic]) -> frozenset[AccessScope]:
    """What one must be allowed to read to be told of all these."""
    return frozenset(topic.scope for topic in topics)
