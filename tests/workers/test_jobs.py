"""The job edge: what comes of an outcome, and arq running a job of each kind."""

import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from arq import Retry
from arq.worker import Worker
from structlog.testing import capture_logs

from connectors.errors import (
    MarketplaceError,
    Refusal,
    Rejected,
    Throttled,
    Unauthorized,
    Unavailable,
)
from domain.access import AccessScope
from domain.errors import NotConnected
from domain.export import ExportKind
from domain.listing import ListingStatus
from domain.operation import OperationKind, OperationStatus
from embedded.servers import ServerUrls
from services import exports, operations, repricing, stores
from services.queue import BULK, FILING, REPRICE, SYNC, Job, pack, queue_settings, unpack
from services.runtime import Runtime
from storage.filters import EVERYTHING
from storage.listings import count_due
from storage.offers import SNAPSHOTS
from storage.operations import OPERATIONS
from storage.orders import ORDERS
from tests.factories import MERCHANT, usd
from tests.services.amazon import Amazon, an_item, on_amazon
from tests.services.shop import Shop, a_mug, forget_jobs, queued
from workers.jobs import USE_CASES, functions

# arq still closes its connections by the name that redis-py has given up.
pytestmark = pytest.mark.filterwarnings("ignore:Call to deprecated close:DeprecationWarning")

Raise = Callable[[Exception], Any]


async def run(job: Job, runtime: Runtime | None, store_id: str = "store1") -> None:
    (function,) = functions(job)
    await function.coroutine({"runtime": runtime}, MERCHANT, store_id, None)


@pytest.fixture
def fails(monkeypatch: pytest.MonkeyPatch) -> Raise:
    """Have pushing end with an error."""

    def arrange(error: Exception) -> None:
        async def use_case(*_: object) -> None:
            raise error

        monkeypatch.setitem(USE_CASES, Job.PUSH, use_case)

    return arrange


def test_every_job_has_its_use_case() -> None:
    assert set(USE_CASES) == set(Job)
    assert {function.name for function in functions(*Job)} == {job.value for job in Job}


async def test_a_throttled_job_comes_back_when_amazon_says(runtime: Runtime, fails: Raise) -> None:
    fails(Throttled("slow down", operation="x", retry_after=timedelta(seconds=42)))
    await runtime.queue._redis.delete(SYNC)

    started = time.time()
    for _ in range(6):
        await run(Job.PUSH, runtime)

    again = await runtime.queue._redis.zrange(SYNC, 0, -1, withscores=True)
    assert 1 <= len(again) <= 2  # one for each second in which they are to come back
    assert all(41_000 < score - started * 1000 < 44_000 for _, score in again)


async def test_a_job_that_met_trouble_comes_back_soon(runtime: Runtime, fails: Raise) -> None:
    fails(Unavailable("away", operation="x"))
    with capture_logs() as logs, pytest.raises(Retry) as caught:
        await run(Job.PUSH, runtime)
    assert caught.value.defer_score == 5_000
    assert [(entry["event"], entry["error"]) for entry in logs] == [("job.again_later", "away")]


@pytest.mark.parametrize(
    "error",
    [
        Unauthorized("the token is revoked", operation="x", refusal=Refusal.TOKEN),
        Rejected("no such thing", operation="x", code="InvalidInput"),
        MarketplaceError("odd", operation="x"),
        NotConnected("the store is paused"),
    ],
    ids=lambda error: type(error).__name__,
)
async def test_what_trying_again_cannot_help_is_told_and_the_job_ends(
    runtime: Runtime, fails: Raise, error: Exception
) -> None:  # F006
    fails(error)
    with capture_logs() as logs:
        await run(Job.PUSH, runtime)
    (entry,) = logs
    assert (entry["event"], entry["log_level"]) == ("job.refused", "error")
    assert (entry["error"], entry["store"], entry["job"]) == (str(error), "store1", "push")


@pytest.mark.parametrize("job", list(Job))
async def test_a_job_of_a_store_that_is_gone_ends(runtime: Runtime, job: Job) -> None:
    with capture_logs() as logs:
        await run(job, runtime, "gone")
    told = [entry["event"] for entry in logs]
    assert told in (["job.store_is_gone"], [])


async def test_a_bug_is_not_hidden(runtime: Runtime, fails: Raise) -> None:
    fails(ZeroDivisionError())
    with pytest.raises(ZeroDivisionError):
        await run(Job.PUSH, runtime)


class Workers:
    """Workers of both queues that run what waits and end."""

    def __init__(self, servers: ServerUrls, runtime: Runtime) -> None:
        self._servers = servers
        self._runtime = runtime

    async def work(self, queue: str, *jobs: Job) -> Worker:
        worker = Worker(
            functions=functions(*jobs),
            queue_name=queue,
            redis_settings=queue_settings(self._servers.redis_url),
            ctx={"runtime": self._runtime},
            job_serializer=pack,
            job_deserializer=unpack,
            poll_delay=0.01,
            keep_result=0,
            handle_signals=False,
            burst=True,
        )
        await worker.main()
        await worker.close()
        return worker

    async def until_idle(self) -> int:
        """Work until no job waits; gives how many went wrong."""
        failed = 0
        while await queued(self._servers):
            for queue in (SYNC, REPRICE):
                jobs = [job for job in Job if (queue == REPRICE) is (job is Job.REPRICE)]
                failed += (await self.work(queue, *jobs)).jobs_failed
        return failed


@pytest.fixture
def workers(servers: ServerUrls, runtime: Runtime) -> Workers:
    return Workers(servers, runtime)


async def test_workers_do_everything_from_connecting_to_live_prices_and_orders(
    shop: Shop, amazon: Amazon, workers: Workers
) -> None:
    amazon.begin([an_item(1), an_item(2)], listed=[on_amazon("FOREIGN", 2)], orders_per_tick=4)
    await stores.set_active(shop.runtime, shop.scope, shop.id, active=False, actor="me")
    await stores.set_active(shop.runtime, shop.scope, shop.id, active=True, actor="me")
    await shop.import_products(a_mug())
    for _ in range(2):  # of connecting and of resuming; Amazon takes minutes for the report
        await shop.import_listings()

    assert await workers.until_idle() == 0
    assert amazon.written("MUG-1") == [("20.00", 10)]

    amazon.advance(30)
    for job in (Job.CONFIRM, Job.PULL_OFFERS, Job.RECEIVE_EVENTS):
        await shop.runtime.queue.wake(job, MERCHANT, shop.id)
    assert await workers.until_idle() == 0
    assert {sku: row.status for sku, row in (await shop.listings()).items()} == {
        "MUG-1": ListingStatus.ACTIVE,
        "FOREIGN": ListingStatus.NEW_THIRD_PARTY,
    }
    assert await SNAPSHOTS.count(shop.scope) == 2

    amazon.advance(60, frozen=False)
    amazon.advance(30)
    await shop.runtime.queue.wake(Job.IMPORT_ORDERS, MERCHANT, shop.id)
    assert await workers.until_idle() == 0
    assert await ORDERS.count(shop.scope) == amazon.status()["orders"] > 0
    assert await count_due(shop.scope, shop.id) == 0


async def test_a_worker_of_files_writes_an_export(shop: Shop, workers: Workers) -> None:
    await shop.put_on_sale(a_mug())
    operation = await exports.start(
        shop.runtime,
        shop.scope,
        ExportKind.LISTINGS,
        EVERYTHING,
        exports.fields_of(ExportKind.LISTINGS, None),
        scopes=[AccessScope.READ],
        actor="me",
    )
    worker = await workers.work(BULK, *FILING)
    assert (worker.jobs_complete, worker.jobs_failed) == (1, 0)
    assert (await OPERATIONS.require(shop.scope, operation.id)).result == {"exported": 1}


async def test_a_job_goes_on_with_the_operation_it_was_woken_for(
    shop: Shop, workers: Workers, servers: ServerUrls
) -> None:
    await shop.put_on_sale(a_mug())
    await forget_jobs(servers)
    id_ = (await repricing.mark_all_due(shop.runtime, shop.scope, shop.id, actor="me")).id

    await workers.until_idle()

    ended = await OPERATIONS.require(shop.scope, id_)
    assert (ended.status, ended.result) == (OperationStatus.DONE, {"decided": 1})


async def test_a_mark_that_is_set_while_the_holder_ends_is_decided_all_the_same(
    shop: Shop, workers: Workers, servers: ServerUrls
) -> None:
    await shop.put_on_sale(a_mug())
    await forget_jobs(servers)
    finished = repricing._drain
    price = iter(["21.00"])

    async def marked_right_after(*arguments: Any) -> int:
        decided = await finished(*arguments)
        for amount in price:  # once: another process marks, and finds the lease held
            await shop.import_products(a_mug(price=amount))
            assert await shop.reprice() == 0
            await forget_jobs(servers)  # whoever was woken for it found the lease held, and went
        return decided

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(repricing, "_drain", marked_right_after)
        await shop.reprice()
    await workers.until_idle()

    assert (await shop.listing()).wanted_price == usd("21.00")


async def test_lost_work_is_picked_up_by_the_sweep(
    shop: Shop, workers: Workers, servers: ServerUrls
) -> None:
    await shop.import_products(a_mug())
    lost = await operations.start(shop.scope, OperationKind.MATCH, actor="me", store_id=shop.id)
    long_ago = lost.updated_at - timedelta(minutes=5)
    await shop.scope.update("operations", {"_id": lost.id}, {"$set": {"updated_at": long_ago}})
    await forget_jobs(servers)

    await operations.pick_up_stuck(shop.runtime)
    await workers.until_idle()

    assert (await OPERATIONS.require(shop.scope, lost.id)).status is OperationStatus.DONE
    assert (await shop.listing()).asin == "B000000001"
