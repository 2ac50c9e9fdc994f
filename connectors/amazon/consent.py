"""The way to a seller's authorisation through the browser: Amazon's page, and the code that it sends back."""

from dataclasses import dataclass, field
from urllib.parse import urlencode

import httpx

from connectors.amazon import payload
from connectors.amazon.auth import ask
from connectors.amazon.wording import trouble_of
from connectors.errors import MarketplaceError, Unavailable
from connectors.journal import Journal, NoJournal
from domain.marketplace import Marketplace

_TIMEOUT = httpx.Timeout(30, connect=10)


@dataclass(frozen=True, slots=True)
class Application:
    """What Amazon knows our installation as: an application that sellers can allow to act for them."""

    id: str
    client_id: str
    client_secret: str = field(repr=False)
    redirect_url: str | None
    """Where Amazon sends the seller back to; None for the one that is registered there."""
    is_draft: bool
    """Whether Amazon has not published it yet."""


def consent_url(
    application: Application, marketplace: Marketplace, state: str, base_url: str | None = None
) -> str:
    """The page on which a seller of a marketplace allows the application; `base_url` is a simulator's."""
    asked = {"application_id": application.id, "state": state}
    if application.redirect_url:
        asked["redirect_uri"] = application.redirect_url
    if application.is_draft:
        asked["version"] = "beta"
    base = base_url.rstrip("/") if base_url else f"https://{marketplace.seller_central}"
    return f"{base}/apps/authorize/consent?{urlencode(asked)}"


async def exchange(
    application: Application, lwa_url: str, code: str, journal: Journal | None = None
) -> str:
    """The refresh token for a code. A code is good once, and for five minutes.

    Raises:
        Unauthorized: the code or the application's secret is refused.
        Throttled, Unavailable: there was no answer.
    """
    form = {
        "grant_type": "authorization_code",
        "code": code,
        "client_id": application.client_id,
        "client_secret": application.client_secret,
    }
    if application.redirect_url:
        form["redirect_uri"] = application.redirect_url
    journal = journal or NoJournal()
    async with httpx.AsyncClient(timeout=_TIMEOUT) as http:
        try:
            answer = await ask(http, lwa_url, form, journal)
        except MarketplaceError as error:
            journal.note(trouble_of(error))
            raise
    refresh_token = payload.text(answer.get("refresh_token"))
    if refresh_token is None:
        raise Unavailable("Login with Amazon sent no refresh token", operation="lwa.token")
    return refresh_token
