"""What an answer of Amazon's means: content, or one of the errors of `connectors.errors`."""

from datetime import timedelta
from http import HTTPStatus
from typing import TypedDict

import httpx

from connectors.amazon import payload
from connectors.amazon.operations import Operation
from connectors.amazon.payload import Node
from connectors.errors import (
    MarketplaceError,
    Missing,
    Refusal,
    Rejected,
    Throttled,
    Unauthorized,
    Unavailable,
    Unreadable,
)

_RETRY_AFTER = timedelta(seconds=1)


class _Told(TypedDict):
    operation: str
    request_id: str | None
    status: int


class QuotaExceeded(Throttled):
    """Amazon itself refused a call for its quota."""


class AccessTokenRefused(Unauthorized):
    """The access token has expired or is none; a fresh one may do."""


def request_id_of(response: httpx.Response) -> str | None:
    """Amazon's number of the request, which its support asks for."""
    return payload.text(response.headers.get("x-amzn-requestid"))


def answer_of(operation: Operation, response: httpx.Response) -> Node:
    """The content of an answer; raises what else it means."""
    if not response.is_success:
        raise _error_of(operation, response)
    if operation.silent and not response.content:
        return {}
    try:
        content = payload.parse(response.content)
    except ValueError as error:
        # Amazon's front answers an empty 200 or a page of HTML when what is behind it fails.
        raise Unavailable(
            "The answer is not JSON",
            operation=operation.name,
            request_id=request_id_of(response),
            status=response.status_code,
        ) from error
    if operation.lists and isinstance(content, list):
        return {"items": content}
    if not isinstance(content, dict):
        raise Unreadable(
            f"The answer is a JSON {type(content).__name__}, not an object",
            operation=operation.name,
            request_id=request_id_of(response),
            status=response.status_code,
        )
    return content


def _error_of(operation: Operation, response: httpx.Response) -> MarketplaceError:
    status = response.status_code
    code, message, details = _told(response)
    words = f"{message} ({details})" if details and details != message else message
    name, request_id = operation.name, request_id_of(response)
    told: _Told = {"operation": name, "request_id": request_id, "status": status}
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        return QuotaExceeded(words, retry_after=_RETRY_AFTER, code=code, **told)
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR or status == HTTPStatus.REQUEST_TIMEOUT:
        return Unavailable(f"{status}: {words}", code=code, **told)
    if status == HTTPStatus.UNAUTHORIZED or (
        status == HTTPStatus.FORBIDDEN and "token" in words.lower()
    ):
        return AccessTokenRefused(
            f"Amazon refuses the access token: {words}", refusal=Refusal.TOKEN, code=code, **told
        )
    if status == HTTPStatus.FORBIDDEN:
        return Unauthorized(
            f"Amazon takes the token but refuses {name}: {words}. "
            "A role is missing, or the region or the account is another one",
            refusal=Refusal.ROLE,
            code=code,
            **told,
        )
    kind = Missing if status == HTTPStatus.NOT_FOUND else Rejected
    return kind(words, code=code or str(status), **told)


def _told(response: httpx.Response) -> tuple[str | None, str, str | None]:
    """Code, message and details of the first error that the body names."""
    try:
        body = payload.parse(response.content)
    except ValueError:
        body = None
    # Listings Restrictions answers with the list alone.
    errors = body if isinstance(body, list) else payload.node(body).get("errors")
    error = payload.first(payload.nodes(errors))
    return (
        payload.text(error.get("code")),
        payload.text(error.get("message")) or response.reason_phrase or "no reason given",
        payload.text(error.get("details")),
    )
