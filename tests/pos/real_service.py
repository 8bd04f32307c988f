"""A real `settlement serve` on a free port, for as long as a test module needs it."""

from __future__ import annotations

import contextlib
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path


@contextlib.contextmanager
def running_service(folder: Path, profile: str = "plain", *more: str) -> Iterator[int]:
    """Start a sandbox, yield its port, end it in order."""
    command = [sys.executable, "-m", "settlement.cli", "serve", "--port", "0", "--folder", str(folder)]
    log = folder.with_suffix(".log").open("w+")
    process = subprocess.Popen(
        [*command, "--profile", profile, *more], stdout=subprocess.PIPE, stderr=log, text=True
    )  # fmt: skip
    try:
        for line in process.stdout:
            if found := re.search(r"listening on http://127\.0\.0\.1:(\d+)", line):
                yield int(found[1])
                break
        else:
            log.seek(0)
            raise AssertionError(f"the service did not start:\n{log.read()}")
    finally:
        process.terminate()
        process.communicate(timeout=40)
        log.close()
    assert process.returncode == 0
