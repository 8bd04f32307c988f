"""What a desk for cards says in the tests: actions with the documents that they need, and whole ways through a card's life."""

from __future__ import annotations

from typing import Any

from card_holder import held, with_card, without_card
from visit_till import PERSONS, Till

from settlement.registry.holder import Card

WORKER, CHILD = PERSONS["worker"], "22040000000000000006"  # the child is 8 on 1 May 2024
AGENT = {"agnter_name": "虚构丁", "agnter_certno": "220400195006180045"}
PARENT = {"appy_by": "guardian", "docs": "cert,other_cert,hukou,card"} | AGENT


def asked(psn_no: str, **more: Any) -> dict[str, Any]:
    """Return the nodes of an action: at the bank by the holder with identity document and card, unless said otherwise."""
    return {"data": {"psn_no": psn_no, "channel": "bank", "docs": "cert,card"} | more}


def do(till: Till, infno: str, psn_no: str, **more: Any) -> dict[str, Any]:
    """Send an action and return its result."""
    result: dict[str, Any] = till.send(infno, asked(psn_no, **more))["output"]["result"]
    return result


def apply(till: Till, psn_no: str = WORKER, **more: Any) -> str:
    """Take the person's card away, apply for a first one; return the number of the application."""
    without_card(till, psn_no)
    number: str = do(till, "K201", psn_no, **{"card_bank": "jlbank"} | more)["appy_no"]
    return number


def make(till: Till, number: str, psn_no: str = WORKER, serial: str = "1") -> dict[str, Any]:
    """Let the maker bring the card of an application."""
    numbers = {"card_sn": f"NEW{serial}", "card_no": f"N{serial}", "card_acct": f"6217{serial}"}
    return do(till, "K203", psn_no, appy_no=number, appy_stas="ready", **numbers)


def collected(till: Till, psn_no: str = WORKER, **more: Any) -> Card:
    """Go the whole way to a card in the hand; return it."""
    number = apply(till, psn_no, **more)
    make(till, number, psn_no)
    do(till, "K301", psn_no, appy_no=number)
    return card_of(till, psn_no)


def lost(till: Till, psn_no: str = WORKER, bank: str = "jlbank") -> None:
    """Report the loss of a card of a bank."""
    with_card(till, psn_no, bank=bank)
    do(till, "K701", psn_no)


def reissue(till: Till, psn_no: str = WORKER, **more: Any) -> str:
    """Report a loss and apply for another card; return the number of the application."""
    lost(till, psn_no)
    number: str = do(till, "K801", psn_no, **{"card_reason": "lost"} | more)["appy_no"]
    return number


def temporary(till: Till, psn_no: str = WORKER, **more: Any) -> dict[str, Any]:
    """Hand out a temporary card at the window."""
    usual = {
        "channel": "window", "docs": "cert,hospital_paper", "hosp_paper_no": "LS2024001",
        "fixmedins_code": "H22040000001", "card_sn": "TMP1", "card_no": "T1",
    }  # fmt: skip
    return do(till, "K901", psn_no, **usual | more)


def card_of(till: Till, psn_no: str = WORKER) -> Card:
    """Return the person's present card."""
    card = held(till, psn_no).present()
    assert card is not None
    return card
