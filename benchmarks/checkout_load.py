"""The load of the checkout benchmark, in a process of its own: so many tills, each sending its next message when it has
the answer to the last.

    python -m benchmarks.checkout_load URL MESSAGES CLIENTS SECONDS [WARM_SECONDS]

``MESSAGES`` is a file with one JSON envelope a line, each of which is sent once. The same tills send for WARM_SECONDS
first, of which only failures are told; when every one of them has its answer, the measured time begins. Prints one JSON
object: the latencies in nanoseconds, the wall time until the last answer, how much CPU this process took in it, and
every answer that was no success.
"""

from __future__ import annotations

import asyncio
import json
import resource
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import cast
from urllib.parse import urlsplit

import uvloop

LENGTH = b"\r\ncontent-length:"
SUCCESS = (b'"infcode":0', b'"infcode": 0')


class Till(asyncio.Protocol):
    """One connection: sends, waits, notes how long it took, sends the next."""

    def __init__(self, messages: Iterator[bytes]) -> None:
        self.messages = messages
        self.latencies: list[int] = []
        self.failed: list[str] = []
        self._lost: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._done: asyncio.Future[None] | None = None
        self._transport: asyncio.Transport | None = None
        self._got, self._end_ns, self._sent_at = b"", 0, 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the connection."""
        self._transport = cast(asyncio.Transport, transport)  # uvloop's own is not of asyncio's class

    def send_until(self, end_ns: int) -> asyncio.Future[None]:
        """Begin to send; what is returned is done when the time is over or no message is left, and all is answered."""
        self._end_ns, self._done = end_ns, asyncio.get_running_loop().create_future()
        self._next()
        return self._done

    def data_received(self, data: bytes) -> None:
        """Take a part of the answer; with the whole of it, go on."""
        if self._got:
            data = self._got + data
        if len(data) < due(data):
            self._got = data
            return
        self._got = b""
        self.latencies.append(time.perf_counter_ns() - self._sent_at)
        if SUCCESS[0] not in data and SUCCESS[1] not in data:
            self.failed.append(data.decode(errors="replace")[-600:])
        self._next()

    def connection_lost(self, exc: Exception | None) -> None:
        """End: a connection that the service breaks off is a failure. (Our own hanging up comes after the figures.)"""
        self.failed.append(f"the connection broke off: {exc!r}")
        self._transport = None
        self._lost.set_result(None)
        if self._done is not None and not self._done.done():
            self._done.set_result(None)

    async def close(self) -> None:
        """Hang up."""
        if self._transport is not None:
            self._transport.close()
            await self._lost

    def _next(self) -> None:
        assert self._done is not None
        now = time.perf_counter_ns()
        message = next(self.messages, None) if now < self._end_ns and self._transport is not None else None
        if message is None or self._transport is None:
            self._done.set_result(None)
            return
        self._sent_at = now
        self._transport.write(message)


def due(data: bytes) -> int:
    """Return how long an HTTP answer will be that begins like this: more than there is while its head is not whole."""
    end = data.find(b"\r\n\r\n")
    if end < 0:
        return len(data) + 1
    at = data.find(LENGTH, 0, end)  # as uvicorn writes it
    if at < 0:
        at = data[:end].lower().index(LENGTH)
    at += len(LENGTH)
    return end + 4 + int(data[at : data.index(b"\r\n", at)])


def requests(url: str, envelopes: list[bytes]) -> list[bytes]:
    """Return whole HTTP requests, made beforehand so that the load costs the machine little."""
    at = urlsplit(url)
    head = f"POST {at.path} HTTP/1.1\r\nHost: {at.netloc}\r\nContent-Type: application/json\r\nContent-Length: "
    return [f"{head}{len(body)}\r\n\r\n".encode() + body for body in envelopes]


async def sent(tills: list[Till], seconds: float) -> int:
    """Let the tills send for so many seconds and return the nanoseconds until the last of them had its answer."""
    begin = time.perf_counter_ns()
    await asyncio.gather(*[till.send_until(begin + int(seconds * 1e9)) for till in tills])
    return time.perf_counter_ns() - begin


async def run(url: str, messages: list[bytes], clients: int, seconds: float, warm_s: float) -> dict[str, object]:
    """Warm, measure, and return what was measured."""
    at, loop, source = urlsplit(url), asyncio.get_running_loop(), iter(messages)
    assert at.hostname and at.port
    host, port = at.hostname, at.port
    tills = [(await loop.create_connection(lambda: Till(source), host, port))[1] for _ in range(clients)]
    if warm_s:
        await sent(tills, warm_s)
    for till in tills:
        till.latencies.clear()
    before = cpu_ns()
    wall_ns = await sent(tills, seconds)
    made = {
        "latencies_ns": [latency for till in tills for latency in till.latencies],
        "by_client": [len(till.latencies) for till in tills],
        "wall_ns": wall_ns,
        "cpu_ns": cpu_ns() - before,
        "failed": [text for till in tills for text in till.failed],
        "left": sum(1 for _ in source),
    }
    for till in tills:
        await till.close()
    return made


def cpu_ns() -> int:
    """Return the CPU that this process has taken, its own and the system's for it."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return int((used.ru_utime + used.ru_stime) * 1e9)


def main() -> None:
    """Read the messages, send them, print the figures."""
    url, file, clients, seconds = sys.argv[1:5]
    warm_s = float(sys.argv[5]) if len(sys.argv) > 5 else 0.0
    messages = requests(url, Path(file).read_bytes().splitlines())
    print(json.dumps(uvloop.run(run(url, messages, int(clients), float(seconds), warm_s))))


if __name__ == "__main__":
    main()
