"""Repricing: a store's listings are decided a run at a time, until nothing is due.

A run is what is marked in a store at one moment, or, in a pass, the whole store.
"""

import time

import structlog

from domain.operation import Operation, OperationKind
from domain.store import StoreStatus
from services import idempotency, markings, operations, runs
from services.course import tell
from services.due import gathering
from services.judging import finish_interrupted, judge_and_write, small_run
from services.queue import Job
from services.runtime import Runtime
from storage import leases, listings
from storage.listings import Selection
from storage.markings import asked, done
from storage.mongo import Scope
from storage.stores import STORES

log = structlog.get_logger()
_SECONDS = 20
"""A job begins no run after so long and makes room; what is left is due as before and a new job is woken for it."""


async def reprice(runtime: Runtime, scope: Scope, store_id: str, operation_id: str | None) -> int:
    """Decide everything that is due in a store; gives how many listings were decided."""
    async with leases.hold(runtime.database, f"reprice:{store_id}") as mine:
        if not mine:
            return 0
        await runs.carry_on_undoing(runtime, scope, store_id)
        await markings.carry_out(scope, store_id)
        await listings.mark_timed(scope, store_id, runtime.clock.now())
        if operation_id is None:
            decided = await _drain(runtime, scope, store_id, None)
        else:
            operation = await operations.resume(
                scope, operation_id, OperationKind.REPRICE, store_id=store_id
            )
            async with operations.running(scope, operation) as progress:
                await _drain(runtime, scope, store_id, progress)
            decided = progress.counts["decided"]  # also where it was cancelled
    if await _is_left(scope, store_id):
        await runtime.queue.wake(Job.REPRICE, scope.merchant_id, store_id)
    if decided:
        await runtime.queue.wake(Job.PUSH, scope.merchant_id, store_id)
    return decided


async def mark_all_due(runtime: Runtime, scope: Scope, store_id: str, *, actor: str) -> Operation:
    """Have every listing of a store decided again; gives the operation that does it.

    Raises:
        NotFound: no such store.
    """
    await STORES.require(scope, store_id, field=("input", "storeId"))

    async def write(inside: Scope) -> Operation:
        await markings.ask(inside, store_id, at=runtime.clock.now(), reason="BY_HAND")
        operation = await operations.start(
            inside, OperationKind.REPRICE, actor=actor, store_id=store_id
        )
        await idempotency.settle(inside, operation.id)
        return operation

    operation = await scope.transaction(write)
    await runtime.queue.wake(Job.REPRICE, scope.merchant_id, store_id, operation.id)
    return operation


async def _is_left(scope: Scope, store_id: str) -> bool:
    """Whether there is something to decide: whoever marked it while this job ran may have woken nobody else."""
    is_asked = bool(await asked(scope, store_id))
    if not is_asked and not await listings.due(scope, store_id, 1):
        return False
    # A paused store keeps its marks; they are looked at when it is resumed.
    if (await STORES.require(scope, store_id)).status is not StoreStatus.ACTIVE:
        return False
    waiting = await gathering(scope, store_id)
    return is_asked or bool(await listings.due(scope, store_id, 1, except_for=waiting))


async def _drain(
    runtime: Runtime, scope: Scope, store_id: str, progress: operations.Progress | None
) -> int:
    if (await STORES.require(scope, store_id)).status is not StoreStatus.ACTIVE:
        return 0
    decided = await finish_interrupted(runtime, scope, store_id, progress)
    until = time.monotonic() + _SECONDS
    while time.monotonic() < until:
        count = await _run(runtime, scope, store_id, progress)
        count = count or await _pass(runtime, scope, store_id, progress)
        if not count:
            break
        decided += count
    if decided:
        log.info("reprice.drained", store=store_id, decided=decided)
    return decided


async def _run(
    runtime: Runtime, scope: Scope, store_id: str, progress: operations.Progress | None
) -> int:
    """Decide what is marked at this moment; gives how many listings were decided."""
    small = await scope.transaction(lambda inside: small_run(runtime, inside, store_id))
    if small is not None:
        await tell(progress, small, scope, store_id)
        return small
    # Looked at first: of work that ends in between all marks are in the run.
    waiting = await gathering(scope, store_id)
    until = await listings.last_mark(scope, store_id) or runtime.clock.now()

    async def meanwhile() -> int:
        count = await scope.transaction(
            lambda inside: small_run(runtime, inside, store_id, since=until)
        )
        return count or 0

    selection = Selection(store_id, until, waiting)
    decided, _ = await judge_and_write(runtime, scope, selection, progress, meanwhile)
    return decided


async def _pass(
    runtime: Runtime, scope: Scope, store_id: str, progress: operations.Progress | None
) -> int:
    """Decide all of a store where that is asked for; gives how many listings were decided.

    What is marked meanwhile comes first, batch by batch.
    """
    asked_for = [each for each in await asked(scope, store_id) if each.run_id is None]
    if not asked_for:
        return 0
    count = meanwhile_decided = 0

    async def meanwhile() -> int:
        nonlocal count, meanwhile_decided
        # Where nothing comes up, to look takes less than a transaction that finds nothing.
        is_due = count or await listings.due(scope, store_id, 1)
        count = await _run(runtime, scope, store_id, progress) if is_due else 0
        meanwhile_decided += count
        return count

    selection = Selection(store_id, None, await gathering(scope, store_id))
    reason = asked_for[0].reason
    decided, is_written = await judge_and_write(
        runtime, scope, selection, progress, meanwhile, reason
    )
    for marking in asked_for if is_written else ():
        await done(scope, store_id, marking)
    return decided + meanwhile_decided
