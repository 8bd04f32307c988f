"""The SQL of the book, each statement once: look a message up, read a person, append an entry, page through."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from typing import Any, NamedTuple

from settlement.ledger import chain, refusals
from settlement.ledger.book import Entry, Message, PersonState, Posting, Stored

Connection = sqlite3.Connection
PAGE = 500  # entries read at a time, so that no reader holds an old snapshot for long and the WAL can be reset


class MessageRow(NamedTuple):
    """A row of ``messages``."""

    message: Message
    body_digest: bytes


class SettlementRow(NamedTuple):
    """A row of ``settlements``."""

    setl_id: str
    answer: bytes
    prev_hash: bytes
    hash: bytes


class PersonRow(NamedTuple):
    """A row of ``person_versions``; counters as their canonical text."""

    psn_no: str
    version: int
    acct_balc_fen: int | None
    counters: str


class Raw(NamedTuple):
    """What lies in the tables under one seq. Parts may be missing: the audit reads damaged books too."""

    seq: int
    message: MessageRow | None
    settlement: SettlementRow | None
    person: PersonRow | None
    lines: tuple[int, ...]
    postings: tuple[Posting, ...]


def known_answer(con: Connection, message: Message, digest: bytes) -> Stored | None:
    """Return the answer on record for a message, None if it is new. Raises LedgerConflict L01."""
    row = con.execute(
        "SELECT seq, body_digest, setl_id, answer FROM messages JOIN settlements USING (seq) "
        "WHERE fixmedins_code = ? AND msgid = ?",
        (message.fixmedins_code, message.msgid),
    ).fetchone()
    if row is None:
        return None
    if row[1] != digest:
        raise refusals.msgid_reused(message.fixmedins_code, message.msgid)
    return Stored(row[0], row[2], row[3], first=False)


def answer_of(con: Connection, fixmedins_code: str, msgid: str) -> Stored | None:
    """Return the answer on record under a name, whatever the body was."""
    row = con.execute(
        "SELECT seq, setl_id, answer FROM messages JOIN settlements USING (seq) WHERE fixmedins_code = ? AND msgid = ?",
        (fixmedins_code, msgid),
    ).fetchone()
    return None if row is None else Stored(row[0], row[1], row[2], first=False)


def person(con: Connection, psn_no: str) -> PersonState:
    """Return the person's latest version. Raises LedgerConflict L14 where its counters were damaged."""
    row = con.execute(
        "SELECT version, counters, acct_balc_fen FROM person_versions WHERE psn_no = ? ORDER BY version DESC LIMIT 1",
        (psn_no,),
    ).fetchone()
    if row is None:
        return PersonState(psn_no, 0, {}, None)
    try:
        return PersonState(psn_no, row[0], chain.counters_of(row[1]), row[2])
    except (ValueError, TypeError) as error:
        raise refusals.person_damaged(psn_no) from error


def setl_id_taken(con: Connection, setl_id: str) -> bool:
    """Return whether an entry has this settlement id."""
    return con.execute("SELECT 1 FROM settlements WHERE setl_id = ?", (setl_id,)).fetchone() is not None


def head(con: Connection, genesis: bytes) -> tuple[int, bytes]:
    """Return seq and hash of the last entry; 0 and the genesis of an empty book."""
    row = con.execute("SELECT seq, hash FROM settlements ORDER BY seq DESC LIMIT 1").fetchone()
    return (0, genesis) if row is None else (row[0], row[1])


def append(con: Connection, entry: Entry, body_digest: bytes, counters: str) -> None:
    """Write one entry into its four tables. The caller holds the transaction."""
    message, state = entry.message, entry.state
    con.execute(
        "INSERT INTO messages VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        (
            entry.seq,
            message.fixmedins_code,
            message.msgid,
            message.infno,
            message.psn_no,
            message.received_at,
            body_digest,
            message.body,
        ),
    )
    con.execute(
        "INSERT INTO settlements VALUES (?, ?, ?, ?, ?)",
        (entry.seq, entry.setl_id, entry.answer, entry.prev_hash, entry.hash),
    )
    con.execute(
        "INSERT INTO person_versions VALUES (?, ?, ?, ?, ?)",
        (state.psn_no, state.version, entry.seq, state.acct_balc_fen, counters),
    )
    con.executemany(
        "INSERT INTO postings VALUES (?, ?, ?, ?, ?)",
        [(entry.seq, line, *posting) for line, posting in enumerate(entry.postings)],
    )


def last_seq(con: Connection) -> int:
    """Return the highest seq that any table mentions, 0 for none."""
    highest: int = con.execute(
        "SELECT max(coalesce((SELECT max(seq) FROM messages), 0), coalesce((SELECT max(seq) FROM settlements), 0), "
        "coalesce((SELECT max(seq) FROM person_versions), 0), coalesce((SELECT max(seq) FROM postings), 0))"
    ).fetchone()[0]
    return highest


# Any table may be the one that has lost or gained a row, so each is asked.
_SEQS = (
    " UNION ".join(
        f"SELECT seq FROM {table} WHERE seq > ?1 AND seq <= ?2"
        for table in ("messages", "settlements", "person_versions", "postings")
    )
    + f" ORDER BY 1 LIMIT {PAGE}"
)


def page(con: Connection, after: int, upto: int) -> list[Raw]:
    """Return up to PAGE seqs with after < seq <= upto, in order, each with whatever parts it has."""
    seqs = con.execute(_SEQS, (after, upto)).fetchall()
    if not seqs:
        return []
    reach = (after, seqs[-1][0])
    postings: dict[int, list[tuple[int, Posting]]] = {}
    for seq, line, *posting in _rows(con, "postings", "line, account, fund_pay_type, amount_fen", reach):
        postings.setdefault(seq, []).append((line, Posting(*posting)))
    messages = {
        row[0]: MessageRow(Message(*row[1:7]), row[7])
        for row in _rows(con, "messages", "fixmedins_code, msgid, infno, body, psn_no, received_at, body_digest", reach)
    }
    settlements = {
        row[0]: SettlementRow(*row[1:]) for row in _rows(con, "settlements", "setl_id, answer, prev_hash, hash", reach)
    }
    persons = {
        row[0]: PersonRow(*row[1:])
        for row in _rows(con, "person_versions", "psn_no, version, acct_balc_fen, counters", reach)
    }
    return [
        Raw(
            seq,
            messages.get(seq),
            settlements.get(seq),
            persons.get(seq),
            tuple(line for line, _ in postings.get(seq, ())),
            tuple(posting for _, posting in postings.get(seq, ())),
        )
        for (seq,) in seqs
    ]


def whole_entry(
    seq: int, message: Message, settlement: SettlementRow, person_row: PersonRow, postings: tuple[Posting, ...]
) -> Entry:
    """Return the parts of one seq as an entry, its counters left out (the hash takes their text)."""
    state = PersonState(person_row.psn_no, person_row.version, {}, person_row.acct_balc_fen)
    return Entry(
        seq, message, settlement.setl_id, settlement.answer, state, postings, settlement.prev_hash, settlement.hash
    )


def _rows(con: Connection, table: str, columns: str, reach: tuple[int, int]) -> Iterator[tuple[Any, ...]]:
    return con.execute(f"SELECT seq, {columns} FROM {table} WHERE seq > ? AND seq <= ? ORDER BY 1, 2", reach)
