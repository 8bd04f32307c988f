"""The oracle against examples worked by hand, and the balance of every claim it settles."""

import pytest
from oracle import Oracle
from small import Block, claim, line, nation, pays
from strategies import random_world

BEIJING = [("0", "85%"), ("30000", "90%"), ("40000", "95%")]
FROM_ZERO = {"on": "claim", "from": "zero"}


def settle(pools: dict[str, Block], *drafts: Block) -> list[Block]:
    return Oracle(pools, []).settle(list(drafts))


def visit(amount: str) -> Block:
    return {"per": "visit", "amount": f"{amount} yuan"}


def test_bands_from_zero_and_the_share_of_the_retired() -> None:
    retired = {"personal_share": "60%"}
    pools = nation(pays("hifp_pay", *BEIJING, measure=FROM_ZERO, deductible=visit("1300"), retired=retired))
    rows = settle(pools, claim(line("60000.00")), claim(line("60000.00"), psn_type="12", psn_no="P2"))
    # 28 700 × 85 % + 10 000 × 90 % + 20 000 × 95 % = 24 395 + 9 000 + 19 000
    assert rows[0]["hifp_pay"] == 5239500
    # 91 %, 94 %, 97 %: 26 117 + 9 400 + 19 400
    assert rows[1]["hifp_pay"] == 5491700


def test_a_cap_splits_the_cost_exactly() -> None:
    bands = [("0", "91%"), ("30000", "94%"), ("40000", "97%")]
    cap = {"amount": "100000 yuan", "per": "year", "counter": "pool"}
    basic = pays("hifp_pay", *bands, measure=FROM_ZERO, deductible=visit("650"), cap=cap)
    large = pays("hifmi_pay", ("0", "80%"), base="rest")
    row = settle(nation(basic, large), claim(line("164411.81"), year_so_far={"pool": "8240.49"}))[0]
    # 29 350 × 91 % + 10 000 × 94 % = 36 108.50; (91 759.51 − 36 108.50) / 97 % = 57 372.175…; the cost taken is
    # 96 722.175…, what is left 163 761.81 − 96 722.175… = 67 039.634…, and 80 % of it 53 631.707…
    assert (row["hifp_pay"], row["hifmi_pay"]) == (9175951, 5363171)
    assert row["layers"][0]["rest"] == 6703963
    assert row["counters"] == {"pool": 10000000}


def test_critical_illness_counts_on_the_year() -> None:
    year = {"on": "year", "from": "zero", "counter": "heavy"}
    dedc = {"per": "year", "amount": "10000 yuan", "counter": "heavy_line"}
    heavy = {"base": "person_bears", "measure": year, "deductible": dedc}
    pools = nation(pays("hifp_pay", ("0", "0%")), pays("hifmi_pay", ("0", "50%"), ("100000", "60%"), **heavy))
    # 90 000 × 50 % + 70 000 × 60 %
    assert settle(pools, claim(line("170000.00")))[0]["hifmi_pay"] == 8700000
    parts = [claim(line("60000.00"), medins_setl_id="S1"), claim(line("110000.00"), medins_setl_id="S2")]
    rows = settle(pools, *parts)
    # 50 000 × 50 %; then 40 000 × 50 % + 70 000 × 60 %
    assert [row["hifmi_pay"] for row in rows] == [2500000, 6200000]
    assert rows[1]["counters"] == {"heavy": 17000000, "heavy_line": 1000000}


@pytest.mark.parametrize(
    ("mode", "amount", "fund"),
    [("points", "20", 540000), ("multiply", "80%", 576000), ("first_pay", "20%", 560000), ("none", None, 720000)],
)
def test_three_readings_of_twenty_percent_elsewhere(mode: str, amount: str | None, fund: int) -> None:
    rule = {"mode": mode, "filing": "unfiled", **({"amount": amount} if amount else {})}
    pools = nation(pays("hifp_pay", ("0", "80%"), deductible=visit("1000")), elsewhere=[rule])
    # 9 000 × 60 %; 9 000 × 64 %; (8 000 − 1 000) × 80 %; 9 000 × 80 %
    assert settle(pools, claim(line("10000.00"), mdtrtarea_admvs="110105"))[0]["hifp_pay"] == fund


def test_scope_is_rounded_once() -> None:
    lines = [line(charge, chrgitm_lv="02", selfpay_prop="0.1000") for charge in ("20.58", "13.47")]
    row = settle(nation(pays("hifp_pay", ("0", "0%"))), claim(*lines))[0]
    # 34.05 × 90 % = 30.645 → 30.65, first pay is what is left
    assert (row["inscp_scp_amt"], row["preselfpay_amt"]) == (3065, 340)
    first = nation(pays("hifp_pay", ("0", "0%")), rounding={"at": "line", "rounds": "first_pay"})
    row = settle(first, claim(*lines))[0]
    # 2.058 → 2.06 and 1.347 → 1.35
    assert (row["inscp_scp_amt"], row["preselfpay_amt"]) == (3064, 341)


def test_limit_and_own_pay() -> None:
    lines = [line("100.00", cnt="3.0000", pric_uplmt_amt="30.005000"), line("7.00", chrgitm_lv="03")]
    row = settle(nation(pays("hifp_pay", ("0", "50%"))), claim(*lines))[0]
    # over 100 − 90.015 = 9.985; in scope 90.015 → 90.02, over limit 9.985 → 9.99 but at most 9.98
    assert (row["fulamt_ownpay_amt"], row["overlmt_selfpay"], row["inscp_scp_amt"]) == (700, 998, 9002)
    assert (row["hifp_pay"], row["psn_part_amt"], row["preselfpay_amt"]) == (4501, 6199, 0)


def test_deductible_of_admissions() -> None:
    step = {"per": "admission", "counter": "stays", "amount": "800 yuan", "later": "-300 yuan", "floor": "250 yuan"}
    shares = {"per": "admission", "counter": "stays", "amount": "333.33 yuan", "later": ["50%", "25%"]}
    long = {"per": "admission", "counter": "stays", "amount": "100 yuan", "again_after_days": 90}
    transfer = {"per": "admission", "counter": "stays", "amount": "800 yuan", "on_transfer": "difference"}
    stay = {"begntime": "2023-10-01", "endtime": "2024-01-01"}  # 92 days: begun twice
    for dedc, fields, expected in [
        (step, {}, [80000, 50000, 25000, 25000]),
        (shares, {}, [33333, 16667, 8333, 8333]),  # 166.665 → 166.67, 83.3325 → 83.33
        (long, stay, [20000] * 4),
        (transfer, {"transfer_dedc_paid": "500.00"}, [30000] * 4),
    ]:
        rows = settle(nation(pays("hifp_pay", ("0", "0%"), deductible=dedc)), *[claim(line("2000.00"), **fields)] * 4)
        assert [row["act_pay_dedc"] for row in rows] == expected
        assert rows[3]["counters"] == {"stays": 4}


def test_cost_caps_and_zero_bands_cut_exactly() -> None:
    # cost: (1 000 − 200) × 50 %, 1 000 over; above deductible: 1 000 × 50 %, 800 over; fund: 1 800 × 50 % fits
    for on, pay, over in [("cost", 40000, 100000), ("cost_above_deductible", 50000, 80000), ("fund", 90000, 0)]:
        cap = {"amount": "1000 yuan", "on": on, "per": "claim"}
        basic = pays("hifp_pay", ("0", "50%"), deductible=visit("200"), cap=cap)
        row = settle(nation(basic, pays("oth_pay", ("0", "100%"), base="rest")), claim(line("2000.00")))[0]
        assert (row["hifp_pay"], row["oth_pay"]) == (pay, over)
    cap = {"amount": "30 yuan", "per": "claim"}
    zero = pays("hifp_pay", ("0", "30%"), ("100", "0%"), ("150", "50%"), measure=FROM_ZERO, cap=cap)
    # 100 × 30 % reaches the cap; the next 50 pay nothing and so are taken too: 200 − 150 are cut off
    assert settle(nation(zero), claim(line("200.00")))[0]["layers"][0]["rest"] == 5000


def test_the_account_pays_what_the_area_lets_it() -> None:
    terms = {"covers": ["in_scope"], "shared": "inside"}
    pools = nation(pays("hifp_pay", ("0", "80%")), account=[terms])
    lines = [line("100.00"), line("5.00", chrgitm_lv="03")]
    money = {"acct_used_flag": "1", "balc": "12.00", "acct_mulaid_balc": "30.00", "hosp_part_amt": "1.00"}
    row = settle(pools, claim(*lines, **money))[0]
    # the person bears 105 − 80 − 1 = 24, of it 20 in scope: 12 from the own account, 8 from the shared one
    assert (row["acct_pay"], row["acct_mulaid_pay"], row["psn_cash_pay"], row["balc"]) == (2000, 800, 400, 0)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"insuplc_admdvs": "770100"}, "P01_UNKNOWN_AREA"),
        ({"psn_insu_stas": "2"}, "P02_INSURANCE_SUSPENDED"),
        ({"insutype": "390"}, "R01_RULE_MISSING"),
        ({"medinslv": "1"}, "R02_LEVEL_MISSING"),
        ({"mdtrtarea_admvs": "990200"}, "R03_ELSEWHERE_MISSING"),
        ({"feedetail": [line("1.00", chrgitm_lv="")]}, "R04_ITEM_UNKNOWN"),
        ({"reported_pay": {}}, "R06_REPORTED_MISSING"),
        ({"hosp_part_amt": "60.01"}, "K01_HOSPITAL_PART"),
    ],
)
def test_a_refused_claim_changes_nothing(change: Block, code: str) -> None:
    dedc = {"per": "year", "by_level": {"3": "20 yuan"}, "counter": "line"}
    other = {"fund": "maf_pay", "base": "person_bears", "reported": True}
    pools = nation(pays("hifp_pay", ("0", "50%"), deductible=dedc), other)
    good = claim(line("100.00"), reported_pay={"maf_pay": "0.00"})
    rows = settle(pools, {**good, **change}, good)
    assert rows[0]["refused"] == code
    assert (rows[1]["act_pay_dedc"], rows[1]["hifp_pay"]) == (2000, 4000)


def test_a_deductible_without_a_name_is_of_one_care() -> None:
    dedc = {"per": "year", "amount": "100 yuan"}
    care = [{"med_type": "21", "is": "inpatient"}, {"med_type": "11", "is": "outpatient"}]
    pools = nation(pays("hifp_pay", ("0", "100%"), deductible=dedc, care=["outpatient", "inpatient"]), care=care)
    rows = settle(pools, *(claim(line("150.00"), med_type=kind) for kind in ("21", "11", "21")))
    assert [row["hifp_pay"] for row in rows] == [5000, 5000, 15000]
    assert rows[2]["counters"] == {"employee_inpatient_deductible": 10000, "employee_outpatient_deductible": 10000}


def test_counters_from_outside_stand_though_the_kernel_refuses() -> None:
    dedc = {"per": "year", "amount": "100 yuan", "counter": "line"}
    pools = nation(pays("hifp_pay", ("0", "100%"), deductible=dedc))
    refused = claim(line("150.00"), year_so_far={"line": "70.00"}, hosp_part_amt="150.00")
    rows = settle(pools, refused, claim(line("150.00")))
    assert (rows[0]["refused"], rows[1]["act_pay_dedc"]) == ("K01_HOSPITAL_PART", 3000)


def test_every_random_claim_balances() -> None:
    settled, refunded = 0, 0
    for seed in range(400):
        world = random_world(seed)
        for draft, row in zip(world.drafts, Oracle(world.pools, world.catalogue).settle(world.drafts), strict=True):
            if "refused" in row:
                continue
            sign = -1 if "refund_of" in draft else 1
            check_balance(row, sign)
            settled, refunded = settled + 1, refunded + (sign < 0)
    assert settled >= 1500 and refunded >= 100


def check_balance(row: Block, sign: int) -> None:
    """The identities of a row; `sign` is −1 for a refund, whose amounts are all negative but for the balances."""
    parts = ("fulamt_ownpay_amt", "overlmt_selfpay", "preselfpay_amt", "inscp_scp_amt")
    funds = ("hifp_pay", "hifob_pay", "hifmi_pay", "cvlserv_pay", "hifes_pay", "maf_pay", "oth_pay")
    assert row["medfee_sumamt"] == sum(row[name] for name in parts)
    assert row["medfee_sumamt"] == row["fund_pay_sumamt"] + row["psn_part_amt"] + row["hosp_part_amt"]
    account = row["psn_part_amt"] - row["psn_cash_pay"]
    assert account in (row["acct_pay"], row["acct_pay"] + row["acct_mulaid_pay"])  # inside or beside
    assert row["fund_pay_sumamt"] == sum(row[fund] for fund in funds) == sum(step["pay"] for step in row["layers"])
    amounts = {name: value for name, value in row.items() if isinstance(value, int)}
    assert len(amounts) == 21 and min(amounts.pop("balc"), amounts.pop("acct_mulaid_balc")) >= 0
    assert min(sign * value for value in amounts.values()) >= 0
    assert all(sign * step["pay"] <= sign * step["eligible"] for step in row["layers"])
