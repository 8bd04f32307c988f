"""The SQL of a book in PostgreSQL, each statement once. Many rows travel as arrays, one statement a table.

What a group needs is asked for in three questions and written in one go, the commit with it: over a network it is the
round trips that cost.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import Any

from settlement.errors import NotAvailable
from settlement.ledger import postgresql_schema as schema
from settlement.ledger import refusals
from settlement.ledger.book import Fault, Posting, Settlement, Totals, Wanted
from settlement.ledger.postgresql_schema import Connection, psycopg
from settlement.ledger.store import EntryRow, FactRow, Head, Identity, Known, Name, Raw, Tag, Whole

PAGE = 500  # entries read at a time

_ENTRY = ", ".join(EntryRow._fields)
_SETTLEMENT = ", ".join(Settlement._fields)
_TABLES = ("entries", "facts", "postings", "settlements")

_HEAD = "SELECT seq, hash FROM entries ORDER BY seq DESC LIMIT 1"
_KNOWN = """
    SELECT fixmedins_code, msgid, seq, body_digest, setl_id, answer
    FROM unnest(%b::text[], %b::text[]) AS name (fixmedins_code, msgid) JOIN entries USING (fixmedins_code, msgid)"""
_FACTS = """
    SELECT latest.* FROM unnest(%b::text[], %b::bytea[]) AS asked (kind, tag) CROSS JOIN LATERAL (
        SELECT kind, tag, version, content FROM facts
        WHERE kind = asked.kind AND tag = asked.tag ORDER BY version DESC LIMIT 1) AS latest"""
# Any table may have lost or gained a row, so each is asked. The inner limits keep a page from sorting the whole book.
_SEQS = (
    " UNION ".join(
        f"(SELECT DISTINCT seq FROM {table} WHERE seq > %(after)s AND seq <= %(upto)s ORDER BY seq LIMIT {PAGE})"
        for table in _TABLES
    )
    + f" ORDER BY seq LIMIT {PAGE}"
)
_COLUMNS = {
    "entries": "int8 text text text bytea text bytea bytea text bytea bytea bytea",
    "facts": "int8 int4 text bytea int4 bytea",
    "postings": "int8 int4 text text int8",
    "settlements": "int8 " + "text " * 9 + "int8 " * 5,
}
# %b: arrays travel in binary; as text the driver would escape them byte by byte, at many times the price.
_INSERT = {
    table: f"INSERT INTO {table} SELECT * FROM unnest({', '.join(f'%b::{kind}[]' for kind in kinds.split())})"
    for table, kinds in _COLUMNS.items()
}


class PostgresReading:
    """A ``Reading`` of one connection; the caller holds a transaction on it."""

    def __init__(self, con: Connection) -> None:
        self._con = con

    def head(self) -> Head:
        """Return the last entry's place."""
        rows = self._ask(_HEAD)
        return Head(*rows[0]) if rows else Head(0, None)

    def times(self, after: int, upto: int) -> list[tuple[int, str, str]]:
        """Return seq, infno and time of a page of the timed entries, the newest first."""
        return self._ask(
            "SELECT seq, infno, received_at FROM entries WHERE seq > %s AND seq <= %s AND received_at <> ''"
            f" ORDER BY seq DESC LIMIT {PAGE}",
            after, upto,
        )  # fmt: skip

    def known(self, names: Sequence[Name]) -> dict[Name, Known]:
        """Return those of the messages that are on record."""
        if not names:
            return {}
        codes, msgids = zip(*names, strict=True)
        return {(row[0], row[1]): Known(*row[2:]) for row in self._ask(_KNOWN, [*codes], [*msgids])}

    def facts(self, tags: Sequence[Tag]) -> dict[Tag, FactRow]:
        """Return the latest version of those facts that the book has."""
        if not tags:
            return {}
        kinds, keys = zip(*tags, strict=True)
        return {(row[0], row[1]): FactRow(*row) for row in self._ask(_FACTS, [*kinds], [*keys])}

    def history(self, tag: Tag) -> list[FactRow]:
        """Return every version of a fact, oldest first."""
        rows = self._ask("SELECT version, content FROM facts WHERE kind = %s AND tag = %s ORDER BY version", *tag)
        return [FactRow(*tag, *row) for row in rows]

    def taken(self, setl_ids: Sequence[str]) -> set[str]:
        """Return those of the settlement ids that an entry has."""
        if not setl_ids:
            return set()
        rows = self._ask("SELECT setl_id FROM entries WHERE setl_id = ANY(%b::text[]) AND setl_id <> ''", [*setl_ids])
        return {row[0] for row in rows}

    def totals(self, wanted: Wanted, reversals: bool) -> Totals:
        """Return sums and count of settlements."""
        where, values = _where(wanted)
        sums = ", ".join(f"coalesce(sum({name}), 0)::int8" for name in Totals._fields[1:])
        which = "reverses <> ''" if reversals else "reverses = ''"
        return Totals(*self._ask(f"SELECT count(*), {sums} FROM settlements WHERE {which}{where}", *values)[0])

    def rows(self, wanted: Wanted, after: int, limit: int) -> list[tuple[int, Settlement]]:
        """Return settlements in the order of the book."""
        where, values = _where(wanted)
        rows = self._ask(
            f"SELECT seq, {_SETTLEMENT} FROM settlements WHERE seq > %s{where} ORDER BY seq LIMIT %s",
            after, *values, limit,
        )  # fmt: skip
        return [(row[0], Settlement(*row[1:])) for row in rows]

    def page(self, after: int, upto: int) -> list[Raw]:
        """Return a page of whatever the tables have."""
        seqs = self._con.execute(_SEQS, {"after": after, "upto": upto}).fetchall()
        if not seqs:
            return []
        reach = (after, seqs[-1][0])
        entries = {row[0]: EntryRow(*row) for row in self._part("entries", _ENTRY, reach)}
        settlements = {row[0]: Settlement(*row[1:]) for row in self._part("settlements", f"seq, {_SETTLEMENT}", reach)}
        facts: dict[int, list[tuple[int, FactRow]]] = {}
        for seq, line, *fact in self._part("facts", "seq, line, kind, tag, version, content", reach):
            facts.setdefault(seq, []).append((line, FactRow(*fact)))
        postings: dict[int, list[tuple[int, Posting]]] = {}
        for seq, line, *posting in self._part("postings", "seq, line, account, fund_pay_type, amount_fen", reach):
            postings.setdefault(seq, []).append((line, Posting(*posting)))
        return [
            Raw(
                seq,
                entries.get(seq),
                tuple(fact for _, fact in facts.get(seq, ())),
                tuple(line for line, _ in postings.get(seq, ())),
                tuple(posting for _, posting in postings.get(seq, ())),
                settlements.get(seq),
                tuple(line for line, _ in facts.get(seq, ())),
            )
            for (seq,) in seqs
        ]

    def last_seq(self) -> int:
        """Return the highest seq that any table mentions, 0 for none."""
        highest = ", ".join(f"(SELECT max(seq) FROM {table})" for table in _TABLES)
        last: int = self._ask(f"SELECT coalesce(greatest({highest}), 0)")[0][0]  # greatest passes over NULL
        return last

    def faults(self) -> Iterator[Fault]:
        """Yield pages that the server found damaged, and triggers that are gone."""
        failures = self._ask(
            "SELECT coalesce(sum(checksum_failures), 0)::int8 FROM pg_stat_database WHERE datname = current_database()"
        )[0][0]
        if failures:
            yield Fault(None, "database", f"the server met {failures} damaged pages")
        for table, name in schema.guards_gone(self._con):
            yield Fault(None, table, f"the trigger {name} is gone; rows could have been changed")

    def _part(self, table: str, columns: str, reach: tuple[int, int]) -> list[tuple[Any, ...]]:
        return self._ask(f"SELECT {columns} FROM {table} WHERE seq > %s AND seq <= %s ORDER BY 1, 2", *reach)

    def _ask(self, sql: str, *values: object) -> list[tuple[Any, ...]]:
        return self._con.execute(sql, values, binary=True).fetchall()


class PostgresStore(PostgresReading):
    """A ``Store`` in a database. Any number of processes and hosts may hold it; an advisory lock is the pen.

    A connection that broke is opened again for the next group. The server found there must be the one that was left:
    the same book, with every entry that this store has seen.
    """

    def __init__(self, dsn: str, keys: str, identity: Identity | None = None) -> None:
        """Open the book, made if the database is empty. Raises NotAvailable (L03, L06, L13, L17, L41), BadInput L07."""
        self._dsn = dsn
        try:
            super().__init__(schema.connect(dsn))
        except psycopg.Error as error:
            raise refusals.not_written(f"the database cannot be reached ({_told(error)})") from error
        try:
            self.where = schema.where_of(self._con)
            self.identity = schema.open_book(self._con, keys, identity)
        except psycopg.Error as error:
            self._con.close()
            raise refusals.not_written(f"{self.where}: the book cannot be opened ({_told(error)})") from error
        except BaseException:
            self._con.close()
            raise
        self._head: Head | None = None  # read when the transaction began
        self._seen = Head(0, None)  # the last entry that is known to be in the book
        self._entries: Sequence[Whole] = ()  # to be written with the commit
        self._asked = False  # COMMIT may have been sent

    def begin(self) -> None:
        """Begin a transaction, wait for the pen, read the head. An idle connection may have died: then once more."""
        self._entries, self._asked = (), False
        fresh = self._con.closed
        if fresh:
            self._reconnect()
        try:
            head = self._taken_up()
        except psycopg.OperationalError:
            if fresh or not self._con.closed:
                raise
            self._reconnect()
            head = self._taken_up()
        self._head = self._seen = head

    def head(self) -> Head:
        """Return the last entry's place, as it was when the transaction began."""
        return self._head or super().head()

    def append(self, entries: Sequence[Whole]) -> None:
        """Keep entries for the commit, with which they travel; that raises what refuses them."""
        self._entries = entries

    def commit(self) -> None:
        """Write what was appended and commit, in one round trip; the server's disk has it when this returns."""
        rows = _rows_of(self._entries)
        with self._con.pipeline():
            for table, statement in _INSERT.items():
                if rows[table]:
                    self._con.execute(statement, [[*column] for column in zip(*rows[table], strict=True)])
            self._asked = True
            done = self._con.execute("COMMIT", prepare=False)
        if done.statusmessage != "COMMIT":  # in a failed transaction it is answered by ROLLBACK, without an error
            self._asked = False
            raise RuntimeError(f"the server answered COMMIT with {done.statusmessage}")
        if self._entries:
            last = self._entries[-1].entry
            self._seen = Head(last.seq, last.hash)
        self._head = None

    def rollback(self) -> None:
        """Undo the transaction; where the connection does not even take that, drop it, and the server undoes it."""
        self._head = None
        try:
            self._con.execute("ROLLBACK")
        except Exception:
            self.close()

    def rest(self, written: int, idle: bool) -> None:
        """Do nothing: the server looks after its own log."""

    def refused(self, error: BaseException) -> bool:
        """Tell whether a trigger or a key refused an entry."""
        return isinstance(error, psycopg.IntegrityError)

    def broken(self, error: BaseException) -> bool:
        """Tell whether acknowledged entries are gone. A failed disk is the server's business: it stops by itself."""
        return isinstance(error, NotAvailable) and error.code == "L43_ENTRIES_LOST"

    def unknown(self, error: BaseException) -> bool:
        """Tell whether a failed commit may stand: unless the server itself said that it refused, and lived on."""
        if not self._asked:
            return False
        return not (isinstance(error, psycopg.Error) and error.diag.severity_nonlocalized == "ERROR")

    def close(self) -> None:
        """Close the connection."""
        with suppress(Exception):
            self._con.close()

    def _taken_up(self) -> Head:
        with self._con.pipeline():
            self._con.execute("BEGIN")
            # A statement of its own: the ones behind it see what the holder before has committed.
            self._con.execute("SELECT pg_advisory_xact_lock(%s)", [schema.PEN])
            asked = self._con.execute(_HEAD, binary=True)
        row = asked.fetchone()
        return Head(0, None) if row is None else Head(*row)

    def _reconnect(self) -> None:
        self._con = schema.connect(self._dsn)
        if schema.identity_of(self._con) != self.identity:
            self._con.close()
            raise refusals.entries_lost(self.where, "another book is there now")
        seq, hashed, *_ = self._seen
        if seq and self._ask("SELECT hash FROM entries WHERE seq = %s", seq) != [(hashed,)]:
            self._con.close()
            raise refusals.entries_lost(self.where, f"entry {seq} is not the one that was acknowledged")


def _told(error: psycopg.Error) -> str:
    """Return what the driver or the server said, on one line."""
    return " ".join(str(error).split())


def _rows_of(entries: Sequence[Whole]) -> dict[str, list[tuple[Any, ...]]]:
    """Return the rows of each table."""
    return {
        "entries": [whole.entry for whole in entries],
        "facts": [(whole.entry.seq, line, *fact) for whole in entries for line, fact in enumerate(whole.facts)],
        "postings": [(whole.entry.seq, line, *move) for whole in entries for line, move in enumerate(whole.postings)],
        "settlements": [(whole.entry.seq, *whole.settlement) for whole in entries if whole.settlement is not None],
    }


def _where(wanted: Wanted) -> tuple[str, list[str]]:
    """Return the conditions of a choice as SQL and its values."""
    tests = {
        "fixmedins_code = %s": wanted.fixmedins_code, "day >= %s": wanted.first, "day <= %s": wanted.last,
        "insutype = %s": wanted.insutype, "clr_type = %s": wanted.clr_type, "setl_optins = %s": wanted.setl_optins,
        "mdtrt_id = %s": wanted.mdtrt_id, "setl_id = %s": wanted.setl_id,
    }  # fmt: skip
    said = {test: value for test, value in tests.items() if value}
    return "".join(f" AND {test}" for test in said), list(said.values())
