"""What share of a bill the funds pay, by the engine itself, on a grid of bills: the numbers behind the charts of ``rules doc``.

A bill of the grid is one claim, the first of its year, all of it 甲 and so in scope, settled at home. Shares are basis points of the
bill, rounded down.
"""

from __future__ import annotations

from datetime import date
from typing import Any, NamedTuple

from settlement import codes
from settlement.engine import settle_drafts
from settlement.kernel.layout import FUNDS
from settlement.money import yuan
from settlement.rules.rulebook import Rulebook

STEPS = (100, 125, 160, 200, 250, 315, 400, 500, 630, 800)  # a decade of bills, in hundredths of its beginning
# scheme, care: med_type, first and last bill in yuan
SHOWN = {
    ("employee", "inpatient"): ("21", 200, 1_000_000), ("employee", "outpatient"): ("11", 20, 50_000),
    ("resident", "inpatient"): ("21", 200, 1_000_000), ("resident", "outpatient"): ("11", 20, 50_000),
}  # fmt: skip
INSUTYPES = {scheme: code for code, scheme in codes.SCHEMES.items()}
# group: psn_type and the age that stands for it
PEOPLE = {
    "employee": {"working": ("11", 45), "retired": ("12", 65)},
    "resident": {"minor": ("14", 10), "adult": ("15", 45), "elderly": ("16", 68)},
}  # fmt: skip


class Curve(NamedTuple):
    """The share of the funds at each bill, for the levels and groups that fare alike."""

    levels: tuple[str, ...]
    shares_bp: tuple[int, ...]


class Picture(NamedTuple):
    """One chart: the bills of the grid in yuan, and one panel of curves for each set of groups that fare alike."""

    scheme: str
    care: str
    bills: tuple[int, ...]
    panels: tuple[tuple[tuple[str, ...], tuple[Curve, ...]], ...]


def grid(first: int, last: int) -> tuple[int, ...]:
    """Return bills in yuan from first to last, ten a decade, all of them round numbers."""
    decades = (10**power for power in range(1, 7))
    bills = sorted({step * decade // 100 for decade in decades for step in STEPS})
    return tuple(bill for bill in bills if first <= bill <= last)


def pictures(book: Rulebook, days: dict[str, date]) -> dict[str, list[Picture]]:
    """Return the charts of each area on its day; a scheme and care for which nothing can be settled has none."""
    keys: list[tuple[str, str, str, str, str, int]] = []
    claims: list[dict[str, Any]] = []
    for area, day in days.items():
        for (scheme, care), (med_type, first, last) in SHOWN.items():
            for group in PEOPLE[scheme]:
                for level in codes.LEVELS:
                    for bill in grid(first, last):
                        keys.append((area, scheme, care, group, level, bill))
                        claims.append(_draft(area, day, med_type, (scheme, group), level, bill, len(claims)))
    paid: dict[tuple[str, ...], dict[int, int]] = {}
    for (*where, bill), row in zip(keys, settle_drafts(claims, book).rows(), strict=True):
        if "refused" not in row:
            paid.setdefault(tuple(where), {})[bill] = row["fund_pay_sumamt"]
    return {area: [p for kind in SHOWN if (p := _picture(paid, area, *kind)) is not None] for area in days}


def _draft(
    area: str, day: date, med_type: str, person: tuple[str, str], level: str, bill: int, nth: int
) -> dict[str, Any]:
    psn_type, age = PEOPLE[person[0]][person[1]]
    return {
        "medins_setl_id": str(nth), "insuplc_admdvs": area, "mdtrtarea_admvs": area, "insutype": INSUTYPES[person[0]],
        "psn_type": psn_type, "age": str(age), "med_type": med_type, "dedc_hosp_lv": level, "setl_time": day.isoformat(),
        "begntime": day.isoformat(), "endtime": day.isoformat(), "psn_insu_date": "2000-01-01", "acct_used_flag": "0",
        "reported_pay": dict.fromkeys(FUNDS, "0.00"),
        "feedetail": [{"cnt": "1", "det_item_fee_sumamt": yuan(bill * 100), "chrgitm_lv": "01", "med_chrgitm_type": "09"}],
    }  # fmt: skip


def _picture(paid: dict[tuple[str, ...], dict[int, int]], area: str, scheme: str, care: str) -> Picture | None:
    bills = grid(*SHOWN[scheme, care][1:])
    panels: dict[tuple[Curve, ...], list[str]] = {}
    for group in PEOPLE[scheme]:
        alike: dict[tuple[int, ...], list[str]] = {}
        for level in codes.LEVELS:
            funds = paid.get((area, scheme, care, group, level), {})
            if len(funds) == len(bills):
                shares = tuple(funds[bill] * 100 // bill for bill in bills)  # fen x 10 000 / (yuan x 100 fen)
                alike.setdefault(shares, []).append(level)
        curves = tuple(Curve(tuple(levels), shares) for shares, levels in alike.items())
        if any(any(curve.shares_bp) for curve in curves):
            panels.setdefault(curves, []).append(group)
    if not panels:
        return None
    return Picture(scheme, care, bills, tuple((tuple(groups), curves) for curves, groups in panels.items()))


def share_at(picture: Picture, curve: Curve, bill: int) -> int:
    """Return the share at a bill of the grid, in basis points."""
    return curve.shares_bp[picture.bills.index(bill)]
