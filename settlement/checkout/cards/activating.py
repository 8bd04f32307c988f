"""Section 4: the financial account is activated by the holder alone, in person, at the bank on the card.

A minor comes with a parent and the household book. Before it, settlement and record work; after it, contributions,
receipt of benefits and financial payment too. Closing the account (K403) is the bank's word: section 8 asks for it.
"""

from __future__ import annotations

from typing import Any

import msgspec

from settlement.checkout import refusals_cards as refusals
from settlement.checkout.asked import text
from settlement.checkout.base import House, Reader, Said, Transaction
from settlement.checkout.cards.acting import BANK, Act, act, bank_key, bank_name, named_card
from settlement.checkout.cards.done import card_row, done
from settlement.checkout.cards.holding import holder_of, written
from settlement.checkout.changes import Changed, booked
from settlement.checkout.claims import node, refused
from settlement.ledger.book import Desk
from settlement.registry import states
from settlement.registry.holder import ACTIVE, IN_USE, Card
from settlement.registry.states import moved

BEFORE = "社会保障账户可用：电子凭证、信息记录、自助查询、就医结算"
AFTER = "另开通缴费、待遇领取和金融支付"
NOT_YET = "金融账户未激活：缴费、待遇领取和金融支付尚不能用，请本人到卡面所印银行激活"


def activate(desk: Desk, house: House, said: Said) -> Changed:
    """K401. Raises BadInput C01, K10, K13, K15 to K26, K31, K33, K34."""
    asked = act(desk, house, said, "激活金融账户")
    card = _at_its_bank(asked)
    account = text(asked.node, "card_acct") or card.bank_account
    if not account:
        raise refused("C01_FIELD_MISSING", "card_acct", "card_acct")
    card = msgspec.structs.replace(
        card, financial=moved(states.ACCOUNT, "activate", card.financial), bank_account=account
    )
    return done(card=card, told=f"{BEFORE}；{AFTER}"), written(asked.holder.with_card(card))


def close(desk: Desk, house: House, said: Said) -> Changed:
    """K403: the bank says that the account was closed. Raises BadInput as K401."""
    asked = act(desk, house, said, "注销金融账户")
    card = _at_its_bank(asked)
    card = msgspec.structs.replace(card, financial=moved(states.ACCOUNT, "close", card.financial))
    told = "金融账户注销后，不能在省内异地补换卡"
    return done(card=card, told=told), written(asked.holder.with_card(card))


def _at_its_bank(asked: Act) -> Card:
    """Return the card that the holder in person brings to its bank; its bank becomes known where the register had none."""
    asked.through(BANK)
    card = named_card(asked.holder, asked.node)
    asked.in_person()
    asked.needs("card")
    if card.state != ACTIVE:
        raise refusals.must_be_in_use(states.STATES[states.CARD][card.state], asked.what)
    area = asked.holder.admdvs
    bank = bank_key(area, text(asked.node, "card_bank"))
    if not bank:
        raise refused("C01_FIELD_MISSING", "card_bank", "card_bank")
    if card.bank and bank != card.bank:
        raise refusals.another_bank(bank_name(area, card.bank))
    return msgspec.structs.replace(card, bank=bank)


def accounts(house: House, said: Said) -> dict[str, Any]:
    """K402: the present card with both accounts, and what works with it now. Raises BadInput P14, K31."""
    holder = holder_of(Reader(house.ledger), house, node(said, "data")["psn_no"])
    card = holder.present()
    if card is None:
        raise refusals.card_unknown("")
    if card.state != ACTIVE:
        told = f"社会保障卡{states.STATES[states.CARD][card.state]}，现在各项功能都不能用"
    else:
        told = f"{BEFORE}；{AFTER if card.financial == IN_USE else NOT_YET}"
    return {"cardinfo": [card_row(card)], "appyinfo": None, "card_told": told}


TRANSACTIONS = (
    Transaction("K401", work=booked(activate)),
    Transaction("K402", ask=accounts),
    Transaction("K403", work=booked(close)),
)
