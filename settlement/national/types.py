"""The types of the national interface: c(n), n(p,s), d and t, each as a constraint that checks, documents and names.

A message reaches a struct with every JSON number already turned into its text, so every value here is text. A field is
``Annotated[str, c(30, "人员编号")]``: its form checks the value, its Chinese meaning goes into errors and OpenAPI.
``Node`` is the base of every struct; unknown fields are ignored by it and kept by whoever holds the raw message.
"""

from __future__ import annotations

from typing import Annotated, Any, Generic, TypeVar

import msgspec
from msgspec import Meta

T = TypeVar("T")

# Every day of the Gregorian calendar from the year 1000 on and no other: a pattern, so that OpenAPI says it too.
_LONG, _SHORT, _FEBRUARY = (
    "(0[13578]|1[02])-(0[1-9]|[12][0-9]|3[01])",
    "(0[469]|11)-(0[1-9]|[12][0-9]|30)",
    "02-(0[1-9]|1[0-9]|2[0-8])",
)
_LEAP_YEAR = "([1-9][0-9](0[48]|[2468][048]|[13579][26])|([2468][048]|[13579][26])00)"
_DAY = f"([1-9][0-9]{{3}}-({_LONG}|{_SHORT}|{_FEBRUARY})|{_LEAP_YEAR}-02-29)"
_TIME = "([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]"

TEXT, DECIMAL, DATE, TIME, MONTH = (
    "text",
    "decimal",
    "date",
    "time",
    "month",
)  # the forms, as errors and OpenAPI name them


def c(length: int, zh: str, table: str = "") -> Meta:
    """Return the constraint of a text of 1 to ``length`` characters; ``table`` names its code table.

    Codes are not checked against the table: unknown ones pass through. A JSON number is read as its text.
    """
    told = {"x-code-table": table} if table else {}
    return _meta(TEXT, zh, length, "", {"type": ["string", "integer"]} | told)


def n(digits: int, places: int, zh: str) -> Meta:
    """Return the constraint of a decimal of at most ``digits`` digits, ``places`` of them after the point.

    Signed, since lines and totals of a refund are negative. Zeros beyond the last place say nothing and are taken.
    """
    fraction = rf"(\.[0-9]{{1,{places}}}0*)?" if places else r"(\.0+)?"
    pattern = rf"^-?[0-9]{{1,{digits - places}}}{fraction}$"
    return _meta(DECIMAL, zh, 40, pattern, {"type": ["string", "number"], "x-decimal": f"{digits},{places}"})


def d(zh: str) -> Meta:
    """Return the constraint of a date, yyyy-MM-dd."""
    return _meta(DATE, zh, 10, f"^{_DAY}$", {})


def t(zh: str) -> Meta:
    """Return the constraint of a time, yyyy-MM-dd HH:mm:ss; a bare date is taken, as some hospitals send one."""
    return _meta(TIME, zh, 19, f"^{_DAY}( {_TIME})?$", {})


def month(zh: str) -> Meta:
    """Return the constraint of a month, yyyyMM."""
    return _meta(MONTH, zh, 6, "^[1-9][0-9]{3}(0[1-9]|1[0-2])$", {"type": ["string", "integer"]})


def _meta(form: str, zh: str, length: int, pattern: str, schema: dict[str, Any]) -> Meta:
    # In Python a final $ also matches before a line feed; the schema says the same in the portable way.
    told = schema | ({"pattern": pattern} if pattern else {})
    strict = f"{pattern}(?!\n)" if pattern else None
    extra = {"form": form, "zh": zh, "length": length, "pattern": strict or "."}
    return Meta(min_length=1, max_length=length, pattern=strict, description=zh, extra=extra, extra_json_schema=told)


class Node(msgspec.Struct, frozen=True, kw_only=True):
    """A node of a message: named fields, in any order, others ignored."""


class Data(Node, Generic[T], frozen=True, kw_only=True):
    """Most messages: one node named data."""

    data: T


Rows = Annotated[list[T], Meta(min_length=1)]
Anything = dict[str, Any]
