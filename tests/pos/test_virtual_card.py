"""The virtual card answers as public descriptions of real cards say, byte for byte."""

import json

import msgspec
import pytest

from pos_adapter import card_crypto
from pos_adapter.card import KEY_TRIES, Quirks, VirtualCard
from pos_adapter.card_image import load_image
from pos_adapter.psam import Present, Question
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
        (("84A4040000",), "6D00"),
        (("0084000000",), "6C08"),
        (("00840000",), "6700"),
        (("0084000108",), "6A86"),
        ((SSSE, "0088000010" + "00" * 16), "6A88"),  # a card without keys
        (("0088000010" + "00" * 16,), "6985"),  # nor is there one before the application is selected
        ((SSSE, "0084000008", "0082000A10" + "00" * 16), "6A88"),
        ((SSSE, "0084000008", "0082000410" + "00" * 16), "6A86"),  # the key for rewriting is not simulated
        ((SSSE, "0084000008", "8424000014" + "00" * 20), "6A88"),
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


def opened(card, till, between=(), spoil=0):
    """Prove a reader to a card, with commands ``between`` challenge and proof; return the last status word."""
    challenge = bytes.fromhex(answers(card, SSSE, "0084000008")[-1])[:8]
    answers(card, *between)
    subject = Present(card.image.card_sn, bytes.fromhex(card.image.atr_history), card.image.cipher)
    proof = bytearray(till.answer(Question(subject, bytes(8), bytes(8), b"factor-8", challenge)).reader)
    proof[-1] ^= spoil
    return answers(card, "0082000A10" + proof.hex())[0]


def test_a_reader_that_proves_itself_opens_the_holders_file_until_the_next_selection(card, till):
    shut, read = card("3_auth"), (EF06, "00B20D0006")
    assert answers(shut, SSSE, *read)[-1] == "6982"
    assert opened(shut, till) == "9000"
    assert answers(shut, *read)[-1] == "0D04199003079000"
    assert answers(shut, SSSE, *read)[-1] == "6982"
    assert opened(shut, till) == "9000"
    shut.reset()
    assert answers(shut, SSSE, *read)[-1] == "6982"


@pytest.mark.parametrize("between", [(EF05,), ("0084000009",), ("0088000010" + "00" * 16,), ("0020000003999999",)])
def test_a_challenge_is_good_for_the_next_command_only(card, till, between):
    shut = card("3_auth")
    assert opened(shut, till, between) == "6985"
    assert shut.key_tries["read"] == KEY_TRIES, "that is no try"
    assert opened(shut, till) == "9000"


def test_a_challenge_does_not_outlast_the_power(card, till):
    shut = card("3_auth")
    answers(shut, SSSE, "0084000008")
    shut.reset()
    assert answers(shut, SSSE, "0082000A10" + "00" * 16)[-1] == "6985"


def test_wrong_proofs_are_counted_survive_a_reset_and_lock_the_key(card, till):
    shut = card("3_auth")
    seen = [opened(shut, till, spoil=1), opened(shut, till), opened(shut, till, spoil=1)]
    shut.reset()
    seen += [opened(shut, till, spoil=1), opened(shut, till, spoil=1), opened(shut, till)]
    assert seen == ["63C2", "9000", "63C2", "63C1", "63C0", "6983"]
    assert answers(shut, SSSE, EF06, "00B2080014")[-1] == "6982"


def test_challenges_do_not_repeat(card):
    shut = card(1)
    assert len(set(answers(shut, *["0084000008"] * 200))) == 200


@pytest.mark.parametrize("length", [0, 8, 15, 17])
def test_an_authentication_of_another_length(card, length):
    data = f"{length:02X}" + "00" * length
    assert answers(card("3_auth"), SSSE, "00880000" + data, "0082000A" + data, "84240000" + data)[1:] == ["6700"] * 3


@pytest.mark.parametrize(
    "block", ["03123456" + "00" * 12, "02123480" + "00" * 11 + "01", "0412345678" + "80" + "00" * 10, "0312345A80" + "00" * 11, "0180"]
)  # fmt: skip
def test_an_order_with_a_right_mac_and_no_pin_in_it_changes_nothing(card, block):
    """What the window's key has signed is still looked at."""
    shut = card("3_auth")
    key, cipher = shut.image.keys.of("reset"), shut.image.cipher
    challenge = bytes.fromhex(answers(shut, SSSE, "0084000008")[-1])[:8]
    text = bytes.fromhex(block).ljust(16, b"\0")
    session = card_crypto._session(cipher, key, challenge, card_crypto._FOR_PIN)
    encryptor = card_crypto._cbc(cipher, session).encryptor()
    hidden = encryptor.update(text) + encryptor.finalize()
    head = bytes.fromhex("8424000014")
    order = head + hidden + card_crypto.mac(cipher, key, challenge, head + hidden)
    right = block.startswith("04")
    assert answers(shut, order.hex()) == ["9000" if right else "6A80"]
    assert answers(shut, "0020000003123456") == ["63C2" if right else "9000"]


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
        ({"algorithm": 2}, "algorithm 2"),
        ({"keys": {"read": "00"}}, "key read"),
        ({"keys": {"other": "00" * 16}}, "other"),
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
