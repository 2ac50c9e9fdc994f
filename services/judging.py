"""Runs: decided, judged whole, and then written.

Guard-rails judge all prices of a run before the first is written, so that a mistake which reaches many listings at once
is held whole. A small run is one transaction that reads, decides, judges and writes. In a large one, what follows from a
decision is written chunk by chunk once all are judged, where what the decision rests on is still the same; what is
otherwise by then is due for the next run, so that nothing is written that was not judged.
"""

import asyncio
from collections import Counter
from collections.abc import (
    AsyncIterator,
    Awaitable,
    Callable,
    Generator,
    Iterable,
    Sequence,
)
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from typing import TypeVar

import structlog

from domain.change import ChangeKind
from domain.decision import Decision
from domain.ids import new_id
from domain.listing import Listing
from domain.run import Breach, Run, RunStatus
from domain.store import Store, StoreStatus
from rules.eligibility import Eligibility
from rules.guardrails import Guardrails
from rules.new_prices import NewPrices
from rules.pricing import PricingVerdict
from services import markings, operations, webhook_events
from services.changelog import of_store
from services.chunks import Chunk, write_chunk
from services.consequences import carry_out
from services.deciding import Decided, Look, decide, look_at, slices
from services.due import ahead, gathering, marked, whole_store
from services.runtime import Runtime
from storage import listings
from storage.changes import CHANGES
from storage.markings import LANES
from storage.mongo import Scope
from storage.runs import RUNS, end, interrupted
from storage.stores import STORES

log = structlog.get_logger()
T = TypeVar("T")
_CHUNK = 200
"""Listings of which what follows is written in one transaction."""
_KEPT = 5_000
"""Decisions that a run holds in memory until it is judged; of some 3 KB each."""
_LAST_ID = "\U0010ffff"
"""Follows every id."""


@dataclass(slots=True)
class _Judged:
    """What a run comes to before any of its prices is written."""

    prices: NewPrices = field(default_factory=NewPrices)
    triggers: Counter[str] = field(default_factory=Counter)
    listing_ids: list[str] = field(default_factory=list)
    """Of the decisions from which something follows."""
    digests: bytearray = field(default_factory=bytearray)
    """Of what each of them knew, 32 bytes long: there may be a million."""
    kept: dict[str, tuple[Eligibility, PricingVerdict, Decision]] = field(default_factory=dict)
    """Those decisions themselves, as far as there is room: the others are made once more to be written."""

    def add(self, listing_id: str, digest: str) -> None:
        """Note what a decision knew from which something follows."""
        self.listing_ids.append(listing_id)
        self.digests += bytes.fromhex(digest)

    def chunks(self) -> Generator[Chunk]:
        """What is written together."""
        digests = (self.digests[at : at + 32].hex() for at in range(0, len(self.digests), 32))
        for some in slices(zip(self.listing_ids, digests, strict=True), _CHUNK):
            yield Chunk(dict(some), self.kept)


async def small_run(
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
    look = await look_at(scope, store, rulebook, rows)
    decided = await decide(scope, store, rulebook, look, now, None)
    _take(judged, store, rows, decided, None)
    breaches = await runtime.last_hour.breaches_of(
        scope, store_id, rulebook.guardrails, judged.prices, now
    )
    run = replace(_new_run(store, run_id, judged, breaches, now, rulebook.guardrails), ended_at=now)
    await _note(scope, run)
    await carry_out(scope, run, decided.cases, decided.settled)
    return len(rows)


async def judge_and_write(
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

    async def looked_at() -> AsyncIterator[Look]:
        async for rows in batches:
            yield await look_at(scope, store, rulebook, rows, lightly=lightly)

    async for look in ahead(looked_at()):
        is_kept = len(judged.kept) < _KEPT
        found = await decide(scope, store, rulebook, look, now, reason, is_kept=is_kept)
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
        await tell(progress, len(found.settled), scope, store_id)
        await meanwhile()
    breaches = await runtime.last_hour.breaches_of(
        scope, store_id, rulebook.guardrails, judged.prices, now
    )
    run = _new_run(store, run_id, judged, breaches, now, rulebook.guardrails)
    run = replace(run, marked_until=marked_until or now, pass_for=reason)
    await scope.transaction(lambda inside: _note(inside, run))
    chunks = judged.chunks()

    async def write(lane: int) -> bool:
        """Write what is left chunk by chunk; gives whether the store went on."""
        nonlocal decided
        try:
            for chunk in chunks:
                ids = [*chunk.digests]
                count = await scope.transaction(
                    partial(write_chunk, runtime, run, chunk, ids, lane=lane)
                )
                if count is None:
                    return False
                decided += count
                await tell(progress, count, scope, store_id)
                if lane == 0:
                    await meanwhile()
        finally:
            # Where one of them cannot go on, the others do not either.
            chunks.close()
        return True

    # The database works on a chunk while another is made ready.
    if not all(await _all_of(write(lane) for lane in range(LANES))):
        return decided, False  # the rest is judged anew when the store is resumed
    await end(scope, run.id, runtime.clock.now())
    return decided, True


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
    decided, waiting = 0, await gathering(scope, run.store_id)
    batches = (
        marked(scope, run.store_id, run.marked_until, waiting)
        if run.pass_for is None
        else whole_store(scope, run.store_id, waiting)
    )
    async for rows in batches:
        for ids in slices((row.id for row in rows), _CHUNK):
            count = await scope.transaction(partial(write_chunk, runtime, run, None, ids))
            if count is None:
                return None
            decided += count
            await tell(progress, count, scope, run.store_id)
    return decided


def _take(
    judged: _Judged,
    store: Store,
    rows: Sequence[Listing],
    decided: Decided,
    reason: str | None,
) -> None:
    judged.triggers.update(row.due.reason or reason or "" for row in rows)
    for case in decided.cases:
        judged.add(case.listing.id, case.decision.inputs_hash)
        if case.moves_price:
            judged.prices.add(case.new_price(store))


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
    prices = judged.prices
    # Where it is not held, these are no more than the limit.
    are_counted = rails.below_cost is not None and not breaches
    return Run(
        id=id_,
        merchant_id=store.merchant_id,
        store_id=store.id,
        status=RunStatus.HELD if breaches else RunStatus.PASSED,
        breaches=breaches,
        triggers=dict(judged.triggers),
        up=prices.up,
        down=prices.down,
        first_priced=prices.first,
        started_at=now,
        marked_until=now,
        ended_at=None,
        costs=prices.costs(prices.below_cost()) if are_counted else {},
    )


async def tell(
    progress: operations.Progress | None, count: int, scope: Scope, store_id: str
) -> None:
    """Report that so many listings more were decided."""
    if progress:
        progress.counts["decided"] += count
        is_more = progress.total is None or progress.counts["decided"] > progress.total
        due = await markings.count_due(scope, store_id) if is_more else None
        done = progress.counts["decided"]  # others may have decided more in between
        await progress.report(done, None if due is None else done + due)


async def _all_of(work: Iterable[Awaitable[T]]) -> list[T]:
    """What each of several came to, once none of them runs any more; the first error of any is raised then."""
    results = await asyncio.gather(*work, return_exceptions=True)
    for result in results:
        if isinstance(result, BaseException):
            raise result
    return [result for result in results if not isinstance(result, BaseException)]
