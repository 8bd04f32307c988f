"""Facts, work done together, the clock, and what of all this can be read on the disk without keys."""

import sqlite3
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import pytest
from ledger_till import KEY, held_pen, message, pay, settle

from settlement.errors import NotAvailable
from settlement.ledger import Booking, Fact, FactKey, Message, Settlement, SqliteLedger, Totals, Wanted, Work
from settlement.ledger.sqlite import keys_beside
from settlement.vault import open_vault

VISIT = FactKey("visit", "v1")


def note(text: bytes):
    """Work that adds a text to the visit."""
    return lambda desk: Booking(b"ok", facts={VISIT: (desk.fact(*VISIT) or b"") + text})


def test_a_fact_has_versions_and_the_last_is_what_the_book_says(ledger, open_book):
    assert ledger.fact(*VISIT) is None and ledger.history(*VISIT) == []
    ledger.settle(message("m1"), note(b"a"))
    ledger.settle(message("m2"), note(b"b"))
    assert ledger.fact(*VISIT) == Fact(2, b"ab")
    ledger.close()
    with open_book() as again:
        assert again.history(*VISIT) == [Fact(1, b"a"), Fact(2, b"ab")]
        assert again.verify() == []


def test_a_message_of_a_group_sees_what_the_one_before_it_said(ledger):
    with held_pen(ledger, 9) as call:
        for i in range(9):
            call(lambda i=i: ledger.settle(message(f"m{i}"), Work(alone=note(b"x"), reads=(VISIT,))))
    assert ledger.commits == 2
    assert ledger.fact(*VISIT) == Fact(9, b"x" * 9)


def test_a_message_about_nobody_changes_nobody(ledger):
    stored = ledger.settle(message("m1", psn_no=""), note(b"a"))
    [entry] = ledger.settlements()
    assert stored.seq == entry.seq and entry.state.version == 0 and entry.message.psn_no == ""
    with pytest.raises(Exception, match="L10"):
        ledger.settle(message("m2", psn_no=""), pay("m2", psn_no="p1"))


def together(desk, waiting):
    """A group's work: pays each, fails who asks for it; notes in the answer how many stood together."""
    made = []
    for sent, item in waiting:
        booking = pay(sent.msgid, item or 0, psn_no=sent.psn_no)(desk)
        made.append(KeyError("no rule") if item is None else booking._replace(answer=b"%d" % len(waiting)))
    return made


def test_work_done_together_is_of_different_persons_and_in_order(ledger):
    with held_pen(ledger, 12) as call:
        calls = [
            call(lambda i=i: ledger.settle(message(f"m{i}", f"p{i % 4}"), Work(together=together, item=100 + i)))
            for i in range(8)
        ]
        failing = call(lambda: ledger.settle(message("bad", "p8"), Work(together=together)))
        alone = call(lambda: settle(ledger, "alone", 7, "p9"))
    assert [future.result().answer for future in calls] == [b"4"] * 4 + [b"5"] * 4
    with pytest.raises(KeyError):
        failing.result()
    assert alone.result().answer == b"alone 0->7"
    assert [ledger.person(f"p{i}").counters[KEY] for i in range(4)] == [204 + 2 * i for i in range(4)]
    assert ledger.commits == 2 and ledger.verify() == []


def test_what_fails_all_together_is_tried_one_by_one(ledger):
    def fragile(desk, waiting):
        if any(item == "bad" for _, item in waiting):
            raise ValueError("one of them")
        return [pay(sent.msgid, psn_no=sent.psn_no)(desk) for sent, _ in waiting]

    with held_pen(ledger, 5) as call:
        items = ["good", "bad", "good"]
        calls = [
            call(lambda i=i, item=item: ledger.settle(message(f"m{i}", f"p{i}"), Work(together=fragile, item=item)))
            for i, item in enumerate(items)
        ]
    assert calls[0].result().first and calls[2].result().first
    with pytest.raises(ValueError, match="one of them"):
        calls[1].result()


def test_a_submitted_message_is_told_once(ledger):
    told: list = []
    with ThreadPoolExecutor(1):
        ledger.submit(message("m1"), pay("m1"), told.append)
        ledger.submit(message("m1"), pay("m1"), told.append)
        ledger.close()
    assert [outcome.first for outcome in told] == [True, False]
    with pytest.raises(NotAvailable, match="L11"):
        ledger.submit(message("m2"), pay("m2"), told.append)


def at(ledger: SqliteLedger, msgid: str, moment: str):
    return ledger.settle(message(msgid)._replace(received_at=moment), pay(msgid))


@pytest.mark.parametrize(
    "before, after, taken",
    [
        ("2024-05-01 10:00:05", "2024-05-01 10:00:00", True),  # a correction of seconds
        ("2024-05-01 10:00:06", "2024-05-01 10:00:00", False),
        ("2024-10-27 02:30:00", "2024-10-27 01:30:00", False),  # an hour back
        ("2023-12-31 23:59:59", "2024-01-01 00:00:00", True),
        ("2024-02-28 23:59:59", "2024-02-29 00:00:00", True),
        ("2024-02-29 12:00:00", "2025-02-28 12:00:00", True),  # a year ahead
        ("2025-02-28 12:00:00", "2024-02-29 12:00:00", False),
    ],
)
def test_a_clock_that_goes_back_is_refused(ledger, open_book, before, after, taken):
    at(ledger, "m1", before)
    ledger.close()
    with open_book() as again:
        if taken:
            assert at(again, "m2", after).seq == 2
            return
        with pytest.raises(NotAvailable, match="L15_CLOCK_WENT_BACK"):
            at(again, "m2", after)
        assert at(again, "m1", after).first is False  # what is on record is told at any time
        again.accept_clock(after)
        assert at(again, "m2", after).seq == 3
        assert again.verify() == []


def test_a_clock_that_creeps_back_is_met_at_five_seconds_in_all(ledger):
    for second in (30, 27, 25):  # each is within five seconds of the latest time so far
        at(ledger, f"m{second}", f"2024-05-01 10:00:{second}")
    with pytest.raises(NotAvailable, match="L15_CLOCK_WENT_BACK"):
        at(ledger, "m22", "2024-05-01 10:00:22")
    ledger.accept_clock("2024-05-01 10:00:22")
    assert at(ledger, "m22", "2024-05-01 10:00:22").seq == 5


def test_two_processes_do_not_pull_the_clock_back_in_turn(ledger, open_book):
    """Neither wrote the entry before its own, and each of them is within five seconds of that."""
    other = open_book()
    for book, second in ((ledger, 30), (other, 27), (ledger, 25)):
        at(book, f"m{second}", f"2024-05-01 10:00:{second}")
    for book in (ledger, other):
        with pytest.raises(NotAvailable, match="L15_CLOCK_WENT_BACK"):
            at(book, "m22", "2024-05-01 10:00:22")
    other.accept_clock("2024-05-01 10:00:22")
    assert at(ledger, "m22", "2024-05-01 10:00:22").seq == 5  # what one accepted holds for the other
    with pytest.raises(NotAvailable, match="L15_CLOCK_WENT_BACK"):
        at(other, "m16", "2024-05-01 10:00:16")


def test_a_restart_does_not_forget_the_latest_time(ledger, open_book, monkeypatch):
    """It is found behind entries without a time, page by page, and not in front of an accepted clock."""
    monkeypatch.setattr("settlement.ledger.sqlite_store.PAGE", 2)
    for minute, second in ((0, 0), (1, 30), (1, 27), (1, 26), (1, 25)):
        at(ledger, f"m{minute}{second}", f"2024-05-01 10:0{minute}:{second:02}")
    for number in range(3):
        at(ledger, f"n{number}", "")
    ledger.close()
    with open_book() as again:
        with pytest.raises(NotAvailable, match="L15_CLOCK_WENT_BACK"):
            at(again, "m22", "2024-05-01 10:01:22")
        again.accept_clock("2024-05-01 10:00:50")
    with open_book() as again:
        assert at(again, "m50", "2024-05-01 10:00:50").first
        with pytest.raises(NotAvailable, match="L15_CLOCK_WENT_BACK"):
            at(again, "m44", "2024-05-01 10:00:44")


ROW = Settlement("S1", "v1", "H", "2024-05-01", "310", "11", "220400", "11", "", 1000, 700, 200, 0, 100)


def book_row(ledger: SqliteLedger, row: Settlement) -> None:
    ledger.settle(message(row.setl_id, ""), lambda desk: Booking(b"", row.setl_id, settlement=row))


def test_totals_and_rows_are_those_that_were_asked_for(ledger):
    back = ROW._replace(
        setl_id="S3", reverses="S1", day="2024-06-01", medfee_fen=-1000, fund_fen=-700, acct_fen=-200, cash_fen=-100
    )
    for row in (ROW, ROW._replace(setl_id="S2", insutype="390", day="2024-05-31"), back):
        book_row(ledger, row)
    may = Wanted("H", "2024-05-01", "2024-05-31")
    assert ledger.totals(may, reversals=False) == Totals(2, 2000, 1400, 400, 0, 200)
    assert ledger.totals(may._replace(insutype="310"), reversals=False).setl_cnt == 1
    assert ledger.totals(may, reversals=True) == Totals(0, 0, 0, 0, 0, 0)
    assert ledger.totals(Wanted("H", "2024-06-01"), reversals=True) == Totals(1, -1000, -700, -200, 0, -100)
    assert ledger.totals(Wanted("H2"), reversals=False).setl_cnt == 0
    assert [row.setl_id for _, row in ledger.rows(Wanted(mdtrt_id="v1"))] == ["S1", "S2", "S3"]
    [(seq, _)] = ledger.rows(Wanted(), limit=1)
    assert [row.setl_id for _, row in ledger.rows(Wanted(), after=seq)] == ["S2", "S3"]
    assert ledger.rows(Wanted(setl_id="S3")) == [(3, back)]
    assert ledger.verify() == []


CANARIES = ("220400196802290012", "虚构甲CANARY", "A01.001x003", "22040000000000000001", "ZA01BAG9001010100000")


def test_whoever_takes_the_disk_without_the_keys_reads_no_person(ledger, path):
    """Every file of the book is searched while it is open and after it is closed: UTF-8, UTF-16, GB18030, hex."""
    said = " ".join(CANARIES).encode()
    sent = Message("H", "m1", "2207", said, CANARIES[0], "2024-05-01 10:00:00")
    ledger.settle(sent, lambda desk: Booking(said, "S1", {KEY: 1}, 5, facts={FactKey("visit", CANARIES[3]): said}))
    stages = [[file for file in path.parent.iterdir() if file != keys_beside(path)]]
    assert len(stages[0]) == 3  # the file, its WAL, its shared memory
    found = [file for file in stages[0] for canary in CANARIES if _lies_in(file.read_bytes(), canary)]
    ledger.close()
    found += [path for canary in CANARIES if _lies_in(path.read_bytes(), canary)]
    assert found == []
    with SqliteLedger(path) as again:  # with them it is all there
        [entry] = again.settlements()
        assert entry.message == sent and entry.answer == said


def _lies_in(raw: bytes, canary: str) -> bool:
    forms = [canary.encode(code) for code in ("utf-8", "utf-16-le", "gb18030")]
    return any(form in raw or form.hex().encode() in raw for form in forms)


def test_other_keys_are_told_at_once(ledger, path, tmp_path):
    settle(ledger, "m1")
    ledger.close()
    other = open_vault(tmp_path / "other.keys", create=True)
    with pytest.raises(NotAvailable, match="L16_OTHER_KEYS"):
        SqliteLedger(path, other)


def test_the_chain_is_checked_without_keys(ledger, path):
    from settlement.ledger import audit, sqlite_schema
    from settlement.ledger.sqlite_store import SqliteReading

    settle(ledger, "m1")
    with closing(sqlite_schema.open_reader(path)) as con:
        assert list(audit.faults(SqliteReading(con), ledger.identity)) == []
    with closing(sqlite3.connect(path)) as con:
        con.execute("DROP TRIGGER postings_update")
        con.execute("UPDATE postings SET account = 'x' WHERE line = 0")
        con.commit()
    with closing(sqlite_schema.open_reader(path)) as con:
        found = list(audit.faults(SqliteReading(con), ledger.identity))
    assert {fault.seq for fault in found} == {None, 1}
