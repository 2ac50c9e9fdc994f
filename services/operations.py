"""Operations: work with progress that can be watched and cancelled."""

import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from datetime import datetime, timedelta

from connectors.errors import Retryable
from domain.access import AccessScope, ordered
from domain.clock import SystemClock
from domain.errors import Conflict, GoesOn, SalesChannelError
from domain.ids import new_id
from domain.operation import (
    Operation,
    OperationError,
    OperationKind,
    OperationOutcome,
    OperationStatus,
)
from services import webhook_events
from services.queue import Job
from services.runtime import Runtime
from storage import operations, sweep
from storage.health import is_outage
from storage.mongo import Scope
from storage.operations import OPERATIONS

# Whether work still moves is a matter of the machine's time, also where business time is virtual.
_machine = SystemClock()
_KEPT_ERRORS = 100
_LONGEST_MESSAGE = 1_000
"""A message may quote what a file has, of any length."""
_STUCK_AFTER = timedelta(seconds=60)
_JOBS = {
    OperationKind.LISTINGS_IMPORT: Job.IMPORT_LISTINGS,
    OperationKind.MATCH: Job.MATCH_PRODUCTS,
    OperationKind.OFFERS_PULL: Job.PULL_OFFERS,
    OperationKind.EXPORT: Job.EXPORT,
    OperationKind.PRODUCTS_IMPORT: Job.IMPORT_PRODUCTS,
    OperationKind.REPRICE: Job.REPRICE,
    OperationKind.SIMULATE: Job.SIMULATE,
}
_SECONDS_BETWEEN_REPORTS = 0.5


class OperationCancelled(SalesChannelError):
    """Someone asked for the work to stop."""


class Progress:
    """How far the work is. Reports to the database twice a second at most, and heeds a request to cancel."""

    def __init__(
        self,
        scope: Scope,
        operation: Operation,
        watch: Callable[[int, int | None], None] | None = None,
    ) -> None:
        self.operation = operation
        self.counts: Counter[str] = Counter()
        self.errors: list[OperationError] = []
        self.error_count = 0
        self.result_until: datetime | None = None
        self._scope = scope
        self._watch = watch
        self._reported = 0.0
        self._done = operation.done
        self._total = operation.total
        self._cursor = operation.cursor

    @property
    def done(self) -> int:
        """How much is done, what was done before an interruption included."""
        return self._done

    @property
    def total(self) -> int | None:
        """How much there is to do, as far as that was said."""
        return self._total

    @property
    def cursor(self) -> str | None:
        """Where to go on."""
        return self._cursor

    async def report(self, done: int, total: int | None = None, cursor: str | None = None) -> None:
        """Say how much is done, and where to go on if the work is interrupted.

        Raises:
            OperationCancelled: at someone's request; what is done stays done.
        """
        self._done = done
        self._total = total if total is not None else self._total
        self._cursor = cursor or self._cursor
        if self._watch:
            self._watch(done, self._total)
        if time.monotonic() - self._reported < _SECONDS_BETWEEN_REPORTS:
            return
        await self.save()

    async def note(self, cursor: str) -> None:
        """Write down, now, where to go on: what is done next must not be forgotten.

        Raises:
            OperationCancelled: at someone's request.
        """
        self._cursor = cursor
        await self.save()

    async def save(self) -> None:
        """Note how far the work is, now.

        Raises:
            OperationCancelled: at someone's request.
        """
        current = await operations.report(
            self._scope,
            self.operation.id,
            done=self._done,
            total=self._total,
            cursor=self._cursor,
            at=_machine.now(),
        )
        if current and current.cancel_requested:
            raise OperationCancelled("Stopped at the request of a user.")
        self._reported = time.monotonic()

    def fail(self, where: str, message: str) -> None:
        """Note one thing that could not be done."""
        self.error_count += 1
        if len(self.errors) < _KEPT_ERRORS:
            self.errors.append(OperationError(where, message[:_LONGEST_MESSAGE]))

    def ended(self, status: OperationStatus, outcome: OperationOutcome | None) -> Operation:
        """The operation as it is to be remembered."""
        return replace(
            self.operation,
            status=status,
            outcome=outcome,
            done=self._done,
            total=self._total,
            cursor=self._cursor,
            result=dict(self.counts),
            errors=tuple(self.errors),
            result_until=self.result_until,
            updated_at=_machine.now(),
        )


async def start(
    scope: Scope,
    kind: OperationKind,
    *,
    actor: str,
    store_id: str | None = None,
    result_scopes: Iterable[AccessScope] = (),
) -> Operation:
    """Write down that work is wanted; whoever does it opens `running`."""
    now = _machine.now()
    operation = Operation(
        id=new_id(),
        merchant_id=scope.merchant_id,
        store_id=store_id,
        kind=kind,
        status=OperationStatus.QUEUED,
        outcome=None,
        done=0,
        total=None,
        result={},
        errors=(),
        cancel_requested=False,
        actor=actor,
        created_at=now,
        updated_at=now,
        result_scopes=ordered(result_scopes),
    )
    await OPERATIONS.insert(scope, [operation])
    return operation


async def resume(
    scope: Scope, operation_id: str | None, kind: OperationKind, *, store_id: str
) -> Operation:
    """The operation that a job was started for, else one that was interrupted, else a new one."""
    found = await OPERATIONS.get(scope, operation_id) if operation_id else None
    found = found or await operations.unfinished(scope, store_id, kind)
    return found or await start(scope, kind, actor="sync", store_id=store_id)


@asynccontextmanager
async def running(
    scope: Scope, operation: Operation, watch: Callable[[int, int | None], None] | None = None
) -> AsyncIterator[Progress]:
    """Do an operation's work in a `with`: its end is written down whichever way it comes."""
    progress = Progress(scope, operation, watch)
    # From now on others know that it goes on; a request to cancel is heeded at the first step.
    with suppress(OperationCancelled):
        await progress.save()
    try:
        yield progress
    except OperationCancelled:
        await _finish(scope, progress.ended(OperationStatus.DONE, OperationOutcome.CANCELLED))
    except (Retryable, GoesOn):
        # It is not over: the job comes again, or whoever looks for work that stands still.
        with suppress(OperationCancelled):
            await progress.save()
        raise
    except Exception as error:
        if is_outage(error):  # nothing can be written down; the work is found standing still
            raise
        progress.fail(operation.kind.value, str(error) or type(error).__name__)
        await _finish(scope, progress.ended(OperationStatus.DEAD, None))
        raise
    else:
        outcome = OperationOutcome.PARTIAL if progress.error_count else OperationOutcome.OK
        await _finish(scope, progress.ended(OperationStatus.DONE, outcome))


async def cancel(scope: Scope, operation_id: str) -> Operation:
    """Ask an operation to stop at its next step.

    Raises:
        NotFound: no such operation.
        Conflict: it is over.
    """
    await OPERATIONS.require(scope, operation_id, field=("input", "operationId"))
    if not await operations.request_cancel(scope, operation_id, _machine.now()):
        raise Conflict("The operation is over already.", field=("input", "operationId"))
    return await OPERATIONS.require(scope, operation_id)


async def _finish(scope: Scope, ended: Operation) -> None:
    """Write down how an operation ended, and that webhooks are told."""

    async def write(inside: Scope) -> None:
        before = await OPERATIONS.get(inside, ended.id)
        await operations.finish(inside, ended)
        if before is not None:
            await webhook_events.tell(inside, webhook_events.operation_finished(before, ended))

    await scope.transaction(write)


async def pick_up_stuck(runtime: Runtime) -> None:
    """Have work go on whose job was lost; what no job can go on with is given up."""
    before = _machine.now() - _STUCK_AFTER
    for merchant_id, operation in await sweep.silent_operations(runtime.database, before):
        job = _JOBS.get(operation.kind)
        scope = runtime.scope(merchant_id)
        if job:
            await runtime.queue.wake(job, merchant_id, operation.store_id or "", operation.id)
        else:
            lost = OperationError(operation.kind.value, "The process that did it is gone.")
            await _finish(
                scope,
                replace(
                    operation,
                    status=OperationStatus.DEAD,
                    errors=(*operation.errors, lost),
                    updated_at=_machine.now(),
                ),
            )
