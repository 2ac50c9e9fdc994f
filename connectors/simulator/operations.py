"""What every SP-API operation goes through: token, rate limit, trouble on command, and the answer's headers."""

import asyncio
from collections import Counter, deque
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from urllib.parse import unquote
from uuid import uuid4

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from connectors.simulator.answers import tell
from connectors.simulator.auth import check_token
from connectors.simulator.faults import FaultKind, FaultRule, Faults
from connectors.simulator.rates import Buckets
from connectors.simulator.wire import Answer, Query, SpApiError, dumps
from connectors.simulator.world import Token, World

_LIMITED = frozenset({200, 201, 202, 204, 400, 404})
_NO_CONTENT = 204
_BARE_ERRORS = frozenset({"getListingsRestrictions"})
"""By its model it refuses with the list of errors alone."""
_PAGE_503 = b"<html><body><h1>503 Service Unavailable</h1></body></html>"


@dataclass(slots=True)
class Simulator:
    """The running simulator: its world, and the machinery around it that is not part of the world."""

    buckets: Buckets
    monotonic: Callable[[], float]
    world: World = field(default_factory=World)
    faults: Faults = field(default_factory=Faults)
    relays: bool = False
    """Whether notifications go to queues elsewhere."""

    def enter(self, world: World) -> None:
        """Go on with another world."""
        self.world = world
        if self.relays:
            world.queues.outgoing = deque()


@dataclass(frozen=True, slots=True)
class Call:
    """One authorised request."""

    world: World
    client_id: str
    seller_id: str
    """Empty for a grantless call."""
    path: Mapping[str, str]
    query: Query
    body: bytes
    base_url: str
    """Where the simulator is, as the caller knows it."""

    def require_marketplaces(self, ids: list[str], *, most: int | None = None) -> None:
        """Refuse a request that names no marketplace, too many, or one in which the seller is not."""
        if not ids:
            raise SpApiError(400, "InvalidInput", "marketplaceIds is required.")
        if most is not None and len(ids) > most:
            raise SpApiError(400, "InvalidInput", f"marketplaceIds takes at most {most} values.")
        if any(marketplace_id != self.world.marketplace_id for marketplace_id in ids):
            raise SpApiError(
                403,
                "Unauthorized",
                "Access to requested resource is denied.",
                "The seller does not take part in the marketplace.",
            )

    def require_seller(self, seller_id: str | None) -> None:
        """Refuse a request about another seller than the token's."""
        if seller_id != self.seller_id:
            raise SpApiError(
                403,
                "Unauthorized",
                "Access to requested resource is denied.",
                "The token belongs to another seller.",
            )


Handler = Callable[[Call], object]


def operation(
    simulator: Simulator, name: str, handler: Handler, *, grantless: bool = False
) -> Callable[[Request], Awaitable[Response]]:
    """An endpoint that answers as the named operation of the SP-API."""

    async def endpoint(request: Request) -> Response:
        body = await request.body()
        fault = None
        try:
            token = check_token(
                simulator.world,
                request.headers.get("x-amz-access-token"),
                grantless=grantless,
                method=request.method,
                path=request.url.path,
            )
            query = request.scope["query_string"].decode("latin-1")
            _take_token(simulator, token, name, query, body)
            fault = simulator.faults.strike(simulator.world.seed, name)
            if fault is not None:
                await _before(fault)
            _check_media_type(request, body)
            answer = handler(
                Call(
                    simulator.world,
                    token.client_id,
                    token.seller_id or "",
                    {key: unquote(value) for key, value in request.path_params.items()},
                    Query(query),
                    body,
                    _base_url(request),
                )
            )
        except SpApiError as error:
            bare = name in _BARE_ERRORS
            answer = Answer(error.status, error.body["errors"] if bare else error.body)
        except Exception:
            tell(name, request, 500, b"Internal Server Error")  # the server's word for it
            raise
        return _response(simulator, name, request, answer, fault)

    return endpoint


def _base_url(request: Request) -> str:
    """Where the caller finds us. A well-known client names, of an address that is not https, a letter too few."""
    url, server = request.base_url, request.scope.get("server")
    if server and url.hostname in {server[0][1:], "ocalhost"}:
        url = url.replace(hostname=server[0])
    return str(url).rstrip("/")


def _take_token(simulator: Simulator, token: Token, name: str, query: str, body: bytes) -> None:
    refusal = simulator.buckets.refusal(token.client_id, token.seller_id, name, query, body)
    if refusal is not None:
        raise SpApiError(429, "QuotaExceeded", refusal)


async def _before(fault: FaultRule) -> None:
    if fault.kind is FaultKind.SLOW:
        await asyncio.sleep(fault.seconds)
    elif fault.kind is FaultKind.ERROR_500:
        raise SpApiError(
            500, "InternalFailure", "We encountered an internal error. Please try again."
        )
    elif fault.kind is FaultKind.HTML_503:
        raise SpApiError(503, "ServiceUnavailable", "The service is unavailable.")
    elif fault.kind is FaultKind.THROTTLE:
        raise SpApiError(
            429, "QuotaExceeded", "You exceeded your quota for the requested resource."
        )
    elif fault.kind is FaultKind.FORBIDDEN:
        raise SpApiError(403, "Unauthorized", "Access to requested resource is denied.")


def _check_media_type(request: Request, body: bytes) -> None:
    media_type = request.headers.get("content-type", "application/json")
    if body and media_type.split(";")[0].strip().lower() != "application/json":
        raise SpApiError(415, "UnsupportedMediaType", "The request body must be application/json.")


def _response(
    simulator: Simulator, name: str, request: Request, answer: object, fault: FaultRule | None
) -> Response:
    status, body = 200, answer
    if isinstance(answer, Answer):
        status, body = answer.status, answer.body
    simulator.world.requests.setdefault(name, Counter())[str(status)] += 1
    headers = {"x-amzn-RequestId": str(uuid4())}
    if status in _LIMITED:
        headers["x-amzn-RateLimit-Limit"] = simulator.buckets.announced(name)
    kind = fault.kind if fault else None
    if kind is FaultKind.HTML_503:
        return Response(_PAGE_503, 503, headers, "text/html")
    content = b"" if body is None else dumps(body)
    tell(name, request, status, content)
    if kind is FaultKind.RESET:
        return BrokenResponse(content, status, headers, "application/json")
    if kind is FaultKind.EMPTY_200:
        return Response(b"", 200, headers, "application/json")
    return Response(content, status, headers, "application/json" if status != _NO_CONTENT else None)


class BrokenResponse(Response):
    """An answer that stops in the middle: the server closes the connection when it is left unfinished."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the head and half of the body, and no end."""
        del scope, receive
        await send(
            {"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers}
        )
        half = bytes(self.body)[: len(self.body) // 2]
        await send({"type": "http.response.body", "body": half, "more_body": True})
