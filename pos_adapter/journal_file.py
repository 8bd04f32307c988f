"""The files of a journal: append-only, one a day, each record framed, checked and chained to the one before it.

A record is one line: eight digits of length, 32 hex digits of check, a JSON text. The check is SM3 (its first 16 bytes)
over the check before it and the text, so a record that was changed, moved or taken out does not check, and neither does
what follows it; a file goes on from the last check of the file before. Every append is synced before it returns. So a
power cut can spoil the end of the last file only, and only what had not returned: that end is put aside and told of.
Bytes that do not check with sound records after them are damage, and the file is refused.
"""

from __future__ import annotations

import contextlib
import os
import re
import sys
from pathlib import Path
from typing import NamedTuple

from pos_adapter import journal_refusals as refusals
from settlement.durable import sync_folder
from settlement.vault import sm3

ORIGIN = sm3(b"journal of a till, form 1")[:16]  # the check before the first record
SUFFIX = ".journal"
_LINE = re.compile(rb"([0-9]{8}) ([0-9a-f]{32}) ")
_LATER = re.compile(rb"\n[0-9]{8} [0-9a-f]{32} \{")  # another record begins
_AFTER = re.compile(rb'"after":"([0-9a-f]{32})"')
_NAME = re.compile(r"([0-9]{6})-[0-9]{4}-[0-9]{2}-[0-9]{2}" + re.escape(SUFFIX))


class Scan(NamedTuple):
    """What a file holds: its records, the last check, where the sound part ends and what lies behind it."""

    records: list[bytes]
    check: bytes
    end: int
    torn: bytes


def files_of(folder: Path) -> list[Path]:
    """Return the files of a journal in their order."""
    return sorted(path for path in folder.iterdir() if _NAME.fullmatch(path.name))


def number_of(path: Path) -> int:
    """Return the running number of a file."""
    return int(path.name[:6])


def framed(before: bytes, content: bytes) -> tuple[bytes, bytes]:
    """Return a record as a line, and its check."""
    check = sm3(before + content)[:16]
    return b"%08d %s %s\n" % (len(content), check.hex().encode(), content), check


def scan(path: Path) -> Scan:
    """Return what a file holds. Raises NotAvailable J02 for damage that is no torn end."""
    data = path.read_bytes()
    seed = _AFTER.search(data[: data.find(b"\n") + 1])  # named by the head, and checked with it
    before, at, records = (bytes.fromhex(seed[1].decode()) if seed else ORIGIN), 0, list[bytes]()
    while frame := _LINE.match(data, at):
        content = data[frame.end() : frame.end() + int(frame[1])]
        line, check = framed(before, content)
        if data[at : at + len(line)] != line:
            break
        records.append(content)
        at, before = at + len(line), check
    torn = data[at:]
    if not records or _LATER.search(torn):
        raise refusals.damaged(path.name, f"byte {at}")
    return Scan(records, before, at, torn)


def first_record(path: Path) -> bytes:
    """Return the head of a file without reading the rest. Raises NotAvailable J02."""
    with open(path, "rb") as file:
        line = file.readline()
    frame, seed = _LINE.match(line), _AFTER.search(line)
    content = line[frame.end() : -1] if frame else b""
    if framed(bytes.fromhex(seed[1].decode()) if seed else ORIGIN, content)[0] != line:
        raise refusals.damaged(path.name, "its head")
    return content


def sync(handle: int) -> None:
    """Wait until a file is on the disk itself."""
    if sys.platform == "darwin":  # fsync there leaves it in the drive's memory
        import fcntl  # noqa: PLC0415

        fcntl.fcntl(handle, fcntl.F_FULLFSYNC)
    else:
        os.fsync(handle)


def put_aside(path: Path, found: Scan) -> Path:
    """Cut a torn end off a file, after writing it into a file beside it; return that."""
    aside = path.with_name(f"{path.name}.torn-{found.end}")
    for target, content, size in ((aside, found.torn, len(found.torn)), (path, b"", found.end)):
        handle = os.open(target, os.O_WRONLY | os.O_CREAT | getattr(os, "O_BINARY", 0), 0o600)
        try:
            _write(handle, content)
            os.ftruncate(handle, size)
            sync(handle)
        finally:
            os.close(handle)
    sync_folder(path.parent)
    return aside


def _write(handle: int, content: bytes) -> None:
    """Write all of it; the system may take a part at a time."""
    left = memoryview(content)
    while left:
        left = left[os.write(handle, left) :]


class Writer:
    """Appends records to one file, each durable when ``append`` returns."""

    def __init__(self, path: Path, check: bytes, end: int) -> None:
        self.path, self.check = path, check
        self._end, self._stopped = end, ""
        self._handle = os.open(path, os.O_WRONLY | os.O_APPEND | getattr(os, "O_BINARY", 0))

    @classmethod
    def begin(cls, path: Path, after: bytes, head: bytes) -> Writer:
        """Make a file that holds its head: whole and durable under its name, or not there. Raises NotAvailable J03."""
        line, check = framed(after, head)
        beside = path.with_name(f".{path.name}.new")  # one that a crash left is written over
        try:
            handle = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | getattr(os, "O_BINARY", 0), 0o600)
            try:
                _write(handle, line)
                sync(handle)
            finally:
                os.close(handle)
            os.replace(beside, path)
            sync_folder(path.parent)
        except OSError as error:
            raise refusals.not_written(error.strerror or str(error)) from None
        return cls(path, check, len(line))

    def append(self, content: bytes) -> None:
        """Append a record. Raises NotAvailable J03 (it is not there) or J04 (that is not known; nothing more is taken)."""
        if self._stopped:
            raise refusals.stopped(self._stopped)
        line, check = framed(self.check, content)
        try:
            _write(self._handle, line)
        except OSError as error:
            self._cut_back()
            raise refusals.not_written(error.strerror or str(error)) from None
        try:
            sync(self._handle)
        except OSError as error:
            self._stopped = error.strerror or str(error)
            raise refusals.stopped(self._stopped) from None
        self.check, self._end = check, self._end + len(line)

    def _cut_back(self) -> None:
        """Take back the part of a record that still found room."""
        try:
            os.ftruncate(self._handle, self._end)
            sync(self._handle)
        except OSError as error:
            self._stopped = f"a part of a record could not be taken back: {error.strerror}"

    def close(self) -> None:
        """Close the file; a second time does nothing."""
        handle, self._handle = self._handle, -1
        self._stopped = self._stopped or "closed"
        if handle >= 0:
            with contextlib.suppress(OSError):
                os.close(handle)
