"""The floor of the checkout benchmark: append 600 bytes to a log and fdatasync, by so many threads; nothing else.

    python -m benchmarks.raw_log FILE CLIENTS SECONDS [WARM_SECONDS]

Each client waits until its own bytes are on the disk. Prints the same object as ``checkout_load``.
"""

from __future__ import annotations

import json
import os
import sys
import threading
import time

from benchmarks.checkout_load import cpu_ns

RECORD = os.urandom(600)


def client(file: int, end_ns: int, latencies: list[int]) -> None:
    """Append and sync until the time is over."""
    while (begin := time.perf_counter_ns()) < end_ns:
        os.write(file, RECORD)
        os.fdatasync(file)
        latencies.append(time.perf_counter_ns() - begin)


def logged(file: int, clients: int, seconds: float) -> dict[str, object]:
    """Let the clients write for so many seconds and return what was measured."""
    cpu_before, begin = cpu_ns(), time.perf_counter_ns()
    end_ns = begin + int(seconds * 1e9)
    latencies: list[list[int]] = [[] for _ in range(clients)]
    threads = [threading.Thread(target=client, args=(file, end_ns, own)) for own in latencies]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return {
        "latencies_ns": [latency for own in latencies for latency in own],
        "by_client": [len(own) for own in latencies],
        "wall_ns": time.perf_counter_ns() - begin,
        "cpu_ns": cpu_ns() - cpu_before,
        "failed": [],
        "left": 0,
    }


def main() -> None:
    """Run the clients and print the figures."""
    path, clients, seconds = sys.argv[1], int(sys.argv[2]), float(sys.argv[3])
    warm_s = float(sys.argv[4]) if len(sys.argv) > 4 else 0.0
    file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    logged(file, clients, warm_s)
    print(json.dumps(logged(file, clients, seconds)))
    os.close(file)


if __name__ == "__main__":
    main()
