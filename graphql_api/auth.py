"""Who asks: the viewer of a request, or why there is none."""

import ipaddress

from starlette.requests import Request

from connectors.identity_provider import KeysUnavailable
from domain import api_key
from domain.access import Role, Viewer
from domain.clock import SystemClock
from services import api_keys, identity
from services.runtime import Runtime
from storage.health import is_outage

# Credentials run out by the machine's time, also where business time is virtual.
_machine = SystemClock()
_LOOPBACK = {"localhost", "127.0.0.1", "::1", "[::1]"}
_FORWARDED = ("forwarded", "via", "x-forwarded-for", "x-forwarded-host", "x-real-ip")


class Unauthenticated(Exception):
    """The request names no credential that is good; the message says what to do."""


class Unanswerable(Exception):
    """Who asks cannot be found out now; the same request may be good later."""


async def viewer_of(request: Request, runtime: Runtime) -> Viewer:
    """The viewer of a request.

    Raises:
        Unauthenticated: no credential, or one that is not good.
        Unanswerable: the database or the identity provider cannot be asked.
    """
    try:
        return await _viewer_of(request, runtime)
    except KeysUnavailable as error:
        raise Unanswerable(str(error)) from error
    except Exception as error:
        if not is_outage(error):
            raise
        raise Unanswerable("The database cannot be reached. Try again soon.") from error


async def _viewer_of(request: Request, runtime: Runtime) -> Viewer:
    header = request.headers.get("authorization")
    if header is None:
        return await _local_user(request, runtime)
    scheme, _, given = header.partition(" ")
    credential = given.strip()
    viewer = None
    if scheme.lower() == "bearer" and credential.startswith(api_key.PREFIX):
        viewer = await api_keys.viewer_of(runtime, credential, now=_machine.now())
    elif scheme.lower() == "bearer" and runtime.identity_provider is not None:
        viewer = await identity.viewer_of(runtime.identity_provider, runtime.settings, credential)
    if viewer is None:
        raise Unauthenticated("The credential is not known here, has expired or was revoked.")
    return viewer


async def _local_user(request: Request, runtime: Runtime) -> Viewer:
    """Who needs no credential: a person at this machine, as long as the merchant uses none.

    The name by which the machine was called is looked at as well, so that a page of another site cannot reach it by
    a name that points here; and whoever stands behind a proxy is not at this machine.
    """
    merchant = runtime.settings.merchant
    is_open = runtime.identity_provider is None and _is_local(request)
    if not is_open or await api_keys.any_stands(runtime, merchant, now=_machine.now()):
        raise Unauthenticated(
            "Send the header `Authorization: Bearer <key>`; `sales-channel keys create` makes a key."
        )
    return Viewer.of_roles(merchant, "local user", [Role.OWNER])


def _is_local(request: Request) -> bool:
    if request.client is None or request.url.hostname not in _LOOPBACK:
        return False
    if any(name in request.headers for name in _FORWARDED):
        return False
    try:
        return ipaddress.ip_address(request.client.host).is_loopback
    except ValueError:
        return False
