"""The self-test of a connection: the bad part is named, with the way out."""

from collections.abc import Callable
from typing import Any

import httpx
import pytest

from connectors.amazon.account import AmazonAccount, AmazonEndpoints
from connectors.amazon.connector import AmazonConnector
from connectors.budget import LocalBudget
from connectors.port import ConnectionPart, Diagnosis, DiagnosisOutcome
from domain.clock import FixedClock

Errors = Callable[..., httpx.Response]
_DENIED = "Access to requested resource is denied."


def _sells_in(marketplace_id: str, country: str = "US") -> httpx.Response:
    row = {
        "marketplace": {"id": marketplace_id, "countryCode": country},
        "participation": {"isParticipating": True},
        "storeName": "Our shop",
    }
    return httpx.Response(200, json={"payload": [row]})


_HERE = "ATVPDKIKX0DER"
_LISTED = {"items": [{"sku": "A", "summaries": [{"asin": "B000000001"}]}]}
_ORDERS: dict[str, object] = {"orders": []}


@pytest.fixture
async def amazon(wire: Any, clock: FixedClock, account: AmazonAccount) -> Any:
    """A connector to Amazon itself, without a queue."""
    budget = LocalBudget(rate_scale=1000, sleep=wire.sleep)
    async with httpx.AsyncClient(transport=httpx.MockTransport(wire.handle)) as http:
        region = AmazonEndpoints.of_region("NA")
        yield AmazonConnector(account, region, budget, clock, http, sleep=wire.sleep)


async def _diagnosed(amazon: AmazonConnector) -> dict[ConnectionPart, list[Diagnosis]]:
    found: dict[ConnectionPart, list[Diagnosis]] = {}
    for each in await amazon.diagnose():
        found.setdefault(each.part, []).append(each)
    assert list(found) == list(ConnectionPart)
    return found


def _outcomes(found: dict[ConnectionPart, list[Diagnosis]]) -> str:
    """A letter for each diagnosis, those of a part together: good, bad or unknown."""
    return " ".join("".join(each.outcome[0] for each in row) for row in found.values())


async def test_a_connection_that_works_is_good_in_all_parts_but_the_queue(
    amazon: AmazonConnector, wire: Any
) -> None:
    wire.answer(
        _sells_in(_HERE),
        httpx.Response(200, json=_LISTED),
        httpx.Response(200, json={"responses": []}),
        httpx.Response(200, json=_ORDERS),
    )

    found = await _diagnosed(amazon)

    assert _outcomes(found) == "G G G G GGG U"
    assert "SALES_CHANNEL_AMAZON_QUEUE_ARN" in (found[ConnectionPart.QUEUE][0].remedy or "")


@pytest.mark.parametrize(
    ("status", "error", "part", "outcomes", "remedy"),
    [
        (401, "invalid_client", ConnectionPart.APPLICATION, "B U U U U U", "client id and secret"),
        (400, "invalid_grant", ConnectionPart.TOKEN, "G B U U U U", "Authorise the store again"),
    ],
)
async def test_a_grant_that_is_refused(
    amazon: AmazonConnector,
    wire: Any,
    status: int,
    error: str,
    part: ConnectionPart,
    outcomes: str,
    remedy: str,
) -> None:
    refusal = {"error": error, "error_description": "No longer."}
    wire.token_answers.append(httpx.Response(status, json=refusal))

    found = await _diagnosed(amazon)

    assert _outcomes(found) == outcomes
    assert remedy in (found[part][0].remedy or "")


async def test_an_account_of_another_region(
    amazon: AmazonConnector, wire: Any, errors: Errors
) -> None:
    wire.answer(errors(403, "Unauthorized", _DENIED), _sells_in("A1PA6795UKMFR9", "DE"))

    found = await _diagnosed(amazon)

    assert _outcomes(found) == "G G B U U U"
    assert "region EU" in found[ConnectionPart.REGION][0].message
    assert [request.url.host for request in wire.requests] == [
        "sellingpartnerapi-na.amazon.com",
        "sellingpartnerapi-eu.amazon.com",
    ]


async def test_an_account_that_no_region_lets_in(
    amazon: AmazonConnector, wire: Any, errors: Errors
) -> None:
    wire.answer(*(errors(403, "Unauthorized", _DENIED) for _ in range(3)))

    found = await _diagnosed(amazon)

    assert _outcomes(found) == "G G U U B U"
    assert "Selling Partner Insights" in (found[ConnectionPart.ROLE][0].remedy or "")


async def test_an_account_that_sells_elsewhere(amazon: AmazonConnector, wire: Any) -> None:
    wire.answer(_sells_in("A2EUQ1WTGCTBG2", "CA"))

    found = await _diagnosed(amazon)

    assert _outcomes(found) == "G G G B U U"
    assert "it sells in CA" in found[ConnectionPart.MARKETPLACE][0].message
    assert "Register the account for amazon.com" in (
        found[ConnectionPart.MARKETPLACE][0].remedy or ""
    )


async def test_a_missing_role_is_named(amazon: AmazonConnector, wire: Any, errors: Errors) -> None:
    wire.answer(
        _sells_in(_HERE),
        httpx.Response(200, json=_LISTED),
        httpx.Response(200, json={"responses": []}),
        errors(403, "Unauthorized", _DENIED),
    )

    found = await _diagnosed(amazon)

    assert _outcomes(found) == "G G G G GGB U"
    bad = found[ConnectionPart.ROLE][2]
    assert "Inventory and Order Tracking" in bad.message
    assert "searchOrders" in bad.message
    assert "authorise the store again" in (bad.remedy or "")


async def test_a_role_that_cannot_be_tried_is_not_called_good(
    amazon: AmazonConnector, wire: Any, errors: Errors
) -> None:
    wire.answer(
        _sells_in(_HERE),
        httpx.Response(200, json={"items": []}),
        errors(400, "InvalidInput", "No."),
    )

    found = await _diagnosed(amazon)

    assert _outcomes(found) == "G G G G GUU U"


async def test_silence_is_no_verdict(amazon: AmazonConnector, wire: Any) -> None:
    wire.answer(*(httpx.ConnectError("no route") for _ in range(5)))

    found = await _diagnosed(amazon)

    assert {each.outcome for row in found.values() for each in row} == {DiagnosisOutcome.UNKNOWN}
    assert "Try again" in (found[ConnectionPart.APPLICATION][0].remedy or "")
