"""The SQLite file: its tables, the triggers that make them append-only, and how a connection to it is opened.

A file says what it is (``application_id``), which form it has (``user_version``), how it is hashed and with which keys
it is sealed (table ``book``). The triggers stop a slip, not an intruder: whoever drops them is found by the hash chain.
"""

from __future__ import annotations

import secrets
import sqlite3
from contextlib import closing
from pathlib import Path

from settlement.durable import sync_folder
from settlement.ledger import chain, refusals
from settlement.ledger.store import Identity

APPLICATION_ID = 0x5345544C  # "SETL"
FORM_KNOWN = 2
BUSY_MS = 5_000  # how long to wait for another process that holds the pen

# The writer makes its own checkpoints, hence none automatically.
SETTINGS = (
    "page_size = 2048",  # of a new book: most pages that a settlement touches are of an index, for the sake of one row
    "journal_mode = WAL",
    "synchronous = FULL",
    "wal_autocheckpoint = 0",
    "foreign_keys = ON",
)

TABLES = {
    "book": "algorithm TEXT NOT NULL, book_id BLOB NOT NULL, keys TEXT NOT NULL",
    "entries": """
        seq INTEGER PRIMARY KEY, fixmedins_code TEXT NOT NULL, msgid TEXT NOT NULL, infno TEXT NOT NULL,
        psn_tag BLOB NOT NULL, received_at TEXT NOT NULL, body_digest BLOB NOT NULL, body BLOB NOT NULL,
        setl_id TEXT NOT NULL, answer BLOB NOT NULL, prev_hash BLOB NOT NULL, hash BLOB NOT NULL,
        UNIQUE (fixmedins_code, msgid)""",
    # The current state of a thing is the highest version of its fact; every earlier one stays readable.
    "facts": """
        seq INTEGER NOT NULL REFERENCES entries, kind TEXT NOT NULL, tag BLOB NOT NULL, version INTEGER NOT NULL,
        content BLOB NOT NULL, PRIMARY KEY (kind, tag, version)""",
    "postings": """
        seq INTEGER NOT NULL REFERENCES entries, line INTEGER NOT NULL, account TEXT NOT NULL,
        fund_pay_type TEXT NOT NULL, amount_fen INTEGER NOT NULL, PRIMARY KEY (seq, line)""",
    "settlements": """
        seq INTEGER PRIMARY KEY REFERENCES entries, setl_id TEXT NOT NULL UNIQUE, mdtrt_id TEXT NOT NULL,
        fixmedins_code TEXT NOT NULL, day TEXT NOT NULL, insutype TEXT NOT NULL, clr_type TEXT NOT NULL,
        setl_optins TEXT NOT NULL, med_type TEXT NOT NULL, reverses TEXT NOT NULL, medfee_fen INTEGER NOT NULL,
        fund_fen INTEGER NOT NULL, acct_fen INTEGER NOT NULL, mulaid_fen INTEGER NOT NULL, cash_fen INTEGER NOT NULL""",
}
INDEXES = (
    "CREATE UNIQUE INDEX entries_setl_id ON entries (setl_id) WHERE setl_id <> ''",
    "CREATE INDEX facts_seq ON facts (seq)",
    "CREATE INDEX settlements_day ON settlements (fixmedins_code, day)",
    "CREATE INDEX settlements_mdtrt ON settlements (mdtrt_id)",
)

# INSERT OR REPLACE removes the old row without firing a DELETE trigger, so an insert onto a taken key is stopped too.
TAKEN = {
    "book": "EXISTS (SELECT 1 FROM book)",
    "entries": "new.seq IS NOT (SELECT coalesce(max(seq), 0) + 1 FROM entries) OR EXISTS "
    "(SELECT 1 FROM entries WHERE fixmedins_code = new.fixmedins_code AND msgid = new.msgid) OR "
    "(new.setl_id <> '' AND EXISTS (SELECT 1 FROM entries WHERE setl_id = new.setl_id AND setl_id <> ''))",
    "facts": "EXISTS (SELECT 1 FROM facts WHERE kind = new.kind AND tag = new.tag AND version >= new.version)",
    "postings": "EXISTS (SELECT 1 FROM postings WHERE seq = new.seq AND line = new.line)",
    "settlements": "EXISTS (SELECT 1 FROM settlements WHERE seq = new.seq OR setl_id = new.setl_id)",
}


def trigger_names() -> set[str]:
    """Return the names of the triggers every book has."""
    return {f"{table}_{verb}" for table in TABLES for verb in ("update", "delete", "insert")}


def statements() -> list[str]:
    """Return the statements that make an empty book."""
    strict = " STRICT" if sqlite3.sqlite_version_info >= (3, 37) else ""
    made = [f"CREATE TABLE {table} ({columns}){strict}" for table, columns in TABLES.items()]
    made += INDEXES
    for table, taken in TAKEN.items():
        refuse = f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
        for verb in ("update", "delete"):
            made.append(f"CREATE TRIGGER {table}_{verb} BEFORE {verb.upper()} ON {table} {refuse}")
        made.append(f"CREATE TRIGGER {table}_insert BEFORE INSERT ON {table} WHEN {taken} {refuse}")
    return [*made, f"PRAGMA application_id = {APPLICATION_ID}", f"PRAGMA user_version = {FORM_KNOWN}"]


def open_writer(path: Path, keys: str, identity: Identity | None = None) -> tuple[sqlite3.Connection, Identity]:
    """Open a book for writing, made if it is not there: WAL, every commit on the disk before it returns.

    ``keys`` names the keys that a new book is sealed with; with ``identity`` a new book is a copy of that one.
    Raises NotAvailable L06 (newer form), L17 (older form), L13 (digest), L03 (cannot be opened or made); BadInput L07.
    """
    try:
        con = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=BUSY_MS / 1000)
    except sqlite3.Error as error:
        raise refusals.not_written(f"{path} cannot be opened ({error})") from error
    try:
        check_form(con, path)  # before anything is set: a newer or foreign file is left as it was found
        for setting in SETTINGS:
            con.execute(f"PRAGMA {setting}").fetchall()
        con.execute("BEGIN IMMEDIATE")
        if not check_form(con, path):  # again, with the pen in hand: another process may just have made it
            for statement in statements():
                con.execute(statement)
            new = identity or Identity(chain.pick_algorithm(), secrets.token_bytes(16), keys)
            con.execute("INSERT INTO book VALUES (?, ?, ?)", new)
        con.execute("COMMIT")
        _sync_names(path)
        return con, identity_of(con, path)
    except sqlite3.DatabaseError as error:
        con.close()
        if isinstance(error, sqlite3.OperationalError):
            raise refusals.not_written(f"{path} cannot be opened ({error})") from error
        raise refusals.not_a_book(str(path), str(error)) from error
    except BaseException:
        con.close()
        raise


def _sync_names(path: Path) -> None:
    """Put the names of the book and its WAL on the disk. SQLite does so too, and never looks whether that failed."""
    try:
        sync_folder(path.parent)
    except OSError as error:
        raise refusals.not_written(f"{path} cannot be opened ({error})") from error


def is_new(path: Path) -> bool:
    """Return whether there is no book yet; looks only. Raises what ``open_writer`` raises of a file that is no book."""
    if not path.parent.is_dir():
        raise refusals.not_written(f"{path} cannot be opened (there is no such folder)")
    if not path.exists():
        return True
    try:
        with closing(open_reader(path)) as con:
            return not check_form(con, path)
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode == sqlite3.SQLITE_READONLY_ROLLBACK:  # the power went while it was being made
            return True
        raise refusals.not_written(f"{path} cannot be opened ({error})") from error
    except sqlite3.DatabaseError as error:
        raise refusals.not_a_book(str(path), str(error)) from error


def open_reader(path: Path) -> sqlite3.Connection:
    """Open an existing book for reading only; may be handed from thread to thread."""
    con = sqlite3.connect(
        f"{path.absolute().as_uri()}?mode=ro",
        uri=True,
        isolation_level=None,
        check_same_thread=False,
        timeout=BUSY_MS / 1000,
    )
    con.execute("PRAGMA query_only = ON")
    # A damaged text must be read, not refused: it then fails to match its hash.
    con.text_factory = lambda raw: raw.decode("utf-8", "surrogateescape")
    return con


def check_form(con: sqlite3.Connection, path: Path) -> bool:
    """Return whether the file is a book of the known form; False for an empty file. Raises L06, L07, L17."""
    form: int = con.execute("PRAGMA user_version").fetchone()[0]
    mark: int = con.execute("PRAGMA application_id").fetchone()[0]
    if mark == APPLICATION_ID:
        if form > FORM_KNOWN:
            raise refusals.newer(form, FORM_KNOWN)
        if form < FORM_KNOWN:
            raise refusals.older(form, FORM_KNOWN)
        return True
    if mark or form or con.execute("SELECT 1 FROM sqlite_master").fetchone():
        raise refusals.not_a_book(str(path), "the file is a database of another program")
    return False


def identity_of(con: sqlite3.Connection, path: Path) -> Identity:
    """Return what the book says of itself."""
    row = con.execute("SELECT algorithm, book_id, keys FROM book").fetchone()
    if row is None:
        raise refusals.not_a_book(str(path), "the table book is empty")
    return Identity(chain.require_algorithm(row[0]), row[1], row[2])
