"""Visits from registration to undoing, on a real book: whole walks, and every order of messages that is refused."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from checkout_till import DRUG_A, DRUG_B, SHOP, STAY_LINES, Till
from visit_till import (
    PERSONS,
    admission,
    admit,
    discharge,
    refused,
    registration,
    visit_of,
    ward_line,
)

WORKER, SEVERAL, RETIRED = PERSONS["worker"], PERSONS["several"], PERSONS["retired"]


def ref(psn_no: str, mdtrt_id: str, **more: str) -> dict[str, Any]:
    return {"data": {"psn_no": psn_no, "mdtrt_id": mdtrt_id} | more}


def inform(psn_no: str, mdtrt_id: str, **more: Any) -> dict[str, Any]:
    info = {"psn_no": psn_no, "mdtrt_id": mdtrt_id, "med_type": "11", "begntime": "2024-05-01 08:55:00"}
    return {"mdtrtinfo": info | more}


def settled_outpatient(till: Till) -> tuple[str, dict[str, Any]]:
    mdtrt_id = till.visit(WORKER, [DRUG_A])
    return mdtrt_id, till.send("2207", till.asked(WORKER, mdtrt_id, "37.00", "1"))["output"]["setlinfo"]


def settled_stay(till: Till) -> tuple[str, dict[str, Any]]:
    mdtrt_id = till.stay(WORKER, STAY_LINES)
    told = till.send("2304", till.asked(WORKER, mdtrt_id, "1867.00", mid_setl_flag="0", med_type="21"))
    return mdtrt_id, told["output"]["setlinfo"]


def test_an_outpatient_visit_from_card_to_money_and_back(till: Till) -> None:
    who = till.send("1101", {"data": {"mdtrt_cert_type": "02", "mdtrt_cert_no": "220400196802290012"}})["output"]
    psn_no, insutype = who["baseinfo"]["psn_no"], who["insuinfo"][0]["insutype"]
    registered = till.send("2201", registration(till, psn_no, insutype=insutype))["output"]["data"]
    assert registered["ipt_otp_no"] == "MZ1" and registered["psn_no"] == psn_no
    mdtrt_id = registered["mdtrt_id"]
    assert len(mdtrt_id) == 30 and mdtrt_id.isdigit()
    assert till.send("2203", inform(psn_no, mdtrt_id))["output"] is None
    lines = till.upload(psn_no, mdtrt_id, "B1", [DRUG_A, DRUG_B])
    sums = {
        "fulamt_ownpay_amt": "fulamt_ownpay_amt", "overlmt_amt": "overlmt_selfpay",
        "preselfpay_amt": "preselfpay_amt", "inscp_scp_amt": "inscp_scp_amt",
    }  # fmt: skip
    stated = {of: f"{sum(round(float(row[name]) * 100) for row in lines) / 100:.2f}" for name, of in sums.items()}
    assert stated["preselfpay_amt"] != "0.00"
    promised = till.send("2206", till.asked(psn_no, mdtrt_id, "69.80", "B1"))["output"]["setlinfo"]
    assert {name: promised[name] for name in stated} == stated
    told = till.send("2207", till.asked(psn_no, mdtrt_id, "69.80", "B1", **stated))["output"]["setlinfo"]
    assert visit_of(till, mdtrt_id)["batches"] == {"B1": told["setl_id"]}
    till.send("2208", till.cancel_of(told))
    assert visit_of(till, mdtrt_id)["batches"] == {}
    till.send("2205", ref(psn_no, mdtrt_id, chrg_bchno="B1"))
    till.send("2202", ref(psn_no, mdtrt_id, ipt_otp_no="MZ1"))
    assert visit_of(till, mdtrt_id)["state"] == "undone"


def test_a_stay_from_admission_to_money_and_back(till: Till) -> None:
    mdtrt_id = admit(till, WORKER)
    begun = visit_of(till, mdtrt_id)
    assert (begun["kind"], begun["state"], begun["ipt_otp_no"], begun["med_type"]) == ("inpatient", "open", "ZY1", "21")
    assert begun["diseinfo"][0]["diag_code"] == "J18.900" and begun["mdtrtarea_admvs"] == "220402"
    till.send("2403", {"adminfo": {"mdtrt_id": mdtrt_id, "psn_no": WORKER, "adm_bed": "7", "dise_codg": "J18"}})
    changed = visit_of(till, mdtrt_id)
    assert changed["said"]["adm_bed"] == "7" and changed["dise_codg"] == "J18"
    assert changed["said"]["adm_dept_codg"] == "01"  # what 2403 did not send stays
    till.send("2301", {"feedetail": [ward_line(WORKER, mdtrt_id, "1", cnt="8", det_item_fee_sumamt="280.00")]})
    till.send("2402", discharge(WORKER, mdtrt_id))
    assert (visit_of(till, mdtrt_id)["state"], visit_of(till, mdtrt_id)["endtime"]) == ("discharged", "2024-05-09")
    told = till.send("2304", till.asked(WORKER, mdtrt_id, "280.00", mid_setl_flag="0", med_type="21"))["output"][
        "setlinfo"
    ]
    till.send("2305", till.cancel_of(told))
    till.send("2405", ref(WORKER, mdtrt_id))
    assert (visit_of(till, mdtrt_id)["state"], visit_of(till, mdtrt_id)["endtime"]) == ("open", "")
    till.send("2302", ref(WORKER, mdtrt_id, feedetl_sn="0000"))
    till.send("2404", ref(WORKER, mdtrt_id))
    assert visit_of(till, mdtrt_id)["state"] == "undone"


def test_a_registration_is_made_once_and_registering_again_is_another_visit(till: Till) -> None:
    nodes = registration(till, WORKER)
    first = till.send("2201", nodes, "M1")
    assert till.send("2201", nodes, "M1") == first
    assert till.send("2201", nodes, "M2")["output"]["data"]["mdtrt_id"] != first["output"]["data"]["mdtrt_id"]


def test_a_voucher_s_token_is_not_kept(till: Till) -> None:
    token = till.house.registry.persons[WORKER].evoucher
    nodes = registration(till, WORKER, mdtrt_cert_type="01", mdtrt_cert_no=token)
    mdtrt_id = till.send("2201", nodes)["output"]["data"]["mdtrt_id"]
    kept = visit_of(till, mdtrt_id)
    assert token not in str(kept) and kept["said"]["mdtrt_cert_type"] == "01"


def test_a_stay_that_a_2601_took_back_is_gone(till: Till) -> None:
    nodes = admission(till, WORKER)
    mdtrt_id = till.send("2401", nodes, "M1")["output"]["result"]["mdtrt_id"]
    till.undo(WORKER, "M1", "2401")
    assert visit_of(till, mdtrt_id)["state"] == "undone"
    refused(till, "B06", "2301", {"feedetail": [ward_line(WORKER, mdtrt_id, "1")]})
    till.undo(WORKER, "M2", "2401")
    refused(till, "B02", "2401", nodes, msgid="M2")  # the late original


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"psn_no": "22040000000000009999"}, "P14"),
        ({"insutype": "390"}, "P15"),
        ({"mdtrt_cert_no": "220400195006180045"}, "P18"),
        ({"mdtrt_cert_type": "03", "mdtrt_cert_no": "X00000004"}, "P18"),
        ({"mdtrt_cert_type": "01", "mdtrt_cert_no": "USED-UP"}, "P17"),
        ({"mdtrt_cert_type": "01", "mdtrt_cert_no": "SAMPLE-EVOUCHER-000004"}, "P18"),
        ({"mdtrt_cert_type": "08"}, "C11"),
        ({"mdtrt_cert_no": ""}, "C01"),
        ({"begntime": "2024-02-30"}, "C05"),
        ({"begntime": ""}, "C01"),
        ({"ipt_otp_no": ""}, "C01"),
        ({"psn_no": ""}, "C01"),
    ],
)
def test_nobody_is_registered_so(till: Till, change: dict[str, str], code: str) -> None:
    nodes = registration(till, WORKER)
    refused(till, code, "2201", {"data": nodes["data"] | change})


def test_a_registration_of_another_place(till: Till) -> None:
    refused(till, "P13", "2201", registration(till, WORKER), place="H99999999999")
    refused(till, "B53", "2201", registration(till, WORKER), place=SHOP)
    refused(till, "B53", "2401", admission(till, WORKER), place=SHOP)
    lost = PERSONS["lost_card"]
    refused(till, "P12", "2201", registration(till, lost, mdtrt_cert_type="03", mdtrt_cert_no="X00000009"))
    assert till.send("2201", registration(till, lost))  # by ID card


def test_the_row_of_the_insurance_named_is_taken(till: Till) -> None:
    mdtrt_id = till.send("2201", registration(till, SEVERAL, insutype="510"))["output"]["data"]["mdtrt_id"]
    assert visit_of(till, mdtrt_id)["insutype"] == "510"


def test_a_visit_of_somebody_else_or_of_nobody(till: Till) -> None:
    mdtrt_id = till.visit(WORKER)
    for infno, nodes in (("2202", ref(RETIRED, mdtrt_id, ipt_otp_no="N1")), ("2203", inform(RETIRED, mdtrt_id))):
        refused(till, "B05", infno, nodes)
    refused(till, "B04", "2203", inform(WORKER, "1" * 30))
    refused(till, "B04", "2203", inform(WORKER, mdtrt_id), place="H22040000002")
    refused(till, "B31", "2202", ref(WORKER, mdtrt_id, ipt_otp_no="N9"))
    till.send("2202", ref(WORKER, mdtrt_id, ipt_otp_no="N1"))
    refused(till, "B06", "2202", ref(WORKER, mdtrt_id, ipt_otp_no="N1"))
    refused(till, "B06", "2203", inform(WORKER, mdtrt_id))


def test_kinds_do_not_mix(till: Till) -> None:
    visit, stay = till.visit(WORKER), admit(till, WORKER)
    for infno, nodes in (
        ("2202", ref(WORKER, stay, ipt_otp_no="ZY1")), ("2203", inform(WORKER, stay)),
        ("2402", discharge(WORKER, visit)), ("2404", ref(WORKER, visit)), ("2405", ref(WORKER, visit)),
        ("2403", {"adminfo": {"psn_no": WORKER, "mdtrt_id": visit}}),
        ("2205", ref(WORKER, stay, chrg_bchno="0000")), ("2302", ref(WORKER, visit, feedetl_sn="0000")),
        ("2204", {"feedetail": [ward_line(WORKER, stay, "1", chrg_bchno="1")]}),
        ("2301", {"feedetail": [ward_line(WORKER, visit, "1")]}),
    ):  # fmt: skip
        refused(till, "B30", infno, nodes)
    refused(till, "B54", "2203", inform(WORKER, visit, med_type="21"))
    refused(till, "B54", "2401", admission(till, WORKER, med_type="11"))
    refused(till, "B54", "2403", {"adminfo": {"psn_no": WORKER, "mdtrt_id": stay, "med_type": "11"}})
    refused(till, "C11", "2203", inform(WORKER, visit, med_type="77"))


def test_a_stay_ends_once_and_not_before_it_begins(till: Till) -> None:
    mdtrt_id = admit(till, WORKER)
    refused(till, "B36", "2402", discharge(WORKER, mdtrt_id, endtime="2024-04-30"))
    refused(till, "B55", "2402", discharge(WORKER, mdtrt_id, insutype="390"))
    refused(till, "B35", "2405", ref(WORKER, mdtrt_id))
    till.send("2402", discharge(WORKER, mdtrt_id, endtime="2024-05-01"))  # the day it began, without an hour
    refused(till, "B34", "2402", discharge(WORKER, mdtrt_id))
    refused(till, "B34", "2404", ref(WORKER, mdtrt_id))
    refused(till, "B34", "2403", {"adminfo": {"psn_no": WORKER, "mdtrt_id": mdtrt_id, "adm_bed": "2"}})


def test_an_admission_with_fees_is_not_undone(till: Till) -> None:
    mdtrt_id = admit(till, WORKER)
    till.send("2301", {"feedetail": [ward_line(WORKER, mdtrt_id, str(n)) for n in range(3)]})
    caught = refused(till, "B33", "2404", ref(WORKER, mdtrt_id))
    assert "3 条" in caught.zh and "2302" in caught.cure


@pytest.mark.parametrize(
    ("infno", "make", "nodes"),
    [
        ("2202", settled_outpatient, lambda mdtrt_id: ref(WORKER, mdtrt_id, ipt_otp_no="N1")),
        ("2203", settled_outpatient, lambda mdtrt_id: inform(WORKER, mdtrt_id, med_type="13")),
        ("2404", settled_stay, lambda mdtrt_id: ref(WORKER, mdtrt_id)),
        ("2405", settled_stay, lambda mdtrt_id: ref(WORKER, mdtrt_id)),
    ],
)
def test_nothing_is_undone_below_a_settlement(
    till: Till,
    infno: str,
    make: Callable[[Till], tuple[str, dict[str, Any]]],
    nodes: Callable[[str], dict[str, Any]],
) -> None:
    mdtrt_id, told = make(till)
    undo = "2208" if infno < "2300" else "2305"
    caught = refused(till, "B32", infno, nodes(mdtrt_id))
    assert undo in caught.cure and undo in caught.zh
    till.send(undo, till.cancel_of(told))
    if infno == "2404":
        till.send("2405", ref(WORKER, mdtrt_id))
        till.send("2302", ref(WORKER, mdtrt_id, feedetl_sn="0000"))
    till.send(infno, nodes(mdtrt_id))


def test_diagnoses_that_are_no_list(till: Till) -> None:
    refused(till, "C15", "2401", admission(till, WORKER) | {"diseinfo": "J18"})
    refused(till, "C01", "2401", {"data": {}})
    refused(till, "C15", "2201", {"data": []})
