"""The estimate of when Amazon will have answered to all of it."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from domain.feed import Feed, FeedState
from domain.submission import Submission, SubmissionKind, SubmissionState
from services.outbox import Outbox, outbox
from services.settings import Settings
from storage.feeds import FEEDS
from storage.submissions import SUBMISSIONS
from tests.factories import MERCHANT, usd
from tests.services.amazon import Amazon
from tests.services.shop import Shop, settings_of


@pytest.fixture
def settings(amazon: Amazon, tmp_path: Path) -> Settings:
    changes = {"amazon_rate_scale": 1, "amazon_feed_from": 100}
    return settings_of(amazon, tmp_path).model_copy(update=changes)


async def _waiting(shop: Shop, count: int) -> None:
    row = Submission(
        *("", MERCHANT, shop.id, "", "", SubmissionKind.CHANGE, "decision", usd("17.00"), None),
        state=SubmissionState.PENDING,
        attempts=0,
        amazon_submission_id=None,
        issues=(),
        created_at=shop.runtime.clock.now(),
        accepted_at=None,
        settled_at=None,
    )
    rows = [replace(row, id=f"{n}", listing_id=f"{n}", seller_sku=f"{n}") for n in range(count)]
    await SUBMISSIONS.insert(shop.scope, rows)


async def _feed(shop: Shop, messages: int, seconds: float | None, *, ago: float = 0) -> None:
    """A feed that Amazon worked off in so many seconds, or that it has had for a while."""
    now = shop.runtime.clock.now()
    sent_at = now - timedelta(seconds=ago)
    feed = Feed(*(f"{messages}", MERCHANT, shop.id, FeedState.SENT, now, messages), sent_at=sent_at)
    if seconds is not None:
        ended_at = sent_at + timedelta(seconds=seconds)
        feed = replace(feed, state=FeedState.DONE, ended_at=ended_at)
    await FEEDS.insert(shop.scope, [feed])


async def _expected(shop: Shop) -> float:
    """Seconds from now."""
    found: Outbox = await outbox(shop.runtime, shop.scope, shop.id)
    assert found.expected_at is not None
    return (found.expected_at - shop.runtime.clock.now()).total_seconds()


async def test_nothing_on_its_way_is_expected_at_no_time(shop: Shop) -> None:
    assert await outbox(shop.runtime, shop.scope, shop.id) == Outbox(0, 0, 0, None)


async def test_few_take_what_the_rate_of_patches_lets_through(shop: Shop) -> None:
    await _waiting(shop, 95)
    assert await _expected(shop) == 20


async def test_many_take_what_the_last_feeds_took(shop: Shop) -> None:
    await _waiting(shop, 100)
    assert await _expected(shop) == 143  # a guess
    await _feed(shop, 1_000, 300)
    assert await _expected(shop) == pytest.approx(20 + 300 * 123 / 150)  # in the same proportion
    await _feed(shop, 9_000, 1_100)
    assert await _expected(shop) == 20 + 200 + 10  # on the line through both


async def test_feeds_are_worked_off_one_after_the_other(shop: Shop) -> None:
    await _feed(shop, 10_000, 1_000, ago=9_000)
    await _feed(shop, 1_000, 100, ago=9_000)
    await _feed(shop, 2_000, None, ago=50)
    await _feed(shop, 4_000, None, ago=40)
    assert await _expected_after_sending(shop) == 20 + (200 - 50) + 400


async def test_a_feed_that_takes_longer_than_expected_is_expected_soon(shop: Shop) -> None:
    await _feed(shop, 10_000, 1_000, ago=9_000)
    await _feed(shop, 1_000, 100, ago=9_000)
    await _feed(shop, 2_000, None, ago=5_000)
    assert await _expected_after_sending(shop) == 20 + 20


async def _expected_after_sending(shop: Shop) -> float:
    await _waiting(shop, 1)
    await shop.scope.update("submissions", {"_id": "0"}, {"$set": {"state": "SENT"}})
    return await _expected(shop)
