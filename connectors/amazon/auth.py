"""Access tokens from Login with Amazon: shared by all processes, refreshed by one task of each at a time."""

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

import httpx
import structlog

from connectors.amazon import payload
from connectors.amazon.account import AmazonAccount
from connectors.amazon.operations import Grant
from connectors.errors import Refusal, Throttled, Unauthorized, Unavailable
from connectors.journal import Journal, NoJournal
from domain.clock import Clock

log = structlog.get_logger()

_OPERATION = "lwa.token"
_MARGIN = timedelta(minutes=1)
_RETRY_AFTER = timedelta(seconds=5)


@dataclass(frozen=True, slots=True, repr=False)
class AccessToken:
    """A token and the moment, by the clock of the business, from which it is not to be used."""

    value: str
    good_until: datetime


class SharedTokens(Protocol):
    """Where processes leave access tokens for each other. Never raises for a fault of its own.

    A token is known by who holds it: application, grant and refresh token, which are secrets themselves.
    """

    async def find(self, holder: str) -> AccessToken | None:
        """The newest token that somebody kept."""

    async def keep(self, holder: str, token: AccessToken) -> None:
        """Leave a token for the others."""


class Unshared:
    """Tokens are not shared: each process asks for its own."""

    async def find(self, holder: str) -> AccessToken | None:
        """None."""

    async def keep(self, holder: str, token: AccessToken) -> None:
        """Nothing."""


class Tokens:
    """The tokens of one account, by what they are good for."""

    def __init__(
        self,
        account: AmazonAccount,
        lwa_url: str,
        http: httpx.AsyncClient,
        clock: Clock,
        shared: SharedTokens,
        journal: Journal | None = None,
    ) -> None:
        self._account = account
        self._lwa_url = lwa_url
        self._http = http
        self._clock = clock
        self._shared = shared
        self._journal = journal or NoJournal()
        self._held: dict[Grant, AccessToken] = {}
        self._refused: dict[Grant, str] = {}
        self._asking = {grant: asyncio.Lock() for grant in Grant}

    async def token(self, grant: Grant) -> str:
        """An access token with at least a minute to live.

        Raises:
            Unauthorized: the seller's authorisation or the application's secret is refused.
            Throttled, Unavailable: it may be granted later.
        """
        async with self._asking[grant]:
            held = self._held.get(grant)
            if not self._is_good(grant, held):
                held = await self._shared.find(self._holder(grant))
            if held is None or not self._is_good(grant, held):
                held = await self._ask(grant)
                await self._shared.keep(self._holder(grant), held)
            self._held[grant] = held
            return held.value

    def forget(self, grant: Grant, value: str) -> None:
        """Have a token that Amazon refused replaced, here and for the others; one that is newer stays."""
        self._refused[grant] = value

    def _is_good(self, grant: Grant, token: AccessToken | None) -> bool:
        return (
            token is not None
            and token.good_until > self._clock.now()
            and token.value != self._refused.get(grant)
        )

    def _holder(self, grant: Grant) -> str:
        account = self._account
        seller = account.refresh_token if grant is Grant.SELLER else ""
        return f"{account.client_id}\n{account.client_secret}\n{grant.value}\n{seller}"

    async def _ask(self, grant: Grant) -> AccessToken:
        answer = await ask(self._http, self._lwa_url, self._form(grant), self._journal)
        value, lifetime = payload.text(answer.get("access_token")), answer.get("expires_in")
        if value is None or not isinstance(lifetime, int):
            raise Unavailable("Login with Amazon sent no token", operation=_OPERATION)
        return AccessToken(value, self._clock.now() + timedelta(seconds=lifetime) - _MARGIN)

    def _form(self, grant: Grant) -> dict[str, str]:
        application = {
            "client_id": self._account.client_id,
            "client_secret": self._account.client_secret,
        }
        if grant is Grant.SELLER:
            return {
                "grant_type": "refresh_token",
                "refresh_token": self._account.refresh_token,
                **application,
            }
        return {
            "grant_type": "client_credentials",
            "scope": "sellingpartnerapi::notifications",
            **application,
        }


async def ask(
    http: httpx.AsyncClient, lwa_url: str, form: Mapping[str, str], journal: Journal
) -> payload.Node:
    """What Login with Amazon grants.

    Raises:
        Unauthorized: the seller's authorisation or the application's secret is refused.
        Throttled, Unavailable: it may be granted later.
    """
    started = time.perf_counter()
    try:
        response = await http.post(lwa_url, data=form)
    except httpx.RequestError as error:
        raise Unavailable(
            f"Login with Amazon cannot be reached: {type(error).__name__}", operation=_OPERATION
        ) from error
    finally:
        duration_ms = round((time.perf_counter() - started) * 1000)
        journal.count(_OPERATION, duration_ms)
    log.info(
        "amazon.token",
        grant=form["grant_type"],
        status=response.status_code,
        duration_ms=duration_ms,
    )
    answer = _answer(response)
    if response.status_code != httpx.codes.OK:
        raise _refused(response, answer)
    return answer


def _answer(response: httpx.Response) -> payload.Node:
    try:
        return payload.node(payload.parse(response.content))
    except ValueError:
        return {}


def _refused(
    response: httpx.Response, answer: payload.Node
) -> Unauthorized | Throttled | Unavailable:
    if response.status_code == httpx.codes.TOO_MANY_REQUESTS:
        return Throttled(
            "Login with Amazon refuses for the number of requests",
            operation=_OPERATION,
            retry_after=_RETRY_AFTER,
            status=response.status_code,
        )
    code = payload.text(answer.get("error"))
    if response.status_code >= httpx.codes.INTERNAL_SERVER_ERROR or code is None:
        return Unavailable(
            f"Login with Amazon answered {response.status_code}",
            operation=_OPERATION,
            status=response.status_code,
        )
    refusal = Refusal.TOKEN if code == "invalid_grant" else Refusal.APPLICATION
    what = "the seller's authorisation" if refusal is Refusal.TOKEN else "the application"
    description = payload.text(answer.get("error_description")) or "no reason given"
    return Unauthorized(
        f"Login with Amazon refuses {what}: {code}, {description}",
        operation=_OPERATION,
        refusal=refusal,
        status=response.status_code,
        code=code,
    )
