"""Work in a process of its own that is thrown away afterwards: for what may crash, hang or hold the interpreter."""

import asyncio
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

_OURS = str(Path(__file__).parent.parent)


@dataclass(frozen=True, slots=True)
class Ended:
    """What a process left behind."""

    status: int
    """0 where it went well; negative where a signal ended it."""
    output: bytes
    complaint: str
    """The end of what it wrote to its standard error."""


async def run(command: Sequence[str], given: bytes, seconds: float) -> Ended:
    """Run a command with something on its standard input, to its end.

    Raises:
        TimeoutError: it did not finish in time, and was killed.
    """
    pipe = asyncio.subprocess.PIPE
    child = await asyncio.create_subprocess_exec(
        *command, stdin=pipe, stdout=pipe, stderr=pipe, env={**os.environ, "PYTHONPATH": _OURS}
    )
    try:
        output, complaint = await asyncio.wait_for(child.communicate(given), seconds)
    finally:
        if child.returncode is None:
            child.kill()
            await child.wait()
    return Ended(child.returncode or 0, output, complaint.decode(errors="replace")[-4000:])
