"""Sixteen clients that ask one server the same thing again and again, on connections that stay open."""

import asyncio
import time
from dataclasses import dataclass

CONNECTIONS = 16


@dataclass(frozen=True, slots=True)
class Loaded:
    """What became of a while of asking."""

    seconds: float
    latencies: list[float]
    """Seconds from sending to having read the whole answer, in order."""

    def percentile(self, share: float) -> float:
        """The latency, in seconds, that this share of the requests did not exceed."""
        return self.latencies[min(int(len(self.latencies) * share), len(self.latencies) - 1)]


async def ask(port: int, body: bytes) -> bytes:
    """The answer to one question, alone on its connection."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        return await _ask(reader, writer, _request(body))
    finally:
        writer.close()


async def load(port: int, body: bytes, *, seconds: float = 0, requests: int = 0) -> Loaded:
    """Ask for so long, or so often."""
    latencies: list[float] = []
    started = time.perf_counter()
    question = _request(body)

    async def client() -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=1 << 20)
        sent = time.perf_counter()
        while sent - started < seconds if seconds else len(latencies) < requests:
            await _ask(reader, writer, question)
            now = time.perf_counter()
            latencies.append(now - sent)
            sent = now
        writer.close()

    async with asyncio.TaskGroup() as group:
        for _ in range(CONNECTIONS):
            group.create_task(client())
    return Loaded(time.perf_counter() - started, sorted(latencies))


def _request(body: bytes) -> bytes:
    return (
        b"POST /graphql HTTP/1.1\r\nHost: localhost\r\nAccept: application/json\r\n"
        b"Content-Type: application/json\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body)
    )


async def _ask(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, asked: bytes) -> bytes:
    writer.write(asked)
    head = (await reader.readuntil(b"\r\n\r\n")).lower()
    status, _, rest = head.partition(b"\r\n")
    length = int(rest.partition(b"content-length:")[2].split(b"\r\n", 1)[0])
    answer = await reader.readexactly(length)
    if b" 200 " not in status:
        raise RuntimeError(f"{status.decode()}: {answer[:500].decode()}")
    return answer
