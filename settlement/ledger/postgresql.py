"""The book in a PostgreSQL database, for many tills, processes and hosts: ``settlement[postgres]`` and a server from 15.

Each process has one writer with group commit, as with SQLite; among processes an advisory lock hands the pen on in the
order in which it was asked for.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from settlement.errors import NotAvailable
from settlement.ledger import refusals
from settlement.ledger.book import Fault, Message, Stored
from settlement.ledger.postgresql_schema import Connection, connect, psycopg
from settlement.ledger.postgresql_store import PostgresReading, PostgresStore
from settlement.ledger.store import Reading
from settlement.ledger.stored_ledger import DEADLINE_S, StoredLedger
from settlement.vault import Vault

READERS = 8  # connections for reading: a server has some hundred for everybody


class PostgresLedger(StoredLedger):
    """A ``Ledger`` kept in a database. Safe to share between threads; any number of processes may hold the same one.

    ``dsn`` is the address, ``postgresql://user:password@host:port/database``; an empty database gets its book. Where
    the password should not stand in an address, libpq's PGPASSFILE or PGPASSWORD hold it.
    """

    def __init__(self, dsn: str, vault: Vault, deadline_s: float = DEADLINE_S) -> None:
        """Open the book. Raises NotAvailable (L03, L06, L13, L16, L17, L41) or BadInput L07."""
        self._dsn = dsn
        self._idle: list[Connection] = []
        self._idle_lock = threading.Lock()
        self._free = threading.BoundedSemaphore(READERS)
        self._closed = False
        super().__init__(PostgresStore(dsn, vault.name), vault, deadline_s)

    def verify(self) -> list[Fault]:
        """Return every fault of the book, one that cannot be read on included."""
        try:
            return super().verify()
        except psycopg.DatabaseError as error:
            return [Fault(None, "database", f"cannot be read on: {error}")]

    def end_reading(self) -> None:
        """Close the reading connections."""
        with self._idle_lock:
            self._closed = True
            idle, self._idle = self._idle, []
        for con in idle:
            con.close()

    @contextmanager
    def reading(self) -> Iterator[Reading]:
        """Lend a reading connection inside one transaction: one view of the book. Raises NotAvailable L11, L42."""
        if not self._free.acquire(timeout=self.deadline_s):
            raise refusals.server_away(self.where, f"all {READERS} reading connections are in use")
        con = None
        try:
            con = self._viewing()
            yield PostgresReading(con)
            con.execute("ROLLBACK")
        except psycopg.OperationalError as error:
            raise refusals.server_away(self.where, " ".join(str(error).split())) from error
        finally:
            if con is not None:
                self._give_back(con)
            self._free.release()

    def _viewing(self) -> Connection:
        """Return a connection on which a reading transaction has begun; one that died while idle is passed over."""
        while True:
            with self._idle_lock:
                if self._closed:
                    raise refusals.closed()
                idle = self._idle.pop() if self._idle else None
            con = idle or connect(self._dsn)
            try:
                con.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
                return con
            except psycopg.OperationalError:
                con.close()
                if idle is None:
                    raise

    def _give_back(self, con: Connection) -> None:
        with suppress(psycopg.Error):
            if con.info.transaction_status != psycopg.pq.TransactionStatus.IDLE:
                con.execute("ROLLBACK")
        with self._idle_lock:
            if not (self._closed or con.closed):
                self._idle.append(con)
                return
        con.close()

    def _on_record(self, message: Message) -> Stored | None:
        # Where the server cannot be asked either, the first answer is the one to tell: written or not, or not known.
        try:
            return super()._on_record(message)
        except NotAvailable:
            return None
