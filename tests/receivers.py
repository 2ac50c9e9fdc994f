"""Receivers of webhooks: genuine HTTP servers on this machine that remember what they were told."""

import json
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass(frozen=True, slots=True)
class Message:
    """One request, as it came."""

    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def event(self) -> dict[str, Any]:
        event: dict[str, Any] = json.loads(self.body)
        return event

    @property
    def id(self) -> str:
        return self.headers["webhook-id"]


@dataclass(slots=True)
class Receiver:
    """What it answers may be changed at any time."""

    url: str = ""
    status: int = 204
    answers: dict[str, int] = field(default_factory=dict)
    """Statuses for some topics."""
    seconds: float = 0
    """Before it answers."""
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    messages: list[Message] = field(default_factory=list)
    server_names: list[str | None] = field(default_factory=list)
    """Names that clients asked for by SNI."""
    connections: int = 0
    _busy: int = 0
    most_at_once: int = 0

    def take(self, message: Message) -> int:
        self.messages.append(message)
        self._busy += 1
        self.most_at_once = max(self.most_at_once, self._busy)
        time.sleep(self.seconds)
        self._busy -= 1
        return self.answers.get(message.event.get("topic", ""), self.status)

    @property
    def ids(self) -> list[str]:
        return [message.id for message in self.messages]


def _handler(receiver: Receiver) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def setup(self) -> None:
            receiver.connections += 1
            super().setup()

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            headers = {name.lower(): value for name, value in self.headers.items()}
            status = receiver.take(Message(self.path, headers, body))
            try:
                self.send_response(status)
                for name, value in receiver.headers.items():
                    self.send_header(name, value)
                if status != 204:
                    self.send_header("content-length", str(len(receiver.body)))
                self.end_headers()
                self.wfile.write(receiver.body)
            except OSError:  # the client has hung up
                self.close_connection = True

        def do_GET(self) -> None:
            raise AssertionError("nobody asks a receiver for anything")

        def log_message(self, *_: object) -> None: ...

    return Handler


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, *_: object) -> None:
        """Clients that hang up are what some tests are about."""


@contextmanager
def receiving(tls: ssl.SSLContext | None = None, **options: Any) -> Iterator[Receiver]:
    """A receiver for the length of a `with`."""
    receiver = Receiver(**options)
    server = _Server(("127.0.0.1", 0), _handler(receiver))
    port = server.server_address[1]
    receiver.url = f"{'https' if tls else 'http'}://127.0.0.1:{port}/hook"
    if tls is not None:
        tls.sni_callback = lambda _, name, __: receiver.server_names.append(name)
        server.socket = tls.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield receiver
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
