"""The business clock that processes of a simulation share."""

from datetime import UTC, datetime
from pathlib import Path

from domain.clock import Clock, SystemClock


class FileClock:
    """Tells the time that stands in a file as milliseconds since 1970; the simulator writes it."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def now(self) -> datetime:
        """The simulation's present moment in UTC."""
        return datetime.fromtimestamp(int(self._path.read_text()) / 1000, UTC)


def clock_of(path: Path | None) -> Clock:
    """The simulation's clock where there is one, else the machine's."""
    return FileClock(path) if path else SystemClock()
