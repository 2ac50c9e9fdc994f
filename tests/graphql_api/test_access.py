"""Who may do what. What is called comes from the schema; what must be allowed stands here, by hand."""

import json
from collections.abc import AsyncIterator, Collection, Sequence
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from websockets.exceptions import ConnectionClosed

from domain.access import AccessScope, Role, Viewer
from graphql_api.access import READS
from graphql_api.ids import Kind
from services import api_keys
from services.runtime import Runtime
from storage import listings as listing_rows
from storage.decisions import DECISIONS
from storage.mongo import Scope
from storage.orders import ORDERS
from tests.factories import MERCHANT
from tests.graphql_api.calls import (
    KEYS,
    NEVER,
    WRITTEN,
    Call,
    calls,
    reference,
    references,
    subscriptions,
)
from tests.graphql_api.conftest import browser
from tests.graphql_api.seeds import a_decision, an_order, stock_everything
from tests.graphql_api.sockets import connected, listening, served

NEEDED = {
    "READ": """
        node nodes store stores product productBySku products productsCount listing listingBySku listings
        listingsCount offers ruleset rulesets plan plans repriceRun repriceRuns repriceRunsCount operation operations
        offerSnapshot offerSnapshots exportStart
    """,
    "READ_AUDIT": "decision decisions decisionsCount submissions changes communicationErrors",
    "READ_ORDERS": "order orderByMarketplaceId orders ordersCount",
    "SIMULATE": "rulesetSimulate",
    "WRITE_PRODUCTS": "uploadCreate productsImport",
    "WRITE_LISTINGS": """
        listingPriceOverride listingPriceOverrideClear listingPublish listingsPriceOverride
        listingsPriceOverrideClear listingsPublish
    """,
    "RUN": "repriceRunStart operationCancel repriceRunResume repriceRunDiscard repriceRunUndo",
    "WRITE_STORES": "storeCreate storeConnect storeAuthorize storeDiagnose storeSettingsUpdate storeActivate storeDeactivate",
    "WRITE_RULES": "rulesetCreate rulesetPublish rulesetRollBack",
    "MANAGE_KEYS": "apiKey apiKeys apiKeyCreate apiKeyRotate apiKeyRevoke",
    "MANAGE_WEBHOOKS": """
        webhook webhooks webhookDelivery webhookDeliveries webhookCreate webhookUpdate webhookDelete webhookEnable
        webhookDisable webhookSecretRotate webhookTest webhookRedeliver
    """,
}
"""The scope that each root field needs."""
HEARD = {
    "READ": "listingChanged operationProgressed",
    "READ_AUDIT": "decisionMade",
    "READ_ORDERS": "orderImported",
}
"""The scope that each subscription needs."""
FREE = {"viewer", "ruleFacts"}
"""Whoever is known may ask these."""
MAY = {
    "OWNER": {*NEEDED},
    "MANAGER": {*NEEDED} - {"MANAGE_KEYS"},
    "OPERATOR": {"READ", "READ_AUDIT", "READ_ORDERS", "SIMULATE", "WRITE_LISTINGS", "RUN"},
    "ANALYST": {"READ", "READ_AUDIT", "SIMULATE"},
    "AUDITOR": {"READ", "READ_AUDIT"},
}
BY_FIELD = {field: scope for scope, fields in NEEDED.items() for field in fields.split()}
CALLS = list(calls(KEYS))
SCOPE_HEARD = {field: scope for scope, fields in HEARD.items() for field in fields.split()}
NOW = datetime.now(UTC)


async def a_key(
    runtime: Runtime, merchant: str = MERCHANT, *, role: str | None = None, scopes: Any = ()
) -> str:
    """The credential of a new key."""
    issued = await api_keys.create(
        runtime,
        Viewer.of_roles(merchant, "me", [Role.OWNER]),
        name=role or " ".join(sorted(scopes))[:100],
        role=Role(role) if role else None,
        scopes=[AccessScope(scope) for scope in scopes],
        now=NOW,
    )
    return issued.credential


@pytest.fixture
async def shop(runtime: Runtime, scope: Scope) -> None:
    await stock_everything(scope)


@pytest.fixture
async def client(runtime: Runtime, shop: None) -> AsyncIterator[httpx.AsyncClient]:
    """The API of a shop with one thing of each noun."""
    async with browser(runtime) as opened:
        yield opened


async def ask(client: httpx.AsyncClient, query: str, key: str | None) -> tuple[int, dict[str, Any]]:
    headers = {"authorization": f"Bearer {key}"} if key else {}
    response = await client.post("/graphql", json={"query": query}, headers=headers)
    body = response.json()
    body.pop("extensions", None)  # what is left to the caller
    return response.status_code, body


def codes(body: dict[str, Any]) -> list[str]:
    return [error["extensions"]["code"] for error in body.get("errors", ())]


async def everything(runtime: Runtime, **where: Any) -> str:
    """All that is stored, but for when keys were used."""
    handle = runtime.database.handle
    found = {}
    for name in sorted(await handle.list_collection_names()):
        rows = await handle[name].find(where, {"last_used_at": False}).sort("_id").to_list(None)
        found[name] = [str(row) for row in rows]
    return json.dumps(found)


def test_every_root_field_says_who_may_call_it() -> None:
    assert {call.field for call in CALLS} == {*BY_FIELD, *FREE}


def test_every_noun_says_who_may_read_it() -> None:
    assert set(READS) == set(Kind)


async def _is_refused(
    runtime: Runtime, client: httpx.AsyncClient, key: str, refused: Collection[Call]
) -> None:
    before = await everything(runtime)
    for call in refused:
        status, body = await ask(client, call.text, key)
        assert (status, codes(body)) == (403, ["FORBIDDEN"]), call.text
        assert not any((body["data"] or {}).values()), call.text
        assert f"the scope {BY_FIELD[call.field]}," in body["errors"][0]["message"], call.text
    assert await everything(runtime) == before


@pytest.mark.parametrize("role", MAY)
async def test_a_role_may_do_what_its_scopes_say_and_nothing_else(
    runtime: Runtime, client: httpx.AsyncClient, role: str
) -> None:
    key = await a_key(runtime, role=role)
    may = [call for call in CALLS if call.field in FREE or BY_FIELD[call.field] in MAY[role]]

    await _is_refused(runtime, client, key, [call for call in CALLS if call not in may])

    for call in may:
        status, body = await ask(client, call.text, key)
        assert (status, codes(body)) == (200, []), (call.text, body)


async def test_what_needs_a_scope_is_refused_to_who_has_all_others(
    runtime: Runtime, client: httpx.AsyncClient
) -> None:
    for lacking in NEEDED:
        key = await a_key(runtime, scopes=set(NEEDED) - {lacking})
        refused = [call for call in CALLS if BY_FIELD.get(call.field) == lacking]
        await _is_refused(runtime, client, key, refused)


async def test_without_a_credential_nothing_is_told_and_nothing_is_done(
    runtime: Runtime, client: httpx.AsyncClient
) -> None:
    before = await everything(runtime)  # there is a key: nobody gets in without one
    for call in CALLS:
        status, body = await ask(client, call.text, None)
        assert (status, codes(body)) == (401, ["UNAUTHENTICATED"]), call.text
        assert "data" not in body
    assert await everything(runtime) == before


async def test_another_merchants_things_look_as_if_they_never_were(
    runtime: Runtime, client: httpx.AsyncClient
) -> None:
    key = await a_key(runtime, "stranger", role="OWNER")
    before = await everything(runtime, merchant_id=MERCHANT)
    for call, never in zip(CALLS, calls(NEVER), strict=True):
        status, body = await ask(client, call.text, key)
        assert (status, codes(body)) == (200, []), (call.text, body)
        if call.names_things:
            assert (status, body) == await ask(client, never.text, key), call.text
        assert MERCHANT not in json.dumps(body), call.text
        assert "Shop" not in json.dumps(body), call.text
    assert await everything(runtime, merchant_id=MERCHANT) == before


WAYS = [
    (noun, path, target)
    for noun, path, target in references()
    if READS[Kind(noun)] is not READS[Kind(target)]
]


def along(value: Any, path: Sequence[str]) -> Any:
    """What an answer has at the end of a path, of a list its first."""
    for field in path:
        value = value[0] if isinstance(value, list) else value
        value = value and value[field]
    return value.get("nodes", value) if isinstance(value, dict) else value


async def test_no_way_leads_to_a_noun_around_its_scope(
    runtime: Runtime, client: httpx.AsyncClient
) -> None:
    keys: dict[frozenset[AccessScope], str] = {}
    for noun, path, target in WAYS:
        query, way = reference(noun, path), (noun, *path)
        one = frozenset({READS[Kind(noun)]})
        both = one | {READS[Kind(target)]}
        for scopes in (one, both):
            if scopes not in keys:
                keys[scopes] = await a_key(runtime, scopes=scopes)

        status, allowed = await ask(client, query, keys[both])
        assert (status, codes(allowed)) == (200, []), way
        assert along(allowed["data"]["node"], path), f"the shop has nothing to see at {way}"
        status, refused = await ask(client, query, keys[one])
        rest = refused["data"]["node"]
        assert (status, codes(refused)) == (200 if rest else 403, ["FORBIDDEN"]), way
        assert along(rest, path) is None, way
        assert READS[Kind(target)] in refused["errors"][0]["message"], way


async def test_a_field_that_is_refused_is_null_beside_those_that_are_not(
    runtime: Runtime, client: httpx.AsyncClient
) -> None:
    key = await a_key(runtime, role="AUDITOR")
    order = next(call for call in CALLS if call.field == "order").text
    query = order.replace("query {", "query { viewer { roles scopes merchant { slug } }", 1)

    status, body = await ask(client, query, key)

    assert (status, codes(body)) == (200, ["FORBIDDEN"])
    assert body["errors"][0]["path"] == ["order"]
    assert body["data"] == {
        "viewer": {
            "roles": ["AUDITOR"],
            "scopes": ["READ", "READ_AUDIT"],
            "merchant": {"slug": MERCHANT},
        },
        "order": None,
    }


async def test_a_mutation_is_not_done_where_its_answer_may_not_be_read(
    runtime: Runtime, client: httpx.AsyncClient
) -> None:
    key = await a_key(runtime, scopes={"WRITE_LISTINGS"})
    override = next(call for call in CALLS if call.field == "listingPriceOverride").text
    before = await everything(runtime)

    status, body = await ask(client, override, key)

    assert (status, codes(body)) == (403, ["FORBIDDEN"])
    assert await everything(runtime) == before


async def test_who_may_only_write_may_do_so_without_reading(
    runtime: Runtime, client: httpx.AsyncClient
) -> None:
    for scope in ("SIMULATE", "WRITE_LISTINGS", "RUN", "WRITE_STORES", "WRITE_RULES"):
        key = await a_key(runtime, scopes={scope})
        for call in (call for call in CALLS if BY_FIELD.get(call.field) == scope):
            blind = f"{call.text.partition(' { __typename')[0]} {{ userErrors {{ code }} }} }}"
            status, body = await ask(client, blind, key)
            assert (status, codes(body)) == (200, []), body


def test_every_subscription_says_who_may_hear_it() -> None:
    assert {call.field for call in subscriptions(KEYS)} == set(SCOPE_HEARD)


async def happens(scope: Scope) -> None:
    """One event for each subscription but that of operations, which tell at once how they stand."""
    await DECISIONS.insert(scope, [a_decision(900)])
    await listing_rows.change(scope, [("store1/MUG-1", {"title": "Another"})])
    await ORDERS.insert(scope, [an_order(900)])


@pytest.mark.parametrize("role", MAY)
async def test_a_role_hears_what_its_scopes_say_and_nothing_else(
    runtime: Runtime, shop: None, scope: Scope, role: str
) -> None:
    key = await a_key(runtime, role=role)
    asked = list(subscriptions(KEYS))
    refused = [call for call in asked if SCOPE_HEARD[call.field] not in MAY[role]]
    async with served(runtime) as address, connected(address) as client:
        await client.init(authorization=f"Bearer {key}")
        for call in asked:
            await client.subscribe(call.field, call.text)
        for call in refused:
            message = await client.message(call.field)
            [error] = message["payload"]
            assert (message["type"], error["extensions"]["code"]) == ("error", "FORBIDDEN"), call
            assert f"the scope {SCOPE_HEARD[call.field]}," in error["message"]
        await listening(runtime, len(asked) - len(refused))
        await happens(scope)
        for call in asked:
            if call not in refused:
                told = await client.event(call.field)
                assert any(value for value in told.values() if isinstance(value, dict)), call


async def test_who_is_unknown_hears_nothing(runtime: Runtime, shop: None) -> None:
    await a_key(runtime, role="OWNER")  # there is a key: nobody gets in without one
    for payload in ({}, {"authorization": "Bearer sk_live_unknown"}):
        async with served(runtime) as address, connected(address) as client:
            await client.send(type="connection_init", payload=payload)
            with pytest.raises(ConnectionClosed) as closed:
                await client.socket.recv()
            assert closed.value.rcvd
            assert closed.value.rcvd.code == 4403


async def test_a_stranger_hears_nothing_of_what_is_anothers(
    runtime: Runtime, shop: None, scope: Scope
) -> None:
    key = await a_key(runtime, "stranger", role="OWNER")
    async with served(runtime) as address, connected(address) as client:
        await client.init(authorization=f"Bearer {key}")
        for call, never in zip(subscriptions(KEYS), subscriptions(NEVER), strict=True):
            await client.subscribe(call.field, call.text)
            await client.subscribe("never", never.text)
            one, other = await client.message(call.field), await client.message("never")
            assert one["type"] == other["type"] == "error", call
            assert one["payload"] == other["payload"]
        await happens(scope)
        for call in subscriptions(KEYS):
            assert await client.is_silent(call.field, 0.2), call


def test_the_schema_says_what_a_subscription_needs() -> None:
    assert WRITTEN.subscription_type is not None
    for name, field in WRITTEN.subscription_type.fields.items():
        assert str(field.description).endswith(f"Needs the scope `{SCOPE_HEARD[name]}`."), name


def test_the_schema_says_what_a_field_needs() -> None:
    for root in (WRITTEN.query_type, WRITTEN.mutation_type):
        assert root is not None
        for name, field in root.fields.items():
            told = f"Needs the scope `{BY_FIELD.get(name)}`."
            is_any = name in FREE or name in {"node", "nodes"}
            assert is_any or str(field.description).endswith(told), name
            assert str(field.description).count("Needs the scope") <= 1, name
