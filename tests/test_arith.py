"""The verbs of money against fractions: each exact amount is the fraction it stands for, and stays in its form."""

from fractions import Fraction
from math import lcm
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from settlement.kernel import arith

SETTINGS = settings(deadline=None)  # the first call may compile
FEN = st.integers(0, 10**9)
OVERS = st.sampled_from([1, 2, 3, 4, 6, 10, 25, 10_000])


@st.composite
def amounts(draw: st.DrawFn) -> tuple[int, int, int]:
    over = draw(OVERS)
    return draw(st.integers(0, 3) | FEN), draw(st.integers(0, over - 1)), over


def value(amount: Any) -> Fraction:
    """The fraction an amount stands for; asserts its form."""
    fen, part, over = amount
    assert 0 <= part < over
    return fen + Fraction(int(part), int(over))


@SETTINGS
@given(FEN)
def test_whole(fen: int) -> None:
    assert arith.whole(fen) == (fen, 0, 1)


@SETTINGS
@given(amounts())
def test_half_up(amount: tuple[int, int, int]) -> None:
    assert arith.half_up(amount) == (value(amount) + Fraction(1, 2)) // 1


@SETTINGS
@given(FEN, OVERS)
def test_fraction(parts: int, over: int) -> None:
    made = arith.fraction(parts, over)
    assert value(made) == Fraction(parts, over) and made[2] == over


@SETTINGS
@given(amounts(), st.integers(0, 10_000), OVERS)
def test_times(amount: tuple[int, int, int], n: int, m: int) -> None:
    assert value(arith.times(amount, n, m)) == value(amount) * Fraction(n, m)


@SETTINGS
@given(st.integers(1, 1000), st.integers(1, 1000))
def test_common(a: int, b: int) -> None:
    assert arith.common(a, b) == lcm(a, b)


@SETTINGS
@given(amounts(), amounts())
def test_plus_and_minus(a: tuple[int, int, int], b: tuple[int, int, int]) -> None:
    assert value(arith.plus(a, b)) == value(a) + value(b)
    assert value(arith.minus(a, b)) == max(Fraction(0), value(a) - value(b))
    # Denominators stay as small as they can: a whole amount brings none of its own.
    least = lcm(a[2], b[2]) if a[1] and b[1] else b[2] if b[1] else a[2]
    assert arith.plus(a, b)[2] <= least
    assert arith.minus(a, b)[2] <= (lcm(a[2], b[2]) if b[1] else a[2])
    assert b[1] or a[0] >= b[0] or arith.minus(a, b) == (0, 0, 1)


@SETTINGS
@given(amounts(), st.integers(0, 3) | FEN)
def test_limits(amount: tuple[int, int, int], limit: int) -> None:
    held = arith.up_to(amount, limit)
    assert value(held) == min(value(amount), limit) and held in (amount, (limit, 0, 1))
    assert arith.above(amount, limit) == (value(amount) > limit)
