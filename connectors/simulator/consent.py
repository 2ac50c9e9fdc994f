"""The page on which a seller allows an application to act for it, and the codes that come of it.

At Amazon the seller is signed in; here whoever opens the page says which of the scenario's sellers it is.
"""

import secrets
from collections.abc import Mapping
from html import escape
from urllib.parse import urlencode

from connectors.simulator.clock import MINUTE
from connectors.simulator.world import Authorization, Code, World

CODE_LIFE_MS = 5 * MINUTE
_PARAMETERS = ("application_id", "state", "redirect_uri", "version")


class ConsentError(Exception):
    """What Amazon's page would say instead of asking."""


def page(world: World, asked: Mapping[str, str]) -> str:
    """The page: a button for each seller that may allow the application.

    Raises:
        ConsentError: the application or the way back is not known.
    """
    _client(world, asked)
    hidden = "".join(
        f'<input type="hidden" name="{name}" value="{escape(asked[name])}">'
        for name in _PARAMETERS
        if name in asked
    )
    buttons = "".join(
        f'<p><button name="selling_partner_id" value="{escape(seller.seller_id)}">'
        f"Allow as {escape(seller.name)}</button></p>"
        for seller in world.sellers.values()
        if _application(seller.client_id) == asked["application_id"]
    )
    return (
        "<!doctype html><title>Authorize application</title><h1>Allow the application?</h1>"
        f'<form method="post">{hidden}{buttons}</form>'
    )


def allow(world: World, asked: Mapping[str, str]) -> str:
    """Where the seller's browser goes once the seller agreed, with a code that is good once and for five minutes.

    Raises:
        ConsentError: the application, the way back or the seller is not known.
    """
    client_id, seller_id = _client(world, asked), asked.get("selling_partner_id", "")
    seller = world.sellers.get(seller_id)
    if seller is None or seller.client_id != client_id:
        raise ConsentError("selling_partner_id is not a seller who may allow this application.")
    code = f"S{secrets.token_hex(10)}"
    redirect_uri = asked["redirect_uri"]
    world.codes[code] = Code(client_id, seller_id, redirect_uri, world.now_ms + CODE_LIFE_MS)
    answer = {
        "state": asked["state"],
        "selling_partner_id": seller_id,
        "spapi_oauth_code": code,
    }
    return f"{redirect_uri}{'&' if '?' in redirect_uri else '?'}{urlencode(answer)}"


def redeem(world: World, client_id: str, code: str, redirect_uri: str | None) -> str | None:
    """A new refresh token for a code; None where the code is used, too old, or another's."""
    known = world.codes.pop(code, None)
    if known is None or known.client_id != client_id or known.expires_ms <= world.now_ms:
        return None
    if redirect_uri not in {None, known.redirect_uri}:
        return None
    refresh_token = f"Atzr|{secrets.token_urlsafe(48)}"
    world.authorizations[refresh_token] = Authorization(client_id, known.seller_id, world.now_ms)
    return refresh_token


def _client(world: World, asked: Mapping[str, str]) -> str:
    """The client id of the application that asks."""
    if not asked.get("state"):
        raise ConsentError("state is missing.")
    if not asked.get("redirect_uri", "").startswith(("http://", "https://")):
        raise ConsentError("redirect_uri is missing: the simulator has no application registered.")
    for seller in world.sellers.values():
        if _application(seller.client_id) == asked.get("application_id"):
            return seller.client_id
    raise ConsentError("MD1000: application_id is not known.")


def _application(client_id: str) -> str:
    """The id of the application with those credentials, which is another one at Amazon too."""
    return f"amzn1.sp.solution.{client_id}"
