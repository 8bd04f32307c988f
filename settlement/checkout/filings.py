"""Filings: care elsewhere (2501), a chronic or special disease (2503), a chosen institution (2505); undone by 2502, 2504, 2506.

The field lists of these messages are from memory and from clients' tables, their required fields the fewest. What is
inferred: that 2501 without ``filing`` is a transfer (referred); a long stay elsewhere or an emergency says so in
``filing``, a field of this service's own, because no table gives the numeric codes of these classes. A filing without an
end stands until it is undone. A chosen institution is kept and shown; no shipped rule asks for it yet.
"""

from __future__ import annotations

from typing import Any

from settlement.checkout import refusals_visits as refusals
from settlement.checkout.base import House, Said, Transaction, fact, id_of, known
from settlement.checkout.changes import Changed, booked, kept
from settlement.checkout.claims import day_of_text, node, refused
from settlement.checkout.filed import (
    CHOSEN,
    CHRONIC,
    ELSEWHERE,
    FILING,
    OPEN_END,
    OPEN_END_DAY,
    period,
    standing_filings,
)
from settlement.codes import FILINGS, is_division
from settlement.ledger.book import Desk

NODES = {ELSEWHERE: "refmedin", CHRONIC: "data", CHOSEN: "data"}
UNDOES = {"2502": ELSEWHERE, "2504": CHRONIC, "2506": CHOSEN}
NAMES = {ELSEWHERE: "就医地", CHRONIC: "病种", CHOSEN: "定点机构"}
REFERRED, UNFILED = "referred", "unfiled"


def file(desk: Desk, house: House, said: Said) -> Changed:
    """2501, 2503, 2505: a filing is made; answers its trt_dcla_detl_sn.

    Raises BadInput P13 to P15, C01, C05, B47, B51, B52.
    """
    stated = _node(said, NODES[said.infno])
    house.registry.insured(stated["psn_no"], str(stated.get("insutype") or ""))
    content = known(desk, FILING, stated["psn_no"]) or {"filings": []}
    serial = id_of(said, "filing")
    begins = day_of_text(_needed(stated, "begndate"), "begndate")
    stated_end = str(stated.get("enddate") or OPEN_END)
    ends = OPEN_END_DAY if stated_end.startswith(OPEN_END) else day_of_text(stated_end, "enddate")
    if ends < begins:
        raise refusals.no_period(begins.isoformat(), ends.isoformat())
    one = {
        "trt_dcla_detl_sn": serial, "infno": said.infno, **_subject(house, said.infno, stated),
        "begndate": begins.isoformat(), "enddate": ends.isoformat(), "filed_on": said.received_at[:10],
        "fixmedins_code": said.fixmedins_code, "undone_by": "", "said": kept(stated),
    }  # fmt: skip
    for other in standing_filings(content):
        first, last = period(other)
        if (other["infno"], other["what"]) == (said.infno, one["what"]) and first <= ends and begins <= last:
            raise refusals.filing_stands(f"{NAMES[said.infno]} {one['what']}", other["begndate"], other["enddate"])
    answer = {"result": {"trt_dcla_detl_sn": serial}}
    return answer, fact(FILING, stated["psn_no"], {"filings": [*content["filings"], one]})


def _subject(house: House, infno: str, stated: dict[str, Any]) -> dict[str, str]:
    """Return what a filing is about: ``what``, and for care elsewhere its class."""
    if infno == CHRONIC:
        return {"what": _needed(stated, "opsp_dise_code"), "name": str(stated.get("opsp_dise_name") or "")}
    if infno == CHOSEN:
        return {"what": house.registry.place(_needed(stated, "fixmedins_code")).fixmedins_code}
    place, filing = _needed(stated, "mdtrtarea_admdvs"), str(stated.get("filing") or REFERRED)
    if not is_division(place):
        raise refused("C11_NOT_A_CODE", "mdtrtarea_admdvs", repr(place))
    if filing not in FILINGS or filing == UNFILED:
        raise refusals.filing_class(filing)
    return {"what": place, "filing": filing}


def undo(desk: Desk, house: House, said: Said) -> Changed:
    """2502, 2504, 2506: a filing stands no more; what was settled under it stays. Raises BadInput B49, B50."""
    stated = _node(said, "data")
    serial = _needed(stated, "trt_dcla_detl_sn")
    content = known(desk, FILING, stated["psn_no"]) or {"filings": []}
    one = next(
        (
            filing
            for filing in content["filings"]
            if (filing["trt_dcla_detl_sn"], filing["infno"]) == (serial, UNDOES[said.infno])
        ),
        None,
    )
    if one is None:
        raise refusals.filing_unknown(serial)
    if one["undone_by"]:
        raise refusals.filing_undone(serial)
    undone = [filing | {"undone_by": said.msgid} if filing is one else filing for filing in content["filings"]]
    return None, fact(FILING, stated["psn_no"], {"filings": undone})


def _node(said: Said, name: str) -> dict[str, Any]:
    """Return the node of a filing; clients call it refmedin or data."""
    return node(said, name if name in said.input else "data")


def _needed(stated: dict[str, Any], name: str) -> str:
    value = stated.get(name)
    if value in (None, ""):
        raise refused("C01_FIELD_MISSING", name, name)
    return str(value)


TRANSACTIONS = (
    *(Transaction(infno, work=booked(file)) for infno in NODES),
    *(Transaction(infno, work=booked(undo)) for infno in UNDOES),
)
