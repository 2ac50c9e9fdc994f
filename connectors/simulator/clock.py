"""Simulated time: whole milliseconds since 1970, written as Amazon writes moments."""

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

SECOND = 1_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def to_ms(at: datetime) -> int:
    """Epoch milliseconds of an aware datetime."""
    return (at - _EPOCH) // timedelta(milliseconds=1)


def iso(ms: int) -> str:
    """RFC 3339 in UTC with milliseconds, as Amazon answers."""
    at = _EPOCH + timedelta(milliseconds=ms)
    return at.strftime("%Y-%m-%dT%H:%M:%S") + f".{ms % SECOND:03d}Z"


def http_date(ms: int) -> str:
    """The form of HTTP's Date header."""
    return (_EPOCH + timedelta(milliseconds=ms)).strftime("%a, %d %b %Y %H:%M:%S GMT")


def parse_iso(text: str) -> int:
    """Epoch milliseconds of an ISO 8601 moment.

    Raises:
        ValueError: not a moment, or one without an offset from UTC.
    """
    at = datetime.fromisoformat(text)
    if at.tzinfo is None:
        raise ValueError(f"{text!r} has no offset from UTC")
    return to_ms(at)


def write_atomically(path: Path, content: bytes) -> None:
    """Replace a file so that a reader sees the old content or the new one, never a part."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f"{path.name}.{os.getpid()}.new")
    draft.write_bytes(content)
    draft.replace(path)
