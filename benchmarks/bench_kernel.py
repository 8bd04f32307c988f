"""The kernel against pure Python, DuckDB SQL and a floor, on the same claims, results compared first.

``make bench`` runs it and writes ``results/kernel.json``; ``BENCH_CLAIMS`` makes it smaller.
"""

from __future__ import annotations

import json
import os
import platform
import statistics
import time
from pathlib import Path
from typing import Any

import duckdb
import numba
import numpy as np
import pyarrow as pa
import pytest

from benchmarks.peers import DuckPeer, floor, uncompiled, warmed
from benchmarks.uncompiled import digest
from benchmarks.world import (
    CLAIMS,
    World,
    first_claim,
    first_persons,
    fresh,
    make,
    only_persons,
    plain_persons,
    settled,
)
from settlement.engine import run_kernel, settle_drafts

ROUNDS = 5
PYTHON_PERSONS = 1_000
OUT = Path(__file__).parent / "results" / "kernel.json"
THREADS = os.cpu_count() or 1


@pytest.fixture(scope="module")
def world() -> World:
    """Return the world all measures share."""
    return make()


@pytest.fixture(scope="module")
def figures() -> dict[str, Any]:
    """Return where the measures are gathered."""
    return {}


def kernel_seconds(batch: Any, results: Any) -> float:
    """Return the seconds of one kernel run over all threads on fresh counters."""
    mine = fresh(batch)
    begin = time.perf_counter()
    run_kernel(mine, results, THREADS)
    return time.perf_counter() - begin


def test_kernel_against_floor(world: World, figures: dict[str, Any], benchmark: Any) -> None:
    """Time against reading and writing every byte."""
    results = warmed(world.batch)
    kernel_seconds(world.batch, results)
    runs, floors = [], []
    for _ in range(ROUNDS):
        floors.append(floor(fresh(world.batch), results, THREADS))
        runs.append(kernel_seconds(world.batch, results))
    benchmark.pedantic(run_kernel, setup=lambda: ((fresh(world.batch), results, THREADS), {}), rounds=1)
    seconds = statistics.median(runs)
    figures |= {
        "claims": world.claims, "lines": world.lines, "kernel_seconds": round(seconds, 4),
        "kernel_vs_floor": round(seconds / statistics.median(floors), 2),
        "claims_per_s": int(world.claims / seconds), "lines_per_s": int(world.lines / seconds),
    }  # fmt: skip


def test_kernel_against_python(world: World, figures: dict[str, Any]) -> None:
    """Time against the same source uncompiled, on whole persons; the bits are compared."""
    part = first_persons(world.batch, min(PYTHON_PERSONS, world.batch.claims.person_start.size - 1))
    _, results = settled(part)
    whole = warmed(world.batch)
    runs = [kernel_seconds(world.batch, whole) for _ in range(ROUNDS)]
    theirs = uncompiled(PYTHON_PERSONS, CLAIMS, ROUNDS)
    assert theirs["digest"] == digest(results), "compiled and uncompiled differ"
    runs += [kernel_seconds(world.batch, whole) for _ in range(ROUNDS)]
    per_claim = theirs["seconds"] / theirs["claims"]
    figures |= {
        "python_claims": theirs["claims"],
        "kernel_vs_python": round(per_claim * world.claims / statistics.median(runs), 1),
    }


def test_kernel_against_duckdb(world: World, figures: dict[str, Any]) -> None:
    """Time against SQL on the persons whose programs it expresses; every claim and line is compared."""
    plain = only_persons(world, plain_persons(world.batch))
    peer = DuckPeer(plain)
    _, results = settled(plain.batch)
    peer.run()
    assert peer.differing(results) == 0, "SQL and kernel differ"
    runs, sql = [], []
    for _ in range(ROUNDS):
        sql.append(peer.run())
        runs.append(kernel_seconds(plain.batch, results))
    figures |= {
        "duckdb_claims": plain.claims,
        "kernel_vs_duckdb": round(statistics.median(sql) / statistics.median(runs), 1),
    }


def percentiles(seconds: list[float]) -> dict[str, float]:
    """Return p50 and p99 in microseconds."""
    ordered = sorted(seconds)
    return {"p50": round(ordered[len(ordered) // 2] * 1e6, 1), "p99": round(ordered[len(ordered) * 99 // 100] * 1e6, 1)}


def test_one_claim(world: World, figures: dict[str, Any], benchmark: Any) -> None:
    """Latency of one claim, kernel and door."""
    one = first_claim(world.batch)
    results = warmed(one)
    kernel = []
    for _ in range(5_000):
        begin = time.perf_counter()
        run_kernel(one, results, 1)
        kernel.append(time.perf_counter() - begin)
    examples = Path(__file__).parent.parent / "data" / "examples" / "liaoyuan_inpatient.json"
    draft = json.loads(examples.read_text(encoding="utf-8"))
    door = []
    for _ in range(500):
        begin = time.perf_counter()
        settle_drafts([draft], world.book, 1)
        door.append(time.perf_counter() - begin)
    benchmark.pedantic(settle_drafts, args=([draft], world.book, 1), rounds=20)
    figures |= {"one_claim_us": percentiles(kernel), "one_claim_door_us": percentiles(door)}


def test_write(world: World, figures: dict[str, Any]) -> None:
    """Write what was measured."""
    versions = {
        "numba": numba.__version__,
        "numpy": np.__version__,
        "duckdb": duckdb.__version__,
        "pyarrow": pa.__version__,
    }
    machine = {"cpu": platform.processor() or platform.machine(), "cores": THREADS, "python": platform.python_version()}
    OUT.parent.mkdir(exist_ok=True)
    OUT.write_text(
        json.dumps(figures | {"machine": machine, "versions": versions, "rulebook": world.book.digest}, indent=2) + "\n"
    )
    assert {"kernel_vs_python", "kernel_vs_duckdb", "kernel_vs_floor"} <= figures.keys()
