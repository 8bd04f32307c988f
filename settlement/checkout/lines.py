"""Fee lines: uploaded and divided (2204, 2301), refunded (2301 with a negative quantity), taken out (2205, 2302).

Lines are kept as they came, in the pages of their visit (``pages``), each with what its answer said: ``told`` (own pay,
over limit, first pay, in scope, in fen), ``under`` (``told.terms_of``: what the division rested on) and ``result`` (the
answer's row without its reasons). A line that the catalogue does not know may bring its own ``terms``, {} if not. An
inpatient line names no batch: its ``chrg_bchno`` is ''. Whether a batch is settled stands in the visit.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from settlement import money
from settlement.checkout import refusals_visits as refusals
from settlement.checkout.base import EVERY_BATCH, House, Said, Transaction, open_lines
from settlement.checkout.changes import Changed, booked
from settlement.checkout.claims import draft_of, own_terms, refused, visit_of
from settlement.checkout.filed import filed
from settlement.checkout.pages import all_lines, rewritten
from settlement.checkout.refunds import check_refunds, is_refund, waves
from settlement.checkout.refusals import two_persons
from settlement.checkout.setlinfo import line_result
from settlement.checkout.split import NOTHING, Told, divide, told_before
from settlement.checkout.told import OF_LINE, terms_of
from settlement.checkout.visits import INPATIENT, OUTPATIENT, needed
from settlement.errors import BadInput
from settlement.ledger.book import Desk

MOST_LINES = 1000  # of one message
OF_STAY = ""  # the one batch of a stay
ALL_LINES = "0000"
OURS = ("told", "under", "result", "terms")  # what a stored line has beside the sender's words

Line = dict[str, Any]


def upload(desk: Desk, house: House, said: Said) -> Changed:
    """2204 and 2301: lines of a visit; answers how each is divided, and why."""
    rows = _rows(said)
    visit = visit_of(desk, said, rows[0])
    stay = said.infno == "2301"
    if (visit["kind"] == INPATIENT) != stay:
        raise refusals.kind_of_visit(said.infno, visit["mdtrt_id"], INPATIENT if stay else OUTPATIENT)
    there = all_lines(desk, visit["mdtrt_id"])
    new = [_line(house, visit, row, stay) for row in rows]
    _refuse_known(visit, there, new)
    person = filed(desk, house.registry.insured(visit["psn_no"], visit["insutype"]))
    draft = draft_of(house, said, person, visit) | {"endtime": visit.get("endtime") or ""}
    said_why: dict[str, str] = {}
    for batch in dict.fromkeys(line["chrg_bchno"] for line in new):
        group = [line for line in there if line["chrg_bchno"] == batch]
        mine = [line for line in new if line["chrg_bchno"] == batch]
        check_refunds(group, mine)
        said_why |= _tell_new(house, draft, group, [line for line in mine if not is_refund(line)])
        group += [line for line in mine if not is_refund(line)]
        for wave in waves([line for line in mine if is_refund(line)]):
            said_why |= _tell_refunds(house, draft, group, wave)
            group += wave
    result = [line["result"] | {"memo": said_why[line["feedetl_sn"]]} for line in new]
    return {"result": result}, rewritten(visit["mdtrt_id"], there, there + new)


def take_out_batch(desk: Desk, house: House, said: Said) -> Changed:
    """2205: the unsettled lines of one batch, or of all for 0000 (then none is no fault)."""
    stated = _nodes(said)[0]
    visit = visit_of(desk, said, stated)
    if visit["kind"] != OUTPATIENT:
        raise refusals.kind_of_visit(said.infno, visit["mdtrt_id"], OUTPATIENT)
    batch = needed(stated, "chrg_bchno")
    there = all_lines(desk, visit["mdtrt_id"])
    if batch in visit["batches"]:
        raise refusals.batch_settled(batch, visit["kind"])
    gone = open_lines(visit, there, batch)
    if not gone and batch not in EVERY_BATCH:
        raise refusals.no_such_lines(f"chrg_bchno {batch}")
    return None, _without(visit, there, {line["feedetl_sn"] for line in gone})


def take_out_lines(desk: Desk, house: House, said: Said) -> Changed:
    """2302: named lines, or all unsettled ones for 0000.

    Node ``data`` with mdtrt_id, psn_no and feedetl_sn, or a list of such: the field list is one client's, the list is
    inferred.
    """
    asked = _nodes(said)
    visit = visit_of(desk, said, asked[0])
    if visit["kind"] != INPATIENT:
        raise refusals.kind_of_visit(said.infno, visit["mdtrt_id"], INPATIENT)
    _refuse_other_visits(asked)
    names = {needed(one, "feedetl_sn") for one in asked}
    there = all_lines(desk, visit["mdtrt_id"])
    if OF_STAY in visit["batches"]:
        raise refusals.batch_settled(OF_STAY, visit["kind"])
    if ALL_LINES in names:
        return None, _without(visit, there, {line["feedetl_sn"] for line in there})
    lacking = sorted(names - {line["feedetl_sn"] for line in there})
    if lacking:
        raise refusals.no_such_lines(f"feedetl_sn {lacking[0]}")
    for line in there:
        if is_refund(line) and line["init_feedetl_sn"] in names and line["feedetl_sn"] not in names:
            raise refusals.has_refunds(line["init_feedetl_sn"], line["feedetl_sn"])
    return None, _without(visit, there, names)


def _without(visit: dict[str, Any], there: list[Line], gone: set[str]) -> dict[Any, bytes]:
    return rewritten(visit["mdtrt_id"], there, [line for line in there if line["feedetl_sn"] not in gone])


def _rows(said: Said) -> list[Line]:
    rows = said.input.get("feedetail")
    rows = [rows] if isinstance(rows, dict) else rows
    if not rows:
        raise refused("C06_NO_LINES", "feedetail", "0")
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise refused("C15_NOT_AN_OBJECT", "feedetail", "is not a list of objects")
    if len(rows) > MOST_LINES:
        raise refusals.too_many(len(rows), MOST_LINES)
    _refuse_other_visits(rows)
    return rows


def _nodes(said: Said) -> list[dict[str, Any]]:
    stated = said.input.get("data")
    nodes = [stated] if isinstance(stated, dict) else stated
    if not nodes:
        raise refused("C01_FIELD_MISSING", "data", "data")
    if not isinstance(nodes, list) or not all(isinstance(one, dict) for one in nodes):
        raise refused("C15_NOT_AN_OBJECT", "data", "is not an object")
    for one in nodes:
        needed(one, "psn_no")
    return nodes


def _refuse_other_visits(rows: Iterable[Line]) -> None:
    """Refuse rows that are not all of one visit and person (BadInput B39, B03)."""
    named = [(needed(row, "mdtrt_id"), needed(row, "psn_no")) for row in rows]
    if len({mdtrt_id for mdtrt_id, _ in named}) > 1:
        raise refusals.two_visits()
    if len({psn_no for _, psn_no in named}) > 1:
        raise two_persons()


def _line(house: House, visit: dict[str, Any], row: Line, stay: bool) -> Line:
    """Return a row as it is stored, not yet divided; raises BadInput C01, C02, B46 or B56."""
    for name in ("feedetl_sn", "med_list_codg", "cnt", "det_item_fee_sumamt"):
        needed(row, name)
    line = {name: value for name, value in row.items() if name not in OURS}
    line["chrg_bchno"] = OF_STAY if stay else needed(row, "chrg_bchno")
    if not stay and line["chrg_bchno"] in EVERY_BATCH:
        raise refusals.batch_name(line["chrg_bchno"])
    try:
        count = money.scaled(row["cnt"], money.COUNT_PLACES, "cnt")
        amount = money.fen(row["det_item_fee_sumamt"], "det_item_fee_sumamt")
    except BadInput as error:
        raise refused(error.code, "feedetail", f"feedetl_sn {row['feedetl_sn']}: {error.found}") from None
    if is_refund(line) != (count < 0) or (count < 0 and amount > 0) or (count > 0 and amount < 0):
        raise refusals.refund_sign(row["feedetl_sn"])
    return line | {"under": terms_of(visit), "terms": own_terms(house, visit["mdtrtarea_admvs"], row)}


def _refuse_known(visit: dict[str, Any], there: list[Line], new: list[Line]) -> None:
    """Refuse lines that are there already, in the visit or in the message, and lines of settled batches."""
    seen = {line["feedetl_sn"] for line in there}
    for line in new:
        if line["feedetl_sn"] in seen:
            raise refusals.line_again(line["feedetl_sn"])
        seen.add(line["feedetl_sn"])
        if line["chrg_bchno"] in visit["batches"]:
            raise refusals.batch_settled(line["chrg_bchno"], visit["kind"])


def _tell_new(house: House, draft: Line, group: list[Line], new: list[Line]) -> dict[str, str]:
    """Divide new lines of a batch beside those it has (``group``); write what each is told, return why."""
    if not new:
        return {}
    batch = divide(house, draft, group + new, [line["feedetl_sn"] for line in new])
    for line in new:
        mine = batch.told[line["feedetl_sn"]]
        row = line_result(batch.results[line["feedetl_sn"]], line) | _amounts(mine)
        line |= {"told": list(mine), "result": row}
    return batch.why


def _tell_refunds(house: House, draft: Line, group: list[Line], refunds: list[Line]) -> dict[str, str]:
    """Tell refund lines, at most one a line: what their line is told with what is left of it, less what it was told."""
    firsts = {line["feedetl_sn"]: line for line in group if not is_refund(line)}
    was = told_before(group)
    batch = divide(house, draft, group + refunds, [line["init_feedetl_sn"] for line in refunds])
    for line in refunds:
        serial = line["init_feedetl_sn"]
        left = batch.told.get(serial, NOTHING)
        mine = Told(*(now - before for now, before in zip(left, was[serial], strict=True)))
        result = firsts[serial]["result"]
        stated = {name: str(line.get(name) or result[name]) for name in ("cnt", "pric", "det_item_fee_sumamt")}
        row = result | stated | _amounts(mine) | {"feedetl_sn": line["feedetl_sn"]}
        line |= {"told": list(mine), "result": row}
    return {line["feedetl_sn"]: f"退费明细，冲减原明细 {line['init_feedetl_sn']}" for line in refunds}


def _amounts(told: Told) -> dict[str, str]:
    return {name: money.yuan(value) for name, value in zip(OF_LINE, told, strict=True)}


TRANSACTIONS = (
    Transaction("2204", work=booked(upload)),
    Transaction("2205", work=booked(take_out_batch)),
    Transaction("2301", work=booked(upload)),
    Transaction("2302", work=booked(take_out_lines)),
)
