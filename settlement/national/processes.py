"""A service is two processes, each with an interpreter of its own: one has the book, the other (the front) speaks HTTP.

The one with the book is the one that was started, so whoever ends it ends the service, and its death is the book's. It
starts the front and hands over the listening socket and its end of the line between the two.
"""

from __future__ import annotations

import os
import pickle
import socket
import subprocess
import sys
from typing import Any

from settlement.national import refusals
from settlement.national.settings import Settings

FRONT = "settlement.national.front"
END_S = 40.0  # the front has 30 s of its own for open requests; past this it is ended


def keep_apart(cpu: int | None) -> set[int]:
    """Keep this process, and what it starts, on one processor; return the others, {} where nothing is to be kept apart.

    For the process with the book, before it has threads: one interpreter runs one thread at a time, so they need no more,
    and what they work on stays near. Raises BadInput N49 for a processor that cannot be had.
    """
    if cpu is None:
        return set()
    if not hasattr(os, "sched_setaffinity"):
        raise refusals.no_processor(cpu, "this system does not let a process choose")
    there = os.sched_getaffinity(0)
    if cpu not in there:
        raise refusals.no_processor(cpu, f"there are {', '.join(map(str, sorted(there)))}")
    os.sched_setaffinity(0, {cpu})
    return there - {cpu}


def start_front(
    settings: Settings, listening: socket.socket, line: socket.socket, cpus: set[int]
) -> subprocess.Popen[bytes]:  # fmt: skip
    """Start the front process and hand it how to run, the listening socket, its end of the line and its processors (none: any)."""
    if sys.platform == "win32":
        process = subprocess.Popen([sys.executable, "-m", FRONT], stdin=subprocess.PIPE)
        shared: tuple[Any, ...] = (listening.share(process.pid), line.share(process.pid))
    else:
        shared = (listening.fileno(), line.fileno())
        process = subprocess.Popen([sys.executable, "-m", FRONT], stdin=subprocess.PIPE, pass_fds=shared)
    assert process.stdin is not None
    with process.stdin as pipe:
        pickle.dump((settings, shared, cpus), pipe)
    return process


def taken_over() -> tuple[Settings, socket.socket, socket.socket]:
    """Return, in the front process, what ``start_front`` handed over."""
    settings, shared, cpus = pickle.load(sys.stdin.buffer)
    if cpus:
        os.sched_setaffinity(0, cpus)
    listening, line = (_socket(one) for one in shared)
    return settings, listening, line


def _socket(shared: Any) -> socket.socket:
    if sys.platform == "win32":
        return socket.fromshare(shared)
    os.set_inheritable(shared, False)
    return socket.socket(fileno=shared)


def ended(process: subprocess.Popen[bytes]) -> int:
    """Wait for the front process to end and return its exit code; one that does not end is ended."""
    try:
        return process.wait(END_S)
    except subprocess.TimeoutExpired:
        process.kill()
        return process.wait()
