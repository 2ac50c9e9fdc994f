"""Running a worker: arq's loop around the jobs of one queue, with the runtime opened and closed around it."""

import asyncio
from contextlib import suppress
from typing import Any

from arq.worker import Worker

from rules.durable_engine import DurableMatcher
from services.queue import (
    BULK,
    COMPUTING,
    DELIVER,
    FILING,
    REPRICE,
    SYNC,
    Job,
    pack,
    queue_of,
    queue_settings,
    unpack,
)
from services.runtime import look_for_garbage_seldom, open_runtime
from services.settings import Settings
from workers.jobs import TIMEOUT, functions
from workers.listening import listen
from workers.sweeps import crons, delivering

_ENDING = 6
"""Seconds within which jobs are over that are told to end; whoever tells a worker kills it after ten."""
_TALKING = tuple(job for job in Job if queue_of(job) == SYNC)


async def run_sync_worker(settings: Settings, mongodb_url: str, redis_url: str) -> None:
    """Work on the queue whose jobs talk to Amazon, and run the sweeps.

    Beside it, listen to Amazon's notifications, and work on the queue whose jobs tell webhooks.
    """
    async with (
        open_runtime(settings, mongodb_url, redis_url) as runtime,
        asyncio.TaskGroup() as beside,
    ):
        listening = beside.create_task(listen(runtime))
        delivery = beside.create_task(
            _work(
                redis_url,
                {"runtime": runtime},
                queue_name=DELIVER,
                functions=functions(Job.DELIVER),
                cron_jobs=delivering(),
                max_jobs=64,
                poll_delay=0.2,
                handle_signals=False,
            )
        )
        await _work(
            redis_url,
            {"runtime": runtime},
            queue_name=SYNC,
            functions=functions(*_TALKING),
            cron_jobs=crons(),
            max_jobs=16,
        )
        listening.cancel()
        delivery.cancel()  # a process has one handler of signals, and it is the other's


async def run_reprice_worker(settings: Settings, mongodb_url: str, redis_url: str) -> None:
    """Work on the queue whose jobs compute prices; durable_rules lives in this process only."""
    look_for_garbage_seldom()
    beside = settings.reprice_processes - 1
    async with open_runtime(
        settings, mongodb_url, redis_url, matcher=DurableMatcher, share_processes=beside
    ) as runtime:
        await _work(
            redis_url,
            {"runtime": runtime},
            queue_name=REPRICE,
            functions=functions(*COMPUTING),
            # Stores take turns, batch by batch; each may hold some 16 MB of decisions until they are judged.
            max_jobs=6,
            poll_delay=0.02,
            kind=TakingTurns,
        )


async def run_bulk_worker(settings: Settings, mongodb_url: str, redis_url: str) -> None:
    """Work on the queue whose jobs read and write files."""
    look_for_garbage_seldom()
    async with open_runtime(settings, mongodb_url, redis_url) as runtime:
        await _work(
            redis_url,
            {"runtime": runtime},
            queue_name=BULK,
            functions=functions(*FILING),
            max_jobs=4,
        )


class TakingTurns(Worker):
    """Takes one job at each look, so that others that are free get some of those that wait.

    arq's own takes as many as it has room for: of four stores that wait, one of four processes would work on all.
    """

    async def start_jobs(self, job_ids: list[bytes]) -> None:
        """Start the first of these that nobody else has started."""
        running = len(self.tasks)
        for job_id in job_ids:
            await super().start_jobs([job_id])
            if len(self.tasks) > running:
                return


async def _work(
    redis_url: str, context: dict[str, Any], *, kind: type[Worker] = Worker, **options: Any
) -> None:
    worker = kind(
        redis_settings=queue_settings(redis_url),
        ctx=context,
        job_serializer=pack,
        job_deserializer=unpack,
        job_timeout=TIMEOUT,
        job_completion_wait=_ENDING,
        queue_read_limit=100,
        keep_result=0,
        allow_abort_jobs=False,
        log_results=False,
        health_check_interval=15,
        **{"poll_delay": 0.05, "handle_signals": True, **options},
    )
    try:
        # Being told to stop is how a worker ends.
        with suppress(asyncio.CancelledError):
            await worker.async_run()
    finally:
        # arq's own end waits for no more jobs once one has failed, as all do where Redis is away; the others would
        # then find the database closed under them, and never end.
        if jobs := [*worker.tasks.values()]:
            for job in jobs:
                job.cancel()
            await asyncio.wait(jobs, timeout=_ENDING)
        await worker.close()
