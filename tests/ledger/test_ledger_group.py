"""Many tills at once: they stand in line, share a commit, and one's mistake is not another's."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from ledger_till import KEY, held_pen, message, pay, serial_oracle, settle

from settlement.errors import LedgerConflict, NotAvailable
from settlement.ledger import writer
from settlement.ledger.stored_ledger import _Waiting
from settlement.ledger.writer import GROUP


def test_settlements_that_wait_together_share_one_commit(ledger):
    with held_pen(ledger, 20) as call:
        futures = [call(lambda i=i: settle(ledger, f"m{i}", psn_no=f"p{i}")) for i in range(20)]
    assert [future.result().first for future in futures] == [True] * 20
    assert ledger.commits == 2  # the one that held the pen, and the twenty


def test_after_a_group_the_writer_waits_for_the_next_messages_of_its_tills(ledger, monkeypatch):
    monkeypatch.setattr(writer, "GATHER_S", 0.5)
    with held_pen(ledger, 8) as call:
        futures = [call(lambda i=i: settle(ledger, f"a{i}", psn_no=f"p{i}")) for i in range(8)]
    assert [future.result().first for future in futures] == [True] * 8
    with ThreadPoolExecutor(8) as pool:  # each sends its next message a little after the one before it
        later = [pool.submit(_settle_in, 0.01 * i, ledger, i) for i in range(8)]
    assert all(future.result().first for future in later)
    assert ledger.commits == 3  # the one that held the pen, and two groups of eight


def _settle_in(seconds: float, ledger, i: int):
    time.sleep(seconds)
    return settle(ledger, f"b{i}", psn_no=f"p{i}")


def test_a_till_that_is_alone_never_waits_for_others(ledger, monkeypatch):
    monkeypatch.setattr(writer, "GATHER_S", 5.0)
    begin = time.monotonic()
    for i in range(20):
        settle(ledger, f"m{i}")
    assert time.monotonic() - begin < 5.0 and ledger.commits == 20


def test_a_group_has_a_limit(ledger):
    with held_pen(ledger, GROUP + 1) as call:
        for i in range(GROUP + 1):
            call(lambda i=i: settle(ledger, f"m{i}"))
    assert ledger.commits == 3


def test_one_that_fails_does_not_touch_the_others_of_its_group(ledger):
    def bad(desk):
        raise KeyError("no rule")

    with held_pen(ledger, 5) as call:
        before = call(lambda: settle(ledger, "m1"))
        failing = call(lambda: ledger.settle(message("m2"), bad))
        taken = call(lambda: ledger.settle(message("m3"), pay("m1")))
        twice = call(lambda: settle(ledger, "m1"))
        after = call(lambda: settle(ledger, "m4"))
    assert ledger.commits == 2
    assert before.result().answer == b"m1 0->100" and after.result().answer == b"m4 100->200"
    assert twice.result() == before.result()._replace(first=False)
    with pytest.raises(KeyError):
        failing.result()
    with pytest.raises(LedgerConflict, match="L02"):
        taken.result()
    assert ledger.person("p1").counters == {KEY: 200}
    assert ledger.verify() == []


def test_eight_tills_and_one_person_give_the_serial_result(ledger):
    """800 claims of 7 yuan up to a cap of 4 000.03 yuan, one in ten sent twice: the cap is met to the fen."""
    cap_fen, each = 400_003, 100

    def till(name: int) -> None:
        for i in range(each):
            msgid = f"t{name}n{i}"
            first = ledger.settle(message(msgid), pay(msgid, 700, cap_fen))
            if i % 10 == 0:
                assert ledger.settle(message(msgid), pay(msgid, 700, cap_fen)) == first._replace(first=False)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(till, range(8)))
    entries = list(ledger.settlements())
    assert len(entries) == 8 * each
    assert serial_oracle(entries, lambda entry: 700, cap_fen) == {"p1": cap_fen}
    assert ledger.person("p1").counters == {KEY: cap_fen}
    assert ledger.person("p1").version == 8 * each
    assert ledger.verify() == []


def test_two_books_open_on_one_store_continue_one_chain(open_book):
    with open_book() as one, open_book() as two, ThreadPoolExecutor(2) as pool:
        books = {"a": one, "b": two}
        list(pool.map(lambda name: [settle(books[name], f"{name}{i}") for i in range(50)], books))
        assert serial_oracle(list(one.settlements()), lambda entry: 100) == {"p1": 10_000}
        assert two.verify() == []


def test_who_waits_too_long_is_told_what_became_of_it(open_book):
    """In the queue still: not written, and never will be. In the writer's hands already: not known."""
    ledger = open_book(deadline_s=0.1)
    go, inside = threading.Event(), threading.Event()

    def slow(desk):
        inside.set()
        assert go.wait(10)
        return pay("m1")(desk)

    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(ledger.settle, message("m1"), slow)
        assert inside.wait(10)
        with pytest.raises(NotAvailable, match="L04"):
            running.result()
        with pytest.raises(NotAvailable, match="L03"):
            settle(ledger, "m2")
        go.set()
    ledger.deadline_s = 10.0
    ledger.close()
    with open_book() as reopened:
        assert reopened.find("H", "m2") is None
        assert settle(reopened, "m1").answer == b"m1 0->100"  # by the same msgid: booked once


def test_an_overdue_answer_that_is_on_record_is_told(open_book, monkeypatch):
    """The deadline passes in the moment between commit and answer: the till is not left in doubt."""
    ledger = open_book(deadline_s=0.3)
    settled = threading.Event()
    told = _Waiting.__call__

    def late(waiting, outcome):
        assert settled.wait(10)
        told(waiting, outcome)

    monkeypatch.setattr(_Waiting, "__call__", late)
    assert settle(ledger, "m1").answer == b"m1 0->100"
    settled.set()
    ledger.deadline_s = 10.0
    ledger.close()


def test_close_finishes_what_was_handed_in(open_book):
    ledger = open_book()
    with held_pen(ledger, 11) as call:
        futures = [call(lambda i=i: settle(ledger, f"m{i}")) for i in range(10)]
        closing = threading.Thread(target=ledger.close)
        closing.start()
        while not ledger._writer._closed:
            time.sleep(0.001)
        with pytest.raises(NotAvailable, match="L11"):
            settle(ledger, "late")
    closing.join(10)
    assert all(future.result().first for future in futures)
    with open_book() as reopened:
        assert reopened.person("p1").version == 10
