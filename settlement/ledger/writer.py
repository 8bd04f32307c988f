"""The one hand that writes: what waits, up to 64 settlements, is one transaction, answered after its commit.

One writer because many of them starve each other on SQLite's lock; one commit for many because the disk, not the
arithmetic, sets the pace. What one settlement raises stays with its caller. What the disk refuses fails the whole
group, for each member may have been computed from another's figures.
"""

from __future__ import annotations

import sqlite3
import threading
from contextlib import suppress
from queue import Empty, SimpleQueue

from settlement.errors import LedgerConflict
from settlement.ledger import chain, checks, refusals, rows
from settlement.ledger.book import Booking, Compute, Entry, Message, PersonState, Stored
from settlement.ledger.schema import Identity

GROUP = 64  # settlements that may share one commit

CHECKPOINT_AFTER = 256  # entries written before the WAL is moved into the file, some ten megabytes

# After these the file's state on the disk is not known (a failed fsync must not be tried again): write no more.
_DISK_FAULTS = {sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}


def _is_disk_fault(error: BaseException) -> bool:
    kind: int = getattr(error, "sqlite_errorcode", 0) & 0xFF  # the bytes above it are detail
    return kind in _DISK_FAULTS


class _Job:
    """One settlement on its way through the queue. Two locks, because they are the cheapest hand-over there is."""

    __slots__ = ("_answered", "_taken", "body_digest", "compute", "message", "outcome")

    def __init__(self, message: Message, body_digest: bytes, compute: Compute) -> None:
        self.message, self.body_digest, self.compute = message, body_digest, compute
        self.outcome: Stored | BaseException | None = None
        self._taken, self._answered = threading.Lock(), threading.Lock()
        self._answered.acquire()

    def take(self) -> bool:
        """Take the job, for the writer or, to drop it, for the caller: true for whoever comes first."""
        return self._taken.acquire(blocking=False)

    def answer(self, outcome: Stored | BaseException) -> None:
        """Let the caller go on with its answer or its error."""
        self.outcome = outcome
        self._answered.release()

    def wait(self, deadline_s: float) -> Stored:
        """Return the answer or raise the error; L03 or L04 at the deadline, by whether the writer has begun."""
        if not self._answered.acquire(timeout=deadline_s):
            if self.take():
                raise refusals.not_written(f"the book was busy for {deadline_s} seconds")
            raise refusals.outcome_unknown(f"the book did not answer within {deadline_s} seconds")
        assert self.outcome is not None
        if isinstance(self.outcome, BaseException):
            raise self.outcome
        return self.outcome


class Writer:
    """Owns the writing connection and the thread that uses it. ``commits`` counts transactions since it began."""

    def __init__(self, con: sqlite3.Connection, identity: Identity) -> None:
        self.commits = 0
        self._con = con
        self._algorithm = identity.algorithm
        self._genesis = chain.genesis(*identity)
        self._head = (0, self._genesis)
        self._jobs: SimpleQueue[_Job | None] = SimpleQueue()
        self._door = threading.Lock()  # held while something is put into the queue: nothing lands behind the end mark
        self._closed = False
        self._stopped_by = ""
        self._unmoved = 0  # entries since the last checkpoint
        self._thread = threading.Thread(target=self._run, name="ledger-writer", daemon=True)
        self._thread.start()

    def submit(self, message: Message, body_digest: bytes, compute: Compute, deadline_s: float) -> Stored:
        """Queue a settlement and wait for its durable answer, at most ``deadline_s`` seconds."""
        if threading.current_thread() is self._thread:
            raise RuntimeError("settle was called from inside compute; it would wait for itself")
        job = _Job(message, body_digest, compute)
        with self._door:
            if self._closed:
                raise refusals.closed()
            self._jobs.put(job)
        return job.wait(deadline_s)

    def close(self, deadline_s: float) -> None:
        """Write what is waiting, then end the thread and the connection. Raises NotAvailable L04 at the deadline."""
        with self._door:
            if not self._closed:
                self._closed = True
                self._jobs.put(None)
        self._thread.join(deadline_s)
        if self._thread.is_alive():
            raise refusals.outcome_unknown(f"the book was still writing after {deadline_s} seconds")
        self._con.close()

    def _run(self) -> None:
        more = True
        while more:
            group, more = self._next_group()
            if group:
                self._settle(group)

    def _next_group(self) -> tuple[list[_Job], bool]:
        """Wait for a settlement, take what is behind it; False with the group when the end mark was met."""
        group: list[_Job] = []
        job = self._jobs.get()
        with suppress(Empty):
            while job is not None:
                if job.take():  # else its caller gave up while it was still waiting
                    group.append(job)
                if len(group) == GROUP:
                    return group, True
                job = self._jobs.get_nowait()
        return group, job is not None

    def _settle(self, group: list[_Job]) -> None:
        """Book a group in one transaction; answer every member, whatever happens."""
        if self._stopped_by:
            for job in group:
                job.answer(refusals.stopped(self._stopped_by))
            return
        committing = False
        try:
            self._con.execute("BEGIN IMMEDIATE")
            self._head = rows.head(self._con, self._genesis)  # another process may have written since
            outcomes = [self._book(job) for job in group]
            committing = True
            self._con.execute("COMMIT")
        except BaseException as error:
            self._fail(group, error, committing)
            return
        self.commits += 1
        for job, outcome in zip(group, outcomes, strict=True):
            job.answer(outcome)
        self._checkpoint(len(group))

    def _checkpoint(self, written: int) -> None:
        """Move the WAL into the file now and then. SQLite's own checkpoint hides a failed write; this one stops."""
        self._unmoved += written
        if self._unmoved < CHECKPOINT_AFTER:
            return
        self._unmoved = 0
        try:
            self._con.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall()
        except sqlite3.Error as error:  # a full disk is no harm: the WAL holds all, and is moved another time
            if _is_disk_fault(error):
                self._stopped_by = f"the checkpoint failed: {error!r}"

    def _fail(self, group: list[_Job], error: BaseException, committing: bool) -> None:
        """Undo the transaction and tell every member: not written, or not known where the disk failed in the commit."""
        with suppress(sqlite3.Error):
            if self._con.in_transaction:
                self._con.execute("ROLLBACK")
        found = f"the store failed: {error!r}"
        disk_fault = _is_disk_fault(error)
        if disk_fault or self._con.in_transaction:
            self._stopped_by = found
        refuse = refusals.outcome_unknown if committing and disk_fault else refusals.not_written
        for job in group:
            refusal = refuse(found)
            refusal.__cause__ = error
            job.answer(refusal)

    def _book(self, job: _Job) -> Stored | BaseException:
        """Book one settlement; what it alone did wrong is returned, a failing store is raised."""
        try:
            known = rows.known_answer(self._con, job.message, job.body_digest)
            if known is not None:
                return known
            before = rows.person(self._con, job.message.psn_no)
        except LedgerConflict as conflict:
            return conflict
        try:
            booking = job.compute(before._replace(counters=dict(before.counters)))  # a copy: it may scribble on it
            checks.check_booking(booking)
        except BaseException as error:
            return error
        if rows.setl_id_taken(self._con, booking.setl_id):
            return refusals.setl_id_reused(booking.setl_id)
        return self._append(job, before, booking)

    def _append(self, job: _Job, before: PersonState, booking: Booking) -> Stored | BaseException:
        counters = before.counters | booking.counters
        text = chain.counters_text(counters)
        balance = before.acct_balc_fen if booking.acct_balc_fen is None else booking.acct_balc_fen
        after = PersonState(before.psn_no, before.version + 1, counters, balance)
        seq, prev_hash = self._head[0] + 1, self._head[1]
        entry = Entry(seq, job.message, booking.setl_id, booking.answer, after, booking.postings, prev_hash, b"")
        entry = entry._replace(hash=chain.entry_hash(self._algorithm, entry, job.body_digest, text))
        self._con.execute("SAVEPOINT entry")
        try:
            rows.append(self._con, entry, job.body_digest, text)
        except sqlite3.IntegrityError as error:  # a trigger or a key: this entry only
            self._con.execute("ROLLBACK TO entry")
            refusal = refusals.not_written(f"the store refused the entry ({error})")
            refusal.__cause__ = error
            return refusal
        finally:
            if self._con.in_transaction:
                self._con.execute("RELEASE entry")
        self._head = (seq, entry.hash)
        return Stored(seq, booking.setl_id, booking.answer, first=True)
