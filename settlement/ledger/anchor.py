"""The daily anchor: seq and hash of the last entry, signed, to be kept where the book is not.

A hash chain shows every change inside it. It does not show a tail cut off, nor a book written anew from some entry to the
end by whoever holds the disk. An anchor does, up to the entry it names: what can still be lost unseen is what was
booked since, one day at most where an anchor is made each night.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, NamedTuple

from settlement.ledger import refusals
from settlement.ledger.book import Fault
from settlement.ledger.chain import encode
from settlement.ledger.store import Reading
from settlement.ledger.stored_ledger import StoredLedger
from settlement.vault import verify

FORM = "settlement-anchor/1"


class Anchor(NamedTuple):
    """What was the end of a book at a moment: ids and hashes as hex, ``made_at`` as YYYY-MM-DD HH:MM:SS."""

    book_id: str
    seq: int
    hash: str
    made_at: str
    public_key: str
    signature: str


def make_anchor(ledger: StoredLedger, made_at: str) -> Anchor:
    """Return the signed anchor of a book as it stands now."""
    seq, digest = ledger.head()
    bare = Anchor(ledger.identity.book_id.hex(), seq, digest.hex(), made_at, ledger.vault.public_key.hex(), "")
    return bare._replace(signature=ledger.vault.sign(_signed(bare)).hex())


def write_anchor(anchor: Anchor, path: Path) -> None:
    """Write an anchor as JSON. Raises BadInput L22 where a file is there already: it is never overwritten."""
    try:
        with path.open("x", encoding="utf-8") as file:
            json.dump({"form": FORM, **anchor._asdict()}, file, indent=1)
            file.write("\n")
    except FileExistsError:
        raise refusals.anchor_exists(str(path)) from None


def read_anchor(path: Path) -> Anchor:
    """Return the anchor of a file. Raises BadInput L20."""
    try:
        said: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        if said.pop("form") != FORM:
            raise ValueError("another form")
        anchor = Anchor(**said)
        bytes.fromhex("".join(anchor[:1] + anchor[2:3] + anchor[4:]))
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise refusals.not_an_anchor(str(path), str(error)) from error
    return anchor


def anchor_faults(view: Reading, anchor: Anchor, book_id: bytes, public_key: bytes) -> list[Fault]:
    """Return what is wrong with a book by an anchor; ``public_key`` is the key that is trusted, known beforehand."""
    if anchor.public_key != public_key.hex() or not verify(
        public_key, _signed(anchor), bytes.fromhex(anchor.signature)
    ):
        return [Fault(None, "anchor", "is not signed with the key of this book")]
    if anchor.book_id != book_id.hex():
        return [Fault(None, "anchor", f"is of another book ({anchor.book_id})")]
    if anchor.seq == 0:
        return []
    [*found] = view.page(anchor.seq - 1, anchor.seq)
    if not found or found[0].entry is None:
        return [Fault(anchor.seq, "entries", f"was there at {anchor.made_at} and is gone: the end was cut off")]
    if found[0].entry.hash.hex() != anchor.hash:
        return [Fault(anchor.seq, "entries", f"is not the entry of {anchor.made_at}: the book was written anew")]
    return []


def _signed(anchor: Anchor) -> bytes:
    return encode(FORM, *anchor[:4])
