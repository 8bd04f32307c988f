"""Giving back: 2103, 2208 and 2305 for a settlement known to be good, 2601 for a message whose outcome is not known.

Nothing is edited: what is given back gets a new row of opposite sign that names it, and account and counters get back
what it took from them, whatever was settled in between. A 2601 may name a message that was never seen: that is
remembered, so that the late original is refused when it comes. A 2601 of a cancellation makes the cancelled settlement
stand again, if its lines and the money are still there.
"""

from __future__ import annotations

from typing import Any

from settlement.checkout import refusals
from settlement.checkout.base import (
    CLEARED,
    REVERSIBLE,
    SETL,
    STANDING,
    VISIT,
    VOID,
    House,
    Said,
    Transaction,
    alone,
    answer_bytes,
    fact,
    id_of,
    known,
    loads,
    now,
    open_lines,
    void_key,
)
from settlement.checkout.claims import node, refused
from settlement.checkout.pages import all_lines
from settlement.checkout.setlinfo import AMOUNTS
from settlement.ledger.book import Booking, CounterKey, Desk, FactKey, Posting, Settlement, Work
from settlement.money import fen, yuan

# Which transaction gives back what which one settled.
GIVES_BACK = {"2103": "2102", "2208": "2207", "2305": "2304"}
CANCELS = {settles: cancels for cancels, settles in GIVES_BACK.items()}
GOOD, REVERSED, REVERSAL = "good", "reversed", "reversal"  # the states of a setl fact
INSTITUTION_CODE = 12  # characters of a msgid that name its sender, where it has the usual form


def cancel(house: House, said: Said) -> Work:
    """Return the work of a 2103, 2208 or 2305."""

    def compute(desk: Desk) -> Booking:
        stated = node(said, "data")
        setl = _to_cancel(desk, said, stated)
        _refuse_if_cleared(desk, setl)
        row = opposite(desk, house, said, setl)
        facts = {**row.facts, **_freed(desk, setl), **_stood(desk, house, setl)}
        facts |= fact(SETL, setl["setl_id"], setl | {"state": REVERSED, "reversed_by": row.setl_id})
        return row._replace(
            answer=answer_bytes(said, _output(row.facts[FactKey(SETL, row.setl_id)]), now(house)), facts=facts
        )

    node_ = said.input.get("data")
    stated = node_ if isinstance(node_, dict) else {}
    reads = [FactKey(kind, stated[name]) for kind, name in ((SETL, "setl_id"), (VISIT, "mdtrt_id")) if stated.get(name)]
    return alone(said, compute, tuple(reads))


def _to_cancel(desk: Desk, said: Said, stated: dict[str, Any]) -> dict[str, Any]:
    """Return the settlement that a cancellation names, if it is this sender's to cancel and still stands."""
    setl_id = stated.get("setl_id")
    if not setl_id:
        raise refused("C01_FIELD_MISSING", "setl_id", "setl_id")
    setl = known(desk, SETL, setl_id)
    if setl is None:
        raise refusals.setl_unknown(setl_id)
    if setl["fixmedins_code"] != said.fixmedins_code:
        raise refusals.setl_elsewhere(setl_id)
    if setl["psn_no"] != stated["psn_no"]:
        raise refusals.setl_of_another(setl_id)
    if stated.get("mdtrt_id") and stated["mdtrt_id"] != setl["mdtrt_id"]:
        raise refusals.not_of_visit(setl_id, stated["mdtrt_id"])
    if setl["state"] == REVERSAL or setl["reverses"]:
        raise refusals.gives_back(setl_id)
    if setl["infno"] != GIVES_BACK[said.infno]:
        raise refusals.wrong_cancel(said.infno, setl["infno"], CANCELS[setl["infno"]])
    if setl["state"] == REVERSED:
        raise refusals.given_back(setl_id, setl["reversed_by"])
    return setl


def _refuse_if_cleared(desk: Desk, setl: dict[str, Any]) -> None:
    """Refuse to move a settlement of a month that is cleared (B21)."""
    info = setl["setlinfo"]
    month = info["setl_time"][:7].replace("-", "")
    period = known(desk, CLEARED, f"{setl['fixmedins_code']}|{info['clr_type']}|{month}")
    if period is not None and period["state"] == "cleared":
        raise refusals.cleared(setl["setl_id"], month)


def opposite(desk: Desk, house: House, said: Said, setl: dict[str, Any]) -> Booking:
    """Return the row of opposite sign of a settlement, or of a row that gave one back, as a booking without an answer.

    Its facts hold the new row alone. Account and counters move by what the row moved them. Raises BadInput B28 where the
    account no longer holds what would be taken from it again.
    """
    state = desk.person(setl["psn_no"])
    balance = (state.acct_balc_fen or 0) - setl["acct_delta_fen"]
    if balance < 0:
        raise refusals.balance_spent(setl["reverses"], yuan(state.acct_balc_fen or 0), yuan(setl["acct_delta_fen"]))
    counters, delta = dict[CounterKey, int](), []
    for *name, value in setl["delta"]:
        key = CounterKey(*name)
        counters[key] = state.counters.get(key, 0) - value
        delta.append([*name, -value])
    setl_id = id_of(said, "setl")
    info = setl["setlinfo"] | {name: yuan(-fen(setl["setlinfo"][name])) for name in (*AMOUNTS, "hifdm_pay")}
    info |= {"setl_id": setl_id, "setl_time": said.received_at, "balc": yuan(balance), "medins_setl_id": said.msgid}
    told = _explained(setl)
    detail = [
        line
        | {name: yuan(-fen(line[name])) for name in ("fund_payamt", "inscp_scp_amt")}
        | {"setl_proc_info": told, "crt_payb_lmt_amt": None}
        for line in setl["setldetail"]
    ]
    counted = _negative(Settlement(**setl["settlement"]), setl_id, said.received_at, setl["setl_id"])
    posted = tuple(Posting(account, code, -amount) for account, code, amount in setl["postings"])
    content = setl | {
        "setl_id": setl_id, "msgid": said.msgid, "infno": said.infno, "state": REVERSAL, "reverses": setl["setl_id"],
        "reversed_by": "", "setlinfo": info, "setldetail": detail, "lines": [], "delta": delta,
        "acct_delta_fen": -setl["acct_delta_fen"], "postings": posted, "settlement": counted._asdict(), "draft": {},
        "explanation": told,
    }  # fmt: skip
    return Booking(b"", setl_id, counters, balance, posted, fact(SETL, setl_id, content), counted)


def _negative(counted: Settlement, setl_id: str, at: str, reverses: str) -> Settlement:
    amounts = {name: -value for name, value in counted._asdict().items() if name.endswith("_fen")}
    return counted._replace(setl_id=setl_id, day=at[:10], reverses=reverses, **amounts)


def _explained(setl: dict[str, Any]) -> str:
    info = setl["setlinfo"]
    return (
        f"本笔冲回结算 {setl['setl_id']}（{info['setl_time']}，医疗费总额 {info['medfee_sumamt']} 元）：各项金额与原记录相反，"
        "个人账户和年度累计按原记录的变动退回。"
    )


def _output(content: bytes) -> dict[str, Any]:
    row = loads(content)
    return {"setlinfo": row["setlinfo"], "setldetail": row["setldetail"], "exp_content": None}


def _freed(desk: Desk, setl: dict[str, Any]) -> dict[FactKey, bytes]:
    """Return the visit with the batches of a settlement unsettled again; nothing for a purchase, which has no visit."""
    visit = known(desk, VISIT, setl["mdtrt_id"])
    if visit is None:
        return {}
    left = {batch: by for batch, by in (visit.get("batches") or {}).items() if by != setl["setl_id"]}
    return fact(VISIT, setl["mdtrt_id"], visit | {"batches": left, "setl_id": next(reversed(left.values()), "")})


def _stood(desk: Desk, house: House, setl: dict[str, Any]) -> dict[FactKey, bytes]:
    """Return the list of standing settlements without this one; refuse (K03) if the area gives back only the last.

    What was settled before the area had that rule is not listed, and may be given back in any order.
    """
    standing = known(desk, STANDING, setl["psn_no"])
    area = house.book.area(setl["insuplc_admdvs"]) or ""
    listed = (standing or {}).get(area, [])
    if standing is None or setl["setl_id"] not in listed:
        return {}
    if house.book.refunds(area) == "last_first" and listed[-1] != setl["setl_id"]:
        raise refused("K03_REFUND_ORDER", "setl_id", setl["setl_id"])
    left = [setl_id for setl_id in listed if setl_id != setl["setl_id"]]
    return fact(STANDING, setl["psn_no"], standing | {area: left})


def reverse(house: House, said: Said) -> Work:
    """Return the work of a 2601."""

    def compute(desk: Desk) -> Booking:
        stated = node(said, "data")
        omsgid, oinfno = stated.get("omsgid"), stated.get("oinfno")
        if not omsgid or not oinfno:
            name = "omsgid" if not omsgid else "oinfno"
            raise refused("C01_FIELD_MISSING", name, name)
        oinfno = oinfno.removesuffix("A")  # 2102A and 2304A are the same transactions
        if oinfno not in REVERSIBLE:
            raise refusals.not_reversible(oinfno)
        sender = omsgid[:INSTITUTION_CODE]
        if sender != said.fixmedins_code and sender in house.registry.institutions:
            raise refusals.message_elsewhere(omsgid)
        row = _undo(desk, house, said, stated["psn_no"], omsgid, oinfno)
        return row._replace(answer=answer_bytes(said, None, now(house)))

    node_ = said.input.get("data")
    omsgid = node_.get("omsgid") if isinstance(node_, dict) else None
    reads = (FactKey(VOID, void_key(said.fixmedins_code, omsgid)),) if omsgid else ()
    return alone(said, compute, reads)


def _undo(desk: Desk, house: House, said: Said, psn_no: str, omsgid: str, oinfno: str) -> Booking:
    """Return what a 2601 does: nothing the second time, remember what was never seen, undo what was booked."""
    key = void_key(said.fixmedins_code, omsgid)
    void = known(desk, VOID, key)
    if void is not None:
        _refuse_mismatch(omsgid, oinfno, psn_no, void)
        return Booking(b"")
    told = {"by": said.msgid, "oinfno": oinfno, "psn_no": psn_no, "at": said.received_at}
    remembered = fact(VOID, key, told)
    stored = desk.answer(said.fixmedins_code, omsgid)
    if stored is None:
        return Booking(b"", facts=remembered)
    if oinfno == "2401":
        facts = _admission_undone(desk, said, psn_no, omsgid)
        return Booking(b"", facts=remembered | facts)
    setl = known(desk, SETL, stored.setl_id) if stored.setl_id else None
    if setl is None:
        raise refusals.another_message(omsgid, oinfno)
    _refuse_mismatch(omsgid, oinfno, psn_no, {"oinfno": setl["infno"], "psn_no": setl["psn_no"]})
    _refuse_if_cleared(desk, setl)
    row = _settled_again(desk, house, said, setl) if setl["reverses"] else _given_back(desk, house, said, setl)
    return row._replace(facts={**row.facts, **remembered})


def _refuse_mismatch(omsgid: str, oinfno: str, psn_no: str, booked: dict[str, Any]) -> None:
    if booked["oinfno"] != oinfno:
        raise refusals.another_message(omsgid, oinfno)
    if booked["psn_no"] != psn_no:
        raise refusals.message_of_another(omsgid)


def _given_back(desk: Desk, house: House, said: Said, setl: dict[str, Any]) -> Booking:
    """Return the giving back of a settlement by 2601; one that a cancellation gave back already is refused (B19)."""
    if setl["state"] != GOOD:
        raise refusals.given_back(setl["setl_id"], setl["reversed_by"])
    row = opposite(desk, house, said, setl)
    facts = {**row.facts, **_freed(desk, setl), **_stood(desk, house, setl)}
    facts |= fact(SETL, setl["setl_id"], setl | {"state": REVERSED, "reversed_by": row.setl_id})
    return row._replace(facts=facts)


def _settled_again(desk: Desk, house: House, said: Said, cancelled: dict[str, Any]) -> Booking:
    """Return the undoing of a cancellation: its row is given back in turn, and what it cancelled stands again."""
    if cancelled["state"] != REVERSAL:
        raise refusals.given_back(cancelled["setl_id"], cancelled["reversed_by"])
    setl = known(desk, SETL, cancelled["reverses"])
    assert setl is not None, "a row that gives back names a settlement of this book"
    _refuse_if_cleared(desk, setl)
    row = opposite(desk, house, said, cancelled)
    facts = {**row.facts, **_taken_again(desk, setl), **_stands_again(desk, house, setl)}
    facts |= fact(SETL, cancelled["setl_id"], cancelled | {"state": REVERSED, "reversed_by": row.setl_id})
    facts |= fact(SETL, setl["setl_id"], setl | {"state": GOOD, "reversed_by": ""})
    return row._replace(facts=facts)


def _taken_again(desk: Desk, setl: dict[str, Any]) -> dict[FactKey, bytes]:
    """Return the visit with the batches of a settlement settled again. Raises BadInput B27 if they are not as they were."""
    visit = known(desk, VISIT, setl["mdtrt_id"])
    if visit is None:
        return {}
    setl_id, batches = setl["setl_id"], setl["batches"]
    if visit["state"] == "undone":
        raise refusals.cannot_stand(setl_id, "its visit was undone", "就诊登记已撤销")
    taken = visit.get("batches") or {}
    if any(batch in taken for batch in batches):
        raise refusals.cannot_stand(setl_id, "its lines were settled anew", "该批费用已重新结算")
    lines = all_lines(desk, setl["mdtrt_id"])
    there = {line["feedetl_sn"] for line in open_lines(visit, lines) if (line.get("chrg_bchno") or "") in batches}
    if there != set(setl["uploaded"]):
        raise refusals.cannot_stand(setl_id, "its lines were changed", "该批费用明细已变动")
    if setl["infno"] == "2304" and visit["state"] != "discharged":
        raise refusals.cannot_stand(setl_id, "its discharge was undone", "出院登记已撤销")
    taken = {**taken, **dict.fromkeys(batches, setl_id)}
    return fact(VISIT, setl["mdtrt_id"], visit | {"batches": taken, "setl_id": setl_id})


def _stands_again(desk: Desk, house: House, setl: dict[str, Any]) -> dict[FactKey, bytes]:
    area = house.book.area(setl["insuplc_admdvs"]) or ""
    if not area or house.book.refunds(area) != "last_first":
        return {}
    standing = known(desk, STANDING, setl["psn_no"]) or {}
    return fact(STANDING, setl["psn_no"], standing | {area: [*standing.get(area, ()), setl["setl_id"]]})


def _admission_undone(desk: Desk, said: Said, psn_no: str, omsgid: str) -> dict[FactKey, bytes]:
    """Return the visit of a 2401, undone. Raises BadInput B24, B26, or B29 for a stay with anything on it."""
    mdtrt_id = id_of(said._replace(msgid=omsgid), "mdtrt")
    visit = known(desk, VISIT, mdtrt_id)
    if visit is None or visit["kind"] != "inpatient":
        raise refusals.another_message(omsgid, "2401")
    if visit["psn_no"] != psn_no:
        raise refusals.message_of_another(omsgid)
    if visit["state"] == "discharged" or visit.get("batches") or all_lines(desk, mdtrt_id):
        raise refusals.admission_stands(mdtrt_id)
    return fact(VISIT, mdtrt_id, visit | {"state": "undone"})


TRANSACTIONS = (
    *(Transaction(infno, work=cancel) for infno in GIVES_BACK),
    Transaction("2601", work=reverse),
)
