"""A mongod and a Valkey of a test's own, which it kills and which come back."""

import os
import shutil
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from embedded.address import Address, socket_dir
from embedded.binaries import find_binary
from embedded.mongod import MONGOD, Mongod
from embedded.servers import ServerUrls
from embedded.supervisor import Supervisor
from embedded.valkey import VALKEY, Valkey


@dataclass
class MortalServer:
    """A server that is killed and comes back with what it has on its disk, or with nothing."""

    server: Mongod | Valkey
    supervisor: Supervisor
    options: tuple[str, ...] = ()
    forgets: bool = False

    def start(self) -> None:
        """Start it, without waiting until it can be used."""
        self.server.data.mkdir(exist_ok=True)
        program = self.server.program
        self.supervisor.start(replace(program, argv=(*program.argv, *self.options)))

    def wait(self) -> None:
        """Wait until it can be used; the test's own time-out is the limit."""
        while not self.server.ready(self.supervisor.state(self.server.name).pid):
            time.sleep(0.02)

    def die(self) -> None:
        """Kill it at once, and have it start again."""
        self.end()
        self.start()

    def end(self) -> None:
        """Kill it at once, and for good."""
        os.kill(self.supervisor.state(self.server.name).pid, signal.SIGKILL)
        self.supervisor.stop(self.server.name)  # it would start it again by itself
        if self.forgets:
            shutil.rmtree(self.server.data)


@dataclass(frozen=True)
class MortalServers:
    """A mongod and a Valkey that are nobody else's."""

    mongod: MortalServer
    valkey: MortalServer

    @property
    def urls(self) -> ServerUrls:
        return ServerUrls(self.mongod.server.url, self.valkey.server.url)


@contextmanager
def mortal_servers(folder: Path) -> Iterator[MortalServers]:
    """Servers of the test's own. What Valkey held is lost with it: it only wakes."""
    sockets = socket_dir(folder)
    mongod = Mongod(
        find_binary(MONGOD, os.environ),
        folder / "mongodb",
        folder / "mongodb.log",
        Address(path=sockets / "mongodb.sock"),
    )
    valkey = Valkey(
        find_binary(VALKEY, os.environ),
        folder / "valkey",
        folder / "valkey.log",
        Address(path=sockets / "valkey.sock"),
    )
    with Supervisor() as supervisor:
        both = MortalServers(
            MortalServer(mongod, supervisor, ("--setParameter", "enableTestCommands=1")),
            MortalServer(valkey, supervisor, forgets=True),
        )
        for each in (both.mongod, both.valkey):
            each.start()
        for each in (both.mongod, both.valkey):
            each.wait()
        yield both
