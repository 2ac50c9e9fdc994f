"""What a store has on its way to Amazon, and when it will have got there, as far as can be told."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from domain.feed import Feed
from domain.submission import SubmissionState
from services.runtime import Runtime
from storage import feeds, submissions
from storage.mongo import Scope

_PATCHES_A_SECOND = 4.75
"""At Amazon's documented rate, of which a little is left unused."""
_MOST_IN_A_FEED = 25_000
_START, _A_MESSAGE = 120.0, 0.03
"""Seconds that a feed takes, and each message in it, before anything is known of Amazon's present pace."""
_ENOUGH = 5_000
"""Messages between two feeds that tell what a message takes; below that, chance decides."""
_LOOKED_AT = timedelta(seconds=20)
"""How much later than it is over we come to know of it."""


@dataclass(frozen=True, slots=True)
class Outbox:
    """Changes by where they are."""

    waiting: int
    """Written down, not sent."""
    sent: int
    """In feeds that Amazon works off."""
    accepted: int
    """Taken by Amazon, not read back yet."""
    expected_at: datetime | None
    """When Amazon will have answered to all of it; None where nothing waits for that."""


async def outbox(runtime: Runtime, scope: Scope, store_id: str) -> Outbox:
    """What is on its way, now."""
    counts = {
        state: await submissions.count_all(scope, store_id, state)
        for state in (SubmissionState.PENDING, SubmissionState.SENT, SubmissionState.ACCEPTED)
    }
    waiting, sent = counts[SubmissionState.PENDING], counts[SubmissionState.SENT]
    expected_at = None
    if waiting or sent:
        expected_at = await _expected_at(runtime, scope, store_id, waiting)
    return Outbox(waiting, sent, counts[SubmissionState.ACCEPTED], expected_at)


async def _expected_at(runtime: Runtime, scope: Scope, store_id: str, waiting: int) -> datetime:
    now, settings = runtime.clock.now(), runtime.settings
    pace = _pace(await feeds.last_done(scope, store_id))
    over = now
    for feed in await feeds.unfinished(scope, store_id):
        # Amazon works them off one after the other.
        begun = max(over, feed.sent_at or now) if over > now else feed.sent_at or now
        takes = _takes(pace, feed.messages)
        over = max(begun + takes, now + takes / 10)
    if waiting < settings.amazon_feed_from:
        alone = timedelta(seconds=waiting / _PATCHES_A_SECOND / settings.amazon_rate_scale)
        return max(over + _LOOKED_AT if over > now else over, now + alone)
    while waiting > 0:
        over += _takes(pace, min(waiting, _MOST_IN_A_FEED))
        waiting -= _MOST_IN_A_FEED
    return over + _LOOKED_AT


def _pace(done: list[Feed]) -> tuple[float, float]:
    """Seconds that a feed takes, and each message in it, out of the last ones.

    Where these differ enough it is the line through the smallest and the largest, else the guess in proportion.
    """
    measured = sorted(
        (feed.messages, (feed.ended_at - feed.sent_at).total_seconds())
        for feed in done
        if feed.messages and feed.ended_at and feed.sent_at
    )
    if not measured:
        return _START, _A_MESSAGE
    (few, short), (many, long) = measured[0], measured[-1]
    if many - few >= _ENOUGH:
        slope = max(0.0, (long - short) / (many - few))
        return max(0.0, long - slope * many), slope
    slower = long / (_START + _A_MESSAGE * many)
    return _START * slower, _A_MESSAGE * slower


def _takes(pace: tuple[float, float], messages: int) -> timedelta:
    start, each = pace
    return timedelta(seconds=start + each * messages)
