"""One column of drafts: distinct values parsed once, then spread over the rows as integers.

A million rows hold few distinct codes, dates and amounts, so parsing (and complaining) happens per distinct value in
Python and everything after it in numpy. A single JSON claim takes the same way.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from settlement import money
from settlement.errors import BadInput

ABSENT = -1
DAY_SECONDS = 86_400
_EPOCH = datetime(1970, 1, 1)

PLACES = {
    "yuan": money.FEN_PLACES,
    "price": money.PRICE_PLACES,
    "quantity": money.COUNT_PLACES,
    "rate": money.RATE_PLACES,
}


class Texts(NamedTuple):
    """A text column: ``values[codes[i]]``, code -1 where the field is absent."""

    codes: np.ndarray
    values: Sequence[str]

    def at(self, row: int) -> str:
        """Return the text of one row, '' if absent."""
        return str(self.values[self.codes[row]]) if self.codes[row] >= 0 else ""


class Numbers(NamedTuple):
    """A number column: int64 in the field's unit (0 where absent) and where it was given."""

    values: np.ndarray
    given: np.ndarray


class Fault(NamedTuple):
    """A value that could not be read: the rows that hold it, a refusal code, what was found."""

    rows: np.ndarray
    code: str
    found: str


class Raw(NamedTuple):
    """A column before parsing: code -1 for absent, distinct raw values."""

    codes: np.ndarray
    values: Sequence[Any]


def encode(values: Sequence[Any]) -> Raw:
    """Return a list of raw values as codes and distinct values; None and '' are absent."""
    seen: dict[Any, int] = {}
    codes = np.empty(len(values), np.int64)
    distinct: list[Any] = []
    for row, value in enumerate(values):
        if value is None or value == "":
            codes[row] = ABSENT
            continue
        key: Any = value if type(value) is str else (type(value).__name__, repr(value))
        code = seen.get(key)
        if code is None:
            code = seen[key] = len(distinct)
            distinct.append(value)
        codes[row] = code
    return Raw(codes, distinct)


def nobody_filled_in(count: int) -> tuple[Numbers, Texts]:
    """Return an empty number column and an empty text column; all absent fields share them, so nobody may write to them."""
    codes, zeros, given = np.full(count, ABSENT, np.int64), np.zeros(count, np.int64), np.zeros(count, bool)
    for column in (codes, zeros, given):
        column.flags.writeable = False
    return Numbers(zeros, given), Texts(codes, ())


class ArrowValues(Sequence[Any]):
    """The distinct values of an Arrow dictionary, made Python objects only when looked at."""

    def __init__(self, values: pa.Array) -> None:
        self.values = values

    def __len__(self) -> int:
        return len(self.values)

    def __getitem__(self, at: Any) -> Any:
        return self.values[int(at)].as_py()


def encode_arrow(column: pa.ChunkedArray | pa.Array) -> Raw:
    """Return an Arrow column as codes and distinct values; nulls and '' are absent."""
    array = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    if not pa.types.is_dictionary(array.type):
        array = pc.dictionary_encode(array)
    codes = pc.fill_null(array.indices.cast(pa.int64()), ABSENT).to_numpy(zero_copy_only=False)
    values = array.dictionary
    if pa.types.is_string(values.type) or pa.types.is_large_string(values.type):
        empty = pc.index(values, "").as_py()
        if empty >= 0:
            codes = np.where(codes == empty, ABSENT, codes)
    return Raw(codes, ArrowValues(values))


def texts(raw: Raw, kept: bool = False) -> tuple[Texts, list[Fault]]:
    """Return a text column; whole numbers are taken as their digits. ``kept`` skips the check of every distinct value."""
    if kept:
        return Texts(raw.codes, raw.values), []
    values: list[str] = []
    faults = []
    for code, value in enumerate(raw.values):
        good = isinstance(value, str) or (isinstance(value, int) and not isinstance(value, bool))
        values.append(str(value).strip() if good else "")
        if not good:
            faults.append(Fault(np.flatnonzero(raw.codes == code), "C11_NOT_A_CODE", repr(value)))
    return Texts(raw.codes, values), faults


def numbers(raw: Raw, kind: str) -> tuple[Numbers, list[Fault]]:
    """Return a number column in the unit of its kind (fen, 1e-6 yuan, 1e-4, seconds since 1970 for days)."""
    parse = READERS[kind]
    parsed = np.zeros(len(raw.values) + 1, np.int64)  # the last cell answers code -1
    faults = []
    for code, value in enumerate(raw.values):
        try:
            parsed[code] = parse(value)
        except BadInput as error:
            faults.append(Fault(np.flatnonzero(raw.codes == code), error.code, error.found))
    return Numbers(parsed[raw.codes], raw.codes >= 0), faults


def decimals(array: pa.Array, kind: str) -> tuple[Numbers, list[Fault]] | None:
    """Return an Arrow decimal128 or integer column in the kind's unit without touching Python; None if it is neither."""
    places = PLACES.get(kind)
    if places is None:
        return None
    if pa.types.is_integer(array.type):
        array = array.cast(pa.decimal128(19, 0))
    if not pa.types.is_decimal128(array.type):
        return None
    given = pc.is_valid(array).to_numpy(zero_copy_only=False)
    words = np.frombuffer(array.buffers()[1], np.int64)[2 * array.offset : 2 * (array.offset + len(array))]
    low, high = words[0::2], words[1::2]
    scale = array.type.scale
    bound = (money.MAX_FEN if kind == "yuan" else 10**16) // 10 ** max(0, places - scale)
    faults = _too_large(np.flatnonzero(given & ((high != low >> 63) | (np.abs(low) > bound))), array)
    fits = np.where(given & (high == low >> 63) & (np.abs(low) <= bound), low, 0)
    if scale > places:
        extra = 10 ** (scale - places)
        bad = np.flatnonzero(fits % extra != 0)
        faults += [
            Fault(bad[n : n + 1], "C02_NOT_AN_AMOUNT", f"{array[int(r)].as_py()} has more than {places} decimals")
            for n, r in enumerate(bad)
        ]
        fits = fits // extra
    else:
        fits = fits * 10 ** (places - scale)
    return Numbers(fits, given), faults


def _too_large(rows: np.ndarray, array: pa.Array) -> list[Fault]:
    return [Fault(rows[n : n + 1], "C04_TOO_LARGE", str(array[int(r)].as_py())) for n, r in enumerate(rows)]


def days(array: pa.Array) -> Numbers | None:
    """Return an Arrow date or timestamp column as seconds since 1970; None if it is neither."""
    if not (pa.types.is_date(array.type) or pa.types.is_timestamp(array.type)):
        return None
    seconds = array.cast(pa.timestamp("s"), safe=False).cast(pa.int64())
    given = pc.is_valid(array).to_numpy(zero_copy_only=False)
    return Numbers(pc.fill_null(seconds, 0).to_numpy(zero_copy_only=False), given)


def _seconds(value: Any) -> int:
    if isinstance(value, datetime):
        moment = value
    elif isinstance(value, date):
        moment = datetime(value.year, value.month, value.day)
    else:
        try:
            moment = datetime.fromisoformat(str(value).strip())
        except ValueError:
            raise BadInput("C05_NOT_A_DATE", repr(value)) from None
        if not isinstance(value, str):
            raise BadInput("C05_NOT_A_DATE", repr(value))
    if not 1900 <= moment.year <= 2200:
        raise BadInput("C05_NOT_A_DATE", repr(value))
    return (moment.replace(tzinfo=None) - _EPOCH) // timedelta(seconds=1)


def _whole(value: Any) -> int:
    number = money.scaled(value, 0, "number")
    if not 0 <= number <= 200:
        raise BadInput("C11_NOT_A_CODE", f"{value!r} is not an age")
    return number


def _flag(value: Any) -> int:
    if value in ("0", "1", 0, 1, True, False) and not isinstance(value, Decimal):
        return int(value)
    raise BadInput("C11_NOT_A_CODE", f"{value!r} is not 0 or 1")


READERS: dict[str, Callable[[Any], int]] = {
    "yuan": money.fen,
    "price": lambda value: _bounded(value, money.PRICE_PLACES, "price"),
    "quantity": lambda value: _bounded(value, money.COUNT_PLACES, "quantity"),
    "rate": lambda value: _bounded(value, money.RATE_PLACES, "ratio"),
    "day": _seconds,
    "whole": _whole,
    "flag": _flag,
}


def _bounded(value: Any, places: int, what: str) -> int:
    number = money.scaled(value, places, what)
    if abs(number) > 10**16:
        raise BadInput("C04_TOO_LARGE", f"{what} {value!r} is over the bound")
    return number
