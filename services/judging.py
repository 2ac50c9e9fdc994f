"""Runs: decided, judged whole, and then written.

Guard-rails judge all prices of a run before the first is written, so that a mistake which reaches many listings at once
is held whole. A small run is one transaction that reads, decides, judges and writes. Of a large one, shares are decided
side by side (`services.share`), and what follows from the decisions is written chunk by chunk once all are judged, where
what a decision rests on is still the same; what is otherwise by then is due for the next run, so that nothing is written
that was not judged.
"""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import Any, TypeVar

import structlog

from domain.change import ChangeKind
from domain.ids import new_id
from domain.run import Breach, Run, RunStatus
from domain.store import Store, StoreStatus
from rules.guardrails import Guardrails
from rules.new_prices import NewPrices
from services import chunks, due, operations, webhook_events
from services.changelog import of_store
from services.chunks import write_chunk
from services.consequences import carry_out
from services.course import Course, tell
from services.deciding import decide, look_at, slices
from services.due import Shared
from services.runtime import Runtime
from services.share import Share
from services.share_protocol import Task
from storage import listings, rulesets
from storage.changes import CHANGES
from storage.listings import Selection
from storage.markings import URGENT
from storage.mongo import Scope
from storage.runs import RUNS, end, interrupted
from storage.stores import STORES

log = structlog.get_logger()
T = TypeVar("T")
_LAST_ID = "\U0010ffff"
"""Follows every id."""


async def small_run(
    runtime: Runtime,
    scope: Scope,
    store_id: str,
    since: datetime | None = None,
) -> int | None:
    """Decide, judge and write what is marked, all in the transaction that it is called in; None if it is too much.

    Hundreds of events a second wait for whatever it reads: work that marks bit by bit is looked for where its marks are.
    """
    after, most = (since, _LAST_ID) if since else None, chunks.CHUNK + 1
    rows = await listings.due(scope, store_id, most, after=after)
    if due.may_wait(rows) and (waiting := await due.gathering(scope, store_id)):
        rows = await listings.due(scope, store_id, most, after=after, except_for=waiting)
    if len(rows) == most:
        return None
    if not rows:
        return 0
    store = await STORES.require(scope, store_id)
    if store.status is not StoreStatus.ACTIVE:
        return 0
    run_id, now = new_id(), runtime.clock.now()
    rulebook = await runtime.rulebooks.in_force(scope, store_id)
    look = await look_at(scope, store, rulebook, rows)
    decided = await decide(scope, store, rulebook, look, now, None)
    prices, rails = decided.prices(store), rulebook.guardrails
    breaches = await runtime.last_hour.breaches_of(scope, store_id, rails, prices, now)
    run = _new_run(store, run_id, prices, look.triggers(None), breaches, now, rails)
    run = replace(run, ended_at=now)
    await _note(scope, run)
    await carry_out(scope, run, decided.cases, decided.settled, URGENT)
    return len(rows)


async def judge_and_write(
    runtime: Runtime,
    scope: Scope,
    selection: Selection,
    progress: operations.Progress | None,
    meanwhile: Callable[[], Awaitable[int]],
    reason: str | None = None,
) -> tuple[int, bool]:
    """A run of many: decide and judge it, then write it chunk by chunk.

    That a decision changes nothing is noted at once; whatever else follows waits until the whole is judged.
    `meanwhile` decides what is urgent, and gives how many it found. Gives how many listings were decided, and whether
    all is written: not where the store is paused.

    Raises:
        ShareLost: a process that had a share of it is gone.
    """
    run_id, now = new_id(), runtime.clock.now()
    store = await STORES.require(scope, selection.store_id)
    if store.status is not StoreStatus.ACTIVE:
        return 0, False
    ruleset_ids = await rulesets.published_ids(scope, store.id)
    rails = (await runtime.rulebooks.of(scope, ruleset_ids)).guardrails
    task = Task(scope.merchant_id, store, ruleset_ids, selection, now, reason)
    pages = Shared(due.pages(scope, selection))
    course = Course(scope, store.id, progress, meanwhile, pages)
    async with runtime.share_processes.free() as processes:
        own = Share(runtime, task)
        beside = processes if await due.is_large(scope, selection) else []
        await _together(
            own.judge(pages, course.take_own),
            *(
                course.by_another(
                    each.judge(task, course.pages_for_another(), pages.over, course.take)
                )
                for each in beside
            ),
        )
        prices, triggers = course.outcome()
        breaches = await runtime.last_hour.breaches_of(scope, store.id, rails, prices, now)
        run = _new_run(store, run_id, prices, triggers, breaches, now, rails)
        run = replace(run, marked_until=selection.until or now, pass_for=reason)
        await scope.transaction(lambda inside: _note(inside, run))
        written = await _together(
            own.write(run, course.go_on_own),
            *(course.by_another(each.write(run, course.go_on)) for each in beside),
        )
    if not all(written):
        return course.decided, False  # the rest is judged anew when the store is resumed
    await end(scope, run.id, runtime.clock.now())
    return course.decided, True


async def finish_interrupted(
    runtime: Runtime, scope: Scope, store_id: str, progress: operations.Progress | None
) -> int:
    """Deal with runs of which not everything is written; gives how many listings were decided."""
    decided = 0
    while run := await interrupted(scope, store_id):
        if run.status is RunStatus.HELD:
            count = await _hold_the_rest(runtime, scope, run, progress)
            if count is None:
                break
            decided += count
        # Of what else was not written nobody knows any more what it was judged by: it is judged anew.
        await end(scope, run.id, runtime.clock.now())
    return decided


async def _hold_the_rest(
    runtime: Runtime, scope: Scope, run: Run, progress: operations.Progress | None
) -> int | None:
    """Go on writing a run that is held; gives how many listings were decided, None where the store is paused."""
    decided, until = 0, run.marked_until if run.pass_for is None else None
    selection = Selection(run.store_id, until, await due.gathering(scope, run.store_id))
    async for page in due.pages(scope, selection):
        rows = await due.read(scope, selection, page)
        for ids in slices((row.id for row in rows), chunks.CHUNK):
            count = await scope.transaction(partial(write_chunk, runtime, run, None, ids))
            if count is None:
                return None
            decided += count
            await tell(progress, count, scope, run.store_id)
    return decided


async def _note(scope: Scope, run: Run) -> None:
    """Write a run down where it moves a price or is held; whoever looks after the store is told of the latter."""
    if not (run.moved or run.breaches):
        return
    await RUNS.insert(scope, [run])
    if run.breaches:
        why = "; ".join(breach.note for breach in run.breaches)
        entry = of_store(
            run.merchant_id,
            run.store_id,
            ChangeKind.RUN,
            before=None,
            after=f"run {run.id} of {run.moved} prices held: {why}",
            actor="guard-rails",
            at=run.started_at,
        )
        await CHANGES.insert(scope, [entry])
        await webhook_events.tell(scope, [webhook_events.guardrail_tripped(run)])
        log.warning("reprice.held", store=run.store_id, run=run.id, prices=run.moved, why=why)


def _new_run(
    store: Store,
    id_: str,
    prices: NewPrices,
    triggers: Counter[str],
    breaches: tuple[Breach, ...],
    now: datetime,
    rails: Guardrails,
) -> Run:
    # Where it is not held, these are no more than the limit.
    are_counted = rails.below_cost is not None and not breaches
    return Run(
        id=id_,
        merchant_id=store.merchant_id,
        store_id=store.id,
        status=RunStatus.HELD if breaches else RunStatus.PASSED,
        breaches=breaches,
        triggers=dict(triggers),
        up=prices.up,
        down=prices.down,
        first_priced=prices.first,
        started_at=now,
        marked_until=now,
        ended_at=None,
        costs=prices.costs(prices.below_cost()) if are_counted else {},
    )


async def _together(*work: Coroutine[Any, Any, T]) -> list[T]:
    """What each of several came to. As soon as one fails the others are given up; its error is raised once they have ended."""
    tasks = [asyncio.create_task(each) for each in work]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_EXCEPTION)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)
    for task in tasks:
        if task in done:
            task.result()
    return [task.result() for task in tasks]
