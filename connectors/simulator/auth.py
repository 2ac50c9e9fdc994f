"""Login with Amazon, and the check of the token that every SP-API call carries."""

import re
import secrets
from urllib.parse import parse_qs

from connectors.simulator.clock import DAY, HOUR
from connectors.simulator.consent import redeem
from connectors.simulator.wire import SpApiError
from connectors.simulator.world import Token, World

TOKEN_LIFE_MS = HOUR
AUTHORIZATION_LIFE_MS = 365 * DAY
"""A seller authorises anew every year."""
NOTIFICATIONS = "sellingpartnerapi::notifications"
_SCOPES = frozenset({NOTIFICATIONS, "sellingpartnerapi::client_credential:rotation"})
_GRANTS = frozenset({"authorization_code", "refresh_token", "client_credentials"})


class LwaError(Exception):
    """A refusal of the token endpoint."""

    def __init__(self, status: int, error: str, description: str) -> None:
        super().__init__(description)
        self.status = status
        self.body: dict[str, object] = {"error": error, "error_description": description}


def exchange(world: World, content_type: str, body: bytes) -> dict[str, object]:
    """The token endpoint: a code, a refresh token, or the application's own secret, for an access token.

    Raises:
        LwaError: with the status and body that Login with Amazon answers.
    """
    form = _read_form(content_type, body)
    grant = form.get("grant_type")
    if grant not in _GRANTS:
        raise LwaError(400, "unsupported_grant_type", "The grant type is not supported.")
    client_id = form.get("client_id", "")
    if not _knows(world, client_id, form.get("client_secret", "")):
        raise LwaError(401, "invalid_client", "Client authentication failed")
    if grant == "client_credentials":
        return _grantless(world, client_id, form.get("scope", ""))
    if grant == "authorization_code":
        return _for_code(world, client_id, form.get("code", ""), form.get("redirect_uri"))
    return _for_seller(world, client_id, form.get("refresh_token", ""))


def check_token(
    world: World, header: str | None, *, grantless: bool, method: str, path: str
) -> Token:
    """The token behind the header; raises the 403 that says what is wrong with it."""
    if not header:
        raise _denied("Access token is missing in the request header.")
    token = world.tokens.get(header)
    if token is None:
        raise _denied("The access token you provided is revoked, malformed or invalid.")
    if token.expires_ms <= world.now_ms:
        raise _denied("The access token you provided has expired.")
    if grantless and token.scope != NOTIFICATIONS:
        raise _denied("This operation needs a token of a grantless scope.")
    if not grantless and token.seller_id is None:
        raise _denied("This operation needs a token that a seller has authorised.")
    if token.resources and not _reaches(token.resources, method, path):
        raise _denied("The restricted data token was not made for this resource.")
    return token


def revoke(world: World, seller_id: str) -> int:
    """End all that a seller allowed; gives how many authorisations that were."""
    ended = [key for key, known in world.authorizations.items() if known.seller_id == seller_id]
    for key in ended:
        del world.authorizations[key]
    for key in [key for key, token in world.tokens.items() if token.seller_id == seller_id]:
        del world.tokens[key]
    return len(ended)


def _reaches(resources: list[str], method: str, path: str) -> bool:
    """Whether one of a token's resources is what is asked for; a name in braces stands for any value."""
    return any(
        re.fullmatch(re.sub(r"\\\{\w+\\\}", "[^/]+", re.escape(each)), f"{method} {path}")
        for each in resources
    )


def _read_form(content_type: str, body: bytes) -> dict[str, str]:
    media_type = content_type.split(";", maxsplit=1)[0].strip().lower()
    if media_type != "application/x-www-form-urlencoded":
        raise LwaError(400, "invalid_request", "The request body must be form-encoded.")
    try:
        fields = parse_qs(body.decode(), keep_blank_values=True, strict_parsing=True)
    except ValueError as error:
        raise LwaError(400, "invalid_request", "The request body cannot be read.") from error
    if "grant_type" not in fields:
        raise LwaError(
            400, "invalid_request", "The request is missing a required parameter: grant_type"
        )
    return {name: values[0] for name, values in fields.items()}


def _for_code(
    world: World, client_id: str, code: str, redirect_uri: str | None
) -> dict[str, object]:
    refresh_token = redeem(world, client_id, code, redirect_uri)
    if refresh_token is None:
        raise LwaError(400, "invalid_grant", "The request has an invalid grant parameter : code")
    return _for_seller(world, client_id, refresh_token)


def _for_seller(world: World, client_id: str, refresh_token: str) -> dict[str, object]:
    known = world.authorizations.get(refresh_token)
    is_good = (
        known is not None
        and known.client_id == client_id
        and world.now_ms < known.granted_ms + AUTHORIZATION_LIFE_MS
    )
    if known is None or not is_good:
        raise LwaError(
            400, "invalid_grant", "The request has an invalid grant parameter : refresh_token"
        )
    return {
        **_issue(world, "Atza", client_id, known.seller_id, None),
        "refresh_token": refresh_token,
    }


def _grantless(world: World, client_id: str, scope: str) -> dict[str, object]:
    if scope not in _SCOPES:
        raise LwaError(
            400, "invalid_scope", "The requested scope is invalid, unknown, or malformed."
        )
    return _issue(world, "Atc", client_id, None, scope)


def _issue(
    world: World, kind: str, client_id: str, seller_id: str | None, scope: str | None
) -> dict[str, object]:
    access_token = f"{kind}|{secrets.token_urlsafe(48)}"
    world.tokens[access_token] = Token(client_id, seller_id, scope, world.now_ms + TOKEN_LIFE_MS)
    return {
        "access_token": access_token,
        "token_type": "bearer",
        "expires_in": TOKEN_LIFE_MS // 1_000,
    }


def _knows(world: World, client_id: str, client_secret: str) -> bool:
    return any(
        seller.client_id == client_id and seller.client_secret == client_secret
        for seller in world.sellers.values()
    )


def _denied(details: str) -> SpApiError:
    return SpApiError(403, "Unauthorized", "Access to requested resource is denied.", details)
