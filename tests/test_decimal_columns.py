"""Arrow decimal columns of any width give the same fen; the bound is one of money, not of digits."""

from decimal import Decimal

import numpy as np
import pyarrow as pa
import pytest

from settlement.intake.columns import decimals
from settlement.intake.drafts import _Collector
from settlement.schema import LINE_FIELDS

AMOUNT = next(field for field in LINE_FIELDS if field.name == "det_item_fee_sumamt")
YUAN = ["0.01", "1234567.89", "100000000.00", "100000000.01", "-3.00"]


@pytest.mark.parametrize(("digits", "scale"), [(11, 2), (16, 4), (20, 10), (38, 2), (38, 18)])
def test_every_width_gives_the_same_fen_and_the_same_bound(digits: int, scale: int) -> None:
    column = pa.array([*map(Decimal, YUAN), None], pa.decimal128(digits, scale))
    collector = _Collector(len(column), np.arange(len(column) + 1))
    made = collector.column(AMOUNT, column, True)
    assert made.values.tolist() == [1, 123_456_789, 10_000_000_000, 0, -300, 0]
    assert made.given.tolist() == [True] * 5 + [False]
    assert [(claim, code) for claim, code, _, _ in collector.faults] == [(3, "C04_TOO_LARGE")]


@pytest.mark.parametrize("raw", [-(2**63), 2**63 - 1, 2**63, 2**64])
def test_a_value_at_the_edge_of_int64_is_too_large_not_wrapped(raw: int) -> None:
    made = decimals(pa.array([Decimal(raw).scaleb(-2)], pa.decimal128(38, 2)), "yuan")
    assert made is not None
    numbers, faults = made
    assert numbers.values.tolist() == [0] and [fault.code for fault in faults] == ["C04_TOO_LARGE"]
