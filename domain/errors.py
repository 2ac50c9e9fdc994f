"""Errors that a user can cause and can mend.

    SalesChannelError
    ├── UserError          a mistake in what was asked: code, message, field
    │   ├── InvalidInput     the value cannot be used
    │   ├── NotFound         nothing of that id is visible to the caller
    │   ├── Conflict         it would collide with what is there
    │   │   ├── StaleVersion   it changed since the caller read it
    │   │   └── PlanOutdated   catalogue or rules moved too far since the plan was made
    │   └── TrialFailed      the rule engine does not get along with a rule document
    ├── NotConnected       the store cannot talk to Amazon yet or any more
    └── Forbidden          the caller's scopes do not reach that far

Everything else that is raised is a bug and surfaces as one.
"""

import re
from collections.abc import Sequence
from typing import Self


class SalesChannelError(Exception):
    """Root of what this product raises on purpose."""


class UserError(SalesChannelError):
    """A mistake of the caller, told so that the caller can mend it.

    `code` is stable and machine-readable, `message` says what is wrong and what would be right,
    `field` is the path to the offending part of the input, outermost first.
    """

    code = "INVALID"

    def __init__(self, message: str, *, field: Sequence[str] = (), code: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.field = tuple(field)
        if code is not None:
            self.code = code


class InvalidInput(UserError):
    """A value that cannot be used as given."""


class NotFound(UserError):
    """Nothing of that id exists for this merchant; another merchant's looks the same."""

    code = "NOT_FOUND"

    @classmethod
    def of_type(cls, name: str, *, field: Sequence[str] = ()) -> Self:
        """Of a type such as ``ApiKey`` there is none of an id."""
        words = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name).lower().replace("api ", "API ")
        return cls(f"No {words} of that id.", field=field)


class Conflict(UserError):
    """The request collides with the present state, and says with what."""

    code = "CONFLICT"


class StaleVersion(Conflict):
    """The object changed after the caller read it; read again and decide anew."""

    code = "STALE_VERSION"


class PlanOutdated(Conflict):
    """What was planned is not what would happen now; make a new plan and look at it."""

    code = "PLAN_OUTDATED"


class TrialFailed(UserError):
    """The rule engine crashed, hung or answered wrongly on a rule document, in a process of its own."""

    code = "TRIAL_FAILED"


class NotConnected(SalesChannelError):
    """The store has no usable Amazon authorisation."""


class Forbidden(SalesChannelError):
    """The caller lacks a scope; the message names it."""


class GoesOn(SalesChannelError):
    """This job ends and the work does not: another job goes on with it."""
