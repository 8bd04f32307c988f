"""A process made to suffer: eight tills settle on one book, and each notes an answer once it has it.

What each settlement came to is known from its name (``cost_of``), so a checker can settle the book again by itself. One
in ten messages is sent twice. At the end a line of JSON tells how many were settled, how long the answers took and what
was refused; a till that is refused stops, unless the refusal says that trying again is safe and there is a disk to free.
"""

from __future__ import annotations

import argparse
import json
import os
import threading
import time
from collections import Counter
from itertools import count
from pathlib import Path

from settlement.errors import SettlementError
from settlement.ledger import SqliteLedger, sqlite_schema, sqlite_store
from tests.ledger.ledger_till import settle

PERSONS = 5
BODY = b'{"feedetl": "' + b"0123456789" * 120 + b'"}'
REFUSED = 20  # so many refusals are had before the disk is freed


def cost_of(msgid: str) -> int:
    return 100 + int(msgid[1 : msgid.index("n")])


class Tills:
    def __init__(self, ledger: SqliteLedger, told: argparse.Namespace) -> None:
        self.ledger, self.told = ledger, told
        self.acks = os.open(told.acks, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
        self.took_ms: list[float] = []
        self.refused: Counter[str] = Counter()
        self.end = time.monotonic() + told.seconds
        self.lock = threading.Lock()

    def run(self, till: int) -> None:
        for i in range(self.told.begin, self.told.begin + self.told.count):
            for _ in range(2 if i % 10 == 0 else 1):
                if time.monotonic() > self.end or not self.settled(f"t{till}n{i}", f"p{(till + i) % PERSONS}"):
                    return

    def settled(self, msgid: str, psn_no: str) -> bool:
        """Settle until there is an answer, and note it; False when there will be none."""
        for _ in count():
            begin = time.perf_counter()
            try:
                stored = settle(self.ledger, msgid, cost_of(msgid), psn_no, BODY)
            except SettlementError as refusal:
                if not self.may_go_on(refusal):
                    return False
                continue
            self.took_ms.append(1000 * (time.perf_counter() - begin))
            os.write(self.acks, msgid.encode() + b"\t" + stored.answer + b"\n")
            return True
        raise AssertionError

    def may_go_on(self, refusal: SettlementError) -> bool:
        with self.lock:
            self.refused[refusal.code] += 1
            if self.told.free is None or not refusal.code.startswith("L03"):
                return False
            if sum(self.refused.values()) == REFUSED:
                free(self.told.free)
        time.sleep(0.005)
        return time.monotonic() < self.end


def free(path: Path) -> None:
    """Make room: a file that takes up the disk is removed; for the shim the file is the sign that there is room."""
    if path.exists():
        path.unlink()
    else:
        path.touch()


def figures(tills: Tills) -> dict[str, object]:
    took = sorted(tills.took_ms) or [0.0]
    return {
        "opened": True,
        "settled": len(tills.took_ms),
        "commits": tills.ledger.commits,
        "refused": dict(tills.refused),
        "p50_ms": round(took[len(took) // 2], 1),
        "p99_ms": round(took[min(len(took) - 1, len(took) * 99 // 100)], 1),
        "max_ms": round(took[-1], 1),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("book", type=Path)
    parser.add_argument("acks", type=Path)
    parser.add_argument("--clients", type=int, default=8)
    parser.add_argument("--begin", type=int, default=0)
    parser.add_argument("--count", type=int, default=10**9)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--synchronous", default="FULL")
    parser.add_argument("--checkpoint-after", type=int)
    parser.add_argument("--free", type=Path)
    parser.add_argument("--ballast", type=int, default=0, help="bytes of the file --free to lay down first")
    parser.add_argument("--close", action="store_true", help="close the book at the end, not just leave")
    told = parser.parse_args()
    settings = sqlite_schema.SETTINGS
    sqlite_schema.SETTINGS = tuple(
        s.replace("synchronous = FULL", f"synchronous = {told.synchronous}") for s in settings
    )
    if told.checkpoint_after:  # tills that never rest, but checkpoints all the same
        sqlite_store.CHECKPOINT_AFTER = sqlite_store.CHECKPOINT_AT_LATEST = told.checkpoint_after
    if told.ballast:
        told.free.write_bytes(bytes(told.ballast))
    try:
        tills = Tills(SqliteLedger(told.book), told)
    except SettlementError as refusal:
        print(json.dumps({"settled": 0, "refused": {refusal.code: 1}, "opened": False}))
        return
    threads = [threading.Thread(target=tills.run, args=(till,)) for till in range(told.clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    print(json.dumps(figures(tills)), flush=True)
    if told.close:
        tills.ledger.close()
    os._exit(0)  # as a service does that must not touch its disk again


if __name__ == "__main__":
    main()
