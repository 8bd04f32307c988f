"""第6条：社会保障账户密码与银行账户密码是两回事；修改在服务机构、医院、药店，锁死后本人到综合服务大厅重置。"""

from __future__ import annotations

from card_desk import AGENT, WORKER, asked, card_of, collected, do
from visit_till import Till, refused


def test_s06_changed_locked_reset_and_changed_again(till: Till) -> None:
    collected(till)
    assert do(till, "K601", WORKER, channel="pharmacy")["card_pin_stas"] == "set"
    assert do(till, "K602", WORKER, channel="hospital", docs="")["card_pin_stas"] == "locked"
    assert "重置" in refused(till, "K14", "K601", asked(WORKER, channel="pharmacy")).zh
    told = do(till, "K603", WORKER, channel="window", docs="cert")
    assert told["card_pin_stas"] == "initial" and "修改" in told["card_told"]
    assert do(till, "K601", WORKER, channel="hospital")["card_pin_stas"] == "set"


def test_s06_reset_is_the_holders_own_at_the_hall_with_a_document(till: Till) -> None:
    collected(till)
    refused(till, "K14", "K603", asked(WORKER, channel="window"))  # nothing is locked
    do(till, "K602", WORKER, channel="hospital")
    refused(till, "K16", "K603", asked(WORKER, channel="pharmacy"))
    refused(till, "K18", "K603", asked(WORKER, channel="window", appy_by="agent", docs="cert,other_cert", **AGENT))
    refused(till, "K24", "K603", asked(WORKER, channel="window", docs=""))
    assert card_of(till).pin == "locked"


def test_s06_the_banks_pin_is_the_banks(till: Till) -> None:
    collected(till)
    for infno in ("K601", "K602", "K603"):
        caught = refused(till, "K35", infno, asked(WORKER, channel="window", card_pin_kind="bank"))
        assert "两个密码" in caught.zh


def test_s06_no_pin_is_in_the_book(till: Till) -> None:
    collected(till)
    do(till, "K601", WORKER, channel="window")
    content = b"".join(fact.content for fact in till.house.ledger.history("card", WORKER))
    assert b"123456" not in content and b"888888" not in content
