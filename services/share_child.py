"""The process in which shares of runs are decided and written beside the worker's own; ends when nobody asks any more."""

import asyncio
import faulthandler
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator

import uvloop

from domain.run import Run
from rules.durable_engine import DurableMatcher
from services.child import Line
from services.due import Page
from services.logs import configure_logging
from services.runtime import Runtime, look_for_garbage_seldom, open_runtime
from services.share import Share
from services.share_protocol import Greeting, Sign, Task


def main() -> None:
    """Take shares, one after the other."""
    faulthandler.enable()
    os.nice(10)  # a large run is not to keep events waiting
    # Signals that reach a whole group are for the worker: it closes the line, which ends this.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    look_for_garbage_seldom()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_attend(socket.socket(fileno=int(sys.argv[1]))))


async def _attend(end: socket.socket) -> None:
    line = await Line.over(end)
    try:
        greeting: Greeting = await line.receive()
        configure_logging(greeting.settings.log_level)
        urls = (greeting.mongodb_url, greeting.redis_url)
        async with open_runtime(greeting.settings, *urls, matcher=DurableMatcher) as runtime:
            await line.send(Sign.READY)
            while True:
                await _share(runtime, line)
    except (EOFError, ConnectionError):
        pass  # the worker is gone, or wants no more


async def _share(runtime: Runtime, line: Line) -> None:
    task, number = await line.receive()
    assert isinstance(task, Task)
    share = Share(runtime, task, number)
    await share.judge(_pages(line), line.send)
    await line.send(Sign.JUDGED)
    run = await line.receive()
    assert isinstance(run, Run)
    turn = asyncio.Lock()

    async def tell(count: int) -> bool:
        """Go on once the worker says so: what is urgent goes first."""
        async with turn:
            await line.send(count)
            return await line.receive() is Sign.URGENT

    is_written = await share.write(run, tell)
    await line.send(Sign.WRITTEN if is_written else Sign.PAUSED)


async def _pages(line: Line) -> AsyncIterator[Page]:
    """The pages that the worker gives out, one at a time."""
    await line.send(Sign.NEXT_PAGE)
    while page := await line.receive():
        yield page
        await line.send(Sign.NEXT_PAGE)


if __name__ == "__main__":
    main()
