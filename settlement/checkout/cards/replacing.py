"""Section 8 (and 10): a card instead of a lost or damaged one.

At the bank on the card; a bank whose cards are prefabricated (``bank_first``) hands one out at once and the office
completes it (K802). A point that makes cards at once gives the new numbers with the application and serves cards of
other places too. Elsewhere in the province the holder in person at a bank, unless the financial account is closed. The
guide says who charges and for what (personal reasons), not how much: the bank's figure is taken as it is given.
"""

from __future__ import annotations

import msgspec

from settlement.checkout import refusals_cards as refusals
from settlement.checkout.asked import text
from settlement.checkout.base import House, Said, Transaction
from settlement.checkout.cards.acting import (
    BANK,
    WINDOW,
    Act,
    act,
    bank_key,
    bank_name,
    fee_fen,
    named_card,
    one_of,
    temporary_back,
)
from settlement.checkout.cards.asking import REISSUE, application_from, new_card, refuse_open
from settlement.checkout.cards.collecting import handed_out
from settlement.checkout.cards.done import done
from settlement.checkout.cards.holding import application_of, with_application, written
from settlement.checkout.changes import Changed, booked
from settlement.codes import is_division, relation_of
from settlement.ledger.book import Desk
from settlement.registry import states
from settlement.registry.guide import guide
from settlement.registry.holder import ACTIVE, CLOSED, LOST, Application, Card
from settlement.registry.states import moved

PERSONAL = ("lost", "damaged")  # reasons that the holder pays for
REASONS = (*PERSONAL, "fault", "expired")
AT_A_POINT = "reissue"  # the service of a point that re-issues directly


def reissue(desk: Desk, house: House, said: Said) -> Changed:
    """K801: the old card is void, a new one is on its way. Raises BadInput C05, K10, K15 to K19, K24, K26 to K41, K49, P14."""
    asked = act(desk, house, said, "补换社会保障卡")
    reason = one_of("card_reason", text(asked.node, "card_reason"), REASONS)
    old = named_card(asked.holder, asked.node)
    state = moved(states.CARD, "reissue", old.state)
    refuse_open(asked.holder)
    asked.in_person()
    direct = _direct_point(asked)
    bank = _bank_of(asked, old, direct)
    if reason == "lost" and old.state != LOST and not direct:
        raise refusals.report_first()
    if reason != "lost" and old.state == ACTIVE:
        asked.needs("card")
    fee = _fee(asked, reason)
    old = msgspec.structs.replace(old, state=state, fee_fen=fee or 0)
    holder = asked.holder.with_card(old)
    event = _way(asked, bank)
    application = application_from(asked, said, REISSUE, moved(states.APPLICATION, event, states.NONE))
    application = msgspec.structs.replace(application, bank=bank)
    told = _told(asked, reason, event, fee)
    if event == "apply":
        return done(application, old, told, fee), written(with_application(holder, application))
    card = new_card(desk, house, asked.node, bank, "new_card_sn", "new_card_no")
    application = msgspec.structs.replace(application, card_sn=card.card_sn)
    return done(application, card, told, fee), written(with_application(holder.with_card(card), application), card)


def _direct_point(asked: Act) -> bool:
    """Tell whether the action is at a point that its area's guide names for re-issue at once."""
    name = text(asked.node, "point_name")
    known = guide(text(asked.node, "admdvs") or asked.holder.admdvs)
    return bool(known and name and any(one.name == name for one in known.points_in(service=AT_A_POINT)))


def _bank_of(asked: Act, old: Card, direct: bool) -> str:
    """Return the bank of the new card. Raises BadInput K16, K25, K26, K33, K38 to K40."""
    area = text(asked.node, "admdvs") or asked.holder.admdvs
    if not is_division(area):
        raise refusals.no_word("admdvs", area, ["六位行政区划代码"])
    where = relation_of(asked.holder.admdvs, area)
    if asked.channel == WINDOW and old.bank and _bank_first(asked, old.bank):
        raise refusals.bank_first(bank_name(asked.holder.admdvs, old.bank))
    asked.through(BANK)
    bank = bank_key(area, text(asked.node, "card_bank")) or old.bank
    if where == "local":
        if old.bank and bank != old.bank:
            raise refusals.another_bank(bank_name(area, old.bank))
    elif where == "cross_province" and not direct:
        raise refusals.outside_province()
    elif old.financial == CLOSED:
        raise refusals.closed_elsewhere()
    return bank


def _bank_first(asked: Act, bank: str) -> bool:
    known = guide(asked.holder.admdvs)
    found = known.bank(bank) if known else None
    return bool(found and found.bank_first)


def _way(asked: Act, bank: str) -> str:
    """Return how the new card comes: prefabricated by the bank, made at once, or by the maker."""
    local = relation_of(asked.holder.admdvs, text(asked.node, "admdvs") or asked.holder.admdvs) == "local"
    if local and _bank_first(asked, bank):
        return "prefab"  # the bank hands out the card: its numbers must come with the message
    numbers = text(asked.node, "new_card_sn"), text(asked.node, "new_card_no")
    return "at_once" if any(numbers) else "apply"


def _fee(asked: Act, reason: str) -> int | None:
    """Return the fee (fen) that the bank took, None if it said none. Raises BadInput K41."""
    fee = fee_fen(asked.node)
    if fee and reason not in PERSONAL:
        raise refusals.no_fee("非个人原因补换卡不收工本费")
    return fee


def _told(asked: Act, reason: str, event: str, fee: int | None) -> str:
    next_step = {
        "prefab": "请持预制卡和有效身份证件到人社部门社会保障卡综合服务机构办理补领手续",
        "at_once": "新卡已制成，可以领取", "apply": "请查询制卡进度，制成后领取",
    }[event]  # fmt: skip
    cost = ""
    if reason in PERSONAL and fee is None:
        cost = "；工本费由银行收取，金额以银行为准"
    out = asked.holder.temporary()
    back = "；领取新卡前须交回临时卡" if out is not None else ""
    return f"原卡已停用，不能再解挂。{next_step}{cost}{back}"


def at_the_office(desk: Desk, house: House, said: Said) -> Changed:
    """K802: the office completes the re-issue of a prefabricated card, which works from then on.

    Raises BadInput K12, K15 to K19, K24, K29, K32, P14.
    """
    asked = act(desk, house, said, "补领手续")
    asked.through(WINDOW)
    application = application_of(asked.holder, text(asked.node, "appy_no"))
    application = _completed(application)
    asked.in_person()
    temporary_back(asked.holder)
    return handed_out(asked.holder, application, asked.today.isoformat())


def _completed(application: Application) -> Application:
    return msgspec.structs.replace(application, state=moved(states.APPLICATION, "office", application.state))


TRANSACTIONS = (Transaction("K801", work=booked(reissue)), Transaction("K802", work=booked(at_the_office)))
