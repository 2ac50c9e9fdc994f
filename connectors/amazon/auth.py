"""Access tokens from Login with Amazon: cached, refreshed by one task at a time."""

import asyncio
import time
from dataclasses import dataclass
from datetime import datetime, timedelta

import httpx
import structlog

from connectors.amazon import payload
from connectors.amazon.account import AmazonAccount
from connectors.amazon.operations import Grant
from connectors.errors import Refusal, Throttled, Unauthorized, Unavailable
from domain.clock import Clock

log = structlog.get_logger()

_OPERATION = "lwa.token"
_MARGIN = timedelta(minutes=1)
_RETRY_AFTER = timedelta(seconds=5)


@dataclass(frozen=True, slots=True)
class _Token:
    value: str
    good_until: datetime


class Tokens:
    """The tokens of one account, by what they are good for."""

    def __init__(
        self, account: AmazonAccount, lwa_url: str, http: httpx.AsyncClient, clock: Clock
    ) -> None:
        self._account = account
        self._lwa_url = lwa_url
        self._http = http
        self._clock = clock
        self._held: dict[Grant, _Token] = {}
        self._asking = {grant: asyncio.Lock() for grant in Grant}

    async def token(self, grant: Grant) -> str:
        """An access token with at least a minute to live.

        Raises:
            Unauthorized: the seller's authorisation or the application's secret is refused.
            Throttled, Unavailable: it may be granted later.
        """
        async with self._asking[grant]:
            held = self._held.get(grant)
            if held is None or held.good_until <= self._clock.now():
                held = self._held[grant] = await self._ask(grant)
            return held.value

    def forget(self, grant: Grant, value: str) -> None:
        """Have a token that Amazon refused replaced; one that is newer stays."""
        held = self._held.get(grant)
        if held is not None and held.value == value:
            del self._held[grant]

    async def _ask(self, grant: Grant) -> _Token:
        started = time.perf_counter()
        try:
            response = await self._http.post(self._lwa_url, data=self._form(grant))
        except httpx.RequestError as error:
            raise Unavailable(
                f"Login with Amazon cannot be reached: {type(error).__name__}", operation=_OPERATION
            ) from error
        log.info(
            "amazon.token",
            grant=grant.value,
            status=response.status_code,
            duration_ms=round((time.perf_counter() - started) * 1000),
        )
        answer = _answer(response)
        if response.status_code != httpx.codes.OK:
            raise _refused(response, answer)
        value, lifetime = payload.text(answer.get("access_token")), answer.get("expires_in")
        if value is None or not isinstance(lifetime, int):
            raise Unavailable("Login with Amazon sent no token", operation=_OPERATION)
        return _Token(value, self._clock.now() + timedelta(seconds=lifetime) - _MARGIN)

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
        )
    code = payload.text(answer.get("error"))
    if response.status_code >= httpx.codes.INTERNAL_SERVER_ERROR or code is None:
        return Unavailable(
            f"Login with Amazon answered {response.status_code}", operation=_OPERATION
        )
    refusal = Refusal.TOKEN if code == "invalid_grant" else Refusal.APPLICATION
    what = "the seller's authorisation" if refusal is Refusal.TOKEN else "the application"
    description = payload.text(answer.get("error_description")) or "no reason given"
    return Unauthorized(
        f"Login with Amazon refuses {what}: {code}, {description}",
        operation=_OPERATION,
        refusal=refusal,
    )
