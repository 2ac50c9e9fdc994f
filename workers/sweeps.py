"""Cron: what is looked after again and again, so that a lost wake costs time and nothing else."""

from typing import Any, cast

from arq.cron import CronJob, cron
from arq.typing import WorkerCoroutine

from domain.clock import SystemClock
from services import authorizations, operations
from services.queue import Job
from services.runtime import Runtime
from storage import sweep

_machine = SystemClock()
_SECONDLY = {second for second in range(60) if second % 5 == 0}


def crons() -> list[CronJob]:
    """The sweeps, for one of the workers of the installation to run."""
    return [
        cron(_every(Job.RECEIVE_EVENTS, Job.REPRICE, Job.PUSH), name="moving", second=_SECONDLY),
        cron(_every(Job.CONFIRM), name="confirming", second={2, 32}),
        cron(_every(Job.IMPORT_ORDERS), name="ordering", minute=set(range(0, 60, 3)), second=7),
        cron(_every(Job.MATCH_PRODUCTS), name="matching", minute=set(range(0, 60, 5)), second=11),
        cron(_every(Job.LOOK_AT_OFFERS), name="looking", second={17, 47}),
        cron(cast("WorkerCoroutine", _stuck_operations), name="operations", second=23),
        cron(cast("WorkerCoroutine", _move_prices), name="tidying", hour=3, minute=41, second=43),
        cron(cast("WorkerCoroutine", _remind), name="reminding", hour=6, minute=3, second=29),
    ]


def delivering() -> list[CronJob]:
    """The sweep of the queue of deliveries. Nothing else wakes them: it is as quick, and a transaction cannot."""
    deliver = cast("WorkerCoroutine", _due_webhooks)
    return [cron(deliver, name="delivering", second=set(range(60)))]


def _every(*jobs: Job) -> WorkerCoroutine:
    async def run(context: dict[str, Any]) -> None:
        runtime: Runtime = context["runtime"]
        for merchant_id, store_id in await sweep.active_stores(runtime.database):
            for job in jobs:
                await runtime.queue.sweep(job, merchant_id, store_id)

    return cast("WorkerCoroutine", run)


async def _move_prices(context: dict[str, Any]) -> None:
    # Of stores that are paused as well: what they gathered is not to stay where it takes most room.
    runtime: Runtime = context["runtime"]
    for merchant_id, store_id in await sweep.stores(runtime.database):
        await runtime.queue.sweep(Job.MOVE_PRICES, merchant_id, store_id)


async def _remind(context: dict[str, Any]) -> None:
    await authorizations.remind(context["runtime"])


async def _stuck_operations(context: dict[str, Any]) -> None:
    await operations.pick_up_stuck(context["runtime"])


async def _due_webhooks(context: dict[str, Any]) -> None:
    runtime: Runtime = context["runtime"]
    for merchant_id, webhook_id in await sweep.due_webhooks(runtime.database, _machine.now()):
        await runtime.queue.sweep(Job.DELIVER, merchant_id, webhook_id)
