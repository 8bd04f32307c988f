"""Section 5: where the card is good, and what else is paid out through it."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from card_holder import held, put_holder, with_card, without_card
from visit_till import PERSONS, Till, refused

from settlement.national.routes import ROUTES, check_output
from settlement.registry.holder import ACTIVE, LOST, TEMPORARY, Card

WORKER, CHANGCHUN = PERSONS["worker"], PERSONS["changchun"]


def asked(till: Till, psn_no: str, place: str, **more: str) -> dict[str, Any]:
    output = till.send("K591", {"data": {"psn_no": psn_no, "mdtrtarea_admdvs": place} | more})["output"]
    assert check_output(ROUTES["K591"], output) == []
    info: dict[str, Any] = output["placeinfo"]
    return info


def give_temporary(till: Till, psn_no: str, state: str = ACTIVE) -> None:
    """The standard card is lost, a temporary one is out."""
    with_card(till, psn_no, state=LOST)
    put_holder(till, held(till, psn_no).with_card(Card(card_sn="T1", card_no="T1", kind=TEMPORARY, state=state)))


def test_s05_at_home_without_a_filing(till: Till) -> None:
    info = asked(till, WORKER, "220421")
    assert (info["relation"], info["usable_flag"], info["refl_needed_flag"]) == ("local", "1", "0")
    assert info["section"] == "5" and info["confidence"] == "secondary"


@pytest.mark.parametrize(("place", "relation"), [("220100", "in_province"), ("310000", "cross_province")])
def test_s05_elsewhere_after_a_filing_and_on_its_days_only(till: Till, place: str, relation: str) -> None:
    before = asked(till, WORKER, place)
    assert (before["relation"], before["usable_flag"], before["refl_needed_flag"]) == (relation, "0", "1")
    assert before["filed_flag"] == "0" and "外转诊" in before["advice"]
    filing = {"psn_no": WORKER, "mdtrtarea_admdvs": place, "begndate": "2024-05-02", "enddate": "2024-05-31"}
    till.send("2501", {"refmedin": filing})
    for day, usable in (("2024-05-01", "0"), ("2024-05-02", "1"), ("2024-05-31", "1"), ("2024-06-01", "0")):
        assert asked(till, WORKER, place, query_date=day)["usable_flag"] == usable, day


def test_s05_a_temporary_card_is_good_at_home_only(till: Till) -> None:
    give_temporary(till, WORKER)
    filing = {"psn_no": WORKER, "mdtrtarea_admdvs": "110000", "begndate": "2024-05-01"}
    till.send("2501", {"refmedin": filing})
    assert asked(till, WORKER, "220402")["usable_flag"] == "1"
    away = asked(till, WORKER, "110000")
    assert away["usable_flag"] == "0" and away["filed_flag"] == "1" and "不能跨地区" in away["advice"]


def test_s05_without_a_good_card_it_is_good_nowhere(till: Till) -> None:
    with_card(till, WORKER, state=LOST)
    assert asked(till, WORKER, "220402")["usable_flag"] == "0"
    give_temporary(till, WORKER, state=LOST)
    assert asked(till, WORKER, "220402")["usable_flag"] == "0"
    without_card(till, WORKER)
    assert "没有可用的社会保障卡" in asked(till, WORKER, "220402")["advice"]


def test_s05_what_cannot_be_asked(till: Till) -> None:
    question = {"psn_no": WORKER, "mdtrtarea_admdvs": "220402"}
    refused(till, "B60", "K591", {"data": {"psn_no": WORKER}})
    refused(till, "P14", "K591", {"data": question | {"psn_no": "0"}})
    refused(till, "K51", "K591", {"data": question | {"mdtrtarea_admdvs": "长春市"}})
    refused(till, "C05", "K591", {"data": question | {"query_date": "2024-02-30"}})
    refused(till, "K50", "K591", {"data": question | {"psn_no": CHANGCHUN}})  # no guide of Changchun is shipped


# ---- what is paid out through the card ----


def payment(psn_no: str, payout: str = "unemployment", **more: str) -> dict[str, Any]:
    return {"data": {"psn_no": psn_no, "payout": payout, "pay_month": "202405", "pay_amt": "1234.56"} | more}


def move(till: Till, psn_no: str, payout: str) -> None:
    data = {"psn_no": psn_no, "payout": payout, "channel": "bank", "docs": "cert,card"}
    till.send("KC01", {"data": data})


@pytest.mark.parametrize(
    ("payout", "bank"),
    [
        ("wages", "icbc"), ("unemployment", "jlbank"), ("social_subsidy", "ccb"), ("minimum_living", "psbc"),
        ("farm_benefit", "rcu"), ("pension", "jlbank"),
    ],
)  # fmt: skip
def test_s05_each_kind_is_paid_to_the_cards_account(till: Till, payout: str, bank: str) -> None:
    card = with_card(till, WORKER, bank=bank)
    move(till, WORKER, payout)
    output = till.send("KC03", payment(WORKER, payout))["output"]
    assert check_output(ROUTES["KC03"], output) == []
    assert output["result"]["card_acct"] == card.bank_account and output["result"]["pay_amt"] == "1234.56"
    entry = list(till.house.ledger.settlements())[-1]
    assert [(one.account, one.amount_fen) for one in entry.postings] == [
        ("payer:H22040000001", -123456), (f"bank:{bank}", 123456),
    ]  # fmt: skip


def test_s05_a_month_is_paid_once_and_may_come_back_once(till: Till) -> None:
    with_card(till, WORKER)
    move(till, WORKER, "unemployment")
    msgid = till.next_msgid()
    first = till.send("KC03", payment(WORKER), msgid)["output"]["result"]
    assert till.send("KC03", payment(WORKER), msgid)["output"]["result"] == first  # a retry
    refused(till, "K69", "KC03", payment(WORKER))
    back = {"data": {"psn_no": WORKER, "payout": "unemployment", "pay_month": "202405", "pay_no": first["pay_no"]}}
    refused(till, "K53", "KC04", {"data": back["data"] | {"pay_no": "1"}})
    refused(till, "K53", "KC04", back, place="H22040000002")  # another payer's
    output = till.send("KC04", back)["output"]
    assert check_output(ROUTES["KC04"], output) == [] and output["result"]["pay_amt"] == "-1234.56"
    refused(till, "K53", "KC04", back)
    assert till.send("KC03", payment(WORKER))["output"]["result"]["pay_no"] != first["pay_no"]
    sums: dict[str, int] = {}
    for entry in till.house.ledger.settlements():
        for posting in entry.postings:
            sums[posting.account] = sums.get(posting.account, 0) + posting.amount_fen
    assert sums == {"payer:H22040000001": -123456, "bank:jlbank": 123456}


def test_s05_nothing_is_paid_to_an_account_it_does_not_go_to(till: Till) -> None:
    with_card(till, WORKER)
    refused(till, "K68", "KC03", payment(WORKER))
    move(till, WORKER, "unemployment")
    with_card(till, WORKER, bank_account="6217999999999999")  # a new card with another account
    assert "KC01" in refused(till, "K68", "KC03", payment(WORKER)).cure
    with_card(till, WORKER, state=LOST)
    refused(till, "K59", "KC03", payment(WORKER))


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({"pay_amt": "0"}, "K54"), ({"pay_amt": "-1.00"}, "K54"), ({"pay_amt": "1.234"}, "B82"), ({"pay_amt": ""}, "B60"),
        ({"payout": "prize"}, "K52"), ({"pay_month": ""}, "B60"),
    ],
)  # fmt: skip
def test_s05_payments_that_are_none(till: Till, more: dict[str, str], code: str) -> None:
    with_card(till, WORKER)
    move(till, WORKER, "unemployment")
    refused(till, code, "KC03", payment(WORKER, **more))


def test_s05_paying_keeps_the_rest_of_the_holder(till: Till) -> None:
    card = with_card(till, WORKER)
    before = held(till, WORKER)
    move(till, WORKER, "wages")
    assert held(till, WORKER) == msgspec.structs.replace(before, pays_to={"wages": card.bank_account})
