"""Errors as clients see them: business errors in payloads, the rest at the top level with a code."""

from collections.abc import Awaitable, Callable, Iterable
from enum import Enum, StrEnum
from typing import Any, TypeVar

import strawberry
import structlog
from graphql import GraphQLError, GraphQLSyntaxError
from strawberry.exceptions import StrawberryInputCoercionError
from strawberry.schema.exceptions import CannotGetOperationTypeError, InvalidOperationTypeError
from strawberry.utils.str_converters import to_camel_case

from domain import errors as domain
from graphql_api.enums import describe
from storage.health import is_outage

log = structlog.get_logger()

T = TypeVar("T")
E = TypeVar("E", bound="UserError")
C = TypeVar("C", bound=Enum)


class Code(StrEnum):
    """Codes of top-level errors, in `extensions.code`."""

    PARSE_FAILED = "PARSE_FAILED"
    VALIDATION_FAILED = "VALIDATION_FAILED"
    COST_EXCEEDED = "COST_EXCEEDED"
    THROTTLED = "THROTTLED"
    TIMEOUT = "TIMEOUT"
    PERSISTED_QUERY_NOT_FOUND = "PERSISTED_QUERY_NOT_FOUND"
    FORBIDDEN = "FORBIDDEN"
    UNAUTHENTICATED = "UNAUTHENTICATED"
    UNAVAILABLE = "UNAVAILABLE"
    INTERNAL = "INTERNAL"


STATUS: dict[str, int] = {
    Code.PARSE_FAILED: 400,
    Code.VALIDATION_FAILED: 422,
    Code.COST_EXCEEDED: 422,
    Code.THROTTLED: 429,
    Code.TIMEOUT: 200,
    Code.PERSISTED_QUERY_NOT_FOUND: 200,
    Code.FORBIDDEN: 403,
    Code.UNAUTHENTICATED: 401,
    Code.UNAVAILABLE: 503,
    Code.INTERNAL: 500,
}
"""HTTP status of a response in which nothing but the error came back."""

WHEN: dict[str, str] = {
    Code.PARSE_FAILED: "The body is no JSON, or the document no GraphQL.",
    Code.VALIDATION_FAILED: "The document or its variables do not fit the schema, or break a limit.",
    Code.COST_EXCEEDED: "It costs more than one operation may; `dearestField` names what to ask for less of.",
    Code.THROTTLED: "The bucket of points is empty; wait `retryAfterSeconds`, also in `Retry-After`. Nothing was run.",
    Code.TIMEOUT: "The field took too long and is null; what was ready came.",
    Code.PERSISTED_QUERY_NOT_FOUND: "Nobody sent the text of this hash before; send it along.",
    Code.FORBIDDEN: "The caller lacks a scope, which the message names. Nothing of the field was done.",
    Code.UNAUTHENTICATED: "There is no credential, or it is not good.",
    Code.UNAVAILABLE: "The database or the identity provider cannot be reached. Try again soon.",
    Code.INTERNAL: "A mistake of ours; quote `requestId`.",
}
"""What each code means to a client."""

_OWN = {
    Code.COST_EXCEEDED,
    Code.THROTTLED,
    Code.TIMEOUT,
    Code.PERSISTED_QUERY_NOT_FOUND,
    Code.FORBIDDEN,
}
"""Codes that whoever raises the error sets itself."""

MEANINGS = {
    "INVALID": "A value cannot be used as given.",
    "NOT_FOUND": "Nothing of that id is visible to the caller.",
    "CONFLICT": "It collides with the present state; the message says with what.",
    "STALE_VERSION": "It changed since the caller read it; the payload has it as it is now.",
    "INVALID_DOCUMENT": "The rule document has a mistake at `line` and `column`.",
    "PLAN_OUTDATED": "What was planned is not what would happen now; the message says what moved. Plan anew.",
    "TRIAL_FAILED": "The rule engine does not get along with the document; nothing was published.",
    "CREDENTIALS_REFUSED": "Amazon refuses the credentials.",
    "REJECTED": "Nothing was done, because of the mistakes in some items.",
    "IDEMPOTENCY_KEY_REUSED": "The key was given to another request before; nothing was done.",
    "NOT_CONNECTED": "Amazon could not be asked; nothing was changed.",
}
"""What the codes of users' mistakes mean, whichever mutation gives them."""


@strawberry.interface(
    description="A mistake in what was asked, told so that the caller can mend it."
)
class UserError:
    """What the error of every mutation has; the concrete types add a `code`."""

    field: list[str] | None = strawberry.field(
        description="Path to the offending part of the input, outermost first; null where there is none."
    )
    message: str = strawberry.field(
        description="What is wrong and what would be right, for people."
    )


def error_codes(description: str) -> Callable[[type[C]], type[C]]:
    """Decorates the enum of a mutation's error codes; what each code means is said in one place."""

    def decorate(codes: type[C]) -> type[C]:
        describe(codes, description, **{code.name: MEANINGS[code.name] for code in codes})
        return codes

    return decorate


async def attempt(
    work: Awaitable[T], error: Callable[..., E], codes: type[Enum]
) -> tuple[T | None, list[E]]:
    """What a use case gives, or the user's mistake as an error of the mutation's own type."""
    try:
        return await work, []
    except domain.NotConnected as refusal:
        return None, [error(field=None, message=str(refusal), code=codes["NOT_CONNECTED"])]
    except domain.UserError as mistake:
        code = codes[mistake.code]
        return None, [error(field=path_of(mistake.field), message=mistake.message, code=code)]


def path_of(field: Iterable[str]) -> list[str] | None:
    """A path into the input as the client wrote it."""
    path = [to_camel_case(name) for name in field]
    if not path:
        return None
    return path if path[0] == "input" else ["input", *path]


def formatted(error: GraphQLError, request_id: str) -> dict[str, Any]:
    """A top-level error as the response has it. What a caller could not have caused is masked and logged."""
    code, message = _judged(error)
    extensions: dict[str, Any] = {**(error.extensions or {}), "code": code.value}
    if code is Code.INTERNAL:
        log.error("graphql.failed", request=request_id, path=error.path, exc_info=_cause(error))
        extensions["requestId"] = request_id
    elif code is Code.UNAVAILABLE:
        log.warning("graphql.unavailable", request=request_id, error=str(_cause(error)))
        extensions["requestId"] = request_id
    answer: dict[str, Any] = {**error.formatted, "message": message, "extensions": extensions}
    return answer


def _judged(error: GraphQLError) -> tuple[Code, str]:
    cause = _cause(error)
    own = (error.extensions or {}).get("code")
    if own in _OWN:
        return Code(own), error.message
    if isinstance(error, GraphQLSyntaxError):
        return Code.PARSE_FAILED, error.message
    if isinstance(cause, domain.Forbidden):
        return Code.FORBIDDEN, str(cause)
    if is_outage(cause):
        return Code.UNAVAILABLE, "The database cannot be reached. Try again soon."
    refusal = _invalid(error, cause)
    if refusal is not None:
        return Code.VALIDATION_FAILED, refusal
    return Code.INTERNAL, "Internal error"


def _invalid(error: GraphQLError, cause: BaseException) -> str | None:
    """What is wrong with a request that cannot be run; None where the mistake is not the caller's."""
    if isinstance(cause, StrawberryInputCoercionError):
        # Its own words speak of Python types.
        return "Leave the field out or give it a value; null is none here."
    if isinstance(cause, domain.UserError):
        return cause.message
    if isinstance(cause, CannotGetOperationTypeError | InvalidOperationTypeError):
        return error.message
    if isinstance(cause, GraphQLError) or (error.path is None and error.nodes):
        # The executor's own words, or a scalar's on a value of the document.
        return error.message
    return None


def _cause(error: GraphQLError) -> BaseException:
    """What was raised first, below the wrappings of the executor."""
    cause: BaseException = error
    while isinstance(cause, GraphQLError) and cause.original_error is not None:
        cause = cause.original_error
    return cause
