"""Communication errors: calls to the marketplace that did not end well, grouped; and how many calls there were."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class ErrorClass(StrEnum):
    """What kind of trouble a call met, and thereby who must act."""

    AUTH_REVOKED = "AUTH_REVOKED"
    """The seller's authorisation ended: the seller authorises again."""
    AUTH_APP = "AUTH_APP"
    """The application's id or secret is refused: its operator renews them."""
    AUTH_ROLE = "AUTH_ROLE"
    """The credentials are good, but not for this: a role, the region, the account or the queue's policy."""
    THROTTLED = "THROTTLED"
    """Over the quota: nobody."""
    TRANSIENT = "TRANSIENT"
    """No usable answer came: nobody, unless it stays so."""
    BAD_REQUEST = "BAD_REQUEST"
    """The request is refused for what is in it: a developer, or whoever gave us what is in it."""
    NOT_FOUND = "NOT_FOUND"
    """What was asked for is not there, where it should be."""
    CONFLICT = "CONFLICT"
    """The request collides with what is there."""
    LISTING_ISSUE = "LISTING_ISSUE"
    """A change of a listing is refused; the listing's issues tell more."""
    FEED_MESSAGE = "FEED_MESSAGE"
    """A message of a feed is refused; the listing's issues tell more."""
    FEED_FATAL = "FEED_FATAL"
    """A feed was given up."""
    REPORT_FATAL = "REPORT_FATAL"
    """A report was given up."""
    CANCELLED = "CANCELLED"
    """A feed or a report was taken back."""
    SCHEMA_DRIFT = "SCHEMA_DRIFT"
    """The answer is not as documented: our reading of it must change."""


class RetryVerdict(StrEnum):
    """What is done about a call that did not end well."""

    RETRIED = "RETRIED"
    """It was sent again."""
    PUT_OFF = "PUT_OFF"
    """The work that it belongs to comes back for it."""
    GIVEN_UP = "GIVEN_UP"
    """It would be refused again."""
    NEEDS_PERSON = "NEEDS_PERSON"
    """A person must act before it can succeed."""


@dataclass(frozen=True, slots=True)
class CommunicationError:
    """All calls of one operation in one store that met one kind of trouble with one code.

    Holds nothing of what was in requests or answers but words that are known to be harmless.
    """

    id: str
    merchant_id: str
    store_id: str
    operation: str
    """Name of the operation in Amazon's models; ``lwa.``, ``sqs.`` and ``document.`` begin those of other services."""
    error_class: ErrorClass
    code: str | None
    """The marketplace's own word for it; None where it has none."""
    message: str
    """The last one's, with ``…`` for every word that is not known to be harmless."""
    verdict: RetryVerdict
    """What was done about the last one."""
    status: int | None
    """HTTP status of the last answer; None where none came."""
    request_ids: tuple[str, ...]
    """Of the last few, newest last: what Amazon's support asks for."""
    count: int
    first_seen_at: datetime
    last_seen_at: datetime
    expires_at: datetime
    """By the machine's clock."""


@dataclass(frozen=True, slots=True)
class CallCount:
    """How often an operation was called in a store in one hour, whatever came of it."""

    id: str
    merchant_id: str
    store_id: str
    operation: str
    hour: datetime
    count: int
    throttled: int
    """Of these, refused for the quota."""
    total_milliseconds: int
    slowest_milliseconds: int
    expires_at: datetime
    """By the machine's clock."""

    @property
    def mean_milliseconds(self) -> int:
        """How long a call took on average."""
        return self.total_milliseconds // self.count


def error_id(store_id: str, operation: str, error_class: ErrorClass, code: str | None) -> str:
    """The id of a group; the same trouble has the same."""
    return f"{store_id}/{operation}/{error_class.value}/{code or '-'}"
