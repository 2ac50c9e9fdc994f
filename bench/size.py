"""Does a pass stay as small and as fast as stores grow? `python -m bench.size`, or `make bench B=size`.

Passes over stores of different sizes by a worker that did not fill the store: memory of its processes at most and
its time for a listing, where nothing changes (its very first pass, and the next), where a tenth does, and with `--first`,
by a worker of its own, where every price does.
"""

import argparse
import asyncio
import multiprocessing
import os
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass

import uvloop

from bench.catalogue import a_store, fill_apart, make_a_tenth_dearer, open_store
from bench.processes import beside, cpu_seconds, load, most_mb, need_linux, pid_of_mongod, servers
from embedded.servers import ServerUrls
from rules.durable_engine import DurableMatcher
from services import markings, repricing
from services.runtime import Runtime, look_for_garbage_seldom, open_runtime
from services.settings import Settings
from storage import markings as stored

_STORE = "store0"


@dataclass(frozen=True, slots=True)
class Passed:
    """What one pass took."""

    decided: int
    written: int
    """Decisions that were written down: the listings of which something follows."""
    wall: float
    own: float
    mongod: float
    """Seconds, the last two of CPU time."""
    idle_mb: tuple[float, ...]
    most_mb: tuple[float, ...]
    """Resident memory of the processes, at most before the pass and in all."""


def main() -> None:
    """Run the benchmark and print its table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("sizes", type=int, nargs="*", default=[10_000, 100_000, 1_000_000])
    parser.add_argument("--processes", type=int, default=2, help="Of the worker, its own included.")
    parser.add_argument("--first", action="store_true", help="Have every price change as well.")
    options = parser.parse_args()
    need_linux()
    print(f"{'listings':>10} {'of which change':17}{'wall':>9}{'worker':>9}{'mongod':>9}{'MB':>7}")
    for size in options.sizes:
        with servers() as (_, urls):
            if options.first:
                fill(urls, size, decided=False)
                apart(urls, size, options.processes, "all")
        with servers() as (_, urls):
            fill(urls, size, decided=True)
            apart(urls, size, options.processes, "none", "none", "a tenth")
    print(f"Microseconds a listing; {load()}.")


def fill(urls: ServerUrls, size: int, *, decided: bool) -> None:
    """A store of so many listings, decided by the rules in force or not yet."""
    settings = Settings()

    async def begin() -> None:
        async with open_runtime(settings, urls.mongodb_url, urls.redis_url) as runtime:
            await open_store(runtime, a_store(_STORE))
            scope = runtime.scope(settings.merchant)
            for marking in await stored.asked(scope, _STORE):
                await stored.done(scope, _STORE, marking)

    asyncio.run(begin())
    fill_apart(urls, settings, _STORE, size, decided=decided)


def apart(urls: ServerUrls, size: int, processes: int, *changes: str) -> None:
    """Passes by one worker of so many processes, which end afterwards."""
    spawning = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=spawning) as pool:
        pool.submit(_work, urls, size, processes, changes).result()


def _work(urls: ServerUrls, size: int, processes: int, changes: Sequence[str]) -> None:
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:  # as a worker has
        runner.run(_pass(urls, size, processes, changes))


async def _pass(urls: ServerUrls, size: int, processes: int, changes: Sequence[str]) -> None:
    settings = Settings()
    look_for_garbage_seldom()
    async with open_runtime(
        *(settings, urls.mongodb_url, urls.redis_url),
        matcher=DurableMatcher,
        share_processes=processes - 1,
    ) as runtime:
        await runtime.share_processes.start()
        for change in changes:
            if change == "a tenth":
                await make_a_tenth_dearer(runtime.scope(settings.merchant))
            _print(size, change, await _passed(runtime))


async def _passed(runtime: Runtime) -> Passed:
    scope, handle = runtime.scope(runtime.settings.merchant), runtime.database.handle
    before, mongod = (
        await handle.decisions.count_documents({}),
        await pid_of_mongod(runtime.database),
    )
    await markings.ask(scope, _STORE, at=runtime.clock.now(), reason="BY_HAND")
    pids = [os.getpid(), *beside(os.getpid())]
    idle = tuple(map(most_mb, pids))
    own, theirs = sum(map(cpu_seconds, pids)), cpu_seconds(mongod)
    began = time.perf_counter()
    decided = 0
    while count := await repricing.reprice(runtime, scope, _STORE, None):
        decided += count
    return Passed(
        decided,
        await handle.decisions.count_documents({}) - before,
        time.perf_counter() - began,
        sum(map(cpu_seconds, pids)) - own,
        cpu_seconds(mongod) - theirs,
        idle,
        tuple(map(most_mb, pids)),
    )


def _print(size: int, change: str, taken: Passed) -> None:
    expected = {"none": 0, "a tenth": size // 10, "all": size}[change]
    assert taken.decided == size, taken
    # A price that changes may come out as it was by rounding.
    assert 0.97 * expected <= taken.written <= expected, taken
    wall, own, mongod = (seconds / size * 1e6 for seconds in (taken.wall, taken.own, taken.mongod))
    most, idle = (" + ".join(f"{mb:.0f}" for mb in each) for each in (taken.most_mb, taken.idle_mb))
    memory = f"  {most} ({idle} before it)"
    print(f"{size:10,} {change:17}{wall:9.1f}{own:9.1f}{mongod:9.1f}{memory}", flush=True)


if __name__ == "__main__":
    main()
