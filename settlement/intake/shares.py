"""Stays across benefit years: the shares that a stay leaves to the years before its last (docs/calculation.md §6)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from settlement.intake.columns import DAY_SECONDS

if TYPE_CHECKING:
    from settlement.intake.door import Book, Door


class Shares(NamedTuple):
    """One entry a share of an earlier year, in the order of drafts and years; and what the claims themselves keep.

    ``draft``, ``program``, ``day`` (its last), ``days`` of the share: one a share. ``stay_days``, ``last_days``, ``once``: one a draft, of the
    whole stay and of its last year (1 and 1 for a claim that is not split).
    """

    draft: np.ndarray
    program: np.ndarray
    day: np.ndarray
    days: np.ndarray
    stay_days: np.ndarray
    last_days: np.ndarray
    once: np.ndarray

    def without(self, refused: np.ndarray) -> Shares:
        """Return the shares of the drafts that are not refused (bool, one a draft)."""
        kept = ~refused[self.draft]
        return self._replace(
            draft=self.draft[kept], program=self.program[kept], day=self.day[kept], days=self.days[kept]
        )


def split_stays(
    door: Door, book: Book, pools: list[str], pool: np.ndarray, day: np.ndarray, program: np.ndarray
) -> Shares:
    """Return the shares of the stays that a rule splits by days; refuse those for whose earlier days nothing was in force."""
    number = door.drafts.number
    size = door.drafts.size
    stay_days, last_days, once = np.ones(size, np.int64), np.ones(size, np.int64), np.zeros(size, bool)
    made: list[tuple[int, int, int, int]] = []
    begin, end = number["begntime"], number["endtime"]
    if not book.asks.stays:
        nothing = np.zeros(0, np.int64)
        return Shares(nothing, nothing, nothing, nothing, stay_days, last_days, once)
    longest = begin.given & end.given & ~door.refused & (program >= 0) & (door.originals < 0)
    for claim in np.flatnonzero(longest & (end.values > begin.values)).tolist():
        first, last = int(begin.values[claim]) // DAY_SECONDS, int(day[claim])
        begins = book.benefit_year(pools[pool[claim]], door.drafts.text["insutype"].at(claim))
        if first >= year_start(begins, last):
            continue
        rule = book.stay(int(program[claim]), last)
        if rule is None or not rule.by_days:
            continue
        stay_days[claim], once[claim] = last - first, rule.once
        last_days[claim] = last - year_start(begins, last)
        for final, days in earlier_years(begins, first, last):
            row = book.program_on(int(program[claim]), final)
            if row < 0:
                code, found = book.missing[-2 - row]
                door.refuse(np.array([claim]), code, "begntime", f"{np.datetime64(final, 'D')}: {found}")
            made.append((claim, row, final, days))
    kept = [share for share in made if not door.refused[share[0]]]
    columns = np.array(kept, np.int64).reshape(len(kept), 4).T
    return Shares(columns[0], columns[1], columns[2], columns[3], stay_days, last_days, once)


def year_start(begins: tuple[int, int], day: int) -> int:
    """Return the first day of the benefit year that a day (since 1970) lies in."""
    year = int(str(np.datetime64(day, "D"))[:4])
    start = _on(year, begins)
    return start if start <= day else _on(year - 1, begins)


def _on(year: int, begins: tuple[int, int]) -> int:
    return int(np.datetime64(f"{year:04d}-{begins[0]:02d}-{begins[1]:02d}", "D").astype(np.int64))


def earlier_years(begins: tuple[int, int], first: int, last: int) -> Iterator[tuple[int, int]]:
    """Yield ``(last day of the year, days of the stay in it)`` of every benefit year before that of ``last``, ascending."""
    while first < year_start(begins, last):
        year = int(str(np.datetime64(year_start(begins, first), "D"))[:4])
        next_start = _on(year + 1, begins)
        yield next_start - 1, next_start - first
        first = next_start
