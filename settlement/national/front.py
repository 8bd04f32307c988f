"""The front process of a service: HTTP, signatures, ciphers, checks and limits; what is left goes to the book's process.

It is started by ``settlement serve``, never by hand. It obeys the line only: signals are for the process that started it.
If the line breaks off, the book is gone: nothing can be answered, and this ends as suddenly.
"""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import sys
from contextlib import ExitStack
from typing import Any, NamedTuple

from settlement.national import processes, remote, telemetry
from settlement.national.app import make_app
from settlement.national.gate import Gate
from settlement.national.http import Cuttable
from settlement.national.link import Link
from settlement.national.remote import Remote
from settlement.national.request_log import RequestLog
from settlement.national.sandbox_faults import read_faults
from settlement.national.server import Server, run
from settlement.national.service import Service
from settlement.national.settings import Settings
from settlement.national.startup import about, make_parts, open_gate, open_log, settle_heap, vault_of

BOOK_GONE = 3  # exit code


def main() -> int:
    """Run the front process to its end."""
    for name in ("SIGINT", "SIGTERM", "SIGBREAK"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), signal.SIG_IGN)
    settings, listening, line = processes.taken_over()
    with ExitStack() as closing:
        gate = open_gate(settings, vault_of(settings))
        log = telemetry.make_log(open_log(settings, closing))
        requests = RequestLog(settings.folder / "requests.jsonl") if settings.keeps_requests else None
        if requests is not None:
            closing.callback(requests.close)
        settle_heap()
        run(lambda: _serve(Front(settings, gate, log, requests), listening, line))
    return 0


class Front(NamedTuple):
    """What the front process is made of before its event loop runs."""

    settings: Settings
    gate: Gate
    log: Any
    requests: RequestLog | None


async def _serve(front: Front, listening: socket.socket, line: socket.socket) -> None:
    """Serve until the line says that it is over."""
    settings, loop = front.settings, asyncio.get_running_loop()
    working = Remote(loop)
    plan = read_faults(settings.faults, settings.seed) if settings.faults else None
    service = Service(make_parts(settings, front.gate, working, front.log)._replace(requests=front.requests, plan=plan))
    app = make_app(service, about(settings))
    server = Server(app if plan is None else Cuttable(app), lambda: working.say(remote.UP), service.drain)
    working.told = lambda what: server.end(at_once=what == remote.END)
    link = Link(working.take, _book_gone)
    working.connect(link)
    await loop.connect_accepted_socket(lambda: link, line)  # when all is ready for an order to end
    await server.serve([listening])
    working.close()


def _book_gone() -> None:
    os._exit(BOOK_GONE)  # open requests break off, as they do when a power cut takes both processes


if __name__ == "__main__":
    sys.exit(main())
