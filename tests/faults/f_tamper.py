"""F16: somebody with all rights on the store changes one byte of the book."""

from __future__ import annotations

import random
import shutil
import sqlite3
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from settlement.ledger import audit
from settlement.ledger.sealed import Sealer
from settlement.ledger.sqlite_store import SqliteReading
from settlement.ledger.store import Reading
from settlement.ledger.stored_ledger import StoredLedger
from settlement.vault import open_vault
from tests.faults import town
from tests.faults.registry import Experiment, Figures
from tests.faults.town import Till
from tests.faults.trace import ROOT
from tests.ledger.postgres_server import SUPERUSER, Cluster, programs, running_cluster

TABLES = ("entries", "facts", "postings", "settlements")
BY_COMMAND = 3  # changes that are left in a copy and looked for with `settlement book audit`
PERSONS = [f"2204000000000000000{n}" for n in (1, 2, 4)]


def fill(till: Till, courses: int, rng: random.Random) -> None:
    """Let persons buy, see a doctor, be treated in hospital and get money back."""
    for n in range(courses):
        who = rng.choice(PERSONS)
        bought = till.send("2102", till.purchase(who, "69.80", [town.DRUG_A, town.DRUG_B]), place=town.SHOP)
        if n % 3 == 0:
            till.send("2103", till.cancel_of(bought["output"]["setlinfo"]), place=town.SHOP)
        mdtrt_id = till.visit(who, [town.DRUG_A])
        till.send("2207", till.asked(who, mdtrt_id, "37.00", "1"))
        if n % 5 == 0:
            stay = till.stay(who, town.STAY_LINES, days=1)
            till.send("2304", till.of_stay(who, stay, "1867.00"))


# ---- F16 ----


class Row(NamedTuple):
    """Where a change is made; ``key`` finds the row again."""

    table: str
    key: Any
    seq: int


class Intruder(Protocol):
    """Somebody with all rights on a store, past its guards; what is done ends with ``undone``."""

    def rows(self) -> list[Row]:
        """Return all rows."""

    def undone(self) -> Any:
        """Lend a transaction that is rolled back."""

    def columns(self, row: Row) -> dict[str, Any]:
        """Return the contents of a row, without its seq."""

    def change(self, row: Row, column: str, content: Any) -> bool:
        """Put a content into a row and leave the guards as they were; False where the store will not have it."""

    def view(self) -> Reading:
        """Return the book as the intruder left it."""


class OfFile:
    """An intruder with a SQLite file."""

    def __init__(self, con: sqlite3.Connection) -> None:
        self.con = con
        con.text_factory = lambda raw: raw.decode("utf-8", "surrogateescape")

    def rows(self) -> list[Row]:
        return [Row(table, *row) for table in TABLES for row in self.con.execute(f"SELECT rowid, seq FROM {table}")]

    @contextmanager
    def undone(self) -> Iterator[None]:
        self.con.execute("BEGIN")
        yield
        self.con.execute("ROLLBACK")

    def columns(self, row: Row) -> dict[str, Any]:
        found = self.con.execute(f"SELECT * FROM {row.table} WHERE rowid = ?", (row.key,))
        names = [column[0] for column in found.description]
        return {name: value for name, value in zip(names, found.fetchone(), strict=True) if name != "seq"}

    def change(self, row: Row, column: str, content: Any) -> bool:
        query = "SELECT name, sql FROM sqlite_master WHERE type = 'trigger' AND tbl_name = ?"
        triggers = self.con.execute(query, (row.table,)).fetchall()
        for name, _ in triggers:
            self.con.execute(f"DROP TRIGGER {name}")
        raw = isinstance(content, str)
        value = content.encode("utf-8", "surrogateescape") if raw else content
        into = "CAST(? AS TEXT)" if raw else "?"
        try:
            self.con.execute(f"UPDATE {row.table} SET {column} = {into} WHERE rowid = ?", (value, row.key))
        except sqlite3.IntegrityError:
            return False
        for _, sql in triggers:
            self.con.execute(sql)
        return True

    def view(self) -> Reading:
        return SqliteReading(self.con)


class OfDatabase:
    """An intruder with a superuser's rights on a PostgreSQL database."""

    def __init__(self, con: Any) -> None:
        self.con = con
        con.execute("SET search_path = settlement_ledger")

    def rows(self) -> list[Row]:
        return [Row(table, *row) for table in TABLES for row in self.con.execute(f"SELECT ctid, seq FROM {table}")]

    @contextmanager
    def undone(self) -> Iterator[None]:
        self.con.execute("BEGIN")
        yield
        self.con.execute("ROLLBACK")

    def columns(self, row: Row) -> dict[str, Any]:
        found = self.con.execute(f"SELECT * FROM {row.table} WHERE ctid = %s", [row.key])
        names = [column.name for column in found.description]
        return {name: value for name, value in zip(names, found.fetchone(), strict=True) if name != "seq"}

    def change(self, row: Row, column: str, content: Any) -> bool:
        from psycopg import IntegrityError

        names = self.con.execute(
            "SELECT tgname FROM pg_trigger WHERE tgrelid = %s::regclass AND NOT tgisinternal", [row.table]
        ).fetchall()
        self.con.execute(f"ALTER TABLE {row.table} DISABLE TRIGGER USER")
        try:
            self.con.execute(f"UPDATE {row.table} SET {column} = %s WHERE ctid = %s", [content, row.key])
        except IntegrityError:
            return False
        for (name,) in names:
            self.con.execute(f"ALTER TABLE {row.table} ENABLE ALWAYS TRIGGER {name}")
        return True

    def view(self) -> Reading:
        from settlement.ledger.postgresql_store import PostgresReading

        return PostgresReading(self.con)


def f16_one_byte(rows: int, courses: int, seed: int = 16) -> Figures:
    """Change one byte of one random row of a file behind the guards' back, and audit."""
    rng = random.Random(seed)
    with town.scratch() as folder:
        till = town.open_shop(folder)
        fill(till, courses, rng)
        ledger = till.house.ledger
        with closing(sqlite3.connect(folder / "book.sqlite", isolation_level=None)) as con:
            con.execute("PRAGMA foreign_keys = OFF")
            figures = _changed(OfFile(con), ledger, rows, rng)
        entries = ledger.head()[0]
        ledger.close()
        told = sum(_command_finds_it(folder, rng) for _ in range(BY_COMMAND))
    assert told == BY_COMMAND, f"`settlement book audit` found {told} of {BY_COMMAND}"
    return figures | {"entries": entries, "found_by_the_command": f"{told}/{BY_COMMAND}", "seed": seed}


def f16_one_byte_postgresql(rows: int, courses: int, seed: int = 116) -> Figures:
    """The same as a superuser of the database."""
    if programs() is None:
        return {"skipped": "no PostgreSQL here"}
    rng = random.Random(seed)
    with running_cluster() as cluster, town.scratch() as folder, _book_in(cluster, folder, courses, rng) as made:
        database, ledger = made
        import psycopg

        with psycopg.connect(cluster.dsn(database, SUPERUSER), autocommit=True) as con:
            figures = _changed(OfDatabase(con), ledger, rows, rng)
        return figures | {"entries": ledger.head()[0], "seed": seed}


@contextmanager
def _book_in(cluster: Cluster, folder: Path, courses: int, rng: random.Random) -> Iterator[tuple[str, StoredLedger]]:
    """Lend a filled book in a new database."""
    from settlement.ledger.postgresql import PostgresLedger

    database = cluster.new_database()
    with PostgresLedger(cluster.dsn(database), open_vault(folder / "keys", create=True)) as ledger:
        till = town.open_shop(folder)
        till.house.ledger.close()
        till.house = till.house._replace(ledger=ledger)
        fill(till, courses, rng)
        yield database, ledger


def _changed(intruder: OfFile | OfDatabase, ledger: StoredLedger, rows: int, rng: random.Random) -> Figures:
    """Change a byte so often; each must be found at its entry and nowhere else, with the keys or without."""
    all_rows = intruder.rows()
    sealer = Sealer(ledger.vault, ledger.identity.algorithm)
    counts: Counter[str] = Counter()
    while sum(counts[table] for table in TABLES) < rows:
        row = rng.choice(all_rows)
        contents = {name: value for name, value in intruder.columns(row).items() if value not in ("", b"", None)}
        column = rng.choice(sorted(contents))
        with intruder.undone():
            if not intruder.change(row, column, one_byte_changed(contents[column], rng)):
                counts["refused_by_the_store"] += 1  # a key that is taken
                continue
            named = list(audit.faults(intruder.view(), ledger.identity, sealer if rng.random() < 0.5 else None))
        if {fault.seq for fault in named} == {row.seq}:
            counts["passed"] += 1
        else:
            print(f"{row} {column}: {named}", file=sys.stderr)
        counts[row.table] += 1
    assert not ledger.verify(), "a change was left behind"
    figures: Figures = {"count": rows, "passed": counts["passed"]} | {name: counts[name] for name in TABLES}
    return figures | {"refused_by_the_store": counts["refused_by_the_store"]}


def one_byte_changed(content: Any, rng: random.Random) -> Any:
    """Return a content in which one byte is another one; of a text an ASCII letter for an ASCII letter."""
    if isinstance(content, int):
        return content ^ (rng.randint(1, 127) << (8 * rng.randint(0, 2)))
    raw = bytearray(content.encode("utf-8") if isinstance(content, str) else content)
    at = rng.randrange(len(raw))
    if isinstance(content, str):
        at = rng.choice([at for at, byte in enumerate(raw) if byte < 128])
        raw[at] = rng.choice([byte for byte in b"0123456789abcXYZ" if byte != raw[at]])
        return raw.decode("utf-8")
    raw[at] ^= rng.randint(1, 255)
    return bytes(raw)


def _command_finds_it(folder: Path, rng: random.Random) -> bool:
    """Leave a change in a copy of the file and look for it as an administrator does."""
    copy = folder / "copy.sqlite"
    shutil.copyfile(folder / "book.sqlite", copy)
    with closing(sqlite3.connect(copy, isolation_level=None)) as con:
        con.execute("PRAGMA foreign_keys = OFF")
        intruder = OfFile(con)
        row = rng.choice([row for row in intruder.rows() if row.table == "entries"])
        intruder.change(row, "answer", one_byte_changed(intruder.columns(row)["answer"], rng))
    done = command("audit", copy, "--keys", folder / "book.sqlite.keys")
    copy.unlink()
    return done.returncode == 1 and done.stdout.startswith(f"entry {row.seq}\t")


def command(name: str, *words: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "settlement.cli", "book", name, *map(str, words)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)


EXPERIMENTS = [
    Experiment(
        "F16", "one byte of the book changed", f16_one_byte, {"rows": 60, "courses": 6}, {"rows": 1000, "courses": 20},
        how="one byte of one random column of a random row is changed behind the triggers' back and the triggers put back; "
        "audited with the keys and without",
        proves="Each change is named at its entry and at no other.",
        proves_not="Pages that cannot be read at all: SQLite then says so of the file as a whole.",
    ),
    Experiment(
        "F16b", "one byte of the book changed, PostgreSQL", f16_one_byte_postgresql,
        {"rows": 20, "courses": 3}, {"rows": 300, "courses": 10},
        how="the same by a superuser of the database, who switches the triggers off and on again",
        proves="The same.",
        proves_not="Damage below SQL; page checksums are the server's.",
    ),
]  # fmt: skip
