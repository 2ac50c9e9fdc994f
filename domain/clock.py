"""Time as an argument: what the business calls now.

Prices, decisions and orders carry business time, which a simulation may run faster than the wall clock.
Leases, back-off and other machinery use the machine's own time and never this one.
"""

from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """Tells the business time."""

    def now(self) -> datetime:
        """The present moment, in UTC, with whole milliseconds as MongoDB keeps them."""


class SystemClock:
    """The machine's time."""

    def now(self) -> datetime:
        """The present moment in UTC."""
        return truncate(datetime.now(UTC))


class FixedClock:
    """A clock that stands still until it is told to move."""

    def __init__(self, at: datetime) -> None:
        self.at = truncate(at)

    def now(self) -> datetime:
        """The moment at which the clock was set."""
        return self.at


def truncate(at: datetime) -> datetime:
    """Cut to milliseconds, the precision in which moments are stored."""
    return at.replace(microsecond=at.microsecond // 1000 * 1000)


def moment(at: datetime) -> str:
    """RFC 3339 in UTC with milliseconds, such as ``2026-01-31T09:30:00.000Z``; how all that leaves here is written."""
    written = at.isoformat(timespec="milliseconds")
    if not written.endswith("+00:00"):
        written = at.astimezone(UTC).isoformat(timespec="milliseconds")
    return f"{written[:-6]}Z"
