"""Runs uvicorn in the front process: told to end, it answers what it has accepted.

uvicorn does the waiting for open connections; what is added here is that it obeys a call instead of signals, and that
the service knows at once that it is to end (it refuses new messages and says so at /ready).
"""

from __future__ import annotations

import asyncio
import errno
import socket
import time
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from typing import Any

import uvicorn

from settlement.national import refusals

KEEP_ALIVE_S = 75  # an idle till keeps its line
GRACE_S = 30  # for what was accepted; a commit takes milliseconds, a slow client gets this long
BACKLOG = 2048
LET_GO_S = 2.0  # the front of a service that was killed notices it and lets go of the port; a restart must not meet it


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

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave signals alone: they are for the process that started this one."""
        yield

    def end(self, at_once: bool) -> None:
        """Begin to end, or end without waiting for what is open."""
        self._on_exit()
        self.should_exit = True
        self.force_exit = self.force_exit or at_once


def listen(host: str, port: int) -> socket.socket:
    """Return a listening socket; port 0 takes a free one. Raises NotAvailable N42 where the address cannot be had."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    tried_until = time.monotonic() + LET_GO_S
    while True:
        try:
            return socket.create_server((host, port), family=family, backlog=BACKLOG)
        except OSError as error:
            if error.errno != errno.EADDRINUSE or time.monotonic() > tried_until:
                raise refusals.address_taken(host, port, error.strerror or str(error)) from None
        time.sleep(0.05)


def run(main: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """Run a coroutine to its end, on uvloop where there is one."""
    factory = uvicorn.Config(None, log_config=None).get_loop_factory()  # type: ignore[arg-type]
    with asyncio.Runner(loop_factory=factory) as runner:
        runner.run(main())
