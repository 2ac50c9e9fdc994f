"""Waking the workers. Mongo says what there is to do; a job only says that it is time to look."""

import time
from datetime import timedelta
from enum import StrEnum
from typing import Any

import orjson
import structlog
from arq.connections import ArqRedis, RedisSettings
from redis.exceptions import RedisError

log = structlog.get_logger()


class Job(StrEnum):
    """The jobs, each for one store; delivering is for one webhook, and those of the files' queue for none."""

    IMPORT_LISTINGS = "import_listings"
    MATCH_PRODUCTS = "match_products"
    PULL_OFFERS = "pull_offers"
    LOOK_AT_OFFERS = "look_at_offers"
    RECEIVE_EVENTS = "receive_events"
    REPRICE = "reprice"
    SIMULATE = "simulate"
    EXPORT = "export"
    IMPORT_PRODUCTS = "import_products"
    PUSH = "push"
    CONFIRM = "confirm"
    IMPORT_ORDERS = "import_orders"
    DELIVER = "deliver"
    MOVE_PRICES = "move_prices"


SYNC = "sales-channel:sync"
"""Queue of the jobs that mostly wait for Amazon."""
REPRICE = "sales-channel:reprice"
"""Queue of the jobs that compute; their workers are processes of their own."""
BULK = "sales-channel:bulk"
"""Queue of the jobs that read or write much: no price waits behind them."""
DELIVER = "sales-channel:deliver"
"""Queue of the jobs that wait for merchants' own programs: those that are slow must not keep Amazon waiting."""


COMPUTING = frozenset({Job.REPRICE, Job.SIMULATE})
"""The jobs of the second queue."""
FILING = frozenset({Job.EXPORT, Job.IMPORT_PRODUCTS, Job.MOVE_PRICES})
"""The jobs of the third queue."""


def queue_of(job: Job) -> str:
    """The queue that a job waits in."""
    if job in FILING:
        return BULK
    if job is Job.DELIVER:
        return DELIVER
    return REPRICE if job in COMPUTING else SYNC


def pack(value: dict[str, Any]) -> bytes:
    """How jobs are written to Redis: JSON, since whoever can write a pickle there can run code here."""
    return orjson.dumps(value, default=str)


def unpack(data: bytes) -> dict[str, Any]:
    """How jobs are read from Redis."""
    found: dict[str, Any] = orjson.loads(data)
    return found


def queue_settings(url: str) -> RedisSettings:
    """Where the queue is, for a worker: it waits for a Redis that is being restarted."""
    settings = RedisSettings.from_dsn(url)
    settings.conn_retries = 30
    return settings


class Queue:
    """Enqueues jobs. When Redis is away a wake is lost and the next sweep makes up for it."""

    def __init__(self, url: str) -> None:
        self._redis = ArqRedis.from_url(url, socket_timeout=5, socket_connect_timeout=2)
        self._redis.job_serializer = pack
        self._redis.job_deserializer = unpack

    async def wake(
        self, job: Job, merchant_id: str, store_id: str, operation_id: str | None = None
    ) -> None:
        """Have a worker look after a store's work soon."""
        await self._enqueue(job, merchant_id, store_id, operation_id, None)

    async def sweep(self, job: Job, merchant_id: str, store_id: str) -> None:
        """The same, once at a time and minute: what the sweep asks for again and again.

        arq refuses an id for long after the worker that had it was killed; the next minute's is another.
        """
        minute = int(time.time()) // 60
        await self._enqueue(job, merchant_id, store_id, None, f"sweep:{job}:{store_id}:{minute}")

    async def put_off(
        self, job: Job, merchant_id: str, store_id: str, operation_id: str | None, by: timedelta
    ) -> None:
        """Have a worker look when the quota allows it again, as often as that takes.

        Jobs that would come back in the same second do so as one, however many there are by now.
        """
        second = int(time.time() + by.total_seconds())
        job_id = f"again:{job}:{store_id}:{operation_id}:{second}"
        await self._enqueue(job, merchant_id, store_id, operation_id, job_id, by)

    async def _enqueue(
        self,
        job: Job,
        merchant_id: str,
        store_id: str,
        operation_id: str | None,
        job_id: str | None,
        by: timedelta | None = None,
    ) -> None:
        try:
            await self._redis.enqueue_job(
                job.value,
                merchant_id,
                store_id,
                operation_id,
                _queue_name=queue_of(job),
                _job_id=job_id,
                _defer_by=by,
            )
        except (RedisError, OSError) as error:
            log.warning("queue.wake.lost", job=job.value, store=store_id, error=str(error))

    async def close(self) -> None:
        """Let go of connections."""
        await self._redis.aclose()
