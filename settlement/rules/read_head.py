"""The head of a pool file: ``[pool]``, and the ``[source.…]`` tables that its blocks cite."""

from __future__ import annotations

import re
from typing import Any

from settlement import codes
from settlement.rules import meant, reading, values
from settlement.rules.meant import shown
from settlement.rules.pool import Rounding, Source
from settlement.rules.reading import Reader, list_of, one_of

_MONTH_DAY = re.compile(r"([0-9]{1,2})-([0-9]{1,2})")


def read_head(whole: Reader) -> dict[str, Any]:
    """Return what ``[pool]`` says, by the names of the fields of ``Pool``."""
    reader = Reader(
        whole.take("pool", _head, {}, need=True), whole.file, whole.lines, whole.lines.block("pool", 0), "pool"
    )
    need = whole.sure("pool")
    head = {
        "code": reader.take("code", _code, "", need),
        "name": reader.take("name", reading.text, "", need),
        "inherits": reader.take("inherits", _code, ""),
        "benefit_year": reader.take("benefit_year", _year),
        "scheme_years": reader.take("scheme_years", _scheme_years, {}),
        "rounding": _rounding(reader),
        "refunds": reader.take("refunds", one_of(("any_order", "last_first")), ""),
        "local_places": reader.take("local_places", list_of(values.division), ()),
    }
    reader.done(whole)
    return head


def read_sources(whole: Reader) -> dict[str, Source]:
    """Return the file's sources by name."""
    sources = {}
    for name, table in whole.take("source", _declared, {}).items():
        reader = Reader(table, whole.file, whole.lines, whole.lines.block(f"source.{name}", 0), f"source.{name}")
        sources[name] = Source(
            name,
            reader.take("title", reading.text, "", need=True),
            reader.take("number", reading.text, ""),
            str(reader.take("issued", values.day, "")),
            reader.take("url", reading.text, ""),
            reader.take("confidence", one_of(codes.CONFIDENCES, codes.CONFIDENCE_ZH), codes.CONFIDENCES[0], need=True),
            reader.take("note", reading.text, ""),
        )
        reader.done(whole)
    return sources


def _rounding(head: Reader) -> Rounding | None:
    table = head.take("rounding", reading.table_like('{ at = "claim", rounds = "in_scope" }'))
    if table is None:
        return None
    reader = head.inner("rounding", table)
    at = reader.take("at", one_of(("claim", "line")), "claim", need=True)
    rounds = reader.take("rounds", one_of(("in_scope", "first_pay")), "in_scope", need=True)
    reader.done(head)
    return Rounding(at, rounds)


def _head(value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        found = "is a list of tables" if isinstance(value, list) else f"{shown(value)} is not a table"
        raise reading.Unreadable(found, "Write [pool] with single brackets, once, and its keys below it")
    return value


def _declared(value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        found = "is a list of tables" if isinstance(value, list) else f"{shown(value)} is not a table"
        raise reading.Unreadable(found, "Write [source.NAME] with single brackets, a name for each source")
    if value and not any(isinstance(inner, dict) for inner in value.values()):
        raise reading.Unreadable("has no name", "Write [source.NAME]: blocks cite a source by its name")
    return value


def _code(value: Any) -> str:
    if not isinstance(value, str) or not codes.is_division(value):
        form = meant.plain(value)
        so = f': "{form}"' if codes.is_division(form) else ""
        raise reading.Unreadable(f"{shown(value)} is not a division code", f"Write six digits in quotes{so}")
    return value


def _scheme_years(value: Any) -> dict[str, tuple[int, int]]:
    if not isinstance(value, dict):
        raise reading.Unreadable(f"{shown(value)} is not a table", 'Write { employee = "07-01" }')
    return {values.scheme(scheme): _year(begins) for scheme, begins in value.items()}


def _year(value: Any) -> tuple[int, int]:
    if value == "calendar":
        return 1, 1
    found = _MONTH_DAY.fullmatch(value) if isinstance(value, str) else None
    month, day = (int(found[1]), int(found[2])) if found else (0, 0)
    if not (1 <= month <= 12 and 1 <= day <= 28):
        cure = 'Write "calendar", or month and day such as "07-01" (the day from 01 to 28)'
        raise reading.Unreadable(f"{shown(value)} is not a year", cure)
    return month, day
