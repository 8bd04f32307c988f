"""4101: the settlement list of a settlement (医疗保障基金结算清单), held against the settlement before it is kept.

A list has over a hundred fields; most are medical and cannot be held against anything here. What can be is: the
settlement is the institution's and stands, visit and person are its own, and every amount that the settlement has too is
the same. Node and field names are from public clients; which list amount is which settlement amount is inferred from
the names (the clients disagree on psn_selfpay and psn_ownpay, so only their sum is held against psn_part_amt).
A list may be sent again: the latest counts, the earlier stay in the book.
"""

from __future__ import annotations

from typing import Any

from settlement.checkout import refusals_accounts as refusals
from settlement.checkout.asked import amount_fen, needed, node_of, refuse_other, text
from settlement.checkout.base import SETL, House, Said, Transaction, alone, answer_bytes, fact, known, now
from settlement.ledger.book import Booking, Desk, FactKey, Work
from settlement.money import fen, yuan

LIST = "setl_list"  # the kind of fact; its key is the setl_id
# amount of the list's setlinfo → amount of the settlement
SAME = {"acct_pay": "acct_pay", "psn_cashpay": "psn_cash_pay", "medfee_sumamt": "medfee_sumamt"}
PERSONAL = ("psn_selfpay", "psn_ownpay")
PARTS_OF_ITEM = ("claa_sumfee", "clab_amt", "fulamt_ownpay_amt", "oth_amt")


def upload(house: House, said: Said) -> Work:
    """4101: keep a list and answer its id, setl_list_id. Raises BadInput B60, B67, B77, B79, B81, B82."""
    node = node_of(said, "setlinfo")
    refuse_other(said, node)
    setl_id = needed(node, "setl_id")

    def compute(desk: Desk) -> Booking:
        setl = known(desk, SETL, setl_id)
        if setl is None or setl["fixmedins_code"] != said.fixmedins_code:
            raise refusals.settlement_unknown(setl_id)
        if setl["state"] != "good" or setl["reverses"]:
            raise refusals.list_of_reversed(setl_id)
        check(said.input, setl)
        # One list a settlement: the id is made of it, so a list sent again keeps its id.
        setl_list_id = f"L{setl_id[1:]}"
        content = {
            "setl_list_id": setl_list_id, "setl_id": setl_id, "msgid": said.msgid, "at": said.received_at,
            "nodes": said.input,
        }  # fmt: skip
        facts = fact(LIST, setl_id, content)
        return Booking(answer_bytes(said, {"setl_list_id": setl_list_id}, now(house)), facts=facts)

    return alone(said, compute, (FactKey(SETL, setl_id), FactKey(LIST, setl_id)))


def check(nodes: dict[str, Any], setl: dict[str, Any]) -> None:
    """Hold a list against its settlement. Raises BadInput B60, B79, B82."""
    stated, info = nodes["setlinfo"], setl["setlinfo"]
    for name in ("mdtrt_id", "psn_no"):
        if text(stated, name) and text(stated, name) != setl[name]:
            raise refusals.list_differs(name, text(stated, name), setl[name])
    for name, of in SAME.items():
        if text(stated, name):
            _same(name, amount_fen(stated, name), fen(info[of]))
    if all(text(stated, name) for name in PERSONAL):
        both = sum(amount_fen(stated, name) for name in PERSONAL)
        _same(" + ".join(PERSONAL), both, fen(info["psn_part_amt"]))
    _check_funds(_rows(nodes, "payinfo"), setl)
    _check_items(_rows(nodes, "iteminfo"), fen(info["medfee_sumamt"]))


def _check_funds(rows: list[dict[str, Any]], setl: dict[str, Any]) -> None:
    """Each payment of the list is that of the settlement, by fund_pay_type; none of a fund is missing."""
    if not rows:
        return
    stated, paid = dict[str, int](), dict[str, int]()
    for row in rows:
        code = needed(row, "fund_pay_type")
        stated[code] = stated.get(code, 0) + amount_fen(row, "fund_payamt")
    for row in setl["setldetail"]:
        paid[row["fund_pay_type"]] = paid.get(row["fund_pay_type"], 0) + fen(row["fund_payamt"])
    for code in sorted(stated.keys() | paid.keys()):
        _same(f"fund_pay_type {code}", stated.get(code, 0), paid.get(code, 0))


def _check_items(rows: list[dict[str, Any]], medfee_fen: int) -> None:
    """The charge items sum to the total, and each to its parts where all are given."""
    if not rows:
        return
    for row in rows:
        if all(text(row, part) for part in PARTS_OF_ITEM):
            parts = sum(amount_fen(row, part) for part in PARTS_OF_ITEM)
            _same(f"med_chrgitm {text(row, 'med_chrgitm')} amt", amount_fen(row, "amt"), parts)
    _same("iteminfo amt", sum(amount_fen(row, "amt") for row in rows), medfee_fen)


def _rows(nodes: dict[str, Any], name: str) -> list[dict[str, Any]]:
    rows = nodes.get(name)
    return [row for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []


def _same(what: str, stated: int, settled: int) -> None:
    if stated != settled:
        raise refusals.list_differs(what, yuan(stated), yuan(settled))


TRANSACTIONS = (Transaction("4101", work=upload),)
