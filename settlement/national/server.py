"""Runs the service: one process, one event loop, one book. On SIGTERM it answers what it has accepted, then ends with 0.

uvicorn does the waiting for open connections; what is added here is that the service knows at once that it is to end
(it refuses new messages and says so at /ready), and that the end of an orderly run is no failure on any system.
"""

from __future__ import annotations

import asyncio
import signal
import socket
import threading
from collections.abc import Callable, Coroutine
from contextlib import suppress
from types import FrameType
from typing import Any

import uvicorn

from settlement.national import refusals

KEEP_ALIVE_S = 75  # an idle till keeps its line
GRACE_S = 30  # for what was accepted; a commit takes milliseconds, a slow client gets this long
BACKLOG = 2048


class Server(uvicorn.Server):
    """uvicorn's server, which tells when it has begun to listen and the moment it is asked to end."""

    def __init__(self, app: Any, on_start: Callable[[], None], on_exit: Callable[[], None]) -> None:
        config = uvicorn.Config(
            app, access_log=False, log_config=None, lifespan="off", server_header=False, ws="none",
            backlog=BACKLOG, timeout_keep_alive=KEEP_ALIVE_S, timeout_graceful_shutdown=GRACE_S,
        )  # fmt: skip
        super().__init__(config)
        self._on_start, self._on_exit = on_start, on_exit

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to listen, then say so."""
        await super().startup(sockets)
        self._on_start()

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Begin to end; a second Ctrl-C ends without waiting."""
        self._on_exit()
        super().handle_exit(sig, frame)


def listen(host: str, port: int) -> socket.socket:
    """Return a listening socket; port 0 takes a free one. Raises NotAvailable N42 where the address cannot be had."""
    try:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        return socket.create_server((host, port), family=family, backlog=BACKLOG)
    except OSError as error:
        raise refusals.address_taken(host, port, error.strerror or str(error)) from None


def run(main: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """Run a server's coroutine to its end, on uvloop where there is one."""
    if threading.current_thread() is threading.main_thread():
        # uvicorn sends itself the signal once more when it is done; by then it has been obeyed.
        for name in ("SIGTERM", "SIGBREAK"):
            if hasattr(signal, name):
                signal.signal(getattr(signal, name), lambda _sig, _frame: None)
    factory = uvicorn.Config(None, log_config=None).get_loop_factory()  # type: ignore[arg-type]
    with suppress(KeyboardInterrupt), asyncio.Runner(loop_factory=factory) as runner:
        runner.run(main())
