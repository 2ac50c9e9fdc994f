"""The sub-protocol graphql-transport-ws: who is let in, and what is refused how."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import httpx
import orjson
import pytest
from websockets.exceptions import InvalidStatus
from websockets.typing import Subprotocol

from domain.access import AccessScope, Role, Viewer
from domain.clock import SystemClock
from graphql_api import sockets
from services import api_keys
from services.runtime import Runtime
from storage.mongo import Scope
from tests.factories import MERCHANT
from tests.graphql_api.conftest import gid
from tests.graphql_api.seeds import stock_shop
from tests.graphql_api.sockets import TRANSPORT, Client, connected, listening, served

DECISIONS = "subscription ($id: ID!) { decisionMade(storeId: $id) { decision { id } } }"
STORE = gid("Store", "store1")
OWNER = Viewer.of_roles(MERCHANT, "me", [Role.OWNER])
_machine = SystemClock()
DEAR = "{ decisions(first: 250) { nodes { listing { id } ruleset { id } run { id } submission { id } } } }"


@pytest.fixture
async def address(runtime: Runtime, scope: Scope) -> AsyncIterator[str]:
    await stock_shop(scope)
    async with served(runtime) as opened:
        yield opened


async def _a_key(runtime: Runtime, *scopes: AccessScope) -> api_keys.Issued:
    """A key with these scopes; an owner's where none is given."""
    role = None if scopes else Role.OWNER
    return await api_keys.create(
        runtime, OWNER, name="key", role=role, scopes=scopes, now=_machine.now()
    )


async def _closed_with(client: Client) -> int | None:
    async with asyncio.timeout(10):
        await client.socket.wait_closed()
    return client.socket.close_code


async def test_a_local_user_is_let_in_and_pings_are_answered(address: str) -> None:
    async with connected(address) as client:
        await client.send(type="connection_init")
        assert orjson.loads(await client.socket.recv()) == {"type": "connection_ack"}
        await client.send(type="ping")
        assert orjson.loads(await client.socket.recv()) == {"type": "pong"}


@pytest.mark.parametrize("protocols", [["graphql-ws"], None])
async def test_no_other_sub_protocol_is_spoken(
    address: str, protocols: list[Subprotocol] | None
) -> None:
    async with connected(address, subprotocols=protocols) as client:
        assert await _closed_with(client) == 4406


async def test_who_does_not_introduce_itself_in_time_is_sent_away(
    runtime: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("graphql_api.view.INIT_SECONDS", 0.1)
    async with served(runtime) as address, connected(address) as client:
        assert await _closed_with(client) == 4408


def test_ten_seconds_are_enough_to_introduce_oneself() -> None:
    assert sockets.INIT_SECONDS == 10


@pytest.mark.parametrize(
    ("header", "payload", "is_let_in"),
    [
        ("Bearer KEY", {}, True),
        (None, {"authorization": "Bearer KEY"}, True),
        (None, {"Authorization": "Bearer KEY"}, True),
        ("Bearer other", {"authorization": "Bearer KEY"}, True),
        ("Bearer KEY", {"authorization": "Bearer other"}, False),
        (None, {}, False),
        (None, {"authorization": "Bearer é"}, False),
    ],
)
async def test_the_credential_comes_with_the_init_or_with_the_handshake(
    runtime: Runtime,
    address: str,
    header: str | None,
    payload: dict[str, Any],
    is_let_in: bool,
) -> None:
    key = (await _a_key(runtime)).credential
    headers = {"Authorization": header.replace("KEY", key)} if header else {}
    payload = {name: str(value).replace("KEY", key) for name, value in payload.items()}
    async with connected(address, additional_headers=headers) as client:
        if is_let_in:
            await client.init(**payload)
        else:
            await client.send(type="connection_init", payload=payload)
            assert await _closed_with(client) == 4403


@pytest.mark.parametrize(
    "origin", ["https://evil.example", "http://127.0.0.1:1", "http://localhost:3000", "null"]
)
async def test_pages_of_other_sites_are_kept_out(address: str, origin: str) -> None:
    with pytest.raises(InvalidStatus) as raised:
        async with connected(address, origin=origin):
            pass
    assert raised.value.response.status_code == 403


async def test_a_page_of_this_site_is_let_in(address: str) -> None:
    async with connected(address, origin=f"http://{address}") as client:
        await client.init()


async def test_a_name_that_points_here_does_not_make_a_local_user(address: str) -> None:
    origin = f"http://rebound.example:{address.rpartition(':')[2]}"
    async with connected(address, "rebound.example", origin=origin) as client:
        await client.send(type="connection_init")
        assert await _closed_with(client) == 4403


async def test_nothing_is_told_before_the_init(address: str) -> None:
    async with connected(address) as client:
        await client.subscribe("1", DECISIONS, id=STORE)
        assert await _closed_with(client) == 4401


async def test_a_credential_that_ends_closes_the_connection(
    runtime: Runtime, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sockets, "CHECK_SECONDS", 0.1)
    issued = await _a_key(runtime)
    async with connected(address) as client:
        await client.init(authorization=f"Bearer {issued.credential}")
        await client.subscribe("1", DECISIONS, id=STORE)
        await listening(runtime, 1)
        assert await client.is_silent("1")

        await api_keys.revoke(runtime, OWNER, issued.key.id, now=_machine.now())

        assert await _closed_with(client) == 4403
        await listening(runtime, 0)


@pytest.mark.parametrize(
    ("lent", "field", "is_told"),
    [
        (AccessScope.READ_AUDIT, "decisionMade(storeId: $id) { cursor }", True),
        (AccessScope.READ, "decisionMade(storeId: $id) { cursor }", False),
        (AccessScope.READ, "orderImported(storeId: $id) { cursor }", False),
        (AccessScope.READ, "listingChanged(storeId: $id) { listing { id } }", True),
        (
            AccessScope.READ,
            "listingChanged(storeId: $id) { listing { latestDecision { id } } }",
            False,
        ),
    ],
)
async def test_who_may_not_read_a_noun_does_not_hear_of_it(
    runtime: Runtime, address: str, lent: AccessScope, field: str, is_told: bool
) -> None:
    key = (await _a_key(runtime, lent)).credential
    async with connected(address) as client:
        await client.init(authorization=f"Bearer {key}")
        await client.subscribe("1", f"subscription ($id: ID!) {{ {field} }}", id=STORE)
        if is_told:
            await listening(runtime, 1)
        else:
            message = await client.message("1")
            assert message["type"] == "error"
            assert message["payload"][0]["extensions"]["code"] == "FORBIDDEN"


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("subscription { decisionMade(", "PARSE_FAILED"),
        ("subscription { made }", "VALIDATION_FAILED"),
        ("{ viewer { actor } }", "VALIDATION_FAILED"),
        ('subscription { decisionMade(storeId: "x") { cursor } }', "VALIDATION_FAILED"),
        (
            f'subscription {{ decisionMade(storeId: "{STORE}", after: "x") {{ cursor }} }}',
            "VALIDATION_FAILED",
        ),
        (
            f'subscription {{ decisionMade(storeId: "{STORE}", where: {{ outcome: {{ eq: null }} }}) {{ cursor }} }}',
            "VALIDATION_FAILED",
        ),
        (
            f'subscription {{ listingChanged(storeId: "{STORE}") {{ listing {DEAR} }} }}',
            "COST_EXCEEDED",
        ),
    ],
)
async def test_what_cannot_be_subscribed_to_is_an_error_with_a_code(
    address: str, query: str, code: str
) -> None:
    async with connected(address) as client:
        await client.init()
        await client.subscribe("1", query)
        message = await client.message("1")
        assert message["type"] == "error"
        assert [each["extensions"]["code"] for each in message["payload"]] == [code]


async def test_a_connection_has_so_many_subscriptions_and_no_more(
    runtime: Runtime, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sockets, "SUBSCRIPTIONS", 2)
    async with connected(address) as client:
        await client.init()
        for id_ in ("1", "2", "3"):
            await client.subscribe(id_, DECISIONS, id=STORE)
        assert (await client.message("3"))["type"] == "error"
        await listening(runtime, 2)
        await client.complete("1")
        await listening(runtime, 1)
        await client.subscribe("4", DECISIONS, id=STORE)
        await listening(runtime, 2)
    await listening(runtime, 0)


async def test_a_merchant_has_so_many_connections_and_no_more(
    address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sockets, "CONNECTIONS", 1)
    async with connected(address) as one, connected(address) as two:
        await one.init()
        await two.send(type="connection_init")
        assert await _closed_with(two) == 1013
        await one.close()
        async with connected(address) as three:
            await three.init()


async def test_subscriptions_are_not_answered_over_http(client: httpx.AsyncClient) -> None:
    response = await client.post("/graphql", json={"query": DECISIONS, "variables": {"id": STORE}})
    [error] = response.json()["errors"]
    assert response.status_code == 422
    assert error["extensions"] == {"code": "VALIDATION_FAILED"}
    assert TRANSPORT in error["message"]
