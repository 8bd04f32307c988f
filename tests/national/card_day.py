"""A person's cards in a day of tests/national/test_answers.py: each transaction of the card's life (K2 to K9) answered once, well."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

Send = Callable[[str, dict[str, Any]], Any]
PERSON = "22040000000000000005"
DOCUMENTS = "cert,card,hospital_paper"


def life_of_a_card(send: Send) -> None:
    """End the register's card, ask for a new one, use it, lose it, and have another made; a temporary card in between."""

    def act(infno: str, **more: str) -> Any:
        node = {"psn_no": PERSON, "channel": "bank", "docs": DOCUMENTS, "card_bank": "boc"} | more
        return send(infno, {"data": node})["result"]

    act("K206", channel="window", card_reason="moved")
    act("K204", appy_no=act("K201")["appy_no"])
    number = act("K201", collect_at="示例社区")["appy_no"]
    for word, numbers in (
        ("making", {}),
        ("ready", {"card_sn": "NEWSN1", "card_no": "NEWNO1", "card_acct": "6217001"}),
    ):
        send("K203", {"data": {"psn_no": PERSON, "appy_no": number, "appy_stas": word} | numbers})
    send("K202", {"data": {"psn_no": PERSON}})
    act("K301", appy_no=number)
    act("K401")
    send("K402", {"data": {"psn_no": PERSON}})
    for infno, channel in (("K601", "pharmacy"), ("K602", "hospital"), ("K603", "window")):
        act(infno, channel=channel)
    act("K701", channel="wechat")
    act("K702", channel="window")
    act("K403")
    act("K701")
    number = act("K801", card_reason="lost", new_card_sn="NEWSN2", new_card_no="NEWNO2", card_fee="15.00")["appy_no"]
    temporary = {"channel": "window", "fixmedins_code": "H22040000001"}
    act("K901", **temporary, hosp_paper_no="LS1", card_sn="TMPSN1", card_no="TMPNO1")
    act("K902", **temporary, card_until="2024-07-31", memo="住院未愈")
    act("K903", **temporary)
    act("K901", **temporary, hosp_paper_no="LS2", card_sn="TMPSN2", card_no="TMPNO2")
    act("K904", **temporary, card_reason="damaged", card_fee="20.00")
    act("K802", channel="window", appy_no=number)
    send("K205", {"data": {"psn_no": PERSON}})
