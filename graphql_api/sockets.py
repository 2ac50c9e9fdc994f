"""Subscriptions over WebSocket, by the sub-protocol graphql-transport-ws.

Only subscriptions: queries and mutations go over HTTP. Everybody is told of errors by code, as there.
"""

import asyncio
from collections import Counter
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any

import orjson
import structlog
from graphql import GraphQLError
from starlette.requests import Request
from starlette.websockets import WebSocket, WebSocketDisconnect
from strawberry.asgi import ASGIWebSocketAdapter
from strawberry.exceptions import ConnectionRejectionError
from strawberry.http.exceptions import WebSocketDisconnected
from strawberry.subscriptions.protocols.graphql_transport_ws.handlers import (
    BaseGraphQLTransportWSHandler,
    Operation,
)
from strawberry.types.graphql import OperationType

from domain.access import Viewer
from domain.ids import new_id
from graphql_api import persisted
from graphql_api.auth import Unanswerable, Unauthenticated, viewer_of
from graphql_api.context import RequestContext
from graphql_api.errors import Code, formatted
from graphql_api.files import address_of
from services.runtime import Runtime

log = structlog.get_logger()

INIT_SECONDS = 10.0
"""Seconds in which a client must introduce itself."""
CHECK_SECONDS = 60.0
"""Seconds after which a credential is looked at again."""
SUBSCRIPTIONS = 100
"""Subscriptions of one connection."""
CONNECTIONS = 20
"""Connections that one merchant may have to one process."""

_FORBIDDEN = 4403
_INTERNAL = 1011
_TRY_AGAIN_LATER = 1013


class TooManyConnections(Exception):
    """The merchant has as many connections as it may."""


@dataclass(slots=True)
class Connection:
    """A WebSocket, and who is at its other end once that is known."""

    socket: WebSocket
    connections: Counter[str]
    """Open connections of the process by merchant."""
    connection_params: dict[str, Any] | None = None
    """Payload of `connection_init`; Strawberry writes it."""
    viewer: Viewer | None = None

    @property
    def runtime(self) -> Runtime:
        """The process's resources."""
        runtime: Runtime = self.socket.app.state.runtime
        return runtime

    async def look(self) -> Viewer:
        """Whose credential it is that came with `connection_init` or else with the handshake.

        Raises:
            Unauthenticated: it is not good, or not any more.
            Unanswerable: that cannot be found out now.
        """
        headers = list(self.socket.scope["headers"])
        params = self.connection_params or {}
        # Named like the header, in whichever case people write it.
        given = next((params[key] for key in params if key.lower() == "authorization"), None)
        if isinstance(given, str):
            headers = [each for each in headers if each[0] != b"authorization"]
            headers.append((b"authorization", given.encode()))
        scope = {**self.socket.scope, "type": "http", "method": "GET", "headers": headers}
        return await viewer_of(Request(scope), self.runtime)

    async def enter(self) -> None:
        """Let the client in.

        Raises:
            ConnectionRejectionError: its credential is not good.
            Unanswerable: that cannot be found out now.
            TooManyConnections: its merchant has as many connections as it may.
        """
        try:
            viewer = await self.look()
        except Unauthenticated as error:
            log.info("socket.refused", reason=str(error))
            raise ConnectionRejectionError from error
        if self.connections[viewer.merchant_id] >= CONNECTIONS:
            raise TooManyConnections(f"A merchant can have {CONNECTIONS} connections.")
        self.connections[viewer.merchant_id] += 1
        self.viewer = viewer

    def leave(self) -> None:
        """The client is gone."""
        if self.viewer is not None:
            self.connections[self.viewer.merchant_id] -= 1
            self.viewer = None


class TextSocket(ASGIWebSocketAdapter):
    """Sends JSON as text, which is what clients of the sub-protocol read."""

    async def send_json(self, message: Any) -> None:
        """Send one message; waits while the client does not read."""
        try:
            await self.ws.send_text(orjson.dumps(message).decode())
        except (WebSocketDisconnect, RuntimeError) as error:  # Starlette's, once it is closed
            raise WebSocketDisconnected from error


class SocketHandler(BaseGraphQLTransportWSHandler[Any, None]):
    """One connection."""

    context: Connection
    _checking: asyncio.Task[None] | None = None

    async def handle_connection_init(self, message: Any) -> None:
        """Let the client in or refuse it."""
        try:
            await super().handle_connection_init(message)
        except (TooManyConnections, Unanswerable) as reason:
            await self.websocket.close(_TRY_AGAIN_LATER, str(reason))
        if self.connection_acknowledged and self._checking is None:
            self._checking = asyncio.create_task(self._check())

    async def handle_subscribe(self, message: Any) -> None:
        """Start a subscription, if the connection may have one more."""
        if self.connection_acknowledged and len(self.operations) >= SUBSCRIPTIONS:
            text = f"A connection can have {SUBSCRIPTIONS} subscriptions."
            error = {"message": text, "extensions": {"code": Code.VALIDATION_FAILED.value}}
            refusal: Any = {"id": message["id"], "type": "error", "payload": [error]}
            await self.send_message(refusal)
            return
        await super().handle_subscribe(message)

    async def run_operation(self, operation: Operation[Any, None]) -> None:
        """Send a subscription's events until one side ends it."""
        try:
            await self._run(operation)
        except WebSocketDisconnected:
            pass
        except GraphQLError as error:  # of a document that is not run, such as the parser's
            await _send(operation, "error", [formatted(error, new_id())])
        except Exception:
            log.exception("socket.failed")
            await self.websocket.close(_INTERNAL, "Internal error")
            raise

    async def _run(self, operation: Operation[Any, None]) -> None:
        viewer = self.context.viewer
        assert viewer is not None
        request_id = new_id()
        runtime = self.context.runtime
        address = address_of(self.context.socket, runtime.settings)
        context = RequestContext(runtime, viewer, address)
        trusted = context.runtime.settings.trusted_documents
        text = await persisted.text_of(context.scope, operation.query, None, trusted)
        results: Any = await self.schema.stream(
            text,
            variable_values=operation.variables,
            context_value=context,
            operation_name=operation.operation_name,
            allowed_operation_types=(OperationType.SUBSCRIPTION,),
        )
        is_first = True
        async with aclosing(results):
            async for result in results:
                errors = [formatted(each, request_id) for each in result.errors or ()]
                if is_first and result.data is None:
                    await _send(operation, "error", errors)
                    return
                told = {"errors": errors} if errors else {}
                await _send(operation, "next", {"data": result.data, **told})
                is_first = False
        await operation.send_operation_message({"id": operation.id, "type": "complete"})

    async def shutdown(self) -> None:
        """Let go of everything: the connection is over."""
        if self._checking is not None:
            self._checking.cancel()
        await super().shutdown()
        self.context.leave()

    async def _check(self) -> None:
        """Close the connection when its credential ends, or comes to mean something else."""
        while True:
            await asyncio.sleep(CHECK_SECONDS)
            try:
                is_same = await self.context.look() == self.context.viewer
            except Unanswerable:
                continue
            except Unauthenticated:
                is_same = False
            if not is_same:
                for id_ in list(self.operations):
                    await self.cleanup_operation(id_)
                await self.websocket.close(_FORBIDDEN, "Forbidden")
                return


async def _send(operation: Operation[Any, None], kind: str, payload: Any) -> None:
    message: Any = {"id": operation.id, "type": kind, "payload": payload}
    await operation.send_operation_message(message)
