"""第5、6、7、9条: what stands in the way of a card at a message of the till, each with its own word, and what does not."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest
from card_desk import WORKER, collected, do, reissue, temporary
from card_holder import held, put_holder, with_card
from checkout_till import DRUG_A, SHOP, STAY_LINES, Till
from visit_till import admission, refused, registration

from settlement.registry.guide import SHIPPED, use_guides
from settlement.registry.holder import Card

PHARMACY_ELSEWHERE, HOSPITAL_ELSEWHERE = "P22010000001", "H22010000002"


def by_card(card: Card, **more: Any) -> dict[str, Any]:
    """Return what a message says of a card that is presented."""
    return {"mdtrt_cert_type": "03", "mdtrt_cert_no": card.card_no or card.card_sn, "card_sn": card.card_sn} | more


def identify(card: Card) -> dict[str, Any]:
    return {"data": by_card(card)}


def everywhere_refused(till: Till, code: str, card: Card) -> None:
    """See that a card is refused with one code by who asks, registers, buys, pre-settles and settles; an ID card is not."""
    mdtrt_id = till.visit(WORKER, [DRUG_A])
    shown = by_card(card)
    refused(till, code, "1101", identify(card))
    refused(till, code, "2201", registration(till, WORKER, **shown))
    refused(till, code, "2401", admission(till, WORKER, **shown))
    refused(till, code, "2102", till.purchase(WORKER, "37.00", [DRUG_A], **shown), place=SHOP)
    refused(till, code, "2206", till.asked(WORKER, mdtrt_id, "37.00", **shown))
    refused(till, code, "2207", till.asked(WORKER, mdtrt_id, "37.00", **shown))
    assert till.send("2207", till.asked(WORKER, mdtrt_id, "37.00"))["output"]["setlinfo"]["setl_id"]


def settles(till: Till, card: Card) -> None:
    """See that a card settles an outpatient visit."""
    mdtrt_id = till.visit(WORKER, [DRUG_A])
    assert till.send("1101", identify(card))["output"]["baseinfo"]["psn_no"] == WORKER
    assert till.send("2207", till.asked(WORKER, mdtrt_id, "37.00", **by_card(card)))["output"]["setlinfo"]["setl_id"]


def test_s07_a_loss_blocks_the_very_next_message_and_the_found_card_works_again(till: Till) -> None:
    card = with_card(till, WORKER)
    settles(till, card)
    do(till, "K701", WORKER)
    everywhere_refused(till, "P12", held(till, WORKER).cards[-1])
    do(till, "K702", WORKER, channel="window")
    settles(till, card)


def test_s07_a_visit_that_began_with_the_card_is_not_settled_by_it_once_it_is_lost(till: Till) -> None:
    card = with_card(till, WORKER)
    data = registration(till, WORKER, **by_card(card))
    mdtrt_id = till.send("2201", data)["output"]["data"]["mdtrt_id"]
    till.upload(WORKER, mdtrt_id, "1", [DRUG_A])
    do(till, "K701", WORKER)
    unsaid = till.asked(WORKER, mdtrt_id, "37.00", mdtrt_cert_type="", mdtrt_cert_no="")
    refused(till, "P12", "2207", unsaid)
    assert till.send("2207", till.asked(WORKER, mdtrt_id, "37.00"))["output"]["setlinfo"]["setl_id"]


def test_s07_a_stay_is_paid_with_the_id_card_when_the_card_was_lost_meanwhile(till: Till) -> None:
    card = with_card(till, WORKER)
    mdtrt_id = till.stay(WORKER, STAY_LINES)
    do(till, "K701", WORKER)
    lost_one = by_card(card, med_type="21", mid_setl_flag="0")
    refused(till, "P12", "2304", till.asked(WORKER, mdtrt_id, "1867.00", **lost_one))
    paid = till.send("2304", till.asked(WORKER, mdtrt_id, "1867.00", med_type="21", mid_setl_flag="0"))
    assert paid["output"]["setlinfo"]["setl_id"]


def test_s07_what_was_settled_before_the_loss_is_answered_again(till: Till) -> None:
    card = with_card(till, WORKER)
    mdtrt_id = till.visit(WORKER, [DRUG_A])
    nodes = till.asked(WORKER, mdtrt_id, "37.00", **by_card(card))
    first = till.send("2207", nodes, msgid="H22040000001202405010900001111")
    do(till, "K701", WORKER)
    assert till.send("2207", nodes, msgid="H22040000001202405010900001111") == first


def test_s04_a_card_that_was_not_collected_does_not_settle_and_then_does(till: Till) -> None:
    card = collected(till)
    ready = msgspec.structs.replace(card, state="ready")
    put_holder(till, held(till, WORKER).with_card(ready))
    everywhere_refused(till, "K73", ready)
    put_holder(till, held(till, WORKER).with_card(card))
    settles(till, card)


def test_s08_a_new_card_is_known_and_the_old_one_is_not_taken(till: Till) -> None:
    old = with_card(till, WORKER)
    number = reissue(till)
    everywhere_refused(till, "K72", held(till, WORKER).card(old.card_sn) or old)
    do(till, "K203", WORKER, appy_no=number, appy_stas="ready", card_sn="NEW9", card_no="N9", card_acct="62179")
    do(till, "K301", WORKER, appy_no=number)
    settles(till, held(till, WORKER).cards[-1])


@pytest.mark.parametrize(("state", "code"), [("locked", "K70"), ("cancelled", "K71"), ("replaced", "K72")])
def test_each_state_has_its_own_word(till: Till, state: str, code: str) -> None:
    everywhere_refused(till, code, with_card(till, WORKER, state=state))


def test_s06_a_locked_pin(till: Till) -> None:
    everywhere_refused(till, "K79", with_card(till, WORKER, pin="locked"))


def test_s06_the_initial_pin_settles_unless_the_area_says_no(till: Till, tmp_path: Path) -> None:
    card = with_card(till, WORKER, pin="initial")
    settles(till, card)
    text = (SHIPPED / "220400.toml").read_text(encoding="utf-8")
    (tmp_path / "220400.toml").write_text(text.replace("value = false", "value = true"), encoding="utf-8")
    use_guides(tmp_path)
    try:
        everywhere_refused(till, "K78", card)
        settles(till, with_card(till, WORKER, pin="set"))
    finally:
        use_guides(None)


@pytest.mark.parametrize(("last", "good"), [("2024-04-30", False), ("2024-05-01", True)])
def test_a_card_is_good_on_its_last_day(till: Till, last: str, good: bool) -> None:
    card = with_card(till, WORKER, valid_until=last)
    if good:
        settles(till, card)
    else:
        everywhere_refused(till, "K75", card)


def test_s09_a_temporary_card_on_day_60_and_61(till: Till) -> None:
    reissue(till)
    temporary(till)
    card = held(till, WORKER).temporary()
    assert card is not None and card.valid_until == "2024-06-29"
    till.time = till.time.replace(month=6, day=29)
    settles(till, card)
    till.time = till.time.replace(day=30)
    everywhere_refused(till, "K76", card)


def test_s09_a_temporary_card_is_not_good_in_another_city(till: Till) -> None:
    reissue(till)
    temporary(till)
    card = held(till, WORKER).temporary()
    assert card is not None
    settles(till, card)
    buys = till.purchase(WORKER, "37.00", [DRUG_A], **by_card(card))
    refused(till, "K77", "2102", buys, place=PHARMACY_ELSEWHERE)
    refused(till, "K77", "1101", identify(card), place=HOSPITAL_ELSEWHERE)
    refused(till, "K77", "2201", registration(till, WORKER, **by_card(card)), place=HOSPITAL_ELSEWHERE)


def test_after_the_day_of_death_nothing_is_settled_by_any_certificate(till: Till) -> None:
    with_card(till, WORKER)
    mdtrt_id = till.visit(WORKER, [DRUG_A])
    put_holder(till, msgspec.structs.replace(held(till, WORKER), died="2024-04-30"))
    refused(till, "K80", "2207", till.asked(WORKER, mdtrt_id, "37.00"))
    refused(till, "K80", "1101", {"data": {"mdtrt_cert_type": "02", "mdtrt_cert_no": held(till, WORKER).certno}})
    put_holder(till, msgspec.structs.replace(held(till, WORKER), died="2024-05-01"))
    assert till.send("2207", till.asked(WORKER, mdtrt_id, "37.00"))["output"]["setlinfo"]["setl_id"]


def test_two_numbers_of_different_cards_are_not_one_card(till: Till) -> None:
    card = with_card(till, WORKER)
    refused(till, "P11", "1101", {"data": by_card(card, card_sn="220400D15600000599999999999999FF")})
