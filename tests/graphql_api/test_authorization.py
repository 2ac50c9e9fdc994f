"""A seller authorises in the browser: from the mutation over Amazon's page and back to a connected store."""

from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from pydantic import SecretStr
from redis.asyncio import Redis
from structlog.testing import capture_logs

from domain.store import StoreStatus
from embedded.servers import ServerUrls
from services.runtime import Runtime, open_runtime
from services.settings import Settings
from storage.authorizations import AUTHORIZATIONS
from storage.mongo import Scope
from storage.stores import STORES
from tests.factories import MERCHANT, a_store
from tests.graphql_api.conftest import DATABASE, Ask, gid
from tests.services.amazon import (
    CLIENT_SECRET,
    OTHER_SELLER_ID,
    RATE_SCALE,
    SELLER_ID,
    Amazon,
    an_item,
    running,
)
from tests.services.shop import forget_jobs, wipe

AUTHORIZE = """mutation ($input: StoreAuthorizeInput!) { storeAuthorize(input: $input) {
  consentUrl expiresAt userErrors { code message field } } }"""
STORE = """query ($id: ID!) { store(id: $id) { status authorization {
  sellerId connectedAt expiresAt isRenewalDue } } }"""
_BACK = "http://localhost/amazon/callback"
_QUEUE = "arn:aws:sqs:us-east-1:000000000000:offers-{seller}"
_ID = gid("Store", "store1")


@pytest.fixture(scope="module")
def simulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Amazon]:
    with running(tmp_path_factory.mktemp("amazon")) as amazon:
        yield amazon


@pytest.fixture
def amazon(simulator: Amazon) -> Amazon:
    simulator.begin([an_item(1)])
    return simulator


@pytest.fixture
async def runtime(amazon: Amazon, servers: ServerUrls, tmp_path: Path) -> AsyncIterator[Runtime]:
    await forget_jobs(servers)
    settings = Settings(
        database=DATABASE,
        merchant=MERCHANT,
        data_dir=tmp_path,
        amazon_url=amazon.url,
        amazon_rate_scale=RATE_SCALE,
        amazon_queue_arn=_QUEUE,
        amazon_application_id="amzn1.sp.solution.client",
        amazon_client_id="client",
        amazon_client_secret=SecretStr(CLIENT_SECRET),
        amazon_redirect_url=_BACK,
        clock_file=amazon.clock_file,
    )
    async with open_runtime(settings, servers.mongodb_url, servers.redis_url) as opened:
        yield opened
        await wipe(opened)


@pytest.fixture
async def store(scope: Scope) -> None:
    fresh = a_store(status=StoreStatus.IN_SETUP, connection=None)
    await STORES.insert(scope, [fresh])


async def _link(ask: Ask) -> str:
    told = (await ask(AUTHORIZE, input={"storeId": _ID}))["storeAuthorize"]
    assert told["userErrors"] == []
    assert datetime.fromisoformat(told["expiresAt"]) > datetime.now(UTC) + timedelta(minutes=10)
    return str(told["consentUrl"])


async def _agreed(amazon: Amazon, link: str, seller_id: str = SELLER_ID) -> str:
    """The seller presses the button; gives where Amazon sends the browser then."""
    url = httpx.URL(link)
    async with httpx.AsyncClient() as browser:
        assert "Allow as Our shop" in (await browser.get(url)).text
        form = {**url.params, "selling_partner_id": seller_id}
        answer = await browser.post(url.copy_with(query=None), data=form)
    assert answer.status_code == 303, answer.text
    back = str(answer.headers["location"])
    assert back.startswith(_BACK)
    return back


async def test_a_seller_agrees_and_the_store_is_connected(
    amazon: Amazon, store: None, ask: Ask, client: httpx.AsyncClient, runtime: Runtime
) -> None:
    back = await _agreed(amazon, await _link(ask))

    with capture_logs() as logs:
        answer = await client.get(back)

    found = (await ask(STORE, id=_ID))["store"]
    assert (answer.status_code, found["status"]) == (200, "ACTIVE")
    assert "is connected to amazon.com" in answer.text
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert answer.headers["cache-control"] == "no-store"
    assert found["authorization"]["sellerId"] == SELLER_ID
    assert found["authorization"]["isRenewalDue"] is False
    row = await STORES.require(runtime.scope(MERCHANT), "store1")
    assert row.connection is not None
    secrets = runtime.vault.open(row.connection.sealed_credentials)
    code = httpx.URL(back).params["spapi_oauth_code"]
    for secret in (secrets.refresh_token, secrets.client_secret, code, "Atza|"):
        assert secret not in str(logs)


async def test_access_tokens_lie_sealed_in_redis_and_serve_every_process(
    amazon: Amazon,
    store: None,
    ask: Ask,
    client: httpx.AsyncClient,
    runtime: Runtime,
    servers: ServerUrls,
) -> None:
    await client.get(await _agreed(amazon, await _link(ask)))
    row = await STORES.require(runtime.scope(MERCHANT), "store1")

    with capture_logs() as logs:
        urls = (servers.mongodb_url, servers.redis_url)
        async with open_runtime(runtime.settings, *urls) as other:
            await (await other.connections.of(row)).check()

    async with Redis.from_url(servers.redis_url) as redis:
        kept = {key: await redis.get(key) async for key in redis.scan_iter("access-token:*")}
    assert [entry["event"] for entry in logs if entry["event"] == "amazon.token"] == []
    assert kept
    assert all(b"Atza" not in content and b"Atzr" not in key for key, content in kept.items())


async def test_a_link_is_good_once(
    amazon: Amazon, store: None, ask: Ask, client: httpx.AsyncClient
) -> None:
    link = await _link(ask)
    assert (await client.get(await _agreed(amazon, link))).status_code == 200

    again = await client.get(await _agreed(amazon, link))

    assert again.status_code == 400
    assert "used already" in again.text


async def test_a_link_is_good_for_some_minutes(
    amazon: Amazon, store: None, ask: Ask, client: httpx.AsyncClient, scope: Scope
) -> None:
    back = await _agreed(amazon, await _link(ask))
    past = datetime.now(UTC) - timedelta(seconds=1)
    await scope.update(AUTHORIZATIONS.name, {}, {"$set": {"expires_at": past}})

    answer = await client.get(back)

    assert (answer.status_code, "older than 15 minutes" in answer.text) == (400, True)
    assert (await ask(STORE, id=_ID))["store"]["status"] == "IN_SETUP"


@pytest.mark.parametrize("state", ["made-up", "gAAAAABo", "ä<script>"])
async def test_a_state_that_is_not_ours_is_refused(
    store: None, client: httpx.AsyncClient, state: str
) -> None:
    given = {"state": state, "selling_partner_id": SELLER_ID, "spapi_oauth_code": "S1"}
    answer = await client.get("/amazon/callback", params=given)
    assert answer.status_code == 400
    assert "no answer to a link of ours" in answer.text
    assert "<script>" not in answer.text


@pytest.mark.parametrize("missing", ["state", "selling_partner_id", "spapi_oauth_code"])
async def test_an_answer_with_a_part_missing_uses_nothing_up(
    amazon: Amazon, store: None, ask: Ask, client: httpx.AsyncClient, missing: str
) -> None:
    back = httpx.URL(await _agreed(amazon, await _link(ask)))

    partly = await client.get(str(back.copy_remove_param(missing)))

    assert partly.status_code == 400
    assert (await client.get(str(back))).status_code == 200


async def test_a_code_that_amazon_refuses_connects_nothing(
    amazon: Amazon, store: None, ask: Ask, client: httpx.AsyncClient
) -> None:
    back = await _agreed(amazon, await _link(ask))
    amazon.advance(5)

    answer = await client.get(back)

    assert answer.status_code == 400
    assert "Ask for a new link" in answer.text
    assert (await ask(STORE, id=_ID))["store"]["authorization"] is None


async def test_an_application_that_amazon_refuses_is_the_operators_trouble(
    amazon: Amazon,
    store: None,
    ask: Ask,
    client: httpx.AsyncClient,
    runtime: Runtime,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    back = await _agreed(amazon, await _link(ask))
    wrong = runtime.settings.model_copy(update={"amazon_client_secret": SecretStr("run out")})
    monkeypatch.setattr(runtime.connections, "_settings", wrong)

    answer = await client.get(back)

    assert answer.status_code == 502
    assert "SALES_CHANNEL_AMAZON_CLIENT_ID" in answer.text
    assert "run out" not in answer.text


async def test_another_account_does_not_take_a_store_over(
    amazon: Amazon, store: None, ask: Ask, client: httpx.AsyncClient
) -> None:
    await client.get(await _agreed(amazon, await _link(ask)))

    answer = await client.get(await _agreed(amazon, await _link(ask), OTHER_SELLER_ID))

    assert answer.status_code == 400
    assert f"sells with the account {SELLER_ID}" in answer.text
    assert (await ask(STORE, id=_ID))["store"]["authorization"]["sellerId"] == SELLER_ID


async def test_an_authorisation_is_renewed_before_its_year_ends(
    amazon: Amazon, store: None, ask: Ask, client: httpx.AsyncClient
) -> None:
    async def told() -> dict[str, Any]:
        found: dict[str, Any] = (await ask(STORE, id=_ID))["store"]["authorization"]
        return found

    await client.get(await _agreed(amazon, await _link(ask)))
    first = await told()
    for _ in range(48):
        amazon.advance(7 * 24 * 60)
    assert (await told())["isRenewalDue"] is True

    assert (await client.get(await _agreed(amazon, await _link(ask)))).status_code == 200

    renewed = await told()
    assert renewed["isRenewalDue"] is False
    assert renewed["connectedAt"] == first["connectedAt"]
    assert renewed["expiresAt"] > first["expiresAt"]


async def test_without_an_application_there_is_no_link_and_the_way_out_is_named(
    store: None, ask: Ask, runtime: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    without = runtime.settings.model_copy(update={"amazon_application_id": None})
    monkeypatch.setattr(runtime.connections, "_settings", without)

    told = (await ask(AUTHORIZE, input={"storeId": _ID}))["storeAuthorize"]

    assert told["consentUrl"] is None
    (error,) = told["userErrors"]
    assert error["code"] == "NOT_CONNECTED"
    assert "SALES_CHANNEL_AMAZON_APPLICATION_ID" in error["message"]


async def test_strangers_stores_cannot_be_authorised(store: None, ask_as_stranger: Ask) -> None:
    told = (await ask_as_stranger(AUTHORIZE, input={"storeId": _ID}))["storeAuthorize"]
    assert (told["consentUrl"], told["userErrors"][0]["code"]) == (None, "NOT_FOUND")


DIAGNOSE = """mutation ($input: StoreDiagnoseInput!) { storeDiagnose(input: $input) {
  diagnoses { part outcome message remedy } userErrors { code message field } } }"""


async def _bad(ask: Ask) -> list[tuple[str, str]]:
    """Parts that do not work, with what to do."""
    told = (await ask(DIAGNOSE, input={"storeId": _ID}))["storeDiagnose"]
    assert told["userErrors"] == []
    return [
        (each["part"], each["remedy"]) for each in told["diagnoses"] if each["outcome"] == "BAD"
    ]


async def test_a_diagnosis_names_what_fails_and_the_way_out(
    amazon: Amazon, store: None, ask: Ask, client: httpx.AsyncClient
) -> None:
    await client.get(await _agreed(amazon, await _link(ask)))
    assert await _bad(ask) == []

    amazon.forbid("searchOrders")
    ((part, remedy),) = await _bad(ask)
    assert part == "ROLE"
    assert "Inventory and Order Tracking" in remedy

    amazon.forbid("getMarketplaceParticipations")
    assert [part for part, _ in await _bad(ask)] == ["ROLE"]

    amazon.trouble()
    amazon.sqs("SetQueueAttributes", QueueUrl=f"offers-{SELLER_ID}", Attributes={"Policy": "{}"})
    ((part, remedy),) = await _bad(ask)
    assert part == "QUEUE"
    assert "437568002678" in remedy

    amazon.revoke(SELLER_ID)
    ((part, remedy),) = await _bad(ask)
    assert part == "TOKEN"
    assert "Authorise the store again" in remedy


async def test_a_queue_to_which_nothing_is_sent_is_found(
    amazon: Amazon,
    store: None,
    ask: Ask,
    client: httpx.AsyncClient,
    runtime: Runtime,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    await client.get(await _agreed(amazon, await _link(ask)))
    other = runtime.settings.model_copy(update={"amazon_queue_arn": _QUEUE.format(seller="none")})
    monkeypatch.setattr(runtime.connections, "_settings", other)
    await runtime.connections._open.pop("store1")[1].close()

    assert [part for part, _ in await _bad(ask)] == ["QUEUE"]
    amazon.sqs("CreateQueue", QueueName="offers-none")

    assert await _bad(ask) == [("QUEUE", "Connect the store again, which subscribes it.")]


async def test_a_store_that_was_never_connected_has_nothing_to_diagnose(
    store: None, ask: Ask
) -> None:
    told = (await ask(DIAGNOSE, input={"storeId": _ID}))["storeDiagnose"]
    assert told["diagnoses"] is None
    assert told["userErrors"][0]["code"] == "NOT_CONNECTED"
