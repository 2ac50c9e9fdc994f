"""The keys with which the merchant's identity provider signs its tokens (JWKS), cached."""

import asyncio
import time
from collections.abc import Callable
from typing import Any, TypeVar

import httpx
import structlog
from jwt import PyJWK, PyJWTError

log = structlog.get_logger()

T = TypeVar("T")

ALGORITHMS = frozenset(
    "RS256 RS384 RS512 PS256 PS384 PS512 ES256 ES384 ES512 EdDSA".split()  # all asymmetric
)
_HERE = {"localhost", "127.0.0.1", "::1"}
_TIMEOUT = httpx.Timeout(5)
_BETWEEN_LOOKS = 60.0
"""Seconds after which the provider is asked again, however many unknown keys are named meanwhile."""
_KEPT = 3600.0
"""Seconds after which keys are looked up again, so that one that the provider withdrew goes out of use."""


class KeysUnavailable(Exception):
    """The provider's keys cannot be had now; the same token may be good later."""


class IdentityProvider:
    """The keys of one issuer, by their ids."""

    def __init__(
        self,
        issuer: str,
        jwks_url: str | None = None,
        *,
        http: httpx.AsyncClient | None = None,
        seconds: Callable[[], float] = time.monotonic,
    ) -> None:
        self._issuer = issuer
        self._jwks_url = jwks_url
        self._http = http or httpx.AsyncClient(timeout=_TIMEOUT)
        self._seconds = seconds
        self._keys: dict[str, PyJWK] = {}
        self._looked_at = self._loaded_at = float("-inf")
        self._looking = asyncio.Lock()

    async def key(self, id_: str) -> PyJWK | None:
        """The key of an id; None where the provider has none.

        Raises:
            KeysUnavailable: the provider cannot be asked, and nothing is known from before.
        """
        is_fresh = self._seconds() - self._loaded_at < _KEPT
        # While one request asks again for keys that are old, the others go on with those.
        if id_ not in self._keys or not (is_fresh or self._looking.locked()):
            async with self._looking:
                await self._look()
        return self._keys.get(id_)

    async def close(self) -> None:
        """Let go of connections."""
        await self._http.aclose()

    async def _look(self) -> None:
        now = self._seconds()
        if now - self._looked_at >= _BETWEEN_LOOKS:
            self._looked_at = now
            try:
                self._keys = await self._load()
                self._loaded_at = now
            except (httpx.HTTPError, ValueError) as error:
                log.warning("identity_provider.unavailable", issuer=self._issuer, error=str(error))
        if self._loaded_at == float("-inf"):
            raise KeysUnavailable("The identity provider's keys cannot be read. Try again soon.")

    async def _load(self) -> dict[str, PyJWK]:
        url = self._jwks_url
        if url is None:
            place = f"{self._issuer.rstrip('/')}/.well-known/openid-configuration"
            url = await self._get(place, "jwks_uri", str)
        keys = (_key(row) for row in await self._get(url, "keys", list))
        return {key.key_id: key for key in keys if key is not None and key.key_id}

    async def _get(self, url: str, field: str, kind: type[T]) -> T:
        """What an answer has in a field."""
        if httpx.URL(url).scheme != "https" and httpx.URL(url).host not in _HERE:
            raise ValueError(f"{url} is not https; whoever is on the way could put keys there")
        response = await self._http.get(url)
        answer = response.raise_for_status().json()
        found = answer.get(field) if isinstance(answer, dict) else None
        if isinstance(found, kind):
            return found
        raise ValueError(f"{url} has no {field}")


def _key(row: Any) -> PyJWK | None:
    """A key that verifies signatures; None for those of another use or kind."""
    if not isinstance(row, dict) or row.get("use", "sig") != "sig":
        return None
    try:
        key = PyJWK(row)
    except (PyJWTError, ValueError):
        return None
    return key if key.algorithm_name in ALGORITHMS else None
