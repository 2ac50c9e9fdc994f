"""Access tokens that processes share, codes of consent, and tokens for one restricted resource."""

from datetime import timedelta
from typing import Any

import httpx
import orjson
import pytest

from connectors.amazon import consent, restricted
from connectors.amazon.account import AmazonAccount
from connectors.amazon.auth import AccessToken, Tokens
from connectors.amazon.operations import GET_LISTINGS_ITEM, Grant
from connectors.errors import Unauthorized
from domain.clock import FixedClock
from domain.marketplace import MARKETPLACES

_LWA = "http://amazon.test/auth/o2/token"


class Shelf:
    """Tokens that lie where every process finds them."""

    def __init__(self) -> None:
        self.kept: dict[str, AccessToken] = {}

    async def find(self, holder: str) -> AccessToken | None:
        return self.kept.get(holder)

    async def keep(self, holder: str, token: AccessToken) -> None:
        self.kept[holder] = token


@pytest.fixture
async def processes(wire: Any, account: AmazonAccount, clock: FixedClock) -> Any:
    """Two processes of one installation."""
    shelf = Shelf()
    async with httpx.AsyncClient(transport=httpx.MockTransport(wire.handle)) as http:
        yield [Tokens(account, _LWA, http, clock, shelf) for _ in range(2)]


async def test_what_one_process_was_granted_serves_the_other(processes: Any, wire: Any) -> None:
    one, other = processes

    tokens = [await each.token(grant) for grant in Grant for each in (one, other)]

    assert tokens == ["Atza|1", "Atza|1", "Atza|2", "Atza|2"]


async def test_a_shared_token_that_ran_out_is_replaced_once(
    processes: Any, wire: Any, clock: FixedClock
) -> None:
    one, other = processes
    await one.token(Grant.SELLER)

    clock.at += timedelta(hours=1)

    assert await other.token(Grant.SELLER) == "Atza|2"
    assert await one.token(Grant.SELLER) == "Atza|2"


async def test_a_refused_token_is_not_taken_from_the_others_again(
    processes: Any, wire: Any
) -> None:
    one, other = processes
    refused = await one.token(Grant.SELLER)
    await other.token(Grant.SELLER)

    one.forget(Grant.SELLER, refused)
    other.forget(Grant.SELLER, refused)

    assert await one.token(Grant.SELLER) == "Atza|2"
    assert await other.token(Grant.SELLER) == "Atza|2"


def test_a_token_does_not_show_in_what_is_logged(clock: FixedClock) -> None:
    assert "Atza" not in repr(AccessToken("Atza|1", clock.now()))


def _application(**changes: Any) -> consent.Application:
    given = {"id": "amzn1.sp.solution.x", "client_id": "client", "client_secret": "secret"}
    return consent.Application(**{**given, "redirect_url": None, "is_draft": False, **changes})


@pytest.mark.parametrize(
    ("country", "host"),
    [
        ("US", "sellercentral.amazon.com"),
        ("FR", "sellercentral-europe.amazon.com"),
        ("PL", "sellercentral.amazon.pl"),
        ("JP", "sellercentral.amazon.co.jp"),
    ],
)
def test_consent_is_asked_for_where_the_seller_signs_in(country: str, host: str) -> None:
    url = httpx.URL(consent.consent_url(_application(), MARKETPLACES[country], "a&b=c"))

    assert (url.scheme, url.host, url.path) == ("https", host, "/apps/authorize/consent")
    assert dict(url.params) == {"application_id": "amzn1.sp.solution.x", "state": "a&b=c"}


def test_a_draft_and_a_way_back_are_told() -> None:
    application = _application(is_draft=True, redirect_url="https://shop.test/amazon/callback")

    url = httpx.URL(consent.consent_url(application, MARKETPLACES["US"], "s", "http://sim/"))

    assert url.host == "sim"
    assert url.params["version"] == "beta"
    assert url.params["redirect_uri"] == "https://shop.test/amazon/callback"
    assert "secret" not in f"{application}{url}"


async def test_a_resource_is_read_with_a_token_of_its_own(connector: Any, wire: Any) -> None:
    wire.answer(
        httpx.Response(200, json={"restrictedDataToken": "Atz.sprdt|1", "expiresIn": 3600}),
        httpx.Response(200, json={"sku": "A/1"}),
    )

    await restricted.send(
        connector._transport,
        GET_LISTINGS_ITEM,
        path={"sellerId": "S", "sku": "A/1"},
        query={"marketplaceIds": "M"},
        data_elements=["buyerInfo"],
    )

    assert wire.tokens_sent() == ["Atza|1", "Atz.sprdt|1"]
    assert orjson.loads(wire.requests[0].content) == {
        "restrictedResources": [
            {
                "method": "GET",
                "path": "/listings/2021-08-01/items/S/A%2F1",
                "dataElements": ["buyerInfo"],
            }
        ]
    }


async def test_a_restricted_token_that_is_refused_is_not_replaced(
    connector: Any, wire: Any, errors: Any
) -> None:
    wire.answer(
        httpx.Response(200, json={"restrictedDataToken": "Atz.sprdt|1", "expiresIn": 3600}),
        errors(403, "Unauthorized", details="The access token you provided has expired."),
    )

    with pytest.raises(Unauthorized):
        await restricted.send(
            connector._transport, GET_LISTINGS_ITEM, path={"sellerId": "S", "sku": "A"}
        )

    assert len(wire.requests) == 2
