"""Visits: outpatient registration (2201 to 2203) and the course of a stay (2401 to 2405).

A visit is open, discharged (a stay after 2402) or undone; what stands settled is in its ``batches``. Nothing is undone
or changed below a standing settlement: that is given back first. A second registration of one ``ipt_otp_no`` is another
visit (seen in Jilin, where a visit is registered again when it turns into chronic care).
"""

from __future__ import annotations

from datetime import date
from typing import Any

from settlement.checkout import refusals_visits as refusals
from settlement.checkout.base import VISIT, House, Said, Transaction, fact, id_of, open_lines
from settlement.checkout.changes import Changed, booked, kept
from settlement.checkout.claims import day_of_text, insured, node, refused, visit_of
from settlement.checkout.filed import filed
from settlement.checkout.pages import all_lines
from settlement.checkout.visit_index import listed
from settlement.ledger.book import Desk
from settlement.registry import InsuredPerson
from settlement.rules import resolve

OUTPATIENT, INPATIENT = "outpatient", "inpatient"
OPEN, DISCHARGED, UNDONE = "open", "discharged", "undone"
FIRST_MED_TYPE = "11"  # what an outpatient visit counts as until 2203 says more; some regions never send 2203
# Kinds of care by whether a stay belongs to them; any other kind (maternity, accident, other) may be either.
STAYS, VISITS = ("inpatient",), ("outpatient", "emergency", "chronic", "pharmacy", "registration")
CHANGED_BY_2403 = ("begntime", "med_type", "dise_codg", "ipt_otp_no")


def register(desk: Desk, house: House, said: Said) -> Changed:
    """2201: an outpatient visit; answers its mdtrt_id."""
    stated = node(said, "data")
    visit = _begun(desk, house, said, stated, OUTPATIENT)
    visit |= {"ipt_otp_no": needed(stated, "ipt_otp_no"), "med_type": FIRST_MED_TYPE}
    answer = {name: visit[name] for name in ("mdtrt_id", "psn_no", "ipt_otp_no")}
    return {"data": answer}, fact(VISIT, visit["mdtrt_id"], visit) | listed(desk, visit)


def undo_registration(desk: Desk, house: House, said: Said) -> Changed:
    """2202: the visit is undone; its unsettled lines go with it."""
    stated = node(said, "data")
    visit = _visit(desk, said, stated, OUTPATIENT)
    if needed(stated, "ipt_otp_no") != visit["ipt_otp_no"]:
        raise refusals.another_number(visit["mdtrt_id"], stated["ipt_otp_no"])
    refuse_settled(visit)
    return None, fact(VISIT, visit["mdtrt_id"], visit | {"state": UNDONE})


def inform(desk: Desk, house: House, said: Said) -> Changed:
    """2203: what kind of visit it is, its disease and diagnoses. Chronic care needs the disease registered (2503)."""
    stated = node(said, "mdtrtinfo")
    visit = _visit(desk, said, stated, OUTPATIENT)
    med_type = needed(stated, "med_type")
    if med_type != visit["med_type"]:
        refuse_settled(visit)
    begins = day_of_text(needed(stated, "begntime"), "begntime")
    person = filed(desk, house.registry.insured(visit["psn_no"], visit["insutype"]))
    care = care_of(house, person, med_type, begins)
    if care in STAYS:
        raise refusals.not_such_care(said.infno, med_type)
    dise_codg = stated.get("dise_codg") or ""
    if care == "chronic" and not person.entitled(dise_codg, begins):
        raise refusals.not_registered(dise_codg)
    changed = {"med_type": med_type, "begntime": moment(stated, "begntime"), "dise_codg": dise_codg}
    return None, _written(visit, said, stated, changed) | listed(desk, visit | changed)


def admit(desk: Desk, house: House, said: Said) -> Changed:
    """2401: a stay begins; answers its mdtrt_id. A 2601 can take it back."""
    stated = node(said, "mdtrtinfo")
    visit = _begun(desk, house, said, stated, INPATIENT)
    med_type = needed(stated, "med_type")
    person = house.registry.insured(visit["psn_no"], visit["insutype"])
    if care_of(house, person, med_type, day_of_text(visit["begntime"], "begntime")) in VISITS:
        raise refusals.not_such_care(said.infno, med_type)
    visit |= {"ipt_otp_no": needed(stated, "ipt_no"), "med_type": med_type, "dise_codg": stated.get("dise_codg") or ""}
    visit |= _diagnoses(said)
    return {"result": {"mdtrt_id": visit["mdtrt_id"]}}, fact(VISIT, visit["mdtrt_id"], visit) | listed(desk, visit)


def discharge(desk: Desk, house: House, said: Said) -> Changed:
    """2402: the stay ends."""
    stated = node(said, "dscginfo")
    visit = _visit(desk, said, stated, INPATIENT)
    if visit["state"] == DISCHARGED:
        raise refusals.discharged(visit["mdtrt_id"])
    insutype = stated.get("insutype") or visit["insutype"]
    if insutype != visit["insutype"]:
        raise refusals.another_insurance(visit["insutype"])
    ends = moment(stated, "endtime")
    _refuse_crossed(visit["begntime"], ends)
    changed = {"state": DISCHARGED, "endtime": ends, "dise_codg": stated.get("dise_codg") or visit["dise_codg"]}
    return None, _written(visit, said, stated, changed)


def change(desk: Desk, house: House, said: Said) -> Changed:
    """2403: the admission said something else; only what is sent changes."""
    stated = node(said, "adminfo")
    visit = _visit(desk, said, stated, INPATIENT)
    if visit["state"] == DISCHARGED:
        raise refusals.discharged(visit["mdtrt_id"])
    refuse_settled(visit)
    changed = {name: stated[name] for name in CHANGED_BY_2403 if stated.get(name)}
    if "begntime" in changed:
        changed["begntime"] = moment(stated, "begntime")
    if stated.get("ipt_no"):
        changed["ipt_otp_no"] = stated["ipt_no"]
    begins = day_of_text(changed.get("begntime", visit["begntime"]), "begntime")
    if "med_type" in changed:
        person = house.registry.insured(visit["psn_no"], visit["insutype"])
        if care_of(house, person, changed["med_type"], begins) in VISITS:
            raise refusals.not_such_care(said.infno, changed["med_type"])
    return None, _written(visit, said, stated, changed) | listed(desk, visit | changed)


def undo_admission(desk: Desk, house: House, said: Said) -> Changed:
    """2404: the stay is undone, once nothing is settled, nobody is discharged and no fee line is left."""
    visit = _visit(desk, said, node(said, "data"), INPATIENT)
    refuse_settled(visit)
    if visit["state"] == DISCHARGED:
        raise refusals.discharged(visit["mdtrt_id"])
    left = len(open_lines(visit, all_lines(desk, visit["mdtrt_id"])))
    if left:
        raise refusals.lines_left(visit["mdtrt_id"], left)
    return None, fact(VISIT, visit["mdtrt_id"], visit | {"state": UNDONE})


def undo_discharge(desk: Desk, house: House, said: Said) -> Changed:
    """2405: the stay goes on."""
    visit = _visit(desk, said, node(said, "data"), INPATIENT)
    if visit["state"] != DISCHARGED:
        raise refusals.not_discharged(visit["mdtrt_id"])
    refuse_settled(visit)
    return None, fact(VISIT, visit["mdtrt_id"], visit | {"state": OPEN, "endtime": ""})


def _begun(desk: Desk, house: House, said: Said, stated: dict[str, Any], kind: str) -> dict[str, Any]:
    """Return a new visit as both registrations begin it; raises BadInput for person, certificate, place or date."""
    for name in ("insutype", "begntime", "mdtrt_cert_type", "mdtrt_cert_no"):
        needed(stated, name)
    person = insured(desk, house, said, stated)  # with the certificate, which was asked for above
    place = house.registry.place(said.fixmedins_code)
    if place.fixmedins_type == "2":
        raise refusals.no_beds(said.fixmedins_code)
    return {
        "mdtrt_id": id_of(said, "mdtrt"), "psn_no": person.psn_no, "fixmedins_code": said.fixmedins_code,
        "mdtrtarea_admvs": place.admdvs, "insuplc_admdvs": person.insuplc_admdvs, "kind": kind, "ipt_otp_no": "",
        "insutype": person.insutype, "med_type": "", "begntime": moment(stated, "begntime"), "endtime": "", "dise_codg": "",
        "state": OPEN, "setl_id": "", "batches": {}, "said": kept(stated), "diseinfo": [],
    }  # fmt: skip


def _visit(desk: Desk, said: Said, stated: dict[str, Any], kind: str) -> dict[str, Any]:
    """Return the standing visit that a message is about; raises BadInput B03 to B06, or B30 for one of another kind."""
    visit = visit_of(desk, said, stated)
    if visit["kind"] != kind:
        raise refusals.kind_of_visit(said.infno, visit["mdtrt_id"], kind)
    return visit


def _written(visit: dict[str, Any], said: Said, stated: dict[str, Any], changed: dict[str, Any]) -> dict[Any, bytes]:
    """Return the new version of a visit: what changes, and the message's own words beside the earlier ones."""
    words = {"said": visit["said"] | kept(stated)} | _diagnoses(said)
    return fact(VISIT, visit["mdtrt_id"], visit | changed | words)


def _diagnoses(said: Said) -> dict[str, Any]:
    rows = said.input.get("diseinfo")
    if not rows:
        return {}
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise refused("C15_NOT_AN_OBJECT", "diseinfo", "is not a list of objects")
    return {"diseinfo": rows}


def refuse_settled(visit: dict[str, Any]) -> None:
    """Refuse to undo or change what a standing settlement rests on (BadInput B32)."""
    if visit.get("setl_id") or any(visit["batches"].values()):
        raise refusals.settled(visit["mdtrt_id"], visit["kind"])


def _refuse_crossed(begins: str, ends: str) -> None:
    if day_of_text(ends, "endtime") < day_of_text(begins, "begntime"):
        raise refusals.dates_cross(begins, ends)


def care_of(house: House, person: InsuredPerson, med_type: str, day: date) -> str:
    """Return the kind of care that the person's area reads a med_type as, a word of codes.CARES.

    Raises BadInput P01 where no rules are loaded for the area, C11 for a code that they do not know.
    """
    pool = house.book.area(person.insuplc_admdvs)
    if pool is None:
        raise refused("P01_UNKNOWN_AREA", "insuplc_admdvs", person.insuplc_admdvs)
    meaning = resolve.meaning_of(house.book.chain(pool), "care", med_type, day)
    if meaning is None:
        raise refused("C11_NOT_A_CODE", "med_type", repr(med_type))
    return meaning.word


def moment(stated: dict[str, Any], name: str) -> str:
    """Return a date or time as the interface writes it (YYYY-MM-DD…), whatever form it came in; raises BadInput C01, C05."""
    value = needed(stated, name)
    day = day_of_text(value, name).isoformat()
    return value if value.startswith(day) else day


def needed(stated: dict[str, Any], name: str) -> str:
    """Return a field's text; raises BadInput C01 where it is absent or empty."""
    value = stated.get(name)
    if value in (None, ""):
        raise refused("C01_FIELD_MISSING", name, name)
    return str(value)


TRANSACTIONS = (
    Transaction("2201", work=booked(register)),
    Transaction("2202", work=booked(undo_registration)),
    Transaction("2203", work=booked(inform)),
    Transaction("2401", work=booked(admit)),
    Transaction("2402", work=booked(discharge)),
    Transaction("2403", work=booked(change)),
    Transaction("2404", work=booked(undo_admission)),
    Transaction("2405", work=booked(undo_discharge)),
)
