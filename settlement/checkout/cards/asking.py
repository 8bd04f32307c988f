"""Section 2: asking for a first card in person or by app, its progress, the maker's word; and the end of all cards.

In person at the bank's (or the office's) window of the own area with an identity document, a minor with a parent and the
household book; by app for oneself, relatives and friends. The guide asks no papers of an app, so none are asked here,
but a minor does not apply alone. A new card's numbers come from its maker (K203). Withdrawing (K204) and cancelling
(K206) are not in the guide: this service's own.
"""

from __future__ import annotations

from datetime import date
from typing import Any

import msgspec

from settlement.checkout import refusals_cards as refusals
from settlement.checkout.asked import text
from settlement.checkout.base import House, Reader, Said, Transaction, id_of
from settlement.checkout.cards.acting import (
    APP,
    BANK,
    OF_AGE,
    SELF,
    WINDOW,
    Act,
    act,
    bank_key,
    on_day,
    one_of,
)
from settlement.checkout.cards.done import application_row, done, rows
from settlement.checkout.cards.holding import application_of, holder_of, refuse_taken, with_application, written
from settlement.checkout.changes import Changed, booked
from settlement.checkout.claims import node
from settlement.codes import is_division, relation_of
from settlement.ledger.book import Desk
from settlement.registry import states
from settlement.registry.holder import CANCELLED, NOT_ACTIVATED, PIN_INITIAL, STANDARD, Application, Card, Holder
from settlement.registry.states import moved

FIRST, REISSUE, TEMPORARY = "first", "reissue", "temporary"
MAKERS_WORDS = (states.MAKING, states.MADE, states.REFUSED)
DIED, MOVED = "died", "moved"


def apply(desk: Desk, house: House, said: Said) -> Changed:
    """K201: a first card is applied for. Raises BadInput K15 to K28, P14."""
    asked = act(desk, house, said, "申领社会保障卡")
    asked.through(BANK, WINDOW, APP)
    if asked.channel == APP:
        if asked.by == SELF and asked.age < OF_AGE:
            raise refusals.minor_alone(asked.what, asked.age)
    else:
        asked.in_person()
        _at_home(asked)
    holder = asked.holder
    if holder.present() is not None:
        raise refusals.has_card()
    refuse_open(holder)
    application = application_from(asked, said, FIRST, moved(states.APPLICATION, "apply", states.NONE))
    told = "首次申领免费。可随时查询申请是否成功及制卡进度"
    return done(application, told=told), written(with_application(holder, application))


def application_from(asked: Act, said: Said, kind: str, state: str) -> Application:
    """Return the application that an action makes."""
    stated, other = asked.node, text(asked.node, "agnter_certno").upper()
    return Application(
        number=id_of(said, "card application"), kind=kind, channel=asked.channel, state=state,
        applied_on=asked.today.isoformat(), by=asked.by, by_certno=other if asked.by != SELF else "",
        bank=bank_key(asked.holder.admdvs, text(stated, "card_bank")), point=text(stated, "point_name"),
        collect_at=text(stated, "collect_at"), note=text(stated, "memo"),
    )  # fmt: skip


def refuse_open(holder: Holder) -> None:
    """Refuse (K28) while an application for a card goes on."""
    going = next((one for one in holder.applications if one.state in states.OPEN), None)
    if going is not None:
        raise refusals.application_open(going.number)


def _at_home(asked: Act) -> None:
    area = text(asked.node, "admdvs")
    if area and (not is_division(area) or relation_of(asked.holder.admdvs, area) != "local"):
        raise refusals.not_at_home(area)


def progress(house: House, said: Said) -> dict[str, Any]:
    """K202: where a person's applications stand, the newest last. Raises BadInput P14, K29."""
    stated = node(said, "data")
    holder = holder_of(Reader(house.ledger), house, stated["psn_no"])
    number = text(stated, "appy_no")
    found = (application_of(holder, number),) if number else holder.applications
    return {"appyinfo": [application_row(one) for one in found] or None}


def show(house: House, said: Said) -> dict[str, Any]:
    """K205: all cards and applications of a person. Raises BadInput P14."""
    return rows(holder_of(Reader(house.ledger), house, node(said, "data")["psn_no"]))


def made(desk: Desk, house: House, said: Said) -> Changed:
    """K203: the maker's word. ``ready`` brings the new card's numbers. Raises BadInput K12, K15, K29, K30, K49."""
    stated = node(said, "data")
    holder = holder_of(desk, house, stated["psn_no"])
    if holder.died:
        raise refusals.person_gone("制卡")
    application = application_of(holder, text(stated, "appy_no"))
    word = one_of("appy_stas", text(stated, "appy_stas"), MAKERS_WORDS)
    event = "refuse" if word == states.REFUSED else word
    application = msgspec.structs.replace(
        application, state=moved(states.APPLICATION, event, application.state),
        note=text(stated, "memo") or application.note,
    )  # fmt: skip
    if word != states.MADE:
        return done(application), written(with_application(holder, application))
    card = new_card(desk, house, stated, application.bank, "card_sn", "card_no")
    application = msgspec.structs.replace(application, card_sn=card.card_sn)
    holder = with_application(holder.with_card(card), application)
    return done(application, card, "卡已制成，请持有效身份证件领取"), written(holder, card)


def new_card(desk: Desk, house: House, stated: dict[str, Any], bank: str, sn: str, no: str) -> Card:
    """Return a card that was made, ready to be handed out, with the numbers that a node gives. Raises BadInput K30, K49."""
    numbers = text(stated, sn), text(stated, no)
    if not all(numbers):
        raise refusals.not_for_new_numbers("one or both are missing")
    if numbers[0] == numbers[1]:
        raise refusals.not_for_new_numbers("both are the same")
    refuse_taken(desk, house, *numbers)
    until = on_day(stated, "card_until")
    return Card(
        card_sn=numbers[0], card_no=numbers[1], kind=STANDARD, state=moved(states.CARD, "make", states.NONE), bank=bank,
        valid_until=until.isoformat() if until else "", financial=NOT_ACTIVATED,
        bank_account=text(stated, "card_acct"), pin=PIN_INITIAL,
    )  # fmt: skip


def withdraw(desk: Desk, house: House, said: Said) -> Changed:
    """K204: an application for a first card is withdrawn before it is made. Raises BadInput K12, K15 to K24, K29."""
    asked = act(desk, house, said, "撤销申请")
    application = application_of(asked.holder, text(asked.node, "appy_no"))
    if application.kind == REISSUE:  # the old card is void since the application
        raise refusals.reissue_stands()
    asked.through(BANK, WINDOW, APP)
    if asked.channel != APP:
        asked.self_or_agent()
    application = msgspec.structs.replace(application, state=moved(states.APPLICATION, "withdraw", application.state))
    return done(application), written(with_application(asked.holder, application))


def cancel(desk: Desk, house: House, said: Said) -> Changed:
    """K206: every card of a person ends, open applications too; a temporary card must still come back.

    Raises BadInput K15, K16, K24, K31, K48.
    """
    asked = act(desk, house, said, "注销社会保障卡")
    asked.through(WINDOW)
    reason = one_of("card_reason", text(asked.node, "card_reason"), (DIED, MOVED))
    died = ""
    if reason == DIED:
        died = _day_of_death(asked).isoformat()
    else:
        asked.self_or_agent()
    holder = asked.holder
    if not holder.cards and not any(one.state in states.OPEN for one in holder.applications):
        raise refusals.card_unknown("")
    cards = tuple(
        msgspec.structs.replace(card, state=CANCELLED)
        if card.kind == STANDARD and card.state in states.BY_EVENT[states.CARD, "cancel"].before
        else card
        for card in holder.cards
    )
    applications = tuple(
        msgspec.structs.replace(one, state=states.WITHDRAWN) if one.state in states.OPEN else one
        for one in holder.applications
    )
    holder = msgspec.structs.replace(holder, cards=cards, applications=applications, died=died)
    return done(card=holder.cards[-1] if holder.cards else None), written(holder)


def _day_of_death(asked: Act) -> date:
    day = on_day(asked.node, "die_date")
    if day is None:
        raise refusals.no_death("die_date is missing")
    if not date.fromisoformat(asked.holder.brdy) <= day <= asked.today:
        raise refusals.no_death(f"{day} is before birth or after today")
    return day


TRANSACTIONS = (
    Transaction("K201", work=booked(apply)),
    Transaction("K202", ask=progress),
    Transaction("K203", work=booked(made)),
    Transaction("K204", work=booked(withdraw)),
    Transaction("K205", ask=show),
    Transaction("K206", work=booked(cancel)),
)
