"""Reads orders from Amazon. Buyers' personal data is not asked for."""

from collections.abc import AsyncIterator
from datetime import datetime

import structlog

from connectors.amazon.operations import SEARCH_ORDERS
from connectors.amazon.payload import Node, iso, moment, money, node, nodes, text, whole
from connectors.amazon.transport import Transport
from connectors.port import OrderPage
from domain.clock import Clock
from domain.listing import Fulfilment
from domain.order import Order, OrderLine, OrderStatus, order_id

log = structlog.get_logger()

_PAGE = 100


async def since(
    transport: Transport, changed_after: datetime, store_id: str, clock: Clock
) -> AsyncIterator[OrderPage]:
    """Pages of the orders that changed at or after a moment of Amazon's time."""
    query: dict[str, str | int] = {
        "lastUpdatedAfter": iso(changed_after),
        "marketplaceIds": transport.account.marketplace.id,
        "includedData": "PROCEEDS,FULFILLMENT",
        "maxResultsPerPage": _PAGE,
    }
    until: datetime | None = None
    token: str | None = ""
    while token is not None:
        page = {"paginationToken": token} if token else {}
        answer = await transport.send(SEARCH_ORDERS, query={**query, **page})
        # The first page's bound is the earliest; what changed while we paged comes with the next call.
        until = until or moment(answer.get("lastUpdatedBefore"))
        token = text(node(answer.get("pagination")).get("nextToken"))
        yield _page_of(answer, transport, store_id, clock, until if token is None else None)


def _page_of(
    answer: Node, transport: Transport, store_id: str, clock: Clock, until: datetime | None
) -> OrderPage:
    orders, unreadable = [], []
    for row in nodes(answer.get("orders")):
        order = order_of(row, transport.account.merchant_id, store_id, clock.now())
        if order is None:
            unreadable.append(text(row.get("orderId")) or "?")
        else:
            orders.append(order)
    if unreadable:
        log.error("amazon.orders.unreadable", store=store_id, orders=unreadable)
    return OrderPage(tuple(orders), until, tuple(unreadable))


def order_of(row: Node, merchant_id: str, store_id: str, now: datetime) -> Order | None:
    """An order as Amazon tells it; None where its number or one of its times is missing."""
    number = text(row.get("orderId"))
    purchased_at, changed_at = moment(row.get("createdTime")), moment(row.get("lastUpdatedTime"))
    if number is None or purchased_at is None or changed_at is None:
        return None
    fulfilment = node(row.get("fulfillment"))
    word = text(fulfilment.get("fulfillmentStatus")) or ""
    total = node(node(row.get("proceeds")).get("grandTotal"))
    return Order(
        id=order_id(store_id, number),
        merchant_id=merchant_id,
        store_id=store_id,
        marketplace_order_id=number,
        status=_status(word),
        marketplace_status=word,
        fulfilment=(
            Fulfilment.AMAZON if fulfilment.get("fulfilledBy") == "AMAZON" else Fulfilment.MERCHANT
        ),
        purchased_at=purchased_at,
        marketplace_updated_at=changed_at,
        ship_by=moment(node(fulfilment.get("shipByWindow")).get("latestDateTime")),
        total=money(total.get("amount"), total.get("currencyCode")),
        lines=tuple(_line_of(item) for item in nodes(row.get("orderItems"))),
        imported_at=now,
        version=1,
    )


def _line_of(item: Node) -> OrderLine:
    product = node(item.get("product"))
    price = node(node(product.get("price")).get("unitPrice"))
    return OrderLine(
        order_item_id=text(item.get("orderItemId")) or "",
        seller_sku=text(product.get("sellerSku")),
        asin=text(product.get("asin")),
        title=text(product.get("title")) or "",
        quantity=whole(item.get("quantityOrdered")) or 0,
        quantity_shipped=whole(node(item.get("fulfillment")).get("quantityFulfilled")) or 0,
        unit_price=money(price.get("amount"), price.get("currencyCode")),
    )


def _status(word: str) -> OrderStatus:
    try:
        return OrderStatus(word)
    except ValueError:
        return OrderStatus.UNKNOWN
