"""The identities A to D on real answers of the national interface, by the code that guards every booking."""

import json
from pathlib import Path
from typing import Any

import pytest

from settlement.engine import settle_drafts
from settlement.identities import check
from settlement.kernel.layout import FUNDS
from settlement.money import fen
from settlement.rules.rulebook import build
from settlement.warm import BEGINS, CITE

REAL = json.loads((Path(__file__).parent / "data" / "real_settlements.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("sample", REAL["settlements"], ids=[sample["id"] for sample in REAL["settlements"]])
def test_identities_hold_where_the_original_says_so(sample: dict[str, Any]) -> None:
    amounts = {name: None if text in (None, "") else fen(text) for name, text in sample["amounts"].items()}
    assert check(amounts) == sample["says"]
    assert sample["source"] and sample["region"]


def test_the_check_can_fail() -> None:
    amounts = {name: fen(text) for name, text in REAL["settlements"][0]["amounts"].items()}
    assert check(amounts | {"inscp_scp_amt": amounts["inscp_scp_amt"] + 1})["A"] == "off by -1"
    assert check(amounts | {"psn_cash_pay": 7})["C"] == "off by -7"
    assert check(amounts | {"acct_mulaid_pay": 3})["C"] == "off by -3"
    assert check(amounts | {"hosp_part_amt": 5})["B"] == "off by -5"


@pytest.mark.parametrize("fund", FUNDS)
def test_every_fund_counts_in_the_sum_of_the_funds(fund: str) -> None:
    amounts = {name: fen(text) for name, text in REAL["settlements"][0]["amounts"].items()}
    assert check(amounts | {fund: amounts[fund] + 2})["D"] == "off by -2"


def test_real_lines_split_as_the_platform_split_them() -> None:
    area = {
        "pool": {"code": "990100", "name": "示例", "rounding": {"at": "line", "rounds": "first_pay"}},
        "source": {"own": {"title": "示例", "issued": BEGINS, "confidence": "assumed"}},
        "care": [{"med_type": "21", "is": "inpatient", **CITE}],
        "group": [{"psn_type": "11", "is": "working", **CITE}],
        "benefit": [{"scheme": "employee", "care": "inpatient", "covered": False, **CITE}],
    }
    claim = {
        "insuplc_admdvs": "990100",
        "mdtrtarea_admvs": "990100",
        "insutype": "310",
        "psn_type": "11",
        "med_type": "21",
    }
    names = ("feedetl_sn", "det_item_fee_sumamt", "cnt", "pric", "pric_uplmt_amt", "selfpay_prop", "chrgitm_lv")
    lines = [{name: line[name] for name in names} | {"feedetl_sn": str(n)} for n, line in enumerate(REAL["lines"])]
    settled = settle_drafts(
        [{**claim, "medinslv": "3", "setl_time": "2024-05-01", "feedetail": lines}], build({"own": area}, [])
    )
    assert settled.refusals == []
    for line, real in zip(settled.told(0)["lines"], REAL["lines"], strict=True):
        split = (
            line["fulamt_ownpay_amt_fen"] * 10_000,
            line["overlmt_amt_e4"],
            line["preselfpay_amt_e4"],
            line["inscp_scp_amt_e4"],
        )
        theirs = ("fulamt_ownpay_amt", "overlmt_amt", "preselfpay_amt", "inscp_scp_amt")
        assert split == tuple(fen(real[name]) * 10_000 for name in theirs), real
