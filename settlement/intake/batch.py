"""Drafts + rulebook → the kernel's arrays, and the claims that cannot be settled, each with its reasons.

Every check works on whole columns. A claim with any reason against it is left out of the batch; the others go on.
Persons are made contiguous and each one's claims sorted by time of settlement; ``ClaimBatch.order`` remembers the file's order.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from settlement import codes, money
from settlement.errors import Refusal
from settlement.intake.columns import DAY_SECONDS
from settlement.intake.door import Book, Door
from settlement.intake.drafts import Drafts
from settlement.intake.lines import LineTerms, check_lines, line_terms, refuse_unknown_ratios, refuse_untaken_lines
from settlement.intake.persons import State, carry_over, counters_told
from settlement.intake.program import choose_programs, insured_pools
from settlement.intake.refunds import check_refunds, filled_in, refuse_with_originals
from settlement.intake.shares import Shares, split_stays
from settlement.intake.standing import check_standing
from settlement.kernel.layout import CLAIM, FUNDS, LINE, C, Claims, L, P, Tables


class ClaimBatch(NamedTuple):
    """A batch ready for the kernel. ``order[k]`` is the draft that claim ``k`` of the arrays came from.

    ``said`` are the drafts with what refunds take over from the claims they give back.
    """

    said: Drafts
    claims: Claims
    tables: Tables
    state: State
    order: np.ndarray
    day: np.ndarray
    relation: np.ndarray
    filed: np.ndarray  # when each draft's filing was made, positions in codes.FILED
    steps: int
    terms: LineTerms
    parts: int  # the most parts that any program has
    refusals: list[Refusal]


def admit(drafts: Drafts, book: Book) -> ClaimBatch:
    """Return the batch of all drafts that can be settled and the refusals of the others."""
    door = Door(drafts)
    check_refunds(door, drafts)
    door.drafts = filled_in(drafts, door.originals)
    _check_needed(door)
    _check_claims(door)
    pools, pool = insured_pools(door, book)
    day = _benefit_day(door)
    check_lines(door)
    check_standing(door, book, pools, pool, day)
    chosen = choose_programs(door, book, pools, pool, day)
    terms = line_terms(door, book, day, door.undated())
    refuse_unknown_ratios(door, book, terms, chosen.program)
    told = counters_told(door, book, pools, pool)
    shares = split_stays(door, book, pools, pool, day, chosen.program)
    tables = book.tables(terms.own)
    refuse_untaken_lines(door, book, terms, tables, [(np.arange(drafts.size), chosen.program), shares[:2]])
    refuse_with_originals(door)
    shares = shares.without(door.refused)
    order, state = carry_over(door, book, (pools, pool), day, shares, told)
    claims, steps = _arrays(door, book, tables, (chosen.program, pool, pools), terms, (order, state, shares))
    parts = int(tables.programs[:, P.parts_count].max(initial=0))
    refusals = sorted(door.refusals, key=lambda refusal: refusal.claim)
    return ClaimBatch(
        door.drafts,
        claims,
        tables,
        state,
        order,
        day,
        chosen.relation,
        chosen.filed,
        steps,
        terms,
        parts,
        refusals,
    )


NEEDED = ("insuplc_admdvs", "mdtrtarea_admvs", "insutype", "psn_type", "med_type")


def _check_needed(door: Door) -> None:
    drafts = door.drafts
    objects = ~door.unread()
    for name in NEEDED:
        door.refuse(np.flatnonzero((drafts.text[name].codes < 0) & objects), "C01_FIELD_MISSING", name, name)
    missing = ~drafts.number["setl_time"].given & objects
    door.refuse(np.flatnonzero(missing), "C01_FIELD_MISSING", "setl_time", "setl_time")
    empty = (np.diff(drafts.line_start) == 0) & ~door.refused & (drafts.text["refund_of"].codes < 0)
    door.refuse(np.flatnonzero(empty), "C06_NO_LINES", "feedetail", "0")
    for name in ("insuplc_admdvs", "mdtrtarea_admvs"):
        _refuse_words(door, name, codes.is_division)
    _refuse_words(door, "filing", codes.FILINGS.__contains__)
    _refuse_words(door, "medinslv", codes.LEVEL_WORDS.__contains__)
    _refuse_words(door, "dedc_hosp_lv", codes.LEVEL_WORDS.__contains__)
    _refuse_words(door, "curr", lambda word: word.upper() in ("CNY", "RMB"), "C12_CURRENCY")


def _refuse_words(door: Door, name: str, good: Any, code: str = "C11_NOT_A_CODE") -> None:
    column = door.drafts.text[name]
    for at, word in enumerate(column.values):
        if word and not good(word):
            door.refuse(np.flatnonzero(column.codes == at), code, name, repr(word))


def _check_claims(door: Door) -> None:
    drafts = door.drafts
    ids = drafts.text["medins_setl_id"].codes
    given = np.flatnonzero(ids >= 0)
    if given.size and np.bincount(ids[given]).max() > 1:
        _, first = np.unique(ids[given], return_index=True)
        again = np.setdiff1d(given, given[first])
        door.refuse(again, "C10_DUPLICATE_CLAIM", "medins_setl_id", drafts.claim_id)
    for name in ("balc", "acct_mulaid_balc", "hosp_part_amt", "transfer_dedc_paid", "medfee_sumamt"):
        values = drafts.number[name].values
        door.refuse(np.flatnonzero(values < 0), "C03_NEGATIVE", name, lambda row, v=values: money.yuan(int(v[row])))
    begin, end = drafts.number["begntime"], drafts.number["endtime"]
    # Days, not moments: a day of discharge without its hour is not before the hour of admission.
    crossed = begin.given & end.given & (end.values // DAY_SECONDS < begin.values // DAY_SECONDS)
    crossed &= ~door.unread("begntime", "endtime")
    door.refuse(
        np.flatnonzero(crossed),
        "C13_DATES_CROSS",
        "endtime",
        lambda row: f"{_day_text(begin.values[row])} > {_day_text(end.values[row])}",
    )


def _day_text(seconds: Any) -> str:
    return str(np.datetime64(int(seconds) // DAY_SECONDS, "D"))


def _benefit_day(door: Door) -> np.ndarray:
    """Return the day whose rules and year apply: of discharge if given, else of settlement (int64 days since 1970)."""
    number = door.drafts.number
    seconds = np.where(number["endtime"].given, number["endtime"].values, number["setl_time"].values)
    day: np.ndarray = seconds // DAY_SECONDS
    return day


def _arrays(
    door: Door,
    book: Book,
    tables: Tables,
    chosen: tuple[np.ndarray, np.ndarray, list[str]],
    terms: LineTerms,
    placed: tuple[np.ndarray, State, Shares],
) -> tuple[Claims, int]:
    drafts, number = door.drafts, door.drafts.number
    (program, pool, pools), (order, state, shares) = chosen, placed
    columns = np.zeros((len(CLAIM), order.size), np.int64)
    columns[C.program], columns[C.pool] = program[order], pool[order]
    columns[C.line_start], columns[C.line_end], from_line = _line_order(drafts.line_start, order)
    columns[C.year_row], columns[C.quarter_row] = state.year_row, state.quarter_row
    columns[C.month_row] = state.month_row
    columns[C.acct_row], columns[C.mulaid_row] = state.acct_row, state.mulaid_row
    stay = (number["endtime"].values - number["begntime"].values) // DAY_SECONDS
    days = np.maximum(1, np.where(number["endtime"].given & number["begntime"].given, stay, 1))
    columns[C.days_count] = days[order]
    columns[C.transfer_dedc_paid_fen] = number["transfer_dedc_paid"].values[order]
    columns[C.hosp_part_fen] = number["hosp_part_amt"].values[order]
    columns[C.acct_used_flag] = number["acct_used_flag"].values[order]
    columns[C.share_days_count], columns[C.stay_days_count] = shares.last_days[order], shares.stay_days[order]
    reported = _reported(door, columns, order)
    earlier = _earlier(columns, state, shares, order, drafts.size)
    _link_refunds(door, columns, order, np.array([book.refunds(code) == "last_first" for code in pools] or [False]))
    columns[C.special] = (columns[C.refund_of] >= 0) | (columns[C.earlier_end] > columns[C.earlier_start])
    steps = _number_steps(tables, columns, earlier)
    lines = np.empty((len(LINE), from_line.size), np.int64)
    lines[L.det_item_fee_sumamt_fen] = drafts.line_number["det_item_fee_sumamt"].values[from_line]
    lines[L.cnt_e4] = drafts.line_number["cnt"].values[from_line]
    lines[L.term] = terms.row[from_line]
    return Claims(columns, earlier, state.person_start, lines, reported), steps


def _earlier(columns: np.ndarray, state: State, shares: Shares, order: np.ndarray, size: int) -> np.ndarray:
    """Return the columns of the shares, in the order of their claims and years; point the claims at them."""
    if not shares.draft.size:
        return np.zeros((len(CLAIM), 0), np.int64)
    place = np.full(size, -1, np.int64)
    place[order] = np.arange(order.size)
    claim = place[shares.draft]
    sequence = np.lexsort((shares.day, claim))
    claim = claim[sequence]
    counts = np.bincount(claim, minlength=order.size)
    columns[C.earlier_end] = np.cumsum(counts)
    columns[C.earlier_start] = columns[C.earlier_end] - counts
    earlier: np.ndarray = columns[:, claim].copy()
    first = np.concatenate([[True], np.diff(claim) != 0])
    once, split = shares.once[order], np.flatnonzero(counts)
    earlier[C.program], earlier[C.share_days_count] = shares.program[sequence], shares.days[sequence]
    earlier[C.year_row], earlier[C.quarter_row], earlier[C.month_row] = state.share_rows
    earlier[C.reported_row] = -1  # a reported amount is paid in the last year
    earlier[C.transfer_dedc_paid_fen] = np.where(first, earlier[C.transfer_dedc_paid_fen], 0)
    earlier[C.days_count] = np.where(once[claim], earlier[C.stay_days_count], earlier[C.share_days_count])
    earlier[C.dedc_once] = once[claim] & ~first
    columns[C.dedc_once, split] = once[split]
    columns[C.days_count, split] = np.maximum(1, columns[C.share_days_count, split])
    columns[C.transfer_dedc_paid_fen, split] = 0
    return earlier


def _link_refunds(door: Door, columns: np.ndarray, order: np.ndarray, last_first: np.ndarray) -> None:
    """Point each refund at the claim it gives back, and at that claim's counters and shares; ``last_first`` is one a pool."""
    columns[C.refund_of] = -1
    of = door.originals[order]
    refunds = np.flatnonzero(of >= 0)
    if not refunds.size:
        return
    place = np.full(door.drafts.size, -1, np.int64)
    place[order] = np.arange(order.size)
    originals = place[of[refunds]]
    for column in (C.program, C.year_row, C.quarter_row, C.month_row, C.earlier_start, C.earlier_end):
        columns[column, refunds] = columns[column, originals]
    columns[C.refund_of, refunds] = originals
    columns[C.last_first] = last_first[columns[C.pool]]


def _number_steps(tables: Tables, columns: np.ndarray, earlier: np.ndarray) -> int:
    """Give every claim its layer results: those of its shares, then its own. Returns how many there are."""
    count = _layers(tables, columns)
    if earlier.shape[1]:
        before = np.concatenate([[0], np.cumsum(_layers(tables, earlier))])
        count += before[columns[C.earlier_end]] - before[columns[C.earlier_start]]
    columns[C.step_end] = np.cumsum(count)
    columns[C.step_start] = columns[C.step_end] - count
    return int(count.sum())


def _layers(tables: Tables, columns: np.ndarray) -> np.ndarray:
    program = columns[C.program]
    count: np.ndarray = tables.programs[program, P.layer_end] - tables.programs[program, P.layer_start]
    return count


def _line_order(line_start: np.ndarray, order: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return where each claim's lines begin and end in the batch, and the draft line of each: a claim's lines follow
    those of the claim before it, so that the kernel reads and writes them in one sweep.
    """
    first = line_start[:-1][order]
    count = line_start[1:][order] - first
    end = np.cumsum(count)
    from_line = np.arange(int(end[-1]) if end.size else 0) + np.repeat(first - (end - count), count)
    return end - count, end, from_line


def _reported(door: Door, columns: np.ndarray, order: np.ndarray) -> np.ndarray:
    columns[C.reported_row] = -1
    entries = door.drafts.reported_pay
    if not entries:
        return np.zeros((0, len(FUNDS)), np.int64)
    rows: dict[int, list[int]] = {}
    for entry in entries:
        if entry.name in FUNDS and not door.refused[entry.claim]:
            rows.setdefault(entry.claim, [0] * len(FUNDS))[FUNDS.index(entry.name)] = money.fen(entry.value)
    place = {claim: at for at, claim in enumerate(rows)}
    columns[C.reported_row] = [place.get(claim, -1) for claim in order.tolist()]
    return np.array(list(rows.values()), np.int64).reshape(len(rows), len(FUNDS))
