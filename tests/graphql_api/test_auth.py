"""Who gets in: at this machine, with a key, with a token."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, nullcontext
from dataclasses import replace
from datetime import timedelta
from typing import Any

import httpx
import pytest
from motor.motor_asyncio import AsyncIOMotorClient

from connectors.identity_provider import IdentityProvider
from domain.access import Role, Viewer
from domain.clock import SystemClock
from graphql_api.app import app_on
from services import api_keys
from services.runtime import Runtime
from storage.api_keys import API_KEYS
from storage.mongo import Database, Scope
from tests.factories import MERCHANT
from tests.identity import AUDIENCE, ISSUER, Issuer

WHO = "{ viewer { actor roles merchant { slug } } }"
OWNER = Viewer.of_roles(MERCHANT, "me", [Role.OWNER])


@asynccontextmanager
async def calling(
    runtime: Runtime, host: str = "localhost", peer: str = "127.0.0.1"
) -> AsyncIterator[httpx.AsyncClient]:
    """A client at an address, which calls the API by a name."""
    app = app_on(lambda: nullcontext(runtime))
    transport = httpx.ASGITransport(app, client=(peer, 50000))
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url=f"http://{host}") as client,
    ):
        yield client


async def who(client: httpx.AsyncClient, **headers: str) -> tuple[int, Any]:
    """Status, and the name of whom the API takes the caller for or the code of its refusal."""
    encoded = {name.replace("_", "-").encode(): value.encode() for name, value in headers.items()}
    response = await client.post("/graphql", json={"query": WHO}, headers=encoded)
    body = response.json()
    told = body["errors"][0]["extensions"]["code"] if "errors" in body else body["data"]["viewer"]
    return response.status_code, told if isinstance(told, str) else told["actor"]


def bearer(credential: str) -> dict[str, str]:
    return {"authorization": f"Bearer {credential}"}


async def made(runtime: Runtime, **changes: Any) -> api_keys.Issued:
    given = {"name": "ci", "role": Role.ANALYST, "now": SystemClock().now(), **changes}
    return await api_keys.create(runtime, OWNER, **given)


async def test_at_this_machine_the_owner_needs_no_key_while_there_is_none(
    runtime: Runtime,
) -> None:
    for host, peer in (
        ("localhost", "127.0.0.1"),
        ("127.0.0.1:8000", "127.0.0.1"),
        ("[::1]:8000", "::1"),
    ):
        async with calling(runtime, host, peer) as client:
            assert await who(client) == (200, "local user"), (host, peer)


async def test_anybody_else_needs_a_key_from_the_start(runtime: Runtime) -> None:
    for host, peer, headers in (
        ("rebound.example", "127.0.0.1", {}),
        ("localhost", "192.0.2.7", {}),
        ("localhost", "no address", {}),
        ("localhost", "127.0.0.1", {"x_forwarded_for": "127.0.0.1"}),
        ("localhost", "127.0.0.1", {"forwarded": "for=127.0.0.1"}),
        ("localhost", "127.0.0.1", {"authorization": ""}),
        ("localhost", "127.0.0.1", {"authorization": "Bearer"}),
    ):
        async with calling(runtime, host, peer) as client:
            found = await who(client, **headers)
            assert found == (401, "UNAUTHENTICATED"), (host, peer, headers)


async def test_from_the_first_key_on_a_credential_is_needed_at_this_machine_too(
    runtime: Runtime,
) -> None:
    now = SystemClock().now()
    async with calling(runtime) as client:
        await made(runtime, now=now - timedelta(days=2), expires_at=now - timedelta(days=1))
        assert await who(client) == (401, "UNAUTHENTICATED"), "that time passes opens nothing"


async def test_once_all_keys_are_revoked_this_machine_is_answered_again(runtime: Runtime) -> None:
    issued = await made(runtime)
    await api_keys.revoke(runtime, OWNER, issued.key.id, now=SystemClock().now())
    async with calling(runtime) as client:
        assert await who(client) == (200, "local user")


async def test_another_merchants_key_locks_nobody_out(runtime: Runtime) -> None:
    stranger = replace(OWNER, merchant_id="stranger")
    now = SystemClock().now()
    await api_keys.create(runtime, stranger, name="theirs", role=Role.OWNER, now=now)
    async with calling(runtime) as client:
        assert await who(client) == (200, "local user")


async def test_a_key_works_from_anywhere_and_names_its_merchant(runtime: Runtime) -> None:
    stranger = replace(OWNER, merchant_id="stranger")
    now = SystemClock().now()
    issued = await api_keys.create(runtime, stranger, name="erp", role=Role.AUDITOR, now=now)
    async with calling(runtime, "shop.example", "192.0.2.7") as client:
        response = await client.post(
            "/graphql", json={"query": WHO}, headers=bearer(issued.credential)
        )
    assert response.json()["data"]["viewer"] == {
        "actor": "API key erp",
        "roles": ["AUDITOR"],
        "merchant": {"slug": "stranger"},
    }


async def test_what_is_not_the_key_opens_nothing(runtime: Runtime) -> None:
    key = (await made(runtime)).credential
    other = key[:-1] + ("0" if key[-1] != "0" else "1")
    async with calling(runtime) as client:
        assert await who(client, authorization=f"Bearer {key}") == (200, "API key ci")
        for written in (
            key,
            f"Basic {key}",
            f"Bearer {key}x",
            f"Bearer x{key}",
            f"Bearer {key.replace('live', 'test')}",
            "Bearer sk_live_",
            "Bearer sk_live_ключ",
            f"Bearer {key.rpartition('_')[0]}",
            f"Bearer {other}",
        ):
            assert await who(client, authorization=written) == (401, "UNAUTHENTICATED"), written


async def test_a_refusal_says_how_to_come_back(runtime: Runtime) -> None:
    await made(runtime)
    async with calling(runtime) as client:
        refused = await client.post("/graphql", json={"query": WHO})
    assert refused.headers["www-authenticate"] == "Bearer"
    assert "Authorization: Bearer" in refused.json()["errors"][0]["message"]


async def test_what_is_kept_of_a_key_does_not_open_anything(runtime: Runtime, scope: Scope) -> None:
    issued = await made(runtime)
    kept = str(await runtime.database.handle.api_keys.find_one({"_id": issued.key.id}))
    secret = issued.credential.rpartition("_")[2]
    assert secret not in kept
    assert (await API_KEYS.require(scope, issued.key.id)).last_four == secret[-4:]


async def test_while_the_database_is_away_nobody_can_be_known(runtime: Runtime) -> None:
    nowhere: AsyncIOMotorClient[dict[str, Any]] = AsyncIOMotorClient(
        "mongodb://127.0.0.1:9", serverSelectionTimeoutMS=50
    )
    key = (await made(runtime)).credential
    async with calling(replace(runtime, database=Database(nowhere, "none"))) as client:
        assert await who(client) == (503, "UNAVAILABLE")
        assert await who(client, **bearer(key)) == (503, "UNAVAILABLE")
    nowhere.close()


@pytest.fixture
async def issuer(runtime: Runtime) -> AsyncIterator[tuple[Runtime, Issuer]]:
    """An API that takes the tokens of an identity provider."""
    provider = Issuer()
    settings = runtime.settings.model_copy(
        update={"jwt_issuer": ISSUER, "jwt_audience": AUDIENCE, "jwt_roles_claim": "groups"}
    )
    keys = IdentityProvider(ISSUER, http=provider.http())
    yield replace(runtime, settings=settings, identity_provider=keys), provider
    await keys.close()


async def test_a_token_of_the_identity_provider_is_a_person_with_roles(
    issuer: tuple[Runtime, Issuer],
) -> None:
    runtime, provider = issuer
    token = provider.token(groups=["manager", "everyone"], email="ann@shop.com")
    async with calling(runtime, "shop.example", "192.0.2.7") as client:
        response = await client.post("/graphql", json={"query": WHO}, headers=bearer(token))
    assert response.json()["data"]["viewer"] == {
        "actor": "ann@shop.com",
        "roles": ["MANAGER"],
        "merchant": {"slug": MERCHANT},
    }


async def test_a_token_without_a_role_may_do_nothing(issuer: tuple[Runtime, Issuer]) -> None:
    runtime, provider = issuer
    async with calling(runtime) as client:
        assert await who(client, **bearer(provider.token())) == (200, "ann")
        query = {"query": "{ stores { nodes { id } } }"}
        refused = await client.post("/graphql", json=query, headers=bearer(provider.token()))
    assert refused.json()["errors"][0]["extensions"] == {"code": "FORBIDDEN"}


async def test_with_an_identity_provider_nobody_gets_in_without_a_credential(
    issuer: tuple[Runtime, Issuer],
) -> None:
    runtime, provider = issuer
    async with calling(runtime) as client:
        assert await who(client) == (401, "UNAUTHENTICATED")
        assert await who(client, **bearer("x.y.z")) == (401, "UNAUTHENTICATED")
        key = (await made(runtime)).credential
        assert await who(client, **bearer(key)) == (200, "API key ci")
        provider.is_away = True
        assert await who(client, **bearer(provider.token())) == (503, "UNAVAILABLE")


async def test_without_an_identity_provider_tokens_mean_nothing(runtime: Runtime) -> None:
    async with calling(runtime) as client:
        assert await who(client, **bearer(Issuer().token())) == (401, "UNAUTHENTICATED")
