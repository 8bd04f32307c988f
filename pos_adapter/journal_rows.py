"""What a till has booked, as accounts count it: rows, their totals for 3201, their file for 3202, the result read.

A row is a settlement or what gives one back, with opposite sign; amounts are fen. Each counts on its own settlement
day, a minus row as -1; where a region leaves refunds out, neither the minus row nor what it gives back counts.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from pos_adapter import journal_refusals as refusals
from settlement.checkout.statement import packed, unpacked
from settlement.errors import BadInput
from settlement.money import fen, yuan

SETTLES = {"2102": "druginfo", "2207": "data", "2304": "data"}  # and the node that says under which insurance
GIVES_BACK = {"2103", "2208", "2305"}
NOTHING = "null"
CENTRE_MORE, INSTITUTION_MORE, DIFFER = "1", "2", "3"
_RSLT = {"101": CENTRE_MORE, "102": INSTITUTION_MORE, "103": DIFFER} | {one: one for one in "123"}
RESULT_COLUMNS = 10  # those that count; exp_content may follow
STATEMENT_NAME = "stmt.txt"
# Answers of one transaction have other names for two amounts: what is canonical first.
_CASH = ("psn_cash_pay", "pdn_cash_pay", "cash_payamt")


class Row(NamedTuple):
    """One settlement (``refund`` False) or giving back; amounts in fen, ``day`` YYYY-MM-DD of the platform's clock."""

    msgid: str
    setl_id: str
    mdtrt_id: str
    psn_no: str
    insuplc_admdvs: str
    insutype: str
    clr_type: str
    setl_optins: str
    day: str
    medfee_fen: int
    fund_fen: int
    acct_fen: int
    mulaid_fen: int
    cash_fen: int
    refund: bool = False
    gives_back: str = ""  # the setl_id that it gives back


class Group(NamedTuple):
    """What one 3201 is about."""

    insutype: str
    clr_type: str
    setl_optins: str
    day: str


class Sums(NamedTuple):
    """Totals of a group, in fen; a minus row counts -1."""

    medfee_fen: int = 0
    fund_fen: int = 0
    acct_fen: int = 0
    cash_fen: int = 0
    setl_cnt: int = 0


class Difference(NamedTuple):
    """One row of a 3202 result: what the platform found different, whose message it was, what it says to do."""

    psn_no: str
    mdtrt_id: str
    setl_id: str
    msgid: str
    stmt_rslt: str
    refund: bool
    memo: str
    medfee_fen: int
    fund_fen: int
    acct_fen: int


def settled_row(infno: str, msgid: str, said: Mapping[str, Any], insuplc: str, info: Mapping[str, Any]) -> Row:
    """Return the row of a settling answer: ``said`` the input, ``info`` the setlinfo. Raises BadInput C02, C04."""
    node = said.get(SETTLES.get(infno, "data")) or {}
    cash = next((info[name] for name in _CASH if info.get(name) not in (None, "")), "0")
    medfee, fund, acct, mulaid = (
        _fen(info, name) for name in ("medfee_sumamt", "fund_pay_sumamt", "acct_pay", "acct_mulaid_pay")
    )
    return Row(
        msgid, str(info["setl_id"]), str(info.get("mdtrt_id") or node.get("mdtrt_id") or ""), str(node.get("psn_no") or ""),
        insuplc, str(info.get("insutype") or node.get("insutype") or ""), str(info.get("clr_type") or ""),
        str(info.get("clr_optins") or ""), str(info.get("setl_time") or "")[:10], medfee, fund, acct, mulaid,
        fen(cash, "psn_cash_pay"),
    )  # fmt: skip


def _fen(info: Mapping[str, Any], name: str) -> int:
    value = info.get(name)
    return 0 if value in (None, "") else fen(value, name)


def opposite(row: Row, msgid: str, day: str, setl_id: str = "") -> Row:
    """Return the row that gives a row back, or that takes a giving back again; without its own id it bears the row's."""
    return row._replace(
        msgid=msgid, day=day, setl_id=setl_id or row.setl_id, refund=not row.refund, gives_back=row.setl_id,
        medfee_fen=-row.medfee_fen, fund_fen=-row.fund_fen, acct_fen=-row.acct_fen, mulaid_fen=-row.mulaid_fen,
        cash_fen=-row.cash_fen,
    )  # fmt: skip


def counted(rows: Iterable[Row], refunds: bool = True) -> list[Row]:
    """Return the rows that count: all, or without what was given back and what gave it back.

    A giving back may be undone in turn (a 2601 of a 2208): then the settlement stands again, on its own day.
    """
    if refunds:
        return list(rows)
    standing: dict[str, Row] = {}
    back: dict[str, Row] = {}  # what was given back, by the row that did it
    for row in rows:
        if row.refund and row.gives_back in standing:
            back[row.setl_id] = standing.pop(row.gives_back)
        elif not row.refund and row.gives_back in back:
            again = back.pop(row.gives_back)
            standing[again.setl_id] = again
        elif not row.refund:
            standing[row.setl_id] = row
    return list(standing.values())


def totals(rows: Iterable[Row], refunds: bool = True, with_mulaid: bool = False) -> dict[Group, Sums]:
    """Return the totals by insutype, clr_type, setl_optins and day; ``with_mulaid``: acct_pay counts the shared account."""
    made: dict[Group, list[Row]] = {}
    for row in counted(rows, refunds):
        made.setdefault(Group(row.insutype, row.clr_type, row.setl_optins, row.day), []).append(row)
    return {group: summed(listed, with_mulaid) for group, listed in sorted(made.items())}


def summed(rows: Iterable[Row], with_mulaid: bool = False) -> Sums:
    """Return the totals over all rows."""
    listed = list(rows)
    return Sums(
        sum(row.medfee_fen for row in listed), sum(row.fund_fen for row in listed),
        sum(acct_of(row, with_mulaid) for row in listed), sum(row.cash_fen for row in listed),
        sum(-1 if row.refund else 1 for row in listed),
    )  # fmt: skip


def acct_of(row: Row, with_mulaid: bool) -> int:
    """Return acct_pay of a row as the accounts of a region count it, in fen."""
    return row.acct_fen + (row.mulaid_fen if with_mulaid else 0)


def statement(rows: Iterable[Row], with_mulaid: bool = False) -> bytes:
    """Return the ZIP that 9101 takes for 3202: one line a row, a minus row for what was given back."""
    lines = []
    for row in rows:
        amounts = (row.medfee_fen, row.fund_fen, acct_of(row, with_mulaid))
        cells = [row.setl_id, row.mdtrt_id, row.psn_no, *map(yuan, amounts), "1" if row.refund else "0", ""]
        lines.append("\t".join(cell or NOTHING for cell in cells) + "\n")
    return packed(STATEMENT_NAME, "".join(lines))


def read_result(content: bytes, rslt_first: bool = True) -> list[Difference]:
    """Return the differences of a 3202 result; ``rslt_first``: stmt_rslt stands before refd_setl_flag.

    Raises BadInput B68 (no ZIP of one text) or J17 (a row).
    """
    lines = unpacked(content).split("\n")
    return [_difference(number, line.rstrip("\r"), rslt_first) for number, line in enumerate(lines, 1) if line.strip()]


def _difference(number: int, line: str, rslt_first: bool) -> Difference:
    cells = ["" if cell.strip() == NOTHING else cell.strip() for cell in line.split("\t")]
    if len(cells) < RESULT_COLUMNS:
        raise refusals.statement_form(number, f"{len(cells)} columns")
    rslt, flag = (cells[4], cells[5]) if rslt_first else (cells[5], cells[4])
    meaning = _RSLT.get(rslt.lstrip("0"))
    if meaning is None or flag.lstrip("0") not in ("", "1"):
        raise refusals.statement_form(number, f"stmt_rslt {rslt[:6]!r}, refd_setl_flag {flag[:6]!r}")
    try:
        medfee, fund, acct = (fen(cell or "0") for cell in cells[7:10])
    except BadInput:
        raise refusals.statement_form(number, "an amount") from None
    psn_no, mdtrt_id, setl_id, msgid = cells[:4]
    refund = flag.lstrip("0") == "1"
    return Difference(psn_no, mdtrt_id, setl_id, msgid, meaning, refund, cells[6], medfee, fund, acct)
