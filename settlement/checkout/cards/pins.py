"""Section 6: that the social security PIN was changed, is locked, or was reset. No PIN is ever sent, stored or compared here.

The card itself keeps the PIN and counts the tries; the book knows only what a terminal or a window reports. The bank's
PIN is another thing, changed at the bank: a report of it is refused. A reset is the holder's own, at the service hall.
"""

from __future__ import annotations

import msgspec

from settlement.checkout import refusals_cards as refusals
from settlement.checkout.asked import text
from settlement.checkout.base import House, Said, Transaction
from settlement.checkout.cards.acting import (
    BANK,
    HOSPITAL,
    PHARMACY,
    WINDOW,
    Act,
    act,
    named_card,
    one_of,
)
from settlement.checkout.cards.done import done
from settlement.checkout.cards.holding import written
from settlement.checkout.changes import Changed, booked
from settlement.ledger.book import Desk
from settlement.registry import states
from settlement.registry.holder import ACTIVE, LOCKED, Card
from settlement.registry.states import moved

SOCIAL, BANKS = "social", "bank"


def changed(desk: Desk, house: House, said: Said) -> Changed:
    """K601: the holder changed the PIN at an office, hospital or pharmacy. Raises BadInput K14, K16, K18, K31, K35."""
    asked = act(desk, house, said, "修改社会保障账户密码")
    card = _card(asked)
    asked.through(WINDOW, HOSPITAL, PHARMACY)
    if asked.by not in ("self", "guardian"):
        raise refusals.holder_only(asked.what)
    return _with_pin(asked, card, "change", "密码已修改")


def locked(desk: Desk, house: House, said: Said) -> Changed:
    """K602: a terminal says that the card has locked its PIN. Raises BadInput K14, K16, K31, K35."""
    asked = act(desk, house, said, "登记密码锁死")
    card = _card(asked)
    asked.through(WINDOW, HOSPITAL, PHARMACY, BANK)
    return _with_pin(asked, card, "lock", "密码锁死，请持卡人本人持有效身份证件到人社部门社会保障卡综合服务大厅重置")


def reset(desk: Desk, house: House, said: Said) -> Changed:
    """K603: the service hall reset the PIN; it is the initial one again. Raises BadInput K14, K16, K18, K19, K24, K31, K35."""
    asked = act(desk, house, said, "重置社会保障账户密码")
    card = _card(asked, ACTIVE, LOCKED)
    asked.through(WINDOW)
    asked.in_person()
    card = msgspec.structs.replace(card, state=moved(states.CARD, "pin_reset", card.state))
    return _with_pin(asked, card, "reset", "密码已重置为初始密码，请立即修改")


def _card(asked: Act, *possible: str) -> Card:
    """Return the card of a report, which must be in use."""
    if one_of("card_pin_kind", text(asked.node, "card_pin_kind") or SOCIAL, (SOCIAL, BANKS)) == BANKS:
        raise refusals.banks_pin()
    card = named_card(asked.holder, asked.node)
    if card.state not in (possible or (ACTIVE,)):
        raise refusals.must_be_in_use(states.STATES[states.CARD][card.state], asked.what)
    return card


def _with_pin(asked: Act, card: Card, event: str, told: str) -> Changed:
    card = msgspec.structs.replace(card, pin=moved(states.PIN, event, card.pin))
    return done(card=card, told=told), written(asked.holder.with_card(card))


TRANSACTIONS = (
    Transaction("K601", work=booked(changed)),
    Transaction("K602", work=booked(locked)),
    Transaction("K603", work=booked(reset)),
)
