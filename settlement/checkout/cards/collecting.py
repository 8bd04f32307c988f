"""Section 3: a card that is ready is handed out, to the holder or to an agent with both documents. Section 4's first half:
with that the social security account is active. A temporary card must have come back before (section 9)."""

from __future__ import annotations

import msgspec

from settlement.checkout import refusals_cards as refusals
from settlement.checkout.asked import text
from settlement.checkout.base import House, Said, Transaction
from settlement.checkout.cards.acting import (
    BANK,
    COMMUNITY,
    EMPLOYER,
    VILLAGE,
    WINDOW,
    act,
    temporary_back,
)
from settlement.checkout.cards.done import done
from settlement.checkout.cards.holding import application_of, with_application, written
from settlement.checkout.changes import Changed, booked
from settlement.ledger.book import Desk
from settlement.registry import states
from settlement.registry.holder import Application, Card, Holder
from settlement.registry.states import moved

REMINDER = (
    "社会保障账户已激活。请及时修改社会保障账户初始密码；金融账户请本人持有效身份证件和社会保障卡到卡面所印银行激活，"
    "激活后开通缴费和待遇领取、金融支付等功能"
)


def collect(desk: Desk, house: House, said: Said) -> Changed:
    """K301: the card is handed out and good at once. Raises BadInput K10, K12, K15 to K24, K29, K32."""
    asked = act(desk, house, said, "领取社会保障卡")
    asked.through(BANK, WINDOW, EMPLOYER, COMMUNITY, VILLAGE)
    asked.self_or_agent()
    application = application_of(asked.holder, text(asked.node, "appy_no"))
    application = msgspec.structs.replace(application, state=moved(states.APPLICATION, "collect", application.state))
    temporary_back(asked.holder)
    return handed_out(asked.holder, application, asked.today.isoformat())


def handed_out(holder: Holder, application: Application, day: str) -> Changed:
    """Return what handing out the card of an application leaves; the application's state is the caller's."""
    card = holder.card(application.card_sn)
    if card is None:
        raise refusals.card_unknown(application.card_sn)
    card = _collected(card, day)
    holder = with_application(holder.with_card(card), application)
    return done(application, card, REMINDER), written(holder)


def _collected(card: Card, day: str) -> Card:
    return msgspec.structs.replace(card, state=moved(states.CARD, "collect", card.state), issued=day)


TRANSACTIONS = (Transaction("K301", work=booked(collect)),)
