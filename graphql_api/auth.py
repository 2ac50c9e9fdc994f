"""Who asks: the viewer of a request, or why there is none."""

import secrets
from dataclasses import dataclass

from starlette.requests import Request

from services.settings import Settings

_LOOPBACK = {"localhost", "127.0.0.1", "::1", "[::1]"}


@dataclass(frozen=True, slots=True)
class Viewer:
    """The caller: for which merchant, and under which name changes are logged."""

    merchant_id: str
    actor: str


class Unauthenticated(Exception):
    """The request names no credential that is good; the message says what to do."""


def viewer_of(request: Request, settings: Settings) -> Viewer:
    """The viewer of a request.

    Without an API key the installation serves this machine only. The name by which it was called is
    looked at as well, so that a page of another site cannot reach it by a name that points here.

    Raises:
        Unauthenticated: no or another key, or called by a name that is not this machine's.
    """
    if settings.api_key is None:
        if request.url.hostname not in _LOOPBACK:
            raise Unauthenticated("Set SALES_CHANNEL_API_KEY to use the API from other machines.")
        return Viewer(settings.merchant, "local user")
    scheme, _, key = request.headers.get("authorization", "").partition(" ")
    expected = settings.api_key.get_secret_value()
    is_good = secrets.compare_digest(key.strip().encode(), expected.encode())
    if scheme.lower() != "bearer" or not is_good:
        raise Unauthenticated("Send the header `Authorization: Bearer <key>` with the API key.")
    return Viewer(settings.merchant, "API key")
