"""Looking at offers of which nothing is told: what was never seen first, then the oldest by what is at stake."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal

from domain.listing import Listing, ListingStatus
from domain.offer import Look, snapshot_id, span_between_looks
from domain.operation import OperationKind
from domain.store import Store
from services import offers, operations
from services.queue import Job
from services.runtime import Runtime
from storage import leases, listings, looks
from storage.filters import AllOf, Is
from storage.keyset import Sort
from storage.listings import EPOCH, LISTINGS
from storage.looks import LOOKS
from storage.mongo import Scope
from storage.stores import STORES

_ASINS_AT_ONCE = 20
"""Items that one pricing call may name."""


async def look(runtime: Runtime, scope: Scope, store_id: str) -> int:
    """Read the offers on the items whose turn it is, until none is left or the quota is used up; gives how many.

    Raises:
        Throttled: the quota is used up; what is left is the first to be read the next time.
    """
    seen = 0
    async with leases.hold(runtime.database, f"pull_offers:{store_id}") as mine:
        if not mine:
            return 0
        store = await STORES.require(scope, store_id)
        connector = await runtime.connections.of(store)
        try:
            while due := await looks.due(scope, store_id, runtime.clock.now(), _ASINS_AT_ONCE):
                asins = await _still_listed(scope, store, due)
                if asins:
                    items = await connector.offers(asins, store.settings.condition)
                    await offers.record(runtime, scope, store, items, reason="OFFERS_PULLED")
                # Also of what Amazon told nothing about.
                await plan(scope, store, dict.fromkeys(asins, runtime.clock.now()))
                seen += len(asins)
        finally:
            if seen:
                await runtime.queue.wake(Job.REPRICE, scope.merchant_id, store_id)
    return seen


async def pull(runtime: Runtime, scope: Scope, store_id: str, operation_id: str | None) -> None:
    """Read the offers on everything that is listed, when somebody asks for it."""
    async with leases.hold(runtime.database, f"pull_offers:{store_id}") as mine:
        if not mine:
            return
        store = await STORES.require(scope, store_id)
        connector = await runtime.connections.of(store)
        operation = await operations.resume(
            scope, operation_id, OperationKind.OFFERS_PULL, store_id=store_id
        )
        async with operations.running(scope, operation) as progress:
            done, after = progress.done, operation.cursor or ""
            while batch := await _listed(scope, store_id, after):
                after = batch[-1].id
                asins = sorted({listing.asin for listing in batch if listing.asin})
                items = await connector.offers(asins, store.settings.condition) if asins else []
                marked = await offers.record(runtime, scope, store, items, reason="OFFERS_PULLED")
                await plan(scope, store, dict.fromkeys(asins, runtime.clock.now()))
                progress.counts["items"] += len(items)
                progress.counts["due"] += marked
                done += len(batch)
                await progress.report(done, cursor=after)
    await runtime.queue.wake(Job.REPRICE, scope.merchant_id, store_id)


async def take_up(scope: Scope, store: Store, rows: Sequence[Listing]) -> int:
    """Add listings that are not there yet and have their items looked at first of all; gives how many were new.

    Both or neither: of a listing without a look only an event would ever tell. What is known of the offers already
    counts until then.
    """
    asins = sorted({row.asin for row in rows if row.asin})

    async def write(inside: Scope) -> int:
        await LOOKS.insert_new(inside, [_look(store, asin, EPOCH) for asin in asins])
        return await LISTINGS.insert_new(inside, rows)

    count = await scope.transaction(write)
    await offers.note_buy_boxes(scope, store.id, asins)
    return count


async def plan(scope: Scope, store: Store, seen_at: Mapping[str, datetime]) -> None:
    """Plan the next look at items that were seen at some moment, by ASIN, from then on by what is at stake on them."""
    stakes: dict[str, Decimal] = defaultdict(Decimal)
    for listing in await listings.with_asins(scope, store.id, list(seen_at)):
        stakes[listing.asin or ""] += _stake(listing)
    await looks.plan(
        scope,
        [
            _look(store, asin, seen_at[asin] + span_between_looks(stake), seen_at[asin])
            for asin, stake in stakes.items()
        ],
    )


async def _listed(scope: Scope, store_id: str, after_id: str) -> list[Listing]:
    where = AllOf(
        (
            Is("store_id", "eq", store_id),
            Is("_id", "gt", after_id),
            Is("asin", "gt", ""),
        )
    )
    return await LISTINGS.find(scope, where, sort=Sort("_id"), limit=_ASINS_AT_ONCE)


async def _still_listed(scope: Scope, store: Store, due: Sequence[Look]) -> list[str]:
    asins = [look.asin for look in due]
    listed = {row.asin for row in await listings.with_asins(scope, store.id, asins)}
    gone = [look.id for look in due if look.asin not in listed]
    if gone:
        await looks.forget(scope, gone)
    return [asin for asin in asins if asin in listed]


def _stake(listing: Listing) -> Decimal:
    if listing.status is not ListingStatus.ACTIVE or listing.price is None:
        return Decimal(0)
    return Decimal(listing.price.amount) * (listing.quantity or 0)


def _look(store: Store, asin: str, due_at: datetime, seen_at: datetime | None = None) -> Look:
    return Look(snapshot_id(store.id, asin), store.merchant_id, store.id, asin, due_at, seen_at)
