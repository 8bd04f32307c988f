"""A person as the holder of cards, as the book has it just before this message, else as the register names the card."""

from __future__ import annotations

import msgspec

from settlement.checkout import refusals_cards as refusals
from settlement.checkout.base import House, Reader
from settlement.ledger.book import Desk, FactKey
from settlement.registry.holder import (
    CARD,
    CARD_NO,
    Application,
    Card,
    Holder,
    content_of,
    holder_from,
    holder_of_register,
)


def holder_of(desk: Desk | Reader, house: House, psn_no: str) -> Holder:
    """Return a person's cards and accounts. Raises BadInput P14 for an unknown number."""
    content = desk.fact(CARD, psn_no)
    return holder_of_register(house.registry.insured(psn_no)) if content is None else holder_from(content)


def written(holder: Holder, *new: Card) -> dict[FactKey, bytes]:
    """Return the facts that a holder's new state is, with whose the numbers of new cards are (JSON: ``psn_no``)."""
    whose = msgspec.json.encode({"psn_no": holder.psn_no})
    numbers = {FactKey(CARD_NO, number): whose for card in new for number in (card.card_sn, card.card_no) if number}
    return {FactKey(CARD, holder.psn_no): content_of(holder)} | numbers


def refuse_taken(desk: Desk | Reader, house: House, *numbers: str) -> None:
    """Refuse (K30) numbers that a card of the book or the register has."""
    for number in numbers:
        registered = any(number in (one.card_sn, one.card_no) for one in house.registry.persons.values())
        if registered or desk.fact(CARD_NO, number) is not None:
            raise refusals.number_taken(number)


def application_of(holder: Holder, number: str) -> Application:
    """Return a person's application by its number; raises BadInput K29."""
    found = next((one for one in holder.applications if one.number == number), None)
    if found is None:
        raise refusals.application_unknown(number)
    return found


def with_application(holder: Holder, application: Application) -> Holder:
    """Return the holder with an application in the place of the one of its number, or added."""
    others = [one for one in holder.applications if one.number != application.number]
    if len(others) == len(holder.applications):
        return msgspec.structs.replace(holder, applications=(*holder.applications, application))
    changed = tuple(application if one.number == application.number else one for one in holder.applications)
    return msgspec.structs.replace(holder, applications=changed)
