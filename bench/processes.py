"""What a process takes, as Linux tells it."""

import os
import sys
from pathlib import Path

from storage.mongo import Database

_TICKS = os.sysconf("SC_CLK_TCK")


def need_linux() -> None:
    """End where CPU time and memory of other processes cannot be told."""
    if sys.platform != "linux":
        sys.exit("CPU time and memory of processes are read from /proc, which only Linux has.")


def cpu_seconds(pid: int) -> float:
    """CPU time that a process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS


async def pid_of_mongod(database: Database) -> int:
    """The process behind a database of this machine."""
    status = await database.client.admin.command("serverStatus")
    return int(status["pid"])


def load() -> str:
    """How busy the machine is, to be printed beside every number."""
    return f"load {os.getloadavg()[0]:.1f}, {os.cpu_count()} cores"
