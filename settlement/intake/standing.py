"""May the person be paid for on that day: state of the insurance, waiting periods, grace after contributions stopped."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from settlement.intake.columns import DAY_SECONDS

if TYPE_CHECKING:
    from settlement.intake.door import Book, Door

NORMAL, SUSPENDED, ENDED = "1", "2", "4"


def check_standing(door: Door, book: Book, pools: list[str], pool: np.ndarray, day: np.ndarray) -> None:
    """Refuse the claims of persons whose insurance is not in force, or not yet; ``pool`` are positions in ``pools``."""
    status = door.drafts.text["psn_insu_stas"]
    stopped = np.zeros(door.drafts.size, bool)
    for at, word in enumerate(status.values):
        rows = np.flatnonzero(status.codes == at)
        if word == SUSPENDED:
            stopped[rows] = True
        elif word and word != NORMAL:
            door.refuse(rows, "P02_INSURANCE_SUSPENDED" if word == ENDED else "C11_NOT_A_CODE", "psn_insu_stas", word)
    if stopped.any():
        _check_grace(door, book, pools, pool, day, np.flatnonzero(stopped))
    waits = door.drafts.number["benefit_from"]
    if waits.given.any():
        early = np.flatnonzero(waits.given & (waits.values // DAY_SECONDS > day) & ~door.undated())
        door.refuse(early, "P03_WAITING_PERIOD", "benefit_from", lambda row: _text(_day(waits.values[row])))
    _check_waiting(door, book, pools, pool, day)


def _check_grace(door: Door, book: Book, pools: list[str], pool: np.ndarray, day: np.ndarray, rows: np.ndarray) -> None:
    stopped_on = door.drafts.number["paus_insu_date"]
    paid = np.zeros(door.drafts.size, bool)
    for rule, mine in _rules(door, book, "suspension", pools, pool, day, rows):
        known = mine[stopped_on.given[mine]]
        paid[known] = day[known] < after(_day(stopped_on.values[known]), rule)
    unpaid = rows[~paid[rows]]
    door.refuse(unpaid, "P02_INSURANCE_SUSPENDED", "psn_insu_stas", "psn_insu_stas 2")


def _check_waiting(door: Door, book: Book, pools: list[str], pool: np.ndarray, day: np.ndarray) -> None:
    if not any(any(p.waitings for p in book.chain(code)) for code in pools):
        return
    begun = door.drafts.number["psn_insu_date"]
    open_rows = np.flatnonzero(~door.refused & (pool >= 0))
    for rule, mine in _rules(door, book, "waiting", pools, pool, day, open_rows):
        door.refuse(mine[~begun.given[mine]], "C01_FIELD_MISSING", "psn_insu_date", "psn_insu_date")
        known = mine[begun.given[mine]]
        first = after(_day(begun.values[known]), rule)
        first_day = dict(zip(known.tolist(), first.tolist(), strict=True))
        where = f"{rule.cite.file}:{rule.cite.line}"
        early = known[day[known] < first]
        door.refuse(
            early, "P03_WAITING_PERIOD", "psn_insu_date", lambda row, f=first_day, w=where: f"{_text(f[row])} ({w})"
        )


def _rules(
    door: Door, book: Book, kind: str, pools: list[str], pool: np.ndarray, day: np.ndarray, rows: np.ndarray
) -> list[tuple[Any, np.ndarray]]:  # fmt: skip
    """Return each rule that speaks for some of the rows, with those rows."""
    text = door.drafts.text
    names = ("insutype", "med_type", "psn_type")
    rows = rows[(pool[rows] >= 0) & np.all([text[name].codes[rows] >= 0 for name in names], axis=0)]
    if not rows.size:
        return []
    keys = np.stack([pool[rows], *(text[name].codes[rows] for name in names)], axis=1)
    distinct, which = np.unique(keys, axis=0, return_inverse=True)
    found = np.full(rows.size, -1, np.int64)
    for at, (area, *words) in enumerate(distinct.tolist()):
        said = [str(text[name].values[word]) for name, word in zip(names, words, strict=True)]
        spans = book.standing_spans(kind, pools[area], *said)
        mine = np.flatnonzero(which.reshape(-1) == at)
        found[mine] = [spans.on(int(d)) for d in day[rows[mine]].tolist()]
    return [(book.standings[at], rows[found == at]) for at in np.unique(found).tolist() if at >= 0]


def after(day: np.ndarray, rule: Any) -> np.ndarray:
    """Return the first day after a rule's time from each day (int64 days since 1970).

    A month later is the same day of that month, or its last day.
    """
    if rule.span.unit == "days":
        made: np.ndarray = day + rule.span.length
        return made
    begin = day.astype("datetime64[D]")
    month = begin.astype("datetime64[M]")
    later = month + rule.span.length
    last = (later + 1).astype("datetime64[D]") - 1
    later_day = later.astype("datetime64[D]") + (begin - month.astype("datetime64[D]"))
    return np.minimum(later_day, last).astype(np.int64)


def _day(seconds: Any) -> Any:
    return seconds // DAY_SECONDS


def _text(day: Any) -> str:
    return str(np.datetime64(int(day), "D"))
