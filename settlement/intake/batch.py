"""Drafts + rulebook → the kernel's arrays, and the claims that cannot be settled, each with its reasons.

Every check works on whole columns. A claim with any reason against it is left out of the batch; the others go on.
Persons are made contiguous and each one's claims sorted by time of settlement; ``ClaimBatch.order`` remembers the file's order.
"""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any, NamedTuple, Protocol

import numpy as np

from settlement import codes, money
from settlement.errors import BadInput, Refusal
from settlement.intake.columns import DAY_SECONDS
from settlement.intake.drafts import Drafts
from settlement.intake.persons import State, carry_over
from settlement.intake.program import choose_programs
from settlement.kernel.layout import CLAIM, FUNDS, LINE, C, Claims, L, P, Tables
from settlement.spans import present, rows_on

ALL_REASONS = 5  # how many refused lines of one claim are named


class Book(Protocol):
    """What intake asks of a rulebook."""

    digest: str
    pools: dict[str, Any]
    catalogue: Any
    ages: list[int]
    missing: list[Any]

    def area(self, code: str) -> str | None: ...  # noqa: D102
    def catalogue_areas(self, place: str) -> tuple[str, ...]: ...  # noqa: D102
    def counters(self, pool: str) -> dict[str, Any]: ...  # noqa: D102
    def benefit_year(self, pool: str) -> tuple[int, int]: ...  # noqa: D102
    def program_spans(self, asked: Any) -> Any: ...  # noqa: D102
    def asked(self, *parts: Any) -> Any: ...  # noqa: D102
    def own_terms(self, chrgitm_lv: str, selfpay_bp: int, pric_uplmt_e4: int) -> tuple[int, int, int]: ...  # noqa: D102
    def tables(self, own_terms: np.ndarray) -> Tables: ...  # noqa: D102


class ClaimBatch(NamedTuple):
    """A batch ready for the kernel. ``order[k]`` is the draft that claim ``k`` of the arrays came from."""

    claims: Claims
    tables: Tables
    state: State
    order: np.ndarray
    day: np.ndarray
    relation: np.ndarray
    steps: int
    own_terms: np.ndarray
    refusals: list[Refusal]


_LINE = re.compile(r"feedetail\[(\d+)\]")


class Door:
    """Collects refusals while the columns are checked."""

    def __init__(self, drafts: Drafts) -> None:
        self.drafts = drafts
        self.refusals = list(drafts.refusals)
        self.refused = np.zeros(drafts.size, bool)
        for refusal in self.refusals:
            self.refused[refusal.claim] = True

    def unread(self, *fields: str) -> np.ndarray:
        """Return the drafts (bool) that are no objects at all, or hold something unreadable in one of the fields.

        What could not be read stands as 0: nothing else is to be said about that 0.
        """
        made = np.zeros(self.drafts.size, bool)
        made[[refusal.claim for refusal in self.drafts.refusals if refusal.field in ("", *fields)]] = True
        return made

    def unread_lines(self) -> np.ndarray:
        """Return the lines (bool) that hold something unreadable."""
        starts = self.drafts.line_start
        made = np.zeros(int(starts[-1]), bool)
        for refusal in self.drafts.refusals:
            inside = _LINE.match(refusal.field)
            if inside:  # a stray field may be called like a line that is not there: then the slice is empty
                at = int(starts[refusal.claim]) + int(inside[1])
                made[at : min(at + 1, int(starts[refusal.claim + 1]))] = True
        return made

    def refuse(self, rows: np.ndarray, code: str, field: str, found: Any) -> None:
        """Refuse the claims at ``rows``; ``found`` is a text or a function from row to text."""
        for row in np.asarray(rows).tolist():
            self.refused[row] = True
            text = found(row) if callable(found) else found
            self.refusals.append(Refusal(row, self.drafts.claim_id(row), code, field, text))

    def refuse_lines(self, lines: np.ndarray, code: str, field: str, found: Any) -> None:
        """Refuse the claims of the given lines, naming the line; at most a few lines of one claim are named."""
        named: dict[int, int] = {}
        for line in np.asarray(lines).tolist():
            claim = int(np.searchsorted(self.drafts.line_start, line, side="right")) - 1
            named[claim] = named.get(claim, 0) + 1
            if named[claim] <= ALL_REASONS:
                at = line - int(self.drafts.line_start[claim])
                self.refuse(
                    np.array([claim]), code, f"feedetail[{at}].{field}", found(line) if callable(found) else found
                )


def admit(drafts: Drafts, book: Book) -> ClaimBatch:
    """Return the batch of all drafts that can be settled and the refusals of the others."""
    door = Door(drafts)
    _check_needed(door)
    _check_claims(door)
    day = _benefit_day(door)
    totals = _check_lines(door)
    chosen = choose_programs(door, book, day)
    term, own_terms = _line_terms(door, book, day)
    order, state = carry_over(door, book, chosen.pool, chosen.pools, day)
    tables = book.tables(own_terms)
    claims, steps = _arrays(door, tables, chosen.program, term, order, state, totals)
    refusals = sorted(door.refusals, key=lambda refusal: refusal.claim)
    return ClaimBatch(claims, tables, state, order, day, chosen.relation, steps, own_terms, refusals)


NEEDED = ("insuplc_admdvs", "mdtrtarea_admvs", "insutype", "psn_type", "med_type")


def _check_needed(door: Door) -> None:
    drafts = door.drafts
    objects = ~door.unread()
    for name in NEEDED:
        door.refuse(np.flatnonzero((drafts.text[name].codes < 0) & objects), "C01_FIELD_MISSING", name, name)
    missing = ~drafts.number["setl_time"].given & objects
    door.refuse(np.flatnonzero(missing), "C01_FIELD_MISSING", "setl_time", "setl_time")
    door.refuse(np.flatnonzero((np.diff(drafts.line_start) == 0) & ~door.refused), "C06_NO_LINES", "feedetail", "0")
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
    status = drafts.text["psn_insu_stas"]
    for at, word in enumerate(status.values):
        if word and word != "1":
            code = "P02_INSURANCE_SUSPENDED" if word in ("2", "4") else "C11_NOT_A_CODE"
            door.refuse(np.flatnonzero(status.codes == at), code, "psn_insu_stas", f"psn_insu_stas {word}")
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
    waits = number["benefit_from"]
    early = waits.given & (waits.values // DAY_SECONDS > day) & ~_undated(door)
    door.refuse(np.flatnonzero(early), "P03_WAITING_PERIOD", "benefit_from", lambda row: _day_text(waits.values[row]))
    return day


def _undated(door: Door) -> np.ndarray:
    """Return the drafts (bool) whose day is not known."""
    number = door.drafts.number
    nothing: np.ndarray = ~number["setl_time"].given & ~number["endtime"].given
    return nothing | door.unread("setl_time", "endtime")


def _check_lines(door: Door) -> np.ndarray:
    """Check amounts, quantities and totals; return the claims' totals in fen."""
    drafts = door.drafts
    number = drafts.line_number
    amount, cnt, pric = number["det_item_fee_sumamt"], number["cnt"], number["pric"]
    read = ~door.unread_lines()
    for name in ("det_item_fee_sumamt", "cnt"):
        door.refuse_lines(np.flatnonzero(~number[name].given), "C01_FIELD_MISSING", name, name)
    door.refuse_lines(
        np.flatnonzero(amount.values < 0),
        "C03_NEGATIVE",
        "det_item_fee_sumamt",
        lambda k: money.yuan(int(amount.values[k])),
    )
    door.refuse_lines(
        np.flatnonzero(cnt.given & (cnt.values <= 0) & read),
        "C03_NEGATIVE",
        "cnt",
        lambda k: f"cnt {Decimal(int(cnt.values[k])).scaleb(-money.COUNT_PLACES)}",
    )
    door.refuse_lines(np.flatnonzero(pric.values < 0), "C03_NEGATIVE", "pric", "pric < 0")
    checked = (
        read & pric.given & cnt.given & amount.given & (cnt.values > 0) & (pric.values >= 0) & (amount.values >= 0)
    )
    safe_cnt = np.where(checked, cnt.values, 1)
    # pric x cnt is in 1e-8 fen; where it would not fit in int64 it is far above any amount.
    huge = pric.values > (4 * 10**18) // safe_cnt
    product = np.where(checked & ~huge, pric.values * np.where(huge, 0, safe_cnt), 0)
    off = checked & (huge | (np.abs(product - amount.values * 10**8) >= 10**8))
    door.refuse_lines(
        np.flatnonzero(off), "C07_LINE_ARITHMETIC", "det_item_fee_sumamt",
        lambda k: f"pric x cnt differs from {money.yuan(int(amount.values[k]))}",
    )  # fmt: skip
    _check_repeats(door)
    sums = np.concatenate([[0], np.cumsum(np.clip(amount.values, 0, money.MAX_FEN))])
    totals: np.ndarray = sums[drafts.line_start[1:]] - sums[drafts.line_start[:-1]]
    door.refuse(
        np.flatnonzero(totals > money.MAX_FEN), "C04_TOO_LARGE", "feedetail", lambda row: money.yuan(int(totals[row]))
    )
    stated = drafts.number["medfee_sumamt"]
    differs = stated.given & (stated.values != totals) & ~door.refused
    door.refuse(
        np.flatnonzero(differs), "C09_TOTAL_DIFFERS", "medfee_sumamt",
        lambda row: f"{money.yuan(int(stated.values[row]))} / {money.yuan(int(totals[row]))}",
    )  # fmt: skip
    return totals


def _check_repeats(door: Door) -> None:
    drafts = door.drafts
    serial = drafts.line_text["feedetl_sn"]
    if not len(serial.values):
        return
    key = drafts.claim_of_lines() * len(serial.values) + serial.codes
    given = np.flatnonzero(serial.codes >= 0)
    kept = key[given]
    if (np.diff(kept) > 0).all():  # already ascending: no repeats
        return
    _, first = np.unique(kept, return_index=True)
    door.refuse_lines(np.setdiff1d(given, given[first]), "C08_DUPLICATE_LINE", "feedetl_sn", serial.at)


def _line_terms(door: Door, book: Book, day: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return each line's term row and the terms that lines brought themselves (they follow the catalogue's)."""
    drafts = door.drafts
    text = drafts.line_text
    own = text["chrgitm_lv"].codes >= 0
    claim = drafts.claim_of_lines()
    number = drafts.line_number
    stray = ~own & (number["selfpay_prop"].given | number["pric_uplmt_amt"].given)
    door.refuse_lines(
        np.flatnonzero(stray), "C01_FIELD_MISSING", "chrgitm_lv", "chrgitm_lv (with selfpay_prop or pric_uplmt_amt)"
    )
    below = (number["selfpay_prop"].values < 0) | (number["pric_uplmt_amt"].values < 0)  # -1 means none further on
    door.refuse_lines(np.flatnonzero(below), "C03_NEGATIVE", "chrgitm_lv", "selfpay_prop or pric_uplmt_amt below 0")
    nameless = ~own & ~stray & (text["med_list_codg"].codes < 0)
    door.refuse_lines(np.flatnonzero(nameless), "C01_FIELD_MISSING", "med_list_codg", "med_list_codg")
    term = np.full(own.size, -1, np.int64)
    own_terms = _own_terms(door, book, own & ~below & ~door.unread_lines(), term)
    placed = drafts.text["mdtrtarea_admvs"].codes[claim] >= 0
    dated = ~_undated(door)[claim] & ~door.unread_lines()
    by_catalogue = np.flatnonzero(~own & ~stray & ~nameless & placed & dated)
    if by_catalogue.size:
        term[by_catalogue] = _catalogue_terms(drafts, book, by_catalogue, claim[by_catalogue], day)
        unknown = by_catalogue[term[by_catalogue] < 0]
        door.refuse_lines(unknown, "R04_ITEM_UNKNOWN", "med_list_codg", text["med_list_codg"].at)
    return term, own_terms


def _catalogue_terms(drafts: Drafts, book: Book, lines: np.ndarray, claim: np.ndarray, day: np.ndarray) -> np.ndarray:
    place, item = drafts.text["mdtrtarea_admvs"], drafts.line_text["med_list_codg"]
    key = place.codes[claim] * len(item.values) + item.codes[lines]
    distinct, position = present(key, len(place.values) * len(item.values))
    areas = [book.catalogue_areas(str(place.values[p])) for p in range(len(place.values))]
    names = [str(item.values[k]) for k in range(len(item.values))]
    spans = [book.catalogue.spans(areas[k // len(names)], names[k % len(names)]) for k in distinct.tolist()]
    occurred = drafts.line_number["fee_ocur_time"]
    line_day = np.where(occurred.given[lines], occurred.values[lines] // DAY_SECONDS, day[claim])
    return rows_on(spans, position, line_day)


def _own_terms(door: Door, book: Book, own: np.ndarray, term: np.ndarray) -> np.ndarray:
    """Fill ``term`` for the lines that carry their own terms; return those terms, int64[n, 3]."""
    drafts = door.drafts
    lines = np.flatnonzero(own)
    if not lines.size:
        return np.zeros((0, 3), np.int64)
    level = drafts.line_text["chrgitm_lv"]
    ratio, limit = drafts.line_number["selfpay_prop"], drafts.line_number["pric_uplmt_amt"]
    columns = (
        level.codes[lines],
        np.where(ratio.given, ratio.values, -1)[lines],
        np.where(limit.given, limit.values, -1)[lines],
    )
    sets, which = np.unique(np.stack(columns, axis=1), axis=0, return_inverse=True)
    made = np.zeros((sets.shape[0], 3), np.int64)
    first_own = book.catalogue.terms.shape[0]
    for at, (code, ratio_bp, limit_e4) in enumerate(sets.tolist()):
        try:
            made[at] = book.own_terms(str(level.values[code]), ratio_bp, limit_e4)
        except BadInput as error:
            door.refuse_lines(lines[which == at], error.code, "chrgitm_lv", error.found)
    term[lines] = first_own + which.reshape(-1)
    return made


def _arrays(
    door: Door,
    tables: Tables,
    program: np.ndarray,
    term: np.ndarray,
    order: np.ndarray,
    state: State,
    totals: np.ndarray,
) -> tuple[Claims, int]:
    drafts = door.drafts
    number = drafts.number
    columns = np.zeros((len(CLAIM), order.size), np.int64)
    columns[C.program] = program[order]
    layers = tables.programs[columns[C.program], P.layer_end] - tables.programs[columns[C.program], P.layer_start]
    columns[C.step_start] = np.cumsum(layers) - layers
    columns[C.line_start], columns[C.line_end], from_line = _line_order(drafts.line_start, order)
    columns[C.year_row], columns[C.quarter_row], columns[C.month_row] = (
        state.year_row,
        state.quarter_row,
        state.month_row,
    )
    columns[C.acct_row] = state.acct_row
    stay = (number["endtime"].values - number["begntime"].values) // DAY_SECONDS
    columns[C.days_count] = np.maximum(1, np.where(number["endtime"].given & number["begntime"].given, stay, 1))[order]
    columns[C.transfer_dedc_paid_fen] = number["transfer_dedc_paid"].values[order]
    columns[C.hosp_part_fen] = number["hosp_part_amt"].values[order]
    columns[C.acct_used_flag] = number["acct_used_flag"].values[order]
    reported = _reported(door, columns, order)
    lines = np.empty((len(LINE), from_line.size), np.int64)
    lines[L.det_item_fee_sumamt_fen] = drafts.line_number["det_item_fee_sumamt"].values[from_line]
    lines[L.cnt_e4] = drafts.line_number["cnt"].values[from_line]
    lines[L.term] = term[from_line]
    return Claims(columns, state.person_start, lines, reported), int(layers.sum())


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
