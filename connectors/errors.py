"""What can go wrong between us and a marketplace, and whether trying again can help.

MarketplaceError
├── Unauthorized      the credentials are refused: a person must act
├── Rejected          the request is refused: the same request will be refused again
│   └── Missing         what was asked for is not there
├── Unreadable        the answer is not as documented: our reading of it must change
└── Retryable         nothing is wrong with the request
    ├── Throttled       over the quota; says when to come back
    │   ├── NotReady      no quota, but what was asked for is still being made
    │   └── NoTurn        by our own count; nothing was asked
    └── Unavailable     network, 5xx, or an answer that is none
"""

from datetime import timedelta
from enum import StrEnum


class MarketplaceError(Exception):
    """A call that did not end well.

    `request_id` is what Amazon's support asks for, `status` the answer's, `code` the marketplace's word for the error;
    each is None where there is none.
    """

    def __init__(
        self,
        message: str,
        *,
        operation: str,
        request_id: str | None = None,
        status: int | None = None,
        code: str | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.operation = operation
        self.request_id = request_id
        self.status = status
        self.code = code


class Refusal(StrEnum):
    """Which part of an authorisation is refused, and thereby who must act."""

    APPLICATION = "APPLICATION"
    """The application's id or secret: its operator renews them."""
    TOKEN = "TOKEN"  # noqa: S105
    """The seller's authorisation ended: the seller authorises again."""
    ROLE = "ROLE"
    """The token is good, but not for this: a role, the region or the account is wrong."""
    MARKETPLACE = "MARKETPLACE"
    """The account does not sell in the store's marketplace."""
    QUEUE = "QUEUE"
    """The queue of the notifications."""


class Unauthorized(MarketplaceError):
    """Token, role, region or account is refused; `refusal` says which where that is known."""

    def __init__(
        self,
        message: str,
        *,
        operation: str,
        refusal: Refusal | None = None,
        request_id: str | None = None,
        status: int | None = None,
        code: str | None = None,
    ) -> None:
        super().__init__(
            message, operation=operation, request_id=request_id, status=status, code=code
        )
        self.refusal = refusal


class Rejected(MarketplaceError):
    """The request itself is refused; there is always a `code`."""

    code: str

    def __init__(
        self,
        message: str,
        *,
        operation: str,
        code: str,
        request_id: str | None = None,
        status: int | None = None,
    ) -> None:
        super().__init__(
            message, operation=operation, request_id=request_id, status=status, code=code
        )


class Missing(Rejected):
    """What was asked for does not exist (404)."""


class Unreadable(MarketplaceError):
    """An answer came and was not what the marketplace documents."""


class Retryable(MarketplaceError):
    """The same request may succeed later."""


class Throttled(Retryable):
    """The quota is used up until `retry_after` has passed, in real time."""

    def __init__(
        self,
        message: str,
        *,
        operation: str,
        retry_after: timedelta,
        request_id: str | None = None,
        status: int | None = None,
        code: str | None = None,
    ) -> None:
        super().__init__(
            message, operation=operation, request_id=request_id, status=status, code=code
        )
        self.retry_after = retry_after


class NotReady(Throttled):
    """The marketplace still works on what was asked for; `retry_after` says when to look again."""


class NoTurn(Throttled):
    """Our own count of the quota says so: nothing was sent."""


class Unavailable(Retryable):
    """No usable answer came."""
