"""Do worker processes get in each other's way? `python -m bench.workers`, or `make bench B=workers`.

Passes over several stores by one, two and four reprice workers as an installation runs them, with one mongod: what a
listing takes of their CPU time and of mongod's, and how much sooner all is done.
"""

import argparse
import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.catalogue import a_store, fill_apart, make_a_tenth_dearer, open_store
from bench.processes import beside, cpu_seconds, load, need_linux, pid_of_mongod, servers
from cli.processes import environment, program
from embedded.servers import ServerUrls
from embedded.supervisor import Supervisor
from services import markings
from services.queue import Job
from services.runtime import Runtime, open_runtime
from services.settings import Settings
from storage import markings as stored


@dataclass(frozen=True, slots=True)
class Passed:
    """What passes over all stores took, in seconds, the last two of CPU time."""

    wall: float
    workers: tuple[float, ...]
    mongod: float
    changed: int
    written: int
    """Products of another price, and decisions that were written down."""


def main() -> None:
    """Run the benchmark and print its table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--stores", type=int, default=12)
    parser.add_argument("--listings", type=int, default=10_000, help="Of each store.")
    parser.add_argument("--workers", type=int, nargs="*", default=[1, 2, 4])
    parser.add_argument("--processes", type=int, default=1, help="Of each worker.")
    options = parser.parse_args()
    need_linux()
    with servers() as (folder, urls), Supervisor() as supervisor:
        asyncio.run(_measure(folder, urls, supervisor, options))


async def _measure(
    folder: Path, urls: ServerUrls, supervisor: Supervisor, options: argparse.Namespace
) -> None:
    settings = Settings(data_dir=folder, reprice_processes=options.processes)
    stores = [f"store{number}" for number in range(options.stores)]
    async with open_runtime(settings, urls.mongodb_url, urls.redis_url) as runtime:
        for store_id in stores:
            await open_store(runtime, a_store(store_id))
            await asyncio.to_thread(
                fill_apart, urls, settings, store_id, options.listings, decided=True
            )
        print(
            f"{'workers':>7} {'of which change':16}{'wall':>8}{'worker':>8}{'mongod':>8}"
            f"{'of one':>8}{'sooner':>8}  cores of mongod, and of each worker"
        )
        single: dict[str, Passed] = {}
        for count in options.workers:
            names = [f"worker-{count}-{number}" for number in range(count)]
            for name in names:
                arguments = ("worker", "reprice")
                supervisor.start(program(name, arguments, environment(urls, settings), folder))
            workers = [supervisor.state(name).pid for name in names]
            await asyncio.sleep(3)
            await _pass(runtime, stores, workers, "none")  # the first compiles the rules
            pids = [pid for worker in workers for pid in (worker, *beside(worker))]
            for change in ("none", "a tenth"):
                taken = await _pass(runtime, stores, pids, change)
                _check(taken)
                single.setdefault(change, taken)
                size = options.stores * options.listings
                _print(count, change, taken, single[change], size)
            # A new price may match other rules, and have another one follow.
            while (await _pass(runtime, stores, pids, "none")).written:
                pass
            for name in names:
                supervisor.stop(name)
    print(f"Microseconds a listing, {options.stores} stores of {options.listings:,}; {load()}.")


async def _pass(
    runtime: Runtime, stores: Sequence[str], pids: Sequence[int], change: str
) -> Passed:
    scope, handle = runtime.scope(runtime.settings.merchant), runtime.database.handle
    changed = await make_a_tenth_dearer(scope) if change == "a tenth" else 0
    await scope.update_many("submissions", {"state": "PENDING"}, {"$set": {"state": "LIVE"}})
    before, mongod = (
        await handle.decisions.count_documents({}),
        await pid_of_mongod(runtime.database),
    )
    for store_id in stores:
        await markings.ask(scope, store_id, at=runtime.clock.now(), reason="BY_HAND")
    began = time.perf_counter()
    at_first = [cpu_seconds(pid) for pid in (*pids, mongod)]
    for store_id in stores:
        await runtime.queue.wake(Job.REPRICE, scope.merchant_id, store_id)
    for store_id in stores:
        while await stored.asked(scope, store_id):
            await asyncio.sleep(0.05)
    wall = time.perf_counter() - began
    spent = [cpu_seconds(pid) - was for pid, was in zip((*pids, mongod), at_first, strict=True)]
    written = await handle.decisions.count_documents({}) - before
    return Passed(wall, tuple(spent[:-1]), spent[-1], changed, written)


def _check(taken: Passed) -> None:
    # A price that changes may come out as it was by rounding.
    assert 0.97 * taken.changed <= taken.written <= taken.changed, taken


def _print(count: int, change: str, taken: Passed, single: Passed, size: int) -> None:
    def each(seconds: float) -> str:
        return f"{seconds / size * 1e6:8.1f}"

    own = sum(taken.workers)
    cores = " ".join(f"{seconds / taken.wall:.2f}" for seconds in (taken.mongod, *taken.workers))
    print(
        f"{count:7} {change:16}{each(taken.wall)}{each(own)}{each(taken.mongod)}"
        f"{own / sum(single.workers):8.2f}{single.wall / taken.wall:8.2f}  {cores}",
        flush=True,
    )


if __name__ == "__main__":
    main()
