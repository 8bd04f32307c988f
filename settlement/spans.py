"""Dated rows: which row is in force on a day, for one key or for millions of (key, day) pairs at once."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import NamedTuple

import numpy as np

DAY_RANGE = 1 << 20  # days since 1970 fit far below; lets a (key, day) pair be one integer
_EPOCH = date(1970, 1, 1).toordinal()


def day_number(day: date) -> int:
    """Return days since 1970-01-01, as numpy and Arrow count them."""
    return day.toordinal() - _EPOCH


def day_of(number: int) -> date:
    """Return the date of a day number."""
    return date.fromordinal(number + _EPOCH)


class Spans(NamedTuple):
    """Rows in force, each from its day until the next one's; before the first day there is none."""

    from_days: tuple[int, ...]
    rows: tuple[int, ...]

    def on(self, day: int, missing: int = -1) -> int:
        """Return the row in force on a day."""
        found = missing
        for begins, row in zip(self.from_days, self.rows, strict=True):
            if begins > day:
                break
            found = row
        return found


def merged(days: list[int], row_on: Callable[[int], int]) -> Spans:
    """Return spans for ascending change days, leaving out days on which nothing changes."""
    from_days: list[int] = []
    rows: list[int] = []
    for day in days:
        row = row_on(day)
        if not rows or row != rows[-1]:
            from_days.append(day)
            rows.append(row)
    return Spans(tuple(from_days), tuple(rows))


def rows_on(spans: list[Spans], key: np.ndarray, day: np.ndarray, missing: int = -1) -> np.ndarray:
    """Return int64 rows: for each i the row of ``spans[key[i]]`` in force on ``day[i]``.

    ``key`` int64 positions in ``spans``, ``day`` int64 day numbers, same length.
    """
    starts, rows = [], []
    for position, span in enumerate(spans):
        starts.append(position * DAY_RANGE)  # before the first day: missing
        rows.append(missing)
        for begins, row in zip(span.from_days, span.rows, strict=True):
            starts.append(position * DAY_RANGE + max(begins, 1))
            rows.append(row)
    if not starts:
        return np.full(key.shape, missing, np.int64)
    at = np.searchsorted(np.array(starts), key * DAY_RANGE + day, side="right") - 1
    return np.array(rows, np.int64)[at]


def present(key: np.ndarray, size: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the distinct values of ``key`` (ascending, all below ``size``) and each one's position among them."""
    if size > 4 * key.size + 1_000_000:
        distinct, position = np.unique(key, return_inverse=True)
        return distinct, position.astype(np.int64)
    seen = np.zeros(size, bool)
    seen[key] = True
    distinct = np.flatnonzero(seen)
    renumber = np.zeros(size, np.int64)
    renumber[distinct] = np.arange(distinct.size)
    return distinct, renumber[key]
