"""Puts a person's cards into the book of a test: a fact, as the card's own transactions write it."""

from __future__ import annotations

from typing import Any

import msgspec
from visit_till import Till

from settlement.checkout.base import Reader
from settlement.checkout.cards.holding import holder_of
from settlement.ledger.book import Booking, FactKey, Message
from settlement.registry.holder import CARD, IN_USE, Card, Holder, content_of


def put_holder(till: Till, holder: Holder) -> None:
    """Book a holder as given."""
    till.count += 1
    message = Message("TEST", f"T{till.count}", "test", b"", holder.psn_no, f"{till.time:%Y-%m-%d %H:%M:%S}")
    till.house.ledger.settle(
        message, lambda _: Booking(b"{}", facts={FactKey(CARD, holder.psn_no): content_of(holder)})
    )


def held(till: Till, psn_no: str) -> Holder:
    """Return a person's cards as the book has them."""
    return holder_of(Reader(till.house.ledger), till.house, psn_no)


def with_card(till: Till, psn_no: str, **more: Any) -> Card:
    """Give a person a card of the Bank of Jilin with an account in use, unless said otherwise; return it."""
    holder = held(till, psn_no)
    usual = {"bank": "jlbank", "financial": IN_USE, "bank_account": f"6217{psn_no[-12:]}"}
    card = msgspec.structs.replace(holder.cards[-1], **usual | more)
    put_holder(till, holder.with_card(card))
    return card


def without_card(till: Till, psn_no: str) -> None:
    """Take every card from a person."""
    put_holder(till, msgspec.structs.replace(held(till, psn_no), cards=()))
