"""The course of a large run: what is decided of it, who is at it, and what is urgent in between."""

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from operator import attrgetter
from typing import TypeVar

from rules.new_prices import NewPrices
from services import markings, operations
from services.due import Page, Shared
from services.share_protocol import Part
from storage.mongo import Scope

T = TypeVar("T")
_ATTENDS = 2.0
"""Seconds for which this process does nothing but what is urgent while others get on with the run."""


@dataclass(slots=True)
class Course:
    """How far a run of many is, and what is urgent in between."""

    scope: Scope
    store_id: str
    progress: operations.Progress | None
    meanwhile: Callable[[], Awaitable[int]]
    pages: Shared[Page]
    decided: int = 0
    parts: list[Part] = field(default_factory=list)
    urgent: asyncio.Lock = field(default_factory=asyncio.Lock)
    others: int = 0
    """Processes that are at work on it beside this one."""
    is_urgent: bool = False
    """Something urgent had come up when it was last looked for."""

    async def take(self, part: Part) -> None:
        """Take in what was made of a page."""
        self.parts.append(part)
        await self._count(part.settled)

    async def take_own(self, part: Part) -> None:
        """The same of this process, which attends to the urgent before it takes another."""
        await self.take(part)
        await self._attend()

    async def go_on(self, count: int) -> bool:
        """So many more are written; let the urgent go first, and say whether there was any."""
        await self._count(count)
        return await self._decide_urgent()

    async def go_on_own(self, count: int) -> bool:
        """The same of this process, which attends to the urgent before it writes more."""
        await self._count(count)
        return await self._attend()

    async def pages_for_another(self) -> AsyncIterator[Page]:
        """Pages for a process beside this one; while something urgent comes up, one each time that it is decided."""
        async for page in self.pages:
            yield page
            if self.is_urgent:
                await self._decide_urgent()

    async def by_another(self, work: Awaitable[T]) -> T:
        """What a process beside this one comes to."""
        self.others += 1
        try:
            return await work
        finally:
            self.others -= 1

    def outcome(self) -> tuple[NewPrices, Counter[str]]:
        """The prices of all pages, in their order, and how many listings were looked at for what reason."""
        prices, triggers = NewPrices(), Counter[str]()
        self.parts.sort(key=attrgetter("page"))
        # Guard-rails that saw less than the whole run would be none.
        assert [part.page for part in self.parts] == [*range(len(self.parts))], "a page is missing"
        self.parts.reverse()
        while self.parts:  # there may be a million prices: none is kept twice
            part = self.parts.pop()
            prices.extend(part.prices)
            triggers += part.triggers
        return prices, triggers

    async def _attend(self) -> bool:
        """Decide what is urgent for as long as it comes, though not for ever; once, where nobody else is at the run."""
        until = time.monotonic() + _ATTENDS
        came_up = await self._decide_urgent()
        while self.is_urgent and self.others and time.monotonic() < until:
            await self._decide_urgent()
        return came_up

    async def _decide_urgent(self) -> bool:
        async with self.urgent:
            self.is_urgent = await self.meanwhile() > 0
            return self.is_urgent

    async def _count(self, count: int) -> None:
        self.decided += count
        await tell(self.progress, count, self.scope, self.store_id)


async def tell(
    progress: operations.Progress | None, count: int, scope: Scope, store_id: str
) -> None:
    """Report that so many listings more were decided."""
    if progress and count:
        progress.counts["decided"] += count
        is_more = progress.total is None or progress.counts["decided"] > progress.total
        due = await markings.count_due(scope, store_id) if is_more else None
        done = progress.counts["decided"]  # others may have decided more in between
        await progress.report(done, None if due is None else done + due)
