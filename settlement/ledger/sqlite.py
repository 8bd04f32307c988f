"""The book in one SQLite file: one writer with group commit, readers on connections of their own."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from settlement.ledger import refusals, sqlite_schema
from settlement.ledger.book import Fault
from settlement.ledger.sqlite_store import SqliteReading, SqliteStore
from settlement.ledger.store import Reading
from settlement.ledger.stored_ledger import DEADLINE_S, StoredLedger
from settlement.vault import Vault, open_vault


class SqliteLedger(StoredLedger):
    """A ``Ledger`` kept in one file. Safe to share between threads; several processes may hold the same file.

    Without a vault the keys stand in ``<file>.keys``, made with the book. That is enough for a test or a demonstration: whoever
    takes the disk then has both. A service names a key file kept elsewhere.
    """

    def __init__(self, path: Path | str, vault: Vault | None = None, deadline_s: float = DEADLINE_S) -> None:
        """Open the book, made if it is not there. Raises NotAvailable (L03, L06, L13, L16, L17) or BadInput L07."""
        self.path = Path(path)
        new = sqlite_schema.is_new(self.path)  # before keys are made for a file that is no book
        if vault is None:
            vault = open_vault(keys_beside(self.path), create=new)
        self._readers: list[sqlite3.Connection] = []
        self._readers_lock = threading.Lock()
        self._closed = False
        super().__init__(SqliteStore(self.path, vault.name), vault, deadline_s)

    def verify(self) -> list[Fault]:
        """Return every fault of the book, one that cannot be read on included."""
        try:
            return super().verify()
        except sqlite3.DatabaseError as error:
            return [Fault(None, "file", f"cannot be read on: {error}")]

    def end_reading(self) -> None:
        """Close the reading connections."""
        with self._readers_lock:
            self._closed = True
            while self._readers:
                self._readers.pop().close()

    @contextmanager
    def reading(self) -> Iterator[Reading]:
        """Lend an idle reading connection, opened if all are in use, inside one transaction: one view of the book."""
        with self._readers_lock:
            if self._closed:
                raise refusals.closed()
            con = self._readers.pop() if self._readers else None
        con = con or sqlite_schema.open_reader(self.path)
        try:
            con.execute("BEGIN")
            yield SqliteReading(con)
        finally:
            con.rollback()
            with self._readers_lock:
                if not self._closed:
                    self._readers.append(con)
                    con = None
            if con is not None:
                con.close()


def keys_beside(path: Path) -> Path:
    """Return where the keys of a book stand that was opened without a vault."""
    return path.with_name(path.name + ".keys")
