"""The one way an entry becomes bytes, and the hash that ties each entry to the one before.

Fields are written as kind, length, content, so no two different entries can give the same bytes. The algorithm is SM3
where OpenSSL has it and SHA-256 elsewhere; a book keeps the one it was begun with.
"""

from __future__ import annotations

import hashlib
import json

from settlement.ledger import refusals
from settlement.ledger.book import CounterKey, Entry, Message

FORM = "settlement-ledger/1"  # first field of every hash: a later form cannot be taken for this one
ALGORITHMS = ("sm3", "sha256")

Field = str | bytes | int | None


def pick_algorithm() -> str:
    """Return the algorithm a new book is begun with."""
    return next(name for name in ALGORITHMS if name in hashlib.algorithms_available)


def require_algorithm(name: str) -> str:
    """Return the name if this machine can compute it. Raises NotAvailable L13."""
    if name not in ALGORITHMS or name not in hashlib.algorithms_available:
        raise refusals.digest_missing(name)
    return name


def encode(*fields: Field) -> bytes:
    """Return the canonical bytes of a row of fields."""
    parts = []
    for field in fields:
        if field is None:
            parts.append(b"n0:")
        elif isinstance(field, int):
            text = b"%d" % field
            parts.append(b"i%d:%b" % (len(text), text))
        elif isinstance(field, str):
            # surrogateescape: the audit must be able to hash a damaged text, which then fails to match
            text = field.encode("utf-8", "surrogateescape")
            parts.append(b"s%d:%b" % (len(text), text))
        else:
            parts.append(b"b%d:%b" % (len(field), field))
    return b"".join(parts)


def digest(algorithm: str, *fields: Field) -> bytes:
    """Return the 32-byte digest of the canonical bytes."""
    return hashlib.new(algorithm, encode(*fields)).digest()


def body_digest(algorithm: str, message: Message) -> bytes:
    """Return what tells two messages of one msgid apart: transaction number and body."""
    return digest(algorithm, message.infno, message.body)


def genesis(algorithm: str, book_id: bytes) -> bytes:
    """Return the prev_hash of entry 1: no entry of another book can follow it."""
    return digest(algorithm, FORM, book_id)


def entry_hash(algorithm: str, entry: Entry, body: bytes, counters: str) -> bytes:
    """Return the hash of an entry: all of its content with ``prev_hash``, without ``hash``.

    ``body`` is the body digest and ``counters`` the counter text, both as stored.
    """
    message, state = entry.message, entry.state
    return digest(
        algorithm,
        FORM,
        entry.prev_hash,
        entry.seq,
        message.fixmedins_code,
        message.msgid,
        message.infno,
        body,
        message.psn_no,
        message.received_at,
        entry.setl_id,
        entry.answer,
        state.psn_no,
        state.version,
        state.acct_balc_fen,
        counters,
        len(entry.postings),
        *(field for posting in entry.postings for field in posting),
    )


def counters_text(counters: dict[CounterKey, int]) -> str:
    """Return counters as canonical JSON: rows of area, period_kind, period_start, name, value, sorted."""
    rows = [[*key, value] for key, value in sorted(counters.items())]
    return json.dumps(rows, ensure_ascii=False, separators=(",", ":"))


def counters_of(text: str) -> dict[CounterKey, int]:
    """Return the counters of a canonical text."""
    return {CounterKey(area, kind, start, name): value for area, kind, start, name, value in json.loads(text)}
