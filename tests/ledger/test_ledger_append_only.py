"""Nothing is edited or deleted: the file refuses it, and where it was forced, the audit names the row."""

import random
import sqlite3
from contextlib import closing

import pytest
from ledger_till import message, pay, settle

from settlement.errors import BadInput, NotAvailable
from settlement.ledger import (
    Booking,
    FactKey,
    Fault,
    Posting,
    Settlement,
    SqliteLedger,
    audit,
    checks,
    desk,
    sqlite_schema,
)
from settlement.ledger.sqlite_store import SqliteReading

ENTRY_TABLES = ("entries", "facts", "postings", "settlements")


def fill(ledger: SqliteLedger, entries: int = 5) -> None:
    ledger.seed_person("p0", 9_000)
    for i in range(1, entries):
        person = f"p{i % 3}"
        row = Settlement(f"Sm{i}", "v", "H", "2024-05-01", "310", "11", "220400", "11", "", 100, 100, 0, 0, 0)

        def compute(desk, i=i, person=person, row=row):
            made = pay(f"m{i}", psn_no=person)(desk)
            return made._replace(facts={FactKey("visit", person): b"{}"}, settlement=row)

        ledger.settle(message(f"m{i}", person), compute)


def found(con, ledger: SqliteLedger) -> list[Fault]:
    """The faults of a book as this connection sees it, opened with the keys as well."""
    con.text_factory = lambda raw: raw.decode("utf-8", "surrogateescape")
    return list(audit.faults(SqliteReading(con), ledger.identity, ledger._sealer))


def columns(con: sqlite3.Connection, table: str) -> list[str]:
    return [row[1] for row in con.execute(f"PRAGMA table_info({table})")]


def altered(value):
    """The value with one bit of its last byte turned; a whole number with one bit turned."""
    if value is None or isinstance(value, int):
        return (value or 0) ^ 64
    raw = value.encode() if isinstance(value, str) else value
    raw = raw[:-1] + bytes([raw[-1] ^ 64]) if raw else b"\x01"
    return raw.decode() if isinstance(value, str) else raw


def tamper(con: sqlite3.Connection, table: str, column: str, seq: int) -> None:
    """Change one row, the last of its entry, behind the triggers' back and put the triggers back."""
    query = "SELECT name, sql FROM sqlite_master WHERE type = 'trigger' AND tbl_name = ?"
    triggers = con.execute(query, (table,)).fetchall()
    for name, _ in triggers:
        con.execute(f"DROP TRIGGER {name}")
    rowid, value = con.execute(f"SELECT max(rowid), {column} FROM {table} WHERE seq = ?", (seq,)).fetchone()
    con.execute(f"UPDATE {table} SET {column} = ? WHERE rowid = ?", (altered(value), rowid))
    for _, sql in triggers:
        con.execute(sql)


@pytest.mark.parametrize("table", [*ENTRY_TABLES, "book"])
def test_the_file_refuses_every_edit(ledger, path, table):
    fill(ledger)
    with closing(sqlite3.connect(path)) as con:
        column = columns(con, table)[-1]
        taken = con.execute(f"SELECT * FROM {table} LIMIT 1").fetchone()
        marks = ", ".join("?" * len(taken))
        for statement, values in (
            (f"UPDATE {table} SET {column} = {column}", ()),
            (f"DELETE FROM {table}", ()),
            (f"INSERT OR REPLACE INTO {table} VALUES ({marks})", taken),
        ):
            with pytest.raises(sqlite3.IntegrityError, match="append-only"):
                con.execute(statement, values)
    assert ledger.verify() == []


def test_a_message_cannot_be_replaced_under_a_new_seq(ledger, path):
    fill(ledger)
    with closing(sqlite3.connect(path)) as con, pytest.raises(sqlite3.IntegrityError, match="append-only"):
        others = ", ".join(columns(con, "entries")[1:])
        con.execute(f"INSERT OR REPLACE INTO entries SELECT 6, {others} FROM entries WHERE seq = 2")


def test_every_column_is_under_the_hash(ledger, path):
    """One changed byte in any column of any table, committed and the triggers restored: found at entry 3."""
    fill(ledger)
    with closing(sqlite3.connect(path, isolation_level=None)) as con:
        for table in ENTRY_TABLES:
            for column in columns(con, table):
                con.execute("BEGIN")
                tamper(con, table, column, seq=3)
                named = found(con, ledger)
                con.execute("ROLLBACK")
                assert named, (table, column)
                assert named[0].seq == 3, (table, column, named)
                if column != "seq":
                    assert {fault.seq for fault in named} == {3}, (table, column, named)
    assert ledger.verify() == []


def test_a_change_on_the_disk_is_found_by_verify(ledger, path):
    fill(ledger)
    with closing(sqlite3.connect(path, isolation_level=None)) as con:
        tamper(con, "entries", "answer", seq=4)
    assert ledger.verify() == [Fault(4, "entries", "the entry is not the one that was hashed")]


def test_random_changes_and_losses_are_found_at_their_row(ledger, path):
    rng = random.Random(16)
    fill(ledger, 40)
    with closing(sqlite3.connect(path, isolation_level=None)) as con:
        for _ in range(60):
            table, seq = rng.choice(ENTRY_TABLES), rng.randint(2, 40)
            con.execute("BEGIN")
            if rng.random() < 0.3:
                con.execute(f"DROP TRIGGER {table}_delete")
                con.execute(f"DELETE FROM {table} WHERE rowid = (SELECT min(rowid) FROM {table} WHERE seq = ?)", (seq,))
            else:
                column = rng.choice([name for name in columns(con, table) if name != "seq"])
                tamper(con, table, column, seq)
            named = {fault.seq for fault in found(con, ledger)} - {None}
            con.execute("ROLLBACK")
            assert named == {seq}, (table, seq)


def test_a_removed_trigger_and_a_foreign_chain_are_named(ledger, path):
    fill(ledger)
    with closing(sqlite3.connect(path)) as con:
        con.execute("DROP TRIGGER postings_delete")
    gone = "the trigger postings_delete is gone; rows could have been changed"
    assert ledger.verify() == [Fault(None, "postings", gone)]
    with closing(sqlite_schema.open_reader(path)) as con:
        other = ledger.identity._replace(book_id=b"another book")
        faults = list(audit.faults(SqliteReading(con), other))
    assert Fault(1, "entries", "does not follow the entry before it") in faults


def test_an_entry_that_is_gone_from_every_table_leaves_a_gap(ledger, path):
    fill(ledger)
    with closing(sqlite3.connect(path, isolation_level=None)) as con:
        con.execute("BEGIN")
        for table in ENTRY_TABLES:
            con.execute(f"DROP TRIGGER {table}_delete")
            con.execute(f"DELETE FROM {table} WHERE seq = 3")
        named = [fault for fault in found(con, ledger) if fault.seq is not None]
        con.execute("ROLLBACK")
    assert named[0] == Fault(3, "entries", "nothing is there up to entry 3")


def test_a_row_planted_from_outside_stops_one_entry_only_and_is_named(ledger, path):
    """A posting lies where entry 2 is to be written: that entry is refused whole, no part of it remains."""
    settle(ledger, "m1")
    with closing(sqlite3.connect(path, isolation_level=None)) as con:
        con.execute("PRAGMA foreign_keys = OFF")
        con.execute("INSERT INTO postings VALUES (2, 0, 'a', '', 0)")
        with pytest.raises(NotAvailable, match=r"L03_NOT_WRITTEN\] .*append-only"):
            settle(ledger, "m2")
        highest = [con.execute(f"SELECT max(seq) FROM {table}").fetchone()[0] for table in ENTRY_TABLES]
        assert highest == [1, 1, 2, None]
    assert {fault.seq for fault in ledger.verify()} == {2}


def test_damaged_counters_stop_their_person_only(ledger, path):
    fill(ledger)
    with closing(sqlite3.connect(path, isolation_level=None)) as con:
        tamper(con, "facts", "content", seq=5)  # the visit: what was sealed does not open
        con.execute("DROP TRIGGER facts_update")
        con.execute("UPDATE facts SET content = zeroblob(60) WHERE seq = 5 AND kind = 'person'")
    with pytest.raises(NotAvailable, match="V02"):
        settle(ledger, "m9", psn_no="p1")
    assert settle(ledger, "m10", psn_no="p2").first
    assert {fault.seq for fault in ledger.verify()} == {None, 5}


def test_a_book_that_was_written_wrong_is_not_saved_by_its_hashes(ledger, monkeypatch):
    """Money out of nowhere and a lost version, both hashed as if they were right."""
    settle(ledger, "m1")
    with monkeypatch.context() as patch:
        patch.setattr(checks, "check_booking", lambda booking, message: None)
        ledger.settle(message("m2"), lambda desk: Booking(b"", "S2", {}, None, (Posting("a", "", 5),)))
    with monkeypatch.context() as patch:
        next_fact = desk.GroupDesk._next

        def skipping(self, key, content):
            self._facts[key] = self._facts[key]._replace(version=7)
            return next_fact(self, key, content)

        patch.setattr(desk.GroupDesk, "_next", skipping)
        settle(ledger, "m3")
    assert ledger.verify() == [
        Fault(2, "postings", "add up to 5 fen instead of 0"),
        Fault(3, "facts", "a person is version 8, 2 was due"),
    ]


def test_a_torn_file_is_a_fault_not_a_crash(ledger, path):
    fill(ledger, 300)
    ledger.close()
    size = path.stat().st_size
    with path.open("r+b") as file:
        file.seek(size // 2)
        file.write(b"\xff" * 8192)
    with SqliteLedger(path) as damaged:
        assert damaged.verify()


def test_a_newer_form_is_refused_and_left_alone(ledger, path):
    fill(ledger)
    ledger.close()
    with closing(sqlite3.connect(path)) as con:
        con.execute(f"PRAGMA user_version = {sqlite_schema.FORM_KNOWN + 1}")
    before = path.read_bytes()
    with pytest.raises(NotAvailable, match="L06_BOOK_NEWER") as refusal:
        SqliteLedger(path)
    assert "newer release" in refusal.value.cure
    assert path.read_bytes() == before


def test_a_file_that_is_not_a_book_is_refused_and_left_alone(path):
    with closing(sqlite3.connect(path)) as con:
        con.execute("CREATE TABLE other (a)")
    before = path.read_bytes()
    with pytest.raises(BadInput, match="L07_NOT_A_BOOK"):
        SqliteLedger(path)
    assert path.read_bytes() == before
    path.write_text("not a database at all, only a text that somebody put here" * 20)
    with pytest.raises(BadInput, match="L07_NOT_A_BOOK"):
        SqliteLedger(path)


def test_a_folder_that_is_not_there(tmp_path):
    with pytest.raises(NotAvailable, match="L03"):
        SqliteLedger(tmp_path / "nowhere" / "book.db")
