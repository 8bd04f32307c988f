"""Books of form 1, as releases before the national interface wrote them: read, checked, written anew as form 2.

Form 1 held persons and bodies unsealed and had no facts beside a person's state. The old file is never changed. The new book
ends with an entry that names the old one and its last hash, so that the history of both can be shown to be one.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import NamedTuple

from settlement.ledger import chain, refusals, sqlite_schema
from settlement.ledger.book import Booking, CounterKey, Desk, Message, Posting, Work
from settlement.ledger.stored_ledger import StoredLedger

FORM = "settlement-ledger/1"
MIGRATED = "MIGR"  # infno and sender of the last entry of a migration


class OldEntry(NamedTuple):
    """An entry of form 1; counters as their text."""

    seq: int
    message: Message
    body_digest: bytes
    setl_id: str
    answer: bytes
    version: int
    acct_balc_fen: int | None
    counters: str
    postings: tuple[Posting, ...]
    prev_hash: bytes
    hash: bytes


def migrate(path: Path, ledger: StoredLedger, now: str) -> int:
    """Book every entry of the form-1 file ``path`` into the empty book ``ledger``; return how many.

    Raises BadInput L07 where the old chain does not hold (nothing of it is trusted then) or the new book is not empty.
    """
    if ledger.head()[0]:
        raise refusals.not_a_book(ledger.where, "the new book has entries already")
    with closing(sqlite_schema.open_reader(path)) as con:
        mark = con.execute("PRAGMA application_id").fetchone()[0], con.execute("PRAGMA user_version").fetchone()[0]
        if mark != (sqlite_schema.APPLICATION_ID, 1):
            raise refusals.not_a_book(str(path), "it is not a book of form 1")
        algorithm, book_id = con.execute("SELECT algorithm, book_id FROM book").fetchone()
        chain.require_algorithm(algorithm)
        last = _checked(con, path, algorithm, book_id)  # the whole of it, before the first is written
        count = 0
        for count, entry in enumerate(_entries(con), 1):  # noqa: B007 - the last count is the answer
            # The old times are those of bills and need not rise; the chain keeps the order.
            ledger.settle(entry.message._replace(received_at=""), Work(alone=partial(_booking, entry)))
    told = {"from_form": 1, "book_id": book_id.hex(), "entries": count, "last_hash": last.hex()}
    body = json.dumps(told).encode()
    ledger.settle(Message(MIGRATED, f"{MIGRATED}1", MIGRATED, body, "", now), lambda desk: Booking(body))
    return count


def _checked(con: sqlite3.Connection, path: Path, algorithm: str, book_id: bytes) -> bytes:
    """Return the last hash of a whole chain."""
    link = _digest(algorithm, FORM, book_id)
    for at, entry in enumerate(_entries(con), 1):
        if entry.seq != at or entry.prev_hash != link or _hash(algorithm, entry) != entry.hash:
            raise refusals.not_a_book(str(path), f"entry {at} is not as it was written")
        if sum(posting.amount_fen for posting in entry.postings):
            raise refusals.not_a_book(str(path), f"the postings of entry {at} do not add up to 0")
        link = entry.hash
    return link


def _entries(con: sqlite3.Connection) -> Iterator[OldEntry]:
    postings = con.execute("SELECT seq, account, fund_pay_type, amount_fen FROM postings ORDER BY seq, line")
    by_seq: dict[int, list[Posting]] = {}
    for seq, *posting in postings:
        by_seq.setdefault(seq, []).append(Posting(*posting))
    rows = con.execute(
        "SELECT seq, fixmedins_code, msgid, infno, body, m.psn_no, received_at, body_digest, setl_id, answer, version, "
        "acct_balc_fen, counters, prev_hash, hash FROM messages m JOIN settlements USING (seq) "
        "JOIN person_versions USING (seq) ORDER BY seq"
    )
    for row in rows:
        yield OldEntry(*(row[0], Message(*row[1:7]), *row[7:13], tuple(by_seq.get(row[0], ())), *row[13:]))


def _hash(algorithm: str, entry: OldEntry) -> bytes:
    message = entry.message
    return _digest(
        algorithm, FORM, entry.prev_hash, entry.seq, message.fixmedins_code, message.msgid, message.infno,
        _digest(algorithm, message.infno, message.body), message.psn_no, message.received_at, entry.setl_id,
        entry.answer, message.psn_no, entry.version, entry.acct_balc_fen, entry.counters, len(entry.postings),
        *(field for posting in entry.postings for field in posting),
    )  # fmt: skip


def _digest(algorithm: str, *fields: str | bytes | int | None) -> bytes:
    """Return the digest of a row as form 1 wrote it: kind, length, content of each field."""
    parts = []
    for field in fields:
        raw = b"%d" % field if isinstance(field, int) else field.encode() if isinstance(field, str) else field or b""
        kind = b"n" if field is None else b"i" if isinstance(field, int) else b"s" if isinstance(field, str) else b"b"
        parts.append(b"%b%d:%b" % (kind, len(raw), raw))
    return hashlib.new(algorithm, b"".join(parts)).digest()


def _booking(entry: OldEntry, desk: Desk) -> Booking:
    rows = json.loads(entry.counters)
    counters = {CounterKey(area, kind, start, name): value for area, kind, start, name, value in rows}
    # Form 1 named the person in the account of an opening balance; form 2 keeps no person in the open.
    postings = tuple(
        posting._replace(account="account") if posting.account.startswith("acct:") else posting
        for posting in entry.postings
    )
    return Booking(entry.answer, entry.setl_id, counters, entry.acct_balc_fen, postings)
