"""A vendor's shared library as a ``vendor.Driver``: called through ctypes in a process of its own, with a deadline.

Such a library is foreign code that waits for hardware. In its own process a hang is ended by a kill, a crash is an error of
one call, and a library of 32 bits, as most are, runs under a Python of 32 bits whose path is ``python``. On Windows the
functions are ``stdcall`` by their description; elsewhere that word changes nothing. Never run on Windows so far.
"""

from __future__ import annotations

import contextlib
import json
import queue
import subprocess
import sys
import threading
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any, NamedTuple

from pos_adapter.faults import fault
from pos_adapter.vendor import CONTACT_FIRST, CONTACTLESS_FIRST, Returned

START_S = 10.0
_HOST = Path(__file__).with_name("vendor_host.py")
_FAULT_OF = {"missing": "D50_DRIVER_MISSING", "lacks": "D52_DRIVER_LACKS", "overrun": "D51_DRIVER_FAILED"}


class Setup(NamedTuple):
    """Where the library lies and how it is called.

    ``python`` is the interpreter of its process, ``i_type`` how it looks for a card (1 contact, 2 contactless, 3 and 4 by
    itself, contact or contactless first), ``names`` the exported names where a city has its own.
    """

    library: Path
    convention: str = "stdcall"
    python: str = sys.executable
    i_type: int = CONTACT_FIRST
    names: Mapping[str, str] = {}


def read_setup(file: Path) -> Setup:
    """Return the set-up in a TOML file, whose keys are the fields of ``Setup``; paths are relative to the file.

    Raises CardFault D53 for a file that cannot be read, a key that is none, or a value that cannot be.
    """
    try:
        said = tomllib.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise fault("D53_DRIVER_MISUSED", f"{file.name} cannot be read: {error}") from None
    unknown = sorted(set(said) - set(Setup._fields))
    if unknown or not isinstance(said.get("library"), str):
        raise fault("D53_DRIVER_MISUSED", f"{file.name}: unknown keys {unknown}" if unknown else "library is missing")
    setup = Setup(**said | {"library": file.parent / said["library"]})
    names_good = isinstance(setup.names, dict) and all(isinstance(name, str) for name in setup.names.values())
    if setup.convention not in ("stdcall", "cdecl") or not isinstance(setup.python, str) or not names_good:
        raise fault("D53_DRIVER_MISUSED", f"{file.name}: convention is stdcall or cdecl, python and names are texts")
    if type(setup.i_type) is not int or not 1 <= setup.i_type <= CONTACTLESS_FIRST:
        raise fault("D53_DRIVER_MISUSED", f"{file.name}: i_type is 1, 2, 3 or 4")
    return setup


class DllDriver:
    """One library in one child process, which starts with the first call; calls of several threads wait for each other."""

    def __init__(self, setup: Setup) -> None:
        self._setup, self.how = setup, f"driver {setup.library.name}"
        self._lock = threading.Lock()
        self._child: subprocess.Popen[bytes] | None = None
        self._answers: queue.SimpleQueue[bytes] = queue.SimpleQueue()

    def __enter__(self) -> DllDriver:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def pid(self) -> int:
        """Process id of the child, 0 when there is none."""
        return self._child.pid if self._child else 0

    def call(self, function: str, *arguments: int | bytes, deadline_s: float) -> Returned:
        """Call a function once; at the deadline its process is killed. Raises CardFault D07, D09, D50, D51 or D52."""
        name = self._setup.names.get(function, function)
        line = {"function": name, "arguments": [one.hex() if isinstance(one, bytes) else one for one in arguments]}
        if not self._lock.acquire(timeout=deadline_s):
            raise fault("D07_BUSY", f"{function}: another call of this program holds the driver")
        try:
            told = self._told(function, json.dumps(line).encode() + b"\n", deadline_s)
        finally:
            self._lock.release()
        return Returned(int(told["code"]), bytes.fromhex(told["output"]))

    def close(self) -> None:
        """End the child, and with it whatever the library holds and the call that is under way."""
        child = self._child
        if child is not None:
            child.kill()
        with self._lock:
            self._kill()

    def _told(self, function: str, line: bytes, deadline_s: float) -> dict[str, Any]:
        child = self._running()
        assert child.stdin is not None
        try:
            child.stdin.write(line)
            child.stdin.flush()
        except OSError:
            raise self._crashed(function) from None
        return self._answer(function, deadline_s)

    def _answer(self, doing: str, deadline_s: float) -> dict[str, Any]:
        try:
            answer = self._answers.get(timeout=deadline_s)
        except queue.Empty:
            self._kill()
            raise fault("D09_STUCK", f"{doing}: no answer of the driver within {deadline_s:g} s") from None
        if not answer.endswith(b"\n"):
            raise self._crashed(doing)
        told: dict[str, Any] = json.loads(answer)
        if "error" in told:
            if told["error"] != "lacks":
                self._kill()
            raise fault(_FAULT_OF[told["error"]], str(told["found"]))
        return told

    def _crashed(self, doing: str) -> Exception:
        child, code = self._child, None
        if child is not None:
            with contextlib.suppress(subprocess.TimeoutExpired):
                code = child.wait(timeout=1.0)  # its pipe has closed: it is ending
        self._kill()
        return fault("D51_DRIVER_FAILED", f"{doing}: the driver's process ended ({code})")

    def _running(self) -> subprocess.Popen[bytes]:
        if self._child is not None and self._child.poll() is None:
            return self._child
        self._kill()
        library = self._setup.library.absolute()
        if not library.is_file():
            raise fault("D50_DRIVER_MISSING", f"no file {library.name} in {library.parent}")
        # -I: neither the folder of this program nor that of the library may lend the child its modules.
        command = [self._setup.python, "-I", str(_HOST), str(library), self._setup.convention]
        try:
            # Vendors' libraries look for their settings in the current folder.
            child = subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, cwd=library.parent,
                creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
            )  # fmt: skip
        except OSError as error:
            raise fault("D50_DRIVER_MISSING", f"{self._setup.python} cannot be started: {error}") from None
        self._child, self._answers = child, queue.SimpleQueue()
        assert child.stdout is not None
        threading.Thread(target=_pass_on, args=(child.stdout, self._answers), daemon=True).start()
        self._answer("loading", START_S)
        return child

    def _kill(self) -> None:
        child, self._child = self._child, None
        if child is None:
            return
        child.kill()
        child.wait()
        for pipe in (child.stdin, child.stdout):
            _closed(pipe)


def _closed(pipe: IO[bytes] | None) -> None:
    try:
        if pipe is not None:
            pipe.close()
    except OSError:
        pass  # bytes that never reached a child that is gone


def _pass_on(pipe: IO[bytes], answers: queue.SimpleQueue[bytes]) -> None:
    """Hand lines over until the child is gone, which is told as an empty one."""
    try:
        for line in pipe:
            answers.put(line)
    except (OSError, ValueError):
        pass
    answers.put(b"")
