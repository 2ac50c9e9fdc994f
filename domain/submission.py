"""What leaves for Amazon, written down before it is sent, and what became of it."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from domain.listing import NO_TERMS, Issue, OfferTerms
from domain.money import Money


class SubmissionKind(StrEnum):
    """What is asked of Amazon."""

    LIST = "LIST"
    """Create the offer."""
    CHANGE = "CHANGE"
    """Change an offer that is there."""


class SubmissionState(StrEnum):
    """The true state of a change (users ask: accepted is not live)."""

    PENDING = "PENDING"
    """Written down, not sent."""
    SENT = "SENT"
    """In a feed that Amazon works off; whether it takes it is not known yet."""
    ACCEPTED = "ACCEPTED"
    """Amazon took it; whether it is live is not known yet."""
    LIVE = "LIVE"
    """Read back from Amazon."""
    REJECTED = "REJECTED"
    """Amazon refused it, with issues."""
    SUPERSEDED = "SUPERSEDED"
    """A newer change of the same listing took its place."""


@dataclass(frozen=True, slots=True)
class Submission:
    """One change of one listing on its way to Amazon. The decisions that justify it are always named."""

    id: str
    merchant_id: str
    store_id: str
    listing_id: str
    seller_sku: str
    kind: SubmissionKind
    decision_id: str
    price: Money | None
    quantity: int | None
    state: SubmissionState
    attempts: int
    amazon_submission_id: str | None
    issues: tuple[Issue, ...]
    created_at: datetime
    accepted_at: datetime | None
    settled_at: datetime | None
    price_decision_id: str | None = None
    """The decision that justifies `price` and `terms`; another one where this submission carries unsent ones along."""
    terms: OfferTerms = NO_TERMS
    """What is told beside `price`; nothing without one, so that no half of a decision leaves alone."""
    feed_id: str | None = None
    """The feed in which it left; None where it leaves by itself."""
    message_id: int | None = None
    """Its number in that feed."""
    behind: str | None = None
    """The feed that holds an older change of the same SKU, which must be over before this one is sent."""
