"""5201 to 5206 on a real book: what was booked is what is told, to those who may see it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from accounts_book import open_till
from checkout_till import ANNA, BED, BEN, DRUG_A, DRUG_B, HOSPITAL, OTHER_HOSPITAL, SHOP, STAY_LINES, Till

from settlement.checkout.base import loads
from settlement.checkout.transactions import settle_message
from settlement.errors import BadInput
from settlement.money import fen, yuan

SUMS = ("medfee_sumamt", "fund_pay_sumamt", "acct_pay", "psn_cash_pay")
DIAGNOSES = [
    {"diag_type": "1", "diag_srt_no": "1", "diag_code": "I10.x00", "diag_name": "原发性高血压", "vali_flag": "1"}
]


@pytest.fixture
def till(tmp_path: Path) -> Iterator[Till]:
    made = open_till(tmp_path, datetime(2024, 5, 1, 9, 0, 0))
    yield made
    made.house.ledger.close()


def ask(till: Till, infno: str, place: str = HOSPITAL, role: str = "cashier", **data: Any) -> Any:
    """Ask as an institution in a role; return the output."""
    said = till.said(infno, {"data": data}, place=place)._replace(role=role)
    return loads(settle_message(till.house, said))["output"]


def test_visits_of_a_person_in_a_time(till: Till) -> None:
    first = till.visit(ANNA, [DRUG_A])
    till.visit(BEN)
    till.time += timedelta(days=40)
    second = till.visit(ANNA)
    stay = till.stay(ANNA, [BED], days=3)
    rows = ask(till, "5201", psn_no=ANNA)["mdtrtinfo"]
    assert [row["mdtrt_id"] for row in rows] == [first, *sorted((second, stay))]  # both begin on one day
    assert rows[0]["begntime"] == "2024-05-01" and rows[0]["fixmedins_name"].startswith("辽源")
    may = ask(till, "5201", psn_no=ANNA, begntime="2024-05-01", endtime="2024-05-31 23:59:59")["mdtrtinfo"]
    assert [row["mdtrt_id"] for row in may] == [first]
    assert [r["mdtrt_id"] for r in ask(till, "5201", psn_no=ANNA, med_type="21")["mdtrtinfo"]] == [stay]
    assert [r["mdtrt_id"] for r in ask(till, "5201", psn_no=ANNA, mdtrt_id=second)["mdtrtinfo"]] == [second]
    pages = [ask(till, "5201", psn_no=ANNA, page_num=n, page_size="2")["mdtrtinfo"] for n in ("1", "2", "3")]
    assert [len(page or ()) for page in pages] == [2, 1, 0] and [*pages[0], *pages[1]] == rows
    assert ask(till, "5201", psn_no=ANNA, begntime="2023-01-01", endtime="2023-12-31")["mdtrtinfo"] is None


def test_an_undone_visit_is_not_told_and_a_moved_one_is(till: Till) -> None:
    mdtrt_id = till.visit(ANNA)
    same = {"mdtrt_id": mdtrt_id, "psn_no": ANNA, "med_type": "11", "begntime": "2024-05-02 10:00:00"}
    till.send("2203", {"mdtrtinfo": same})
    assert len(till.house.ledger.history("visits", f"{ANNA}|202405")) == 1  # listed once, not at every message
    moved = {"mdtrt_id": mdtrt_id, "psn_no": ANNA, "med_type": "11", "begntime": "2024-04-30 10:00:00"}
    till.send("2203", {"mdtrtinfo": moved, "diseinfo": DIAGNOSES})
    rows = ask(till, "5201", psn_no=ANNA, begntime="2024-04-01", endtime="2024-04-30")["mdtrtinfo"]
    assert [row["mdtrt_id"] for row in rows] == [mdtrt_id]
    assert ask(till, "5201", psn_no=ANNA, begntime="2024-05-01", endtime="2024-05-31")["mdtrtinfo"] is None
    assert ask(till, "5202", psn_no=ANNA, mdtrt_id=mdtrt_id)["diseinfo"] == DIAGNOSES
    till.send("2202", {"data": {"psn_no": ANNA, "mdtrt_id": mdtrt_id, "ipt_otp_no": "N1"}})
    assert ask(till, "5201", psn_no=ANNA)["mdtrtinfo"] is None


def test_others_see_nothing_and_the_auditor_everything(till: Till) -> None:
    mdtrt_id = till.visit(ANNA, [DRUG_A])
    info = till.send("2207", till.asked(ANNA, mdtrt_id, "37.00"))["output"]["setlinfo"]
    by_setl, by_visit = {"setl_id": info["setl_id"]}, {"mdtrt_id": mdtrt_id}
    questions: list[tuple[str, dict[str, str], str]] = [
        ("5202", by_visit, "B78"), ("5203", by_setl, "B77"), ("5203", by_visit, "B77"), ("5204", by_visit, "B78"),
        ("5204", by_setl, "B77"), ("5203", {"medins_setl_id": info["medins_setl_id"]}, "B77"),
    ]  # fmt: skip
    for infno, data, code in questions:
        for role in ("cashier", "clerk", "supervisor"):
            with pytest.raises(BadInput, match=code):
                ask(till, infno, OTHER_HOSPITAL, role, psn_no=ANNA, **data)
        with pytest.raises(BadInput, match=code):  # the right institution, the wrong person
            ask(till, infno, psn_no=BEN, **data)
        ask(till, infno, psn_no=ANNA, **data)
    assert ask(till, "5201", OTHER_HOSPITAL, psn_no=ANNA)["mdtrtinfo"] is None
    assert len(ask(till, "5201", OTHER_HOSPITAL, "auditor", psn_no=ANNA)["mdtrtinfo"]) == 1
    assert (
        ask(till, "5203", OTHER_HOSPITAL, "auditor", psn_no=ANNA, **by_setl)["setlinfo"]["setl_id"] == info["setl_id"]
    )


def test_a_settlement_is_told_as_it_was_answered(till: Till) -> None:
    mdtrt_id = till.visit(ANNA, [DRUG_A], [DRUG_B])
    answers = [
        till.send("2207", till.asked(ANNA, mdtrt_id, total, batch))["output"]
        for total, batch in (("37.00", "1"), ("32.80", "2"))
    ]
    for answer in answers:
        info = answer["setlinfo"]
        for data in ({"setl_id": info["setl_id"]}, {"medins_setl_id": info["medins_setl_id"]}):
            told = ask(till, "5203", psn_no=ANNA, mdtrt_id=mdtrt_id, **data)
            assert {name: told["setlinfo"][name] for name in info} == info
            assert (told["setldetail"] or []) == answer["setldetail"]
            assert told["setlinfo"]["refd_setl_flag"] == "0"
            beside = json.loads(told["exp_content"])
            assert beside["state"] == "good" and info["medfee_sumamt"] in beside["explanation"]
    last = ask(till, "5203", psn_no=ANNA, mdtrt_id=mdtrt_id)["setlinfo"]
    assert last["setl_id"] == answers[1]["setlinfo"]["setl_id"]


def test_an_unknown_outcome_is_resolved_by_the_tills_own_msgid(till: Till) -> None:
    """The line broke before the answer: booked, not booked, reversed before it came, reversed after."""
    nodes = till.purchase(ANNA, "37.00", [DRUG_A])
    with pytest.raises(BadInput, match="B77") as unknown:
        ask(till, "5203", SHOP, psn_no=ANNA, medins_setl_id="LOST")
    assert "重发" in unknown.value.zh
    info = till.send("2102", nodes, "LOST", SHOP)["output"]["setlinfo"]
    assert ask(till, "5203", SHOP, psn_no=ANNA, medins_setl_id="LOST")["setlinfo"]["setl_id"] == info["setl_id"]
    till.undo(ANNA, "LOST", "2102", place=SHOP)
    beside = json.loads(ask(till, "5203", SHOP, psn_no=ANNA, medins_setl_id="LOST")["exp_content"])
    assert beside["state"] == "reversed"
    back = ask(till, "5203", SHOP, psn_no=ANNA, setl_id=beside["reversed_by"])
    assert back["setlinfo"]["refd_setl_flag"] == "1" and back["setlinfo"]["medfee_sumamt"] == "-37.00"
    assert json.loads(back["exp_content"])["reverses"] == info["setl_id"]
    till.undo(ANNA, "NEVER", "2102", place=SHOP)
    with pytest.raises(BadInput, match="B02"):
        ask(till, "5203", SHOP, psn_no=ANNA, medins_setl_id="NEVER")


def test_lines_settled_and_open(till: Till) -> None:
    mdtrt_id = till.visit(ANNA, [DRUG_A], [DRUG_B])
    info = till.send("2207", till.asked(ANNA, mdtrt_id, "37.00", "1"))["output"]["setlinfo"]
    rows = ask(till, "5204", psn_no=ANNA, mdtrt_id=mdtrt_id)
    assert [(row["feedetl_sn"], row["setl_id"]) for row in rows] == [("1-1", info["setl_id"]), ("2-1", None)]
    assert not {"told", "under", "result", "terms"} & {name for row in rows for name in row}
    for row, sent in zip(rows, (DRUG_A, DRUG_B), strict=True):
        assert {name: row[name] for name in sent} == sent
        parts = ("fulamt_ownpay_amt", "overlmt_amt", "preselfpay_amt", "inscp_scp_amt")
        assert sum(int(row[part].replace(".", "")) for part in parts) == int(
            row["det_item_fee_sumamt"].replace(".", "")
        )
    settled = ask(till, "5204", psn_no=ANNA, setl_id=info["setl_id"])
    assert settled == rows[:1]
    assert ask(till, "5204", psn_no=ANNA, mdtrt_id=mdtrt_id, page_num="2", page_size="1") == rows[1:]


def test_lines_of_a_purchase(till: Till) -> None:
    info = till.send("2102", till.purchase(ANNA, "69.80", [DRUG_A, DRUG_B]), place=SHOP)["output"]["setlinfo"]
    for data in ({"setl_id": info["setl_id"]}, {"mdtrt_id": info["mdtrt_id"]}):
        rows = ask(till, "5204", SHOP, psn_no=ANNA, **data)
        assert [row["med_list_codg"] for row in rows] == [DRUG_A["med_list_codg"], DRUG_B["med_list_codg"]]
        assert all(row["setl_id"] == info["setl_id"] and row["med_type"] == "41" for row in rows)


def test_drugs_of_chronic_visits_only(till: Till) -> None:
    till.visit(ANNA, [DRUG_A])
    assert ask(till, "5205", psn_no=ANNA) == []
    person = till.house.registry.persons[ANNA]
    disease = {
        "psn_no": ANNA, "insutype": person.insutype, "opsp_dise_code": "M03900", "opsp_dise_name": "高血压",
        "begndate": "2024-05-01", "ide_fixmedins_no": HOSPITAL,
    }  # fmt: skip
    till.send("2503", {"data": disease})
    chronic = till.visit(ANNA)
    info = {"mdtrt_id": chronic, "psn_no": ANNA, "med_type": "14", "begntime": "2024-05-01", "dise_codg": "M03900"}
    till.upload(ANNA, chronic, "1", [DRUG_B, BED])  # before: the shipped rules of the city have no chronic care
    till.send("2203", {"mdtrtinfo": info})
    rows = ask(till, "5205", psn_no=ANNA)
    assert [(row["mdtrt_id"], row["med_list_codg"]) for row in rows] == [(chronic, DRUG_B["med_list_codg"])]


def test_running_totals_are_the_books(till: Till) -> None:
    assert ask(till, "5206", psn_no=ANNA)["cuminfo"] is None
    mdtrt_id = till.stay(ANNA, STAY_LINES)
    till.send("2304", till.asked(ANNA, mdtrt_id, total_of(STAY_LINES), med_type="21"))
    rows = ask(till, "5206", psn_no=ANNA, cum_ym="202405")["cuminfo"]
    state = till.house.ledger.person(ANNA)
    counted = [row for row in rows if row["cum_type_code"] not in SUMS]
    assert len(counted) == len(state.counters) > 1 and len(rows) == len(counted) + len(SUMS)
    for row in counted:
        [value] = [value for key, value in state.counters.items() if key.name == row["cum_type_code"]]
        count = "次数" in row["cum_type_name"]
        assert row["cum"] == (str(value) if count else f"{value // 100}.{value % 100:02d}")
        assert (row["insutype"], row["year"], row["cum_ym"]) == ("310", "2024", "202401")
    assert any("次数" in row["cum_type_name"] and row["cum"] == "1" for row in rows)
    assert ask(till, "5206", psn_no=ANNA, cum_ym="202305")["cuminfo"] is None
    with pytest.raises(BadInput, match="P14"):
        ask(till, "5206", psn_no="404")


def total_of(lines: list[dict[str, Any]]) -> str:
    return yuan(sum(fen(line["det_item_fee_sumamt"]) for line in lines))


def sums(till: Till, **data: str) -> dict[str, int]:
    """Return what 5206 says was settled in a year, in fen."""
    rows = ask(till, "5206", psn_no=ANNA, **data)["cuminfo"] or []
    return {row["cum_type_code"]: fen(row["cum"]) for row in rows if row["cum_type_code"] in SUMS}


def test_the_years_sums_are_those_of_the_answers(till: Till) -> None:
    """Purchases and visits of every institution; what is given back nets out, and stands again when that is undone."""
    mdtrt_id = till.visit(ANNA, [DRUG_A])
    first = till.send("2207", till.asked(ANNA, mdtrt_id, "37.00"))["output"]["setlinfo"]
    stay = till.stay(ANNA, STAY_LINES)
    second = till.send("2304", till.asked(ANNA, stay, total_of(STAY_LINES), med_type="21"))["output"]["setlinfo"]
    paid_in_cash = till.purchase(ANNA, "32.80", [DRUG_B])
    paid_in_cash["druginfo"]["acct_used_flag"] = "0"
    third = till.send("2102", paid_in_cash, place=SHOP)["output"]["setlinfo"]
    till.send("2102", till.purchase(BEN, "37.00", [DRUG_A]), place=SHOP)
    told = [first, second, third]
    assert sums(till) == {name: sum(fen(info[name]) for info in told) for name in SUMS}
    assert min(sums(till).values()) > 0  # each name is shown by an amount
    till.send("2103", till.cancel_of(third), "C1", place=SHOP)
    assert sums(till) == {name: fen(first[name]) + fen(second[name]) for name in SUMS}
    till.undo(ANNA, "C1", "2103", place=SHOP)
    assert sums(till) == {name: sum(fen(info[name]) for info in told) for name in SUMS}
    assert sums(till, cum_ym="202312") == {}
    with pytest.raises(BadInput, match="B61"):
        ask(till, "5206", psn_no=ANNA, cum_ym="soon")


def test_what_is_given_back_in_another_year_leaves_the_year_it_was_settled_in(till: Till) -> None:
    till.time = datetime(2024, 12, 31, 9, 0, 0)
    info = till.send("2102", till.purchase(ANNA, "37.00", [DRUG_A]), place=SHOP)["output"]["setlinfo"]
    assert sums(till, cum_ym="202401")["medfee_sumamt"] == 37_00
    till.time = datetime(2025, 1, 2, 9, 0, 0)
    assert sums(till) == {}
    till.send("2103", till.cancel_of(info), place=SHOP)
    assert set(sums(till, cum_ym="202401").values()) == {0} and sums(till) == {}


def test_purchases_are_told_with_the_visits_until_given_back(till: Till) -> None:
    visit = till.visit(ANNA)
    till.time += timedelta(hours=1)
    bought = [till.send("2102", till.purchase(ANNA, "37.00", [DRUG_A]), place=SHOP)["output"] for _ in range(2)]
    till.send("2102", till.purchase(BEN, "37.00", [DRUG_A]), place=SHOP)
    infos = [one["setlinfo"] for one in bought]
    rows = ask(till, "5201", SHOP, psn_no=ANNA)["mdtrtinfo"]
    assert [row["mdtrt_id"] for row in rows] == sorted(info["mdtrt_id"] for info in infos)
    for row in rows:
        [info] = [info for info in infos if info["mdtrt_id"] == row["mdtrt_id"]]
        for name in ("setl_id", "psn_no", "insutype", "med_type"):
            assert row[name] == info[name]
        assert row["begntime"] == row["endtime"] == info["setl_time"] and row["fixmedins_code"] == SHOP
    assert [row["mdtrt_id"] for row in ask(till, "5201", psn_no=ANNA)["mdtrtinfo"]] == [visit]  # each sees its own
    every = ask(till, "5201", HOSPITAL, "auditor", psn_no=ANNA)["mdtrtinfo"]
    assert [row["mdtrt_id"] for row in every] == [visit, *(row["mdtrt_id"] for row in rows)]
    assert ask(till, "5201", SHOP, psn_no=ANNA, endtime="2024-04-30", begntime="2024-04-01")["mdtrtinfo"] is None
    till.send("2103", till.cancel_of(infos[0]), place=SHOP)
    rows = ask(till, "5201", SHOP, psn_no=ANNA)["mdtrtinfo"]
    assert [row["mdtrt_id"] for row in rows] == [infos[1]["mdtrt_id"]]


def test_a_repeated_purchase_is_listed_once_and_a_settled_visit_not_again(till: Till) -> None:
    nodes = till.purchase(ANNA, "37.00", [DRUG_A])
    for _ in range(2):
        till.send("2102", nodes, "SAME", SHOP)
    mdtrt_id = till.visit(ANNA, [DRUG_A])
    till.send("2207", till.asked(ANNA, mdtrt_id, "37.00"))
    history = till.house.ledger.history("visits", f"{ANNA}|202405")
    assert [len(loads(version.content)["mdtrt_ids"]) for version in history] == [1, 2]


@pytest.mark.parametrize(
    ("infno", "data", "code"),
    [
        ("5201", {}, "B60"),
        ("5202", {"psn_no": ANNA}, "B60"),
        ("5203", {"psn_no": ANNA}, "B60"),
        ("5204", {"psn_no": ANNA}, "B60"),
        ("5201", {"psn_no": ANNA, "begntime": "2014-01-01"}, "B61"),
        ("5201", {"psn_no": ANNA, "begntime": "soon"}, "B61"),
        ("5201", {"psn_no": ANNA, "page_num": "0", "page_size": "10"}, "B62"),
        ("5201", {"psn_no": ANNA, "page_num": "1", "page_size": "501"}, "B62"),
        ("5206", {"psn_no": ANNA, "page_num": "x"}, "B62"),
    ],
)
def test_a_question_that_is_none_is_refused(till: Till, infno: str, data: dict[str, str], code: str) -> None:
    with pytest.raises(BadInput, match=code) as refused:
        ask(till, infno, **data)
    assert refused.value.zh
