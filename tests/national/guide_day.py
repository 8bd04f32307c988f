"""Every question to an area's guide and every step of a pay-out, sent once: for the tests that look at the form of answers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

HOLDER = "22040000000000000011"


def guide_and_pay_outs(send: Callable[..., Any]) -> None:
    """Ask the guide all that it answers; activate a card, have a benefit paid to it and given back."""
    for infno in ("K791", "K891", "K991", "KA01", "KB01"):
        send(infno, {"data": {"admdvs": "220400"}})
    for infno in ("K691", "K892"):
        send(infno, {"data": {"psn_no": HOLDER}})
    send("K591", {"data": {"psn_no": HOLDER, "mdtrtarea_admdvs": "110000"}})
    at_the_bank = {"psn_no": HOLDER, "channel": "bank", "docs": "cert,card"}
    send("K401", {"data": at_the_bank | {"card_bank": "jlbank", "card_acct": "6217000000000011"}})
    send("KC01", {"data": at_the_bank | {"payout": "unemployment"}})
    month = {"psn_no": HOLDER, "payout": "unemployment", "pay_month": "202405"}
    paid = send("KC03", {"data": month | {"pay_amt": "1800.00", "payer_name": "示例经办机构"}})["result"]
    send("KC02", {"data": {"psn_no": HOLDER}})
    send("KC04", {"data": month | {"pay_no": paid["pay_no"]}})
