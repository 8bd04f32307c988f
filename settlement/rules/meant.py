"""What a writer probably meant: values shown as they stand in the file, and the right spelling of one that is slightly wrong.

Guesses are for the cure of a complaint only. Nothing here is ever read as a value.
"""

from __future__ import annotations

import re
import unicodedata
from datetime import date, time
from decimal import Decimal
from typing import Any

LONGEST = 60
_MONEY = re.compile(r"(-?[0-9]+(?:\.[0-9]+)?)(万|亿)?(?:元|圆|块|块钱|yuan|rmb|cny)?", re.IGNORECASE)
_LARGE = {"万": 10_000, "亿": 100_000_000}
_PERCENT = re.compile(r"(?:百分之)?([0-9]+(?:\.[0-9]{1,2})?)(?:%|percent)?", re.IGNORECASE)
_SHARE = re.compile(r"0\.[0-9]{1,4}")
_POINTS = re.compile(r"([0-9]+(?:\.[0-9]{1,2})?)(?:%|个百分点|个点|百分点|points?)?", re.IGNORECASE)
_DAY = re.compile(r"([0-9]{4})(?:[-/.年]([0-9]{1,2})[-/.月]([0-9]{1,2})日?|([0-9]{2})([0-9]{2}))")
_SPAN = re.compile(r"([0-9]{1,4}|半|一)(个?月|months?|天|个?日|days?|年|years?)", re.IGNORECASE)


def shown(value: Any) -> str:
    """Return a value much as it stands in the file, no longer than a line; lists and tables only by their kind."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, list | dict):
        return "a list" if isinstance(value, list) else "a table"
    if isinstance(value, int) and abs(value) > 10**30:  # Python refuses to spell out a number of thousands of digits
        return "a number of more than 30 digits"
    text = repr(value)
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"


def plain(value: Any) -> str:
    """Return a text or number without Chinese forms of digits and signs, without blanks and separators of thousands."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return ""
    text = unicodedata.normalize("NFKC", shown(value) if not isinstance(value, str) else value[:LONGEST])
    return re.sub(r"[\s,、¥￥$_'\"]", "", text).replace("。", ".").removesuffix(".")


def amount(value: Any) -> str:
    """Return '800 yuan' for what was meant as an amount, '' for what cannot be guessed."""
    found = _MONEY.fullmatch(plain(value))
    if not found:
        return ""
    yuan = (Decimal(found[1]) * _LARGE.get(found[2], 1)).normalize()
    return f"{yuan:f} yuan" if yuan == round(yuan, 2) else ""


def percent(value: Any) -> str:
    """Return '85%' for what was meant as a percentage (0.85 too), '' for what cannot be guessed."""
    text = plain(value)
    if _SHARE.fullmatch(text):
        return f"{(Decimal(text) * 100).normalize():f}%"
    found = _PERCENT.fullmatch(text)
    return f"{found[1]}%" if found else ""


def points(value: Any) -> str:
    """Return '3' for what was meant as percentage points, '' for what cannot be guessed."""
    found = _POINTS.fullmatch(plain(value))
    return found[1] if found else ""


def day(value: Any) -> str:
    """Return '2024-02-01' for what was meant as that day, '' for what cannot be guessed or is no day at all."""
    found = _DAY.fullmatch(value.date().isoformat() if hasattr(value, "date") else plain(value))
    if not found:
        return ""
    try:
        return date(int(found[1]), int(found[2] or found[4]), int(found[3] or found[5])).isoformat()
    except ValueError:
        return ""


def span(value: Any) -> str:
    """Return '6 months' for what was meant as that long, '' for what cannot be guessed."""
    found = _SPAN.fullmatch(plain(value))
    if not found:
        return ""
    unit = found[2].lower()
    if unit.startswith(("年", "year")):
        months = {"半": 6, "一": 12}.get(found[1]) or int(found[1]) * 12
        return f"{months} months"
    if not found[1].isdigit():
        return ""
    return f"{found[1]} {'months' if 'm' in unit or '月' in unit else 'days'}"
