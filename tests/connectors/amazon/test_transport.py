"""What a call does about tokens, quotas and failures."""

import asyncio
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import httpx
import orjson
import pytest
import structlog

from connectors.amazon import payload
from connectors.amazon.account import AmazonAccount, AmazonEndpoints
from connectors.amazon.connector import AmazonConnector
from connectors.budget import LocalBudget
from connectors.errors import (
    Missing,
    Refusal,
    Rejected,
    Throttled,
    Unauthorized,
    Unavailable,
    Unreadable,
)
from connectors.port import OfferPatch
from domain.clock import FixedClock
from domain.money import Money

Errors = Callable[..., httpx.Response]

_ACCEPTED = {"sku": "S", "status": "ACCEPTED", "submissionId": "sub-1", "issues": []}
_PATCH = OfferPatch("S", "LUGGAGE", Money(1250, "USD"), None)
_EXPIRED = "The access token you provided has expired."


def _accepted(**headers: str) -> httpx.Response:
    return httpx.Response(200, json=_ACCEPTED, headers=headers)


async def test_a_token_serves_many_calls(connector: AmazonConnector, wire: Any) -> None:
    wire.answer(_accepted(), _accepted())

    await connector.patch_offer(_PATCH)
    await connector.patch_offer(_PATCH)

    assert wire.tokens_sent() == ["Atza|1", "Atza|1"]
    assert wire.grants == [
        {
            "grant_type": "refresh_token",
            "refresh_token": "Atzr|of-the-seller",
            "client_id": "amzn1.application-oa2-client.test",
            "client_secret": "secret-of-the-application",
        }
    ]


async def test_a_token_is_replaced_a_minute_before_it_ends(
    connector: AmazonConnector, wire: Any, clock: FixedClock
) -> None:
    wire.answer(_accepted(), _accepted(), _accepted())
    await connector.patch_offer(_PATCH)

    clock.at += timedelta(minutes=58)
    await connector.patch_offer(_PATCH)
    clock.at += timedelta(minutes=1)
    await connector.patch_offer(_PATCH)

    assert wire.tokens_sent() == ["Atza|1", "Atza|1", "Atza|2"]


async def test_tasks_that_need_a_token_ask_for_one_together(
    connector: AmazonConnector, wire: Any
) -> None:
    wire.answer(*(_accepted() for _ in range(5)))

    await asyncio.gather(*(connector.patch_offer(_PATCH) for _ in range(5)))

    assert len(wire.grants) == 1


@pytest.mark.parametrize(("status", "details"), [(403, _EXPIRED), (401, "")])
async def test_a_refused_token_is_replaced_once(
    connector: AmazonConnector, wire: Any, errors: Errors, status: int, details: str
) -> None:
    wire.answer(errors(status, "Unauthorized", details=details), _accepted())

    receipt = await connector.patch_offer(_PATCH)

    assert receipt.accepted
    assert wire.tokens_sent() == ["Atza|1", "Atza|2"]


async def test_a_token_that_is_refused_again_is_an_error(
    connector: AmazonConnector, wire: Any, errors: Errors
) -> None:
    refused = errors(403, "Unauthorized", details=_EXPIRED)
    wire.answer(refused, errors(403, "Unauthorized", details=_EXPIRED))

    with pytest.raises(Unauthorized) as caught:
        await connector.patch_offer(_PATCH)

    assert caught.value.refusal is Refusal.TOKEN
    assert len(wire.requests) == 2


async def test_a_missing_role_is_told_from_a_bad_token_and_not_tried_again(
    connector: AmazonConnector, wire: Any, errors: Errors
) -> None:
    wire.answer(errors(403, "Unauthorized", "Access to requested resource is denied."))

    with pytest.raises(Unauthorized, match="role") as caught:
        await connector.patch_offer(_PATCH)

    assert caught.value.refusal is Refusal.ROLE
    assert caught.value.request_id == "req-1"
    assert len(wire.requests) == 1


@pytest.mark.parametrize(
    ("status", "error", "refusal"),
    [
        (400, "invalid_grant", Refusal.TOKEN),
        (401, "invalid_client", Refusal.APPLICATION),
    ],
)
async def test_a_refused_grant_says_who_must_act(
    connector: AmazonConnector, wire: Any, status: int, error: str, refusal: Refusal
) -> None:
    wire.token_answers.append(
        httpx.Response(status, json={"error": error, "error_description": "No longer."})
    )

    with pytest.raises(Unauthorized, match=error) as caught:
        await connector.check()

    assert caught.value.refusal is refusal
    assert "secret" not in str(caught.value)
    assert wire.requests == []


async def test_the_token_service_gets_another_try(connector: AmazonConnector, wire: Any) -> None:
    wire.token_answers.extend(
        [
            httpx.Response(503, html="<h1>Service Unavailable</h1>"),
            httpx.ConnectError("refused"),
            httpx.Response(200, json={"access_token": "Atza|late", "expires_in": 3600}),
        ]
    )
    wire.answer(_accepted())

    await connector.patch_offer(_PATCH)

    assert wire.tokens_sent() == ["Atza|late"]


@pytest.mark.parametrize(
    "failure",
    [
        httpx.Response(500, json={"errors": [{"code": "InternalFailure", "message": "Oops"}]}),
        httpx.Response(503, html="<html><h1>503</h1></html>"),
        httpx.Response(200, content=b""),
        httpx.Response(200, html="<html>soon</html>"),
        httpx.ConnectError("refused"),
        httpx.ReadTimeout("slow"),
        httpx.RemoteProtocolError("reset"),
    ],
    ids=["500", "503 HTML", "200 empty", "200 HTML", "connect", "timeout", "reset"],
)
async def test_a_passing_failure_gets_another_try(
    connector: AmazonConnector, wire: Any, failure: httpx.Response | Exception
) -> None:
    wire.answer(failure, _accepted())

    receipt = await connector.patch_offer(_PATCH)

    assert receipt.accepted
    assert len(wire.requests) == 2
    assert wire.requests[0].content == wire.requests[1].content


async def test_after_five_tries_with_growing_pauses_it_gives_up(
    connector: AmazonConnector, wire: Any
) -> None:
    wire.answer(*(httpx.Response(503) for _ in range(9)))

    with pytest.raises(Unavailable):
        await connector.patch_offer(_PATCH)

    assert len(wire.requests) == 5
    assert wire.slept == [0.2, 0.4, 0.8, 1.6]


async def test_a_quota_refusal_blocks_the_bucket_and_waits_where_that_is_short(
    connector: AmazonConnector, wire: Any, errors: Errors
) -> None:
    wire.answer(errors(429, "QuotaExceeded"), _accepted())

    receipt = await connector.patch_offer(_PATCH)

    assert receipt.accepted
    (pause,) = wire.slept
    assert 0.5 < pause <= 0.7


async def test_a_quota_refusal_of_a_slow_operation_says_when_to_come_back(
    account: AmazonAccount, clock: FixedClock, wire: Any, errors: Errors
) -> None:
    wire.answer(errors(429, "QuotaExceeded"))
    async with httpx.AsyncClient(transport=httpx.MockTransport(wire.handle)) as http:
        endpoints = AmazonEndpoints.at("http://amazon.test")
        patient = AmazonConnector(account, endpoints, LocalBudget(), clock, http, sleep=wire.sleep)

        with pytest.raises(Throttled) as caught:
            await patient.check()

    assert timedelta(seconds=60) < caught.value.retry_after < timedelta(seconds=90)
    assert len(wire.requests) == 1


async def test_endless_quota_refusals_end_after_five_tries(
    connector: AmazonConnector, wire: Any, errors: Errors
) -> None:
    wire.answer(*(errors(429, "QuotaExceeded") for _ in range(9)))

    with pytest.raises(Throttled):
        await connector.patch_offer(_PATCH)

    assert len(wire.requests) <= 5


@pytest.mark.parametrize(
    ("status", "kind"), [(404, Missing), (400, Rejected), (413, Rejected), (422, Rejected)]
)
async def test_a_refused_request_is_not_repeated(
    connector: AmazonConnector, wire: Any, errors: Errors, status: int, kind: type[Rejected]
) -> None:
    wire.answer(errors(status, "InvalidInput", "Bad SKU", "Too long"))

    with pytest.raises(kind) as caught:
        await connector.patch_offer(_PATCH)

    assert caught.value.code == "InvalidInput"
    assert caught.value.message == "Bad SKU (Too long)"
    assert len(wire.requests) == 1


async def test_a_refusal_without_a_body_has_the_status_for_a_code(
    connector: AmazonConnector, wire: Any
) -> None:
    wire.answer(httpx.Response(415))

    with pytest.raises(Rejected) as caught:
        await connector.patch_offer(_PATCH)

    assert caught.value.code == "415"


async def test_an_answer_of_another_shape_is_unreadable(
    connector: AmazonConnector, wire: Any
) -> None:
    wire.answer(httpx.Response(200, json=[1, 2]))

    with pytest.raises(Unreadable):
        await connector.patch_offer(_PATCH)


async def test_skus_travel_as_one_path_segment(connector: AmazonConnector, wire: Any) -> None:
    wire.answer(_accepted(), _accepted())

    await connector.end_offer("A/B #1%&+ü?")
    await connector.end_offer("..")

    odd, dots = (request.url.raw_path.decode() for request in wire.requests)
    assert "/A3OURSELLER/A%2FB%20%231%25%26%2B%C3%BC%3F?" in odd
    assert "/A3OURSELLER/%2E%2E?" in dots


@pytest.mark.parametrize(
    ("price", "digits"),
    [
        (Money(1250, "USD"), b"12.50"),
        (Money(10, "USD"), b"0.10"),
        (Money(9007199254740993, "USD"), b"90071992547409.93"),
        (Money(1980, "JPY"), b"1980"),
    ],
)
async def test_prices_leave_digit_by_digit(
    connector: AmazonConnector, wire: Any, price: Money, digits: bytes
) -> None:
    wire.answer(_accepted())

    await connector.patch_offer(OfferPatch("S", "LUGGAGE", price, None))

    content = wire.requests[0].content
    assert b'"value_with_tax":' + digits + b"}" in content
    assert orjson.loads(content)["productType"] == "LUGGAGE"


async def test_each_try_leaves_a_line_without_secrets(
    connector: AmazonConnector, wire: Any
) -> None:
    wire.answer(httpx.Response(503), _accepted(**{"x-amzn-RequestId": "req-2"}))

    with structlog.testing.capture_logs() as lines:
        await connector.patch_offer(_PATCH)

    calls = [line for line in lines if line["event"] == "amazon.call"]
    assert [(line["status"], line["attempt"], line["request_id"]) for line in calls] == [
        (503, 1, None),
        (200, 2, "req-2"),
    ]
    assert all(line["operation"] == "patchListingsItem" for line in calls)
    written = str(lines)
    assert not any(secret in written for secret in ("Atza", "Atzr", "secret-of"))


def test_an_account_does_not_print_its_secrets(account: AmazonAccount) -> None:
    assert "secret-of" not in repr(account)
    assert "Atzr" not in repr(account)


async def test_check_names_the_marketplace_that_fails(
    connector: AmazonConnector, wire: Any
) -> None:
    def row(marketplace_id: str, country: str, takes_part: bool) -> dict[str, object]:
        return {
            "marketplace": {"id": marketplace_id, "countryCode": country},
            "participation": {"isParticipating": takes_part, "hasSuspendedListings": False},
            "storeName": "Shop",
        }

    here, abroad = row("ATVPDKIKX0DER", "US", False), row("A2EUQ1WTGCTBG2", "CA", True)
    wire.answer(httpx.Response(200, json={"payload": [here, abroad]}))

    with pytest.raises(Unauthorized, match=r"amazon\.com; it sells in CA") as caught:
        await connector.check()

    assert caught.value.refusal is Refusal.MARKETPLACE


@pytest.mark.parametrize("number", ["1E+999999999", "1E-999999999", "9" * 4_000 + ".5", "1e400"])
def test_a_number_beyond_all_measure_is_none(number: str) -> None:
    value = payload.node(payload.parse(f'{{"n": {number}}}')).get("n")
    assert payload.whole(value) is None
    assert payload.money(value, "USD") is None


def test_what_is_nested_too_deep_is_not_json() -> None:
    with pytest.raises(ValueError, match="too deep"):
        payload.parse("[" * 100_000)
