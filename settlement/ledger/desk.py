"""What the work of a message sees of the book inside the writer's transaction, and what the group has written so far.

Facts are fetched once a group and kept open here; what an earlier message of the group said is what the next one reads.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from settlement.ledger.book import PERSON, Booking, Fact, FactKey, Message, PersonState, Stored
from settlement.ledger.sealed import Sealer, state_content, state_of
from settlement.ledger.store import EntryRow, FactRow, Head, Known, Name, Reading, Tag, Whole


class GroupDesk:
    """The desk of one group: reads through to the store, remembers, and turns bookings into rows."""

    def __init__(self, store: Reading, sealer: Sealer) -> None:
        self._store, self._sealer = store, sealer
        self._rows: dict[
            FactKey, FactRow | None
        ] = {}  # fetched, opened when asked for: a damaged one stops only who asks
        self._facts: dict[FactKey, Fact | None] = {}
        self._tags: dict[FactKey, Tag] = {}  # worked out once for reading and writing
        self._known: dict[Name, Known | None] = {}
        self._taken: dict[str, bool] = {}

    def fetch(self, names: Sequence[Name], keys: Iterable[FactKey]) -> None:
        """Read messages and facts of a whole group at once."""
        found = self._store.known(names)
        self._known |= {name: found.get(name) for name in names}
        wanted = {key: self._tag(key) for key in keys if key not in self._rows}
        rows = self._store.facts(list(wanted.values()))
        self._rows |= {key: rows.get(tag) for key, tag in wanted.items()}

    def expect(self, bookings: Sequence[Booking]) -> None:
        """Read at once what ``taken`` and ``write`` will ask for; over a network each question is a round trip."""
        self.fetch([], {key for booking in bookings for key in booking.facts})
        asked = {booking.setl_id for booking in bookings if booking.setl_id} - self._taken.keys()
        found = self._store.taken(list(asked))
        self._taken |= {setl_id: setl_id in found for setl_id in asked}

    def known(self, name: Name) -> Known | None:
        """Return a message on record, this group's included."""
        if name not in self._known:
            self._known |= {name: self._store.known([name]).get(name)}
        return self._known[name]

    def person(self, psn_no: str) -> PersonState:
        """Return a person's state; see ``Desk``."""
        return state_of(psn_no, self._fact(FactKey(PERSON, psn_no)))

    def fact(self, kind: str, key: str) -> bytes | None:
        """Return the latest content of a fact; see ``Desk``."""
        fact = self._fact(FactKey(kind, key))
        return None if fact is None else fact.content

    def answer(self, fixmedins_code: str, msgid: str) -> Stored | None:
        """Return the answer on record for another message; see ``Desk``."""
        name = (fixmedins_code, msgid)
        known = self.known(name)
        return None if known is None else self._sealer.stored(name, known)

    def taken(self, setl_id: str) -> bool:
        """Return whether a settlement has this id, one of this group's included."""
        if setl_id not in self._taken:
            self._taken[setl_id] = bool(self._store.taken([setl_id]))
        return self._taken[setl_id]

    def write(self, message: Message, body_digest: bytes, booking: Booking, head: Head) -> Whole:
        """Return the rows of a booking, to stand after ``head``, and let the next message see what they say."""
        sealer, name = self._sealer, message[:2]
        said = dict(booking.facts)
        if booking.counters or booking.acct_balc_fen is not None:
            state = self.person(message.psn_no)
            balance = state.acct_balc_fen if booking.acct_balc_fen is None else booking.acct_balc_fen
            content = state_content(balance, {**state.counters, **booking.counters})
            said = {FactKey(PERSON, message.psn_no): content} | said
        facts = tuple(self._next(key, content) for key, content in said.items())
        assert head.hash is not None
        entry = EntryRow(
            head.seq + 1, *name, message.infno, self._psn_tag(message.psn_no), message.received_at, body_digest,
            sealer.body(message), booking.setl_id, sealer.answer(name, booking.answer), head.hash, b"",
        )  # fmt: skip
        self._known[name] = Known(entry.seq, body_digest, booking.setl_id, entry.answer)
        if booking.setl_id:
            self._taken[booking.setl_id] = True
        return Whole(entry, facts, booking.postings, booking.settlement)

    def _next(self, key: FactKey, content: bytes) -> FactRow:
        before = self._fact(key)
        version = 1 if before is None else before.version + 1
        self._facts[key] = Fact(version, content)
        return self._sealer.fact(self._tag(key), version, content)

    def _psn_tag(self, psn_no: str) -> bytes:
        return self._tag(FactKey(PERSON, psn_no))[1] if psn_no else b""

    def _tag(self, key: FactKey) -> Tag:
        tag = self._tags.get(key)
        if tag is None:
            tag = self._tags[key] = self._sealer.tag(key)
        return tag

    def _fact(self, key: FactKey) -> Fact | None:
        if key not in self._facts:
            if key not in self._rows:
                self.fetch([], [key])
            row = self._rows[key]
            self._facts[key] = None if row is None else Fact(row.version, self._sealer.content(row))
        return self._facts[key]
