"""The load of the checkout benchmark, in a process of its own: so many tills, each sending its next message when it has
the answer to the last.

    python -m benchmarks.checkout_load URL MESSAGES CLIENTS SECONDS

``MESSAGES`` is a file with one JSON envelope a line, each of which is sent once. Prints one JSON object: the latencies
in nanoseconds in the order of the answers, the wall time, and every answer that was no success.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import cast
from urllib.parse import urlsplit

import uvloop


class Till(asyncio.Protocol):
    """One connection: sends, waits, notes how long it took, sends the next."""

    def __init__(self, messages: Iterator[bytes], end_ns: int) -> None:
        self.messages, self.end_ns = messages, end_ns
        self.latencies: list[int] = []
        self.failed: list[str] = []
        self.done = asyncio.get_running_loop().create_future()
        self._transport: asyncio.Transport | None = None
        self._got, self._due, self._sent_at = bytearray(), -1, 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Send the first message."""
        self._transport = cast(asyncio.Transport, transport)  # uvloop's own is not of asyncio's class
        self._next()

    def data_received(self, data: bytes) -> None:
        """Take a part of the answer; with the whole of it, go on."""
        self._got += data
        if self._due < 0:
            end = self._got.find(b"\r\n\r\n")
            if end < 0:
                return
            head = bytes(self._got[:end]).lower()
            self._due = end + 4 + int(head.split(b"content-length:")[1].split(b"\r\n")[0])
        if len(self._got) < self._due:
            return
        self.latencies.append(time.perf_counter_ns() - self._sent_at)
        if b'"infcode":0' not in self._got and b'"infcode": 0' not in self._got:
            self.failed.append(bytes(self._got).decode(errors="replace")[-600:])
        self._next()

    def connection_lost(self, exc: Exception | None) -> None:
        """End; a connection that breaks off is a failure."""
        if not self.done.done():
            self.failed.append(f"the connection broke off: {exc!r}")
            self.done.set_result(None)

    def _next(self) -> None:
        assert self._transport is not None
        message = next(self.messages, None) if time.perf_counter_ns() < self.end_ns else None
        if message is None:
            self.done.set_result(None)
            self._transport.close()
            return
        self._got.clear()
        self._due, self._sent_at = -1, time.perf_counter_ns()
        self._transport.write(message)


def requests(url: str, envelopes: list[bytes]) -> list[bytes]:
    """Return whole HTTP requests, made beforehand so that the load costs the machine little."""
    at = urlsplit(url)
    head = f"POST {at.path} HTTP/1.1\r\nHost: {at.netloc}\r\nContent-Type: application/json\r\nContent-Length: "
    return [f"{head}{len(body)}\r\n\r\n".encode() + body for body in envelopes]


async def run(url: str, messages: list[bytes], clients: int, seconds: float) -> dict[str, object]:
    """Let the tills send for so many seconds and return what was measured."""
    at, loop, source = urlsplit(url), asyncio.get_running_loop(), iter(messages)
    begin = time.perf_counter_ns()
    end_ns = begin + int(seconds * 1e9)
    assert at.hostname and at.port
    host, port = at.hostname, at.port
    tills = [(await loop.create_connection(lambda: Till(source, end_ns), host, port))[1] for _ in range(clients)]
    await asyncio.gather(*(till.done for till in tills))
    return {
        "latencies_ns": [latency for till in tills for latency in till.latencies],
        "by_client": [len(till.latencies) for till in tills],
        "wall_ns": time.perf_counter_ns() - begin,
        "failed": [text for till in tills for text in till.failed],
        "left": sum(1 for _ in source),
    }


def main() -> None:
    """Read the messages, send them, print the figures."""
    url, file, clients, seconds = sys.argv[1:5]
    messages = requests(url, Path(file).read_bytes().splitlines())
    print(json.dumps(uvloop.run(run(url, messages, int(clients), float(seconds)))))


if __name__ == "__main__":
    main()
