"""第2条：申领：本人到所属地银行窗口，未成年人由家长持证件和户口本协同；手机APP为自己或亲友；查询进度。"""

from __future__ import annotations

from card_desk import AGENT, CHILD, PARENT, WORKER, apply, asked, do, make
from card_holder import held, without_card
from visit_till import Till, refused


def test_s02_in_person_from_application_to_a_card_that_is_ready(till: Till) -> None:
    number = apply(till, docs="cert", collect_at="吉林银行南康支行")
    row = till.send("K202", {"data": {"psn_no": WORKER}})["output"]["appyinfo"]
    assert [(one["appy_no"], one["appy_stas"], one["collect_at"]) for one in row] == [
        (number, "applied", "吉林银行南康支行")
    ]
    assert do(till, "K203", WORKER, appy_no=number, appy_stas="making")["appy_stas"] == "making"
    made = make(till, number)
    assert (made["card_stas"], made["card_no"], made["card_fin_stas"]) == ("ready", "N1", "inactive")
    found = till.house.ledger.fact("card_no", "NEW1")
    assert found is not None and WORKER.encode() in found.content
    assert held(till, WORKER).cards[0].bank == "jlbank"


def test_s02_a_repeat_gets_the_first_answer_and_one_application(till: Till) -> None:
    without_card(till, WORKER)
    first = till.send("K201", asked(WORKER, card_bank="吉林银行"), "M1")
    assert till.send("K201", asked(WORKER, card_bank="吉林银行"), "M1") == first
    assert len(held(till, WORKER).applications) == 1
    refused(till, "K28", "K201", asked(WORKER, card_bank="吉林银行"))


def test_s02_a_minor_comes_with_a_parent_and_the_household_book(till: Till) -> None:
    without_card(till, CHILD)
    alone = refused(till, "K19", "K201", asked(CHILD, card_bank="ccb"))
    assert "户口本" in alone.zh and "8岁" in alone.zh
    no_book = refused(till, "K24", "K201", asked(CHILD, card_bank="ccb", **PARENT | {"docs": "cert,other_cert"}))
    assert "户口本" in no_book.zh
    assert do(till, "K201", CHILD, card_bank="ccb", **PARENT)["appy_stas"] == "applied"
    one = held(till, CHILD).applications[0]
    assert (one.by, one.by_certno) == ("guardian", AGENT["agnter_certno"])


def test_s02_a_person_is_of_age_on_the_eighteenth_birthday(till: Till) -> None:
    pupil = "22040000000000000003"  # born 2005-08-15
    till.time = till.time.replace(year=2023, month=8, day=14)
    without_card(till, pupil)
    refused(till, "K19", "K201", asked(pupil, card_bank="ccb"))
    till.time = till.time.replace(day=15)
    refused(till, "K20", "K201", asked(pupil, card_bank="ccb", **PARENT))
    assert do(till, "K201", pupil, card_bank="ccb")["appy_no"]


def test_s02_by_app_for_oneself_and_for_others_without_papers(till: Till) -> None:
    without_card(till, WORKER)
    do(till, "K201", WORKER, card_bank="jlbank", channel="app", docs="")
    without_card(till, CHILD)
    refused(till, "K19", "K201", asked(CHILD, card_bank="jlbank", channel="app", docs=""))
    told = do(till, "K201", CHILD, card_bank="jlbank", channel="app", docs="", appy_by="relative", **AGENT)
    assert told["appy_stas"] == "applied" and "免费" in told["card_told"]
    without_card(till, "22040000000000000005")
    refused(till, "K18", "K201", asked("22040000000000000005", card_bank="ccb", appy_by="relative", **AGENT))


def test_s02_in_the_own_area_at_a_bank_of_the_area(till: Till) -> None:
    without_card(till, WORKER)
    assert "所属地" in refused(till, "K25", "K201", asked(WORKER, card_bank="ccb", admdvs="220100")).zh
    assert "吉林银行" in refused(till, "K26", "K201", asked(WORKER, card_bank="招商银行")).zh
    assert do(till, "K201", WORKER, card_bank="东辽联社", admdvs="220422")["appy_no"]
    assert held(till, WORKER).applications[0].bank == "rcu"


def test_s02_a_refused_or_withdrawn_application_leaves_the_way_free(till: Till) -> None:
    number = apply(till)
    assert do(till, "K203", WORKER, appy_no=number, appy_stas="refused", memo="照片不合格")["appy_stas"] == "refused"
    assert held(till, WORKER).applications[0].note == "照片不合格"
    second = do(till, "K201", WORKER, card_bank="ccb")["appy_no"]
    assert do(till, "K204", WORKER, appy_no=second)["appy_stas"] == "withdrawn"
    third = do(till, "K201", WORKER, card_bank="ccb")["appy_no"]
    do(till, "K203", WORKER, appy_no=third, appy_stas="making")
    assert "已经开始制卡" in refused(till, "K12", "K204", asked(WORKER, appy_no=third)).zh


def test_s02_all_cards_of_the_dead_end_and_nothing_is_done_for_them(till: Till) -> None:
    nodes = asked(WORKER, channel="window", card_reason="died", docs="")
    refused(till, "K48", "K206", nodes)
    refused(till, "K48", "K206", asked(WORKER, channel="window", card_reason="died", die_date="2024-05-02"))
    ended = do(till, "K206", WORKER, channel="window", card_reason="died", die_date="2024-05-01")
    assert ended["card_stas"] == "cancelled"
    for infno, more in (("K201", {"card_bank": "ccb"}), ("K701", {}), ("K801", {"card_reason": "lost"})):
        assert "死亡" in refused(till, "K17", infno, asked(WORKER, **more)).zh
