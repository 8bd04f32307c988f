"""The blocks beside ``[[benefit]]``: elsewhere, codes, accounts, first pay, filings, standing and stays."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from settlement import codes
from settlement.rules import meant, reading, values
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
MODES = ("none", "points", "multiply", "first_pay")
_SPAN = re.compile(r"([0-9]{1,4}) (month|day)s?")
_filings = list_of(one_of(codes.FILINGS, codes.FILING_ZH))
_where = list_of(one_of(codes.RELATIONS[1:], codes.RELATION_ZH))


def read_elsewhere(reader: Reader, begins: Any, cite: Cite) -> Elsewhere:
    """Return an ``[[elsewhere]]`` block."""
    repealed = _repealed(reader, "mode", "amount", "deductible", "layers")
    mode = reader.take("mode", one_of(MODES), "none", need=not repealed)
    if not reader.sure("mode"):
        reader.take("amount", str)  # how it should look depends on the mode
    elif mode == "none":
        reader.out_of_place(["amount"], 'beside mode = "none"', "Leave it out, or say points, multiply or first_pay")
    amount = reader.take("amount", values.points if mode == "points" else values.percent, 0, need=mode != "none")
    change = reader.inner("deductible", reader.take("deductible", reading.table_like('{ plus = "200 yuan" }'), {}))
    block = Elsewhere(
        *_for(reader),
        reader.take("filing", _filings, (), need=True),
        reader.take("where", _where, codes.RELATIONS[1:]),
        mode, amount,
        reader.take("layers", list_of(values.name)),
        change.take("times", values.any_percent, 10_000),
        change.take("plus", values.amount, 0),
        change.take("is", values.amount),
        begins, cite, repealed, reader.take("places", list_of(values.division)),
    )  # fmt: skip
    change.done(reader)
    return block


def read_meaning(kind: str, key: str, words: tuple[str, ...]) -> Callable[[Reader, Any, Cite], Meaning]:
    """Return the reader of ``[[care]]``, ``[[level]]`` or ``[[group]]`` blocks: a national code and its word."""
    zh = {**codes.CARE_ZH, **codes.LEVEL_ZH, **codes.GROUP_ZH}

    def make(reader: Reader, begins: Any, cite: Cite) -> Meaning:
        given = reader.take(key, list_of(values.code), (), need=True)
        return Meaning(kind, given, reader.take("is", one_of(words, zh), words[0], need=True), begins, cite)

    return make


def read_account(reader: Reader, begins: Any, cite: Cite) -> AccountRule:
    """Return an ``[[account]]`` block."""
    covers = reader.take("covers", list_of(one_of(tuple(COVERS))), (), need=True)
    shared = reader.take("shared", one_of(("beside", "inside")), "beside")
    schemes = reader.take("scheme", list_of(values.scheme))
    return AccountRule(schemes, sum(COVERS[word] for word in covers), shared == "inside", begins, cite)


def read_first_pay(reader: Reader, begins: Any, cite: Cite) -> FirstPay:
    """Return a ``[[first_pay]]`` block."""
    repealed = _repealed(reader, "ratio")
    return FirstPay(
        *_for(reader),
        reader.take("where", list_of(one_of(codes.RELATIONS, codes.RELATION_ZH)), codes.RELATIONS),
        read_items(reader, need=True) or Items(),
        reader.take("ratio", values.percent, 0, need=not repealed),
        begins,
        cite,
        repealed,
    )


def read_filing(reader: Reader, begins: Any, cite: Cite) -> FilingRule:
    """Return a ``[[filing]]`` block."""
    repealed = _repealed(reader, "is")
    return FilingRule(
        reader.take("filing", _filings, (), need=True),
        reader.take("emergency", reading.flag),
        reader.take("filed", list_of(one_of(codes.FILED))),
        reader.take("where", _where, codes.RELATIONS[1:]),
        reader.take("scheme", list_of(values.scheme)),
        reader.take("is", one_of((*codes.FILINGS, codes.MANUAL), codes.FILING_ZH), codes.MANUAL, need=not repealed),
        begins,
        cite,
        repealed,
    )


def read_standing(kind: str, length: str) -> Callable[[Reader, Any, Cite], Standing]:
    """Return the reader of ``[[waiting]]`` or ``[[suspension]]`` blocks; ``length`` is the key of their time."""

    def make(reader: Reader, begins: Any, cite: Cite) -> Standing:
        repealed = _repealed(reader, length)
        schemes, cares = _for(reader)
        return Standing(
            kind,
            schemes,
            reader.take("psn_type", list_of(values.code)),
            cares,
            reader.take(length, _span, Span(0, "days"), need=not repealed),
            begins,
            cite,
            repealed,
        )

    return make


def _span(value: Any) -> Span:
    found = _SPAN.fullmatch(value) if isinstance(value, str) else None
    if found is None:
        form = meant.span(value)
        cure = f'Write "{form}"' if form else 'Write "6 months" or "90 days"'
        raise Unreadable(f"{meant.shown(value)} is not a length of time", cure)
    return Span(int(found[1]), found[2] + "s")


def read_stay(reader: Reader, begins: Any, cite: Cite) -> Stay:
    """Return a ``[[stay]]`` block."""
    repealed = _repealed(reader, "cross_year", "deductible")
    by_days = reader.take("cross_year", one_of(("whole", "by_days")), "whole", need=not repealed) == "by_days"
    deductible = reader.take("deductible", one_of(("once", "each_year")), "", need=by_days)
    if deductible and not by_days and reader.sure("cross_year"):
        reader.complain("deductible", "has no effect", 'It belongs to cross_year = "by_days"')
    return Stay(*_for(reader), by_days, deductible != "each_year", begins, cite, repealed)


def _for(reader: Reader) -> tuple[tuple[str, ...] | None, tuple[str, ...] | None]:
    """Return the schemes and cares that a block is for, None for all."""
    cares = list_of(one_of(codes.CARES, codes.CARE_ZH))
    return reader.take("scheme", list_of(values.scheme)), reader.take("care", cares)


def _repealed(reader: Reader, *rest: str) -> bool:
    """Tell whether a block ends another; it then says no more than the key, so nothing of the rest."""
    repealed: bool = reader.take("repealed", reading.flag, False)
    if repealed:
        reader.out_of_place(rest, "beside repealed = true", "Leave that out: a repealed block has only its key")
    return repealed or not reader.sure("repealed")
