"""The presented identity and the arithmetic of resident numbers."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from settlement.errors import BadInput
from settlement.identity import PresentedIdentity, certno_faults, certno_warnings, is_foreign_form, masked

GOOD = "220400196802290012"  # invented: 220400 is a city, and numbers are given out by counties
CARD = {"mdtrt_cert_type": "03", "mdtrt_cert_no": "X00000001", "card_sn": "220400D1560000050100000000000001"}


def test_the_worked_number_of_the_standard_holds():
    """GB 11643 prints 11010519491231002X as its example."""
    assert certno_faults("11010519491231002X") == ()


@pytest.mark.parametrize("number", [GOOD, "220400199912310022", "220400200508150034"])
def test_good_numbers(number):
    assert certno_faults(number) == () and certno_warnings(number) == ()


@pytest.mark.parametrize(
    ("number", "words"),
    [
        ("220400196802290013", "check digit"),
        ("220400196902290011", "not a date"),  # 1969 had no 29 February
        ("22040019680229001", "17 characters"),
        ("22040019680229001x", "not 17 digits"),
        ("22040019680229001２", "not 17 digits"),
        ("", "0 characters"),
    ],
)
def test_bad_numbers_say_why_and_show_no_number(number, words):
    faults = " ".join(certno_faults(number))
    assert words in faults and (not number or number not in faults)


@given(st.integers(0, 16), st.integers(1, 9))
def test_any_single_wrong_digit_is_found(place, step):
    wrong = GOOD[:place] + str((int(GOOD[place]) + step) % 10) + GOOD[place + 1 :]
    assert certno_faults(wrong)


@given(st.integers(0, 15))
def test_any_swap_of_neighbours_is_found(place):
    swapped = GOOD[:place] + GOOD[place + 1] + GOOD[place] + GOOD[place + 2 :]
    assert bool(certno_faults(swapped)) == (swapped != GOOD)


def test_an_unknown_region_is_a_warning_and_no_fault():
    assert certno_faults("990400196802290010") == ()
    assert "99" not in "".join(certno_warnings("990400196802290010"))  # 9x are foreigners' permits
    assert "'16'" in certno_warnings("160400196802290012")[0]


def test_a_foreign_form_is_not_taken_for_a_resident_number():
    assert is_foreign_form("UTO0X0000000000001") and not is_foreign_form(GOOD)
    assert certno_faults("UTO0X0000000000001") and certno_warnings("UTO0X0000000000001")


@pytest.mark.parametrize(
    ("text", "shown"),
    [(GOOD, "2204************12"), ("虚构甲", "虚**"), ("虚构·甲", "虚*·*"), ("X00000001", "*********"), ("", "")],
)
def test_masked(text, shown):
    assert masked(text) == shown


def test_no_form_of_text_shows_what_is_masked():
    identity = PresentedIdentity(**CARD, psn_name="虚构甲", certno=GOOD)
    for text in (repr(identity), str(identity), f"{identity}", str(identity.as_dict())):
        assert GOOD not in text and "虚构甲" not in text and CARD["card_sn"] not in text
    assert identity.as_dict(full=True)["certno"] == GOOD


def test_a_token_is_never_shown():
    assert "220000" not in repr(PresentedIdentity("01", "220000abcdefghijklmnop"))


@pytest.mark.parametrize(
    ("change", "code"),
    [({"mdtrt_cert_type": "04"}, "C11_NOT_A_CODE"), ({"mdtrt_cert_no": ""}, "C01_FIELD_MISSING"),
     ({"card_sn": ""}, "C01_FIELD_MISSING")],
)  # fmt: skip
def test_an_identity_that_cannot_be_sent_is_refused(change, code):
    with pytest.raises(BadInput) as error:
        PresentedIdentity(**CARD | change)
    assert error.value.code == code
