"""What a rulebook settles all year, so that generated claims meet a rule: asked of the rulebook, never assumed."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any, NamedTuple

from settlement import codes
from settlement.rules.rulebook import NATION, Asked, Rulebook
from settlement.spans import day_number

AWAY = [relation for relation in codes.RELATIONS if relation != "local"]


class Cell(NamedTuple):
    """An area, scheme and care that settle for every group, at these levels and away under these filings."""

    area: str
    scheme: str
    care: str
    levels: tuple[str, ...]
    filings: dict[str, tuple[str, ...]]  # by relation


def covered(book: Rulebook, statistics: dict[str, Any], year: int) -> list[Cell]:
    """Return every cell that resolves to one program on each day of a year, in a stable order."""
    days = day_number(date(year, 1, 1)), day_number(date(year, 12, 31))
    cells = []
    for area in sorted(code for code in book.pools if code != NATION and book.area(code) == code):
        for scheme, figures in statistics["scheme"].items():
            for care in figures["care"]:
                cell = _cell(book, statistics, (area, scheme, care), days)
                if cell is not None:
                    cells.append(cell)
    return cells


def _cell(book: Rulebook, statistics: dict[str, Any], key: tuple[str, str, str], days: tuple[int, int]) -> Cell | None:
    area, scheme, care = key
    wanted = statistics["assumed"]["care"][care]

    def all_settle(level: str, relation: str, filing: str, persons: list[tuple[str, int]]) -> bool:
        insutype = statistics["scheme"][scheme]["insutype"]
        asked = [
            Asked(area, insutype, wanted["med_type"], psn_type, level, "", age, False, False, relation, filing)
            for psn_type, age in persons
        ]
        return all(settles(book, each, *days) for each in asked)

    persons = list(_persons(book, statistics, scheme))
    levels = tuple(level for level in wanted["levels"] if all_settle(level, "local", "", persons))
    if not levels:
        return None
    filings = {
        relation: tuple(f for f in codes.FILINGS if all(all_settle(level, relation, f, persons) for level in levels))
        for relation in AWAY
    }
    return Cell(area, scheme, care, levels, filings)


def _persons(book: Rulebook, statistics: dict[str, Any], scheme: str) -> Iterator[tuple[str, int]]:
    """Yield a psn_type and an age for every group of the scheme and every class of age that the rules tell apart."""
    for group in statistics["scheme"][scheme]["groups"]:
        about = statistics["assumed"]["group"][group]
        low, high = about["age"]
        for age in sorted({low, *(age for age in book.ages if low <= age <= high)}):
            yield about["psn_type"], age


def settles(book: Rulebook, asked: Asked, first_day: int, last_day: int) -> bool:
    """Tell whether a question has a program on every day of a span, and one that waits for no other payer."""
    spans = book.program_spans(asked)
    rows = [spans.on(first_day)]
    rows += [row for begins, row in zip(spans.from_days, spans.rows, strict=True) if first_day < begins <= last_day]
    return all(row >= 0 and not book.reported_funds(row) for row in rows)
