"""The one way an entry becomes bytes, and the hash that ties each entry to the one before.

What is hashed is what lies in the store, sealed: a chain is checked without keys. The algorithm is SM3 where OpenSSL has it and SHA-256
elsewhere; a book keeps the one it was begun with.
"""

from __future__ import annotations

import hashlib

import msgspec

from settlement.ledger import refusals
from settlement.ledger.store import Whole

FORM = "settlement-ledger/2"  # first field of every hash: another form cannot be taken for this one
ALGORITHMS = ("sm3", "sha256")

Field = str | bytes | int | None
_ENCODER = msgspec.msgpack.Encoder()
_DECODER = msgspec.msgpack.Decoder()


def pick_algorithm() -> str:
    """Return the algorithm a new book is begun with."""
    return next(name for name in ALGORITHMS if name in hashlib.algorithms_available)


def require_algorithm(name: str) -> str:
    """Return the name if this machine can compute it. Raises NotAvailable L13."""
    if name not in ALGORITHMS or name not in hashlib.algorithms_available:
        raise refusals.digest_missing(name)
    return name


def encode(*fields: Field) -> bytes:
    """Return the canonical bytes of a row of fields: a MessagePack array, every number and length in its shortest form.

    Kind and length stand before each content, so no two different rows give the same bytes.
    """
    try:
        return _ENCODER.encode(fields)
    except UnicodeEncodeError:  # a damaged text: the audit must be able to hash it, and it then fails to match
        return _ENCODER.encode([_raw(field) if isinstance(field, str) else field for field in fields])


def decode(content: bytes) -> list[Field]:
    """Return the fields that ``encode`` wrote."""
    fields: list[Field] = _DECODER.decode(content)
    return fields


def _raw(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")


def digest(algorithm: str, *fields: Field) -> bytes:
    """Return the 32-byte digest of the canonical bytes."""
    return hashlib.new(algorithm, encode(*fields)).digest()


def genesis(algorithm: str, book_id: bytes) -> bytes:
    """Return the prev_hash of entry 1: no entry of another book can follow it."""
    return digest(algorithm, FORM, book_id)


def entry_hash(algorithm: str, whole: Whole) -> bytes:
    """Return the hash of an entry: all that is stored of it with ``prev_hash``, without ``hash``."""
    entry, settlement = whole.entry, whole.settlement
    # Nested rows are written flat with their number before them, so that one call writes all some sixty fields.
    fields: list[Field] = [FORM, entry.prev_hash, *entry[:10], len(whole.facts)]
    for fact in whole.facts:
        fields += fact
    fields.append(len(whole.postings))
    for posting in whole.postings:
        fields += posting
    fields += (None,) if settlement is None else settlement
    return digest(algorithm, *fields)
