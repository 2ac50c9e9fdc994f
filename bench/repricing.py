"""How fast is a whole catalogue decided? `python -m bench.repricing`, or `make bench B=repricing`.

Passes over a catalogue, of which a tenth of the listings or none changes its price, against bare loops that read what
a decision rests on in batches, decide nothing, and write as many prices with `bulk_write`, or copies of all that as many
decisions leave behind. All in one run, in turns; CPU times are this process's and mongod's own.
"""

import argparse
import asyncio
import os
import statistics
import tempfile
import time
from collections import defaultdict
from collections.abc import Awaitable, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import uvloop
from pymongo import UpdateOne

from bench.catalogue import a_store, fill, make_a_tenth_dearer, open_store
from bench.document import source
from bench.processes import beside, cpu_seconds, most_mb, need_linux, pid_of_mongod
from bench.workload import rules
from domain.ids import new_id
from embedded.servers import ServerUrls, open_servers
from rules.durable_engine import DurableMatcher
from services import markings, repricing
from services.runtime import Runtime, look_for_garbage_seldom, open_runtime
from services.settings import Settings
from services.share_processes import ShareProcesses
from services.share_protocol import Greeting
from storage.listings import LISTINGS, READ_TO_DECIDE
from storage.mongo import Document, Scope, Update
from storage.offers import SNAPSHOTS
from storage.price_history import FRESH
from storage.products import PRICED_BY, PRODUCTS

_BATCH = 1000
_STORE = "store0"
_LEFT_BEHIND = ("decisions", "submissions", FRESH)
_SET = (
    *("wanted_price", "wanted_quantity", "wanted_terms", "hold", "due", "inputs_hash"),
    *("decide_again_at", "last_decision_id", "price_decision_id", "price_changed_at"),
)
"""Fields of a listing that a decision sets, besides the moment of its change."""

Write = Callable[[Sequence[Document]], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Taken:
    """What one pass took, in microseconds a listing."""

    wall: float
    own: float
    mongod: float


def main() -> None:
    """Run the benchmark and print its table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--listings", type=int, default=20_000)
    parser.add_argument("--rules", type=int, default=200)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--processes", type=int, default=2, help="Of the worker, its own included.")
    options = parser.parse_args()
    need_linux()
    with (
        tempfile.TemporaryDirectory() as folder,
        open_servers(Path(folder), {"PATH": os.environ["PATH"]}) as urls,
        asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner,  # as a worker has
    ):
        runner.run(_measure(urls, options))


async def _measure(urls: ServerUrls, options: argparse.Namespace) -> None:
    settings = Settings()
    async with open_runtime(
        settings,
        urls.mongodb_url,
        urls.redis_url,
        matcher=DurableMatcher,
        share_processes=options.processes - 1,
    ) as runtime:
        scope = runtime.scope(settings.merchant)
        await open_store(runtime, a_store(_STORE), document=source(rules(1, options.rules)))
        await fill(scope, _STORE, range(options.listings))
        look_for_garbage_seldom()
        pid = await pid_of_mongod(runtime.database)
        passes = _passes(runtime, scope, options.listings)
        await passes["first pass, every price"]()
        taken: dict[str, list[Taken]] = defaultdict(list)
        for _ in range(options.rounds):
            for name, work in passes.items():
                if name.startswith("ours"):
                    # What was changed before is looked at once more, and known from then on.
                    await _prepare(runtime, scope, "settling")
                    await work()
                    await _prepare(runtime, scope, name)
                if not name.startswith("first"):
                    taken[name].append(await _timed(work, pid, options.listings))
                if name.startswith("ours"):
                    written = await scope.count(
                        "submissions", {"state": "PENDING"}, options.listings
                    )
                    expected = options.listings // 10 if "tenth" in name else 0
                    # A price that changes may come out as it was by rounding.
                    assert 0.97 * expected <= written <= expected, (name, written)
        _print(taken)
        most = [most_mb(each) for each in (os.getpid(), *beside(os.getpid()))]
        print(
            f"MB at most, filling the database included: {', '.join(f'{mb:.0f}' for mb in most)}."
        )


def _passes(runtime: Runtime, scope: Scope, size: int) -> dict[str, Callable[[], Awaitable[None]]]:
    greeting = Greeting(runtime.settings, "", "")
    by_itself = replace(runtime, share_processes=ShareProcesses(greeting, 0))

    async def pass_of(worker: Runtime) -> None:
        decided = 0
        while count := await repricing.reprice(worker, scope, _STORE, None):
            decided += count
        assert decided == size, decided

    ours, alone = partial(pass_of, runtime), partial(pass_of, by_itself)

    return {
        "first pass, every price": ours,
        "bare, a tenth is written": lambda: _bare(scope, partial(_write_prices, scope)),
        "bare, a tenth with decisions": lambda: _bare(scope, partial(_write_copies, scope)),
        "ours, a tenth changes": ours,
        "ours, a tenth, one process": alone,
        "bare, nothing is written": lambda: _bare(scope, None),
        "ours, nothing changes": ours,
        "ours, nothing, one process": alone,
    }


async def _prepare(runtime: Runtime, scope: Scope, name: str) -> None:
    """Mark the whole catalogue, and where a tenth is to change, change the catalogue prices of a tenth."""
    await scope.update_many("submissions", {}, {"$set": {"state": "LIVE"}})
    if "tenth" in name:
        await make_a_tenth_dearer(scope)
    await markings.ask(scope, _STORE, at=runtime.clock.now(), reason="BY_HAND")


async def _bare(scope: Scope, write: Write | None) -> None:
    """Read what a decision rests on, in batches, and have something written of a tenth of each."""
    handle = scope.database.handle
    mine = {"merchant_id": scope.merchant_id}
    of_listings = [name for name in READ_TO_DECIDE if name != "id"]
    of_products = [*PRICED_BY, "attributes.brand", "attributes.color"]
    cursor = handle[LISTINGS.name].find(
        {"store_id": _STORE, **mine}, of_listings, batch_size=_BATCH
    )
    async with aclosing(_batches(cursor)) as batches:
        async for batch in batches:
            products = {"_id": {"$in": [row["product_id"] for row in batch]}, **mine}
            items = {"_id": {"$in": [f"{_STORE}/{row['asin']}" for row in batch]}, **mine}
            await handle[PRODUCTS.name].find(products, of_products).to_list(None)
            await handle[SNAPSHOTS.name].find(items).to_list(None)
            if write:
                await write(batch[::10])


async def _write_prices(scope: Scope, rows: Sequence[Document]) -> None:
    """Write prices in one `bulk_write`, where no decision reads them."""
    price = {"minor": 1000, "currency": "USD"}
    await scope.database.handle[LISTINGS.name].bulk_write(
        [
            UpdateOne(
                {"_id": row["_id"], "merchant_id": scope.merchant_id},
                {"$set": {"list_price": price}},
            )
            for row in rows
        ],
        ordered=False,
    )


async def _write_copies(scope: Scope, rows: Sequence[Document]) -> None:
    """Write what decisions leave behind, copied from what one did, in one transaction."""
    copied = {name: (await scope.find(name, {}, limit=1))[0] for name in _LEFT_BEHIND}

    async def body(inside: Scope) -> None:
        for name, one in copied.items():
            await inside.insert(name, [{**one, "_id": new_id()} for _ in rows])
        now = datetime.now(UTC)
        await inside.update_each(
            LISTINGS.name,
            [
                Update(
                    {"_id": row["_id"]},
                    {
                        "$set": {**{name: row[name] for name in _SET}, "updated_at": now},
                        "$inc": {"version": 1},
                    },
                )
                for row in rows
            ],
        )

    await scope.transaction(body)


async def _batches(cursor: Any) -> Any:
    while batch := await cursor.to_list(_BATCH):
        yield batch


async def _timed(work: Callable[[], Awaitable[None]], mongod: int, size: int) -> Taken:
    at, own, theirs = time.perf_counter(), _own_seconds(), cpu_seconds(mongod)
    await work()
    spent = (
        time.perf_counter() - at,
        _own_seconds() - own,
        cpu_seconds(mongod) - theirs,
    )
    return Taken(*(seconds / size * 1e6 for seconds in spent))


def _own_seconds() -> float:
    """CPU time of the worker's processes."""
    return time.process_time() + sum(map(cpu_seconds, beside(os.getpid())))


def _print(taken: dict[str, list[Taken]]) -> None:
    print(f"{'microseconds a listing':30}{'wall':>9}{'worker':>9}{'mongod':>9}{'of bare':>9}")
    for name, rounds in taken.items():
        bare = taken[f"bare, {'a tenth is written' if 'tenth' in name else 'nothing is written'}"]
        ratio = statistics.median(
            theirs.wall / ours.wall for theirs, ours in zip(bare, rounds, strict=True)
        )
        wall, own, mongod = (
            statistics.median(getattr(each, part) for each in rounds)
            for part in ("wall", "own", "mongod")
        )
        print(f"{name:30}{wall:9.1f}{own:9.1f}{mongod:9.1f}{ratio:9.2f}")


if __name__ == "__main__":
    main()
