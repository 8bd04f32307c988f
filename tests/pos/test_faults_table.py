"""The fault table is whole: every status that is known has its row, every row its words, and no code two meanings."""

import re

import pytest

from pos_adapter.faults import BY_CODE, FAULTS, fault, from_hresult, from_sw, from_vendor

# What is known of each interface; the table must have a row for all of it.
SWS = {
    0x6A82: "D11", 0x6A83: "D11", 0x6A88: "D11", 0x6982: "D12", 0x6983: "D31", 0x6984: "D32", 0x6986: "D14", 0x9303: "D13",
    0x6283: "D13", 0x63C0: "D30", 0x63C2: "D30", 0x63CF: "D30",
}  # fmt: skip
HRESULTS = {
    0: "D04", 0x8010001D: "D01", 0x80100013: "D01", 0x8010001E: "D01", 0x80100003: "D01", 0x8010002E: "D02",
    0x80100009: "D02", 0x8010000C: "D04", 0x80100069: "D04", 0x80100016: "D04", 0x80100066: "D05", 0x80100067: "D05",
    0x80100068: "D06", 0x8010000B: "D07", 0x8010006A: "D08",
}  # fmt: skip
VENDORS = {
    -1: "D10", -2: "D04", -3: "D05", -4: "D05", -5: "D51", -11: "D02", -12: "D02", -13: "D52", -14: "D53", -15: "D54",
    -20: "D22", -21: "D24", -22: "D22", -24: "D12", -25: "D56", -31: "D36", -32: "D37", -33: "D38", -34: "D39", -35: "D34",
    -36: "D35", -51: "D30", -52: "D31", -2201: "D12", -2202: "D12", -2203: "D12", -2204: "D58", -27272: "D12",
}  # fmt: skip
# A code and its number are one thing: nothing that could be read as the other may stand beside it.
CODE = re.compile(r"D[0-9]{2}_[A-Z0-9_]+")


@pytest.mark.parametrize(
    ("make", "known"), [(from_sw, SWS), (from_hresult, HRESULTS), (from_vendor, VENDORS)], ids=["SW", "PC/SC", "vendor"]
)
def test_every_known_status_has_its_row(make, known):
    met = {status: make(status, "test").code[:3] for status in known}
    assert met == known


def test_nothing_stands_in_the_table_that_no_interface_is_known_to_give():
    assert {sw for row in FAULTS for sw in row.sws} <= set(SWS)
    assert {result for row in FAULTS for result in row.hresults} <= set(HRESULTS)
    assert {result for row in FAULTS for result in row.vendors} == set(VENDORS)


def test_a_status_means_one_thing():
    for statuses in ("sws", "hresults", "vendors"):
        every = [status for row in FAULTS for status in getattr(row, statuses)]
        assert len(every) == len(set(every)), statuses


def test_codes_are_unique_in_number_too():
    assert all(CODE.fullmatch(row.code) for row in FAULTS)
    numbers = [row.code[:3] for row in FAULTS]
    assert len(set(numbers)) == len(numbers) == len(BY_CODE)
    assert numbers == sorted(numbers), "in the order of their numbers"


@pytest.mark.parametrize("row", FAULTS, ids=[row.code for row in FAULTS])
def test_a_row_speaks_both_languages(row):
    assert re.search(r"[\u4e00-\u9fff]{4,}", row.zh), "a sentence for the cashier"
    assert not row.zh.endswith(("。", "，")), "details are appended to it"
    for english in (row.cause, row.cure):
        assert len(english.split()) >= 4 or row.code == "D10_WRONG_CARD"
        assert not english.endswith(".")
        assert not re.sub("卡识别码", "", english).strip() == ""
    error = fault(row.code, "found")
    assert (error.code, error.found, error.zh) == (row.code, "found", row.zh)
    assert str(error) == f"[{row.code}] found. {row.cause}. {row.cure}"


@pytest.mark.parametrize("sw", [0x6283, 0x6300, 0x6700, 0x6982, 0x6983, 0x6A82, 0x6D00, 0x9303, 0x63C1])
def test_a_vendor_code_of_minus_sw_is_the_card_speaking(sw):
    card, driver = from_sw(sw, "READ"), from_vendor(-sw, "READ")
    assert (driver.code, driver.zh) == (card.code, card.zh)
    assert f"{sw:04X}" in driver.found and str(-sw) in driver.found


@pytest.mark.parametrize("result", [1, 7, -6, -99, -0x9000, -0x10000, -(2**31), 0x6A82])
def test_a_vendor_code_that_nobody_described(result):
    error = from_vendor(result, "READ")
    assert error.code == "D15_UNEXPECTED" and str(result) in error.found


def test_tries_left_are_shown_only_where_the_card_says_them():
    assert from_vendor(-0x63C2, "VERIFY").zh.endswith("还可试 2 次")
    assert "还可试" not in from_vendor(-51, "VERIFY").zh
