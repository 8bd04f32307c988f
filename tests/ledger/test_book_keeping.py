"""Looking after a book: anchors, copies, older forms, and the commands that do it."""

import json
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
from form1_book import write_form1
from ledger_till import KEY, message, pay, settle

from settlement.book_cli import book_app
from settlement.errors import BadInput, NotAvailable
from settlement.ledger import Fault, SqliteLedger
from settlement.ledger.anchor import Anchor, anchor_faults, make_anchor, read_anchor, write_anchor
from settlement.ledger.copying import backup, restore
from settlement.ledger.form1 import migrate
from settlement.ledger.opening import open_store
from settlement.ledger.sqlite import keys_beside
from settlement.vault import open_vault

NOW = "2024-05-31 23:59:00"


def fill(ledger: SqliteLedger, count: int = 6) -> None:
    for i in range(count):
        settle(ledger, f"m{i}", psn_no=f"p{i % 2}")


def faults_by(ledger: SqliteLedger, anchor: Anchor) -> list[Fault]:
    with ledger.reading() as view:
        return anchor_faults(view, anchor, ledger.identity.book_id, ledger.vault.public_key)


def without_triggers(path: Path):
    con = sqlite3.connect(path, isolation_level=None)
    for (name,) in con.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
        con.execute(f"DROP TRIGGER {name}")
    return closing(con)


def test_an_anchor_holds_for_the_book_as_it_grows(ledger, tmp_path):
    write_anchor(make_anchor(ledger, NOW), tmp_path / "empty.json")
    fill(ledger)
    write_anchor(make_anchor(ledger, NOW), tmp_path / "six.json")
    settle(ledger, "later")
    for name in ("empty.json", "six.json"):
        assert faults_by(ledger, read_anchor(tmp_path / name)) == []
    with pytest.raises(BadInput, match="L22_ANCHOR_EXISTS"):
        write_anchor(make_anchor(ledger, NOW), tmp_path / "six.json")


def test_a_tail_that_was_cut_off_is_found_by_the_anchor_only(ledger, path):
    fill(ledger)
    anchor = make_anchor(ledger, NOW)
    schema = sqlite3.connect(path).execute("SELECT sql FROM sqlite_master WHERE type = 'trigger'").fetchall()
    with without_triggers(path) as con:
        for table in ("postings", "facts", "settlements", "entries"):
            con.execute(f"DELETE FROM {table} WHERE seq > 4")
        for (sql,) in schema:
            con.execute(sql)
    assert ledger.verify() == []  # what is left is whole
    assert faults_by(ledger, anchor) == [Fault(6, "entries", f"was there at {NOW} and is gone: the end was cut off")]


def test_a_book_that_was_written_anew_is_found_by_the_anchor(ledger, path, tmp_path):
    """Whoever has disk and sealing keys writes another history into the same book; the anchor was elsewhere."""
    fill(ledger)
    anchor = make_anchor(ledger, NOW)
    forged = open_store(str(tmp_path / "forged.db"), ledger.identity)
    forged.close()
    with SqliteLedger(tmp_path / "forged.db", ledger.vault) as other:
        for i in range(6):
            settle(other, f"m{i}", 99, psn_no=f"p{i % 2}")
        assert other.verify() == []
        assert [fault.seq for fault in faults_by(other, anchor)] == [6]


@pytest.mark.parametrize("change", [{"seq": 5}, {"hash": "00" * 32}, {"made_at": "2024-06-01 00:00:00"}])
def test_an_anchor_that_was_changed_is_none(ledger, change):
    fill(ledger)
    [fault] = faults_by(ledger, make_anchor(ledger, NOW)._replace(**change))
    assert fault.table == "anchor"


def test_an_anchor_by_other_keys_or_of_another_book_is_told(ledger, tmp_path):
    fill(ledger)
    with SqliteLedger(tmp_path / "other.db") as other:
        assert [fault.table for fault in faults_by(ledger, make_anchor(other, NOW))] == ["anchor"]
    with SqliteLedger(tmp_path / "third.db", ledger.vault) as third:
        [fault] = faults_by(ledger, make_anchor(third, NOW))
    assert "another book" in fault.what
    (tmp_path / "no.json").write_text('{"form": "settlement-anchor/1", "seq": 1}')
    with pytest.raises(BadInput, match="L20"):
        read_anchor(tmp_path / "no.json")


def test_a_backup_of_a_book_in_use_is_a_book(ledger, path, tmp_path):
    fill(ledger, 1200)  # more than two pages
    copy = tmp_path / "copy.db"
    seen: list[tuple[int, int]] = []
    assert backup(ledger, copy, lambda done, total: seen.append((done, total))) == 1200
    assert seen[-1] == (1200, 1200) and len(seen) > 2
    settle(ledger, "after")
    assert [name.name for name in tmp_path.glob("copy*")] == ["copy.db"]  # one file, nothing to be copied with it
    with SqliteLedger(copy, ledger.vault) as again:
        assert again.verify() == []
        assert [entry.hash for entry in again.settlements()] == [entry.hash for entry in ledger.settlements(upto=1200)]
        assert settle(again, "m3", psn_no="p1").first is False
    with pytest.raises(BadInput, match="L18"):
        backup(ledger, copy)


def test_a_damaged_book_is_not_called_a_backup(ledger, path, tmp_path):
    fill(ledger)
    with without_triggers(path) as con:
        con.execute("UPDATE postings SET amount_fen = -amount_fen WHERE seq = 3")
    with pytest.raises(NotAvailable, match="L19"):
        backup(ledger, tmp_path / "copy.db")
    assert not (tmp_path / "copy.db").exists()


def test_a_backup_is_put_back_once_and_only_whole(ledger, tmp_path):
    fill(ledger)
    backup(ledger, tmp_path / "copy.db")
    with SqliteLedger(tmp_path / "copy.db", ledger.vault) as copy:
        target = open_store(str(tmp_path / "new.db"), copy.identity)
        assert restore(copy, target) == 6
        with pytest.raises(BadInput, match="L18"):
            restore(copy, target)
        target.close()
    with SqliteLedger(tmp_path / "new.db", ledger.vault) as again:
        assert again.person("p1").counters == {KEY: 300}
        assert again.head() == ledger.head() and again.verify() == []


def test_a_book_of_form_1_is_written_anew(tmp_path):
    old = tmp_path / "old.db"
    write_form1(old)
    before = old.read_bytes()
    with pytest.raises(NotAvailable, match="L17_BOOK_OLDER"):
        SqliteLedger(old)
    with SqliteLedger(tmp_path / "new.db") as new:
        assert migrate(old, new, NOW) == 3
        assert new.find("H", "m1").answer == b"m1 0->100"
        assert new.person("p1").counters == {KEY: 150} and new.person("p1").acct_balc_fen == 500
        *_, last = new.settlements()
        assert json.loads(last.message.body)["entries"] == 3
        assert new.verify() == []
        with pytest.raises(BadInput, match="L07"):
            migrate(old, new, NOW)
    assert old.read_bytes() == before


def test_a_book_of_form_1_that_was_changed_is_not_taken_over(tmp_path):
    write_form1(tmp_path / "old.db")
    with closing(sqlite3.connect(tmp_path / "old.db")) as con:
        con.execute("UPDATE settlements SET answer = 'x' WHERE seq = 2")
        con.commit()
    with SqliteLedger(tmp_path / "new.db") as new:
        with pytest.raises(BadInput, match=r"L07.*entry 2"):
            migrate(tmp_path / "old.db", new, NOW)
        assert new.head()[0] == 0


def run(*words: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "settlement.cli", "book", *map(str, words)], capture_output=True, text=True, check=False
    )


def test_the_commands(tmp_path):
    book, copy = tmp_path / "book.db", tmp_path / "copy.db"
    with SqliteLedger(book) as ledger:
        fill(ledger)
    keys = keys_beside(book)
    assert run("anchor", book, tmp_path).returncode == 0
    [anchor] = tmp_path.glob("anchor-*.json")
    told = run("audit", book, anchor)
    assert told.returncode == 0 and "6 entries" in told.stdout and "anchored up to entry 6" in told.stdout
    assert "6 entries" in run("backup", book, copy).stdout
    assert run("restore", copy, tmp_path / "new.db", "--keys", keys).returncode == 0
    with without_triggers(book) as con:
        con.execute("UPDATE postings SET fund_pay_type = 'x' WHERE seq = 2 AND line = 0")
    told = run("audit", book)
    assert told.returncode == 1 and "entry 2\tentries" in told.stdout
    assert run("audit", tmp_path / "new.db", "--keys", keys).returncode == 0
    no_keys = run("audit", tmp_path / "new.db")
    assert no_keys.returncode == 2 and "V01" in no_keys.stderr
    ahead = message("ahead")._replace(received_at="2999-01-01 00:00:00")
    with SqliteLedger(tmp_path / "new.db", open_vault(keys)) as ledger:
        ledger.settle(ahead, pay("ahead"))
    assert "the clock is accepted" in run("accept-clock", tmp_path / "new.db", "--keys", keys).stdout
    assert run("keys", tmp_path / "new.keys").returncode == 0
    assert (tmp_path / "new.keys").stat().st_mode & 0o777 == 0o600
    again = run("keys", tmp_path / "new.keys")
    assert again.returncode == 2 and "L18" in again.stderr
    write_form1(tmp_path / "old.db")
    assert "3 entries" in run("migrate", tmp_path / "old.db", tmp_path / "young.db").stdout
    assert book_app.name[0] == "book"
