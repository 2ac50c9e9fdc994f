"""How long until an offer event is decided? `python -m bench.latency`, or `make bench B=latency`.

Notifications come into the queue at a steady rate, each of an item of its own whose price they change, while passes go
over the whole store one after another. Simulated Amazon, sync worker and reprice worker are processes of their own, as
in an installation; rate limits are Amazon's.

A latency begins where the notification is handed to the queue, and ends where the decision on it is known from
MongoDB's log of changes, so that its transaction is over. Everything in between counts: the queue's own answer, our
receiver, the transaction that stores the offers and marks the listing, the wake, the run.
"""

import argparse
import asyncio
import json
import statistics
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from random import Random

import httpx

from bench.catalogue import a_store, fill_apart, make_a_tenth_dearer, open_store, rows
from bench.document import source
from bench.offer_events import Change, send
from bench.processes import beside, cpu_seconds, load, need_linux, pid_of_mongod, servers
from bench.workload import rules
from cli.processes import environment, free_port, program
from cli.scenario import SELLER
from connectors.simulator.controls import Controls
from domain.money import Money
from domain.store import Connection, Store
from embedded.servers import ServerUrls
from embedded.supervisor import Supervisor
from services import markings
from services.queue import Job
from services.runtime import Runtime, open_runtime
from services.settings import Settings
from services.vault import AmazonCredentials
from storage import markings as stored
from storage.mongo import Scope

_STORE = "store0"
_QUEUE = "bench"
_STEP = 0.05
"""Seconds between the notifications that are handed over together."""
_FOLLOWED = ("Brand 0", "Brand 1", "Brand 2")
_PATIENCE = 60.0


@dataclass(slots=True)
class Times:
    """Moments of each event by its listing, in seconds since the epoch."""

    sent: dict[str, float] = field(default_factory=dict)
    stored: dict[str, float] = field(default_factory=dict)
    """Its offers are being written."""
    decided: dict[str, float] = field(default_factory=dict)
    """Its decision is made and not written yet."""
    written: dict[str, float] = field(default_factory=dict)
    passes: int = 0


def main() -> None:
    """Run the benchmark and print its table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--listings", type=int, default=100_000)
    parser.add_argument("--rate", type=int, default=200, help="Events a second.")
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument(
        "--passes",
        choices=("no", "none", "tenth"),
        default="none",
        help="Passes meanwhile: no pass at all, none or a tenth of the prices change in each.",
    )
    options = parser.parse_args()
    need_linux()
    with servers() as (folder, urls), Supervisor() as supervisor:
        asyncio.run(_measure(folder, urls, supervisor, options))


async def _measure(
    folder: Path, urls: ServerUrls, supervisor: Supervisor, options: argparse.Namespace
) -> None:
    port = free_port()
    settings = Settings(
        data_dir=folder,
        amazon_url=f"http://127.0.0.1:{port}",
        amazon_queue_arn=f"arn:aws:sqs:us-east-1:000000000000:{_QUEUE}",
    )
    env = environment(urls, settings)
    supervisor.start(program("simulator", ("simulator", "--port", str(port)), env, folder))
    async with open_runtime(settings, urls.mongodb_url, urls.redis_url) as runtime:
        changes = list(islice(_changes(options.listings), options.rate * options.seconds))
        if len(changes) < options.rate * options.seconds:
            sys.exit("Of so many events each cannot have a listing of its own: take more listings.")
        store = _store(runtime)
        await _begin_amazon(settings, changes, store)
        await open_store(runtime, store, document=_document())
        await (await runtime.connections.of(store)).subscribe()
        await asyncio.to_thread(fill_apart, urls, settings, _STORE, options.listings, decided=True)
        for kind in ("sync", "reprice"):
            supervisor.start(program(f"worker-{kind}", ("worker", kind), env, folder))
        scope = runtime.scope(settings.merchant)
        await _pass_over(runtime, scope)  # which the publication asked for
        pids = {
            name: supervisor.state(name).pid
            for name in ("simulator", "worker-sync", "worker-reprice")
        }
        pids["mongod"] = await pid_of_mongod(runtime.database)
        for number, pid in enumerate(beside(pids["worker-reprice"]), 1):
            pids[f"beside it, {number}"] = pid
        before = {name: cpu_seconds(pid) for name, pid in pids.items()}
        began = time.time()
        times = await _run(runtime, scope, settings, store, changes, options)
        took = time.time() - began
        shares = {name: (cpu_seconds(pid) - before[name]) / took for name, pid in pids.items()}
        await _look_back(scope, times, changes)
        _print(times, shares, options)


def _document() -> str:
    """200 rules, of which the first follows the lowest rival of some brands."""
    document = json.loads(source(rules(1, 199)))
    follow = {
        "key": "follow",
        "type": "intelligent",
        "priority": 1,
        "stop": True,
        "when": {"fact": "attribute.brand", "in": list(_FOLLOWED)},
        "competitor": {"source": "lowest"},
        "adjust": {"decrease": "0.01"},
        "floor": {"source": "price", "decrease": "50%"},
    }
    return json.dumps({**document, "rules": [follow, *document["rules"]]})


def _changes(size: int) -> Iterator[Change]:
    """Events on items of which each has one, in a mixed order: their prices rise and fall by three per cent in turn."""
    numbers = list(range(0, size, 1000))
    Random(1).shuffle(numbers)
    for number, start in enumerate(numbers):
        for row in rows(_STORE, range(start, min(start + 1000, size))):
            own, is_dear = row.listing.price, row.listing.seller_sku.endswith("0")
            if own and not is_dear and row.product.attributes.get("brand") in _FOLLOWED:
                lowest = Money(own.minor * (103 if number % 2 else 97) // 100, own.currency)
                yield Change(row.listing.id, row.listing.asin or "", own, lowest)


def _store(runtime: Runtime) -> Store:
    sealed = runtime.vault.seal(
        AmazonCredentials(SELLER["clientId"], SELLER["clientSecret"], SELLER["refreshToken"])
    )
    now = datetime.now(UTC)
    return replace(a_store(_STORE), connection=Connection(SELLER["sellerId"], sealed, now, now))


async def _begin_amazon(settings: Settings, changes: Sequence[Change], store: Store) -> None:
    """What prices are sent for is on sale there, so that the workers have that to do as well."""
    amazon = Controls(str(settings.amazon_url))
    await amazon.wait_until_up()
    await amazon.load(
        {
            "scenarioId": "latency",
            "seed": 1,
            "start": datetime.now(UTC).isoformat(),
            "sellers": [SELLER],
            "items": [
                {"asin": each.asin, "title": each.asin, "referencePrice": each.own.amount}
                for each in changes
            ],
            "thirdPartyListings": [
                {
                    "sellerId": SELLER["sellerId"],
                    "sellerSku": each.listing_id.partition("/")[2],
                    "asin": each.asin,
                    "price": each.own.amount,
                    "quantity": 10,
                }
                for each in changes
            ],
        }
    )
    await amazon.close()
    assert store.marketplace.country == "US"


async def _run(
    runtime: Runtime,
    scope: Scope,
    settings: Settings,
    store: Store,
    changes: Sequence[Change],
    options: argparse.Namespace,
) -> Times:
    """Send the events, and pass over the store meanwhile."""
    times = Times()
    watching = asyncio.create_task(_watch(runtime, times))
    await asyncio.sleep(1)
    passing = asyncio.create_task(_keep_passing(runtime, scope, times, options.passes))
    at_once = max(1, round(options.rate * _STEP))
    url = f"{settings.amazon_url}/sqs/000000000000/{_QUEUE}"
    async with httpx.AsyncClient(base_url=str(settings.amazon_url)) as http:
        began = time.time()
        for start in range(0, len(changes), at_once):
            at = began + start / options.rate
            await asyncio.sleep(at - time.time())
            some = changes[start : start + at_once]
            # By the clock of the plan, so that a sender who falls behind shortens nothing.
            times.sent.update(dict.fromkeys((each.listing_id for each in some), at))
            await send(http, url, some, SELLER["sellerId"], store.marketplace)
    until = time.time() + _PATIENCE
    while len(times.written) < len(changes) and time.time() < until:
        await asyncio.sleep(0.1)
    passing.cancel()
    watching.cancel()
    await asyncio.gather(passing, watching, return_exceptions=True)
    return times


async def _watch(runtime: Runtime, times: Times) -> None:
    """Note when the first decision on each listing is there to be read."""
    stages: list[dict[str, object]] = [
        {"$match": {"operationType": "insert"}},
        {"$project": {"fullDocument.listing_id": 1}},
    ]
    async with runtime.database.handle.decisions.watch(stages) as stream:
        async for change in stream:
            listing_id = change["fullDocument"]["listing_id"]
            if listing_id in times.sent:
                times.written.setdefault(listing_id, time.time())


async def _keep_passing(runtime: Runtime, scope: Scope, times: Times, kind: str) -> None:
    while kind != "no":
        if kind == "tenth":
            await make_a_tenth_dearer(scope)
        await markings.ask(scope, _STORE, at=runtime.clock.now(), reason="BY_HAND")
        await _pass_over(runtime, scope)
        times.passes += 1


async def _pass_over(runtime: Runtime, scope: Scope) -> None:
    """Have the workers pass over the store, and wait for it."""
    await runtime.queue.wake(Job.REPRICE, scope.merchant_id, _STORE)
    while await stored.asked(scope, _STORE):
        await asyncio.sleep(0.1)


async def _look_back(scope: Scope, times: Times, changes: Sequence[Change]) -> None:
    """When the events were stored and decided, as their rows tell."""
    listings = {each.asin: each.listing_id for each in changes}
    for row in await scope.find("offer_history", {}, fields=["asin", "recorded_at"]):
        times.stored[listings[row["asin"]]] = row["recorded_at"].timestamp()
    for row in await scope.find("decisions", {}, fields=["listing_id"], sort=[("_id", -1)]):
        if row["listing_id"] in times.sent:
            times.decided[row["listing_id"]] = _made_at(row["_id"])


def _made_at(id_: str) -> float:
    """When an id was made: its first ten letters are milliseconds, in Crockford's base 32."""
    digits = str.maketrans("0123456789abcdefghjkmnpqrstvwxyz", "0123456789abcdefghijklmnopqrstuv")
    return int(id_[:10].translate(digits), 32) / 1000


def _print(times: Times, shares: Mapping[str, float], options: argparse.Namespace) -> None:
    undecided = len(times.sent) - len(times.written)
    assert not undecided, f"{undecided} of {len(times.sent)} events were not decided"
    assert times.stored.keys() == times.decided.keys() == times.sent.keys()
    parts = {
        "from the queue to being stored": (times.sent, times.stored),
        "from there to being decided": (times.stored, times.decided),
        "from there to being written": (times.decided, times.written),
        "an event's whole way": (times.sent, times.written),
    }
    print(f"{'milliseconds':32}{'median':>9}{'p99':>9}{'most':>9}")
    for name, (since, until) in parts.items():
        spans = sorted(1000 * (until[each] - since[each]) for each in since)
        p99 = spans[min(int(len(spans) * 0.99), len(spans) - 1)]
        print(f"{name:32}{statistics.median(spans):9.0f}{p99:9.0f}{spans[-1]:9.0f}")
    cores = ", ".join(f"{name} {share:.2f}" for name, share in shares.items())
    print(
        f"{len(times.sent):,} events, {options.rate} a second, over {options.listings:,} listings, "
        f"{times.passes} passes were over meanwhile; cores taken: {cores}; {load()}."
    )


if __name__ == "__main__":
    main()
