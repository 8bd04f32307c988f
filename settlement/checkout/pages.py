"""The fee lines of a visit in the book: in pages, so that a long stay's upload writes its last page and not all of them.

The first page is the fact ``lines``/mdtrt_id, ``{"lines": […], "pages": n}`` with n further pages, ``lines``/"mdtrt_id|k"
(k from 1). An outpatient visit has one page and is one read.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypedDict

import msgspec

from settlement.checkout.base import LINES, fact, loads
from settlement.ledger.book import Desk, FactKey

PAGE = 200  # lines

Line = dict[str, Any]


class SentLine(TypedDict, total=False):
    """What a fee line may say for itself when it is settled; a draft has it in this order."""

    feedetl_sn: Any
    med_list_codg: Any
    hi_nego_drug_flag: Any
    dise_codg: Any
    fee_ocur_time: Any
    cnt: Any
    pric: Any
    det_item_fee_sumamt: Any


class SettledLine(SentLine, total=False):
    """What settling looks at of a stored line, a third of it: beside what it says, its batch and what it was told."""

    chrg_bchno: Any
    init_feedetl_sn: Any
    terms: Any
    under: Any
    told: Any


class _Page(TypedDict, total=False):
    lines: list[SettledLine]
    pages: int


# Reads only the fields that are named above, and steps over the rest of a line without making anything of it.
_TO_SETTLE = msgspec.json.Decoder(_Page)


def all_lines(desk: Desk, mdtrt_id: str) -> list[Line]:
    """Return every fee line of a visit, in the order they came; [] if it has none."""
    return _read(desk, mdtrt_id, loads)


def lines_to_settle(desk: Desk, mdtrt_id: str) -> list[Line]:
    """Return every fee line of a visit like ``all_lines``, each with the fields of ``SettledLine`` only."""
    return _read(desk, mdtrt_id, _TO_SETTLE.decode)


def _read(desk: Desk, mdtrt_id: str, decode: Callable[[bytes], Any]) -> list[Line]:
    content = desk.fact(LINES, mdtrt_id)
    if content is None:
        return []
    first = decode(content)
    lines: list[Line] = first["lines"]
    for number in range(1, first.get("pages", 0) + 1):
        further = desk.fact(LINES, _key(mdtrt_id, number))
        lines += decode(further)["lines"] if further is not None else []
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
