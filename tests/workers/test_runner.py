"""Workers of one queue share what waits in it."""

import asyncio
from collections import Counter
from typing import Any, ClassVar, cast

import pytest
from arq.connections import ArqRedis
from arq.typing import WorkerCoroutine
from arq.worker import Worker, func

from embedded.servers import ServerUrls
from services.queue import Job, pack, queue_settings, unpack
from workers import runner
from workers.jobs import functions
from workers.runner import TakingTurns

# arq still closes its connections by the name that redis-py has given up.
pytestmark = pytest.mark.filterwarnings("ignore:Call to deprecated close:DeprecationWarning")


async def test_long_jobs_are_shared_out_among_the_workers_that_are_free(
    servers: ServerUrls,
) -> None:
    taken: Counter[str] = Counter()
    over = asyncio.Event()

    async def work(context: dict[str, Any]) -> None:
        taken[context["name"]] += 1
        if taken.total() == 4:
            over.set()
        await asyncio.wait_for(over.wait(), 10)

    def worker(name: str) -> TakingTurns:
        return TakingTurns(
            functions=[func(cast("WorkerCoroutine", work), name="work", keep_result=0)],
            queue_name="shared",
            redis_settings=queue_settings(servers.redis_url),
            ctx={"name": name},
            job_serializer=pack,
            job_deserializer=unpack,
            poll_delay=0.02,
            max_jobs=4,
            handle_signals=False,
            burst=True,
        )

    redis = ArqRedis.from_url(servers.redis_url)
    redis.job_serializer = pack
    for number in range(4):
        await redis.enqueue_job("work", _queue_name="shared", _job_id=f"long-{number}")
    await redis.aclose()
    workers = [worker("one"), worker("other")]
    await asyncio.gather(*(each.main() for each in workers))
    for each in workers:
        await each.close()

    assert taken == {"one": 2, "other": 2}


class Dying(Worker):
    """Its Redis goes away while one of its jobs has failed and another goes on."""

    ended: ClassVar[list[str]] = []

    async def main(self) -> None:
        self.tasks = {
            "failed": asyncio.create_task(self._failing()),
            "long": asyncio.create_task(self._long()),
        }
        await asyncio.sleep(0)
        raise ConnectionError

    async def _failing(self) -> None:
        raise ConnectionError

    async def _long(self) -> None:
        try:
            await asyncio.sleep(60)
        finally:
            await asyncio.sleep(0.05)  # the database answers to what was under way
            self.ended.append("long")


async def test_a_worker_whose_redis_goes_away_ends_its_jobs_before_all_is_closed(
    servers: ServerUrls,
) -> None:
    with pytest.raises(ConnectionError):
        await runner._work(
            servers.redis_url, {}, kind=Dying, functions=functions(Job.PUSH), handle_signals=False
        )
    assert Dying.ended == ["long"]
