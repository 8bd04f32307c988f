"""The pure-Python integer calculation: the kernel's own source under ``NUMBA_DISABLE_JIT=1``, in a process of its own."""

from __future__ import annotations

import hashlib
import json
import statistics
import time

from benchmarks.world import empty_results, first_persons, fresh, make
from settlement.engine import run_kernel
from settlement.kernel.jit import is_compiled
from settlement.kernel.layout import Results


def digest(results: Results) -> str:
    """Return the SHA-256 of every result bit."""
    return hashlib.sha256(b"".join(part.tobytes() for part in results)).hexdigest()


def main(persons: int, claims: int, rounds: int) -> None:
    """Settle the first persons of the world in Python; print the median seconds, claims and digest of results as JSON."""
    assert not is_compiled()
    part = first_persons(make(claims).batch, persons)
    seconds = []
    for _ in range(rounds):
        batch, results = fresh(part), empty_results(part)
        begin = time.perf_counter()
        run_kernel(batch, results, 1)
        seconds.append(time.perf_counter() - begin)
    print(json.dumps({"seconds": statistics.median(seconds), "claims": part.order.size, "digest": digest(results)}))
