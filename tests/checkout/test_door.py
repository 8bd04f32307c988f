"""The till's door on a real book: once, in order, with the person's counters, and nothing for a wrong card."""

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from settlement.checkout import DATA, Checkout, open_checkout
from settlement.errors import BadInput, LedgerConflict
from settlement.identity import PresentedIdentity
from settlement.money import yuan
from settlement.registry import Registry
from settlement.registry.persons import Filing

BASKETS = json.loads((DATA / "demo_baskets.json").read_text(encoding="utf-8"))
SHOP, WARD, BEIJING = "P22040000001", "H22040000001", "H11010000001"
CARD = PresentedIdentity("03", "X00000001", card_sn="220400D1560000050100000000000001", certno="220400196802290012")


@pytest.fixture
def checkout(tmp_path: Path) -> Iterator[Checkout]:
    made = open_checkout(tmp_path)
    yield made
    made.ledger.close()


def setl(answer: Any) -> dict[str, str]:
    content: dict[str, str] = answer.content["setlinfo"]
    return content


def test_settles_once(checkout: Checkout) -> None:
    person = checkout.person(CARD)
    first = checkout.settle(person, BASKETS["pharmacy"], SHOP, "M1")
    again = checkout.settle(person, BASKETS["pharmacy"], SHOP, "M1")
    assert (first.first, again.first) == (True, False)
    assert first.content == again.content and "可信度" in first.explanation
    assert setl(first)["acct_pay"] == "82.70" and setl(first)["balc"] == "1290.93"
    with pytest.raises(LedgerConflict, match="L01"):
        checkout.settle(person, BASKETS["inpatient"], SHOP, "M1")
    assert checkout.ledger.verify() == []


def test_counters_are_carried(checkout: Checkout) -> None:
    person = checkout.person(CARD)
    stays = [checkout.settle(person, BASKETS["inpatient"], WARD, f"M{n}") for n in range(6)]
    assert [setl(stay)["act_pay_dedc"] for stay in stays] == [
        "500.00",
        "400.00",
        "300.00",
        "200.00",
        "100.00",
        "100.00",
    ]
    next_year = {**BASKETS["inpatient"], "begntime": "2025-01-02", "endtime": "2025-01-09", "setl_time": "2025-01-09"}
    assert setl(checkout.settle(person, next_year, WARD, "M9"))["act_pay_dedc"] == "500.00"
    assert checkout.ledger.verify() == []


def test_a_stay_across_benefit_years_meets_the_counters_of_both(tmp_path: Path) -> None:
    """The invented area's year begins on 1 July, its limit is 5000 a year: the book carries both years to the till."""
    checkout = open_checkout(tmp_path, pools=Path(__file__).parent.parent / "cases" / "traps")
    person = checkout.person(CARD)._replace(insuplc_admdvs="990203")
    line = {"feedetl_sn": "1", "cnt": "1", "chrgitm_lv": "01"}

    def stay(begin: str, end: str, amount: str) -> dict[str, Any]:
        times = {"begntime": begin, "endtime": end, "setl_time": f"{end} 10:00:00"}
        basket = {"med_type": "21", **times, "feedetail": [{**line, "det_item_fee_sumamt": amount}]}
        return setl(checkout.settle(person, basket, WARD, f"M{end}"))

    home = checkout.registry.place(WARD)._replace(admdvs="990203")
    checkout.registry = Registry([person], [home])
    assert stay("2024-03-01", "2024-03-05", "5500.00")["hifp_pay"] == "4000.00"  # (5500 - 500) x 80%
    assert stay("2024-06-21", "2024-07-11", "20000.00")["hifp_pay"] == "6000.00"  # 1000 left in June, 5000 in July
    assert stay("2024-08-01", "2024-08-05", "1000.00")["hifp_pay"] == "0.00"
    assert checkout.ledger.verify() == []
    checkout.ledger.close()


def test_two_tills_at_once_are_both_right(checkout: Checkout) -> None:
    person = checkout.person(CARD)
    checkout.settle(person, BASKETS["pharmacy"], SHOP, "M0")
    with ThreadPoolExecutor(4) as tills:
        answers = list(tills.map(lambda n: checkout.settle(person, BASKETS["inpatient"], WARD, f"M{n}"), range(1, 5)))
    assert sorted(setl(answer)["act_pay_dedc"] for answer in answers) == ["200.00", "300.00", "400.00", "500.00"]
    assert checkout.ledger.verify() == []


def test_tills_that_meet_a_new_person_at_once(checkout: Checkout) -> None:
    person = checkout.person(CARD)
    with ThreadPoolExecutor(4) as tills:
        answers = list(tills.map(lambda n: checkout.settle(person, BASKETS["pharmacy"], SHOP, f"M{n}"), range(4)))
    assert sorted(setl(answer)["balc"] for answer in answers) == ["1042.83", "1125.53", "1208.23", "1290.93"]
    assert checkout.ledger.verify() == []


@pytest.mark.parametrize("basket", ["pharmacy", "inpatient"])
def test_pre_settlement_is_what_settling_then_answers(checkout: Checkout, basket: str) -> None:
    person = checkout.person(CARD)
    for msgid, version in (("M1", 0), ("M2", 1)):  # never seen; then one settlement, which opened the account
        promised = checkout.pre_settle(person, BASKETS[basket], WARD)
        assert checkout.ledger.person(person.psn_no).version == version
        answer = checkout.settle(person, BASKETS[basket], WARD, msgid).content
        said = ("medins_setl_id", "explanation")  # these name the message
        assert {k: v for k, v in promised.items() if k not in said} == {
            k: v for k, v in answer.items() if k not in said
        }


def test_a_retry_is_the_same_message_whatever_the_registry_has_learnt(checkout: Checkout) -> None:
    person = checkout.person(CARD)
    first = checkout.settle(person, BASKETS["beijing"], BEIJING, "M1")
    again = checkout.settle(person._replace(filings=(), cvlserv_flag="1"), BASKETS["beijing"], BEIJING, "M1")
    assert not again.first and again.content == first.content
    assert first.content["registry"]["filing"] == "referred"
    other = checkout.registry.persons["22040000000000000002"]
    with pytest.raises(LedgerConflict, match="L01"):
        checkout.settle(other, BASKETS["beijing"], BEIJING, "M1")


def test_each_filing(checkout: Checkout) -> None:
    outcomes = checkout.under_each_filing(checkout.person(CARD), BASKETS["beijing"], BEIJING)
    paid = [outcome.rows()[0]["hifp_pay"] for outcome in outcomes]
    assert len(paid) == 4 and paid[0] > paid[1] == paid[2] > paid[3]


def test_each_filing_begins_from_the_book(checkout: Checkout) -> None:
    person = checkout.person(CARD)
    before = [outcome.rows()[0] for outcome in checkout.under_each_filing(person, BASKETS["beijing"], BEIJING)]
    assert all(row["acct_pay"] + row["balc"] == 137363 for row in before)
    assert checkout.ledger.person(person.psn_no).version == 0
    booked = checkout.settle(person, BASKETS["beijing"], BEIJING, "M1")
    assert setl(booked)["hifp_pay"] == yuan(before[1]["hifp_pay"])  # the person filed a referral to Beijing


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"setl_time": "2024-02-30"}, "C05_NOT_A_DATE"),
        ({"setl_time": 20240501}, "C05_NOT_A_DATE"),
        ({"setl_time": ""}, "C01_FIELD_MISSING"),
        ({"med_type": None}, "C01_FIELD_MISSING"),
        ({"feedetail": []}, "C06_NO_LINES"),
        ({"feedetail": None}, "C06_NO_LINES"),
        ({"balc": "9999.00"}, "C14_UNKNOWN_FIELD"),
        ({"year_so_far": {}}, "C14_UNKNOWN_FIELD"),
        ({"hosp_part_amt": "5000.00"}, "K01_HOSPITAL_PART"),
    ],
)
def test_a_basket_with_a_fault(checkout: Checkout, change: dict[str, Any], code: str) -> None:
    person = checkout.person(CARD)
    for door in (checkout.pre_settle, lambda *said: checkout.settle(*said, "M1")):
        with pytest.raises(BadInput, match=code) as caught:
            door(person, {**BASKETS["pharmacy"], **change}, SHOP)
        assert any("\u4e00" <= letter <= "\u9fff" for letter in caught.value.zh)
    assert checkout.ledger.find(SHOP, "M1") is None


def test_an_institution_that_is_not_designated(checkout: Checkout) -> None:
    with pytest.raises(BadInput, match="P13") as caught:
        checkout.settle(checkout.person(CARD), BASKETS["pharmacy"], "X999", "M1")
    assert caught.value.zh


@pytest.mark.parametrize(
    ("place", "covered"),
    [
        ("131000", {"131000", "131002"}),  # Langfang, not Hengshui: a code may end in a zero that means something
        ("130110", {"130110"}),
        ("110000", {"110000", "110101"}),
        ("130000", {"130000", "130110", "131000", "131002", "131102"}),
    ],
)
def test_what_a_filing_covers(place: str, covered: set[str]) -> None:
    filing = Filing("referred", place, date(2024, 1, 1), date(2024, 12, 31))
    places = {"110000", "110101", "130000", "130110", "131000", "131002", "131102", "220400"}
    assert {code for code in places if filing.covers(code, date(2024, 12, 31))} == covered
    assert not filing.covers(place, date(2025, 1, 1))


@pytest.mark.parametrize(
    ("change", "code"),
    [({"certno": "220400197001010000"}, "P10"), ({"card_sn": "220400D15600000501000000000000FF"}, "P11")],
)
def test_no_answer_for_a_wrong_card(checkout: Checkout, change: dict[str, str], code: str) -> None:
    with pytest.raises(BadInput, match=code) as caught:
        checkout.person(replace(CARD, **change))
    assert caught.value.zh


def test_no_answer_for_a_lost_card(checkout: Checkout) -> None:
    person = checkout.person(CARD)
    checkout.registry._by_certno[person.certno] = person._replace(card_state="lost")
    with pytest.raises(BadInput, match="P12"):
        checkout.person(CARD)


def test_a_refused_basket_books_nothing(checkout: Checkout) -> None:
    person = checkout.person(CARD)
    checkout.settle(person, BASKETS["pharmacy"], SHOP, "M1")
    before = checkout.ledger.person(person.psn_no)
    basket = json.loads(json.dumps(BASKETS["inpatient"]).replace("001109000010000", "NOSUCHITEM"))
    with pytest.raises(BadInput, match="R04_ITEM_UNKNOWN") as caught:
        checkout.settle(person, basket, WARD, "M2")
    assert "医保目录" in caught.value.zh
    assert checkout.ledger.person(person.psn_no) == before and checkout.ledger.find(WARD, "M2") is None
    assert checkout.settle(person, BASKETS["inpatient"], WARD, "M2").first
