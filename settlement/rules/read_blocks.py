"""The blocks beside ``[[benefit]]``: elsewhere, codes, accounts, first pay, filings, standing and stays."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from settlement import codes
from settlement.rules import reading
from settlement.rules.pool import (
    AccountRule,
    Cite,
    Elsewhere,
    FilingRule,
    FirstPay,
    Meaning,
    Span,
    Standing,
    Stay,
)
from settlement.rules.read_selectors import read_items
from settlement.rules.reading import Reader, Unreadable, list_of, one_of
from settlement.rules.selectors import Items

COVERS = {"own_pay": 1, "over_limit": 2, "first_pay": 4, "in_scope": 8}
_SPAN = re.compile(r"(\d{1,4}) (month|day)s?")


def read_elsewhere(reader: Reader, begins: Any, cite: Cite) -> Elsewhere:
    """Return an ``[[elsewhere]]`` block."""
    repealed = reader.take("repealed", reading.flag, False)
    mode = reader.take("mode", one_of(("none", "points", "multiply", "first_pay")), "none", need=not repealed)
    read = {
        "none": reading.percent,
        "points": reading.points,
        "multiply": reading.percent,
        "first_pay": reading.percent,
    }
    amount = reader.take("amount", read[mode], 0, need=mode != "none")
    change = reader.inner("deductible", reader.take("deductible", dict, {}))
    block = Elsewhere(
        reader.take("scheme", list_of(reading.text)),
        reader.take("care", list_of(one_of(codes.CARES))),
        reader.take("filing", list_of(one_of(codes.FILINGS)), (), need=True),
        reader.take("where", list_of(one_of(codes.RELATIONS[1:])), codes.RELATIONS[1:]),
        mode, amount,
        reader.take("layers", list_of(reading.text)),
        change.take("times", reading.any_percent, 10_000),
        change.take("plus", reading.amount, 0),
        change.take("is", reading.amount),
        begins, cite, repealed, reader.take("places", list_of(reading.division)),
    )  # fmt: skip
    change.done(reader)
    return block


def read_meaning(kind: str, key: str, words: tuple[str, ...]) -> Callable[[Reader, Any, Cite], Meaning]:
    """Return the reader of ``[[care]]``, ``[[level]]`` or ``[[group]]`` blocks: a national code and its word."""

    def make(reader: Reader, begins: Any, cite: Cite) -> Meaning:
        given = reader.take(key, list_of(reading.text), (), need=True)
        return Meaning(kind, given, reader.take("is", one_of(words), words[0], need=True), begins, cite)

    return make


def read_account(reader: Reader, begins: Any, cite: Cite) -> AccountRule:
    """Return an ``[[account]]`` block."""
    covers = reader.take("covers", list_of(one_of(tuple(COVERS))), (), need=True)
    shared = reader.take("shared", one_of(("beside", "inside")), "beside")
    schemes = reader.take("scheme", list_of(reading.text))
    return AccountRule(schemes, sum(COVERS[word] for word in covers), shared == "inside", begins, cite)


def read_first_pay(reader: Reader, begins: Any, cite: Cite) -> FirstPay:
    """Return a ``[[first_pay]]`` block."""
    repealed = reader.take("repealed", reading.flag, False)
    return FirstPay(
        reader.take("scheme", list_of(reading.text)),
        reader.take("care", list_of(one_of(codes.CARES))),
        reader.take("where", list_of(one_of(codes.RELATIONS)), codes.RELATIONS),
        read_items(reader, need=True) or Items(),
        reader.take("ratio", reading.percent, 0, need=not repealed),
        begins,
        cite,
        repealed,
    )


def read_filing(reader: Reader, begins: Any, cite: Cite) -> FilingRule:
    """Return a ``[[filing]]`` block."""
    repealed = reader.take("repealed", reading.flag, False)
    return FilingRule(
        reader.take("filing", list_of(one_of(codes.FILINGS)), (), need=True),
        reader.take("emergency", reading.flag),
        reader.take("filed", list_of(one_of(codes.FILED))),
        reader.take("where", list_of(one_of(codes.RELATIONS[1:])), codes.RELATIONS[1:]),
        reader.take("scheme", list_of(reading.text)),
        reader.take("is", one_of((*codes.FILINGS, codes.MANUAL)), codes.MANUAL, need=not repealed),
        begins,
        cite,
        repealed,
    )


def read_standing(kind: str, length: str) -> Callable[[Reader, Any, Cite], Standing]:
    """Return the reader of ``[[waiting]]`` or ``[[suspension]]`` blocks; ``length`` is the key of their time."""

    def make(reader: Reader, begins: Any, cite: Cite) -> Standing:
        repealed = reader.take("repealed", reading.flag, False)
        return Standing(
            kind,
            reader.take("scheme", list_of(reading.text)),
            reader.take("psn_type", list_of(reading.text)),
            reader.take("care", list_of(one_of(codes.CARES))),
            reader.take(length, _span, Span(0, "days"), need=not repealed),
            begins,
            cite,
            repealed,
        )

    return make


def _span(value: Any) -> Span:
    found = _SPAN.fullmatch(value) if isinstance(value, str) else None
    if found is None:
        raise Unreadable(f"{value!r} is not a length of time", 'Write "6 months" or "90 days"')
    return Span(int(found[1]), found[2] + "s")


def read_stay(reader: Reader, begins: Any, cite: Cite) -> Stay:
    """Return a ``[[stay]]`` block."""
    repealed = reader.take("repealed", reading.flag, False)
    by_days = reader.take("cross_year", one_of(("whole", "by_days")), "whole", need=not repealed) == "by_days"
    deductible = reader.take("deductible", one_of(("once", "each_year")), "", need=by_days)
    if deductible and not by_days:
        reader.complain("deductible", "has no effect", 'It belongs to cross_year = "by_days"')
    return Stay(
        reader.take("scheme", list_of(reading.text)),
        reader.take("care", list_of(one_of(codes.CARES))),
        by_days,
        deductible != "each_year",
        begins,
        cite,
        repealed,
    )
