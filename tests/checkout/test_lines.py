"""Fee lines: their division adds up to the claim's to the fen, refunds net out, and what cannot be is refused."""

from __future__ import annotations

import json
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from checkout_till import DRUG_A, DRUG_B, HOSPITAL, Till
from hypothesis import given, settings
from hypothesis import strategies as st
from visit_till import PERSONS, admit, discharge, lines_of, refused, registry, ward_line

from settlement.checkout import DATA
from settlement.checkout.split import E4, Divided, Three, tell
from settlement.money import fen, yuan
from settlement.registry import Registry
from settlement.rules.rulebook import open_rulebook

WORKER, CHANGCHUN, BEIJINGER = PERSONS["worker"], PERSONS["changchun"], PERSONS["beijinger"]
BASKETS = json.loads((DATA / "demo_baskets.json").read_text(encoding="utf-8"))
SUMS = {
    "fulamt_ownpay_amt": "fulamt_ownpay_amt", "overlmt_amt": "overlmt_selfpay", "preselfpay_amt": "preselfpay_amt",
    "inscp_scp_amt": "inscp_scp_amt",
}  # fmt: skip
# 乙 with 10 % first pay: a line has a part of a fen, as in the one real answer seen that splits (4.52). A bed day costs
# 35.00, of which 25.00 are within the limit.
PART_OF_A_FEN = {**DRUG_A, "cnt": "1", "pric": "4.52", "det_item_fee_sumamt": "4.52"}
UNKNOWN = {"med_list_codg": "XZ99ZZZ000A000000000000", "cnt": "1", "pric": "10.00", "det_item_fee_sumamt": "10.00"}


def stated(answers: list[dict[str, str]]) -> dict[str, str]:
    """Return the four sums as a sender adds up the answers."""
    return {of: yuan(sum(fen(row[name]) for row in answers)) for name, of in SUMS.items()}


def total(lines: list[dict[str, str]]) -> str:
    return yuan(sum(fen(line["det_item_fee_sumamt"]) for line in lines))


def settle_as_told(till: Till, psn_no: str, mdtrt_id: str, answers: list[dict[str, str]], batch: str) -> dict[str, Any]:
    asked = till.asked(psn_no, mdtrt_id, total(answers), batch, **stated(answers))
    info: dict[str, Any] = till.send("2207", asked)["output"]["setlinfo"]
    return info


def test_a_line_is_divided_with_its_reason(till: Till) -> None:
    mdtrt_id = till.visit(WORKER)
    [row] = till.upload(WORKER, mdtrt_id, "1", [PART_OF_A_FEN])
    assert row["chrgitm_lv"] == "02" and row["pric_uplmt_amt"] == "999999" and row["med_chrgitm_type"] == "11"
    ratio = Fraction(row["selfpay_prop"])
    assert 0 < ratio < 1 and fen(row["preselfpay_amt"]) in (int(452 * ratio), int(452 * ratio) + 1)
    assert fen(row["preselfpay_amt"]) + fen(row["inscp_scp_amt"]) == 452
    assert "乙类，先行自付比例 10%" in row["memo"] and "目录 000000；暂按假定，未见依据" in row["memo"]
    [kept] = lines_of(till, mdtrt_id)
    assert kept["result"] == {**row, "memo": ""} and kept["chrg_bchno"] == "1"


@pytest.mark.parametrize("psn_no", [WORKER, CHANGCHUN, BEIJINGER])
@pytest.mark.parametrize("uploads", [[7], [1, 1, 1, 4], [3, 4]])
def test_answers_add_up_to_the_settlement(till: Till, psn_no: str, uploads: list[int]) -> None:
    """Many lines with a part of a fen each, in one message or several: the sums of the answers are the claim's."""
    mdtrt_id = till.visit(psn_no)
    prices = ["4.52", "0.03", "17.77", "4.52", "100.01", "0.01", "9.99"]
    answers: list[dict[str, str]] = []
    for many in uploads:
        at = len(answers)
        rows = [
            {**PART_OF_A_FEN, "feedetl_sn": f"L{n}", "pric": price, "det_item_fee_sumamt": price}
            for n, price in enumerate(prices[at : at + many], at)
        ]
        answers += till.upload(psn_no, mdtrt_id, "1", [DRUG_B | {"feedetl_sn": f"A{at}"}, *rows])[1:]
    answers += [row["result"] for row in lines_of(till, mdtrt_id) if row["feedetl_sn"].startswith("A")]
    told = settle_as_told(till, psn_no, mdtrt_id, answers, "1")
    assert {name: told[name] for name in SUMS.values()} == stated(answers)


@pytest.mark.parametrize("area", ["990205", "990206", "990207", "110000"])
def test_answers_add_up_wherever_an_area_rounds(tmp_path: Path, area: str) -> None:
    """At the line or at the claim, first pay or in scope: prices with limits and first pay, in two messages."""
    there = registry()
    person = there.persons[WORKER]._replace(insuplc_admdvs=area)
    traps = Path(__file__).parent.parent / "cases" / "traps"
    place = there.institutions[HOSPITAL]._replace(admdvs=area, medinslv="3" if area == "110000" else "2")
    till = Till(open_rulebook(traps).book, tmp_path, Registry([person], [place]))
    mdtrt_id = admit(till, WORKER)
    rows = []
    for n in range(60):
        price = f"{(n * 7919) % 9973 / 100:.2f}" if n else "0.01"
        terms = {"chrgitm_lv": ("01", "02", "02", "03")[n % 4], "selfpay_prop": ("0", "0.0731", "0.35", "1")[n % 4]}
        limit = {"pric_uplmt_amt": f"{(n * 31) % 50 + 1}.123456"} if n % 3 == 0 else {}
        item = UNKNOWN | {"pric": price, "det_item_fee_sumamt": price}
        rows.append(ward_line(WORKER, mdtrt_id, f"L{n}") | item | terms | limit)
    answers = till.send("2301", {"feedetail": rows[:23]})["output"]["result"]
    answers += till.send("2301", {"feedetail": rows[23:]})["output"]["result"]
    asked = till.asked(WORKER, mdtrt_id, total(answers), mid_setl_flag="0", med_type="21", **stated(answers))
    told = till.send("2303", asked)["output"]["setlinfo"]
    assert {name: told[name] for name in SUMS.values()} == stated(answers)
    assert all(fen(told[name]) > 0 for name in SUMS.values())
    assert all(min(fen(row[name]) for name in SUMS) >= 0 for row in answers)
    till.house.ledger.close()


def test_a_basket_of_a_stay_adds_up(till: Till) -> None:
    mdtrt_id = admit(till, WORKER)
    rows = [
        ward_line(WORKER, mdtrt_id, **{"serial": line["feedetl_sn"]}) | line
        for line in BASKETS["inpatient"]["feedetail"]
    ]
    answers = till.send("2301", {"feedetail": rows[:4]})["output"]["result"]
    answers += till.send("2301", {"feedetail": rows[4:]})["output"]["result"]
    till.send("2402", discharge(WORKER, mdtrt_id))
    asked = till.asked(WORKER, mdtrt_id, total(answers), mid_setl_flag="0", med_type="21", **stated(answers))
    told = till.send("2304", asked)["output"]["setlinfo"]
    assert {name: told[name] for name in SUMS.values()} == stated(answers)


def test_a_line_taken_out_is_made_up_for_and_either_sum_is_taken(till: Till) -> None:
    mdtrt_id = till.visit(WORKER)
    rows = [{**PART_OF_A_FEN, "feedetl_sn": f"L{n}"} for n in range(9)]
    till.upload(WORKER, mdtrt_id, "1", rows)
    till.send("2205", {"data": {"psn_no": WORKER, "mdtrt_id": mdtrt_id, "chrg_bchno": "1"}})
    assert lines_of(till, mdtrt_id) == []
    till.upload(WORKER, mdtrt_id, "1", rows[:3])
    told = [row["result"] for row in lines_of(till, mdtrt_id)]
    info = till.send("2206", till.asked(WORKER, mdtrt_id, total(told), "1"))["output"]["setlinfo"]
    assert {name: info[name] for name in SUMS.values()} == stated(told)
    assert till.send("2207", till.asked(WORKER, mdtrt_id, total(told), "1", **stated(told)))


def test_sums_after_a_line_of_a_stay_was_taken_out(till: Till) -> None:
    """What was answered stays accepted, and the next line takes up the difference."""
    mdtrt_id = admit(till, WORKER)
    rows = [ward_line(WORKER, mdtrt_id, f"L{n}") | PART_OF_A_FEN for n in range(7)]
    till.send("2301", {"feedetail": rows})
    for serial in ("L1", "L3", "L5"):
        till.send("2302", {"data": {"psn_no": WORKER, "mdtrt_id": mdtrt_id, "feedetl_sn": serial}})
    left = [row["result"] for row in lines_of(till, mdtrt_id)]
    asked = till.asked(WORKER, mdtrt_id, total(left), mid_setl_flag="0", med_type="21")
    exact = till.send("2303", asked)["output"]["setlinfo"]
    for sums in (stated(left), {name: exact[name] for name in SUMS.values()}):
        till.send("2303", {"data": asked["data"] | sums})
    wrong = stated(left) | {"preselfpay_amt": "0.00", "inscp_scp_amt": total(left)}
    refused(till, "B13", "2303", {"data": asked["data"] | wrong})
    for n in range(7, 10):  # lines to make up on
        till.send("2301", {"feedetail": [ward_line(WORKER, mdtrt_id, f"L{n}") | PART_OF_A_FEN]})
    told = [row["result"] for row in lines_of(till, mdtrt_id)]
    exact = till.send("2303", till.asked(WORKER, mdtrt_id, total(told), mid_setl_flag="0", med_type="21"))["output"]
    assert {name: exact["setlinfo"][name] for name in SUMS.values()} == stated(told)


def test_other_terms_of_the_visit_make_the_claim_s_figures_binding(till: Till) -> None:
    mdtrt_id = till.visit(WORKER)
    answers = till.upload(WORKER, mdtrt_id, "1", [DRUG_A])
    info = {"psn_no": WORKER, "mdtrt_id": mdtrt_id, "med_type": "11", "begntime": "2024-05-01", "dise_codg": "J18"}
    till.send("2203", {"mdtrtinfo": info})
    wrong = stated(answers) | {"preselfpay_amt": "0.00", "inscp_scp_amt": "37.00"}
    refused(till, "B13", "2206", {"data": till.asked(WORKER, mdtrt_id, "37.00", "1")["data"] | wrong})


def test_an_unknown_item_is_named_or_brings_its_terms(till: Till) -> None:
    mdtrt_id = till.visit(WORKER)
    line = {
        "feedetl_sn": "L7",
        "mdtrt_id": mdtrt_id,
        "psn_no": WORKER,
        "chrg_bchno": "1",
        "fee_ocur_time": "2024-05-01",
    }
    caught = refused(till, "R04", "2204", {"feedetail": [line | DRUG_A | {"feedetl_sn": "L6"}, line | UNKNOWN]})
    assert "L7" in caught.zh and UNKNOWN["med_list_codg"] in caught.zh
    own = UNKNOWN | {"chrgitm_lv": "02", "selfpay_prop": "0.1"}
    [row] = till.upload(WORKER, mdtrt_id, "1", [own])
    assert (row["preselfpay_amt"], row["inscp_scp_amt"], row["selfpay_prop"]) == ("1.00", "9.00", "0.1000")
    told = settle_as_told(till, WORKER, mdtrt_id, [row], "1")
    assert told["inscp_scp_amt"] == "9.00"


def test_a_known_item_does_not_bring_its_own_terms(till: Till) -> None:
    mdtrt_id = till.visit(WORKER)
    [row] = till.upload(WORKER, mdtrt_id, "1", [DRUG_A | {"chrgitm_lv": "01", "selfpay_prop": "0"}])
    assert row["chrgitm_lv"] == "02"


def test_somebody_suspended_may_have_fees_but_no_settlement(till: Till) -> None:
    psn_no = PERSONS["suspended"]
    mdtrt_id = till.visit(psn_no, [DRUG_B])
    refused(till, "P02", "2206", till.asked(psn_no, mdtrt_id, "32.80", "1"))


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"pric": "4.53"}, "C07"),
        ({"cnt": "0"}, "C03"),
        ({"cnt": "-1", "det_item_fee_sumamt": "-4.52"}, "B56"),
        ({"cnt": "viel"}, "C02"),
        ({"det_item_fee_sumamt": "4.521"}, "C02"),
        ({"fee_ocur_time": "2024-02-30"}, "C05"),
        ({"feedetl_sn": ""}, "C01"),
        ({"med_list_codg": ""}, "C01"),
        ({"chrg_bchno": ""}, "C01"),
        ({"chrg_bchno": "0000"}, "B46"),
        ({"psn_no": PERSONS["retired"]}, "B05"),
    ],
)
def test_a_line_with_a_fault(till: Till, change: dict[str, str], code: str) -> None:
    mdtrt_id = till.visit(WORKER)
    good = {
        "feedetl_sn": "L1",
        "mdtrt_id": mdtrt_id,
        "psn_no": WORKER,
        "chrg_bchno": "1",
        "fee_ocur_time": "2024-05-01",
    }
    caught = refused(till, code, "2204", {"feedetail": [good | PART_OF_A_FEN | change]})
    if code in ("C07", "C03", "C02", "B56"):
        assert "L1" in caught.zh
    assert till.house.ledger.fact("lines", mdtrt_id) is None


def test_messages_of_lines_that_are_none(till: Till) -> None:
    mdtrt_id, other = till.visit(WORKER), till.visit(WORKER)
    row = {
        "feedetl_sn": "L1",
        "mdtrt_id": mdtrt_id,
        "psn_no": WORKER,
        "chrg_bchno": "1",
        "fee_ocur_time": "2024-05-01",
    } | DRUG_A
    refused(till, "C06", "2204", {"feedetail": []})
    refused(till, "C15", "2204", {"feedetail": ["L1"]})
    refused(till, "B37", "2204", {"feedetail": [row, row]})
    refused(till, "B39", "2204", {"feedetail": [row, row | {"feedetl_sn": "L2", "mdtrt_id": other}]})
    refused(till, "B03", "2204", {"feedetail": [row, row | {"feedetl_sn": "L2", "psn_no": CHANGCHUN}]})
    refused(till, "B40", "2204", {"feedetail": [row | {"feedetl_sn": f"L{n}"} for n in range(1001)]})
    till.send("2204", {"feedetail": [row]})
    refused(till, "B37", "2204", {"feedetail": [row]})


def test_a_settled_batch_is_closed_and_another_is_not(till: Till) -> None:
    mdtrt_id = till.visit(WORKER, [DRUG_A], [DRUG_B])
    told = till.send("2207", till.asked(WORKER, mdtrt_id, "37.00", "1"))["output"]["setlinfo"]
    row = {
        "feedetl_sn": "L9",
        "mdtrt_id": mdtrt_id,
        "psn_no": WORKER,
        "chrg_bchno": "1",
        "fee_ocur_time": "2024-05-01",
    } | DRUG_A
    caught = refused(till, "B38", "2204", {"feedetail": [row]})
    assert "2208" in caught.cure
    undo = {"psn_no": WORKER, "mdtrt_id": mdtrt_id}
    refused(till, "B38", "2205", {"data": undo | {"chrg_bchno": "1"}})
    refused(till, "B41", "2205", {"data": undo | {"chrg_bchno": "7"}})
    till.send("2205", {"data": undo | {"chrg_bchno": "0000"}})  # all that is unsettled: batch 2
    assert [line["chrg_bchno"] for line in lines_of(till, mdtrt_id)] == ["1"]
    till.send("2205", {"data": undo | {"chrg_bchno": "0000"}})  # nothing is left, and that is no fault
    till.send("2208", till.cancel_of(told))
    till.send("2205", {"data": undo | {"chrg_bchno": "1"}})
    assert lines_of(till, mdtrt_id) == []


def refund(mdtrt_id: str, serial: str, of: str, **more: str) -> dict[str, str]:
    return ward_line(
        WORKER, mdtrt_id, serial, init_feedetl_sn=of, **{"cnt": "-1", "det_item_fee_sumamt": "-35.00"} | more
    )


def test_refund_lines_net_out(till: Till) -> None:
    mdtrt_id = admit(till, WORKER)
    bed = ward_line(WORKER, mdtrt_id, "1", cnt="10", det_item_fee_sumamt="350.00")
    drugs = [ward_line(WORKER, mdtrt_id, f"D{n}") | PART_OF_A_FEN for n in range(3)]
    answers = till.send("2301", {"feedetail": [bed, *drugs]})["output"]["result"]
    part = [refund(mdtrt_id, "R1", "1", cnt="-3", det_item_fee_sumamt="-105.00"), refund(mdtrt_id, "R2", "1")]
    minus = {"cnt": "-1", "pric": "4.52", "det_item_fee_sumamt": "-4.52", "med_list_codg": DRUG_A["med_list_codg"]}
    whole = refund(mdtrt_id, "R3", "D1", **minus)
    back = till.send("2301", {"feedetail": [*part, whole]})["output"]["result"]
    assert [(row["inscp_scp_amt"], row["overlmt_amt"]) for row in back[:2]] == [
        ("-75.00", "-30.00"),
        ("-25.00", "-10.00"),
    ]
    given = next(row for row in answers if row["feedetl_sn"] == "D1")
    assert all(fen(back[2][name]) == -fen(given[name]) for name in SUMS)
    assert "退费" in back[2]["memo"]
    till.send("2402", discharge(WORKER, mdtrt_id))
    everything = answers + back
    asked = till.asked(WORKER, mdtrt_id, total(everything), mid_setl_flag="0", med_type="21", **stated(everything))
    told = till.send("2304", asked)["output"]["setlinfo"]  # either sum is taken; a refunded line may leave a fen
    assert told["medfee_sumamt"] == "219.04"
    assert all(abs(fen(told[name]) - fen(value)) <= 1 for name, value in stated(everything).items())


def test_a_line_and_its_refund_in_one_message(till: Till) -> None:
    mdtrt_id = admit(till, WORKER)
    rows = [ward_line(WORKER, mdtrt_id, "1"), ward_line(WORKER, mdtrt_id, "2"), refund(mdtrt_id, "R", "1")]
    answers = till.send("2301", {"feedetail": rows})["output"]["result"]
    assert [row["inscp_scp_amt"] for row in answers] == ["25.00", "25.00", "-25.00"]


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"init_feedetl_sn": "9"}, "B42"),
        ({"init_feedetl_sn": ""}, "B56"),
        ({"cnt": "-11", "det_item_fee_sumamt": "-385.00"}, "B43"),
        ({"cnt": "-10", "det_item_fee_sumamt": "-349.99"}, "B43"),
        ({"cnt": "1", "det_item_fee_sumamt": "35.00"}, "B56"),
        ({"cnt": "-1", "det_item_fee_sumamt": "35.00"}, "B56"),
        ({"det_item_fee_sumamt": "-35.02"}, "C07"),
        ({"med_list_codg": DRUG_A["med_list_codg"]}, "B44"),
    ],
)
def test_a_refund_line_with_a_fault(till: Till, change: dict[str, str], code: str) -> None:
    mdtrt_id = admit(till, WORKER)
    till.send("2301", {"feedetail": [ward_line(WORKER, mdtrt_id, "1", cnt="10", det_item_fee_sumamt="350.00")]})
    refused(till, code, "2301", {"feedetail": [refund(mdtrt_id, "R", "1") | change]})


def test_lines_of_a_stay_are_taken_out_by_number(till: Till) -> None:
    mdtrt_id = admit(till, WORKER)
    rows = [ward_line(WORKER, mdtrt_id, str(n)) for n in range(4)] + [refund(mdtrt_id, "R", "2")]
    till.send("2301", {"feedetail": rows})
    undo = {"psn_no": WORKER, "mdtrt_id": mdtrt_id}
    refused(till, "B41", "2302", {"data": undo | {"feedetl_sn": "9"}})
    refused(till, "B45", "2302", {"data": undo | {"feedetl_sn": "2"}})
    refused(
        till, "B39", "2302", {"data": [undo | {"feedetl_sn": "1"}, undo | {"feedetl_sn": "3", "mdtrt_id": "1" * 30}]}
    )
    till.send("2302", {"data": [undo | {"feedetl_sn": "2"}, undo | {"feedetl_sn": "R"}]})
    assert [line["feedetl_sn"] for line in lines_of(till, mdtrt_id)] == ["0", "1", "3"]
    till.send("2402", discharge(WORKER, mdtrt_id))
    told = till.send("2304", till.asked(WORKER, mdtrt_id, "105.00", mid_setl_flag="0", med_type="21"))["output"]
    refused(till, "B38", "2302", {"data": undo | {"feedetl_sn": "0"}})
    refused(till, "B38", "2301", {"feedetail": [ward_line(WORKER, mdtrt_id, "8")]})
    till.send("2305", till.cancel_of(told["setlinfo"]))
    till.send("2302", {"data": undo | {"feedetl_sn": "0000"}})
    assert lines_of(till, mdtrt_id) == []


def divided(amount: int, first_e4: int, over_e4: int) -> Divided:
    return Divided(amount, 0, (over_e4, first_e4, amount * E4 - over_e4 - first_e4))


LINES = st.lists(
    st.tuples(st.integers(1, 100_000), st.integers(0, 10_000), st.integers(0, 10_000)).map(
        lambda line: divided(line[0], (line[0] - line[0] * line[2] // E4) * line[1], (line[0] * line[2] // E4) * E4)
    ),
    min_size=1, max_size=12,
)  # fmt: skip


def published(lines: list[Divided]) -> Three:
    """Round as an area does that rounds the in-scope sum of the claim, half up, and leaves first pay the rest."""
    exact = [sum(line.exact[part] for line in lines) for part in range(3)]
    scope, over = ((exact[part] + E4 // 2) // E4 for part in (2, 0))
    return over, sum(line.amount for line in lines) - scope - over, scope


@settings(max_examples=300, deadline=None)
@given(LINES, st.integers(0, 12))
def test_what_lines_are_told_adds_up_whatever_they_are(lines: list[Divided], cut: int) -> None:
    first = tell(lines[:cut], (0, 0, 0), published(lines[:cut]))
    so_far = [sum(told.parts[part] for told in first) for part in range(3)]
    drift = [so_far[part] * E4 - sum(line.exact[part] for line in lines[:cut]) for part in range(3)]
    told = first + tell(
        lines[cut:], drift, [whole - part for whole, part in zip(published(lines), so_far, strict=True)]
    )
    for line, one in zip(lines, told, strict=True):
        assert sum(one) == line.amount and min(one) >= 0
        assert all(abs(part * E4 - exact) < 2 * E4 for part, exact in zip(one.parts, line.exact, strict=True))
    if any(part % E4 for line in lines[cut:] for part in line.exact):
        assert tuple(sum(one.parts[part] for one in told) for part in range(3)) == published(lines)


def test_a_long_stay_is_kept_in_pages(till: Till) -> None:
    """An upload writes the last page only; taking lines out moves the rest up; everything settles."""
    mdtrt_id = admit(till, WORKER)
    for first in range(0, 450, 150):
        rows = [ward_line(WORKER, mdtrt_id, f"L{n}") | PART_OF_A_FEN for n in range(first, first + 150)]
        till.send("2301", {"feedetail": rows})
    pages = [till.house.ledger.fact("lines", key) for key in (mdtrt_id, f"{mdtrt_id}|1", f"{mdtrt_id}|2")]
    assert [page.version for page in pages if page] == [3, 2, 1]  # the first again when a page was added
    till.send("2301", {"feedetail": [ward_line(WORKER, mdtrt_id, "LAST") | PART_OF_A_FEN]})
    again = [till.house.ledger.fact("lines", key) for key in (mdtrt_id, f"{mdtrt_id}|1", f"{mdtrt_id}|2")]
    assert [page.version for page in again if page] == [3, 2, 2]
    undo = [{"psn_no": WORKER, "mdtrt_id": mdtrt_id, "feedetl_sn": f"L{n}"} for n in range(100)]
    till.send("2302", {"data": undo})
    assert [line["feedetl_sn"] for line in lines_of(till, mdtrt_id)] == [*(f"L{n}" for n in range(100, 450)), "LAST"]
    till.send("2402", discharge(WORKER, mdtrt_id))
    total_of = total([line["result"] for line in lines_of(till, mdtrt_id)])
    asked = till.asked(WORKER, mdtrt_id, total_of, mid_setl_flag="0", med_type="21")
    assert till.send("2304", asked)["output"]["setlinfo"]["medfee_sumamt"] == total_of == "1586.52"
    refused(till, "B32", "2405", {"data": {"psn_no": WORKER, "mdtrt_id": mdtrt_id}})
