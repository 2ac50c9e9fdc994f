"""What the marketplace tells by itself: offers that changed, and feeds and reports that are over."""

import asyncio
from collections.abc import Coroutine, Sequence
from functools import partial
from typing import Any

import structlog

from connectors.connector import Connector
from connectors.port import Delivery, OffersChanged, TaskEnded, TaskKind
from domain.store import Store, StoreStatus
from services import feeds, listing_imports, looks, offers
from services.queue import Job
from services.runtime import Runtime
from storage import leases
from storage.mongo import Scope
from storage.stores import STORES

log = structlog.get_logger()

_AT_ONCE = 100
_WAIT = 2
"""Seconds that a look into an empty queue lasts: a process that is told to end waits for it."""


async def receive(runtime: Runtime, scope: Scope, store_id: str) -> int:
    """Take in the notifications that wait; each is acknowledged only when it is stored. Gives how many there were."""
    async with leases.hold(runtime.database, f"receive_events:{store_id}") as mine:
        if not mine:
            return 0
        store = await STORES.require(scope, store_id)
        connector = await runtime.connections.of(store)
        received = 0
        while deliveries := await connector.receive(_AT_ONCE):
            await _take_in(runtime, scope, store, connector, deliveries)
            received += len(deliveries)
    if received:
        log.info("events.received", store=store_id, events=received)
    return received


async def listen(runtime: Runtime, scope: Scope, store_id: str) -> None:
    """Take in notifications as they come, for as long as the store is active and no other process does so."""
    async with leases.hold(runtime.database, f"receive_events:{store_id}") as mine:
        while mine:
            store = await STORES.require(scope, store_id)
            if store.status is not StoreStatus.ACTIVE:
                return
            connector = await runtime.connections.of(store)
            if not connector.hears:
                return
            deliveries = await connector.receive(_AT_ONCE, _WAIT)
            if deliveries:
                await _to_its_end(_take_in(runtime, scope, store, connector, deliveries))


async def _to_its_end(work: Coroutine[Any, Any, None]) -> None:
    """Do work that ends before whoever cancels it goes on: who ends a process closes the database next."""
    task = asyncio.create_task(work)
    try:
        await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.gather(task, return_exceptions=True)
        raise


async def _take_in(
    runtime: Runtime,
    scope: Scope,
    store: Store,
    connector: Connector,
    deliveries: Sequence[Delivery],
) -> None:
    """Store what notifications tell, then have whom it concerns look at it: decisions wait for nothing else."""
    items = [
        delivery.event.item for delivery in deliveries if isinstance(delivery.event, OffersChanged)
    ]
    marked = await offers.keep(runtime, scope, store, items, reason="OFFERS_CHANGED")
    try:
        if marked:
            await runtime.queue.wake(Job.REPRICE, scope.merchant_id, store.id)
    finally:
        await offers.note_buy_boxes(scope, store.id, [item.asin for item in items])
        # An event that comes late says what was so when it left.
        in_order = sorted(items, key=lambda item: item.observed_at)
        await looks.plan(scope, store, {item.asin: item.observed_at for item in in_order})
        await _tell_of_ends(runtime, scope, store, connector, deliveries)


async def _tell_of_ends(
    runtime: Runtime,
    scope: Scope,
    store: Store,
    connector: Connector,
    deliveries: Sequence[Delivery],
) -> None:
    """Have those looked after who wait for feeds and reports that are over, and acknowledge all."""
    ended = [delivery.event for delivery in deliveries if isinstance(delivery.event, TaskEnded)]
    over = {kind: {task.id for task in ended if task.kind is kind} for kind in TaskKind}
    have_feeds = await feeds.look_at_once(scope, store.id, over[TaskKind.FEED])
    waiting = await listing_imports.waiting_for(scope, store.id, over[TaskKind.REPORT])
    wake = partial(runtime.queue.wake, merchant_id=scope.merchant_id, store_id=store.id)
    try:
        if have_feeds:
            await wake(Job.PUSH)
        if waiting is not None:
            await wake(Job.IMPORT_LISTINGS, operation_id=waiting.id)
    finally:
        # What is stored is not to come again because nobody could be woken.
        await connector.acknowledge([delivery.handle for delivery in deliveries])
