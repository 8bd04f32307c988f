"""Section 9: the temporary card. For the time of an application, with the hospital's certificate, at the office's window.

Its days are the guide's: 60, extended in special cases to six months in all. The day of handing out is the first, so a
card of 1 May is good on 29 June (day 60) and not on the 30th, and can last until 31 October (own: the guide does not
say how days are counted). No account is on it. It comes back before the new card is handed out; a lost or damaged one costs a fee.
"""

from __future__ import annotations

from calendar import monthrange
from datetime import date, timedelta
from typing import Any

import msgspec

from settlement.checkout import refusals_cards as refusals
from settlement.checkout.asked import text
from settlement.checkout.base import House, Said, Transaction
from settlement.checkout.cards.acting import WINDOW, Act, act, fee_fen, on_day, one_of
from settlement.checkout.cards.done import done
from settlement.checkout.cards.holding import refuse_taken, written
from settlement.checkout.changes import Changed, booked
from settlement.checkout.claims import refused
from settlement.ledger.book import Desk
from settlement.money import yuan
from settlement.registry import states
from settlement.registry.guide import guide_of
from settlement.registry.holder import LOST, NO_ACCOUNT, PIN_INITIAL, TEMPORARY, Card, Holder
from settlement.registry.states import moved

PHARMACY_TYPE = "2"  # fixmedins_type
LOST_OR_DAMAGED = ("lost", "damaged")


def longest(issued: date, months: int) -> date:
    """Return the last possible day of a card: the day before its day ``months`` later, the month's last where it has no such day."""
    count = issued.month - 1 + months
    year, month = issued.year + count // 12, count % 12 + 1
    last = monthrange(year, month)[1]
    if issued.day > last:
        return date(year, month, last)
    return date(year, month, issued.day) - timedelta(days=1)


def hand_out(desk: Desk, house: House, said: Said) -> Changed:
    """K901. Raises BadInput C01, K15 to K24, K30, K42, K43, K49, P13, P14, K90."""
    asked = act(desk, house, said, "申请临时社会保障卡")
    asked.through(WINDOW)
    asked.self_or_agent()
    holder, terms = asked.holder, guide_of(asked.holder.admdvs).temporary
    _wanted(holder)
    paper = _certificate(asked, house)
    numbers = text(asked.node, "card_sn"), text(asked.node, "card_no")
    if not all(numbers) or numbers[0] == numbers[1]:
        raise refusals.not_for_new_numbers("one is missing, or both are the same")
    refuse_taken(desk, house, *numbers)
    card = Card(
        card_sn=numbers[0], card_no=numbers[1], kind=TEMPORARY,
        state=moved(states.TEMPORARY, "hand_out", states.NONE), issued=asked.today.isoformat(),
        valid_until=(asked.today + timedelta(days=terms.valid_days - 1)).isoformat(), financial=NO_ACCOUNT,
        pin=PIN_INITIAL, certificate=paper,
    )  # fmt: skip
    told = (
        f"有效期{terms.valid_days}日，到 {card.valid_until}。不具有金融功能，不能跨地区使用；"
        f"使用完毕须立即交回，否则不发给补领的社会保障卡；丢失或损坏收工本费{yuan(terms.lost_fee_fen)}元"
    )
    return done(card=card, told=told), written(holder.with_card(card), card)


def _wanted(holder: Holder) -> None:
    """Refuse (K42) one who has no application going on, whose card is ready, or who has a temporary card."""
    if holder.temporary() is not None:
        raise refusals.no_need("已有未交回的临时卡")
    going = next((one for one in reversed(holder.applications) if one.state in states.OPEN), None)
    if going is None:
        raise refusals.no_need("没有办理中的申领或补领，请先办理申请")
    if going.state == states.MADE:
        raise refusals.no_need("新卡已经制成，请直接领取")


def _certificate(asked: Act, house: House) -> str:
    """Return the number of the hospital's certificate. Raises BadInput K24, K43, P13."""
    paper = text(asked.node, "hosp_paper_no")
    if not paper:
        raise refusals.no_certificate("没有填写证明编号")
    asked.needs("hospital_paper")
    if any(card.certificate == paper for card in asked.holder.cards):
        raise refusals.no_certificate("该证明已经用过")
    issuer = text(asked.node, "fixmedins_code")
    if not issuer:
        raise refusals.no_certificate("没有填写出具证明的医院")
    if house.registry.place(issuer).fixmedins_type == PHARMACY_TYPE:
        raise refusals.no_certificate("零售药店不能出具")
    return paper


def extend(desk: Desk, house: House, said: Said) -> Changed:
    """K902: a card lasts longer, in all no more than the guide's months. Raises BadInput C01, C05, K11, K15 to K24, K44 to K46."""
    asked = act(desk, house, said, "临时卡延期")
    asked.through(WINDOW)
    asked.self_or_agent()
    card = _out(asked)
    state = moved(states.TEMPORARY, "extend", card.state)
    until = on_day(asked.node, "card_until")
    if until is None:
        raise refused("C01_FIELD_MISSING", "card_until", "card_until")
    months = guide_of(asked.holder.admdvs).temporary.longest_months
    now, last = date.fromisoformat(card.valid_until), longest(date.fromisoformat(card.issued), months)
    if until > last:
        raise refusals.too_long(last.isoformat(), months)
    if until <= now or asked.today > now or not text(asked.node, "memo"):
        raise refusals.not_longer(card.valid_until)
    card = msgspec.structs.replace(
        card, state=state, valid_until=until.isoformat(), extended=(*card.extended, asked.today.isoformat())
    )
    told = f"已延期到 {card.valid_until}，最长不超过 {last.isoformat()}"
    return done(card=card, told=told), written(asked.holder.with_card(card))


def give_back(desk: Desk, house: House, said: Said) -> Changed:
    """K903: the card is back; also of a holder who has died. Raises BadInput K11, K15, K16, K44, P14."""
    asked = act(desk, house, said, "交回临时卡", even_dead=True)
    asked.through(WINDOW)
    card = _out(asked)
    card = msgspec.structs.replace(card, state=moved(states.TEMPORARY, "give_back", card.state))
    return done(card=card, told="临时卡已交回，可以领取补领的社会保障卡"), written(asked.holder.with_card(card))


def lost_or_damaged(desk: Desk, house: House, said: Said) -> Changed:
    """K904: a temporary card is lost or damaged; with ``card_fee`` its fee is paid, without it is owed.

    Raises BadInput K11, K15, K16, K24, K41, K44, P14.
    """
    asked = act(desk, house, said, "临时卡丢失或损坏")
    asked.through(WINDOW)
    asked.self_or_agent()
    card = _out(asked)
    due = guide_of(asked.holder.admdvs).temporary.lost_fee_fen
    given = fee_fen(asked.node)
    if card.state != LOST:
        reason = one_of("card_reason", text(asked.node, "card_reason"), LOST_OR_DAMAGED)
        card = msgspec.structs.replace(
            card, state=moved(states.TEMPORARY, "report", card.state), lost_on=said.received_at, lost_by=reason
        )
    elif given is None:
        moved(states.TEMPORARY, "report", card.state)  # reported before: says so
    if given is None:
        told = f"已登记丢失或损坏，须缴纳工本费{yuan(due)}元，缴清前不发给补领的社会保障卡"
        return done(card=card, told=told, fee_fen=due), written(asked.holder.with_card(card))
    if given != due:
        raise refusals.no_fee(f"丢失或损坏临时社会保障卡的工本费为{yuan(due)}元")
    card = msgspec.structs.replace(card, state=moved(states.TEMPORARY, "pay", card.state), fee_fen=due)
    return done(card=card, told="工本费已缴，可以领取补领的社会保障卡", fee_fen=due), written(
        asked.holder.with_card(card)
    )


def _out(asked: Act) -> Card:
    """Return the temporary card that an action is about: by its number, else the one that is out. Raises BadInput K44."""
    stated: dict[str, Any] = asked.node
    number = text(stated, "card_sn")
    card = asked.holder.card(number) if number else asked.holder.temporary()
    if card is None or card.kind != TEMPORARY:
        raise refusals.no_temporary()
    return card


TRANSACTIONS = (
    Transaction("K901", work=booked(hand_out)),
    Transaction("K902", work=booked(extend)),
    Transaction("K903", work=booked(give_back)),
    Transaction("K904", work=booked(lost_or_damaged)),
)
