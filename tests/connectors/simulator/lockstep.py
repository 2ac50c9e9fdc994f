"""Time that several processes share: it moves on when all of them sleep, to the next that wakes."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from redis.asyncio import Redis

from connectors.budget import Sleep

KEY = "lockstep:now"
"""Where Redis holds the time, in microseconds."""
_TOGETHER = 0.01
"""Those who wake within this many seconds of each other wake at once, and so get into each other's way."""


class Lockstep:
    """The side that moves time, until `end` is reached; then everybody is let go."""

    def __init__(self, redis: Redis, sleepers: int, end: float) -> None:
        self.seconds = 0.0
        self._redis = redis
        self._sleepers = sleepers
        self._end = end
        self._asleep: list[tuple[float, asyncio.StreamWriter]] = []

    def __call__(self) -> float:
        return self.seconds

    @asynccontextmanager
    async def serve(self, path: Path) -> AsyncIterator[None]:
        """Take in the sleepers on a socket."""
        await self._redis.set(KEY, 0)
        async with await asyncio.start_unix_server(self._meet, path):
            yield

    async def _meet(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while line := await reader.readline():
            self._asleep.append((self.seconds + float(line), writer))
            if len(self._asleep) == self._sleepers:
                await self._wake()
        writer.close()
        # Nobody is to wait for one that is gone: time is up for the others, too.
        self._end = min(self._end, self.seconds)
        if self._asleep:
            await self._wake()

    async def _wake(self) -> None:
        first = min(at for at, _ in self._asleep)
        awake = [each for each in self._asleep if each[0] <= first + _TOGETHER]
        self.seconds = max(self.seconds, *(at for at, _ in awake))
        await self._redis.set(KEY, round(self.seconds * 1e6))
        if self.seconds >= self._end:
            awake = self._asleep
        self._asleep = [each for each in self._asleep if each not in awake]
        for _, writer in awake:
            writer.write(b"end\n" if self.seconds >= self._end else b"go\n")


class End(Exception):
    """Time is up."""


async def sleeper(path: Path) -> Sleep:
    """A process' own way to sleep in shared time; raises `End` when time is up."""
    reader, writer = await asyncio.open_unix_connection(path)

    async def sleep(seconds: float) -> None:
        writer.write(f"{seconds}\n".encode())
        if await reader.readline() != b"go\n":
            raise End

    return sleep
