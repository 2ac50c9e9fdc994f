"""Documents named by their hash, and installations that answer none but their own."""

import hashlib
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx

from graphql_api import persisted
from services.runtime import Runtime
from storage import documents
from storage.mongo import Scope
from tests.graphql_api.conftest import browser

QUERY = "{ viewer { actor } }"
HASH = hashlib.sha256(QUERY.encode()).hexdigest()


async def post(client: httpx.AsyncClient, query: str | None, digest: str | None = None) -> Any:
    body: dict[str, Any] = {} if query is None else {"query": query}
    if digest is not None:
        body["extensions"] = {"persistedQuery": {"version": 1, "sha256Hash": digest}}
    return await client.post("/graphql", json=body)


def code(answer: httpx.Response) -> str:
    return str(answer.json()["errors"][0]["extensions"]["code"])


async def test_a_document_is_sent_once_and_named_from_then_on(
    client: httpx.AsyncClient, scope: Scope
) -> None:
    unknown = await post(client, None, HASH)
    assert (unknown.status_code, code(unknown)) == (200, "PERSISTED_QUERY_NOT_FOUND")
    assert unknown.json()["errors"][0]["message"] == "PersistedQueryNotFound"

    assert (await post(client, QUERY, HASH)).json()["data"] == {"viewer": {"actor": "local user"}}

    persisted._KNOWN.clear()  # another process
    for _ in range(2):
        assert (await post(client, None, HASH)).json()["data"]["viewer"]["actor"] == "local user"
    assert await documents.find(scope, HASH) == QUERY


async def test_another_merchants_documents_are_not_known(
    client: httpx.AsyncClient, runtime: Runtime
) -> None:
    await post(client, QUERY, HASH)
    stranger = replace(
        runtime, settings=runtime.settings.model_copy(update={"merchant": "stranger"})
    )
    async with browser(stranger) as other:
        assert code(await post(other, None, HASH)) == "PERSISTED_QUERY_NOT_FOUND"


async def test_a_hash_of_another_text_is_refused(client: httpx.AsyncClient, scope: Scope) -> None:
    wrong = hashlib.sha256(b"{ __typename }").hexdigest()
    answer = await post(client, QUERY, wrong)
    assert (answer.status_code, code(answer)) == (422, "VALIDATION_FAILED")
    assert await documents.find(scope, wrong) is None


async def test_what_cannot_be_run_is_not_kept(client: httpx.AsyncClient, scope: Scope) -> None:
    bad = "{ nonsense }"
    digest = hashlib.sha256(bad.encode()).hexdigest()
    assert code(await post(client, bad, digest)) == "VALIDATION_FAILED"
    assert await documents.find(scope, digest) is None


async def test_a_request_that_names_nothing_is_refused(client: httpx.AsyncClient) -> None:
    for named in ({}, {"persistedQuery": 1}, {"persistedQuery": {"sha256Hash": 7}}):
        answer = await client.post("/graphql", json={"extensions": named})
        assert (answer.status_code, code(answer)) == (400, "VALIDATION_FAILED")


async def test_an_installation_may_answer_its_own_documents_only(
    runtime: Runtime, tmp_path: Path
) -> None:
    file = tmp_path / "documents.json"
    file.write_text(json.dumps({"Who": QUERY}))
    settings = runtime.settings.model_copy(update={"trusted_documents": file})
    async with browser(replace(runtime, settings=settings)) as client:
        by_hash = await post(client, None, HASH)
        by_text = await post(client, QUERY)
        other = await post(client, "{ viewer { actor } stores { nodes { id } } }")
        unknown = await post(client, None, "0" * 64)

    assert by_hash.json()["data"] == by_text.json()["data"] == {"viewer": {"actor": "local user"}}
    for refused in (other, unknown):
        assert (refused.status_code, code(refused)) == (403, "FORBIDDEN")
