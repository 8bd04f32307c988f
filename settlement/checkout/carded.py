"""Whether what is presented is this person's and good at this message: the book's word on cards, else the register's.

The book is asked in the writer's own turn (the fact ``card`` of the person is read with the group), so a loss that is booked
is met by the very next settlement at any till. An ID card or a voucher is good without any card.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from settlement.checkout import refusals_carded as refusals
from settlement.checkout.base import House, Reader, known
from settlement.codes import MUNICIPALITIES
from settlement.identity import CERT_CARD, PresentedIdentity
from settlement.ledger.book import Desk
from settlement.registry import InsuredPerson
from settlement.registry.guide import guide
from settlement.registry.holder import (
    CANCELLED,
    CARD,
    CARD_NO,
    LOCKED,
    LOST,
    PIN_INITIAL,
    PIN_LOCKED,
    READY,
    REPLACED,
    RETURNED,
    TEMPORARY,
    Card,
    Holder,
    holder_from,
    holder_of_register,
)
from settlement.registry.register import certificate_of_another, person_unknown


class Occasion(NamedTuple):
    """Where and when something is presented: division of the place of treatment ('' where that does not matter), ISO day."""

    place: str
    day: str


def who(house: House, presented: PresentedIdentity, occasion: Occasion) -> InsuredPerson:
    """Return the person who presented an identity, under the main insurance.

    Raises BadInput P10 for an unknown person, P11, P12, K70 to K81 for a card that is not good, P17, P18.
    """
    desk = Reader(house.ledger)
    person = house.registry.found(presented) or _by_booked_card(desk, house, presented)
    if person is None:
        raise person_unknown()
    if presented.certno not in ("", person.certno):
        raise certificate_of_another()
    bears(desk, house, person, {
        "mdtrt_cert_type": presented.mdtrt_cert_type, "mdtrt_cert_no": presented.mdtrt_cert_no, "card_sn": presented.card_sn,
    }, occasion)  # fmt: skip
    return person


def _by_booked_card(desk: Desk | Reader, house: House, presented: PresentedIdentity) -> InsuredPerson | None:
    """Return whose a card is that came after the register was written."""
    if presented.mdtrt_cert_type != CERT_CARD:
        return None
    for number in (presented.card_sn, presented.mdtrt_cert_no):
        owner = known(desk, CARD_NO, number) if number else None
        if owner is not None:
            return house.registry.insured(owner["psn_no"])
    return None


def bears(desk: Desk | Reader, house: House, person: InsuredPerson, stated: dict[str, Any], occasion: Occasion) -> None:
    """See to it that a stated certificate is this person's and good; without one, that the person lives.

    A card may be named by its number, 卡识别码 or the person's ID number. Raises BadInput C11, P11, P12, P17, P18, K70 to K81.
    """
    content = desk.fact(CARD, person.psn_no)
    holder = None if content is None else holder_from(content)  # of most people the book has no such fact
    if holder is not None and holder.died and occasion.day > holder.died:
        raise refusals.holder_died(holder.died)
    number = stated.get("mdtrt_cert_no")
    if not number:
        return
    kind = str(stated.get("mdtrt_cert_type") or "")
    house.registry.bears(person, kind, str(number))
    if kind == CERT_CARD:
        holder = holder or holder_of_register(person)
        _good(_named(holder, person, str(number), str(stated.get("card_sn") or "")), person, occasion)


def _named(holder: Holder, person: InsuredPerson, number: str, card_sn: str) -> Card:
    """Return the card that a message names. Raises BadInput P11, P18, K81."""
    if number == person.certno:
        card = holder.card(card_sn) if card_sn else holder.temporary() or holder.present()
        if card is None:
            raise refusals.not_the_present_card() if holder.cards else refusals.no_card()
        return card
    card = holder.card(number)
    if card is None:
        raise certificate_of_another()
    if card_sn not in ("", card.card_sn):
        raise refusals.not_the_present_card()
    return card


def _good(card: Card, person: InsuredPerson, occasion: Occasion) -> None:
    """Refuse a card that is not to be used there and then, each reason with a code of its own."""
    _refuse_state(card)
    if card.valid_until and occasion.day > card.valid_until:
        raise (refusals.temporary_expired if card.kind == TEMPORARY else refusals.card_expired)(card.valid_until)
    if card.kind == TEMPORARY and occasion.place and _region(occasion.place) != _region(person.insuplc_admdvs):
        raise refusals.temporary_elsewhere(person.insuplc_admdvs, occasion.place)
    if card.pin == PIN_LOCKED:
        raise refusals.pin_locked()
    if card.pin == PIN_INITIAL:
        area = guide(person.insuplc_admdvs)
        if area is not None and area.social_pin.refused_for_settlement.value:
            raise refusals.pin_initial(person.insuplc_admdvs)


def _refuse_state(card: Card) -> None:
    if card.state == LOST:
        raise refusals.card_lost(card.lost_on)
    refused = {
        LOCKED: refusals.card_locked, CANCELLED: refusals.card_cancelled, REPLACED: refusals.card_replaced,
        READY: refusals.card_not_collected, RETURNED: refusals.temporary_returned,
    }.get(card.state)  # fmt: skip
    if refused is not None:
        raise refused()


def _region(area: str) -> str:
    """Return the city, or the municipality, that an area belongs to: within it a card is local."""
    return area[:2] if area[:2] in MUNICIPALITIES else area[:4]
