"""Giving back: 2103, 2208 and 2305, in and out of order, once, and only by whom it concerns."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from checkout_till import ANNA, BEN, DRUG_A, HOSPITAL, OTHER_HOSPITAL, SHOP, STAY_LINES, Till
from given_back import FEW, MANY, settled, state, sum_of_all
from visit_till import registry

from settlement.checkout.base import CLEARED, VOID, House, Said, dumps, message_of
from settlement.checkout.setlinfo import AMOUNTS
from settlement.checkout.transactions import TRANSACTIONS
from settlement.errors import BadInput
from settlement.ledger import Booking, FactKey
from settlement.money import fen
from settlement.national.routes import ROUTES, check_output
from settlement.registry import Registry
from settlement.rules.rulebook import open_rulebook

LAST_FIRST = "990204"  # tests/cases/traps


def test_a_cancellation_is_the_opposite_row(till: Till) -> None:
    start = till.send("2102", till.purchase(ANNA, "37.00", [DRUG_A]), place=SHOP) and state(till)
    info = settled(till, "M1")
    answer = till.send("2208", till.cancel_of(info), "M2")
    assert check_output(ROUTES["2208"], answer["output"]) == []
    back = answer["output"]["setlinfo"]
    assert {name: fen(back[name]) for name in AMOUNTS} == {name: -fen(info[name]) for name in AMOUNTS}
    assert back["setl_id"] != info["setl_id"] and back["medins_setl_id"] == "M2"
    assert state(till) == start and fen(back["balc"]) == start[0]
    assert sum(fen(row["fund_payamt"]) for row in answer["output"]["setldetail"]) == -70000
    assert (till.setl(info["setl_id"])["state"], till.setl(back["setl_id"])["state"]) == ("reversed", "reversal")
    assert till.setl(info["setl_id"])["reversed_by"] == back["setl_id"]
    last = list(till.house.ledger.settlements())[-1]
    assert sum(p.amount_fen for p in last.postings) == 0 and last.settlement is not None
    assert (last.settlement.medfee_fen, last.settlement.reverses) == (-70000, info["setl_id"])
    assert till.send("2208", till.cancel_of(info), "M2") == answer  # a retry


@pytest.mark.parametrize("kind", ["purchase", "stay"])
def test_each_kind_has_its_own_cancellation(till: Till, kind: str) -> None:
    if kind == "purchase":
        info = till.send("2102", till.purchase(BEN, "37.00", [DRUG_A]), place=SHOP)["output"]["setlinfo"]
        own, others, place = "2103", ("2208", "2305"), SHOP
    else:
        asked = till.of_stay(BEN, till.stay(BEN, STAY_LINES), "1867.00")
        info = till.send("2304", asked)["output"]["setlinfo"]
        own, others, place = "2305", ("2103", "2208"), HOSPITAL
    for other in others:
        with pytest.raises(BadInput, match="B18") as caught:
            till.send(other, till.cancel_of(info), place=place)
        assert own in caught.value.zh
    answer = till.send(own, till.cancel_of(info), place=place)
    assert check_output(ROUTES[own], answer["output"]) == []
    assert state(till, BEN) == (32000, {})
    if kind == "stay":  # and is settled again, with the same figures
        again = till.send("2304", asked)["output"]["setlinfo"]
        assert {name: again[name] for name in AMOUNTS} == {name: info[name] for name in AMOUNTS}


def test_out_of_order_each_gets_back_what_it_took(till: Till) -> None:
    """The first met 100.00 of the deductible, the second the other 200.00; the first goes, the second stands as it is."""
    first, second = settled(till, lines=FEW), settled(till)
    assert (first["act_pay_dedc"], second["act_pay_dedc"]) == ("100.00", "200.00")
    till.send("2208", till.cancel_of(first))
    assert till.balance(ANNA) == 137363 - fen(second["acct_pay"])
    third = settled(till, lines=FEW)
    assert third["act_pay_dedc"] == "100.00"
    for info in (second, third):
        till.send("2208", till.cancel_of(info))
    assert state(till) == (137363, {}) and sum_of_all(till) == 0


def test_what_was_cancelled_can_be_settled_again(till: Till) -> None:
    mdtrt_id = till.visit(ANNA, FEW, MANY)
    asked = till.asked(ANNA, mdtrt_id, "140.00", "1")
    first = till.send("2207", asked)["output"]["setlinfo"]
    till.send("2207", till.asked(ANNA, mdtrt_id, "700.00", "2"))
    till.send("2208", till.cancel_of(first))
    with pytest.raises(BadInput, match="B09"):
        till.send("2207", till.asked(ANNA, mdtrt_id, "700.00", "2"))
    again = till.send("2207", asked)["output"]["setlinfo"]
    assert again["setl_id"] != first["setl_id"]


@pytest.mark.parametrize(
    ("change", "place", "code"),
    [
        ({"setl_id": "12345"}, HOSPITAL, "B15"),
        ({}, OTHER_HOSPITAL, "B16"),
        ({"psn_no": BEN}, HOSPITAL, "B17"),
        ({"mdtrt_id": "12345"}, HOSPITAL, "B22"),
        ({"setl_id": ""}, HOSPITAL, "C01"),
        ({"psn_no": ""}, HOSPITAL, "C01"),
    ],
)
def test_a_cancellation_that_does_not_fit(till: Till, change: dict[str, str], place: str, code: str) -> None:
    info = settled(till)
    before, head = state(till), till.house.ledger.head()
    with pytest.raises(BadInput, match=code) as caught:
        till.send("2208", {"data": till.cancel_of(info)["data"] | change}, place=place)
    assert any("\u4e00" <= letter <= "\u9fff" for letter in caught.value.zh)
    assert (state(till), till.house.ledger.head()) == (before, head)


def test_nothing_is_given_back_twice(till: Till) -> None:
    info = settled(till, "M1")
    back = till.send("2208", till.cancel_of(info), "M2")["output"]["setlinfo"]
    before = state(till)
    with pytest.raises(BadInput, match="B19"):
        till.send("2208", till.cancel_of(info), "M3")
    with pytest.raises(BadInput, match="B20"):
        till.send("2208", till.cancel_of(back), "M4")
    with pytest.raises(BadInput, match="B19"):
        till.undo(ANNA, "M1", "2207")
    assert state(till) == before
    assert till.house.ledger.fact(VOID, f"{HOSPITAL}|M1") is None  # a refused 2601 leaves nothing behind


def clear(till: Till, setlinfo: dict[str, Any], state_: str) -> None:
    """Write what a clearing application does to a month."""
    key = FactKey(CLEARED, f"{HOSPITAL}|{setlinfo['clr_type']}|{setlinfo['setl_time'][:7].replace('-', '')}")
    content = dumps({"clr_appy_evt_id": "1", "state": state_, "closed_by": []})
    said = till.said("3203", {"data": {}})
    till.house.ledger.settle(message_of(said), lambda desk: Booking(b"{}", facts={key: content}))


def test_a_cleared_month_is_closed(till: Till) -> None:
    info = settled(till, "M1")
    other = settled(till, "M2", FEW)
    till.send("2208", till.cancel_of(other), "M3")
    clear(till, info, "cleared")
    before = state(till)
    for attempt in (
        lambda: till.send("2208", till.cancel_of(info)),
        lambda: till.undo(ANNA, "M1", "2207"),
        lambda: till.undo(ANNA, "M3", "2208"),
    ):
        with pytest.raises(BadInput, match="B21") as caught:
            attempt()
        assert "202405" in caught.value.zh
    assert state(till) == before
    clear(till, info, "open")
    assert till.send("2208", till.cancel_of(info))["output"]


# ---- an area that gives back from the last ----


def test_last_first(tmp_path: Path) -> None:
    """The invented area says refunds = "last_first": only the person's last standing settlement goes back."""
    there = registry()
    people = [there.persons[who]._replace(insuplc_admdvs=LAST_FIRST) for who in (ANNA, BEN)]
    place = there.institutions[HOSPITAL]._replace(admdvs=LAST_FIRST)
    traps = Path(__file__).parent.parent / "cases" / "traps"
    till = Till(open_rulebook(traps).book, tmp_path, Registry(people, [place]))
    line = {"med_list_codg": "X1", "cnt": "1", "chrgitm_lv": "01", "det_item_fee_sumamt": "100.00"}

    def stay(who: str, msgid: str) -> dict[str, Any]:
        asked = till.of_stay(who, till.stay(who, [line], 2), "100.00")
        info: dict[str, Any] = till.send("2304", asked, msgid)["output"]["setlinfo"]
        return info

    first, second, other = stay(ANNA, "M1"), stay(ANNA, "M2"), stay(BEN, "M3")
    for attempt in (lambda: till.send("2305", till.cancel_of(first)), lambda: till.undo(ANNA, "M1", "2304")):
        with pytest.raises(BadInput, match="K03"):
            attempt()
    till.send("2305", till.cancel_of(other))  # another person's are no matter
    till.send("2305", till.cancel_of(second), "M4")
    till.undo(ANNA, "M4", "2305")  # the second stands again, as the last
    with pytest.raises(BadInput, match="K03"):
        till.send("2305", till.cancel_of(first))
    till.send("2305", till.cancel_of(second))
    till.send("2305", till.cancel_of(first))
    assert till.house.ledger.verify() == [] and sum_of_all(till) == 0
    till.house.ledger.close()


# ---- the door of a till in the same process ----


def test_the_door_cancels_and_reverses(tmp_path: Path) -> None:
    from settlement.checkout import open_checkout
    from settlement.identity import PresentedIdentity

    checkout = open_checkout(tmp_path)
    person = checkout.person(PresentedIdentity("02", "220400196802290012"))
    basket = {"med_type": "41", "setl_time": "2024-05-01 09:00:00", "feedetail": [{"feedetl_sn": "1", **DRUG_A}]}
    first = checkout.settle(person, basket, SHOP, "M1")
    back = checkout.cancel(person, first.setl_id, SHOP, "M2")
    assert back.content["setlinfo"]["medfee_sumamt"] == "-37.00" and first.setl_id in back.explanation
    assert not checkout.cancel(person, first.setl_id, SHOP, "M2").first
    checkout.settle(person, basket, SHOP, "M3")
    checkout.reverse(person, "M3", "2102", SHOP, "M4")
    checkout.reverse(person, "M5", "2102", SHOP, "M6")
    with pytest.raises(BadInput, match="B02"):
        checkout.settle(person, basket, SHOP, "M5")
    assert checkout.ledger.person(person.psn_no).acct_balc_fen == 137363
    with pytest.raises(BadInput, match="B15"):
        checkout.cancel(person, "12345", SHOP, "M7")
    assert checkout.ledger.verify() == []
    checkout.ledger.close()


def test_work_is_made_without_the_book(till: Till) -> None:
    """A service makes the work on its event loop: whatever the input looks like, it does not raise there."""
    for infno in ("2207", "2208", "2601", "2102"):
        asked = TRANSACTIONS[infno].work
        assert asked is not None
        for nodes in ({}, {"data": None}, {"data": []}, {"data": "x"}, {"data": {}}):
            said: Said = till.said(infno, nodes)
            house: House = till.house
            with pytest.raises(BadInput):
                house.ledger.settle(message_of(said), asked(house, said))
