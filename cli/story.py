"""The story of the demonstration: list, reprice as rivals move, take orders; in step with a simulated Amazon.

Time stands still while the workers work. Only when nothing is due, nothing waits to be sent and everything
that Amazon knows is known here, the clock moves on. So the end depends on the seed and the rules alone, and
not on how fast the machine is or what is killed in between.
"""

import asyncio
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from connectors.simulator.controls import Controls
from domain.change import ChangeKind
from domain.errors import SalesChannelError
from domain.operation import Operation, OperationKind, OperationStatus
from domain.store import Store
from domain.submission import SubmissionState
from services import listing_imports, markings, operations
from services.queue import Job
from services.runtime import Runtime
from storage import listings, looks, submissions
from storage import operations as storage_operations
from storage.changes import CHANGES
from storage.filters import AllOf, Is
from storage.keyset import Sort
from storage.listings import LISTINGS
from storage.mongo import Scope
from storage.operations import OPERATIONS
from storage.stores import STORES
from storage.submissions import SUBMISSIONS

TICK_MINUTES = 30
_POLL = 0.05
_LONGEST_POLL = 0.5
_WAKE_AGAIN = 1.0
_PATIENCE = 120.0
"""Seconds in which the workers must come to rest; crashes in between included."""
_SETTLING_TICKS = 12
_COUNTED = 100
_ORDERS_APPEAR = timedelta(minutes=3)
"""Amazon shows orders two minutes late."""


class NotAtRest(SalesChannelError):
    """The workers did not come to rest; the message says what was left."""


@dataclass(slots=True)
class Tally:
    """What happened so far."""

    up: int = 0
    down: int = 0
    orders: int = 0
    events: int = 0
    statuses: Counter[str] = field(default_factory=Counter)
    reasons: Counter[str] = field(default_factory=Counter)
    holds: Counter[str] = field(default_factory=Counter)
    buy_boxes: int = 0
    contested: int = 0

    @property
    def share(self) -> str:
        """Share of the active listings whose Buy Box is ours, in whole per cent."""
        if not self.contested:
            return "-"
        return f"{100 * self.buy_boxes // self.contested} %"


_JOBS = {
    OperationKind.MATCH: Job.MATCH_PRODUCTS,
    OperationKind.OFFERS_PULL: Job.PULL_OFFERS,
}
_UNFINISHED = Is("status", "in", [OperationStatus.QUEUED, OperationStatus.RUNNING])

Watch = Callable[[str, "Tally"], None]
"""Told what moment of the story it is, and how things stand."""


class Story:
    """One telling, for one store on one simulated Amazon."""

    def __init__(
        self, runtime: Runtime, store: Store, market: Controls, *, patience: float = _PATIENCE
    ) -> None:
        self._runtime = runtime
        self._store = store
        self._market = market
        self._patience = patience
        self._scope: Scope = runtime.scope(store.merchant_id)
        self._seen_change = ""
        self.tally = Tally()

    async def begin(self) -> None:
        """Leave out of the tally what happened before this telling."""
        newest = await CHANGES.find(
            self._scope,
            Is("store_id", "eq", self._store.id),
            sort=Sort("_id", descending=True),
            limit=1,
        )
        self._seen_change = newest[0].id if newest else ""

    async def list_everything(self, watch: Watch) -> str:
        """Match the catalogue and list what is eligible; gives the Buy Box share once that is live.

        First prices know the rivals' offers, and rivals have not answered them yet.
        """
        await self._rest(watch, "matching and listing", OperationKind.MATCH)
        # Half an hour makes the listings live.
        await self._market.advance(TICK_MINUTES, frozen=True)
        await self.sweep(watch)
        return self.tally.share

    async def tick(self, watch: Watch, minutes: int = TICK_MINUTES) -> dict[str, Any]:
        """Let rivals move and buyers buy, and answer it; gives what the market says of that time."""
        happened = await self._market.advance(minutes)
        self.tally.events += happened["offersChanged"]
        await self._rest(watch, happened["now"])
        return happened

    async def sweep(self, watch: Watch) -> None:
        """Read the offers on everything, as is done now and then for what notifications missed, and answer them."""
        await self._rest(watch, "sweeping", OperationKind.OFFERS_PULL)

    async def answer(self, watch: Watch, moment: str) -> None:
        """Answer what was changed here."""
        await self._rest(watch, moment)

    async def settle(self, watch: Watch, moment: str = "settling") -> None:
        """Let time pass with a resting market until everything sent is live, and every report that was asked for read.

        Raises:
            NotAtRest: Amazon keeps something from going live, or a report from being read.
        """
        sent = [SubmissionState.SENT, SubmissionState.ACCEPTED]
        for _ in range(_SETTLING_TICKS):
            await self._market.advance(TICK_MINUTES, frozen=True)
            await self._rest(watch, moment)
            unseen = await submissions.count_in_states(self._scope, self._store.id, sent)
            unread = await OPERATIONS.count(self._scope, _UNFINISHED)
            if not unseen and not unread:
                return
        raise NotAtRest(
            f"Amazon keeps {unseen} changes from going live, or {unread} operations from their end."
        )

    async def _rest(self, watch: Watch, moment: str, kind: OperationKind | None = None) -> None:
        """Wake the workers, for an operation too where a kind is given, and wait until nothing is left to do.

        Raises:
            NotAtRest: something is left after a long time.
        """
        operation_id = None
        if kind:
            operation = await operations.start(
                self._scope, kind, actor="demonstration", store_id=self._store.id
            )
            operation_id = operation.id
        began = time.monotonic()
        deadline, wake_at, count_at = began + self._patience, 0.0, 0.0
        while True:
            if time.monotonic() >= wake_at:
                # Again and again, since a wake may be lost with whoever it woke.
                if kind:
                    await self._wake(_JOBS[kind], operation_id)
                for job in (
                    Job.RECEIVE_EVENTS,
                    Job.IMPORT_ORDERS,
                    Job.CONFIRM,
                    Job.LOOK_AT_OFFERS,
                    Job.REPRICE,
                    Job.PUSH,
                ):
                    await self._wake(job)
                if await storage_operations.unfinished(
                    self._scope, self._store.id, OperationKind.LISTINGS_IMPORT
                ):
                    await self._wake(Job.IMPORT_LISTINGS)
                wake_at = time.monotonic() + _WAKE_AGAIN
            left = await self._left()
            if not left or time.monotonic() >= count_at:
                await self._count()
                watch(moment, self.tally)
                count_at = time.monotonic() + _WAKE_AGAIN / 2
            if not left:
                return
            if time.monotonic() > deadline:
                raise NotAtRest(f"After {self._patience:.0f} seconds there is still: {left}.")
            # To look takes from those who work: the longer it has taken already, the more seldom.
            await asyncio.sleep(min(_LONGEST_POLL, max(_POLL, (time.monotonic() - began) / 20)))

    async def _wake(self, job: Job, operation_id: str | None = None) -> None:
        store = self._store
        await self._runtime.queue.wake(job, store.merchant_id, store.id, operation_id)

    async def _left(self) -> dict[str, int]:
        """What there is still to do, by name; empty when everything is at rest."""
        scope, store_id = self._scope, self._store.id
        now = self._runtime.clock.now()
        store = await STORES.require(scope, store_id)
        orders_read = store.orders_read_until and store.orders_read_until > now - _ORDERS_APPEAR
        left = {
            "events": await self._market.waiting_events(),
            "orders": 0 if orders_read else 1,
            **Counter(
                f"{operation.kind} {operation.id}"
                for operation in await OPERATIONS.find(scope, _UNFINISHED)
                if not _waits_for_time(operation, now)
            ),
            # What is new is looked at once it is there, in every telling.
            "looks": await looks.count_due(scope, store_id, now),
            "due": await markings.count_due(scope, store_id),
            "timed": await listings.count_timed(scope, store_id, now),
            "unsent": len(await submissions.pending(scope, store_id, _COUNTED)),
            "unconfirmed": await SUBMISSIONS.count(
                scope,
                AllOf(
                    (
                        Is("store_id", "eq", store_id),
                        Is("state", "eq", SubmissionState.ACCEPTED),
                        Is("accepted_at", "lt", now),
                    )
                ),
            ),
        }
        return {name: count for name, count in left.items() if count}

    async def _count(self) -> None:
        """Bring the tally up to date."""
        scope, store_id, tally = self._scope, self._store.id, self.tally
        news = await CHANGES.find(
            scope,
            AllOf((Is("store_id", "eq", store_id), Is("_id", "gt", self._seen_change))),
            sort=Sort("_id"),
        )
        for change in news:
            self._seen_change = change.id
            if change.kind is ChangeKind.ORDER and change.before is None:
                tally.orders += 1
            if change.kind is ChangeKind.PRICE and change.before and change.after:
                rose = Decimal(change.after.split()[0]) > Decimal(change.before.split()[0])
                tally.up += rose
                tally.down += not rose
        tally.statuses = Counter(await listings.status_counts(scope, store_id))
        tally.reasons = Counter(
            await scope.tally(
                LISTINGS.name, {"store_id": store_id, "reason": {"$ne": None}}, "reason"
            )
        )
        tally.holds = Counter(
            await scope.tally(LISTINGS.name, {"store_id": store_id, "hold": {"$ne": None}}, "hold")
        )
        owned = await listings.buy_box_counts(scope, store_id)
        tally.buy_boxes, tally.contested = owned.get("True", 0), sum(owned.values())


def _waits_for_time(operation: Operation, now: datetime) -> bool:
    """Whether an operation goes on only once the clock moves: Amazon takes minutes for a report."""
    if operation.kind is not OperationKind.LISTINGS_IMPORT:
        return False
    since = listing_imports.waits_since(operation)
    return since is not None and since >= now
