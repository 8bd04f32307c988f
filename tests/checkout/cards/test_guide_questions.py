"""Sections 6 to 11 as questions: the reminder of PINs, channels, points and ways to re-issue, terms, fees, numbers."""

from __future__ import annotations

from typing import Any

import pytest
from card_holder import with_card, without_card
from visit_till import PERSONS, Till, refused

from settlement.national.routes import ROUTES, check_output
from settlement.registry.holder import CLOSED, PIN_INITIAL, PIN_LOCKED, PIN_SET

WORKER = PERSONS["worker"]


def asked(till: Till, infno: str, **data: str) -> dict[str, Any]:
    """Ask; the answer has its form, and says from where it is."""
    before = till.house.ledger.head()
    output: dict[str, Any] = till.send(infno, {"data": data})["output"]
    assert check_output(ROUTES[infno], output) == []
    assert output["sourceinfo"]["confidence"] == "secondary" and "存档副本" in output["sourceinfo"]["memo"]
    assert till.house.ledger.head() == before
    return output


# ---- section 6 ----


def reminded(till: Till, **more: str) -> list[dict[str, Any]]:
    with_card(till, WORKER, **more)
    rows: list[dict[str, Any]] = asked(till, "K691", psn_no=WORKER)["pininfo"]
    return rows


def test_s06_two_pins_and_where_each_is_changed(till: Till) -> None:
    social, bank = reminded(till, bank="ccb", pin=PIN_INITIAL)
    assert social["card_pin_kind"] == "social" and "123456" in social["initial_pin_hint"]
    assert social["change_at"] == "社会保障卡服务机构、定点医院、定点药店"
    assert (bank["card_pin_kind"], bank["initial_pin_hint"]) == ("bank", "955330")
    assert bank["change_at"] == "联名合作商业银行营业网点" and "修改" in bank["advice"]


def test_s06_who_changed_the_pin_is_not_told_the_initial_one(till: Till) -> None:
    social, _ = reminded(till, pin=PIN_SET)
    assert social["initial_pin_hint"] is None and "123456" not in str(social)


def test_s06_a_locked_pin_is_reset_by_the_holder_at_the_service_hall(till: Till) -> None:
    social, _ = reminded(till, pin=PIN_LOCKED)
    assert social["initial_pin_hint"] is None
    assert "综合服务大厅" in social["advice"] and "本人持有效身份证件" in social["advice"]


def test_s06_rules_for_a_pin_are_told_and_never_worked_out(till: Till) -> None:
    """The text of two banks is a rule on the holder's own numbers: it is quoted, no digits of the holder are."""
    certno = till.house.registry.persons[WORKER].certno
    _, boc = reminded(till, bank="boc")
    assert boc["initial_pin_hint"] == "身份证号后7位去掉最后一位" and certno[-7:-1] not in str(boc)


def test_s06_a_bank_not_on_record_means_all_of_them(till: Till) -> None:
    rows = reminded(till, bank="")
    assert len(rows) == 9 and [row["bank_name"] for row in rows if "疑为" in (row["memo"] or "")] == [
        "辽东农村信用联社"
    ]
    without_card(till, WORKER)
    assert len(asked(till, "K691", psn_no=WORKER)["pininfo"]) == 9
    refused(till, "P14", "K691", {"data": {"psn_no": "0"}})


# ---- section 7 ----


def test_s07_channels_at_a_moment_and_now(till: Till) -> None:
    rows = {row["channel"]: row for row in asked(till, "K791", moment="2024-12-02 13:10:00")["channelinfo"]}
    assert rows["phone_staffed"]["answers_now"] == "yes" and rows["phone_staffed"]["confidence"] == "assumed"
    assert rows["phone_staffed"]["open_hours"] == "08:30-11:30、13:00-16:30"
    assert rows["phone_auto"]["answers_now"] == "yes" and "社保卡挂失按2" in rows["phone_auto"]["steps"]
    assert rows["wechat"]["can_unblock"] == "not_said" and rows["phone_auto"]["can_unblock"] == "no"
    [now] = asked(till, "K791", channel="phone_staffed")["channelinfo"]  # the till's clock: Wednesday 1 May, 09:00
    assert (now["answers_now"], now["season"]) == ("yes", "summer")


def test_s07_what_cannot_be_asked(till: Till) -> None:
    refused(till, "K52", "K791", {"data": {"channel": "pigeon"}})
    refused(till, "K56", "K791", {"data": {"moment": "noon"}})
    refused(till, "K51", "K791", {"data": {"admdvs": "22"}})
    refused(till, "K50", "K791", {"data": {"admdvs": "110000"}})


# ---- section 8 ----


def test_s08_points_by_district_service_and_bank(till: Till) -> None:
    city = asked(till, "K891", admdvs="220400")
    assert len(city["pointinfo"]) == 11 and city["adviceinfo"] is None
    assert "未能取得" in city["unreadinfo"][0]["memo"]
    county = asked(till, "K891", admdvs="220422", service="reissue")
    assert [row["admdvs"] for row in county["pointinfo"]] == ["220422"] * 3
    assert {row["confidence"] for row in county["pointinfo"]} == {"assumed"}  # the county is read out of the name
    district = asked(till, "K891", admdvs="220402", service="reissue")
    assert district["pointinfo"] is None and "4个网点" in district["adviceinfo"]["advice"]
    [post] = asked(till, "K891", admdvs="220421", card_bank="邮储银行")["pointinfo"]
    assert post["addr"] == "东丰镇东风路3427号" and post["confidence"] == "secondary"


def test_s08_points_come_in_pages(till: Till) -> None:
    pages = [asked(till, "K891", admdvs="220400", page_num=str(n), page_size="4")["pointinfo"] for n in (1, 2, 3, 4)]
    assert [len(page or ()) for page in pages] == [4, 4, 3, 0]
    assert [row for page in pages for row in page or ()] == asked(till, "K891", admdvs="220400")["pointinfo"]
    for wrong, code in (({"page_num": "0"}, "B62"), ({"service": "dance"}, "K52"), ({"card_bank": "某某银行"}, "K52")):
        refused(till, code, "K891", {"data": {"admdvs": "220400"} | wrong})


def way(till: Till, **data: str) -> dict[str, Any]:
    return asked(till, "K892", psn_no=WORKER, **data)


@pytest.mark.parametrize("bank", ["boc", "bocom"])
def test_s08_bank_first_then_the_office(till: Till, bank: str) -> None:
    with_card(till, WORKER, bank=bank)
    told = way(till)
    assert told["wayinfo"]["usable_flag"] == "1" and told["pointinfo"] is None
    advice = told["wayinfo"]["advice"]
    assert advice.index("预制卡") < advice.index("综合服务机构")


def test_s08_points_of_the_cards_bank(till: Till) -> None:
    with_card(till, WORKER, bank="ccb")
    told = way(till)
    assert [row["point_name"] for row in told["pointinfo"]] == [
        "建设银行吉源支行营业部",
        "建设银行东辽支行",
        "建设银行东辽支行",
    ]
    assert told["feeinfo"][0]["fee_item"] == "reissue" and told["feeinfo"][0]["card_fee"] is None
    with_card(till, WORKER, bank="jlbank")
    told = way(till)
    assert told["pointinfo"] is None and "没有列出吉林银行" in told["wayinfo"]["advice"]


def test_s08_a_bank_not_on_record_may_be_said(till: Till) -> None:
    assert len(way(till)["pointinfo"]) == 9 and "中国银行" in way(till)["wayinfo"]["advice"]
    assert len(way(till, card_bank="农业银行")["pointinfo"]) == 2
    refused(till, "K52", "K892", {"data": {"psn_no": WORKER, "card_bank": "某某银行"}})
    refused(till, "K51", "K892", {"data": {"psn_no": WORKER, "admdvs": "x"}})


def test_s08_elsewhere_in_the_province_unless_the_account_is_closed(till: Till) -> None:
    with_card(till, WORKER, bank="boc")
    told = way(till, admdvs="220100")
    assert told["wayinfo"]["usable_flag"] == "1" and told["pointinfo"] is None
    assert [row["fee_item"] for row in told["feeinfo"]] == ["reissue_elsewhere"]
    with_card(till, WORKER, bank="boc", financial=CLOSED)
    told = way(till, admdvs="220100")
    assert told["wayinfo"]["usable_flag"] == "0" and "已注销" in told["wayinfo"]["advice"] and told["feeinfo"] is None
    assert way(till)["wayinfo"]["usable_flag"] == "1"  # at home it does not matter
    assert "没有说明" in way(till, admdvs="110000")["wayinfo"]["advice"]


# ---- sections 9 to 11 ----


def test_s09_terms_of_temporary_cards(till: Till) -> None:
    terms = asked(till, "K991")["temporaryinfo"]
    assert (terms["valid_days"], terms["longest_months"], terms["card_fee"]) == ("60", "6", "20.00")
    assert (terms["financial_flag"], terms["across_regions_flag"]) == ("0", "0")
    assert "《申请医保临时卡证明》" in terms["needs"] and "交回" in terms["advice"]


def test_s10_fees(till: Till) -> None:
    told = asked(till, "KA01")
    fees = {row["fee_item"]: (row["charged_flag"], row["card_fee"]) for row in told["feeinfo"]}
    assert fees == {
        "annual": ("0", "0.00"), "small_account": ("0", "0.00"), "opening": ("0", "0.00"), "first_card": ("0", "0.00"),
        "reissue": ("1", None), "reissue_elsewhere": ("1", None), "temporary_lost": ("1", "20.00"),
    }  # fmt: skip
    assert "优惠政策" in told["unreadinfo"][0]["table_title"] and len(told["unreadinfo"]) == 1


def test_s11_numbers_of_the_area_first(till: Till) -> None:
    def numbers(area: str) -> list[str]:
        return [row["tel"] for row in asked(till, "KB01", admdvs=area)["phoneinfo"]]

    assert numbers("220421") == ["0437-6210522", "0437-3168927", "0437-3168917", "12333"]
    assert numbers("220403")[0] == "13351568007"
    assert numbers("220400") == [
        "0437-3168927", "0437-3168917", "0437-6210522", "0437-5555817", "0437-3166893", "13351568007", "12333",
    ]  # fmt: skip
    assert numbers("220499") == ["0437-3168927", "0437-3168917", "12333"]
    refused(till, "K50", "KB01", {"data": {"admdvs": "310000"}})


def test_a_question_without_an_area_is_about_that_of_the_frame(till: Till) -> None:
    said = till.said("KB01", {"data": {}})
    rows = till.give(said._replace(insuplc_admdvs="220421"))["output"]["phoneinfo"]
    assert rows[0]["org_name"] == "东丰县"
    rows = till.give(said._replace(insuplc_admdvs="", mdtrtarea_admvs="220422"))["output"]["phoneinfo"]
    assert rows[0]["org_name"] == "东辽县"
