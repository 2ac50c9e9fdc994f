"""Many prices at the speed that Amazon's limits allow, on a clock that is not real, and the estimate beside it.

NIGHTLY=1 sends 20,000 both ways.
"""

import asyncio
import os
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import cast

import httpx
import pytest

from connectors.amazon.account import AmazonAccount, AmazonEndpoints
from connectors.amazon.connector import AmazonConnector
from connectors.budget import LocalBudget
from connectors.connector import Connector
from connectors.errors import Throttled
from domain.ids import new_id
from domain.listing import listing_id
from domain.marketplace import MARKETPLACES
from domain.store import Store
from domain.submission import Submission, SubmissionKind, SubmissionState
from services.connections import Connections
from services.outbox import Outbox, outbox
from services.settings import Settings
from storage.feeds import FEEDS
from storage.filters import EVERYTHING
from storage.keyset import Sort
from storage.listings import LISTINGS
from storage.submissions import write_down
from tests.factories import MERCHANT, a_listing, usd
from tests.services.amazon import (
    CLIENT_SECRET,
    REFRESH_TOKEN,
    SELLER_ID,
    Amazon,
    an_item,
    on_amazon,
    running,
)
from tests.services.shop import Shop, settings_of

IS_NIGHTLY = bool(os.environ.get("NIGHTLY"))
COUNT = 20_000 if IS_NIGHTLY else 150
FIRST = COUNT // 5
"""So many go in a first feed and the rest in a second, from which the pace of a third, of all, is learned."""
ITEMS = 20
PATCHES_A_SECOND = 5.0

pytestmark = pytest.mark.timeout(3600 if IS_NIGHTLY else 120)


@dataclass
class Time:
    """Seconds that pass when somebody sleeps; every full minute moves the world."""

    seconds: float = 0.0
    amazon: Amazon | None = None
    _minutes: int = field(default=0)

    def __call__(self) -> float:
        return self.seconds

    async def sleep(self, seconds: float) -> None:
        """Let at least so many seconds pass; those who sleep at the same time share them."""
        until = self.seconds + seconds
        await asyncio.sleep(0)
        self.seconds = max(self.seconds, until)
        while self.amazon is not None and self._minutes < int(self.seconds // 60):
            self._minutes += 1
            self.amazon.advance(1)


@dataclass
class OneConnector:
    """Whatever the store, the way to Amazon is this."""

    connector: AmazonConnector

    async def of(self, _: Store) -> Connector:
        return self.connector


@pytest.fixture
def time_() -> Time:
    return Time()


@pytest.fixture
def amazon(tmp_path: Path, time_: Time) -> Iterator[Amazon]:
    """An Amazon at its own limits, on which everything is listed already."""
    with running(tmp_path, rate_scale=1, monotonic=time_) as found:
        found.begin(
            [an_item(number) for number in range(1, ITEMS + 1)],
            listed=[on_amazon(_sku(number), number % ITEMS + 1) for number in range(COUNT)],
        )
        yield found


@pytest.fixture
def settings(amazon: Amazon, tmp_path: Path) -> Settings:
    changes = {"amazon_rate_scale": 1, "amazon_feed_from": 30}
    return settings_of(amazon, tmp_path).model_copy(update=changes)


@pytest.fixture
async def busy(shop: Shop, amazon: Amazon, time_: Time) -> AsyncIterator[Shop]:
    """A shop with so many new prices, and the clock that its calls to Amazon wait by."""
    account = AmazonAccount(
        *("client", CLIENT_SECRET, REFRESH_TOKEN, SELLER_ID),
        MARKETPLACES["US"],
        MERCHANT,
    )
    time_.amazon = amazon
    budget = LocalBudget(sleep=time_.sleep, now=time_)
    async with httpx.AsyncClient(timeout=30) as http:
        connector = AmazonConnector(
            *(account, AmazonEndpoints.at(amazon.url), budget, shop.runtime.clock, http),
            sleep=time_.sleep,
        )
        connections = cast("Connections", OneConnector(connector))
        yield replace(shop, runtime=replace(shop.runtime, connections=connections))


def _sku(number: int) -> str:
    return f"S-{number:05}"


async def _decide(shop: Shop, numbers: range, price: str = "17.00") -> None:
    """New prices, written down."""
    for start in range(numbers.start, numbers.stop, 1_000):
        skus = [_sku(number) for number in range(start, min(start + 1_000, numbers.stop))]
        rows = [
            a_listing(
                sku, id=listing_id(shop.id, sku), store_id=shop.id, product_type="DRINKING_CUP"
            )
            for sku in skus
        ]
        await LISTINGS.insert_new(shop.scope, rows)
        await write_down(shop.scope, [_submission(shop, sku, price) for sku in skus])


def _submission(shop: Shop, sku: str, price: str) -> Submission:
    return Submission(
        id=new_id(),
        merchant_id=MERCHANT,
        store_id=shop.id,
        listing_id=listing_id(shop.id, sku),
        seller_sku=sku,
        kind=SubmissionKind.CHANGE,
        decision_id="decision",
        price=usd(price),
        quantity=None,
        state=SubmissionState.PENDING,
        attempts=0,
        amazon_submission_id=None,
        issues=(),
        created_at=shop.runtime.clock.now(),
        accepted_at=None,
        settled_at=None,
    )


async def _outbox(shop: Shop) -> Outbox:
    return await outbox(shop.runtime, shop.scope, shop.id)


async def _until_accepted(shop: Shop, time_: Time) -> list[datetime | None]:
    """Push until Amazon answered to everything; gives the estimates on the way."""
    estimates = [(await _outbox(shop)).expected_at]
    while True:
        try:
            await shop.push()
        except Throttled as error:
            await time_.sleep(error.retry_after.total_seconds())
        now = await _outbox(shop)
        estimates.append(now.expected_at)
        if not now.waiting and not now.sent:
            return estimates
        await time_.sleep(15)


def _told_and_took(
    time_: Time, before: float, began: datetime, estimate: datetime | None
) -> tuple[float, float]:
    """Seconds that it was estimated to take, and that it took."""
    assert estimate is not None
    told, took = (estimate - began).total_seconds(), time_.seconds - before
    print(f"told {told:.0f} s, took {took:.0f} s")  # noqa: T201
    return told, took


async def _send(shop: Shop, time_: Time, numbers: range, price: str) -> list[tuple[float, float]]:
    """Decide and push; gives what the first estimates told, and what it took."""
    await _decide(shop, numbers, price)
    began, before = shop.runtime.clock.now(), time_.seconds
    estimates = await _until_accepted(shop, time_)
    return [_told_and_took(time_, before, began, estimate) for estimate in estimates[:3]]


async def test_by_feed(busy: Shop, amazon: Amazon, time_: Time) -> None:
    for numbers in (range(FIRST), range(FIRST, COUNT)):
        for told, took in await _send(busy, time_, numbers, "17.00"):
            assert took / 2 < told < took * 2 + 60  # little is known of Amazon's pace
    for told, took in await _send(busy, time_, range(COUNT), "16.00"):
        assert abs(told - took) < max(took / 4, 120)

    feeds = await FEEDS.find(busy.scope, EVERYTHING, sort=Sort("_id"))
    assert [feed.accepted for feed in feeds] == [FIRST, COUNT - FIRST, COUNT]
    prices = _prices(amazon, "JSON_LISTINGS_FEED")
    assert prices == ["17.00"] * COUNT + ["16.00"] * COUNT
    assert _prices(amazon, "patchListingsItem") == []
    assert (await _outbox(busy)).accepted == 2 * COUNT
    _assert_no_refusals(amazon)


async def test_one_by_one(busy: Shop, amazon: Amazon, time_: Time) -> None:
    settings = busy.runtime.settings.model_copy(update={"amazon_feed_from": COUNT + 1})
    shop = replace(busy, runtime=replace(busy.runtime, settings=settings))
    await _decide(shop, range(COUNT))
    began = shop.runtime.clock.now()
    estimates = await _until_accepted(shop, time_)

    assert _prices(amazon, "patchListingsItem") == ["17.00"] * COUNT
    least = (COUNT - 5) / PATCHES_A_SECOND
    assert least < time_.seconds < 1.1 * least + 5
    told, took = _told_and_took(time_, 0, began, estimates[0])
    assert abs(told - took) < took / 10
    _assert_no_refusals(amazon)


def _prices(amazon: Amazon, operation: str) -> list[str | None]:
    return [entry["price"] for entry in amazon.journal() if entry["operation"] == operation]


def _assert_no_refusals(amazon: Amazon) -> None:
    """Amazon never had to say that it was too much."""
    requests = amazon.status()["requests"]
    assert not [name for name, by_status in requests.items() if "429" in by_status]
