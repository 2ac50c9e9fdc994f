"""How fast is an export? `python -m bench.export`, or `make bench B=export`.

A worker's job exports listings into a file, with lines of all fields, packed and kept in MongoDB. It is held against a
bare loop: Motor reads the same documents with the same projection in the same batches, and nothing is done with them.
Both run in one process, in turn, round after round; ratios are taken within a round.
"""

import argparse
import asyncio
import os
import tempfile
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from random import Random
from statistics import median

from bench.shop import MERCHANT, a_listing
from domain.access import AccessScope
from domain.export import ExportKind
from embedded.servers import ServerUrls, open_servers
from services import exports
from services.runtime import Runtime, look_for_garbage_seldom, open_runtime
from services.settings import Settings
from storage.files import FILES
from storage.filters import EVERYTHING
from storage.listings import LISTINGS

_KIND = ExportKind.LISTINGS
_SHAPE = exports.SHAPES[_KIND]
_FIELDS = exports.fields_of(_KIND, None)
_AT_ONCE = 5_000


@dataclass(frozen=True, slots=True)
class _Measured:
    wall: float
    cpu: float
    """Seconds of this process, its threads included; MongoDB is another."""


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--listings", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=7)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        directory = Path(folder)
        with open_servers(directory, {"PATH": os.environ["PATH"]}) as urls:
            asyncio.run(_compare(directory, urls, options.listings, options.rounds))


async def _compare(directory: Path, urls: ServerUrls, count: int, rounds: int) -> None:
    settings = Settings(data_dir=directory, merchant=MERCHANT)
    async with open_runtime(settings, urls.mongodb_url, urls.redis_url) as runtime:
        await _fill(runtime, count)
        look_for_garbage_seldom()  # as the worker does; the bare loop has it as well
        size = await _export(runtime, count)  # nobody's time has the first steps
        await _bare(runtime, count)
        found: list[tuple[_Measured, _Measured]] = []
        for number in range(rounds):
            bare = await _measured(lambda: _bare(runtime, count))
            ours = await _measured(lambda: _export(runtime, count))
            found.append((bare, ours))
            print(
                f"{number + 1}: bare {bare.wall:.2f} s, export {ours.wall:.2f} s, "
                f"speed {bare.wall / ours.wall:.2f}",
                flush=True,
            )
    _print_table(found, count, size)


def _print_table(found: list[tuple[_Measured, _Measured]], count: int, size: int) -> None:
    print(f"\n{count:,} listings, {len(found)} rounds: medians; the file has {size / 1e6:.1f} MB\n")
    print("|           | listings/s | wall us a listing | CPU us a listing |")
    print("| --------- | ---------: | ----------------: | ---------------: |")
    for name, runs in zip(("bare loop", "export"), zip(*found, strict=True), strict=True):
        wall, cpu = median(run.wall for run in runs), median(run.cpu for run in runs)
        print(
            f"| {name:9} | {count / wall:10,.0f} | {wall / count * 1e6:17.1f} | {cpu / count * 1e6:16.1f} |"
        )
    print(
        f"\nspeed of the bare loop = 1: {median(bare.wall / ours.wall for bare, ours in found):.2f} by wall, "
        f"{median(bare.cpu / ours.cpu for bare, ours in found):.2f} by CPU"
    )


async def _measured(work: Callable[[], Awaitable[object]]) -> _Measured:
    wall, cpu = time.perf_counter(), time.process_time()
    await work()
    return _Measured(time.perf_counter() - wall, time.process_time() - cpu)


async def _fill(runtime: Runtime, count: int) -> None:
    chance = Random(1)
    scope = runtime.scope(MERCHANT)
    for start in range(0, count, _AT_ONCE):
        numbers = range(start, min(start + _AT_ONCE, count))
        await LISTINGS.insert(scope, [a_listing(number, chance) for number in numbers])


async def _bare(runtime: Runtime, count: int) -> None:
    """Read everything and do nothing with it."""
    cursor = runtime.database.handle[_SHAPE.collection].find(
        {"merchant_id": MERCHANT},
        _SHAPE.paths(_FIELDS),
        sort=[("_id", 1)],
        batch_size=_SHAPE.batch,
    )
    found = 0
    while rows := await cursor.to_list(_SHAPE.batch):
        found += len(rows)
    assert found == count


async def _export(runtime: Runtime, count: int) -> int:
    """Start an export and do the worker's part; gives the size of the file."""
    scope = runtime.scope(MERCHANT)
    operation = await exports.start(
        runtime, scope, _KIND, EVERYTHING, _FIELDS, scopes=[AccessScope.READ], actor="bench"
    )
    await exports.write(runtime, scope, operation.id)
    file = await FILES.require(scope, operation.id)
    found = await scope.find("operations", {"_id": operation.id})
    assert found[0]["result"] == {"exported": count}
    return file.size


if __name__ == "__main__":
    main()
