"""Where Amazon sends a seller back to who allowed our application: /amazon/callback."""

from html import escape

import structlog
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from domain.errors import NotConnected, UserError
from services import authorizations
from services.runtime import Runtime
from storage.health import is_outage

log = structlog.get_logger()

_HEADERS = {
    # The address holds a code; no other site is to learn of it, and nothing is to keep it.
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'",
}


async def callback(request: Request) -> Response:
    """Connect the store, and tell the person in the browser how that went.

    It needs no credential: the sealed state says for whom this is, and nobody else can make one.
    """
    runtime: Runtime = request.app.state.runtime
    given = request.query_params
    state, seller_id = given.get("state"), given.get("selling_partner_id")
    code = given.get("spapi_oauth_code")
    if not state or not seller_id or not code:
        return _page(400, "Amazon sent nothing that could be used. Start again from the store.")
    try:
        store = await authorizations.complete(runtime, state=state, seller_id=seller_id, code=code)
    except UserError as error:
        log.warning("amazon.callback.refused", reason=error.message)
        return _page(400, error.message)
    except NotConnected as error:
        log.warning("amazon.callback.failed", reason=str(error))
        return _page(502, str(error))
    except Exception as error:
        if not is_outage(error):
            raise
        return _page(503, "The database cannot be reached. Ask for a new link in a while.")
    log.info("amazon.callback.connected", store=store.id)
    return _page(
        200, f"{store.name} is connected to {store.marketplace.domain}. You can close this page."
    )


def _page(status: int, told: str) -> Response:
    title = "Connected" if status == 200 else "Not connected"
    page = f"<!doctype html><title>{title}</title><h1>{title}</h1><p>{escape(told)}</p>"
    return HTMLResponse(page, status, _HEADERS)
