"""Submissions: sending what was written down, and reading back what became of it.

One process at a time sends for a store, and never two changes of one SKU at once. Values are absolute, so that
what was sent and not noted before a crash may be sent again. What is much goes by feed (`services.feeds`), what is
urgent or little by itself.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import structlog

from connectors.connector import Connector
from connectors.errors import MarketplaceError, Rejected, Throttled
from connectors.port import MarketplaceListing, OfferDraft, Receipt
from domain.change import Change, ChangeKind
from domain.listing import NO_TERMS, Issue, Listing, ListingReason, ListingStatus
from domain.price_history import OwnPrice
from domain.store import Store
from domain.submission import Submission, SubmissionKind, SubmissionState
from domain.webhook import WebhookEvent
from services import feeds, price_history, webhook_events
from services.changelog import of_listing
from services.queue import Job
from services.refusal import refuse
from services.runtime import Runtime
from storage import leases, listings, submissions
from storage.changes import CHANGES
from storage.listings import LISTINGS
from storage.mongo import Scope
from storage.stores import STORES

log = structlog.get_logger()

_SENT_AT_ONCE = 4
"""More would wait for their turn longer than a call is let wait, and put off the whole job."""
_BATCH = 80
_READ_AT_ONCE = 20
"""Seller SKUs that one search may name."""
_SOONEST_LIVE = timedelta(seconds=15)
"""Amazon shows no change sooner, so there is no use in asking."""
_USUALLY_LIVE = timedelta(minutes=25)
_NOT_ANSWERED = {SubmissionState.PENDING, SubmissionState.SENT}
_RESEND_AFTER = timedelta(hours=2)
"""An accepted change that is not live by then is sent again."""


async def push(runtime: Runtime, scope: Scope, store_id: str) -> None:
    """Send what is pending.

    Raises:
        Retryable: Amazon is throttling or away; what is left stays pending.
        Unauthorized: a person must act; what is left stays pending.
        NotConnected: the store is paused; what is left stays pending.
    """
    async with leases.hold(runtime.database, f"push:{store_id}") as mine:
        if not mine:
            return
        sent, trouble = 0, None
        while True:
            # Asked for anew each time: a store that is paused meanwhile has no connector any more.
            store = await STORES.require(scope, store_id)
            connector = await runtime.connections.of(store)
            batch = await submissions.urgent(scope, store_id, _BATCH)
            if not batch:
                trouble = trouble or await _with_feeds(runtime, scope, store, connector)
                if isinstance(trouble, Throttled) and await feeds.are_worth_it(
                    runtime, scope, store
                ):
                    break
                batch = await submissions.pending(scope, store_id, _BATCH)
            if not batch:
                break
            sent += await _send_batch(runtime, scope, store, connector, batch)
        if sent:
            log.info("submissions.sent", store=store_id, sent=sent)
        if trouble is not None:
            raise trouble
    if await submissions.pending(scope, store_id, 1):
        await runtime.queue.wake(Job.PUSH, scope.merchant_id, store_id)


async def confirm(runtime: Runtime, scope: Scope, store_id: str) -> None:
    """Read back what was accepted, until everything is known to be live or refused."""
    async with leases.hold(runtime.database, f"confirm:{store_id}") as mine:
        if not mine:
            return
        store = await STORES.require(scope, store_id)
        connector = await runtime.connections.of(store)
        after, before = "", runtime.clock.now() - _SOONEST_LIVE
        while batch := await submissions.accepted(
            scope, store_id, before, _READ_AT_ONCE, after_id=after
        ):
            after = batch[-1].id
            found = await connector.listings([submission.seller_sku for submission in batch])
            by_sku = {listing.seller_sku: listing for listing in found}
            await scope.transaction(partial(_settle, runtime, batch, by_sku))


async def _with_feeds(
    runtime: Runtime, scope: Scope, store: Store, connector: Connector
) -> MarketplaceError | None:
    """Bring the store's feeds on, and begin others where so much waits; gives what went wrong, for single patches go on."""
    try:
        await feeds.bring_on(runtime, scope, store, connector)
        while await feeds.are_worth_it(runtime, scope, store):
            await feeds.gather(runtime, scope, store, connector)
            await feeds.bring_on(runtime, scope, store, connector)
    except MarketplaceError as error:
        return error
    return None


async def _send_batch(
    runtime: Runtime,
    scope: Scope,
    store: Store,
    connector: Connector,
    batch: Sequence[Submission],
) -> int:
    """Send a batch, several SKUs at a time; the first failure that is not the SKU's own is raised at the end."""
    rows = await LISTINGS.get_many(scope, [submission.listing_id for submission in batch])
    gate = asyncio.Semaphore(_SENT_AT_ONCE)
    stopped: list[MarketplaceError] = []

    async def send(submission: Submission) -> int:
        async with gate:
            # The batch was read a while ago, and what was decided since, or sent by who took over, is newer.
            if stopped or not await submissions.is_still(scope, submission):
                return 0
            try:
                await _send(runtime, scope, store, connector, submission, rows)
            except Rejected as error:
                issue = Issue(error.code, error.message, "ERROR")
                await refuse(runtime, scope, submission, rows[submission.listing_id], (issue,))
            except MarketplaceError as error:
                await submissions.count_attempt(scope, submission)
                stopped.append(error)
                return 0
            return 1

    sent = sum(await asyncio.gather(*(send(submission) for submission in batch)))
    if stopped:
        raise stopped[0]
    return sent


async def _send(
    runtime: Runtime,
    scope: Scope,
    store: Store,
    connector: Connector,
    submission: Submission,
    rows: dict[str, Listing],
) -> None:
    listing = rows[submission.listing_id]
    receipt = await _tell(connector, store, listing, submission)
    if receipt.accepted:
        await submissions.move(
            scope,
            submission,
            SubmissionState.ACCEPTED,
            at=runtime.clock.now(),
            amazon_submission_id=receipt.submission_id,
            issues=receipt.issues,
        )
    else:
        await refuse(runtime, scope, submission, listing, receipt.issues)


async def _tell(
    connector: Connector, store: Store, listing: Listing, submission: Submission
) -> Receipt:
    if submission.kind is SubmissionKind.CHANGE:
        return await connector.patch_offer(feeds.patch_of(submission, listing.product_type))
    if listing.asin is None or submission.price is None:
        raise AssertionError(f"{submission.id} lists what has no ASIN or no price")
    return await connector.put_offer(
        OfferDraft(
            seller_sku=submission.seller_sku,
            asin=listing.asin,
            product_type=listing.product_type or "PRODUCT",
            condition=listing.condition,
            price=submission.price,
            quantity=submission.quantity,
            handling_days=store.settings.handling_days,
            business=submission.terms.business,
            list_price=submission.terms.list_price,
        )
    )


async def _settle(
    runtime: Runtime,
    batch: Sequence[Submission],
    by_sku: dict[str, MarketplaceListing],
    scope: Scope,
) -> None:
    at = runtime.clock.now()
    ids = {submission.listing_id for submission in batch}
    rows = await LISTINGS.get_many(scope, ids)
    later = await submissions.later_ones(scope, ids, batch[0].id)
    events: list[WebhookEvent] = []
    prices: list[OwnPrice] = []
    for submission in batch:
        found, row = by_sku.get(submission.seller_sku), rows[submission.listing_id]
        newer = [each for each in later if _is_newer(each, submission)]
        told = [each for each in newer if each.state not in _NOT_ANSWERED]
        left = _left(submission, told)
        if found is not None and _is_live(submission, found, row.quantity, at):
            if await submissions.move(
                scope, submission, SubmissionState.LIVE, at=at, issues=found.issues
            ):
                fields, log_ = _went_live(runtime, row, submission, found)
                if submission.terms == row.wanted_terms and _left(submission, newer).price:
                    fields["wanted_terms"] = row.wanted_terms.once_live()
                await listings.change(scope, [(submission.listing_id, fields)])
                await CHANGES.insert(scope, log_)
                if found.price != row.price:
                    sku, wanted = row.seller_sku, row.wanted_price
                    prices.append(OwnPrice(row.store_id, sku, found.price, wanted, at))
                # What another submission of the same listing comes to is told from here on.
                rows[row.id] = after = replace(row, **fields, version=row.version + 1)
                decided = submission.decision_id
                events += webhook_events.listing_price(row, after, at=at, decision_id=decided)
                events += webhook_events.listing_status(row, after, at=at, decision_id=decided)
        elif left.price is None and left.quantity is None:
            await submissions.move(scope, submission, SubmissionState.SUPERSEDED, at=at)
        elif newer != told:
            continue  # never two of a listing are on their way
        elif submission.accepted_at is not None and at - submission.accepted_at > _RESEND_AFTER:
            await submissions.send_again(scope, left)
    await price_history.note_own(scope, prices)
    await webhook_events.tell(scope, events)


def _is_newer(each: Submission, submission: Submission) -> bool:
    return each.listing_id == submission.listing_id and each.id > submission.id


def _left(submission: Submission, newer: Sequence[Submission]) -> Submission:
    """What is left of a submission: what no newer one sets."""
    if any(each.price is not None for each in newer):
        submission = replace(submission, price=None, terms=NO_TERMS)
    if any(each.quantity is not None for each in newer):
        submission = replace(submission, quantity=None)
    return submission


def _is_live(
    submission: Submission, found: MarketplaceListing, before: int | None, at: datetime
) -> bool:
    """Whether Amazon shows what was sent; orders may have lowered the quantity since.

    A lower quantity that is the one from `before` says at first that nothing happened yet; once the usual time
    has passed, that as many were sold again.
    """
    if submission.price is not None and found.price != submission.price:
        return False
    if not submission.terms.are_met_by(found.business, found.list_price):
        return False
    if submission.quantity in {None, found.quantity}:
        return True
    if found.quantity is None or found.quantity > submission.quantity:
        return False
    waited = submission.accepted_at is not None and at - submission.accepted_at > _USUALLY_LIVE
    return found.quantity != before or waited


def _went_live(
    runtime: Runtime, listing: Listing, submission: Submission, found: MarketplaceListing
) -> tuple[dict[str, Any], list[Change]]:
    """The listing's fields now that a submission is live, and the log of what that changed."""
    at = runtime.clock.now()
    status, reason = _standing(listing, found)
    moved: list[tuple[ChangeKind, object | None, object | None]] = [
        (ChangeKind.PRICE, listing.price, found.price),
        (ChangeKind.BUSINESS_PRICE, listing.business, found.business),
        (ChangeKind.LIST_PRICE, listing.list_price, found.list_price),
        (ChangeKind.QUANTITY, listing.quantity, found.quantity),
        (ChangeKind.STATUS, listing.status, status),
    ]
    entries = [
        of_listing(
            listing,
            kind,
            before=before,
            after=after,
            actor="Amazon",
            at=at,
            decision_id=submission.decision_id,
        )
        for kind, before, after in moved
        if before != after
    ]
    fields: dict[str, Any] = {
        "price": found.price,
        "business": found.business,
        "list_price": found.list_price,
        "quantity": found.quantity,
        "status": status,
        "reason": reason,
        "issues": found.issues,
        "updated_at": at,
    }
    return fields, entries


def _standing(
    listing: Listing, found: MarketplaceListing
) -> tuple[ListingStatus, ListingReason | None]:
    """Where Amazon has the listing; what the rules made ineligible stays so."""
    if listing.status is ListingStatus.INELIGIBLE:
        return listing.status, listing.reason
    if found.is_buyable or found.quantity == 0:
        return ListingStatus.ACTIVE, None
    return ListingStatus.INACTIVE, ListingReason.NOT_PROVIDED
