"""A feed: many submissions that leave for Amazon in one document, and what became of it."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class FeedState(StrEnum):
    """How far a feed is."""

    PREPARED = "PREPARED"
    """Written down with its submissions; not known to be at Amazon."""
    SENT = "SENT"
    """Amazon has it in its queue or works on it."""
    DONE = "DONE"
    """Amazon said what became of each submission."""
    FAILED = "FAILED"
    """Amazon gave it up; its submissions are sent again."""


@dataclass(frozen=True, slots=True)
class Feed:
    """One feed of a store. While it is not over, nothing else is sent of its SKUs: it would be overwritten."""

    id: str
    merchant_id: str
    store_id: str
    state: FeedState
    created_at: datetime
    messages: int = 0
    """How many submissions it holds; none is added once its document is uploaded."""
    document_id: str | None = None
    """Of the document at Amazon; None until it is uploaded."""
    tried_at: datetime | None = None
    """When sending was begun whose end is not known: Amazon may have the feed already."""
    amazon_feed_id: str | None = None
    is_found: bool = False
    """The feed was found at Amazon after an end that was not known, so that it may be another application's."""
    sent_at: datetime | None = None
    look_at: datetime | None = None
    """No use in asking how far it is before."""
    ended_at: datetime | None = None
    accepted: int = 0
    rejected: int = 0
    problem: str | None = None
    """Why it failed."""
