"""A share of a large run: the pages that one process decides and, once the whole run is judged, writes.

Only the first share of a run is in the worker itself; the others are in processes of their own (`share_processes`).
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Generator, Iterable
from functools import partial
from itertools import islice
from typing import TypeVar

from domain.decision import Decision
from domain.run import Run
from rules.eligibility import Eligibility
from rules.pricing import PricingVerdict
from services import chunks
from services.chunks import Chunk, write_chunk
from services.deciding import Decided, Look, decide, look_at
from services.due import Page, ahead, read
from services.runtime import Runtime
from services.share_protocol import Part, Task
from storage import listings

T = TypeVar("T")
_KEPT = 5_000
"""Decisions that a share holds in memory until the run is judged; of some 3 KB each."""
_AT_ONCE = 2
"""Chunks that a share writes at a time: the database works on one while another is made ready."""


class Share:
    """The pages of one run that this process decided, and what it knows of them."""

    def __init__(self, runtime: Runtime, task: Task, number: int = 0) -> None:
        self._runtime, self._task = runtime, task
        self._lanes = range(number * _AT_ONCE, (number + 1) * _AT_ONCE)
        self._scope = runtime.scope(task.merchant_id)
        self._listing_ids: list[str] = []
        """Of the decisions from which something follows."""
        self._digests = bytearray()
        """Of what each of them knew, 32 bytes long: there may be a million."""
        self._kept: dict[str, tuple[Eligibility, PricingVerdict, Decision]] = {}
        """Those decisions themselves, as far as there is room: the others are made once more to be written."""

    async def judge(
        self, pages: AsyncIterator[Page], told: Callable[[Part], Awaitable[None]]
    ) -> None:
        """Decide pages. That a decision changes nothing is noted at once; whatever else follows waits."""
        scope, task = self._scope, self._task
        rulebook = await self._runtime.rulebooks.of(scope, task.ruleset_ids)
        is_enough = not rulebook.digester(task.store, task.started_at).reads_age
        lightly = is_enough

        async def looked_at() -> AsyncIterator[tuple[Page, Look]]:
            async for page in ahead(pages):
                rows = await read(scope, task.selection, page)
                yield page, await look_at(scope, task.store, rulebook, rows, lightly=lightly)

        async for page, look in ahead(looked_at()):
            is_kept = len(self._kept) < _KEPT
            found = await decide(
                *(scope, task.store, rulebook, look, task.started_at, task.reason), is_kept=is_kept
            )
            lightly = is_enough and found.looked_at < len(look.rows) / 2
            self._take(found, is_kept=is_kept)
            await listings.settle(scope, found.settled)
            prices, triggers = found.prices(task.store), look.triggers(task.reason)
            await told(Part(page.number, prices, triggers, len(found.settled)))

    async def write(self, run: Run, told: Callable[[int], Awaitable[bool]]) -> bool:
        """Write chunk by chunk what follows from the decisions; gives whether the store was not paused meanwhile.

        `told` says whether something urgent came up: chunks are small while it does, since it shares the database with
        them.
        """
        waiting = self._waiting()

        async def lane(number: int) -> bool:
            try:
                is_urgent = await told(0)
                while some := dict(islice(waiting, chunks.size(is_urgent=is_urgent))):
                    chunk = Chunk(some, self._kept)
                    write = partial(write_chunk, self._runtime, run, chunk, [*some], lane=number)
                    count = await self._scope.transaction(write)
                    if count is None:
                        return False
                    is_urgent = await told(count)
            finally:
                # Where one of them cannot go on, the others do not either.
                waiting.close()
            return True

        return all(await _all_of(map(lane, self._lanes)))

    def _take(self, decided: Decided, *, is_kept: bool) -> None:
        for case in decided.cases:
            self._listing_ids.append(case.listing.id)
            self._digests += bytes.fromhex(case.decision.inputs_hash)
            if is_kept:
                self._kept[case.listing.id] = (case.eligibility, case.verdict, case.decision)

    def _waiting(self) -> Generator[tuple[str, str]]:
        """Ids and digests of what is to be written."""
        for number, id_ in enumerate(self._listing_ids):
            yield id_, self._digests[32 * number : 32 * (number + 1)].hex()


async def _all_of(work: Iterable[Awaitable[T]]) -> list[T]:
    """What each of several came to, once none of them runs any more; the first error of any is raised then."""
    results = await asyncio.gather(*work, return_exceptions=True)
    for result in results:
        if isinstance(result, BaseException):
            raise result
    return [result for result in results if not isinstance(result, BaseException)]
