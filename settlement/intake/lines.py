"""Fee lines: their checks, and the terms (class, first-pay ratio, price limit, kind) that apply to each."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from settlement import money
from settlement.errors import BadInput
from settlement.intake.columns import DAY_SECONDS
from settlement.intake.drafts import Drafts
from settlement.kernel.layout import KIND_PART, OWN_PAY, P, T, Tables
from settlement.spans import present, rows_on

if TYPE_CHECKING:
    from settlement.intake.door import Book, Door


class LineTerms(NamedTuple):
    """Each line's term row, the terms of the batch's own, int64[n, 4], that follow the catalogue's, and for each of those the
    catalogue row it varies, -1 for none.
    """

    row: np.ndarray
    own: np.ndarray
    varies: np.ndarray


def check_lines(door: Door) -> None:
    """Check amounts, quantities and totals."""
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


def line_terms(door: Door, book: Book, day: np.ndarray, undated: np.ndarray) -> LineTerms:
    """Return the terms of every line; ``day`` is the claims' (days since 1970), ``undated`` tells where it is not known."""
    drafts = door.drafts
    text, number = drafts.line_text, drafts.line_number
    own = text["chrgitm_lv"].codes >= 0
    claim = drafts.claim_of_lines()
    stray = ~own & (number["selfpay_prop"].given | number["pric_uplmt_amt"].given)
    door.refuse_lines(
        np.flatnonzero(stray), "C01_FIELD_MISSING", "chrgitm_lv", "chrgitm_lv (with selfpay_prop or pric_uplmt_amt)"
    )
    below = (number["selfpay_prop"].values < 0) | (number["pric_uplmt_amt"].values < 0)  # -1 means none further on
    door.refuse_lines(np.flatnonzero(below), "C03_NEGATIVE", "chrgitm_lv", "selfpay_prop or pric_uplmt_amt below 0")
    nameless = ~own & ~stray & (text["med_list_codg"].codes < 0)
    door.refuse_lines(np.flatnonzero(nameless), "C01_FIELD_MISSING", "med_list_codg", "med_list_codg")
    term = np.full(own.size, -1, np.int64)
    placed = drafts.text["mdtrtarea_admvs"].codes[claim] >= 0
    read = ~door.unread_lines()
    by_catalogue = np.flatnonzero(~own & ~stray & ~nameless & placed & read & ~undated[claim])
    if by_catalogue.size:
        term[by_catalogue] = _catalogue_terms(drafts, book, by_catalogue, claim[by_catalogue], day)
        unknown = by_catalogue[term[by_catalogue] < 0]
        door.refuse_lines(unknown, "R04_ITEM_UNKNOWN", "med_list_codg", text["med_list_codg"].at)
    speaks = np.zeros(own.size, bool)
    if book.asks.lines:  # what a catalogue line says of itself matters only if some rule asks
        speaks = (term >= 0) & (
            (text["med_chrgitm_type"].codes >= 0)
            | (text["dise_codg"].codes >= 0)
            | (number["hi_nego_drug_flag"].values > 0)
        )
    return _own_terms(door, book, (own & ~below & read) | speaks, term)


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


def _own_terms(door: Door, book: Book, own: np.ndarray, term: np.ndarray) -> LineTerms:
    """Return the terms with those of lines that bring their own, or that vary a catalogue row by what they say."""
    drafts = door.drafts
    lines = np.flatnonzero(own)
    if not lines.size:
        return LineTerms(term, np.zeros((0, 4), np.int64), np.zeros(0, np.int64))
    text, number = drafts.line_text, drafts.line_number
    ratio, limit = number["selfpay_prop"], number["pric_uplmt_amt"]
    nothing = np.full(lines.size, -1, np.int64)
    columns = [
        text["chrgitm_lv"].codes[lines],
        np.where(ratio.given, ratio.values, -1)[lines],
        np.where(limit.given, limit.values, -1)[lines],
        term[lines],
    ]
    asked = [text[name].codes[lines] for name in ("med_chrgitm_type", "med_list_codg", "dise_codg")]
    columns += [*asked, number["hi_nego_drug_flag"].values[lines]] if book.asks.lines else [nothing] * 3 + [nothing + 1]
    sets, which = np.unique(np.stack(columns, axis=1), axis=0, return_inverse=True)
    made = np.zeros((sets.shape[0], 4), np.int64)
    for at, row in enumerate(sets.tolist()):
        try:
            made[at] = _terms_of(drafts, book, row)
        except BadInput as error:
            door.refuse_lines(lines[which == at], error.code, "chrgitm_lv", error.found)
    term[lines] = book.terms.shape[0] + which.reshape(-1)
    return LineTerms(term, made, sets[:, 3])


def _terms_of(drafts: Drafts, book: Book, row: list[int]) -> tuple[int, int, int, int]:
    """Return ``(class, ratio, limit, kind)`` for one combination of what lines say; raises BadInput."""
    level, ratio, limit, varied, med_type, code, disease, negotiated = row
    text = drafts.line_text
    item = book.catalogue.items[varied] if varied >= 0 else None
    if item is not None:
        lv, ratio, limit = (int(cell) for cell in book.terms[varied, : T.kind])
    else:
        lv, ratio, limit = book.own_terms(str(text["chrgitm_lv"].values[level]), ratio, limit)
    said = str(text["med_chrgitm_type"].values[med_type]) if med_type >= 0 else ""
    kind = book.kind(
        lv,
        said or (item.med_chrgitm_type if item else ""),
        bool(negotiated),
        str(text["med_list_codg"].values[code]) if code >= 0 else "",
        str(text["dise_codg"].values[disease]) if disease >= 0 else "",
        item is None and ratio >= 0,
    )
    return lv, ratio, limit, kind


def refuse_unknown_ratios(door: Door, book: Book, terms: LineTerms, program: np.ndarray) -> None:
    """Refuse the 乙 lines that state no ratio of their own and for which their claim's program has none either."""
    lacking = np.flatnonzero((terms.own[:, T.selfpay_bp] < 0) & (terms.own[:, T.chrgitm_lv] > 0))
    if not lacking.size:
        return
    claim = door.drafts.claim_of_lines()
    for line in np.flatnonzero(np.isin(terms.row, book.terms.shape[0] + lacking)).tolist():
        own = terms.own[terms.row[line] - book.terms.shape[0]]
        if program[claim[line]] >= 0 and book.first_pay(int(program[claim[line]]), int(own[T.kind])) is None:
            door.refuse_lines(np.array([line]), "C01_FIELD_MISSING", "selfpay_prop", "selfpay_prop of a class 02 line")


def refuse_untaken_lines(
    door: Door, book: Book, terms: LineTerms, tables: Tables, programs: list[tuple[np.ndarray, np.ndarray]]
) -> None:
    """Refuse the claims with a line for which a program of theirs has no layer: where only layers with items work on the scope.

    ``programs`` are drafts and the program rows that they run under (below 0: refused already).
    """
    if not book.asks.lines:
        return
    for drafts, program in programs:
        chosen = np.flatnonzero(program >= 0)
        distinct, which = present(program[chosen], tables.programs.shape[0])
        partial = np.array([book.only_items(row) for row in distinct.tolist()], bool)
        asked = chosen[partial[which]] if partial.any() else chosen[:0]
        for claim, row in zip(drafts[asked].tolist(), program[asked].tolist(), strict=True):
            lines = np.arange(door.drafts.line_start[claim], door.drafts.line_start[claim + 1])
            lines = lines[terms.row[lines] >= 0]
            term = tables.terms[terms.row[lines]]
            part = tables.kinds[tables.programs[row, P.kind_map], term[:, T.kind], KIND_PART]
            untaken = (part == 0) & (term[:, T.chrgitm_lv] != OWN_PAY)
            door.refuse_lines(lines[untaken], "R01_RULE_MISSING", "med_list_codg", "no layer takes this line")
