"""Login with Amazon, and what a token is good for."""

import httpx
import pytest

from tests.connectors.simulator.amazon import MARKETPLACE, NOTIFICATIONS, Amazon

_GOOD = {
    "grant_type": "refresh_token",
    "client_id": "client",
    "client_secret": "secret",
    "refresh_token": "Atzr|ours",
}


async def test_a_refresh_token_gives_an_access_token_for_an_hour(amazon: Amazon) -> None:
    answer = await amazon.http.post("/auth/o2/token", data=_GOOD)
    body = answer.json()
    assert body["access_token"].startswith("Atza|")
    assert body["refresh_token"] == "Atzr|ours"
    assert (body["token_type"], body["expires_in"]) == ("bearer", 3600)


@pytest.mark.parametrize(
    ("changes", "status", "error"),
    [
        ({"refresh_token": "Atzr|revoked"}, 400, "invalid_grant"),
        ({"client_secret": "wrong"}, 401, "invalid_client"),
        ({"client_id": "nobody"}, 401, "invalid_client"),
        ({"grant_type": "password"}, 400, "unsupported_grant_type"),
        ({"grant_type": "client_credentials", "scope": "all"}, 400, "invalid_scope"),
    ],
)
async def test_a_wrong_grant_is_refused(
    amazon: Amazon, changes: dict[str, str], status: int, error: str
) -> None:
    answer = await amazon.http.post("/auth/o2/token", data={**_GOOD, **changes})
    assert answer.status_code == status
    assert answer.json()["error"] == error
    assert answer.json()["error_description"]


async def test_only_a_form_is_read(amazon: Amazon) -> None:
    answer = await amazon.http.post("/auth/o2/token", json=_GOOD)
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")


async def _details(amazon: Amazon, **headers: str) -> str:
    answer: httpx.Response = await amazon.http.get(
        "/sellers/v1/marketplaceParticipations", headers=headers
    )
    assert answer.status_code == 403
    error = answer.json()["errors"][0]
    assert error["code"] == "Unauthorized"
    assert "x-amzn-RateLimit-Limit" not in answer.headers
    assert answer.headers["x-amzn-RequestId"]
    return str(error["details"])


async def test_a_call_without_a_good_token_is_refused_with_the_reason(amazon: Amazon) -> None:
    assert "missing" in await _details(amazon)
    assert "invalid" in await _details(amazon, **{"x-amz-access-token": "Atza|forged"})


async def test_a_token_dies_with_the_simulated_hour(amazon: Amazon) -> None:
    token = {"x-amz-access-token": amazon.token}
    await amazon.control("advance", {"minutes": 59})
    alive = await amazon.http.get("/sellers/v1/marketplaceParticipations", headers=token)
    assert alive.status_code == 200
    await amazon.control("advance", {"minutes": 1})
    assert "expired" in await _details(amazon, **token)


async def test_sellers_and_applications_have_operations_of_their_own(amazon: Amazon) -> None:
    seller = await amazon.call("GET", "/notifications/v1/destinations")
    assert seller.status_code == 403
    grantless = await amazon.grantless(
        "GET", "/orders/2026-01-01/orders", marketplaceIds=MARKETPLACE
    )
    assert grantless.status_code == 403


async def test_a_token_of_the_rotation_scope_opens_no_notifications(amazon: Amazon) -> None:
    answer = await amazon.http.post(
        "/auth/o2/token",
        data={
            **_GOOD,
            "grant_type": "client_credentials",
            "scope": NOTIFICATIONS.replace("notifications", "client_credential:rotation"),
        },
    )
    refused = await amazon.http.get(
        "/notifications/v1/destinations",
        headers={"x-amz-access-token": answer.json()["access_token"]},
    )
    assert refused.status_code == 403
