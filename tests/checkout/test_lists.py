"""4101: a settlement list is kept if it says what the settlement says, and not otherwise."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from accounts_book import open_till
from checkout_till import ANNA, BEN, OTHER_HOSPITAL, STAY_LINES, Till

from settlement.checkout.base import loads
from settlement.errors import BadInput

TOTAL = "1867.00"


@pytest.fixture
def till(tmp_path: Path) -> Iterator[Till]:
    made = open_till(tmp_path, datetime(2024, 5, 1, 9, 0, 0))
    yield made
    made.house.ledger.close()


def settled(till: Till) -> dict[str, Any]:
    mdtrt_id = till.stay(ANNA, STAY_LINES)
    output: dict[str, Any] = till.send("2304", till.asked(ANNA, mdtrt_id, TOTAL, med_type="21"))["output"]
    return output


def listed(output: dict[str, Any]) -> dict[str, Any]:
    """Return the list that fits a settlement, with medical fields that nobody here can check."""
    info = output["setlinfo"]
    cash = int(info["psn_part_amt"].replace(".", ""))
    return {
        "setlinfo": {
            "mdtrt_id": info["mdtrt_id"], "setl_id": info["setl_id"], "psn_no": info["psn_no"], "adm_caty": "A03",
            "acct_pay": info["acct_pay"], "psn_cashpay": info["psn_cash_pay"], "psn_selfpay": "1.00",
            "psn_ownpay": f"{(cash - 100) // 100}.{cash % 100:02d}",
        },
        "payinfo": [
            {"fund_pay_type": row["fund_pay_type"], "fund_payamt": row["fund_payamt"]} for row in output["setldetail"]
        ],
        "iteminfo": [
            {"med_chrgitm": "01", "amt": "350.00", "claa_sumfee": "350.00", "clab_amt": "0", "fulamt_ownpay_amt": "0",
             "oth_amt": "0.00"},
            {"med_chrgitm": "09", "amt": "1517.00"},
        ],
        "diseinfo": [{"diag_code": "K25.901", "diag_name": "胃溃疡"}],
    }  # fmt: skip


def test_a_list_that_fits_is_kept_and_may_be_sent_again(till: Till) -> None:
    nodes = listed(settled(till))
    setl_id = nodes["setlinfo"]["setl_id"]
    first = till.send("4101", nodes)["output"]["setl_list_id"]
    assert 0 < len(first) <= 30
    nodes["setlinfo"]["adm_caty"] = "A04"
    assert till.send("4101", nodes)["output"]["setl_list_id"] == first
    kept = [loads(one.content) for one in till.house.ledger.history("setl_list", setl_id)]
    assert [one["nodes"]["setlinfo"]["adm_caty"] for one in kept] == ["A03", "A04"]
    assert kept[1]["nodes"]["diseinfo"] == nodes["diseinfo"]
    assert till.house.ledger.verify() == []


SPOILT: dict[str, tuple[str, Any, str]] = {
    "account": ("setlinfo.acct_pay", "0.01", "acct_pay"),
    "cash": ("setlinfo.psn_cashpay", "0.01", "psn_cashpay"),
    "personal": ("setlinfo.psn_selfpay", "2.00", "926.14"),
    "visit": ("setlinfo.mdtrt_id", "1", "mdtrt_id"),
    "person": ("setlinfo.psn_no", BEN, "psn_no"),
    "fund": ("payinfo.0.fund_payamt", "0.01", "fund_pay_type"),
    "unknown fund": ("payinfo.0.fund_pay_type", "610100", "310100"),
    "items": ("iteminfo.1.amt", "1516.99", "1866.99"),
    "parts": ("iteminfo.0.clab_amt", "1.00", "med_chrgitm 01"),
}


@pytest.mark.parametrize("case", SPOILT)
def test_a_list_that_says_something_else_is_refused(till: Till, case: str) -> None:
    path, value, says = SPOILT[case]
    nodes = listed(settled(till))
    node: Any = nodes
    *keys, last = path.split(".")
    for key in keys:
        node = node[int(key)] if key.isdigit() else node[key]
    node[last] = value
    with pytest.raises(BadInput, match="B79") as refused:
        till.send("4101", nodes)
    assert says in refused.value.zh


def test_a_payment_left_out_is_missed(till: Till) -> None:
    nodes = listed(settled(till))
    assert len(nodes["payinfo"]) > 1
    del nodes["payinfo"][0]
    with pytest.raises(BadInput, match="B79"):
        till.send("4101", nodes)


def test_only_for_a_settlement_of_ones_own_that_stands(till: Till) -> None:
    output = settled(till)
    nodes = listed(output)
    with pytest.raises(BadInput, match="B77"):
        till.send("4101", nodes, place=OTHER_HOSPITAL)
    with pytest.raises(BadInput, match="B77"):
        till.send("4101", {"setlinfo": nodes["setlinfo"] | {"setl_id": "1"}})
    with pytest.raises(BadInput, match="B60"):
        till.send("4101", {"setlinfo": {"mdtrt_id": "1"}})
    back = till.send("2305", till.cancel_of(output["setlinfo"]))["output"]["setlinfo"]
    for setl_id in (output["setlinfo"]["setl_id"], back["setl_id"]):
        with pytest.raises(BadInput, match="B81"):
            till.send("4101", {"setlinfo": {"setl_id": setl_id}})
