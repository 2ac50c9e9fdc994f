"""Feeds: what is in one, how much goes into one, and that none is sent twice unawares."""

import json
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from jsonschema import Draft7Validator

from connectors.amazon.connector import AmazonConnector
from connectors.amazon.feeds import MOST_BYTES, MOST_MESSAGES, report_of
from connectors.errors import Unavailable
from connectors.port import OfferPatch
from domain.decision import BusinessPrice, QuantityPrice
from domain.listing import Issue, OfferTerms
from domain.money import Money
from tests.connectors.simulator.official_models import SHARED

_USD = Money(1250, "USD")
_TERMS = OfferTerms(
    BusinessPrice(_USD, (QuantityPrice(5, Money(1199, "USD")),)), Money(1500, "USD")
)
_DOCUMENT = {"feedDocumentId": "doc-1", "url": "http://storage.test/doc-1?signature=x"}


def _patch(sku: str = "SKU-1", **changes: Any) -> OfferPatch:
    return OfferPatch(sku, "LUGGAGE", **{"price": _USD, "quantity": 3, **changes})


async def _uploaded(connector: AmazonConnector, wire: Any, *patches: OfferPatch) -> dict[str, Any]:
    wire.answer(httpx.Response(201, json=_DOCUMENT), httpx.Response(200))
    assert await connector.upload_feed(patches) == "doc-1"
    request = wire.requests[-1]
    assert (request.method, str(request.url)) == ("PUT", _DOCUMENT["url"])
    assert request.headers["content-type"] == json.loads(wire.requests[-2].content)["contentType"]
    assert "x-amz-access-token" not in request.headers
    return dict(json.loads(request.content))


async def test_a_message_is_the_patch_that_would_be_sent_alone(
    connector: AmazonConnector, wire: Any
) -> None:
    patches = [_patch("A", terms=_TERMS), _patch("B", price=None), _patch("C/#", quantity=None)]
    feed = await _uploaded(connector, wire, *patches)
    for number, (patch, message) in enumerate(zip(patches, feed["messages"], strict=True), 1):
        wire.answer(httpx.Response(200, json={"status": "ACCEPTED", "submissionId": "s"}))
        await connector.patch_offer(patch)
        alone = json.loads(wire.requests[-1].content)
        assert message == {
            "messageId": number,
            "sku": patch.seller_sku,
            "operationType": "PATCH",
            **alone,
        }
    assert b'"value_with_tax":12.50' in wire.requests[1].content  # no float is in between


@pytest.mark.skipif(not SHARED.is_dir(), reason="Amazon's schemas are not beside the project")
async def test_a_feed_fits_amazons_schema(connector: AmazonConnector, wire: Any) -> None:
    feed = await _uploaded(connector, wire, _patch(terms=_TERMS), _patch("B", price=None))
    schema = json.loads((SHARED / "schemas/feeds/listings-feed-schema-v2.json").read_bytes())
    assert list(Draft7Validator(schema).iter_errors(feed)) == []


def test_a_feed_takes_so_many_messages_and_bytes(connector: AmazonConnector) -> None:
    assert connector.fit_into_feed([_patch()]) == 1
    assert connector.fit_into_feed([_patch(quantity=None)] * (MOST_MESSAGES + 1)) == MOST_MESSAGES
    long = [_patch("S" * 1000)] * 20_000
    fit = connector.fit_into_feed(long)
    assert 5_000 < fit < 10_000


async def test_what_fits_stays_below_the_limit(connector: AmazonConnector, wire: Any) -> None:
    patches = [_patch(f"{'S' * 900}{number}") for number in range(10_000)]
    fit = connector.fit_into_feed(patches)
    await _uploaded(connector, wire, *patches[:fit])
    size = len(wire.requests[-1].content)
    assert MOST_BYTES - 2_000 < size <= MOST_BYTES


@pytest.mark.parametrize(
    "answer",
    [
        httpx.Response(503, text="<html></html>"),
        httpx.Response(500, json={"errors": [{"code": "InternalFailure", "message": "No."}]}),
        httpx.Response(200),
        httpx.ReadTimeout("late"),
        httpx.RemoteProtocolError("cut"),
    ],
)
@pytest.mark.parametrize("method", ["send_feed", "request_listings_report"])
async def test_what_may_have_arrived_is_not_sent_again(
    connector: AmazonConnector, wire: Any, answer: Any, method: str
) -> None:
    wire.answer(answer)
    arguments = ["doc-1"] if method == "send_feed" else []
    with pytest.raises(Unavailable):
        await getattr(connector, method)(*arguments)
    assert len(wire.requests) == 1


async def test_what_cannot_have_arrived_is_sent_again(
    connector: AmazonConnector, wire: Any, errors: Callable[..., httpx.Response]
) -> None:
    wire.answer(
        httpx.ConnectError("down"),
        httpx.ConnectTimeout("down"),
        errors(429, "QuotaExceeded"),
        errors(403, "Unauthorized", "Denied.", "The access token you provided has expired."),
        httpx.Response(202, json={"feedId": "7"}),
    )
    assert await connector.send_feed("doc-1") == "7"
    assert len(wire.requests) == 5


async def test_the_header_does_not_tell_the_quota_of_listing_feeds(
    connector: AmazonConnector, wire: Any
) -> None:
    told = {"x-amzn-RateLimit-Limit": "0.0001"}
    for number in range(4):
        wire.answer(httpx.Response(202, json={"feedId": str(number)}, headers=told))
    for number in range(4):
        assert await connector.send_feed("doc-1") == str(number)


def test_a_warning_refuses_nothing_and_is_told_with_an_error() -> None:
    def row(severity: str, **more: Any) -> dict[str, Any]:
        return {"code": "1", "message": "Hm.", "severity": severity, **more}

    found = report_of(
        {
            "issues": [
                row("WARNING", messageId=1),
                row("WARNING", messageId=2),
                row("ERROR", messageId=2, attributeName="list_price"),
                row("ERROR"),
                "?",
            ],
            "summary": {"messagesProcessed": 2},
        }
    )
    assert set(found.refused) == {2}
    assert [issue.severity for issue in found.refused[2]] == ["WARNING", "ERROR"]
    assert found.issues == (Issue("1", "Hm.", "ERROR"),)
    assert found.processed == 2


async def test_a_report_of_damaged_json_is_asked_for_again_later(
    connector: AmazonConnector, wire: Any
) -> None:
    wire.answer(httpx.Response(200, json=_DOCUMENT), httpx.Response(200, content=b'{"issues":['))
    with pytest.raises(Unavailable):
        await connector.read_feed_report("doc-1")
