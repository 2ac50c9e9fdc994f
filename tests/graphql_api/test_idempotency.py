"""A request with an idempotency key is done once, however often it is sent."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from graphql import GraphQLInputObjectType, build_schema

from domain.listing import ListingStatus
from domain.upload import Upload
from graphql_api.ids import Kind, to_id
from graphql_api.schema import SCHEMA
from services import idempotency, rulesets
from services.runtime import Runtime
from storage.filters import EVERYTHING
from storage.listings import LISTINGS
from storage.mongo import Scope
from storage.stores import STORES
from storage.uploads import UPLOADS
from tests.factories import MERCHANT, NOW, a_listing
from tests.graphql_api.conftest import Ask
from tests.graphql_api.seeds import PRICING, stock_shop
from tests.graphql_api.test_dry_run import everything

KEY = "3f1c9f0e-7d55-4f0e-9b0e-1f2a3b4c5d6e"
SHOP = to_id(Kind.STORE, "store1")
UPLOAD = to_id(Kind.UPLOAD, "upload1")
STORE = {"name": "New", "email": "a@b.c", "country": "US", "catalogCurrency": "USD"}
REQUESTS: dict[str, tuple[dict[str, Any], dict[str, Any], str]] = {
    "storeCreate": (STORE, {**STORE, "name": "Other"}, "store"),
    "webhookCreate": (
        {"url": "https://a.example.com/", "topics": ["ORDER_IMPORTED"]},
        {"url": "https://b.example.com/", "topics": ["ORDER_IMPORTED"]},
        "webhook",
    ),
    "repriceRunStart": ({"storeId": SHOP}, {"storeId": to_id(Kind.STORE, "store2")}, "operation"),
    "rulesetSimulate": (
        {"storeId": SHOP, "sources": [PRICING]},
        {"storeId": SHOP, "sources": [PRICING + "\n"]},
        "plan",
    ),
    "rulesetRollBack": (
        {"storeId": SHOP, "kind": "PRICING"},
        {"storeId": SHOP, "kind": "PRICING", "version": 1},
        "ruleset",
    ),
    "exportStart": ({"kind": "LISTINGS"}, {"kind": "ORDERS"}, "operation"),
    "productsImport": (
        {"uploadId": UPLOAD, "format": "MAGENTO_CSV", "currencyCode": "USD"},
        {"uploadId": UPLOAD, "format": "MAGENTO_CSV", "currencyCode": "EUR"},
        "operation",
    ),
    "listingPublish": (
        {"listingId": to_id(Kind.LISTING, "store1/NEW-1")},
        {"listingId": to_id(Kind.LISTING, "store1/NEW-2")},
        "listing",
    ),
}
"""Every mutation that takes a key: a request, another one, and what the answer shows."""


@pytest.fixture
async def shop(runtime: Runtime, scope: Scope) -> None:
    await stock_shop(scope)
    ready = (a_listing(sku, status=ListingStatus.READY_TO_LIST) for sku in ("NEW-1", "NEW-2"))
    await LISTINGS.insert(scope, ready)
    far = datetime.now(UTC) + timedelta(days=1)  # what is over is taken away by the database
    upload = Upload("upload1", MERCHANT, 9, "me", NOW, far, "file1", NOW)
    await UPLOADS.insert(scope, [upload])
    for name in ("first", "second"):
        text = PRICING.replace("Win the Buy Box, never below cost", name)
        draft = await rulesets.create(runtime, scope, "store1", text, author="Ada")
        await rulesets.publish(runtime, scope, draft.id, actor="Ada")


async def send(client: httpx.AsyncClient, mutation: str, given: dict[str, Any]) -> dict[str, Any]:
    """The payload of a mutation, and whether it was told to be given again."""
    shown = REQUESTS[mutation][2]
    query = (
        f"mutation ($input: {mutation[0].upper()}{mutation[1:]}Input!) {{ "
        f"{mutation}(input: $input) {{ {shown} {{ id }} userErrors {{ code field }} }} }}"
    )
    response = await client.post("/graphql", json={"query": query, "variables": {"input": given}})
    body = response.json()
    assert "errors" not in body, body
    replay = body["extensions"].get("idempotentReplay", False)
    return {**body["data"][mutation], "replay": replay}


def test_every_mutation_that_takes_a_key_is_tried_here() -> None:
    types = build_schema(SCHEMA.as_str()).type_map.values()
    inputs = {
        kind.name
        for kind in types
        if isinstance(kind, GraphQLInputObjectType) and "idempotencyKey" in kind.fields
    }

    assert inputs == {f"{name[0].upper()}{name[1:]}Input" for name in REQUESTS}


@pytest.mark.parametrize("mutation", REQUESTS)
async def test_what_is_sent_again_is_answered_again_and_not_done_again(
    client: httpx.AsyncClient, runtime: Runtime, shop: None, mutation: str
) -> None:
    given, other, shown = REQUESTS[mutation]

    first = await send(client, mutation, {**given, "idempotencyKey": KEY})
    before = await everything(runtime)
    again = await send(client, mutation, {**given, "idempotencyKey": KEY})
    reused = await send(client, mutation, {**other, "idempotencyKey": KEY})

    assert first[shown]
    assert not first["userErrors"]
    assert not first["replay"]
    assert again == {**first, "replay": True}
    reuse = {"code": "IDEMPOTENCY_KEY_REUSED", "field": ["input", "idempotencyKey"]}
    assert reused == {shown: None, "userErrors": [reuse], "replay": False}
    assert await everything(runtime) == before


async def test_of_many_at_once_one_is_done(
    client: httpx.AsyncClient, scope: Scope, shop: None
) -> None:
    given = {**STORE, "idempotencyKey": KEY}

    answers = await asyncio.gather(*(send(client, "storeCreate", given) for _ in range(8)))

    assert len({answer["store"]["id"] for answer in answers}) == 1
    assert [answer["replay"] for answer in answers].count(False) == 1
    assert [store.name for store in await STORES.find(scope, EVERYTHING)].count("New") == 1


async def test_who_collides_with_itself_is_told_of_what_was_done(
    client: httpx.AsyncClient, shop: None
) -> None:
    """The second of two would be a conflict by itself: the listing is not ready to be listed any more."""
    given = {**REQUESTS["listingPublish"][0], "idempotencyKey": KEY}

    answers = await asyncio.gather(*(send(client, "listingPublish", given) for _ in range(4)))

    assert [answer["userErrors"] for answer in answers] == [[]] * 4
    assert [answer["replay"] for answer in answers].count(False) == 1


async def test_a_key_is_of_a_merchant_and_a_mutation(
    client: httpx.AsyncClient, ask_as_stranger: Ask, scope: Scope, shop: None
) -> None:
    mine = await send(client, "storeCreate", {**STORE, "idempotencyKey": KEY})
    run = await send(client, "repriceRunStart", {"storeId": SHOP, "idempotencyKey": KEY})
    query = "mutation ($input: StoreCreateInput!) { storeCreate(input: $input) { store { id } } }"
    theirs = await ask_as_stranger(query, input={**STORE, "idempotencyKey": KEY})

    assert not run["replay"]
    assert not run["userErrors"]
    assert theirs["storeCreate"]["store"]["id"] != mine["store"]["id"]


async def test_a_mistake_is_not_remembered(client: httpx.AsyncClient, shop: None) -> None:
    wrong = await send(client, "storeCreate", {**STORE, "email": "?", "idempotencyKey": KEY})
    right = await send(client, "storeCreate", {**STORE, "idempotencyKey": KEY})

    assert wrong["userErrors"][0]["code"] == "INVALID"
    assert right["store"]
    assert not right["replay"]


async def test_absent_and_default_are_the_same_request(
    client: httpx.AsyncClient, shop: None
) -> None:
    given = {"storeId": SHOP, "kind": "PRICING", "idempotencyKey": KEY}

    await send(client, "rulesetRollBack", given)
    again = await send(client, "rulesetRollBack", {**given, "version": None})

    assert again["replay"]


async def test_what_is_done_and_its_key_are_one_write(
    client: httpx.AsyncClient, runtime: Runtime, shop: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A process that dies after it wrote the key, and before the transaction ends, leaves neither."""
    settle = idempotency.settle

    async def die(scope: Scope, made: str) -> None:
        await settle(scope, made)
        raise RuntimeError("killed")

    before = await everything(runtime)
    monkeypatch.setattr(idempotency, "settle", die)
    for mutation, (given, _, _) in REQUESTS.items():
        with pytest.raises(AssertionError, match="Internal error"):
            await send(client, mutation, {**given, "idempotencyKey": KEY})
    left = await everything(runtime)
    # A run's marks come before its operation; they are harmless.
    assert {**left, "listings": []} == {**before, "listings": []}

    monkeypatch.undo()
    for mutation, (given, _, shown) in REQUESTS.items():
        done = await send(client, mutation, {**given, "idempotencyKey": KEY})
        assert done[shown]
        assert not done["replay"]


async def test_a_dry_run_takes_no_notice_of_keys(client: httpx.AsyncClient, shop: None) -> None:
    given = {**REQUESTS["listingPublish"][0], "idempotencyKey": KEY}

    dry = await send(client, "listingPublish", {**given, "dryRun": True})
    real = await send(client, "listingPublish", given)

    assert dry["listing"] == real["listing"]
    assert not real["replay"]


@pytest.mark.parametrize("key", ["short", "x" * 65, "with space", "ümlaut-key", ""])
async def test_what_is_no_key_is_refused(client: httpx.AsyncClient, key: str) -> None:
    query = "mutation ($input: StoreCreateInput!) { storeCreate(input: $input) { store { id } } }"
    given = {"input": {**STORE, "idempotencyKey": key}}

    response = await client.post("/graphql", json={"query": query, "variables": given})

    error = response.json()["errors"][0]
    assert error["extensions"]["code"] == "VALIDATION_FAILED"
    assert "8 to 64" in error["message"]
