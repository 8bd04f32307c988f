"""Persons, their order and their counters: which state row each claim reads and grows.

A state row is one (person, insured area, period) or one person's account. A claim that brings ``year_so_far`` begins
new rows for the periods of its own day, filled with what it says; one that brings a balance begins a new account row.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from settlement import money
from settlement.errors import BadInput
from settlement.kernel.layout import ACCT_SLOT, MULAID_SLOT
from settlement.spans import day_of

if TYPE_CHECKING:
    from settlement.intake.door import Book, Door
    from settlement.intake.shares import Shares

# What a person brings from elsewhere: (psn_no, area, period kind, its first day, counter) → fen, or a number of admissions.
Carried = Mapping[tuple[str, str, str, str, str], int]
PERIODS = ("year", "quarter", "month")
MOST_ADMISSIONS = 100_000  # a count above it is a slip, and no step of the calculation has to bear it


class State(NamedTuple):
    """The counters: int64[row, slot], which rows each claim (in kernel order) uses, and what the rows are."""

    values: np.ndarray
    person_start: np.ndarray
    year_row: np.ndarray
    quarter_row: np.ndarray
    month_row: np.ndarray
    acct_row: np.ndarray
    mulaid_row: (
        np.ndarray
    )  # of the shared account: the account's own row unless some claim states the one without the other
    share_rows: tuple[np.ndarray, np.ndarray, np.ndarray]  # year, quarter and month row of each share, in kernel order
    row_draft: np.ndarray  # a draft of the row's person
    row_pool: np.ndarray  # position in pools, -1 for an account
    row_kind: np.ndarray  # 0 year, 1 quarter, 2 month, 3 account
    row_start: np.ndarray  # first day of the period
    row_fresh: np.ndarray  # bool: begun by what a claim itself said, so that nothing is carried into it
    pools: tuple[str, ...]


def carry_over(
    door: Door,
    book: Book,
    insured: tuple[list[str], np.ndarray],
    day: np.ndarray,
    shares: Shares,
    told: list[tuple[int, int, str, int]],
) -> tuple[np.ndarray, State]:
    """Return the kernel order of the open drafts (int64 draft numbers) and the state rows for it and for the shares.

    ``insured`` are the pools' codes and each draft's position among them, ``told`` what ``counters_told`` returned.
    """
    pools, pool = insured
    entries = [entry for entry in told if not door.refused[entry[0]]]
    person = _person_keys(door)
    open_rows = np.flatnonzero(~door.refused)
    order = open_rows[np.lexsort((open_rows, door.moment[open_rows], person[open_rows]))]
    who = person[order]
    person_start = (
        np.concatenate([[0], np.flatnonzero(np.diff(who)) + 1, [order.size]]) if order.size else np.zeros(1, np.int64)
    )
    resets = np.zeros(door.drafts.size, bool)
    resets[[claim for claim, _, _, _ in entries]] = True
    rows = _Rows()
    # A share of an earlier year stands just before its claim.
    seats, seat_day, own = _with_shares(order, day, shares)
    starts = _period_starts(_year_begins(door, book, pools, pool)[seats], seat_day)
    who_pool = _dense(person[seats] * (len(pools) + 1) + pool[seats])
    reset = resets[seats] & own
    used = [
        rows.add(kind, who_pool, _first_of_period(reset, own, seats, starts[kind]), starts[kind], seats, pool)
        for kind in range(len(PERIODS))
    ]
    needed = {counter.period for code in pools for counter in book.counters(code).values()}
    quarter, month = (used[kind]() if PERIODS[kind] in needed else None for kind in (1, 2))
    year = used[0]()
    acct, mulaid = _account_rows(door, rows, order, _dense(who), pool)
    values = np.zeros((rows.size, max([2, *(len(book.counters(code)) for code in pools)])), np.int64)
    quarter, month = (year if quarter is None else quarter), (year if month is None else month)
    mine = (year[own], quarter[own], month[own])
    _fill(values, entries, order, dict(zip(PERIODS, mine, strict=True)))
    for name, row, slot in (("balc", acct, ACCT_SLOT), ("acct_mulaid_balc", mulaid, MULAID_SLOT)):
        stated = door.drafts.number[name]
        begins = np.flatnonzero(stated.given[order])
        values[row[begins], slot] = stated.values[order[begins]]
    share_rows = (year[~own], quarter[~own], month[~own])
    return order, State(
        values, person_start.astype(np.int64), *mine, acct, mulaid, share_rows, *rows.columns(), tuple(pools)
    )  # fmt: skip


def _account_rows(
    door: Door, rows: _Rows, order: np.ndarray, who: np.ndarray, pool: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return each claim's rows of the account and of the shared account; a balance that a claim states begins a new row.

    Both are one row as long as no claim states the one without the other.
    """
    own, shared = (door.drafts.number[name].given[order] for name in ("balc", "acct_mulaid_balc"))
    start = np.zeros(order.size, np.int64)
    acct = rows.add(len(PERIODS), who, own, start, order, pool)()
    apart = shared.any() and ((shared & ~own).any() or (own & ~shared & np.isin(who, who[shared])).any())
    return acct, rows.add(len(PERIODS), who, shared, start, order, pool)() if apart else acct


def _first_of_period(reset: np.ndarray, own: np.ndarray, seats: np.ndarray, start: np.ndarray) -> np.ndarray:
    """Return where each told period begins anew: with the claim, or with the first of its shares that lies in the same one."""
    if own.all() or not reset.any():
        return reset
    made = reset.copy()
    for at in np.flatnonzero(reset).tolist():
        first = at
        while first > 0 and not own[first - 1] and seats[first - 1] == seats[at] and start[first - 1] == start[at]:
            first -= 1
        made[at], made[first] = False, True
    return made


def _with_shares(order: np.ndarray, day: np.ndarray, shares: Shares) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return drafts and days of claims in order, each preceded by its shares, and which of the entries are claims."""
    if not shares.draft.size:
        return order, day[order], np.ones(order.size, bool)
    place = np.full(int(order.max()) + 1, -1, np.int64)
    place[order] = np.arange(order.size)
    seats = np.concatenate([order, shares.draft])
    days = np.concatenate([day[order], shares.day])
    claims = np.concatenate([np.ones(order.size, bool), np.zeros(shares.draft.size, bool)])
    sequence = np.lexsort((days, place[seats]))
    return seats[sequence], days[sequence], claims[sequence]


def _person_keys(door: Door) -> np.ndarray:
    """Return a number for each draft's person; a draft without psn_no is a person of its own, its refund the same one."""
    codes = door.drafts.text["psn_no"].codes
    own = np.where(door.originals >= 0, door.originals, np.arange(codes.size))
    return np.where(codes >= 0, codes, len(door.drafts.text["psn_no"].values) + own)


def _dense(key: np.ndarray) -> np.ndarray:
    return np.unique(key, return_inverse=True)[1].reshape(-1).astype(np.int64)


def _episodes(group: np.ndarray, resets: np.ndarray) -> np.ndarray:
    """Return for each claim how many resets its group has seen, itself included; groups need not be contiguous."""
    if not resets.any():
        return np.zeros(group.size, np.int64)
    order = np.argsort(group, kind="stable")
    total = np.cumsum(resets[order])
    sorted_group = group[order]
    first = np.concatenate([[True], np.diff(sorted_group) != 0])
    before = np.where(first, total - resets[order], 0)
    before = np.maximum.accumulate(np.where(first, before, 0))
    made = np.empty(group.size, np.int64)
    made[order] = total - before
    return made


class _Rows:
    """Hands out state rows."""

    def __init__(self) -> None:
        self.size = 0
        self.parts: list[tuple[np.ndarray, ...]] = []

    def add(
        self, kind: int, group: np.ndarray, resets: np.ndarray, start: np.ndarray, order: np.ndarray, pool: np.ndarray
    ) -> Callable[[], np.ndarray]:
        """Return a function that makes the rows of (group, period start) and returns each claim's row.

        A claim that resets its group's period begins a new row for it.
        """

        def make() -> np.ndarray:
            if not order.size:
                return np.zeros(0, np.int64)
            period = group * (1 << 20) + start
            if resets.any():
                episode = _episodes(period, resets)
                period = _dense(period) * (int(episode.max()) + 1) + episode
            _, first, position = np.unique(period, return_index=True, return_inverse=True)
            row_pool = np.full(first.size, -1, np.int64) if kind == len(PERIODS) else pool[order[first]]
            self.parts.append(
                (order[first], row_pool, np.full(first.size, kind, np.int64), start[first], resets[first])
            )
            made: np.ndarray = self.size + position.reshape(-1).astype(np.int64)
            self.size += first.size
            return made

        return make

    def columns(self) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """Return draft, pool, kind, start day and freshness of every row."""
        if not self.parts:
            nothing = np.zeros(0, np.int64)
            return nothing, nothing, nothing, nothing, np.zeros(0, bool)
        draft, pool, kind, start, fresh = (np.concatenate(column) for column in zip(*self.parts, strict=True))
        return draft, pool, kind, start, fresh


def _year_begins(door: Door, book: Book, pools: list[str], pool: np.ndarray) -> np.ndarray:
    """Return month and day on which each draft's benefit year begins, int64[draft, 2]: its pool's for its scheme."""
    insutype = door.drafts.text["insutype"]
    names = [*(str(code) for code in insutype.values), ""]
    table = np.array([[book.benefit_year(code, name) for name in names] for code in pools] or [[(1, 1)] * len(names)])
    made: np.ndarray = table[np.maximum(pool, 0), insutype.codes]
    return made


def _period_starts(begins: np.ndarray, day: np.ndarray) -> list[np.ndarray]:
    """Return the first day of each claim's benefit year, quarter and month (int64 days since 1970)."""
    now = day.astype("datetime64[D]")
    month = now.astype("datetime64[M]")
    year = now.astype("datetime64[Y]").astype("datetime64[M]")

    def year_start(first_month: np.ndarray) -> np.ndarray:
        return (first_month + (begins[:, 0] - 1)).astype("datetime64[D]") + (begins[:, 1] - 1)

    this_year = year_start(year)
    starts = np.where(this_year > now, year_start(year - 12), this_year)
    quarter = month.astype(np.int64) // 3 * 3
    return [
        starts.astype(np.int64),
        quarter.astype("datetime64[M]").astype("datetime64[D]").astype(np.int64),
        month.astype("datetime64[D]").astype(np.int64),
    ]


def counters_told(door: Door, book: Book, pools: list[str], pool: np.ndarray) -> list[tuple[int, int, str, int]]:
    """Return ``(claim, slot, period, value)`` of every year_so_far entry; refuse names and amounts that do not fit."""
    made = []
    for entry in door.drafts.year_so_far:
        if pool[entry.claim] < 0 or door.refused[entry.claim]:
            continue
        counter = book.counters(pools[pool[entry.claim]]).get(entry.name)
        row = np.array([entry.claim])
        if counter is None:
            door.refuse(row, "R05_COUNTER_UNKNOWN", f"year_so_far.{entry.name}", repr(entry.name))
            continue
        try:
            value = money.scaled(entry.value, 0) if counter.kind == "admissions" else money.fen(entry.value)
            if value < 0:
                raise BadInput("C03_NEGATIVE", f"{entry.name} {entry.value}")
            if counter.kind == "admissions" and value > MOST_ADMISSIONS:
                raise BadInput("C04_TOO_LARGE", f"{entry.name} {entry.value}")
        except BadInput as error:
            door.refuse(row, error.code, f"year_so_far.{entry.name}", error.found)
            continue
        made.append((entry.claim, counter.slot, counter.period, value))
    return made


def carry_in(state: State, book: Book, persons: list[str], carried: Carried) -> None:
    """Fill the rows of ``state`` with what was carried from elsewhere; ``persons`` names the person of each draft."""
    rows, slots, values = [], [], []
    for held in held_rows(state, book, np.flatnonzero((state.row_pool >= 0) & ~state.row_fresh)):
        for name, counter in held.counters:
            rows.append(held.row)
            slots.append(counter.slot)
            values.append(carried.get((persons[held.draft], held.pool, held.period, held.start, name), 0))
    state.values[rows, slots] = values


class Held(NamedTuple):
    """One row of counters: of whom (a draft), of which area and period, and its counters by name."""

    row: int
    draft: int
    pool: str
    period: str
    start: str
    counters: list[tuple[str, Any]]


def held_rows(state: State, book: Book, rows: np.ndarray) -> Iterator[Held]:
    """Yield what the given rows of ``state`` hold, in order; accounts hold no counters and may not be asked for."""
    named = {
        (at, kind): [(name, counter) for name, counter in book.counters(pool).items() if counter.period == period]
        for at, pool in enumerate(state.pools)
        for kind, period in enumerate(PERIODS)
    }
    columns = (state.row_draft, state.row_pool, state.row_kind, state.row_start)
    days: dict[int, str] = {}  # few periods are spelt out many times
    for row, draft, at, kind, day in zip(rows.tolist(), *(column[rows].tolist() for column in columns), strict=True):
        start = days.get(day) or days.setdefault(day, day_of(day).isoformat())
        yield Held(row, draft, state.pools[at], PERIODS[kind], start, named[at, kind])


def _fill(
    values: np.ndarray, entries: list[tuple[int, int, str, int]], order: np.ndarray, rows: dict[str, np.ndarray]
) -> None:
    if not entries:
        return
    place = np.full(int(order.max(initial=0)) + 1, -1, np.int64)
    place[order] = np.arange(order.size)
    for claim, slot, period, value in entries:
        values[rows[period][place[claim]], slot] = value
