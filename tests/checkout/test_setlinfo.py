"""The national names of a settled row: codes, sums, and parts of a line that add up to the fen."""

from __future__ import annotations

from typing import Any

import pytest
from checkout_till import ANNA, DRUG_A, HOSPITAL, SHOP, Till
from hypothesis import given
from hypothesis import strategies as st

from settlement.checkout.base import Conventions
from settlement.checkout.setlinfo import (
    AMOUNTS,
    FUND_PAY_TYPE_NAME,
    FUNDS,
    amounts,
    assert_whole,
    centre,
    clr_type_of,
    details,
    fund_pay_type,
    line_result,
    pool_rate,
    postings,
)
from settlement.codes import CARES
from settlement.errors import BadInput, SettlementError
from settlement.explain import Sentence
from settlement.money import fen

ROW: dict[str, Any] = dict.fromkeys(AMOUNTS, 0) | {
    "medfee_sumamt": 10000, "inscp_scp_amt": 9000, "preselfpay_amt": 1000, "hifp_pay": 4000, "hifob_pay": 500,
    "fund_pay_sumamt": 4500, "hosp_part_amt": 300, "psn_part_amt": 5200, "acct_pay": 2000, "acct_mulaid_pay": 700,
    "psn_cash_pay": 2500, "balc": 0, "layers": [],
}  # fmt: skip


@pytest.mark.parametrize(
    ("insured", "place", "city", "of_place"),
    [
        ("220400", "110101", "220400", "110000"),
        ("220402", "220104", "220400", "220100"),
        ("220199", "220400", "220100", "220400"),  # the city's insurance-only code
        ("229900", "220400", "229900", "220400"),  # the province's
        ("110105", "310115", "110000", "310000"),  # a municipality is one centre
    ],
)
def test_the_clearing_centre(insured: str, place: str, city: str, of_place: str) -> None:
    assert centre(Conventions(), insured, place) == city
    assert centre(Conventions(clr_optins="area"), insured, place) == insured
    assert centre(Conventions(clr_optins="place"), insured, place) == of_place


def test_every_kind_of_care_has_a_clearing_type() -> None:
    visits = {care: clr_type_of(care, stay=False) for care in CARES}
    assert {visits[care] for care in ("outpatient", "emergency", "chronic", "special_drug")} == {"11"}
    assert (visits["inpatient"], visits["day_surgery"], visits["pharmacy"], visits["other"]) == ("21", "21", "41", "99")
    assert (clr_type_of("maternity", stay=True), clr_type_of("maternity", stay=False)) == ("21", "11")


def test_every_fund_has_a_code_with_a_name() -> None:
    for fund in FUNDS:
        for insutype in ("310", "390", "510", "320", "340"):
            assert fund_pay_type(fund, insutype) in FUND_PAY_TYPE_NAME
    assert fund_pay_type("hifp_pay", "390") == "390100" and fund_pay_type("hifmi_pay", "310") == "999997"


def test_all_that_is_not_cash_is_listed() -> None:
    assert_whole(ROW)
    rows = details(ROW, "310", [Sentence("付了。", payer="hifp_pay"), Sentence("别的。")])
    assert [(row["fund_pay_type"], row["fund_payamt"]) for row in rows] == [
        ("310100", "40.00"), ("330100", "5.00"), ("310200", "20.00"), ("310200", "7.00"), ("999996", "3.00"),
    ]  # fmt: skip
    assert rows[0]["setl_proc_info"] == "付了。" and rows[3]["fund_pay_type_name"] == "个人账户家庭共济"
    posted = {posting.account: posting.amount_fen for posting in postings(ROW, "310")}
    assert posted == {
        "institution": 10000, "fund:hifp_pay": -4000, "fund:hifob_pay": -500, "account": -2000, "shared_account": -700,
        "hospital": -300, "cash": -2500,
    }  # fmt: skip


def test_a_shared_account_inside_acct_pay_is_listed_once() -> None:
    inside = ROW | {"acct_pay": 2700}
    assert_whole(inside)
    assert [row["fund_payamt"] for row in details(inside, "310", [])] == ["40.00", "5.00", "27.00", "3.00"]
    assert sum(posting.amount_fen for posting in postings(inside, "310")) == 0


@pytest.mark.parametrize("name", ["medfee_sumamt", "inscp_scp_amt", "hifp_pay", "psn_part_amt", "psn_cash_pay"])
def test_a_row_that_does_not_add_up_is_not_told(name: str) -> None:
    with pytest.raises(SettlementError, match="K00"):
        assert_whole(ROW | {name: ROW[name] + 1})


def test_what_an_explanation_may_be_long() -> None:
    [row] = details(ROW | {"hifob_pay": 0, "acct_pay": 0, "acct_mulaid_pay": 0, "hosp_part_amt": 0, "psn_part_amt": 2500,
                           "fund_pay_sumamt": 4000}, "310", [Sentence("长" * 5000, payer="hifp_pay")])  # fmt: skip
    assert len(row["setl_proc_info"]) == 4000 and row["setl_proc_info"].endswith("…")


@pytest.mark.parametrize(
    ("layers", "rate"),
    [
        ([], "0"),
        ([("hifp_pay", 20000, 12000)], "0.6000"),
        ([("hifp_pay", 20000, 0)], "0"),
        ([("hifp_pay", 10000, 9000), ("hifp_pay", 10000, 8000), ("hifob_pay", 100, 100)], "0.8500"),
        ([("hifp_pay", 3, 2)], "0.6667"),
        ([("hifp_pay", 100, 100)], "1.0000"),
    ],
)
def test_the_rate_of_the_pool(layers: list[tuple[str, int, int]], rate: str) -> None:
    assert pool_rate([{"fund": f, "eligible_fen": e, "pay_fen": p} for f, e, p in layers]) == rate


part = st.integers(0, 10**8)


@given(own=st.integers(0, 10**4), over=part, first=part, scope=part)
def test_the_parts_of_a_line_add_up(own: int, over: int, first: int, scope: int) -> None:
    """Each is within a fen of its exact figure (1/10 000 fen), and none is negative."""
    scope += -(over + first + scope) % 10_000  # a line is whole fen
    amount = own + (over + first + scope) // 10_000
    line = {
        "feedetl_sn": "1", "det_item_fee_sumamt_fen": amount, "fulamt_ownpay_amt_fen": own, "overlmt_amt_e4": over,
        "preselfpay_amt_e4": first, "inscp_scp_amt_e4": scope, "item": None, "pric_uplmt_e4": -1, "selfpay_bp": 500,
        "chrgitm_lv": 2,
    }  # fmt: skip
    told = line_result(line, {})
    shown = [fen(told[name]) for name in ("fulamt_ownpay_amt", "overlmt_amt", "preselfpay_amt", "inscp_scp_amt")]
    assert sum(shown) == amount and min(shown) >= 0
    for said, exact in zip(shown, (own * 10_000, over, first, scope), strict=True):
        assert abs(said * 10_000 - exact) < 10_000
    assert (told["pric_uplmt_amt"], told["selfpay_prop"], told["chrgitm_lv"]) == ("999999", "0.0500", "02")


def test_a_region_may_publish_the_shared_account_inside() -> None:
    beside, inside = amounts(ROW, Conventions()), amounts(ROW, Conventions(mulaid_in_acct=True))
    assert (beside["acct_pay"], inside["acct_pay"]) == ("20.00", "27.00")
    assert {name for name in beside if beside[name] != inside[name]} == {"acct_pay"}


def test_a_basket_with_a_relatives_balance(till: Till) -> None:
    """Only a till of this process may state one; giving it back leaves the person's own account as it was."""
    from settlement.checkout import Checkout

    checkout = Checkout(till.house.book, till.house.ledger, till.house.registry, till.house.clock)
    person = till.house.registry.persons[ANNA]._replace(opening_balc="10.00")
    basket = {"med_type": "41", "setl_time": "2024-05-01 09:00:00", "feedetail": [{"feedetl_sn": "1", **DRUG_A}]}
    answer = checkout.settle(person, basket | {"acct_mulaid_balc": "5.00"}, SHOP, "M1")
    info = till.setl(answer.setl_id)["setlinfo"]
    assert (info["acct_pay"], info["acct_mulaid_pay"], info["psn_cash_pay"]) == ("10.00", "5.00", "22.00")
    back = checkout.cancel(person, answer.setl_id, SHOP, "M2").content
    assert back["setlinfo"]["acct_mulaid_pay"] == "-5.00" and till.balance(ANNA) == 1000
    assert [row["fund_payamt"] for row in back["setldetail"]] == ["-10.00", "-5.00"]


@pytest.mark.parametrize(
    ("insuplc", "code"), [("220400", ""), ("220402", "B11"), ("110000", "B11")]
)  # fmt: skip
def test_the_insured_area_is_the_persons(till: Till, insuplc: str, code: str) -> None:
    said = till.said("2102", till.purchase(ANNA, "37.00", [DRUG_A]), place=SHOP)._replace(insuplc_admdvs=insuplc)
    if code:
        with pytest.raises(BadInput, match=code):
            till.give(said)
    else:
        assert till.give(said)["output"]


def test_a_message_names_one_person(till: Till) -> None:
    nodes = till.purchase(ANNA, "37.00", [DRUG_A])
    other = {"data": {"psn_no": "22040000000000000002"}}
    for wrong in (other | nodes, nodes | {"drugdetail": [{**DRUG_A, "feedetl_sn": "1", **other["data"]}]}):
        with pytest.raises(BadInput, match="B03"):
            till.send("2102", wrong, place=HOSPITAL)
