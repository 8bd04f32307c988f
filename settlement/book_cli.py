"""``settlement book …``: look after a book. Every command names it by its file or its ``postgresql://`` address."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from cyclopts import App
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from settlement.ledger.anchor import anchor_faults, make_anchor, read_anchor, write_anchor
from settlement.ledger.book import Fault
from settlement.ledger.copying import backup as back_up
from settlement.ledger.copying import restore as put_back
from settlement.ledger.form1 import migrate as write_anew
from settlement.ledger.opening import open_ledger, open_store
from settlement.ledger.refusals import target_exists
from settlement.ledger.stored_ledger import StoredLedger
from settlement.vault import open_vault

book_app = App(name="book", help="Look after a book: audit, anchor, backup, restore, migrate, keys.")


@contextmanager
def _opened(book: str, keys: Path | None) -> Iterator[StoredLedger]:
    with open_ledger(book, open_vault(keys) if keys else None) as ledger:
        yield ledger


@contextmanager
def _bar(what: str) -> Iterator[Progress]:
    columns = (TextColumn(what), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, disable=not sys.stdout.isatty(), transient=True) as bar:
        bar.add_task(what, total=None)
        yield bar


def _now() -> str:
    return datetime.now().strftime("%Y-%m-%d %H:%M:%S")


@book_app.command
def audit(book: str, *anchors: Path, keys: Path | None = None) -> int:
    """Read a whole book again and name every row that is not as it was written; ends with 1 if there is one.

    Parameters
    ----------
    book
        The book's file or database address.
    anchors
        Anchors that were kept elsewhere: they show a tail cut off or a book written anew.
    keys
        The key file; without it the keys beside the book, or of SETTLEMENT_KEYS_FILE.
    """
    read = [read_anchor(path) for path in anchors]
    with _opened(book, keys) as ledger:
        found: list[Fault] = ledger.verify()
        with ledger.reading() as view:
            for anchor in read:
                found += anchor_faults(view, anchor, ledger.identity.book_id, ledger.vault.public_key)
        seq, digest = ledger.head()
    for fault in found:
        print(f"{'book' if fault.seq is None else f'entry {fault.seq}'}\t{fault.table}\t{fault.what}")
    covered = max((anchor.seq for anchor in read), default=0)
    print(f"{seq} entries, last hash {digest.hex()}, {len(found)} fault(s); anchored up to entry {covered}")
    return int(bool(found))


@book_app.command
def anchor(book: str, out: Path, *, keys: Path | None = None) -> int:
    """Write the signed end of the book to a new file; keep it where the book is not.

    Parameters
    ----------
    book
        The book's file or database address.
    out
        A file to make, or a folder, in which it is named by the day.
    keys
        The key file.
    """
    with _opened(book, keys) as ledger:
        made = make_anchor(ledger, _now())
    path = out / f"anchor-{made.made_at[:10]}.json" if out.is_dir() else out
    write_anchor(made, path)
    print(f"{path}: entry {made.seq}, {made.hash}")
    return 0


@book_app.command
def backup(book: str, out: Path, *, keys: Path | None = None) -> int:
    """Copy a book, in use or not, into a new SQLite file and read the copy from end to end.

    Parameters
    ----------
    book
        The book's file or database address.
    out
        The file to make. It is sealed with the same keys: keep those too, elsewhere.
    keys
        The key file.
    """
    with _opened(book, keys) as ledger, _bar("backup") as bar:
        count = back_up(ledger, out, lambda done, total: bar.update(bar.task_ids[0], completed=done, total=total))
    print(f"{out}: {count} entries")
    return 0


@book_app.command
def restore(backup: str, to: str, *, keys: Path | None = None) -> int:
    """Check a backup and copy it into a new file or an empty database, which then is the book.

    Parameters
    ----------
    backup
        The file that ``backup`` made.
    to
        The new book's file or database address.
    keys
        The key file of the book.
    """
    with _opened(backup, keys) as ledger, _bar("restore") as bar:
        target = open_store(to, ledger.identity)
        try:
            count = put_back(ledger, target, lambda d, t: bar.update(bar.task_ids[0], completed=d, total=t))
        finally:
            target.close()
    print(f"{to}: {count} entries")
    return 0


@book_app.command
def migrate(old: Path, new: str, *, keys: Path | None = None) -> int:
    """Write a book of an earlier form anew in today's; the old file stays as it is.

    Parameters
    ----------
    old
        A book file of form 1.
    new
        The new book's file or database address.
    keys
        The key file of the new book; without it new keys are made beside a new file.
    """
    with _opened(new, keys) as ledger:
        count = write_anew(old, ledger, _now())
    print(f"{new}: {count} entries of {old}")
    return 0


@book_app.command(name="keys")
def make_keys(out: Path) -> int:
    """Make a new key file, readable by its owner only. A book cannot be read without the keys it was begun with.

    Parameters
    ----------
    out
        The file to make; keep it, and a copy of it, where the book is not.
    """
    if out.exists():
        raise target_exists(str(out))
    print(f"{out}: keys {open_vault(out, create=True).name}")
    return 0


@book_app.command(name="accept-clock")
def accept_clock(book: str, *, keys: Path | None = None) -> int:
    """Say that this machine's clock is right although the book has an entry of a later time.

    Parameters
    ----------
    book
        The book's file or database address.
    keys
        The key file.
    """
    with _opened(book, keys) as ledger:
        stored = ledger.accept_clock(_now())
    print(f"entry {stored.seq}: the clock is accepted")
    return 0
