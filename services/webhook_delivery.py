"""Delivering: telling one webhook of what is due for it, at least once.

One process at a time tells a webhook, several events at once. What it takes is out of others' hands for a minute; if it
dies in between, the event is sent again, under the same id. A receiver that takes nothing rests for longer and longer,
and is tried with one event at a time: a thousand that wait do not mean a thousand tries.
"""

import asyncio
import random
import time
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from functools import partial

import structlog

from connectors.webhook_sender import Answer
from domain.clock import Clock, SystemClock, moment
from domain.ids import new_id
from domain.webhook import (
    GIVES_UP_AFTER,
    DeliveryAttempt,
    DeliveryState,
    DisabledReason,
    Webhook,
    WebhookDelivery,
    back_off,
)
from services.runtime import Runtime
from services.webhook_messages import body_of, headers_of
from storage import leases, webhook_deliveries, webhooks
from storage.mongo import Scope
from storage.webhooks import WEBHOOKS

log = structlog.get_logger()

_machine = SystemClock()
_AT_ONCE = 16
_SECONDS = 20
"""A job begins no batch after so long and makes room; the sweep comes again within a second."""
_TAKEN = timedelta(seconds=60)
"""Longer than an attempt can last, by far."""
_GONE = 410


async def deliver(
    runtime: Runtime,
    scope: Scope,
    webhook_id: str,
    *,
    clock: Clock = _machine,
    chance: Callable[[], float] = random.random,
) -> int:
    """Tell a webhook of what is due for it; gives how much arrived."""
    arrived = 0
    async with leases.hold(runtime.database, f"deliver:{webhook_id}") as mine:
        until = time.monotonic() + _SECONDS
        while mine and time.monotonic() < until:
            now = clock.now()
            webhook = await WEBHOOKS.get(scope, webhook_id)
            if webhook is None or not webhook.may_be_told(now):
                break
            secrets = _secrets(runtime, webhook, now)
            if not secrets:
                note = "Its secret was sealed with another key than the one in use. Rotate it."
                await _disable(scope, webhook, DisabledReason.UNSIGNABLE, note, now)
                break
            batch = await webhook_deliveries.claim(
                scope,
                webhook_id,
                now=now,
                until=now + _TAKEN,
                limit=1 if webhook.failures else _AT_ONCE,
            )
            if not batch:
                break
            tell = partial(_attempt, runtime, scope, webhook, secrets, clock, chance, now)
            answers = await asyncio.gather(*map(tell, batch))
            arrived += sum(answer.is_success for answer in answers)
            await _judge(scope, webhook, answers, now, clock.now(), chance)
    if arrived:
        log.info("webhook.delivered", webhook=webhook_id, events=arrived)
    return arrived


def _secrets(runtime: Runtime, webhook: Webhook, now: datetime) -> list[str]:
    """The secrets that sign now, the newest first; none where the newest cannot be opened."""
    current = runtime.vault.open_text(webhook.sealed_secret)
    if current is None:
        return []
    has_grace = webhook.former_until is not None and now < webhook.former_until
    former = (
        runtime.vault.open_text(webhook.former_sealed_secret)
        if has_grace and webhook.former_sealed_secret
        else None
    )
    return [current, former] if former else [current]


async def _attempt(
    runtime: Runtime,
    scope: Scope,
    webhook: Webhook,
    secrets: Sequence[str],
    clock: Clock,
    chance: Callable[[], float],
    since: datetime,
    delivery: WebhookDelivery,
) -> Answer:
    """Send an event once and write down what came of it."""
    attempt_id, at = new_id(), clock.now()
    body = body_of(delivery.event, attempt_id)
    headers = headers_of(delivery.event.id, body, secrets, at)
    answer = await runtime.webhook_sender.post(webhook.url, headers, body)
    ended = clock.now()
    attempt = DeliveryAttempt(attempt_id, at, answer.milliseconds, answer.status, answer.error)
    tries, gives_up_at = delivery.tries + 1, delivery.gives_up_at or since + GIVES_UP_AFTER
    fields: dict[str, object] = {
        "attempts": delivery.with_attempt(attempt),
        "tries": tries,
        "gives_up_at": gives_up_at,
    }
    if answer.is_success:
        fields |= {"state": DeliveryState.DELIVERED, "settled_at": ended}
    elif answer.status == _GONE or (
        ended >= gives_up_at and not webhook.took_nothing_since(gives_up_at - GIVES_UP_AFTER)
    ):
        fields |= {"state": DeliveryState.FAILED, "settled_at": ended}
    else:
        again = ended + back_off(tries, chance())
        fields["next_attempt_at"] = min(again, gives_up_at) if ended < gives_up_at else again
    await webhook_deliveries.change(scope, delivery, fields)
    return answer


async def _judge(
    scope: Scope,
    webhook: Webhook,
    answers: Sequence[Answer],
    began: datetime,
    ended: datetime,
    chance: Callable[[], float],
) -> None:
    """Draw the conclusions from a batch for the webhook as a whole."""
    if any(answer.status == _GONE for answer in answers):
        await _disable(scope, webhook, DisabledReason.GONE, "It answered 410.", ended)
    elif any(answer.is_success for answer in answers):
        if webhook.failing_since is not None:
            well = {"failing_since": None, "failures": 0, "rests_until": None}
            await webhooks.change(scope, webhook.id, well)
    else:
        since = webhook.failing_since or began
        if ended - since >= GIVES_UP_AFTER:
            note = f"Nothing arrived for 24 hours. The last error: {answers[-1].error}"
            await _disable(scope, webhook, DisabledReason.UNANSWERED, note, ended)
            return
        failures = webhook.failures + 1
        rests_until = min(ended + back_off(failures, chance()), since + GIVES_UP_AFTER)
        fields = {"failing_since": since, "failures": failures, "rests_until": rests_until}
        await webhooks.change(scope, webhook.id, fields)
        log.warning(
            "webhook.rests", webhook=webhook.id, failures=failures, until=moment(rests_until)
        )


async def _disable(
    scope: Scope, webhook: Webhook, reason: DisabledReason, note: str, at: datetime
) -> None:
    """Tell a webhook of nothing any more. What is pending waits for somebody to enable it again."""
    fields = {"disabled_at": at, "disabled_reason": reason, "disabled_note": note}
    if await webhooks.change(scope, webhook.id, fields, where={"disabled_at": None}):
        log.warning("webhook.disabled", webhook=webhook.id, reason=reason.value)
