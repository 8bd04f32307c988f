"""One column of drafts: distinct values parsed once, then spread over the rows as integers.

A million rows hold few distinct codes, dates and amounts, so parsing (and complaining) happens per distinct value in
Python and everything after it in numpy. A single JSON claim takes the same way.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, datetime, timedelta, timezone
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from settlement import money
from settlement.errors import BadInput

ABSENT = -1
DAY_SECONDS = 86_400
_EPOCH = datetime(1970, 1, 1)
# A moment that names its time zone is told in China's, whose days the rules count in.
CHINA = timezone(timedelta(hours=8))
FIRST_YEAR, LAST_YEAR = 1900, 2200

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
        code = self.codes.item(row)
        return str(self.values[code]) if code >= 0 else ""


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


_TEXTS = frozenset((str, type(None)))


def encode(values: Sequence[Any]) -> Raw:
    """Return a list of raw values as codes and distinct values; None and '' are absent."""
    found = _texts_in(values)
    if found is not None:  # the common case, without a step of Python for each value
        words = [word for word in found if word]
        if len(found) == 1:  # claims that are settled together have much in common
            return Raw(np.full(len(values), 0 if words else ABSENT, np.int64), words)
        if len(words) == len(values):  # ids
            return Raw(np.arange(len(values), dtype=np.int64), words)
        place: dict[Any, int] = {None: ABSENT, "": ABSENT, **{word: code for code, word in enumerate(words)}}
        return Raw(np.fromiter(map(place.__getitem__, values), np.int64, len(values)), words)
    seen: dict[Any, int] = {}
    codes = np.empty(len(values), np.int64)
    distinct: list[Any] = []
    for row, value in enumerate(values):
        if value is None or value == "":
            codes[row] = ABSENT
            continue
        key: Any = value if type(value) is str else (type(value), value if type(value) is int else repr(value))
        code = seen.get(key)
        if code is None:
            code = seen[key] = len(distinct)
            distinct.append(value)
        codes[row] = code
    return Raw(codes, distinct)


def _texts_in(values: Sequence[Any]) -> dict[Any, None] | None:
    """Return the distinct values in order of first sight, None if any is neither a text nor None."""
    try:
        found = dict.fromkeys(values)
    except TypeError:  # a list or an object
        return None
    return found if _TEXTS.issuperset(map(type, found)) else None


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


def texts(raw: Raw, ids: bool = False) -> tuple[Texts, list[Fault]]:
    """Return a text column; whole numbers are taken as their digits, blanks around a word are not part of it.

    ``ids`` says that the values are many: those of an Arrow column, which are all of one type, are not looked at.
    """
    if ids and isinstance(raw.values, ArrowValues):
        return Texts(raw.codes, raw.values), []
    if isinstance(raw.values, list) and _as_written(raw.values):
        return Texts(raw.codes, raw.values), []
    places: dict[str, int] = {}
    spread = np.full(len(raw.values) + 1, ABSENT, np.int64)  # the last cell answers code -1
    faults = []
    for code, value in enumerate(raw.values):
        word = _word(value)
        if word is None:
            faults.append(Fault(np.flatnonzero(raw.codes == code), "C11_NOT_A_CODE", repr(value)))
        if word != "":
            spread[code] = places.setdefault(word or "", len(places))
    return Texts(spread[raw.codes], list(places)), faults


def _as_written(values: list[Any]) -> bool:
    """Tell whether all values are plain texts that stand for themselves: no blanks to take off, no odd characters."""
    if not all([type(value) is str for value in values]):
        return False  # a number, or something that is no code at all
    joined = "".join(values)
    return joined.isascii() and len(joined.split()) < 2 and joined == joined.strip()


def _word(value: Any) -> str | None:
    """Return a code as text, None if it is none."""
    if isinstance(value, bool) or not isinstance(value, str | int):
        return None
    try:
        word = str(value).strip()
        word.encode()  # half of a surrogate pair cannot be written anywhere
    except ValueError:
        return None
    return word


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
    """Return an Arrow decimal128 or integer column in the kind's unit without touching Python; None if that cannot be."""
    places = PLACES.get(kind)
    if places is None:
        return None
    if pa.types.is_integer(array.type):
        array = array.cast(pa.decimal128(20, 0))  # the digits of a uint64
    if not pa.types.is_decimal128(array.type):
        return None
    scale = array.type.scale
    bound = (money.MAX_FEN if kind == "yuan" else 10**16) * 10 ** max(0, scale - places) // 10 ** max(0, places - scale)
    if bound >= 2**63:  # more decimals than int64 holds at this bound: value by value, in Python
        return None
    given = pc.is_valid(array).to_numpy(zero_copy_only=False)
    words = np.frombuffer(array.buffers()[1], np.int64)[2 * array.offset : 2 * (array.offset + len(array))]
    low, high = words[0::2], words[1::2]
    fits = given & (high == low >> 63) & (low <= bound) & (low >= -bound)
    faults = _too_large(np.flatnonzero(given & ~fits), array)
    exact = np.where(fits, low, 0)
    if scale > places:
        extra = 10 ** (scale - places)
        bad = np.flatnonzero(exact % extra)
        faults += [
            Fault(bad[n : n + 1], "C02_NOT_AN_AMOUNT", f"{array[int(r)].as_py()} has more than {places} decimals")
            for n, r in enumerate(bad)
        ]
        exact = exact // extra
    elif scale < places:
        exact = exact * 10 ** (places - scale)
    return Numbers(exact, given), faults


def _too_large(rows: np.ndarray, array: pa.Array) -> list[Fault]:
    return [Fault(rows[n : n + 1], "C04_TOO_LARGE", str(array[int(r)].as_py())) for n, r in enumerate(rows)]


def days(array: pa.Array) -> tuple[Numbers, list[Fault]] | None:
    """Return an Arrow date or timestamp column as seconds since 1970; None if it is neither."""
    if not (pa.types.is_date(array.type) or pa.types.is_timestamp(array.type)):
        return None
    zoned = pa.types.is_timestamp(array.type) and array.type.tz is not None
    ticks = array.cast(pa.timestamp("s", array.type.tz if zoned else None), safe=False).cast(pa.int64())
    seconds = pc.fill_null(ticks, 0).to_numpy(zero_copy_only=False)
    if zoned:  # inside it is UTC
        seconds = seconds + CHINA.utcoffset(None) // timedelta(seconds=1)
    given = pc.is_valid(array).to_numpy(zero_copy_only=False)
    far = np.flatnonzero(given & ((seconds < _BEGIN) | (seconds >= _END)))
    faults = [Fault(far[n : n + 1], "C05_NOT_A_DATE", str(array[int(r)])) for n, r in enumerate(far)]
    return Numbers(np.where((seconds < _BEGIN) | (seconds >= _END), 0, seconds) if far.size else seconds, given), faults


def day_of(value: Any) -> date:
    """Return the day that a date or moment, written as in a claim, falls on. Raises BadInput C05."""
    return (_EPOCH + timedelta(seconds=_seconds(value))).date()


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
    if not FIRST_YEAR <= moment.year <= LAST_YEAR:
        raise BadInput("C05_NOT_A_DATE", repr(value))
    if moment.tzinfo is not None:
        moment = moment.astimezone(CHINA).replace(tzinfo=None)
    return _since_1970(moment)


def _since_1970(moment: datetime) -> int:
    return (moment - _EPOCH) // timedelta(seconds=1)


_BEGIN, _END = _since_1970(datetime(FIRST_YEAR, 1, 1)), _since_1970(datetime(LAST_YEAR + 1, 1, 1))


def _whole(value: Any) -> int:
    number = money.scaled(value, 0, "number")
    if not 0 <= number <= 200:
        raise BadInput("C11_NOT_A_CODE", f"{value!r} is not an age")
    return number


def _flag(value: Any) -> int:
    if isinstance(value, str | int) and value in ("0", "1", 0, 1):
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
        raise BadInput("C04_TOO_LARGE", f"{what} {str(value)[:60]} is over the bound")
    return number
