"""The book in one SQLite file: one writer with group commit, readers on connections of their own."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Self

from settlement.errors import NotAvailable
from settlement.ledger import audit, chain, checks, refusals, rows, schema
from settlement.ledger.book import Booking, Compute, Entry, Fault, Message, PersonState, Posting, Stored
from settlement.ledger.writer import Writer

DEADLINE_S = 10.0
OPENING = "OPEN"  # infno and sender of opening balances: no institution and no national transaction has this name


class SqliteLedger:
    """A ``Ledger`` kept in one file. Safe to share between threads; several processes may hold the same file.

    ``deadline_s`` bounds how long a caller waits for its answer, and how long ``close`` waits for the rest.
    """

    def __init__(self, path: Path | str, deadline_s: float = DEADLINE_S) -> None:
        """Open the book, made if it is not there. Raises NotAvailable (L03, L06, L13) or BadInput L07."""
        self.path = Path(path)
        self.deadline_s = deadline_s
        con, self.identity = schema.open_writer(self.path)
        self._writer = Writer(con, self.identity)
        self._readers: list[sqlite3.Connection] = []
        self._readers_lock = threading.Lock()
        self._closed = False

    @property
    def commits(self) -> int:
        """Return how many transactions were committed since the book was opened; a group is one."""
        return self._writer.commits

    def settle(self, message: Message, compute: Compute) -> Stored:
        """Book a message once and return its durable answer; see ``Ledger.settle``."""
        checks.check_message(message)
        digest = chain.body_digest(self.identity.algorithm, message)
        try:
            return self._writer.submit(message, digest, compute, self.deadline_s)
        except NotAvailable:
            # What is on record is told even if nothing can be written: on a full disk, after a fault, when overdue.
            with self._reading() as con:
                known = rows.known_answer(con, message, digest)
            if known is None:
                raise
            return known

    def find(self, fixmedins_code: str, msgid: str) -> Stored | None:
        """Return the answer on record for a message, or None."""
        with self._reading() as con:
            return rows.answer_of(con, fixmedins_code, msgid)

    def person(self, psn_no: str) -> PersonState:
        """Return a person's state after all that is booked."""
        with self._reading() as con:
            return rows.person(con, psn_no)

    def seed_person(self, psn_no: str, acct_balc_fen: int, received_at: str = "") -> Stored:
        """Book an opening account balance in fen, before anything else of that person. Raises LedgerConflict L12."""
        message = Message(OPENING, psn_no, OPENING, chain.encode(psn_no, acct_balc_fen), psn_no, received_at)

        setl_id = OPENING + chain.digest(self.identity.algorithm, psn_no).hex()

        def opening(state: PersonState) -> Booking:
            if state.version:
                raise refusals.person_known(psn_no)
            postings = (Posting(f"acct:{psn_no}", "", acct_balc_fen), Posting("opening", "", -acct_balc_fen))
            return Booking(setl_id[: checks.ID_LENGTH], b"", {}, acct_balc_fen, postings)

        return self.settle(message, opening)

    def settlements(self, after: int = 0, upto: int | None = None) -> Iterator[Entry]:
        """Yield entries with after < seq <= upto in order; what is booked meanwhile is left for the next time."""
        if upto is None:
            with self._reading() as con:
                upto = rows.last_seq(con)
        while page := self._page(after, upto):
            for raw in page:
                if raw.message is None or raw.settlement is None or raw.person is None:
                    raise refusals.not_a_book(str(self.path), f"a part of entry {raw.seq} is missing; run verify")
                entry = rows.whole_entry(raw.seq, raw.message.message, raw.settlement, raw.person, raw.postings)
                yield entry._replace(state=entry.state._replace(counters=chain.counters_of(raw.person.counters)))
            after = page[-1].seq

    def verify(self) -> list[Fault]:
        """Return every fault of the book; an empty list says that all of it is as it was written."""
        con = schema.open_reader(self.path)
        try:
            return list(audit.faults(con, self.identity))
        finally:
            con.close()

    def close(self) -> None:
        """Finish what was handed in, then close. Raises NotAvailable L04 if that takes longer than ``deadline_s``."""
        self._writer.close(self.deadline_s)
        with self._readers_lock:
            self._closed = True
            while self._readers:
                self._readers.pop().close()

    def __enter__(self) -> Self:
        """Return the book itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the book."""
        self.close()

    def _page(self, after: int, upto: int) -> list[rows.Raw]:
        with self._reading() as con:
            return rows.page(con, after, upto)

    @contextmanager
    def _reading(self) -> Iterator[sqlite3.Connection]:
        """Lend an idle reading connection, opened if all are in use, inside one transaction: one view of the book."""
        with self._readers_lock:
            if self._closed:
                raise refusals.closed()
            con = self._readers.pop() if self._readers else None
        con = con or schema.open_reader(self.path)
        try:
            con.execute("BEGIN")
            yield con
        finally:
            con.rollback()
            with self._readers_lock:
                if not self._closed:
                    self._readers.append(con)
                    con = None
            if con is not None:
                con.close()
