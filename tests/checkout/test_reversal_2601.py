"""2601: a message is undone by its msgid, known or not, once, and what comes late is refused."""

from __future__ import annotations

from typing import Any

import pytest
from checkout_till import ANNA, BEN, DRUG_A, DRUG_B, HOSPITAL, OTHER_HOSPITAL, SHOP, STAY_LINES, Till
from given_back import MANY, settled, state, sum_of_all

from settlement.checkout.base import message_of
from settlement.checkout.transactions import TRANSACTIONS
from settlement.errors import BadInput
from settlement.ledger import Wanted


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
