"""The benchmark of the GraphQL API: `python -m bench.graphql`, or `make bench B=graphql`.

Every server runs in a process of its own, on a processor that the client keeps off; all are asked in turn, round
after round, so that what else the machine does falls on all of them alike. What counts is the server's own CPU time
for a request. All answers must be equal.
"""

import argparse
import asyncio
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from bench.graphql_servers import SERVERS, serve
from bench.load import Loaded, ask, load
from bench.shop import BATCH, MERCHANT, OFFER_PROJECTION, PROJECTION, QUERY, SDL, fill
from domain.listing import Condition
from embedded.servers import ServerUrls, open_servers
from services.settings import Settings
from storage import indexes
from storage.mongo import open_database

_CEILING, _OURS, _NODE = "starlette", "sales-channel", "mercurius"
_SCRIPT = Path(__file__).parent / "node" / "graphql.js"
_TICK = os.sysconf("SC_CLK_TCK")
_PAGE = os.sysconf("SC_PAGE_SIZE")
_WITHIN = 30.0
"""Seconds in which a server must answer first."""
_ALLOWED_MB = 10
"""Growth in the second half of the soak that is still called flat."""


@dataclass(frozen=True, slots=True)
class _Server:
    name: str
    pid: int
    port: int

    def cpu(self) -> float:
        """Seconds that all of its threads have computed."""
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / _TICK

    def keep_to(self, cores: Sequence[int]) -> None:
        """Let none of its threads run elsewhere."""
        for thread in Path(f"/proc/{self.pid}/task").iterdir():
            os.sched_setaffinity(int(thread.name), cores)

    def resident_mb(self) -> float:
        """Its memory now."""
        return int(Path(f"/proc/{self.pid}/statm").read_text().split()[1]) * _PAGE / 1e6


@dataclass(frozen=True, slots=True)
class _Measured:
    loaded: Loaded
    cpu: float
    """Seconds of the server for a request."""


def main() -> None:
    """Run the benchmark or the soak."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=4)
    parser.add_argument("--first", type=int, nargs="+", default=[50, 250])
    parser.add_argument("--only", nargs="+", choices=[*SERVERS, _NODE], help="these servers alone")
    parser.add_argument("--soak", type=int, help="send ours so many requests and watch its memory")
    parser.add_argument("--serve", nargs=5, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.serve:
        name, data_dir, mongodb_url, redis_url, port = options.serve
        serve(name, Path(data_dir), mongodb_url, redis_url, int(port))
        return
    if sys.platform != "linux":
        sys.exit("The processes' own CPU time is read from /proc, which only Linux has.")
    cores = sorted(os.sched_getaffinity(0))
    names = [name for name in options.only or [*SERVERS, _NODE] if _is_there(name)]
    with ExitStack() as stack:
        directory = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        urls = stack.enter_context(open_servers(directory, {"PATH": os.environ["PATH"]}))
        asyncio.run(_fill(urls))
        if options.soak:
            server = stack.enter_context(_started(_OURS, directory, urls))
            asyncio.run(_soak(server, options.soak))
            return
        servers = [stack.enter_context(_started(name, directory, urls)) for name in names]
        for server in servers:
            server.keep_to(cores[-1:])
        os.sched_setaffinity(0, cores[:1])
        for first in options.first:
            asyncio.run(_compare(servers, first, options.rounds, options.seconds))


def _is_there(name: str) -> bool:
    modules = _SCRIPT.parent / "node_modules"
    if name != _NODE or (shutil.which("node") and (modules / "mercurius").is_dir()):
        return True
    print(f"{_NODE} is left out: node, npm or its packages are missing.")
    return False


async def _fill(urls: ServerUrls) -> None:
    async with open_database(urls.mongodb_url, Settings().database) as database:
        await indexes.ensure(database)
        await fill(database.scope(MERCHANT))


@contextmanager
def _started(name: str, directory: Path, urls: ServerUrls) -> Iterator[_Server]:
    """A server that answers."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    if name == _NODE:
        command = ["node", str(_SCRIPT), urls.mongodb_url, Settings().database, str(port)]
    else:
        command = [sys.executable, "-m", "bench.graphql", "--serve", name, str(directory)]
        command += [urls.mongodb_url, urls.redis_url, str(port)]
    process = subprocess.Popen(command, stdin=subprocess.PIPE)  # noqa: S603
    try:
        assert process.stdin
        process.stdin.write(_for_node())
        process.stdin.close()
        asyncio.run(_answering(process, port))
        yield _Server(name, process.pid, port)
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait()


def _for_node() -> bytes:
    told = {
        "sdl": SDL,
        "merchant": MERCHANT,
        "projection": PROJECTION,
        "offerProjection": OFFER_PROJECTION,
        "batchSize": BATCH,
        "conditions": {each.value: each.name for each in Condition},
    }
    return json.dumps(told).encode()


async def _answering(process: subprocess.Popen[bytes], port: int) -> None:
    started = time.monotonic()
    while True:
        try:
            await ask(port, _question(1))
        except OSError:
            if process.poll() is not None or time.monotonic() - started > _WITHIN:
                raise
            await asyncio.sleep(0.1)
        else:
            return


def _question(first: int) -> bytes:
    return json.dumps({"query": QUERY, "variables": {"first": first}}).encode()


async def _compare(servers: Sequence[_Server], first: int, rounds: int, seconds: float) -> None:
    """Ask all in turn and print the table."""
    expected: Any = None
    for server in servers:
        answer = json.loads(await ask(server.port, _question(first)))["data"]
        if expected is not None and answer != expected:
            sys.exit(f"{server.name} answers otherwise than {servers[0].name}")
        expected = answer
        await _measured(
            server, first, seconds / 2
        )  # nobody's time has the first steps of a process
    found: dict[str, list[_Measured]] = {server.name: [] for server in servers}
    for _ in range(rounds):
        for server in servers:
            found[server.name].append(await _measured(server, first, seconds))
    _print_table(servers, found, first)


async def _measured(server: _Server, first: int, seconds: float) -> _Measured:
    before = server.cpu()
    loaded = await load(server.port, _question(first), seconds=seconds)
    return _Measured(loaded, (server.cpu() - before) / len(loaded.latencies))


def _print_table(servers: Sequence[_Server], found: dict[str, list[_Measured]], first: int) -> None:
    rounds = len(found[servers[0].name])
    print(f"\nlistings(first: {first}), {rounds} rounds: medians\n")
    print("|               | requests/s | p50 ms | p99 ms | CPU ms a request | x ceiling |    MB |")
    print("| ------------- | ---------: | -----: | -----: | ---------------: | --------: | ----: |")
    for server in servers:
        runs = found[server.name]
        ceiling = [
            run.cpu / low.cpu for run, low in zip(runs, found.get(_CEILING, runs), strict=True)
        ]
        print(
            f"| {server.name:13} "
            f"| {median(len(run.loaded.latencies) / run.loaded.seconds for run in runs):10.0f} "
            f"| {median(run.loaded.percentile(0.5) for run in runs) * 1000:6.0f} "
            f"| {median(run.loaded.percentile(0.99) for run in runs) * 1000:6.0f} "
            f"| {median(run.cpu for run in runs) * 1000:16.2f} "
            f"| {median(ceiling):9.2f} | {server.resident_mb():5.0f} |",
            flush=True,
        )


async def _soak(server: _Server, requests: int) -> None:
    """Send many requests, of a thousand documents; the server's memory must not grow in the second half."""
    seen: list[float] = []
    for number in range(1, 1001):
        asked = {"query": f"# {number}\n{QUERY}", "variables": {"first": 5}}
        await load(server.port, json.dumps(asked).encode(), requests=requests // 1000)
        if number % 100 == 0:
            seen.append(server.resident_mb())
            print(f"{requests * number // 1000:9,} requests: {seen[-1]:.0f} MB", flush=True)
    growth = seen[-1] - max(seen[:5])
    print(f"{growth:+.1f} MB in the second half")
    if growth > _ALLOWED_MB:
        sys.exit(1)


if __name__ == "__main__":
    main()
