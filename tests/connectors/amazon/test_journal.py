"""What a connector reports of answers that the simulator does not give on command."""

from collections.abc import AsyncIterator, Callable
from typing import Any

import httpx
import pytest

from connectors.amazon.account import AmazonAccount, AmazonEndpoints
from connectors.amazon.connector import AmazonConnector
from connectors.amazon.operations import CREATE_DESTINATION
from connectors.budget import LocalBudget
from connectors.errors import MarketplaceError
from connectors.journal import Trouble
from domain.clock import FixedClock
from domain.communication_error import RetryVerdict


class Heard:
    """A journal that remembers."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, bool]] = []
        self.troubles: list[Trouble] = []

    def count(self, operation: str, milliseconds: int, *, is_throttled: bool = False) -> None:
        assert milliseconds >= 0
        self.calls.append((operation, is_throttled))

    def note(self, trouble: Trouble) -> None:
        self.troubles.append(trouble)

    def classes(self) -> list[tuple[str, str, str | None]]:
        return [(each.operation, each.error_class, each.code) for each in self.troubles]


@pytest.fixture
def heard() -> Heard:
    return Heard()


@pytest.fixture
async def reporting(
    wire: Any, clock: FixedClock, account: AmazonAccount, heard: Heard
) -> AsyncIterator[AmazonConnector]:
    async with httpx.AsyncClient(transport=httpx.MockTransport(wire.handle)) as http:
        endpoints, budget = AmazonEndpoints.at("http://amazon.test"), LocalBudget(1000)
        yield AmazonConnector(
            account, endpoints, budget, clock, http, sleep=wire.sleep, journal=heard
        )


async def test_a_secret_of_the_application_that_is_refused(
    reporting: AmazonConnector, wire: Any, heard: Heard
) -> None:
    refused = {"error": "invalid_client", "error_description": "of secret-of-the-application"}
    wire.token_answers.append(httpx.Response(401, json=refused))
    with pytest.raises(MarketplaceError):
        await reporting.check()
    assert heard.classes() == [("lwa.token", "AUTH_APP", "invalid_client")]
    assert "secret-of" not in str(heard.troubles)
    assert heard.calls == [("lwa.token", False)]


async def test_a_conflict(
    reporting: AmazonConnector, wire: Any, heard: Heard, errors: Callable[..., httpx.Response]
) -> None:
    wire.answer(errors(409, "Conflict", "A destination with this name exists."))
    with pytest.raises(MarketplaceError):
        await reporting._transport.send(CREATE_DESTINATION, body={})
    assert heard.classes() == [("createDestination", "CONFLICT", "Conflict")]
    assert heard.troubles[0].request_id == "req-1"


async def test_an_answer_that_is_not_as_documented(
    reporting: AmazonConnector, wire: Any, heard: Heard
) -> None:
    wire.answer(httpx.Response(200, json=["Ada"]))
    with pytest.raises(MarketplaceError):
        await reporting.feed("1")
    assert heard.classes() == [("getFeed", "SCHEMA_DRIFT", None)]
    assert heard.troubles[0].verdict is RetryVerdict.GIVEN_UP


@pytest.mark.parametrize(
    ("state", "feed", "report"),
    [
        ("FATAL", "FEED_FATAL", "REPORT_FATAL"),
        ("CANCELLED", "CANCELLED", "CANCELLED"),
        ("DONE", None, None),
    ],
)
async def test_feeds_and_reports_that_came_to_nothing(
    reporting: AmazonConnector,
    wire: Any,
    heard: Heard,
    state: str,
    feed: str | None,
    report: str | None,
) -> None:
    for kind in ("feed", "report"):
        wire.answer(httpx.Response(200, json={f"{kind}Id": "1", "processingStatus": state}))
    await reporting.feed("1")
    await reporting.report("1")
    told = [("getFeed", feed, state), ("getReport", report, state)]
    assert heard.classes() == (told if feed else [])


async def test_messages_of_a_feed_that_are_refused_and_documents_that_do_not_come(
    reporting: AmazonConnector, wire: Any, heard: Heard
) -> None:
    issue = {"messageId": 1, "code": "90220", "severity": "ERROR", "message": "'color' of Ada"}
    wire.answer(
        httpx.Response(200, json={"feedDocumentId": "d", "url": "http://store.test/?X-Amz=key"}),
        httpx.Response(503),
        httpx.Response(200, json={"issues": [issue, {**issue, "severity": "WARNING"}]}),
    )
    await reporting.read_feed_report("d")
    assert heard.classes() == [
        ("document.GET", "TRANSIENT", None),
        ("getFeedDocument", "FEED_MESSAGE", "90220"),
    ]
    assert heard.troubles[1].message == "… of …"
    assert "key" not in str(heard.troubles)
    assert heard.calls[-2:] == [("document.GET", False)] * 2
