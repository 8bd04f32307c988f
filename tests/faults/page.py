"""The page about the fault experiments, written from what they returned."""

from __future__ import annotations

import os
import platform
import sqlite3
import statistics
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from tests.faults.registry import Experiment, Figures

HEAD = """# Reliability: what was broken on purpose, and what came of it

Written by `python -m tests.faults --out docs/reliability.md` (`make faults`); do not edit. Small counts of the same run
in `make test`. An experiment passes if all went well every time; the program ends with 1 if one did not.

The promise: what the till was told is in the book, once, and is told in the same bytes for ever, whatever happens to the
process, the disk or the power.
"""

MODEL = """## How the power is cut

No plug is pulled. A small library (`tests/faults/shim/shim.c`) stands between the program and the C library and notes each
write, fsync, rename and removal with its data, and each acknowledgement, in one order. For a cut at a random note the
folder is rebuilt as a disk may then hold it (`tests/faults/powercut.py` states the model), opened, and held against the
acknowledgements noted by then. The model is less kind than most disks: nothing is safe before an fsync of that file has
returned, a name is safe only after an fsync of its folder, unsafe pages are kept, lost or torn, and a failed fsync leaves
its pages unsafe for ever. With every write kept the folder must equal, byte for byte, what a killed process left: that
checks the shim. With SQLite's `synchronous = NORMAL` acknowledgements must get lost (F3): that checks the checker.
"""


class Result(NamedTuple):
    """An experiment that was run."""

    experiment: Experiment
    figures: Figures
    seconds: float

    @property
    def verdict(self) -> str:
        if "skipped" in self.figures:
            return "not run"
        good = self.figures["count"] > 0 and self.figures["passed"] == self.figures["count"]
        return "pass" if good else "FAIL"

    @property
    def times(self) -> str:
        return "" if self.verdict == "not run" else f"{self.figures['passed']} / {self.figures['count']}"


def line(result: Result) -> str:
    """Return one line for the terminal."""
    about = result.experiment
    return f"{result.verdict} {about.number} {about.fault}: {result.times}, {_rest(result)}, {result.seconds:.0f} s"


def _rest(result: Result) -> str:
    named = {name: value for name, value in result.figures.items() if name not in ("count", "passed", "seed")}
    return ", ".join(f"{name.replace('_', ' ')} {value}" for name, value in named.items())


def render(results: Sequence[Result], small: bool) -> str:
    """Return the page in Markdown."""
    count = Counter(result.verdict for result in results)
    said = (
        f"**{count['pass']} of {len(results)} experiments passed, {count['FAIL']} failed, {count['not run']} not run.**"
    )
    lines = [HEAD, said, "", _machine(), ""]
    if small:
        lines += ["These are the small counts of the every-day tests.", ""]
    lines += [
        "| | fault | passed / times | figures | seconds | seed | |",
        "| --- | --- | ---: | --- | ---: | ---: | --- |",
    ]
    for result in results:
        about, seed = result.experiment, result.figures.get("seed", "")
        verdict = result.verdict.replace("FAIL", "**FAIL**")
        cells = (about.number, about.fault, result.times, _rest(result), f"{result.seconds:.0f}", seed, verdict)
        lines.append(f"| {' | '.join(map(str, cells))} |")
    lines += ["", "## What each proves, and what it does not", ""]
    for about in (result.experiment for result in results):
        lines += [
            f"**{about.number} {about.fault}.** How: {about.how}.",
            f"Proves: {about.proves}",
            f"Not: {about.proves_not}",
            "",
        ]
    return "\n".join([*lines, MODEL])


def _machine() -> str:
    facts = [
        f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC",
        f"{os.cpu_count()} cores {platform.machine()}",
        f"{platform.system()} {platform.release()}",
        f"Python {platform.python_version()}",
        f"SQLite {sqlite3.sqlite_version}",
        f"an fsync of 4 KiB takes {_fsync_ms():.2f} ms here",
    ]
    return "; ".join(facts) + "."


def _fsync_ms() -> float:
    took = []
    with tempfile.NamedTemporaryFile(dir=Path(tempfile.gettempdir())) as file:
        for _ in range(50):
            file.write(bytes(4096))
            file.flush()
            begin = time.perf_counter()
            os.fdatasync(file.fileno())
            took.append(1000 * (time.perf_counter() - begin))
    return statistics.median(took)
