"""The door: what intake asks of a rulebook, and where refusals are collected while the columns are checked."""

from __future__ import annotations

import re
from typing import Any, Protocol

import numpy as np

from settlement.errors import Refusal
from settlement.intake.drafts import Drafts
from settlement.intake.refunds import originals_of
from settlement.kernel.layout import Tables

ALL_REASONS = 5  # how many refused lines of one claim are named


class Book(Protocol):
    """What intake asks of a rulebook."""

    digest: str
    pools: dict[str, Any]
    catalogue: Any
    terms: np.ndarray
    asks: Any
    ages: list[int]
    missing: list[Any]
    standings: list[Any]

    def area(self, code: str) -> str | None: ...  # noqa: D102
    def catalogue_areas(self, place: str) -> tuple[str, ...]: ...  # noqa: D102
    def counters(self, pool: str) -> dict[str, Any]: ...  # noqa: D102
    def benefit_year(self, pool: str, insutype: str = "") -> tuple[int, int]: ...  # noqa: D102
    def program_spans(self, asked: Any) -> Any: ...  # noqa: D102
    def program_on(self, program: int, day: int) -> int: ...  # noqa: D102
    def stay(self, program: int, day: int) -> Any: ...  # noqa: D102
    def standing_spans(self, kind: str, pool: str, insutype: str, med_type: str, psn_type: str) -> Any: ...  # noqa: D102
    def chain(self, pool: str) -> tuple[Any, ...]: ...  # noqa: D102
    def only_items(self, program: int) -> bool: ...  # noqa: D102
    def refunds(self, pool: str) -> str: ...  # noqa: D102
    def relation(self, pool: str, insured: str, place: str) -> str: ...  # noqa: D102
    def first_pay(self, program: int, kind: int) -> Any: ...  # noqa: D102
    def kind(  # noqa: D102
        self, lv: int, med_type: str, negotiated: bool, code: str, disease: str, stated: bool
    ) -> int: ...
    def asked(self, *parts: Any) -> Any: ...  # noqa: D102
    def own_terms(self, chrgitm_lv: str, selfpay_bp: int, pric_uplmt_e4: int) -> tuple[int, int, int]: ...  # noqa: D102
    def tables(self, own_terms: np.ndarray) -> Tables: ...  # noqa: D102


_LINE = re.compile(r"feedetail\[(\d+)\]")


class Door:
    """Collects refusals while the columns are checked."""

    def __init__(self, drafts: Drafts) -> None:
        self.drafts = drafts
        self.originals = originals_of(drafts)  # the draft that each refund gives back, -1 none, -2 unknown
        self.moment = drafts.number["setl_time"].values  # decides the order of a person's claims
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

    def undated(self) -> np.ndarray:
        """Return the drafts (bool) whose day is not known."""
        number = self.drafts.number
        nothing: np.ndarray = ~number["setl_time"].given & ~number["endtime"].given
        return nothing | self.unread("setl_time", "endtime")

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
