"""Events as they happen: one change stream a collection and process, fanned out to any number of listeners.

A collection's stream is open as long as anyone listens. It goes on where it was when the database comes back.
Each listener has a queue that holds so many events and no more; who falls behind is told of a gap instead.
"""

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Generic, TypeVar

import structlog

from storage.health import is_outage
from storage.live import Event, Feed, PositionLost, follow, moment_of, replay
from storage.mongo import Database

log = structlog.get_logger()

T = TypeVar("T")

MOST = 256
"""Events that wait for one listener."""
_PAGE = 256
"""Events that are read in one piece when a listener catches up."""
_AT_ONCE = 4
"""Listeners that catch up at the same time; each needs a thread while it reads."""
_REST = 0.5
"""Seconds between attempts to reach a database that is away."""
_AHEAD = timedelta(seconds=60)
"""By how much another process may have been ahead; a position later than that is of another database."""


@dataclass(frozen=True, slots=True)
class Gap:
    """Events between two positions that the listener does not get."""

    after: str | None
    """None where it is not known."""
    position: str


@dataclass(slots=True, eq=False)
class _Listener(Generic[T]):
    """What waits for one listener."""

    position: str
    """Where it began to listen; empty where that is where the stream began."""
    queue: deque[Event[T]] = field(default_factory=deque)
    is_behind: bool = False
    """Whether events were left out after those that wait."""
    told: asyncio.Event = field(default_factory=asyncio.Event)

    def put(self, event: Event[T]) -> None:
        """Keep an event if there is room; the oldest stay, so that what is told has no hole in it."""
        if len(self.queue) < MOST and not self.is_behind:
            self.queue.append(event)
        else:
            self.is_behind = True
        self.told.set()

    def fall_behind(self) -> None:
        """Events that nobody knows came after those that wait."""
        self.is_behind = True
        self.told.set()

    def forget(self) -> None:
        """Begin anew with what comes next."""
        self.queue.clear()
        self.is_behind = False


@dataclass(slots=True, eq=False)
class _Channel(Generic[T]):
    """A feed that is listened to."""

    feed: Feed[T]
    listeners: dict[str, set[_Listener[T]]] = field(default_factory=dict)
    """By topic."""
    position: str = ""
    """Everything up to here was put into queues."""
    is_open: asyncio.Event = field(default_factory=asyncio.Event)
    task: asyncio.Task[None] | None = None
    failure: Exception | None = None

    def everyone(self) -> list[_Listener[T]]:
        """All listeners."""
        return [each for those in self.listeners.values() for each in those]

    def fail(self, failure: Exception) -> None:
        """Have every listener end with an error."""
        self.failure = failure
        self.is_open.set()
        for listener in self.everyone():
            listener.told.set()


class Live:
    """The process's ear at the database."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._channels: dict[str, _Channel[Any]] = {}
        self._ending: set[asyncio.Task[None]] = set()
        self._catching_up = asyncio.Semaphore(_AT_ONCE)

    def listeners(self) -> int:
        """How many hear what happens now."""
        heard = (each for each in self._channels.values() if each.is_open.is_set())
        return sum(len(channel.everyone()) for channel in heard)

    @asynccontextmanager
    async def listen(
        self, feed: Feed[T], topic: str, after: str | None = None
    ) -> AsyncIterator[AsyncGenerator[Event[T] | Gap]]:
        """Listen for the length of a `with` to a topic's events, after a position or from now on.

        They come in order, each once. A gap stands for events that are not told, since the listener took them too
        slowly or the database does not remember them.
        """
        async with (
            self._joined(feed, topic) as (channel, listener),
            aclosing(self._told(channel, listener, topic, after)) as told,
        ):
            yield told

    async def close(self) -> None:
        """Let go of the database."""
        for channel in list(self._channels.values()):
            self._end(channel)
        if self._ending:
            await asyncio.wait(self._ending)

    async def _told(
        self, channel: _Channel[T], listener: _Listener[T], topic: str, after: str | None
    ) -> AsyncGenerator[Event[T] | Gap]:
        """What was missed, then what comes into the listener's queue."""
        position = listener.position
        if after is not None:
            async with aclosing(self._missed(channel, listener, topic, after)) as missed:
                async for found in missed:
                    yield found
                    position = found.position
        while True:
            if listener.queue:
                event = listener.queue.popleft()
                if event.position > position:
                    position = event.position
                    yield event
            elif channel.failure is not None:
                raise channel.failure
            elif listener.is_behind:
                # Nothing awaits between these lines: what follows is put into the queue.
                listener.forget()
                gap = Gap(position or None, channel.position)
                position = gap.position
                yield gap
            else:
                listener.told.clear()
                await listener.told.wait()

    async def _missed(
        self, channel: _Channel[T], listener: _Listener[T], topic: str, after: str
    ) -> AsyncGenerator[Event[T] | Gap]:
        """What happened from a position until the listener's queue begins."""
        position, until = after, channel.position
        if moment_of(position) > moment_of(until) + _AHEAD:
            yield Gap(None, until)
            return
        is_done = position >= until
        while not is_done:
            try:
                async with self._catching_up:
                    page, position, is_done = await replay(
                        self._database,
                        channel.feed,
                        topic,
                        after=position,
                        until=until,
                        limit=_PAGE,
                    )
            except PositionLost:
                listener.forget()
                yield Gap(position, channel.position)
                return
            except Exception as error:
                if not is_outage(error):
                    raise
                await asyncio.sleep(_REST)
                continue
            for event in page:
                yield event
            if listener.is_behind:
                # The queue overflowed meanwhile. What it should hold is read from the database as well.
                listener.forget()
                until, is_done = channel.position, False

    @asynccontextmanager
    async def _joined(
        self, feed: Feed[T], topic: str
    ) -> AsyncIterator[tuple[_Channel[T], _Listener[T]]]:
        """Listen for the length of a `with`; the first opens the stream and the last closes it."""
        name = feed.collection.name
        channel = self._channels.get(name)
        if channel is None:
            channel = self._channels[name] = _Channel(feed)
            channel.task = asyncio.create_task(self._run(channel))
        listener: _Listener[T] = _Listener(channel.position)
        channel.listeners.setdefault(topic, set()).add(listener)
        try:
            await channel.is_open.wait()
            if channel.failure is not None:
                raise channel.failure
            yield channel, listener
        finally:
            channel.listeners[topic].discard(listener)
            if not channel.listeners[topic]:
                del channel.listeners[topic]
            if not channel.listeners:
                self._end(channel)

    def _end(self, channel: _Channel[Any]) -> None:
        name = channel.feed.collection.name
        if self._channels.get(name) is channel:
            del self._channels[name]
            assert channel.task is not None
            channel.task.cancel()
            self._ending.add(channel.task)
            channel.task.add_done_callback(self._ending.discard)

    async def _run(self, channel: _Channel[Any], after: str | None = None) -> None:
        """Put what happens after a position into the queues of those who want it, through outages."""
        while True:
            try:
                async with aclosing(
                    follow(self._database, channel.feed, channel.listeners, after=after)
                ) as changes:
                    async for position, event in changes:
                        if after is None and channel.position:
                            for listener in channel.everyone():
                                listener.fall_behind()
                        after = channel.position = position
                        channel.is_open.set()
                        if event is not None:
                            for listener in channel.listeners.get(event.topic, ()):
                                listener.put(event)
            except PositionLost:
                log.warning("live.position.lost", collection=channel.feed.collection.name)
                after = None
            except Exception as error:
                if not is_outage(error):
                    log.exception("live.failed", collection=channel.feed.collection.name)
                    channel.fail(error)
                    self._channels.pop(channel.feed.collection.name, None)
                    return
                log.warning("live.database.away", error=type(error).__name__)
                await asyncio.sleep(_REST)
