"""Where a connector reports its calls, and what a call that did not end well is told as."""

from dataclasses import dataclass
from http import HTTPStatus
from typing import Protocol

from connectors.errors import (
    MarketplaceError,
    Missing,
    Refusal,
    Rejected,
    Retryable,
    Throttled,
    Unauthorized,
    Unavailable,
)
from domain.communication_error import ErrorClass, RetryVerdict

_REFUSED: dict[Refusal | None, ErrorClass] = {
    Refusal.TOKEN: ErrorClass.AUTH_REVOKED,
    Refusal.APPLICATION: ErrorClass.AUTH_APP,
}
_CLASSES = {
    Throttled: ErrorClass.THROTTLED,
    Unavailable: ErrorClass.TRANSIENT,
    Missing: ErrorClass.NOT_FOUND,
    Rejected: ErrorClass.BAD_REQUEST,
}


@dataclass(frozen=True, slots=True)
class Trouble:
    """One call that did not end well, or one answer that brought bad news. Nothing in it is secret or personal."""

    operation: str
    error_class: ErrorClass
    verdict: RetryVerdict
    message: str
    code: str | None = None
    status: int | None = None
    request_id: str | None = None


class Journal(Protocol):
    """Hears of every call of one store. Neither waits nor raises."""

    def count(self, operation: str, milliseconds: int, *, is_throttled: bool = False) -> None:
        """A call was made, whatever came of it."""

    def note(self, trouble: Trouble) -> None:
        """It did not end well."""


class NoJournal:
    """Nobody wants to hear."""

    def count(self, operation: str, milliseconds: int, *, is_throttled: bool = False) -> None:
        """Nothing."""

    def note(self, trouble: Trouble) -> None:
        """Nothing."""


def class_of(error: MarketplaceError) -> ErrorClass:
    """What kind of trouble an error is."""
    if isinstance(error, Unauthorized):
        return _REFUSED.get(error.refusal, ErrorClass.AUTH_ROLE)
    if isinstance(error, Rejected) and error.status == HTTPStatus.CONFLICT:
        return ErrorClass.CONFLICT
    found = (kind for type_, kind in _CLASSES.items() if isinstance(error, type_))
    return next(found, ErrorClass.SCHEMA_DRIFT)


def verdict_of(error: MarketplaceError) -> RetryVerdict:
    """What is done about an error that whoever made the call is told of."""
    if isinstance(error, Retryable):
        return RetryVerdict.PUT_OFF
    if isinstance(error, Unauthorized):
        return RetryVerdict.NEEDS_PERSON
    return RetryVerdict.GIVEN_UP
