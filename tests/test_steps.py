"""The figures of a layer's step, for small claims worked by hand: what is not named in a whole step is 0.

What a step adds to counters and the scope it repeats are not among them: the counters and the claim say those.
"""

from datetime import date
from typing import Any

import pytest
from small import Block, claim, line, nation, pays

from settlement import engine
from settlement.engine import settle_drafts
from settlement.rules.rulebook import build

NAMES = ("fund", "rule", "layer_row", "scope_fen", "running_added_fen", "cap_counted_fen")
AWAY: Block = {"mdtrtarea_admvs": "110101", "filing": "referred"}
ELSEWHERE: Block = {"scheme": "employee", "care": "inpatient", "filing": "referred"}


def settled(pools: dict[str, Block], *drafts: Block) -> list[Block]:
    rows = settle_drafts(list(drafts), build(pools, [])).rows()
    assert not [row["refused"] for row in rows if "refused" in row]
    return rows


def steps(row: Block) -> list[Block]:
    """The steps without what is 0, in fen and without the ending of their names."""
    return [
        {name.removesuffix("_fen"): figure for name, figure in step.items() if figure and name not in NAMES}
        for step in row["layers"]
    ]


def stays(count: int, charge: str, **fields: Any) -> list[Block]:
    days = [(f"2024-0{n}-01", f"2024-0{n}-08") for n in range(1, count + 1)]
    return [
        claim(line(charge), medins_setl_id=f"S{begin}", begntime=begin, endtime=end, setl_time=end, **fields)
        for begin, end in days
    ]


def test_a_deductible_of_the_year_a_cap_on_each_claim_and_what_continues_them() -> None:
    pools = nation(
        pays(
            "hifp_pay",
            ("0", "80%"),
            deductible={"per": "year", "amount": "300 yuan"},
            cap={"amount": "500.10 yuan", "per": "claim"},
        ),
        pays("hifob_pay", ("0", "50%"), base="rest", deductible="left_over"),
        pays("maf_pay", ("0", "50%"), base="person_bears"),
    )
    first, second = settled(pools, *stays(1, "200.00"), claim(line("1000.00")))
    assert steps(first) == [
        # 200 are all deductible, 100 of it are left over for the next layer, which has no base
        {"base": 20000, "dedc_standard": 30000, "dedc_due": 30000, "dedc": 20000, "cap_left": 50010},
        {"dedc_standard": 10000, "dedc_due": 10000, "cap_left": -1},
        {"base": 20000, "eligible": 20000, "granted": 10000, "cap_left": -1, "pay": 10000},
    ]  # fmt: skip
    assert steps(second) == [
        # (1000 - 100) x 80 % = 720, the cap pays 500.10 for 625.125, 274.875 are left: 274.88
        {
            "base": 100000, "dedc_standard": 30000, "dedc_before": 20000, "dedc_due": 10000, "dedc": 10000,
            "eligible": 90000, "granted": 72000, "cap_left": 50010, "rest": 27488, "pay": 50010,
        },
        # 274.875 x 50 % = 137.4375
        {"base": 27488, "eligible": 27488, "granted": 13744, "cap_left": -1, "pay": 13744},
        # 1000 - 500.10 - 137.4375 = 362.4625
        {"base": 36246, "eligible": 36246, "granted": 18123, "cap_left": -1, "pay": 18123},
    ]  # fmt: skip


def test_a_deductible_that_follows_no_layer_of_this_claim_is_nothing() -> None:
    of_others = pays(
        "hifp_pay", ("0", "80%"), deductible={"per": "visit", "amount": "300 yuan"}, who={"group": "retired"}
    )
    pools = nation(of_others, pays("hifob_pay", ("0", "50%"), base="in_scope", deductible="left_over"))
    (row,) = settled(pools, claim(line("200.00")))
    assert steps(row) == [
        {"base": 20000, "eligible": 20000, "granted": 10000, "cap_left": -1, "pay": 10000}
    ]  # fmt: skip


def test_the_deductibles_of_a_year_stop_at_their_limit() -> None:
    dedc = {"per": "admission", "amount": "1000 yuan"}

    def due(limit: str, *drafts: Block) -> list[tuple[int, ...]]:
        rows = settled(nation(pays("hifp_pay", ("0", "100%"), deductible={**dedc, "year_limit": limit})), *drafts)
        names = (
            "dedc_standard_fen",
            "dedc_before_fen",
            "dedc_due_fen",
            "admissions_before_count",
            "admissions_added_count",
        )
        return [tuple(row["layers"][0][name] for name in names) for row in rows]

    assert due("1600 yuan", *stays(4, "5000.00")) == [
        (100000, 0, 100000, 0, 1),
        (100000, 100000, 60000, 1, 1),
        (100000, 160000, 0, 2, 1),
        (100000, 160000, 0, 3, 1),
    ]
    assert due("0 yuan", claim(line("5000.00"))) == [(100000, 0, 0, 0, 1)]  # a limit of nothing is a limit


def test_what_is_borne_first_elsewhere_counts_once_for_the_main_part_and_once_for_each_part() -> None:
    pools = nation(
        pays("hifp_pay", ("0", "50%")),
        pays("hifob_pay", ("0", "10%"), base="in_scope"),
        pays("hifes_pay", ("0", "10%"), base="in_scope", items={"class": "乙"}),
        pays("maf_pay", ("0", "100%"), base="person_bears"),
        elsewhere=[{**ELSEWHERE, "mode": "first_pay", "amount": "10%"}],
    )
    (row,) = settled(pools, claim(line("1000.00"), line("500.00", chrgitm_lv="02", selfpay_prop="0.0000"), **AWAY))
    # 1500 - 100 - 50 - 450 - 90 - 45: the 100 of the main part although two layers work on it
    assert [step["base_fen"] for step in row["layers"]] == [90000, 90000, 45000, 76500]
    assert [step["first_elsewhere_fen"] for step in row["layers"]] == [10000, 10000, 5000, 0]


def test_a_fraction_of_a_fen_lies_in_the_band_that_begins_below_it() -> None:
    bands = [("0", "50%"), ("900", "100%")]
    pools = nation(
        pays("hifp_pay", *bands, measure={"on": "claim", "from": "zero"}),
        elsewhere=[{**ELSEWHERE, "mode": "first_pay", "amount": "10%"}],
    )
    (row,) = settled(pools, claim(line("1000.01"), **AWAY))
    # 90 % of 1000.01 are 900.009: 450 + 0.009
    assert row["hifp_pay"] == 45001


def whole_stay(begin: str, end: str, *lines: Block) -> Block:
    return claim(*lines, begntime=begin, endtime=end, setl_time=f"{end} 10:00:00")


def by_days(*benefits: Block, deductible: str = "each_year") -> dict[str, Block]:
    rule = {"scheme": "employee", "care": "inpatient", "cross_year": "by_days", "deductible": deductible}
    return nation(*benefits, stay=[rule])


def test_a_stay_of_two_years_divides_its_parts_and_its_first_pay() -> None:
    pools = by_days(
        pays("hifp_pay", ("0", "50%"), deductible={"per": "visit", "amount": "100 yuan"}),
        pays("hifes_pay", ("0", "50%"), base="in_scope", items={"class": "乙"}),
        pays("maf_pay", ("0", "10%"), base="person_bears", with_first_pay=True),
    )
    half = {"chrgitm_lv": "02", "selfpay_prop": "0.1000"}
    (row,) = settled(pools, whole_stay("2024-12-22", "2025-01-06", line("1000.01"), line("500.05", **half)))
    # In scope 1450.06 (1000.01 + 450.045), the part of 乙 450.05, first pay 50.00; 10 of 15 days are of 2024.
    names = ("scope_fen", "base_fen", "dedc_fen", "pay_fen")
    assert [tuple(step[name] for name in names) for step in row["layers"]] == [
        (96671, 66668, 10000, 28334),  # 966.71 less 300.03 for the other part; (666.68 - 100) x 50 %
        (96671, 30003, 0, 15002),  # 300.03 x 50 % = 150.015
        (96671, 56669, 0, 5667),  # 966.71 + 33.33 - 283.34 - 150.015 = 566.685
        (48335, 33333, 10000, 11667),  # 483.35 - 150.02; (333.33 - 100) x 50 % = 116.665
        (48335, 15002, 0, 7501),
        (48335, 30835, 0, 3083),  # 483.35 + 16.67 - 116.665 - 75.01 = 308.345
    ]
    assert (row["act_pay_dedc"], row["fund_pay_sumamt"]) == (20000, 71254)


def test_a_part_of_a_year_is_no_more_than_the_year_has_left() -> None:
    pools = by_days(
        pays("hifp_pay", ("0", "0%")),
        pays("hifob_pay", ("0", "100%"), base="in_scope", items={"class": "甲"}),
        pays("hifes_pay", ("0", "100%"), base="in_scope", items={"class": "乙"}),
    )
    other = {"chrgitm_lv": "02", "selfpay_prop": "0.0000"}
    (row,) = settled(pools, whole_stay("2024-12-31", "2025-01-02", line("0.01"), line("0.01", **other)))
    # Of 2 fen each year has 1; of each part the first year would have 1, and the second nothing.
    assert [step["base_fen"] for step in row["layers"]] == [0, 1, 0, 1, 0, 0]


def test_a_stay_of_three_years_counts_the_days_before() -> None:
    (row,) = settled(by_days(pays("hifp_pay", ("0", "100%"))), whole_stay("2024-12-22", "2026-01-06", line("1000.00")))
    # 10, 365 and 5 of 380 days: 26.31579 to the end of 2024, 986.84211 to the end of 2025
    assert [step["scope_fen"] for step in row["layers"]] == [2632, 96052, 1316]


def test_a_deductible_is_continued_in_the_next_year() -> None:
    pools = by_days(
        pays("hifp_pay", ("0", "100%"), deductible={"per": "admission", "amount": "500 yuan"}),
        pays("hifob_pay", ("0", "0%"), base="in_scope", deductible={"per": "visit", "amount": "250 yuan"}),
        pays("hifes_pay", ("0", "0%"), base="in_scope", deductible={"per": "year", "amount": "250 yuan"}),
        pays("maf_pay", ("0", "0%"), base="person_bears"),
        deductible="once",
    )
    other = {**whole_stay("2024-03-01", "2024-03-08", line("100.00")), "psn_no": "P0", "medins_setl_id": "S0"}
    _, row = settled(pools, other, whole_stay("2024-12-22", "2025-01-11", line("600.00")))
    names = (
        "dedc_standard_fen",
        "dedc_due_fen",
        "dedc_fen",
        "dedc_continued",
        "admissions_before_count",
        "admissions_added_count",
    )
    assert [tuple(step[name] for name in names) for step in row["layers"]] == [
        (50000, 50000, 30000, 0, 0, 1),
        (25000, 25000, 25000, 0, 0, 0),
        (25000, 25000, 25000, 0, 0, 0),
        (0, 0, 0, 0, 0, 0),
        (20000, 20000, 20000, 1, 0, 0),  # 500 - 300
        (0, 0, 0, 1, 0, 0),  # nothing is left of it
        (25000, 25000, 25000, 0, 0, 0),  # the year's own begins again
        (0, 0, 0, 0, 0, 0),
    ]


def test_a_layer_that_begins_with_the_year_has_nothing_to_continue() -> None:
    dedc = {"per": "admission", "amount": "500 yuan"}
    new = pays("hifob_pay", ("0", "0%"), base="in_scope", deductible=dedc)
    pools = by_days(pays("hifp_pay", ("0", "100%")), {**new, "from": date(2025, 1, 1)}, deductible="once")
    (row,) = settled(pools, whole_stay("2024-12-22", "2025-01-11", line("600.00")))
    assert [step["dedc_due_fen"] for step in row["layers"]] == [0, 0, 50000]


def test_a_layer_that_charges_nothing_any_more_continues_nothing() -> None:
    before = pays("hifp_pay", ("0", "100%"), deductible={"per": "admission", "amount": "500 yuan"})
    since = {**pays("hifp_pay", ("0", "100%")), "from": date(2025, 1, 1)}
    (row,) = settled(by_days(before, since, deductible="once"), whole_stay("2024-12-22", "2025-01-11", line("600.00")))
    assert [(step["dedc_due_fen"], step["dedc_fen"], step["pay_fen"]) for step in row["layers"]] == [
        (50000, 30000, 0),
        (0, 0, 30000),
    ]


def test_what_another_payer_reports_is_paid_in_the_last_year() -> None:
    pools = by_days(
        pays("hifp_pay", ("0", "50%")), {"fund": "oth_pay", "base": "person_bears", "reported": True, "layer": "other"}
    )
    (row,) = settled(
        pools, {**whole_stay("2024-12-22", "2025-01-11", line("600.00")), "reported_pay": {"oth_pay": "12.34"}}
    )
    assert [step["pay_fen"] for step in row["layers"]] == [15000, 0, 15000, 1234]


def test_bands_on_the_year_go_on_where_the_claim_before_ended() -> None:
    measure = {"on": "year", "from": "zero", "counter": "total"}
    pools = nation(
        pays("hifp_pay", ("0", "50%"), ("1000", "90%"), measure=measure),
        pays("maf_pay", ("0", "10%"), base="person_bears"),
    )
    rows = settled(pools, *stays(2, "800.00"))
    assert [[step["pay_fen"] for step in row["layers"]] for row in rows] == [[40000, 4000], [64000, 1600]]
    assert [[step["running_before_fen"] for step in row["layers"]] for row in rows] == [[0, 0], [80000, 0]]
    assert [row["counters"] for row in rows] == [{"total": 80000}, {"total": 160000}]


def test_a_cap_of_the_year_says_what_was_used_before() -> None:
    pools = nation(
        pays("hifp_pay", ("0", "50%"), cap={"amount": "500 yuan", "per": "year", "counter": "spent"}),
        pays(
            "hifob_pay",
            ("0", "50%"),
            base="rest",
            cap={"amount": "200 yuan", "on": "cost", "per": "year", "counter": "cost"},
        ),
    )
    names = (
        "base_fen",
        "cap_used_before_fen",
        "cap_left_fen",
        "rest_fen",
        "cost_over_cap_fen",
        "cap_counted_fen",
        "pay_fen",
    )
    rows = settled(pools, *stays(3, "800.00"))
    assert [[tuple(step[name] for name in names) for step in row["layers"]] for row in rows] == [
        [(80000, 0, 50000, 0, 0, 40000, 40000), (0, 0, 20000, 0, 0, 0, 0)],
        [(80000, 40000, 10000, 60000, 0, 10000, 10000), (60000, 0, 20000, 40000, 40000, 20000, 10000)],
        [(80000, 50000, 0, 80000, 0, 0, 0), (80000, 20000, 0, 80000, 80000, 0, 0)],
    ]


def test_only_the_layers_that_a_filing_names_are_borne_first() -> None:
    pools = nation(
        pays("hifp_pay", ("0", "50%")),
        pays("hifob_pay", ("0", "10%"), base="in_scope"),
        pays("maf_pay", ("0", "100%"), base="person_bears"),
        elsewhere=[{**ELSEWHERE, "mode": "first_pay", "amount": "10%", "layers": ["hifob_pay"]}],
    )
    (row,) = settled(pools, claim(line("1000.00"), **AWAY))
    # 1000 - 100 borne first - 500 - 90
    assert [step["base_fen"] for step in row["layers"]] == [100000, 90000, 31000]


def test_a_visit_has_met_nothing_before() -> None:
    (row,) = settled(
        nation(pays("hifp_pay", ("0", "80%"), deductible={"per": "visit", "amount": "3 yuan"})), claim(line("2.00"))
    )
    assert steps(row) == [{"base": 200, "dedc_standard": 300, "dedc_due": 300, "dedc": 200, "cap_left": -1}]


def test_persons_may_be_settled_in_any_ranges(monkeypatch: pytest.MonkeyPatch) -> None:
    dedc = {"per": "admission", "amount": "500 yuan", "later": "-100 yuan"}
    book = build(nation(pays("hifp_pay", ("0", "100%"), deductible=dedc)), [])
    first, *others = stays(3, "1000.00", acct_used_flag="1")
    visits = [{**first, "balc": "700.00"}, *others]
    drafts = [
        {**each, "psn_no": f"P{n}", "medins_setl_id": f"S{n}{each['endtime']}"} for n in range(20) for each in visits
    ]
    whole = settle_drafts(drafts, book, threads=1).rows()
    assert [row["act_pay_dedc"] for row in whole] == [50000, 40000, 30000] * 20
    assert [row["acct_pay"] for row in whole] == [50000, 20000, 0] * 20
    monkeypatch.setattr(engine, "SMALL", 0)
    assert settle_drafts(drafts, book, threads=2).rows() == whole
