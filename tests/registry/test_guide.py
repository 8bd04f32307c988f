"""The guide of Liaoyuan: what its source says is there, what it does not say is not, and nothing is trusted too much."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from settlement.errors import BadInput, BadRules
from settlement.registry import guide as guides
from settlement.registry.guide import NOT_SAID, SHIPPED, Guide, _confidences, guide, guide_of, read_guide, use_guides
from settlement.registry.hours import open_at

FILE = SHIPPED / "220400.toml"


@pytest.fixture
def city() -> Guide:
    return guide_of("220400")


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    yield tmp_path
    use_guides(None)


def test_an_area_has_the_guide_of_its_city() -> None:
    assert guide("220402") is guide("220400") is not None
    assert guide("220100") is None and guide("") is None and guide("辽源市") is None
    with pytest.raises(BadInput, match="K50_NO_GUIDE") as caught:
        guide_of("110000")
    assert "12333" in caught.value.zh


def test_nothing_is_trusted_more_than_the_stored_copy(city: Guide) -> None:
    """The source is a stored copy of the city's own text, so ``secondary``; parts are that or assumed, with the reason."""
    assert city.source.confidence == "secondary"
    words = dict(_confidences(city))
    assert set(words.values()) == {"", "secondary", "assumed"}
    assert [where for where, word in words.items() if word == "secondary"] == ["source.confidence"]
    assert city.seasons and city.seasons.confidence == "assumed" and city.seasons.note
    assert city.social_pin.refused_for_settlement.confidence == "assumed"
    for part in (*city.banks, *city.points, *city.channels, *city.fees, *city.phones, *city.places, *city.payouts):
        assert re.fullmatch(r"[0-9]{1,2}", part.section), part
    for point in city.points:
        assert (point.district_confidence != "assumed" and point.bank_confidence != "assumed") or point.note, point.name


def test_s06_the_banks_and_their_odd_spellings(city: Guide) -> None:
    assert {bank.name: bank.initial_pin for bank in city.banks} == {
        "工商银行": "无", "建设银行": "955330", "农业银行": "111111", "交通银行": "123456", "吉林银行": "888888",
        "中国银行": "身份证号后7位去掉最后一位", "邮储银行": "社会保障卡银行卡号后六位", "辽东农村信用联社": "888888",
    }  # fmt: skip
    odd = city.bank("东辽联社")
    assert odd and odd.name == "辽东农村信用联社" and "疑为" in odd.note and odd.also_confidence == "assumed"
    assert city.bank("中国银行") is not city.bank("中国工商银行") and city.bank("某某银行") is None
    assert city.social_pin.initial == "123456"


def test_s06_an_initial_bank_pin_is_only_shown() -> None:
    """No code compares anything with one: the word is in the shape, and where the reminder is put together."""
    uses = [
        (path.name, line.strip())
        for path in Path(guides.__file__).parents[1].rglob("*.py")
        for line in path.read_text(encoding="utf-8").splitlines()
        if re.search(r"\.initial_pin\b|\binitial_pin:", line)
    ]
    assert sorted(name for name, _ in uses) == ["guide.py", "guiding.py"], uses
    assert not any(" == " in line or " in " in line or " != " in line for _, line in uses)


def test_s08_nine_points_serve_directly(city: Guide) -> None:
    serve = city.points_in(service="reissue")
    assert len(serve) == 9 and {point.section for point in serve} == {"8"}
    assert [point.address for point in serve if point.name == "建设银行东辽支行"] == [
        "药业大街2607号",
        "白泉镇东大街481号",
    ]
    assert not any(point.bank in ("boc", "bocom", "jlbank") for point in serve)
    assert {bank.key for bank in city.banks if bank.bank_first} == {"boc", "bocom"}


def test_points_are_found_by_district_service_and_bank(city: Guide) -> None:
    assert [p.name for p in city.points_in("220421")] == ["农业银行东丰丰苑支行", "邮政储蓄银行东丰县支行"]
    assert [p.name for p in city.points_in("220421", bank="农业银行")] == ["农业银行东丰丰苑支行"]
    assert {p.phone for p in city.points_in(service="pay_to")} == {"0437-3205285", "0437-3205016"}
    assert len(city.points_in("220400")) == len(city.points) == 11
    assert (
        city.points_in("220402") == () and city.points_in(bank="某某银行") == ()
    )  # no point says that it lies in 龙山区


def test_tables_that_are_images_are_said_not_to_be_read(city: Guide) -> None:
    assert {table.about: len(table.columns) for table in city.unread} == {"points": 5, "waivers": 10}
    assert all("未能取得" in table.note for table in city.unread)


def test_s09_s10_terms_and_fees(city: Guide) -> None:
    terms = city.temporary
    assert (terms.valid_days, terms.longest_months, terms.lost_fee_fen) == (60, 6, 2000)
    assert not terms.financial and not terms.across_regions and terms.return_before_reissue
    assert {fee.key for fee in city.fees if not fee.charged} == {"annual", "small_account", "opening", "first_card"}
    assert {fee.key: fee.amount_fen for fee in city.fees if fee.charged} == {
        "reissue": None, "reissue_elsewhere": None, "temporary_lost": 2000,
    }  # fmt: skip


# ---- hours ----

MONDAY_SUMMER, MONDAY_WINTER, SATURDAY = "2024-07-01", "2024-12-02", "2024-07-06"


@pytest.mark.parametrize(
    ("day", "at", "answer", "confidence"),
    [
        (MONDAY_SUMMER, "08:29", "no", "secondary"), (MONDAY_SUMMER, "08:30", "yes", "secondary"),
        (MONDAY_SUMMER, "11:29", "yes", "secondary"), (MONDAY_SUMMER, "11:30", "no", "secondary"),
        (MONDAY_SUMMER, "13:00", "no", "assumed"), (MONDAY_SUMMER, "13:30", "yes", "secondary"),
        (MONDAY_SUMMER, "16:45", "yes", "assumed"), (MONDAY_SUMMER, "17:00", "no", "secondary"),
        (MONDAY_WINTER, "13:00", "yes", "assumed"), (MONDAY_WINTER, "16:29", "yes", "secondary"),
        (MONDAY_WINTER, "16:30", "no", "assumed"), (SATURDAY, "10:00", "no", "secondary"),
    ],
)  # fmt: skip
def test_s07_when_people_answer_12333(city: Guide, day: str, at: str, answer: str, confidence: str) -> None:
    """The season's dates are assumed, so an answer that hangs on them is no more than that; the others are as the source."""
    staffed = city.channel("phone_staffed")
    assert staffed
    now = open_at(city, staffed, datetime.fromisoformat(f"{day} {at}"))
    assert (now.answer, now.confidence) == (answer, confidence)
    assert ("暂按" in now.note) == (confidence == "assumed")


@pytest.mark.parametrize(
    ("day", "season"),
    [("2024-04-30", "winter"), ("2024-05-01", "summer"), ("2024-09-30", "summer"), ("2024-10-01", "winter")],
)
def test_s07_where_the_assumed_season_turns(city: Guide, day: str, season: str) -> None:
    assert city.seasons and city.seasons.of(day) == season


def test_s07_the_machine_answers_always_and_others_do_not_say(city: Guide) -> None:
    moment = datetime.fromisoformat(f"{SATURDAY} 03:00")
    answers = {one.key: open_at(city, one, moment).answer for one in city.channels}
    assert answers == {
        "phone_staffed": "no", "phone_auto": "yes", "wechat": NOT_SAID, "bank": NOT_SAID, "window": NOT_SAID,
        "app": NOT_SAID,
    }  # fmt: skip


def test_s07_by_telephone_a_loss_is_reported_and_never_taken_back(city: Guide) -> None:
    said = {one.key: (one.can("loss"), one.can("unblock")) for one in city.channels}
    assert said["phone_staffed"] == said["phone_auto"] == ("yes", "no")
    assert said["wechat"] == ("yes", NOT_SAID)


def test_a_moment_of_another_zone_is_read_by_chinas_clock(city: Guide) -> None:
    staffed = city.channel("phone_staffed")
    assert staffed
    utc = datetime(2024, 7, 1, 0, 30, tzinfo=UTC)
    assert open_at(city, staffed, utc).answer == "yes"  # 08:30 in China
    assert open_at(city, staffed, utc - timedelta(minutes=1)).answer == "no"


# ---- other files ----


def spoilt(folder: Path, old: str, new: str) -> Path:
    text = FILE.read_text(encoding="utf-8")
    assert old in text
    file = folder / "220400.toml"
    file.write_text(text.replace(old, new, 1), encoding="utf-8")
    return file


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        ('key = "icbc"', 'keys = "icbc"', "G01"), ("valid_days = 60", 'valid_days = "60"', "G01"),
        ("[source]", "[source", "G01"), ('admdvs = "220400"', 'admdvs = "2204"', "G01"),
        ('confidence = "secondary"', 'confidence = "sure"', "G01"), ('bank = "abc"', 'bank = "unknown"', "G01"),
        ('district_confidence = "assumed"', 'district_confidence = "official"', "G02"),
        ('also_confidence = "assumed"', 'also_confidence = "perhaps"', "G02"),
    ],
)  # fmt: skip
def test_a_file_that_says_it_wrongly_is_refused(tmp_path: Path, old: str, new: str, code: str) -> None:
    with pytest.raises(BadRules, match=code) as caught:
        read_guide(spoilt(tmp_path, old, new))
    assert "220400.toml" in caught.value.found and caught.value.zh


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadRules, match="G01"):
        read_guide(tmp_path / "missing.toml")


def test_a_folder_takes_the_place_of_a_shipped_guide(folder: Path) -> None:
    """So an area can say that the initial PIN does not settle."""
    spoilt(folder, "value = false", "value = true")
    assert not guide_of("220400").social_pin.refused_for_settlement.value
    use_guides(folder)
    assert guide_of("220402").social_pin.refused_for_settlement.value
    use_guides(None)
    assert not guide_of("220400").social_pin.refused_for_settlement.value
