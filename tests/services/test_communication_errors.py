"""The log of calls: what went wrong is grouped, classed and counted, and nothing of what was sent is in it (F153)."""

from typing import Any

import httpx
import pytest
from motor.motor_asyncio import AsyncIOMotorDatabase

from connectors.amazon import transport as sending
from connectors.amazon.connector import AmazonConnector
from connectors.amazon.operations import PATCH_LISTINGS_ITEM, SEARCH_ORDERS
from connectors.errors import MarketplaceError, Unavailable
from connectors.journal import Trouble
from connectors.port import OfferPatch
from domain.communication_error import CallCount, CommunicationError, ErrorClass, RetryVerdict
from domain.money import Money
from domain.store import Store
from services import communication_errors as calls
from services.communication_errors import CallLog
from services.runtime import Runtime
from storage import communication_errors as rows
from storage.filters import EVERYTHING
from storage.stores import STORES
from tests.factories import MERCHANT
from tests.services.amazon import CLIENT_SECRET, REFRESH_TOKEN, SELLER_ID, Amazon
from tests.services.shop import Shop

CHECK = "getMarketplaceParticipations"
PERSONAL = ["Ada", "Lovelace", "Marylebone", "ada@example.com", "W1U-4SW", "+44-20-7946"]
BUYER = "Ada Lovelace, 12 Marylebone Street, W1U-4SW, ada@example.com, +44-20-7946"


@pytest.fixture
async def store(shop: Shop) -> Store:
    await written(shop)
    scope = shop.scope
    for name in (rows.ERRORS.name, rows.CALLS.name):
        await scope.delete(name, {})
    return await STORES.require(scope, shop.id)


async def connector_of(shop: Shop, store: Store) -> AmazonConnector:
    found = await shop.runtime.connections.of(store)
    assert isinstance(found, AmazonConnector)
    return found


async def written(shop: Shop) -> list[CommunicationError]:
    """All groups, once what waits is written."""
    await shop.runtime.connections._calls.flush()
    return await rows.ERRORS.find(shop.scope, EVERYTHING)


async def counted(shop: Shop) -> dict[str, CallCount]:
    await written(shop)
    return {row.operation: row for row in await rows.CALLS.find(shop.scope, EVERYTHING)}


@pytest.mark.parametrize(
    ("kind", "class_", "verdict", "code", "status"),
    [
        ("429", "THROTTLED", "RETRIED", "QuotaExceeded", 429),
        ("500", "TRANSIENT", "RETRIED", "InternalFailure", 500),
        ("503", "TRANSIENT", "RETRIED", None, 503),
        ("empty", "TRANSIENT", "RETRIED", None, 200),
        ("reset", "TRANSIENT", "RETRIED", None, None),
        ("403", "AUTH_ROLE", "NEEDS_PERSON", "Unauthorized", 403),
    ],
)
async def test_a_fault_of_amazon_is_classed_with_what_is_done_about_it(
    shop: Shop,
    store: Store,
    amazon: Amazon,
    kind: str,
    class_: str,
    verdict: str,
    code: str | None,
    status: int | None,
) -> None:
    connector = await connector_of(shop, store)
    amazon.trouble(CHECK, kind, 1)
    try:
        await connector.check()
    except MarketplaceError:
        assert verdict != "RETRIED"

    (row,) = await written(shop)

    assert (row.operation, row.error_class, row.verdict) == (CHECK, class_, verdict)
    assert (row.code, row.status, row.count) == (code, status, 1)
    assert len(row.request_ids) == (0 if kind == "reset" else 1)
    assert row.message


async def test_the_same_trouble_is_one_group_that_keeps_the_last_request_ids(
    shop: Shop, store: Store, amazon: Amazon
) -> None:
    connector = await connector_of(shop, store)
    for times in (4, 3):
        amazon.trouble(CHECK, "429", times)
        await connector.check()
        (row,) = await written(shop)
    assert row.count == 7
    assert len(set(row.request_ids)) == rows.REQUEST_IDS
    assert row.first_seen_at <= row.last_seen_at

    call = (await counted(shop))[CHECK]
    assert (call.count, call.throttled) == (9, 7)
    assert call.slowest_milliseconds <= call.total_milliseconds


async def test_the_last_try_says_that_the_work_is_put_off(
    shop: Shop, store: Store, amazon: Amazon
) -> None:
    connector = await connector_of(shop, store)
    connector._transport._sleep = _at_once
    amazon.trouble(CHECK, "500", sending.TRIES)
    with pytest.raises(Unavailable):
        await connector.check()
    (row,) = await written(shop)
    assert (row.verdict, row.count) == (RetryVerdict.PUT_OFF, sending.TRIES)


async def test_a_seller_who_leaves_must_authorise_again(
    shop: Shop, store: Store, amazon: Amazon
) -> None:
    connector = await connector_of(shop, store)
    amazon.revoke(SELLER_ID)
    with pytest.raises(MarketplaceError):
        await connector.check()
    by_operation = {row.operation: row for row in await written(shop)}
    grant = by_operation["lwa.token"]
    assert (grant.error_class, grant.code) == (ErrorClass.AUTH_REVOKED, "invalid_grant")
    assert grant.verdict is RetryVerdict.NEEDS_PERSON
    # that the access token no longer works is not told as the seller's leaving
    assert by_operation[CHECK].error_class is ErrorClass.TRANSIENT


async def test_what_is_asked_for_wrongly_or_is_not_there(shop: Shop, store: Store) -> None:
    connector = await connector_of(shop, store)
    with pytest.raises(MarketplaceError):
        await connector._transport.send(SEARCH_ORDERS, query={"lastUpdatedAfter": BUYER})
    with pytest.raises(MarketplaceError):
        await connector.feed("of Ada Lovelace")
    assert await connector.listings(["NEVER,WAS"]) == []  # an answer like any other

    found = {(row.operation, row.error_class): row for row in await written(shop)}

    assert set(found) == {
        ("searchOrders", ErrorClass.BAD_REQUEST),
        ("getFeed", ErrorClass.NOT_FOUND),
    }
    assert {row.verdict for row in found.values()} == {RetryVerdict.GIVEN_UP}


async def test_a_refused_change_is_told_by_the_code_of_its_issue(shop: Shop, store: Store) -> None:
    connector = await connector_of(shop, store)
    receipt = await connector.patch_offer(
        OfferPatch("NEVER", "DRINKING_CUP", Money(1250, "USD"), None)
    )
    assert not receipt.accepted
    (row,) = await written(shop)
    assert (row.operation, row.code) == (PATCH_LISTINGS_ITEM.name, receipt.issues[0].code)
    assert row.error_class is ErrorClass.LISTING_ISSUE
    assert row.verdict is RetryVerdict.NEEDS_PERSON


@pytest.mark.parametrize("status", [400, 403, 404, 409, 429, 500])
async def test_nothing_secret_or_personal_reaches_the_database(
    shop: Shop, store: Store, amazon: Amazon, status: int
) -> None:
    """Requests go through the simulator; its answers are made to repeat all that was sent, and more."""
    connector = await connector_of(shop, store)
    sent: list[str] = []

    async def repeat(response: httpx.Response) -> None:
        await response.aread()
        if "/orders/" not in response.request.url.path:
            return
        token = response.request.headers["x-amz-access-token"]
        sent.append(token)
        words = f"Invalid {BUYER} {token} {REFRESH_TOKEN} {CLIENT_SECRET} {response.request.url}"
        error = {"code": f"Bad {BUYER}", "message": words, "details": words}
        response.status_code = status
        response.headers["x-amzn-RequestId"] = f"id of {BUYER}"
        response._content = httpx.Response(status, json={"errors": [error]}).content

    connector._http.event_hooks["response"].append(repeat)
    connector._transport._sleep = _at_once
    with pytest.raises(MarketplaceError):
        await connector._transport.send(SEARCH_ORDERS, query={"buyer": BUYER})

    (row, *_) = await written(shop)
    assert "Invalid" in row.message
    handle: AsyncIOMotorDatabase[dict[str, Any]] = shop.runtime.database.handle
    kept = str(
        [await handle[each.name].find({}).to_list(None) for each in (rows.ERRORS, rows.CALLS)]
    )
    for secret in (*PERSONAL, *sent, REFRESH_TOKEN, CLIENT_SECRET, SELLER_ID, "http"):
        assert secret not in kept
    assert sent


async def test_a_store_has_no_more_groups_than_it_may(
    shop: Shop, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rows, "MOST", 3)
    connector = await connector_of(shop, store)
    journal = connector._transport.journal
    for code in "ABCDE":
        journal.note(Trouble("x", ErrorClass.TRANSIENT, RetryVerdict.RETRIED, "m", code))
    assert len(await written(shop)) == 3
    journal.note(Trouble("x", ErrorClass.TRANSIENT, RetryVerdict.RETRIED, "m", "F"))
    journal.note(Trouble("x", ErrorClass.TRANSIENT, RetryVerdict.RETRIED, "m", "A"))
    assert {row.code: row.count for row in await written(shop)} == {"A": 2, "B": 1, "C": 1}


async def test_what_waits_is_bounded_and_is_written_at_the_end(
    runtime: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(calls, "MOST", 2)
    log = CallLog(runtime.database, runtime.clock)
    journal = calls.StoreJournal(log, MERCHANT, "store1")
    for number in range(5):
        journal.count(f"operation{number}", 10)
    await log.close()
    found = await rows.CALLS.find(runtime.scope(MERCHANT), EVERYTHING)
    assert {row.operation for row in found} == {"operation0", "operation1"}


async def test_a_database_that_is_away_costs_log_and_nothing_else(
    runtime: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(calls, "PAUSE", 0.0)
    log = CallLog(runtime.database, runtime.clock)
    journal = calls.StoreJournal(log, MERCHANT, "store1")

    async def away(*_: object) -> None:
        raise rows.NotWritten("AutoReconnect")

    with monkeypatch.context() as lost:
        lost.setattr(rows, "count", away)
        journal.count("operation", 10)
        assert log._writing
        await log._writing
    journal.count("operation", 10)
    await log.close()
    (row,) = await rows.CALLS.find(runtime.scope(MERCHANT), EVERYTHING)
    assert row.count == 1


async def test_both_collections_expire(runtime: Runtime) -> None:
    for each in (rows.ERRORS, rows.CALLS):
        indexes = await runtime.database.handle[each.name].index_information()
        assert indexes["expires_at_1"]["expireAfterSeconds"] == 0


async def _at_once(_: float) -> None:
    return
