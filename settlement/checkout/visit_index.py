"""Which visits a person has: the book finds a fact by its key only, so what makes a visit also lists it by person.

The fact ``visits``/"psn_no|yyyymm" (month of begntime) is {"mdtrt_ids": […]}. Listed are registered visits (2201, 2401)
and what settles without one, a purchase (2102): its visit begins and ends when it is settled, and is undone when it is
given back (both inferred). Purchases in a book from before they were listed are found by their own ids only.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from settlement.checkout.base import SETL, VISIT, fact, known, loads
from settlement.ledger.book import Desk, FactKey, Ledger, Settlement, Wanted

VISITS = "visits"  # the kind of fact
PURCHASE = "purchase"  # the kind of a visit that nobody registered
SETTLED, UNDONE = "settled", "undone"  # the states of such a visit


def key_of(psn_no: str, begntime: str) -> FactKey:
    """Return the key of the list in which a visit stands."""
    return FactKey(VISITS, f"{psn_no}|{begntime[:7].replace('-', '')}")


def listed(desk: Desk, visit: dict[str, Any]) -> dict[FactKey, bytes]:
    """Return what a visit (its mdtrt_id, psn_no, begntime) adds to its person's list: nothing if it is listed already."""
    kind, key = key_of(visit["psn_no"], visit["begntime"])
    there = (known(desk, kind, key) or {"mdtrt_ids": []})["mdtrt_ids"]
    if visit["mdtrt_id"] in there:
        return {}
    return fact(kind, key, {"mdtrt_ids": [*there, visit["mdtrt_id"]]})


def visits_of(ledger: Ledger, psn_no: str, first: str, last: str) -> list[dict[str, Any]]:
    """Return a person's visits that begin in a span of days (YYYY-MM-DD, both included), undone ones too.

    Ordered by when they begin. One look-up for each month of the span, one for each visit, three for a purchase.
    """
    found = []
    for mdtrt_id in ids_of(ledger, psn_no, first, last):
        visit = ledger.fact(VISIT, mdtrt_id)
        seen = loads(visit.content) if visit is not None else _purchase(ledger, mdtrt_id)
        if seen is not None and first <= seen["begntime"][:10] <= last:
            found.append(seen)
    return sorted(found, key=lambda visit: (visit["begntime"], visit["mdtrt_id"]))


def ids_of(ledger: Ledger, psn_no: str, first: str, last: str) -> list[str]:
    """Return the mdtrt_ids in a person's lists of the months of a span, each once; a moved visit stands in several."""
    found: dict[str, None] = {}
    for month in _months(first, last):
        content = ledger.fact(VISITS, f"{psn_no}|{month}")
        found |= dict.fromkeys(loads(content.content)["mdtrt_ids"] if content else ())
    return list(found)


def settled_in(ledger: Ledger, mdtrt_ids: list[str], year: str) -> Iterator[Settlement]:
    """Yield the settlements of visits that a year counts, with what gave them back, whenever that was.

    A row that gives back counts where the settlement counts in the end that it gives back, so that the two net out.
    """
    for mdtrt_id in mdtrt_ids:
        days: dict[str, str] = {}  # by setl_id: the day on which a row counts; what is given back stands first
        for _, row in ledger.rows(Wanted(mdtrt_id=mdtrt_id)):
            days[row.setl_id] = days.get(row.reverses, row.day)
            if days[row.setl_id][:4] == year:
                yield row


def _purchase(ledger: Ledger, mdtrt_id: str) -> dict[str, Any] | None:
    """Return a purchase as the visit that it was."""
    rows = [row for _, row in ledger.rows(Wanted(mdtrt_id=mdtrt_id)) if not row.reverses]
    found = ledger.fact(SETL, rows[0].setl_id) if rows else None
    if found is None:
        return None
    setl = loads(found.content)
    info = setl["setlinfo"]
    return {
        "mdtrt_id": mdtrt_id, "psn_no": setl["psn_no"], "fixmedins_code": setl["fixmedins_code"], "kind": PURCHASE,
        "ipt_otp_no": "", "insutype": info["insutype"], "med_type": info["med_type"], "begntime": info["setl_time"],
        "endtime": info["setl_time"], "dise_codg": setl["draft"].get("dise_codg") or "", "setl_id": setl["setl_id"],
        "state": SETTLED if setl["state"] == "good" else UNDONE,
    }  # fmt: skip


def _months(first: str, last: str) -> list[str]:
    begins, ends = (int(day[:4]) * 12 + int(day[5:7]) - 1 for day in (first, last))
    return [f"{month // 12:04d}{month % 12 + 1:02d}" for month in range(begins, ends + 1)]
