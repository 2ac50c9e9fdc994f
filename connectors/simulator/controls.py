"""A client of the control API: load a world, move its time, look at it."""

import asyncio
from typing import Any

import httpx


class Controls:
    """The controls of a running simulator."""

    def __init__(self, url: str) -> None:
        self._http = httpx.AsyncClient(base_url=url, timeout=30)

    async def wait_until_up(self) -> None:
        """Return once it answers."""
        while True:
            try:
                await self._http.get("/healthz")
            except httpx.TransportError:
                await asyncio.sleep(0.05)
            else:
                return

    async def load(self, scenario: dict[str, Any]) -> bool:
        """Load a scenario; false where it is loaded already and its story goes on."""
        loaded: bool = (await self._post("/control/scenario", scenario))["loaded"]
        return loaded

    async def advance(self, minutes: int, *, frozen: bool = False) -> dict[str, Any]:
        """Let time pass; frozen means that rivals and buyers rest meanwhile."""
        return await self._post("/control/advance", {"minutes": minutes, "marketFrozen": frozen})

    async def waiting_events(self) -> int:
        """How many notifications wait, or are out and not acknowledged."""
        queues = await self._get("/control/queues")
        return sum(depth["visible"] + depth["inFlight"] for depth in queues.values())

    async def delivery(self, *, lost: float = 0, late: float = 0, twice: float = 0) -> None:
        """Have these shares of the notifications of offers never come, come late, come a second time."""
        await self._post("/control/delivery", {"lost": lost, "late": late, "twice": twice})

    async def status(self) -> dict[str, Any]:
        """How things stand."""
        return await self._get("/control/status")

    async def written(self, after: int) -> list[dict[str, Any]]:
        """What was written to listings after an entry of the journal, in order."""
        answer = await self._get("/control/journal", after=after)
        entries: list[dict[str, Any]] = answer["entries"]
        return entries

    async def close(self) -> None:
        """Let go of connections."""
        await self._http.aclose()

    async def _get(self, path: str, **query: int) -> dict[str, Any]:
        answer = await self._http.get(path, params=query)
        answer.raise_for_status()
        found: dict[str, Any] = answer.json()
        return found

    async def _post(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        answer = await self._http.post(path, json=body)
        answer.raise_for_status()
        found: dict[str, Any] = answer.json()
        return found
