"""Exports go on where they were interrupted, five at a time, and leave nothing half."""

import asyncio
import gzip
from collections.abc import AsyncIterator
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from domain.access import AccessScope
from domain.errors import Conflict
from domain.export import ExportKind
from domain.operation import Operation, OperationOutcome, OperationStatus
from embedded.servers import ServerUrls
from services import exports, operations
from services.exports import SHAPES, fields_of
from services.lines.shape import Shape
from services.runtime import Runtime, open_runtime
from services.settings import Settings
from storage import files
from storage.files import FILES
from storage.filters import EVERYTHING, Is
from storage.listings import LISTINGS
from storage.mongo import Scope
from storage.operations import OPERATIONS
from storage.orders import ORDERS
from tests.factories import MERCHANT, NOW, a_listing
from tests.graphql_api.seeds import an_order
from tests.services.shop import DATABASE, forget_jobs, queued, wipe

COUNT = 25


@pytest.fixture
async def runtime(servers: ServerUrls, tmp_path: Path) -> AsyncIterator[Runtime]:
    await forget_jobs(servers)
    settings = Settings(database=DATABASE, merchant=MERCHANT, data_dir=tmp_path)
    async with open_runtime(settings, servers.mongodb_url, servers.redis_url) as opened:
        yield opened
        await wipe(opened)


@pytest.fixture
async def scope(runtime: Runtime) -> Scope:
    scope = runtime.scope(MERCHANT)
    await LISTINGS.insert(scope, [a_listing(f"S{number:02}") for number in range(COUNT)])
    other = runtime.scope("stranger")
    await LISTINGS.insert(other, [a_listing("X", id="store1/S99", merchant_id="stranger")])
    return scope


@pytest.fixture(autouse=True)
def _small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    for kind, shape in SHAPES.items():
        small = Shape(shape.kind, shape.collection, shape.fields, 4, shape.sort)
        monkeypatch.setitem(SHAPES, kind, small)
    monkeypatch.setattr("services.operations._SECONDS_BETWEEN_REPORTS", 0)


async def started(
    runtime: Runtime, scope: Scope, kind: ExportKind = ExportKind.LISTINGS, where: Any = EVERYTHING
) -> Operation:
    fields = fields_of(kind, None)
    scopes = [AccessScope.READ]
    return await exports.start(runtime, scope, kind, where, fields, scopes=scopes, actor="me")


async def now(scope: Scope, operation: Operation) -> Operation:
    return await OPERATIONS.require(scope, operation.id)


async def text_of(scope: Scope, operation: Operation) -> list[bytes]:
    file = await FILES.require(scope, operation.id)
    data = [part async for part in files.read(scope, file.id, 0, file.size)]
    assert sum(map(len, data)) == file.size
    return gzip.decompress(b"".join(data)).splitlines()


async def test_an_export_can_be_watched_and_its_file_stays_for_a_week(
    runtime: Runtime, scope: Scope, servers: ServerUrls
) -> None:
    operation = await started(runtime, scope)
    assert await queued(servers) == [("export", (MERCHANT, "", operation.id))]

    await exports.write(runtime, scope, operation.id)

    ended = await now(scope, operation)
    assert (ended.status, ended.outcome) == (OperationStatus.DONE, OperationOutcome.OK)
    assert (ended.done, ended.total, ended.result) == (COUNT, COUNT, {"exported": COUNT})
    assert ended.result_until == ended.created_at + timedelta(days=7)
    assert len(await text_of(scope, operation)) == COUNT
    pieces = await scope.find("file_pieces", {"file_id": operation.id})
    assert {row["expires_at"] for row in pieces} == {ended.created_at + timedelta(days=7, hours=1)}
    assert await FILES.get(runtime.scope("stranger"), operation.id) is None


@pytest.mark.parametrize("kind", [ExportKind.LISTINGS, ExportKind.ORDERS])
@pytest.mark.parametrize("killed_after", range(8))
async def test_whoever_comes_after_a_kill_goes_on_and_the_file_is_the_same(
    runtime: Runtime,
    scope: Scope,
    monkeypatch: pytest.MonkeyPatch,
    kind: ExportKind,
    killed_after: int,
) -> None:
    hours = [NOW + timedelta(hours=number // 9) for number in range(COUNT)]
    await ORDERS.insert(scope, [an_order(n, purchased_at=at) for n, at in enumerate(hours)])
    whole = await started(runtime, scope, kind)
    await exports.write(runtime, scope, whole.id)
    operation = await started(runtime, scope, kind)
    append, count = files.append, 0

    async def dies(*arguments: Any) -> bool:
        nonlocal count
        if count == killed_after:
            raise asyncio.CancelledError  # what a worker that is told to stop does to its jobs
        count += 1
        return await append(*arguments)

    monkeypatch.setattr(files, "append", dies)
    with suppress(asyncio.CancelledError):
        await exports.write(runtime, scope, operation.id)
    monkeypatch.setattr(files, "append", append)
    assert (await now(scope, operation)).is_over is (killed_after > COUNT // 4)

    await exports.write(runtime, scope, operation.id)

    assert (await now(scope, operation)).outcome is OperationOutcome.OK
    assert await text_of(scope, operation) == await text_of(scope, whole)


async def test_a_job_that_had_its_turn_has_another_one_go_on(
    runtime: Runtime, scope: Scope, servers: ServerUrls, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.exports._SECONDS", 0)
    operation = await started(runtime, scope)
    turns = 0
    while not (await now(scope, operation)).is_over:
        await forget_jobs(servers)
        await exports.write(runtime, scope, operation.id)
        turns += 1
        assert turns < 20
        if not (await now(scope, operation)).is_over:
            assert await queued(servers) == [("export", (MERCHANT, "", operation.id))]
    assert turns > 5
    assert len(await text_of(scope, operation)) == COUNT


async def test_a_cancelled_export_leaves_no_file(runtime: Runtime, scope: Scope) -> None:
    operation = await started(runtime, scope)
    await operations.cancel(scope, operation.id)

    await exports.write(runtime, scope, operation.id)

    ended = await now(scope, operation)
    assert (ended.outcome, ended.result_until) == (OperationOutcome.CANCELLED, None)
    assert await scope.find("file_pieces", {}) == []
    assert await FILES.get(scope, operation.id) is None


async def test_an_export_of_nothing_is_a_file_that_can_be_unpacked(
    runtime: Runtime, scope: Scope
) -> None:
    operation = await started(runtime, scope, where=Is("seller_sku", "eq", "never"))
    await exports.write(runtime, scope, operation.id)
    assert await text_of(scope, operation) == []


async def test_five_at_a_time_for_a_merchant_also_where_they_are_started_at_once(
    runtime: Runtime, scope: Scope
) -> None:
    async def one() -> bool:
        for _ in range(50):
            try:
                await started(runtime, scope)
            except Conflict as refusal:
                if refusal.message.startswith("5 exports"):
                    return False
                await asyncio.sleep(0.01)
            else:
                return True
        return False

    assert sum(await asyncio.gather(*(one() for _ in range(9)))) == 5
    await started(runtime, runtime.scope("stranger"))  # whose exports count apart
    under_way = await OPERATIONS.find(scope, EVERYTHING, limit=1)
    await exports.write(runtime, scope, under_way[0].id)
    await started(runtime, scope)


async def test_an_export_that_is_over_is_not_written_again(runtime: Runtime, scope: Scope) -> None:
    operation = await started(runtime, scope)
    await exports.write(runtime, scope, operation.id)
    before = await now(scope, operation)

    await exports.write(runtime, scope, operation.id)

    assert await now(scope, operation) == before


async def test_work_whose_job_was_lost_is_woken_though_it_is_for_no_store(
    runtime: Runtime, scope: Scope, servers: ServerUrls
) -> None:
    operation = await started(runtime, scope)
    await forget_jobs(servers)
    long_ago = operation.created_at - timedelta(minutes=5)
    await scope.update("operations", {"_id": operation.id}, {"$set": {"updated_at": long_ago}})

    await operations.pick_up_stuck(runtime)

    assert await queued(servers) == [("export", (MERCHANT, "", operation.id))]
