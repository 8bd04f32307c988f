"""The fee lines of a visit in the book: in pages, so that a long stay's upload writes its last page and not all of them.

The first page is the fact ``lines``/mdtrt_id, ``{"lines": […], "pages": n}`` with n further pages, ``lines``/"mdtrt_id|k"
(k from 1). An outpatient visit has one page and is one read.
"""

from __future__ import annotations

from typing import Any

from settlement.checkout.base import LINES, fact, known
from settlement.ledger.book import Desk, FactKey

PAGE = 200  # lines

Line = dict[str, Any]


def all_lines(desk: Desk, mdtrt_id: str) -> list[Line]:
    """Return every fee line of a visit, in the order they came; [] if it has none."""
    first = known(desk, LINES, mdtrt_id)
    if first is None:
        return []
    lines: list[Line] = list(first["lines"])
    for number in range(1, first.get("pages", 0) + 1):
        lines += (known(desk, LINES, _key(mdtrt_id, number)) or {"lines": []})["lines"]
    return lines


def rewritten(mdtrt_id: str, there: list[Line], lines: list[Line]) -> dict[FactKey, bytes]:
    """Return the new versions of the pages that differ between the lines ``there`` and the lines to come."""
    before, after = _pages(there), _pages(lines)
    made: dict[FactKey, bytes] = {}
    for number, page in enumerate(after):
        same = number < len(before) and before[number] == page
        if number == 0 and (not same or len(before) != len(after)):
            made |= fact(LINES, mdtrt_id, {"lines": page, "pages": len(after) - 1})
        elif number and not same:
            made |= fact(LINES, _key(mdtrt_id, number), {"lines": page})
    return made


def _pages(lines: list[Line]) -> list[list[Line]]:
    return [lines[at : at + PAGE] for at in range(0, len(lines), PAGE)] or [[]]


def _key(mdtrt_id: str, number: int) -> str:
    return f"{mdtrt_id}|{number}"
