"""第7条：挂失即时生效；12333人工有时间、自动语音随时；微信、银行；解挂只在补领申请之前。"""

from __future__ import annotations

from datetime import datetime

import pytest
from card_desk import WORKER, asked, card_of, do, lost
from card_holder import held, with_card
from visit_till import Till, refused


def called(till: Till, channel: str, **more: str) -> dict[str, dict[str, str]]:
    holder = held(till, WORKER)
    return asked(WORKER, channel=channel, docs="", psn_name=holder.psn_name, certno=holder.certno, **more)


@pytest.mark.parametrize(
    ("moment", "answers"),
    [
        ("2024-07-03 08:29:00", False), ("2024-07-03 08:31:00", True), ("2024-07-03 11:31:00", False),
        ("2024-07-03 13:15:00", False), ("2024-07-03 16:45:00", True), ("2024-12-04 13:15:00", True),
        ("2024-12-04 16:45:00", False), ("2024-07-06 09:00:00", False),
    ],
)  # fmt: skip
def test_s07_people_answer_in_their_hours_by_season_the_machine_at_any_time(
    till: Till, moment: str, answers: bool
) -> None:
    with_card(till, WORKER)
    till.time = datetime.fromisoformat(moment)
    if answers:
        assert till.send("K701", called(till, "phone_staffed"))["output"]["result"]["card_stas"] == "lost"
    else:
        assert "自动语音" in refused(till, "K36", "K701", called(till, "phone_staffed")).zh
        assert till.send("K701", called(till, "phone_auto"))["output"]["result"]["card_stas"] == "lost"


def test_s07_the_caller_must_know_name_and_number(till: Till) -> None:
    refused(till, "K47", "K701", called(till, "phone_staffed") | {"data": called(till, "phone_staffed")["data"] | {
        "psn_name": "别人"
    }})  # fmt: skip
    refused(till, "C01", "K701", asked(WORKER, channel="phone_auto", docs=""))
    refused(till, "K47", "K701", asked(WORKER, channel="phone_auto", docs="", certno="220400195006180045"))
    assert card_of(till).state == "active"


@pytest.mark.parametrize(("channel", "docs"), [("wechat", ""), ("bank", "cert"), ("window", "cert")])
def test_s07_other_channels(till: Till, channel: str, docs: str) -> None:
    do(till, "K701", WORKER, channel=channel, docs=docs)
    card = card_of(till)
    assert (card.state, card.lost_by, card.lost_on[:10]) == ("lost", channel, "2024-05-01")


def test_s07_by_telephone_a_loss_can_be_reported_and_nothing_else(till: Till) -> None:
    lost(till)
    for channel in ("phone_staffed", "phone_auto"):
        assert "解挂" in refused(till, "K16", "K702", called(till, channel)).zh


def test_s07_a_found_card_works_again_with_card_and_document(till: Till) -> None:
    lost(till)
    assert "不必重复" in refused(till, "K10", "K701", asked(WORKER)).zh
    refused(till, "K24", "K702", asked(WORKER, docs="cert"))  # the card itself
    assert do(till, "K702", WORKER, channel="window")["card_stas"] == "active"
    assert "没有挂失" in refused(till, "K10", "K702", asked(WORKER)).zh


def test_s07_after_the_application_for_another_card_the_old_one_stays_void(till: Till) -> None:
    lost(till)
    do(till, "K801", WORKER, card_reason="lost")
    caught = refused(till, "K10", "K702", asked(WORKER))
    assert "补领申请" in caught.zh and "第7条" in caught.zh
    assert held(till, WORKER).present() is None
