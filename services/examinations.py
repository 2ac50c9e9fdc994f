"""Examining rule documents in a process of its own.

An examination can take seconds and asks the rule engine, which is C and can take a process down.
"""

import asyncio
import pickle
import sys
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime

import structlog

from domain.store import Store
from rules.lint import Case, Review
from services import child

log = structlog.get_logger()

SECONDS = 30.0
"""The work of an examination is bounded to a few seconds; one that takes this long hangs."""
_AT_ONCE = 2
_KEPT = 100
_STANDS = 600
"""Seconds for which an examination is given again: the catalogue moves on, and what was seen of it with it."""
_COMMAND = (sys.executable, "-P", "-m", "services.examination_child")

_Key = tuple[str, int, str, int]


class Examinations:
    """Examinations of rule documents, so many at once and no more, each kept for some minutes."""

    def __init__(self, command: Sequence[str] = _COMMAND) -> None:
        self._command = command
        self._turn = asyncio.Semaphore(_AT_ONCE)
        self._kept: OrderedDict[_Key, Review | None] = OrderedDict()

    async def of(
        self,
        store: Store,
        source: str,
        now: datetime,
        sample: Callable[[], Awaitable[Sequence[Case]]],
    ) -> Review | None:
        """What is found in a sound document; None where the rule engine does not get along with it.

        `sample` is asked for real listings where none are known of an examination some minutes ago.
        """
        key = (store.id, store.version, source, int(now.timestamp()) // _STANDS)
        async with self._turn:
            if key not in self._kept:
                given = pickle.dumps((source, await sample(), store, now))
                self._kept[key] = await self._examined(given)
                if len(self._kept) > _KEPT:
                    self._kept.popitem(last=False)
            return self._kept[key]

    async def _examined(self, given: bytes) -> Review | None:
        try:
            ended = await child.run(self._command, given, SECONDS)
        except TimeoutError:
            log.exception("examination.hangs", seconds=SECONDS)
            return None
        if ended.status:
            log.error("examination.failed", status=ended.status, complaint=ended.complaint)
            return None
        review: Review = pickle.loads(ended.output)  # noqa: S301  # our own child's
        return review
