"""What the marketplace tells by itself: offers that changed, and feeds and reports that are over."""

from collections.abc import Sequence

import structlog

from connectors.port import OffersChanged, TaskEnded, TaskKind
from services import feeds, listing_imports, looks, offers
from services.queue import Job
from services.runtime import Runtime
from storage import leases
from storage.mongo import Scope
from storage.stores import STORES

log = structlog.get_logger()

_AT_ONCE = 100


async def receive(runtime: Runtime, scope: Scope, store_id: str) -> int:
    """Take in the notifications that wait; each is acknowledged only when it is stored. Gives how many there were."""
    async with leases.hold(runtime.database, f"receive_events:{store_id}") as mine:
        if not mine:
            return 0
        store = await STORES.require(scope, store_id)
        connector = await runtime.connections.of(store)
        received = 0
        while deliveries := await connector.receive(_AT_ONCE):
            items = [
                delivery.event.item
                for delivery in deliveries
                if isinstance(delivery.event, OffersChanged)
            ]
            marked = await offers.record(runtime, scope, store, items, reason="OFFERS_CHANGED")
            # An event that comes late says what was so when it left.
            seen_at = {
                item.asin: item.observed_at
                for item in sorted(items, key=lambda item: item.observed_at)
            }
            await looks.plan(scope, store, seen_at)
            ended = [
                delivery.event for delivery in deliveries if isinstance(delivery.event, TaskEnded)
            ]
            await _wake_waiting(runtime, scope, store_id, ended)
            await connector.acknowledge([delivery.handle for delivery in deliveries])
            received += len(deliveries)
            if marked:
                await runtime.queue.wake(Job.REPRICE, scope.merchant_id, store_id)
    if received:
        log.info("events.received", store=store_id, events=received)
    return received


async def _wake_waiting(
    runtime: Runtime, scope: Scope, store_id: str, ended: Sequence[TaskEnded]
) -> None:
    """Have who waits for a feed or a report look now, and not when the next look is due."""
    over = {kind: {task.id for task in ended if task.kind is kind} for kind in TaskKind}
    if await feeds.look_at_once(scope, store_id, over[TaskKind.FEED]):
        await runtime.queue.wake(Job.PUSH, scope.merchant_id, store_id)
    operation = await listing_imports.waiting_for(scope, store_id, over[TaskKind.REPORT])
    if operation is not None:
        await runtime.queue.wake(Job.IMPORT_LISTINGS, scope.merchant_id, store_id, operation.id)
