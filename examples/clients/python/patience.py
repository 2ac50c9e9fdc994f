"""Waiting as long as the API says while a caller asks more than it may."""

import asyncio

import httpx

ATTEMPTS = 5


class Patient(httpx.AsyncBaseTransport):
    """A transport that sends a request again that was THROTTLED: nothing was run, so mutations can be sent again too."""

    def __init__(self) -> None:
        self._inner = httpx.AsyncHTTPTransport()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """The response, after as many waits as it takes."""
        for _ in range(ATTEMPTS - 1):
            response = await self._inner.handle_async_request(request)
            if response.status_code != httpx.codes.TOO_MANY_REQUESTS:
                return response
            await response.aclose()
            await asyncio.sleep(float(response.headers.get("retry-after", "1")))
        return await self._inner.handle_async_request(request)

    async def aclose(self) -> None:
        """Let go of connections."""
        await self._inner.aclose()
