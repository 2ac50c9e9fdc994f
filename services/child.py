"""Work in processes of its own: for what may crash, hang or hold the interpreter, or keeps a core busy."""

import asyncio
import os
import pickle
import socket
import struct
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

_OURS = str(Path(__file__).parent.parent)
_LENGTH = struct.Struct("!I")
"""Goes before each value on a line."""


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
        *command, stdin=pipe, stdout=pipe, stderr=pipe, env=_environment()
    )
    try:
        output, complaint = await asyncio.wait_for(child.communicate(given), seconds)
    finally:
        if child.returncode is None:
            child.kill()
            await child.wait()
    return Ended(child.returncode or 0, output, complaint.decode(errors="replace")[-4000:])


def _environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": _OURS}


class Line:
    """Values to and from another process of ours, over a socket."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer

    @classmethod
    async def over(cls, end: socket.socket) -> Self:
        """A line over one end of a pair of sockets."""
        return cls(*await asyncio.open_connection(sock=end))

    async def send(self, value: object) -> None:
        """Send a value.

        Raises:
            ConnectionError: the other end is gone.
        """
        packed = pickle.dumps(value, pickle.HIGHEST_PROTOCOL)
        self._writer.write(_LENGTH.pack(len(packed)) + packed)
        await self._writer.drain()

    async def receive(self) -> Any:
        """The next value that the other end sends.

        Raises:
            EOFError: the other end is gone.
            ConnectionError: so it is.
        """
        (length,) = _LENGTH.unpack(await self._reader.readexactly(_LENGTH.size))
        return pickle.loads(await self._reader.readexactly(length))  # noqa: S301  # our own

    def close(self) -> None:
        """Let the other end know that nothing more comes."""
        self._writer.close()


class Attendant:
    """A process that answers over a line until that is closed, or whoever holds it is gone."""

    def __init__(self, process: asyncio.subprocess.Process, line: Line) -> None:
        self._process, self.line = process, line

    @classmethod
    async def start(cls, command: Sequence[str]) -> Self:
        """Start a command; it gets the number of its end of the line as its last argument."""
        ours, theirs = socket.socketpair()
        line = await Line.over(ours)
        try:
            with theirs:
                process = await asyncio.create_subprocess_exec(
                    *(*command, str(theirs.fileno())),
                    stdin=asyncio.subprocess.DEVNULL,
                    pass_fds=[theirs.fileno()],
                    env=_environment(),
                )
        except BaseException:
            line.close()
            raise
        return cls(process, line)

    async def end(self, seconds: float) -> None:
        """Close the line and wait for the process to end; one that does not in time is killed."""
        self.line.close()
        try:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._process.wait(), seconds)
        finally:
            if self._process.returncode is None:
                self._process.kill()
                await self._process.wait()
