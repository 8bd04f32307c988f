"""An invented till: messages of institution H, one counter, a fund that pays until a cap is met."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager

from settlement.ledger import Booking, Compute, CounterKey, Desk, Entry, Message, Posting, SqliteLedger, Stored

KEY = CounterKey("990100", "year", "2024-01-01", "employee_pool")


def message(msgid: str, psn_no: str = "p1", body: bytes = b"{}") -> Message:
    return Message("H", msgid, "2207", body, psn_no, "2024-05-01 10:00:00")


def pay(msgid: str, cost_fen: int = 100, cap_fen: int = 10**9, psn_no: str = "p1") -> Compute:
    """The fund pays the cost up to what the cap leaves; the answer quotes the counter, so a second run would differ."""

    def compute(desk: Desk) -> Booking:
        used = desk.person(psn_no).counters.get(KEY, 0)
        fund = min(cost_fen, cap_fen - used)
        postings = (Posting("fund:990100", "310100", -fund), Posting("hospital:H", "", fund))
        return Booking(f"{msgid} {used}->{used + fund}".encode(), f"S{msgid}", {KEY: used + fund}, None, postings)

    return compute


def settle(ledger: SqliteLedger, msgid: str, cost_fen: int = 100, psn_no: str = "p1", body: bytes = b"{}") -> Stored:
    return ledger.settle(message(msgid, psn_no, body), pay(msgid, cost_fen, psn_no=psn_no))


def serial_oracle(entries: list[Entry], cost_of: Callable[[Entry], int], cap_fen: int = 10**9) -> dict[str, int]:
    """Settle the entries again one after the other and compare each answer; return the counters at the end."""
    used: dict[str, int] = {}
    for entry in entries:
        person = entry.message.psn_no
        before = used.get(person, 0)
        used[person] = before + min(cost_of(entry), cap_fen - before)
        assert entry.answer == f"{entry.message.msgid} {before}->{used[person]}".encode()
        assert entry.state.counters == {KEY: used[person]}
    return used


@contextmanager
def held_pen(ledger: SqliteLedger, callers: int) -> Iterator[Callable[[Callable[[], Stored]], Future[Stored]]]:
    """Keep the writer busy while callers queue up behind it; on leaving, all of them fall into one group."""
    go, inside = threading.Event(), threading.Event()

    def waiting(desk: Desk) -> Booking:
        inside.set()
        assert go.wait(10)
        return pay("held", psn_no="holder")(desk)

    with ThreadPoolExecutor(callers + 1) as pool:
        pool.submit(ledger.settle, message("held", "holder"), waiting)
        assert inside.wait(10)
        queue = ledger._writer._jobs

        def call(what: Callable[[], Stored]) -> Future[Stored]:
            before, end = queue.qsize(), time.monotonic() + 10
            future = pool.submit(what)
            while queue.qsize() == before and not future.done() and time.monotonic() < end:
                time.sleep(0.001)
            return future

        try:
            yield call
        finally:
            go.set()
