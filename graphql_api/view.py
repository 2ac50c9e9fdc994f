"""GraphQL over HTTP: who may ask, how much, and with which status and media type the answer goes out.

Subscriptions go over WebSocket, see `sockets.py`.
"""

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from math import ceil
from typing import Any, cast

import orjson
import structlog
from cross_web import AsyncHTTPRequestAdapter, HTTPException
from graphql import GraphQLError
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.types import Message, Receive, Scope, Send
from starlette.websockets import WebSocket
from strawberry.asgi import GraphQL
from strawberry.http import GraphQLHTTPResponse, GraphQLRequestData
from strawberry.schema.exceptions import CannotGetOperationTypeError, InvalidOperationTypeError
from strawberry.subscriptions import GRAPHQL_TRANSPORT_WS_PROTOCOL
from strawberry.types import ExecutionResult
from strawberry.types.graphql import OperationType
from strawberry.types.unset import UNSET, UnsetType

from domain.ids import new_id
from graphql_api import context as contexts
from graphql_api import persisted
from graphql_api.auth import Unanswerable, Unauthenticated, viewer_of
from graphql_api.context import RequestContext
from graphql_api.errors import STATUS, Code, formatted
from graphql_api.explorer import page
from graphql_api.files import address_of
from graphql_api.limits import BODY
from graphql_api.schema import SCHEMA
from graphql_api.sockets import INIT_SECONDS, Connection, SocketHandler, TextSocket
from services.runtime import Runtime

log = structlog.get_logger()

GRAPHQL_JSON = "application/graphql-response+json"
PLAIN_JSON = "application/json"


_OVER_SOCKETS = "Subscribe over WebSocket, with the sub-protocol graphql-transport-ws."


class _BodyTooLarge(Exception):
    """The client sends more than a request may have."""


class _Refused(Exception):
    """The document is not run."""

    def __init__(self, error: GraphQLError) -> None:
        super().__init__(error.message)
        self.error = error


class GraphQLView(GraphQL[RequestContext, None]):
    """Strawberry's view with the status codes and the media type of the GraphQL-over-HTTP draft."""

    websocket_adapter_class = TextSocket
    graphql_transport_ws_handler_class = SocketHandler

    def __init__(self) -> None:
        super().__init__(
            SCHEMA,
            subscription_protocols=(GRAPHQL_TRANSPORT_WS_PROTOCOL,),
            connection_init_wait_timeout=timedelta(seconds=INIT_SECONDS),
        )
        self._connections: Counter[str] = Counter()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, or serve one WebSocket."""
        if scope["type"] == "websocket":
            # Pages of other sites are turned away: the handshake must come from this very host, or from no page.
            await self.run(WebSocket(scope, receive, send))
            return
        request = Request(scope, _limited(receive))
        request.state.request_id = new_id()
        page_or_answer = _page if _wants_page(request) else self._answer
        response = await page_or_answer(request)
        response.headers["X-Request-Id"] = request.state.request_id
        await response(scope, receive, send)

    async def _answer(self, request: Request) -> Response:
        """The response to an operation, whatever becomes of it."""
        runtime: Runtime = request.app.state.runtime
        try:
            request.state.viewer = await viewer_of(request, runtime)
            return await self.run(request)
        except Unauthenticated as error:
            refusal = _refusal(request, 401, Code.UNAUTHENTICATED, str(error))
            refusal.headers["WWW-Authenticate"] = "Bearer"
            return refusal
        except Unanswerable as error:
            return _refusal(request, 503, Code.UNAVAILABLE, str(error))
        except _BodyTooLarge:
            message = f"A request can have {BODY // 1024} KiB."
            return _refusal(request, 413, Code.VALIDATION_FAILED, message)
        except _Refused as refused:
            return self._told(request, refused.error)
        except HTTPException as error:
            return _refused(request, error)

    def _told(self, request: Request, error: GraphQLError) -> Response:
        """The answer to a request whose document is not run."""
        body = {"errors": [formatted(error, request.state.request_id)]}
        media_type = _media_type(request)
        status = _status(body, media_type)
        return Response(self.encode_json(body), status, media_type=media_type)

    async def execute_single(
        self,
        request: Request,
        request_adapter: AsyncHTTPRequestAdapter,
        sub_response: Response,
        context: RequestContext,
        root_value: None,
        request_data: GraphQLRequestData,
    ) -> ExecutionResult:
        """The result of an operation, with the text of a document that is named by its hash."""
        named, query = request_data.extensions, request_data.query
        trusted = context.runtime.settings.trusted_documents
        try:
            text = await persisted.text_of(context.scope, query, named, trusted)
        except GraphQLError as error:
            raise _Refused(error) from error
        result = await super().execute_single(
            request,
            request_adapter,
            sub_response,
            context,
            root_value,
            replace(request_data, query=text),
        )
        digest = persisted.digest_of(named)
        if query is not None and digest is not None and context.charge and trusted is None:
            await persisted.keep(context.scope, digest, query)
        return result

    async def get_context(
        self, request: Request | WebSocket, response: Response | WebSocket
    ) -> RequestContext:
        """What the operation's resolvers share; of a WebSocket, who is at its other end."""
        del response
        if isinstance(request, WebSocket):
            return cast("RequestContext", Connection(request, self._connections))
        runtime: Runtime = request.app.state.runtime
        context = RequestContext(
            runtime, request.state.viewer, address_of(request, runtime.settings)
        )
        request.state.context = context
        contexts.DEADLINE.set(asyncio.get_running_loop().time() + contexts.SECONDS)
        return context

    async def on_ws_connect(self, context: Any) -> UnsetType:
        """Let a WebSocket in, or refuse it."""
        await cast("Connection", context).enter()
        return cast("UnsetType", UNSET)

    async def get_sub_response(self, request: Request | WebSocket) -> Response:
        """Carries the media type to `create_response`, which does not see the request."""
        return Response(media_type=_media_type(cast("Request", request)))

    def should_render_graphql_ide(self, request: Any) -> bool:
        """Never: the page was answered before."""
        del request
        return False

    async def process_result(
        self, request: Request, result: ExecutionResult
    ) -> GraphQLHTTPResponse:
        """The body of the answer, every error with its code."""
        body: dict[str, Any] = {"data": result.data}
        if result.errors:
            body["errors"] = [formatted(error, request.state.request_id) for error in result.errors]
        context: RequestContext = request.state.context
        if context.charge is not None:
            actual = context.charge.actual(result.data)
            context.runtime.allowance.give_back(context.caller, context.charge.requested - actual)
            by_field = "explainCost" in request.query_params
            body["extensions"] = {"cost": context.charge.told(actual, by_field=by_field)}
            if context.is_replay:
                body["extensions"]["idempotentReplay"] = True
            if deprecations := context.charge.deprecations:
                body["extensions"]["deprecations"] = [each._asdict() for each in deprecations]
        return cast("GraphQLHTTPResponse", body)

    def create_response(
        self,
        response_data: GraphQLHTTPResponse | list[GraphQLHTTPResponse],
        sub_response: Response,
    ) -> Response:
        """The response, with a status that says whether anything came back."""
        media_type = sub_response.media_type or GRAPHQL_JSON
        body = cast("Mapping[str, Any]", response_data)
        status = _status(body, media_type)
        headers = _budget_headers(body)
        return Response(self.encode_json(body), status, headers, media_type=media_type)

    def encode_json(self, data: object) -> bytes:
        """Faster than the standard library's."""
        return orjson.dumps(data)


async def _page(request: Request) -> Response:
    """GraphiQL. It shows no data itself, so it needs no credential."""
    runtime: Runtime = request.app.state.runtime
    if runtime.settings.graphiql:
        return HTMLResponse(page())
    return _refusal(request, 404, Code.VALIDATION_FAILED, "GraphiQL is switched off.")


def _wants_page(request: Request) -> bool:
    return (
        request.method == "GET"
        and "query" not in request.query_params
        and "text/html" in request.headers.get("accept", "")
    )


def _media_type(request: Request) -> str:
    """Plain JSON for those who ask for it and do not know the newer type."""
    accepted = request.headers.get("accept", "")
    return PLAIN_JSON if PLAIN_JSON in accepted and GRAPHQL_JSON not in accepted else GRAPHQL_JSON


def _status(body: Mapping[str, Any], media_type: str) -> int:
    """200 when something came back; else that of the first error. Plain JSON knows only 200 once the document parsed."""
    errors: Sequence[Mapping[str, Any]] = body.get("errors", ())
    data: Mapping[str, Any] | None = body.get("data")
    if not errors or any(value is not None for value in (data or {}).values()):
        return 200
    code = errors[0]["extensions"]["code"]
    if media_type == PLAIN_JSON and code != Code.PARSE_FAILED:
        return 200
    return STATUS[code]


def _budget_headers(body: Mapping[str, Any]) -> dict[str, str]:
    """What is left to the caller, for clients that look at headers alone."""
    cost = body.get("extensions", {}).get("cost")
    if cost is not None:
        return {"X-RateLimit-Remaining": str(cost["available"])}
    for error in body.get("errors", ()):
        wait = error["extensions"].get("retryAfterSeconds")
        if wait is not None:
            return {"Retry-After": str(ceil(wait))}
    return {}


def _refused(request: Request, error: HTTPException) -> Response:
    """What the view refused before it executed anything."""
    cause = error.__cause__
    is_live = (
        isinstance(cause, InvalidOperationTypeError)
        and cause.operation_type is OperationType.SUBSCRIPTION
    )
    if is_live or isinstance(cause, CannotGetOperationTypeError):
        status = 422 if _media_type(request) == GRAPHQL_JSON else 200
        reason = _OVER_SOCKETS if is_live else error.reason
        return _refusal(request, status, Code.VALIDATION_FAILED, reason)
    code = Code.PARSE_FAILED if "JSON" in error.reason else Code.VALIDATION_FAILED
    return _refusal(request, error.status_code, code, error.reason)


def _refusal(request: Request, status: int, code: Code, message: str) -> Response:
    """A request that never came to be executed."""
    log.info("graphql.refused", request=request.state.request_id, status=status, reason=message)
    error = {"message": message, "extensions": {"code": code.value}}
    return Response(orjson.dumps({"errors": [error]}), status, media_type=_media_type(request))


def _limited(receive: Receive) -> Receive:
    """Gives no more of a body than a request may have."""
    received = 0

    async def receive_some() -> Message:
        nonlocal received
        message = await receive()
        received += len(message.get("body", b""))
        if received > BODY:
            raise _BodyTooLarge
        return message

    return receive_some
