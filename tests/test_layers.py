"""The pieces of a benefit layer against fractions, straight from docs/calculation.md §3 and §6: bands, caps, deductibles, shares of a year."""

from fractions import Fraction
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from settlement.kernel import benefit, settle
from settlement.kernel.layout import (
    BAND,
    CLAIM,
    DEDC_ADMISSION,
    DEDC_VISIT,
    LATER_MINUS,
    LATER_PERCENT,
    LATER_SAME,
    LAYER,
    B,
    C,
    Column,
    Y,
    positions,
)

SETTINGS = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much])
FEN = st.sampled_from([0, 1, 2, 3, 5, 301, 1000]) | st.integers(0, 10**7)


def whole(number: Any) -> int:
    """The number, which must be an integer: no float near money."""
    assert isinstance(number, (int, np.integer))
    return int(number)


def half_up(amount: Fraction) -> int:
    return (amount + Fraction(1, 2)) // 1


def value(amount: Any) -> Fraction:
    """The fraction an exact amount stands for; asserts its form."""
    fen, part, over = map(whole, amount)
    assert 0 <= part < over
    return fen + Fraction(part, over)


def row_of(columns: tuple[Column, ...], **figures: int) -> Any:
    at = positions("At", columns)
    row = np.zeros(len(columns), np.int64)
    for name, figure in figures.items():
        row[getattr(at, name)] = figure
    return row


class Bands(NamedTuple):
    """Bands as (over, rate in parts of `over_all`)."""

    steps: list[tuple[int, int]]
    over_all: int

    def granted(self, begin: int, cost: Fraction) -> Fraction:
        """Each band grants its rate on what of the interval lies in it."""
        bounds = [*(over for over, _ in self.steps), 10**12]
        total = Fraction(0)
        for (low, high), (_, rate) in zip(pairwise(bounds), self.steps, strict=True):
            inside = min(begin + cost, Fraction(high)) - max(begin, low)
            total += max(Fraction(0), inside) * Fraction(rate, self.over_all)
        return total

    def tables(self, before: int) -> tuple[Any, Any]:
        """The layer and the table of bands, in which bands of another layer stand before and after."""
        stranger = [(0, self.over_all)]
        table = np.array([*(stranger * before), *self.steps, *stranger], np.int64).reshape(-1, len(BAND))
        layer = row_of(LAYER, band_start=before, band_end=before + len(self.steps), rate_over=self.over_all)
        return layer, table


@st.composite
def some_bands(draw: st.DrawFn) -> Bands:
    over_all = draw(st.sampled_from([1, 2, 20, 100, 10_000]))
    rate = st.sampled_from([0, over_all, over_all // 2]) | st.integers(0, over_all)
    widths = draw(st.lists(st.integers(1, 6) | st.integers(1, 10**6), max_size=3))
    overs = [0, *(sum(widths[: n + 1]) for n in range(len(widths)))]
    return Bands([(over, draw(rate)) for over in overs], over_all)


@SETTINGS
@given(some_bands(), st.data(), st.integers(0, 2), st.sampled_from([1, 2, 3, 10, 10_000]))
def test_bands_grant_their_rates_and_a_cap_is_filled_by_the_largest_cost(
    bands: Bands, data: st.DataObject, before: int, over: int
) -> None:
    ends = [edge for edge, _ in bands.steps]
    begin = data.draw(st.sampled_from(ends) | st.integers(0, 10) | FEN)
    fen = data.draw(st.sampled_from([max(0, edge - begin) for edge in ends]) | st.integers(0, 10) | FEN)
    cost = (fen, data.draw(st.integers(0, over - 1)), over)
    layer, table = bands.tables(before)
    granted = benefit.granted_on(cost, begin, layer, table)
    assert value(granted) == bands.granted(begin, value(cost))
    room = data.draw(st.sampled_from([max(0, granted[0] - 1), granted[0] // 2]) | st.integers(0, max(0, granted[0])))
    assume(room < value(granted))
    fills = value(benefit.cost_that_fills(room, begin, layer, table))
    assert bands.granted(begin, fills) == room
    assert bands.granted(begin, fills + Fraction(1, 10**9)) > room  # the largest such cost


def test_a_cap_is_filled_exactly_where_a_float_could_not_tell() -> None:
    # The cap is worth 1 000 000 009 fen less 1 / 99 999 999 of the first band, which is one fen wider than that.
    room, rate = 999_999_989, 99_999_999
    bands = Bands([(0, rate), (room + 10, 50_000_000)], 10**8)
    fills = value(benefit.cost_that_fills(room, 0, *bands.tables(0)))
    assert fills == Fraction(room * 10**8, rate) and room + 9 < fills < room + 10


@SETTINGS
@given(st.integers(0, 10**8), st.integers(0, 9999), st.integers(0, 4), st.data())
def test_the_standard_deductible(fen: int, parts: int, admissions: int, data: st.DataObject) -> None:
    later = data.draw(st.sampled_from([LATER_SAME, LATER_MINUS, LATER_PERCENT]))
    step, floor = data.draw(FEN), data.draw(FEN)
    second, third = data.draw(st.integers(0, 10_000)), data.draw(st.sampled_from([0, 2500, 3333]))
    again, days = data.draw(st.sampled_from([0, 1, 30, 90])), data.draw(st.sampled_from([1, 30, 31, 90, 91, 200]))
    transfer, paid = data.draw(st.booleans()), data.draw(FEN)
    parts = data.draw(st.sampled_from([0, 4999, 5000, 6000, 6666, 6667])) if parts % 2 else parts
    figures = {"dedc_later": later, "dedc_step_fen": step, "dedc_floor_fen": floor, "dedc_again_days": again}
    figures |= {
        "dedc_second_bp": second,
        "dedc_third_bp": third,
        "dedc_transfer": transfer,
        "dedc_e4": fen * 10_000 + parts,
    }
    claim = row_of(CLAIM, days_count=days, transfer_dedc_paid_fen=paid)
    standard = fen + Fraction(parts, 10_000)
    visit = benefit.standard_deductible(row_of(LAYER, dedc_kind=DEDC_VISIT, **figures), claim, admissions)
    assert whole(visit) == half_up(standard)
    if admissions and later == LATER_MINUS:
        standard = max(Fraction(floor), standard - admissions * step)
    elif admissions and later == LATER_PERCENT:
        standard *= Fraction(second if admissions == 1 else third, 10_000)
    want = half_up(standard) * (max(1, -(-days // again)) if again else 1)
    want = max(0, want - paid) if transfer else want
    stay = benefit.standard_deductible(row_of(LAYER, dedc_kind=DEDC_ADMISSION, **figures), claim, admissions)
    assert whole(stay) == want


@SETTINGS
@given(st.integers(0, 10**9), st.lists(st.integers(1, 400), min_size=1, max_size=4))
def test_the_years_of_a_stay_add_up(amount: int, years: list[int]) -> None:
    stay = sum(years)
    ends = [0, *(half_up(Fraction(amount * sum(years[: n + 1]), stay)) for n in range(len(years)))]
    shares = [whole(settle.share_of(amount, days, sum(years[:n]), stay)) for n, days in enumerate(years)]
    assert shares == [end - begin for begin, end in pairwise(ends)]
    assert sum(shares) == amount


def test_positions_name_the_columns_in_order() -> None:
    columns = (Column("a", "", "", ""), Column("b", "", "", ""))
    made = positions("Group", columns)
    assert made._asdict() == {"a": 0, "b": 1} and type(made).__name__ == "Group"
    assert (Y.fund, B.over_fen, C.program) == (0, 0, 0)
