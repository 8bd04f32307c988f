"""The SQLite file: its tables, the triggers that make them append-only, and how a connection to it is opened.

A file says what it is (``application_id``), which form it has (``user_version``) and how it is hashed (table
``book``). The triggers stop a slip, not an intruder: whoever drops them is found by the hash chain.
"""

from __future__ import annotations

import secrets
import sqlite3
from pathlib import Path
from typing import NamedTuple

from settlement.ledger import chain, refusals

APPLICATION_ID = 0x5345544C  # "SETL"
FORM_KNOWN = 1
BUSY_MS = 5_000  # how long to wait for another process that holds the pen

# The writer makes its own checkpoints, hence none automatically.
SETTINGS = (
    "journal_mode = WAL",
    "synchronous = FULL",
    "wal_autocheckpoint = 0",
    "foreign_keys = ON",
)

TABLES = {
    "book": "algorithm TEXT NOT NULL, book_id BLOB NOT NULL",
    "messages": """
        seq INTEGER PRIMARY KEY, fixmedins_code TEXT NOT NULL, msgid TEXT NOT NULL, infno TEXT NOT NULL,
        psn_no TEXT NOT NULL, received_at TEXT NOT NULL, body_digest BLOB NOT NULL, body BLOB NOT NULL,
        UNIQUE (fixmedins_code, msgid)""",
    "settlements": """
        seq INTEGER PRIMARY KEY REFERENCES messages, setl_id TEXT NOT NULL UNIQUE, answer BLOB NOT NULL,
        prev_hash BLOB NOT NULL, hash BLOB NOT NULL""",
    # One row a person and entry, whole: the current state is the highest version, every earlier one stays readable.
    "person_versions": """
        psn_no TEXT NOT NULL, version INTEGER NOT NULL, seq INTEGER NOT NULL UNIQUE REFERENCES settlements,
        acct_balc_fen INTEGER, counters TEXT NOT NULL, PRIMARY KEY (psn_no, version)""",
    "postings": """
        seq INTEGER NOT NULL REFERENCES settlements, line INTEGER NOT NULL, account TEXT NOT NULL,
        fund_pay_type TEXT NOT NULL, amount_fen INTEGER NOT NULL, PRIMARY KEY (seq, line)""",
}

# INSERT OR REPLACE removes the old row without firing a DELETE trigger, so an insert onto a taken key is stopped too.
TAKEN = {
    "book": "EXISTS (SELECT 1 FROM book)",
    "messages": "new.seq IS NOT (SELECT coalesce(max(seq), 0) + 1 FROM messages) OR EXISTS "
    "(SELECT 1 FROM messages WHERE fixmedins_code = new.fixmedins_code AND msgid = new.msgid)",
    "settlements": "EXISTS (SELECT 1 FROM settlements WHERE seq = new.seq OR setl_id = new.setl_id)",
    "person_versions": "EXISTS (SELECT 1 FROM person_versions WHERE seq = new.seq OR "
    "(psn_no = new.psn_no AND version = new.version))",
    "postings": "EXISTS (SELECT 1 FROM postings WHERE seq = new.seq AND line = new.line)",
}


class Identity(NamedTuple):
    """What a book is hashed with, and the random id its chain begins from."""

    algorithm: str
    book_id: bytes


def trigger_names() -> set[str]:
    """Return the names of the triggers every book has."""
    return {f"{table}_{verb}" for table in TABLES for verb in ("update", "delete", "insert")}


def statements() -> list[str]:
    """Return the statements that make an empty book."""
    strict = " STRICT" if sqlite3.sqlite_version_info >= (3, 37) else ""
    made = [f"CREATE TABLE {table} ({columns}){strict}" for table, columns in TABLES.items()]
    for table, taken in TAKEN.items():
        refuse = f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
        for verb in ("update", "delete"):
            made.append(f"CREATE TRIGGER {table}_{verb} BEFORE {verb.upper()} ON {table} {refuse}")
        made.append(f"CREATE TRIGGER {table}_insert BEFORE INSERT ON {table} WHEN {taken} {refuse}")
    return [*made, f"PRAGMA application_id = {APPLICATION_ID}", f"PRAGMA user_version = {FORM_KNOWN}"]


def open_writer(path: Path) -> tuple[sqlite3.Connection, Identity]:
    """Open a book for writing, made if it is not there: WAL, every commit on the disk before it returns.

    Raises NotAvailable L06 (newer form), L13 (digest), L03 (cannot be opened or made); BadInput L07.
    """
    try:
        con = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=BUSY_MS / 1000)
    except sqlite3.Error as error:
        raise refusals.not_written(f"{path} cannot be opened ({error})") from error
    try:
        _check_form(con, path)  # before anything is set: a newer or foreign file is left as it was found
        for setting in SETTINGS:
            con.execute(f"PRAGMA {setting}").fetchall()
        con.execute("BEGIN IMMEDIATE")
        if not _check_form(con, path):  # again, with the pen in hand: another process may just have made it
            for statement in statements():
                con.execute(statement)
            con.execute("INSERT INTO book VALUES (?, ?)", (chain.pick_algorithm(), secrets.token_bytes(16)))
        con.execute("COMMIT")
        return con, _identity(con, path)
    except sqlite3.DatabaseError as error:
        con.close()
        if isinstance(error, sqlite3.OperationalError):
            raise refusals.not_written(f"{path} cannot be opened ({error})") from error
        raise refusals.not_a_book(str(path), str(error)) from error
    except BaseException:
        con.close()
        raise


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
    return con


def _check_form(con: sqlite3.Connection, path: Path) -> bool:
    """Return whether the file is a book of a known form; False for an empty file."""
    form: int = con.execute("PRAGMA user_version").fetchone()[0]
    mark: int = con.execute("PRAGMA application_id").fetchone()[0]
    if mark == APPLICATION_ID:
        if form > FORM_KNOWN:
            raise refusals.newer(form, FORM_KNOWN)
        return True
    if mark or form or con.execute("SELECT 1 FROM sqlite_master").fetchone():
        raise refusals.not_a_book(str(path), "the file is a database of another program")
    return False


def _identity(con: sqlite3.Connection, path: Path) -> Identity:
    row = con.execute("SELECT algorithm, book_id FROM book").fetchone()
    if row is None:
        raise refusals.not_a_book(str(path), "the table book is empty")
    return Identity(chain.require_algorithm(row[0]), row[1])
