"""Repricing: deciding what is due and writing down what follows, a run at a time.

A run is what is marked in a store at one moment, or, in a pass, the whole store. Guard-rails judge all of its prices
before the first is written, so that a mistake which reaches many listings at once is held whole. A small run is one
transaction that reads, decides, judges and writes. In a large one, what follows from a decision is written chunk by
chunk once all are judged, where what the decision rests on is still the same; what is otherwise by then is due for the
next run, so that nothing is written that was not judged.

A chunk is one transaction. Whatever else changes a listing, its product's or its market's mark in between collides
with it and the chunk is decided anew, so a decision never rests on what was true before; and a process that dies in
the middle leaves what is not written as due as it was.
"""

import asyncio
import time
from collections import Counter
from collections.abc import (
    AsyncIterator,
    Awaitable,
    Callable,
    Iterable,
    Iterator,
    Sequence,
)
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from itertools import islice
from typing import Any, TypeVar

import structlog

from domain.change import ChangeKind
from domain.decision import Decision
from domain.ids import new_id
from domain.listing import Listing
from domain.operation import Operation, OperationKind
from domain.run import Breach, Run, RunStatus
from domain.store import Store, StoreStatus
from rules.eligibility import Eligibility
from rules.guardrails import Guardrails, NewPrice
from rules.pricing import PricingVerdict
from services import idempotency, markings, operations, runs, webhook_events
from services.changelog import of_store
from services.consequences import carry_out, settled_by
from services.decisions import Case, Known, decide_all, keep_bases, look_up, still_open
from services.hour import breaches_of
from services.queue import Job
from services.rulebooks import Rulebook
from services.runtime import Runtime
from storage import leases, listings
from storage.changes import CHANGES
from storage.filters import Is
from storage.listings import LISTINGS, Settled
from storage.markings import LANES, asked, done
from storage.mongo import Scope
from storage.operations import is_running
from storage.runs import RUNS, end, interrupted
from storage.stores import STORES

log = structlog.get_logger()

T = TypeVar("T")

_CHUNK = 200
"""Listings of which what follows is written in one transaction."""
_BATCH = 500
"""Listings that are looked at together."""
_AT_ONCE = 50
"""Decisions after which others get a turn."""
_KEPT = 5_000
"""Decisions that a run holds in memory until it is judged; of some 3 KB each."""
_LAST_ID = "\U0010ffff"
"""Follows every id."""
_SECONDS = 20
"""A job begins no run after so long and makes room; what is left is due as before and a new job is woken for it."""
_GATHERING = {
    OperationKind.CATALOG_IMPORT: "PRODUCT_CHANGED",
    OperationKind.PRODUCTS_IMPORT: "PRODUCT_CHANGED",
    OperationKind.LISTINGS_IMPORT: "IMPORTED",
}
"""Work that marks listings bit by bit, and the reason that it gives: they wait for its end, to be judged as one run."""


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
    # A paused store keeps its marks; they are looked at when it is resumed.
    store = await STORES.require(scope, store_id)
    waiting = await _gathering(scope, store_id)
    is_left = await listings.due(scope, store_id, 1, except_for=waiting)
    if store.status is StoreStatus.ACTIVE and (is_left or await asked(scope, store_id)):
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


@dataclass(slots=True)
class _Judged:
    """What a run comes to before any of its prices is written."""

    prices: list[NewPrice] = field(default_factory=list)
    triggers: Counter[str] = field(default_factory=Counter)
    digests: dict[str, str] = field(default_factory=dict)
    """Of what each decision knew from which something follows, by listing id."""
    kept: dict[str, tuple[Eligibility, PricingVerdict, Decision]] = field(default_factory=dict)
    """Those decisions themselves, as far as there is room: the others are made once more to be written."""


@dataclass(frozen=True, slots=True)
class _Look:
    """Listings, and what decisions on them rest on."""

    rows: Sequence[Listing]
    known: Sequence[Known]
    """Of those that have a product."""
    is_light: bool
    """Of products and offers no more is known than shows which decisions are left out."""


@dataclass(frozen=True, slots=True)
class _Decided:
    """Listings that were decided: those from which something follows, and those from which nothing does."""

    cases: list[Case]
    settled: list[Settled]
    looked_at: int
    """How many could not be left out."""


async def _drain(
    runtime: Runtime, scope: Scope, store_id: str, progress: operations.Progress | None
) -> int:
    decided = 0
    until = time.monotonic() + _SECONDS
    while time.monotonic() < until:
        store = await STORES.require(scope, store_id)
        if store.status is not StoreStatus.ACTIVE:
            break
        decided += await _finish_interrupted(runtime, scope, store_id, progress)
        count = await _run(runtime, scope, store_id, progress)
        if count == 0:
            passed = await _pass(runtime, scope, store_id, progress)
            if passed is None:
                break
            count = passed
        decided += count
    if decided:
        log.info("reprice.drained", store=store_id, decided=decided)
    return decided


async def _run(
    runtime: Runtime, scope: Scope, store_id: str, progress: operations.Progress | None
) -> int:
    """Decide what is marked at this moment; gives how many listings were decided."""
    waiting = await _gathering(scope, store_id)
    small = await scope.transaction(lambda inside: _small_run(runtime, inside, store_id, waiting))
    if small is not None:
        await _tell(progress, small, scope, store_id)
        return small
    until = await listings.last_mark(scope, store_id) or runtime.clock.now()
    marked = _marked(scope, store_id, until, waiting)

    async def meanwhile() -> None:
        await scope.transaction(
            lambda inside: _small_run(runtime, inside, store_id, waiting, since=until)
        )

    decided, _ = await _judge_and_write(
        runtime, scope, store_id, marked, progress, meanwhile, marked_until=until
    )
    return decided


async def _pass(
    runtime: Runtime, scope: Scope, store_id: str, progress: operations.Progress | None
) -> int | None:
    """Decide all of a store where that is asked for; gives how many listings were decided, None where it is not.

    What is marked meanwhile comes first, batch by batch.
    """
    asked_for = [each for each in await asked(scope, store_id) if each.run_id is None]
    if not asked_for:
        return None
    waiting = await _gathering(scope, store_id)
    meanwhile_decided = 0

    async def meanwhile() -> None:
        nonlocal meanwhile_decided
        if await listings.due(scope, store_id, 1, except_for=waiting):
            meanwhile_decided += await _run(runtime, scope, store_id, progress)

    decided, is_written = await _judge_and_write(
        runtime,
        scope,
        store_id,
        _all(scope, store_id, waiting),
        progress,
        meanwhile,
        reason=asked_for[0].reason,
    )
    for marking in asked_for if is_written else ():
        await done(scope, store_id, marking)
    return decided + meanwhile_decided


async def _marked(
    scope: Scope, store_id: str, until: datetime, waiting: Sequence[str]
) -> AsyncIterator[list[Listing]]:
    """What was marked up to a moment."""
    after: tuple[Any, str] | None = None
    while rows := await listings.due(
        scope, store_id, _BATCH, after=after, until=until, except_for=waiting
    ):
        after = (rows[-1].due.at, rows[-1].id)
        yield rows


async def _all(scope: Scope, store_id: str, waiting: Sequence[str]) -> AsyncIterator[list[Listing]]:
    """All that can be decided."""
    after = ""
    while rows := await listings.of_pass(scope, store_id, after, _BATCH, except_for=waiting):
        after = rows[-1].id
        yield rows


async def _ahead(batches: AsyncIterator[T]) -> AsyncIterator[T]:
    """The same, each batch read while the one before is decided."""

    async def following() -> T | None:
        return await anext(batches, None)

    coming = asyncio.create_task(following())
    try:
        while rows := await coming:
            coming = asyncio.create_task(following())
            yield rows
    finally:
        coming.cancel()


async def _small_run(
    runtime: Runtime,
    scope: Scope,
    store_id: str,
    waiting: Sequence[str],
    since: datetime | None = None,
) -> int | None:
    """Decide, judge and write what is marked, all in the transaction that it is called in; None if it is too much."""
    store = await STORES.require(scope, store_id)
    if store.status is not StoreStatus.ACTIVE:
        return 0
    after = (since, _LAST_ID) if since else None
    rows = await listings.due(
        scope, store_id, _CHUNK + 1, after=after, except_for=waiting, whole=True
    )
    if len(rows) > _CHUNK:
        return None
    if not rows:
        return 0
    run_id, now, judged = new_id(), runtime.clock.now(), _Judged()
    rulebook = await runtime.rulebooks.in_force(scope, store_id)
    look = await _look(scope, store, rulebook, rows)
    decided = await _decide(scope, store, rulebook, look, now, None)
    _take(judged, store, rows, decided, None)
    breaches = await breaches_of(scope, store_id, rulebook.guardrails, judged.prices, now)
    run = replace(_new_run(store, run_id, judged, breaches, now, rulebook.guardrails), ended_at=now)
    await _note(scope, run)
    await carry_out(scope, run, decided.cases, decided.settled)
    return len(rows)


async def _judge_and_write(
    runtime: Runtime,
    scope: Scope,
    store_id: str,
    batches: AsyncIterator[list[Listing]],
    progress: operations.Progress | None,
    meanwhile: Callable[[], Awaitable[None]],
    *,
    marked_until: datetime | None = None,
    reason: str | None = None,
) -> tuple[int, bool]:
    """A run of many: decide and judge it, then write it chunk by chunk.

    That a decision changes nothing is noted at once; whatever else follows waits until the whole is judged. Gives how
    many listings were decided, and whether all is written: not where the store was paused meanwhile.
    """
    run_id, now, judged, decided = new_id(), runtime.clock.now(), _Judged(), 0
    store = await STORES.require(scope, store_id)
    rulebook = await runtime.rulebooks.in_force(scope, store_id)
    is_enough = not rulebook.digester(store, now).reads_age
    lightly = is_enough

    async def looked_at() -> AsyncIterator[_Look]:
        async for rows in batches:
            yield await _look(scope, store, rulebook, rows, lightly=lightly)

    async for look in _ahead(looked_at()):
        is_kept = len(judged.kept) < _KEPT
        found = await _decide(scope, store, rulebook, look, now, reason, is_kept=is_kept)
        lightly = is_enough and found.looked_at < len(look.rows) / 2
        _take(judged, store, look.rows, found, reason)
        if is_kept:
            kept = {
                case.listing.id: (case.eligibility, case.verdict, case.decision)
                for case in found.cases
            }
            judged.kept.update(kept)
        await listings.settle(scope, found.settled)
        decided += len(found.settled)
        await _tell(progress, len(found.settled), scope, store_id)
        await meanwhile()
    breaches = await breaches_of(scope, store_id, rulebook.guardrails, judged.prices, now)
    run = _new_run(store, run_id, judged, breaches, now, rulebook.guardrails)
    run = replace(run, marked_until=marked_until or now, pass_for=reason)
    await scope.transaction(lambda inside: _note(inside, run))
    for chunks in _slices(_slices(judged.digests, _CHUNK), LANES):
        # The database works on one while the next is made ready.
        counts = await _all_of(
            scope.transaction(partial(_chunk, runtime, run, judged, ids, lane=lane))
            for lane, ids in enumerate(chunks)
        )
        written = sum(count or 0 for count in counts)
        decided += written
        await _tell(progress, written, scope, store_id)
        if None in counts:
            return decided, False  # the rest is judged anew when the store is resumed
        await meanwhile()
    await end(scope, run.id, runtime.clock.now())
    return decided, True


async def _finish_interrupted(
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
    decided, waiting = 0, await _gathering(scope, run.store_id)
    batches = (
        _marked(scope, run.store_id, run.marked_until, waiting)
        if run.pass_for is None
        else _all(scope, run.store_id, waiting)
    )
    async for rows in batches:
        for ids in _slices((row.id for row in rows), _CHUNK):
            count = await scope.transaction(partial(_chunk, runtime, run, None, ids))
            if count is None:
                return None
            decided += count
            await _tell(progress, count, scope, run.store_id)
    return decided


async def _chunk(
    runtime: Runtime,
    run: Run,
    judged: _Judged | None,
    ids: Sequence[str],
    scope: Scope,
    lane: int = 0,
) -> int | None:
    """Write what follows for listings of a run that know what they knew when it was judged; the others stay, or become, due.

    Of a run that is held nothing is left: what knows something else by now is decided anew, and held. Gives how many
    were written, or None where the store is paused.
    """
    store = await STORES.require(scope, run.store_id)
    if store.status is not StoreStatus.ACTIVE:
        return None
    found = await LISTINGS.rows(scope, ids)
    rows = [found[id_] for id_ in ids if id_ in found]
    if run.pass_for is None:
        rows = [row for row in rows if row.due.at is not None]
    rulebook = await runtime.rulebooks.in_force(scope, run.store_id)
    same: list[Case] = []
    if judged is not None:
        same, rows, left = await _compare(scope, store, rulebook, run, judged, rows)
        if left:
            now, reason = runtime.clock.now(), run.pass_for or ""
            await listings.mark_due(scope, store.id, Is("_id", "in", left), at=now, reason=reason)
    look = await _look(scope, store, rulebook, rows)
    anew = await _decide(scope, store, rulebook, look, run.started_at, run.pass_for)
    await carry_out(scope, run, [*same, *anew.cases], anew.settled, lane)
    return len(same) + len(rows)


async def _compare(
    scope: Scope,
    store: Store,
    rulebook: Rulebook,
    run: Run,
    judged: _Judged,
    rows: Sequence[Listing],
) -> tuple[list[Case], list[Listing], list[str]]:
    """Which decisions of a judged run stand, which listings are to be decided anew, and which are to become due."""
    digester = rulebook.digester(store, run.started_at)
    known = await look_up(scope, store, rows, rulebook, digests_only=not digester.reads_age)
    same: list[Case] = []
    anew: list[Listing] = []
    left: list[str] = []
    for row in known:
        id_ = row.listing.id
        digest = digester.of(row.product, row.listing, row.offers, row.answer)
        is_same = digest == judged.digests[id_]
        if is_same and id_ in judged.kept:
            same.append(Case(row, *judged.kept[id_]))
        elif is_same or run.status is RunStatus.HELD:
            anew.append(row.listing)
        elif row.listing.due.at is None:
            left.append(id_)
    return same, anew, left


async def _look(
    scope: Scope,
    store: Store,
    rulebook: Rulebook,
    rows: Sequence[Listing],
    *,
    lightly: bool = False,
) -> _Look:
    """Look up what decisions on listings rest on; `lightly` pays where most are left out."""
    known = await look_up(scope, store, rows, rulebook, digests_only=lightly)
    return _Look(rows, known, lightly)


async def _decide(
    scope: Scope,
    store: Store,
    rulebook: Rulebook,
    look: _Look,
    now: datetime,
    reason: str | None,
    *,
    is_kept: bool = True,
) -> _Decided:
    """Decide listings by what is known at this moment, leaving out those of which nothing is other than last time.

    What is not kept is decided once more to be written.
    """
    open_ = still_open(store, rulebook, look.known, now)
    if look.is_light and open_:
        # Looked up anew: what has changed in between is seen, or has left a mark.
        open_ = await look_up(scope, store, [row.listing for row in open_], rulebook)
    cases: list[Case] = []
    for some in _slices(open_, _AT_ONCE):
        cases += decide_all(store, rulebook, some, now, reason)
        if len(open_) > _AT_ONCE:
            await asyncio.sleep(0)
    unchanged = settled_by(cases)
    nothing = {each.listing.id for each in unchanged}
    looked_at = {row.listing.id for row in open_}
    with_product = {row.listing.id for row in look.known}
    for row in look.rows:
        if row.id not in with_product:
            unchanged.append(Settled(row, None, None))
        elif row.id not in looked_at:
            unchanged.append(Settled(row, row.inputs_hash, row.decide_again_at))
    moving = [case for case in cases if case.listing.id not in nothing]
    if is_kept:
        moving = keep_bases(store, rulebook, moving)
    return _Decided(moving, unchanged, len(open_))


def _take(
    judged: _Judged,
    store: Store,
    rows: Sequence[Listing],
    decided: _Decided,
    reason: str | None,
) -> None:
    judged.triggers.update(row.due.reason or reason or "" for row in rows)
    for case in decided.cases:
        judged.digests[case.listing.id] = case.decision.inputs_hash
        if case.moves_price:
            judged.prices.append(case.new_price(store))


def _slices(items: Iterable[T], size: int) -> Iterator[list[T]]:
    rest = iter(items)
    while some := list(islice(rest, size)):
        yield some


async def _all_of(work: Iterable[Awaitable[T]]) -> list[T]:
    """What each of several came to, once none of them runs any more; the first error of any is raised then."""
    results = await asyncio.gather(*work, return_exceptions=True)
    for result in results:
        if isinstance(result, BaseException):
            raise result
    return [result for result in results if not isinstance(result, BaseException)]


async def _gathering(scope: Scope, store_id: str) -> list[str]:
    """The reasons of marks that wait, since the work that sets them goes on."""
    return [
        reason
        for kind, reason in _GATHERING.items()
        if await is_running(
            scope, store_id if kind is OperationKind.LISTINGS_IMPORT else None, kind
        )
    ]


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
    judged: _Judged,
    breaches: tuple[Breach, ...],
    now: datetime,
    rails: Guardrails,
) -> Run:
    before = [(each.before, each.after) for each in judged.prices]
    return Run(
        id=id_,
        merchant_id=store.merchant_id,
        store_id=store.id,
        status=RunStatus.HELD if breaches else RunStatus.PASSED,
        breaches=breaches,
        triggers=dict(judged.triggers),
        up=sum(was is not None and will > was for was, will in before),
        down=sum(was is not None and will < was for was, will in before),
        first_priced=sum(was is None for was, _ in before),
        started_at=now,
        marked_until=now,
        ended_at=None,
        costs={
            each.listing_id: each.cost
            for each in judged.prices
            if rails.below_cost is not None
            and not breaches  # no more than the limit
            and each.cost is not None
            and each.after < each.cost
        },
    )


async def _tell(
    progress: operations.Progress | None, count: int, scope: Scope, store_id: str
) -> None:
    if progress:
        progress.counts["decided"] += count
        done = progress.counts["decided"]
        if progress.total is None or done > progress.total:
            await progress.report(done, done + await markings.count_due(scope, store_id))
        else:
            await progress.report(done)
