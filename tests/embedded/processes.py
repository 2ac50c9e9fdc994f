"""Ways to watch processes from outside."""

import os
import subprocess
import time
from collections.abc import Callable
from pathlib import Path


def eventually(condition: Callable[[], bool]) -> None:
    """Wait until the condition holds; the test's own time-out is the limit."""
    while not condition():
        time.sleep(0.01)


def alive(pid: int) -> bool:
    """Whether the process runs; one that ended and was not reaped yet does not."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return not Path("/proc/self").exists()


def lines_of(path: Path) -> list[str]:
    """The whole lines of a file that may not be there yet."""
    return path.read_text().splitlines() if path.exists() else []


def told(process: "subprocess.Popen[str]") -> list[str]:
    """The words of the next line that begins with `told`, past the log lines between."""
    assert process.stdout is not None
    for line in process.stdout:
        if line.startswith("told "):
            return line.split()[1:]
    raise AssertionError("the process ended without telling")
