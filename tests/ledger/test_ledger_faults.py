"""The process is killed, the disk is full, the disk fails: what was acknowledged is there, nothing is there twice."""

import random
import resource
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from ledger_till import held_pen, message, pay, serial_oracle, settle

from settlement.errors import NotAvailable
from settlement.ledger import SqliteLedger, sqlite_store, writer

STORES = ("sqlite",)  # what can happen to a file; test_postgresql has what can happen to a server
KILLS = 20
HERE = Path(__file__).parent
REPOSITORY = HERE.parent.parent
LARGE = random.Random(1).randbytes(100_000)  # a body of some 25 pages that nothing makes smaller


def killed_run(book: Path, acks: Path, begin: int, after_s: float) -> None:
    """Let a till process settle, kill it ``after_s`` seconds after its first new acknowledgement."""
    noted = acks.stat().st_size if acks.exists() else 0
    command = [sys.executable, str(HERE / "ledger_victim.py"), str(book), str(acks), str(begin)]
    with subprocess.Popen(command, env={"PYTHONPATH": f"{REPOSITORY}:{HERE}"}) as victim:
        try:
            end = time.monotonic() + 20
            while not acks.exists() or acks.stat().st_size == noted:
                assert victim.poll() is None and time.monotonic() < end, "the till process did not start settling"
                time.sleep(0.005)
            time.sleep(after_s)
        finally:
            victim.kill()
    assert victim.returncode == -9


def test_killed_under_load_nothing_acknowledged_is_lost_or_settled_twice(path, tmp_path):
    rng, acks, begin = random.Random(9), tmp_path / "acks", 0
    answers: dict[str, bytes] = {}
    for _ in range(KILLS):
        killed_run(path, acks, begin, rng.uniform(0, 0.12))
        for line in acks.read_bytes().splitlines():
            answer = line.replace(b"\t", b" ")
            msgid = line.split(b"\t")[0].decode()
            assert answers.setdefault(msgid, answer) == answer  # also across repeats and restarts
        with SqliteLedger(path) as ledger:
            assert ledger.verify() == []
            for msgid, answer in answers.items():
                stored = ledger.find("H", msgid)
                assert stored is not None and stored.answer == answer
        # the next till process sends the last ones again, acknowledged or not
        done = Counter(int(msgid[1]) for msgid in answers)
        begin = max(0, min(done[till] for till in range(4)) - 5)
    with SqliteLedger(path) as ledger:
        entries = list(ledger.settlements())
        assert max(Counter(entry.message.msgid for entry in entries).values()) == 1
        assert {entry.message.msgid for entry in entries} >= set(answers)
        used = serial_oracle(entries, lambda entry: 100 + int(entry.message.msgid[1]))
        assert {psn_no: list(ledger.person(psn_no).counters.values()) for psn_no in used} == {
            psn_no: [fen] for psn_no, fen in used.items()
        }
    assert len(answers) > KILLS


def test_every_commit_is_on_the_disk_before_its_answer(ledger):
    """WAL with synchronous FULL; with NORMAL a power cut would take the last acknowledged settlements."""
    con = ledger._writer._store._con
    asked = [con.execute(f"PRAGMA {name}").fetchone()[0] for name in ("journal_mode", "synchronous")]
    assert asked == ["wal", 2]


def limit_pages(ledger: SqliteLedger, spare: int) -> None:
    """Let the file grow by so many pages and no more: SQLite then reports a full disk."""
    con = ledger._writer._store._con
    pages = con.execute("PRAGMA page_count").fetchone()[0]
    con.execute(f"PRAGMA max_page_count = {pages + spare}").fetchall()


def test_a_full_disk_refuses_clearly_and_recovers(ledger):
    first = settle(ledger, "m1")
    limit_pages(ledger, spare=10)
    with pytest.raises(NotAvailable, match="L03_NOT_WRITTEN") as refusal:
        settle(ledger, "m2", body=LARGE)
    assert refusal.value.zh == "未记账，请重试"
    assert "full" in refusal.value.found
    assert ledger.find("H", "m2") is None
    assert settle(ledger, "m1") == first._replace(first=False)  # a repeat needs no room
    limit_pages(ledger, spare=1000)
    assert settle(ledger, "m2", body=LARGE).answer == b"m2 100->200"
    assert ledger.verify() == []


def test_a_full_disk_fails_the_whole_group(ledger):
    with held_pen(ledger, 3) as call:
        limit_pages(ledger, spare=10)  # what holds the pen fits in the pages that are there
        futures = [call(lambda i=i: settle(ledger, f"m{i}", body=LARGE if i == 1 else b"{}")) for i in range(3)]
    for future in futures:
        with pytest.raises(NotAvailable, match="L03"):
            future.result()
    assert ledger.person("p1").version == 0
    limit_pages(ledger, spare=1000)
    assert [settle(ledger, f"m{i}", body=LARGE if i == 1 else b"{}").seq for i in range(3)] == [2, 3, 4]
    assert ledger.verify() == []


@contextmanager
def file_size_limit(limit: int) -> Iterator[None]:
    """A write beyond the process's file size limit fails with EFBIG, which SQLite reports as an I/O error."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_after_a_disk_fault_the_book_writes_no_more_until_it_is_opened_again(path):
    ledger = SqliteLedger(path)
    first = settle(ledger, "m1")
    wal = path.with_name(path.name + "-wal")
    with file_size_limit(wal.stat().st_size + 8192), pytest.raises(NotAvailable, match="L04_OUTCOME_UNKNOWN"):
        settle(ledger, "m2", body=LARGE)
    with pytest.raises(NotAvailable, match="L05_BOOK_STOPPED"):
        settle(ledger, "m3")
    assert settle(ledger, "m1") == first._replace(first=False)  # what is on record is still told
    ledger.close()
    with SqliteLedger(path) as reopened:
        assert [entry.message.msgid for entry in reopened.settlements()] == ["m1"]
        assert settle(reopened, "m2", body=LARGE).answer == b"m2 100->200"
        assert reopened.verify() == []


def test_a_failed_checkpoint_loses_nothing_and_stops_the_book(path, monkeypatch):
    """The answer stands in the WAL; moving it into the file fails, and no second try may hide that."""
    with SqliteLedger(path) as large:
        for i in range(3):
            settle(large, f"m{i}", body=LARGE)
    monkeypatch.setattr(sqlite_store, "CHECKPOINT_AT_LATEST", 1)
    ledger = SqliteLedger(path)
    with file_size_limit(path.stat().st_size // 2):
        assert settle(ledger, "m3", body=LARGE).first  # which grows the file
        with pytest.raises(NotAvailable, match=r"L05_BOOK_STOPPED\] .*checkpoint"):
            settle(ledger, "m4")
        ledger.close()
    with SqliteLedger(path) as reopened:
        assert not settle(reopened, "m3", body=LARGE).first and settle(reopened, "m4").first
        assert reopened.verify() == []


def test_the_wal_is_moved_into_the_file_when_nobody_waits(ledger, path):
    for i in range(sqlite_store.CHECKPOINT_AFTER):
        settle(ledger, f"m{i}")
    time.sleep(3 * writer.IDLE_S)
    wal = path.with_name(path.name + "-wal")
    size = wal.stat().st_size
    for i in range(20):
        settle(ledger, f"later{i}")
    assert wal.stat().st_size == size  # written from its beginning again


def test_a_locked_book_refuses_in_bounded_time(ledger, path):
    ledger._writer._store._con.execute("PRAGMA busy_timeout = 50").fetchall()
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(NotAvailable, match="L03"):
        settle(ledger, "m1")
    other.close()
    assert settle(ledger, "m1").seq == 1


def test_what_is_kept_is_what_was_sent(ledger, path):
    """Every byte value, an empty body and a large one come back as they were, also after a restart."""
    sent = [bytes(range(256)), b"", LARGE]
    for i, body in enumerate(sent):
        ledger.settle(message(f"m{i}", body=body), pay(f"m{i}"))
    ledger.close()
    with SqliteLedger(path) as reopened:
        assert [entry.message.body for entry in reopened.settlements()] == sent
