"""API keys over the API: made, used, rotated, revoked, and never shown twice."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from services.runtime import Runtime
from tests.graphql_api.conftest import Ask, gid
from tests.graphql_api.test_access import a_key, codes, everything
from tests.graphql_api.test_access import ask as ask_with

CREATE = """mutation ($input: ApiKeyCreateInput!) { apiKeyCreate(input: $input) {
  key apiKey { id name role scopes prefix lastFour createdBy expiresAt lastUsedAt revokedAt }
  userErrors { field code } } }"""
ROTATE = """mutation ($input: ApiKeyRotateInput!) { apiKeyRotate(input: $input) {
  key apiKey { id lastFour rotatedAt formerExpiresAt } userErrors { field code } } }"""
REVOKE = """mutation ($input: ApiKeyRevokeInput!) { apiKeyRevoke(input: $input) {
  apiKey { revokedAt revokedBy } userErrors { field code } } }"""
KEYS = "{ apiKeys { nodes { id name role scopes prefix lastFour lastUsedAt revokedBy } } }"


@pytest.fixture
async def owner(runtime: Runtime, client: httpx.AsyncClient) -> Ask:
    """Questions of an owner with a key."""
    client.headers["authorization"] = f"Bearer {await a_key(runtime, role='OWNER')}"

    async def ask(query: str, **given: Any) -> dict[str, Any]:
        variables = {"input": given} if given else {}
        response = await client.post("/graphql", json={"query": query, "variables": variables})
        body = response.json()
        assert "errors" not in body, body
        [payload] = body["data"].values()
        found: dict[str, Any] = payload
        return found

    return ask


async def test_a_key_is_shown_once_and_works(owner: Ask, client: httpx.AsyncClient) -> None:
    end = (datetime.now(UTC) + timedelta(days=9)).isoformat(timespec="milliseconds")
    given = {"name": "erp", "scopes": ["READ_ORDERS", "READ"], "expiresAt": end}
    made = await owner(CREATE, **given)
    assert made["userErrors"] == []
    told, key = made["apiKey"], made["key"]
    assert key.startswith(told["prefix"])
    assert key.endswith(told["lastFour"])
    assert (told["name"], told["role"], told["scopes"]) == ("erp", None, ["READ", "READ_ORDERS"])
    assert (told["createdBy"], told["lastUsedAt"]) == ("API key OWNER", None)
    assert told["expiresAt"] == end.replace("+00:00", "Z")

    status, body = await ask_with(client, "{ viewer { actor scopes } }", key)
    assert (status, body["data"]["viewer"]["actor"]) == (200, "API key erp")

    listed = await owner(KEYS)
    newest = listed["nodes"][0]
    assert newest["id"] == told["id"]
    assert newest["lastUsedAt"] is not None
    assert key.rpartition("_")[2] not in json.dumps(listed)


async def test_a_mistake_is_told_with_its_path(owner: Ask) -> None:
    past = "2020-01-01T00:00:00Z"
    for given, field in (
        ({"name": " ", "role": "OWNER"}, "name"),
        ({"name": "x"}, "role"),
        ({"name": "x", "scopes": []}, "role"),
        ({"name": "x", "role": "OWNER", "scopes": ["READ"]}, "role"),
        ({"name": "x", "role": "OWNER", "expiresAt": past}, "expiresAt"),
    ):
        made = await owner(CREATE, **given)
        assert (made["apiKey"], made["key"]) == (None, None)
        assert made["userErrors"] == [{"field": ["input", field], "code": "INVALID"}]


async def test_a_rotated_key_has_a_successor_and_a_revoked_one_has_none(
    owner: Ask, client: httpx.AsyncClient
) -> None:
    made = await owner(CREATE, name="ci", role="ANALYST")
    id_ = made["apiKey"]["id"]

    rotated = await owner(ROTATE, apiKeyId=id_, graceHours=1)
    times = [
        datetime.fromisoformat(rotated["apiKey"][name]) for name in ("rotatedAt", "formerExpiresAt")
    ]
    assert times[1] - times[0] == timedelta(hours=1)
    for key in (made["key"], rotated["key"]):
        assert (await ask_with(client, "{ viewer { actor } }", key))[0] == 200

    revoked = await owner(REVOKE, apiKeyId=id_)
    assert revoked["apiKey"]["revokedBy"] == "API key OWNER"
    for key in (made["key"], rotated["key"]):
        assert (await ask_with(client, "{ viewer { actor } }", key))[0] == 401
    conflict = [{"field": ["input", "apiKeyId"], "code": "CONFLICT"}]
    assert (await owner(REVOKE, apiKeyId=id_))["userErrors"] == conflict
    assert (await owner(ROTATE, apiKeyId=id_))["userErrors"] == conflict


async def test_a_key_that_never_was_is_not_found(owner: Ask) -> None:
    missing = [{"field": ["input", "apiKeyId"], "code": "NOT_FOUND"}]
    for id_ in ("", gid("ApiKey", "never"), gid("Store", "store1")):
        assert (await owner(ROTATE, apiKeyId=id_))["userErrors"] == missing
        assert (await owner(REVOKE, apiKeyId=id_))["userErrors"] == missing


async def test_a_grace_has_a_limit(owner: Ask) -> None:
    id_ = (await owner(CREATE, name="ci", role="ANALYST"))["apiKey"]["id"]
    wrong = [{"field": ["input", "graceHours"], "code": "INVALID"}]
    for hours in (-1, 721, 2**31 - 1):
        assert (await owner(ROTATE, apiKeyId=id_, graceHours=hours))["userErrors"] == wrong


@pytest.mark.parametrize("given", ["role: OWNER", "scopes: [READ, WRITE_RULES]"])
async def test_who_only_manages_keys_cannot_make_or_take_a_stronger_one(
    runtime: Runtime, client: httpx.AsyncClient, given: str
) -> None:
    keeper = await a_key(runtime, scopes={"MANAGE_KEYS"})
    owners = (await a_key(runtime, role="OWNER")).split("_")[2]
    make = f'mutation {{ apiKeyCreate(input: {{name: "x", {given}}}) {{ key }} }}'
    take = f'mutation {{ apiKeyRotate(input: {{apiKeyId: "{gid("ApiKey", owners)}"}}) {{ key }} }}'
    before = await everything(runtime)
    for query in (make, take):
        status, body = await ask_with(client, query, keeper)
        assert (status, codes(body), body["data"]) == (403, ["FORBIDDEN"], None)
        assert "WRITE_RULES" in body["errors"][0]["message"]
    assert await everything(runtime) == before
