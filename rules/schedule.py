"""When a rule runs: dates, weekdays and hours, all in the store's own time."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from functools import lru_cache
from zoneinfo import ZoneInfo


class Weekday(StrEnum):
    """Days of the week, in the order of `datetime.weekday`."""

    MONDAY = "mon"
    TUESDAY = "tue"
    WEDNESDAY = "wed"
    THURSDAY = "thu"
    FRIDAY = "fri"
    SATURDAY = "sat"
    SUNDAY = "sun"


_DAYS = tuple(Weekday)
_ONE_DAY = timedelta(days=1)
_NEVER = date(9000, 1, 1)


@dataclass(frozen=True, slots=True)
class Hours:
    """A stretch of the day, its end excluded. One that ends before it starts goes on over midnight."""

    start: time
    end: time

    def __str__(self) -> str:
        return f"{self.start:%H:%M} to {self.end:%H:%M}"


@dataclass(frozen=True, slots=True)
class Schedule:
    """Dates, weekdays and hours of a rule. A night belongs to the weekday on which it starts."""

    starts: date | None = None
    """First day."""
    ends: date | None = None
    """Last day, inclusive."""
    weekdays: tuple[Weekday, ...] = ()
    """None named means all."""
    hours: Hours | None = None

    def obstacle(self, local: datetime) -> str | None:
        """Why a rule does not run at a moment of the store's time; None where it does."""
        today = local.date()
        if self.starts and today < self.starts:
            return f"It starts on {self.starts}"
        if self.ends and today > self.ends:
            return f"It ended on {self.ends}"
        day = today
        if self.hours is not None:
            is_night = self.hours.end <= self.hours.start
            now = local.time()
            is_morning = is_night and now < self.hours.end
            if not is_morning and (
                now < self.hours.start or (not is_night and now >= self.hours.end)
            ):
                return f"It runs from {self.hours} only"
            day = today - _ONE_DAY if is_morning else today
        if self.weekdays and _DAYS[day.weekday()] not in self.weekdays:
            return f"It runs on {', '.join(each.name.capitalize() for each in self.weekdays)} only"
        return None

    def next_turn(self, now: datetime, zone: ZoneInfo) -> datetime | None:
        """The next moment at which it begins or ceases to run; None where time changes nothing any more."""
        if self == ALWAYS:
            return None
        local = now.astimezone(zone)
        runs = self.obstacle(local) is None
        for moment in _edges(self, local.date(), zone):
            if moment > now and (self.obstacle(moment.astimezone(zone)) is None) is not runs:
                return moment
        return None


ALWAYS = Schedule()


@lru_cache(maxsize=1024)
def _edges(schedule: Schedule, today: date, zone: ZoneInfo) -> tuple[datetime, ...]:
    """Moments at which it can change: those of the coming week, and of its dates."""
    days = _days_from(today - _ONE_DAY, 10)
    if schedule.starts:
        days |= _days_from(schedule.starts, 9)
    if schedule.ends:
        days |= _days_from(schedule.ends, 2)
    times = {time(0)}
    if schedule.hours:
        times |= {schedule.hours.start, schedule.hours.end}
    found = {datetime.combine(day, at, zone).astimezone(UTC) for day in days for at in times}
    return tuple(sorted(found))


def _days_from(first: date, count: int) -> set[date]:
    """Some days in a row; none where they come so late that they are meant as never."""
    if first > _NEVER:
        return set()
    return {first + timedelta(days=each) for each in range(count)}
