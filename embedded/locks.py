"""File locks that the kernel drops when their last holder dies, however it dies."""

import fcntl
import os
import time
from pathlib import Path

from domain.errors import Conflict

_POLL = 0.02


def try_lock(path: Path) -> int | None:
    """Open and lock the file; gives its descriptor, or None when another holds it.

    The lock goes with the descriptor: a child process that inherits it holds it too, until the last of
    them is gone. Closing the descriptor is how to let go.
    """
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return None
    return descriptor


def lock(path: Path, within: float) -> int:
    """As `try_lock`, but waits up to `within` seconds; raises Conflict when it stays locked."""
    deadline = time.monotonic() + within
    while (descriptor := try_lock(path)) is None:
        if time.monotonic() > deadline:
            raise Conflict(f"{path} is still locked by another process after {within:g} s")
        time.sleep(_POLL)
    return descriptor
