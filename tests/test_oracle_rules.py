"""The oracle on what a pool file may ask: items, diseases, filings, waiting periods; examples worked by hand."""

from datetime import date

import pytest
from oracle import Oracle
from small import CITED, Block, claim, line, nation, pays

HALF = ("0", "50%")
ALL = ("0", "100%")
DEAR = {"amount": "300 yuan", "per": "claim"}


def settle(pools: dict[str, Block], *drafts: Block) -> list[Block]:
    return Oracle(pools, []).settle(list(drafts))


def pay(pools: dict[str, Block], draft: Block, fund: str = "hifp_pay") -> int:
    return int(settle(pools, draft)[0][fund])


def refused(pools: dict[str, Block], draft: Block) -> str | None:
    return settle(pools, draft)[0].get("refused")


# Items and parts


def test_items_have_a_layer_of_their_own() -> None:
    drugs = pays("oth_pay", ("0", "90%"), base="in_scope", order=5, items={"type": "09", "negotiated": True})
    lines = [
        line("100.00", med_chrgitm_type="0901", hi_nego_drug_flag="1"),
        line("40.00", med_chrgitm_type="0901", hi_nego_drug_flag="0"),
        line("7.00", med_chrgitm_type="09", hi_nego_drug_flag="1", chrgitm_lv="03"),
    ]
    row = settle(nation(drugs, pays("hifp_pay", HALF)), claim(*lines))[0]
    # the first line alone is selected: 100 × 90 %; the rest of the scope, 40, × 50 %; a 丙 line is own pay
    assert (row["oth_pay"], row["hifp_pay"], row["fulamt_ownpay_amt"], row["inscp_scp_amt"]) == (9000, 2000, 700, 14000)


@pytest.mark.parametrize(
    ("items", "part"),
    [
        ({"class": "甲"}, 1000),
        ({"class": ["02"]}, 5400),
        ({"class": ["甲", "乙"]}, 6400),
        ({"code": "XA"}, 1000),
        ({"code": ["XB", "XA1"]}, 6400),
        ({"disease": True}, 5400),
        ({"disease": "M01"}, 4500),
        ({"disease": ["M01600"], "class": "甲"}, 0),
        ({"negotiated": False}, 6400),
        ({"type": "14"}, 0),
    ],
)
def test_what_a_selector_accepts(items: Block, part: int) -> None:
    ten = {"chrgitm_lv": "02", "selfpay_prop": "0.1000"}
    lines = [
        line("10.00", med_list_codg="XA10"),
        line("50.00", med_list_codg="XB20", dise_codg="M01600", **ten),  # 45 in scope
        line("10.00", med_list_codg="XB30", dise_codg="M00500", **ten),  # 9 in scope
    ]
    pools = nation(pays("oth_pay", ALL, base="in_scope", order=5, items=items), pays("hifp_pay", ("0", "0%")))
    assert pay(pools, claim(*lines), "oth_pay") == part


def test_a_line_that_no_layer_is_for_is_not_settled_unknown() -> None:
    only = nation(pays("hifp_pay", ALL, items={"type": "09"}), pays("maf_pay", ALL, base="person_bears"))
    drug, other = line("1.00", med_chrgitm_type="0901"), line("1.00", med_chrgitm_type="05")
    assert refused(only, claim(drug, other)) == "R01_RULE_MISSING"
    assert refused(only, claim(drug, other | {"chrgitm_lv": "03"})) is None
    beside = nation(pays("hifp_pay", ALL, items={"type": "09"}), pays("maf_pay", ("0", "0%"), base="in_scope"))
    assert refused(beside, claim(drug, other)) is None


def test_a_line_is_taken_once_and_parts_do_not_exceed_the_scope() -> None:
    ten = {"chrgitm_lv": "02", "selfpay_prop": "0.5000"}
    lines = [line("0.01", med_list_codg=code, **ten) for code in ("A", "B", "C")]
    layers = [
        pays("oth_pay", ALL, base="in_scope", order=n, layer=name, items={"code": codes})
        for n, (name, codes) in enumerate([("one", ["A"]), ("two", ["A", "B"]), ("three", "C")])
    ]
    row = settle(nation(*layers, pays("hifp_pay", ALL)), claim(*lines))[0]
    # 0.5 fen a line: each part is rounded to 1 fen; the scope, 1.5 → 2 fen, has none left for the third, none is main
    assert row["inscp_scp_amt"] == 2
    assert [step["eligible"] for step in row["layers"]] == [1, 1, 0, 0]
    by_line = nation(*layers, pays("hifp_pay", ALL), rounding={"at": "line", "rounds": "first_pay"})
    # at the line first pay is rounded to 1 fen and nothing is in scope
    assert settle(by_line, claim(*lines))[0]["inscp_scp_amt"] == 0


def test_what_a_cap_cut_off_may_be_added_to_the_scope_of_the_next_layer() -> None:
    capped = pays("oth_pay", ALL, base="in_scope", order=5, items={"type": "09"}, cap=DEAR)
    main = pays("hifp_pay", HALF, with_rest=True)
    lines = [line("400.00", med_chrgitm_type="09"), line("60.00")]
    # 300 of 400 are paid, 100 are cut off: (60 + 100) × 50 %
    assert pay(nation(capped, main), claim(*lines)) == 8000


def test_first_pay_elsewhere_is_taken_of_each_part_and_of_the_main_part_once() -> None:
    rule = {"mode": "first_pay", "amount": "10%", "filing": "unfiled"}
    layers = [
        pays("oth_pay", HALF, base="in_scope", order=5, items={"type": "09"}),
        pays("hifp_pay", HALF),
        pays("hifmi_pay", HALF, base="in_scope"),
        pays("maf_pay", ALL, base="person_bears"),
    ]
    lines = [line("100.00", med_chrgitm_type="09"), line("200.00")]
    row = settle(nation(*layers, elsewhere=[rule]), claim(*lines, mdtrtarea_admvs="110105"))[0]
    # 90 × 50 %; 180 × 50 % twice; borne: 300 − (10 + 20) − 45 − 90 − 90
    assert [step["pay"] for step in row["layers"]] == [4500, 9000, 9000, 4500]


# Deductibles


def test_a_deductible_goes_on_in_the_next_layer() -> None:
    dedc = {"per": "year", "amount": "100 yuan", "counter": "line"}
    first = pays("oth_pay", ALL, base="in_scope", order=5, items={"type": "09"}, deductible=dedc)
    third = pays("hifmi_pay", ALL, base="in_scope", deductible="left_over")
    pools = nation(first, pays("hifp_pay", ALL, deductible="left_over"), third)
    lines = [line("30.00", med_chrgitm_type="09"), line("50.00")]
    rows = settle(pools, claim(*lines), claim(*lines))
    # 30 of 100, then 50 of 70, then 20 of 20 (the third layer works on the main part again)
    assert [step["dedc"] for step in rows[0]["layers"]] == [3000, 5000, 2000]
    assert rows[0]["counters"] == {"line": 10000}
    assert [step["dedc"] for step in rows[1]["layers"]] == [0, 0, 0]


def test_deductibles_of_a_month_and_a_quarter() -> None:
    for per, expected in [("month", [3000, 0, 3000, 3000]), ("quarter", [3000, 0, 0, 3000])]:
        pools = nation(pays("hifp_pay", ALL, deductible={"per": per, "amount": "30 yuan"}))
        days = ["2024-02-01", "2024-02-29", "2024-03-01", "2024-04-01"]
        rows = settle(pools, *[claim(line("50.00"), begntime=day, endtime=day) for day in days])
        assert [row["act_pay_dedc"] for row in rows] == expected
        assert rows[3]["counters"] == {f"employee_inpatient_deductible_{per}": 3000}


def test_the_deductibles_of_a_year_have_a_limit() -> None:
    dedc = {"per": "admission", "amount": "800 yuan", "later": "50%", "year_limit": "1000 yuan"}
    rows = settle(nation(pays("hifp_pay", ALL, deductible=dedc)), *[claim(line("900.00"))] * 3)
    # 800, then 400 of which 200 are left, then nothing
    assert [row["act_pay_dedc"] for row in rows] == [80000, 20000, 0]
    assert rows[2]["counters"] == {"admissions": 3, "admissions_paid": 100000}


# Who and which disease


@pytest.mark.parametrize(
    ("who", "fields", "fits"),
    [
        ({"psn_type": "11"}, {"psn_type": "1101"}, True),
        ({"psn_type": ["1102", "12"]}, {"psn_type": "1101"}, False),
        ({"family_doctor": True}, {"family_doctor": "1"}, True),
        ({"family_doctor": True}, {}, False),
        ({"family_doctor": False}, {"family_doctor": "0"}, True),
    ],
)
def test_who(who: Block, fields: Block, fits: bool) -> None:
    code = refused(nation(pays("hifp_pay", ALL, who=who)), claim(line("1.00"), **fields))
    assert code == (None if fits else "R01_RULE_MISSING")


def test_a_block_for_the_disease_wins_and_its_limit_is_its_own() -> None:
    limits = {"M016": "30 yuan", "M00500": "50 yuan"}
    chronic = pays("hifp_pay", ALL, cap={"per": "year", "by_disease": limits, "counter": "chronic"})
    pools = nation(chronic, pays("hifp_pay", ("0", "10%")))
    codes = ["M01600", "M01603", "M00500", "M009", ""]
    rows = settle(pools, *[claim(line("40.00"), dise_codg=code) for code in codes])
    # 30 of 30; nothing left under the same beginning; 40 of 50; the others 10 %
    assert [row["hifp_pay"] for row in rows] == [3000, 0, 4000, 400, 400]
    assert rows[4]["counters"] == {"chronic_M016": 3000, "chronic_M00500": 4000}


def test_what_is_not_covered() -> None:
    nothing: Block = {"covered": False}
    for_disease = pays("hifp_pay", ALL, disease="M016")
    ended = {**nothing, "repealed": True, "from": date(2024, 3, 1)}
    sick = {"dise_codg": "M01600"}
    for blocks, fields, paid in [
        ([pays("hifp_pay", ALL), nothing], {}, 0),
        ([pays("hifp_pay", ALL), nothing, ended], {}, 100),
        ([pays("hifp_pay", ALL), nothing], sick, 0),  # the layer does not name the disease
        ([for_disease, nothing], sick, 100),
        ([for_disease, {**nothing, "disease": "M"}], sick, 0),  # nor does this one leave it to others
    ]:
        assert pay(nation(*blocks), claim(line("1.00"), **fields)) == paid
    pools = nation(nothing)
    pools["990100"]["benefit"] = [{**CITED, "scheme": "employee", "care": "inpatient", **pays("hifp_pay", ALL)}]
    assert pay(pools, claim(line("1.00"))) == 100  # the nearer area pays


# First pay by rule


def test_a_rule_of_the_insured_area_sets_the_first_pay_of_items() -> None:
    rules: list[Block] = [
        {"items": {"negotiated": True}, "ratio": "5%", "where": "local"},
        {"items": {"class": "乙", "negotiated": False}, "ratio": "0%"},
    ]
    pools = nation(pays("hifp_pay", ALL), first_pay=rules)
    row = {"area": "000000", "med_list_codg": "X", "from": "2023-01-01", "chrgitm_lv": "02"}
    oracle = Oracle(pools, [row | {"selfpay_prop": "0.2000", "pric_uplmt_amt": "999999"}])
    bare, own = line("100.00", chrgitm_lv="", hi_nego_drug_flag="1"), line("100.00", chrgitm_lv="02")
    drafts = [
        (claim(bare), 500),  # the rule before the catalogue's 20 %
        (claim(bare | {"selfpay_prop": "0.3000"}), 3000),  # the stated ratio before both
        (claim(own), 0),  # a line with terms of its own and no ratio: the second rule
        (claim(line("100.00")), 0),  # 甲
    ]
    assert [oracle.settle_one(draft)["preselfpay_amt"] for draft, _ in drafts] == [first for _, first in drafts]
    assert refused(nation(pays("hifp_pay", ALL)), claim(own)) == "C01_FIELD_MISSING"


# Elsewhere


def test_places_that_count_as_local() -> None:
    pools = nation(pays("hifp_pay", ALL))
    pools["000000"]["pool"]["local_places"] = ["1101"]
    assert refused(pools, claim(line("1.00"), mdtrtarea_admvs="110105")) is None
    pools["990100"]["pool"]["local_places"] = ["990200"]  # the nearer file has a list: the nation's is not read
    assert refused(pools, claim(line("1.00"), mdtrtarea_admvs="110105")) == "R03_ELSEWHERE_MISSING"
    assert refused(pools, claim(line("1.00"), mdtrtarea_admvs="990200")) is None


def test_a_rule_that_names_the_place_goes_first() -> None:
    rules: list[Block] = [
        {"filing": "unfiled", "mode": "points", "amount": "20"},
        {"filing": "unfiled", "places": ["31", "1101"], "mode": "points", "amount": "10"},
    ]
    pools = nation(pays("hifp_pay", ALL), elsewhere=rules)
    assert pay(pools, claim(line("1.00"), mdtrtarea_admvs="110105")) == 90
    assert pay(pools, claim(line("1.00"), mdtrtarea_admvs="320100")) == 80


@pytest.mark.parametrize(
    ("fields", "fund"),
    [
        ({"filed_on": "2024-03-01 23:59:00"}, 9000),  # the day of admission: as stated
        ({"filed_on": "2024-03-02"}, 7000),  # before discharge: counts as unfiled
        ({"filed_on": "2024-03-08"}, 7000),
        ({"filed_on": "2024-03-09"}, "R08_MANUAL_CLAIM"),
        ({}, 9000),  # unknown, and no rule for it
        ({"filed_on": "2024-03-09", "emergency_flag": "1", "filing": "unfiled"}, 8000),
        ({"emergency_flag": "0", "filing": ""}, 7000),
        ({"filed_on": "2024-03-09", "mdtrtarea_admvs": "990101"}, 10000),  # at home no filing is needed
    ],
)
def test_what_a_filing_counts_as(fields: Block, fund: int | str) -> None:
    reduced = {"referred": "10", "emergency": "20", "unfiled": "30"}
    elsewhere = [{"filing": name, "mode": "points", "amount": points} for name, points in reduced.items()]
    filing: list[Block] = [
        {"filing": "referred", "filed": "before_discharge", "is": "unfiled"},
        {"filing": ["referred"], "filed": ["after_discharge"], "is": "manual"},
        {"filing": "unfiled", "emergency": True, "is": "emergency"},
    ]
    pools = nation(pays("hifp_pay", ALL), elsewhere=elsewhere, filing=filing)
    row = settle(pools, claim(line("100.00"), **{"mdtrtarea_admvs": "110105", "filing": "referred", **fields}))[0]
    assert row.get("refused", row.get("hifp_pay")) == fund


# Waiting and suspension


@pytest.mark.parametrize(
    ("wait", "begun", "day", "code"),
    [
        ("6 months", "2023-08-31", "2024-02-28", "P03_WAITING_PERIOD"),
        ("6 months", "2023-08-31", "2024-02-29", None),  # February has no 31st: its last day
        ("12 months", "2024-02-29", "2025-02-27", "P03_WAITING_PERIOD"),
        ("12 months", "2024-02-29", "2025-02-28", None),
        ("90 days", "2024-01-01", "2024-03-30", "P03_WAITING_PERIOD"),
        ("90 days", "2024-01-01", "2024-03-31", None),
        ("90 days", "", "2024-03-31", "C01_FIELD_MISSING"),
    ],
)
def test_a_waiting_period(wait: str, begun: str, day: str, code: str | None) -> None:
    pools = nation(pays("hifp_pay", ALL), waiting=[{"scheme": "employee", "psn_type": "11", "wait": wait}])
    fields = {"begntime": day, "endtime": day, "psn_insu_date": begun}
    assert refused(pools, claim(line("1.00"), **fields)) == code
    assert refused(pools, claim(line("1.00"), psn_type="12")) is None


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"paus_insu_date": "2023-12-08"}, "P02_INSURANCE_SUSPENDED"),  # 3 months end on 8 March, the claim's day
        ({"paus_insu_date": "2023-12-09"}, None),
        ({}, "P02_INSURANCE_SUSPENDED"),
        ({"paus_insu_date": "2024-03-01", "psn_insu_stas": "4"}, "P02_INSURANCE_SUSPENDED"),
        ({"paus_insu_date": "2024-03-01", "psn_type": "12"}, "P02_INSURANCE_SUSPENDED"),  # no rule speaks
        ({"benefit_from": "2024-03-08", "psn_insu_stas": "1"}, None),
        ({"benefit_from": "2024-03-09", "psn_insu_stas": "1"}, "P03_WAITING_PERIOD"),
    ],
)
def test_a_suspended_person_may_have_a_grace(fields: Block, code: str | None) -> None:
    pools = nation(pays("hifp_pay", ALL), suspension=[{"psn_type": ["11"], "grace": "3 months"}])
    assert refused(pools, claim(line("1.00"), **{"psn_insu_stas": "2", **fields})) == code


def test_a_rule_of_the_nearest_area_speaks_and_a_later_one_follows() -> None:
    pools = nation(pays("hifp_pay", ALL), waiting=[{"wait": "90 days"}])
    cited = {"source": "text", "article": "第二条", "psn_type": "11"}
    pools["990100"]["waiting"] = [
        {"from": date(2024, 2, 1), "wait": "10 days", **cited},
        {"from": date(2024, 3, 8), "wait": "20 days", **cited},
    ]
    begun = {"psn_insu_date": "2024-02-20"}
    assert refused(pools, claim(line("1.00"), **begun)) == "P03_WAITING_PERIOD"  # 20 days
    assert refused(pools, claim(line("1.00"), **begun, endtime="2024-03-07")) is None  # 10 days
    assert refused(pools, claim(line("1.00"), **begun, psn_type="12")) == "P03_WAITING_PERIOD"  # the nation's 90
