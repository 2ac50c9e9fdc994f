"""Importing orders (behaviour 17): none is skipped, none counts twice, and stock follows them."""

from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from connectors.port import OrderPage
from domain.change import ChangeKind
from domain.listing import Fulfilment
from domain.order import Order, OrderLine, OrderStatus, order_id
from domain.store import StockSettings
from embedded.servers import ServerUrls
from storage.changes import CHANGES
from storage.filters import EVERYTHING, Is
from storage.keyset import Sort
from storage.listings import count_due
from storage.orders import ORDERS
from tests.factories import MERCHANT, usd
from tests.services.amazon import Amazon, an_item
from tests.services.shop import Shop, a_mug, forget_jobs, queued
from tests.services.trouble import Killed, with_connector

UNSHIPPED, PENDING, SHIPPED, CANCELLED = (
    OrderStatus.UNSHIPPED,
    OrderStatus.PENDING,
    OrderStatus.SHIPPED,
    OrderStatus.CANCELLED,
)


def an_order(shop: Shop, number: int = 1, minutes: int = 0, **changes: Any) -> Order:
    """An order of two mugs that changed some minutes after now."""
    marketplace_id = f"111-{number:07}"
    at = shop.runtime.clock.now()
    order = Order(
        id=order_id(shop.id, marketplace_id),
        merchant_id=MERCHANT,
        store_id=shop.id,
        marketplace_order_id=marketplace_id,
        status=UNSHIPPED,
        marketplace_status="UNSHIPPED",
        fulfilment=Fulfilment.MERCHANT,
        purchased_at=at,
        marketplace_updated_at=at + timedelta(minutes=minutes),
        ship_by=None,
        total=usd("40.00"),
        lines=(OrderLine("1", "MUG-1", "B000000001", "Mug 1", 2, 0, usd("20.00")),),
        imported_at=at,
        version=1,
    )
    return replace(order, **changes)


def telling(shop: Shop, *pages: OrderPage | type[Exception]) -> Shop:
    """The shop on an Amazon that tells these pages of orders, and may die between them."""

    def replacement(_: Any) -> Callable[..., AsyncIterator[OrderPage]]:
        async def since(*_: object) -> AsyncIterator[OrderPage]:
            for page in pages:
                if not isinstance(page, OrderPage):
                    raise page
                yield page

        return since

    return with_connector(shop, orders_since=replacement)


def a_page(shop: Shop, *found: Order, last: bool = True, **changes: Any) -> OrderPage:
    until = shop.runtime.clock.now() + timedelta(minutes=1) if last else None
    return OrderPage(found, until, **changes)


async def stock(shop: Shop) -> Decimal:
    return (await shop.product()).stock


@pytest.fixture
async def selling(shop: Shop) -> Shop:
    await shop.put_on_sale(a_mug())
    return shop


async def test_orders_are_imported_once_with_what_they_say(
    shop: Shop, amazon: Amazon, servers: ServerUrls
) -> None:
    amazon.begin([an_item(1)], orders_per_tick=4)
    await shop.put_on_sale(a_mug(stock=Decimal(100)))
    amazon.advance(60, frozen=False)
    amazon.advance(30)
    placed = amazon.status()["orders"]
    await forget_jobs(servers)

    assert await shop.import_orders() == placed
    assert await shop.import_orders() == 0

    found = await ORDERS.find(shop.scope, EVERYTHING)
    assert len(found) == placed > 1
    assert {order.status for order in found} == {UNSHIPPED}
    assert {(line.seller_sku, line.unit_price) for order in found for line in order.lines} == {
        ("MUG-1", usd("20.00"))
    }
    sold = sum(line.quantity for order in found for line in order.lines)
    assert await stock(shop) == 100 - sold
    assert ("reprice", (MERCHANT, shop.id, None)) in await queued(servers)


async def test_nothing_from_before_the_store_was_connected_is_imported(
    selling: Shop,
) -> None:  # behaviour 17.4
    asked: list[Any] = []

    def watch(_: Any) -> Callable[..., AsyncIterator[OrderPage]]:
        async def since(moment: Any, _: str) -> AsyncIterator[OrderPage]:
            asked.append(moment)
            yield a_page(selling)

        return since

    watched = with_connector(selling, orders_since=watch)
    connection = (await selling.store()).connection
    assert connection is not None

    await watched.import_orders()
    selling.amazon.advance(60)
    await watched.import_orders()
    first_end = (await selling.store()).orders_read_until
    selling.amazon.advance(60)
    await watched.import_orders()

    assert first_end is not None
    assert asked[0] == connection.connected_at
    assert asked[2] == first_end - timedelta(minutes=10)


async def test_the_watermark_moves_only_once_the_last_page_is_stored(selling: Shop) -> None:
    first, second = an_order(selling, 1), an_order(selling, 2)
    pages = [a_page(selling, first, last=False), a_page(selling, second)]

    with pytest.raises(Killed):
        await telling(selling, pages[0], Killed).import_orders()
    before = (await selling.store()).orders_read_until
    kept = await ORDERS.count(selling.scope)
    await telling(selling, *pages).import_orders()

    assert (before, kept) == (None, 1)
    assert (await selling.store()).orders_read_until == pages[1].complete_until
    assert await ORDERS.count(selling.scope) == 2
    assert await stock(selling) == 10 - 2 - 2
    log = await CHANGES.find(selling.scope, Is("kind", "eq", ChangeKind.ORDER))
    assert sorted(entry.order_id or "" for entry in log) == [first.id, second.id]


async def test_an_order_that_cannot_be_read_holds_the_watermark(selling: Shop) -> None:
    page = a_page(selling, an_order(selling), unreadable=("111-9",))

    await telling(selling, page).import_orders()
    held = (await selling.store()).orders_read_until
    await telling(selling, replace(page, unreadable=())).import_orders()

    assert held is None
    assert await ORDERS.count(selling.scope) == 1
    assert await stock(selling) == 8
    assert (await selling.store()).orders_read_until == page.complete_until


async def test_an_order_takes_stock_once_it_is_paid_and_gives_it_back_when_cancelled(
    selling: Shop,
) -> None:  # behaviour 17.3
    left = []
    for minutes, status in enumerate([PENDING, UNSHIPPED, UNSHIPPED, SHIPPED, CANCELLED]):
        order = an_order(selling, minutes=minutes, status=status)
        await telling(selling, a_page(selling, order)).import_orders()
        left.append(await stock(selling))

    assert left == [10, 8, 8, 8, 10]
    log = await CHANGES.find(selling.scope, Is("kind", "eq", ChangeKind.ORDER), sort=Sort("_id"))
    assert [(entry.before, entry.after) for entry in log] == [
        (None, "PENDING"),
        ("PENDING", "UNSHIPPED"),
        ("UNSHIPPED", "SHIPPED"),
        ("SHIPPED", "CANCELLED"),
    ]


async def test_an_older_word_on_an_order_changes_nothing(selling: Shop) -> None:
    await telling(selling, a_page(selling, an_order(selling, minutes=5))).import_orders()
    older = an_order(selling, minutes=1, status=PENDING)

    assert await telling(selling, a_page(selling, older)).import_orders() == 0

    assert (await ORDERS.require(selling.scope, older.id)).status is UNSHIPPED
    assert await stock(selling) == 8


async def test_an_order_that_amazon_fulfils_takes_no_stock(selling: Shop) -> None:  # F042
    order = an_order(selling, fulfilment=Fulfilment.AMAZON, status=SHIPPED)
    await telling(selling, a_page(selling, order)).import_orders()
    assert await stock(selling) == 10


async def test_an_order_of_something_that_is_not_ours_is_kept(selling: Shop) -> None:
    line = OrderLine("1", "UNKNOWN", None, "?", 1, 0, None)
    order = an_order(selling, lines=(line, replace(line, seller_sku=None)))
    assert await telling(selling, a_page(selling, order)).import_orders() == 1
    assert await stock(selling) == 10


async def test_what_was_sold_lowers_what_is_offered(selling: Shop) -> None:
    await telling(selling, a_page(selling, an_order(selling))).import_orders()
    assert await count_due(selling.scope, selling.id) == 1
    await selling.settle()
    assert (await selling.listing()).quantity == 8

    back = an_order(selling, minutes=9, status=CANCELLED)
    await telling(selling, a_page(selling, back)).import_orders()
    await selling.settle()
    assert (await selling.listing()).quantity == 10


async def test_after_a_sale_a_capped_quantity_is_offered_again(
    shop: Shop, amazon: Amazon
) -> None:  # F037, behaviour 9: with maximum 1 it comes back as 1 while stock lasts
    amazon.begin([an_item(1)], orders_per_tick=20)
    await shop.change_settings(stock=StockSettings(maximum=1))
    await shop.put_on_sale(a_mug(stock=Decimal(5)))
    amazon.advance(30, frozen=False)
    amazon.advance(30)
    assert amazon.status()["orders"] == 1

    await shop.import_orders()
    await shop.settle()

    assert await stock(shop) == 4
    assert [quantity for _, quantity in amazon.written("MUG-1")] == [1, 1]
    assert (await shop.listing()).quantity == 1


async def test_orders_are_not_imported_where_the_store_does_not_want_them(selling: Shop) -> None:
    await selling.change_settings(import_orders=False)
    await telling(selling, a_page(selling, an_order(selling))).import_orders()
    assert await ORDERS.count(selling.scope) == 0
