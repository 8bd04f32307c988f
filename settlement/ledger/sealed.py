"""Between what the book says and what lies on the disk: contents sealed, keys replaced by tags.

Institution codes, message numbers, amounts and times stay readable: totals are summed and the chain is checked without
any key. Whoever takes the disk without the keys learns no name, number of a person, diagnosis or item.
"""

from __future__ import annotations

from typing import NamedTuple

import msgspec

from settlement.ledger import chain, refusals
from settlement.ledger.book import PERSON, CounterKey, Entry, Fact, FactKey, Message, PersonState, Stored
from settlement.ledger.packed import pack, unpack
from settlement.ledger.store import EntryRow, FactRow, Known, Name, Tag, Whole
from settlement.vault import Vault


class Sealer(NamedTuple):
    """Seals and opens with the keys of one vault; ``algorithm`` is the digest of the book."""

    vault: Vault
    algorithm: str

    def tag(self, key: FactKey) -> Tag:
        """Return what a fact's key is stored as."""
        return key.kind, self.vault.tag(f"{key.kind}|{key.key}")

    def psn_tag(self, psn_no: str) -> bytes:
        """Return the tag of a person, b'' for nobody."""
        return self.tag(FactKey(PERSON, psn_no))[1] if psn_no else b""

    def body_digest(self, message: Message) -> bytes:
        """Return what tells two messages of one name apart: keyed, so that a short body cannot be guessed from it."""
        return self.vault.tag(chain.digest(self.algorithm, message.infno, message.body).hex())

    def body(self, message: Message) -> bytes:
        """Return person and body of a message, sealed."""
        return self.vault.seal(pack(chain.encode(message.psn_no, message.body)), _message(message[:2]))

    def message(self, row: EntryRow) -> Message:
        """Return the message of an entry. Raises NotAvailable where it was changed or the keys are others."""
        psn_no, body = chain.decode(unpack(self.vault.open(row.body, _message((row.fixmedins_code, row.msgid)))))
        assert isinstance(psn_no, str) and isinstance(body, bytes)
        return Message(row.fixmedins_code, row.msgid, row.infno, body, psn_no, row.received_at)

    def answer(self, name: Name, answer: bytes) -> bytes:
        """Return an answer, sealed."""
        return self.vault.seal(pack(answer), _answer(name))

    def stored(self, name: Name, known: Known, first: bool = False) -> Stored:
        """Return the answer of a message on record, opened."""
        return Stored(known.seq, known.setl_id, unpack(self.vault.open(known.answer, _answer(name))), first)

    def fact(self, tag: Tag, version: int, content: bytes) -> FactRow:
        """Return a version of a fact, sealed."""
        return FactRow(*tag, version, self.vault.seal(pack(content), _fact(tag, version)))

    def content(self, row: FactRow) -> bytes:
        """Return the content of a version of a fact."""
        return unpack(self.vault.open(row.content, _fact((row.kind, row.tag), row.version)))

    def entry(self, whole: Whole) -> Entry:
        """Return an entry with everything opened. The keys of facts cannot be had back: they appear as their tags."""
        row = whole.entry
        message = self.message(row)
        answer = unpack(self.vault.open(row.answer, _answer((row.fixmedins_code, row.msgid))))
        state, facts = PersonState(message.psn_no, 0, {}, None), {}
        for fact in whole.facts:
            if fact.kind == PERSON:
                state = state_of(message.psn_no, Fact(fact.version, self.content(fact)))
            else:
                facts[FactKey(fact.kind, fact.tag.hex())] = Fact(fact.version, self.content(fact))
        return Entry(
            row.seq, message, row.setl_id, answer, state, facts, whole.postings, whole.settlement, row.prev_hash, row.hash
        )  # fmt: skip


def state_of(psn_no: str, fact: Fact | None) -> PersonState:
    """Return a person's state from its fact. Raises LedgerConflict L14 where that cannot be read."""
    if fact is None:
        return PersonState(psn_no, 0, {}, None)
    try:
        balance, rows = msgspec.json.decode(fact.content)
        counters = {CounterKey(area, kind, start, name): value for area, kind, start, name, value in rows}
    except (msgspec.DecodeError, ValueError, TypeError) as error:
        raise refusals.person_damaged(psn_no) from error
    return PersonState(psn_no, fact.version, counters, balance)


def state_content(acct_balc_fen: int | None, counters: dict[CounterKey, int]) -> bytes:
    """Return a person's state as the content of a fact: balance, then counters in order."""
    rows = [[*key, value] for key, value in sorted(counters.items())]
    return msgspec.json.encode([acct_balc_fen, rows])


def _message(name: tuple[str, ...]) -> bytes:
    return chain.encode("message", *name)


def _answer(name: Name) -> bytes:
    return chain.encode("answer", *name)


def _fact(tag: Tag, version: int) -> bytes:
    return chain.encode("fact", *tag, version)
