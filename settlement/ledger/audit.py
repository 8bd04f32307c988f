"""Reading the whole book again from its first entry and naming every row that is not as it was written.

A single changed byte is found at its entry. What a chain cannot show by itself is a tail cut off or a book rewritten
from some entry to the end: for that, keep the last hash elsewhere.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator

from settlement.ledger import chain, rows, schema
from settlement.ledger.book import Fault, Message
from settlement.ledger.rows import MessageRow, PersonRow, Raw, SettlementRow
from settlement.ledger.schema import Identity

_INTEGRITY_LINES = 20


def faults(con: sqlite3.Connection, identity: Identity) -> Iterator[Fault]:
    """Yield the faults of a book: of the file first, then entry by entry. The connection is this function's alone."""
    # A damaged text must be read, not refused: it then fails to match its hash.
    con.text_factory = lambda raw: raw.decode("utf-8", "surrogateescape")
    try:
        yield from _file_faults(con)
        yield from _Walk(identity).over(con)
    except sqlite3.DatabaseError as error:
        yield Fault(None, "file", f"cannot be read on: {error}")


def _file_faults(con: sqlite3.Connection) -> Iterator[Fault]:
    for (line,) in con.execute(f"PRAGMA integrity_check({_INTEGRITY_LINES})"):
        if line != "ok":
            yield Fault(None, "file", line)
    present = {name for (name,) in con.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'")}
    for name in sorted(schema.trigger_names() - present):
        yield Fault(None, name.rpartition("_")[0], f"the trigger {name} is gone; rows could have been changed")


class _Walk:
    """The state carried from entry to entry: position, the hashes the next link may show, each person's version."""

    def __init__(self, identity: Identity) -> None:
        self.algorithm = identity.algorithm
        self.seq = 0
        self.links: set[bytes] | None = {chain.genesis(*identity)}  # None: the entry before is gone, and named already
        self.versions: dict[str, int] = {}

    def over(self, con: sqlite3.Connection) -> Iterator[Fault]:
        """Yield the faults of all entries in order."""
        last = rows.last_seq(con)
        while page := rows.page(con, self.seq, last):
            for raw in page:
                yield from self._entry(raw)

    def _entry(self, raw: Raw) -> Iterator[Fault]:
        if raw.seq != self.seq + 1:
            yield Fault(self.seq + 1, "messages", f"nothing is there up to entry {raw.seq - 1}")
            self.links = None
        self.seq = raw.seq
        if raw.message is None or raw.settlement is None or raw.person is None:
            yield from self._missing(raw)
            return
        yield from self._postings(raw)
        yield from self._person(raw.seq, raw.message.message, raw.person)
        yield from self._content(raw, raw.message, raw.settlement, raw.person)

    def _missing(self, raw: Raw) -> Iterator[Fault]:
        parts = {"messages": raw.message, "settlements": raw.settlement, "person_versions": raw.person}
        yield from (Fault(raw.seq, table, "the row is not there") for table, part in parts.items() if part is None)
        self.links = {raw.settlement.hash} if raw.settlement else None
        if raw.message is not None:
            self._next_version(raw.message.message.psn_no)
        elif raw.person is not None:
            self._next_version(raw.person.psn_no)

    def _next_version(self, psn_no: str) -> int:
        version = self.versions[psn_no] = self.versions.get(psn_no, 0) + 1
        return version

    def _person(self, seq: int, message: Message, person: PersonRow) -> Iterator[Fault]:
        """The versions of a person are 1, 2, 3 … in the order of the book, so the highest is the last entry's."""
        whose = message.psn_no
        if person.psn_no != whose:
            yield Fault(seq, "person_versions", "is of another person than the message")
            if person.version == self.versions.get(person.psn_no, 0) + 1:
                whose = person.psn_no  # it was the message that was changed
        due = self._next_version(whose)
        if person.version != due:
            yield Fault(seq, "person_versions", f"is version {person.version} of its person, {due} was due")

    def _postings(self, raw: Raw) -> Iterator[Fault]:
        total_fen = sum(posting.amount_fen for posting in raw.postings)
        if total_fen != 0:
            yield Fault(raw.seq, "postings", f"add up to {total_fen} fen instead of 0")
        if raw.lines != tuple(range(len(raw.lines))):
            yield Fault(raw.seq, "postings", f"are numbered {raw.lines}")

    def _content(self, raw: Raw, message: MessageRow, settlement: SettlementRow, person: PersonRow) -> Iterator[Fault]:
        if chain.body_digest(self.algorithm, message.message) != message.body_digest:
            yield Fault(raw.seq, "messages", "the body is not the one that was received")
        entry = rows.whole_entry(raw.seq, message.message, settlement, person, raw.postings)
        expected = chain.entry_hash(self.algorithm, entry, message.body_digest, person.counters)
        if expected != settlement.hash:
            yield Fault(raw.seq, "settlements", "the entry is not the one that was hashed")
        if self.links is not None and settlement.prev_hash not in self.links:
            yield Fault(raw.seq, "settlements", "does not follow the entry before it")
        # Where only the stored hash was changed, the next entry still links to the true one: name this row, not that.
        self.links = {settlement.hash, expected}
