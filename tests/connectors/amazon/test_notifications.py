"""Subscribing, and reading events."""

import json
from typing import Any

import httpx
import orjson
import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st

from connectors.amazon.connector import AmazonConnector
from connectors.amazon.notifications import MALFORMED, event_of
from connectors.errors import Rejected
from connectors.port import OffersChanged, TaskEnded, TaskKind, UnknownEvent
from domain.money import Money

_ARN = "arn:aws:sqs:us-east-1:1234:offers"
_US = "ATVPDKIKX0DER"


def _ok(payload: object) -> httpx.Response:
    return httpx.Response(200, json={"payload": payload})


_KNOWN = [{"destinationId": "d-1", "name": "x", "resource": {"sqs": {"arn": _ARN}}}]
_NONE = httpx.Response(404, json={"errors": [{"code": "NotFound", "message": "None"}]})


async def test_the_first_time_destination_and_subscription_are_made(
    connector: AmazonConnector, wire: Any
) -> None:
    created = _ok({"subscriptionId": "s-1"})
    wire.answer(_ok([]), _ok({"destinationId": "d-1"}), *[_NONE, created] * 3)

    await connector.subscribe()

    listed, made, looked, subscribed, *ends = wire.requests
    assert [grant["grant_type"] for grant in wire.grants] == ["client_credentials", "refresh_token"]
    assert wire.grants[0]["scope"] == "sellingpartnerapi::notifications"
    assert listed.headers["x-amz-access-token"] == made.headers["x-amz-access-token"] == "Atza|1"
    assert looked.headers["x-amz-access-token"] == "Atza|2"
    assert orjson.loads(made.content)["resourceSpecification"] == {"sqs": {"arn": _ARN}}
    assert subscribed.url.path == "/notifications/v1/subscriptions/ANY_OFFER_CHANGED"
    assert orjson.loads(subscribed.content) == {
        "payloadVersion": "1.0",
        "destinationId": "d-1",
        "processingDirective": {
            "eventFilter": {"eventFilterType": "ANY_OFFER_CHANGED", "marketplaceIds": [_US]}
        },
    }
    assert [request.url.path.rpartition("/")[2] for request in ends[1::2]] == [
        "FEED_PROCESSING_FINISHED",
        "REPORT_PROCESSING_FINISHED",
    ]
    wanted = {"payloadVersion": "2020-09-04", "destinationId": "d-1"}
    assert all(orjson.loads(request.content) == wanted for request in ends[1::2])


async def test_where_ends_are_not_told_the_rest_is(connector: AmazonConnector, wire: Any) -> None:
    refused = httpx.Response(403, json={"errors": [{"code": "Unauthorized", "message": "No."}]})
    ours = _ok({"subscriptionId": "s-1", "destinationId": "d-1"})
    wire.answer(_ok(_KNOWN), ours, refused, _NONE, refused)

    with structlog.testing.capture_logs() as lines:
        await connector.subscribe()

    told = [line["type"] for line in lines if line["event"] == "amazon.notifications.refused"]
    assert told == ["FEED_PROCESSING_FINISHED", "REPORT_PROCESSING_FINISHED"]


async def test_the_next_time_nothing_is_made(connector: AmazonConnector, wire: Any) -> None:
    known = _ok({"subscriptionId": "s-1", "destinationId": "d-1"})
    wire.answer(_ok(_KNOWN), known, known, known)

    await connector.subscribe()

    assert [request.method for request in wire.requests] == ["GET"] * 4


async def test_a_subscription_for_other_marketplaces_is_left_and_logged(
    connector: AmazonConnector, wire: Any
) -> None:
    directive = {"eventFilter": {"marketplaceIds": ["A1F83G8C2ARO7P"]}}
    known = _ok({"destinationId": "d-1", "processingDirective": directive})
    wire.answer(_ok(_KNOWN), known, known, known)

    with structlog.testing.capture_logs() as lines:
        await connector.subscribe()

    assert "amazon.notifications.for_others" in [line["event"] for line in lines]


async def test_a_subscription_that_goes_elsewhere_is_told(
    connector: AmazonConnector, wire: Any
) -> None:
    conflict = httpx.Response(409, json={"errors": [{"code": "Conflict", "message": "Exists"}]})
    elsewhere = {"subscriptionId": "s-1", "destinationId": "d-9"}
    wire.answer(_ok(_KNOWN), _ok(elsewhere), conflict, _ok(elsewhere))

    with pytest.raises(Rejected, match="Exists"):
        await connector.subscribe()


def _message(**trigger: object) -> dict[str, Any]:
    return {
        "NotificationType": "ANY_OFFER_CHANGED",
        "EventTime": "2026-05-04T12:00:01Z",
        "Payload": {
            "AnyOfferChangedNotification": {
                "SellerId": "US",
                "OfferChangeTrigger": {
                    "MarketplaceId": _US,
                    "ASIN": "B1",
                    "ItemCondition": "New",
                    "TimeOfOfferChange": "2026-05-04T12:00:00.123Z",
                    **trigger,
                },
                "Offers": [
                    {
                        "SellerId": "R",
                        "SubCondition": "new",
                        "ListingPrice": {"Amount": 10.10, "CurrencyCode": "USD"},
                        "Shipping": {"Amount": 0.0, "CurrencyCode": "USD"},
                        "IsBuyBoxWinner": True,
                    }
                ],
            }
        },
    }


def _ended(seller_id: str) -> dict[str, Any]:
    content = {"sellerId": seller_id, "feedId": "f-1", "processingStatus": "NEW_WORD"}
    return {
        "notificationType": "FEED_PROCESSING_FINISHED",
        "payload": {"feedProcessingFinishedNotification": content},
    }


def test_the_end_of_a_feed_says_of_which() -> None:
    assert event_of(json.dumps(_ended("US")), "US", _US) == TaskEnded(TaskKind.FEED, "f-1")


def test_a_type_that_is_news_is_told() -> None:
    with structlog.testing.capture_logs() as lines:
        event = event_of('{"NotificationType": "BUYBOX"}', "US", _US)
    assert event == UnknownEvent("BUYBOX")
    assert [line["event"] for line in lines] == ["amazon.notifications.new_type"]


def _camel(value: Any) -> Any:
    if isinstance(value, dict):
        return {key[0].lower() + key[1:]: _camel(item) for key, item in value.items()}
    return [_camel(item) for item in value] if isinstance(value, list) else value


def test_both_spellings_say_the_same() -> None:
    pascal = event_of(json.dumps(_message()), "US", _US)
    camel = event_of(json.dumps(_camel(_message())), "US", _US)

    assert isinstance(pascal, OffersChanged)
    assert pascal == camel
    (offer,) = pascal.item.offers
    assert (offer.landed_price, offer.is_buy_box_winner) == (Money(1010, "USD"), True)
    assert pascal.item.observed_at.isoformat() == "2026-05-04T12:00:00.123000+00:00"


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        ("", MALFORMED),
        ("<xml/>", MALFORMED),
        ("[1]", MALFORMED),
        ('"text"', MALFORMED),
        ("{}", MALFORMED),
        ('{"NotificationType": 7}', MALFORMED),
        ('{"detail-type": "ANY_OFFER_CHANGED", "detail": "text"}', MALFORMED),
        ("[" * 100_000, MALFORMED),
        ('{"NotificationType": "ORDER_CHANGE", "Payload": null}', "ORDER_CHANGE"),
        ('{"NotificationType": "FEED_PROCESSING_FINISHED"}', "FEED_PROCESSING_FINISHED"),
        (json.dumps(_ended("A3ANOTHER")), "FEED_PROCESSING_FINISHED"),
        ('{"NotificationType": "ANY_OFFER_CHANGED", "Payload": []}', "ANY_OFFER_CHANGED"),
        (json.dumps(_message(ASIN=None)), "ANY_OFFER_CHANGED"),
        (json.dumps(_message(MarketplaceId="A1F83G8C2ARO7P")), "ANY_OFFER_CHANGED"),
    ],
)
def test_what_cannot_be_used_is_an_unknown_event(body: str, kind: str) -> None:
    assert event_of(body, "US", _US) == UnknownEvent(kind)


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda children: st.lists(children, max_size=3) | st.dictionaries(st.text(), children),
    max_leaves=8,
)


@given(st.sampled_from(["ANY_OFFER_CHANGED", "FEED_PROCESSING_FINISHED", "NEWS"]), _JSON, st.text())
def test_any_message_is_an_event(kind: str, payload: Any, junk: str) -> None:
    name = {"ANY_OFFER_CHANGED": "anyOfferChangedNotification"}.get(
        kind, "feedProcessingFinishedNotification"
    )
    for body in (
        junk,
        json.dumps(payload),
        json.dumps({"notificationType": kind, "payload": payload}),
        json.dumps({"notificationType": kind, "payload": {name: payload}}),
        json.dumps({"detail-type": kind, "detail": payload}),
    ):
        assert isinstance(event_of(body, "US", _US), OffersChanged | TaskEnded | UnknownEvent)
