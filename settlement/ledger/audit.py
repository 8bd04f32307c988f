"""Reading the whole book again from its first entry and naming every row that is not as it was written.

A single changed byte is found at its entry, without any key. What a chain cannot show by itself is a tail cut off or a
book rewritten from some entry to the end: for that, a signed anchor is kept elsewhere (``anchor``).
"""

from __future__ import annotations

from collections.abc import Iterator

from settlement.errors import SettlementError
from settlement.ledger import chain
from settlement.ledger.book import PERSON, Fault
from settlement.ledger.sealed import Sealer
from settlement.ledger.store import EntryRow, FactRow, Identity, Raw, Reading, Tag, Whole


def faults(view: Reading, identity: Identity, sealer: Sealer | None = None) -> Iterator[Fault]:
    """Yield the faults of a book: of the store first, then entry by entry. With a sealer contents are opened as well."""
    yield from view.faults()
    yield from _Walk(identity, sealer).over(view)


class _Walk:
    """The state carried from entry to entry: position, the hashes the next link may show, each fact's version."""

    def __init__(self, identity: Identity, sealer: Sealer | None) -> None:
        self.algorithm, self.sealer = identity.algorithm, sealer
        self.seq = 0
        self.links: set[bytes] | None = {chain.genesis(identity.algorithm, identity.book_id)}
        self.versions: dict[Tag, int] = {}
        self.named = 0  # entries known not to be whole: each may have lost a version, which is not named once more

    def over(self, view: Reading) -> Iterator[Fault]:
        """Yield the faults of all entries in order."""
        last = view.last_seq()
        while page := view.page(self.seq, last):
            for raw in page:
                yield from self._entry(raw)

    def _entry(self, raw: Raw) -> Iterator[Fault]:
        if raw.seq != self.seq + 1:
            yield Fault(self.seq + 1, "entries", f"nothing is there up to entry {raw.seq - 1}")
            self.links = None  # the entry before is gone, and named already
            self.named += raw.seq - self.seq - 1
        self.seq = raw.seq
        yield from self._postings(raw)
        if raw.fact_lines is not None and raw.fact_lines != tuple(range(len(raw.facts))):
            yield Fault(raw.seq, "facts", f"are numbered {raw.fact_lines}")
        for fact in raw.facts:
            yield from self._fact(raw, fact)
        if raw.entry is None:
            yield Fault(raw.seq, "entries", "the row is not there")
            self.links = None
            self.named += 1
            return
        yield from self._content(raw, raw.entry)

    def _fact(self, raw: Raw, fact: FactRow) -> Iterator[Fault]:
        """The versions of a fact are 1, 2, 3 … in the order of the book, so the highest is the last that was said."""
        tag = (fact.kind, fact.tag)
        due = self.versions.get(tag, 0) + 1
        if due < fact.version <= due + self.named:
            due = fact.version
        elif fact.version != due:
            yield Fault(raw.seq, "facts", f"a {fact.kind} is version {fact.version}, {due} was due")
        self.versions[tag] = due
        if fact.kind == PERSON and raw.entry is not None and fact.tag != raw.entry.psn_tag:
            yield Fault(raw.seq, "facts", "is of another person than the message")

    def _postings(self, raw: Raw) -> Iterator[Fault]:
        total_fen = sum(posting.amount_fen for posting in raw.postings)
        if total_fen != 0:
            yield Fault(raw.seq, "postings", f"add up to {total_fen} fen instead of 0")
        if raw.lines != tuple(range(len(raw.lines))):
            yield Fault(raw.seq, "postings", f"are numbered {raw.lines}")

    def _content(self, raw: Raw, entry: EntryRow) -> Iterator[Fault]:
        whole = Whole(entry, raw.facts, raw.postings, raw.settlement)
        expected = chain.entry_hash(self.algorithm, whole)
        if expected != entry.hash:
            self.named += 1
            yield Fault(raw.seq, "entries", "the entry is not the one that was hashed")
        elif self.sealer is not None:
            yield from self._opened(whole, self.sealer)
        if self.links is not None and entry.prev_hash not in self.links:
            yield Fault(raw.seq, "entries", "does not follow the entry before it")
        # Where only the stored hash was changed, the next entry still links to the true one: name this row, not that.
        self.links = {entry.hash, expected}

    def _opened(self, whole: Whole, sealer: Sealer) -> Iterator[Fault]:
        try:
            entry = sealer.entry(whole)
        except (SettlementError, ValueError) as error:
            yield Fault(whole.entry.seq, "entries", f"cannot be opened: {error}")
            return
        if sealer.body_digest(entry.message) != whole.entry.body_digest:
            yield Fault(whole.entry.seq, "entries", "the body is not the one that was received")
