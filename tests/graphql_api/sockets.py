"""A served API, and clients of its WebSocket."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, nullcontext, suppress
from typing import Any, Self

import orjson
import uvicorn
from websockets.asyncio.client import ClientConnection, connect
from websockets.typing import Subprotocol

from graphql_api.app import app_on
from services.runtime import Runtime

TRANSPORT = Subprotocol("graphql-transport-ws")

Message = dict[str, Any]


@asynccontextmanager
async def served(runtime: Runtime) -> AsyncIterator[str]:
    """The API of a runtime on a port of its own; gives host and port."""
    app = app_on(lambda: nullcontext(runtime))
    config = uvicorn.Config(
        app, port=0, log_level="critical", lifespan="on", timeout_graceful_shutdown=1
    )
    server = uvicorn.Server(config)
    task = asyncio.create_task(server.serve())
    while not server.started:
        await asyncio.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    try:
        yield f"127.0.0.1:{port}"
    finally:
        server.should_exit = True
        await task


class Client:
    """One WebSocket that speaks the sub-protocol, with what came for each subscription."""

    def __init__(self, socket: ClientConnection) -> None:
        self.socket = socket
        self._inboxes: dict[str, asyncio.Queue[Message]] = {}
        self._reading: asyncio.Task[None] | None = None

    async def init(self, **payload: Any) -> Self:
        """Introduce oneself, and begin to read."""
        await self.send(type="connection_init", payload=payload)
        assert orjson.loads(await self.socket.recv()) == {"type": "connection_ack"}
        self._reading = asyncio.create_task(self._read())
        return self

    async def send(self, **message: Any) -> None:
        await self.socket.send(orjson.dumps(message).decode())

    async def subscribe(self, id_: str, query: str, **variables: Any) -> None:
        self._inboxes[id_] = asyncio.Queue()
        payload = {"query": query, "variables": variables}
        await self.send(type="subscribe", id=id_, payload=payload)

    async def complete(self, id_: str) -> None:
        await self.send(type="complete", id=id_)

    async def message(self, id_: str, within: float = 10) -> Message:
        """The next message for a subscription."""
        async with asyncio.timeout(within):
            return await self._inboxes[id_].get()

    async def event(self, id_: str, within: float = 10) -> Any:
        """What the next event of a subscription says."""
        message = await self.message(id_, within)
        assert message["type"] == "next", message
        assert "errors" not in message["payload"], message
        [told] = message["payload"]["data"].values()
        return told

    async def is_silent(self, id_: str, for_: float = 0.7) -> bool:
        """Whether nothing comes for a while."""
        with suppress(TimeoutError):
            await self.message(id_, for_)
            return False
        return True

    async def close(self) -> None:
        if self._reading is not None:
            self._reading.cancel()
        await self.socket.close()

    async def _read(self) -> None:
        async for text in self.socket:
            message = orjson.loads(text)
            self._inboxes[message["id"]].put_nowait(message)


@asynccontextmanager
async def connected(address: str, name: str = "", **options: Any) -> AsyncIterator[Client]:
    """A client that has not introduced itself yet, and may call the API by another name."""
    host, _, port = address.rpartition(":")
    options.setdefault("subprotocols", [TRANSPORT])
    url = f"ws://{name or host}:{port}/graphql"
    client = Client(await connect(url, host=host, port=int(port), proxy=None, **options))
    try:
        yield client
    finally:
        await client.close()


async def listening(runtime: Runtime, count: int) -> None:
    """Wait until so many subscriptions listen: the protocol does not tell."""
    async with asyncio.timeout(10):
        while runtime.live.listeners() != count:
            await asyncio.sleep(0.01)
