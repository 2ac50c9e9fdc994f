"""Delivering to genuine receivers: at least once, signed, patient with the living and brief with the dead."""

import asyncio
import base64
import json
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks.webhooks import Webhook as Verifier
from standardwebhooks.webhooks import WebhookVerificationError

from domain.access import Role, Viewer
from domain.clock import FixedClock, SystemClock
from domain.decision import DecisionReason
from domain.errors import Conflict
from domain.global_id import Kind, global_id
from domain.webhook import (
    GIVES_UP_AFTER,
    DeliveryState,
    DisabledReason,
    Move,
    Webhook,
    WebhookDelivery,
    WebhookTopic,
    back_off,
    delivery_id,
)
from embedded.servers import ServerUrls
from services import webhook_delivery, webhooks
from services.runtime import Runtime, open_runtime
from services.settings import Settings
from services.webhook_messages import body_of
from storage import leases, sweep, webhook_deliveries
from storage.filters import EVERYTHING
from storage.keyset import Sort
from storage.mongo import Scope
from storage.webhook_deliveries import DELIVERIES
from storage.webhooks import WEBHOOKS
from tests.factories import MERCHANT, a_delivery, an_event
from tests.receivers import Receiver, receiving
from tests.services.shop import DATABASE, forget_jobs, wipe
from tests.services.trouble import Killed

OWNER = Viewer.of_roles(MERCHANT, "me", [Role.OWNER])
TOPICS = (WebhookTopic.LISTING_PRICE_CHANGED, WebhookTopic.ORDER_IMPORTED)
HOUR = timedelta(hours=1)


@pytest.fixture
async def runtime(servers: ServerUrls, tmp_path: Path) -> AsyncIterator[Runtime]:
    await forget_jobs(servers)
    settings = Settings(
        database=DATABASE,
        merchant=MERCHANT,
        data_dir=tmp_path,
        webhooks_allow_http=True,
        webhooks_allow_private=True,
    )
    async with open_runtime(settings, servers.mongodb_url, servers.redis_url) as opened:
        yield opened
        await wipe(opened)


@pytest.fixture
def scope(runtime: Runtime) -> Scope:
    return runtime.scope(MERCHANT)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as opened:
        yield opened


class Desk:
    """A webhook to a receiver, with a clock that only tests move."""

    def __init__(self, runtime: Runtime, issued: webhooks.Issued) -> None:
        self.runtime = runtime
        self.scope = runtime.scope(MERCHANT)
        self.id, self.secret = issued.webhook.id, issued.secret
        self.clock = FixedClock(SystemClock().now())

    def wait(self, time: timedelta) -> None:
        self.clock.at += time

    async def enqueue(self, *ids: str, **changes: Any) -> None:
        rows = [
            a_delivery(
                an_event(id=id_, **changes),
                id=delivery_id(id_, self.id),
                webhook_id=self.id,
                attempts=(),
                tries=0,
                next_attempt_at=self.clock.at + timedelta(milliseconds=number - len(ids)),
            )
            for number, id_ in enumerate(ids)
        ]
        await DELIVERIES.insert(self.scope, rows)

    async def deliver(self, runtime: Runtime | None = None) -> int:
        return await webhook_delivery.deliver(
            runtime or self.runtime, self.scope, self.id, clock=self.clock, chance=lambda: 1.0
        )

    async def webhook(self) -> Webhook:
        return await WEBHOOKS.require(self.scope, self.id)

    async def delivery(self, id_: str = "event1") -> WebhookDelivery:
        return await DELIVERIES.require(self.scope, delivery_id(id_, self.id))

    async def states(self) -> dict[str, str]:
        rows = await DELIVERIES.find(self.scope, EVERYTHING, sort=Sort("_id"))
        return {row.event.id: row.state.value for row in rows}


async def a_desk(runtime: Runtime, receiver: Receiver) -> Desk:
    scope, now = runtime.scope(MERCHANT), SystemClock().now()
    return Desk(
        runtime,
        await webhooks.create(runtime, scope, OWNER, url=receiver.url, topics=TOPICS, now=now),
    )


@pytest.fixture
async def desk(runtime: Runtime, receiver: Receiver) -> Desk:
    return await a_desk(runtime, receiver)


# What is sent


async def test_a_delivery_is_signed_as_the_standard_has_it(desk: Desk, receiver: Receiver) -> None:
    await desk.enqueue("event1")

    assert await desk.deliver() == 1

    (message,) = receiver.messages
    told = Verifier(desk.secret).verify(message.body, message.headers)
    row = await desk.delivery()
    assert message.id == told["eventId"] == "event1"
    assert told["attemptId"] == row.attempts[0].id
    assert message.headers["content-type"] == "application/json"
    with pytest.raises(WebhookVerificationError):
        Verifier(desk.secret).verify(message.body.replace(b"20.00", b"21.00"), message.headers)
    with pytest.raises(WebhookVerificationError):
        Verifier("whsec_" + base64.b64encode(b"another").decode()).verify(
            message.body, message.headers
        )
    assert (row.state, row.attempts[0].status, row.settled_at is None) == ("DELIVERED", 204, False)


async def test_after_a_rotation_both_secrets_sign_for_a_day(desk: Desk, receiver: Receiver) -> None:
    issued = await webhooks.rotate_secret(desk.runtime, OWNER, desk.id, now=desk.clock.now())
    await desk.enqueue("event1", "event2")
    await desk.deliver()
    for message in receiver.messages:
        assert len(message.headers["webhook-signature"].split()) == 2
        for secret in (desk.secret, issued.secret):
            Verifier(secret).verify(message.body, message.headers)

    await desk.runtime.database.handle.webhooks.update_one(
        {"_id": desk.id}, {"$set": {"former_until": desk.clock.at - HOUR}}
    )
    await desk.enqueue("event3")
    await desk.deliver()
    last = receiver.messages[-1]
    Verifier(issued.secret).verify(last.body, last.headers)
    with pytest.raises(WebhookVerificationError):
        Verifier(desk.secret).verify(last.body, last.headers)


def test_an_event_is_thin_and_speaks_of_global_ids() -> None:
    event = an_event(decision_id="decision1", status=Move("A", "B"), reason=DecisionReason.RULES)
    assert json.loads(body_of(event, "attempt1")) == {
        "eventId": "event1",
        "attemptId": "attempt1",
        "topic": "LISTING_PRICE_CHANGED",
        "occurredAt": "2026-01-05T08:00:00.000Z",
        "sequence": 18,
        "storeId": global_id(Kind.STORE, "store1"),
        "objectType": "Listing",
        "objectId": global_id(Kind.LISTING, "store1/MUG-1"),
        "version": 2,
        "changedFields": ["price"],
        "price": {"before": None, "after": {"amount": "20.00", "currencyCode": "USD"}},
        "status": {"before": "A", "after": "B"},
        "reason": "RULES",
        "decisionId": global_id(Kind.DECISION, "decision1"),
    }
    bare = json.loads(body_of(an_event(price=None, store_id=None, version=None), None))
    assert not {"price", "status", "reason", "decisionId"} & set(bare)
    assert (bare["storeId"], bare["version"]) == (None, None)


async def test_a_secret_is_kept_sealed_and_is_nowhere_in_the_log(
    desk: Desk, receiver: Receiver, capsys: pytest.CaptureFixture[str]
) -> None:
    issued = await webhooks.rotate_secret(desk.runtime, OWNER, desk.id, now=desk.clock.now())
    await desk.enqueue("event1")
    await desk.deliver()
    kept = str(await desk.runtime.database.handle.webhooks.find().to_list(None))
    kept += str(await desk.runtime.database.handle.webhook_deliveries.find().to_list(None))
    written = "".join(capsys.readouterr())
    assert "webhook.secret_rotated" in written
    for secret in (desk.secret, issued.secret):
        assert secret.removeprefix("whsec_") not in kept + written + repr(issued)


# Trying again


@given(st.integers(1, 10_000), st.floats(0, 1))
def test_waiting_grows_to_an_hour_and_is_never_less_than_half(failures: int, chance: float) -> None:
    longest = min(5 * 3 ** min(failures - 1, 20), 3600)
    assert longest / 2 <= back_off(failures, chance).total_seconds() <= longest


async def test_what_fails_is_tried_again_under_the_same_id(desk: Desk, receiver: Receiver) -> None:
    await desk.enqueue("event1")
    receiver.status = 503
    for wait in (5, 15, 45):
        assert await desk.deliver() == 0
        assert await desk.deliver() == 0  # too soon
        desk.wait(timedelta(seconds=wait))
    receiver.status = 200
    assert await desk.deliver() == 1

    assert receiver.ids == ["event1"] * 4
    attempts = [message.event["attemptId"] for message in receiver.messages]
    assert len(set(attempts)) == 4
    row = await desk.delivery()
    assert [each.id for each in row.attempts] == attempts
    assert [each.status for each in row.attempts] == [503, 503, 503, 200]
    assert [each.error for each in row.attempts] == ["It answered 503."] * 3 + [None]
    assert (row.state, row.tries) == (DeliveryState.DELIVERED, 4)
    webhook = await desk.webhook()
    assert (webhook.failing_since, webhook.failures, webhook.rests_until) == (None, 0, None)


async def test_a_receiver_that_takes_nothing_is_tried_with_one_event_at_a_time(
    desk: Desk, receiver: Receiver
) -> None:
    await desk.enqueue(*(f"event{number:02}" for number in range(40)))
    receiver.status = 500
    await desk.deliver()
    assert len(receiver.messages) == 16
    for _ in range(3):
        desk.wait(HOUR)
        await desk.deliver()
    assert len(receiver.messages) == 19

    receiver.status = 200
    desk.wait(HOUR)
    assert await desk.deliver() == 40
    assert set(await desk.states()) == set(receiver.ids)


async def _try_all_day(desk: Desk) -> int:
    """Try until nothing is tried any more; gives how often."""
    end = desk.clock.at + timedelta(days=2)
    while desk.clock.at < end and (webhook := await desk.webhook()).disabled_at is None:
        desk.clock.at = max(desk.clock.at, webhook.rests_until or desk.clock.at)
        await desk.deliver()
        desk.wait(timedelta(seconds=5))
    return (await desk.delivery()).tries


async def test_a_receiver_that_takes_nothing_for_a_day_is_disabled_and_nothing_is_lost(
    desk: Desk, receiver: Receiver
) -> None:
    await desk.enqueue("event1")
    receiver.status, began = 500, desk.clock.now()

    tries = await _try_all_day(desk)

    webhook = await desk.webhook()
    assert 20 < tries == len(receiver.messages) < 40
    assert webhook.disabled_at is not None
    assert began + GIVES_UP_AFTER <= webhook.disabled_at < began + GIVES_UP_AFTER + 0.1 * HOUR
    assert webhook.disabled_reason is DisabledReason.UNANSWERED
    assert webhook.disabled_note == (
        "Nothing arrived for 24 hours. The last error: It answered 500."
    )
    assert await desk.states() == {"event1": "PENDING"}
    assert await sweep.due_webhooks(desk.runtime.database, desk.clock.now() + 9 * HOUR) == []

    receiver.status = 200
    enabled = await webhooks.enable(desk.runtime, OWNER, desk.id, now=desk.clock.now())
    assert (enabled.disabled_at, enabled.disabled_reason, enabled.disabled_note) == (None,) * 3
    assert await desk.deliver() == 1
    assert await desk.states() == {"event1": "DELIVERED"}


async def test_an_event_that_alone_is_never_taken_fails_alone(
    desk: Desk, receiver: Receiver
) -> None:
    await desk.enqueue("event1", topic=WebhookTopic.ORDER_IMPORTED)
    receiver.answers["ORDER_IMPORTED"] = 500
    for hour in range(30):
        await desk.enqueue(f"other{hour:02}")
        await desk.deliver()
        desk.wait(HOUR)
        await desk.deliver()

    states = await desk.states()
    assert states.pop("event1") == "FAILED"
    assert set(states.values()) == {"DELIVERED"}
    assert (await desk.webhook()).disabled_at is None
    row = await desk.delivery()
    assert row.attempts[-1].at - row.attempts[0].at >= GIVES_UP_AFTER

    receiver.answers.clear()
    again = await webhooks.redeliver(desk.runtime, OWNER, row.id, now=desk.clock.now())
    assert (again.state, again.tries) == (DeliveryState.PENDING, 0)
    assert await desk.deliver() == 1
    assert receiver.ids[-1] == "event1"


async def test_a_receiver_that_is_gone_is_disabled_at_once(desk: Desk, receiver: Receiver) -> None:
    receiver.status = 410
    await desk.enqueue("event1")
    await desk.deliver()
    webhook = await desk.webhook()
    assert webhook.disabled_reason is DisabledReason.GONE
    assert await desk.states() == {"event1": "FAILED"}
    for act in (webhooks.test, webhooks.redeliver):
        about = desk.id if act is webhooks.test else (await desk.delivery()).id
        with pytest.raises(Conflict, match="Enable it first"):
            await act(desk.runtime, OWNER, about, now=desk.clock.now())


async def test_a_secret_that_cannot_be_opened_disables_and_says_the_way_out(
    desk: Desk, receiver: Receiver
) -> None:
    await desk.scope.update("webhooks", {"_id": desk.id}, {"$set": {"sealed_secret": b"other"}})
    await desk.enqueue("event1")
    await desk.deliver()
    webhook = await desk.webhook()
    assert webhook.disabled_reason is DisabledReason.UNSIGNABLE
    assert "Rotate it" in (webhook.disabled_note or "")
    assert receiver.messages == []

    issued = await webhooks.rotate_secret(desk.runtime, OWNER, desk.id, now=desk.clock.now())
    await webhooks.enable(desk.runtime, OWNER, desk.id, now=desk.clock.now())
    assert await desk.deliver() == 1
    Verifier(issued.secret).verify(receiver.messages[0].body, receiver.messages[0].headers)


async def test_a_webhook_that_is_deleted_or_disabled_is_not_told(
    desk: Desk, receiver: Receiver
) -> None:
    await desk.enqueue("event1")
    await webhooks.disable(desk.runtime, OWNER, desk.id, now=desk.clock.now())
    assert await desk.deliver() == 0
    await webhooks.enable(desk.runtime, OWNER, desk.id, now=desk.clock.now())
    await webhooks.delete(desk.runtime, OWNER, desk.id)
    assert await desk.deliver() == 0
    assert receiver.messages == []


# Crashes and crowds


async def test_a_process_that_dies_before_it_noted_an_attempt_sends_it_again(
    desk: Desk, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    await desk.enqueue("event1")

    async def killed(*_: object) -> bool:
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(webhook_deliveries, "change", killed)
        with pytest.raises(Killed):
            await desk.deliver()
    assert receiver.ids == ["event1"]
    assert await desk.deliver() == 0  # it might still be under way

    desk.wait(timedelta(seconds=60))
    assert await sweep.due_webhooks(desk.runtime.database, desk.clock.now()) == [
        (MERCHANT, desk.id)
    ]
    assert await desk.deliver() == 1
    assert receiver.ids == ["event1", "event1"]
    assert len({message.event["attemptId"] for message in receiver.messages}) == 2


async def test_many_workers_send_each_event_once(
    desk: Desk, receiver: Receiver, servers: ServerUrls
) -> None:
    ids = [f"event{number:03}" for number in range(100)]
    await desk.enqueue(*ids)
    async with AsyncExitStack() as stack:
        settings = desk.runtime.settings
        others = [
            await stack.enter_async_context(
                open_runtime(settings, servers.mongodb_url, servers.redis_url)
            )
            for _ in range(2)
        ]
        arrived = await asyncio.gather(
            *(desk.deliver(each) for each in (desk.runtime, *others) for _ in range(2))
        )
    assert sum(arrived) == 100
    assert sorted(receiver.ids) == ids


async def test_also_without_the_lease_nobody_takes_what_another_has(
    desk: Desk, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Everybody:
        def __init__(self, *_: object) -> None: ...

        async def __aenter__(self) -> bool:
            return True

        async def __aexit__(self, *_: object) -> None: ...

    monkeypatch.setattr(leases, "hold", Everybody)  # a process that stalls loses its own
    ids = [f"event{number:03}" for number in range(60)]
    await desk.enqueue(*ids)
    await asyncio.gather(*(desk.deliver() for _ in range(4)))
    assert sorted(receiver.ids) == ids


async def test_one_that_is_slow_holds_up_nobody_else(desk: Desk, receiver: Receiver) -> None:
    receiver.seconds = 1
    with receiving() as quick:
        other = await a_desk(desk.runtime, quick)
        await desk.enqueue(*(f"event{number}" for number in range(16)))
        await other.enqueue("quick")
        slow = asyncio.create_task(desk.deliver())
        await asyncio.sleep(0.1)

        started = asyncio.get_running_loop().time()
        assert await other.deliver() == 1
        assert asyncio.get_running_loop().time() - started < 0.7
        assert not slow.done()
        assert await slow == 16
    assert receiver.most_at_once == 16


async def test_only_what_is_due_is_looked_for(desk: Desk, receiver: Receiver) -> None:
    database, now = desk.runtime.database, desk.clock.now()
    assert await sweep.due_webhooks(database, now) == []
    await desk.enqueue("event1")
    assert await sweep.due_webhooks(database, now) == [(MERCHANT, desk.id)]
    assert await sweep.due_webhooks(database, now - HOUR) == []
    receiver.status = 500
    await desk.deliver()
    assert await sweep.due_webhooks(database, desk.clock.now()) == []
    assert await sweep.due_webhooks(database, desk.clock.now() + HOUR) == [(MERCHANT, desk.id)]


# By hand


async def test_a_try_out_is_sent_like_everything_else(desk: Desk, receiver: Receiver) -> None:
    delivery = await webhooks.test(desk.runtime, OWNER, desk.id, now=desk.clock.now())
    desk.wait(timedelta(seconds=1))
    assert await desk.deliver() == 1
    (message,) = receiver.messages
    told = Verifier(desk.secret).verify(message.body, message.headers)
    assert (told["topic"], told["eventId"]) == ("TEST", delivery.event.id)
    assert told["objectId"] == global_id(Kind.WEBHOOK, desk.id)


async def test_what_arrived_can_be_sent_again(desk: Desk, receiver: Receiver) -> None:
    await desk.enqueue("event1")
    await desk.deliver()
    id_ = (await desk.delivery()).id
    await webhooks.redeliver(desk.runtime, OWNER, id_, now=desk.clock.now())
    assert await desk.deliver() == 1
    assert receiver.ids == ["event1", "event1"]
    assert len((await desk.delivery()).attempts) == 2


async def test_what_waits_goes_to_the_new_address(desk: Desk, receiver: Receiver) -> None:
    receiver.status = 500
    await desk.enqueue("event1")
    await desk.deliver()
    with receiving() as elsewhere:
        await webhooks.update(desk.runtime, OWNER, desk.id, url=elsewhere.url, now=desk.clock.now())
        desk.wait(timedelta(seconds=5))
        assert await desk.deliver() == 1
        assert elsewhere.ids == ["event1"]


async def test_attempts_are_kept_to_a_number(desk: Desk, receiver: Receiver) -> None:
    await desk.enqueue("event1")
    for _ in range(45):
        await desk.deliver()
        row = await desk.delivery()
        await webhooks.redeliver(desk.runtime, OWNER, row.id, now=desk.clock.now())
    assert len(row.attempts) == 40
    assert row.attempts[-1].id == receiver.messages[-1].event["attemptId"]
