"""When rules run: days, weekdays and hours of the store's own time, and when that changes next."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.schedule import Hours, Schedule, Weekday
from tests.rules.given import a_store, decided, usd

BERLIN = ZoneInfo("Europe/Berlin")
NIGHT = Schedule(weekdays=(Weekday.FRIDAY,), hours=Hours(time(22), time(6)))
DAY = Schedule(hours=Hours(time(8), time(18)))


def runs(schedule: Schedule, moment: str) -> bool:
    return schedule.obstacle(datetime.fromisoformat(moment)) is None


@pytest.mark.parametrize(
    ("schedule", "moment", "expected"),
    [
        (DAY, "2026-06-01 07:59", False),
        (DAY, "2026-06-01 08:00", True),
        (DAY, "2026-06-01 17:59:59", True),
        (DAY, "2026-06-01 18:00", False),
        (NIGHT, "2026-06-05 21:59", False),  # a Friday
        (NIGHT, "2026-06-05 22:00", True),
        (NIGHT, "2026-06-06 05:59", True),
        (NIGHT, "2026-06-06 06:00", False),
        (NIGHT, "2026-06-06 23:00", False),
        (NIGHT, "2026-06-05 03:00", False),
        (Schedule(weekdays=(Weekday.SUNDAY,)), "2026-06-07 12:00", True),
        (Schedule(weekdays=(Weekday.SUNDAY,)), "2026-06-08 00:00", False),
        (
            Schedule(ends=date(2026, 6, 5), hours=Hours(time(22), time(6))),
            "2026-06-06 01:00",
            False,
        ),
    ],
)
def test_a_rule_runs_in_its_time(schedule: Schedule, moment: str, *, expected: bool) -> None:
    assert runs(schedule, moment) is expected


def test_the_time_is_that_of_the_store() -> None:
    rules = "kind: pricing\nname: x\nrules:\n  - {key: r, type: standard, adjust: {decrease: 10%}, hours: 08:00-09:00}\n"
    now = datetime(2026, 6, 1, 6, 30, tzinfo=UTC)
    inside = decided(rules, store=a_store(time_zone="Europe/Berlin"), now=now)
    outside = decided(rules, now=now)
    assert inside.price_after == usd("90.00")
    assert outside.price_after == usd("100.00")
    assert outside.rules[0].note == "It runs from 08:00 to 09:00 only"
    assert outside.decide_again_at == datetime(2026, 6, 1, 8, tzinfo=UTC)


def test_the_next_turn_is_told() -> None:
    now = datetime(2026, 6, 1, 12, tzinfo=UTC)
    assert Schedule().next_turn(now, BERLIN) is None
    assert Schedule(ends=date(2026, 5, 1)).next_turn(now, BERLIN) is None
    assert DAY.next_turn(now, BERLIN) == datetime(2026, 6, 1, 16, tzinfo=UTC)
    assert NIGHT.next_turn(now, BERLIN) == datetime(2026, 6, 5, 20, tzinfo=UTC)
    starts = Schedule(starts=date(2026, 12, 1), weekdays=(Weekday.MONDAY,))
    assert starts.next_turn(now, BERLIN) == datetime(2026, 12, 6, 23, tzinfo=UTC)
    last = Schedule(ends=date(2026, 6, 1))
    assert last.next_turn(now, BERLIN) == datetime(2026, 6, 1, 22, tzinfo=UTC)
    forever = Schedule(starts=date(9999, 12, 31))
    assert forever.next_turn(now, BERLIN) is None


_times = st.builds(time, st.integers(0, 23), st.sampled_from([0, 30]))
_days = st.dates(date(2026, 3, 1), date(2026, 4, 30))
_schedules = st.builds(
    Schedule,
    st.none() | _days,
    st.none() | _days,
    st.lists(st.sampled_from(Weekday), unique=True, max_size=3).map(tuple),
    st.none() | st.builds(Hours, _times, _times).filter(lambda hours: hours.start != hours.end),
)
_moments = st.datetimes(datetime(2026, 3, 1), datetime(2026, 4, 30), timezones=st.just(UTC))  # noqa: DTZ001 - the zone is set beside


@given(_schedules, _moments)
def test_nothing_changes_before_the_next_turn(schedule: Schedule, now: datetime) -> None:
    turn = schedule.next_turn(now, BERLIN)
    runs_now = schedule.obstacle(now.astimezone(BERLIN)) is None
    for hours in range(1, 24 * 8):
        later = now + timedelta(hours=hours)
        if turn is not None and later >= turn:
            break
        assert (schedule.obstacle(later.astimezone(BERLIN)) is None) is runs_now
    if turn is not None:
        assert turn > now
        assert (schedule.obstacle(turn.astimezone(BERLIN)) is None) is not runs_now
