"""Making and changing webhooks: what is refused, and who may have what told."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from domain.access import AccessScope, Role, Viewer
from domain.clock import SystemClock
from domain.errors import Conflict, Forbidden, InvalidInput, NotFound, UserError
from domain.webhook import Webhook, WebhookTopic
from embedded.servers import ServerUrls
from services import webhooks
from services.runtime import Runtime, open_runtime
from services.settings import Settings
from storage.filters import EVERYTHING
from storage.stores import STORES
from storage.webhooks import WEBHOOKS
from tests.factories import MERCHANT, a_store
from tests.services.shop import DATABASE, wipe

NOW = SystemClock().now()
OWNER = Viewer.of_roles(MERCHANT, "me", [Role.OWNER])
URL = "https://hooks.example.com/"
PRICES = (WebhookTopic.LISTING_PRICE_CHANGED,)


@pytest.fixture
async def runtime(servers: ServerUrls, tmp_path: Path) -> AsyncIterator[Runtime]:
    settings = Settings(database=DATABASE, merchant=MERCHANT, data_dir=tmp_path)
    async with open_runtime(settings, servers.mongodb_url, servers.redis_url) as opened:
        await STORES.insert(opened.scope(MERCHANT), [a_store()])
        yield opened
        await wipe(opened)


async def create(runtime: Runtime, viewer: Viewer = OWNER, **given: Any) -> webhooks.Issued:
    given = {"url": URL, "topics": PRICES, **given}
    return await webhooks.create(runtime, runtime.scope(MERCHANT), viewer, now=NOW, **given)


async def stored(runtime: Runtime) -> list[Webhook]:
    return await WEBHOOKS.find(runtime.scope(MERCHANT), EVERYTHING)


async def test_a_webhook_is_kept_with_each_topic_and_store_once(runtime: Runtime) -> None:
    topics = (WebhookTopic.ORDER_IMPORTED, *PRICES, *PRICES)
    issued = await create(runtime, topics=topics, store_ids=["store1", "store1"])
    assert await stored(runtime) == [issued.webhook]
    assert issued.webhook.topics == (*PRICES, WebhookTopic.ORDER_IMPORTED)
    assert issued.webhook.store_ids == ("store1",)
    assert issued.secret.startswith("whsec_")
    assert (issued.webhook.created_by, issued.webhook.version) == ("me", 1)


@pytest.mark.parametrize(
    ("given", "error", "field"),
    [
        ({"url": "http://hooks.example.com/"}, InvalidInput, "url"),
        ({"url": "https://127.0.0.1/"}, InvalidInput, "url"),
        ({"url": "https://localhost/"}, InvalidInput, "url"),
        ({"topics": ()}, InvalidInput, "topics"),
        ({"topics": (WebhookTopic.TEST,)}, InvalidInput, "topics"),
        ({"store_ids": ["store1", "never"]}, NotFound, "storeIds"),
    ],
)
async def test_what_cannot_be_is_refused_with_its_field(
    runtime: Runtime, given: dict[str, Any], error: type[UserError], field: str
) -> None:
    with pytest.raises(error) as caught:
        await create(runtime, **given)
    assert caught.value.field == (field,)
    assert await stored(runtime) == []

    issued = await create(runtime)
    with pytest.raises(error):
        await webhooks.update(runtime, OWNER, issued.webhook.id, now=NOW, **given)
    assert await stored(runtime) == [issued.webhook]


async def test_there_are_only_so_many(runtime: Runtime) -> None:
    for _ in range(webhooks.MOST):
        await create(runtime)
    with pytest.raises(Conflict, match="20"):
        await create(runtime)


@pytest.mark.parametrize(
    ("topic", "lacking"),
    [
        (WebhookTopic.LISTING_PRICE_CHANGED, AccessScope.READ),
        (WebhookTopic.DECISION_HELD, AccessScope.READ_AUDIT),
        (WebhookTopic.ORDER_IMPORTED, AccessScope.READ_ORDERS),
        (WebhookTopic.ORDER_CHANGED, AccessScope.READ_ORDERS),
        (WebhookTopic.OPERATION_FINISHED, AccessScope.READ),
    ],
)
async def test_nobody_has_others_told_of_what_they_may_not_read(
    runtime: Runtime, topic: WebhookTopic, lacking: AccessScope
) -> None:
    caller = Viewer(MERCHANT, "me", (), frozenset(AccessScope) - {lacking})
    with pytest.raises(Forbidden, match=f"the scope {lacking},"):
        await create(runtime, caller, topics=(topic,))
    assert await stored(runtime) == []

    theirs = (await create(runtime, topics=(topic,))).webhook
    with pytest.raises(Forbidden):  # nor may they have it sent to an address of their own
        await webhooks.update(runtime, caller, theirs.id, url="https://mine.example/", now=NOW)
    assert await stored(runtime) == [theirs]


async def test_a_change_leaves_what_is_not_given(runtime: Runtime) -> None:
    before = (await create(runtime, store_ids=["store1"])).webhook
    after = await webhooks.update(runtime, OWNER, before.id, url="https://other.example/", now=NOW)
    assert (after.url, after.topics, after.store_ids) == (
        "https://other.example/",
        before.topics,
        before.store_ids,
    )
    assert after.version == 2
    after = await webhooks.update(runtime, OWNER, before.id, store_ids=(), now=NOW)
    assert (after.store_ids, after.version) == ((), 3)


async def test_disabling_and_enabling_twice_changes_nothing_more(runtime: Runtime) -> None:
    id_ = (await create(runtime)).webhook.id
    first = await webhooks.disable(runtime, OWNER, id_, now=NOW)
    assert (first.disabled_reason, first.disabled_note) == ("BY_HAND", "By me.")
    assert await webhooks.disable(runtime, OWNER, id_, now=NOW) == first
    enabled = await webhooks.enable(runtime, OWNER, id_, now=NOW)
    assert await webhooks.enable(runtime, OWNER, id_, now=NOW) == enabled


async def test_of_two_rotations_at_once_one_is_refused(
    runtime: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    webhook = (await create(runtime)).webhook
    await webhooks.rotate_secret(runtime, OWNER, webhook.id, now=NOW)

    async def as_before(*_: object) -> Webhook:
        return webhook

    monkeypatch.setattr(webhooks, "_require", as_before)
    with pytest.raises(Conflict):
        await webhooks.rotate_secret(runtime, OWNER, webhook.id, now=NOW)


async def test_another_merchants_webhooks_are_not_there(runtime: Runtime) -> None:
    id_ = (await create(runtime)).webhook.id
    stranger = Viewer.of_roles("stranger", "you", [Role.OWNER])
    for act in (
        webhooks.update,
        webhooks.disable,
        webhooks.enable,
        webhooks.rotate_secret,
        webhooks.test,
    ):
        with pytest.raises(NotFound):
            await act(runtime, stranger, id_, now=NOW)
    with pytest.raises(NotFound):
        await webhooks.delete(runtime, stranger, id_)
    assert len(await stored(runtime)) == 1
