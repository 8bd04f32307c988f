"""第9条：临时卡：医院证明；60日，可延长，最长6个月；不具金融功能；交回后才发补领的卡；丢失或损坏缴20元。"""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from card_desk import AGENT, WORKER, asked, do, lost, make, reissue, temporary
from card_holder import held
from visit_till import Till, refused

from settlement.checkout.cards.temporary import longest


def test_s09_sixty_days_counting_the_first(till: Till) -> None:
    reissue(till)
    told = temporary(till)
    assert (told["card_until"], told["card_fin_stas"]) == ("2024-06-29", "none")
    assert (date(2024, 6, 29) - date(2024, 5, 1)).days + 1 == 60
    assert "20.00" in told["card_told"] and "跨地区" in told["card_told"]


@pytest.mark.parametrize(
    ("issued", "last"),
    [
        ("2024-05-01", "2024-10-31"), ("2023-08-31", "2024-02-29"), ("2024-08-31", "2025-02-28"),
        ("2024-02-29", "2024-08-28"), ("2024-12-31", "2025-06-30"), ("2024-07-15", "2025-01-14"),
    ],
)  # fmt: skip
def test_s09_six_months_at_most(issued: str, last: str) -> None:
    assert longest(date.fromisoformat(issued), 6).isoformat() == last


def test_s09_not_extended_on_day_61_nor_beyond_six_months(till: Till) -> None:
    reissue(till)
    temporary(till)
    longer = {"channel": "window", "docs": "cert", "memo": "住院未愈"}
    refused(till, "K46", "K902", asked(WORKER, **longer, card_until="2024-06-29"))
    refused(till, "K46", "K902", asked(WORKER, **longer | {"memo": ""}, card_until="2024-07-29"))
    assert "2024-10-31" in refused(till, "K45", "K902", asked(WORKER, **longer, card_until="2024-11-01")).zh
    till.time += timedelta(days=60)  # 30 June, day 61
    refused(till, "K46", "K902", asked(WORKER, **longer, card_until="2024-08-01"))


def test_s09_extended_twice_up_to_the_last_day_of_month_six(till: Till) -> None:
    reissue(till)
    temporary(till)
    longer = {"channel": "window", "docs": "cert", "memo": "住院未愈"}
    till.time += timedelta(days=59)  # 29 June, day 60
    assert do(till, "K902", WORKER, **longer, card_until="2024-08-31")["card_until"] == "2024-08-31"
    assert do(till, "K902", WORKER, **longer, card_until="2024-10-31")["card_until"] == "2024-10-31"
    out = held(till, WORKER).temporary()
    assert out is not None and len(out.extended) == 2
    refused(till, "K45", "K902", asked(WORKER, **longer, card_until="2024-11-01"))


def test_s09_the_hospitals_certificate_each_once(till: Till) -> None:
    reissue(till)
    usual = {"channel": "window", "docs": "cert,hospital_paper", "fixmedins_code": "H22040000001"}
    numbers = {"card_sn": "TMP1", "card_no": "T1"}
    assert "医院" in refused(till, "K43", "K901", asked(WORKER, **usual, **numbers)).zh
    with_paper = usual | numbers | {"hosp_paper_no": "LS1"}
    refused(till, "K24", "K901", asked(WORKER, **with_paper | {"docs": "cert"}))
    refused(till, "K43", "K901", asked(WORKER, **with_paper | {"fixmedins_code": "P22040000001"}))
    refused(till, "P13", "K901", asked(WORKER, **with_paper | {"fixmedins_code": "H99999999999"}))
    do(till, "K901", WORKER, **with_paper)
    do(till, "K903", WORKER, channel="window")
    again = with_paper | {"card_sn": "TMP2", "card_no": "T2"}
    assert "用过" in refused(till, "K43", "K901", asked(WORKER, **again)).zh


def test_s09_only_between_an_application_and_the_card(till: Till) -> None:
    usual = {"channel": "window", "docs": "cert,hospital_paper", "card_sn": "TMP1", "card_no": "T1"}
    assert "急需" in refused(till, "K42", "K901", asked(WORKER, **usual)).zh
    number = reissue(till)
    by_agent = usual | {"appy_by": "agent", **AGENT}
    refused(till, "K24", "K901", asked(WORKER, **by_agent))
    temporary(till, appy_by="agent", **AGENT, docs="cert,hospital_paper,other_cert")
    refused(till, "K42", "K901", asked(WORKER, **usual))
    do(till, "K903", WORKER, channel="window")
    make(till, number)
    assert "直接领取" in refused(till, "K42", "K901", asked(WORKER, **usual)).zh


def test_s09_given_back_before_the_new_card_is_handed_out(till: Till) -> None:
    number = reissue(till)
    temporary(till)
    make(till, number)
    assert "不予发放" in refused(till, "K32", "K301", asked(WORKER, appy_no=number)).zh
    assert do(till, "K903", WORKER, channel="window")["card_stas"] == "returned"
    assert do(till, "K301", WORKER, appy_no=number)["card_stas"] == "active"
    refused(till, "K44", "K903", asked(WORKER, channel="window"))


def test_s09_given_back_before_the_office_completes_a_prefabricated_card(till: Till) -> None:
    lost(till, bank="boc")
    number = do(till, "K801", WORKER, card_reason="lost", new_card_sn="NEW9", new_card_no="N9")["appy_no"]
    temporary(till)
    refused(till, "K32", "K802", asked(WORKER, appy_no=number, channel="window"))
    do(till, "K903", WORKER, channel="window")
    assert do(till, "K802", WORKER, appy_no=number, channel="window")["card_stas"] == "active"


def test_s09_twenty_yuan_for_a_lost_or_damaged_one(till: Till) -> None:
    number = reissue(till)
    temporary(till)
    make(till, number)
    gone = do(till, "K904", WORKER, channel="window", card_reason="lost")
    assert (gone["card_stas"], gone["card_fee"]) == ("lost", "20.00")
    assert "工本费" in refused(till, "K32", "K301", asked(WORKER, appy_no=number)).zh
    refused(till, "K11", "K904", asked(WORKER, channel="window", card_reason="lost"))
    refused(till, "K41", "K904", asked(WORKER, channel="window", card_fee="19.99"))
    paid = do(till, "K904", WORKER, channel="window", card_fee="20")
    assert paid["card_stas"] == "replaced" and held(till, WORKER).temporary() is None
    assert do(till, "K301", WORKER, appy_no=number)["card_stas"] == "active"


def test_s09_it_has_no_financial_function(till: Till) -> None:
    reissue(till)
    temporary(till)
    caught = refused(till, "K34", "K401", asked(WORKER, card_no="T1", card_bank="jlbank", card_acct="1"))
    assert "金融功能" in caught.zh


def test_s09_a_dead_holders_temporary_card_still_comes_back(till: Till) -> None:
    reissue(till)
    temporary(till)
    do(till, "K206", WORKER, channel="window", card_reason="died", die_date="2024-05-01")
    assert do(till, "K903", WORKER, channel="window", docs="")["card_stas"] == "returned"
