"""Runs that wait for a person, and those that a person takes back."""

from collections.abc import Sequence
from functools import partial

from domain.change import ChangeKind
from domain.decision import Decision
from domain.errors import Conflict
from domain.listing import HeldPrice, Listing
from domain.run import Run, RunStatus
from services import markings
from services.changelog import of_store
from services.queue import Job
from services.runtime import Runtime
from storage import decisions, listings, runs
from storage.changes import CHANGES
from storage.listings import LISTINGS
from storage.mongo import Scope
from storage.runs import RUNS

_BATCH = 200


async def resume(runtime: Runtime, scope: Scope, run_id: str, *, actor: str) -> Run:
    """Let the prices of a held run go: exactly those that were held.

    Where the rules want another price by now, it is judged like any other.

    Raises:
        NotFound: no such run.
        Conflict: it is not held, or not all of it is written yet.
    """
    return await _answer(runtime, scope, run_id, RunStatus.RESUMED, actor)


async def discard(runtime: Runtime, scope: Scope, run_id: str, *, actor: str) -> Run:
    """Turn the prices of a held run down. They stay held until the rules want other ones.

    Raises:
        NotFound: no such run.
        Conflict: it is not held, or not all of it is written yet.
    """
    return await _answer(runtime, scope, run_id, RunStatus.DISCARDED, actor)


async def undo(runtime: Runtime, scope: Scope, run_id: str, *, actor: str) -> Run:
    """Have the prices from before a run set again, where they may be and nothing changed them since.

    What the rules want of these listings at that time is turned down; the rules stay in force, and once they want
    something else, that is judged and published like any other price.

    Raises:
        NotFound: no such run.
        Conflict: nothing of it was published, it is undone already, or not all of it is written yet.
    """

    async def write(inside: Scope) -> Run:
        run = await _written(inside, run_id)
        if run.status not in {RunStatus.PASSED, RunStatus.RESUMED}:
            raise Conflict(
                f"Only a run whose prices went out can be undone; this one is {run.status}.",
                field=("input", "runId"),
            )
        return await _move(runtime, inside, run, RunStatus.UNDOING, actor)

    run = await scope.transaction(write)
    await runtime.queue.wake(Job.REPRICE, scope.merchant_id, run.store_id)
    return run


async def carry_on_undoing(runtime: Runtime, scope: Scope, store_id: str) -> None:
    """Mark the listings of runs that are being undone, batch by batch; repricing then sets the former prices."""
    while run := await runs.undoing(scope, store_id):
        batch = await decisions.of_run(scope, run.id, run.undone_until, _BATCH)
        await scope.transaction(partial(_take_back, runtime, run, batch))


async def _take_back(runtime: Runtime, run: Run, batch: Sequence[Decision], scope: Scope) -> None:
    moved = [row for row in batch if row.publishes_price and row.price_after != row.price_before]
    rows = await LISTINGS.get_many(scope, [decision.listing_id for decision in moved])
    former = {
        decision.listing_id: HeldPrice(run.id, decision.price_after, decision.price_before)
        for decision in moved
        if decision.price_after
        and decision.price_before
        and decision.listing_id in rows
        and _stands(rows[decision.listing_id], decision)
    }
    await listings.take_back(scope, run.store_id, former, at=runtime.clock.now())
    fields: dict[str, object] = {
        "taken_back": run.taken_back + len(former),
        "left_alone": run.left_alone + len(moved) - len(former),
    }
    if batch:
        fields["undone_until"] = batch[-1].id
    else:
        fields["status"] = RunStatus.UNDONE
    await runs.change(scope, run, fields)


def _stands(listing: Listing, decision: Decision) -> bool:
    """Whether the price is the one that the decision set, and has been since; what goes with it may be another."""
    wanted = (listing.wanted_price, listing.price_changed_at)
    return wanted == (decision.price_after, decision.decided_at)


async def _answer(
    runtime: Runtime, scope: Scope, run_id: str, status: RunStatus, actor: str
) -> Run:
    async def write(inside: Scope) -> Run:
        run = await _written(inside, run_id)
        if run.status is not RunStatus.HELD:
            raise Conflict(
                f"Nothing of this run waits for an answer; it is {run.status}.",
                field=("input", "runId"),
            )
        answered = await _move(runtime, inside, run, status, actor)
        await markings.ask(
            inside, run.store_id, at=runtime.clock.now(), reason="RUN_ANSWERED", run_id=run.id
        )
        return answered

    run = await scope.transaction(write)
    await runtime.queue.wake(Job.REPRICE, scope.merchant_id, run.store_id)
    return run


async def _written(scope: Scope, run_id: str) -> Run:
    run = await RUNS.require(scope, run_id, field=("input", "runId"))
    if run.ended_at is None:
        raise Conflict(
            "Not all of this run is written yet. Try again in a moment.", field=("input", "runId")
        )
    return run


async def _move(runtime: Runtime, scope: Scope, run: Run, status: RunStatus, actor: str) -> Run:
    """Set a run's status for a person, and log it."""
    now = runtime.clock.now()
    await runs.change(scope, run, {"status": status, "answered_by": actor, "answered_at": now})
    entry = of_store(
        run.merchant_id,
        run.store_id,
        ChangeKind.RUN,
        before=f"run {run.id} {run.status}",
        after=status,
        actor=actor,
        at=now,
    )
    await CHANGES.insert(scope, [entry])
    return await RUNS.require(scope, run.id)
