"""第3条领取（本人，或代办人持双方证件）与第4条激活（社会保障账户领卡即激活；金融账户本人到卡面银行）。"""

from __future__ import annotations

from card_desk import AGENT, CHILD, PARENT, WORKER, apply, asked, card_of, collected, do, make
from card_holder import held
from visit_till import Till, refused


def accounts(till: Till, psn_no: str = WORKER) -> str:
    told: str = till.send("K402", {"data": {"psn_no": psn_no}})["output"]["card_told"]
    return told


def test_s03_the_holder_or_an_agent_with_both_documents(till: Till) -> None:
    number = apply(till)
    refused(till, "K12", "K301", asked(WORKER, appy_no=number))  # not made yet
    make(till, number)
    refused(till, "K24", "K301", asked(WORKER, appy_no=number, docs=""))
    by_agent = {"appy_no": number, "appy_by": "agent"} | AGENT
    lacking = refused(till, "K24", "K301", asked(WORKER, docs="cert", **by_agent))
    assert "代办人" in lacking.zh
    refused(till, "K21", "K301", asked(WORKER, docs="cert,other_cert", **by_agent | {
        "agnter_certno": held(till, WORKER).certno
    }))  # fmt: skip
    told = do(till, "K301", WORKER, docs="cert,other_cert", channel="community", **by_agent)
    assert (told["appy_stas"], told["card_stas"]) == ("collected", "active")
    refused(till, "K12", "K301", asked(WORKER, appy_no=number))


def test_s03_a_card_is_not_handed_out_by_telephone(till: Till) -> None:
    number = apply(till)
    make(till, number)
    refused(till, "K16", "K301", asked(WORKER, appy_no=number, channel="phone_auto"))


def test_s04_the_social_account_works_from_collection_and_the_financial_one_not_yet(till: Till) -> None:
    card = collected(till)
    assert (card.state, card.financial, card.pin, card.issued) == ("active", "inactive", "initial", "2024-05-01")
    assert "就医结算" in accounts(till) and "尚不能用" in accounts(till)
    told = do(till, "K401", WORKER, card_bank="jlbank")
    assert told["card_fin_stas"] == "active" and card_of(till).bank_account == "62171"
    assert "金融支付" in accounts(till) and "尚不能用" not in accounts(till)
    assert "已经激活" in refused(till, "K13", "K401", asked(WORKER, card_bank="jlbank")).zh


def test_s04_only_the_holder_at_the_bank_on_the_card_with_card_and_document(till: Till) -> None:
    collected(till)
    by_agent = asked(WORKER, card_bank="jlbank", appy_by="agent", docs="cert,other_cert,card", **AGENT)
    assert "本人" in refused(till, "K18", "K401", by_agent).zh
    assert "吉林银行" in refused(till, "K33", "K401", asked(WORKER, card_bank="ccb")).zh
    refused(till, "K16", "K401", asked(WORKER, card_bank="jlbank", channel="window"))
    assert "社会保障卡" in refused(till, "K24", "K401", asked(WORKER, card_bank="jlbank", docs="cert")).zh
    assert card_of(till).financial == "inactive"


def test_s04_a_minor_with_a_parent_and_the_household_book(till: Till) -> None:
    collected(till, CHILD, **PARENT)
    refused(till, "K19", "K401", asked(CHILD, card_bank="jlbank"))
    assert do(till, "K401", CHILD, card_bank="jlbank", **PARENT)["card_fin_stas"] == "active"


def test_s04_a_closed_account_is_not_activated_again(till: Till) -> None:
    collected(till)
    do(till, "K401", WORKER, card_bank="jlbank")
    assert do(till, "K403", WORKER, card_bank="jlbank")["card_fin_stas"] == "closed"
    refused(till, "K13", "K401", asked(WORKER, card_bank="jlbank"))
