"""The till's door on a real book: once, in order, with the person's counters, and nothing for a wrong card."""

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from settlement.checkout import DATA, Checkout, open_checkout
from settlement.errors import BadInput, LedgerConflict
from settlement.identity import PresentedIdentity

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


def test_two_tills_at_once_are_both_right(checkout: Checkout) -> None:
    person = checkout.person(CARD)
    checkout.settle(person, BASKETS["pharmacy"], SHOP, "M0")
    with ThreadPoolExecutor(4) as tills:
        answers = list(tills.map(lambda n: checkout.settle(person, BASKETS["inpatient"], WARD, f"M{n}"), range(1, 5)))
    assert sorted(setl(answer)["act_pay_dedc"] for answer in answers) == ["200.00", "300.00", "400.00", "500.00"]
    assert checkout.ledger.verify() == []


def test_pre_settlement_agrees_and_books_nothing(checkout: Checkout) -> None:
    person = checkout.person(CARD)
    before = checkout.ledger.person(person.psn_no).version
    promised = checkout.pre_settle(person, BASKETS["inpatient"], WARD)
    assert checkout.ledger.person(person.psn_no).version == before
    opened = checkout.settle(person, {**BASKETS["inpatient"], "acct_used_flag": "0"}, WARD, "M1")
    assert promised["setlinfo"]["hifp_pay"] == setl(opened)["hifp_pay"]


def test_each_filing(checkout: Checkout) -> None:
    outcomes = checkout.under_each_filing(checkout.person(CARD), BASKETS["beijing"], BEIJING)
    paid = [outcome.rows()[0]["hifp_pay"] for outcome in outcomes]
    assert len(paid) == 4 and paid[0] > paid[1] == paid[2] > paid[3]


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
