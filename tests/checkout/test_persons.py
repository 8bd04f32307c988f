"""1101, 1201, 2001: who somebody is, with the book's balance; which institution; whether a benefit exists, and why not."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest
from checkout_till import DRUG_A, HOSPITAL, SHOP, STAY_LINES, Till
from visit_till import PERSONS, refused, registry, rulebook

from settlement.checkout.persons import age
from settlement.identity import certno_faults
from settlement.registry import Registry

REGISTER = registry()


def presenting(name: str, kind: str, **more: Any) -> dict[str, Any]:
    person = REGISTER.persons[PERSONS[name]]
    number = {"01": person.evoucher, "02": person.certno, "03": person.card_no}[kind]
    card = {"card_sn": person.card_sn} if kind == "03" else {}
    return {"data": {"mdtrt_cert_type": kind, "mdtrt_cert_no": number} | card | more}


def who(till: Till, name: str, kind: str = "02", **more: Any) -> dict[str, Any]:
    output: dict[str, Any] = till.send("1101", presenting(name, kind, **more))["output"]
    return output


@pytest.mark.parametrize("kind", ["01", "02", "03"])
def test_a_person_is_found_by_voucher_id_card_and_card(till: Till, kind: str) -> None:
    before = till.house.ledger.head()
    told = who(till, "worker", kind)
    assert told["baseinfo"] == {
        "psn_no": PERSONS["worker"], "psn_cert_type": "01", "certno": "220400196802290012", "psn_name": "虚构甲",
        "gend": "1", "naty": "01", "brdy": "1968-02-29", "age": "56.1", "exp_content": None,
    }  # fmt: skip
    assert [(row["insutype"], row["balc"], row["insuplc_admdvs"]) for row in told["insuinfo"]] == [
        ("310", "1373.63", "220400")
    ]
    assert till.house.ledger.head() == before  # a question books nothing


def test_every_insurance_is_listed_and_the_account_once(till: Till) -> None:
    rows = who(till, "several")["insuinfo"]
    assert [row["insutype"] for row in rows] == ["310", "320", "330", "510", "390"]
    assert [row["balc"] for row in rows] == ["5120.77", "0.00", "0.00", "0.00", "0.00"]
    stopped = rows[-1]
    assert (stopped["psn_insu_stas"], stopped["paus_insu_date"]) == ("4", "2000-12-31")
    assert who(till, "assisted")["idetinfo"][0]["psn_idet_type"] == "2201"


def test_the_balance_is_the_book_s(till: Till) -> None:
    bought = till.send("2102", till.purchase(PERSONS["worker"], "37.00", [DRUG_A]), place=SHOP)["output"]["setlinfo"]
    assert bought["acct_pay"] == "37.00"
    assert who(till, "worker")["insuinfo"][0]["balc"] == "1336.63" == bought["balc"]


@pytest.mark.parametrize(
    ("name", "kind", "change", "code"),
    [
        ("worker", "02", {"mdtrt_cert_no": "220400190001010000"}, "P10"),
        ("worker", "01", {"mdtrt_cert_no": "USED-UP"}, "P17"),
        ("worker", "01", {"certno": "220400195006180045"}, "P18"),  # a voucher beside another's number
        ("worker", "02", {"certno": "220400195006180045"}, "P18"),
        ("worker", "03", {"card_sn": "220400D15600000501000000000000FF"}, "P11"),
        ("worker", "03", {"mdtrt_cert_no": "X00000004"}, "P11"),  # another's card number with this 卡识别码
        ("worker", "03", {"card_sn": ""}, "C01"),
        ("lost_card", "03", {}, "P12"),
        ("worker", "02", {"psn_name": "虚构丙"}, "P16"),
        ("worker", "02", {"psn_cert_type": "08"}, "P18"),
        ("worker", "02", {"mdtrt_cert_type": "07"}, "C11"),
        ("worker", "02", {"mdtrt_cert_no": ""}, "C01"),
    ],
)
def test_nobody_is_answered_for_a_wrong_certificate(
    till: Till, name: str, kind: str, change: dict[str, str], code: str
) -> None:
    refused(till, code, "1101", presenting(name, kind, **change))


def test_a_lost_card_does_not_lock_out_the_id_card(till: Till) -> None:
    assert who(till, "lost_card", "02")["baseinfo"]["psn_name"] == "虚构壬"


@pytest.mark.parametrize(
    ("brdy", "day", "told"),
    [
        ("1986-01-01", "2021-11-29", "35.8"),
        ("1984-01-01", "2021-07-13", "37.5"),  # as two real answers have it (brdy cut to the year there)
        ("2024-05-01", "2024-05-01", "0.0"),
        ("2000-02-29", "2001-02-28", "0.9"),
        ("2000-02-29", "2001-03-01", "1.0"),
    ],
)
def test_age_has_one_decimal(brdy: str, day: str, told: str) -> None:
    assert age(date.fromisoformat(brdy), date.fromisoformat(day)) == told


def test_institutions(till: Till) -> None:
    one = till.send("1201", {"medinsinfo": {"fixmedins_code": HOSPITAL}})["output"]["medinsinfo"]
    assert [(row["fixmedins_name"], row["medinslv"], row["admdvs"]) for row in one] == [
        ("辽源示例医院（二级）", "2", "220402")
    ]
    shops = till.send("1201", {"medinsinfo": {"fixmedins_name": "长春", "fixmedins_type": "2"}})["output"]["medinsinfo"]
    assert [row["fixmedins_code"] for row in shops] == ["P22010000001"]
    refused(till, "P13", "1201", {"medinsinfo": {"fixmedins_code": "H99999999999"}})


def benefits(till: Till, name: str, med_type: str, **more: Any) -> list[dict[str, Any]]:
    person = REGISTER.persons[PERSONS[name]]
    asked = {
        "psn_no": person.psn_no, "insutype": person.insutype, "fixmedins_code": HOSPITAL, "med_type": med_type,
        "begntime": "2024-05-01",
    }  # fmt: skip
    rows: list[dict[str, Any]] = till.send("2001", {"data": asked | more})["output"]["trtinfo"]
    return rows


def test_a_benefit_names_its_funds_and_the_days_of_its_rule(till: Till) -> None:
    rows = benefits(till, "worker", "21")
    assert [(row["fund_pay_type"], row["trt_enjymnt_flag"], row["trt_chk_rslt"]) for row in rows] == [
        ("310100", "1", ""),
        ("330100", "1", ""),
    ]
    assert all(row["begndate"] <= "2024-05-01" and not row["enddate"] for row in rows)
    assert [row["fund_pay_type"] for row in benefits(till, "resident", "21")] == ["390100", "390200"]


def test_no_benefit_says_why(till: Till) -> None:
    [suspended] = benefits(till, "suspended", "21")
    assert suspended["trt_enjymnt_flag"] == "0" and "暂停" in suspended["trt_chk_rslt"]
    [pharmacy] = benefits(till, "worker", "41")
    assert pharmacy["trt_enjymnt_flag"] == "0" and "没有基金待遇" in pharmacy["trt_chk_rslt"]
    [unruled] = benefits(till, "worker", "28")
    assert unruled["trt_enjymnt_flag"] == "0" and unruled["trt_chk_rslt"]
    refused(till, "P15", "2001", {"data": {"psn_no": PERSONS["worker"], "insutype": "390", "begntime": "2024-05-01"}})


def test_what_2001_promises_settlement_keeps(till: Till) -> None:
    """The same person, kind of care and day: flag 1 and the fund pays, flag 0 and it does not."""
    for name, paid in (("worker", True), ("suspended", False)):
        psn_no = PERSONS[name]
        flags = {row["trt_enjymnt_flag"] for row in benefits(till, name, "21")}
        assert flags == ({"1"} if paid else {"0"})
        mdtrt_id = till.stay(psn_no, STAY_LINES)
        asked = till.asked(psn_no, mdtrt_id, "1867.00", mid_setl_flag="0", med_type="21")
        if paid:
            told = till.send("2303", asked)["output"]["setlinfo"]
            assert float(told["fund_pay_sumamt"]) > 0
        else:
            refused(till, "P02", "2303", asked)


def test_a_limit_that_is_used_up_is_said(till: Till) -> None:
    """The outpatient pool of Liaoyuan pays at most 2000 a year: once it has, 2001 says so, and settling says the same."""
    big = DRUG_A | {"cnt": "1000", "pric": "18.50", "det_item_fee_sumamt": "18500.00"}
    psn_no = PERSONS["worker"]
    assert [row["trt_enjymnt_flag"] for row in benefits(till, "worker", "11")] == ["1"]
    for fund in ("2000.00", "0.00"):
        mdtrt_id = till.visit(psn_no, [big])
        told = till.send("2207", till.asked(psn_no, mdtrt_id, "18500.00", "1"))["output"]["setlinfo"]
        assert told["hifp_pay"] == fund
        [row] = benefits(till, "worker", "11")
        assert row["trt_enjymnt_flag"] == "0" and "限额已用完（已用 2000.00 元）" in row["trt_chk_rslt"]
    assert benefits(till, "worker", "11", begntime="2025-05-01")[0]["trt_enjymnt_flag"] == "1"  # another year


def test_a_rule_that_changes_has_a_last_day(till: Till) -> None:
    [row] = benefits(till, "changchun", "11", fixmedins_code="H22010000001", begntime="2023-06-01")
    assert (row["begndate"], row["enddate"]) == ("2023-01-01", "2023-12-31")


def test_chronic_care_is_a_benefit_of_who_registered_it(tmp_path: Path) -> None:
    """Guangzhou has a rule for chronic care; the register's disease, or one filed by 2503, opens it."""
    home = {"insuplc_admdvs": "440100"}
    people = [REGISTER.persons[PERSONS[name]]._replace(**home) for name in ("worker", "retired")]
    there = REGISTER.institutions[HOSPITAL]._replace(admdvs="440103")
    till = Till(rulebook(), tmp_path, Registry(people, [there]))
    assert benefits(till, "retired", "14", dise_codg="M03900")[0]["trt_enjymnt_flag"] == "1"
    [row] = benefits(till, "worker", "14", dise_codg="M03900")[:1]
    assert row["trt_enjymnt_flag"] == "0" and "M03900" in row["trt_chk_rslt"] and "2503" in row["trt_chk_rslt"]
    filing = {"psn_no": PERSONS["worker"], "opsp_dise_code": "M03900", "begndate": "2024-05-01"}
    till.send("2503", {"data": filing})
    assert benefits(till, "worker", "14", dise_codg="M03900")[0]["trt_enjymnt_flag"] == "1"
    till.house.ledger.close()


def test_the_sample_register_is_invented_and_whole() -> None:
    people = list(REGISTER.persons.values())
    assert all(certno_faults(person.certno) == () and "虚构" in person.psn_name for person in people)
    for numbers in ([p.certno for p in people], [p.card_sn for p in people], [p.evoucher for p in people]):
        assert len(set(numbers)) == len(people)
    assert all("示例" in place.fixmedins_name for place in REGISTER.institutions.values())
