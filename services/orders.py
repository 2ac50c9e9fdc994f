"""Orders: importing them, and what they do to stock."""

from collections import Counter
from collections.abc import Sequence
from datetime import timedelta
from functools import partial

import structlog

from domain.change import Change, ChangeKind
from domain.listing import Fulfilment, listing_id
from domain.order import Order, OrderStatus
from domain.store import Store
from domain.webhook import WebhookEvent
from services import webhook_events
from services.changelog import of_store
from services.queue import Job
from services.runtime import Runtime
from storage import leases, listings, orders, products, stores
from storage.changes import CHANGES
from storage.filters import Is
from storage.listings import LISTINGS
from storage.mongo import Scope
from storage.orders import ORDERS
from storage.stores import STORES

log = structlog.get_logger()

_OVERLAP = timedelta(minutes=10)
"""Windows overlap, since Amazon may show an order a little late."""
_TAKES_STOCK = {OrderStatus.UNSHIPPED, OrderStatus.PARTIALLY_SHIPPED, OrderStatus.SHIPPED}
"""A merchant-fulfilled order in one of these has taken its goods from stock (behaviour 17.3)."""


async def import_orders(runtime: Runtime, scope: Scope, store_id: str) -> int:
    """Read the orders that changed since the last time; gives how many were new or changed.

    The watermark moves only when the last page is stored: a crash repeats pages and skips none.
    """
    async with leases.hold(runtime.database, f"import_orders:{store_id}") as mine:
        if not mine:
            return 0
        store = await STORES.require(scope, store_id)
        if store.connection is None or not store.settings.import_orders:
            return 0
        connector = await runtime.connections.of(store)
        # Nothing from before the store was connected is ever imported.
        since = store.connection.connected_at
        if store.orders_read_until is not None:
            since = max(since, store.orders_read_until - _OVERLAP)
        until = None
        written = 0
        unreadable: list[str] = []
        async for page in connector.orders_since(since, store_id):
            written += await scope.transaction(partial(_write, runtime, store, page.orders))
            until = page.complete_until
            unreadable += page.unreadable
        # An order that could not be read is asked for again and again until it can be.
        if until is not None and not unreadable:
            await stores.advance_orders_read_until(scope, store_id, until)
    if written:
        log.info("orders.imported", store=store_id, written=written)
        await runtime.queue.wake(Job.REPRICE, scope.merchant_id, store_id)
    return written


async def _write(runtime: Runtime, store: Store, found: Sequence[Order], scope: Scope) -> int:
    known = await ORDERS.get_many(scope, [order.id for order in found])
    log_: list[Change] = []
    events: list[WebhookEvent] = []
    taken: Counter[str] = Counter()
    for order in found:
        before = known.get(order.id)
        if before is None:
            await ORDERS.insert(scope, [order])
        elif not await orders.replace_older(scope, order):
            continue
        if before is None or before.status is not order.status:
            log_.append(_entry(runtime, store, before, order))
        events += webhook_events.order_written(before, order, at=runtime.clock.now())
        taken.update(_taken(order))
        if before is not None:
            taken.subtract(_taken(before))
    await CHANGES.insert(scope, log_)
    await webhook_events.tell(scope, events)
    await _take_stock(runtime, scope, store, {sku: n for sku, n in taken.items() if n})
    return len(log_)


async def _take_stock(runtime: Runtime, scope: Scope, store: Store, taken: dict[str, int]) -> None:
    """Lower, or after a cancellation raise, the stock of the products behind the seller SKUs."""
    if not taken:
        return
    ids = {listing_id(store.id, sku): quantity for sku, quantity in taken.items()}
    sold = await LISTINGS.get_many(scope, ids)
    for listing in sold.values():
        if listing.product_id:
            await products.take_stock(scope, listing.product_id, ids[listing.id])
    await listings.forget_wanted_quantity(scope, list(sold))
    await listings.mark_due(
        scope, store.id, Is("_id", "in", list(sold)), at=runtime.clock.now(), reason="STOCK_SOLD"
    )


def _taken(order: Order) -> Counter[str]:
    """Units by seller SKU that the order has taken from the merchant's stock."""
    units: Counter[str] = Counter()
    if order.fulfilment is Fulfilment.MERCHANT and order.status in _TAKES_STOCK:
        for line in order.lines:
            if line.seller_sku:
                units[line.seller_sku] += line.quantity
    return units


def _entry(runtime: Runtime, store: Store, before: Order | None, order: Order) -> Change:
    return of_store(
        store.merchant_id,
        store.id,
        ChangeKind.ORDER,
        before=before.status if before else None,
        after=order.status,
        actor="Amazon",
        at=runtime.clock.now(),
        order_id=order.id,
    )
