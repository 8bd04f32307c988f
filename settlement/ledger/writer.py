"""The one hand that writes: what waits, up to 64 messages, is one transaction, answered after its commit.

One writer because many of them starve each other on the store's lock; one commit for many because the disk, not the
arithmetic, sets the pace. What one message raises stays with its caller. What the disk refuses fails the whole group,
for each member may have been computed from another's figures.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from queue import Empty, SimpleQueue
from time import monotonic

from settlement.errors import LedgerConflict, SettlementError
from settlement.ledger import chain, checks, refusals
from settlement.ledger.book import PERSON, Booking, Compute, Done, FactKey, Message, Stored, Work
from settlement.ledger.desk import GroupDesk
from settlement.ledger.sealed import Sealer
from settlement.ledger.store import Head, Known, Reading, Store, Whole

GROUP = 64  # messages that may share one commit
GATHER_S = 0.0015  # so long the writer waits for the rest of a group
ENOUGH = 16  # messages that share a commit well enough: nobody waits for more
IDLE_S = 0.1  # so long without a message, and the store may tidy up: tills that just got their answer send the next
CLOCK = "CLOCK"  # infno of an entry that says that the clock is right although it shows an earlier time
STEP_BACK = timedelta(seconds=5)  # a clock is corrected by seconds now and then; more is a fault
LOOK_BACK = 100_000  # entries: some fifty seconds of a busy book, and a bound where entries have no time at all


class Job:
    """One message on its way through the queue."""

    __slots__ = ("_taken", "body_digest", "done", "message", "work")

    def __init__(self, message: Message, body_digest: bytes, work: Work, done: Done) -> None:
        self.message, self.body_digest, self.work, self.done = message, body_digest, work, done
        self._taken = threading.Lock()

    def take(self) -> bool:
        """Take the job, for the writer or, to drop it, for the caller: true for whoever comes first."""
        return self._taken.acquire(blocking=False)


class Writer:
    """Owns the store and the thread that uses it. ``commits`` and ``booked`` count since it began."""

    def __init__(self, store: Store, sealer: Sealer) -> None:
        self.commits = self.booked = 0
        self._store, self._sealer = store, sealer
        self._genesis = chain.genesis(store.identity.algorithm, store.identity.book_id)
        self._jobs: SimpleQueue[Job | None] = SimpleQueue()
        self._door = threading.Lock()  # held while something is put into the queue: nothing lands behind the end mark
        self._closed = False
        self._stopped_by = ""
        self._head = Head(0, None)  # after what this process wrote last
        self._expected = 0  # messages that may come at once: the last group's tills, and who was waiting by then
        self._rested = True  # nothing was written since the store was last given an idle moment
        self._thread = threading.Thread(target=self._run, name="ledger-writer", daemon=True)
        self._thread.start()

    @property
    def stopped_by(self) -> str:
        """Return why the book writes no more, '' while it does."""
        return self._stopped_by

    @property
    def waiting(self) -> int:
        """Return how many messages are in the queue."""
        return self._jobs.qsize()

    def put(self, message: Message, work: Work | Compute, done: Done) -> Job:
        """Queue a message. Raises NotAvailable L11 when the book is closed."""
        if threading.current_thread() is self._thread:
            raise RuntimeError("the book was called from inside the work of a message; it would wait for itself")
        digest = self._sealer.body_digest(message)
        job = Job(message, digest, work if isinstance(work, Work) else Work(alone=work), done)
        with self._door:
            if self._closed:
                raise refusals.closed()
            self._jobs.put(job)
        return job

    def end(self, deadline_s: float) -> None:
        """Write what is waiting, then end the thread. Raises NotAvailable L04 at the deadline."""
        with self._door:
            if not self._closed:
                self._closed = True
                self._jobs.put(None)
        self._thread.join(deadline_s)
        if self._thread.is_alive():
            raise refusals.outcome_unknown(f"the book was still writing after {deadline_s} seconds")

    def _run(self) -> None:
        more = True
        while more:
            group, more = self._next_group()
            if group:
                self._book(group)

    def _next_group(self) -> tuple[list[Job], bool]:
        """Wait for a message, take what is behind it; False with the group when the end mark was met.

        Tills that just got their answer send the next message at once, so the writer waits a moment for as many as there
        are. Else the first of them would be a group, with a commit and a calculation of its own, and halves would alternate.
        """
        group: list[Job] = []
        try:
            job = self._jobs.get(timeout=None if self._rested else IDLE_S)
        except Empty:
            self._rest(0, idle=True)
            job = self._jobs.get()
        until = monotonic() + GATHER_S
        with suppress(Empty):
            while job is not None:
                if job.take():  # else its caller gave up while it was still waiting
                    group.append(job)
                if len(group) == GROUP:
                    break
                left = until - monotonic() if len(group) < min(self._expected, ENOUGH) else 0
                job = self._jobs.get(timeout=left) if left > 0 else self._jobs.get_nowait()
        return group, job is not None

    def _book(self, group: list[Job]) -> None:
        """Book a group in one transaction; tell every member, whatever happens."""
        if self._stopped_by:
            for job in group:
                _tell(job, refusals.stopped(self._stopped_by))
            return
        committing = False
        try:
            self._store.begin()
            turn = _Turn(self._store, self._sealer, self._genesis, self._head)
            outcomes = turn.take(group)
            self._store.append(turn.written)
            committing = True
            self._store.commit()
        except BaseException as error:
            self._fail(group, error, committing)
            return
        self._head = turn.head
        self._expected = len(group) + self._jobs.qsize()  # before they are told: whoever is in neither is not at a till
        self.commits += 1
        self.booked += len(turn.written)
        for job, outcome in zip(group, outcomes, strict=True):
            _tell(job, outcome)
        self._rest(len(turn.written), idle=False)

    def _rest(self, written: int, idle: bool) -> None:
        self._rested = idle
        try:
            self._store.rest(written, idle)
        except Exception as error:
            self._stopped_by = f"the store cannot go on: {error!r}"

    def _fail(self, group: list[Job], error: BaseException, committing: bool) -> None:
        """Undo the transaction and tell every member: not written, or not known where the store failed in the commit.

        An entry that the store refused is its own affair: the group is taken again, each message in a transaction of its own.
        """
        self._store.rollback()
        if self._store.refused(error) and len(group) > 1:
            for job in group:
                self._book([job])
            return
        if self._store.refused(error):
            found = f"the store refused the entry ({error})"
        else:
            found = error.found if isinstance(error, SettlementError) else f"the store failed: {error!r}"
        if self._store.broken(error):
            self._stopped_by = found
        unknown = committing and self._store.unknown(error)
        for job in group:
            refusal = (refusals.outcome_unknown if unknown else refusals.not_written)(found)
            refusal.__cause__ = error
            _tell(job, refusal)


def _tell(job: Job, outcome: Stored | BaseException) -> None:
    with suppress(Exception):  # a caller that is gone must not take the writer with it
        job.done(outcome)


class _Turn:
    """One group's way through the book, in the order in which its messages came."""

    def __init__(self, store: Store, sealer: Sealer, genesis: bytes, before: Head) -> None:
        """Begin at the end of the book; ``before`` is where this process's last group left it."""
        self._store, self._sealer = store, sealer
        head = store.head()  # another process may have written since the last group
        if (before.seq, before.hash) == (head.seq, head.hash):
            head = before
        else:
            head = head._replace(received_at=_latest_of(store, head, before))
        self.head = head if head.hash is not None else head._replace(hash=genesis)
        self._desk = GroupDesk(store, sealer)
        self._outcomes: dict[int, Stored | BaseException] = {}
        self.written: list[Whole] = []

    def take(self, group: Sequence[Job]) -> list[Stored | BaseException]:
        """Return the outcome of each message; ``written`` are the entries to append."""
        names = [job.message[:2] for job in group]
        persons = {FactKey(PERSON, job.message.psn_no) for job in group if job.message.psn_no}
        self._desk.fetch(names, persons.union(*(job.work.reads for job in group)))
        run: list[tuple[int, Job]] = []
        beside: set[object] = set()  # the persons and the messages of the run
        for at, job in enumerate(group):
            together, own = job.work.together, {job.message.psn_no, job.message[:2]}
            # One work for different persons; a message that came twice waits until the first is written.
            if run and (together is None or together is not run[0][1].work.together or beside & own):
                self._finish(run)
                run, beside = [], set()
            if self._is_new(at, job):
                run.append((at, job))
                beside |= own
        self._finish(run)
        return [self._outcomes[at] for at in range(len(group))]

    def _is_new(self, at: int, job: Job) -> bool:
        """Return whether a message is to be worked out; where not, note what its sender is told."""
        known = self._desk.known(job.message[:2])
        if known is not None:
            self._outcomes[at] = self._told(job, known)
        elif self._clock_went_back(job.message):
            self._outcomes[at] = refusals.clock_back(job.message.received_at, self.head.received_at)
        return at not in self._outcomes

    def _told(self, job: Job, known: Known) -> Stored | BaseException:
        if known.body_digest != job.body_digest:
            return refusals.msgid_reused(job.message.fixmedins_code, job.message.msgid)
        try:
            return self._sealer.stored(job.message[:2], known)
        except SettlementError as error:
            return error

    def _clock_went_back(self, message: Message) -> bool:
        now, latest = message.received_at, self.head.received_at
        if now >= latest or not now or message.infno == CLOCK:
            return False
        return datetime.fromisoformat(latest) - datetime.fromisoformat(now) > STEP_BACK

    def _finish(self, run: list[tuple[int, Job]]) -> None:
        """Work a run out together and write what came of it, in order."""
        if not run:
            return
        jobs = [job for _, job in run]
        outcomes = [_checked(job, made) for job, made in zip(jobs, self._made(jobs), strict=True)]
        self._desk.expect([made for made in outcomes if isinstance(made, Booking)])
        for (at, job), made in zip(run, outcomes, strict=True):
            self._outcomes[at] = self._written(job, made)

    def _made(self, jobs: list[Job]) -> Sequence[Booking | BaseException]:
        work = jobs[0].work
        try:
            if work.together is None:
                assert work.alone is not None
                return [work.alone(self._desk)]
            made = work.together(self._desk, [(job.message, job.work.item) for job in jobs])
            if len(made) != len(jobs):
                raise RuntimeError(f"{len(jobs)} messages were handed over, {len(made)} outcomes came back")
            return made
        except BaseException as error:
            if self._store.broken(error):
                raise
            # What failed all of them may be the fault of one.
            return [error] if len(jobs) == 1 else [self._made([job])[0] for job in jobs]

    def _written(self, job: Job, made: Booking | BaseException) -> Stored | BaseException:
        if isinstance(made, BaseException):
            return made
        try:
            if made.setl_id and self._desk.taken(made.setl_id):
                return refusals.setl_id_reused(made.setl_id)
            whole = self._desk.write(job.message, job.body_digest, made, self.head)
        except (LedgerConflict, SettlementError) as error:
            return error
        hashed = chain.entry_hash(self._sealer.algorithm, whole)
        entry = whole.entry._replace(hash=hashed)
        self.written.append(whole._replace(entry=entry))
        latest = entry.received_at if job.message.infno == CLOCK else max(self.head.received_at, entry.received_at)
        self.head = Head(entry.seq, hashed, latest)
        return Stored(entry.seq, made.setl_id, made.answer, first=True)


def _latest_of(view: Reading, head: Head, before: Head) -> str:
    """Return the latest time of a book that ends with ``head``, by what was known of it at ``before`` and is new since.

    So a clock that loses seconds with each entry is met at five seconds in all, whichever process writes them. The newest
    are looked at first, and mostly few: an entry ``STEP_BACK`` before the latest time ends it, for nothing in front of
    that entry is later, else it would have been refused. An accepted clock ends it too.
    """
    latest, after, upto = "", max(before.seq, head.seq - LOOK_BACK), head.seq
    while page := view.times(after, upto):
        for _, infno, moment in page:
            over = moment < latest and datetime.fromisoformat(latest) - datetime.fromisoformat(moment) >= STEP_BACK
            latest = max(latest, moment)
            if over or infno == CLOCK:
                return latest
        upto = page[-1][0] - 1
    return max(latest, before.received_at) if after == before.seq else latest


def _checked(job: Job, made: Booking | BaseException) -> Booking | BaseException:
    if isinstance(made, BaseException):
        return made
    try:
        checks.check_booking(made, job.message)
    except SettlementError as error:
        return error
    return made
