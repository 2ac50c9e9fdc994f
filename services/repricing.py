"""Repricing: deciding what is due and writing down what follows, a run at a time.

A run is what is due in a store at one moment. Guard-rails judge all of its prices before the first is written, so
that a mistake which reaches many listings at once is held whole. A small run is one transaction that reads, decides,
judges and writes. A large one is decided twice: once to be judged, and once more, chunk by chunk, to be written; what
comes out otherwise by then is left due for the next run, so that nothing is written that was not judged.

A chunk is one transaction. Whatever else changes a listing, its product's or its market's mark in between collides
with it and the chunk is decided anew, so a decision never rests on what was true before; and a process that dies in
the middle leaves what is not written as due as it was.
"""

import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from typing import Any

import structlog

from domain.change import Change, ChangeKind
from domain.decision import Decision, DecisionOutcome, DecisionReason
from domain.ids import new_id
from domain.listing import NO_TERMS, NOT_DUE, HeldPrice, Listing, ListingReason, ListingStatus
from domain.operation import Operation, OperationKind
from domain.run import Breach, Run, RunStatus
from domain.store import Store, StoreStatus
from domain.submission import Submission, SubmissionKind, SubmissionState
from domain.webhook import WebhookEvent
from rules.eligibility import Eligibility
from rules.guardrails import Guardrails, NewPrice, held, judge_run
from services import idempotency, markings, operations, runs, webhook_events
from services.changelog import of_listing, of_store
from services.decisions import Case, decide_all, look_up
from services.queue import Job
from services.runtime import Runtime
from storage import leases, listings, submissions
from storage.changes import CHANGES
from storage.decisions import DECISIONS
from storage.listings import LISTINGS
from storage.markings import asked, touch
from storage.mongo import Scope
from storage.operations import is_running
from storage.runs import RUNS, end, interrupted
from storage.stores import STORES

log = structlog.get_logger()

_CHUNK = 200
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
class _Writes:
    """What a chunk leaves behind."""

    decisions: list[Decision] = field(default_factory=list)
    submissions: list[Submission] = field(default_factory=list)
    changes: list[Change] = field(default_factory=list)
    listings: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    settled: list[tuple[str, str | None, datetime | None]] = field(default_factory=list)
    events: list[WebhookEvent] = field(default_factory=list)


@dataclass(slots=True)
class _Judged:
    """What a run comes to before it is written."""

    prices: list[NewPrice] = field(default_factory=list)
    triggers: Counter[str] = field(default_factory=Counter)
    digests: dict[str, str] = field(default_factory=dict)
    """Of what each decision knew, by listing id."""

    def take(self, store: Store, cases: Sequence[Case]) -> None:
        """Take in some of the run's cases."""
        for case in cases:
            self.triggers[case.decision.trigger] += 1
            self.digests[case.listing.id] = case.decision.inputs_hash
            if case.moves_price:
                self.prices.append(case.new_price(store))


async def _drain(
    runtime: Runtime, scope: Scope, store_id: str, progress: operations.Progress | None
) -> int:
    decided = 0
    until = time.monotonic() + _SECONDS
    while time.monotonic() < until:
        count = await _run(runtime, scope, store_id, progress)
        decided += count
        if count == 0:
            break
    if decided:
        log.info("reprice.drained", store=store_id, decided=decided)
    return decided


async def _run(
    runtime: Runtime, scope: Scope, store_id: str, progress: operations.Progress | None
) -> int:
    """Decide what is due at this moment; gives how many listings were decided."""
    await _tell(progress, 0, scope, store_id)
    waiting = await _gathering(scope, store_id)
    unwritten = await interrupted(scope, store_id)
    if unwritten is not None and unwritten.status is RunStatus.HELD:
        return await _write(runtime, scope, unwritten, None, waiting, progress)
    if unwritten is not None:
        # Of what was not written nobody knows any more what it was judged by: it is judged anew.
        await end(scope, unwritten.id, runtime.clock.now())
    small = await scope.transaction(lambda inside: _small_run(runtime, inside, store_id, waiting))
    if small is not None:
        await _tell(progress, small, scope, store_id)
        return small
    run, digests = await _judge(runtime, scope, store_id, waiting, progress)
    await scope.transaction(lambda inside: _note(inside, run))
    return await _write(runtime, scope, run, digests, waiting, progress)


async def _small_run(
    runtime: Runtime, scope: Scope, store_id: str, waiting: Sequence[str]
) -> int | None:
    """Decide, judge and write what is due, all in the transaction that it is called in; None if it is too much."""
    store = await STORES.require(scope, store_id)
    if store.status is not StoreStatus.ACTIVE:
        return 0
    rows = await listings.due(scope, store_id, _CHUNK + 1, except_for=waiting)
    if len(rows) > _CHUNK:
        return None
    run_id, now, judged = new_id(), runtime.clock.now(), _Judged()
    rulebook = await runtime.rulebooks.in_force(scope, store_id)
    cases = decide_all(store, rulebook, await look_up(scope, store, rows), now)
    judged.take(store, cases)
    breaches = await _breaches(scope, store_id, rulebook.guardrails, judged)
    run = replace(_new_run(store, run_id, judged, breaches, now), ended_at=now)
    await _note(scope, run)
    await _carry_out_all(scope, run, rows, cases)
    return len(rows)


async def _judge(
    runtime: Runtime,
    scope: Scope,
    store_id: str,
    waiting: Sequence[str],
    progress: operations.Progress | None,
) -> tuple[Run, dict[str, str]]:
    """Decide all that is due without writing any of it, and have it judged as a whole.

    Gives the run and, by listing id, the digest of what each decision knew.
    """
    run_id, now, judged = new_id(), runtime.clock.now(), _Judged()
    store = await STORES.require(scope, store_id)
    rulebook = await runtime.rulebooks.in_force(scope, store_id)
    until = await listings.last_mark(scope, store_id) or now
    after: tuple[Any, str] | None = None
    while rows := await listings.due(
        scope, store_id, _CHUNK, after=after, until=until, except_for=waiting
    ):
        after = (rows[-1].due.at, rows[-1].id)
        judged.take(store, decide_all(store, rulebook, await look_up(scope, store, rows), now))
        await _tell(progress, 0, scope, store_id)
    breaches = await _breaches(scope, store_id, rulebook.guardrails, judged)
    run = _new_run(store, run_id, judged, breaches, now)
    return replace(run, marked_until=until), judged.digests


async def _write(
    runtime: Runtime,
    scope: Scope,
    run: Run,
    digests: dict[str, str] | None,
    waiting: Sequence[str],
    progress: operations.Progress | None,
) -> int:
    """Write a run that is judged, chunk by chunk; gives how many listings were decided."""
    decided = 0
    after: tuple[Any, str] | None = None
    while rows := await listings.due(
        scope, run.store_id, _CHUNK, after=after, until=run.marked_until, except_for=waiting
    ):
        after = (rows[-1].due.at, rows[-1].id)
        ids = [row.id for row in rows]
        count = await scope.transaction(partial(_chunk, runtime, run, digests, ids))
        if count is None:
            return decided  # the rest is written, or judged anew, when the store is resumed
        decided += count
        await _tell(progress, count, scope, run.store_id)
    await end(scope, run.id, runtime.clock.now())
    return decided


async def _chunk(
    runtime: Runtime, run: Run, digests: dict[str, str] | None, ids: Sequence[str], scope: Scope
) -> int | None:
    """Decide listings of a run once more and write what is as it was judged; the others stay due.

    Gives how many were written, or None where the store is paused.
    """
    store = await STORES.require(scope, run.store_id)
    if store.status is not StoreStatus.ACTIVE:
        return None
    found = await LISTINGS.get_many(scope, ids)
    rows = [found[id_] for id_ in ids if id_ in found and found[id_].due.at is not None]
    rulebook = await runtime.rulebooks.in_force(scope, run.store_id)
    known = await look_up(scope, store, rows)
    cases = decide_all(store, rulebook, known, run.started_at)
    if digests is not None and run.status is not RunStatus.HELD:
        others = {
            case.listing.id
            for case in cases
            if digests.get(case.listing.id) != case.decision.inputs_hash
        }
        rows = [row for row in rows if row.id not in others]
        cases = [case for case in cases if case.listing.id not in others]
    await _carry_out_all(scope, run, rows, cases)
    return len(rows)


async def _gathering(scope: Scope, store_id: str) -> list[str]:
    """The reasons of marks that wait, since the work that sets them goes on."""
    return [
        reason
        for kind, reason in _GATHERING.items()
        if await is_running(
            scope, store_id if kind is OperationKind.LISTINGS_IMPORT else None, kind
        )
    ]


async def _breaches(
    scope: Scope, store_id: str, rails: Guardrails, judged: _Judged
) -> tuple[Breach, ...]:
    size = 0
    if rails.changed_share_percent is not None and len(judged.prices) >= rails.from_listings:
        size = await listings.count_of(scope, store_id)
    return judge_run(rails, judged.prices, size)


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
    store: Store, id_: str, judged: _Judged, breaches: tuple[Breach, ...], now: datetime
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
    )


async def _tell(
    progress: operations.Progress | None, count: int, scope: Scope, store_id: str
) -> None:
    if progress:
        progress.counts["decided"] += count
        done = progress.counts["decided"]
        await progress.report(done, done + await listings.count_due(scope, store_id))


async def _carry_out_all(
    scope: Scope, run: Run, rows: Sequence[Listing], cases: Sequence[Case]
) -> None:
    """Write what follows from some of a run's decisions."""
    # What decides otherwise from now on is not to come in between.
    await touch(scope, run.store_id)
    writes = _Writes()
    for case in cases:
        _carry_out(_as_judged(case, run), writes)
    decided = {case.listing.id for case in cases}
    for listing in rows:
        if listing.id not in decided:
            writes.settled.append((listing.id, None, None))
    await DECISIONS.insert(scope, writes.decisions)
    await submissions.write_down(scope, writes.submissions)
    await CHANGES.insert(scope, writes.changes)
    await listings.change(scope, writes.listings)
    await listings.settle_due(scope, writes.settled)
    await webhook_events.tell(scope, writes.events)


def _as_judged(case: Case, run: Run) -> Case:
    """A case once its run is judged: held with it, or, where a person has answered for it, part of an earlier run."""
    decision = case.decision
    if case.is_answered and case.listing.held:
        decision = replace(decision, run_id=case.listing.held.run_id)
    elif case.moves_price:
        decision = replace(decision, run_id=run.id)
        if run.status is RunStatus.HELD:
            decision = held(decision, run.breaches)
    return replace(case, decision=decision)


def _carry_out(case: Case, writes: _Writes) -> None:
    """What follows from a decision: the listing's new state, a submission, entries of the log."""
    listing, decision = case.listing, case.decision
    fields: dict[str, Any] = {}
    status, reason = _standing(listing, case.eligibility)
    moved = status is not listing.status
    if (status, reason) != (listing.status, listing.reason):
        fields |= {"status": status, "reason": reason}
        if moved:
            writes.changes.append(
                of_listing(
                    listing,
                    ChangeKind.STATUS,
                    before=listing.status,
                    after=status,
                    actor="rules",
                    at=decision.decided_at,
                    decision_id=decision.id,
                )
            )
    submission = _submission(case)
    hold = decision.reason if decision.outcome is DecisionOutcome.HOLD else None
    held_anew = hold is not None and decision.inputs_hash != listing.inputs_hash
    held_price = _held_price(case)
    if held_price != listing.held:
        fields["held"] = held_price
    if submission or hold is not listing.hold or held_anew or moved:
        writes.decisions.append(decision)
        fields |= {"last_decision_id": decision.id, "hold": hold}
        if submission:
            writes.submissions.append(submission)
            fields["wanted_quantity"] = decision.quantity_after
            if submission.price:
                fields |= {
                    "wanted_price": submission.price,
                    "wanted_terms": submission.terms,
                    "price_decision_id": submission.price_decision_id,
                }
                if submission.price != listing.wanted_price:
                    fields["price_changed_at"] = decision.decided_at
    again = case.verdict.decide_again_at
    if fields:
        fields |= {
            "due": NOT_DUE,
            "decide_again_at": again,
            "inputs_hash": decision.inputs_hash,
            "updated_at": decision.decided_at,
        }
        writes.listings.append((listing.id, fields))
        if moved or hold not in {None, listing.hold}:
            writes.events += _events(case, fields)
    else:
        writes.settled.append((listing.id, decision.inputs_hash, again))


def _events(case: Case, fields: dict[str, Any]) -> list[WebhookEvent]:
    """What webhooks are told of a decision."""
    before, decision = case.listing, case.decision
    after = replace(before, **fields, version=before.version + 1)
    moved = webhook_events.listing_status(
        before, after, at=decision.decided_at, decision_id=decision.id
    )
    return moved + webhook_events.decision_held(before, after, decision)


def _held_price(case: Case) -> HeldPrice | None:
    """What the listing is to remember of a run that a person has to answer for, or has answered for."""
    held_, decision = case.listing.held, case.decision
    if held_ and case.verdict.turned_down:
        return HeldPrice(held_.run_id, case.verdict.turned_down)
    if held_ and (
        case.known.answer is RunStatus.HELD or decision.reason is DecisionReason.TURNED_DOWN
    ):
        return held_
    if decision.reason is DecisionReason.RUN_HELD and decision.run_id and decision.price_after:
        return HeldPrice(decision.run_id, decision.price_after)
    return None


def _standing(
    listing: Listing, eligibility: Eligibility
) -> tuple[ListingStatus, ListingReason | None]:
    """Where the listing stands once the listing rule and the stock have spoken (behaviour 12)."""
    if not eligibility.eligible:
        return ListingStatus.INELIGIBLE, eligibility.reason
    if listing.status is ListingStatus.INELIGIBLE:
        was_live = listing.price is not None
        return ListingStatus.ACTIVE if was_live else ListingStatus.LIST_IN_PROGRESS, None
    return listing.status, listing.reason


def _submission(case: Case) -> Submission | None:
    """What Amazon is to be told, if anything. A held price is never told, nor what goes out with it."""
    listing, decision = case.listing, case.decision
    terms = listing.wanted_terms.then(decision.business, decision.list_price)
    held = decision.outcome is DecisionOutcome.HOLD
    keeps = (decision.price_after, terms) == (listing.wanted_price, listing.wanted_terms)
    price = None if held or keeps else decision.price_after
    quantity = (
        None if decision.quantity_after == listing.wanted_quantity else decision.quantity_after
    )
    kind, justified_by = SubmissionKind.CHANGE, decision.id
    if listing.price is None:
        # Amazon may not have the offer yet: send it whole, or not at all while no price is justified
        # or there is nothing to sell.
        kind = SubmissionKind.LIST
        if price is None and quantity is None:
            return None
        if price is None:
            price, justified_by = listing.wanted_price, listing.price_decision_id or decision.id
            terms = listing.wanted_terms
        quantity = decision.quantity_after
        if price is None or (listing.wanted_price is None and not case.eligibility.eligible):
            return None
    if price is None and quantity is None:
        return None
    return Submission(
        id=new_id(),
        merchant_id=listing.merchant_id,
        store_id=listing.store_id,
        listing_id=listing.id,
        seller_sku=listing.seller_sku,
        kind=kind,
        decision_id=decision.id,
        price=price,
        quantity=quantity,
        state=SubmissionState.PENDING,
        attempts=0,
        amazon_submission_id=None,
        issues=(),
        created_at=decision.decided_at,
        accepted_at=None,
        settled_at=None,
        price_decision_id=justified_by if price else None,
        terms=terms if price else NO_TERMS,
    )
