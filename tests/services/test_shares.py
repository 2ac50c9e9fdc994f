"""Large runs of which several processes have shares: they come to what one process comes to, whoever dies."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import pytest

from domain.operation import OperationOutcome
from domain.run import Run, RunStatus
from embedded.servers import ServerUrls
from services import decisions as deciding
from services import due, operations, repricing
from services.child import Attendant
from services.chunks import write_chunk
from services.consequences import carry_out
from services.course import Course
from services.judging import judge_and_write, small_run
from services.settings import Settings
from services.share_processes import ShareLost, ShareProcesses
from services.share_protocol import Greeting
from storage.filters import Is
from storage.keyset import Sort
from storage.listings import Selection
from storage.mongo import Scope
from storage.operations import OPERATIONS
from storage.runs import RUNS
from tests.factories import usd
from tests.services.amazon import Amazon, an_item
from tests.services.shop import Shop, a_mug, open_shop, wipe

MUGS = range(1, 17)
TEN_OFF = (
    "kind: pricing\nname: Off\nrules:\n  - {key: off, type: standard, adjust: {decrease: 10%}}\n"
)
BRAKES = "kind: guardrails\nname: Brakes\nlimits: {totalFall: 5%}\n"
SHARE = (sys.executable, "-P", "-m", "services.share_child")

pytestmark = pytest.mark.timeout(120)


def otherwise(name: str, then: str) -> tuple[str, ...]:
    """The process of shares, in which something follows whenever a function of theirs has been called."""
    program = f"""
import asyncio, os
from services import chunks, share, share_child

chunks.CHUNK = 3
real, calls = share.{name}, 0

async def replaced(*arguments, **named):
    global calls
    done = await real(*arguments, **named)
    calls += 1
    {then}
    return done

share.{name} = replaced
share_child.main()
"""
    return (sys.executable, "-c", program)


@pytest.fixture
def amazon(simulator: Amazon) -> Amazon:
    simulator.begin([an_item(number) for number in MUGS])
    return simulator


@pytest.fixture
async def stocked(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> Shop:
    """A shop with sixteen mugs at 20.00; two are a page, which this process is slow to read."""
    await shop.put_on_sale(*(a_mug(number) for number in MUGS))
    monkeypatch.setattr("services.due._BATCH", 2)
    monkeypatch.setattr("services.due._LARGE", 2)
    monkeypatch.setattr("services.chunks.CHUNK", 3)
    read = due.read

    async def slowly(*arguments: Any) -> Any:
        await asyncio.sleep(0.05)
        return await read(*arguments)

    monkeypatch.setattr("services.share.read", slowly)
    return shop


@asynccontextmanager
async def with_processes(
    shop: Shop, servers: ServerUrls, *, count: int = 1, command: Sequence[str] = SHARE
) -> AsyncIterator[Shop]:
    """The shop as a worker sees it that has processes beside it."""
    greeting = Greeting(shop.runtime.settings, servers.mongodb_url, servers.redis_url)
    processes = ShareProcesses(greeting, count, command)
    try:
        await processes.start()
        yield replace(shop, runtime=replace(shop.runtime, share_processes=processes))
    finally:
        await processes.close()


@pytest.fixture
def decided_here(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The ids of listings that this process decided."""
    ids: list[str] = []
    decide_all = deciding.decide_all

    def recorded(store: Any, rulebook: Any, known: Any, *rest: Any) -> Any:
        ids.extend(row.listing.id for row in known)
        return decide_all(store, rulebook, known, *rest)

    monkeypatch.setattr("services.deciding.decide_all", recorded)
    return ids


async def end_of(shop: Shop) -> dict[str, Any]:
    """What there is afterwards, but for ids and moments."""
    rows = await shop.listings()
    runs = await RUNS.find(shop.scope, Is("store_id", "eq", shop.id), sort=Sort("_id"))
    return {
        "listings": {sku: (row.wanted_price, row.hold, row.due) for sku, row in rows.items()},
        "decisions": {
            sku: [
                (row.outcome, row.reason, row.price_before, row.price_after, row.trace)
                for row in await shop.decisions(sku)
            ]
            for sku in rows
        },
        "runs": [(run.status, run.up, run.down, run.triggers, breaches_of(run)) for run in runs],
        "submissions": {sku: len(await shop.submissions(sku)) for sku in rows},
    }


def breaches_of(run: Run) -> list[tuple[str, list[str]]]:
    """What a run broke, with the SKUs that are named for it."""
    return [
        (each.note, [id_.partition("/")[2] for id_ in each.listing_ids]) for each in run.breaches
    ]


@pytest.mark.parametrize(
    ("count", "brakes", "last"),
    [(2, "", (RunStatus.PASSED, 16, 0)), (1, BRAKES, (RunStatus.HELD, 0, 16))],
    ids=["passed", "held"],
)
async def test_a_run_in_shares_comes_to_what_one_process_comes_to(
    stocked: Shop,
    servers: ServerUrls,
    amazon: Amazon,
    decided_here: list[str],
    count: int,
    brakes: str,
    last: tuple[RunStatus, int, int],
) -> None:
    ends, here, shop = [], [], stocked
    for processes in (0, count):
        decided_here.clear()
        async with with_processes(shop, servers, count=processes) as worker:
            for document in filter(None, (brakes, TEN_OFF)):
                await worker.publish(document)
                await worker.reprice()
            # One run looks at the whole store, the other at what is marked.
            await worker.import_products(*(a_mug(number, "30.00") for number in MUGS))
            await worker.reprice()
        ends.append(await end_of(shop))
        here.append(len(decided_here))
        if not processes:
            await wipe(shop.runtime)
            amazon.begin([an_item(number) for number in MUGS])
            shop = await open_shop(shop.runtime, amazon)
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr("services.due._LARGE", 1_000)
                await shop.put_on_sale(*(a_mug(number) for number in MUGS))

    assert ends[1] == ends[0]
    assert ends[0]["runs"][-1][:3] == last
    assert here[1] < here[0]


@pytest.mark.parametrize(("name", "call"), [("read", 1), ("decide", 2), ("write_chunk", 2)])
async def test_a_process_that_dies_with_a_share_changes_nothing_about_the_end(
    stocked: Shop, servers: ServerUrls, name: str, call: int
) -> None:
    async with with_processes(
        stocked, servers, command=otherwise(name, f"if calls == {call}: os._exit(9)")
    ) as worker:
        await worker.publish(TEN_OFF)
        with pytest.raises(ShareLost):
            await worker.reprice()
        assert await stocked.open() > 0
        # It would be lost again: for a while the worker does without it.
        await worker.runtime.share_processes.start()
        await worker.reprice()

    rows = await stocked.listings()
    assert {row.wanted_price for row in rows.values()} == {usd("18.00")}
    assert await stocked.due() == 0
    for sku in rows:
        prices = [row.price_after for row in await stocked.decisions(sku)]
        assert prices == [usd("20.00"), usd("18.00")], sku
    assert await RUNS.find(stocked.scope, Is("ended_at", "eq", None)) == []


async def test_after_a_while_a_process_that_was_lost_has_shares_again(
    stocked: Shop, servers: ServerUrls, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.share_processes._WITHOUT", 0)
    async with with_processes(stocked, servers, command=otherwise("read", "os._exit(9)")) as worker:
        await worker.publish(TEN_OFF)
        for _ in range(2):
            with pytest.raises(ShareLost):
                await worker.reprice()
            await worker.runtime.share_processes.start()


@pytest.mark.parametrize("command", [(sys.executable, "-c", "pass"), ("/nowhere",)])
async def test_where_no_process_starts_the_worker_does_all_by_itself(
    stocked: Shop, servers: ServerUrls, command: Sequence[str]
) -> None:
    greeting = Greeting(stocked.runtime.settings, servers.mongodb_url, servers.redis_url)
    processes = ShareProcesses(greeting, 1, command)
    worker = replace(stocked, runtime=replace(stocked.runtime, share_processes=processes))
    await worker.publish(TEN_OFF)
    assert await worker.reprice() == len(MUGS)
    await processes.close()


async def test_a_run_that_is_cancelled_ends_its_shares_and_the_next_has_new_ones(
    stocked: Shop, servers: ServerUrls, decided_here: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    async with with_processes(stocked, servers) as worker:
        await worker.publish(TEN_OFF)
        operation = await repricing.mark_all_due(
            worker.runtime, worker.scope, worker.id, actor="me"
        )
        monkeypatch.setattr(operations, "_SECONDS_BETWEEN_REPORTS", 0)
        read = due.read

        async def and_then_cancelled(*arguments: Any) -> Any:
            await operations.cancel(worker.scope, operation.id)
            return await read(*arguments)

        with monkeypatch.context() as patch:
            patch.setattr("services.share.read", and_then_cancelled)
            await repricing.reprice(worker.runtime, worker.scope, worker.id, operation.id)
        found = await OPERATIONS.require(worker.scope, operation.id)
        assert found.outcome is OperationOutcome.CANCELLED

        await worker.runtime.share_processes.start()
        decided_here.clear()
        await worker.reprice()
        assert 0 < len(decided_here) < len(MUGS)
    assert {row.wanted_price for row in (await stocked.listings()).values()} == {usd("18.00")}


async def always_urgent() -> int:
    await asyncio.sleep(0.01)
    return 1


async def test_others_do_the_run_while_something_urgent_comes_up(
    stocked: Shop, servers: ServerUrls, decided_here: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.course._ATTENDS", 600)
    async with with_processes(stocked, servers) as worker:
        await worker.publish(TEN_OFF)
        selection = Selection(worker.id, None)
        await judge_and_write(
            *(worker.runtime, worker.scope, selection, None), always_urgent, "BY_HAND"
        )
    # Before anything comes up this process has taken a page to decide, one to look up and one to read.
    assert 0 < len(decided_here) <= 6
    prices = {row.wanted_price for row in (await stocked.listings()).values()}
    assert prices == {usd("18.00")}


async def test_what_is_urgent_does_not_keep_this_process_from_a_run_for_ever(
    stocked: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.course._ATTENDS", 0.05)
    pages = due.Shared(due.pages(stocked.scope, Selection(stocked.id, None)))
    course = Course(stocked.scope, stocked.id, None, always_urgent, pages)
    async with asyncio.timeout(20):
        assert await course.by_another(course.go_on_own(1))


@pytest.mark.parametrize(("urgent", "most"), [(0, 16), (1, 2)])
async def test_chunks_are_small_while_something_urgent_comes_up(
    stocked: Shop, monkeypatch: pytest.MonkeyPatch, urgent: int, most: int
) -> None:
    await stocked.publish(TEN_OFF)
    monkeypatch.setattr("services.chunks.CHUNK", 16)
    sizes: list[int] = []

    async def recorded(runtime: Any, run: Any, chunk: Any, ids: Any, scope: Any, lane: int) -> Any:
        sizes.append(len(ids))
        return await write_chunk(runtime, run, chunk, ids, scope, lane)

    async def meanwhile() -> int:
        return urgent

    monkeypatch.setattr("services.share.write_chunk", recorded)
    selection = Selection(stocked.id, None)
    await judge_and_write(stocked.runtime, stocked.scope, selection, None, meanwhile, "BY_HAND")
    assert sum(sizes) == len(MUGS)
    assert max(sizes) == most


async def test_what_is_urgent_does_not_collide_with_chunks_that_are_being_written(
    stocked: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    await stocked.publish(TEN_OFF)
    written, may_commit = asyncio.Semaphore(0), asyncio.Event()

    async def held_up(*arguments: Any) -> None:
        await carry_out(*arguments)
        written.release()
        await may_commit.wait()

    monkeypatch.setattr("services.chunks.carry_out", held_up)
    large = asyncio.create_task(stocked.reprice())
    for _ in range(2):
        await written.acquire()
    await stocked.import_products(a_mug(9, "30.00"))
    tries = 0

    async def urgent(inside: Scope) -> int | None:
        nonlocal tries
        tries += 1
        return await small_run(stocked.runtime, inside, stocked.id)

    async with asyncio.timeout(20):
        assert await stocked.scope.transaction(urgent) == 1
    assert tries == 1
    assert (await stocked.listing("MUG-9")).wanted_price == usd("27.00")
    may_commit.set()
    await large


async def test_of_two_runs_at_a_time_one_has_the_processes() -> None:
    processes = ShareProcesses(Greeting(Settings(), "", ""), 1)
    async with processes.free() as first, processes.free() as second:
        assert (len(first), len(second)) == (1, 0)
    async with processes.free() as again:
        assert again == first


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


async def test_a_process_ends_with_whoever_started_it(servers: ServerUrls) -> None:
    program = f"""
import asyncio
from services.child import Attendant
from services.settings import Settings
from services.share_protocol import Greeting

async def main():
    attendant = await Attendant.start({SHARE!r})
    await attendant.line.send(Greeting(Settings(), {servers.mongodb_url!r}, {servers.redis_url!r}))
    await attendant.line.receive()
    print(attendant._process.pid, flush=True)
    await asyncio.Event().wait()

asyncio.run(main())
"""
    pipe = asyncio.subprocess.PIPE
    parent = await asyncio.create_subprocess_exec(sys.executable, "-c", program, stdout=pipe)
    assert parent.stdout is not None
    child = int(await parent.stdout.readline())
    # It is not for signals that reach a whole group: its parent sees to its end.
    os.kill(child, signal.SIGTERM)
    os.kill(child, signal.SIGINT)
    await asyncio.sleep(0.2)
    assert is_alive(child)

    parent.kill()
    await parent.wait()
    async with asyncio.timeout(20):
        while is_alive(child):
            await asyncio.sleep(0.05)


async def test_one_that_does_not_end_is_killed() -> None:
    attendant = await Attendant.start((sys.executable, "-c", "import time; time.sleep(600)"))
    await attendant.end(0.1)
    assert attendant._process.returncode == -signal.SIGKILL
