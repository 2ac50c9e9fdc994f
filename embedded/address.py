"""Where a server listens: a private unix socket, or a port of the loopback interface."""

import hashlib
import os
import re
import socket
import stat
import tempfile
from dataclasses import dataclass
from pathlib import Path

from domain.errors import Conflict

_LONGEST = 100  # bytes of a socket's path: Linux takes 107, macOS 103
_PLAIN = re.compile(r"[a-z0-9/._-]+")
_LOOPBACK = "127.0.0.1"


@dataclass(frozen=True, slots=True)
class Address:
    """A unix socket or a loopback port, never both."""

    path: Path | None = None
    port: int = 0

    @property
    def host(self) -> str:
        """As MongoDB writes a member's host: the socket's path, or host:port."""
        return f"{_LOOPBACK}:{self.port}" if self.path is None else str(self.path)

    def connect(self, timeout: float = 2.0) -> socket.socket:
        """A connection; raises OSError when nobody listens."""
        if self.path is None:
            return socket.create_connection((_LOOPBACK, self.port), timeout)
        connection = socket.socket(socket.AF_UNIX)
        try:
            connection.settimeout(timeout)
            connection.connect(str(self.path))
        except OSError:
            connection.close()
            raise
        return connection

    def answers(self) -> bool:
        """Whether somebody listens."""
        try:
            self.connect().close()
        except OSError:
            return False
        return True


def socket_dir(data_dir: Path) -> Path:
    """A private folder for the sockets of this (absolute) data directory.

    It is `run` inside, unless that path is too long for a socket or has characters that URL parsers disagree on
    (arq does not decode percent signs, MongoDB's driver makes capital letters small): then a folder of the system's temporary directory, named by a hash,
    which stays there: removing it could hit another process that is about to use it.
    """
    inside = data_dir / "run"
    if _fits(inside):
        return _private(inside)
    name = f"sales-channel-{os.getuid()}-{hashlib.sha256(os.fsencode(data_dir)).hexdigest()[:12]}"
    temporary = Path(tempfile.gettempdir()) / name
    return _private(temporary if _fits(temporary) else Path("/tmp") / name)  # noqa: S108 - checked to be ours


def _fits(folder: Path) -> bool:
    return (
        len(os.fsencode(folder / "mongodb-27017.sock")) <= _LONGEST
        and _PLAIN.fullmatch(str(folder)) is not None
    )


def _private(folder: Path) -> Path:
    """Make the folder, for this user only; raises Conflict when another user made it before us."""
    folder.mkdir(mode=0o700, exist_ok=True)
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid():
        raise Conflict(f"{folder} is not a directory of this user, so no socket is put there")
    folder.chmod(0o700)
    return folder
