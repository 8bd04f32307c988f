"""Start the victim, with or without the shim over it, and bring home what it said, noted and acknowledged."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, NamedTuple

from tests.faults import trace
from tests.faults.powercut import scratch
from tests.faults.trace import Note

BOOK = "book.db"
CLIENTS = 8
LONGEST_S = 180


class Told(NamedTuple):
    """What came of a run: exit status, the victim's own figures ({} if it was killed), notes, acknowledgements."""

    status: int
    figures: dict[str, Any]
    notes: list[Note]
    acks: list[bytes]


def command(folder: Path, acks: Path, **flags: object) -> list[str]:
    """Return the victim's command line; flags as ``count=40``, True for a flag alone."""
    said = {f"--{name.replace('_', '-')}": value for name, value in flags.items()}
    words = [name if value is True else f"{name}={value}" for name, value in said.items()]
    return [sys.executable, "-m", "tests.faults.victim", str(folder / BOOK), str(acks), *words]


def run(folder: Path, shim: dict[str, object], notes: bool = True, **flags: object) -> Told:
    """Let the tills settle on the book of a folder under the shim, to their end."""
    with tempfile.TemporaryDirectory(dir=scratch(), prefix="faults-") as aside:
        acks, noted = Path(aside) / "acks", Path(aside) / "trace"
        environment = trace.under_shim(folder, acks=acks, **({"trace": noted} if notes else {}), **shim)
        done = started(command(folder, acks, **flags), environment)
        return told(done, acks, list(trace.read(noted)) if notes else [])


def started(words: list[str], environment: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    """Run a command of this repository to its end."""
    return subprocess.run(
        words, cwd=trace.ROOT, env=environment, capture_output=True, text=True, timeout=LONGEST_S, check=False
    )


def told(done: subprocess.CompletedProcess[str], acks: Path, notes: list[Note]) -> Told:
    """Return what a finished victim had to say; raise if it broke down by itself."""
    assert done.returncode in (0, -9), done.stderr
    lines = acks.read_bytes().splitlines(keepends=True) if acks.exists() else []
    return Told(done.returncode, json.loads(done.stdout or "{}"), notes, lines)


def run_and_kill(folder: Path, acks: Path, after_s: float, **flags: object) -> None:
    """Let the tills settle, kill them ``after_s`` seconds after their first new acknowledgement."""
    noted = acks.stat().st_size if acks.exists() else 0
    with subprocess.Popen(command(folder, acks, **flags), cwd=trace.ROOT, stdout=subprocess.DEVNULL) as victim:
        try:
            end = time.monotonic() + 30
            while not acks.exists() or acks.stat().st_size == noted:
                assert victim.poll() is None and time.monotonic() < end, "the tills did not start settling"
                time.sleep(0.005)
            time.sleep(after_s)
        finally:
            victim.kill()
