"""Refunds: a claim that names an earlier one of the file takes over all that is known of it (docs/calculation.md §7)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from settlement.intake.columns import Numbers, Texts
from settlement.intake.drafts import Drafts

if TYPE_CHECKING:
    from settlement.intake.door import Door

OWN_TEXTS = ("medins_setl_id", "refund_of")  # what a refund says of itself
OWN_NUMBERS = ("balc", "acct_mulaid_balc")


def originals_of(drafts: Drafts) -> np.ndarray:
    """Return for each draft the draft that it gives back: -1 for none, -2 for one that is not in the file."""
    wanted = drafts.text["refund_of"]
    made = np.full(drafts.size, -1, np.int64)
    refunds = np.flatnonzero(wanted.codes >= 0)
    if not refunds.size:
        return made
    names = {str(wanted.values[code]) for code in wanted.codes[refunds].tolist()}
    ids = drafts.text["medins_setl_id"]
    place: dict[str, int] = {}
    for claim in range(drafts.size):
        name = ids.at(claim)
        if name in names and wanted.codes[claim] < 0:
            place.setdefault(name, claim)
    made[refunds] = [place.get(wanted.at(claim), -2) for claim in refunds.tolist()]
    return made


def filled_in(drafts: Drafts, originals: np.ndarray) -> Drafts:
    """Return the drafts with every refund's fields taken over from the claim that it gives back.

    Its time too: the rules are those of that claim's day. ``Door.moment`` keeps the refund's own, for the order.
    """
    refunds = np.flatnonzero(originals >= 0)
    if not refunds.size:
        return drafts
    of = originals[refunds]
    text = {name: _texts(column, refunds, of) for name, column in drafts.text.items() if name not in OWN_TEXTS}
    number = {name: _numbers(column, refunds, of) for name, column in drafts.number.items() if name not in OWN_NUMBERS}
    number["medfee_sumamt"].given[refunds] = False  # a refund has no lines that could add up to it
    return drafts._replace(
        text=text | {name: drafts.text[name] for name in OWN_TEXTS},
        number=number | {name: drafts.number[name] for name in OWN_NUMBERS},
    )


def _texts(column: Texts, refunds: np.ndarray, of: np.ndarray) -> Texts:
    codes = column.codes.copy()
    codes[refunds] = codes[of]
    return Texts(codes, column.values)


def _numbers(column: Numbers, refunds: np.ndarray, of: np.ndarray) -> Numbers:
    values, given = column.values.copy(), column.given.copy()
    values[refunds], given[refunds] = values[of], given[of]
    return Numbers(values, given)


def check_refunds(door: Door, said: Drafts) -> None:
    """Refuse the refunds that do not fit a claim of the file; ``said`` are the drafts as they came in."""
    if not len(said.text["refund_of"].values):
        return
    moment, psn_no = door.moment, said.text["psn_no"]
    timeless = (said.text["refund_of"].codes >= 0) & ~said.number["setl_time"].given
    door.refuse(np.flatnonzero(timeless & ~door.unread("setl_time")), "C01_FIELD_MISSING", "setl_time", "setl_time")
    for claim in np.flatnonzero(said.text["refund_of"].codes >= 0).tolist():
        of = int(door.originals[claim])
        wrong = ""
        if of < 0:
            wrong = "not in this file, or a refund itself"
        elif psn_no.codes[claim] >= 0 and psn_no.codes[claim] != psn_no.codes[of]:
            wrong = f"psn_no {psn_no.at(claim)}"
        elif (moment[claim], claim) < (moment[of], of) and not timeless[claim]:
            wrong = "setl_time is before that settlement"
        elif said.line_start[claim + 1] > said.line_start[claim]:
            wrong = "feedetail"
        if wrong:
            door.refuse(np.array([claim]), "C16_REFUND", "refund_of", f"{said.text['refund_of'].at(claim)}: {wrong}")


def refuse_with_originals(door: Door) -> None:
    """Refuse the refunds whose claim was refused, and no other reason against a refund: it said nothing of its own."""
    for claim in np.flatnonzero(door.originals >= 0).tolist():
        if door.refused[door.originals[claim]]:
            found = f"{door.drafts.text['refund_of'].at(claim)} was refused"
            door.refusals[:] = [one for one in door.refusals if one.claim != claim]
            door.refuse(np.array([claim]), "C16_REFUND", "refund_of", found)
