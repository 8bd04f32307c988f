"""Lines to scope against fractions, straight from docs/calculation.md §1 and §2: single lines, claims, and parts."""

from fractions import Fraction
from typing import Any, NamedTuple

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from settlement.kernel import scope
from settlement.kernel.layout import CLAIM, KIND_FIRST_PAY, KIND_PART, LINE_RESULT, PROGRAM, C, M, P, Tables

SETTINGS = settings(max_examples=250, deadline=None, suppress_health_check=[HealthCheck.too_slow])
PART_OF = (0, 0, 1, 2)  # by kind, in map 0; in map 1 no kind is in a part
RATIO_OF = (-1, 0, 725, -1)  # the program's own first-pay ratio, by kind
NONE, EMPTY = np.zeros(0, np.int64), np.zeros((0, 0), np.int64)


class Line(NamedTuple):
    """A fee line: fen, quantity and price limit in 1/10000 (-1 no limit), class 1 甲, 2 乙, 3 丙, ratio in bp, kind."""

    fen: int
    cnt: int
    limit: int
    lv: int
    ratio: int
    kind: int


class Sum(NamedTuple):
    """What some lines come to, exactly, in fen."""

    billed: Fraction = Fraction(0)  # without own pay
    own: int = 0
    over: Fraction = Fraction(0)
    first: Fraction = Fraction(0)

    def __add__(self, other: Any) -> "Sum":
        return Sum(*(mine + theirs for mine, theirs in zip(self, other, strict=True)))


@st.composite
def fee_lines(draw: st.DrawFn) -> Line:
    kind = draw(st.integers(0, 3))
    lv = draw(st.sampled_from([1, 2, 2, 3] if PART_OF[kind] == 0 else [1, 2, 2]))  # no part takes a 丙 line
    fen = draw(st.sampled_from([0, 1, 5, 15, 25, 105]) | st.integers(0, 10**7))
    cnt = draw(st.sampled_from([1, 5_000, 10_000, 20_000]) | st.integers(1, 300_000))
    just = fen * 10**8 // cnt  # nothing is over this limit, by a hair
    limit = draw(st.just(-1) | st.sampled_from([0, just, just + 1, max(0, just - 1), just // 2, just // 3]))
    return Line(fen, cnt, limit, lv, draw(st.sampled_from([0, 500, 1000, 3333, 10_000])) if lv == 2 else 0, kind)


def exact(line: Line, own_ratios: bool = False) -> Sum:
    if line.lv == 3:
        return Sum(own=line.fen)
    ratio = RATIO_OF[line.kind] if own_ratios and RATIO_OF[line.kind] >= 0 else line.ratio
    over = Fraction(0)
    if line.limit >= 0:
        over = max(over, line.fen - Fraction(line.cnt * line.limit, 10**8))
    return Sum(Fraction(line.fen), 0, over, Fraction(ratio, 10_000) * (line.fen - over))


def half_up(amount: Fraction) -> int:
    return (amount + Fraction(1, 2)) // 1


def published(sums: Sum, rounds_first_pay: bool) -> tuple[int, int, int]:
    """Over limit, first pay, in scope in whole fen."""
    billed = int(sums.billed)
    if rounds_first_pay:
        over = min(half_up(sums.over), billed)
        first = min(half_up(sums.first), billed - over)
        return over, first, billed - over - first
    within = half_up(sums.billed - sums.over - sums.first)
    over = min(half_up(sums.over), billed - within)
    return over, billed - within - over, within


def tables_of(lines: list[Line], program: Any) -> tuple[Any, Tables]:
    """The kernel's lines and tables; each line has terms of its own."""
    made = np.array([(line.fen, line.cnt, n) for n, line in enumerate(lines)], np.int64).reshape(-1, 3).T
    terms = np.array([(line.lv, line.ratio, line.limit, line.kind) for line in lines], np.int64).reshape(-1, 4)
    kinds = np.full((2, 4, 2), -1, np.int64)
    kinds[:, :, KIND_PART] = PART_OF, (0, 0, 0, 0)
    kinds[0, :, KIND_FIRST_PAY] = RATIO_OF
    return np.ascontiguousarray(made), Tables(terms, program[np.newaxis], NONE, EMPTY, EMPTY, kinds)


def program_of(at_line: bool, rounds_first_pay: bool, kind_map: int) -> Any:
    program = np.zeros(len(PROGRAM), np.int64)
    program[P.round_at_line], program[P.round_first_pay], program[P.kind_map] = at_line, rounds_first_pay, kind_map
    return program


@SETTINGS
@given(fee_lines())
def test_a_line_is_divided_exactly(line: Line) -> None:
    check_line(line)


def check_line(line: Line) -> None:
    _, tables = tables_of([line], program_of(False, False, -1))
    own, over, over_e8, first_e4, first_e12 = scope.line_scope(line.fen, line.cnt, tables.terms[0], line.ratio)
    want = exact(line)
    assert own == want.own and 0 <= over_e8 < 10**8 and 0 <= first_e12 < 10**8
    assert over + Fraction(int(over_e8), 10**8) == want.over
    assert Fraction(int(first_e4), 10**4) + Fraction(int(first_e12), 10**12) == want.first


@SETTINGS
@given(st.lists(fee_lines(), min_size=1, max_size=5), st.booleans(), st.booleans(), st.sampled_from([-1, 0, 1]))
def test_a_claim_is_divided(drawn: list[Line], at_line: bool, rounds_first_pay: bool, kind_map: int) -> None:
    check_claim(drawn, at_line, rounds_first_pay, kind_map)


def check_claim(drawn: list[Line], at_line: bool, rounds_first_pay: bool, kind_map: int) -> None:
    program = program_of(at_line, rounds_first_pay, kind_map)
    lines, tables = tables_of(drawn, program)
    out = np.full((len(LINE_RESULT), len(drawn)), -7, np.int64)
    # The claim is all lines but the first, which must be left alone.
    found = scope.claim_scope(1, len(drawn), lines, tables, program, out)
    sums = [exact(line, own_ratios=kind_map == 0) for line in drawn]
    each = [published(one, rounds_first_pay) for one in sums[1:]]
    whole = sum(sums[1:], Sum())
    want = tuple(map(sum, zip(*each, strict=True))) or (0, 0, 0) if at_line else published(whole, rounds_first_pay)
    assert tuple(found) == (whole.billed + whole.own, whole.own, *want)
    assert (out[:, 0] == -7).all()
    for n, (one, (over, first, _)) in enumerate(zip(sums[1:], each, strict=True), start=1):
        shown = (over * 10**4, first * 10**4) if at_line else (half_up(one.over * 10**4), half_up(one.first * 10**4))
        assert out[M.fulamt_ownpay_amt_fen, n] == one.own
        assert (out[M.overlmt_amt_e4, n], out[M.preselfpay_amt_e4, n]) == shown
        assert out[M.inscp_scp_amt_e4, n] == one.billed * 10**4 - sum(shown)


@SETTINGS
@given(st.lists(fee_lines(), min_size=1, max_size=6), st.booleans(), st.booleans(), st.booleans())
def test_parts_take_their_lines_and_no_more_than_is_left(
    drawn: list[Line], at_line: bool, rounds_first_pay: bool, enough: bool
) -> None:
    check_parts(drawn, at_line, rounds_first_pay, enough)


def check_parts(drawn: list[Line], at_line: bool, rounds_first_pay: bool, enough: bool) -> None:
    program = program_of(at_line, rounds_first_pay, 1)  # its ratios are its own, the map is given: another year's
    lines, tables = tables_of(drawn, program)
    claim = np.zeros(len(CLAIM), np.int64)
    claim[C.line_start], claim[C.line_end] = 1, len(drawn)
    left = 10**9 if enough else sum(line.fen for line in drawn) // 3
    parts = np.full(3, -7, np.int64)
    scope.write_parts(claim, left, lines, tables, 0, 2, parts)
    for part in (1, 2):
        sums = [exact(line) for line in drawn[1:] if PART_OF[line.kind] == part]
        by_line = sum(published(one, rounds_first_pay)[2] for one in sums)
        want = by_line if at_line else published(sum(sums, Sum()), rounds_first_pay=False)[2]
        assert parts[part - 1] == min(left, want)
        left -= min(left, want)
    assert parts[2] == -7


def odd(within: int, ratio: int = 0, fen: int = 1) -> Line:
    """A 乙 line of part 1 of which ``within`` 1e-8 fen are under the price limit."""
    return Line(fen, 1, within, 2, ratio, 2)


TO_THE_LAST_DIGIT = {
    "two lines whose first pay has many digits, just below": [odd(3, 5000), odd(99_999_996, 5000)],
    "the same, and the last digits carry": [odd(19_999, 5000), odd(99_979_999, 5000)],
    "one line just above": [odd(74_996_251, 3333)],
    "one line just below": [odd(74_996_250, 3333)],
    "over limit by halves that carry": [odd(25_000_000), odd(25_000_000)],
    "over limit by little": [odd(50_000_000), odd(49_999_999)],
    "over and first pay of a half each, of one fen": [odd(50_000_000, 10_000)],
    "first pay of half of 1/10000 fen": [odd(10_000, 5000)],
    "over limit by little more than half of 1/10000 fen": [odd(99_994_500)],
    "a limit above all of a large amount, by less than a float can tell": [
        Line(300_000_001, 3, 10_000_000_033_333_334, 2, 0, 2)
    ],
    "first pay of a half each": [Line(15, 10_000, -1, 2, 1000, 2)] * 3,
    "over limit by a half each": [odd(50_000_000), odd(50_000_000), odd(50_000_000, 5000)],
}


@pytest.mark.parametrize("which", TO_THE_LAST_DIGIT)
def test_lines_and_their_sums_are_right_to_the_last_digit(which: str) -> None:
    drawn = [Line(0, 1, -1, 1, 0, 0), *TO_THE_LAST_DIGIT[which]]
    for line in drawn:
        check_line(line)
    for at_line in (False, True):
        for rounds_first_pay in (False, True):
            check_claim(drawn, at_line, rounds_first_pay, -1)
            check_parts(drawn, at_line, rounds_first_pay, True)
