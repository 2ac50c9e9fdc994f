"""Reading orders page by page."""

from datetime import UTC, datetime, timedelta, timezone
from typing import Any
from urllib.parse import parse_qs

import httpx

from connectors.amazon.connector import AmazonConnector
from domain.listing import Fulfilment
from domain.order import OrderStatus

_SINCE = datetime(2026, 5, 4, 10, 0, tzinfo=timezone(timedelta(hours=2)))


def _order(number: str, status: str = "UNSHIPPED", **more: object) -> dict[str, object]:
    return {
        "orderId": number,
        "createdTime": "2026-05-04T09:00:00Z",
        "lastUpdatedTime": "2026-05-04T09:30:00.5Z",
        "fulfillment": {"fulfillmentStatus": status, "fulfilledBy": "MERCHANT"},
        "orderItems": [],
        **more,
    }


def _page(*orders: dict[str, object], token: str | None = None, until: str) -> httpx.Response:
    pagination = {"pagination": {"nextToken": token}} if token else {}
    return httpx.Response(
        200, json={"orders": list(orders), "lastUpdatedBefore": until, **pagination}
    )


async def test_all_pages_are_read_and_the_last_says_how_far(
    connector: AmazonConnector, wire: Any
) -> None:
    wire.answer(
        _page(_order("1"), token="t=/1", until="2026-05-04T11:58:00Z"),
        _page(_order("2"), until="2026-05-04T11:59:00Z"),
    )

    first, last = [page async for page in connector.orders_since(_SINCE, "store-1")]

    asked = [parse_qs(request.url.query.decode()) for request in wire.requests]
    assert asked[0] == {
        "lastUpdatedAfter": ["2026-05-04T08:00:00.000Z"],
        "marketplaceIds": ["ATVPDKIKX0DER"],
        "includedData": ["PROCEEDS,FULFILLMENT"],
        "maxResultsPerPage": ["100"],
    }
    assert asked[1] == {**asked[0], "paginationToken": ["t=/1"]}
    assert first.complete_until is None
    assert last.complete_until == datetime(2026, 5, 4, 11, 58, tzinfo=UTC)
    assert [order.id for page in (first, last) for order in page.orders] == [
        "store-1/1",
        "store-1/2",
    ]


async def test_a_status_that_is_new_to_us_keeps_its_word(
    connector: AmazonConnector, wire: Any
) -> None:
    wire.answer(_page(_order("1", "TELEPORTED"), until="2026-05-04T11:58:00Z"))

    (page,) = [page async for page in connector.orders_since(_SINCE, "store-1")]

    (order,) = page.orders
    assert (order.status, order.marketplace_status) == (OrderStatus.UNKNOWN, "TELEPORTED")
    assert (order.total, order.ship_by, order.fulfilment) == (None, None, Fulfilment.MERCHANT)
    assert order.imported_at == datetime(2026, 5, 4, 12, tzinfo=UTC)


async def test_one_unreadable_order_is_named_and_stops_no_other(
    connector: AmazonConnector, wire: Any
) -> None:
    broken = _order("2", lastUpdatedTime="yesterday")
    wire.answer(_page(_order("1"), broken, _order("3"), until="2026-05-04T11:58:00Z"))

    (page,) = [page async for page in connector.orders_since(_SINCE, "store-1")]

    assert [order.marketplace_order_id for order in page.orders] == ["1", "3"]
    assert page.unreadable == ("2",)


async def test_without_amazons_time_nothing_is_complete(
    connector: AmazonConnector, wire: Any
) -> None:
    wire.answer(httpx.Response(200, json={"orders": []}))

    (page,) = [page async for page in connector.orders_since(_SINCE, "store-1")]

    assert page.complete_until is None
