"""Repricing: deciding what is due and writing down what follows, a chunk at a time.

A chunk is one transaction that reads, decides and writes. Whatever else changes a listing, its product's
or its market's mark in between collides with it and the chunk is decided anew, so a decision never rests on
what was true before; and a process that dies in the middle leaves the chunk as due as it was.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import structlog

from domain.change import Change, ChangeKind
from domain.decision import Decision, DecisionOutcome
from domain.ids import new_id
from domain.listing import NO_TERMS, NOT_DUE, Listing, ListingReason, ListingStatus
from domain.offer import OfferSnapshot, snapshot_id
from domain.operation import OperationKind
from domain.product import Product
from domain.store import Store, StoreStatus
from domain.submission import Submission, SubmissionKind, SubmissionState
from rules.eligibility import Eligibility, judge
from rules.facts import facts_of
from rules.inputs import PricingInputs, inputs_hash
from rules.pricing import PricingVerdict, decide
from services import operations
from services.changelog import of_listing
from services.queue import Job
from services.rulebooks import Rulebook, Rules
from services.runtime import Runtime
from storage import leases, listings, submissions
from storage.changes import CHANGES
from storage.decisions import DECISIONS
from storage.filters import EVERYTHING
from storage.mongo import Scope
from storage.offers import SNAPSHOTS
from storage.products import PRODUCTS
from storage.stores import STORES

log = structlog.get_logger()

_CHUNK = 200
_SECONDS = 20
"""A job works this long and then makes room; what is left is due as before and a new job is woken for it."""


async def reprice(runtime: Runtime, scope: Scope, store_id: str, operation_id: str | None) -> int:
    """Decide everything that is due in a store; gives how many listings were decided."""
    async with leases.hold(runtime.database, f"reprice:{store_id}") as mine:
        if not mine:
            return 0
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
    if store.status is StoreStatus.ACTIVE and await listings.count_due(scope, store_id):
        await runtime.queue.wake(Job.REPRICE, scope.merchant_id, store_id)
    if decided:
        await runtime.queue.wake(Job.PUSH, scope.merchant_id, store_id)
    return decided


async def mark_all_due(runtime: Runtime, scope: Scope, store_id: str, *, actor: str) -> str:
    """Have every listing of a store decided again; gives the id of the operation that does it.

    Raises:
        NotFound: no such store.
    """
    await STORES.require(scope, store_id, field=("input", "storeId"))
    operation = await operations.start(scope, OperationKind.REPRICE, actor=actor, store_id=store_id)
    await listings.mark_due(scope, store_id, EVERYTHING, at=runtime.clock.now(), reason="BY_HAND")
    await runtime.queue.wake(Job.REPRICE, scope.merchant_id, store_id, operation.id)
    return operation.id


async def explain(runtime: Runtime, scope: Scope, listing: Listing) -> Decision | None:
    """What would be decided of a listing now, writing nothing; None where no product belongs to it."""
    store = await STORES.require(scope, listing.store_id)
    rulebook = await runtime.rulebooks.in_force(scope, store.id)
    cases = decide_all(runtime, store, rulebook, await look_up(scope, store, [listing]))
    return cases[0].decision if cases else None


@dataclass(frozen=True, slots=True)
class Known:
    """One listing with all that a decision on it rests on, besides the rules."""

    listing: Listing
    product: Product
    offers: OfferSnapshot | None


@dataclass(frozen=True, slots=True)
class Case:
    """One listing with everything that was decided of it."""

    listing: Listing
    eligibility: Eligibility
    verdict: PricingVerdict
    decision: Decision


@dataclass(slots=True)
class _Writes:
    """What a chunk leaves behind."""

    decisions: list[Decision] = field(default_factory=list)
    submissions: list[Submission] = field(default_factory=list)
    changes: list[Change] = field(default_factory=list)
    listings: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    settled: list[tuple[str, str | None, datetime | None]] = field(default_factory=list)


async def _drain(
    runtime: Runtime, scope: Scope, store_id: str, progress: operations.Progress | None
) -> int:
    decided = 0
    until = time.monotonic() + _SECONDS
    while time.monotonic() < until:
        count = await scope.transaction(lambda inside: _chunk(runtime, inside, store_id))
        decided += count
        if progress:
            progress.counts["decided"] = decided
            await progress.report(decided, decided + await listings.count_due(scope, store_id))
        if count == 0:
            break
    if decided:
        log.info("reprice.drained", store=store_id, decided=decided)
    return decided


async def _chunk(runtime: Runtime, scope: Scope, store_id: str) -> int:
    store = await STORES.require(scope, store_id)
    if store.status is not StoreStatus.ACTIVE:
        return 0
    due = await listings.due(scope, store_id, _CHUNK)
    if not due:
        return 0
    writes = _Writes()
    rulebook = await runtime.rulebooks.in_force(scope, store_id)
    cases = decide_all(runtime, store, rulebook, await look_up(scope, store, due))
    for case in cases:
        _carry_out(case, writes)
    decided = {case.listing.id for case in cases}
    for listing in due:
        if listing.id not in decided:
            writes.settled.append((listing.id, None, None))
    await DECISIONS.insert(scope, writes.decisions)
    await submissions.write_down(scope, writes.submissions)
    await CHANGES.insert(scope, writes.changes)
    await listings.change(scope, writes.listings)
    await listings.settle_due(scope, writes.settled)
    return len(due)


async def look_up(scope: Scope, store: Store, rows: Sequence[Listing]) -> list[Known]:
    """The products and offers of listings; a listing without a product is left out."""
    products = await PRODUCTS.get_many(scope, {row.product_id for row in rows if row.product_id})
    snapshots = await SNAPSHOTS.get_many(
        scope, {snapshot_id(store.id, row.asin) for row in rows if row.asin}
    )
    return [
        Known(row, products[row.product_id], snapshots.get(snapshot_id(store.id, row.asin or "")))
        for row in rows
        if row.product_id in products
    ]


def decide_all(
    runtime: Runtime, store: Store, rulebook: Rulebook, known: Sequence[Known]
) -> list[Case]:
    """What a rulebook says of listings now, in their order; nothing is read or written."""
    facts = [facts_of(row.product, store, row.listing, row.offers) for row in known]
    in_listing, in_pricing = _match(rulebook.listing, facts), _match(rulebook.pricing, facts)
    return [
        _decide(runtime, store, rulebook, row.listing, row.product, row.offers, listed, priced)
        for row, listed, priced in zip(known, in_listing, in_pricing, strict=True)
    ]


def _match(rules: Rules | None, facts: Sequence[Any]) -> list[frozenset[str]]:
    return rules.matcher.match(facts) if rules else [frozenset()] * len(facts)


def _decide(
    runtime: Runtime,
    store: Store,
    rulebook: Rulebook,
    listing: Listing,
    product: Product,
    offers: OfferSnapshot | None,
    listed: frozenset[str],
    priced: frozenset[str],
) -> Case:
    eligibility = judge(
        rulebook.listing.document if rulebook.listing else None,
        product,
        store,
        listed,
        listing.fulfilment,
    )
    now = runtime.clock.now()
    inputs = PricingInputs(
        store=store,
        product=product,
        listing=listing,
        offers=offers,
        document=rulebook.pricing.document if rulebook.pricing else None,
        matched=priced,
        eligible=eligibility.eligible,
        now=now,
    )
    verdict = decide(inputs)
    decision = Decision(
        id=new_id(),
        merchant_id=store.merchant_id,
        store_id=store.id,
        listing_id=listing.id,
        ruleset_id=rulebook.pricing.ruleset.id if rulebook.pricing else None,
        trigger=listing.due.reason or "ASKED",
        outcome=verdict.outcome,
        reason=verdict.reason,
        price_before=verdict.price_before,
        price_after=verdict.price_after,
        quantity_after=verdict.quantity_after,
        floor=verdict.floor,
        ceiling=verdict.ceiling,
        trace=verdict.trace,
        rules=(*eligibility.rules, *verdict.rules),
        facts=verdict.facts,
        inputs_hash=inputs_hash(inputs),
        decided_at=now,
        business=verdict.business,
        list_price=verdict.list_price,
    )
    return Case(listing, eligibility, verdict, decision)


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
    else:
        writes.settled.append((listing.id, decision.inputs_hash, again))


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
