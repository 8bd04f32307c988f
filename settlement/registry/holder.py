"""A person as the holder of cards: what the book keeps of the card's life, one fact a person. Only shapes here.

The fact ``card`` (key: psn_no) holds a ``Holder`` as JSON; the fact ``card_no`` (key: a card's ``card_sn`` or ``card_no``)
holds whose it is (JSON: ``psn_no``), so that a card that came after the register was written is found. A person of whom
the book has no such fact has the card that the register names (``holder_of_register``). Days are ISO text, '' where there
is none.
"""

from __future__ import annotations

import msgspec

from settlement.registry.persons import InsuredPerson

CARD, CARD_NO = "card", "card_no"  # kinds of facts

STANDARD, TEMPORARY = "standard", "temporary"
# States of a card; `states` says which event leads from which to which.
READY, ACTIVE, LOST, LOCKED, REPLACED, CANCELLED, RETURNED = (
    "ready", "active", "lost", "locked", "replaced", "cancelled", "returned",
)  # fmt: skip
# The financial account on it is the bank's: none (a temporary card), not yet activated, in use, closed.
NO_ACCOUNT, NOT_ACTIVATED, IN_USE, CLOSED = "none", "inactive", "active", "closed"
# The social security PIN. That a PIN was changed or locked is known where a terminal or a window says so.
PIN_INITIAL, PIN_SET, PIN_LOCKED, PIN_UNKNOWN = "initial", "set", "locked", "unknown"


class Card(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One card of a person. ``valid_until`` is its last day; ``certificate`` the hospital's paper for a temporary one."""

    card_sn: str
    card_no: str
    kind: str = STANDARD
    state: str = ACTIVE
    bank: str = ""
    issued: str = ""
    valid_until: str = ""
    financial: str = NO_ACCOUNT
    bank_account: str = ""
    pin: str = PIN_UNKNOWN
    lost_on: str = ""
    lost_by: str = ""
    certificate: str = ""
    extended: tuple[str, ...] = ()
    fee_fen: int = 0


class Application(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One application for a card: for what (``first``, ``reissue``, ``temporary``), how, by whom, and where it stands.

    ``state``: applied, prefab, making, ready, collected, refused, withdrawn. ``by``: self, relative, guardian, agent;
    ``by_certno`` is the other person's document number.
    """

    number: str
    kind: str
    channel: str
    state: str
    applied_on: str
    by: str = "self"
    by_certno: str = ""
    bank: str = ""
    point: str = ""
    collect_at: str = ""
    card_sn: str = ""
    note: str = ""


class Insured(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """How a person stands in one insurance from a day on, where the book says it and not the register.

    ``stas`` is a psn_insu_stas (1 in force, 2 suspended, 4 ended). ``begun`` is the day insurance began or was taken up
    again, from which a waiting period counts; ``paused`` the day contributions stopped. '' leaves the register's day.
    """

    from_day: str
    stas: str
    begun: str = ""
    paused: str = ""


class Holder(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A person with all cards, applications and the accounts that pay-outs go to; the newest last."""

    psn_no: str
    certno: str
    psn_name: str
    brdy: str
    admdvs: str
    cards: tuple[Card, ...] = ()
    applications: tuple[Application, ...] = ()
    pays_to: dict[str, str] = {}  # kind of pay-out -> bank account
    died: str = ""
    insured: dict[str, tuple[Insured, ...]] = {}  # by insutype, the oldest first

    def present(self) -> Card | None:
        """Return the standard card that is the person's now: the newest that was not replaced or cancelled."""
        mine = [card for card in self.cards if card.kind == STANDARD and card.state not in (REPLACED, CANCELLED)]
        return mine[-1] if mine else None

    def temporary(self) -> Card | None:
        """Return the temporary card that is out, lost ones included; None once it was given back or replaced."""
        out = [card for card in self.cards if card.kind == TEMPORARY and card.state not in (REPLACED, RETURNED)]
        return out[-1] if out else None

    def card(self, number: str) -> Card | None:
        """Return the card of a ``card_sn`` or ``card_no``."""
        return next((card for card in reversed(self.cards) if number in (card.card_sn, card.card_no)), None)

    def with_card(self, card: Card) -> Holder:
        """Return the holder with a card in the place of the one of its ``card_sn``, or added."""
        if self.card(card.card_sn) is None:
            return msgspec.structs.replace(self, cards=(*self.cards, card))
        cards = tuple(card if one.card_sn == card.card_sn else one for one in self.cards)
        return msgspec.structs.replace(self, cards=cards)


_DECODER = msgspec.json.Decoder(Holder)
_ENCODER = msgspec.json.Encoder()


def holder_from(content: bytes) -> Holder:
    """Return the holder of a fact's content."""
    return _DECODER.decode(content)


def content_of(holder: Holder) -> bytes:
    """Return a holder as a fact's content."""
    return _ENCODER.encode(holder)


def holder_of_register(person: InsuredPerson) -> Holder:
    """Return the holder that the register knows of, before the book has a fact: one card, in the register's state."""
    card = Card(card_sn=person.card_sn, card_no=person.card_no, state=person.card_state, financial=NOT_ACTIVATED)
    return Holder(
        psn_no=person.psn_no, certno=person.certno, psn_name=person.psn_name, brdy=person.brdy.isoformat(),
        admdvs=person.insuplc_admdvs, cards=(card,) if person.card_sn or person.card_no else (),
    )  # fmt: skip
