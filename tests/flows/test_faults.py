"""Where a fifth of Amazon's answers go wrong, imports and pushes come to the same end as where none does.

NIGHTLY=1 does it with 5,000 listings.
"""

import asyncio
import os
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from connectors.errors import NotReady, Retryable, Throttled
from embedded.servers import ServerUrls
from services.runtime import open_runtime
from storage.changes import CHANGES
from storage.feeds import FEEDS
from storage.filters import EVERYTHING
from storage.keyset import Sort
from storage.listings import LISTINGS
from storage.operations import OPERATIONS
from storage.orders import ORDERS
from storage.products import PRODUCTS
from storage.submissions import SUBMISSIONS
from tests.services.amazon import Amazon, an_item, on_amazon, running
from tests.services.shop import Shop, a_mug, forget_jobs, open_shop, settings_of, wipe

TROUBLES: tuple[dict[str, Any], ...] = (
    {"kind": "503"},
    {"kind": "empty"},
    {"kind": "reset"},
    {"kind": "429"},
    {"kind": "slow", "seconds": 0.1},
)
LOST = {"createReport": "empty", "createFeed": "reset", "downloadDocument": "reset"}
"""Met for certain, by the first call of each."""
SHARE = 1 - 0.8 ** (1 / len(TROUBLES))
"""Of calls that meet one of the troubles, so that a fifth of all meets some."""
NEVER = 1_000_000
IS_NIGHTLY = bool(os.environ.get("NIGHTLY"))
SIZE = 5_000 if IS_NIGHTLY else 100
"""Of the listings, and of the prices that leave one by one and then by feed."""

pytestmark = pytest.mark.timeout(3600 if IS_NIGHTLY else 240)


@dataclass(frozen=True)
class Ending:
    """Everything that must not depend on what went wrong on the way."""

    listings: dict[str, Any]
    products: dict[str, Any]
    orders: dict[str, Any]
    submissions: Counter[Any]
    changes: Counter[Any]
    feeds: list[Any]
    operations: list[Any]
    amazon: str
    fed: int
    """Messages that Amazon worked off: a feed that was sent twice counts twice."""


async def until_done(act: Callable[[], Awaitable[object]]) -> None:
    """Do a job as a worker does: what failed for now is done again."""
    while True:
        try:
            await act()
        except NotReady:
            raise
        except Throttled as error:
            await asyncio.sleep(error.retry_after.total_seconds())
        except Retryable:
            continue
        else:
            return


async def test_a_fifth_of_all_answers_going_wrong_changes_nothing_about_the_end(
    servers: ServerUrls, tmp_path: Path
) -> None:
    with running(tmp_path) as amazon:
        undisturbed = await _sell(servers, amazon, tmp_path)
    with running(tmp_path) as amazon, _troubled(amazon) as begin_trouble:
        disturbed = await _sell(servers, amazon, tmp_path, begin_trouble)

    assert undisturbed.orders, "a story without orders shows nothing"
    assert undisturbed.fed == SIZE
    assert disturbed == undisturbed


@contextmanager
def _troubled(amazon: Amazon) -> Iterator[Callable[[], None]]:
    """The beginning of trouble; at the end it is checked that there was some."""
    rules: list[dict[str, Any]] = [
        *({"operation": name, "kind": kind, "next": 1} for name, kind in LOST.items()),
        *({"operation": "*", "probability": SHARE, **each} for each in TROUBLES),
    ]
    yield lambda: amazon.trouble_all(rules)
    answered: Counter[str] = Counter()
    for each in amazon.status()["requests"].values():
        answered.update(each)
    assert answered["503"]
    assert answered["429"]


async def _sell(
    servers: ServerUrls,
    amazon: Amazon,
    folder: Path,
    begin_trouble: Callable[[], None] = lambda: None,
) -> Ending:
    """Import listings, push prices one by one and by feed, import orders; gives how everything ends."""
    numbers = range(1, SIZE + 1)
    amazon.begin(
        [an_item(number) for number in numbers],
        listed=[on_amazon(f"MUG-{number}", number) for number in numbers],
        orders_per_tick=max(60, SIZE / 20),
        scenarioId="faults",
    )
    await forget_jobs(servers)
    settings = settings_of(amazon, folder).model_copy(update={"amazon_feed_from": NEVER})
    async with open_runtime(settings, servers.mongodb_url, servers.redis_url) as runtime:
        await wipe(runtime)
        shop = await open_shop(runtime, amazon)
        await shop.import_products(
            *(a_mug(number, "20.00", stock=Decimal(9)) for number in numbers)
        )
        begin_trouble()
        await _import_listings(shop)
        await _settle(shop)
        by_feed = settings.model_copy(update={"amazon_feed_from": SIZE})
        feeding = replace(shop, runtime=replace(runtime, settings=by_feed))
        await shop.import_products(
            *(a_mug(number, "21.50", stock=Decimal(9)) for number in numbers)
        )
        await _settle(feeding)
        for frozen in (False, False, True):
            amazon.advance(60, frozen=frozen)  # at last all that happened is shown
            await until_done(shop.import_orders)
        await _settle(shop)
        ending = await _ending(shop)
        await wipe(runtime)
    return ending


async def _import_listings(shop: Shop) -> None:
    for _ in range(5):
        try:
            await until_done(shop.import_listings_once)
        except NotReady:
            shop.amazon.advance(3)
        else:
            return
    raise AssertionError("the report is never made")


async def _settle(shop: Shop) -> None:
    """Decide, send and read back, letting time pass, until nothing is left to do."""
    for _ in range(10):
        await shop.reprice()
        await until_done(shop.push)
        if not await shop.open():
            return
        shop.amazon.advance(30)
        await until_done(shop.push)
        shop.amazon.advance(30)
        await until_done(shop.confirm)
    raise AssertionError("the shop does not come to rest")


async def _ending(shop: Shop) -> Ending:
    scope = shop.scope
    listings = await LISTINGS.find(scope, EVERYTHING)
    orders = await ORDERS.find(scope, EVERYTHING)
    skus = {row.id: row.seller_sku for row in listings}
    status = shop.amazon.status()
    assert len(orders) == status["orders"], "an order is missing or twice"
    fed = [row for row in shop.amazon.journal() if row["operation"] == "JSON_LISTINGS_FEED"]
    return Ending(
        listings={
            row.seller_sku: (
                *(row.asin, row.title, row.product_type, row.status, row.reason, row.price),
                *(row.quantity, row.wanted_price, row.wanted_quantity, row.hold, row.due),
            )
            for row in listings
        },
        products={row.sku: row.stock for row in await PRODUCTS.find(scope, EVERYTHING)},
        orders={row.marketplace_order_id: (row.status, row.lines, row.total) for row in orders},
        submissions=Counter(
            (row.seller_sku, row.kind, row.state, row.price, row.quantity)
            for row in await SUBMISSIONS.find(scope, EVERYTHING)
        ),
        changes=Counter(
            (
                *(skus.get(row.listing_id or ""), (row.order_id or "").partition("/")[2]),
                *(row.kind, row.before, row.after),
            )
            for row in await CHANGES.find(scope, EVERYTHING)
        ),
        feeds=[
            (row.state, row.messages, row.accepted, row.rejected)
            for row in await FEEDS.find(scope, EVERYTHING, sort=Sort("_id"))
        ],
        operations=[
            (row.kind, row.status, row.outcome, row.result, row.errors)
            for row in await OPERATIONS.find(scope, EVERYTHING, sort=Sort("_id"))
        ],
        amazon=status["stateDigest"],
        fed=len(fed),
    )
