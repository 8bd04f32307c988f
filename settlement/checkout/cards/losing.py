"""Section 7: loss and recovery. Reported by 12333 (people in their hours, the machine at any time), WeChat, bank or window.

The block holds from the moment the book has it: every till asks the book before it settles. It is lifted only until a
re-issue was applied for, by the holder with the card in hand. By telephone a loss can be reported and nothing else; where
a block is lifted the guide does not say: at the bank or the office here (own).
"""

from __future__ import annotations

from datetime import datetime

import msgspec

from settlement.checkout import refusals_cards as refusals
from settlement.checkout.asked import text
from settlement.checkout.base import House, Said, Transaction
from settlement.checkout.cards.acting import (
    AUTO,
    BANK,
    CHANNELS,
    STAFFED,
    WECHAT,
    WINDOW,
    Act,
    act,
    named_card,
)
from settlement.checkout.cards.done import done
from settlement.checkout.cards.holding import written
from settlement.checkout.changes import Changed, booked
from settlement.checkout.claims import refused
from settlement.ledger.book import Desk
from settlement.registry import states
from settlement.registry.guide import guide
from settlement.registry.hours import open_at
from settlement.registry.states import moved

# What 12333 asks for: people name, number and employer or the like; the machine the number alone.
ASKED_BY_PHONE = {STAFFED: ("psn_name", "certno"), AUTO: ("certno",)}


def lose(desk: Desk, house: House, said: Said) -> Changed:
    """K701: the card is blocked from now on. Raises BadInput C01, K10, K15, K16, K24, K31, K34, K36, K47, P14."""
    asked = act(desk, house, said, "挂失")
    asked.through(STAFFED, AUTO, WECHAT, BANK, WINDOW)
    if asked.channel in ASKED_BY_PHONE:
        _on_the_phone(asked, said)
    elif asked.channel != WECHAT:  # there the holder has registered and proved who it is
        asked.self_or_agent()
    card = named_card(asked.holder, asked.node)
    card = msgspec.structs.replace(
        card, state=moved(states.CARD, "lose", card.state), lost_on=said.received_at, lost_by=asked.channel
    )
    told = "已挂失，即时生效。找到卡的在补领申请前可以解挂；找不到的请持有效身份证件到联名合作商业银行补办"
    return done(card=card, told=told), written(asked.holder.with_card(card))


def _on_the_phone(asked: Act, said: Said) -> None:
    """Compare what the caller gave; refuse (K36) a call to people outside their hours."""
    for name in ASKED_BY_PHONE[asked.channel]:
        given = text(asked.node, name)
        if not given:
            raise refused("C01_FIELD_MISSING", name, name)
        if given.upper() != str(getattr(asked.holder, name)).upper():
            raise refusals.not_the_holder()
    known = guide(asked.holder.admdvs)
    channel = known.channel(asked.channel) if known else None
    if known is None or channel is None:
        return
    now = open_at(known, channel, datetime.fromisoformat(said.received_at))
    if now.answer == "no":
        note = f"。{now.note}" if now.note else ""
        raise refusals.closed_now(CHANNELS[asked.channel], "、".join(now.hours), note)


def unblock(desk: Desk, house: House, said: Said) -> Changed:
    """K702: a card that was found works again. Raises BadInput K10, K15, K16, K18, K19, K24, K31, K34, P14."""
    asked = act(desk, house, said, "解挂")
    asked.through(WINDOW, BANK)
    card = named_card(asked.holder, asked.node)
    state = moved(states.CARD, "unblock", card.state)  # first: after a re-issue nothing else matters
    asked.in_person()
    asked.needs("card")
    card = msgspec.structs.replace(card, state=state, lost_on="", lost_by="")
    return done(card=card, told="已解挂，恢复正常使用"), written(asked.holder.with_card(card))


TRANSACTIONS = (Transaction("K701", work=booked(lose)), Transaction("K702", work=booked(unblock)))
