"""What the reader refuses and what it puts up with, on damaged and unusual cards."""

from datetime import date

import msgspec
import pytest

from pos_adapter import faults
from pos_adapter.card import Quirks, VirtualCard
from pos_adapter.reader import historical_bytes, read_identity
from pos_adapter.transport import InProcessSlot, InProcessTransport
from settlement.errors import CardFault


def read(card, on):
    slot = InProcessSlot()
    slot.insert(card)
    return read_identity(InProcessTransport(slot), on)


def refused(card, on):
    with pytest.raises(CardFault) as error:
        read(card, on)
    return error.value


@pytest.mark.parametrize(
    ("tag", "value", "word"),
    [
        (0x01, b"22040XD1" * 2, "卡识别码"),
        (0x01, bytes.fromhex("160400D1560000050100000000000001"), "卡识别码"),
        (0x01, bytes.fromhex("220400A0000003330100000000000001"), "卡识别码"),
        (0x05, bytes.fromhex("20191301"), "发卡日期"),
        (0x07, b"\0" * 9, "卡号"),
        (0x08, b"220400196802290013", "check digit"),
        (0x08, b"22040019680229001\xb3", "ASCII"),
        (0x09, b"\0" * 30, "姓名 is empty"),
        (0x09, b"\xd0" + b"\0" * 29, "decoded"),
        (0x0D, bytes.fromhex("19680228"), "出生日期 differs"),
        (0x0D, bytes(4), "出生日期 differs"),
    ],
)
def test_data_that_contradict_each_other_are_refused(card, today, tag, value, word):
    error = refused(card(1, replace={tag: value}), today)
    assert error.code == "D22_DATA_BAD" and word in error.found
    assert "220400196802290013" not in str(error), "no personal data in an error"


def test_padding_of_every_kind_is_stripped(card, today):
    name = "虚构甲".encode("gb18030")
    for padding in (b"\0", b" ", b"\xff"):
        assert read(card(1, replace={0x09: name.ljust(30, padding)}), today).psn_name == "虚构甲"


def test_a_four_byte_character_across_the_two_records(image, today):
    name = "虚构" * 7 + "㛃某"  # bytes 29 to 32 are one character
    long = msgspec.structs.replace(image(3), psn_name=name)
    assert read(VirtualCard(long), today).psn_name == name


@pytest.mark.parametrize(
    ("on", "valid"),
    [(date(2019, 4, 30), False), (date(2019, 5, 1), True), (date(2029, 4, 30), True), (date(2029, 5, 1), False)],
)
def test_validity_includes_both_days(card, on, valid):
    if valid:
        assert read(card(1), on).valid_until == "2029-04-30"
    else:
        assert refused(card(1), on).code == "D23_NOT_VALID_TODAY"


@pytest.mark.parametrize("empty", ["00000000", "FFFFFFFF"])
def test_dates_that_are_not_filled_in_do_not_limit(card, empty):
    blank = bytes.fromhex(empty)
    identity = read(card(1, replace={0x05: blank, 0x06: blank}), date(2099, 1, 1))
    assert (identity.issued, identity.valid_until) == ("", "")


def test_the_holder_of_a_foreign_number_is_not_refused_for_its_form(card, today):
    assert read(card(1, replace={0x08: b"UTO0X0000000000001"}), today).certno == "UTO0X0000000000001"


def test_a_generation_3_card_that_wants_authentication(image, today):
    locked = msgspec.structs.replace(image(3), external_auth=True)
    assert refused(VirtualCard(locked), today).code == "D12_AUTH_NEEDED"


@pytest.mark.parametrize(
    ("at", "sw", "code"),
    [
        (0, 0x6A82, "D10_WRONG_CARD"), (0, 0x6283, "D13_LOCKED"), (1, 0x6A82, "D11_ITEM_MISSING"),
        (2, 0x6986, "D14_FILE_MOVED"), (3, 0x6A83, "D11_ITEM_MISSING"), (8, 0x6982, "D12_AUTH_NEEDED"),
        (9, 0x6F00, "D15_UNEXPECTED"), (14, 0x9303, "D13_LOCKED"), (10, 0x9000, "D22_DATA_BAD"),
    ],
)  # fmt: skip
def test_a_status_word_at_a_step(card, today, at, sw, code):
    assert refused(card(1, Quirks(sw_at={at: sw})), today).code == code


def test_faults_of_pc_sc_and_of_the_pin():
    assert faults.from_hresult(0, "transmit").code == "D04_CARD_GONE"
    assert faults.from_hresult(0x8010000B - (1 << 32), "connect").code == "D07_BUSY"
    assert faults.from_hresult(0x80100001, "connect").code == "D15_UNEXPECTED"
    assert faults.from_sw(0x63C2, "VERIFY").zh.endswith("还可试 2 次")


@pytest.mark.parametrize(
    ("atr", "history"),
    [
        ("3B6D000000810000000000000000000000", "00810000000000000000000000"),
        ("3B8F8001804F0CA000000306030001000000006A", "804F0CA00000030603000100000000"),  # contactless
        ("3B00", ""), ("3B", ""), ("", ""),
    ],
)  # fmt: skip
def test_historical_bytes(atr, history):
    assert historical_bytes(bytes.fromhex(atr)).hex().upper() == history
