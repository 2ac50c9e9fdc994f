"""Processes that take shares of large runs beside the worker that begins them, each started at its first (ADR 38)."""

import asyncio
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any

import structlog

from domain.errors import GoesOn
from domain.run import Run
from services.child import Attendant, Line
from services.due import Page
from services.share_protocol import Greeting, Part, Sign, Task

log = structlog.get_logger()

_COMMAND = (sys.executable, "-P", "-m", "services.share_child")
_LOST = "A process with a share of the run ended; what is left is decided anew."
_ENDING = 5.0
"""Seconds for ending what it is at."""
_WITHOUT = 600.0
"""Seconds for which runs go on without a process that was lost, so that one that is lost again and again ends few."""


class ShareLost(GoesOn):
    """A process that had a share of a run is gone. What was not written is as due as it was."""


class ShareProcess:
    """One of the processes, started when it is asked for the first share. While it starts, runs go on without it."""

    def __init__(self, greeting: Greeting, command: Sequence[str], number: int) -> None:
        self._greeting, self._command, self._number = greeting, command, number
        self._starting: asyncio.Task[Attendant] | None = None
        self._line: Line | None = None
        """To it, while it has a share."""
        self._without_until = time.monotonic()

    async def judge(
        self,
        task: Task,
        pages: AsyncIterator[Page],
        over: asyncio.Event,
        told: Callable[[Part], Awaitable[None]],
    ) -> None:
        """Have it decide pages as `services.share.Share` does; none where all are taken, which `over` says, before it is ready.

        Raises:
            ShareLost: it is gone.
        """

        async def hear(said: Part | Sign) -> None:
            if isinstance(said, Part):
                await told(said)
            else:
                await self._say(await anext(pages, None))

        self._line = await self._ready(over)
        if self._line:
            await self._say((task, self._number))
            await self._heard({Sign.JUDGED}, hear)

    async def write(self, run: Run, told: Callable[[int], Awaitable[bool]]) -> bool:
        """Have it write what it decided as `services.share.Share` does.

        Raises:
            ShareLost: it is gone.
        """

        async def hear(count: int) -> None:
            await self._say(Sign.URGENT if await told(count) else Sign.GO_ON)

        if not self._line:
            return True
        await self._say(run)
        return await self._heard({Sign.WRITTEN, Sign.PAUSED}, hear) is Sign.WRITTEN

    async def end(self) -> None:
        """Let it end, whatever it is at."""
        starting, self._starting, self._line = self._starting, None, None
        if starting is None:
            return
        await asyncio.wait({starting}, timeout=_ENDING)
        if not starting.done():
            starting.cancel()
            await asyncio.wait({starting})
        elif not starting.exception():
            await starting.result().end(_ENDING)

    def start(self) -> asyncio.Task[Attendant]:
        """Start it where it does not run; the task ends when it takes shares."""
        if self._starting is None:
            self._starting = asyncio.create_task(self._started())
        return self._starting

    async def _ready(self, over: asyncio.Event) -> Line | None:
        """The line to it; None where it takes longer than the run, cannot be started, or was lost not long ago."""
        if time.monotonic() < self._without_until:
            return None
        starting, is_over = self.start(), asyncio.create_task(over.wait())
        await asyncio.wait({starting, is_over}, return_when=asyncio.FIRST_COMPLETED)
        is_over.cancel()
        if not starting.done():
            return None
        try:
            return starting.result().line
        except (OSError, EOFError) as error:
            log.warning("share.process.not_started", error=str(error) or type(error).__name__)
            self._starting = None
            return None

    async def _started(self) -> Attendant:
        attendant = await Attendant.start(self._command)
        try:
            await attendant.line.send(self._greeting)
            await attendant.line.receive()
        except BaseException:
            await attendant.end(0)
            raise
        log.info("share.process.started", number=self._number)
        return attendant

    async def _say(self, value: object) -> None:
        assert self._line is not None
        try:
            await self._line.send(value)
        except ConnectionError as error:
            raise self._lost() from error

    async def _heard(self, last: set[Sign], hear: Callable[[Any], Awaitable[None]]) -> Sign:
        """Hear what it says until it says one of the last words."""
        assert self._line is not None
        while True:
            try:
                said = await self._line.receive()
            except (EOFError, ConnectionError) as error:
                raise self._lost() from error
            if isinstance(said, Sign) and said in last:
                return said
            await hear(said)

    def _lost(self) -> ShareLost:
        log.warning("share.process.lost", number=self._number, without_it_for=_WITHOUT)
        self._without_until = time.monotonic() + _WITHOUT
        return ShareLost(_LOST)


class ShareProcesses:
    """The processes of one worker. A run takes all that are free, so that of several runs at a time one has them."""

    def __init__(self, greeting: Greeting, count: int, command: Sequence[str] = _COMMAND) -> None:
        self._all = [ShareProcess(greeting, command, number) for number in range(1, count + 1)]
        self._free = self._all

    @asynccontextmanager
    async def free(self) -> AsyncIterator[list[ShareProcess]]:
        """Those that nobody has, for the length of a `with`; whatever they are at when it fails is given up."""
        taken, self._free = self._free, []
        try:
            yield taken
        except BaseException:
            for process in taken:
                await process.end()
            raise
        finally:
            self._free = self._free + taken

    async def start(self) -> None:
        """Start all that do not run, and wait until they take shares."""
        await asyncio.gather(*(process.start() for process in self._free))

    async def close(self) -> None:
        """Let all end."""
        for process in self._all:
            await process.end()
