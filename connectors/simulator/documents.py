"""Documents behind presigned addresses: what is uploaded for feeds, and what feeds and reports come to.

The addresses are the storage service's and not the SP-API's: no token, no rate limit, refusals in XML.
"""

import asyncio
import base64
import gzip
import zlib
from collections.abc import Awaitable, Callable
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from connectors.simulator.chance import digest, uuid
from connectors.simulator.clock import MINUTE
from connectors.simulator.faults import FaultKind, FaultRule
from connectors.simulator.operations import BrokenResponse, Simulator
from connectors.simulator.world import StoredDocument, World

DOWNLOAD, UPLOAD = "downloadDocument", "uploadDocument"
"""How rules of faults name the two."""
LIFE = 5 * MINUTE
_MOST_STORED = 100 * 1024 * 1024


class NotGzip(ValueError):
    """A document that says that it is compressed, and is damaged."""


def store(
    world: World, seller_id: str, content: bytes, content_type: str, *name: object
) -> StoredDocument:
    """Keep, compressed, what a feed or a report came to."""
    document = StoredDocument(
        f"amzn1.spdoc.1.4.na.{uuid(world.seed, 'document', *name)}",
        seller_id,
        content_type,
        base64.b64encode(gzip.compress(content, mtime=0)).decode(),
        is_compressed=True,
    )
    world.documents[document.document_id] = document
    return document


def publish(world: World, content: bytes, content_type: str, *name: object) -> StoredDocument:
    """Keep what is the same for every seller; under the same name it is the same document."""
    document = StoredDocument(
        f"amzn1.schema.4.na.{uuid(world.seed, *name)}",
        "",
        content_type,
        base64.b64encode(content).decode(),
    )
    world.documents[document.document_id] = document
    return document


def announce(world: World, seller_id: str, content_type: str) -> StoredDocument:
    """A document that is to be uploaded."""
    document_id = uuid(world.seed, "upload", seller_id, len(world.documents))
    document = StoredDocument(f"amzn1.tortuga.4.na.{document_id}", seller_id, content_type)
    world.documents[document.document_id] = document
    return document


def content_of(world: World, document_id: str | None) -> bytes | None:
    """What was uploaded, unpacked; None where nothing was.

    Raises:
        NotGzip: it cannot be unpacked.
    """
    document = world.documents.get(document_id or "")
    if document is None or document.content is None:
        return None
    content = base64.b64decode(document.content)
    if not document.is_compressed:
        return content
    try:
        return gzip.decompress(content)
    except (OSError, EOFError, zlib.error) as error:
        raise NotGzip("The document cannot be unpacked.") from error


def presigned(world: World, base_url: str, document: StoredDocument, method: str) -> str:
    """An address for one method, good for five minutes."""
    expires = world.now_ms + LIFE
    signature = _signature(world, document.document_id, method, expires)
    path = quote(document.document_id, safe="")
    return f"{base_url}/documents/{path}?X-Amz-Expires={expires}&X-Amz-Signature={signature}"


def document_routes(simulator: Simulator) -> list[Route]:
    """The storage service."""

    async def download(request: Request) -> Response:
        document = _signed(simulator.world, request)
        if isinstance(document, Response):
            return document
        if document.content is None:
            return _refused(404, "NoSuchKey", "The specified key does not exist.")
        content = base64.b64decode(document.content)
        return Response(content, 200, None, document.content_type)

    async def upload(request: Request) -> Response:
        document = _signed(simulator.world, request)
        if isinstance(document, Response):
            return document
        if request.headers.get("content-type") != document.content_type:
            return _refused(403, "SignatureDoesNotMatch", "Content-Type is not the signed one.")
        content = await request.body()
        if len(content) > _MOST_STORED:
            return _refused(400, "EntityTooLarge", "The upload is larger than allowed.")
        document.content = base64.b64encode(content).decode()
        document.is_compressed = content.startswith(b"\x1f\x8b")
        return Response(b"", 200)

    path = "/documents/{document_id}"
    return [
        Route(path, _with_faults(simulator, DOWNLOAD, download), methods=["GET"]),
        Route(path, _with_faults(simulator, UPLOAD, upload), methods=["PUT"]),
    ]


def _signed(world: World, request: Request) -> StoredDocument | Response:
    """The document that a request may have, or the refusal."""
    document_id = request.path_params["document_id"]
    expires = request.query_params.get("X-Amz-Expires", "")
    method = "GET" if request.method == "HEAD" else request.method
    signature = _signature(world, document_id, method, expires)
    document = world.documents.get(document_id)
    if document is None or request.query_params.get("X-Amz-Signature") != signature:
        return _refused(403, "SignatureDoesNotMatch", "The request signature does not match.")
    if int(expires) < world.now_ms:
        return _refused(403, "AccessDenied", "Request has expired")
    return document


def _signature(world: World, document_id: str, method: str, expires: object) -> str:
    return digest(world.seed, "signature", document_id, method, expires, size=16).hex()


def _refused(status: int, code: str, message: str) -> Response:
    body = f"<Error><Code>{code}</Code><Message>{message}</Message></Error>"
    return Response(body, status, None, "application/xml")


def _with_faults(
    simulator: Simulator, name: str, act: Callable[[Request], Awaitable[Response]]
) -> Callable[[Request], Awaitable[Response]]:
    async def endpoint(request: Request) -> Response:
        fault = simulator.faults.strike(simulator.world.seed, name)
        kind = fault.kind if fault else None
        if kind in {FaultKind.ERROR_500, FaultKind.HTML_503, FaultKind.THROTTLE}:
            return _refused(503, "SlowDown", "Please reduce your request rate.")
        if isinstance(fault, FaultRule) and kind is FaultKind.SLOW:
            await asyncio.sleep(fault.seconds)
        response = await act(request)
        if kind is FaultKind.EMPTY_200:
            return Response(b"", 200)
        if kind is FaultKind.RESET:
            return BrokenResponse(response.body, response.status_code)
        return response

    return endpoint
