"""The contract of the book: what is handed in, what is kept, what comes back. Every store keeps the same contract.

A caller hands over a ``Message`` and the ``Work`` to be done for it; the book calls that work inside its own transaction
with a ``Desk`` from which the state of that moment can be read, writes what it returns, and only then lets the caller
have the answer. The rest follows from that:

- one message is booked once, however often it is sent, and its answer is the same bytes each time;
- two tills settling one person stand in line, so neither works from a stale counter;
- nothing is changed later. A mistake is undone by a further entry.

What is known of a thing (a person's counters, a visit, a settlement) is a *fact*: bytes under a kind and a key, with a
new version for each entry that says something new of it. Old versions stay.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any, Literal, NamedTuple, Protocol

PeriodKind = Literal["year", "quarter", "month"]
NOTHING: Mapping[Any, Any] = MappingProxyType({})
PERSON = "person"  # the kind of fact that holds a person's counters and account balance; its key is psn_no


class Message(NamedTuple):
    """What an institution sent. (fixmedins_code, msgid) names it for ever.

    ``body`` is what makes two messages of one name the same: kept as it came, for the night to settle again; a PIN or
    token must be taken out before. ``psn_no`` is '' where a message is about nobody. ``received_at`` is the service's
    clock as text (YYYY-MM-DD HH:MM:SS), '' where nobody looked; the order of the book is ``seq``, never the clock.
    """

    fixmedins_code: str
    msgid: str
    infno: str
    body: bytes
    psn_no: str
    received_at: str


class CounterKey(NamedTuple):
    """One running total of a person: which area, which period, which name the area's rules give it."""

    area: str
    period_kind: PeriodKind
    period_start: str  # first day of the benefit period, YYYY-MM-DD; a benefit year need not begin in January
    name: str


class PersonState(NamedTuple):
    """A person as the book has it after ``version`` entries (0: never seen). Values are fen or plain counts."""

    psn_no: str
    version: int
    counters: dict[CounterKey, int]
    acct_balc_fen: int | None


class FactKey(NamedTuple):
    """Names what a fact is about: its kind and its key within the kind."""

    kind: str
    key: str


class Fact(NamedTuple):
    """The latest that the book says of something: its version (1, 2, …) and the content."""

    version: int
    content: bytes


class Posting(NamedTuple):
    """Signed fen moved into (+) or out of (-) an account; the postings of one entry add up to zero."""

    account: str
    fund_pay_type: str
    amount_fen: int


class Settlement(NamedTuple):
    """A settlement as reconciliation counts it, in fen; a reversal has negative amounts and names what it gives back.

    ``day`` is the day of ``setl_time``. Holds no personal data: it lies open in the store so that totals can be summed.
    """

    setl_id: str
    mdtrt_id: str
    fixmedins_code: str
    day: str
    insutype: str
    clr_type: str
    setl_optins: str
    med_type: str
    reverses: str  # setl_id of the settlement that this one gives back, '' for an ordinary one
    medfee_fen: int
    fund_fen: int
    acct_fen: int
    mulaid_fen: int
    cash_fen: int


class Totals(NamedTuple):
    """Sums over settlements in fen, with their count: rows that give back and rows that do not, apart."""

    setl_cnt: int
    medfee_fen: int
    fund_fen: int
    acct_fen: int
    mulaid_fen: int
    cash_fen: int


class Wanted(NamedTuple):
    """Which settlements to look at: '' means any. ``first`` and ``last`` are days (YYYY-MM-DD), both included."""

    fixmedins_code: str = ""
    first: str = ""
    last: str = ""
    insutype: str = ""
    clr_type: str = ""
    setl_optins: str = ""
    mdtrt_id: str = ""
    setl_id: str = ""


class Booking(NamedTuple):
    """What a message does to the book. ``answer`` is what the sender is told, now and on every repeat.

    ``counters`` holds a person's values *after* this message; a counter that is not named keeps its value. So does the
    account balance when ``acct_balc_fen`` is None. The person gets a new version only if one of the two is given.
    ``facts`` are the new versions of what the message says something new of.
    """

    answer: bytes
    setl_id: str = ""
    counters: Mapping[CounterKey, int] = NOTHING
    acct_balc_fen: int | None = None
    postings: tuple[Posting, ...] = ()
    facts: Mapping[FactKey, bytes] = NOTHING
    settlement: Settlement | None = None


class Stored(NamedTuple):
    """The answer on record. ``first`` is true for the one call that wrote it."""

    seq: int
    setl_id: str
    answer: bytes
    first: bool


class Entry(NamedTuple):
    """One line of the book, whole: the message, its answer, what changed with it, its place in the chain.

    ``state`` is the person after it (version 0 if the message changed nobody), ``facts`` the other new versions.
    """

    seq: int
    message: Message
    setl_id: str
    answer: bytes
    state: PersonState
    facts: dict[FactKey, Fact]
    postings: tuple[Posting, ...]
    settlement: Settlement | None
    prev_hash: bytes
    hash: bytes


class Fault(NamedTuple):
    """Something ``verify`` found wrong. ``seq`` is the entry (None: the file as a whole)."""

    seq: int | None
    table: str
    what: str


class Desk(Protocol):
    """What the work of a message may look at, inside the transaction: the book as it stands just before this message."""

    def person(self, psn_no: str) -> PersonState:
        """Return a person's state; version 0 and no counters if never seen. The dict is the caller's own."""

    def fact(self, kind: str, key: str) -> bytes | None:
        """Return the latest content of a fact, None if the book says nothing of it."""

    def answer(self, fixmedins_code: str, msgid: str) -> Stored | None:
        """Return the answer on record for another message, or None."""

    def taken(self, setl_id: str) -> bool:
        """Return whether a settlement has this id."""


Compute = Callable[[Desk], Booking]
Together = Callable[[Desk, Sequence[tuple[Message, Any]]], Sequence[Booking | BaseException]]


class Work(NamedTuple):
    """How a message is worked out: alone, or together with others that wait beside it.

    ``together`` gets a run of waiting messages with their ``item`` and returns an outcome for each; the book sees to it
    that they are of different persons, so none can depend on another through its person, and the work may look at and
    write facts of its own person's things only. ``reads`` names the facts that will be asked for: a store may fetch
    those of a whole group at once, and what is not named is fetched when asked for.
    """

    alone: Compute | None = None
    together: Together | None = None
    item: Any = None
    reads: tuple[FactKey, ...] = ()


class Ticket(Protocol):
    """A message that was handed in."""

    def take(self) -> bool:
        """Take it back: true if the book has not begun it and now never will."""


Done = Callable[[Stored | BaseException], None]


class Ledger(Protocol):
    """A book. One group of messages at a time has the pen; readers never wait for it."""

    def settle(self, message: Message, work: Work | Compute) -> Stored:
        """Book a message once and return its answer, durable before it is returned.

        The work runs inside the transaction; it is not done for a message that is already booked. What it raises is
        raised here and nothing of this message is written. Raises BadInput (L08 to L10), LedgerConflict (L01 same
        msgid with another body, L02 settlement id taken) or NotAvailable (L03 not written, L04 not known whether
        written, L05 stopped, L11 closed, L15 the clock went back). After L03 and L04 sending the same message again
        is safe.
        """

    def submit(self, message: Message, work: Work | Compute, done: Done) -> Ticket:
        """Queue a message and return at once with its ticket; ``done`` is called once, by the writer's thread, with what ``settle``
        would have returned or raised. It must not block and must not raise. Raises BadInput L09 and NotAvailable L11.
        """

    def find(self, fixmedins_code: str, msgid: str) -> Stored | None:
        """Return the answer on record for a message, or None."""

    def person(self, psn_no: str) -> PersonState:
        """Return a person's state after all that is booked; version 0 and no counters if never seen."""

    def fact(self, kind: str, key: str) -> Fact | None:
        """Return the latest version of a fact, or None."""

    def history(self, kind: str, key: str) -> list[Fact]:
        """Return every version of a fact, oldest first."""

    def totals(self, wanted: Wanted, reversals: bool) -> Totals:
        """Return the sums over settlements (``reversals`` false: those that give nothing back; true: those that do)."""

    def rows(self, wanted: Wanted, after: int = 0, limit: int = 1000) -> list[tuple[int, Settlement]]:
        """Return up to ``limit`` settlements with seq > ``after`` and their seq, in the order of the book."""

    def seed_person(self, psn_no: str, acct_balc_fen: int, received_at: str = "") -> Stored:
        """Book an opening account balance, once, before anything else of that person. Raises LedgerConflict L12."""

    def settlements(self, after: int = 0, upto: int | None = None) -> Iterator[Entry]:
        """Yield entries with after < seq <= upto in order; ``upto`` defaults to what is booked now."""

    def head(self) -> tuple[int, bytes]:
        """Return seq and hash of the last entry; 0 and the genesis of an empty book."""

    def verify(self) -> list[Fault]:
        """Recompute hash chain, balances and versions; return every fault, none if the book is whole."""

    def close(self) -> None:
        """Finish what was handed in, then close. Closing twice is closing once."""


def facts_of(pairs: Iterable[tuple[str, str]]) -> tuple[FactKey, ...]:
    """Return fact keys from (kind, key) pairs; for ``Work.reads``."""
    return tuple(FactKey(kind, key) for kind, key in pairs)
