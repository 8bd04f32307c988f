"""The SQL of a book in an SQLite file, each statement once."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from settlement.ledger import sqlite_schema
from settlement.ledger.book import Fault, Posting, Settlement, Totals, Wanted
from settlement.ledger.store import EntryRow, FactRow, Head, Identity, Known, Name, Raw, Tag, Whole

PAGE = 500  # entries read at a time, so that no reader holds an old snapshot for long and the WAL can be reset
# Entries written before the WAL is moved into the file: when nobody waits, and at the latest. Rarely is better: a page of
# an index that was written a hundred times is moved once. Who waits while it is moved waits some hundred milliseconds.
CHECKPOINT_AFTER, CHECKPOINT_AT_LATEST = 256, 8192
ASKED = 256  # pairs of one look-up. CROSS JOIN: SQLite then goes through them in turn, each by the index
_INTEGRITY_LINES = 20

# After these the file's state on the disk is not known (a failed fsync must not be tried again): write no more.
_DISK_FAULTS = {sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}

_ENTRY = ", ".join(EntryRow._fields)
_SETTLEMENT = ", ".join(Settlement._fields)
_TABLES = ("entries", "facts", "postings", "settlements")


def _is_disk_fault(error: BaseException) -> bool:
    kind: int = getattr(error, "sqlite_errorcode", 0) & 0xFF  # the bytes above it are detail
    return kind in _DISK_FAULTS


class SqliteReading:
    """A ``Reading`` of one connection; the caller holds a transaction on it."""

    def __init__(self, con: sqlite3.Connection) -> None:
        self._con = con

    def head(self) -> Head:
        """Return the last entry's place."""
        row = self._con.execute("SELECT seq, hash FROM entries ORDER BY seq DESC LIMIT 1").fetchone()
        return Head(0, None) if row is None else Head(*row)

    def times(self, after: int, upto: int) -> list[tuple[int, str, str]]:
        """Return seq, infno and time of a page of the timed entries, the newest first."""
        return self._con.execute(
            "SELECT seq, infno, received_at FROM entries WHERE seq > ? AND seq <= ? AND received_at <> ''"
            f" ORDER BY seq DESC LIMIT {PAGE}",
            (after, upto),
        ).fetchall()

    def known(self, names: Sequence[Name]) -> dict[Name, Known]:
        """Return those of the messages that are on record."""
        rows = self._asked(
            "SELECT fixmedins_code, msgid, seq, body_digest, setl_id, answer FROM asked CROSS JOIN entries"
            " ON fixmedins_code = asked.a AND msgid = asked.b",
            names,
        )
        return {(code, msgid): Known(*row) for code, msgid, *row in rows}

    def facts(self, tags: Sequence[Tag]) -> dict[Tag, FactRow]:
        """Return the latest version of those facts that the book has."""
        rows = self._asked(
            "SELECT kind, tag, version, content FROM asked CROSS JOIN facts ON facts.rowid ="
            " (SELECT rowid FROM facts WHERE kind = asked.a AND tag = asked.b ORDER BY version DESC LIMIT 1)",
            tags,
        )
        return {(row[0], row[1]): FactRow(*row) for row in rows}

    def history(self, tag: Tag) -> list[FactRow]:
        """Return every version of a fact, oldest first."""
        rows = self._con.execute("SELECT version, content FROM facts WHERE kind = ? AND tag = ? ORDER BY version", tag)
        return [FactRow(*tag, *row) for row in rows]

    def taken(self, setl_ids: Sequence[str]) -> set[str]:
        """Return those of the settlement ids that an entry has."""
        rows = self._asked(
            "SELECT setl_id FROM asked CROSS JOIN entries ON setl_id = asked.a AND setl_id <> ''",
            [(one, "") for one in setl_ids],
        )
        return {setl_id for (setl_id,) in rows}

    def _asked(self, select: str, pairs: Sequence[tuple[Any, Any]]) -> Iterator[tuple[Any, ...]]:
        """Yield the rows of a SELECT from the pairs as a table ``asked (a, b)``: one statement for many look-ups."""
        for at in range(0, len(pairs), ASKED):
            some = pairs[at : at + ASKED]
            values = ", ".join(["(?, ?)"] * len(some))
            flat = [value for pair in some for value in pair]
            yield from self._con.execute(f"WITH asked (a, b) AS (VALUES {values}) {select}", flat)

    def totals(self, wanted: Wanted, reversals: bool) -> Totals:
        """Return sums and count of settlements."""
        where, values = _where(wanted)
        sums = ", ".join(f"coalesce(sum({name}), 0)" for name in Totals._fields[1:])
        which = "reverses <> ''" if reversals else "reverses = ''"
        row = self._con.execute(f"SELECT count(*), {sums} FROM settlements WHERE {which}{where}", values).fetchone()
        return Totals(*row)

    def rows(self, wanted: Wanted, after: int, limit: int) -> list[tuple[int, Settlement]]:
        """Return settlements in the order of the book."""
        where, values = _where(wanted)
        rows = self._con.execute(
            f"SELECT seq, {_SETTLEMENT} FROM settlements WHERE seq > ?{where} ORDER BY seq LIMIT ?",
            [after, *values, limit],
        )
        return [(row[0], Settlement(*row[1:])) for row in rows]

    def page(self, after: int, upto: int) -> list[Raw]:
        """Return a page of whatever the tables have. Any of them may have lost or gained a row, so each is asked."""
        seqs = self._con.execute(
            " UNION ".join(f"SELECT seq FROM {table} WHERE seq > ?1 AND seq <= ?2" for table in _TABLES)
            + f" ORDER BY 1 LIMIT {PAGE}",
            (after, upto),
        ).fetchall()
        if not seqs:
            return []
        reach = (after, seqs[-1][0])
        entries = {row[0]: EntryRow(*row) for row in self._rows("entries", _ENTRY, reach, "seq")}
        settlements = {
            row[0]: Settlement(*row[1:]) for row in self._rows("settlements", f"seq, {_SETTLEMENT}", reach, "seq")
        }
        facts: dict[int, list[FactRow]] = {}
        for seq, *fact in self._rows("facts", "seq, kind, tag, version, content", reach, "seq, rowid"):
            facts.setdefault(seq, []).append(FactRow(*fact))
        postings: dict[int, list[tuple[int, Posting]]] = {}
        for seq, line, *posting in self._rows(
            "postings", "seq, line, account, fund_pay_type, amount_fen", reach, "seq, line"
        ):
            postings.setdefault(seq, []).append((line, Posting(*posting)))
        return [
            Raw(
                seq,
                entries.get(seq),
                tuple(facts.get(seq, ())),
                tuple(line for line, _ in postings.get(seq, ())),
                tuple(posting for _, posting in postings.get(seq, ())),
                settlements.get(seq),
            )
            for (seq,) in seqs
        ]

    def last_seq(self) -> int:
        """Return the highest seq that any table mentions, 0 for none."""
        highest = ", ".join(f"coalesce((SELECT max(seq) FROM {table}), 0)" for table in _TABLES)
        last: int = self._con.execute(f"SELECT max({highest})").fetchone()[0]
        return last

    def faults(self) -> Iterator[Fault]:
        """Yield damaged pages and triggers that are gone."""
        for (line,) in self._con.execute(f"PRAGMA integrity_check({_INTEGRITY_LINES})"):
            if line != "ok":
                yield Fault(None, "file", line)
        present = {name for (name,) in self._con.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'")}
        for name in sorted(sqlite_schema.trigger_names() - present):
            yield Fault(None, name.rpartition("_")[0], f"the trigger {name} is gone; rows could have been changed")

    def _rows(self, table: str, columns: str, reach: tuple[int, int], order: str) -> Iterator[tuple[Any, ...]]:
        return self._con.execute(
            f"SELECT {columns} FROM {table} WHERE seq > ? AND seq <= ? ORDER BY {order}", reach
        )  # fmt: skip


class SqliteStore(SqliteReading):
    """A ``Store`` in one file. Several processes may hold the same file; SQLite's lock is the pen."""

    def __init__(self, path: Path, keys: str, identity: Identity | None = None) -> None:
        con, self.identity = sqlite_schema.open_writer(path, keys, identity)
        super().__init__(con)
        self.where = str(path)
        self._unmoved = 0  # entries since the last checkpoint
        self._lost = False  # a transaction could not be undone
        self._failed = False  # the disk failed: nothing more is written, not even what would only tidy up

    def begin(self) -> None:
        """Begin a transaction that holds SQLite's write lock."""
        self._con.execute("BEGIN IMMEDIATE")

    def append(self, entries: Sequence[Whole]) -> None:
        """Write entries, table by table."""
        many = self._con.executemany
        many(f"INSERT INTO entries VALUES ({_marks(EntryRow)})", [whole.entry for whole in entries])
        many(
            "INSERT INTO facts VALUES (?, ?, ?, ?, ?)",
            [(whole.entry.seq, *fact) for whole in entries for fact in whole.facts],
        )
        many(
            "INSERT INTO postings VALUES (?, ?, ?, ?, ?)",
            [(whole.entry.seq, line, *p) for whole in entries for line, p in enumerate(whole.postings)],
        )
        many(
            f"INSERT INTO settlements VALUES (?, {_marks(Settlement)})",
            [(whole.entry.seq, *whole.settlement) for whole in entries if whole.settlement is not None],
        )

    def commit(self) -> None:
        """Commit; WAL and synchronous = FULL put it on the disk before this returns."""
        self._con.execute("COMMIT")

    def rollback(self) -> None:
        """Undo the transaction."""
        with suppress(sqlite3.Error):
            if self._con.in_transaction:
                self._con.execute("ROLLBACK")
        self._lost = self._con.in_transaction

    def rest(self, written: int, idle: bool) -> None:
        """Move the WAL into the file now and then. SQLite's own checkpoint hides a failed write; this one stops."""
        self._unmoved += written
        if self._unmoved < (CHECKPOINT_AFTER if idle else CHECKPOINT_AT_LATEST):
            return
        self._unmoved = 0
        try:
            self._con.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall()
        except sqlite3.Error as error:  # a full disk is no harm: the WAL holds all, and is moved another time
            if self.broken(error):
                raise RuntimeError(f"the checkpoint failed: {error!r}") from error

    def refused(self, error: BaseException) -> bool:
        """Tell whether a trigger or a key refused an entry."""
        return isinstance(error, sqlite3.IntegrityError)

    def broken(self, error: BaseException) -> bool:
        """Tell whether the disk failed, or a transaction could not be undone."""
        self._failed = self._failed or _is_disk_fault(error) or self._lost
        return self._failed

    def unknown(self, error: BaseException) -> bool:
        """Tell whether a failed commit may have reached the disk: where the disk failed in it."""
        return _is_disk_fault(error)

    def shut(self) -> None:
        """Put all of the book into its one file: no WAL is left that would have to be copied with it."""
        self._con.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        self._con.execute("PRAGMA journal_mode = DELETE").fetchall()

    def close(self) -> None:
        """Close the file; its WAL is moved into it first, unless the disk failed or another process has it open."""
        with suppress(sqlite3.Error):
            if not self._failed:
                self._con.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        self._con.close()


def _marks(row: type[tuple[Any, ...]]) -> str:
    return ", ".join("?" for _ in row._fields)  # type: ignore[attr-defined]


def _where(wanted: Wanted) -> tuple[str, list[str]]:
    """Return the conditions of a choice as SQL and its values."""
    tests = {
        "fixmedins_code = ?": wanted.fixmedins_code, "day >= ?": wanted.first, "day <= ?": wanted.last,
        "insutype = ?": wanted.insutype, "clr_type = ?": wanted.clr_type, "setl_optins = ?": wanted.setl_optins,
        "mdtrt_id = ?": wanted.mdtrt_id, "setl_id = ?": wanted.setl_id,
    }  # fmt: skip
    said = {test: value for test, value in tests.items() if value}
    return "".join(f" AND {test}" for test in said), list(said.values())
