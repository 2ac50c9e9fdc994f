"""Notifications: destinations, subscriptions, and delivery into queues that an AWS client reads."""

import json
from typing import Any

import boto3
import httpx
import pytest
from starlette.applications import Starlette

from tests.connectors.simulator.amazon import Amazon, asin, offer_attributes
from tests.connectors.simulator.official_models import OfficialModels

_ARN = "arn:aws:sqs:us-east-1:000000000000:offers"
_DESTINATIONS = "/notifications/v1/destinations"
_SUBSCRIPTIONS = "/notifications/v1/subscriptions"


async def _sqs(amazon: Amazon, action: str, **body: object) -> dict[str, Any]:
    answer = await amazon.http.post(
        "/sqs", content=json.dumps(body), headers={"x-amz-target": f"AmazonSQS.{action}"}
    )
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


async def _destination(amazon: Amazon, arn: str = _ARN) -> httpx.Response:
    body = {"name": "offers", "resourceSpecification": {"sqs": {"arn": arn}}}
    return await amazon.grantless("POST", _DESTINATIONS, body)


async def _subscribe(amazon: Amazon, **changes: object) -> httpx.Response:
    found = (await amazon.grantless("GET", _DESTINATIONS)).json()["payload"]
    body = {"payloadVersion": "1.0", "destinationId": found[0]["destinationId"], **changes}
    return await amazon.call("POST", f"{_SUBSCRIPTIONS}/ANY_OFFER_CHANGED", body)


async def _listen_and_list(amazon: Amazon) -> str:
    """Subscribe a queue and put everything on sale; gives the queue's URL."""
    url = str((await _sqs(amazon, "CreateQueue", QueueName="offers"))["QueueUrl"])
    await _destination(amazon)
    assert (await _subscribe(amazon)).status_code == 200
    for number in range(30):
        await amazon.put(f"S{number}", offer_attributes(asin(number), 21 + number))
    return url


async def _drain(amazon: Amazon, url: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    while True:
        answer = await _sqs(amazon, "ReceiveMessage", QueueUrl=url, MaxNumberOfMessages=10)
        messages = answer.get("Messages", [])
        if not messages:
            return found
        found += [json.loads(message["Body"]) for message in messages]
        entries = [
            {"Id": str(n), "ReceiptHandle": m["ReceiptHandle"]} for n, m in enumerate(messages)
        ]
        await _sqs(amazon, "DeleteMessageBatch", QueueUrl=url, Entries=entries)


def _asin_of(message: dict[str, Any]) -> str:
    changed = message["Payload"]["AnyOfferChangedNotification"]
    return str(changed["OfferChangeTrigger"]["ASIN"])


async def test_a_destination_is_made_found_and_removed(amazon: Amazon) -> None:
    made = (await _destination(amazon)).json()["payload"]
    assert made["resource"] == {"sqs": {"arn": _ARN}}
    assert (await _destination(amazon)).status_code == 409
    path = f"{_DESTINATIONS}/{made['destinationId']}"
    assert (await amazon.grantless("GET", path)).json()["payload"] == made
    assert (await amazon.grantless("DELETE", path)).status_code == 200
    assert (await amazon.grantless("GET", path)).status_code == 404
    listed = await amazon.grantless("GET", _DESTINATIONS)
    assert listed.json()["payload"] == []


async def test_a_destination_needs_a_name_and_a_queue(amazon: Amazon) -> None:
    assert (await _destination(amazon, "arn:aws:sns:us-east-1:1:x")).status_code == 400
    nameless = {"resourceSpecification": {"sqs": {"arn": _ARN}}}
    answer = await amazon.grantless("POST", _DESTINATIONS, nameless)
    assert answer.status_code == 400


async def test_a_subscription_is_made_once_found_and_ended(amazon: Amazon) -> None:
    await _destination(amazon)
    assert (await amazon.call("GET", f"{_SUBSCRIPTIONS}/ANY_OFFER_CHANGED")).status_code == 404
    directive = {
        "eventFilter": {
            "eventFilterType": "ANY_OFFER_CHANGED",
            "aggregationSettings": {"aggregationTimePeriod": "FiveMinutes"},
        }
    }
    made = (await _subscribe(amazon, processingDirective=directive)).json()["payload"]
    assert made["processingDirective"] == directive
    assert (await _subscribe(amazon)).status_code == 409
    one = await amazon.call("GET", f"{_SUBSCRIPTIONS}/ANY_OFFER_CHANGED")
    assert one.json()["payload"] == made
    listed = await amazon.call("GET", _SUBSCRIPTIONS, notificationTypes="ANY_OFFER_CHANGED")
    assert listed.json()["payload"] == {"subscriptions": [made]}
    path = f"{_SUBSCRIPTIONS}/ANY_OFFER_CHANGED/{made['subscriptionId']}"
    assert (await amazon.grantless("GET", path)).json()["payload"] == made
    assert (await amazon.grantless("DELETE", path)).status_code == 200
    assert (await amazon.grantless("GET", path)).status_code == 404


async def test_a_subscription_names_a_known_type_version_and_destination(amazon: Amazon) -> None:
    await _destination(amazon)
    assert (await _subscribe(amazon, payloadVersion="9")).status_code == 400
    assert (await _subscribe(amazon, destinationId="nowhere")).status_code == 404
    answer = await amazon.call("GET", f"{_SUBSCRIPTIONS}/BUYBOX")
    assert answer.status_code == 400


async def test_changed_offers_are_told_once_an_item_in_the_form_of_the_schema(
    amazon: Amazon, models: OfficialModels | None
) -> None:
    url = await _listen_and_list(amazon)
    happened = await amazon.advance(20, frozen=True)
    messages = await _drain(amazon, url)
    assert len(messages) == happened["notificationsSent"]
    assert {_asin_of(message) for message in messages} == {asin(n) for n in range(30)}
    for message in messages:
        changed = message["Payload"]["AnyOfferChangedNotification"]
        assert message["NotificationType"] == "ANY_OFFER_CHANGED"
        assert changed["SellerId"] == amazon.seller
        assert amazon.seller in {offer["SellerId"] for offer in changed["Offers"]}
        if models is not None:
            models.check_offer_changed(message)


async def test_a_message_tells_what_the_pricing_api_tells(amazon: Amazon) -> None:
    url = await _listen_and_list(amazon)
    await amazon.advance(20, frozen=True)
    for message in (await _drain(amazon, url))[:10]:
        told = message["Payload"]["AnyOfferChangedNotification"]
        answer = (await amazon.offers([_asin_of(message)])).json()
        asked = answer["responses"][0]["body"]["payload"]
        for one, other in zip(told["Offers"], asked["Offers"], strict=True):
            for name in ("SellerId", "ListingPrice", "Shipping", "IsBuyBoxWinner"):
                assert one[name] == other[name]


async def test_messages_come_out_of_order_and_some_twice(amazon: Amazon) -> None:
    url = await _listen_and_list(amazon)
    asins: list[str] = []
    ids: list[str] = []
    stale = 0
    newest: dict[str, str] = {}
    for _ in range(40):
        await amazon.advance()
        for message in await _drain(amazon, url):
            ids.append(message["NotificationMetadata"]["NotificationId"])
            asins.append(_asin_of(message))
            stale += message["EventTime"] < newest.get(asins[-1], "")
            newest[asins[-1]] = max(message["EventTime"], newest.get(asins[-1], ""))
    assert asins[:20] != sorted(asins[:20])
    assert len(ids) > len(set(ids))
    assert len(ids) < 1.2 * len(set(ids))


async def test_messages_are_lost_come_late_and_come_twice_where_that_is_asked_for(
    amazon: Amazon,
) -> None:
    url = await _listen_and_list(amazon)
    await _drain(amazon, url)

    await amazon.control("delivery", {"lost": 1})
    happened = await amazon.advance(20)
    assert await _drain(amazon, url) == []
    assert happened["notificationsLost"] > 0

    await amazon.control("delivery", {"late": 1})
    first = await amazon.advance()
    assert await _drain(amazon, url) == []
    await amazon.control("delivery", {})
    second = await amazon.advance()
    messages = await _drain(amazon, url)
    moments = {message["EventTime"] for message in messages}
    assert len(messages) == second["notificationsSent"] > first["notificationsLate"] > 0
    assert len(moments) == 2

    await amazon.control("delivery", {"twice": 1})
    happened = await amazon.advance()
    assert 0 < happened["notificationsTwice"] < happened["notificationsSent"]


async def test_nothing_is_told_of_items_that_the_seller_does_not_sell(amazon: Amazon) -> None:
    url = str((await _sqs(amazon, "CreateQueue", QueueName="offers"))["QueueUrl"])
    await _destination(amazon)
    await _subscribe(amazon)
    for _ in range(5):
        await amazon.advance()
    assert await _drain(amazon, url) == []


async def test_a_subscription_for_other_marketplaces_stays_silent(amazon: Amazon) -> None:
    url = str((await _sqs(amazon, "CreateQueue", QueueName="offers"))["QueueUrl"])
    await _destination(amazon)
    event_filter = {"eventFilterType": "ANY_OFFER_CHANGED", "marketplaceIds": ["A1F83G8C2ARO7P"]}
    await _subscribe(amazon, processingDirective={"eventFilter": event_filter})
    await amazon.put("A", offer_attributes(asin(1), 21))
    await amazon.advance(20)
    assert await _drain(amazon, url) == []


def _client(port: int) -> Any:
    return boto3.client(
        "sqs",
        endpoint_url=f"http://127.0.0.1:{port}/sqs",
        region_name="us-east-1",
        aws_access_key_id="any",
        aws_secret_access_key="any",
    )


def test_boto3_uses_the_queues_unmodified(port: int) -> None:
    client = _client(port)
    url = client.create_queue(QueueName="events", Attributes={"VisibilityTimeout": "60"})[
        "QueueUrl"
    ]
    assert client.get_queue_url(QueueName="events")["QueueUrl"] == url
    sent = client.send_message(QueueUrl=url, MessageBody="grüße")
    attributes = client.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    assert attributes["ApproximateNumberOfMessages"] == "1"
    assert attributes["QueueArn"].endswith(":events")

    (message,) = client.receive_message(QueueUrl=url, MaxNumberOfMessages=10)["Messages"]
    assert (message["MessageId"], message["Body"]) == (sent["MessageId"], "grüße")
    assert "Messages" not in client.receive_message(QueueUrl=url)

    client.change_message_visibility(
        QueueUrl=url, ReceiptHandle=message["ReceiptHandle"], VisibilityTimeout=0
    )
    (again,) = client.receive_message(QueueUrl=url)["Messages"]
    client.delete_message(QueueUrl=url, ReceiptHandle=again["ReceiptHandle"])
    attributes = client.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    assert attributes["ApproximateNumberOfMessagesNotVisible"] == "0"

    client.send_message(QueueUrl=url, MessageBody="x")
    client.purge_queue(QueueUrl=url)
    assert "Messages" not in client.receive_message(QueueUrl=url)
    with pytest.raises(client.exceptions.QueueDoesNotExist):
        client.get_queue_url(QueueName="none")
    client.close()


def test_boto3_receives_what_the_market_sends(app: Starlette, amazon: Amazon, port: int) -> None:
    client = _client(port)
    url = client.create_queue(QueueName="offers")["QueueUrl"]
    with httpx.Client(base_url=f"http://127.0.0.1:{port}") as http:

        def seller(method: str, path: str, body: object, token: str) -> httpx.Response:
            answer = http.request(
                method,
                path,
                params={"marketplaceIds": "ATVPDKIKX0DER"},
                json=body,
                headers={"x-amz-access-token": token},
            )
            assert answer.status_code == 200, answer.text
            return answer

        queue = {"name": "q", "resourceSpecification": {"sqs": {"arn": _ARN}}}
        destination = seller("POST", _DESTINATIONS, queue, amazon.grantless_token).json()["payload"]
        seller(
            "POST",
            f"{_SUBSCRIPTIONS}/ANY_OFFER_CHANGED",
            {"payloadVersion": "1.0", "destinationId": destination["destinationId"]},
            amazon.token,
        )
        offer = {
            "productType": "DRINKING_CUP",
            "requirements": "LISTING_OFFER_ONLY",
            "attributes": offer_attributes(asin(1), 21),
        }
        sku = "a%2Fb%20%25"
        seller("PUT", f"/listings/2021-08-01/items/{amazon.seller}/{sku}", offer, amazon.token)
        http.post("/control/advance", json={"minutes": 20, "marketFrozen": True})
    (message,) = client.receive_message(QueueUrl=url, WaitTimeSeconds=1)["Messages"]
    assert _asin_of(json.loads(message["Body"])) == asin(1)
    deleted = client.delete_message_batch(
        QueueUrl=url, Entries=[{"Id": "1", "ReceiptHandle": message["ReceiptHandle"]}]
    )
    assert [entry["Id"] for entry in deleted["Successful"]] == ["1"]
    sent = client.send_message_batch(
        QueueUrl=url, Entries=[{"Id": each, "MessageBody": f"body {each}"} for each in "ab"]
    )
    assert [entry["Id"] for entry in sent["Successful"]] == ["a", "b"]
    found = client.receive_message(QueueUrl=url, MaxNumberOfMessages=10)["Messages"]
    assert sorted(each["Body"] for each in found) == ["body a", "body b"]
    client.close()
