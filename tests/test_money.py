"""Text and fen: the short way through ``scaled`` means what the long way means, for every text; and back again."""

from decimal import Decimal

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from settlement import money
from settlement.errors import BadInput
from settlement.money import MAX_FEN, fen, scaled, yuan, yuan_text

PLACES = st.sampled_from((0, money.FEN_PLACES, money.COUNT_PLACES, money.PRICE_PLACES))
DIGITS = st.text("0123456789", max_size=18)
# What looks like a number or nearly: signs, blanks, exponents, two points, digits of other scripts, Python's own 1_0.
SPELT = st.one_of(
    st.text(),
    st.text("0123456789.,+-eE_ \t\nx٣１²½NaInf", max_size=24),
    st.builds("{}.{}".format, DIGITS, DIGITS),
    st.builds("{}{}.{}".format, st.sampled_from(("", "-", "+", " ", "0")), DIGITS, st.text("0123456789", max_size=7)),
    DIGITS,
    st.decimals(allow_nan=True).map(str),
)
FEN = st.integers(-(10**13), 10**13)


def said(read: object, *asked: object) -> int | tuple[str, str]:
    """What a reader makes of a text: a number, or the code and words of its refusal."""
    assert callable(read)
    try:
        number = read(*asked)
    except BadInput as error:
        return error.code, error.found
    assert type(number) is int
    return number


@given(SPELT, PLACES)
@example("12.", 2)
@example(".5", 2)
@example("1.2.3", 2)
@example("", 0)
@example(".", 2)
@example("1.500", 2)
@example("٣.00", 2)
@example("１２", 2)
@example("²", 0)
@example(" 1.00", 2)
@example("1_0", 2)
@example("999999999999999", 6)
@example("9999999999999999", 6)
@example("0000000000000000000000001", 2)
def test_the_short_way_means_what_the_long_one_means(text: str, places: int) -> None:
    assert said(scaled, text, places, "cnt") == said(money._of_decimal, text, places, "cnt")


@given(st.integers(0, 10**13 - 1), PLACES)
def test_plain_digits_need_no_decimal(units: int, places: int) -> None:
    whole, rest = divmod(units, 10**places)
    text = f"{whole}.{rest:0{places}d}" if places else str(whole)
    assert scaled(text, places) == units == Decimal(text).scaleb(places)


@given(FEN)
@example(0)
@example(-1)
@example(-100)
@example(99_999)
@example(100_000)
def test_fen_are_written_as_decimal_writes_them(amount: int) -> None:
    exact = Decimal(amount).scaleb(-2)
    assert yuan(amount) == f"{exact:.2f}"
    assert yuan_text(amount) == f"{exact:,.2f}"


@given(st.integers(-MAX_FEN, MAX_FEN))
def test_what_is_written_is_read_as_it_was(amount: int) -> None:
    assert fen(yuan(amount)) == amount


@pytest.mark.parametrize("text", ["100000000.01", "-100000000.01", "99999999999"])
def test_the_bound_of_an_amount_holds_on_both_ways(text: str) -> None:
    assert fen("100000000.00") == MAX_FEN
    with pytest.raises(BadInput) as refusal:
        fen(text)
    assert refusal.value.code == "C04_TOO_LARGE"
