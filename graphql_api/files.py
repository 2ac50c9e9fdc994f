"""Files over HTTP: downloads that can be resumed, and uploads. The address is the credential."""

import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime

from starlette.requests import ClientDisconnect, HTTPConnection, Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse

from domain.clock import SystemClock
from domain.errors import Conflict, InvalidInput, NotFound
from domain.file import File
from graphql_api.context import RequestContext
from services import links, uploads
from services.links import Link, Purpose
from services.runtime import Runtime
from services.settings import Settings
from storage import files
from storage.files import FILES

# Links expire by the machine's time, also where business time is virtual.
_machine = SystemClock()

_RANGE = re.compile(r"bytes=[ \t]*(\d{0,18})-(\d{0,18})[ \t]*", re.ASCII)


def address_of(connection: HTTPConnection, settings: Settings) -> str:
    """Where a client reaches the API: as it is told to us, else as this client called it."""
    called = re.sub("^ws", "http", str(connection.base_url))
    return (settings.public_url or called).rstrip("/")


def download_url(context: RequestContext, file_id: str, expires_at: datetime) -> str:
    """The address under which a file of the viewer's merchant can be downloaded until a moment."""
    return _url(context, Link(Purpose.DOWNLOAD, context.viewer.merchant_id, file_id, expires_at))


def upload_url(context: RequestContext, upload_id: str, expires_at: datetime) -> str:
    """The address to which the file of an upload can be sent until a moment."""
    return _url(context, Link(Purpose.UPLOAD, context.viewer.merchant_id, upload_id, expires_at))


def _url(context: RequestContext, link: Link) -> str:
    return f"{context.address}/files/{links.write(context.runtime.vault, link)}"


@dataclass(frozen=True, slots=True)
class Span:
    """Bytes from `start` to before `end`."""

    start: int
    end: int


class Unsatisfiable(Exception):
    """The range lies outside of the file."""


def span_of(header: str | None, size: int) -> Span | None:
    """The bytes that a `Range` header asks for; None for all, also where it is none that we serve.

    Raises:
        Unsatisfiable: none of the bytes are there.
    """
    found = _RANGE.fullmatch(header or "")
    if found is None or found[1] == found[2] == "":
        return None
    if found[1] == "":
        start, end = max(size - int(found[2]), 0), size
    else:
        start, end = int(found[1]), int(found[2] or size) + 1
        if found[2] and end <= start:
            return None  # no range, and to be ignored
    if start >= size:
        raise Unsatisfiable
    return Span(start, min(end, size))


async def download(request: Request) -> Response:
    """The file that a link names, or the part of it that is asked for."""
    runtime: Runtime = request.app.state.runtime
    link = links.read(runtime.vault, request.path_params["link"], Purpose.DOWNLOAD)
    if (refusal := _refusal(link)) or link is None:
        return refusal or _not_ours()
    scope = runtime.scope(link.merchant_id)
    file = await FILES.get(scope, link.key)
    if file is None or file.expires_at <= _machine.now():
        return _gone()
    headers = _headers(file)
    if request.headers.get("if-none-match") == headers["ETag"]:
        return Response(status_code=304, headers=headers)
    try:
        span = span_of(_range(request, headers), file.size)
    except Unsatisfiable:
        return Response(status_code=416, headers={"Content-Range": f"bytes */{file.size}"})
    status = 200
    if span is None:
        span = Span(0, file.size)
    else:
        status = 206
        headers["Content-Range"] = f"bytes {span.start}-{span.end - 1}/{file.size}"
    headers["Content-Length"] = str(span.end - span.start)
    media_type = "application/gzip"
    if request.method == "HEAD":
        return Response(status_code=status, headers=headers, media_type=media_type)
    body: AsyncIterator[bytes] = files.read(scope, file.id, span.start, span.end)
    return StreamingResponse(body, status, headers, media_type)


async def upload(request: Request) -> Response:
    """Take the file of an upload."""
    runtime: Runtime = request.app.state.runtime
    link = links.read(runtime.vault, request.path_params["link"], Purpose.UPLOAD)
    if (refusal := _refusal(link)) or link is None:
        return refusal or _not_ours()
    length = request.headers.get("content-length", "")
    try:
        await uploads.receive(
            runtime.scope(link.merchant_id),
            link.key,
            request.stream(),
            told=int(length) if length.isdecimal() else None,
        )
    except ClientDisconnect:
        return _told("The client went away.", 400)
    except NotFound:
        return _gone()
    except Conflict as error:
        return _told(error.message, 409)
    except InvalidInput as error:
        return _told(error.message, 413 if error.code == "TOO_LARGE" else 400)
    return Response(status_code=204, headers=_CAREFUL)


def _refusal(link: Link | None) -> Response | None:
    if link is None:
        return _not_ours()
    if link.expires_at <= _machine.now():
        return _gone()
    return None


_CAREFUL = {
    "Cache-Control": "private, no-store",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
"""The address must not get about."""


def _headers(file: File) -> dict[str, str]:
    return {
        **_CAREFUL,
        "Accept-Ranges": "bytes",
        "ETag": f'"{file.id}"',
        "Content-Disposition": f'attachment; filename="{file.name}"',
    }


def _range(request: Request, headers: dict[str, str]) -> str | None:
    """The range that is asked for; None where the client has the beginning of another file."""
    has = request.headers.get("if-range")
    if has is not None and has != headers["ETag"]:
        return None
    return request.headers.get("range")


def _not_ours() -> Response:
    return _told("This address is not one that was given out.", 403)


def _gone() -> Response:
    return _told("This address has expired, or what it led to is gone.", 410)


def _told(message: str, status: int) -> Response:
    return PlainTextResponse(f"{message}\n", status, headers=_CAREFUL)
