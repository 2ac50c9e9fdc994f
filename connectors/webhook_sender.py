"""Sends webhooks to addresses that merchants name: one request, no redirects, little patience."""

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass

import httpcore
import httpx

from connectors.egress import EgressRefused, GuardedBackend

SECONDS = 10.0
"""For the whole exchange, whatever part of it is slow."""
_READ = 16_384
"""Bytes of an answer that are read, so that the connection can be used again; nothing is done with them."""
_LONGEST_ERROR = 200


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of a request."""

    status: int | None
    """Of HTTP; None where no answer came."""
    error: str | None
    """Why it did not arrive; None where it did."""
    milliseconds: int

    @property
    def is_success(self) -> bool:
        """Whether the receiver took it."""
        return self.error is None


class WebhookSender:
    """The way to receivers. Redirects are answers like any other: not taken, and not followed."""

    def __init__(self, backend: GuardedBackend, *, seconds: float = SECONDS) -> None:
        self._backend = backend
        self._seconds = seconds
        self._pool: httpcore.AsyncConnectionPool | None = None

    async def post(self, url: str, headers: Mapping[str, str], body: bytes) -> Answer:
        """Send once; whatever goes wrong is part of the answer."""
        started = time.perf_counter()
        status: int | None = None
        try:
            async with asyncio.timeout(self._seconds):
                status = await self._exchange(url, headers, body)
            error = None if status // 100 == 2 else f"It answered {status}."
        except (TimeoutError, httpcore.TimeoutException):
            error = f"There was no answer within {self._seconds:g} s."
        except EgressRefused as refused:
            error = str(refused)
        except (httpcore.NetworkError, httpcore.ProtocolError, httpx.InvalidURL) as trouble:
            error = str(trouble) or type(trouble).__name__
        took = round((time.perf_counter() - started) * 1000)
        return Answer(status, error and error[:_LONGEST_ERROR], took)

    async def close(self) -> None:
        """Let go of connections."""
        self._backend.close()
        if self._pool is not None:
            await self._pool.aclose()

    async def _exchange(self, url: str, headers: Mapping[str, str], body: bytes) -> int:
        # Httpx writes down the request; its own transport could not be told where to connect.
        request = httpx.Request("POST", url, headers=dict(headers), content=body)
        target = httpcore.URL(
            scheme=request.url.raw_scheme,
            host=request.url.raw_host,
            port=request.url.port,
            target=request.url.raw_path,
        )
        timeouts = dict.fromkeys(("connect", "read", "write", "pool"), self._seconds)
        async with self._connections().stream(
            "POST",
            target,
            headers=request.headers.raw,
            content=body,
            extensions={"timeout": timeouts},
        ) as response:
            left = _READ
            async for part in response.aiter_stream():
                left -= len(part)
                if left <= 0:
                    break
            return response.status

    def _connections(self) -> httpcore.AsyncConnectionPool:
        """Opened at first use: most processes never send."""
        if self._pool is None:
            self._pool = httpcore.AsyncConnectionPool(
                ssl_context=httpx.create_ssl_context(),
                max_connections=None,  # who waits for a slow receiver must not keep others waiting
                keepalive_expiry=5,
                network_backend=self._backend,
            )
        return self._pool
