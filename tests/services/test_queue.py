"""Waking workers: a wake may be lost and nobody minds."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from domain.clock import SystemClock
from embedded.servers import ServerUrls
from services.clock import FileClock, clock_of
from services.queue import BULK, DELIVER, REPRICE, SYNC, Job, Queue, pack, queue_of, unpack
from tests.services.shop import forget_jobs, queued


@pytest.fixture
async def queue(servers: ServerUrls) -> AsyncIterator[Queue]:
    await forget_jobs(servers)
    opened = Queue(servers.redis_url)
    yield opened
    await opened.close()


async def test_a_wake_names_the_store_and_its_work(queue: Queue, servers: ServerUrls) -> None:
    await queue.wake(Job.MATCH_PRODUCTS, "acme", "store1", "operation1")
    assert await queued(servers) == [("match_products", ("acme", "store1", "operation1"))]


async def test_a_wake_is_lost_without_an_error_while_redis_is_away(tmp_path: Path) -> None:
    away = Queue(f"unix://{tmp_path}/nobody-listens.sock")
    await away.wake(Job.PUSH, "acme", "store1")
    await away.sweep(Job.PUSH, "acme", "store1")
    await away.close()


async def test_sweeps_ask_once_a_minute_and_wakes_each_time(
    queue: Queue, servers: ServerUrls, monkeypatch: pytest.MonkeyPatch
) -> None:
    moment = 60.0 * 1_000_000
    monkeypatch.setattr("services.queue.time.time", lambda: moment)
    for seconds in (0, 30, 59, 60):
        monkeypatch.setattr("services.queue.time.time", lambda at=moment + seconds: at)
        await queue.sweep(Job.PUSH, "acme", "store1")
    assert len(await queued(servers)) == 2

    await queue.wake(Job.PUSH, "acme", "store1")
    await queue.wake(Job.PUSH, "acme", "store1")
    assert len(await queued(servers)) == 4


def test_computing_files_and_delivering_have_queues_of_their_own() -> None:
    assert {job for job in Job if queue_of(job) == REPRICE} == {Job.REPRICE, Job.SIMULATE}
    assert {job for job in Job if queue_of(job) == DELIVER} == {Job.DELIVER}
    assert {job for job in Job if queue_of(job) == BULK} == {
        Job.EXPORT,
        Job.IMPORT_PRODUCTS,
        Job.MOVE_PRICES,
    }
    assert {queue_of(job) for job in Job} == {REPRICE, SYNC, BULK, DELIVER}


def test_jobs_are_written_as_json_and_never_as_pickle() -> None:
    job = {"t": 1, "f": "push", "a": ("acme", "store1", None), "k": {}, "et": 5}
    assert pack(job).startswith(b"{")
    assert unpack(pack(job))["a"] == ["acme", "store1", None]


def test_the_clock_of_a_simulation_is_read_from_its_file(tmp_path: Path) -> None:
    file = tmp_path / "clock"
    clock = clock_of(file)
    for milliseconds, told in (
        (0, "1970-01-01T00:00:00+00:00"),
        (1500, "1970-01-01T00:00:01.500000+00:00"),
    ):
        file.write_text(str(milliseconds))
        assert clock.now().isoformat() == told
    assert isinstance(clock, FileClock)
    assert isinstance(clock_of(None), SystemClock)
