"""Reads when a rule runs."""

import re
from datetime import time
from functools import partial

from rules.reader import At, Wrong, choice, day, text
from rules.schedule import Hours, Schedule, Weekday

SCHEDULE_FIELDS = ("from", "to", "weekdays", "hours")
HOURS = re.compile(r"([01]\d|2[0-3]):([0-5]\d)-([01]\d|2[0-3]):([0-5]\d)", re.ASCII)


def read_schedule(fields: dict[str, At]) -> Schedule:
    """Dates, weekdays and hours of a rule; what is wrong is noted."""
    starts = fields["from"].attempt(day) if "from" in fields else None
    ends = fields["to"].attempt(day) if "to" in fields else None
    if starts and ends and ends < starts:
        fields["to"].report(f"The rule ends before it starts on {starts}")
    weekdays = fields["weekdays"].attempt(_weekdays) if "weekdays" in fields else None
    hours = fields["hours"].attempt(_hours) if "hours" in fields else None
    return Schedule(starts, ends, weekdays or (), hours)


def _weekdays(at: At) -> tuple[Weekday, ...]:
    items = at.items("`weekdays`")
    if not items:
        raise Wrong(at, "Name a day, such as [sat, sun]; leave the key out for all of them")
    found: dict[Weekday, None] = {}
    for item in items:
        weekday = item.attempt(partial(choice, choices=Weekday))
        if weekday in found:
            item.report(f"{weekday} is named twice; remove one")
        if weekday is not None:
            found[weekday] = None
    return tuple(each for each in Weekday if each in found)


def _hours(at: At) -> Hours:
    written = text(at)
    found = HOURS.fullmatch(written)
    if found is None:
        raise Wrong(at, f"Expected hours such as 08:00-18:00, not {written!r}")
    start, end = time(int(found[1]), int(found[2])), time(int(found[3]), int(found[4]))
    if start == end:
        raise Wrong(at, "These hours end where they start; leave the key out for the whole day")
    return Hours(start, end)
