"""The virtual card answers as public descriptions of real cards say, byte for byte."""

import json

import msgspec
import pytest

from pos_adapter.card import Quirks, VirtualCard
from pos_adapter.card_image import load_image
from settlement.errors import BadInput

SSSE = "00A404000F7378312E73682EC9E7BBE1B1A3D5CF"
EF05, EF06 = "00A4020002EF05", "00A4020002EF06"


def answers(card, *commands):
    return [card.process(bytes.fromhex(command)).hex().upper() for command in commands]


def test_the_atr(card):
    assert card(1).atr.hex().upper() == "3B6D000000810000000000000000000000"


def test_generation_3_names_its_algorithm_and_1_does_not(card):
    assert answers(card(3), SSSE) == ["6F19840F7378312E73682EC9E7BBE1B1A3D5CFA5069F0C038601039000"]
    assert answers(card(1), SSSE) == ["6F13840F7378312E73682EC9E7BBE1B1A3D5CFA5009000"]


@pytest.mark.parametrize(
    ("commands", "last"),
    [
        ((SSSE, EF05, "00B2010012"), "0110220400D15600000501000000000000019000"),
        ((SSSE, EF05, "00B2050006"), "0504201905019000"),
        ((SSSE, EF05, "00B2030406"), "0304312E30309000"),  # by number
        ((SSSE, "00B2072C0B"), "07095830303030303030319000"),  # by number and short id: 2C is EF05
        ((SSSE, "00B2013414"), "0812323230343030313936383032323930303132" + "9000"),  # 34 is EF06
        ((SSSE, "00B2033403"), "0A01319000"),  # generation 1: the third record is the sex
        ((SSSE, "00A4000002EF06", "00B20D0006"), "0D04196802299000"),  # P1 00 selects too
        ((SSSE, EF05, "00B2010000"), "6C12"),
        ((SSSE, EF05, "00B20100"), "6700"),
        ((SSSE, EF05, "00B2080014"), "6A83"),  # a tag of the other file
        ((SSSE, EF06, "00B24E0016"), "6A83"),  # generation 1 has no 姓名扩展
        ((SSSE, "00B2010012"), "6986"),  # no file selected
        ((EF05,), "6A82"),  # no application selected
        ((SSSE, "00A4020002EF09"), "6A82"),
        (("00A4040005A000000333",), "6A82"),
        (("00CA000000",), "6D00"),
        (("80B2010012",), "6D00"),
        (("90A4040000",), "6E00"),
        (("00A4",), "6700"),
        (("00A404000F7378",), "6700"),
        (("00C0000000",), "6985"),
        ((SSSE, EF05, "00B2010112"), "6A86"),
    ],
)
def test_answers_of_generation_1(card, commands, last):
    assert answers(card(1), *commands)[-1] == last


def test_in_generation_2_the_third_record_is_the_rest_of_the_name(card):
    assert answers(card(2), SSSE, "00B2033416")[-1].startswith("4E14")


def test_a_long_name_is_cut_inside_a_character(card):
    first, rest = answers(card(2), SSSE, EF06, "00B2090020", "00B24E0016")[2:]
    cut = bytes.fromhex(first[4:-4])
    with pytest.raises(UnicodeDecodeError):
        cut.decode("gb18030")
    assert (cut + bytes.fromhex(rest[4:-4]).rstrip(b"\0")).decode("gb18030").endswith("切勿当真")


def test_get_response_in_parts(card):
    chained = card(1, Quirks(get_response=True))
    assert answers(chained, SSSE, "00C0000030", "00C0000002", "00C0000013") == [
        "6115", "6C15", "6F136113", "840F7378312E73682EC9E7BBE1B1A3D5CFA5009000",
    ]  # fmt: skip
    assert answers(chained, SSSE, EF05, "00C0000015")[-1] == "6985", "another command drops what was pending"


def test_power_off_forgets_the_selection(card):
    used = card(1)
    answers(used, SSSE, EF05)
    used.reset()
    assert answers(used, "00B2010012") == ["6986"]


def test_a_real_generation_3_card_keeps_the_holder_back(image):
    card = VirtualCard(msgspec.structs.replace(image(3), external_auth=True))
    assert answers(card, SSSE, EF05, "00B2010012", EF06, "00B2080014")[2:] == [
        "0110220400D15600000503000000000000039000", "9000", "6982",
    ]  # fmt: skip


def test_change_pin(card):
    changing = card(1)
    assert answers(
        changing,
        "805E010007123456FF654321", "0020000003123456", "0020000003654321",  # changed; the old one fails
        "805E010007000000FF111111", "0020000003654321",  # a wrong old PIN counts and changes nothing
        "805E010005654321FF12", "805E010006654321 123456".replace(" ", ""),  # new PIN too short; no mark between
    ) == ["9000", "63C2", "9000", "63C2", "9000", "6A80", "6A80"]  # fmt: skip


def test_a_card_without_pin_and_a_malformed_verify(image):
    card = VirtualCard(msgspec.structs.replace(image(1), pin=""))
    assert answers(card, "0020000003123456", "00200000", "002000000112", "0020000103123456") == [
        "6984", "6700", "6700", "6A86",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"generation": 4}, "generation 4"),
        ({"pin": "12345"}, "pin"),
        ({"pin_tries": 0}, "pin_tries"),
        ({"card_sn": "2204"}, "卡识别码"),
        ({"birth_date": "1968"}, "出生日期"),
        ({"psn_name": "虚" * 16}, "32 bytes"),
        ({"psn_name": ""}, "0 bytes"),
        ({"atr_history": "00"}, "26 hex"),
        ({"nmae": "x"}, "nmae"),
        ({"certno": None}, "certno"),
    ],
)
def test_a_bad_card_file_is_refused_by_name(tmp_path, image, change, word):
    path = tmp_path / "card.json"
    path.write_text(json.dumps(msgspec.to_builtins(image(1)) | change), encoding="utf-8")
    with pytest.raises(BadInput) as error:
        load_image(path)
    assert word in str(error.value) and "card.json" in str(error.value)
