"""Which visits a person has: the book finds a fact by its key only, so registering a visit also lists it by person.

The fact ``visits``/"psn_no|yyyymm" (month of begntime) is {"mdtrt_ids": […]}. Registered visits are listed (2201, 2401),
a pharmacy's purchases are not: they register no visit, and a list would cost every one of them a read and a write. They
are found by setl_id, mdtrt_id or the message's own msgid.
"""

from __future__ import annotations

from typing import Any

from settlement.checkout.base import VISIT, fact, known, loads
from settlement.ledger.book import Desk, FactKey, Ledger

VISITS = "visits"  # the kind of fact


def listed(desk: Desk, visit: dict[str, Any]) -> dict[FactKey, bytes]:
    """Return what a registered or changed visit adds to its person's list: nothing if it is listed already."""
    key = f"{visit['psn_no']}|{_month(visit['begntime'])}"
    there = (known(desk, VISITS, key) or {"mdtrt_ids": []})["mdtrt_ids"]
    if visit["mdtrt_id"] in there:
        return {}
    return fact(VISITS, key, {"mdtrt_ids": [*there, visit["mdtrt_id"]]})


def visits_of(ledger: Ledger, psn_no: str, first: str, last: str) -> list[dict[str, Any]]:
    """Return a person's registered visits that begin in a span of days (YYYY-MM-DD, both included), undone ones too.

    Ordered by when they begin. One look-up for each month of the span, one for each visit.
    """
    found: dict[str, dict[str, Any]] = {}
    for month in _months(first, last):
        content = ledger.fact(VISITS, f"{psn_no}|{month}")
        for mdtrt_id in loads(content.content)["mdtrt_ids"] if content else ():
            visit = ledger.fact(VISIT, mdtrt_id)
            if visit is not None:
                found[mdtrt_id] = loads(visit.content)
    inside = [visit for visit in found.values() if first <= visit["begntime"][:10] <= last]
    return sorted(inside, key=lambda visit: (visit["begntime"], visit["mdtrt_id"]))


def _month(begntime: str) -> str:
    return begntime[:7].replace("-", "")


def _months(first: str, last: str) -> list[str]:
    begins, ends = (int(day[:4]) * 12 + int(day[5:7]) - 1 for day in (first, last))
    return [f"{month // 12:04d}{month % 12 + 1:02d}" for month in range(begins, ends + 1)]
