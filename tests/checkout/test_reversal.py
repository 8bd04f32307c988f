"""Giving back: 2103, 2208, 2305 and 2601, in and out of order, once, and only by whom it concerns."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from checkout_till import ANNA, BED, BEN, DRUG_A, DRUG_B, HOSPITAL, OTHER_HOSPITAL, SHOP, STAY_LINES, Till
from visit_till import open_till, registry

from settlement.checkout.base import CLEARED, VOID, House, Said, dumps, message_of
from settlement.checkout.setlinfo import AMOUNTS
from settlement.checkout.transactions import TRANSACTIONS
from settlement.errors import BadInput
from settlement.ledger import Booking, FactKey, Wanted
from settlement.money import fen
from settlement.national.routes import ROUTES, check_output
from settlement.registry import Registry
from settlement.rules.rulebook import open_rulebook

MANY = [{**BED, "cnt": "20", "det_item_fee_sumamt": "700.00"}]
LAST_FIRST = "990204"  # tests/cases/traps
FEW = [{**BED, "cnt": "4", "det_item_fee_sumamt": "140.00"}]


@pytest.fixture
def till(tmp_path: Path) -> Iterator[Till]:
    made = open_till(tmp_path)
    yield made
    assert made.house.ledger.verify() == []
    made.house.ledger.close()


def settled(till: Till, msgid: str = "", lines: Any = MANY, who: str = ANNA) -> dict[str, Any]:
    """Settle an outpatient visit; return its setlinfo."""
    total = "700.00" if lines is MANY else "140.00"
    info: dict[str, Any] = till.send("2207", till.asked(who, till.visit(who, lines), total), msgid)["output"][
        "setlinfo"
    ]
    return info


def state(till: Till, who: str = ANNA) -> tuple[int | None, dict[str, int]]:
    return till.balance(who), till.counters(who)


def sum_of_all(till: Till) -> int:
    """Return what both kinds of rows of the book sum to."""
    return sum(till.house.ledger.totals(Wanted(), kind).medfee_fen for kind in (False, True))


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


# ---- 2601 ----


def test_2601_of_a_settlement(till: Till) -> None:
    info = settled(till, "M1")
    assert till.undo(ANNA, "M1", "2207", "R1")["output"] is None
    assert state(till) == (137363, {}) and till.setl(info["setl_id"])["state"] == "reversed"
    head = till.house.ledger.totals(Wanted(), True)
    assert till.undo(ANNA, "M1", "2207", "R2")["output"] is None  # again, as a message of its own: no second effect
    assert till.undo(ANNA, "M1", "2207", "R1")["output"] is None  # and a retry
    assert till.house.ledger.totals(Wanted(), True) == head and sum_of_all(till) == 0
    with pytest.raises(BadInput, match="B19"):
        till.send("2208", till.cancel_of(info))
    with pytest.raises(BadInput, match="B02"):  # the first answer must not come back as if it stood
        till.send("2207", till.asked(ANNA, info["mdtrt_id"], "700.00"), "M1")
    assert till.send("2207", till.asked(ANNA, info["mdtrt_id"], "700.00"), "M9")["output"]


@pytest.mark.parametrize("infno", ["2102", "2103", "2207", "2208", "2304", "2305", "2401"])
def test_a_late_original_is_refused(till: Till, infno: str) -> None:
    nodes: dict[str, Any]
    if infno in ("2207", "2208"):
        nodes = till.asked(ANNA, till.visit(ANNA, MANY), "700.00")
        if infno == "2208":
            nodes = till.cancel_of(till.send("2207", nodes)["output"]["setlinfo"])
    elif infno in ("2304", "2305"):
        nodes = till.of_stay(ANNA, till.stay(ANNA, STAY_LINES), "1867.00")
        if infno == "2305":
            nodes = till.cancel_of(till.send("2304", nodes)["output"]["setlinfo"])
    elif infno == "2401":
        nodes = {
            "mdtrtinfo": {
                "psn_no": ANNA, "insutype": "310", "begntime": "2024-05-01", "mdtrt_cert_type": "02", "ipt_no": "1",
                "mdtrt_cert_no": "220400196802290012", "med_type": "21",
            }
        }  # fmt: skip
    else:
        nodes = till.purchase(ANNA, "37.00", [DRUG_A])
        if infno == "2103":
            nodes = till.cancel_of(till.send("2102", nodes)["output"]["setlinfo"])
    before = state(till)
    assert till.undo(ANNA, "LATE", infno)["output"] is None
    with pytest.raises(BadInput, match="B02") as caught:
        till.send(infno, nodes, "LATE")
    assert "已被冲正" in caught.value.zh and state(till) == before
    assert till.house.ledger.find(HOSPITAL, "LATE") is None
    assert till.undo(ANNA, "LATE", infno)["output"] is None
    assert till.send(infno, nodes, "FRESH")


def test_2601_of_a_cancellation_makes_the_settlement_stand(till: Till) -> None:
    info = settled(till, "M1")
    before = state(till)
    till.send("2208", till.cancel_of(info), "M2")
    till.undo(ANNA, "M2", "2208")
    assert state(till) == before and till.setl(info["setl_id"])["state"] == "good"
    assert sum_of_all(till) == 70000
    with pytest.raises(BadInput, match="B09"):
        till.send("2207", till.asked(ANNA, info["mdtrt_id"], "700.00"))
    with pytest.raises(BadInput, match="B02"):
        till.send("2208", till.cancel_of(info), "M2")
    back = till.send("2208", till.cancel_of(info), "M3")["output"]["setlinfo"]  # and it can be cancelled for good
    assert state(till) == (137363, {}) and back["medfee_sumamt"] == "-700.00" and sum_of_all(till) == 0


@pytest.mark.parametrize("change", ["settled", "lines", "undone"])
def test_what_has_moved_on_does_not_stand_again(till: Till, change: str) -> None:
    info = settled(till, "M1")
    till.send("2208", till.cancel_of(info), "M2")
    mdtrt_id = info["mdtrt_id"]
    if change == "settled":
        till.send("2207", till.asked(ANNA, mdtrt_id, "700.00"))
    else:
        till.send("2205", {"data": {"mdtrt_id": mdtrt_id, "chrg_bchno": "0000", "psn_no": ANNA}})
    if change == "undone":
        till.send("2202", {"data": {"mdtrt_id": mdtrt_id, "psn_no": ANNA, "ipt_otp_no": "N1"}})
    before, head = state(till), till.house.ledger.head()
    with pytest.raises(BadInput, match="B27"):
        till.undo(ANNA, "M2", "2208")
    assert (state(till), till.house.ledger.head()) == (before, head)


def test_a_purchase_stands_again_only_while_the_money_is_there(till: Till) -> None:
    info = till.send("2102", till.purchase(BEN, "37.00", [DRUG_A]), "M1", SHOP)["output"]["setlinfo"]
    till.send("2103", till.cancel_of(info), "M2", SHOP)
    most = [{**DRUG_B, "cnt": "9", "det_item_fee_sumamt": "295.20"}]
    other = till.send("2102", till.purchase(BEN, "295.20", most), "M3", SHOP)["output"]["setlinfo"]
    with pytest.raises(BadInput, match="B28") as caught:
        till.undo(BEN, "M2", "2103", place=SHOP)
    assert "24.80" in caught.value.zh and "37.00" in caught.value.zh
    till.send("2103", till.cancel_of(other), "M4", SHOP)
    till.undo(BEN, "M2", "2103", place=SHOP)
    assert till.balance(BEN) == 32000 - 3700


def test_2601_of_an_admission(till: Till) -> None:
    mdtrt_id = till.stay(ANNA, [])
    admitted = next(e.message.msgid for e in till.house.ledger.settlements() if e.message.infno == "2401")
    with pytest.raises(BadInput, match="B29"):  # discharged
        till.undo(ANNA, admitted, "2401")
    till.send("2405", {"data": {"psn_no": ANNA, "mdtrt_id": mdtrt_id}})
    with pytest.raises(BadInput, match="B26"):
        till.undo(BEN, admitted, "2401")
    till.undo(ANNA, admitted, "2401")
    with pytest.raises(BadInput, match="B06"):
        till.send("2303", till.of_stay(ANNA, mdtrt_id, "1.00"))


@pytest.mark.parametrize(
    ("who", "omsgid", "oinfno", "place", "code"),
    [
        (BEN, "M1", "2207", HOSPITAL, "B26"),
        (ANNA, "M1", "2102", HOSPITAL, "B24"),
        (ANNA, "M1", "2401", HOSPITAL, "B24"),
        (ANNA, "M1", "2204", HOSPITAL, "B23"),
        (ANNA, "M1", "2601", HOSPITAL, "B23"),
        (ANNA, "M1", "", HOSPITAL, "C01"),
        (ANNA, "", "2207", HOSPITAL, "C01"),
        (ANNA, f"{HOSPITAL}202405010900000001", "2207", OTHER_HOSPITAL, "B25"),
    ],
)
def test_a_2601_that_does_not_fit(
    till: Till, who: str, omsgid: str, oinfno: str, place: str, code: str
) -> None:  # fmt: skip
    settled(till, "M1")
    before, head = state(till), till.house.ledger.head()
    with pytest.raises(BadInput, match=code) as caught:
        till.undo(who, omsgid, oinfno, place=place)
    assert any("\u4e00" <= letter <= "\u9fff" for letter in caught.value.zh)
    assert (state(till), till.house.ledger.head()) == (before, head)


def test_a_msgid_of_another_institution_is_another_message(till: Till) -> None:
    """M1 of the other hospital has not come: it is remembered for that hospital, and this one's settlement stands."""
    info = settled(till, "M1")
    till.undo(ANNA, "M1", "2207", place=OTHER_HOSPITAL)
    assert till.setl(info["setl_id"])["state"] == "good"
    assert till.send("2208", till.cancel_of(info))["output"]


def test_a_message_that_is_no_settlement(till: Till) -> None:
    till.visit(ANNA, MANY)
    first = next(iter(till.house.ledger.settlements())).message
    with pytest.raises(BadInput, match="B24"):
        till.undo(ANNA, first.msgid, "2207")


def test_the_second_2601_must_mean_the_same_message(till: Till) -> None:
    till.undo(ANNA, "LATE", "2207")
    with pytest.raises(BadInput, match="B24"):
        till.undo(ANNA, "LATE", "2304")
    with pytest.raises(BadInput, match="B26"):
        till.undo(BEN, "LATE", "2207")


def test_the_a_variants_mean_the_same(till: Till) -> None:
    settled(till, "M1")
    till.undo(ANNA, "M1", "2207A")
    assert state(till) == (137363, {})


def test_2601_beside_its_original_in_one_group(till: Till) -> None:
    """Queued at once: whoever is first, the settlement does not stand."""
    asked = till.asked(ANNA, till.visit(ANNA, MANY), "700.00")
    undo = {"data": {"psn_no": ANNA, "omsgid": "M1", "oinfno": "2207"}}
    for order in (("2207", "2601"), ("2601", "2207")):
        done: list[Any] = []
        for infno in order:
            said = till.said(infno, asked if infno == "2207" else undo, "M1" if infno == "2207" else f"R{order[0]}")
            asked_of = TRANSACTIONS[infno].work
            assert asked_of is not None
            till.house.ledger.submit(message_of(said), asked_of(till.house, said), done.append)
        till.reopen()
        assert len(done) == 2 and state(till) == (137363, {}), order
        undo["data"]["omsgid"] = "M2"
        asked["data"]["invono"] = "2"


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
