"""Reconciliation with an institution: 3201 compares the totals of a period, 3202 its rows one by one.

Both are told as a clerk reads them: both sides' figures, which way they differ, what to do. 3201 is a question and
books nothing. 3202 is booked together with its result file, so that what an institution was told can be shown again;
its comparison is made before it stands in line for the book, over what is booked at that moment, so that no till waits
for it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from settlement.checkout import compare, exchange, statement
from settlement.checkout import refusals_accounts as refusals
from settlement.checkout.asked import amount_fen, count, needed, node_of, span, text
from settlement.checkout.base import SETL, House, Said, Transaction, alone, answer_bytes, fact, id_of, loads, now
from settlement.checkout.compare import CENTRE_MORE, DIFFER, EQUAL, INSTITUTION_MORE, Compared, Found
from settlement.checkout.statement import Difference, Row
from settlement.checkout.sums import Sums, acct_of, counts_refunds, every, given_back, gives_back, sums_of
from settlement.ledger.book import Booking, Desk, Settlement, Wanted, Work
from settlement.money import yuan

STMT = "stmt"  # the kind of fact that says what a 3202 found; its key is the file_qury_no of the result
LONGEST_TOTALS, LONGEST_DETAILS = 92, 31  # days; a month's totals is what one province asks for, a day's the rule
LONGEST_DSCR = 200  # stmt_rslt_dscr, c200
RESULT_NAME = "stmt_result.txt"
VERDICT = {
    EQUAL: "对账一致", CENTRE_MORE: "中心多", INSTITUTION_MORE: "医药机构多", DIFFER: "数据不一致",
}  # fmt: skip


def totals(house: House, said: Said) -> dict[str, Any]:
    """3201: compare medfee_sumamt, fund_pay_sumamt, acct_pay and the count; equal only if all four are.

    ``stmt_rslt`` is 1 where the centre has more of some and less of none, 2 the other way round, 3 where it is mixed
    (the sources name the four values, not when 3 is given: inferred). Raises BadInput B60, B61, B82.
    """
    node = node_of(said)
    first, last = span(node, "stmt_begndate", "stmt_enddate", LONGEST_TOTALS)
    setl_optins = needed(node, "setl_optins")
    wanted = Wanted(
        said.fixmedins_code, first, last, needed(node, "insutype"), needed(node, "clr_type"), setl_optins
    )  # fmt: skip
    theirs = {
        "总费用": amount_fen(node, "medfee_sumamt"), "基金支付": amount_fen(node, "fund_pay_sumamt"),
        "个人账户": amount_fen(node, "acct_pay"), "笔数": count(node, "fixmedins_setl_cnt"),
    }  # fmt: skip
    refunds = counts_refunds(house.conventions, text(node, "refd_setl_flag"))
    ours = _named(sums_of(house, wanted, refunds))
    rslt = _verdict([ours[name] - theirs[name] for name in ours])
    return {
        "stmtinfo": {
            "setl_optins": setl_optins, "stmt_rslt": rslt,
            "stmt_rslt_dscr": _described(rslt, ours, theirs, refunds),
        }
    }  # fmt: skip


def _named(sums: Sums) -> dict[str, int]:
    return {"总费用": sums.medfee_fen, "基金支付": sums.fund_fen, "个人账户": sums.acct_fen, "笔数": sums.setl_cnt}


def _verdict(surpluses: Sequence[int]) -> str:
    more, less = any(surplus > 0 for surplus in surpluses), any(surplus < 0 for surplus in surpluses)
    return DIFFER if more and less else CENTRE_MORE if more else INSTITUTION_MORE if less else EQUAL


def _described(rslt: str, ours: dict[str, int], theirs: dict[str, int], refunds: bool) -> str:
    """Return both sides' figures, in yuan and counts: all of them if equal, else those that differ, within c200."""
    shown = [name for name in ours if rslt == EQUAL or ours[name] != theirs[name]]
    parts = []
    for name in shown:
        here, there, off = (_unit(name, value) for value in (theirs[name], ours[name], ours[name] - theirs[name]))
        parts.append(f"{name}{there}" if rslt == EQUAL else f"{name} 中心{there} 机构{here} 差{off}")
    told = f"{VERDICT[rslt]}：{'；'.join(parts)}（{'含' if refunds else '不含'}退费）"
    if rslt != EQUAL:
        told += "。请做3202明细对账"
    return told if len(told) <= LONGEST_DSCR else f"{told[: LONGEST_DSCR - 1]}…"


def _unit(name: str, value: int) -> str:
    return f"{value}笔" if name == "笔数" else yuan(value)


def details(house: House, said: Said) -> Work:
    """3202: compare an uploaded file row by row; the result is a file that lists differences only.

    Raises BadInput B60, B61, B82, B65 and B66 (the upload), B68 and B69 (its form), B70 (message against file).
    """
    # A message that is on record is answered from there: its comparison is not made again.
    repeated = house.ledger.find(said.fixmedins_code, said.msgid) is not None
    made = None if repeated else _compared(house, said)

    def compute(_: Desk) -> Booking:
        return made or _compared(house, said)

    return alone(said, compute)


def _compared(house: House, said: Said) -> Booking:
    node = node_of(said)
    first, last = span(node, "stmt_begndate", "stmt_enddate", LONGEST_DETAILS)
    wanted = Wanted(
        said.fixmedins_code, first, last, text(node, "insutype"), text(node, "clr_type"), needed(node, "setl_optins")
    )  # fmt: skip
    uploaded = exchange.file_of(house, said, needed(node, "file_qury_no"))[1]
    rows = statement.read_statement(uploaded)
    _check_totals(node, rows)
    refunds = counts_refunds(house.conventions, text(node, "refd_setl_flag"))
    seq = house.ledger.head()[0]
    booked = list(every(house.ledger, wanted, seq))
    back = frozenset(given_back(house.ledger, wanted, seq))
    found = compare.differences(rows, Compared(booked, back, refunds, house.conventions))
    written = statement.written(
        [_difference(house, said, wanted, one) for one in found], house.conventions.stmt_rslt_first
    )
    file_qury_no = id_of(said, STMT)
    filename = f"{file_qury_no}.zip"
    content = statement.packed(RESULT_NAME, written)
    told = {
        "fixmedins_code": said.fixmedins_code, "file_qury_no": text(node, "file_qury_no"), "at": said.received_at,
        "upto_seq": seq, "wanted": wanted._asdict(), "refunds": refunds, "rows": len(rows), "booked": len(booked),
        "found": dict(Counter(one.stmt_rslt for one in found)),
    }  # fmt: skip
    facts = exchange.file_fact(house, said, file_qury_no, filename, content) | fact(STMT, file_qury_no, told)
    output = {"fileinfo": exchange.fileinfo(house, file_qury_no, filename)}
    warning = _warning(house, node, wanted, refunds, found)
    return Booking(answer_bytes(said, output, now(house), warning), facts=facts)


def _check_totals(node: dict[str, Any], rows: Sequence[Row]) -> None:
    """Refuse a message whose totals are not those of its own file (B70). The file has no cash, so that is not held."""
    minus = sum(compare.is_minus(row) for row in rows)
    pairs = (
        ("medfee_sumamt", amount_fen(node, "medfee_sumamt"), sum(row.medfee_fen for row in rows)),
        ("fund_pay_sumamt", amount_fen(node, "fund_pay_sumamt"), sum(row.fund_fen for row in rows)),
    )  # fmt: skip
    for name, stated, summed in pairs:
        if stated != summed:
            raise refusals.statement_totals(name, yuan(stated), yuan(summed))
    stated = count(node, "fixmedins_setl_cnt")
    if stated != len(rows) - 2 * minus:  # a minus row counts -1, as in 3201
        raise refusals.statement_totals("fixmedins_setl_cnt", str(stated), str(len(rows) - 2 * minus))


def _warning(house: House, node: dict[str, Any], wanted: Wanted, refunds: bool, found: list[Found]) -> str:
    """Return what the clerk should see beside the file: how many differences, and the cash, which no row carries."""
    by_rslt = Counter(one.stmt_rslt for one in found)
    told = [f"{VERDICT[rslt]}{by_rslt[rslt]}笔" for rslt in (CENTRE_MORE, INSTITUTION_MORE, DIFFER) if by_rslt[rslt]]
    stated, booked = amount_fen(node, "cash_payamt"), sums_of(house, wanted, refunds).cash_fen
    if stated != booked:
        told.append(f"现金合计 机构{yuan(stated)} 中心{yuan(booked)}")
    return "；".join(told)


def _difference(house: House, said: Said, wanted: Wanted, found: Found) -> Difference:
    """Return a difference as it is written: with the person and the msgid that the settlement came with."""
    row, booked = found.row, found.booked
    setl_id = booked.setl_id if booked else row.setl_id if row else ""
    known = house.ledger.fact(SETL, setl_id) if booked else None
    setl = loads(known.content) if known else {}
    if booked is not None and found.stmt_rslt != INSTITUTION_MORE:
        amounts = booked.medfee_fen, booked.fund_fen, acct_of(house.conventions, booked)
        minus = gives_back(booked)
    else:
        assert row is not None
        amounts, minus = (row.medfee_fen, row.fund_fen, row.acct_fen), compare.is_minus(row)
    why = found.why if booked or found.why else _elsewhere(house, said, wanted, setl_id)
    return Difference(
        setl.get("psn_no") or (row.psn_no if row else ""), booked.mdtrt_id if booked else row.mdtrt_id if row else "",
        setl_id, setl.get("msgid", ""), found.stmt_rslt, "1" if minus else "0",
        _memo(found, why, setl.get("infno", "")), *amounts,
    )  # fmt: skip


def _memo(found: Found, why: str, infno: str) -> str:
    """Return what differs and what to do, in Chinese (actions after one province's client)."""
    if found.stmt_rslt == DIFFER:
        return f"{VERDICT[DIFFER]}：{why}。请用5203查询中心结算后更正，不得直接改账"
    if found.stmt_rslt == INSTITUTION_MORE:
        return f"{VERDICT[INSTITUTION_MORE]}：{why or '中心无此结算。请用5203按报文号核实，未结算的更正账务或重新结算'}"
    if found.booked and found.booked.reverses and not gives_back(found.booked):
        return f"{VERDICT[CENTRE_MORE]}：中心的退费已被2601冲回，退费{found.booked.reverses}不成立，请恢复记账"
    what = "中心已退费、机构未记" if found.booked and found.booked.reverses else "中心已结算、机构无记录"
    undo = (
        f"不应成立的用2601冲正（omsgid填本行msgid，oinfno填{infno}）"
        if infno
        else "不应成立的用2601冲正（omsgid填本行msgid）"
    )
    return f"{VERDICT[CENTRE_MORE]}：{what}。已成立的补记入账，{undo}"


def _elsewhere(house: House, said: Said, wanted: Wanted, setl_id: str) -> str:
    """Return where the book has a settlement of this institution that the period does not have, '' for nowhere."""
    at = house.ledger.rows(Wanted(said.fixmedins_code, setl_id=setl_id), 0, 1)
    if not at:
        return ""
    row: Settlement = at[0][1]
    off = [
        f"{name}{there}" for name, there, here in (
            ("险种", row.insutype, wanted.insutype), ("清算类别", row.clr_type, wanted.clr_type),
            ("结算经办机构", row.setl_optins, wanted.setl_optins),
        ) if here and here != there
    ]  # fmt: skip
    if not wanted.first <= row.day <= wanted.last:
        off.insert(0, f"结算日期{row.day}")
    return f"中心该笔不在本次对账范围（{'，'.join(off)}），请在对应范围内对账"


TRANSACTIONS = (Transaction("3201", ask=totals), Transaction("3202", work=details))
