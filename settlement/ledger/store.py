"""What a database must be able to do for the book, and the rows it does it with: all of it sealed, none of it explained.

A store knows tables and transactions. What may enter, who is asked first, how an entry is hashed and when the pen is
given up is the business of ``writer``; what sealed bytes mean is that of ``sealed``.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple, Protocol

from settlement.ledger.book import Fault, Posting, Settlement, Totals, Wanted

Name = tuple[str, str]  # fixmedins_code, msgid
Tag = tuple[str, bytes]  # kind of a fact, tag of its key


class Identity(NamedTuple):
    """What a book is hashed with, the random id its chain begins from, and the name of the keys it is sealed with."""

    algorithm: str
    book_id: bytes
    keys: str


class FactRow(NamedTuple):
    """One version of a fact, its key as a tag, its content sealed."""

    kind: str
    tag: bytes
    version: int
    content: bytes


class EntryRow(NamedTuple):
    """One entry as it lies in the store: body and answer sealed, the person as a tag (b'' for none)."""

    seq: int
    fixmedins_code: str
    msgid: str
    infno: str
    psn_tag: bytes
    received_at: str
    body_digest: bytes
    body: bytes
    setl_id: str
    answer: bytes
    prev_hash: bytes
    hash: bytes


class Whole(NamedTuple):
    """An entry with what came with it."""

    entry: EntryRow
    facts: tuple[FactRow, ...]
    postings: tuple[Posting, ...]
    settlement: Settlement | None


class Raw(NamedTuple):
    """What lies in the tables under one seq. Parts may be missing: the audit reads damaged books too.

    ``lines`` are the numbers of the postings, ``fact_lines`` those of the facts where a store numbers them.
    """

    seq: int
    entry: EntryRow | None
    facts: tuple[FactRow, ...]
    lines: tuple[int, ...]
    postings: tuple[Posting, ...]
    settlement: Settlement | None
    fact_lines: tuple[int, ...] | None = None


class Known(NamedTuple):
    """A message on record."""

    seq: int
    body_digest: bytes
    setl_id: str
    answer: bytes


class Head(NamedTuple):
    """The last entry: its seq (0: an empty book) and its hash.

    ``received_at`` is the latest time a message was received at so far, '' for none; a store leaves it to the writer.
    """

    seq: int
    hash: bytes | None
    received_at: str = ""


class Reading(Protocol):
    """One consistent view of a book."""

    def head(self) -> Head:
        """Return the last entry's place."""

    def times(self, after: int, upto: int) -> list[tuple[int, str, str]]:
        """Return seq, infno and time of a page of the timed entries with after < seq <= upto, the newest first."""

    def known(self, names: Sequence[Name]) -> dict[Name, Known]:
        """Return those of the messages that are on record."""

    def facts(self, tags: Sequence[Tag]) -> dict[Tag, FactRow]:
        """Return the latest version of those facts that the book has."""

    def history(self, tag: Tag) -> list[FactRow]:
        """Return every version of a fact, oldest first."""

    def taken(self, setl_ids: Sequence[str]) -> set[str]:
        """Return those of the settlement ids that an entry has."""

    def totals(self, wanted: Wanted, reversals: bool) -> Totals:
        """Return sums and count of settlements."""

    def rows(self, wanted: Wanted, after: int, limit: int) -> list[tuple[int, Settlement]]:
        """Return settlements in the order of the book."""

    def page(self, after: int, upto: int) -> list[Raw]:
        """Return a page of what any table has with after < seq <= upto, in order; an empty list at the end."""

    def last_seq(self) -> int:
        """Return the highest seq that any table mentions, 0 for none."""

    def faults(self) -> Iterator[Fault]:
        """Yield what is wrong with the store as a whole: damaged pages, guards that are gone."""


class Store(Reading, Protocol):
    """The writing side: one transaction at a time, by one thread."""

    identity: Identity
    where: str  # for messages: the file or the address, without secrets

    def begin(self) -> None:
        """Begin a writing transaction and take the pen: no other writer can begin until it ends."""

    def append(self, entries: Sequence[Whole]) -> None:
        """Write entries. Raises the store's integrity error where a key is taken or a guard refuses."""

    def commit(self) -> None:
        """End the transaction; what it wrote is on the disk when this returns."""

    def rollback(self) -> None:
        """Undo the transaction; never raises. A store that cannot is ``broken`` afterwards."""

    def rest(self, written: int, idle: bool) -> None:
        """Do what is due between transactions (``written`` entries came since); with ``idle`` nobody waits meanwhile.

        Raises when nothing more may be written.
        """

    def refused(self, error: BaseException) -> bool:
        """Tell whether an error means that an entry was refused, not that the store failed."""

    def broken(self, error: BaseException) -> bool:
        """Tell whether after an error the state on the disk is not known, so that no more may be written."""

    def unknown(self, error: BaseException) -> bool:
        """Tell whether a commit that raised this may still have taken place."""

    def close(self) -> None:
        """Give the store back."""
