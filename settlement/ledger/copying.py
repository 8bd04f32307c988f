"""A whole copy of a book, entry by entry, sealed as it is: the backup, the way back, and the move to another store.

A copy is taken while the book is in use: it ends where the book ended when it began. It is read again from its first
entry before it is called a copy.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from settlement.durable import sync_folder
from settlement.ledger import audit, refusals
from settlement.ledger.sqlite_store import SqliteStore
from settlement.ledger.store import Store, Whole
from settlement.ledger.stored_ledger import StoredLedger

Progress = Callable[[int, int], None]


def copy_book(ledger: StoredLedger, target: Store, progress: Progress | None = None) -> int:
    """Write all entries of a book into an empty store made for the same identity; return how many.

    Raises NotAvailable L19 when the copy does not read as the book does.
    """
    last = ledger.head()[0]
    for page in ledger.pages(0, last):
        target.begin()
        try:
            target.append(page)
            target.commit()
        except BaseException:
            target.rollback()
            raise
        target.rest(len(page), idle=True)
        if progress is not None:
            progress(page[-1].entry.seq, last)
    _check(ledger, target, last)
    return last


def backup(ledger: StoredLedger, path: Path, progress: Progress | None = None) -> int:
    """Copy a book into a new SQLite file; return how many entries. Raises BadInput L18 when the file is there already."""
    if path.exists():
        raise refusals.target_exists(str(path))
    half = path.with_name(path.name + ".part")  # a copy that was broken off is not taken for one
    half.unlink(missing_ok=True)
    target = SqliteStore(half, ledger.identity.keys, ledger.identity)
    try:
        count = copy_book(ledger, target, progress)
        target.shut()
    finally:
        target.close()
    os.replace(half, path)
    sync_folder(path.parent)
    return count


def _check(ledger: StoredLedger, target: Store, last: int) -> None:
    target.begin()
    try:
        found = list(audit.faults(target, target.identity))
        head = target.head()
    finally:
        target.rollback()
    source: list[Whole] = next(ledger.pages(last - 1, last)) if last else []
    same = head.seq == last and (not source or head.hash == source[0].entry.hash)
    if found or not same:
        raise refusals.copy_differs(found[0].what if found else "it ends elsewhere")


def restore(ledger: StoredLedger, target: Store, progress: Progress | None = None) -> int:
    """Copy a backup into an empty store that was made for its identity; return how many entries.

    Raises BadInput L07 where the backup is not whole, L18 where the store has entries.
    """
    faults = ledger.verify()
    if faults:
        raise refusals.not_a_book(ledger.where, f"entry {faults[0].seq}: {faults[0].what}")
    if target.head().seq or target.identity != ledger.identity:
        raise refusals.target_exists(target.where)
    return copy_book(ledger, target, progress)
