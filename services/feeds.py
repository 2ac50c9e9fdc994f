"""Feeds: how many changes leave for Amazon at once, and come to be known as accepted or refused.

Sending a feed twice would make two, so each step is written down before it is taken, and what may have been done is
looked for at Amazon before it is done again. Amazon works feeds off in their order, minutes each; until a feed is over
nothing else is sent of its SKUs.
"""

import asyncio
from collections.abc import Collection
from datetime import datetime, timedelta
from functools import partial

import structlog

from connectors.connector import Connector
from connectors.errors import Missing, Rejected, Throttled, Unauthorized
from connectors.port import FeedReport, OfferPatch, Task, TaskState
from domain.feed import Feed, FeedState
from domain.ids import new_id
from domain.store import Store
from domain.submission import Submission
from services.refusal import refuse
from services.runtime import Runtime
from storage import feeds, listings, submissions
from storage.feeds import FEEDS
from storage.listings import LISTINGS
from storage.mongo import Scope

log = structlog.get_logger()

_MOST = 25_000
"""No feed takes more."""
_AT_ONCE = 1_000
_REFUSED_AT_ONCE = 8
_TAKEN_OUT_AT_ONCE = 200
_SOONEST, _LATEST = timedelta(seconds=5), timedelta(minutes=1)
"""How long to wait at least and at most before asking for a feed again."""
_SKEW = timedelta(minutes=1)
"""Amazon's clock and ours may differ by so much."""
_AFTER_A_FAILURE = timedelta(hours=1)
"""So long changes leave one by one, however many they are."""


async def are_worth_it(runtime: Runtime, scope: Scope, store: Store) -> bool:
    """Whether so much waits to be sent that a feed is sooner done with it than single patches are."""
    least = runtime.settings.amazon_feed_from
    if await submissions.count_changes(scope, store.id, least) < least:
        return False
    failed = await feeds.last_ended(scope, store.id, FeedState.FAILED)
    now = runtime.clock.now()
    return failed is None or failed.ended_at is None or now - failed.ended_at > _AFTER_A_FAILURE


async def gather(runtime: Runtime, scope: Scope, store: Store, connector: Connector) -> None:
    """Put what waits into a new feed, as much as goes into one. Nothing leaves yet."""
    rows = await submissions.changes(scope, store.id, _MOST)
    patches = await _patches(scope, rows)
    fit = max(1, await asyncio.to_thread(connector.fit_into_feed, patches))
    feed = Feed(
        id=new_id(),
        merchant_id=scope.merchant_id,
        store_id=store.id,
        state=FeedState.PREPARED,
        created_at=runtime.clock.now(),
    )
    await FEEDS.insert(scope, [feed])
    for start in range(0, fit, _AT_ONCE):
        await submissions.put_into_feed(scope, feed.id, rows[start : min(start + _AT_ONCE, fit)])


async def bring_on(runtime: Runtime, scope: Scope, store: Store, connector: Connector) -> None:
    """Bring each feed of a store on by what can be done now.

    Raises:
        MarketplaceError: what is not done yet is gone on with at the next call.
    """
    now = runtime.clock.now()
    try:
        for feed in await feeds.unfinished(scope, store.id):
            if feed.state is FeedState.PREPARED:
                await _send(runtime, scope, connector, feed)
            elif feed.look_at is None or feed.look_at <= now:
                await _look(runtime, scope, connector, feed)
    finally:
        unfinished = await feeds.unfinished(scope, store.id)
        await submissions.release(scope, store.id, [feed.id for feed in unfinished])


async def look_at_once(scope: Scope, store_id: str, amazon_feed_ids: Collection[str]) -> bool:
    """Have the next `bring_on` look at feeds that are over at Amazon; whether any of them is the store's."""
    if not amazon_feed_ids:
        return False
    found = [
        feed
        for feed in await feeds.unfinished(scope, store_id)
        if feed.amazon_feed_id in amazon_feed_ids
    ]
    for feed in found:
        await feeds.change(scope, feed, look_at=None)
    return bool(found)


def patch_of(submission: Submission, product_type: str | None) -> OfferPatch:
    """What a change asks of Amazon."""
    return OfferPatch(
        submission.seller_sku,
        product_type or "PRODUCT",
        submission.price,
        submission.quantity,
        submission.terms,
    )


async def _patches(scope: Scope, rows: list[Submission]) -> list[OfferPatch]:
    types = await listings.product_types(scope, [row.listing_id for row in rows])
    return [patch_of(row, types.get(row.listing_id)) for row in rows]


async def _send(runtime: Runtime, scope: Scope, connector: Connector, feed: Feed) -> None:
    try:
        if feed.document_id is None:
            feed = await _upload(runtime, scope, connector, feed)
        if feed.document_id is not None:
            await _create(runtime, scope, connector, feed, feed.document_id)
    except (Rejected, Unauthorized) as error:
        await _fail(runtime, scope, feed, error.message)
        if isinstance(error, Unauthorized):
            raise


async def _upload(runtime: Runtime, scope: Scope, connector: Connector, feed: Feed) -> Feed:
    """Number the feed's submissions and upload them; one that came to hold none is over."""
    rows = await submissions.of_feed(scope, feed.id)
    if not rows:
        return await feeds.change(scope, feed, state=FeedState.DONE, ended_at=runtime.clock.now())
    for start in range(0, len(rows), _AT_ONCE):
        await submissions.number(scope, rows[start : start + _AT_ONCE], start + 1)
    document_id = await connector.upload_feed(await _patches(scope, rows))
    return await feeds.change(scope, feed, document_id=document_id, messages=len(rows))


async def _create(
    runtime: Runtime, scope: Scope, connector: Connector, feed: Feed, document_id: str
) -> None:
    now = runtime.clock.now()
    amazon_feed_id = None
    if feed.tried_at is not None:
        amazon_feed_id = await _find(scope, connector, feed, feed.tried_at - _SKEW)
    is_found = amazon_feed_id is not None
    if amazon_feed_id is None:
        feed = await feeds.change(scope, feed, tried_at=feed.tried_at or now)
        try:
            amazon_feed_id = await connector.send_feed(document_id)
        except Throttled:
            await feeds.change(scope, feed, tried_at=None)  # it cannot have arrived
            raise
    await feeds.change(
        scope,
        feed,
        state=FeedState.SENT,
        amazon_feed_id=amazon_feed_id,
        is_found=is_found,
        sent_at=now,
        look_at=now + _SOONEST,
    )
    log.info("feeds.sent", store=feed.store_id, feed=feed.id, messages=feed.messages)


async def _find(scope: Scope, connector: Connector, feed: Feed, since: datetime) -> str | None:
    """The feed at Amazon that a try came to whose end is not known.

    The newest that is not ours otherwise: once that is over, those sent before it are over, too.
    """
    known = await feeds.known_at_amazon(scope, feed.store_id, since - _SKEW)
    found = [task for task in await connector.feeds_since(since) if task.id not in known]
    return found[0].id if found else None


async def _look(runtime: Runtime, scope: Scope, connector: Connector, feed: Feed) -> None:
    now = runtime.clock.now()
    try:
        task = await connector.feed(feed.amazon_feed_id or "")
    except Missing:
        await _fail(runtime, scope, feed, "Amazon does not know the feed.")
        return
    if task.state is TaskState.WORKING:
        waited = now - (feed.sent_at or now)
        await feeds.change(scope, feed, look_at=now + min(max(waited / 10, _SOONEST), _LATEST))
    elif task.state is TaskState.DONE:
        await _settle(runtime, scope, connector, feed, task)
    else:
        await _fail(runtime, scope, feed, f"Amazon ended the feed as {task.state}.")


async def _settle(
    runtime: Runtime, scope: Scope, connector: Connector, feed: Feed, task: Task
) -> None:
    """Take over what Amazon says of each message. Where it says nothing, reading back will tell."""
    report = FeedReport(feed.messages, {})
    if task.document_id is not None:
        report = await connector.read_feed_report(task.document_id)
    if feed.is_found and not await _may_be_ours(scope, feed, report):
        await _fail(runtime, scope, feed, "The feed that was found at Amazon is another one.")
        return
    await _refuse(runtime, scope, feed, report)
    now = runtime.clock.now()
    await submissions.accept_feed(scope, feed.id, task.id, now)
    rejected = len(report.refused)
    await feeds.change(
        scope,
        feed,
        state=FeedState.DONE,
        ended_at=now,
        accepted=feed.messages - rejected,
        rejected=rejected,
        problem="; ".join(issue.message for issue in report.issues) or None,
    )
    log.info("feeds.done", store=feed.store_id, feed=feed.id, rejected=rejected)


async def _may_be_ours(scope: Scope, feed: Feed, report: FeedReport) -> bool:
    """Whether a report tells of as many messages as the feed holds, and never of another SKU under a number of ours."""
    if report.processed != feed.messages:
        return False
    rows = await submissions.of_feed(scope, feed.id) if report.seller_skus else []
    return all(
        report.seller_skus.get(row.message_id or 0, row.seller_sku) == row.seller_sku
        for row in rows
    )


async def _refuse(runtime: Runtime, scope: Scope, feed: Feed, report: FeedReport) -> None:
    if not report.refused:
        return
    rows = [
        row for row in await submissions.of_feed(scope, feed.id) if row.message_id in report.refused
    ]
    found = await LISTINGS.get_many(scope, [row.listing_id for row in rows])
    gate = asyncio.Semaphore(_REFUSED_AT_ONCE)

    async def note(row: Submission) -> None:
        async with gate:
            issues = report.refused[row.message_id or 0]
            await refuse(runtime, scope, row, found[row.listing_id], issues)

    await asyncio.gather(*(note(row) for row in rows))


async def _fail(runtime: Runtime, scope: Scope, feed: Feed, problem: str) -> None:
    """Have what is in a feed sent again, one by one for a while: values are absolute, so that twice is once."""
    log.error("feeds.failed", store=feed.store_id, feed=feed.id, problem=problem)
    while rows := await submissions.of_feed(scope, feed.id, limit=_TAKEN_OUT_AT_ONCE):
        await scope.transaction(partial(_take_out, rows))
    now = runtime.clock.now()
    await feeds.change(scope, feed, state=FeedState.FAILED, ended_at=now, problem=problem)


async def _take_out(rows: list[Submission], inside: Scope) -> None:
    await submissions.take_out_of_feed(inside, rows)
