import json
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import httpx
import pytest
import structlog
from motor.motor_asyncio import AsyncIOMotorClient

from graphql_api import documents, limits
from services.runtime import Runtime
from storage.mongo import Database, Scope
from storage.stores import STORES
from tests.factories import a_store
from tests.graphql_api.conftest import GRAPHQL_JSON, browser, gid
from tests.graphql_api.seeds import stock_shop

PLAIN = {"accept": "application/json"}
BROKEN_STORE = {"_id": "broken", "merchant_id": "acme", "created_at": None}


async def _post(client: httpx.AsyncClient, query: str, **headers: str) -> httpx.Response:
    return await client.post("/graphql", json={"query": query}, headers=headers)


def _codes(response: httpx.Response) -> list[str]:
    return [error["extensions"]["code"] for error in response.json()["errors"]]


@pytest.mark.parametrize(
    ("query", "code", "status", "plain_status"),
    [
        ("{ viewer ", "PARSE_FAILED", 400, 400),
        ("{ vjewer }", "VALIDATION_FAILED", 422, 200),
        (
            "query A { viewer { actor } } query B { viewer { actor } }",
            "VALIDATION_FAILED",
            422,
            200,
        ),
        ("{ stores(first: 251) { nodes { id } } }", "VALIDATION_FAILED", 422, 200),
        ("{ stores(first: 0) { nodes { id } } }", "VALIDATION_FAILED", 422, 200),
        ("{ stores(last: -1) { nodes { id } } }", "VALIDATION_FAILED", 422, 200),
        ("{ stores(first: 1, last: 1) { nodes { id } } }", "VALIDATION_FAILED", 422, 200),
        ('{ stores(after: "x") { nodes { id } } }', "VALIDATION_FAILED", 422, 200),
        (
            '{ listingsCount(where: { storeId: { eq: "x" } }) { count } }',
            "VALIDATION_FAILED",
            422,
            200,
        ),
        (
            "{ listingsCount(where: { status: { eq: null } }) { count } }",
            "VALIDATION_FAILED",
            422,
            200,
        ),
        (
            '{ ordersCount(where: { purchasedAt: { lt: "2026-01-01T00:00:00" } }) { count } }',
            "VALIDATION_FAILED",
            422,
            200,
        ),
    ],
)
async def test_what_cannot_be_run_has_a_code_and_a_status(
    client: httpx.AsyncClient, query: str, code: str, status: int, plain_status: int
) -> None:
    response = await _post(client, query)
    assert (response.status_code, _codes(response)) == (status, [code])
    assert response.headers["content-type"] == GRAPHQL_JSON
    plain = await _post(client, query, **PLAIN)
    assert (plain.status_code, _codes(plain)) == (plain_status, [code])
    assert plain.headers["content-type"] == "application/json"


async def test_null_in_a_variable_is_refused_where_it_would_mean_nothing(
    client: httpx.AsyncClient,
) -> None:
    response = await client.post(
        "/graphql",
        json={
            "query": "query ($where: ListingWhereInput) { listingsCount(where: $where) { count } }",
            "variables": {"where": {"status": {"eq": None}}},
        },
    )
    [error] = response.json()["errors"]
    assert error["extensions"] == {"code": "VALIDATION_FAILED"}
    assert "null" in error["message"]
    assert "Maybe" not in error["message"]


@pytest.mark.parametrize(
    ("where", "message"),
    [
        ({"not": {"not": {"not": {"not": {}}}}}, "nested"),
        ({"or": [{"sellerSku": {"eq": str(n)}} for n in range(21)]}, "20"),
    ],
)
async def test_conditions_have_a_limit(
    client: httpx.AsyncClient, where: dict[str, Any], message: str
) -> None:
    query = "query ($where: ListingWhereInput) { listingsCount(where: $where) { count } }"
    response = await client.post("/graphql", json={"query": query, "variables": {"where": where}})
    assert _codes(response) == ["VALIDATION_FAILED"]
    assert message in response.json()["errors"][0]["message"]


def _deep(levels: int) -> str:
    inner = "__typename"
    for _ in range(levels):
        inner = f"children {{ {inner} }}"
    return f"{{ listings {{ nodes {{ latestDecision {{ rules {{ conditionTree {{ {inner} }} }} }} }} }} }}"


@pytest.mark.parametrize(
    ("query", "code"),
    [
        (_deep(limits.DEPTH), "VALIDATION_FAILED"),
        ("{" + " ".join(f"a{n}: viewer {{ actor }}" for n in range(31)) + "}", "VALIDATION_FAILED"),
        ("{ viewer { " + "actor " * limits.TOKENS + "} }", "PARSE_FAILED"),
    ],
)
async def test_documents_have_limits_also_when_they_are_known(
    client: httpx.AsyncClient, query: str, code: str
) -> None:
    for _ in range(2):
        assert set(_codes(await _post(client, query))) == {code}


async def test_what_is_within_the_limits_is_answered(client: httpx.AsyncClient) -> None:
    response = await _post(client, _deep(limits.DEPTH - 6))
    assert response.json()["data"] == {"listings": {"nodes": []}}


async def test_documents_are_remembered(client: httpx.AsyncClient) -> None:
    query = "query Remembered { viewer { actor } }"
    await _post(client, query)
    before = documents.known.cache_info().hits
    await _post(client, query)
    assert documents.known.cache_info().hits == before + 1


async def test_a_body_has_a_limit(client: httpx.AsyncClient) -> None:
    response = await _post(client, "#" * limits.BODY)
    assert (response.status_code, _codes(response)) == (413, ["VALIDATION_FAILED"])


@pytest.mark.parametrize(
    ("content", "kind", "status", "code"),
    [
        (b"{", "application/json", 400, "PARSE_FAILED"),
        (b"[]", "application/json", 400, "VALIDATION_FAILED"),
        (b"{}", "application/json", 400, "VALIDATION_FAILED"),
        (b"query=1", "application/x-www-form-urlencoded", 400, "VALIDATION_FAILED"),
    ],
)
async def test_what_is_no_request_is_refused_as_json(
    client: httpx.AsyncClient, content: bytes, kind: str, status: int, code: str
) -> None:
    response = await client.post("/graphql", content=content, headers={"content-type": kind})
    assert (response.status_code, _codes(response)) == (status, [code])


async def test_queries_may_be_got_and_mutations_may_not(client: httpx.AsyncClient) -> None:
    got = await client.get("/graphql", params={"query": "{ viewer { actor } }"})
    assert got.json()["data"] == {"viewer": {"actor": "local user"}}
    mutation = 'mutation { storeActivate(input: { storeId: "x" }) { userErrors { code } } }'
    refused = await client.get("/graphql", params={"query": mutation})
    assert (refused.status_code, _codes(refused)) == (400, ["VALIDATION_FAILED"])


async def test_the_page_is_for_browsers(runtime: Runtime, client: httpx.AsyncClient) -> None:
    page = await client.get("/graphql", headers={"accept": "text/html,*/*"})
    assert page.headers["content-type"].startswith("text/html")
    settings = runtime.settings.model_copy(update={"graphiql": False})
    async with browser(replace(runtime, settings=settings)) as other:
        assert (await other.get("/graphql", headers={"accept": "text/html"})).status_code == 404


async def test_a_bug_is_masked_and_logged_with_what_the_caller_can_quote(
    runtime: Runtime, client: httpx.AsyncClient
) -> None:
    await runtime.database.handle.stores.insert_one(BROKEN_STORE)
    with structlog.testing.capture_logs() as logs:
        response = await _post(client, "{ viewer { actor } store: stores { nodes { id name } } }")
    body = response.json()
    [error] = body["errors"]
    request_id = response.headers["x-request-id"]
    assert (response.status_code, body["data"], error["message"]) == (500, None, "Internal error")
    assert error["extensions"] == {"code": "INTERNAL", "requestId": request_id}
    assert error["path"] == ["store", "nodes", 0, "name"]
    [entry] = [entry for entry in logs if entry["event"] == "graphql.failed"]
    assert entry["request"] == request_id


async def test_part_of_an_answer_comes_with_200(
    runtime: Runtime, client: httpx.AsyncClient
) -> None:
    await runtime.database.handle.stores.insert_one(BROKEN_STORE)
    store = gid("Store", "broken")
    response = await _post(client, f'{{ viewer {{ actor }} store(id: "{store}") {{ id name }} }}')
    assert response.status_code == 200
    assert response.json()["data"] == {"viewer": {"actor": "local user"}, "store": None}
    assert _codes(response) == ["INTERNAL"]


@pytest.fixture
async def away(runtime: Runtime) -> AsyncIterator[httpx.AsyncClient]:
    """The API while its database cannot be reached."""
    nowhere: AsyncIOMotorClient[dict[str, Any]] = AsyncIOMotorClient(
        "mongodb://127.0.0.1:9", serverSelectionTimeoutMS=50
    )
    async with browser(replace(runtime, database=Database(nowhere, "none"))) as client:
        yield client
    nowhere.close()


async def test_while_the_database_is_away_the_api_is_unavailable(away: httpx.AsyncClient) -> None:
    response = await _post(away, "{ stores { nodes { id } } }")
    assert (response.status_code, _codes(response)) == (503, ["UNAVAILABLE"])
    assert "127.0.0.1" not in json.dumps(response.json())
    ready = await away.get("/readyz")
    assert (ready.status_code, (await away.get("/healthz")).status_code) == (503, 200)


async def test_with_its_database_the_api_is_ready(client: httpx.AsyncClient) -> None:
    assert (await client.get("/readyz")).text == "ready"


async def test_another_merchants_things_look_as_if_they_never_were(
    runtime: Runtime, scope: Scope
) -> None:
    await stock_shop(scope)
    settings = runtime.settings.model_copy(update={"merchant": "stranger"})
    stranger = replace(runtime, settings=settings)
    await STORES.insert(
        stranger.scope("stranger"), [a_store(id="store2", merchant_id="stranger", name="Other")]
    )
    answers = []
    async with browser(stranger) as client:
        for store, sku in (("store1", "MUG-1"), ("never", "NEVER")):
            query = _everything(store, sku)
            answer = (await _post(client, query)).json()
            del answer["extensions"]
            answers.append(answer)
        own = await _post(client, "{ stores { nodes { name } } listings { nodes { id } } }")
    assert answers[0] == answers[1]
    assert "Shop" not in json.dumps(answers[0])
    assert own.json()["data"] == {
        "stores": {"nodes": [{"name": "Other"}]},
        "listings": {"nodes": []},
    }


def _everything(store: str, sku: str) -> str:
    of_store, of_listing = gid("Store", store), gid("Listing", f"{store}/{sku}")
    decision = gid("PriceDecision", "decision0000" if sku == "MUG-1" else "never")
    product = gid("Product", f"acme/{sku}")
    return f"""{{
      store(id: "{of_store}") {{ name }}
      listing(id: "{of_listing}") {{ title }}
      listingBySku(storeId: "{of_store}", sellerSku: "{sku}") {{ title }}
      product(id: "{product}") {{ name }}
      decision(id: "{decision}") {{ reason }}
      nodes(ids: ["{of_store}", "{of_listing}", "{decision}"]) {{ __typename }}
      offers(storeId: "{of_store}", asin: "B000000000") {{ nodes {{ sellerId }} }}
      listings(where: {{ storeId: {{ eq: "{of_store}" }} }}) {{ nodes {{ title }} }}
      changes(where: {{ listingId: {{ eq: "{of_listing}" }} }}) {{ nodes {{ after }} }}
      submissions(where: {{ storeId: {{ eq: "{of_store}" }} }}) {{ nodes {{ state }} }}
    }}"""
