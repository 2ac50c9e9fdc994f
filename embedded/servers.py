"""The public face: MongoDB and Valkey for one data directory, found running or started here."""

import os
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import structlog

from domain.errors import Conflict, SalesChannelError
from embedded.address import Address, socket_dir
from embedded.binaries import find_binary
from embedded.locks import try_lock
from embedded.mongod import MONGOD, Mongod
from embedded.supervisor import Program, Supervisor
from embedded.valkey import VALKEY, Valkey

_STEP = 0.02
_WITHIN = 60.0

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class ServerUrls:
    """Addresses for drivers: motor or pymongo, and redis-py or arq."""

    mongodb_url: str
    redis_url: str


class ServerFailed(SalesChannelError):
    """A server ended, or did not get ready, when it was started; the message ends with its last words."""


class _Server(Protocol):
    @property
    def name(self) -> str: ...
    @property
    def data(self) -> Path: ...
    @property
    def log(self) -> Path: ...
    @property
    def lock(self) -> Path: ...
    @property
    def url(self) -> str: ...
    @property
    def program(self) -> Program: ...
    def ready(self, pid: int) -> bool: ...
    def shut_down(self) -> None: ...


@contextmanager
def open_servers(
    data_dir: Path,
    environ: Mapping[str, str] = os.environ,
    *,
    mongodb_port: int | None = None,
    redis_port: int | None = None,
) -> Iterator[ServerUrls]:
    """Give the servers of a data directory; stop at the end those that this call started.

    `MONGODB_URL` and `REDIS_URL` in `environ` are taken as they are and nothing is started for them. Servers of
    this directory that another process (or an outer call) keeps are shared, and stop with their keeper. Otherwise
    they are started here, restarted when they die, and listen on unix sockets that only this user can open, or on
    the given ports of 127.0.0.1. Close your clients before leaving: drivers wait long for a server that is gone.

    Raises BinaryMissing when a program is not installed, ServerFailed when one does not start.
    """
    mongodb_url, redis_url = environ.get("MONGODB_URL"), environ.get("REDIS_URL")
    if mongodb_url and redis_url:  # nothing to watch over, so signals stay the caller's affair
        yield ServerUrls(mongodb_url, redis_url)
        return
    with Supervisor() as supervisor, ExitStack() as stack:
        if not mongodb_url:
            binary = find_binary(MONGOD, environ)
            data, output, address = _places(data_dir, "mongodb", mongodb_port)
            mongod = Mongod(binary, data, output, address)
            mongodb_url = stack.enter_context(_running(mongod, supervisor))
        if not redis_url:
            binary = find_binary(VALKEY, environ)
            data, output, address = _places(data_dir, "valkey", redis_port)
            valkey = Valkey(binary, data, output, address)
            redis_url = stack.enter_context(_running(valkey, supervisor))
        yield ServerUrls(mongodb_url, redis_url)


def _places(data_dir: Path, name: str, port: int | None) -> tuple[Path, Path, Address]:
    """The data folder, the log file and the address of a server."""
    root = data_dir.resolve()
    for folder in (root, root / name, root / "log"):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    address = (
        Address(path=socket_dir(root) / f"{name}.sock") if port is None else Address(port=port)
    )
    return root / name, root / "log" / f"{name}.log", address


@contextmanager
def _running(server: _Server, supervisor: Supervisor) -> Iterator[str]:
    """The server's URL: of the one that another keeper runs, or of ours, with us as its keeper.

    The keeper locks a file for as long as it lives, and writes the URL into it while the server can be used.
    """
    claim = server.data.with_suffix(".keeper")
    deadline = time.monotonic() + _WITHIN
    while (descriptor := try_lock(claim)) is None:
        url = claim.read_text(encoding="utf-8")
        if url:
            log.info("embedded.server.shared", server=server.name)
            yield url
            return
        if time.monotonic() > deadline:
            raise Conflict(f"another process holds {claim} and does not start {server.name}")
        time.sleep(_STEP)
    with open(descriptor, "w", encoding="utf-8") as file:  # closing it lets go  # noqa: PTH123
        _start(server, supervisor)
        try:
            file.write(server.url)
            file.flush()
            yield server.url
        finally:
            file.truncate(0)
            supervisor.stop(server.name)


def _start(server: _Server, supervisor: Supervisor) -> None:
    began = time.monotonic()
    _clear_orphan(server)
    if server.log.exists():
        server.log.replace(server.log.with_suffix(".log.1"))
    pid = supervisor.start(server.program).pid
    while not server.ready(pid):
        if supervisor.state(server.name).last_exit is not None:
            raise _failed(server, "ended at once")
        if time.monotonic() - began > _WITHIN:
            raise _failed(server, f"was not ready within {_WITHIN:g} s")
        time.sleep(_STEP)
    seconds = round(time.monotonic() - began, 3)
    log.info("embedded.server.ready", server=server.name, pid=pid, seconds=seconds)


def _clear_orphan(server: _Server) -> None:
    """End a server that outlived its keeper: each holds its lock for as long as it runs."""
    descriptor = try_lock(server.lock)
    if descriptor is None:
        server.shut_down()
    else:
        os.close(descriptor)


def _failed(server: _Server, how: str) -> ServerFailed:
    last_words = server.log.read_text(encoding="utf-8", errors="replace").splitlines()[-10:]
    return ServerFailed("\n".join([f"{server.name} {how}; the end of {server.log}:", *last_words]))
