"""What the tests of cancelling and reversing share: a visit that is settled, and what the book then says of its person."""

from __future__ import annotations

from typing import Any

from checkout_till import ANNA, BED, Till

from settlement.ledger import Wanted

MANY = [{**BED, "cnt": "20", "det_item_fee_sumamt": "700.00"}]
FEW = [{**BED, "cnt": "4", "det_item_fee_sumamt": "140.00"}]


def settled(till: Till, msgid: str = "", lines: Any = MANY, who: str = ANNA) -> dict[str, Any]:
    """Settle an outpatient visit; return its setlinfo."""
    total = "700.00" if lines is MANY else "140.00"
    info: dict[str, Any] = till.send("2207", till.asked(who, till.visit(who, lines), total), msgid)["output"][
        "setlinfo"
    ]
    return info


def state(till: Till, who: str = ANNA) -> tuple[int | None, dict[str, int]]:
    return till.balance(who), till.counters(who)


def sum_of_all(till: Till) -> int:
    """Return what both kinds of rows of the book sum to."""
    return sum(till.house.ledger.totals(Wanted(), kind).medfee_fen for kind in (False, True))
