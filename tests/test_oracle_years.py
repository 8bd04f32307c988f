"""The oracle on stays across benefit years and on refunds; examples worked by hand."""

from datetime import date
from typing import Any

import pytest
from oracle import Oracle
from small import CITED, Block, claim, line, nation, pays

ALL = ("0", "100%")
# Ten days: four in 2023 (28 to 31 December), six in 2024.
TEN = {"begntime": "2023-12-28", "endtime": "2024-01-07", "setl_time": "2024-01-07 10:00:00"}


def settle(pools: dict[str, Block], *drafts: Block) -> list[Block]:
    return Oracle(pools, []).settle(list(drafts))


def by_days(*benefits: Block, deductible: str = "once", **tables: Any) -> dict[str, Block]:
    stay = {"cross_year": "by_days", "deductible": deductible}
    blocks = [{"from": date(2022, 1, 1), **block} for block in benefits]
    pools = nation(*blocks, stay=[stay], **tables)
    for table in ("care", "level", "group", "account"):
        pools["000000"][table] = [{**block, "from": date(2022, 1, 1)} for block in pools["000000"][table]]
    return pools


def admission(amount: str, **more: Any) -> Block:
    return {"per": "admission", "amount": f"{amount} yuan", **more}


# Stays


def test_without_a_rule_a_stay_is_whole_and_of_the_year_of_discharge() -> None:
    pools = by_days(pays("hifp_pay", ALL, deductible=admission("100")))
    pools["000000"]["stay"] = [{**CITED, "cross_year": "whole"}]
    row = settle(pools, claim(line("1000.00"), **TEN))[0]
    assert (row["hifp_pay"], row["counters"], len(row["layers"])) == (90000, {"admissions": 1}, 1)


def test_a_stay_is_divided_by_days_and_its_deductible_charged_once() -> None:
    cap = {"amount": "500 yuan", "per": "year", "counter": "pool"}
    pools = by_days(pays("hifp_pay", ALL, deductible=admission("600"), cap=cap))
    oracle = Oracle(pools, [])
    row = oracle.settle_one(claim(line("1000.05"), **TEN))
    # 1000.05 × 4 / 10 = 400.02 for 2023, all of it deductible; 600.03 for 2024: 600 − 400.02 = 199.98 are left of it
    assert [(step["dedc"], step["pay"]) for step in row["layers"]] == [(40002, 0), (19998, 40005)]
    assert (row["act_pay_dedc"], row["hifp_pay"], row["psn_part_amt"]) == (60000, 40005, 60000)
    assert row["counters"] == {"pool": 40005}  # of 2024; the admission was counted in 2023
    assert oracle.carried["P1", "990100"]["admissions", ("year", 2023)] == 1


def test_each_year_charges_counts_and_has_its_own_cap() -> None:
    cap = {"amount": "250 yuan", "per": "year", "counter": "pool"}
    dedc = admission("100", later="50%", again_after_days=5)
    pools = by_days(pays("hifp_pay", ALL, deductible=dedc, cap=cap), deductible="each_year")
    first = claim(line("10.00"), begntime="2023-11-01", endtime="2023-11-02", setl_time="2023-11-02 10:00:00")
    row = settle(pools, first, claim(line("1000.00"), **TEN))[1]
    # 2023: the second stay, 4 days: 50; (400 − 50), of which the cap grants 250 less nothing used by the first (10 < 100)
    # 2024: the first stay of that year, 6 days: begun twice, 200; 600 − 200 = 400, the cap grants 250
    assert [(step["dedc"], step["pay"], step["rest"]) for step in row["layers"]] == [
        (5000, 25000, 10000), (20000, 25000, 15000),
    ]  # fmt: skip
    assert row["counters"] == {"admissions": 1, "pool": 25000}


def test_once_sees_all_days_and_the_transfer_in_the_first_year() -> None:
    dedc = admission("100", again_after_days=5, on_transfer="difference")
    pools = by_days(pays("hifp_pay", ALL, deductible=dedc))
    row = settle(pools, claim(line("100.00"), **TEN, transfer_dedc_paid="30.00"))[0]
    # ten days: begun twice, 200 − 30 = 170; 40 used in 2023, then 60 of 130
    assert [step["dedc"] for step in row["layers"]] == [4000, 6000]


def test_a_stay_over_two_boundaries() -> None:
    pools = by_days(pays("hifp_pay", ALL, deductible={"per": "visit", "amount": "0.03 yuan"}))
    stay = {"begntime": "2022-12-31", "endtime": "2024-01-02", "setl_time": "2024-01-02 10:00:00"}
    row = settle(pools, claim(line("3.67"), **stay))[0]
    # 1 + 365 + 1 days: 1, 365 and 1 fen; the deductible of 3 fen: 1, then 2 of 2, then nothing
    assert [(step["dedc"], step["eligible"]) for step in row["layers"]] == [(1, 0), (2, 363), (0, 1)]


def test_the_last_year_may_have_no_day_and_get_nothing() -> None:
    pools = by_days(pays("hifp_pay", ALL, deductible=admission("1")), deductible="each_year")
    row = settle(pools, claim(line("10.00"), begntime="2023-12-01", endtime="2024-01-01"))[0]
    assert [(step["dedc"], step["pay"]) for step in row["layers"]] == [(100, 900), (0, 0)]
    assert row["counters"] == {"admissions": 1}


def test_parts_are_divided_too_and_keep_to_the_year_s_scope() -> None:
    drugs = pays("oth_pay", ALL, base="in_scope", order=5, items={"type": "09"})
    devices = pays("hifmi_pay", ALL, base="in_scope", order=6, items={"type": "08"})
    lines = [line("0.04", med_chrgitm_type="09"), line("0.04", med_chrgitm_type="08"), line("0.01")]
    row = settle(by_days(drugs, devices, pays("hifp_pay", ("0", "0%"))), claim(*lines, **TEN))[0]
    # 4 of 10 days: in scope 3.6 → 4 and 5; each part 1.6 → 2 and 2; main 0 and 1
    assert [step["eligible"] for step in row["layers"]] == [2, 2, 0, 2, 2, 1]
    lines = [line("0.04", med_chrgitm_type="09"), line("0.02", med_chrgitm_type="08")]
    row = settle(by_days(drugs, devices, pays("hifp_pay", ("0", "0%"))), claim(*lines, **TEN))[0]
    # in scope 2.4 → 2 and 4; parts 1.6 → 2 and 2, 0.8 → 1, of which 0 is left, and 1; the main part has the rest, 1
    assert [step["eligible"] for step in row["layers"]] == [2, 0, 0, 2, 1, 1]


def test_another_program_and_other_parts_in_the_next_year() -> None:
    drugs = pays("oth_pay", ("0", "10%"), base="in_scope", order=5, items={"type": "09"})
    later = {**pays("hifp_pay", ("0", "50%"), deductible=admission("100")), "from": date(2024, 1, 1)}
    pools = by_days(drugs, pays("hifp_pay", ALL), later)
    row = settle(pools, claim(line("500.00", med_chrgitm_type="09"), line("500.00"), **TEN))[0]
    # 2023: 10 % of 200, 100 % of 200 without deductible; nothing was left of it, so 2024 charges nothing: 50 % of 300
    assert [step["pay"] for step in row["layers"]] == [2000, 20000, 3000, 15000]
    drugs["order"] = 50
    pools = by_days(drugs, {**later, "layer": "new"}, {**pays("hifp_pay", ALL), "order": 60})
    row = settle(pools, claim(line("500.00", med_chrgitm_type="09"), line("500.00"), **TEN))[0]
    # a layer that 2023 did not have charges its full deductible: (300 − 100) × 50 %, and counts no admission
    assert [step["pay"] for step in row["layers"]] == [2000, 20000, 10000, 3000, 30000]
    assert row["counters"] == {}


def test_reported_layers_pay_in_the_last_year() -> None:
    pools = by_days(
        pays("hifp_pay", ("0", "50%")),
        {"fund": "maf_pay", "base": "person_bears", "reported": True},
        pays("oth_pay", ALL, base="person_bears", with_first_pay=True),
    )
    ten = line("100.00", chrgitm_lv="02", selfpay_prop="0.1000")
    row = settle(pools, claim(ten, **TEN, reported_pay={"maf_pay": "40.00"}))[0]
    # in scope 36 and 54, first pay 4 and 6: 18, then 18 + 4; 27, then at most 27 of 40, then 6
    assert [step["pay"] for step in row["layers"]] == [1800, 0, 2200, 2700, 2700, 600]
    assert (row["psn_part_amt"], row["fund_pay_sumamt"]) == (0, 10000)


def test_quarters_and_other_benefit_years() -> None:
    dedc = {"per": "quarter", "amount": "50 yuan", "counter": "q"}
    pools = by_days(pays("hifp_pay", ALL, deductible=dedc))
    for pool in pools.values():
        pool["pool"]["benefit_year"] = "03-15"
    stay = {"begntime": "2024-03-05", "endtime": "2024-03-25", "setl_time": "2024-03-25 10:00:00"}
    row = settle(pools, claim(line("100.00"), **stay))[0]
    # ten days each; both shares' days lie in the first quarter, so its deductible is used up in the first share
    assert [(step["dedc"], step["pay"]) for step in row["layers"]] == [(5000, 0), (0, 5000)]
    assert row["counters"] == {"q": 5000}


def test_a_scheme_may_have_a_year_of_its_own() -> None:
    dedc = {"per": "year", "amount": "100 yuan", "counter": "line"}
    pools = nation(pays("hifp_pay", ALL, deductible=dedc))
    pools["000000"]["pool"]["scheme_years"] = {"employee": "07-01"}  # the city has said what it has for every scheme
    pools["990100"]["pool"]["scheme_years"] = {"employee": "03-08", "resident": "07-01"}
    days = ["2024-03-07", "2024-03-08", "2025-03-07", "2025-03-08"]
    rows = settle(pools, *[claim(line("100.00"), begntime=day, endtime=day) for day in days])
    assert [row["act_pay_dedc"] for row in rows] == [10000, 10000, 0, 10000]


# Refunds


def refund(of: str, **more: Any) -> Block:
    return {"medins_setl_id": f"R{of}", "setl_time": "2024-06-01 10:00:00", "refund_of": of, **more}


def three(**more: Any) -> list[Block]:
    return [claim(line("100.00"), medins_setl_id=f"S{n}", **more) for n in (1, 2, 3)]


def test_a_refund_gives_back_amounts_counters_and_accounts() -> None:
    dedc = {"per": "year", "amount": "150 yuan", "counter": "line"}
    pools = nation(pays("hifp_pay", ("0", "80%"), deductible=dedc))
    first, second, third = three(acct_used_flag="1", balc="30.00", acct_mulaid_balc="5.00")
    del second["balc"], third["balc"]
    rows = settle(pools, first, second, refund("S1"), third)
    # 100 of 150; then 50 of 150 and (100 − 50) × 80 %
    assert [(row["act_pay_dedc"], row["hifp_pay"]) for row in rows[:2]] == [(10000, 0), (5000, 4000)]
    # the refund is the first claim with the opposite sign, and the counter stands at 50
    assert (rows[2]["act_pay_dedc"], rows[2]["medfee_sumamt"], rows[2]["psn_cash_pay"]) == (-10000, -10000, -6500)
    assert rows[2]["layers"] == [
        {"fund": "hifp_pay", "base": "in_scope", "dedc": -10000, "eligible": 0, "granted": 0, "rest": 0, "pay": 0}
    ]
    # the account had 30, paid 30; nothing for the second; gets 30 back and pays them for the third
    assert [row["balc"] for row in rows] == [0, 0, 3000, 0]
    assert (rows[2]["acct_pay"], rows[2]["acct_mulaid_pay"], rows[2]["acct_mulaid_balc"]) == (-3000, -500, 500)
    # the third meets a counter of 50: the deductible is 100
    assert (rows[3]["act_pay_dedc"], rows[3]["counters"]) == (10000, {"line": 15000})


def test_a_refund_gives_back_in_the_period_that_counted() -> None:
    pools = by_days(pays("hifp_pay", ALL, deductible=admission("100")), deductible="each_year")
    oracle = Oracle(pools, [])
    rows = oracle.settle([claim(line("1000.00"), **TEN), refund("S1")])
    assert [step["dedc"] for step in rows[1]["layers"]] == [-10000, -10000]
    assert set(oracle.carried["P1", "990100"].values()) == {0} and len(oracle.carried["P1", "990100"]) == 2


def test_what_year_so_far_said_stays_when_a_claim_is_refunded() -> None:
    dedc = {"per": "year", "amount": "150 yuan", "counter": "line"}
    pools = nation(pays("hifp_pay", ALL, deductible=dedc))
    first, second, _ = three()
    rows = settle(pools, first | {"year_so_far": {"line": "120.00"}}, refund("S1"), second)
    assert [row["act_pay_dedc"] for row in rows] == [3000, -3000, 3000]


def test_what_a_later_year_so_far_said_stands() -> None:
    dedc = {"per": "year", "amount": "150 yuan", "counter": "line"}
    pools = nation(pays("hifp_pay", ALL, deductible=dedc))
    first, second, third = three()
    rows = settle(pools, first, second | {"year_so_far": {"line": "40.00"}}, refund("S1"), refund("S2"), third)
    # 100; told 40, then 100 more; the first refund takes nothing from what was told, the second takes its 100
    assert [row["act_pay_dedc"] for row in rows] == [10000, 10000, -10000, -10000, 10000]
    assert [row["counters"]["line"] for row in rows] == [10000, 14000, 14000, 4000, 14000]


@pytest.mark.parametrize(
    ("refunds", "codes"),
    [
        ([refund("S9")], ["C16_REFUND"]),
        ([refund("S1", psn_no="P2")], ["C16_REFUND"]),
        ([refund("S1", psn_no="P1"), {**refund("RS1"), "medins_setl_id": "RR"}], [None, "C16_REFUND"]),
        ([refund("S1"), refund("S1")], [None, "K02_NOTHING_TO_GIVE_BACK"]),
        ([refund("K1")], ["K02_NOTHING_TO_GIVE_BACK"]),
        ([refund("P1")], ["C16_REFUND"]),
        ([refund("S1", feedetail=[line("1.00")])], ["C16_REFUND"]),
        ([refund("S1"), refund("S3"), refund("S2")], [None, None, None]),
    ],
)
def test_what_cannot_be_refunded(refunds: list[Block], codes: list[str | None]) -> None:
    pools = nation(pays("hifp_pay", ALL))
    others = [
        claim(line("1.00"), medins_setl_id="K1", hosp_part_amt="2.00"),
        claim(line("1.00"), medins_setl_id="P1", psn_insu_stas="4"),
    ]
    rows = settle(pools, *three(), *others, *refunds)
    assert [row.get("refused") for row in rows[5:]] == codes


def test_the_last_first() -> None:
    pools = nation(pays("hifp_pay", ALL))
    pools["000000"]["pool"]["refunds"] = "last_first"
    refused = claim(line("1.00"), medins_setl_id="S4", hosp_part_amt="2.00")
    other = claim(line("1.00"), medins_setl_id="S5", psn_no="P2")
    order = ["S1", "S3", "S1", "S2", "S1"]
    rows = settle(pools, *three(), refused, other, *(refund(of) for of in order))
    # a claim that was refused and another person's do not stand in the way
    late = "K03_REFUND_ORDER"
    assert [row.get("refused") for row in rows[5:]] == [late, None, late, None, None]
    pools["990100"]["pool"]["refunds"] = "any_order"
    assert "refused" not in settle(pools, *three(), refund("S1"))[3]
