"""The pure-Python integer calculation: the kernel's own source under ``NUMBA_DISABLE_JIT=1``, in a process of its own."""

from __future__ import annotations

import hashlib
import json
import time

from benchmarks.world import empty_results, first_persons, fresh, make
from settlement.engine import run_kernel
from settlement.kernel.jit import is_compiled
from settlement.kernel.layout import Results


def digest(results: Results) -> str:
    """Return the SHA-256 of every result bit."""
    return hashlib.sha256(b"".join(part.tobytes() for part in results)).hexdigest()


def main(persons: int, claims: int) -> None:
    """Settle the first persons of the world in Python; print seconds, claims and the digest of the results as JSON."""
    assert not is_compiled()
    batch = fresh(first_persons(make(claims).batch, persons))
    results = empty_results(batch)
    begin = time.perf_counter()
    run_kernel(batch, results, 1)
    seconds = time.perf_counter() - begin
    print(json.dumps({"seconds": seconds, "claims": batch.order.size, "digest": digest(results)}))
