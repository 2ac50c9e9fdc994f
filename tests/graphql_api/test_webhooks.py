"""Webhooks over the API: what is shown of them, and their mutations."""

import json
from typing import Any

import pytest

from domain.access import AccessScope, Viewer
from domain.clock import SystemClock
from domain.listing import ListingStatus
from domain.webhook import DeliveryState, DisabledReason, WebhookTopic
from graphql_api.ids import Kind, to_id
from services import api_keys
from services.runtime import Runtime
from storage.filters import EVERYTHING
from storage.listings import LISTINGS
from storage.mongo import Scope
from storage.stores import STORES
from storage.webhook_deliveries import DELIVERIES
from storage.webhooks import WEBHOOKS
from tests.factories import NOW, a_delivery, a_listing, a_store, a_webhook, an_event
from tests.graphql_api.conftest import Ask, browser

ID = to_id(Kind.WEBHOOK, "webhook1")
STORE = to_id(Kind.STORE, "store1")
CREATE = """
mutation ($input: WebhookCreateInput!) { webhookCreate(input: $input) {
    webhook { id url topics isForAllStores isEnabled stores { nodes { id } } version } secret
    userErrors { field message code }
} }
"""
UPDATE = """
mutation ($input: WebhookUpdateInput!) { webhookUpdate(input: $input) {
    webhook { url topics isForAllStores stores { nodes { id } } } userErrors { field code }
} }
"""


@pytest.fixture(autouse=True)
async def store(scope: Scope) -> None:
    await STORES.insert(scope, [a_store()])


async def test_a_webhook_is_made_and_its_secret_shown_once(ask: Ask, scope: Scope) -> None:
    given = {"url": "https://hooks.example.com/", "topics": ["ORDER_IMPORTED"], "storeIds": [STORE]}
    made = (await ask(CREATE, input=given))["webhookCreate"]

    assert made["userErrors"] == []
    assert made["secret"].startswith("whsec_")
    webhook = made["webhook"]
    assert (webhook["topics"], webhook["isEnabled"]) == (["ORDER_IMPORTED"], True)
    assert (webhook["isForAllStores"], webhook["stores"]["nodes"]) == (False, [{"id": STORE}])
    shown = await ask("{ webhooks { nodes { id url } } }")
    assert shown["webhooks"]["nodes"] == [{"id": webhook["id"], "url": webhook["url"]}]
    (row,) = await WEBHOOKS.find(scope, EVERYTHING)
    assert made["secret"].encode() not in row.sealed_secret


@pytest.mark.parametrize(
    ("changes", "field", "code"),
    [
        ({"url": "http://example.com"}, "url", "INVALID"),
        ({"topics": []}, "topics", "INVALID"),
        ({"storeIds": []}, "storeIds", "INVALID"),
        ({"storeIds": [to_id(Kind.STORE, "never")]}, "storeIds", "NOT_FOUND"),
        ({"storeIds": ["nonsense"]}, "storeIds", "NOT_FOUND"),
    ],
)
async def test_a_mistake_names_its_field(
    ask: Ask, scope: Scope, changes: dict[str, Any], field: str, code: str
) -> None:
    given = {"url": "https://hooks.example.com/", "topics": ["ORDER_IMPORTED"], **changes}
    made = (await ask(CREATE, input=given))["webhookCreate"]
    (error,) = made["userErrors"]
    assert (error["field"], error["code"]) == (["input", field], code)
    assert (made["webhook"], made["secret"]) == (None, None)
    assert await WEBHOOKS.find(scope, EVERYTHING) == []


async def test_null_stands_for_all_stores_and_what_is_left_out_stays(
    ask: Ask, scope: Scope
) -> None:
    await WEBHOOKS.insert(scope, [a_webhook()])
    topics = ["RULESET_PUBLISHED", "ORDER_CHANGED"]
    changed = (await ask(UPDATE, input={"webhookId": ID, "topics": topics}))["webhookUpdate"]
    assert changed["webhook"]["topics"] == ["ORDER_CHANGED", "RULESET_PUBLISHED"]
    assert changed["webhook"]["stores"]["nodes"] == [{"id": STORE}]

    changed = (await ask(UPDATE, input={"webhookId": ID, "storeIds": None}))["webhookUpdate"]
    assert (changed["webhook"]["isForAllStores"], changed["webhook"]["stores"]["nodes"]) == (
        True,
        [],
    )
    assert changed["webhook"]["url"] == a_webhook().url


@pytest.mark.parametrize("field", ["url", "topics"])
async def test_what_cannot_be_cleared_is_not_null(client: Any, scope: Scope, field: str) -> None:
    await WEBHOOKS.insert(scope, [a_webhook()])
    variables = {"input": {"webhookId": ID, field: None}}
    response = await client.post("/graphql", json={"query": UPDATE, "variables": variables})
    assert response.json()["errors"][0]["extensions"]["code"] == "VALIDATION_FAILED"
    assert await WEBHOOKS.find(scope, EVERYTHING) == [a_webhook()]


async def test_a_disabled_webhook_says_why_since_when_and_is_enabled_again(
    ask: Ask, scope: Scope
) -> None:
    off = a_webhook(
        disabled_at=NOW, disabled_reason=DisabledReason.UNANSWERED, disabled_note="It answered 500."
    )
    await WEBHOOKS.insert(scope, [off])
    shown = "isEnabled disabledAt disabledReason disabledNote"
    assert (await ask(f'{{ webhook(id: "{ID}") {{ {shown} }} }}'))["webhook"] == {
        "isEnabled": False,
        "disabledAt": "2026-01-05T08:00:00.000Z",
        "disabledReason": "UNANSWERED",
        "disabledNote": "It answered 500.",
    }
    for act, is_enabled in (("Enable", True), ("Disable", False), ("Delete", False)):
        given = f'webhook{act}(input: {{webhookId: "{ID}"}}) {{ webhook {{ isEnabled }} userErrors {{ code }} }}'
        done = (await ask(f"mutation {{ {given} }}"))[f"webhook{act}"]
        assert done == {"webhook": {"isEnabled": is_enabled}, "userErrors": []}
    assert await WEBHOOKS.find(scope, EVERYTHING) == []


async def test_a_secret_is_rotated_and_shown_once(ask: Ask, scope: Scope) -> None:
    await WEBHOOKS.insert(scope, [a_webhook()])
    done = await ask(
        f'mutation {{ webhookSecretRotate(input: {{webhookId: "{ID}"}}) {{'
        " secret webhook { rotatedAt formerExpiresAt } userErrors { code } } }"
    )
    rotated = done["webhookSecretRotate"]
    assert rotated["secret"].startswith("whsec_")
    assert rotated["webhook"]["rotatedAt"] < rotated["webhook"]["formerExpiresAt"]


async def test_deliveries_show_every_attempt_and_what_was_said(ask: Ask, scope: Scope) -> None:
    await WEBHOOKS.insert(scope, [a_webhook()])
    done = a_delivery(
        an_event(id="event2"), state=DeliveryState.DELIVERED, settled_at=NOW, attempts=()
    )
    foreign = a_delivery(an_event(id="event3"), id="event3/gone", webhook_id="gone")
    await DELIVERIES.insert(scope, [a_delivery(), done, foreign])
    asked = """
        nodes { id eventId topic state occurredAt nextAttemptAt settledAt payload webhook { id }
                attempts { attemptId startedAt durationMilliseconds httpStatus error } }
    """
    query = f"query ($where: WebhookDeliveryWhereInput) {{ webhookDeliveries(where: $where) {{ {asked} }} }}"

    async def found(**where: Any) -> list[dict[str, Any]]:
        nodes: list[dict[str, Any]] = (await ask(query, where=where))["webhookDeliveries"]["nodes"]
        return nodes

    assert [node["eventId"] for node in await found()] == ["event3", "event2", "event1"]
    assert (await found())[0]["webhook"] is None
    assert [node["eventId"] for node in await found(webhookId={"eq": ID})] == ["event2", "event1"]
    assert await found(topic={"eq": "ORDER_CHANGED"}) == []
    (settled,) = await found(state={"eq": "DELIVERED"})
    assert settled["nextAttemptAt"] is None
    (pending,) = await found(webhookId={"eq": ID}, state={"eq": "PENDING"})
    assert pending["attempts"] == [
        {
            "attemptId": "attempt1",
            "startedAt": "2026-01-05T08:00:00.000Z",
            "durationMilliseconds": 12,
            "httpStatus": 503,
            "error": "It answered 503.",
        }
    ]
    assert json.loads(pending["payload"])["attemptId"] == "attempt1"
    below = await ask(
        f'{{ webhook(id: "{ID}") {{ deliveries(first: 1) {{ nodes {{ eventId }} }} }} }}'
    )
    assert below["webhook"]["deliveries"]["nodes"] == [{"eventId": "event2"}]


async def test_a_try_out_and_a_repetition_become_due(ask: Ask, scope: Scope) -> None:
    await WEBHOOKS.insert(scope, [a_webhook()])
    done = a_delivery(state=DeliveryState.DELIVERED, settled_at=NOW)
    await DELIVERIES.insert(scope, [done])
    test = await ask(
        f'mutation {{ webhookTest(input: {{webhookId: "{ID}"}}) {{'
        " delivery { topic state } userErrors { code } } }"
    )
    assert test["webhookTest"]["delivery"] == {"topic": "TEST", "state": "PENDING"}
    again = await ask(
        f'mutation {{ webhookRedeliver(input: {{deliveryId: "{to_id(Kind.WEBHOOK_DELIVERY, done.id)}"}}) {{'
        " delivery { eventId state settledAt } userErrors { code } } }"
    )
    assert again["webhookRedeliver"]["delivery"] == {
        "eventId": "event1",
        "state": "PENDING",
        "settledAt": None,
    }


async def test_who_may_not_read_orders_is_not_shown_what_is_told_of_them(
    runtime: Runtime, scope: Scope
) -> None:
    await DELIVERIES.insert(scope, [a_delivery(an_event(topic=WebhookTopic.ORDER_IMPORTED))])
    viewer = Viewer(scope.merchant_id, "me", (), frozenset(AccessScope))
    issued = await api_keys.create(
        runtime,
        viewer,
        name="hooks",
        scopes=[AccessScope.MANAGE_WEBHOOKS],
        now=SystemClock().now(),
    )
    async with browser(runtime, authorization=f"Bearer {issued.credential}") as client:
        for field, is_refused in (("eventId", False), ("payload", True)):
            query = f"{{ webhookDeliveries {{ nodes {{ {field} }} }} }}"
            body = (await client.post("/graphql", json={"query": query})).json()
            assert ("READ_ORDERS" in str(body.get("errors"))) is is_refused


async def test_a_dry_run_of_a_mutation_tells_nobody(ask: Ask, scope: Scope) -> None:
    await WEBHOOKS.insert(scope, [a_webhook(topics=(WebhookTopic.LISTING_STATUS_CHANGED,))])
    await LISTINGS.insert(scope, [a_listing(status=ListingStatus.READY_TO_LIST)])
    listing = to_id(Kind.LISTING, a_listing().id)
    for dry in ("true", "false"):
        assert await DELIVERIES.find(scope, EVERYTHING) == []
        await ask(
            f'mutation {{ listingPublish(input: {{listingId: "{listing}", dryRun: {dry}}}) {{'
            " listing { status } userErrors { code } } }"
        )
    (delivery,) = await DELIVERIES.find(scope, EVERYTHING)
    assert delivery.event.status is not None
    assert delivery.event.status.after == "LIST_IN_PROGRESS"


async def test_a_request_that_is_sent_again_makes_no_second_webhook_and_tells_no_secret(
    ask: Ask, scope: Scope
) -> None:
    given = {
        "url": "https://hooks.example.com/",
        "topics": ["ORDER_IMPORTED"],
        "idempotencyKey": "request-1",
    }
    first = (await ask(CREATE, input=given))["webhookCreate"]
    again = (await ask(CREATE, input=given))["webhookCreate"]
    assert again["webhook"] == first["webhook"]
    assert (again["secret"], again["userErrors"]) == (None, [])
    assert len(await WEBHOOKS.find(scope, EVERYTHING)) == 1
