"""The contract of the book: what is handed in, what is kept, what comes back. Every store keeps the same contract.

A till hands over a ``Message`` and a function; the book calls the function with the person's state as it stands at
that moment, writes what it returns, and only then lets the till have the answer. The rest follows from that:

- one message settles once, however often it is sent, and its answer is the same bytes each time;
- two tills settling one person stand in line, so neither works from a stale counter;
- nothing is changed later. A mistake is undone by a further entry.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Literal, NamedTuple, Protocol

PeriodKind = Literal["year", "quarter", "month"]


class Message(NamedTuple):
    """What an institution sent. (fixmedins_code, msgid) names it for ever.

    ``body`` is kept as it came, for the night to settle again: a PIN or token must be taken out before. ``received_at``
    is the local time as text; the order of the book is ``seq``, never the clock.
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


class Posting(NamedTuple):
    """Signed fen moved into (+) or out of (-) an account; the postings of one entry add up to zero."""

    account: str
    fund_pay_type: str
    amount_fen: int


class Booking(NamedTuple):
    """What a settlement does to the book.

    ``counters`` holds values *after* this settlement; a counter that is not named keeps its value. So does the
    account balance when ``acct_balc_fen`` is None. ``answer`` is what the till is told, now and on every repeat.
    """

    setl_id: str
    answer: bytes
    counters: dict[CounterKey, int]
    acct_balc_fen: int | None
    postings: tuple[Posting, ...]


class Stored(NamedTuple):
    """The answer on record. ``first`` is true for the one call that wrote it."""

    seq: int
    setl_id: str
    answer: bytes
    first: bool


class Entry(NamedTuple):
    """One line of the book, whole: the message, its answer, the person's state after it, its place in the chain."""

    seq: int
    message: Message
    setl_id: str
    answer: bytes
    state: PersonState
    postings: tuple[Posting, ...]
    prev_hash: bytes
    hash: bytes


class Fault(NamedTuple):
    """Something ``verify`` found wrong. ``seq`` is the entry (None: the file as a whole)."""

    seq: int | None
    table: str
    what: str


Compute = Callable[[PersonState], Booking]


class Ledger(Protocol):
    """A book. One settling call at a time has the pen; readers never wait for it."""

    def settle(self, message: Message, compute: Compute) -> Stored:
        """Book a message once and return its answer, durable before it is returned.

        ``compute`` gets the person's current state and runs inside the transaction; it is not called for a message
        that is already booked. What it raises is raised here and nothing is written. Raises BadInput (L08 to L10),
        LedgerConflict (L01 same msgid with another body, L02 settlement id taken) or NotAvailable (L03 not
        written, L04 not known whether written, L05 stopped, L11 closed). After L03 and L04 sending the same message
        again is safe.
        """

    def find(self, fixmedins_code: str, msgid: str) -> Stored | None:
        """Return the answer on record for a message, or None."""

    def person(self, psn_no: str) -> PersonState:
        """Return a person's state after all that is booked; version 0 and no counters if never seen."""

    def seed_person(self, psn_no: str, acct_balc_fen: int, received_at: str = "") -> Stored:
        """Book an opening account balance, once, before anything else of that person. Raises LedgerConflict L12."""

    def settlements(self, after: int = 0, upto: int | None = None) -> Iterator[Entry]:
        """Yield entries with after < seq <= upto in order; ``upto`` defaults to what is booked now."""

    def verify(self) -> list[Fault]:
        """Recompute hash chain, balances and person versions; return every fault, none if the book is whole."""

    def close(self) -> None:
        """Finish what was handed in, then close. Closing twice is closing once."""
