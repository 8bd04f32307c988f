"""What has been booked, asked again: visits 5201, diagnoses 5202, settlements 5203, lines 5204 and 5205, totals 5206.

An institution sees what happened with it; an auditor sees every institution. The fields of the questions are from one
client's tables; the nodes of 5201 and 5202 are from memory, and so is what 5205 lists. 5204 and 5205 answer the list
itself. That 5201 lists purchases as visits is inferred: they have a mdtrt_id. So are the rows of 5206 for sums of the
year: amounts under the field names of a settlement. ``medins_setl_id`` in 5203 is an addition of this product: a till that never saw an answer asks by its own msgid
what became of it.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from settlement.checkout import refusals
from settlement.checkout import refusals_accounts as refused
from settlement.checkout.asked import may_see, needed, node_of, paged, span, text
from settlement.checkout.base import SETL, VISIT, VOID, House, Reader, Said, Transaction, dumps, loads, void_key
from settlement.checkout.lines import OURS
from settlement.checkout.pages import all_lines
from settlement.checkout.sums import acct_of
from settlement.checkout.visit_index import PURCHASE, UNDONE, ids_of, settled_in, visits_of
from settlement.ledger.book import CounterKey, Wanted
from settlement.money import yuan

LONGEST = 5 * 366  # days that a question about visits may span
USUAL = timedelta(days=365)  # how far back one goes that names no day
CHRONIC = "14"  # med_type of chronic and special diseases; local codes begin with it (14…, from public code lists)
DRUGS = ("X", "Z", "T")  # how med_list_codg begins for western and patent drugs and slices
COUNTS = "admissions"  # the kind of counter that is a number, not an amount
KIND_ZH = {"deductible": "起付线累计", "admissions": "住院次数", "running": "费用累计", "cap": "支付限额累计"}
SUMS_ZH = {
    "medfee_sumamt": "年度医疗费总额累计", "fund_pay_sumamt": "年度基金支付总额累计", "acct_pay": "年度个人账户支付累计",
    "psn_cash_pay": "年度个人现金支付累计",
}  # fmt: skip
PERIOD_ZH = {"year": "年度", "quarter": "季度", "month": "月度"}


def visits(house: House, said: Said) -> dict[str, Any]:
    """5201: the person's visits and purchases that begin in the time asked for, newest last.

    Registrations that were undone and purchases that were given back are not told. Without times: the last year. Raises BadInput B60, B61, B62.
    """
    node = node_of(said)
    found = [_visit_row(house, visit) for visit in _visits(house, said, node)]
    return {"mdtrtinfo": paged(node, found) or None}


def _visits(house: House, said: Said, node: dict[str, Any]) -> list[dict[str, Any]]:
    today = house.clock().date()
    usual = {"begntime": (today - USUAL).isoformat(), "endtime": today.isoformat()}
    given = {name: text(node, name) for name in usual}
    first, last = span(usual | {name: day for name, day in given.items() if day}, "begntime", "endtime", LONGEST)
    med_type, mdtrt_id = text(node, "med_type"), text(node, "mdtrt_id")
    return [
        visit
        for visit in visits_of(house.ledger, needed(node, "psn_no"), first, last)
        if visit["state"] != UNDONE
        and may_see(said, visit["fixmedins_code"])
        and med_type in ("", visit["med_type"])
        and mdtrt_id in ("", visit["mdtrt_id"])
    ]


def _visit_row(house: House, visit: dict[str, Any]) -> dict[str, Any]:
    names = ("mdtrt_id", "psn_no", "insutype", "begntime", "endtime", "med_type", "ipt_otp_no", "fixmedins_code")
    row = {name: visit[name] or None for name in (*names, "dise_codg", "setl_id")}
    place = house.registry.institutions.get(visit["fixmedins_code"])
    return row | {"fixmedins_name": place.fixmedins_name if place else "", "mdtrt_stas": visit["state"]}


def diagnoses(house: House, said: Said) -> dict[str, Any]:
    """5202: the diagnoses of a visit as they were sent. Raises BadInput B60, B62, B78."""
    node = node_of(said)
    visit = _visit(house, said, needed(node, "mdtrt_id"), needed(node, "psn_no"))
    return {"diseinfo": paged(node, visit.get("diseinfo") or []) or None}


def settlement(house: House, said: Said) -> dict[str, Any]:
    """5203: one settlement as it was answered: by setl_id, by the sender's msgid, or the last of a visit.

    ``exp_content`` (JSON text) holds the explanation, and whether it stands, was given back or gives back. Raises
    BadInput B60, B77; B02 for a message that a 2601 named before it came.
    """
    setl = _settlement(house, said, node_of(said))
    beside = {name: setl[name] for name in ("state", "reverses", "reversed_by", "rulebook", "explanation")}
    place = house.registry.institutions.get(setl["fixmedins_code"])
    told = {
        "fixmedins_code": setl["fixmedins_code"], "fixmedins_name": place.fixmedins_name if place else "",
        "insu_optins": setl["insuplc_admdvs"], "refd_setl_flag": "1" if setl["reverses"] else "0",
    }  # fmt: skip
    return {
        "setlinfo": setl["setlinfo"] | told, "setldetail": setl["setldetail"] or None,
        "exp_content": dumps(beside).decode(),
    }  # fmt: skip


def _settlement(house: House, said: Said, node: dict[str, Any]) -> dict[str, Any]:
    """Return the settlement that a question means. Raises BadInput B60, B77, B02."""
    psn_no, setl_id, msgid, mdtrt_id = (
        needed(node, "psn_no"), text(node, "setl_id"), text(node, "medins_setl_id"), text(node, "mdtrt_id")
    )  # fmt: skip
    named = setl_id or msgid or mdtrt_id
    if not named:
        raise refused.field_missing("setl_id, medins_setl_id 或 mdtrt_id")
    if not setl_id and msgid:
        stored = house.ledger.find(said.fixmedins_code, msgid)
        if stored is None and house.ledger.fact(VOID, void_key(said.fixmedins_code, msgid)) is not None:
            raise refusals.reversed_before(msgid)
        setl_id = stored.setl_id if stored else ""
    elif not setl_id:
        rows = [row for _, row in house.ledger.rows(Wanted(mdtrt_id=mdtrt_id)) if not row.reverses]
        setl_id = rows[-1].setl_id if rows else ""
    found = house.ledger.fact(SETL, setl_id) if setl_id else None
    setl = loads(found.content) if found else None
    if setl is None or setl["psn_no"] != psn_no or mdtrt_id not in ("", setl["mdtrt_id"]):
        raise refused.settlement_unknown(named)
    if not may_see(said, setl["fixmedins_code"]):
        raise refused.settlement_unknown(named)
    return setl


def details(house: House, said: Said) -> list[dict[str, Any]]:
    """5204: fee lines with how they are divided: of a settlement, or all of a visit. Raises BadInput B60, B62, B77, B78."""
    node = node_of(said)
    mdtrt_id, psn_no = text(node, "mdtrt_id"), needed(node, "psn_no")
    if text(node, "setl_id") or text(node, "medins_setl_id") or not mdtrt_id:
        setl = _settlement(house, said, node)
        return paged(node, _settled_lines(house, setl))
    found = house.ledger.fact(VISIT, mdtrt_id)
    if found is None:  # a purchase registers no visit: its lines are in the settlement
        return paged(node, _settled_lines(house, _settlement(house, said, node)))
    visit = _visit(house, said, mdtrt_id, psn_no)
    return paged(node, _visit_lines(house, visit))


def _settled_lines(house: House, setl: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the lines of a settlement: as they were sent, over that how they were settled.

    Where nothing was settled otherwise than its upload was answered, the settlement keeps no lines of its own.
    """
    beside = {"mdtrt_id": setl["mdtrt_id"], "setl_id": setl["setl_id"], "med_type": setl["setlinfo"]["med_type"]}
    if not setl["lines"]:
        mine = [line for line in _lines(house, setl["mdtrt_id"]) if line["feedetl_sn"] in setl["uploaded"]]
        return [_as_sent(line) | (line.get("result") or {}) | beside for line in mine]
    sent: dict[str, dict[str, Any]] = {line["feedetl_sn"]: line for line in setl["draft"].get("feedetail") or ()}
    sent |= {line["feedetl_sn"]: line for line in _lines(house, setl["mdtrt_id"]) if line["feedetl_sn"] in sent}
    return [_as_sent(sent.get(line["feedetl_sn"], {})) | line | beside for line in setl["lines"]]


def _visit_lines(house: House, visit: dict[str, Any]) -> list[dict[str, Any]]:
    """Return all lines of a visit: settled ones as they were settled, others as their upload was answered."""
    by_batch = visit.get("batches") or {}
    settled: dict[tuple[str, str], dict[str, Any]] = {}
    for setl_id in dict.fromkeys(by_batch.values()):
        found = house.ledger.fact(SETL, setl_id)
        for line in loads(found.content)["lines"] if found else ():
            settled[setl_id, line["feedetl_sn"]] = line
    rows = []
    for line in _lines(house, visit["mdtrt_id"]):
        setl_id = by_batch.get(line.get("chrg_bchno") or "", "")
        result = settled.get((setl_id, line["feedetl_sn"])) or line.get("result") or {}
        beside = {"mdtrt_id": visit["mdtrt_id"], "setl_id": setl_id or None, "med_type": visit["med_type"]}
        rows.append(_as_sent(line) | result | beside)
    return rows


def _lines(house: House, mdtrt_id: str) -> list[dict[str, Any]]:
    return all_lines(Reader(house.ledger), mdtrt_id)


def _as_sent(line: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in line.items() if name not in OURS}


def chronic_drugs(house: House, said: Said) -> list[dict[str, Any]]:
    """5205: the drugs of the person's visits for chronic and special diseases, each line. Raises B60 to B62."""
    node = node_of(said)
    asked = {name: value for name, value in node.items() if name != "med_type"}
    chronic = [visit for visit in _visits(house, said, asked) if visit["med_type"].startswith(CHRONIC)]
    lines: Iterable[dict[str, Any]] = (line for visit in chronic for line in _lines_of(house, said, visit))
    drugs = [line for line in lines if str(line.get("med_list_codg", "")).startswith(DRUGS)]
    return paged(node, drugs)


def _lines_of(house: House, said: Said, visit: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the lines of a visit, or of a purchase."""
    if visit["kind"] != PURCHASE:
        return _visit_lines(house, visit)
    return _settled_lines(house, _settlement(house, said, {name: visit[name] for name in ("psn_no", "setl_id")}))


def running_totals(house: House, said: Said) -> dict[str, Any]:
    """5206: the person's totals of a year (cum_ym's, else this one): what the rules count, then what was settled.

    What the area's rules count (deductibles met, funds paid, admissions) comes under the names that the rules give it
    (``cum_type_code``), in yuan or as a number. What was settled on this book, at every institution, comes by insurance
    under the names of a settlement's amounts; what was given back is not in it. Raises BadInput B60 to B62, P14.
    """
    node = node_of(said)
    psn_no, asked = needed(node, "psn_no"), text(node, "cum_ym")
    year = (asked or house.clock().strftime("%Y"))[:4]
    span({"cum_ym": f"{year}-01-01"}, "cum_ym", "cum_ym", 1)  # refuses what is no year
    house.registry.rows(psn_no)  # refuses an unknown number
    state = house.ledger.person(psn_no)
    rows = [
        _total_row(house, psn_no, key, value)
        for key, value in sorted(state.counters.items())
        if key.period_start[:4] == year
    ]
    rows += _sum_rows(house, psn_no, year)
    return {"cuminfo": paged(node, rows) or None}


def _total_row(house: House, psn_no: str, key: CounterKey, value: int) -> dict[str, Any]:
    counter = house.book.counters(key.area).get(key.name) if key.area in house.book.pools else None
    kind = counter.kind if counter else ""
    return {
        "insutype": _insutype(house, psn_no, key.area), "year": key.period_start[:4],
        "cum_ym": key.period_start[:7].replace("-", ""), "cum_type_code": key.name,
        "cum": str(value) if kind == COUNTS else yuan(value),
        "cum_type_name": PERIOD_ZH[key.period_kind] + KIND_ZH.get(kind, "累计"), "insu_admdvs": key.area,
    }  # fmt: skip


def _sum_rows(house: House, psn_no: str, year: str) -> list[dict[str, Any]]:
    """Return the sums of the settlements of a year, a row for each insurance and amount.

    Looked through are visits that began in the year or in the years before that 5201 can tell of too.
    """
    mdtrt_ids = ids_of(house.ledger, psn_no, f"{max(1, int(year) - LONGEST // 366):04d}-01-01", f"{year}-12-31")
    sums: dict[str, list[int]] = {}
    for row in settled_in(house.ledger, mdtrt_ids, year):
        amounts = (row.medfee_fen, row.fund_fen, acct_of(house.conventions, row), row.cash_fen)
        sums[row.insutype] = [a + b for a, b in zip(sums.get(row.insutype, [0] * len(amounts)), amounts, strict=True)]
    areas = {row.insutype: row.insuplc_admdvs for row in house.registry.rows(psn_no)}
    return [
        {
            "insutype": insutype, "year": year, "cum_ym": f"{year}01", "cum_type_code": name, "cum": yuan(amount),
            "cum_type_name": zh, "insu_admdvs": areas.get(insutype, ""),
        }
        for insutype, amounts in sorted(sums.items())
        for (name, zh), amount in zip(SUMS_ZH.items(), amounts, strict=True)
    ]  # fmt: skip


def _insutype(house: House, psn_no: str, area: str) -> str:
    """Return the insutype under which the person is insured in an area, '' if the register does not say."""
    rows = house.registry.rows(psn_no)
    mine = [row.insutype for row in rows if house.book.area(row.insuplc_admdvs) == area]
    return mine[0] if mine else ""


def _visit(house: House, said: Said, mdtrt_id: str, psn_no: str) -> dict[str, Any]:
    found = house.ledger.fact(VISIT, mdtrt_id)
    visit = loads(found.content) if found else None
    if visit is None or visit["psn_no"] != psn_no or not may_see(said, visit["fixmedins_code"]):
        raise refused.visit_unknown(mdtrt_id)
    return visit


TRANSACTIONS = (
    Transaction("5201", ask=visits), Transaction("5202", ask=diagnoses), Transaction("5203", ask=settlement),
    Transaction("5204", ask=details), Transaction("5205", ask=chronic_drugs), Transaction("5206", ask=running_totals),
)  # fmt: skip
