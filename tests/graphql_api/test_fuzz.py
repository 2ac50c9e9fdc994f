"""Whatever is sent, right or wrong, has an answer that the caller can use: no failure of ours, and none in disguise.

NIGHTLY=1 sends twenty thousand requests.
"""

import os
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from typing import cast

import graphql
import httpx
import pytest
from graphql import GraphQLObjectType
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis_graphql import Mode, nodes, queries
from hypothesis_graphql import mutations as mutations_of

from graphql_api.errors import STATUS, Code
from services.allowance import MOST, Allowance, Left
from services.runtime import Runtime
from storage.mongo import Scope
from tests.graphql_api.calls import KEYS, WRITTEN
from tests.graphql_api.conftest import browser, gid
from tests.graphql_api.seeds import PRICING, stock_everything
from tests.graphql_api.test_access import a_key

IS_NIGHTLY = bool(os.environ.get("NIGHTLY"))
REQUESTS = 20_000 if IS_NIGHTLY else 150
OURS = {Code.INTERNAL, Code.TIMEOUT, Code.UNAVAILABLE, Code.UNAUTHENTICATED, Code.FORBIDDEN}
"""What no request of an owner may come to, however odd it is."""

_TEXTS = st.one_of(
    st.sampled_from(["MUG-1", "B000000000", PRICING, "", "12.50", "USD", "a@b.c", "US"]),
    st.text(max_size=20),
)


def _strings(*usual: str) -> st.SearchStrategy[graphql.ValueNode]:
    """Values that fit a scalar, and texts that may not."""
    return st.one_of(st.sampled_from(usual), st.sampled_from(usual), _TEXTS).map(nodes.String)


SCALARS = {
    "ID": _strings(*(gid(kind, key) for kind, key in KEYS.items()), gid("Store", "never")),
    "Sku": _strings("MUG-1"),
    "MarketplaceItemId": _strings("B000000000"),
    "Sha256": _strings("0" * 64),
    "CurrencyCode": _strings("USD", "EUR", "JPY", "XXX"),
    "LocalTime": _strings("09:30"),
    "IdempotencyKey": _strings("12345678"),
    "Decimal": _strings("12.50", "0", "-1", "0.000000001", "99999999999999999999"),
    "DateTime": _strings("2026-01-31T09:30:00Z", "0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z"),
    "String": st.one_of(_TEXTS, st.text()).map(nodes.String),
}


def _roots(kind: GraphQLObjectType | None) -> list[str]:
    assert kind is not None
    return list(kind.fields)


def requests() -> st.SearchStrategy[str]:
    """Documents that are valid, one root field each so that most can be paid for, and some that are not."""
    asked = [
        queries(WRITTEN, fields=[name], custom_scalars=SCALARS, allow_x00=True)
        for name in _roots(WRITTEN.query_type)
    ]
    done = [
        mutations_of(WRITTEN, fields=[name], custom_scalars=SCALARS)
        for name in _roots(WRITTEN.mutation_type)
    ]
    wrong = [
        make(WRITTEN, custom_scalars=SCALARS, mode=Mode.NEGATIVE)
        for make in (queries, mutations_of)
    ]
    return cast("st.SearchStrategy[str]", st.one_of(*asked, *done, *wrong))


class Generous(Allowance):
    """Everyone can pay for everything: what is looked for here is behind the till."""

    def __init__(self) -> None: ...

    async def take(self, caller: str, points: int) -> Left:
        del caller, points
        return Left(MOST)

    def give_back(self, caller: str, points: int) -> None:
        del caller, points


@pytest.fixture
async def client(runtime: Runtime, scope: Scope) -> AsyncIterator[httpx.AsyncClient]:
    """The API of a shop with one thing of each noun, asked by its owner."""
    await stock_everything(scope)
    key = await a_key(runtime, role="OWNER")
    generous = replace(runtime, allowance=Generous())
    async with browser(generous, authorization=f"Bearer {key}") as opened:
        yield opened


@pytest.fixture
def seen() -> Iterator[Counter[str]]:
    """How requests were answered; a fuzzer whose requests are all refused finds nothing."""
    counted: Counter[str] = Counter()
    yield counted
    assert counted["answered"] > counted.total() / 4, counted


@pytest.mark.timeout(7200 if IS_NIGHTLY else 300)
@settings(
    max_examples=REQUESTS,
    deadline=None,
    derandomize=not IS_NIGHTLY,
    suppress_health_check=[*HealthCheck],
)
@given(text=requests())
async def test_whatever_is_sent_has_an_answer(
    client: httpx.AsyncClient, seen: Counter[str], text: str
) -> None:
    response = await client.post("/graphql", json={"query": text})

    body = response.json()
    errors = body.get("errors", [])
    codes = [error["extensions"]["code"] for error in errors]
    assert not OURS.intersection(codes), errors
    assert set(codes) <= set(Code), errors
    assert response.status_code in {200, *(STATUS[code] for code in codes)}
    seen[codes[0] if codes else "answered"] += 1
