"""Who may do what. What is called comes from the schema; what must be allowed stands here, by hand."""

import json
from collections.abc import AsyncIterator, Collection, Sequence
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from domain.access import AccessScope, Role, Viewer
from graphql_api.access import READS
from graphql_api.ids import Kind
from services import api_keys
from services.runtime import Runtime
from storage.mongo import Scope
from tests.factories import MERCHANT
from tests.graphql_api.calls import KEYS, NEVER, WRITTEN, Call, calls, reference, references
from tests.graphql_api.conftest import browser
from tests.graphql_api.seeds import stock_everything

NEEDED = {
    "READ": """
        node nodes store stores product productBySku products productsCount listing listingBySku listings
        listingsCount offers ruleset rulesets plan plans repriceRun repriceRuns repriceRunsCount operation operations
    """,
    "READ_AUDIT": "decision decisions decisionsCount submissions changes",
    "READ_ORDERS": "order orderByMarketplaceId orders ordersCount",
    "SIMULATE": "rulesetSimulate",
    "WRITE_LISTINGS": "listingPriceOverride listingPriceOverrideClear listingPublish",
    "RUN": "repriceRunStart operationCancel repriceRunResume repriceRunDiscard repriceRunUndo",
    "WRITE_STORES": "storeCreate storeConnect storeSettingsUpdate storeActivate storeDeactivate",
    "WRITE_RULES": "rulesetCreate rulesetPublish rulesetRollBack",
    "MANAGE_KEYS": "apiKey apiKeys apiKeyCreate apiKeyRotate apiKeyRevoke",
    "MANAGE_WEBHOOKS": """
        webhook webhooks webhookDelivery webhookDeliveries webhookCreate webhookUpdate webhookDelete webhookEnable
        webhookDisable webhookSecretRotate webhookTest webhookRedeliver
    """,
}
"""The scope that each root field needs."""
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


def test_the_schema_says_what_a_field_needs() -> None:
    for root in (WRITTEN.query_type, WRITTEN.mutation_type):
        assert root is not None
        for name, field in root.fields.items():
            told = f"Needs the scope `{BY_FIELD.get(name)}`."
            is_any = name in FREE or name in {"node", "nodes"}
            assert is_any or str(field.description).endswith(told), name
            assert str(field.description).count("Needs the scope") <= 1, name
