"""``make bench-checkout``: 2207 over HTTP, five lines, on real fsyncs, beside a raw log in the same run.

    python -m benchmarks.checkout [--seconds N] [--out FILE]

Writes ``benchmarks/results/checkout.json``: {store: {fsync: {clients: {per_s, p50_ms, p99_ms, max_ms}}}}.
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
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.checkout_world import World, prepare
from tests.faults.trace import shim, under_shim
from tests.ledger.postgres_server import Cluster, programs, running_cluster

ROOT = Path(__file__).parent.parent
RESULTS = ROOT / "benchmarks" / "results" / "checkout.json"
CLIENTS = (1, 8, 64)
DELAYS_MS = (0, 5)
# Messages prepared for each measured second: what the fastest machine could send.
MOST_PER_S = {(1, 0): 2500, (8, 0): 6000, (64, 0): 9000, (1, 5): 250, (8, 5): 1500, (64, 5): 6000}
URL_PATH = "/fsi/api/rsfComIfsService/callService"


def figures(measured: dict[str, Any]) -> dict[str, float]:
    """Return rate and latencies of one measurement; raises RuntimeError if a message failed or none was left to send."""
    if measured["failed"]:
        raise RuntimeError(f"{len(measured['failed'])} messages failed, first: {measured['failed'][0]}")
    ms = np.array(measured["latencies_ns"]) / 1e6
    return {
        "per_s": round(ms.size / (measured["wall_ns"] / 1e9), 1),
        "p50_ms": round(float(np.percentile(ms, 50)), 3),
        "p99_ms": round(float(np.percentile(ms, 99)), 3),
        "max_ms": round(float(ms.max()), 3),
        "settled": int(ms.size),
        "fewest_by_client": min(measured["by_client"]),
    }


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
    process = subprocess.Popen(
        [sys.executable, "-m", "settlement.cli", *words], cwd=ROOT, env=env, stdout=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout is not None
        for line in process.stdout:
            if "POST http" in line:
                yield line.split()[1]
                break
        else:
            raise RuntimeError("the service did not start")
    finally:
        process.send_signal(signal.SIGTERM)
        if process.wait(60):
            raise RuntimeError(f"the service ended with {process.returncode}")


def measure(folder: Path, where: str, clients: int, delay_ms: int, seconds: float) -> dict[str, float]:
    """Return the figures of one store at one load."""
    folder.mkdir(parents=True, exist_ok=True)
    world = prepare(folder, where, int(MOST_PER_S[clients, delay_ms] * seconds))
    # The server of a database is slowed where it runs; here only a file of ours is.
    slowed = delay_ms and not where.startswith("postgresql")
    env = under_shim(folder, fsync_delay_ms=delay_ms) if slowed else dict(os.environ)
    with service(folder, where, world, env) as url:
        run_json(
            "benchmarks.checkout_load", url, str(world.messages), str(clients), "0.2"
        )  # warm; its messages are gone
        rest = world.messages.read_bytes().splitlines()
        measured_file = folder / "measured.jsonl"
        measured_file.write_bytes(b"\n".join(rest[len(rest) // 10 :]) + b"\n")
        return figures(run_json("benchmarks.checkout_load", url, str(measured_file), str(clients), str(seconds)))


def raw_log(folder: Path, clients: int, delay_ms: int, seconds: float) -> dict[str, float]:
    """Return the figures of the floor."""
    folder.mkdir(parents=True, exist_ok=True)
    env = under_shim(folder, fsync_delay_ms=delay_ms) if delay_ms else None
    return figures(run_json("benchmarks.raw_log", str(folder / "log"), str(clients), str(seconds), env=env))


@contextmanager
def database(delay_ms: int) -> Iterator[Cluster | None]:
    """Run a PostgreSQL whose every fsync takes so much longer; None where there is no server."""
    if programs() is None:
        yield None
        return
    with running_cluster() as cluster:
        if delay_ms:
            cluster.stop()
            library = cluster.folder / "shim.so"  # where the server's own user may read it
            shutil.copyfile(shim(), library)
            slow = {"LD_PRELOAD": str(library), "SHIM_WATCH": str(cluster.folder), "SHIM_FSYNC_DELAY_MS": str(delay_ms)}
            os.environ.update(slow)
            try:
                cluster.start()
            finally:
                for name in slow:
                    del os.environ[name]
        yield cluster


def rounds(root: Path, seconds: float) -> dict[str, Any]:
    """Return all figures. For each load the floor is measured just before the stores."""
    made: dict[str, Any] = {"raw_log": {}, "sqlite": {}, "postgresql": {}}
    for delay_ms in DELAYS_MS:
        with database(delay_ms) as cluster:
            for clients in CLIENTS:
                name = f"{delay_ms}ms-{clients}"
                told = {"raw_log": raw_log(root / f"raw-{name}", clients, delay_ms, min(seconds, 3))}
                where = root / f"sqlite-{name}" / "book.sqlite"
                told["sqlite"] = measure(where.parent, str(where), clients, delay_ms, seconds)
                if cluster is not None:
                    address = cluster.dsn(cluster.new_database())
                    told["postgresql"] = measure(root / f"pg-{name}", address, clients, delay_ms, seconds)
                for store, measured in told.items():
                    made[store].setdefault(f"{delay_ms}ms", {})[str(clients)] = measured
                    print(f"{store:11} fsync +{delay_ms} ms, {clients:2} clients: {measured}", flush=True)
                for path in root.glob(f"*-{name}"):
                    shutil.rmtree(path)
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
