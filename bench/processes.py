"""Servers for a bench, and what a process takes, as Linux tells it."""

import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from embedded.servers import ServerUrls, open_servers
from storage.mongo import Database

_TICKS = os.sysconf("SC_CLK_TCK")


@contextmanager
def servers() -> Iterator[tuple[Path, ServerUrls]]:
    """A folder with servers, gone afterwards; under build/, since the system's own may be in memory."""
    root = Path("build")
    root.mkdir(exist_ok=True)
    with (
        tempfile.TemporaryDirectory(dir=root.resolve(), prefix="bench-") as folder,
        open_servers(Path(folder), {"PATH": os.environ["PATH"]}) as urls,
    ):
        yield Path(folder), urls


def need_linux() -> None:
    """End where CPU time and memory of other processes cannot be told."""
    if sys.platform != "linux":
        sys.exit("CPU time and memory of processes are read from /proc, which only Linux has.")


def cpu_seconds(pid: int) -> float:
    """CPU time that a process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS


def most_mb(pid: int) -> float:
    """The most memory that a process has had, in MB."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) / 1024


def beside(pid: int) -> list[int]:
    """The processes that take shares of a reprice worker's runs."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [int(each) for each in children if b"services.share_child" in _command_of(each)]


def _command_of(pid: str) -> bytes:
    return Path(f"/proc/{pid}/cmdline").read_bytes()


async def pid_of_mongod(database: Database) -> int:
    """The process behind a database of this machine."""
    status = await database.client.admin.command("serverStatus")
    return int(status["pid"])


def load() -> str:
    """How busy the machine is, to be printed beside every number."""
    return f"load {os.getloadavg()[0]:.1f}, {os.cpu_count()} cores"
