"""Fixtures for all tests: genuine servers on private sockets, and no network beyond this machine."""

import ipaddress
import os
import sys
from collections.abc import AsyncIterator, Iterator

import pytest

from domain.ids import new_id
from embedded.servers import ServerUrls, open_servers
from storage import indexes
from storage.mongo import Database, open_database
from tests import official_answers

# Servers of the developer's environment are never used: tests drop what they find.
_PASSED_ON = ("MONGOD_BIN", "VALKEY_BIN", "PATH")


def pytest_configure(config: pytest.Config) -> None:
    """Watch over what the simulator answers."""
    official_answers.install(config)


@pytest.fixture(scope="session")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerUrls]:
    """MongoDB and Valkey of this test run; close your clients before the session ends."""
    environ = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
    with open_servers(tmp_path_factory.mktemp("servers"), environ) as urls:
        yield urls


@pytest.fixture
async def database(servers: ServerUrls) -> AsyncIterator[Database]:
    """A database of the test's own, with its indexes, gone afterwards."""
    async with open_database(servers.mongodb_url, f"test_{new_id()}") as opened:
        await indexes.ensure(opened)
        yield opened
        await opened.client.drop_database(opened.name)


def _loopback_only(event: str, arguments: tuple[object, ...]) -> None:
    """An audit hook: refuse every connection and every name look-up that would leave this machine."""
    if event == "socket.connect" and isinstance(arguments[1], tuple):
        host = arguments[1][0]
    elif event == "socket.getaddrinfo":
        host = arguments[0]
    else:
        return
    if host in (None, "", "localhost", b"localhost"):
        return
    try:
        here = ipaddress.ip_address(
            host.decode() if isinstance(host, bytes) else str(host)
        ).is_loopback
    except ValueError:
        here = False
    if not here:
        raise RuntimeError(f"tests stay on this machine, but one asked for {host!r}")


sys.addaudithook(_loopback_only)
