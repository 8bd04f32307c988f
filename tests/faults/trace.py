"""The shim from Python: compile it, set it over a program, read what it noted."""

from __future__ import annotations

import hashlib
import os
import shutil
import struct
import subprocess
from collections.abc import Iterator
from enum import IntEnum
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent.parent
SOURCE = Path(__file__).parent / "shim" / "shim.c"
CACHE = ROOT / "build" / "shim"
NO_COMPILER = "no gcc here: install the packages gcc and libc6-dev to run the fault experiments"

_HEAD = struct.Struct("<IIQQqII")  # struct note of shim.c
_MAGIC = 0x4D494853


class Act(IntEnum):
    """What a note is about; enum act of shim.c."""

    OPEN = 1
    CREATE = 2
    WRITE = 3
    TRUNCATE = 4
    UNLINK = 5
    RENAME = 6
    LINK = 7
    MKDIR = 8
    CLOSE = 9
    FSYNC = 10
    SYNCED = 11
    FAILED = 12
    ACK = 13


class Note(NamedTuple):
    """One act. ``file`` is its inode, ``name`` a path below the watched folder.

    ``at`` is the offset of a WRITE, the length of a TRUNCATE, the seq of the FSYNC that SYNCED or FAILED ends, the
    permissions of a file that is made or opened (-1: a folder). RENAME and LINK have two names with a newline between.
    """

    act: Act
    seq: int
    file: int
    at: int
    name: str
    data: bytes


def has_compiler() -> bool:
    return shutil.which("gcc") is not None


def shim() -> Path:
    """Return the compiled shim, made anew when its source has changed."""
    made = CACHE / f"{hashlib.sha256(SOURCE.read_bytes()).hexdigest()[:16]}.so"
    if not made.exists():
        CACHE.mkdir(parents=True, exist_ok=True)
        draft = made.with_suffix(f".{os.getpid()}")  # two test processes may compile at once
        command = ["gcc", "-O2", "-Wall", "-Werror", "-fPIC", "-shared", "-o", draft, SOURCE, "-ldl", "-pthread"]
        subprocess.run(command, check=True, timeout=120)
        draft.replace(made)
    return made


def under_shim(watch: Path, **settings: object) -> dict[str, str]:
    """Return an environment that sets the shim over a program; settings as ``trace=path``, ``eio_fsync_n=3``."""
    told = {f"SHIM_{name.upper()}": str(value) for name, value in settings.items()}
    return os.environ | {"LD_PRELOAD": str(shim()), "SHIM_WATCH": str(watch.resolve()), "PYTHONPATH": str(ROOT)} | told


def read(trace: Path) -> Iterator[Note]:
    """Yield the notes of a trace in their order; a kill may have cut the last one short."""
    raw = trace.read_bytes()
    at = 0
    while at + _HEAD.size <= len(raw):
        magic, act, seq, file, where, name_length, data_length = _HEAD.unpack_from(raw, at)
        assert magic == _MAGIC, f"{trace} is not a trace at byte {at}"
        begin = at + _HEAD.size
        at = begin + name_length + data_length
        if at <= len(raw):
            name = raw[begin : begin + name_length].decode("utf-8", "surrogateescape")
            yield Note(Act(act), seq, file, where, name, raw[begin + name_length : at])


def acknowledgement(data: bytes) -> bytes:
    """Return the note of an acknowledgement, for a program that appends its own to the trace of another."""
    return _HEAD.pack(_MAGIC, Act.ACK, 0, 0, 0, 0, len(data)) + data
