"""Operations: progress, cancelling, and work that goes on when its job was lost."""

from datetime import UTC, datetime, timedelta

import pytest
from pymongo.errors import AutoReconnect

from domain.errors import Conflict, GoesOn, NotFound
from domain.operation import (
    Operation,
    OperationError,
    OperationKind,
    OperationOutcome,
    OperationStatus,
)
from embedded.servers import ServerUrls
from services import operations, repricing
from storage.operations import OPERATIONS
from tests.factories import MERCHANT
from tests.services.shop import Shop, a_mug, forget_jobs, queued


@pytest.fixture(autouse=True)
def _reports_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("services.operations._SECONDS_BETWEEN_REPORTS", 0)


async def started(shop: Shop, kind: OperationKind = OperationKind.MATCH) -> Operation:
    return await operations.start(shop.scope, kind, actor="me", store_id=shop.id)


async def now(shop: Shop, operation: Operation) -> Operation:
    return await OPERATIONS.require(shop.scope, operation.id)


async def test_work_can_be_watched_from_its_start_to_its_result(shop: Shop) -> None:
    operation = await started(shop)
    assert operation.status is OperationStatus.QUEUED
    seen: list[tuple[int, int | None]] = []

    async with operations.running(
        shop.scope, operation, lambda done, total: seen.append((done, total))
    ) as progress:
        await progress.report(1, 3)
        half = await now(shop, operation)
        await progress.report(3)
        progress.counts["found"] += 3

    ended = await now(shop, operation)
    assert (half.status, half.done, half.total) == (OperationStatus.RUNNING, 1, 3)
    assert seen == [(1, 3), (3, 3)]
    assert (ended.status, ended.outcome) == (OperationStatus.DONE, OperationOutcome.OK)
    assert (ended.done, ended.total, ended.result) == (3, 3, {"found": 3})


async def test_what_could_not_be_done_makes_it_partial_and_the_first_hundred_are_told(
    shop: Shop,
) -> None:
    operation = await started(shop)
    async with operations.running(shop.scope, operation) as progress:
        for line in range(150):
            progress.fail(f"line {line}", "no" * 5_000)
    ended = await now(shop, operation)
    assert ended.outcome is OperationOutcome.PARTIAL
    assert len(ended.errors) == 100
    assert len(ended.errors[0].message) == 1_000
    assert progress.error_count == 150


async def test_work_that_a_bug_ended_is_dead_and_the_bug_surfaces(shop: Shop) -> None:
    operation = await started(shop)
    with pytest.raises(ZeroDivisionError):
        async with operations.running(shop.scope, operation):
            _ = 1 // 0
    ended = await now(shop, operation)
    assert (ended.status, ended.outcome) == (OperationStatus.DEAD, None)
    assert ended.errors[0].where == "MATCH"


async def test_work_that_an_outage_interrupts_is_not_over(shop: Shop) -> None:
    operation = await started(shop)
    with pytest.raises(AutoReconnect):
        async with operations.running(shop.scope, operation):
            raise AutoReconnect
    with pytest.raises(GoesOn):
        async with operations.running(shop.scope, operation):
            raise GoesOn
    assert (await now(shop, operation)).status is OperationStatus.RUNNING


async def test_work_stops_at_its_next_step_when_someone_asks(shop: Shop) -> None:
    operation = await started(shop)
    steps = []
    async with operations.running(shop.scope, operation) as progress:
        for step in range(5):
            steps.append(step)
            if step == 2:
                await operations.cancel(shop.scope, operation.id)
            await progress.report(step + 1)
    ended = await now(shop, operation)
    assert steps == [0, 1, 2]
    assert (ended.outcome, ended.done, ended.cancel_requested) == (
        OperationOutcome.CANCELLED,
        3,
        True,
    )


async def test_what_is_over_cannot_be_cancelled_and_another_merchants_is_not_there(
    shop: Shop,
) -> None:
    operation = await started(shop)
    with pytest.raises(NotFound):
        await operations.cancel(shop.runtime.scope("somebody else"), operation.id)
    async with operations.running(shop.scope, operation):
        pass
    with pytest.raises(Conflict):
        await operations.cancel(shop.scope, operation.id)


async def test_repricing_by_hand_tells_how_many_were_decided(shop: Shop) -> None:
    await shop.put_on_sale(a_mug(1), a_mug(2))
    id_ = (await repricing.mark_all_due(shop.runtime, shop.scope, shop.id, actor="me")).id

    await repricing.reprice(shop.runtime, shop.scope, shop.id, id_)

    ended = await OPERATIONS.require(shop.scope, id_)
    assert (ended.outcome, ended.done, ended.result) == (OperationOutcome.OK, 2, {"decided": 2})


async def test_a_repricing_that_is_cancelled_before_it_wrote_anything_leaves_everything_due(
    shop: Shop,
) -> None:
    await shop.put_on_sale(*(a_mug(number) for number in (1, 2, 3)))
    id_ = (await repricing.mark_all_due(shop.runtime, shop.scope, shop.id, actor="me")).id
    await operations.cancel(shop.scope, id_)

    await repricing.reprice(shop.runtime, shop.scope, shop.id, id_)

    ended = await OPERATIONS.require(shop.scope, id_)
    assert ended.outcome is OperationOutcome.CANCELLED
    assert await shop.due() == 3


async def silent(shop: Shop, operation: Operation, seconds: int) -> None:
    """Nothing was heard of an operation for some time."""
    at = datetime.now(UTC) - timedelta(seconds=seconds)
    await shop.scope.update("operations", {"_id": operation.id}, {"$set": {"updated_at": at}})


async def test_work_whose_job_was_lost_is_woken_again(shop: Shop, servers: ServerUrls) -> None:
    lost, moving = await started(shop), await started(shop, OperationKind.REPRICE)
    await silent(shop, lost, 120)
    await silent(shop, moving, 10)
    await _end_others(shop, lost, moving)
    await forget_jobs(servers)

    await operations.pick_up_stuck(shop.runtime)

    assert await queued(servers) == [("match_products", (MERCHANT, shop.id, lost.id))]


async def test_an_import_whose_process_is_gone_is_given_up(shop: Shop, servers: ServerUrls) -> None:
    operation = await operations.start(shop.scope, OperationKind.CATALOG_IMPORT, actor="me")
    await silent(shop, operation, 120)
    await _end_others(shop, operation)
    await forget_jobs(servers)

    await operations.pick_up_stuck(shop.runtime)

    ended = await now(shop, operation)
    assert ended.status is OperationStatus.DEAD
    assert ended.errors == (OperationError("CATALOG_IMPORT", "The process that did it is gone."),)
    assert await queued(servers) == []


async def _end_others(shop: Shop, *kept: Operation) -> None:
    await shop.scope.update_many(
        "operations",
        {"_id": {"$nin": [operation.id for operation in kept]}},
        {"$set": {"status": "DONE"}},
    )


@pytest.mark.parametrize("named", [True, False])
async def test_a_job_goes_on_with_work_that_was_interrupted(shop: Shop, named: bool) -> None:
    operation = await started(shop)
    id_ = operation.id if named else None
    resumed = await operations.resume(shop.scope, id_, OperationKind.MATCH, store_id=shop.id)
    assert resumed.id == operation.id


async def test_a_job_makes_an_operation_of_its_own_where_none_is_under_way(shop: Shop) -> None:
    over = await started(shop)
    async with operations.running(shop.scope, over):
        pass
    resumed = await operations.resume(shop.scope, None, OperationKind.MATCH, store_id=shop.id)
    assert resumed.id != over.id
    assert resumed.actor == "sync"
