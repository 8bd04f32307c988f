"""The catalogue: which items are in scope where, how much is first borne, and up to which price.

CSV files in ``catalogue/``, one an area, each row dated and sourced. A row of an area takes the place of the same item's
row above it (place → province → nation).
"""

from __future__ import annotations

import csv
import hashlib
import tomllib
from collections.abc import Iterable
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from settlement import codes, money
from settlement.errors import BadInput, BadRules
from settlement.kernel.layout import TERM
from settlement.spans import Spans, day_number

NO_LIMIT = 999_999  # how the national line answer writes "no price limit"
COLUMNS = (
    "med_list_codg", "name", "list_type", "med_chrgitm_type", "chrgitm_lv", "selfpay_prop", "pric_uplmt_amt", "unit", "from",
    "source", "confidence", "selfpay_confidence", "limit_confidence", "note",
)  # fmt: skip


class Item(NamedTuple):
    """One dated row of the catalogue."""

    area: str
    med_list_codg: str
    name: str
    med_chrgitm_type: str
    chrgitm_lv: int
    selfpay_bp: int
    pric_uplmt_e4: int  # 1/10 000 fen, -1 for none
    from_day: int
    source: str
    confidence: str
    selfpay_confidence: str
    limit_confidence: str
    note: str


def terms_of(
    chrgitm_lv: object, selfpay_prop: object, pric_uplmt_amt: object, needs_ratio: bool = True
) -> tuple[int, int, int]:
    """Return ``(class, first-pay bp, limit in 1/10 000 fen or -1)`` from the national fields; raises BadInput.

    An absent ratio is 0 for 甲 and 1 for 丙; class 乙 must state it, or gets -1 where ``needs_ratio`` is False (a rule may
    have it). An absent limit, or 999999, is none.
    """
    level = codes.CHARGE_LEVELS.get(str(chrgitm_lv))
    if level is None:
        raise BadInput("C11_NOT_A_CODE", f"chrgitm_lv {chrgitm_lv!r} is not 01, 02 or 03")
    if selfpay_prop in (None, ""):
        if level == codes.CHARGE_LEVELS["02"]:
            if needs_ratio:
                raise BadInput("C01_FIELD_MISSING", "selfpay_prop of a class 02 line")
            return level, -1, _limit(pric_uplmt_amt)
        ratio = 0 if level == 1 else 10_000
    else:
        ratio = money.scaled(selfpay_prop, money.RATE_PLACES, "selfpay_prop")
    if not 0 <= ratio <= 10_000:
        raise BadInput("C11_NOT_A_CODE", f"selfpay_prop {selfpay_prop!r} is not between 0 and 1")
    return level, ratio, _limit(pric_uplmt_amt)


def _limit(pric_uplmt_amt: object) -> int:
    if pric_uplmt_amt in (None, ""):
        return -1
    limit = money.scaled(pric_uplmt_amt, money.PRICE_PLACES, "pric_uplmt_amt")
    if limit >= NO_LIMIT * 10**money.PRICE_PLACES:
        return -1
    if limit < 0:
        raise BadInput("C03_NEGATIVE", f"pric_uplmt_amt {pric_uplmt_amt!r}")
    return limit


class Catalogue:
    """All items, ready to be found by (place, code, day)."""

    def __init__(self, items: Iterable[Item], sources: dict[str, Any] | None = None) -> None:
        self.items = tuple(items)
        self.sources = sources or {}
        self.terms = np.array([(i.chrgitm_lv, i.selfpay_bp, i.pric_uplmt_e4) for i in self.items], np.int64).reshape(
            len(self.items), len(TERM) - 1
        )  # fmt: skip, the kind is the rulebook's to give
        dated: dict[tuple[str, str], list[tuple[int, int]]] = {}
        for row, item in enumerate(self.items):
            dated.setdefault((item.area, item.med_list_codg), []).append((item.from_day, row))
        self._spans = {
            key: Spans(tuple(d for d, _ in sorted(rows)), tuple(r for _, r in sorted(rows)))
            for key, rows in dated.items()
        }
        self.codes = frozenset(code for _, code in self._spans)
        self._found: dict[tuple[tuple[str, ...], str], Spans] = {}

    def spans(self, areas: tuple[str, ...], code: str) -> Spans:
        """Return an item's rows by day for a place: on each day the nearest area that has one in force."""
        key = (areas, code)
        if key not in self._found:
            layers = [self._spans[area, code] for area in areas if (area, code) in self._spans]
            days = sorted({day for span in layers for day in span.from_days})
            rows = [next((row for span in layers if (row := span.on(day)) >= 0), -1) for day in days]
            self._found[key] = Spans(tuple(days), tuple(rows))
        return self._found[key]

    def digest(self) -> str:
        """Return the SHA-256 of every item."""
        return hashlib.sha256(repr(self.items).encode()).hexdigest()


def load_catalogue(folder: Path) -> Catalogue:
    """Read every ``AREA_name.csv`` of a folder and its ``sources.toml``; raises BadRules B06 naming file and line."""
    items: list[Item] = []
    for file in sorted(folder.glob("*.csv")):
        with file.open(encoding="utf-8-sig", newline="") as lines:
            reader = csv.DictReader(lines)
            if tuple(reader.fieldnames or ()) != COLUMNS:
                raise BadRules("B06_CATALOGUE", f"{file.name}:1: the columns are not {','.join(COLUMNS)}")
            items += [_item(file, line, row) for line, row in enumerate(reader, 2)]
    sources = folder / "sources.toml"
    table = tomllib.loads(sources.read_text(encoding="utf-8")).get("source", {}) if sources.exists() else {}
    return Catalogue(items, table)


def _item(file: Path, line: int, row: dict[str, str]) -> Item:
    try:
        return item_from(file.name[:6], row)
    except (BadInput, ValueError, KeyError) as error:
        raise BadRules("B06_CATALOGUE", f"{file.name}:{line}: {error}", cure="Mend this row") from error


def item_from(area: str, row: dict[str, Any]) -> Item:
    """Return an item from a row with the national field names; raises BadInput or ValueError."""
    level, ratio, limit = terms_of(row["chrgitm_lv"], row.get("selfpay_prop"), row.get("pric_uplmt_amt"))
    begins = row["from"] if isinstance(row["from"], date) else date.fromisoformat(str(row["from"]))
    return Item(
        area, row["med_list_codg"], row.get("name", ""), row.get("med_chrgitm_type", ""), level, ratio, limit,
        day_number(begins), row.get("source", ""), row.get("confidence", "assumed"), row.get("selfpay_confidence", ""),
        row.get("limit_confidence", ""), row.get("note", ""),
    )  # fmt: skip
