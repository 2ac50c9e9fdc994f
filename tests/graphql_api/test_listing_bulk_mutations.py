"""Many listings at once: results in the order of the items, all or nothing or what can be, in a few commands."""

from dataclasses import replace
from typing import Any

import pytest

from domain.listing import ListingStatus, PriceOverride
from domain.store import Store
from domain.webhook import WebhookTopic
from embedded.servers import ServerUrls
from graphql_api.cost import CEILING
from services.runtime import Runtime
from storage.changes import CHANGES
from storage.filters import EVERYTHING
from storage.listings import LISTINGS
from storage.mongo import Scope
from storage.stores import STORES
from storage.webhook_deliveries import DELIVERIES
from storage.webhooks import WEBHOOKS
from tests.factories import MERCHANT, NOW, a_listing, a_store, a_webhook, usd
from tests.graphql_api.conftest import Ask, Commands, gid
from tests.graphql_api.test_cost import priced
from tests.graphql_api.test_dry_run import everything
from tests.services.shop import forget_jobs, queued

SHOWN = """{ results { index listing { sellerSku version status dueReason override { price { amount } actor } }
  userErrors { code field message } } userErrors { code field message } }"""
OVERRIDE = f"mutation ($input: ListingsPriceOverrideInput!) {{ listingsPriceOverride(input: $input) {SHOWN} }}"
CLEAR = f"mutation ($input: ListingsPriceOverrideClearInput!) {{ listingsPriceOverrideClear(input: $input) {SHOWN} }}"
PUBLISH = f"mutation ($input: ListingsPublishInput!) {{ listingsPublish(input: $input) {SHOWN} }}"


@pytest.fixture
async def shop(scope: Scope) -> Store:
    """Two stores, one of which sells in Canadian dollars; listings on sale, set by hand, ready, and another merchant's."""
    store = a_store()
    await STORES.insert(scope, [store, a_store(id="store2", country="CA")])
    await LISTINGS.insert(
        scope,
        [
            a_listing("A"),
            a_listing("B", version=4),
            a_listing("SET", override=PriceOverride(usd("9.90"), "Ada", NOW)),
            a_listing("READY", status=ListingStatus.READY_TO_LIST),
            a_listing("READY2", status=ListingStatus.READY_TO_LIST),
            a_listing("DE", id="store2/DE", store_id="store2"),
        ],
    )
    other = a_listing("X", id="store1/X", merchant_id="stranger")
    await LISTINGS.insert(replace(scope, merchant_id="stranger"), [other])
    return store


def item(sku: str, amount: str = "12.50", currency: str = "USD", **more: Any) -> dict[str, Any]:
    key = sku if "/" in sku else f"store1/{sku}"
    price = {"amount": amount, "currencyCode": currency}
    return {"listingId": gid("Listing", key), "price": price, **more}


def bare(*skus: str) -> list[dict[str, Any]]:
    return [{"listingId": gid("Listing", f"store1/{sku}")} for sku in skus]


def told(payload: dict[str, Any]) -> list[tuple[Any, ...]]:
    return [
        (
            each["index"],
            each["listing"] and each["listing"]["sellerSku"],
            [(error["code"], error["field"]) for error in each["userErrors"]],
        )
        for each in payload["results"]
    ]


async def test_prices_of_many_are_set_in_both_stores_and_logged(
    ask: Ask, scope: Scope, shop: Store, servers: ServerUrls
) -> None:
    await forget_jobs(servers)
    items = [item("B", expectedVersion=4), item("A"), item("store2/DE", "9.99", "CAD")]

    payload = (await ask(OVERRIDE, input={"items": items}))["listingsPriceOverride"]

    assert payload["userErrors"] == []
    assert told(payload) == [(0, "B", []), (1, "A", []), (2, "DE", [])]
    first = payload["results"][0]["listing"]
    assert first == {
        "sellerSku": "B",
        "version": 5,
        "status": "ACTIVE",
        "dueReason": "OVERRIDE",
        "override": {"price": {"amount": "12.50"}, "actor": "local user"},
    }
    log = await CHANGES.find(scope, EVERYTHING)
    assert {(row.listing_id, row.before, row.after, row.actor) for row in log} == {
        ("store1/B", None, "12.50 USD", "local user"),
        ("store1/A", None, "12.50 USD", "local user"),
        ("store2/DE", None, "9.99 CAD", "local user"),
    }
    assert sorted(await queued(servers)) == [
        ("reprice", (MERCHANT, "store1", None)),
        ("reprice", (MERCHANT, "store2", None)),
    ]


MIXED = [
    item("A"),
    item("never"),
    item("B", expectedVersion=3),
    item("SET", "12.505"),
    item("store2/DE"),
    item("A", "1.00"),
    {**item("B"), "listingId": "nonsense"},
    item("X"),
    item("READY", "0.00"),
]
MISTAKES = [
    (0, "A", []),
    (1, None, [("NOT_FOUND", ["input", "items", "1", "listingId"])]),
    (2, "B", [("STALE_VERSION", ["input", "items", "2", "expectedVersion"])]),
    (3, None, [("INVALID", ["input", "items", "3", "price", "amount"])]),
    (4, None, [("INVALID", ["input", "items", "4", "price", "currencyCode"])]),
    (5, None, [("INVALID", ["input", "items", "5", "listingId"])]),
    (6, None, [("NOT_FOUND", ["input", "items", "6", "listingId"])]),
    (7, None, [("NOT_FOUND", ["input", "items", "7", "listingId"])]),
    (8, None, [("INVALID", ["input", "items", "8", "price", "amount"])]),
]


async def test_what_can_be_done_is_done_where_the_rest_may_be_skipped(
    ask: Ask, scope: Scope, shop: Store
) -> None:
    given = {"items": MIXED, "errorPolicy": "SKIP_INVALID"}
    payload = (await ask(OVERRIDE, input=given))["listingsPriceOverride"]
    assert payload["userErrors"] == []
    assert told(payload) == MISTAKES
    changed = [row.id for row in await LISTINGS.find(scope, EVERYTHING) if row.version == 2]
    assert changed == ["store1/A"]


async def test_nothing_is_done_where_one_cannot_be(ask: Ask, runtime: Runtime, shop: Store) -> None:
    before = await everything(runtime)

    payload = (await ask(OVERRIDE, input={"items": MIXED}))["listingsPriceOverride"]

    assert await everything(runtime) == before
    assert told(payload) == [(0, None, []), *MISTAKES[1:]]
    [error] = payload["userErrors"]
    assert (error["code"], error["field"]) == ("REJECTED", ["input", "items"])
    assert "8 of 9" in error["message"]


async def test_overrides_are_cleared_and_what_has_none_stays(
    ask: Ask, scope: Scope, shop: Store
) -> None:
    given = {"items": bare("SET", "A")}
    payload = (await ask(CLEAR, input=given))["listingsPriceOverrideClear"]
    assert told(payload) == [(0, "SET", []), (1, "A", [])]
    rows = await LISTINGS.get_many(scope, ["store1/SET", "store1/A"])
    assert (rows["store1/SET"].override, rows["store1/SET"].version) == (None, 2)
    assert rows["store1/A"].version == 1
    assert [row.before for row in await CHANGES.find(scope, EVERYTHING)] == ["9.90 USD"]


async def test_those_that_wait_are_published_and_webhooks_hear_of_it(
    ask: Ask, scope: Scope, shop: Store
) -> None:
    await WEBHOOKS.insert(scope, [a_webhook(topics=tuple(WebhookTopic))])
    given = {"items": bare("READY", "A", "READY2"), "errorPolicy": "SKIP_INVALID"}
    payload = (await ask(PUBLISH, input=given))["listingsPublish"]
    assert told(payload) == [
        (0, "READY", []),
        (1, None, [("CONFLICT", ["input", "items", "1", "listingId"])]),
        (2, "READY2", []),
    ]
    assert payload["results"][0]["listing"]["status"] == "LIST_IN_PROGRESS"
    assert payload["results"][0]["listing"]["dueReason"] == "PUBLISHED"
    told_of = [row.event for row in await DELIVERIES.find(scope, EVERYTHING)]
    assert {(event.topic, event.key) for event in told_of} == {
        (WebhookTopic.LISTING_STATUS_CHANGED, "store1/READY"),
        (WebhookTopic.LISTING_STATUS_CHANGED, "store1/READY2"),
    }
    log = await CHANGES.find(scope, EVERYTHING)
    assert {(row.listing_id, row.after) for row in log} == {
        ("store1/READY", "LIST_IN_PROGRESS"),
        ("store1/READY2", "LIST_IN_PROGRESS"),
    }


@pytest.mark.parametrize(
    ("query", "items"),
    [(OVERRIDE, [item("A")]), (CLEAR, bare("SET")), (PUBLISH, bare("READY", "READY2"))],
)
async def test_a_dry_run_answers_the_same_and_writes_nothing(
    ask: Ask, runtime: Runtime, shop: Store, query: str, items: list[Any]
) -> None:
    before = await everything(runtime)
    dry = await ask(query, input={"items": items, "dryRun": True})
    assert await everything(runtime) == before
    assert dry == await ask(query, input={"items": items})
    assert await everything(runtime) != before


@pytest.mark.parametrize("count", [0, 251])
async def test_none_and_too_many_are_refused(ask: Ask, shop: Store, count: int) -> None:
    for query in (CLEAR, PUBLISH):
        [payload] = (await ask(query, input={"items": bare("A") * count})).values()
        [error] = payload["userErrors"]
        assert payload["results"] is None
        assert (error["code"], error["field"]) == ("INVALID", ["input", "items"])
        assert "250" in error["message"]


async def test_as_many_commands_for_all_as_for_a_few(
    scope: Scope, watched: tuple[Ask, Commands], servers: ServerUrls
) -> None:
    await STORES.insert(scope, [a_store()])
    skus = [f"S{number:03}" for number in range(250)]
    await LISTINGS.insert(scope, [a_listing(sku) for sku in skus])
    ready = {"status": "READY_TO_LIST"}
    ask, commands = watched
    for query, items in (  # together they cost more than a bucket holds
        (OVERRIDE, [item(sku) for sku in skus]),
        (CLEAR, bare(*skus)),
        (PUBLISH, bare(*skus)),
    ):
        if query is PUBLISH:
            await scope.update_many("listings", {}, {"$set": ready})
        await forget_jobs(servers)
        before = len(commands.names)
        [payload] = (await ask(query, input={"items": items})).values()
        assert len(payload["results"]) == 250
        assert payload["userErrors"] == []
        assert not any(each["userErrors"] for each in payload["results"])
        assert len(commands.names) - before <= 12, commands.names[before:]


@pytest.mark.parametrize("by", ["literal", "items", "input"])
def test_every_item_is_charged(by: str) -> None:
    items = bare(*map(str, range(20)))
    shown = "{ results { listing { sellerSku store { name } } } }"
    if by == "literal":
        inner = ", ".join(f'{{listingId: "{number}"}}' for number in range(20))
        cost = priced(f"mutation {{ listingsPublish(input: {{items: [{inner}]}}) {shown} }}")
    elif by == "items":
        query = "mutation ($items: [ListingsPublishItemInput!]!) { listingsPublish(input: {items: $items})"
        cost = priced(f"{query} {shown} }}", items=items)
    else:
        query = "mutation ($input: ListingsPublishInput!) { listingsPublish(input: $input)"
        cost = priced(f"{query} {shown} }}", input={"items": items})
    assert (cost.points, cost.nodes) == (10 + 20 * (2 + 1 + 1), 40)


def test_a_whole_batch_can_be_paid_for() -> None:
    items = bare(*map(str, range(250)))
    assert priced(PUBLISH, input={"items": items}).points == 10 + 250 * 3 <= CEILING
