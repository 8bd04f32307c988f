"""What every book does whatever it is kept in: hand messages to the one writer, read through views of one moment."""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import AbstractContextManager, suppress
from types import TracebackType
from typing import Self

from settlement.errors import NotAvailable
from settlement.ledger import audit, chain, checks, refusals
from settlement.ledger.book import (
    PERSON,
    Booking,
    Compute,
    Desk,
    Done,
    Entry,
    Fact,
    FactKey,
    Fault,
    Message,
    PersonState,
    Posting,
    Settlement,
    Stored,
    Totals,
    Wanted,
    Work,
)
from settlement.ledger.sealed import Sealer, state_of
from settlement.ledger.store import Reading, Store, Whole
from settlement.ledger.writer import CLOCK, Job, Writer
from settlement.vault import Vault

DEADLINE_S = 10.0
OPENING = "OPEN"  # infno and sender of opening balances: no institution and no national transaction has this name


class StoredLedger(ABC):
    """A ``Ledger`` on a ``Store``. Safe to share between threads.

    ``deadline_s`` bounds how long a caller waits for its answer, and how long ``close`` waits for the rest.
    """

    def __init__(self, store: Store, vault: Vault, deadline_s: float) -> None:
        """Take over a store, open for writing. Raises NotAvailable L16 where it is sealed with other keys."""
        if store.identity.keys != vault.name:
            store.close()
            raise refusals.other_keys(vault.name, store.identity.keys)
        self.deadline_s = deadline_s
        self.identity, self.where, self.vault = store.identity, store.where, vault
        self._sealer = Sealer(vault, store.identity.algorithm)
        self._store = store
        self._writer = Writer(store, self._sealer)

    @abstractmethod
    def reading(self) -> AbstractContextManager[Reading]:
        """Lend one view of the book as it is at this moment. Raises NotAvailable L11 when the book is closed."""

    @abstractmethod
    def end_reading(self) -> None:
        """Give all views back; from now on there are none (L11). Called once more, it does nothing."""

    @property
    def commits(self) -> int:
        """Return how many transactions were committed since the book was opened; a group is one."""
        return self._writer.commits

    @property
    def booked(self) -> int:
        """Return how many entries were written since the book was opened."""
        return self._writer.booked

    @property
    def waiting(self) -> int:
        """Return how many messages wait for the writer."""
        return self._writer.waiting

    @property
    def stopped_by(self) -> str:
        """Return why the book writes no more, '' while it does."""
        return self._writer.stopped_by

    def settle(self, message: Message, work: Work | Compute) -> Stored:
        """Book a message once and return its durable answer; see ``Ledger.settle``."""
        waiting = _Waiting()
        job = self._put(message, work, waiting)
        try:
            return waiting.outcome(job, self.deadline_s)
        except NotAvailable:
            # What is on record is told even if nothing can be written: on a full disk, after a fault, when overdue.
            stored = self._on_record(message)
            if stored is None:
                raise
            return stored

    def submit(self, message: Message, work: Work | Compute, done: Done) -> Job:
        """Queue a message; see ``Ledger.submit``. The job returned can be withdrawn (``take``) while it still waits."""

        def told(outcome: Stored | BaseException) -> None:
            if isinstance(outcome, NotAvailable):
                with suppress(Exception):  # the first error is the one to tell
                    outcome = self._on_record(message) or outcome
            done(outcome)

        return self._put(message, work, told)

    def _put(self, message: Message, work: Work | Compute, done: Done) -> Job:
        checks.check_message(message)
        return self._writer.put(message, work, done)

    def _on_record(self, message: Message) -> Stored | None:
        name = message[:2]
        with self.reading() as view:
            known = view.known([name]).get(name)
        if known is None:
            return None
        if known.body_digest != self._sealer.body_digest(message):
            raise refusals.msgid_reused(*name)
        return self._sealer.stored(name, known)

    def find(self, fixmedins_code: str, msgid: str) -> Stored | None:
        """Return the answer on record for a message, or None."""
        name = (fixmedins_code, msgid)
        with self.reading() as view:
            known = view.known([name]).get(name)
        return None if known is None else self._sealer.stored(name, known)

    def person(self, psn_no: str) -> PersonState:
        """Return a person's state after all that is booked."""
        return state_of(psn_no, self.fact(PERSON, psn_no))

    def fact(self, kind: str, key: str) -> Fact | None:
        """Return the latest version of a fact, or None."""
        tag = self._sealer.tag(FactKey(kind, key))
        with self.reading() as view:
            row = view.facts([tag]).get(tag)
        return None if row is None else Fact(row.version, self._sealer.content(row))

    def history(self, kind: str, key: str) -> list[Fact]:
        """Return every version of a fact, oldest first."""
        with self.reading() as view:
            rows = view.history(self._sealer.tag(FactKey(kind, key)))
        return [Fact(row.version, self._sealer.content(row)) for row in rows]

    def totals(self, wanted: Wanted, reversals: bool) -> Totals:
        """Return sums and count of settlements; see ``Ledger.totals``."""
        with self.reading() as view:
            return view.totals(wanted, reversals)

    def rows(self, wanted: Wanted, after: int = 0, limit: int = 1000) -> list[tuple[int, Settlement]]:
        """Return settlements in the order of the book; see ``Ledger.rows``."""
        with self.reading() as view:
            return view.rows(wanted, after, limit)

    def seed_person(self, psn_no: str, acct_balc_fen: int, received_at: str = "") -> Stored:
        """Book an opening account balance in fen, before anything else of that person. Raises LedgerConflict L12."""
        message = Message(OPENING, psn_no, OPENING, chain.encode(psn_no, acct_balc_fen), psn_no, received_at)

        def opening(desk: Desk) -> Booking:
            if desk.person(psn_no).version:
                raise refusals.person_known(psn_no)
            postings = (Posting("account", "", acct_balc_fen), Posting("opening", "", -acct_balc_fen))
            return Booking(b"", acct_balc_fen=acct_balc_fen, postings=postings)

        return self.settle(message, opening)

    def accept_clock(self, now: str) -> Stored:
        """Book that the clock is right although it shows an earlier time than the book has seen (YYYY-MM-DD HH:MM:SS)."""
        seq = self.head()[0]
        return self.settle(Message(CLOCK, f"{CLOCK}{seq}", CLOCK, now.encode(), "", now), lambda desk: Booking(b""))

    def settlements(self, after: int = 0, upto: int | None = None) -> Iterator[Entry]:
        """Yield entries with after < seq <= upto in order; what is booked meanwhile is left for the next time."""
        for page in self.pages(after, self.head()[0] if upto is None else upto):
            for whole in page:
                yield self._sealer.entry(whole)

    def pages(self, after: int, upto: int) -> Iterator[list[Whole]]:
        """Yield entries with after < seq <= upto as they lie in the store, a page at a time. Raises BadInput L07."""
        while after < upto:
            with self.reading() as view:
                raws = view.page(after, upto)
            page = [Whole(raw.entry, raw.facts, raw.postings, raw.settlement) for raw in raws if raw.entry is not None]
            if len(page) < len(raws) or not page:
                raise refusals.not_a_book(self.where, f"an entry after {after} is missing; run `settlement book audit`")
            yield page
            after = page[-1].entry.seq

    def head(self) -> tuple[int, bytes]:
        """Return seq and hash of the last entry; 0 and the genesis of an empty book."""
        with self.reading() as view:
            head = view.head()
        return head.seq, head.hash or chain.genesis(self.identity.algorithm, self.identity.book_id)

    def verify(self) -> list[Fault]:
        """Return every fault of the book; an empty list says that all of it is as it was written."""
        with self.reading() as view:
            return list(audit.faults(view, self.identity, self._sealer))

    def close(self) -> None:
        """Finish what was handed in, then close. Raises NotAvailable L04 if that takes longer than ``deadline_s``."""
        self._writer.end(self.deadline_s)
        self.end_reading()
        self._store.close()  # the last to go, so that it may tidy up

    def __enter__(self) -> Self:
        """Return the book itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the book."""
        self.close()


class _Waiting:
    """A caller that waits for its outcome. A lock, because it is the cheapest hand-over there is."""

    def __init__(self) -> None:
        self._told: Stored | BaseException | None = None
        self._answered = threading.Lock()
        self._answered.acquire()

    def __call__(self, outcome: Stored | BaseException) -> None:
        """Take the outcome, in the writer's thread."""
        self._told = outcome
        self._answered.release()

    def outcome(self, job: Job, deadline_s: float) -> Stored:
        """Return the answer or raise the error; L03 or L04 at the deadline, by whether the writer has begun."""
        if not self._answered.acquire(timeout=deadline_s):
            if job.take():
                raise refusals.not_written(f"the book was busy for {deadline_s} seconds")
            raise refusals.outcome_unknown(f"the book did not answer within {deadline_s} seconds")
        assert self._told is not None
        if isinstance(self._told, BaseException):
            raise self._told
        return self._told
