"""``make bench-checkout``: 2207 over HTTP, five lines, on real fsyncs, beside a raw log in the same run.

    python -m benchmarks.checkout [--seconds N] [--out FILE]

Writes ``benchmarks/results/checkout.json``: {store: {fsync: {clients: {per_s, p50_ms, p99_ms, max_ms}}}}.

Visits are prepared once, for the largest load; each load settles them on a copy of that book of its own, so all of them
meet a book of one size. The database gets it by the product's own move from store to store.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.checkout_world import World, moved, prepare
from tests.faults.trace import shim, under_shim
from tests.ledger.postgres_server import Cluster, programs, running_cluster

ROOT = Path(__file__).parent.parent
BOOK = "book.sqlite"  # as the service names it in its folder
RESULTS = ROOT / "benchmarks" / "results" / "checkout.json"
CLIENTS = (1, 8, 64)
DELAYS_MS = (0, 5)
MOST_PER_S = 2800  # messages prepared for each second; a faster machine has fewer seconds measured
WARM_S = 1.0  # of each load before it is measured
LEAST_S = 2.0  # measured, where the messages did not last
LOG_S = 3.0  # the floor needs no more
SHARED_BUFFERS = "256MB"  # of PostgreSQL; the tests' own setting is for many small books
END_S = 60.0  # until the service has ended in order

Load = tuple[int, int]  # clients, ms added to each fsync
Databases = tuple[Cluster, dict[Load, str]]  # the server, and the name of each load's own database


def figures(measured: dict[str, Any], seconds: float) -> dict[str, float]:
    """Return rate and latencies of one measurement that was to take so many seconds.

    Raises RuntimeError if a message failed, a client was never answered, or the messages did not last long enough.
    """
    if measured["failed"]:
        raise RuntimeError(f"{len(measured['failed'])} messages failed, first: {measured['failed'][0]}")
    wall_s = measured["wall_ns"] / 1e9
    if wall_s < min(LEAST_S, seconds):
        raise RuntimeError(f"only {wall_s:.2f} s measured, then no message was left: raise MOST_PER_S")
    if not min(measured["by_client"]):
        raise RuntimeError("a client was never answered")
    ms = np.array(measured["latencies_ns"]) / 1e6
    return {
        "per_s": round(ms.size / wall_s, 1),
        "p50_ms": round(float(np.percentile(ms, 50)), 3),
        "p99_ms": round(float(np.percentile(ms, 99)), 3),
        "max_ms": round(float(ms.max()), 3),
    }


def rest(measured: dict[str, Any]) -> str:
    """Say what a measurement rests on: how much was measured, and what the load itself took of the machine."""
    by_client = measured["by_client"]
    return (
        f"{sum(by_client)} in {measured['wall_ns'] / 1e9:.2f} s, {min(by_client)} to {max(by_client)} a client, "
        f"{measured['left']} left, load {measured['cpu_ns'] / 1e3 / max(sum(by_client), 1):.0f} us of CPU each"
    )


def run_json(*words: str, env: dict[str, str] | None = None) -> dict[str, Any]:
    """Run one of our modules and return the JSON it prints."""
    done = subprocess.run(
        [sys.executable, "-m", *words], cwd=ROOT, env=env, capture_output=True, text=True, check=False
    )  # fmt: skip
    if done.returncode:
        raise RuntimeError(f"{words} ended with {done.returncode}: {done.stderr[-2000:]}")
    made: dict[str, Any] = json.loads(done.stdout)
    return made


@contextmanager
def service(folder: Path, where: str, world: World, env: dict[str, str]) -> Iterator[str]:
    """Run the service on a prepared book and yield the URL to send to; it is ended in order."""
    words = [
        "serve", "--folder", str(folder), "--registry", str(world.registry), "--keys", str(world.keys), "--port", "0",
        "--no-log-requests", "--log-file", str(folder / "service.log"),
    ]  # fmt: skip
    if where.startswith("postgresql"):
        words += ["--store", where]
    elif (os.cpu_count() or 1) > 1:  # a server of a database has its own processes to place
        words += ["--cpu", "0"]
    process = subprocess.Popen(
        [sys.executable, "-m", "settlement.cli", *words], cwd=ROOT, env=env, stdout=subprocess.PIPE, text=True,
        process_group=0,
    )  # fmt: skip
    try:
        assert process.stdout is not None
        url = next((line.split()[1] for line in process.stdout if "POST http" in line), None)
        if url is None:
            raise RuntimeError("the service did not start")
        yield url
        process.send_signal(signal.SIGTERM)  # it may be several processes; the first ends the others
        if process.wait(END_S):
            raise RuntimeError(f"the service ended with {process.returncode}")
    finally:
        with suppress(ProcessLookupError):  # so it is when all have ended, as they should
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def measure(folder: Path, where: str, world: World, load: Load, seconds: float) -> dict[str, Any]:
    """Return what a load measured of one store."""
    clients, delay_ms = load
    # The server of a database is slowed where it runs; here only a file of ours is.
    slowed = delay_ms and not where.startswith("postgresql")
    env = under_shim(folder, fsync_delay_ms=delay_ms) if slowed else dict(os.environ)
    with service(folder, where, world, env) as url:
        return run_json(
            "benchmarks.checkout_load", url, str(world.messages), str(clients), str(seconds), str(WARM_S)
        )  # fmt: skip


def raw_log(folder: Path, load: Load, seconds: float) -> dict[str, Any]:
    """Return what a load measured of the floor."""
    clients, delay_ms = load
    env = under_shim(folder, fsync_delay_ms=delay_ms) if delay_ms else None
    return run_json("benchmarks.raw_log", str(folder / "log"), str(clients), str(seconds), str(WARM_S), env=env)


def copied(book: Path, folder: Path) -> Path:
    """Copy a closed book into a folder. It is on the disk before it is used, or the first fsync would wait for that."""
    copy = Path(shutil.copy(book, folder / BOOK))
    with copy.open("rb") as file:
        os.fsync(file.fileno())
    return copy


@contextmanager
def databases(book: Path, world: World) -> Iterator[Databases | None]:
    """Run a PostgreSQL with a copy of the book for each load, a database each; None where there is no server.

    All are made before anything is slowed.
    """
    if programs() is None:
        print("no PostgreSQL here: only SQLite is measured", flush=True)
        yield None
        return
    with running_cluster() as cluster:
        first = cluster.new_database()
        moved(book, cluster.dsn(first), world)
        cluster.run_sql("VACUUM ANALYZE", database=first)
        made = {(clients, delay_ms): cluster.copy_of(first) for clients in CLIENTS for delay_ms in DELAYS_MS}
        yield cluster, made


def start_anew(cluster: Cluster, delay_ms: int) -> None:
    """Start the server again; now each of its fsyncs takes so much longer."""
    cluster.stop()
    slow = {}
    if delay_ms:
        library = cluster.folder / "shim.so"  # where the server's own user may read it
        shutil.copyfile(shim(), library)
        slow = {"LD_PRELOAD": str(library), "SHIM_WATCH": str(cluster.folder), "SHIM_FSYNC_DELAY_MS": str(delay_ms)}
    os.environ.update(slow)  # of which the server takes a copy
    try:
        cluster.start(shared_buffers=SHARED_BUFFERS)
    finally:
        for name in slow:
            del os.environ[name]


def stores(root: Path, world: World, there: Databases | None, load: Load, seconds: float) -> Iterator[Any]:
    """Measure a load on each store, the floor just before; yield the store's name, the seconds asked for, the measured."""
    with tempfile.TemporaryDirectory(dir=root) as name:
        folder = Path(name)
        log_s = min(seconds, LOG_S)
        yield "raw_log", log_s, raw_log(folder, load, log_s)
        copy = copied(root / BOOK, folder)
        yield "sqlite", seconds, measure(folder, str(copy), world, load, seconds)
    if there is not None:
        cluster, names = there
        with tempfile.TemporaryDirectory(dir=root) as name:
            yield "postgresql", seconds, measure(Path(name), cluster.dsn(names[load]), world, load, seconds)
        cluster.drop_database(names[load])


def rounds(root: Path, seconds: float) -> dict[str, Any]:
    """Return all figures."""
    made: dict[str, Any] = {"raw_log": {}, "sqlite": {}, "postgresql": {}}
    visits, begin = int(MOST_PER_S * (WARM_S + seconds)), time.monotonic()
    world = prepare(root, str(root / BOOK), visits)
    with databases(root / BOOK, world) as there:
        print(f"{visits} visits prepared in {time.monotonic() - begin:.0f} s", flush=True)
        for delay_ms in DELAYS_MS:
            if there is not None:
                start_anew(there[0], delay_ms)
            for clients in CLIENTS:
                for store, asked_s, measured in stores(root, world, there, (clients, delay_ms), seconds):
                    found = figures(measured, asked_s)
                    made[store].setdefault(f"{delay_ms}ms", {})[str(clients)] = found
                    print(
                        f"{store:11} fsync +{delay_ms} ms, {clients:2} clients: {found}; {rest(measured)}", flush=True
                    )
    return made


def main() -> None:
    """Measure everything and write the figures."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=float, default=4.0)
    parser.add_argument("--out", type=Path, default=RESULTS)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="checkout-", dir=ROOT / "benchmarks") as folder:
        made = rounds(Path(folder), asked.seconds)
    machine = {"cores": os.cpu_count(), "python": platform.python_version(), "day": time.strftime("%Y-%m-%d")}
    asked.out.write_text(json.dumps({**made, "machine": machine}, indent=1) + "\n", encoding="utf-8")
    print(asked.out)


if __name__ == "__main__":
    main()
