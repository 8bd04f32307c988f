"""Filings: made, undone, and asked for by what they change: care elsewhere is paid otherwise, chronic care is allowed."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from checkout_till import HOSPITAL, Till
from visit_till import PERSONS, refused, ward_line

from settlement.checkout.base import Reader
from settlement.checkout.filed import filed
from settlement.money import fen

WORKER, RETIRED, SEVERAL = PERSONS["worker"], PERSONS["retired"], PERSONS["several"]
BEIJING = "H11010000001"


def elsewhere(psn_no: str, **more: str) -> dict[str, Any]:
    about = {"psn_no": psn_no, "mdtrtarea_admdvs": "110000", "refl_type": "1", "begndate": "2024-05-01"}
    return {"refmedin": about | more}


def chronic(psn_no: str, **more: str) -> dict[str, Any]:
    about = {"psn_no": psn_no, "opsp_dise_code": "M01600", "opsp_dise_name": "糖尿病", "begndate": "2024-05-01"}
    return {"data": about | more}


def chosen(psn_no: str, **more: str) -> dict[str, Any]:
    about = {"psn_no": psn_no, "biz_appy_type": "1", "fixmedins_code": HOSPITAL, "begndate": "2024-01-01"}
    return {"data": about | more}


def file(till: Till, infno: str, nodes: dict[str, Any]) -> str:
    serial: str = till.send(infno, nodes)["output"]["result"]["trt_dcla_detl_sn"]
    return serial


def undoing(psn_no: str, serial: str) -> dict[str, Any]:
    return {"data": {"psn_no": psn_no, "trt_dcla_detl_sn": serial}}


def known(till: Till, psn_no: str) -> Any:
    return filed(Reader(till.house.ledger), till.house.registry.insured(psn_no))


def fund_in_beijing(till: Till, psn_no: str) -> int:
    """Return what the pool would pay (fen) of a stay in Beijing that ends a week later."""
    person = till.house.registry.persons[psn_no]
    info = {
        "psn_no": psn_no, "insutype": "310", "begntime": "2024-05-01", "mdtrt_cert_type": "02", "ipt_no": "I1",
        "mdtrt_cert_no": person.certno, "med_type": "21",
    }  # fmt: skip
    mdtrt_id = till.send("2401", {"mdtrtinfo": info}, place=BEIJING)["output"]["result"]["mdtrt_id"]
    row = ward_line(psn_no, mdtrt_id, "1", cnt="200", pric="50.00", det_item_fee_sumamt="10000.00")
    till.send("2301", {"feedetail": [row]}, place=BEIJING)
    ends = {"mdtrt_id": mdtrt_id, "psn_no": psn_no, "insutype": "310", "endtime": "2024-05-08"}
    till.send("2402", {"dscginfo": ends}, place=BEIJING)
    asked = till.asked(psn_no, mdtrt_id, "10000.00", mid_setl_flag="0", med_type="21")
    told = till.send("2303", asked, place=BEIJING)["output"]["setlinfo"]
    return fen(told["hifp_pay"])


def test_a_filing_changes_what_is_paid_elsewhere_until_it_is_undone(till: Till) -> None:
    unfiled = fund_in_beijing(till, SEVERAL)
    serial = file(till, "2501", elsewhere(SEVERAL, enddate="2024-11-01"))
    assert known(till, SEVERAL).filing_for("110101", date(2024, 5, 8)) == "referred"
    referred = fund_in_beijing(till, SEVERAL)
    assert referred > unfiled > 0
    assert till.send("2502", undoing(SEVERAL, serial))["output"] is None
    assert fund_in_beijing(till, SEVERAL) == unfiled
    file(till, "2501", elsewhere(SEVERAL, filing="resident_there"))
    assert fund_in_beijing(till, SEVERAL) > referred


def test_a_filing_holds_in_its_place_and_time(till: Till) -> None:
    file(till, "2501", elsewhere(SEVERAL, enddate="2024-05-10"))
    person = known(till, SEVERAL)
    found = person.filing_at("110105", date(2024, 5, 10))
    assert found is not None and (found.filing, found.filed_on) == ("referred", date(2024, 5, 1))
    assert person.filing_at("110105", date(2024, 5, 11)) is None
    assert person.filing_at("310101", date(2024, 5, 5)) is None
    assert known(till, WORKER).filing_for("110101", date(2024, 4, 20)) == "referred"  # the register's own


def test_chronic_care_needs_its_disease_registered(till: Till) -> None:
    mdtrt_id = till.visit(WORKER)
    info = {"psn_no": WORKER, "mdtrt_id": mdtrt_id, "med_type": "14", "begntime": "2024-05-02", "dise_codg": "M01600"}
    caught = refused(till, "B48", "2203", {"mdtrtinfo": info})
    assert "2503" in caught.cure and "M01600" in caught.zh
    serial = file(till, "2503", chronic(WORKER))
    till.send("2203", {"mdtrtinfo": info})
    refused(till, "B48", "2203", {"mdtrtinfo": info | {"begntime": "2024-04-30"}})
    till.send("2504", undoing(WORKER, serial))
    refused(till, "B48", "2203", {"mdtrtinfo": info})
    of_register = till.visit(RETIRED)
    told = info | {"psn_no": RETIRED, "mdtrt_id": of_register, "dise_codg": "M03900"}
    till.send("2203", {"mdtrtinfo": told})


def test_a_filing_is_made_once_and_lists_stay(till: Till) -> None:
    first = till.send("2505", chosen(WORKER), "M1")
    assert till.send("2505", chosen(WORKER), "M1") == first
    refused(till, "B51", "2505", chosen(WORKER))
    serial = first["output"]["result"]["trt_dcla_detl_sn"]
    till.send("2506", undoing(WORKER, serial))
    again = file(till, "2505", chosen(WORKER))
    assert again != serial
    found = till.house.ledger.fact("filing", WORKER)
    assert found is not None and found.version == 3


@pytest.mark.parametrize(
    ("infno", "nodes", "code"),
    [
        ("2501", elsewhere("22040000000000009999"), "P14"),
        ("2501", elsewhere(WORKER, insutype="390"), "P15"),
        ("2501", elsewhere(WORKER, mdtrtarea_admdvs="Peking"), "C11"),
        ("2501", elsewhere(WORKER, mdtrtarea_admdvs=""), "C01"),
        ("2501", elsewhere(WORKER, filing="unfiled"), "B52"),
        ("2501", elsewhere(WORKER, enddate="2024-04-30"), "B47"),
        ("2501", elsewhere(WORKER, begndate="2024-02-30"), "C05"),
        ("2503", chronic(WORKER, opsp_dise_code=""), "C01"),
        ("2505", chosen(WORKER, fixmedins_code="H99999999999"), "P13"),
        ("2502", undoing(WORKER, "1" * 30), "B49"),
        ("2504", undoing(WORKER, ""), "C01"),
    ],
)
def test_a_filing_that_cannot_be(till: Till, infno: str, nodes: dict[str, Any], code: str) -> None:
    refused(till, code, infno, nodes)


def test_undoing_the_wrong_filing(till: Till) -> None:
    serial = file(till, "2501", elsewhere(WORKER, enddate="9999-12-31"))
    refused(till, "B49", "2504", undoing(WORKER, serial))  # of another kind
    refused(till, "B49", "2502", undoing(RETIRED, serial))  # of another person
    till.send("2502", undoing(WORKER, serial))
    refused(till, "B50", "2502", undoing(WORKER, serial))
