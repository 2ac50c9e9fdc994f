"""Feeds: uploaded in time, worked off one at a time, and told message by message."""

import gzip
import json
from typing import Any

import pytest

from connectors.simulator.listings_feed import MOST_MESSAGES
from tests.connectors.simulator.amazon import (
    FEEDS,
    MARKETPLACE,
    OTHER_SELLER,
    Amazon,
    asin,
    merge,
    offer_attributes,
    price_attribute,
    scenario,
    stock_attribute,
)
from tests.connectors.simulator.conftest import Elapsed, Sign
from tests.connectors.simulator.official_models import OfficialModels


def _priced(sku: str, price: object) -> dict[str, Any]:
    return {
        "sku": sku,
        "operationType": "PATCH",
        "productType": "DRINKING_CUP",
        "patches": [merge("purchasable_offer", price_attribute(price))],
    }


async def _on_sale(amazon: Amazon, *skus: str) -> None:
    for number, sku in enumerate(skus):
        await amazon.put(sku, offer_attributes(asin(number), 25))
    await amazon.advance(20, frozen=True)


async def _price(amazon: Amazon, sku: str) -> str:
    (offer,) = (await amazon.get(sku)).json()["offers"]
    return str(offer["price"]["amount"])


@pytest.fixture
def check_report(models: OfficialModels | None) -> Any:
    return models.check_processing_report if models else lambda _: None


async def test_a_feed_waits_is_worked_off_and_says_what_became_of_each_message(
    amazon: Amazon, check_report: Any
) -> None:
    await _on_sale(amazon, "A", "B", "C", "D")
    feed_id = await amazon.listings_feed(
        _priced("A", 19.99),
        {
            "sku": "B",
            "operationType": "PARTIAL_UPDATE",
            "productType": "DRINKING_CUP",
            "attributes": {"fulfillment_availability": [stock_attribute(3)]},
        },
        {
            "sku": "NEW",
            "operationType": "UPDATE",
            "productType": "DRINKING_CUP",
            "requirements": "LISTING_OFFER_ONLY",
            "attributes": offer_attributes(asin(5), 30),
        },
        {"sku": "C", "operationType": "DELETE"},
        _priced("D", "19.99"),
        _priced("NOBODY", 19.99),
    )

    assert (await amazon.state_of_feed(feed_id))["processingStatus"] == "IN_QUEUE"
    await amazon.advance(1, frozen=True)
    assert (await amazon.state_of_feed(feed_id))["processingStatus"] == "IN_PROGRESS"
    assert await _price(amazon, "A") == "25.00"
    await amazon.advance(5, frozen=True)
    assert (await amazon.state_of_feed(feed_id))["processingStatus"] == "DONE"
    report = json.loads(await amazon.result_of_feed(feed_id))
    check_report(report)

    assert report["header"] == {"sellerId": amazon.seller, "version": "2.0", "feedId": feed_id}
    assert report["summary"] == {
        "errors": 2,
        "warnings": 0,
        "messagesProcessed": 6,
        "messagesAccepted": 4,
        "messagesInvalid": 2,
    }
    wrong = {one["messageId"]: (one["sku"], one["code"]) for one in report["issues"]}
    assert wrong == {5: ("D", "90244"), 6: ("NOBODY", "13013")}
    await amazon.advance(30, frozen=True)
    assert [await _price(amazon, sku) for sku in ("A", "D", "NEW")] == ["19.99", "25.00", "30.00"]
    stock = (await amazon.get("B")).json()["fulfillmentAvailability"]
    assert stock[0]["quantity"] == 3
    assert (await amazon.get("C")).status_code == 404
    entries = [e for e in await amazon.journal() if e["operation"] == "JSON_LISTINGS_FEED"]
    told = [(e["sellerSku"], e["price"], e["quantity"], e["status"]) for e in entries]
    assert told[0] == ("A", "19.99", None, "ACCEPTED")
    assert told[1] == ("B", None, 3, "ACCEPTED")
    assert told[4][3] == told[5][3] == "INVALID"
    assert {e["submissionId"] for e in entries} == {feed_id}


async def test_one_feed_at_a_time_is_worked_on_for_a_seller(amazon: Amazon, sign: Sign) -> None:
    await _on_sale(amazon, "A")
    other = await sign(amazon.app, OTHER_SELLER)
    first, second = [await amazon.listings_feed(_priced("A", price)) for price in (20, 21)]
    theirs = await other.listings_feed(_priced("A", 20))
    await amazon.advance(1, frozen=True)

    states = [await amazon.state_of_feed(first), await amazon.state_of_feed(second)]
    assert [one["processingStatus"] for one in states] == ["IN_PROGRESS", "IN_QUEUE"]
    await other.sign_in()
    assert (await other.state_of_feed(theirs))["processingStatus"] == "IN_PROGRESS"
    await amazon.advance(10, frozen=True)
    one, two = await amazon.state_of_feed(first), await amazon.state_of_feed(second)
    assert one["processingEndTime"] <= two["processingStartTime"]
    await amazon.advance(30, frozen=True)
    assert await _price(amazon, "A") == "21.00"


async def test_a_report_of_the_listings_comes_with_the_feed_that_asks_for_it(
    amazon: Amazon, check_report: Any
) -> None:
    await _on_sale(amazon, "A")
    included = {"includedData": ["issues", "offers"], "apiVersion": "2021-08-01"}
    feed_id = await amazon.listings_feed(_priced("A", 19), report=included)
    await amazon.advance(5, frozen=True)
    report = json.loads(await amazon.result_of_feed(feed_id))
    check_report(report)
    assert report["header"]["report"] == included
    assert [item["sku"] for item in report["items"]] == ["A"]
    assert report["summary"]["itemSummary"]["items"] == 1


def _message(**changes: Any) -> dict[str, Any]:
    return {"messageId": 1, **_priced("A", 19), **changes}


@pytest.mark.parametrize(
    "messages",
    [
        [_message(messageId=0)],
        [_message(messageId="1")],
        [_message(messageId=True)],
        [_message(sku="")],
        [_message(operationType="GUESS")],
        [_message(attributes={"item_name": [{"value": "x"}]})],
        [_message(patches=[])],
        [_message(patches=[{"op": "test", "path": "/attributes/list_price"}])],
        [{"messageId": 1, "sku": "A", "operationType": "PATCH"}],
        [{"messageId": 1, "sku": "A", "operationType": "DELETE", "productType": "X"}],
    ],
)
async def test_a_message_that_cannot_be_is_refused_alone(
    amazon: Amazon, check_report: Any, messages: list[dict[str, Any]]
) -> None:
    await _on_sale(amazon, "A", "B")
    messages = [*messages, {"messageId": 7, **_priced("B", 20)}]
    content = {"header": {"sellerId": amazon.seller, "version": "2.0"}, "messages": messages}
    answer = await amazon.feed(await amazon.upload(json.dumps(content).encode()))
    await amazon.advance(5, frozen=True)

    report = json.loads(await amazon.result_of_feed(answer.json()["feedId"]))
    check_report(report)
    assert report["summary"]["messagesInvalid"] == 1
    assert report["summary"]["messagesAccepted"] == 1


async def test_one_message_a_sku_and_number(amazon: Amazon) -> None:
    await _on_sale(amazon, "A")
    feed_id = await amazon.listings_feed(_priced("A", 19), _priced("A", 20))
    doubled = [_message(), {**_message(), "sku": "B"}]
    content = {"header": {"sellerId": amazon.seller, "version": "2.0"}, "messages": doubled}
    answer = await amazon.feed(await amazon.upload(json.dumps(content).encode()))
    await amazon.advance(10, frozen=True)

    one = json.loads(await amazon.result_of_feed(feed_id))["summary"]
    assert (one["messagesAccepted"], one["messagesInvalid"]) == (1, 1)
    two = json.loads(await amazon.result_of_feed(answer.json()["feedId"]))["summary"]
    assert two["messagesInvalid"] == 2


_HEADER = {"sellerId": "A3OURSELLER", "version": "2.0"}


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"<xml/>",
        b"[]",
        b"\x1f\x8bbroken",
        json.dumps({"header": {**_HEADER, "version": "1.0"}, "messages": [_message()]}).encode(),
        json.dumps({"header": {**_HEADER, "sellerId": "X"}, "messages": [_message()]}).encode(),
        json.dumps({"header": _HEADER, "messages": []}).encode(),
        json.dumps({"header": _HEADER, "messages": ["x"]}).encode(),
        json.dumps({"header": _HEADER, "messages": [{}] * (MOST_MESSAGES + 1)}).encode(),
        json.dumps({"header": _HEADER, "messages": [_message()], "x": "x" * 11_000_000}).encode(),
    ],
)
async def test_a_feed_that_is_none_is_fatal(
    amazon: Amazon, check_report: Any, content: bytes
) -> None:
    await _on_sale(amazon, "A")
    answer = await amazon.feed(await amazon.upload(content))
    await amazon.advance(15, frozen=True)
    state = await amazon.state_of_feed(answer.json()["feedId"])
    assert state["processingStatus"] == "FATAL"
    if "resultFeedDocumentId" in state:
        report = json.loads(await amazon.result_of_feed(state["feedId"]))
        check_report(report)
        assert len(report["issues"]) == 1
    assert not [e for e in await amazon.journal() if e["operation"] == "JSON_LISTINGS_FEED"]


async def test_a_packed_feed_is_unpacked(amazon: Amazon) -> None:
    await _on_sale(amazon, "A")
    content = {"header": _HEADER, "messages": [_message()]}
    packed = gzip.compress(json.dumps(content).encode())
    answer = await amazon.feed(await amazon.upload(packed))
    await amazon.advance(5, frozen=True)
    report = json.loads(await amazon.result_of_feed(answer.json()["feedId"]))
    assert report["summary"]["messagesAccepted"] == 1


@pytest.mark.parametrize("feed_type", ["POST_PRODUCT_PRICING_DATA", "POST_FLAT_FILE_LISTINGS_DATA"])
async def test_the_listing_feeds_of_old_are_fatal(amazon: Amazon, feed_type: str) -> None:
    answer = await amazon.feed(await amazon.upload(b"x", "text/xml"), feed_type)
    await amazon.advance(5, frozen=True)
    state = await amazon.state_of_feed(answer.json()["feedId"])
    assert (state["processingStatus"], "resultFeedDocumentId" in state) == ("FATAL", False)


async def test_an_upload_has_five_minutes_and_its_own_content_type(amazon: Amazon) -> None:
    body = {"contentType": "application/json"}
    document = (await amazon.call("POST", f"{FEEDS}/documents", body)).json()
    url, right = document["url"], {"content-type": "application/json"}
    wrong = await amazon.http.put(url, content=b"{}", headers={"content-type": "text/plain"})
    assert wrong.status_code == 403
    assert (await amazon.feed(document["feedDocumentId"])).status_code == 400  # nothing uploaded
    assert (await amazon.http.put(url, content=b"{}", headers=right)).status_code == 200
    await amazon.advance(6, frozen=True)
    assert (await amazon.http.put(url, content=b"{}", headers=right)).status_code == 403


async def test_addresses_are_those_of_the_simulator_whatever_the_caller_calls_it(
    amazon: Amazon,
) -> None:
    for name, base in (("mazon.test", "amazon.test"), ("other.test:81", "other.test:81")):
        answer = await amazon.http.post(
            f"{FEEDS}/documents",
            json={"contentType": "application/json"},
            headers={"host": name, "x-amz-access-token": amazon.token},
        )
        assert answer.json()["url"].startswith(f"http://{base}/documents/")


async def test_a_feed_that_waits_can_be_cancelled(amazon: Amazon) -> None:
    await _on_sale(amazon, "A")
    feed_id = await amazon.listings_feed(_priced("A", 19))
    cancelled = await amazon.call("DELETE", f"{FEEDS}/feeds/{feed_id}")
    assert (cancelled.status_code, cancelled.content) == (200, b"")
    await amazon.advance(5, frozen=True)
    assert (await amazon.state_of_feed(feed_id))["processingStatus"] == "CANCELLED"
    assert (await amazon.call("DELETE", f"{FEEDS}/feeds/{feed_id}")).status_code == 400


async def test_feeds_are_found_again(amazon: Amazon) -> None:
    made = [await amazon.listings_feed(_priced("A", 19)) for _ in range(2)]
    found = await amazon.call("GET", f"{FEEDS}/feeds", feedTypes="JSON_LISTINGS_FEED")
    assert [one["feedId"] for one in found.json()["feeds"]] == made[::-1]


@pytest.mark.parametrize(
    "change",
    [
        {"feedType": "GUESS"},
        {"inputFeedDocumentId": "nothing"},
        {"inputFeedDocumentId": None},
        {"marketplaceIds": "x"},
        {"marketplaceIds": []},
    ],
)
async def test_a_feed_that_cannot_be_is_refused(amazon: Amazon, change: dict[str, object]) -> None:
    document_id = await amazon.upload(b"{}")
    body = {
        "feedType": "JSON_LISTINGS_FEED",
        "inputFeedDocumentId": document_id,
        "marketplaceIds": [MARKETPLACE],
        **change,
    }
    assert (await amazon.call("POST", f"{FEEDS}/feeds", body)).status_code == 400
    assert (await amazon.call("POST", f"{FEEDS}/documents", {})).status_code == 400


async def test_five_listing_feeds_in_five_minutes_and_the_header_says_otherwise(
    amazon: Amazon, elapsed: Elapsed
) -> None:
    document_id = await amazon.upload(b"{}")
    await amazon.control("rates", {"scale": 1})
    answers = [await amazon.feed(document_id) for _ in range(6)]
    assert [one.status_code for one in answers] == [202] * 5 + [429]
    assert answers[0].headers["x-amzn-RateLimit-Limit"] == "0.0083"
    elapsed.seconds += 61
    assert (await amazon.feed(document_id)).status_code == 202
    # Another type has the bucket that the documentation tells.
    other = [await amazon.feed(document_id, "POST_PRODUCT_DATA") for _ in range(16)]
    assert [one.status_code for one in other] == [202] * 15 + [429]


@pytest.mark.parametrize("name", ["Feed", "Report"])
async def test_the_end_is_told_to_who_subscribed(
    amazon: Amazon, models: OfficialModels | None, name: str
) -> None:
    arn, kind = "arn:aws:sqs:us-east-1:000000000000:ends", f"{name.upper()}_PROCESSING_FINISHED"
    body = {"name": "ends", "resourceSpecification": {"sqs": {"arn": arn}}}
    destination = await amazon.grantless("POST", "/notifications/v1/destinations", body)
    destination_id = destination.json()["payload"]["destinationId"]
    wanted = {"destinationId": destination_id, "payloadVersion": "1.0"}
    path = f"/notifications/v1/subscriptions/{kind}"
    assert (await amazon.call("POST", path, wanted)).status_code == 400
    wanted["payloadVersion"] = "2020-09-04"
    assert (await amazon.call("POST", path, wanted)).status_code == 200
    await _on_sale(amazon, "A")
    made = await (amazon.listings_feed(_priced("A", 19)) if name == "Feed" else amazon.report())

    happened = await amazon.advance(5, frozen=True)

    queue = amazon.app.state.simulator.world.queues.of_arn(arn)
    bodies = [json.loads(message.body) for message in queue.visible]
    assert happened["notificationsSent"] == len(bodies)
    told = bodies[0]["payload"][f"{name.lower()}ProcessingFinishedNotification"]
    assert (told[f"{name.lower()}Id"], told["processingStatus"]) == (made, "DONE")
    if models:
        models.check_finished(name, bodies[0])


async def _unshipped(amazon: Amazon) -> list[dict[str, Any]]:
    busy = {"changeShare": 0.0, "ordersPerTick": 400.0}
    await amazon.control("scenario", scenario(scenarioId="busy", market=busy))
    await amazon.sign_in()
    for number in range(5):
        await amazon.put(f"S{number}", offer_attributes(asin(number), 15 + number, 1_000))
    await amazon.advance(20, frozen=True)
    await amazon.advance()
    await amazon.advance(20, frozen=True)
    found = await amazon.call(
        "GET", "/orders/2026-01-01/orders", createdAfter="2026-05-04T08:00:00Z"
    )
    return list(found.json()["orders"])


async def _status(amazon: Amazon, order_id: str) -> str:
    found = await amazon.call(
        "GET", f"/orders/2026-01-01/orders/{order_id}", includedData="FULFILLMENT"
    )
    return str(found.json()["order"]["fulfillment"]["fulfillmentStatus"])


def _table(*rows: tuple[str, ...]) -> bytes:
    return "".join("\t".join(row) + "\n" for row in rows).encode()


async def test_orders_are_shipped_and_cancelled_by_feed(amazon: Amazon) -> None:
    first, second, third = (order["orderId"] for order in (await _unshipped(amazon))[:3])
    ship = _table(
        ("order-id", "order-item-id", "quantity", "ship-date", "carrier-code", "tracking-number"),
        (first, "", "", "2026-05-05", "UPS", "1Z"),
        (first, "", "", "2026-05-05", "UPS", "1Z"),
        ("111-1111111-1111111", "", "", "2026-05-05", "UPS", "1Z"),
        (third, "", "", "some day", "UPS", "1Z"),
        (third, "", "", "2026-05-05", "", "1Z"),
        (third, "99", "", "2026-05-05", "UPS", "1Z"),
    )
    cancel = _table(
        ("TemplateType=OrderCancellation", "Version=1.0"),
        ("order-id", "cancellation-reason-code"),
        (second, "NoInventory"),
        (first, "NoInventory"),
        (third, "Whim"),
        (third, ""),
    )
    shipping = await amazon.feed(
        await amazon.upload(ship, "text/tab-separated-values"), "POST_FLAT_FILE_FULFILLMENT_DATA"
    )
    cancelling = await amazon.feed(
        await amazon.upload(cancel, "text/tab-separated-values"),
        "POST_FLAT_FILE_ORDER_ACKNOWLEDGEMENT_DATA",
    )
    await amazon.advance(10, frozen=True)

    assert await _status(amazon, first) == "SHIPPED"
    assert await _status(amazon, second) == "CANCELLED"
    assert await _status(amazon, third) == "UNSHIPPED"
    shipped = (await amazon.result_of_feed(shipping.json()["feedId"])).decode()
    assert "records processed\t\t6" in shipped
    assert "records successful\t\t2" in shipped
    cancelled = (await amazon.result_of_feed(cancelling.json()["feedId"])).decode()
    assert "records successful\t\t1" in cancelled
    assert "'Whim' is not a reason to cancel." in cancelled


async def test_a_table_without_its_columns_is_fatal(amazon: Amazon) -> None:
    table = await amazon.upload(b"something\n", "text/tab-separated-values")
    answer = await amazon.feed(table, "POST_FLAT_FILE_FULFILLMENT_DATA")
    await amazon.advance(5, frozen=True)
    state = await amazon.state_of_feed(answer.json()["feedId"])
    assert state["processingStatus"] == "FATAL"


@pytest.mark.parametrize("kind", ["500", "503", "429", "empty"])
async def test_the_storage_has_troubles_of_its_own(amazon: Amazon, kind: str) -> None:
    fault = {"operation": "downloadDocument", "kind": kind, "next": 1}
    await amazon.control("faults", {"faults": [fault]})
    await _on_sale(amazon, "A")
    feed_id = await amazon.listings_feed(_priced("A", 19))
    await amazon.advance(5, frozen=True)
    state = await amazon.state_of_feed(feed_id)
    path = f"{FEEDS}/documents/{state['resultFeedDocumentId']}"
    url = (await amazon.call("GET", path)).json()["url"]
    broken = await amazon.http.get(url)
    assert broken.status_code == 503 or len(broken.content) < 100
    assert (await amazon.http.get(url)).content.startswith(b"\x1f\x8b")
