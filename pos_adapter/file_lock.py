"""One process at a time: a lock that the operating system takes back when its holder dies, on POSIX and on Windows."""

from __future__ import annotations

import contextlib
import os
import sys
from pathlib import Path
from typing import BinaryIO

FAR = 1 << 30  # the byte that is locked: far behind the text, which others must be able to read (Windows locks bytes)

if sys.platform == "win32":
    import msvcrt

    def _hold(file: BinaryIO) -> None:
        file.seek(FAR)
        msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)

else:
    import fcntl

    def _hold(file: BinaryIO) -> None:
        fcntl.flock(file.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)


class Held(Exception):
    """Somebody else has the lock; ``holder`` is what it wrote of itself."""

    def __init__(self, holder: str) -> None:
        super().__init__(holder)
        self.holder = holder


class FileLock:
    """A held lock. Raises Held if another process, or another lock of this one, holds it."""

    def __init__(self, path: Path) -> None:
        # Never removed: whoever deletes a lock file may delete the one that the next process has just locked.
        self._file: BinaryIO = open(os.open(path, os.O_RDWR | os.O_CREAT, 0o600), "r+b", buffering=0)
        try:
            _hold(self._file)
        except OSError:
            self._file.seek(0)
            holder = self._file.read(64).decode("ascii", "replace").strip()
            self._file.close()
            raise Held(holder or "unknown") from None
        with contextlib.suppress(OSError):  # a full disk: the lock holds all the same
            self._file.truncate(0)
            self._file.seek(0)
            self._file.write(f"pid {os.getpid()}\n".encode())

    def release(self) -> None:
        """Give the lock back; a second time does nothing."""
        self._file.close()
