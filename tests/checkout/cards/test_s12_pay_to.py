"""Section 12: pensions, unemployment benefits and other pay-outs are moved to the account of the card."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from card_holder import held, put_holder, with_card, without_card
from visit_till import PERSONS, Till, refused

from settlement.national.routes import ROUTES, check_output
from settlement.registry.holder import CLOSED, LOCKED, LOST, NOT_ACTIVATED, READY

RETIRED = PERSONS["retired"]


def moving(payout: str = "pension", **more: str) -> dict[str, Any]:
    return {"data": {"psn_no": RETIRED, "payout": payout, "channel": "bank", "docs": "cert,card"} | more}


def paid_to(till: Till) -> dict[str, dict[str, Any]]:
    output = till.send("KC02", {"data": {"psn_no": RETIRED}})["output"]
    assert check_output(ROUTES["KC02"], output) == []
    return {row["payout"]: row for row in output["payoutinfo"]}


def test_s12_an_active_card_of_the_bank_of_jilin(till: Till) -> None:
    card = with_card(till, RETIRED)
    before = paid_to(till)["pension"]
    assert before["card_acct"] is None and "吉林银行任一营业网点登记" in before["advice"]
    output = till.send("KC01", moving())["output"]
    assert check_output(ROUTES["KC01"], output) == []
    assert output["result"]["card_acct"] == card.bank_account and output["result"]["former_acct"] is None
    assert "不收费" in output["result"]["card_told"]
    after = paid_to(till)
    assert after["pension"]["card_acct"] == card.bank_account and after["unemployment"]["card_acct"] is None
    assert set(after) == {"pension", "unemployment", "wages", "social_subsidy", "minimum_living", "farm_benefit"}


def test_s12_by_its_chinese_name_too(till: Till) -> None:
    with_card(till, RETIRED)
    assert till.send("KC01", moving("失业金"))["output"]["result"]["payout"] == "unemployment"


def test_s12_a_card_that_is_not_activated_is_activated_first(till: Till) -> None:
    with_card(till, RETIRED, financial=NOT_ACTIVATED, bank_account="")
    assert "先激活金融账户" in refused(till, "K60", "KC01", moving()).zh
    assert "先激活金融账户" in paid_to(till)["pension"]["advice"]
    with_card(till, RETIRED)
    till.send("KC01", moving())
    with_card(till, RETIRED, financial=CLOSED)
    assert "已注销" in refused(till, "K60", "KC01", moving("unemployment")).zh


def test_s12_who_has_no_card_applies_at_one_of_two_branches(till: Till) -> None:
    without_card(till, RETIRED)
    zh = refused(till, "K58", "KC01", moving()).zh
    assert "南康支行" in zh and "长寿街支行" in zh and "不收费" in zh
    assert "南康支行" in paid_to(till)["pension"]["advice"]


@pytest.mark.parametrize("bank", ["icbc", ""])
def test_s12_another_banks_card_is_not_in_the_text(till: Till, bank: str) -> None:
    with_card(till, RETIRED, bank=bank)
    assert "吉林银行" in refused(till, "K61", "KC01", moving()).zh
    till.send("KC01", moving("wages"))  # for wages no bank is named


def test_s12_a_minor_with_a_parent(till: Till) -> None:
    child = "22040000000000000006"
    with_card(till, child)
    data = moving("farm_benefit")["data"] | {"psn_no": child}
    refused(till, "K19", "KC01", {"data": data})
    parent = {"appy_by": "guardian", "agnter_name": "虚构甲", "agnter_certno": "220400197911030054"}
    assert "户口本" in refused(till, "K24", "KC01", {"data": data | parent}).zh
    seen = {"docs": "cert,other_cert,hukou,card"}
    assert till.send("KC01", {"data": data | parent | seen})["output"]["result"]["payout"] == "farm_benefit"


def test_s12_nothing_is_moved_or_paid_for_the_dead(till: Till) -> None:
    with_card(till, RETIRED)
    till.send("KC01", moving())
    put_holder(till, msgspec.structs.replace(held(till, RETIRED), died="2024-05-01"))
    refused(till, "K17", "KC01", moving("wages"))
    payment = {"psn_no": RETIRED, "payout": "pension", "pay_month": "202405", "pay_amt": "3000.00"}
    refused(till, "K17", "KC03", {"data": payment})


@pytest.mark.parametrize("state", [LOST, LOCKED, READY])
def test_s12_a_card_that_is_not_good(till: Till, state: str) -> None:
    with_card(till, RETIRED, state=state)
    refused(till, "K59", "KC01", moving())


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({"docs": "cert"}, "K24"), ({"docs": "card"}, "K24"), ({"docs": "passport"}, "K15"), ({"docs": ""}, "K24"),
        ({"appy_by": "agent", "agnter_name": "虚构甲", "agnter_certno": "220400197911030054"}, "K18"),
        ({"agnter_certno": "220400195006180045"}, "K21"), ({"appy_by": "guardian"}, "K22"),
        ({"channel": "wechat"}, "K62"), ({"channel": "window"}, "K62"), ({"channel": ""}, "C01"),
        ({"payout": "lottery"}, "K52"), ({"payout": ""}, "B60"), ({"psn_no": "0"}, "P14"),
        ({"card_acct": "6222000000009999"}, "K65"),
    ],
)  # fmt: skip
def test_s12_in_person_at_the_bank_with_both_documents(till: Till, more: dict[str, str], code: str) -> None:
    with_card(till, RETIRED)
    refused(till, code, "KC01", moving(**more))
    assert held(till, RETIRED).pays_to == {}


def test_s12_an_account_of_somebody_is_not_told_to_the_clerk(till: Till) -> None:
    card = with_card(till, RETIRED)
    error = refused(till, "K65", "KC01", moving(card_acct="6222000000009999"))
    assert card.bank_account not in str(error) + error.zh and "6222000000009999" not in str(error) + error.zh


def test_s12_an_account_that_was_never_registered(till: Till) -> None:
    with_card(till, RETIRED, bank_account="")
    refused(till, "K66", "KC01", moving())


def test_s12_moved_twice_is_moved_once(till: Till) -> None:
    with_card(till, RETIRED)
    msgid = till.next_msgid()
    first = till.send("KC01", moving(), msgid)
    assert till.send("KC01", moving(), msgid)["output"] == first["output"]
    refused(till, "K67", "KC01", moving())


def test_s12_a_new_card_with_another_account_is_registered_anew(till: Till) -> None:
    old = with_card(till, RETIRED)
    till.send("KC01", moving())
    new = with_card(till, RETIRED, bank_account="6217000000001111")
    stale = paid_to(till)["pension"]
    assert stale["card_acct"] == old.bank_account and "重新登记" in stale["advice"]
    result = till.send("KC01", moving(card_acct=new.bank_account))["output"]["result"]
    assert (result["former_acct"], result["card_acct"]) == (old.bank_account, new.bank_account)
    assert paid_to(till)["pension"]["advice"] == "已发放到现用社会保障卡账户"
