"""What follows from decisions: the listings' new state, what Amazon is told, entries of the log, webhooks."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from domain.change import Change, ChangeKind
from domain.decision import Decision, DecisionOutcome, DecisionReason
from domain.ids import new_id
from domain.listing import NO_TERMS, NOT_DUE, HeldPrice, Listing, ListingReason, ListingStatus
from domain.price_history import OwnPrice
from domain.run import Run, RunStatus
from domain.submission import Submission, SubmissionKind, SubmissionState
from domain.webhook import WebhookEvent
from rules.eligibility import Eligibility
from rules.guardrails import held
from services import price_history, webhook_events
from services.changelog import of_listing
from services.decisions import Case
from storage import listings, submissions
from storage.changes import CHANGES
from storage.decisions import DECISIONS
from storage.listings import Settled
from storage.markings import touch
from storage.mongo import Scope


@dataclass(slots=True)
class _Writes:
    """What a chunk leaves behind."""

    decisions: list[Decision] = field(default_factory=list)
    submissions: list[Submission] = field(default_factory=list)
    changes: list[Change] = field(default_factory=list)
    listings: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    prices: list[OwnPrice] = field(default_factory=list)
    settled: list[Settled] = field(default_factory=list)
    news: list[tuple[Case, dict[str, Any]]] = field(default_factory=list)
    """What webhooks may be told of, with the listing's changed fields."""


def settled_by(cases: Sequence[Case]) -> list[Settled]:
    """Those of the cases from which nothing follows."""
    writes = _Writes()
    for case in cases:
        _carry_out(case, writes)
    return writes.settled


async def carry_out(
    scope: Scope, run: Run, cases: Sequence[Case], settled: Sequence[Settled], lane: int = 0
) -> None:
    """Write what follows from some of a run's decisions. In a transaction that reads what they rest on.

    Others of the run may be written at the same time, in a lane of their own.
    """
    # What decides otherwise from now on is not to come in between.
    await touch(scope, run.store_id, lane)
    writes = _Writes()
    for case in cases:
        _carry_out(as_judged(case, run), writes)
    await DECISIONS.insert(scope, writes.decisions)
    await submissions.write_down(scope, writes.submissions)
    await CHANGES.insert(scope, writes.changes)
    await listings.change(scope, writes.listings)
    await price_history.note_own(scope, writes.prices)
    await listings.settle(scope, [*settled, *writes.settled])
    events = [event for case, fields in writes.news for event in _events(case, fields)]
    await webhook_events.tell(scope, events)


def as_judged(case: Case, run: Run) -> Case:
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
    held_price = _held_price(case)
    # Looking again at what waits for a person with its run, at the same price, is no news.
    waits = hold is listing.hold is DecisionReason.RUN_HELD and held_price == listing.held
    waits = waits and held_price is not None and held_price.price == decision.price_after
    held_anew = hold is not None and decision.inputs_hash != listing.inputs_hash and not waits
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
                    writes.prices.append(
                        OwnPrice(
                            listing.store_id,
                            listing.seller_sku,
                            listing.price,
                            submission.price,
                            decision.decided_at,
                        )
                    )
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
            writes.news.append((case, fields))
    else:
        writes.settled.append(Settled(listing, decision.inputs_hash, again))


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
