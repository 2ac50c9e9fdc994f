"""Downloads that can be resumed, uploads that are whole or not there, and addresses that open one thing each."""

import gzip
import random
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.file import File
from graphql_api.files import Span, Unsatisfiable, span_of
from services import exports, links
from services.links import Link, Purpose
from services.runtime import Runtime
from services.vault import Vault
from storage import files
from storage.files import FILES, NOTHING
from storage.filters import EVERYTHING
from storage.mongo import Scope
from tests.factories import MERCHANT
from tests.graphql_api.bulk import OPERATION, START, key_of
from tests.graphql_api.conftest import Ask, browser
from tests.graphql_api.seeds import stock_everything
from tests.graphql_api.test_access import a_key, codes
from tests.graphql_api.test_access import ask as ask_with

NOW = datetime.now(UTC)
DATA = random.Random(3).randbytes(5_000)


@pytest.fixture
async def file(scope: Scope) -> File:
    """A file of several pieces of different lengths."""
    later = NOW + timedelta(days=1)
    piece, start = NOTHING, 0
    for length in (1, 999, 3_000, 1_000):
        part = DATA[start : start + length]
        piece, start = piece.after(part, 0, None), start + length
        await files.append(scope, "file1", piece, part, later)
    found = File("file1", MERCHANT, "things.jsonl.gz", len(DATA), NOW, later)
    await files.complete(scope, found)
    return found


def address(
    runtime: Runtime,
    key: str = "file1",
    merchant: str = MERCHANT,
    purpose: Purpose = Purpose.DOWNLOAD,
    expires_at: datetime = NOW + timedelta(hours=1),
) -> str:
    return f"/files/{links.write(runtime.vault, Link(purpose, merchant, key, expires_at))}"


async def test_a_file_comes_whole_and_says_that_parts_can_be_had(
    runtime: Runtime, client: httpx.AsyncClient, file: File
) -> None:
    answer = await client.get(address(runtime))
    head = await client.head(address(runtime))

    assert (answer.status_code, answer.content) == (200, DATA)
    assert answer.headers["accept-ranges"] == "bytes"
    assert answer.headers["content-type"] == "application/gzip"
    assert "content-encoding" not in answer.headers
    assert answer.headers["content-disposition"] == 'attachment; filename="things.jsonl.gz"'
    assert answer.headers["cache-control"] == "private, no-store"
    assert (head.status_code, head.content) == (200, b"")
    assert dict(head.headers) == dict(answer.headers)
    same = await client.get(address(runtime), headers={"if-none-match": answer.headers["etag"]})
    assert (same.status_code, same.content) == (304, b"")


@pytest.mark.parametrize(
    ("header", "start", "end"),
    [
        ("bytes=0-0", 0, 1),
        ("bytes=0-", 0, 5000),
        ("bytes=1-999", 1, 1000),
        ("bytes=999-4001", 999, 4002),
        ("bytes=4999-", 4999, 5000),
        ("bytes=4000-99999", 4000, 5000),
        ("bytes=-1", 4999, 5000),
        ("bytes=-9999", 0, 5000),
    ],
)
async def test_a_part_is_the_part(
    runtime: Runtime, client: httpx.AsyncClient, file: File, header: str, start: int, end: int
) -> None:
    answer = await client.get(address(runtime), headers={"range": header})
    assert (answer.status_code, answer.content) == (206, DATA[start:end])
    assert answer.headers["content-range"] == f"bytes {start}-{end - 1}/5000"
    assert answer.headers["content-length"] == str(end - start)


async def test_a_part_that_is_not_there_is_refused_and_what_is_no_range_is_ignored(
    runtime: Runtime, client: httpx.AsyncClient, file: File
) -> None:
    for header in ("bytes=5000-", "bytes=-0"):
        answer = await client.get(address(runtime), headers={"range": header})
        assert (answer.status_code, answer.headers["content-range"]) == (416, "bytes */5000")
    for header in ("bytes=2-1", "bytes=0-1,4-5", "lines=1-2", "bytes=-", "bytes=a-b"):
        answer = await client.get(address(runtime), headers={"range": header})
        assert (answer.status_code, answer.content) == (200, DATA), header


async def test_a_client_that_has_the_beginning_of_another_file_gets_all_of_this_one(
    runtime: Runtime, client: httpx.AsyncClient, file: File
) -> None:
    known = await client.head(address(runtime))
    headers = {"range": "bytes=4-", "if-range": known.headers["etag"]}
    assert (await client.get(address(runtime), headers=headers)).content == DATA[4:]
    for other in ('"file2"', 'W/"file1"', "Thu, 01 Jan 1970 00:00:00 GMT", "nonsense"):
        headers = {"range": "bytes=4-", "if-range": other}
        answer = await client.get(address(runtime), headers=headers)
        assert (answer.status_code, answer.content) == (200, DATA)


@given(st.text("bytes=0123456789-, \t", max_size=20), st.integers(0, 30))
def test_whatever_the_header_says_a_span_lies_inside_of_the_file(header: str, size: int) -> None:
    for text in (header, f"bytes={header}"):
        try:
            span = span_of(text, size)
        except Unsatisfiable:
            continue
        assert span is None or 0 <= span.start < span.end <= size


@given(st.integers(0, 99), st.integers(0, 99), st.integers(1, 99))
def test_a_span_is_what_was_asked_for(first: int, more: int, size: int) -> None:
    if first >= size:
        with pytest.raises(Unsatisfiable):
            span_of(f"bytes={first}-{first + more}", size)
    else:
        end = min(first + more + 1, size)
        assert span_of(f"bytes={first}-{first + more}", size) == Span(first, end)


async def test_an_address_opens_one_file_of_one_merchant_until_its_time(
    runtime: Runtime, client: httpx.AsyncClient, file: File
) -> None:
    past = NOW - timedelta(seconds=1)
    gone = [
        address(runtime, expires_at=past),
        address(runtime, "file2"),
        address(runtime, merchant="stranger"),
    ]
    for url in gone:
        answer = await client.get(url)
        assert (answer.status_code, answer.text) == (
            410,
            "This address has expired, or what it led to is gone.\n",
        )
    good = address(runtime)
    body, _, signature = good.removeprefix("/files/").partition(".")
    other = address(runtime, "file2").removeprefix("/files/").partition(".")
    foreign = links.write(
        Vault("A" * 43 + "="), Link(Purpose.DOWNLOAD, MERCHANT, "file1", NOW + timedelta(days=1))
    )
    for wrong in (
        f"{other[0]}.{signature}",
        f"{body}.{other[2]}",
        f"{body}.",
        body,
        f".{signature}",
        f"{body}.{signature}A",
        f"{body}=.{signature}",
        f"{body}.{signature[:-1]}\u00e9",
        foreign,
        address(runtime, purpose=Purpose.UPLOAD).removeprefix("/files/"),
        "x",
    ):
        answer = await client.get(f"/files/{wrong}")
        assert (answer.status_code, answer.text) == (
            403,
            "This address is not one that was given out.\n",
        ), wrong


@given(st.text(max_size=80))
def test_what_we_did_not_write_is_not_read(text: str) -> None:
    assert links.read(Vault("A" * 43 + "="), text, Purpose.DOWNLOAD) is None


async def test_an_expired_file_is_gone_though_the_server_has_not_removed_it_yet(
    runtime: Runtime, scope: Scope, client: httpx.AsyncClient, file: File
) -> None:
    past = {"$set": {"expires_at": NOW - timedelta(seconds=1)}}
    await scope.update("files", {"_id": file.id}, past)
    assert (await client.get(address(runtime))).status_code == 410


async def test_an_export_is_downloaded_from_its_operation_and_resumed(
    runtime: Runtime, scope: Scope, client: httpx.AsyncClient, ask: Ask
) -> None:
    await stock_everything(scope)
    await scope.delete("api_keys", {})
    started = (await ask(START, input={"kind": "ORDERS"}))["exportStart"]["operation"]
    assert started["resultUrl"] is None

    await exports.write(runtime, scope, key_of(started["id"]))

    operation = (await ask(OPERATION, id=started["id"]))["operation"]
    url = operation["resultUrl"]
    assert url.startswith("http://localhost/files/")
    assert operation["progress"] == {"done": 1, "total": 1}
    first = await client.get(url, headers={"range": "bytes=0-9"})
    again = {"range": "bytes=10-", "if-range": first.headers["etag"]}
    rest = await client.get(url, headers=again)
    lines = gzip.decompress(first.content + rest.content).splitlines()
    assert len(lines) == 2
    past = {"$set": {"result_until": NOW - timedelta(seconds=1)}}
    await scope.update("operations", {}, past)
    await scope.update("operations", {"_id": key_of(started["id"])}, past)
    assert (await ask(OPERATION, id=started["id"]))["operation"]["resultUrl"] is None


async def test_the_address_of_an_installation_is_told_by_its_settings(
    runtime: Runtime, scope: Scope, file: File
) -> None:
    settings = runtime.settings.model_copy(update={"public_url": "https://sell.example.com/"})
    async with browser(replace(runtime, settings=settings)) as client:
        query = {"query": "mutation { uploadCreate(input: {byteCount: 1}) { upload { url } } }"}
        body = (await client.post("/graphql", json=query)).json()
    assert body["data"]["uploadCreate"]["upload"]["url"].startswith(
        "https://sell.example.com/files/"
    )


CREATE = """mutation ($size: Int!) { uploadCreate(input: {byteCount: $size}) {
  upload { id url byteCount receivedAt expiresAt } userErrors { code field message } } }"""
UPLOAD = "query ($id: ID!) { node(id: $id) { ... on Upload { url receivedAt byteCount } } }"


async def test_a_file_is_uploaded_once_and_whole(
    scope: Scope, client: httpx.AsyncClient, ask: Ask
) -> None:
    data = random.Random(5).randbytes(2_500_000)
    upload = (await ask(CREATE, size=len(data)))["uploadCreate"]["upload"]

    assert (await client.put(upload["url"], content=data)).status_code == 204

    node = (await ask(UPLOAD, id=upload["id"]))["node"]
    assert (node["url"], node["byteCount"]) == (None, len(data))
    assert node["receivedAt"]
    [row] = await scope.find("uploads", {})
    kept = [part async for part in files.read(scope, row["file_id"], 0, len(data))]
    assert b"".join(kept) == data
    assert len(kept) == 3
    again = await client.put(upload["url"], content=data)
    assert again.status_code == 409
    assert len(await FILES.find(scope, EVERYTHING)) == 1


@pytest.mark.parametrize("is_told", [True, False])
@pytest.mark.parametrize(("size", "status"), [(999, 400), (1001, 413), (0, 400), (3_000_000, 413)])
async def test_of_a_file_of_another_size_nothing_is_kept(
    scope: Scope, client: httpx.AsyncClient, ask: Ask, size: int, status: int, is_told: bool
) -> None:
    upload = (await ask(CREATE, size=1000))["uploadCreate"]["upload"]

    async def stream() -> AsyncIterator[bytes]:
        yield b"x" * size

    content = b"x" * size if is_told else stream()
    answer = await client.put(upload["url"], content=content)

    assert answer.status_code == status
    assert "nothing was kept" in answer.text
    assert await scope.find("file_pieces", {}) == []
    assert (await ask(UPLOAD, id=upload["id"]))["node"]["url"]
    assert (await client.put(upload["url"], content=b"x" * 1000)).status_code == 204


async def test_no_room_is_made_for_what_is_too_large_or_nothing(ask: Ask) -> None:
    for size in (0, -1, 512 * 1024 * 1024 + 1):
        made = (await ask(CREATE, size=size))["uploadCreate"]
        [error] = made["userErrors"]
        assert (made["upload"], error["code"]) == (None, "INVALID")
        assert error["field"] == ["input", "byteCount"]


async def test_an_address_for_downloads_takes_no_file(
    runtime: Runtime, client: httpx.AsyncClient, file: File
) -> None:
    assert (await client.put(address(runtime), content=b"x")).status_code == 403
    wrong = address(runtime, "never", purpose=Purpose.UPLOAD)
    assert (await client.put(wrong, content=b"x")).status_code == 410


KINDS = {
    "LISTINGS": {"READ"},
    "OFFERS": {"READ"},
    "DECISIONS": {"READ", "READ_AUDIT"},
    "CHANGES": {"READ", "READ_AUDIT", "READ_ORDERS"},
    "ORDERS": {"READ", "READ_ORDERS"},
}


@pytest.mark.parametrize("kind", KINDS)
async def test_exporting_takes_what_reading_takes_and_so_does_having_the_file(
    runtime: Runtime, scope: Scope, client: httpx.AsyncClient, kind: str
) -> None:
    everything = {"READ", "READ_AUDIT", "READ_ORDERS"}
    export = (
        f"mutation {{ exportStart(input: {{kind: {kind}}}) {{ operation {{ id }} "
        "userErrors { code } } }"
    )
    for lacking in KINDS[kind]:
        key = await a_key(runtime, scopes=everything - {lacking})
        status, body = await ask_with(client, export, key)
        assert (status, codes(body)) == (403, ["FORBIDDEN"])
        assert lacking in body["errors"][0]["message"]
        assert await scope.find("exports", {}) == await scope.find("operations", {}) == []

    key = await a_key(runtime, scopes=KINDS[kind])
    _, body = await ask_with(client, export, key)
    id_ = body["data"]["exportStart"]["operation"]["id"]
    await exports.write(runtime, scope, key_of(id_))

    look = f'{{ operation(id: "{id_}") {{ resultUrl }} }}'
    for scopes in (KINDS[kind], KINDS[kind] - {lacking} | {"READ"}, {"READ"}):
        _, body = await ask_with(client, look, await a_key(runtime, scopes=scopes))
        may = scopes >= KINDS[kind]
        assert bool(body["data"]["operation"]["resultUrl"]) is may, scopes


async def test_fewer_fields_take_fewer_scopes(runtime: Runtime, client: httpx.AsyncClient) -> None:
    key = await a_key(runtime, role="AUDITOR")
    export = """mutation { exportStart(input: {kind: CHANGES, fields: ["before", "after", "listing"]}) {
      operation { id } userErrors { code } } }"""
    assert codes((await ask_with(client, export, key))[1]) == []


async def test_what_is_wrong_with_an_export_is_told_with_its_place(ask: Ask) -> None:
    unknown = await ask(START, input={"kind": "ORDERS", "fields": ["id", "sellerSku"]})
    [error] = unknown["exportStart"]["userErrors"]
    assert (error["code"], error["field"]) == ("INVALID", ["input", "fields", "1"])
    assert "marketplaceOrderId" in error["message"]
    other = {"listings": {"sellerSku": {"eq": "x"}}}
    [error] = (await ask(START, input={"kind": "ORDERS", "where": other}))["exportStart"][
        "userErrors"
    ]
    assert (error["code"], error["field"]) == ("INVALID", ["input", "where", "listings"])
