"""The log of calls: kept in the process for a second, then added to the database in one go.

What connectors report costs a call nothing but a few words in memory. What a crash or a database that is away takes
with it is log and nothing else.
"""

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, TypeVar

import structlog

from connectors.journal import Trouble
from domain.clock import Clock, truncate
from domain.communication_error import CallCount, CommunicationError, error_id
from domain.store import Store
from storage import communication_errors as rows
from storage.mongo import Database, Scope

log = structlog.get_logger()

R = TypeVar("R", CallCount, CommunicationError)

PAUSE = 1.0
"""Seconds between two looks at what there is to write."""
MOST = 2_000
"""Groups and counts that wait at most; what is new beyond is not kept."""
_PATIENCE = 3.0
"""Seconds that writing may take when the process ends."""


class CallLog:
    """What a process's connectors reported of their calls and is not written yet."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._errors: dict[str, CommunicationError] = {}
        self._calls: dict[str, CallCount] = {}
        self._writing: asyncio.Task[None] | None = None

    def of(self, store: Store) -> "StoreJournal":
        """Where a store's connector reports."""
        return StoreJournal(self, store.merchant_id, store.id)

    def add_call(self, call: CallCount) -> None:
        """Count calls of an hour."""
        known = self._calls.get(call.id)
        if known is not None:
            call = replace(
                known,
                count=known.count + call.count,
                throttled=known.throttled + call.throttled,
                total_milliseconds=known.total_milliseconds + call.total_milliseconds,
                slowest_milliseconds=max(known.slowest_milliseconds, call.slowest_milliseconds),
            )
        elif len(self._calls) >= MOST:
            return
        self._calls[call.id] = call
        self._begin()

    def add_error(self, error: CommunicationError) -> None:
        """Add what was seen of a group to what waits."""
        known = self._errors.get(error.id)
        if known is not None:
            error = replace(
                error,
                count=known.count + error.count,
                first_seen_at=known.first_seen_at,
                request_ids=(*known.request_ids, *error.request_ids)[-rows.REQUEST_IDS :],
            )
        elif len(self._errors) >= MOST:
            return
        self._errors[error.id] = error
        self._begin()

    def now(self) -> datetime:
        """The present moment of the business."""
        return self._clock.now()

    async def flush(self) -> None:
        """Write what waits. What the database does not take is lost, and that is logged."""
        errors, self._errors = self._errors, {}
        calls, self._calls = self._calls, {}
        await self._write(rows.add, errors)
        await self._write(rows.count, calls)

    async def close(self) -> None:
        """Write what waits, if that can be done soon."""
        if self._writing is not None:
            self._writing.cancel()
            await asyncio.wait([self._writing])
        try:
            async with asyncio.timeout(_PATIENCE):
                await self.flush()
        except TimeoutError:
            log.warning("calls.not_written", error="TimeoutError")

    def _begin(self) -> None:
        if self._writing is None or self._writing.done():
            self._writing = asyncio.create_task(self._soon())

    async def _soon(self) -> None:
        """Write after a pause; ends when nothing is left, so that a process at rest does nothing."""
        while self._errors or self._calls:
            await asyncio.sleep(PAUSE)
            await self.flush()

    async def _write(
        self, add: Callable[[Scope, list[R]], Coroutine[Any, Any, None]], found: dict[str, R]
    ) -> None:
        by_store: dict[tuple[str, str], list[R]] = {}
        for each in found.values():
            by_store.setdefault((each.merchant_id, each.store_id), []).append(each)
        for (merchant_id, store_id), group in by_store.items():
            try:
                await add(self._database.scope(merchant_id), group)
            except rows.NotWritten as error:
                log.warning(
                    "calls.not_written", store=store_id, groups=len(group), error=str(error)
                )


class StoreJournal:
    """Hears of every call of one store's connector."""

    def __init__(self, calls: CallLog, merchant_id: str, store_id: str) -> None:
        self._calls = calls
        self._merchant_id = merchant_id
        self._store_id = store_id

    def count(self, operation: str, milliseconds: int, *, is_throttled: bool = False) -> None:
        """A call was made, whatever came of it."""
        hour = self._calls.now().replace(minute=0, second=0, microsecond=0)
        self._calls.add_call(
            CallCount(
                id=f"{self._store_id}/{operation}/{hour:%Y%m%d%H}",
                merchant_id=self._merchant_id,
                store_id=self._store_id,
                operation=operation,
                hour=hour,
                count=1,
                throttled=int(is_throttled),
                total_milliseconds=milliseconds,
                slowest_milliseconds=milliseconds,
                expires_at=datetime.now(UTC) + rows.CALLS_KEPT,
            )
        )

    def note(self, trouble: Trouble) -> None:
        """It did not end well."""
        now = truncate(self._calls.now())
        what = (trouble.operation, trouble.error_class, trouble.code)
        self._calls.add_error(
            CommunicationError(
                *(error_id(self._store_id, *what), self._merchant_id, self._store_id, *what),
                message=trouble.message,
                verdict=trouble.verdict,
                status=trouble.status,
                request_ids=(trouble.request_id,) if trouble.request_id else (),
                count=1,
                first_seen_at=now,
                last_seen_at=now,
                expires_at=datetime.now(UTC) + rows.ERRORS_KEPT,
            )
        )
