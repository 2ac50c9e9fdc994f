"""A seller's consent: the page, its codes, what comes of them, and the end of it."""

from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from tests.connectors.simulator.amazon import SELLER, Amazon

_PATH = "/apps/authorize/consent"
_BACK = "https://shop.test/amazon/callback"
_ASKED = {
    "application_id": "amzn1.sp.solution.client",
    "state": "opaque &/+ state",
    "redirect_uri": _BACK,
}
_APPLICATION = {"client_id": "client", "client_secret": "secret"}


async def _allowed(amazon: Amazon, **changes: str) -> dict[str, str]:
    """What the seller's browser brings back."""
    form = {**_ASKED, "selling_partner_id": SELLER, **changes}
    answer = await amazon.http.post(_PATH, data=form)
    assert answer.status_code == 303, answer.text
    there = urlsplit(answer.headers["location"])
    assert f"{there.scheme}://{there.netloc}{there.path}" == _BACK
    return {name: values[0] for name, values in parse_qs(there.query).items()}


async def _exchange(amazon: Amazon, code: str, **changes: str) -> httpx.Response:
    form = {"grant_type": "authorization_code", "code": code, **_APPLICATION, **changes}
    return await amazon.http.post("/auth/o2/token", data=form)


async def test_the_page_asks_on_behalf_of_the_application(amazon: Amazon) -> None:
    answer = await amazon.http.get(_PATH, params={**_ASKED, "state": '"><script>'})

    assert answer.status_code == 200
    assert "Allow as Our shop" in answer.text
    assert "Allow as Another" in answer.text
    assert "<script>" not in answer.text


@pytest.mark.parametrize(
    "changes",
    [
        {"application_id": "amzn1.sp.solution.other"},
        {"state": ""},
        {"redirect_uri": ""},
        {"redirect_uri": "javascript:alert(1)"},
    ],
)
async def test_a_page_that_leads_nowhere_is_refused(
    amazon: Amazon, changes: dict[str, str]
) -> None:
    assert (await amazon.http.get(_PATH, params={**_ASKED, **changes})).status_code == 400
    form = {**_ASKED, "selling_partner_id": SELLER, **changes}
    assert (await amazon.http.post(_PATH, data=form)).status_code == 400


async def test_consent_gives_a_code_that_becomes_an_authorisation(amazon: Amazon) -> None:
    back = await _allowed(amazon)
    assert (back["state"], back["selling_partner_id"]) == (_ASKED["state"], SELLER)

    granted = (await _exchange(amazon, back["spapi_oauth_code"])).json()
    refresh = {"grant_type": "refresh_token", "refresh_token": granted["refresh_token"]}
    again = await amazon.http.post("/auth/o2/token", data={**refresh, **_APPLICATION})

    amazon.token = again.json()["access_token"]
    read = await amazon.call("GET", "/sellers/v1/marketplaceParticipations")
    assert granted["refresh_token"] != "Atzr|ours"
    assert granted["expires_in"] == 3600
    assert read.status_code == 200


async def test_a_code_is_good_once(amazon: Amazon) -> None:
    code = (await _allowed(amazon))["spapi_oauth_code"]
    assert (await _exchange(amazon, code, redirect_uri=_BACK)).status_code == 200

    again = await _exchange(amazon, code)

    assert (again.status_code, again.json()["error"]) == (400, "invalid_grant")


@pytest.mark.parametrize("changes", [{"redirect_uri": "https://else.test"}, {"code": "S0"}])
async def test_a_code_of_others_is_refused(amazon: Amazon, changes: dict[str, str]) -> None:
    code = (await _allowed(amazon))["spapi_oauth_code"]
    answer = await _exchange(amazon, **{"code": code, **changes})
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_grant")


async def test_a_code_is_good_for_five_minutes(amazon: Amazon) -> None:
    code = (await _allowed(amazon))["spapi_oauth_code"]
    await amazon.advance(5)
    assert (await _exchange(amazon, code)).json()["error"] == "invalid_grant"


async def test_only_a_seller_of_the_application_can_allow_it(amazon: Amazon) -> None:
    form = {**_ASKED, "selling_partner_id": "NOBODY"}
    assert (await amazon.http.post(_PATH, data=form)).status_code == 400


async def test_what_a_seller_takes_back_is_over_at_once(amazon: Amazon) -> None:
    granted = (await _exchange(amazon, (await _allowed(amazon))["spapi_oauth_code"])).json()

    assert await amazon.control("revoke", {"sellerId": SELLER}) == {"ended": 2}

    for token in ("Atzr|ours", granted["refresh_token"]):
        refresh = {"grant_type": "refresh_token", "refresh_token": token, **_APPLICATION}
        answer = await amazon.http.post("/auth/o2/token", data=refresh)
        assert answer.json()["error"] == "invalid_grant"
    read = await amazon.call("GET", "/sellers/v1/marketplaceParticipations")
    assert read.status_code == 403
    assert "revoked" in read.json()["errors"][0]["details"]
    other = {"grant_type": "refresh_token", "refresh_token": "Atzr|theirs", **_APPLICATION}
    assert (await amazon.http.post("/auth/o2/token", data=other)).status_code == 200


async def test_an_authorisation_ends_after_a_year(amazon: Amazon) -> None:
    refresh = {"grant_type": "refresh_token", "refresh_token": "Atzr|ours", **_APPLICATION}
    for _ in range(52):
        await amazon.control("advance", {"minutes": 7 * 24 * 60, "marketFrozen": True})
    assert (await amazon.http.post("/auth/o2/token", data=refresh)).status_code == 200

    await amazon.control("advance", {"minutes": 24 * 60, "marketFrozen": True})

    assert (await amazon.http.post("/auth/o2/token", data=refresh)).json()["error"] == (
        "invalid_grant"
    )


def _resources(*paths: str, **changes: object) -> dict[str, object]:
    return {
        "restrictedResources": [
            {"method": "GET", "path": path, "dataElements": ["buyerInfo"], **changes}
            for path in paths
        ]
    }


async def _restricted(amazon: Amazon, body: object) -> httpx.Response:
    return await amazon.call("POST", "/tokens/2021-03-01/restrictedDataToken", body)


async def test_a_restricted_token_opens_what_it_names_and_nothing_else(amazon: Amazon) -> None:
    path = f"/listings/2021-08-01/items/{SELLER}"
    made = (await _restricted(amazon, _resources(path, "/orders/2026-01-01/orders/{id}"))).json()
    amazon.token = made["restrictedDataToken"]

    assert amazon.token.startswith("Atz.sprdt")
    assert made["expiresIn"] == 3600
    assert (await amazon.search()).status_code == 200
    assert (await amazon.call("GET", "/orders/2026-01-01/orders/1-2")).status_code == 404
    assert (await amazon.get("MUG")).status_code == 403
    assert (await amazon.put("MUG", {})).status_code == 403


@pytest.mark.parametrize(
    "body",
    [
        {},
        _resources(),
        _resources(*["/orders/v0/orders"] * 51),
        _resources("orders"),
        _resources("/orders/v0/orders", method="PATCH"),
        _resources("/orders/v0/orders", dataElements=["name"]),
        _resources("/reports/2021-06-30/documents/{reportDocumentId}"),
    ],
)
async def test_resources_that_cannot_be_are_refused(amazon: Amazon, body: object) -> None:
    assert (await _restricted(amazon, body)).status_code == 400


async def test_a_missing_role_is_told_like_amazon_does(amazon: Amazon) -> None:
    fault = {"operation": "searchListingsItems", "kind": "403", "probability": 1}
    await amazon.control("faults", {"faults": [fault]})

    refused = await amazon.search()

    assert refused.status_code == 403
    assert refused.json()["errors"][0] == {
        "code": "Unauthorized",
        "message": "Access to requested resource is denied.",
        "details": "",
    }
