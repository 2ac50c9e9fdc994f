"""What an operation costs, who pays for it, and how long it may take."""

import asyncio
from dataclasses import replace
from typing import Any

import httpx
import pytest
from graphql import get_operation_ast, parse

from embedded.servers import ServerUrls
from graphql_api import context as contexts
from graphql_api import cost, stores
from graphql_api.cost import Cost, price
from graphql_api.schema import SCHEMA
from services.allowance import MOST, PER_SECOND, Allowance
from services.runtime import Runtime
from storage.mongo import Scope
from tests.graphql_api.conftest import browser
from tests.graphql_api.seeds import stock_shop

PAGE_WITH_EVERYTHING = """
{ listings(first: 100) { nodes {
    product { sku } store { name } featuredOffer { sellerId } latestDecision { outcome trace { note } }
} } }
"""


def test_a_page_by_another_name_is_charged_for_what_it_holds() -> None:
    document = parse("{ l: listings(first: 9) { n: nodes { id } p: pageInfo { endCursor } } }")
    operation = get_operation_ast(document, None)
    assert operation is not None
    [field] = price(SCHEMA._schema, document, operation)
    assert field.actual({"n": [{"id": "1"}] * 4, "p": {"endCursor": "x"}}, {}) == Cost(6, 4)


def priced(query: str, **variables: Any) -> Cost:
    document = parse(query)
    operation = get_operation_ast(document, None)
    assert operation is not None
    fields = price(SCHEMA._schema, document, operation)
    return sum((field.cost(variables) for field in fields), Cost())


@pytest.mark.parametrize(
    ("query", "points", "nodes"),
    [
        ("{ viewer { actor merchant { slug } } }", 0, 0),
        ('{ store(id: "x") { name settings { timeZone } } }', 1, 1),
        ("{ listingsCount { count } }", 5, 0),
        ("{ listings(first: 10) { nodes { sellerSku price { amount } } } }", 12, 10),
        ("{ listings { pageInfo { hasNextPage } } }", 2, 0),
        ("{ listings { edges { node { id } } } }", 52, 50),
        ("{ listings(last: 7) { nodes { id } } }", 9, 7),
        (
            PAGE_WITH_EVERYTHING,
            2 + 100 * (1 + 1 + 1 + 1 + 1 + 2),
            500,
        ),
        (
            "{ listings(first: 10) { nodes { decisions(first: 5) { nodes { id } } } } }",
            2 + 10 * (1 + 2 + 5),
            10 + 50,
        ),
        ("{ listings(first: 9) { nodes { offers { nodes { sellerId } } } } }", 2 + 9 * (1 + 2), 9),
        ("{ listings(first: 2) { nodes { explain { reason } } } }", 2 + 2 * (1 + 5 + 1), 4),
        ("{ listings(first: 3) { nodes { priceHistory { price { last { amount } } } } } }", 80, 3),
        ('{ nodes(ids: ["a", "b", "c"]) { id ... on Listing { store { name } } } }', 6, 6),
        ("{ a: listings(first: 1) { nodes { id } } b: listings(first: 2) { nodes { id } } }", 7, 3),
        ("query { ...Page } fragment Page on Query { listings(first: 3) { nodes { id } } }", 5, 3),
        ('mutation { storeActivate(input: {storeId: "x"}) { store { name } } }', 11, 1),
    ],
)
def test_an_operation_costs_what_it_may_read(query: str, points: int, nodes: int) -> None:
    assert priced(query) == Cost(points, nodes)


def test_sizes_come_out_of_variables() -> None:
    query = "query ($n: Int, $ids: [ID!]!) { listings(first: $n) { nodes { id } } nodes(ids: $ids) { id } }"
    assert priced(query, n=5, ids=["a", "b"]) == Cost(2 + 5 + 2, 7)
    assert priced(query, ids=[]) == Cost(2 + 50, 50)


async def post(client: httpx.AsyncClient, query: str, **variables: Any) -> httpx.Response:
    body = {"query": query, "variables": variables}
    return await client.post("/graphql", json=body)


async def test_every_answer_says_what_it_cost(client: httpx.AsyncClient, scope: Scope) -> None:
    await stock_shop(scope, ["A", "B", "C"])

    answer = await post(client, "{ listings(first: 20) { nodes { sellerSku } } }")

    assert answer.json()["extensions"]["cost"] == {
        "requested": 22,
        "actual": 5,
        "available": MOST - 5,
        "ceiling": cost.CEILING,
        "restoreRate": PER_SECOND,
    }
    assert answer.headers["X-RateLimit-Remaining"] == str(MOST - 5)


async def test_a_default_of_a_variable_counts(client: httpx.AsyncClient) -> None:
    query = "query ($n: Int = 30) { listings(first: $n) { nodes { id } } }"
    assert (await post(client, query)).json()["extensions"]["cost"]["requested"] == 32


async def test_the_cost_of_each_field_is_told_on_request(client: httpx.AsyncClient) -> None:
    query = "{ listings(first: 10) { nodes { store { name } } } storesCount: viewer { actor } }"
    answer = await client.post("/graphql?explainCost", json={"query": query})
    assert answer.json()["extensions"]["cost"]["fields"] == {
        "listings": 22,
        "listings.nodes": 2,
        "listings.nodes.store": 1,
    }


async def test_what_costs_too_much_is_refused_and_told_which_field(
    client: httpx.AsyncClient,
) -> None:
    query = "{ viewer { actor } all: listings(first: 250) { nodes { decisions(first: 9) { nodes { id } } } } }"
    answer = await post(client, query)
    assert answer.status_code == 422
    (error,) = answer.json()["errors"]
    assert error["extensions"] == {
        "code": "COST_EXCEEDED",
        "cost": 2 + 250 * (1 + 2 + 9),
        "ceiling": 1000,
        "dearestField": "all",
    }
    assert error["message"] == (
        "This costs up to 3002 points; 1000 are allowed. Ask `all` for smaller pages."
    )


async def test_too_many_objects_are_refused(
    client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("graphql_api.charging.NODES", 100)
    answer = await post(client, "{ listings(first: 101) { nodes { id } } }")
    assert "up to 101 objects; 100 are allowed" in answer.json()["errors"][0]["message"]


async def test_a_document_holds_ten_mutations(client: httpx.AsyncClient) -> None:
    one = '{}: operationCancel(input: {{operationId: "x"}}) {{ userErrors {{ code }} }}'
    many = "mutation {" + " ".join(one.format(f"m{number}") for number in range(11)) + "}"
    answer = await post(client, many)
    assert answer.json()["errors"][0]["message"] == "A document can hold 10 mutations."


async def test_an_empty_bucket_says_how_long_to_wait(
    client: httpx.AsyncClient, runtime: Runtime
) -> None:
    await runtime.allowance.take("acme:local user", MOST - 10)

    answer = await post(client, "{ listings(first: 250) { nodes { id } } }")

    assert answer.status_code == 429
    (error,) = answer.json()["errors"]
    assert error["extensions"]["code"] == "THROTTLED"
    assert 2 < error["extensions"]["retryAfterSeconds"] <= 2.5
    assert answer.headers["Retry-After"] == "3"
    assert (await post(client, "{ viewer { actor } }")).status_code == 200


async def test_callers_have_buckets_of_their_own_which_processes_share(
    servers: ServerUrls,
) -> None:
    one, other = (Allowance(servers.redis_url, "test") for _ in range(2))
    try:
        assert (await one.take("a", 1500)).points == 500
        refused = await other.take("a", 1000)
        assert refused.points < 510
        assert 4.5 < refused.wait <= 5
        assert (await other.take("b", 2000)).points == 0
        other.give_back("b", 1000)
        assert 1000 <= (await other.take("b", 0)).points < 1100
    finally:
        await one.close()
        await other.close()


async def test_without_redis_each_process_goes_on_alone() -> None:
    alone = Allowance("redis://127.0.0.1:1", "test")
    try:
        assert (await alone.take("a", 1990)).points == 10
        refused = await alone.take("a", 20)
        assert 0 < refused.wait <= 0.1
        assert 10 <= refused.points < 20
    finally:
        await alone.close()


async def test_a_field_that_takes_too_long_is_given_up_by_name(
    runtime: Runtime, scope: Scope, monkeypatch: pytest.MonkeyPatch
) -> None:
    await stock_shop(scope, ["A"])
    monkeypatch.setattr(contexts, "SECONDS", 0.2)
    assemble = stores.NOUN.assemble

    async def slowly(*arguments: Any) -> Any:
        await asyncio.sleep(5)
        return await assemble(*arguments)

    slow = replace(stores.NOUN, assemble=slowly)
    monkeypatch.setattr(stores, "NOUN", slow)
    async with browser(runtime) as client:
        answer = await post(client, "{ viewer { actor } late: stores { nodes { name } } }")

    (error,) = answer.json()["errors"]
    assert (error["extensions"], error["path"]) == ({"code": "TIMEOUT"}, ["late"])
    assert error["message"].startswith("`stores` was not done")
