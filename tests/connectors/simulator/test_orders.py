"""Orders: they come with time, wait for payment, and are told in pages."""

from typing import Any

from tests.connectors.simulator.amazon import OTHER_SELLER, Amazon, asin, offer_attributes, scenario
from tests.connectors.simulator.conftest import Sign

_ORDERS = "/orders/2026-01-01/orders"
_START = "2026-05-04T08:00:00Z"
_BUSY = {"changeShare": 0.1, "ordersPerTick": 400.0}


async def _sell(amazon: Amazon, quantity: int = 1_000) -> None:
    await amazon.control("scenario", scenario(scenarioId="busy", market=_BUSY))
    await amazon.sign_in()
    for number in range(30):
        await amazon.put(f"S{number}", offer_attributes(asin(number), 15 + number, quantity))
    await amazon.advance(20, frozen=True)


async def _search(amazon: Amazon, **query: str) -> dict[str, Any]:
    answer = await amazon.call("GET", _ORDERS, **query)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


async def test_an_order_is_pending_without_price_and_then_unshipped_with_one(
    amazon: Amazon,
) -> None:
    await _sell(amazon)
    assert (await amazon.advance())["ordersPlaced"] > 0
    await amazon.advance(3, frozen=True)
    included = "FULFILLMENT,PROCEEDS,BUYER,RECIPIENT"
    found = (await _search(amazon, createdAfter=_START, includedData=included))["orders"]
    first = next(o for o in found if o["fulfillment"]["fulfillmentStatus"] == "PENDING")
    assert "price" not in first["orderItems"][0]["product"]
    assert "buyer" not in first

    await amazon.advance(frozen=True)
    order = (
        await amazon.call("GET", f"{_ORDERS}/{first['orderId']}", includedData=included)
    ).json()["order"]
    assert order["fulfillment"]["fulfillmentStatus"] == "UNSHIPPED"
    assert order["lastUpdatedTime"] > order["createdTime"]
    item = order["orderItems"][0]
    number = int(item["product"]["sellerSku"][1:])
    assert item["product"]["price"]["unitPrice"] == {
        "currencyCode": "USD",
        "amount": f"{15 + number}.00",
    }
    total = f"{(15 + number) * item['quantityOrdered']}.00"
    assert order["proceeds"]["grandTotal"]["amount"] == total


async def test_data_sets_that_were_not_asked_for_are_left_out(amazon: Amazon) -> None:
    await _sell(amazon)
    await amazon.advance()
    await amazon.advance(frozen=True)
    order = (await _search(amazon, createdAfter=_START))["orders"][0]
    assert not {"fulfillment", "proceeds", "buyer", "recipient"} & order.keys()


async def test_pages_together_tell_every_order_once(amazon: Amazon) -> None:
    await _sell(amazon)
    await amazon.advance()
    await amazon.advance(20, frozen=True)
    expected = (await amazon.status())["orders"]
    query = {"lastUpdatedAfter": _START, "maxResultsPerPage": "30"}
    seen: list[str] = []
    page = await _search(amazon, **query)
    while True:
        seen += [order["orderId"] for order in page["orders"]]
        if "pagination" not in page:
            break
        # What changes meanwhile is for the next search.
        await amazon.advance(1)
        page = await _search(amazon, **query, paginationToken=page["pagination"]["nextToken"])
    assert len(seen) == len(set(seen)) == expected > 60


async def test_the_last_two_minutes_are_not_told_yet(amazon: Amazon) -> None:
    await _sell(amazon)
    await amazon.advance()
    page = await _search(amazon, createdAfter=_START)
    assert page["createdBefore"] == "2026-05-04T08:33:00.000Z"
    assert all(order["createdTime"] <= page["createdBefore"] for order in page["orders"])
    refused = await amazon.call(
        "GET", _ORDERS, createdAfter=_START, createdBefore="2026-05-04T08:34:00Z"
    )
    assert refused.status_code == 400


async def test_filters_narrow_the_search(amazon: Amazon) -> None:
    await _sell(amazon)
    await amazon.advance()
    await amazon.advance(20, frozen=True)
    base = {"createdAfter": _START}
    assert (await _search(amazon, **base, fulfillmentStatuses="PENDING"))["orders"] == []
    assert (await _search(amazon, **base, fulfilledBy="AMAZON"))["orders"] == []
    assert (await _search(amazon, **base, fulfillmentStatuses="UNSHIPPED,SHIPPED"))["orders"]


async def test_a_search_must_say_one_beginning(amazon: Amazon) -> None:
    for query in (
        {},
        {"createdAfter": _START, "lastUpdatedAfter": _START},
        {"createdAfter": _START, "lastUpdatedBefore": _START},
        {"createdBefore": _START},
        {"createdAfter": "TEST_CASE_400"},
        {"createdAfter": "2026-05-04T08:00:00"},
        {"createdAfter": _START, "maxResultsPerPage": "101"},
        {"createdAfter": _START, "includedData": "SECRETS"},
        {"createdAfter": _START, "paginationToken": "nonsense"},
    ):
        answer = await amazon.call("GET", _ORDERS, **query)
        assert answer.status_code == 400, query


async def test_orders_belong_to_their_seller(amazon: Amazon, sign: Sign) -> None:
    await _sell(amazon)
    await amazon.advance()
    await amazon.advance(20, frozen=True)
    order_id = (await _search(amazon, createdAfter=_START))["orders"][0]["orderId"]
    other = await sign(amazon.app, OTHER_SELLER)
    assert (await _search(other, createdAfter=_START))["orders"] == []
    assert (await other.call("GET", f"{_ORDERS}/{order_id}")).status_code == 404


async def test_stock_falls_with_orders_and_never_below_nothing(amazon: Amazon) -> None:
    await _sell(amazon, quantity=2)
    for _ in range(3):
        await amazon.advance()
    await amazon.advance(20, frozen=True)
    sold: dict[str, int] = {}
    for order in (await _search(amazon, createdAfter=_START))["orders"]:
        item = order["orderItems"][0]
        sku = item["product"]["sellerSku"]
        sold[sku] = sold.get(sku, 0) + item["quantityOrdered"]
    assert sold
    for sku, quantity in sold.items():
        listing = (await amazon.get(sku)).json()
        assert listing["fulfillmentAvailability"][0]["quantity"] == 2 - quantity >= 0
        shown = listing["attributes"]["fulfillment_availability"][0]["quantity"]
        assert shown == 2 - quantity
