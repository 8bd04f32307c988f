"""A wire between a book and its server that can be cut at a chosen moment, or made to tell of another server."""

from __future__ import annotations

import socket
import threading
from contextlib import suppress
from typing import Literal

Moment = Literal["", "before the commit", "after the commit"]
_COMMIT = b"COMMIT\0"  # the statement on its way out, and the tag of the answer on its way back


class Proxy:
    """Passes bytes between a loopback port and a server's socket.

    ``cut`` names the moment at which the next commit loses its connection: before it reaches the server, or after the
    server has done it and before its answer is passed on. ``told`` replaces bytes of what the server says.
    """

    def __init__(self, target: str, told: tuple[bytes, bytes] = (b"", b"")) -> None:
        self.cut: Moment = ""
        self.cuts = 0
        self._target, self._told = target, told
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._open: list[socket.socket] = []
        threading.Thread(target=self._serve, daemon=True).start()

    def dsn(self, database: str, user: str) -> str:
        """Return the address of a database through this wire."""
        port = self._listener.getsockname()[1]
        return f"postgresql://{user}@127.0.0.1:{port}/{database}?sslmode=disable&gssencmode=disable"

    def close(self) -> None:
        """Cut everything."""
        self._hang_up(self._listener, *self._open)

    def _serve(self) -> None:
        with suppress(OSError):
            while True:
                till, _ = self._listener.accept()
                server = socket.socket(socket.AF_UNIX)
                server.connect(self._target)
                self._open += [till, server]
                threading.Thread(target=self._out, args=(till, server), daemon=True).start()
                threading.Thread(target=self._back, args=(till, server), daemon=True).start()

    def _out(self, till: socket.socket, server: socket.socket) -> None:
        seen = b""
        with suppress(OSError):
            while data := till.recv(65536):
                seen = seen[-len(_COMMIT) :] + data
                if self.cut == "before the commit" and _COMMIT in seen:
                    self._count()
                    break
                server.sendall(data)
        self._hang_up(till, server)

    def _back(self, till: socket.socket, server: socket.socket) -> None:
        seen = b""
        with suppress(OSError):
            while data := server.recv(65536):
                seen = seen[-len(_COMMIT) :] + data
                if self.cut == "after the commit" and _COMMIT in seen:
                    self._count()
                    break
                till.sendall(data.replace(*self._told) if self._told[0] else data)
        self._hang_up(till, server)

    def _count(self) -> None:
        self.cut = ""
        self.cuts += 1

    @staticmethod
    def _hang_up(*ends: socket.socket) -> None:
        for end in ends:
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()
