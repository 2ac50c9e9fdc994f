"""Products out of an uploaded file: every line has its answer, a kill costs nothing, the same file changes nothing."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Any

import httpx
import pytest

from domain.global_id import Kind, global_id
from domain.operation import OperationKind, OperationOutcome, OperationStatus
from embedded.servers import ServerUrls
from services import operations, product_imports
from services.runtime import Runtime
from storage import files
from storage.filters import EVERYTHING
from storage.listings import LISTINGS
from storage.mongo import Scope
from storage.operations import OPERATIONS
from storage.products import PRODUCTS
from storage.stores import STORES
from tests.factories import MERCHANT, a_listing, a_store
from tests.graphql_api.bulk import OPERATION, answered, key_of, lines_of
from tests.graphql_api.conftest import Ask, gid
from tests.services.shop import forget_jobs, queued

CREATE = (
    """mutation ($size: Int!) { uploadCreate(input: {byteCount: $size}) { upload { id url } } }"""
)
IMPORT = """mutation ($input: ProductsImportInput!) { productsImport(input: $input) {
  operation { id kind status } userErrors { code field message } } }"""
CSV = (
    "sku,store_view_code,attribute_set_code,product_type,name,product_online,price,qty\n"
    "MUG-1,,Mugs,simple,A mug,1,20.00,10\n"
    "MUG-2,,Mugs,simple,Free,1,free,10\n"
    "MUG-3,,Mugs,simple,A third,1,1.50,0\n"
    "MUG-3,german,Mugs,,Eine dritte,,1.40,\n"
)


def product(number: int, price: str = "20.00", **more: Any) -> dict[str, Any]:
    return {
        "sku": f"MUG-{number:02}",
        "name": f"Mug {number}",
        "prices": {"price": price},
        "stock": "10",
        **more,
    }


def jsonl(*rows: dict[str, Any]) -> bytes:
    return b"".join(json.dumps(row).encode() + b"\n" for row in rows)


def product_id(sku: str, merchant: str = MERCHANT) -> str:
    return global_id(Kind.PRODUCT, f"{merchant}/{sku}")


async def uploaded(client: httpx.AsyncClient, ask: Ask, data: bytes) -> str:
    upload = (await ask(CREATE, size=len(data)))["uploadCreate"]["upload"]
    assert (await client.put(upload["url"], content=data)).status_code == 204
    id_: str = upload["id"]
    return id_


async def started(
    client: httpx.AsyncClient, ask: Ask, data: bytes, format_: str = "JSON_LINES", **more: Any
) -> str:
    given = {"uploadId": await uploaded(client, ask, data), "format": format_, **more}
    payload = (await ask(IMPORT, input={"currencyCode": "USD", **given}))["productsImport"]
    assert payload["userErrors"] == []
    assert payload["operation"]["kind"] == "PRODUCTS_IMPORT"
    id_: str = payload["operation"]["id"]
    return id_


async def counts(scope: Scope, id_: str) -> dict[str, int]:
    return (await OPERATIONS.require(scope, key_of(id_))).result


async def test_a_magento_export_is_imported_with_its_websites(
    runtime: Runtime, scope: Scope, client: httpx.AsyncClient, ask: Ask, servers: ServerUrls
) -> None:
    await forget_jobs(servers)
    websites = [{"website": "eu", "storeViews": ["german"]}]
    id_ = await started(client, ask, CSV.encode(), "MAGENTO_CSV", websites=websites)
    assert await queued(servers) == [("import_products", (MERCHANT, "", key_of(id_)))]

    answer = await answered(runtime, scope, id_)

    assert [(line["line"], line["id"]) for line in answer] == [
        (2, product_id("MUG-1")),
        (3, None),
        (4, product_id("MUG-3")),
    ]
    [error] = answer[1]["userErrors"]
    assert (error["field"], error["code"]) == (["price"], "INVALID")
    assert answer[0]["userErrors"] == answer[2]["userErrors"] == []
    [row] = await PRODUCTS.find(scope, EVERYTHING, limit=1)
    assert row.prices["price"].amount == "20.00"
    third = await PRODUCTS.require(scope, f"{MERCHANT}/MUG-3")
    assert third.website_prices[0].prices["price"].amount == "1.40"
    operation = (await ask(OPERATION, id=id_))["operation"]
    assert (operation["status"], operation["outcome"]) == ("DONE", "PARTIAL")
    assert operation["errors"][0]["where"] == "line 3, price"
    download = await client.get(operation["resultUrl"])
    assert lines_of(download.content) == answer


async def test_the_same_file_again_changes_nothing_and_marks_nothing(
    runtime: Runtime, scope: Scope, client: httpx.AsyncClient, ask: Ask
) -> None:
    await STORES.insert(scope, [a_store()])
    sold = a_listing("MUG-01", product_id=f"{MERCHANT}/MUG-01")
    await LISTINGS.insert(scope, [sold])
    data = jsonl(product(1), product(2))
    first = await started(client, ask, data)
    answer = await answered(runtime, scope, first)
    before = await PRODUCTS.find(scope, EVERYTHING)

    again = await started(client, ask, data)

    assert await answered(runtime, scope, again) == answer
    assert await PRODUCTS.find(scope, EVERYTHING) == before
    expected = {"created": 0, "changed": 0, "unchanged": 2, "refused": 0}
    assert await counts(scope, again) == expected
    assert (await LISTINGS.require(scope, sold.id)).due.at is None
    changed = await started(client, ask, jsonl(product(1, "21.00"), product(2)))
    await answered(runtime, scope, changed)
    assert (await LISTINGS.require(scope, sold.id)).due.reason == "PRODUCT_CHANGED"


@pytest.fixture
def _small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("services.products._BATCH", 3)
    monkeypatch.setattr("services.operations._SECONDS_BETWEEN_REPORTS", 0)


FILE = jsonl(*(product(n, "free" if n % 4 == 0 else "1.00") for n in range(14)))


@pytest.mark.parametrize("killed_after", [0, 1, 3, 4])
@pytest.mark.usefixtures("_small_batches")
async def test_whoever_comes_after_a_kill_goes_on_and_counts_and_answers_are_the_same(
    runtime: Runtime,
    scope: Scope,
    client: httpx.AsyncClient,
    ask: Ask,
    monkeypatch: pytest.MonkeyPatch,
    killed_after: int,
) -> None:
    id_ = await started(client, ask, FILE)
    append, count = files.append, 0

    async def dies(*arguments: Any) -> bool:
        nonlocal count
        added = await append(*arguments)
        if count == killed_after:
            raise asyncio.CancelledError  # in the transaction: neither piece nor products stay
        count += 1
        return added

    monkeypatch.setattr(files, "append", dies)
    with suppress(asyncio.CancelledError):
        await product_imports.run(runtime, scope, key_of(id_))
    monkeypatch.setattr(files, "append", append)
    assert not (await OPERATIONS.require(scope, key_of(id_))).is_over
    done = 3 * killed_after
    there = sum(1 for number in range(done) if number % 4)
    assert len(await PRODUCTS.find(scope, EVERYTHING)) == there

    answer = await answered(runtime, scope, id_)

    assert [line["line"] for line in answer] == list(range(1, 15))
    assert [line["id"] is None for line in answer] == [n % 4 == 0 for n in range(14)]
    assert await counts(scope, id_) == {"created": 10, "changed": 0, "unchanged": 0, "refused": 4}
    operation = await OPERATIONS.require(scope, key_of(id_))
    assert (operation.outcome, operation.done) == (OperationOutcome.PARTIAL, 14)
    assert [error.where for error in operation.errors] == [
        f"line {n}, prices.price" for n in (1, 5, 9, 13)
    ]


@pytest.mark.usefixtures("_small_batches")
async def test_a_job_that_had_its_turn_has_another_one_go_on(
    runtime: Runtime,
    scope: Scope,
    client: httpx.AsyncClient,
    ask: Ask,
    servers: ServerUrls,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    id_ = await started(client, ask, FILE)
    monkeypatch.setattr("services.product_imports._SECONDS", -1)
    await forget_jobs(servers)
    await product_imports.run(runtime, scope, key_of(id_))
    assert await queued(servers) == [("import_products", (MERCHANT, "", key_of(id_)))]
    monkeypatch.undo()
    assert len(await answered(runtime, scope, id_)) == 14


@pytest.mark.usefixtures("_small_batches")
async def test_a_cancelled_import_answers_for_what_it_did(
    runtime: Runtime, scope: Scope, client: httpx.AsyncClient, ask: Ask
) -> None:
    id_ = await started(client, ask, FILE)
    await operations.cancel(scope, key_of(id_))

    answer = await answered(runtime, scope, id_)

    ended = await OPERATIONS.require(scope, key_of(id_))
    assert (ended.outcome, ended.done) == (OperationOutcome.CANCELLED, 3)
    assert [line["line"] for line in answer] == [1, 2, 3]
    assert ended.result_until


async def test_a_file_that_is_no_export_is_the_users_mistake(
    runtime: Runtime, scope: Scope, client: httpx.AsyncClient, ask: Ask
) -> None:
    id_ = await started(client, ask, b"sku,name\nMUG-1,A mug\n", "MAGENTO_CSV")
    [line] = await answered(runtime, scope, id_)
    [error] = line["userErrors"]
    assert (line["line"], line["id"]) == (1, None)
    assert "lacks columns" in error["message"]
    ended = await OPERATIONS.require(scope, key_of(id_))
    assert (ended.status, ended.outcome) == (OperationStatus.DONE, OperationOutcome.PARTIAL)
    assert ended.errors[0].where == "file"


async def test_what_is_wrong_with_an_import_is_told_with_its_place(
    scope: Scope, client: httpx.AsyncClient, ask: Ask, ask_as_stranger: Ask
) -> None:
    empty = (await ask(CREATE, size=5))["uploadCreate"]["upload"]["id"]
    full = await uploaded(client, ask, b"12345")
    views = [{"website": "a", "storeViews": ["x"]}, {"website": "b", "storeViews": ["x"]}]
    lines = {"uploadId": full, "format": "JSON_LINES", "currencyCode": "USD"}
    for asked, given, code, field in (
        (ask, {**lines, "uploadId": empty}, "CONFLICT", ["uploadId"]),
        (ask, {**lines, "uploadId": gid("Upload", "never")}, "NOT_FOUND", ["uploadId"]),
        (ask_as_stranger, lines, "NOT_FOUND", ["uploadId"]),
        (ask, {**lines, "currencyCode": "XXX"}, "INVALID", ["currencyCode"]),
        (ask, {**lines, "websites": views[:1]}, "INVALID", ["websites"]),
        (ask, {**lines, "format": "MAGENTO_CSV", "websites": views}, "INVALID", ["websites", "1"]),
    ):
        payload = (await asked(IMPORT, input=given))["productsImport"]
        [error] = payload["userErrors"]
        assert (error["code"], error["field"]) == (code, ["input", *field]), given
        assert payload["operation"] is None
    assert await OPERATIONS.find(scope, EVERYTHING) == []


async def test_marks_wait_for_the_end_of_an_import(runtime: Runtime, scope: Scope) -> None:
    from services.due import gathering

    operation = await operations.start(scope, OperationKind.PRODUCTS_IMPORT, actor="me")
    async with operations.running(scope, operation):
        assert await gathering(scope, "store1") == ("PRODUCT_CHANGED",)
    assert await gathering(scope, "store1") == ()


@pytest.fixture(autouse=True)
async def _nothing_left(scope: Scope) -> AsyncIterator[None]:
    yield
    assert not [row for row in await content_of_strangers(scope) if row]


async def content_of_strangers(scope: Scope) -> list[Any]:
    """Whatever another merchant came to have by it."""
    return [
        await scope.database.scope("stranger").find(name, {})
        for name in ("products", "files", "file_pieces", "uploads", "product_imports")
    ]
