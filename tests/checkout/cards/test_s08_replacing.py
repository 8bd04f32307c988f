"""第8条：补领：中国银行、交通银行先到银行领预制卡再到综合服务机构；所列网点直接办理；省内异地，金融账户注销的除外；工本费。"""

from __future__ import annotations

import pytest
from card_desk import AGENT, WORKER, asked, card_of, do, lost, make, reissue
from card_holder import held, with_card
from visit_till import Till, refused

from settlement.registry.guide import guide_of

NEW = {"new_card_sn": "NEW9", "new_card_no": "N9"}
CHANGCHUN = "22010000000000000008"
POINTS = guide_of("220400").points_in(service="reissue")


def test_s08_lost_applied_made_and_collected(till: Till) -> None:
    number = reissue(till, card_fee="20.00")
    old = held(till, WORKER).cards[0]
    assert (old.state, old.fee_fen) == ("replaced", 2000)
    make(till, number)
    do(till, "K301", WORKER, appy_no=number)
    card = card_of(till)
    assert (card.card_no, card.state, card.financial, card.bank) == ("N1", "active", "inactive", "jlbank")


@pytest.mark.parametrize("bank", ["boc", "bocom"])
def test_s08_with_two_banks_first_to_the_bank_then_to_the_office(till: Till, bank: str) -> None:
    lost(till, bank=bank)
    caught = refused(till, "K38", "K801", asked(WORKER, channel="window", card_reason="lost"))
    assert "预制卡" in caught.zh
    refused(till, "K49", "K801", asked(WORKER, card_reason="lost"))  # the bank hands a card out there and then
    told = do(till, "K801", WORKER, card_reason="lost", **NEW)
    assert told["appy_stas"] == "prefab" and "综合服务机构" in told["card_told"]
    refused(till, "K12", "K301", asked(WORKER, appy_no=told["appy_no"]))
    refused(till, "K16", "K802", asked(WORKER, appy_no=told["appy_no"]))
    assert card_of(till).state == "ready"
    ended = do(till, "K802", WORKER, appy_no=told["appy_no"], channel="window")
    assert (ended["appy_stas"], ended["card_stas"]) == ("collected", "active")


def test_s08_other_banks_cards_are_not_completed_at_the_office(till: Till) -> None:
    number = reissue(till)
    refused(till, "K12", "K802", asked(WORKER, appy_no=number, channel="window"))


@pytest.mark.parametrize("point", POINTS, ids=lambda point: point.name)
def test_s08_each_listed_point_reports_and_re_issues_at_once(till: Till, point: object) -> None:
    with_card(till, WORKER, bank=point.bank)  # type: ignore[attr-defined]
    at = {"point_name": point.name, "card_bank": point.bank}  # type: ignore[attr-defined]
    told = do(till, "K801", WORKER, card_reason="lost", **at, **NEW)
    assert told["appy_stas"] == "ready"
    do(till, "K301", WORKER, appy_no=told["appy_no"])
    assert card_of(till).card_no == "N9"


def test_s08_anywhere_else_a_lost_card_is_reported_first_and_the_bank_is_the_cards(till: Till) -> None:
    with_card(till, WORKER)
    assert "挂失" in refused(till, "K37", "K801", asked(WORKER, card_reason="lost")).zh
    refused(till, "K33", "K801", asked(WORKER, card_reason="damaged", card_bank="ccb"))
    refused(till, "K18", "K801", asked(
        WORKER, card_reason="damaged", appy_by="agent", docs="cert,other_cert,card", **AGENT
    ))  # fmt: skip


def test_s08_elsewhere_in_the_province_unless_the_account_is_closed(till: Till) -> None:
    with_card(till, WORKER, financial="closed")
    caught = refused(till, "K39", "K801", asked(WORKER, card_reason="damaged", admdvs="220100"))
    assert "已经注销" in caught.zh
    with_card(till, WORKER, financial="inactive")
    told = do(till, "K801", WORKER, card_reason="damaged", admdvs="220100", card_fee="15.00")
    assert (told["appy_stas"], told["card_fee"]) == ("applied", "15.00")


def test_s08_the_listed_points_serve_cards_of_other_places(till: Till) -> None:
    with_card(till, CHANGCHUN, bank="ccb")
    point = next(one for one in POINTS if one.bank == "ccb")
    at = {"point_name": point.name, "admdvs": "220400", "card_bank": "ccb"}
    assert do(till, "K801", CHANGCHUN, card_reason="lost", **at, **NEW)["appy_stas"] == "ready"
    beijing = "11000000000000000012"
    with_card(till, beijing, bank="ccb")
    refused(till, "K40", "K801", asked(beijing, card_reason="damaged", card_bank="ccb", admdvs="220400"))
    more = {"new_card_sn": "NEW8", "new_card_no": "N8"}
    assert do(till, "K801", beijing, card_reason="lost", **at, **more)["appy_stas"] == "ready"


def test_s08_s10_the_bank_charges_for_personal_reasons_only(till: Till) -> None:
    with_card(till, WORKER)
    caught = refused(till, "K41", "K801", asked(WORKER, card_reason="fault", card_fee="10.00"))
    assert "非个人原因" in caught.zh
    assert "以银行为准" in do(till, "K801", WORKER, card_reason="damaged")["card_told"]


def test_s08_a_re_issue_is_applied_for_once_and_not_withdrawn(till: Till) -> None:
    number = reissue(till)
    refused(till, "K10", "K801", asked(WORKER, card_reason="lost"))
    refused(till, "K08", "K204", asked(WORKER, appy_no=number))
