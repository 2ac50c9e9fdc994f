"""When rules run together: moments in the store's own time at which several schedules allow it."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date, datetime, time
from functools import lru_cache

from rules.schedule import Schedule

ANY_DAY = date(2026, 1, 5)
"""A Monday, where nothing says which day to take."""

_MIDNIGHT, _NOON = time(0), time(12)
_DAYS = 8
"""A week, and the morning after a night that began in it."""


def meeting(schedules: Sequence[Schedule], since: date | None = None) -> datetime | None:
    """A moment from a day on at which all of them run; None where there is none.

    Within its dates a schedule repeats every week, and stretches in which several run begin where one of
    theirs does, so a week of such moments shows all there is to see.
    """
    first = max((each.starts for each in schedules if each.starts), default=None)
    last = min((each.ends for each in schedules if each.ends), default=None)
    if since is not None:
        first = max(first or since, since)
    if first is None:
        first = ANY_DAY if last is None else _shifted(last, 1 - _DAYS)
    for moment in _moments(first, last, schedules):
        if all(each.obstacle(moment) is None for each in schedules):
            return moment
    return None


@lru_cache(maxsize=4096)
def covers(wide: Schedule, narrow: Schedule, since: date | None = None) -> bool:
    """Whether from a day on one runs whenever the other does. False may also mean that it is not sure."""
    starts = max(filter(None, (narrow.starts, since)), default=None)
    if wide.starts and (starts is None or starts < wide.starts):
        return False
    if wide.ends and (narrow.ends is None or narrow.ends > wide.ends):
        return False
    always_wide = replace(wide, starts=None, ends=None)
    always_narrow = replace(narrow, starts=None, ends=None)
    return all(
        always_wide.obstacle(moment) is None or always_narrow.obstacle(moment) is not None
        for moment in _moments(ANY_DAY, None, (wide, narrow))
    )


def _moments(first: date, last: date | None, schedules: Sequence[Schedule]) -> Iterator[datetime]:
    hours = [each.hours for each in schedules if each.hours is not None]
    turns = {_MIDNIGHT, *(each.start for each in hours), *(each.end for each in hours)}
    for count in range(_DAYS):
        day = _shifted(first, count)
        if last is None or day <= last:
            for turn in (_NOON, *sorted(turns)):
                yield datetime.combine(day, turn)


def _shifted(day: date, days: int) -> date:
    ordinal = min(max(day.toordinal() + days, 1), date.max.toordinal())
    return date.fromordinal(ordinal)
