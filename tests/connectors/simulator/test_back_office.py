"""Shipping, counting and accounting against the simulator, by our connector."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette

from connectors.amazon.account import AmazonAccount, AmazonEndpoints
from connectors.amazon.connector import AmazonConnector
from connectors.amazon.settlements import TYPE as SETTLEMENT
from connectors.back_office import (
    Acknowledgement,
    CancelReason,
    OrderFeed,
    Parcel,
    Period,
    Shipment,
    TransactionStatus,
)
from connectors.budget import LocalBudget
from connectors.errors import Missing, Rejected
from connectors.port import FeedReport, OfferDraft, TaskState
from connectors.simulator import state_file
from connectors.simulator.settings import SimulatorSettings
from domain.clock import FixedClock
from domain.listing import Condition
from domain.marketplace import MARKETPLACES
from domain.money import Money
from tests.connectors.simulator.amazon import (
    OTHER_SELLER,
    REPORTS,
    SELLER,
    Amazon,
    asin,
    scenario,
)
from tests.connectors.simulator.conftest import Sign

_START = datetime(2026, 5, 4, 8, tzinfo=UTC)
_ORDERS = "/orders/2026-01-01/orders"
_LISTINGS = "GET_MERCHANT_LISTINGS_ALL_DATA"


@dataclass(slots=True)
class Shop:
    """A seller with orders, its connector, and the hand on Amazon's clock."""

    amazon: Amazon
    connector: AmazonConnector

    async def order(self, order_id: str) -> dict[str, Any]:
        included = "FULFILLMENT,PACKAGES"
        answer = await self.amazon.call("GET", f"{_ORDERS}/{order_id}", includedData=included)
        return dict(answer.json()["order"])

    async def orders(self) -> list[dict[str, Any]]:
        """Those that wait to be shipped, the largest first."""
        query = {
            "createdAfter": _START.isoformat(),
            "fulfillmentStatuses": "UNSHIPPED",
            "fulfilledBy": "MERCHANT",
        }
        answer = await self.amazon.call("GET", _ORDERS, includedData="FULFILLMENT", **query)
        found: list[dict[str, Any]] = answer.json()["orders"]
        return sorted(found, key=lambda one: -one["orderItems"][0]["quantityOrdered"])

    async def worked_off(self, kind: OrderFeed, document_id: str) -> FeedReport:
        feed_id = await self.connector.send_order_feed(kind, document_id)
        await self.amazon.advance(10, frozen=True)
        task = await self.connector.feed(feed_id)
        assert task.state is TaskState.DONE
        return await self.connector.read_order_feed_report(task.document_id or "")


@pytest.fixture
async def shop(app: Starlette, sign: Sign) -> AsyncIterator[Shop]:
    starter = Amazon(app)
    listed = [
        {
            "sellerId": SELLER,
            "sellerSku": f"S{n}",
            "asin": asin(n),
            "price": f"{15 + n}.00",
            "quantity": 1_000,
        }
        for n in range(5)
    ]
    busy = {"changeShare": 0.0, "ordersPerTick": 60.0}
    await starter.control(
        "scenario", scenario(scenarioId="busy", market=busy, thirdPartyListings=listed)
    )
    await starter.http.aclose()
    amazon = await sign(app)
    account = AmazonAccount(
        "client", "secret", "Atzr|ours", SELLER, MARKETPLACES["US"], "merchant-1"
    )

    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app)) as http:
        endpoints = AmazonEndpoints.at("http://amazon.test")
        connector = AmazonConnector(
            account, endpoints, LocalBudget(1_000_000), FixedClock(_START), http
        )
        await connector.put_offer(
            OfferDraft("FBA,1", asin(7), "DRINKING_CUP", Condition.NEW, Money(900, "USD"), None, 2)
        )
        await amazon.advance(20, frozen=True)
        await amazon.advance(60)
        await amazon.advance(20, frozen=True)
        yield Shop(amazon, connector)


def _parcel(order: dict[str, Any], quantity: int, reference: str = "1") -> Shipment:
    item = order["orderItems"][0]["orderItemId"]
    at = _START + timedelta(hours=2)
    return Shipment(
        order["orderId"], Parcel(reference, "UPS", f"1Z{reference}", at, {item: quantity})
    )


async def test_an_order_leaves_parcel_by_parcel(shop: Shop) -> None:
    order = (await shop.orders())[0]
    ordered = order["orderItems"][0]["quantityOrdered"]
    assert ordered > 1
    first = _parcel(order, 1)

    await shop.connector.confirm_shipment(first)
    await shop.connector.confirm_shipment(first)

    told = await shop.order(order["orderId"])
    assert told["fulfillment"]["fulfillmentStatus"] == "PARTIALLY_SHIPPED"
    assert told["orderItems"][0]["fulfillment"]["quantityFulfilled"] == 1
    assert told["lastUpdatedTime"] > order["lastUpdatedTime"]

    moved = replace(first, parcel=replace(first.parcel, tracking_number="other"))
    await shop.connector.confirm_shipment(moved)
    await shop.connector.confirm_shipment(_parcel(order, ordered - 1, "2"))

    told = await shop.order(order["orderId"])
    assert told["fulfillment"]["fulfillmentStatus"] == "SHIPPED"
    assert [one["trackingNumber"] for one in told["packages"]] == ["other", "1Z2"]
    await shop.connector.confirm_shipment(moved)
    with pytest.raises(Rejected, match="fulfilled already"):
        await shop.connector.confirm_shipment(_parcel(order, 1, "3"))


async def test_what_cannot_be_shipped_is_refused(shop: Shop) -> None:
    order = (await shop.orders())[0]
    ordered = order["orderItems"][0]["quantityOrdered"]
    good = _parcel(order, 1)
    by_amazon = {**order, "orderId": await _of_amazon(shop)}

    for shipment, message in [
        (replace(good, order_number="1-2-3"), "no such order"),
        (_parcel(order, ordered + 1), f"from 1 to {ordered}"),
        (replace(good, parcel=replace(good.parcel, quantities={"9": 1})), "no such item"),
        (replace(good, parcel=replace(good.parcel, quantities={})), "orderItems is required"),
        (replace(good, parcel=replace(good.parcel, reference="A")), "positive number"),
        (replace(good, parcel=replace(good.parcel, carrier_code="Other")), "carrierName"),
        (_parcel(by_amazon, 1), "Amazon fulfils"),
    ]:
        with pytest.raises(Rejected, match=message):
            await shop.connector.confirm_shipment(shipment)

    assert (await shop.order(order["orderId"]))["fulfillment"]["fulfillmentStatus"] == "UNSHIPPED"


async def _of_amazon(shop: Shop) -> str:
    query = {"createdAfter": _START.isoformat(), "fulfilledBy": "AMAZON"}
    found = await shop.amazon.call("GET", _ORDERS, **query)
    return str(found.json()["orders"][0]["orderId"])


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"marketplaceId": None}, 400),
        ({"marketplaceId": "A1F83G8C2ARO7P"}, 403),
        ({"packageDetail": []}, 400),
        ({"packageDetail": {"packageReferenceId": 1}}, 400),
    ],
)
async def test_a_confirmation_needs_its_form(
    shop: Shop, change: dict[str, object], status: int
) -> None:
    order = (await shop.orders())[0]
    body = {"marketplaceId": "ATVPDKIKX0DER", "packageDetail": {}, **change}
    path = f"/orders/v0/orders/{order['orderId']}/shipmentConfirmation"
    assert (await shop.amazon.call("POST", path, body)).status_code == status


async def test_nobody_ships_anothers_order(shop: Shop, sign: Sign) -> None:
    order = (await shop.orders())[0]
    other = await sign(shop.amazon.app, OTHER_SELLER)
    path = f"/orders/v0/orders/{order['orderId']}/shipmentConfirmation"
    body = {"marketplaceId": "ATVPDKIKX0DER", "packageDetail": {}}
    assert (await other.call("POST", path, body)).status_code == 404


async def test_orders_are_shipped_by_a_feed(shop: Shop) -> None:
    first, second, *_ = await shop.orders()
    whole = first["orderItems"][0]["quantityOrdered"]
    shipments = [
        _parcel(first, whole),
        _parcel(first, whole),
        _parcel(second, 99),
        replace(_parcel(second, 1), order_number="1-2-3"),
    ]
    document_id = await shop.connector.upload_shipments(shipments)

    report = await shop.worked_off(OrderFeed.SHIPMENTS, document_id)

    assert report.processed == 4
    assert {n: told[0].code for n, told in report.refused.items()} == {3: "18028", 4: "18028"}
    (parcel,) = (await shop.order(first["orderId"]))["packages"]
    assert (parcel["packageReferenceId"], parcel["carrier"]) == ("1", "UPS")
    assert parcel["shipTime"] == "2026-05-04T10:00:00.000Z"
    assert (await shop.order(second["orderId"]))["fulfillment"]["fulfillmentStatus"] == "UNSHIPPED"


async def test_orders_are_taken_up_and_cancelled_by_a_feed(shop: Shop) -> None:
    first, second, third, *_ = await shop.orders()
    items = (second["orderItems"][0]["orderItemId"],)
    told = [
        Acknowledgement(first["orderId"], "4711"),
        Acknowledgement(second["orderId"], None, CancelReason.NO_INVENTORY, items),
        Acknowledgement(third["orderId"], None, CancelReason.NO_INVENTORY, ("9",)),
    ]
    document_id = await shop.connector.upload_acknowledgements(told)

    report = await shop.worked_off(OrderFeed.ACKNOWLEDGEMENTS, document_id)

    assert list(report.refused) == [3]
    taken_up = await shop.order(first["orderId"])
    assert taken_up["orderAliases"] == [{"aliasId": "4711", "aliasType": "SELLER_ORDER_ID"}]
    assert taken_up["fulfillment"]["fulfillmentStatus"] == "UNSHIPPED"
    assert (await shop.order(second["orderId"]))["fulfillment"]["fulfillmentStatus"] == "CANCELLED"
    assert (await shop.order(third["orderId"]))["fulfillment"]["fulfillmentStatus"] == "UNSHIPPED"


@pytest.mark.parametrize(
    "content",
    [
        b"order-id\tship-date\n",
        b"<AmazonEnvelope><MessageType>Product</MessageType></AmazonEnvelope>",
        (
            b"<AmazonEnvelope><Header><MerchantIdentifier>X</MerchantIdentifier></Header>"
            b"<MessageType>OrderFulfillment</MessageType></AmazonEnvelope>"
        ),
    ],
)
async def test_a_feed_in_another_form_is_fatal_and_says_why(shop: Shop, content: bytes) -> None:
    document_id = await shop.amazon.upload(content, "text/xml")
    feed_id = await shop.connector.send_order_feed(OrderFeed.SHIPMENTS, document_id)
    await shop.amazon.advance(10, frozen=True)
    task = await shop.connector.feed(feed_id)
    assert task.state is TaskState.FAILED
    report = await shop.connector.read_order_feed_report(task.document_id or "")
    assert (report.processed, len(report.issues)) == (0, 1)


async def test_the_stock_at_amazon_is_counted(shop: Shop) -> None:
    ((stock,),) = [page async for page in shop.connector.fulfilment_stock()]
    assert (stock.seller_sku, stock.asin, stock.condition) == ("FBA,1", asin(7), "NewItem")
    assert stock.fulfillable is not None
    assert stock.reserved
    assert stock.total == stock.fulfillable + stock.reserved

    await shop.amazon.advance(7 * 60, frozen=True)
    ((later,),) = [page async for page in shop.connector.fulfilment_stock(["FBA,1"])]
    assert (later.reserved, later.fulfillable) == (0, stock.fulfillable)
    since = _START + timedelta(days=1)
    assert [page async for page in shop.connector.fulfilment_stock(["FBA,1", "S1"])] == [
        [later],
        [],
    ]
    assert [page async for page in shop.connector.fulfilment_stock(changed_since=since)] == [[]]


async def test_a_page_of_stock_waits_half_a_minute(shop: Shop) -> None:
    world = shop.amazon.app.state.simulator.world
    for n in range(60):
        world.add(replace(world.listings[SELLER]["S1"], sku=f"F{n:02}", fulfilled_by_amazon=True))
    pages = [page async for page in shop.connector.fulfilment_stock()]
    assert [len(page) for page in pages] == [50, 11]

    reading = shop.connector.fulfilment_stock()
    await anext(reading)
    await shop.amazon.advance(1, frozen=True)
    with pytest.raises(Rejected, match="expired"):
        await anext(reading)


@pytest.mark.parametrize(
    "change",
    [
        {"granularityType": "SKU"},
        {"granularityId": "X"},
        {"nextToken": "x"},
        {"startDateTime": "x"},
    ],
)
async def test_stock_is_counted_for_a_marketplace(shop: Shop, change: dict[str, str]) -> None:
    query = {
        "granularityType": "Marketplace",
        "granularityId": "ATVPDKIKX0DER",
        "marketplaceIds": "ATVPDKIKX0DER",
        **change,
    }
    answer = await shop.amazon.call("GET", "/fba/inventory/v1/summaries", **query)
    assert answer.status_code == 400


async def test_money_is_deferred_released_and_settled(shop: Shop) -> None:
    order = (await shop.orders())[0]
    quantity = order["orderItems"][0]["quantityOrdered"]
    await shop.connector.confirm_shipment(_parcel(order, quantity))
    await shop.amazon.advance(3, frozen=True)

    (page,) = [page async for page in shop.connector.transactions_of_order(order["orderId"])]
    (transaction,) = page.transactions
    assert transaction.status is TransactionStatus.DEFERRED
    assert transaction.related["ORDER_ID"] == order["orderId"]
    (item,) = transaction.items
    price = 1500 + 100 * int((item.seller_sku or "S0")[1:])
    goods, fees = transaction.charges
    assert goods.amount == Money(price * quantity, "USD")
    assert fees.amount == Money(-((price * 15 + 50) // 100) * quantity, "USD")
    assert goods.amount + fees.amount == transaction.total

    assert await shop.connector.settlements_since(_START) == []
    for _ in range(3):
        await shop.amazon.advance(7 * 24 * 60, frozen=True)
    (page,) = [page async for page in shop.connector.transactions(_START)]
    assert {one.status for one in page.transactions} == {TransactionStatus.DEFERRED_RELEASED}
    (report,) = await shop.connector.settlements_since(_START)
    settlement = await shop.connector.read_settlement(report.document_id or "")
    assert settlement.balances
    assert settlement.total.minor == sum(
        one.total.minor for one in page.transactions if one.total is not None
    )
    mine = [line for line in settlement.lines if line.order_number == order["orderId"]]
    assert [(line.amount_description, line.amount) for line in mine] == [
        ("Principal", goods.amount),
        ("Commission", fees.amount),
    ]
    assert "FBAPerUnitFulfillmentFee" in {line.amount_description for line in settlement.lines}
    assert settlement.ends_at is not None
    assert settlement.begins_at == settlement.ends_at - timedelta(days=14)


async def test_transactions_come_in_pages(shop: Shop) -> None:
    world = shop.amazon.app.state.simulator.world
    order = world.orders[(await shop.orders())[0]["orderId"]]
    await shop.connector.confirm_shipment(_parcel(await shop.order(order.order_id), order.quantity))
    for n in range(150):
        copy = replace(order, order_id=f"1-2-{n}")
        world.orders[copy.order_id] = copy
    await shop.amazon.advance(3, frozen=True)
    pages = [page async for page in shop.connector.transactions(_START)]
    assert next(len(page.transactions) for page in pages) == 100
    numbers = [one.related["ORDER_ID"] for page in pages for one in page.transactions]
    assert len(numbers) == len(set(numbers)) >= 151
    half = shop.connector.transactions(_START, _START + timedelta(minutes=1))
    assert [page.transactions async for page in half] == [()]


async def test_who_names_the_marketplace_does_not_see_what_the_seller_ships(shop: Shop) -> None:
    order = (await shop.orders())[0]
    await shop.connector.confirm_shipment(_parcel(order, 1))
    await shop.amazon.advance(10 * 60, frozen=True)

    async def networks(**query: str) -> set[str]:
        answer = await shop.amazon.call(
            "GET", "/finances/2024-06-19/transactions", postedAfter=_START.isoformat(), **query
        )
        found = answer.json()["payload"]["transactions"]
        return {one["items"][0]["contexts"][0]["fulfillmentNetwork"] for one in found}

    assert await networks() == {"AFN", "MFN"}
    assert await networks(marketplaceId="ATVPDKIKX0DER") == {"AFN"}
    assert await networks(marketplaceId="A1F83G8C2ARO7P") == set()


@pytest.mark.parametrize(
    "query",
    [
        {},
        {"postedAfter": "yesterday"},
        {"postedAfter": "2030-01-01T00:00:00Z"},
        {"postedAfter": "2026-05-04T09:00:00Z", "postedBefore": "2026-05-04T08:00:00Z"},
        {"relatedIdentifierName": "ORDER_ID"},
        {"relatedIdentifierName": "INVOICE_ID", "relatedIdentifierValue": "1"},
        {"postedAfter": "2026-05-04T08:00:00Z", "nextToken": "x"},
    ],
)
async def test_a_question_about_money_that_cannot_be_is_refused(
    shop: Shop, query: dict[str, str]
) -> None:
    answer = await shop.amazon.call("GET", "/finances/2024-06-19/transactions", **query)
    assert answer.status_code == 400


async def test_a_schedule_asks_for_reports_until_it_is_cancelled(shop: Shop) -> None:
    connector = shop.connector
    old = await connector.schedule_report(_LISTINGS, Period.DAY)
    schedule_id = await connector.schedule_report(_LISTINGS, Period.HOUR)
    with pytest.raises(Missing):
        await connector.report_schedule(old)
    (schedule,) = await connector.report_schedules([_LISTINGS])
    assert (schedule.id, schedule.period) == (schedule_id, "PT1H")

    await shop.amazon.advance(150, frozen=True)

    path, types = f"{REPORTS}/reports", {"reportTypes": _LISTINGS}
    made = (await shop.amazon.call("GET", path, **types)).json()["reports"]
    assert [one["reportScheduleId"] for one in made] == [schedule_id] * 3
    assert {one["processingStatus"] for one in made} == {"DONE"}
    assert schedule.next_at is not None
    later = await connector.report_schedule(schedule_id)
    assert later.next_at == schedule.next_at + timedelta(hours=3)

    await connector.cancel_report_schedule(schedule_id)
    await shop.amazon.advance(150, frozen=True)
    assert len((await shop.amazon.call("GET", path, **types)).json()["reports"]) == 3
    assert await connector.report_schedules([_LISTINGS]) == []


async def test_a_settlement_can_neither_be_asked_for_nor_scheduled(shop: Shop) -> None:
    with pytest.raises(Rejected):
        await shop.connector.schedule_report(SETTLEMENT, Period.FORTNIGHT)
    body = {"reportType": SETTLEMENT, "marketplaceIds": ["ATVPDKIKX0DER"]}
    assert (await shop.amazon.call("POST", f"{REPORTS}/reports", body)).status_code == 400


@pytest.mark.parametrize(
    "change",
    [{"period": "PT7M"}, {"marketplaceIds": None}, {"nextReportCreationTime": "soon"}],
)
async def test_a_schedule_that_cannot_be_is_refused(shop: Shop, change: dict[str, object]) -> None:
    body = {
        "reportType": _LISTINGS,
        "period": "P1D",
        "marketplaceIds": ["ATVPDKIKX0DER"],
        **change,
    }
    answer = await shop.amazon.call("POST", f"{REPORTS}/schedules", body)
    assert answer.status_code == 400


async def test_parcels_and_schedules_outlive_the_simulator(
    shop: Shop, settings: SimulatorSettings
) -> None:
    order = (await shop.orders())[0]
    await shop.connector.confirm_shipment(_parcel(order, 1))
    schedule_id = await shop.connector.schedule_report(_LISTINGS, Period.DAY)
    await shop.amazon.advance(1, frozen=True)
    assert settings.state_file is not None
    world = state_file.load(settings.state_file)
    assert world.orders[order["orderId"]].shipped == 1
    assert world.schedules[schedule_id].period == "P1D"
    assert world.settled_ms
