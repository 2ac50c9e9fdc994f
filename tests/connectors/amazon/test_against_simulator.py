"""The connector and the simulator over real sockets: list, see it live, watch rivals, change, sell."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime

import httpx
import pytest
import uvicorn

from connectors.amazon.account import AmazonAccount, AmazonEndpoints
from connectors.amazon.connector import AmazonConnector
from connectors.budget import LocalBudget
from connectors.errors import Refusal, Unauthorized, Unavailable
from connectors.port import (
    IdentifierType,
    MarketplaceListing,
    OfferDraft,
    OfferPatch,
    OffersChanged,
    TaskState,
)
from connectors.simulator.app import create_app
from connectors.simulator.settings import SimulatorSettings
from domain.clock import FixedClock
from domain.listing import Condition
from domain.marketplace import MARKETPLACES
from domain.money import Money
from domain.order import OrderStatus

_START = datetime(2026, 5, 4, 8, 0, tzinfo=UTC)
_SCALE = 1000
_QUEUE = "offers-A3OURSELLER"
_ASIN = "B000000001"
_SKU = "MUG/blue #1, 50%"
_SCENARIO = {
    "scenarioId": "connector",
    "seed": 7,
    "start": _START.isoformat(),
    "sellers": [
        {
            "sellerId": "A3OURSELLER",
            "name": "Our shop",
            "clientId": "client",
            "clientSecret": "secret",
            "refreshToken": "Atzr|ours",
        }
    ],
    "items": [
        {
            "asin": _ASIN,
            "title": "Blue mug",
            "brand": "Mugs",
            "productType": "DRINKING_CUP",
            "identifiers": {"EAN": ["4006381333931"]},
            "referencePrice": "12.50",
        },
        {"asin": "B000000002", "title": "Red mug", "referencePrice": "10.00"},
    ],
    "thirdPartyListings": [
        {
            "sellerId": "A3OURSELLER",
            "sellerSku": "OLD-1",
            "asin": "B000000002",
            "price": "9.99",
            "quantity": 5,
        }
    ],
    "market": {"changeShare": 0.5, "ordersPerTick": 5.0},
}


@dataclass(slots=True)
class Amazon:
    """A running simulator, the connector to it, and the hand on its clock."""

    url: str
    control: httpx.AsyncClient
    clock: FixedClock
    connector: AmazonConnector

    async def advance(self, minutes: int, *, market_frozen: bool = False) -> None:
        asked = {"minutes": minutes, "marketFrozen": market_frozen}
        answer = await self.control.post("/control/advance", json=asked)
        answer.raise_for_status()
        self.clock.at = datetime.fromisoformat(answer.json()["now"])

    async def listing(self, sku: str) -> MarketplaceListing | None:
        return next(iter(await self.connector.listings([sku])), None)


def _connector(
    url: str,
    clock: FixedClock,
    refresh_token: str = "Atzr|ours",
    http: httpx.AsyncClient | None = None,
) -> AmazonConnector:
    account = AmazonAccount(
        "client", "secret", refresh_token, "A3OURSELLER", MARKETPLACES["US"], "merchant-1"
    )
    endpoints = AmazonEndpoints.at(url, queue_arn=f"arn:aws:sqs:us-east-1:000000000000:{_QUEUE}")
    return AmazonConnector(account, endpoints, LocalBudget(_SCALE), clock, http)


@pytest.fixture
async def amazon() -> AsyncIterator[Amazon]:
    app = create_app(SimulatorSettings(rate_scale=_SCALE))
    server = uvicorn.Server(
        uvicorn.Config(app, host="127.0.0.1", port=0, log_level="critical", ws="none")
    )
    serving = asyncio.create_task(server.serve())
    while not server.started:
        await asyncio.sleep(0.01)
    host, port = server.servers[0].sockets[0].getsockname()[:2]
    url = f"http://{host}:{port}"
    clock = FixedClock(_START)
    connector = _connector(url, clock)
    async with httpx.AsyncClient(base_url=url) as control:
        (await control.post("/control/scenario", json=_SCENARIO)).raise_for_status()
        await _create_queue(control)
        yield Amazon(url, control, clock, connector)
    await connector.close()
    server.should_exit = True
    await serving


async def _create_queue(control: httpx.AsyncClient) -> None:
    headers = {"x-amz-target": "AmazonSQS.CreateQueue"}
    answer = await control.post("/sqs", json={"QueueName": _QUEUE}, headers=headers)
    answer.raise_for_status()


_DRAFT = OfferDraft(_SKU, _ASIN, "DRINKING_CUP", Condition.NEW, Money(1099, "USD"), 40, 2)


async def test_a_product_is_found_listed_watched_changed_sold_and_ended(amazon: Amazon) -> None:
    connector = amazon.connector
    assert await connector.check() == "Our shop"
    (item,) = await connector.search_by_identifiers(IdentifierType.EAN, ["4006381333931"])
    assert (item.asin, item.product_type) == (_ASIN, "DRINKING_CUP")
    assert _ASIN in {found.asin for found in await connector.search_by_keywords("Blue mug")}
    await connector.subscribe()
    await connector.subscribe()

    receipt = await connector.put_offer(_DRAFT)

    assert (receipt.accepted, receipt.issues) == (True, ())
    at_once = await amazon.listing(_SKU)
    assert at_once is None or not at_once.is_buyable

    await amazon.advance(30, market_frozen=True)

    live = await amazon.listing(_SKU)
    assert live is not None
    assert (live.asin, live.is_buyable, live.price) == (_ASIN, True, Money(1099, "USD"))
    assert (live.condition, live.quantity) == (Condition.NEW, 40)

    (item_offers,) = await connector.offers([_ASIN], Condition.NEW)
    (own,) = [offer for offer in item_offers.offers if offer.is_own]
    assert own.listing_price == Money(1099, "USD")
    assert len(item_offers.offers) > 1
    assert item_offers.observed_at == amazon.clock.now()

    await amazon.advance(30)
    await _receives_offers(amazon)

    await connector.patch_offer(OfferPatch(_SKU, "DRINKING_CUP", Money(1049, "USD"), None))
    await amazon.advance(30)
    changed = await amazon.listing(_SKU)
    assert changed is not None
    assert changed.price == Money(1049, "USD")

    await _has_sold(amazon)

    await connector.patch_offer(OfferPatch(_SKU, "DRINKING_CUP", None, 3))
    await connector.end_offer("OLD-1")
    await amazon.advance(30)
    restocked = await amazon.listing(_SKU)
    assert restocked is not None
    assert restocked.price == Money(1049, "USD")
    assert await amazon.listing("OLD-1") is None
    pages = [page async for page in connector.all_listings()]
    assert [listing.seller_sku for page in pages for listing in page] == [_SKU]


async def _receives_offers(amazon: Amazon) -> None:
    """Notifications arrive, read as the item's offers, and are gone once acknowledged."""
    deliveries = await amazon.connector.receive(100)

    assert deliveries
    events = [delivery.event for delivery in deliveries]
    assert all(isinstance(event, OffersChanged) for event in events)
    await amazon.connector.acknowledge([delivery.handle for delivery in deliveries])
    assert await amazon.connector.receive(100) == []
    status = (await amazon.control.get("/control/status")).json()
    assert status["queueDepth"] == {"visible": 0, "inFlight": 0}


async def _has_sold(amazon: Amazon) -> None:
    """Orders of a day come, all of them, up to Amazon's own time."""
    await amazon.advance(24 * 60)
    pages = [page async for page in amazon.connector.orders_since(_START, "store-1")]

    orders = [order for page in pages for order in page.orders]
    assert orders
    assert not any(page.unreadable for page in pages)
    unpaid = OrderStatus.PENDING
    assert all(order.total is not None for order in orders if order.status is not unpaid)
    assert {order.status for order in orders} - {unpaid, OrderStatus.UNKNOWN}
    assert {line.seller_sku for order in orders for line in order.lines} <= {_SKU, "OLD-1"}
    until = pages[-1].complete_until
    assert until is not None
    assert until < amazon.clock.now()
    assert max(order.marketplace_updated_at for order in orders) <= until


async def test_an_expired_token_is_replaced_without_anybody_noticing(amazon: Amazon) -> None:
    await amazon.connector.check()

    behind = amazon.clock.now()
    await amazon.advance(120)
    amazon.clock.at = behind

    assert await amazon.connector.check() == "Our shop"


async def test_a_revoked_authorisation_says_so(amazon: Amazon) -> None:
    stranger = _connector(amazon.url, amazon.clock, refresh_token="Atzr|revoked")

    with pytest.raises(Unauthorized) as caught:
        await stranger.check()
    await stranger.close()

    assert caught.value.refusal is Refusal.TOKEN


@pytest.mark.parametrize("kind", ["500", "503", "empty", "429", "reset"])
async def test_trouble_on_the_way_does_not_show(amazon: Amazon, kind: str) -> None:
    faults = [{"operation": "putListingsItem", "kind": kind, "next": 1}]
    (await amazon.control.post("/control/faults", json={"faults": faults})).raise_for_status()

    assert (await amazon.connector.put_offer(_DRAFT)).accepted

    journal = (await amazon.control.get("/control/journal")).json()["entries"]
    assert [entry["status"] for entry in journal if entry["operation"] == "putListingsItem"]


async def test_a_feed_and_a_report_go_all_the_way(amazon: Amazon) -> None:
    connector = amazon.connector
    price = Money(777, "USD")
    patches = [
        OfferPatch("OLD-1", "PRODUCT", price, 4),
        OfferPatch("NOBODY", "PRODUCT", price, None),
    ]
    before = amazon.clock.now()
    feed_id = await connector.send_feed(await connector.upload_feed(patches))
    assert [task.id for task in await connector.feeds_since(before)] == [feed_id]
    assert (await connector.feed(feed_id)).state is TaskState.WORKING
    await amazon.advance(10, market_frozen=True)
    task = await connector.feed(feed_id)
    assert task.state is TaskState.DONE
    assert task.document_id is not None
    report = await connector.read_feed_report(task.document_id)
    assert report.processed == 2
    assert {n: found[0].code for n, found in report.refused.items()} == {2: "13013"}
    await amazon.advance(20, market_frozen=True)

    report_id = await connector.request_listings_report()
    assert await connector.listings_report_since(before) == report_id
    await amazon.advance(5, market_frozen=True)
    made = await connector.report(report_id)
    assert made.document_id is not None
    (listing,) = (await connector.read_listings_report(made.document_id)).listings
    assert (listing.seller_sku, listing.asin, listing.title) == ("OLD-1", "B000000002", "Red mug")
    assert (listing.price, listing.quantity, listing.is_buyable) == (price, 4, True)


@pytest.fixture
async def hasty(amazon: Amazon) -> AsyncIterator[AmazonConnector]:
    """A connector that does not wait long for an answer."""
    async with httpx.AsyncClient(timeout=0.3) as http:
        yield _connector(amazon.url, amazon.clock, http=http)


_TOO_LATE = {"kind": "slow", "seconds": 0.6}
_TORN = {"kind": "reset"}


async def _trouble(amazon: Amazon, operation: str, kind: dict[str, object]) -> None:
    faults = [{"operation": operation, "next": 1, **kind}]
    (await amazon.control.post("/control/faults", json={"faults": faults})).raise_for_status()


async def _requests(amazon: Amazon, operation: str) -> int:
    found = (await amazon.control.get("/control/status")).json()["requests"].get(operation, {})
    return sum(found.values())


@pytest.mark.parametrize("kind", [_TOO_LATE, _TORN], ids=["too late", "torn"])
async def test_what_was_asked_for_and_not_answered_may_have_been_done(
    amazon: Amazon, hasty: AmazonConnector, kind: dict[str, object]
) -> None:
    document = await hasty.upload_feed([OfferPatch("OLD-1", "PRODUCT", Money(999, "USD"), None)])
    await _trouble(amazon, "createFeed", kind)
    with pytest.raises(Unavailable):
        await hasty.send_feed(document)
    await _trouble(amazon, "createReport", kind)
    with pytest.raises(Unavailable):
        await hasty.request_listings_report()

    await asyncio.sleep(0.5)  # what comes too late has come by then
    assert await _requests(amazon, "createFeed") == 1
    assert await _requests(amazon, "createReport") == 1
    assert len(await hasty.feeds_since(_START)) == 1
    assert await hasty.listings_report_since(_START) is not None


@pytest.mark.parametrize("kind", [_TOO_LATE, _TORN], ids=["too late", "torn"])
async def test_absolute_values_are_sent_again_where_no_answer_came(
    amazon: Amazon, hasty: AmazonConnector, kind: dict[str, object]
) -> None:
    await _trouble(amazon, "patchListingsItem", kind)
    assert (await hasty.patch_offer(OfferPatch("OLD-1", "PRODUCT", Money(888, "USD"), 3))).accepted
    await _trouble(amazon, "searchListingsItems", kind)
    assert [found.seller_sku for found in await hasty.listings(["OLD-1"])] == ["OLD-1"]

    await asyncio.sleep(0.5)
    assert await _requests(amazon, "patchListingsItem") == 2
    await amazon.advance(30, market_frozen=True)
    changed = await amazon.listing("OLD-1")
    assert changed is not None
    assert (changed.price, changed.quantity) == (Money(888, "USD"), 3)
