"""Many changes at once: they leave in a feed, one writer a SKU, nothing twice and nothing forgotten."""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from connectors.errors import MarketplaceError, Rejected, Throttled, Unauthorized, Unavailable
from connectors.port import OfferPatch, Task, TaskState
from domain.feed import Feed, FeedState
from domain.submission import SubmissionState
from embedded.servers import ServerUrls
from services.settings import Settings
from storage import feeds as feed_rows
from storage.feeds import FEEDS
from storage.filters import EVERYTHING, Is
from storage.keyset import Sort
from storage.submissions import SUBMISSIONS
from tests.factories import MERCHANT, usd
from tests.services.amazon import Amazon, an_item
from tests.services.shop import Shop, a_mug, forget_jobs, queued, settings_of
from tests.services.trouble import Killed, killed_after, with_connector

PENDING, SENT, ACCEPTED, LIVE, REJECTED, SUPERSEDED = (
    SubmissionState.PENDING,
    SubmissionState.SENT,
    SubmissionState.ACCEPTED,
    SubmissionState.LIVE,
    SubmissionState.REJECTED,
    SubmissionState.SUPERSEDED,
)
MUGS = range(1, 6)


@pytest.fixture
def settings(amazon: Amazon, tmp_path: Path) -> Settings:
    """Four changes are many."""
    return settings_of(amazon, tmp_path).model_copy(update={"amazon_feed_from": 4})


@pytest.fixture
async def selling(shop: Shop) -> Shop:
    """Five mugs on sale at 20.00."""
    await shop.put_on_sale(*(a_mug(number) for number in MUGS))
    return shop


async def reprice(shop: Shop, price: str, *numbers: int, **changes: Any) -> None:
    """New prices that are decided and not sent."""
    await shop.import_products(
        *(a_mug(number, price=price, **changes) for number in numbers or MUGS)
    )
    await shop.reprice()


async def feeds(shop: Shop) -> list[Feed]:
    return await FEEDS.find(shop.scope, EVERYTHING, sort=Sort("_id"))


async def newest(shop: Shop) -> set[SubmissionState]:
    return {(await shop.states(f"MUG-{number}"))[-1] for number in MUGS}


async def let_amazon_work(shop: Shop) -> None:
    shop.amazon.advance(5)
    await shop.push()


def fed(amazon: Amazon) -> list[tuple[str, str | None]]:
    """SKUs and prices that came by feed, in order."""
    return [
        (entry["sellerSku"], entry["price"])
        for entry in amazon.journal()
        if entry["operation"] == "JSON_LISTINGS_FEED"
    ]


def patched(amazon: Amazon) -> list[tuple[str, str | None]]:
    return [
        (entry["sellerSku"], entry["price"])
        for entry in amazon.journal()
        if entry["operation"] == "patchListingsItem"
    ]


async def test_many_changes_leave_in_one_feed_and_become_live(selling: Shop) -> None:
    shop = selling
    await reprice(shop, "21.00")
    await shop.push()

    (feed,) = await feeds(shop)
    assert (feed.state, feed.messages) == (FeedState.SENT, 5)
    assert await newest(shop) == {SENT}
    rows = await SUBMISSIONS.find(shop.scope, Is("feed_id", "eq", feed.id), sort=Sort("_id"))
    assert [row.message_id for row in rows] == [1, 2, 3, 4, 5]
    assert fed(shop.amazon) == []

    await let_amazon_work(shop)
    (feed,) = await feeds(shop)
    assert (feed.state, feed.accepted, feed.rejected) == (FeedState.DONE, 5, 0)
    assert await newest(shop) == {ACCEPTED}

    shop.amazon.advance(30)
    await shop.confirm()
    assert await newest(shop) == {LIVE}
    assert {row.price for row in (await shop.listings()).values()} == {usd("21.00")}
    assert sorted(fed(shop.amazon)) == [(f"MUG-{number}", "21.00") for number in MUGS]
    assert patched(shop.amazon) == []


async def test_few_changes_leave_one_by_one(selling: Shop) -> None:
    await reprice(selling, "21.00", 1, 2, 3)
    await selling.push()
    assert len(patched(selling.amazon)) == 3
    assert await feeds(selling) == []


async def test_what_is_sold_out_does_not_wait_for_a_feed(selling: Shop) -> None:
    await reprice(selling, "21.00", 1, 2, 3, 4)
    await reprice(selling, "21.00", 5, stock=Decimal(0))
    await selling.push()
    assert selling.amazon.written("MUG-5")[-1] == ("21.00", 0)
    assert [feed.messages for feed in await feeds(selling)] == [4]


async def test_first_offers_leave_one_by_one(shop: Shop) -> None:
    await shop.import_products(*(a_mug(number) for number in MUGS))
    await shop.match()
    await shop.reprice()
    await shop.push()
    assert {entry["operation"] for entry in shop.amazon.journal()} == {"putListingsItem"}
    assert await feeds(shop) == []


async def test_what_amazon_refuses_in_a_feed_is_told_in_its_own_words(selling: Shop) -> None:
    shop = selling
    await reprice(shop, "21.00")
    await shop.scope.update(
        "submissions",
        {"seller_sku": "MUG-3", "state": "PENDING"},
        {"$set": {"price": {"minor": 0, "currency": "USD"}}},
    )
    await shop.push()
    await let_amazon_work(shop)

    assert (await shop.states("MUG-3"))[-1] is REJECTED
    listing = await shop.listing("MUG-3")
    assert [issue.message for issue in listing.issues] == ["The price must be above 0."]
    assert (await shop.changes("MUG-3"))[-1].after == "REJECTED: The price must be above 0."
    (feed,) = await feeds(shop)
    assert (feed.accepted, feed.rejected) == (4, 1)
    assert (await shop.states("MUG-1"))[-1] is ACCEPTED


async def test_nothing_else_is_sent_of_a_sku_that_is_in_a_feed(selling: Shop) -> None:
    shop = selling
    await reprice(shop, "21.00")
    await shop.push()
    await reprice(shop, "22.00", 1)
    await reprice(shop, "23.00", 1)
    await shop.push()
    assert (await shop.states())[1:] == [SENT, SUPERSEDED, PENDING]
    assert patched(shop.amazon) == []

    await let_amazon_work(shop)
    assert fed(shop.amazon) != []
    assert patched(shop.amazon) == [("MUG-1", "23.00")]
    shop.amazon.advance(30)
    await shop.confirm()
    assert (await shop.listing()).price == usd("23.00")
    assert (await shop.states())[1:] == [SUPERSEDED, SUPERSEDED, LIVE]


async def test_more_changes_leave_in_a_second_feed_while_the_first_is_worked_off(
    selling: Shop,
) -> None:
    shop = selling
    await reprice(shop, "21.00", 1, 2, 3, 4)
    await shop.push()
    await reprice(shop, "22.00", 1, 2, 3, 4)
    await reprice(shop, "21.00", 5)
    await shop.push()
    assert patched(shop.amazon) == [("MUG-5", "21.00")]
    await let_amazon_work(shop)
    assert [feed.state for feed in await feeds(shop)] == [FeedState.DONE, FeedState.SENT]
    await let_amazon_work(shop)
    shop.amazon.advance(30)
    await shop.confirm()
    assert {row.price for row in (await shop.listings()).values()} == {usd("21.00"), usd("22.00")}
    assert await newest(shop) == {LIVE}


async def test_a_feed_that_amazon_gives_up_is_sent_again_one_by_one(selling: Shop) -> None:
    shop = selling
    await reprice(shop, "21.00")
    await shop.push()
    await reprice(shop, "22.00", 1)

    def gives_up(inner: Any) -> Callable[..., Any]:
        async def feed(feed_id: str) -> Task:
            return Task((await inner.feed(feed_id)).id, TaskState.FAILED, None)

        return feed

    shop.amazon.advance(5)
    await with_connector(shop, feed=gives_up).push()

    (feed,) = await feeds(shop)
    assert (feed.state, feed.problem) == (FeedState.FAILED, "Amazon ended the feed as FAILED.")
    assert await newest(shop) == {ACCEPTED}
    assert sorted(patched(shop.amazon)) == [
        ("MUG-1", "22.00"),
        *((f"MUG-{number}", "21.00") for number in (2, 3, 4, 5)),
    ]
    await reprice(shop, "24.00")
    await shop.push()
    assert len(await feeds(shop)) == 1  # for an hour


async def test_what_comes_back_of_a_feed_leaves_with_the_newer_change(selling: Shop) -> None:
    shop = selling
    await reprice(shop, "21.00")
    await shop.push()
    await shop.import_products(a_mug(1, price="21.00", stock=Decimal(7)))
    await shop.reprice()

    def unknown(_: Any) -> Callable[..., Any]:
        async def feed(_: str) -> Task:
            return Task("x", TaskState.CANCELLED, None)

        return feed

    shop.amazon.advance(5)
    await with_connector(shop, feed=unknown).push()

    assert (await shop.states())[1:] == [SUPERSEDED, ACCEPTED]
    assert shop.amazon.written("MUG-1")[-1] == ("21.00", 7)


async def _push_on(shop: Shop) -> None:
    for _ in range(3):
        await shop.push()
        shop.amazon.advance(5)


KILLS = ("upload_feed", "send_feed", "feed", "read_feed_report")


@pytest.mark.parametrize("method", KILLS)
async def test_a_process_that_dies_with_a_feed_in_hand_loses_and_doubles_nothing(
    selling: Shop, method: str
) -> None:
    shop = selling
    await reprice(shop, "21.00")
    killed = with_connector(shop, **killed_after(method))
    with pytest.raises(Killed):
        await _push_on(killed)

    await shop.push()
    await let_amazon_work(shop)
    shop.amazon.advance(30)
    await shop.confirm()

    assert await newest(shop) == {LIVE}
    assert [feed.state for feed in await feeds(shop)] == [FeedState.DONE]
    assert len(fed(shop.amazon)) == 5
    assert patched(shop.amazon) == []


@pytest.mark.parametrize("kind", ["503", "empty"])
async def test_a_feed_whose_answer_is_lost_is_found_again_or_sent(selling: Shop, kind: str) -> None:
    shop = selling
    await reprice(shop, "21.00")
    shop.amazon.trouble("createFeed", kind, 1)
    with pytest.raises(Unavailable):
        await shop.push()
    await shop.push()
    await let_amazon_work(shop)
    await let_amazon_work(shop)

    (feed,) = await feeds(shop)
    assert (feed.state, feed.is_found) == (FeedState.DONE, kind == "empty")
    assert len(fed(shop.amazon)) == 5


@pytest.mark.parametrize(
    ("operation", "kind"),
    [
        ("createFeedDocument", "empty"),
        ("uploadDocument", "reset"),
        ("getFeed", "503"),
        ("getFeedDocument", "429"),
        ("downloadDocument", "empty"),
    ],
)
async def test_trouble_on_the_way_does_not_show(selling: Shop, operation: str, kind: str) -> None:
    shop = selling
    await reprice(shop, "21.00")
    shop.amazon.trouble(operation, kind, 2)
    await shop.push()
    await let_amazon_work(shop)
    assert await newest(shop) == {ACCEPTED}
    assert len(fed(shop.amazon)) == 5


def failing(method: str, error: Exception) -> dict[str, Callable[[Any], Any]]:
    def replacement(_: Any) -> Callable[..., Any]:
        async def fail(*_: Any) -> None:
            raise error

        return fail

    return {method: replacement}


async def test_a_feed_that_finds_no_turn_keeps_its_place_and_urgent_ones_go_on(
    selling: Shop,
) -> None:
    shop = selling
    await reprice(shop, "21.00", 1, 2, 3, 4)
    slow = Throttled("slow", operation="createFeed", retry_after=timedelta(seconds=30))
    throttled = with_connector(shop, **failing("send_feed", slow))
    with pytest.raises(Throttled):
        await throttled.push()
    await reprice(shop, "21.00", 5, stock=Decimal(0))
    with pytest.raises(Throttled):
        await throttled.push()
    assert [sku for sku, _ in patched(shop.amazon)] == ["MUG-5"]
    (feed,) = await feeds(shop)
    assert (feed.state, feed.tried_at) == (FeedState.PREPARED, None)

    await shop.push()
    assert shop.amazon.calls("getFeeds") == 0  # it cannot have arrived
    assert [feed.state for feed in await feeds(shop)] == [FeedState.SENT]


@pytest.mark.parametrize(
    "error",
    [
        Rejected("No such document.", operation="createFeed", code="InvalidInput"),
        Unauthorized("A role is missing.", operation="createFeed"),
    ],
)
async def test_where_feeds_are_refused_changes_leave_one_by_one(
    selling: Shop, error: MarketplaceError
) -> None:
    shop = selling
    await reprice(shop, "21.00")
    refused = with_connector(shop, **failing("send_feed", error))
    try:
        await refused.push()
    except Unauthorized:
        await refused.push()
    assert len(patched(shop.amazon)) == 5
    assert [feed.state for feed in await feeds(shop)] == [FeedState.FAILED]


@pytest.mark.parametrize("skus", [["MUG-1"], [f"THEIRS-{number}" for number in MUGS]])
async def test_a_foreign_feed_is_not_taken_for_ours(selling: Shop, skus: list[str]) -> None:
    shop = selling
    connector = await shop.runtime.connections.of(await shop.store())
    await reprice(shop, "21.00")
    away = Unavailable("away", operation="createFeed")
    with pytest.raises(Unavailable):
        await with_connector(shop, **failing("send_feed", away)).push()
    theirs = [OfferPatch(sku, "DRINKING_CUP", usd("19.00"), None) for sku in skus]
    await connector.send_feed(await connector.upload_feed(theirs))

    await shop.push()
    await let_amazon_work(shop)

    (feed,) = await feeds(shop)
    assert (feed.state, feed.is_found) == (FeedState.FAILED, True)
    assert len(patched(shop.amazon)) == 5


async def test_a_listing_of_amazon_that_is_gone_is_told_of(selling: Shop, amazon: Amazon) -> None:
    shop = selling
    await reprice(shop, "21.00")
    amazon.begin([an_item(number) for number in MUGS])
    await shop.push()
    await let_amazon_work(shop)
    assert await newest(shop) == {REJECTED}
    assert (await shop.listing()).issues[0].message == "This SKU does not exist."


async def test_who_waits_for_a_feed_is_woken_when_amazon_tells_of_its_end(
    selling: Shop, servers: ServerUrls
) -> None:
    shop = selling
    await reprice(shop, "21.00")
    await shop.push()
    (feed,) = await feeds(shop)
    await look_tomorrow(shop, feed)
    await forget_jobs(servers)
    shop.amazon.advance(5)
    await shop.push()
    assert (await feeds(shop))[0].state is FeedState.SENT

    assert await shop.receive() > 0

    assert ("push", (MERCHANT, shop.id, None)) in await queued(servers)
    await shop.push()
    assert (await feeds(shop))[0].state is FeedState.DONE
    await forget_jobs(servers)
    assert await shop.receive() == 0
    assert await queued(servers) == []


async def look_tomorrow(shop: Shop, feed: Feed) -> None:
    """Have the store look at a feed tomorrow only."""
    later = shop.runtime.clock.now() + timedelta(days=1)
    await feed_rows.change(shop.scope, feed, look_at=later)
