"""Does everybody hear everything? `python -m bench.live`, or `make soak`: a thousand subscribers, ten thousand decisions.

Serves the API, has subscribers over WebSocket spread over the stores, and writes decisions. Each subscriber must be
told its store's decisions, each once and those of a listing in their order. Ends with an error where one was not, or
where memory grew by more than the queues may hold.
"""

import argparse
import asyncio
import multiprocessing
import os
import resource
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import orjson
import uvicorn
from websockets.asyncio.client import connect
from websockets.typing import Subprotocol

from domain.decision import Decision, DecisionOutcome, DecisionReason
from domain.ids import new_id
from domain.money import Money
from domain.store import Store, StoreSettings, StoreStatus
from embedded.servers import ServerUrls, open_servers
from graphql_api.app import create_app
from graphql_api.ids import Kind, to_id
from services.settings import Settings
from storage.decisions import DECISIONS
from storage.mongo import Scope, open_database
from storage.stores import STORES

_QUERY = """subscription ($id: ID!) {
  decisionMade(storeId: $id) { cursor decision { trigger outcome after { amount } } gap { toAt } }
}"""
_CONNECTIONS = 20
_LISTINGS = 20
"""Listings of a store."""
_CHUNK = 100
"""Decisions that are written in one transaction, as a chunk of repricing is."""
_ALLOWED_MB = 100
_PAGE = os.sysconf("SC_PAGE_SIZE")
_NOW = datetime(2026, 1, 5, 8, tzinfo=UTC)


@dataclass(slots=True)
class Heard:
    """What the subscribers were told."""

    by_subscriber: dict[str, list[tuple[int, int]]] = field(
        default_factory=lambda: defaultdict(list)
    )
    """Pairs of listing and its decision's number, in the order in which they came."""
    gaps: int = 0
    total: int = 0
    latest: float = 0.0


def main() -> None:
    """Run the soak and print its numbers."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--subscribers", type=int, default=1000)
    parser.add_argument("--stores", type=int, default=50)
    parser.add_argument("--decisions", type=int, default=10_000)
    parser.add_argument("--rate", type=int, default=200, help="Decisions written a second.")
    options = parser.parse_args()
    if options.decisions % (options.stores * _CHUNK) or options.subscribers % options.stores:
        parser.error(f"each store needs as many subscribers, and decisions by {_CHUNK}")
    with (
        tempfile.TemporaryDirectory() as folder,
        open_servers(Path(folder), {**os.environ}) as urls,
    ):
        sys.exit(0 if _soak(urls, options) else 1)


def _soak(urls: ServerUrls, options: argparse.Namespace) -> bool:
    spawning = multiprocessing.get_context("spawn")
    ours, theirs = spawning.Pipe()
    api = spawning.Process(target=_serve, args=(urls, theirs), daemon=True)
    api.start()
    port = ours.recv()
    try:
        return asyncio.run(_hear(urls, port, api.pid or 0, options))
    finally:
        api.terminate()
        api.join()


def _serve(urls: ServerUrls, told: Connection) -> None:
    """The API, in a process of its own so that its memory can be measured."""

    async def serve() -> None:
        app = create_app(Settings(), urls.mongodb_url, urls.redis_url)
        server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="warning"))
        task = asyncio.create_task(server.serve())
        while not server.started:
            await asyncio.sleep(0.01)
        told.send(server.servers[0].sockets[0].getsockname()[1])
        await task

    asyncio.run(serve())


async def _hear(urls: ServerUrls, port: int, pid: int, options: argparse.Namespace) -> bool:
    settings = Settings()
    async with open_database(urls.mongodb_url, settings.database) as database:
        scope = database.scope(settings.merchant)
        await STORES.insert(scope, [_store(scope, n) for n in range(options.stores)])
        heard = Heard()
        per_connection = -(-options.subscribers // _CONNECTIONS)
        numbers = range(options.subscribers)
        sockets = [
            asyncio.create_task(_subscribe(port, heard, part, options.stores))
            for part in (
                numbers[at : at + per_connection] for at in range(0, len(numbers), per_connection)
            )
        ]
        await asyncio.sleep(5)  # the protocol does not tell when a subscription listens
        before, began = _resident_mb(pid), time.monotonic()
        expected = options.decisions * options.subscribers // options.stores
        peak = asyncio.create_task(_peak_mb(pid))
        await _decide(scope, options)
        written = time.monotonic() - began
        while heard.total < expected and time.monotonic() - max(heard.latest, began) < 10:
            await asyncio.sleep(0.1)
        peak.cancel()
        most = await peak
        for socket in sockets:
            socket.cancel()
        await asyncio.gather(*sockets, return_exceptions=True)
        return _report(heard, options, expected, written, heard.latest - began, before, most)


async def _subscribe(port: int, heard: Heard, numbers: range, stores: int) -> None:
    """One connection with its subscribers."""
    url = f"ws://127.0.0.1:{port}/graphql"
    protocol = Subprotocol("graphql-transport-ws")
    async with connect(url, subprotocols=[protocol], compression=None, proxy=None) as socket:
        await socket.send('{"type":"connection_init"}')
        await socket.recv()
        for number in numbers:
            payload = {"query": _QUERY, "variables": {"id": _gid(number % stores)}}
            message = {"id": str(number), "type": "subscribe", "payload": payload}
            await socket.send(orjson.dumps(message).decode())
        async for text in socket:
            _note(heard, orjson.loads(text))


def _note(heard: Heard, message: Mapping[str, Any]) -> None:
    if message["type"] != "next":
        raise AssertionError(message)
    event = message["payload"]["data"]["decisionMade"]
    if event["decision"] is None:
        heard.gaps += 1
        return
    listing, number = event["decision"]["trigger"].split("/")
    heard.by_subscriber[message["id"]].append((int(listing), int(number)))
    heard.total += 1
    heard.latest = time.monotonic()


async def _decide(scope: Scope, options: argparse.Namespace) -> None:
    """Write the decisions, a chunk of one store after another, at a steady rate."""
    began = time.monotonic()
    counts = [0] * options.stores
    for done in range(0, options.decisions, _CHUNK):
        store = done // _CHUNK % options.stores
        rows = [_decision(scope, store, counts[store] + n) for n in range(_CHUNK)]
        counts[store] += _CHUNK

        async def write(inside: Scope, rows: list[Decision] = rows) -> None:
            await DECISIONS.insert(inside, rows)

        await scope.transaction(write)
        await asyncio.sleep(max(0.0, began + (done + _CHUNK) / options.rate - time.monotonic()))


def _report(
    heard: Heard,
    options: argparse.Namespace,
    expected: int,
    written: float,
    took: float,
    before: float,
    most: float,
) -> bool:
    each = options.decisions // options.stores
    lost = expected - heard.total
    disordered = sum(not _is_whole(told, each) for told in heard.by_subscriber.values())
    print(
        f"{options.subscribers:,} subscribers, {options.stores} stores, {options.decisions:,} decisions\n"
        f"told: {heard.total:,} of {expected:,} in {took:.1f} s, {heard.total / took:,.0f} a second "
        f"(written in {written:.1f} s)\n"
        f"lost: {lost}, gaps: {heard.gaps}, subscribers with a hole, a repetition or disorder: {disordered}\n"
        f"API: {before:.0f} MB before, {most:.0f} MB at most ({most - before:+.0f} MB); "
        f"client {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB"
    )
    is_bounded = most - before <= _ALLOWED_MB
    return not lost and not heard.gaps and not disordered and is_bounded


def _is_whole(told: list[tuple[int, int]], each: int) -> bool:
    """Whether these are a store's decisions, each once and those of a listing in order."""
    by_listing = defaultdict(list)
    for listing, number in told:
        by_listing[listing].append(number)
    is_ordered = all(numbers == sorted(numbers) for numbers in by_listing.values())
    return is_ordered and sorted(number for _, number in told) == list(range(each))


def _store(scope: Scope, number: int) -> Store:
    return Store(
        id=f"store{number}",
        merchant_id=scope.merchant_id,
        name=f"Store {number}",
        email="me@shop.com",
        country="US",
        catalog_currency="USD",
        status=StoreStatus.ACTIVE,
        settings=StoreSettings(),
        connection=None,
        orders_read_until=None,
        version=1,
        created_at=_NOW,
        updated_at=_NOW,
    )


def _decision(scope: Scope, store: int, number: int) -> Decision:
    listing = number % _LISTINGS
    return Decision(
        id=new_id(),
        merchant_id=scope.merchant_id,
        store_id=f"store{store}",
        listing_id=f"store{store}/SKU-{listing}",
        ruleset_id=None,
        trigger=f"{listing}/{number}",
        outcome=DecisionOutcome.CHANGE,
        reason=DecisionReason.RULES,
        price_before=Money.parse("20.00", "USD"),
        price_after=Money.parse("18.99", "USD"),
        quantity_after=10,
        floor=None,
        ceiling=None,
        trace=(),
        rules=(),
        facts=(),
        inputs_hash="0" * 64,
        decided_at=_NOW,
    )


def _gid(store: int) -> str:
    return to_id(Kind.STORE, f"store{store}")


async def _peak_mb(pid: int) -> float:
    """The most memory that was seen until it is cancelled."""
    most = 0.0
    while True:
        most = max(most, _resident_mb(pid))
        try:
            await asyncio.sleep(0.5)
        except asyncio.CancelledError:
            return most


def _resident_mb(pid: int) -> float:
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * _PAGE / 1e6


if __name__ == "__main__":
    main()
