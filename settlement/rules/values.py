"""The values of the field as a pool file writes them: schemes and codes, days, amounts, percentages, division codes."""

from __future__ import annotations

import re
from datetime import date
from typing import Any

from settlement import codes, money
from settlement.errors import BadInput
from settlement.rules import meant
from settlement.rules.meant import shown
from settlement.rules.reading import Unreadable, nearest, text

YEARS = (1949, 2099)  # a year outside is a slip of the hand
MOST_TIMES = 100_000  # basis points: ten times
_AMOUNT = re.compile(r"(-?[0-9]+(?:\.[0-9]{1,2})?) +yuan")
_HUNDREDTHS = re.compile(r"[0-9]+(?:\.[0-9]{1,2})?")
_CODE = re.compile(r"[0-9A-Za-z][0-9A-Za-z.+*/_-]*")
_NAME = re.compile(r"[\w.-]+")
_INSUTYPE = re.compile(r"[0-9]{3,6}")
SPOKEN = {"employee": "职工", "resident": "居民"}  # as in 城镇职工, 城乡居民, 职工医保


def code(value: Any) -> str:
    """Read a code of a national table, or the beginning of one."""
    if not _CODE.fullmatch(text(value)):
        parts = re.split(r"[,;、，\s]+", value.strip())
        several = len(parts) > 1 and all(_CODE.fullmatch(part) for part in parts)
        cure = (
            'Write a list: ["…", "…"]' if several else "Write the code itself, plain letters and digits, not its name"
        )
        raise Unreadable(f"{shown(value)} is not a code", cure)
    return str(value)


def name(value: Any) -> str:
    """Read the name of a layer or counter: part of columns and keys elsewhere, so without blanks and signs."""
    if not _NAME.fullmatch(text(value)):
        raise Unreadable(f"{shown(value)} is not a name", "Write letters, digits and _ only, for example resident_pool")
    return str(value)


def scheme(value: Any) -> str:
    """Read employee, resident, or the insutype code of another scheme."""
    words = tuple(codes.SCHEMES.values())
    if value in words:
        return str(value)
    known = codes.SCHEMES.get(str(value))
    if known:
        raise Unreadable(f"{shown(value)} is the insutype of a scheme with a name", f"Write {known!r}")
    if isinstance(value, str) and _INSUTYPE.fullmatch(value):
        return value
    near = nearest(value, words, SPOKEN)
    hint = f"Did you mean {near!r}? " if near else ""
    cure = f'{hint}A scheme is {", ".join(words)}, or in quotes the insutype code of another, such as "340"'
    raise Unreadable(f"{shown(value)} is not a scheme", cure)


def day(value: Any) -> date:
    """Read a TOML date."""
    if type(value) is not date:
        form = meant.day(value) or "for example 2024-02-01"
        raise Unreadable(f"{shown(value)} is not a date", f"Write a date without quotes, {form}")
    if not YEARS[0] <= value.year <= YEARS[1]:
        raise Unreadable(
            f"{shown(value)} is not of our time", f"Check the year: rules here are of {YEARS[0]} to {YEARS[1]}"
        )
    return value


def amount(value: Any) -> int:
    """Read '800 yuan' as fen, not negative."""
    fen = signed_amount(value)
    if fen < 0:
        raise Unreadable(f"{shown(value)} is negative", "Write an amount of 0 yuan or more")
    return fen


def signed_amount(value: Any) -> int:
    """Read '-100 yuan' as fen."""
    found = _AMOUNT.fullmatch(value.strip()) if isinstance(value, str) else None
    if found is None:
        said = value.strip() if isinstance(value, str) else ""
        if re.fullmatch(r"-?[0-9]+\.[0-9]{3,} *yuan", said):
            raise Unreadable(f"{shown(value)} has more than 2 decimals", "Write whole fen: at most two decimals")
        form = meant.amount(value)
        wrong = "is not an amount" if "yuan" in said or (said and not form) else "has no unit yuan"
        raise Unreadable(f"{shown(value)} {wrong}", f"Write an amount with its unit, {_so(form, '800 yuan')}")
    try:
        return money.fen(found[1])
    except BadInput:
        raise Unreadable(f"{shown(value)} is over 100 million yuan", "Check the zeros") from None


def percent(value: Any) -> int:
    """Read '85%' as basis points, 0 to 100 %."""
    rate = any_percent(value)
    if rate > money.scaled("1", money.RATE_PLACES):
        raise Unreadable(f"{shown(value)} is over 100%", "A share lies between 0% and 100%")
    return rate


def any_percent(value: Any) -> int:
    """Read '120%' as basis points, not negative, at most ten times."""
    if not isinstance(value, str) or not value.strip().endswith("%"):
        form = _so(meant.percent(value), "85%")
        raise Unreadable(f"{shown(value)} is not a percentage", f"Write a percentage with its sign, {form}")
    rate = _hundredths(value.strip()[:-1], value, meant.percent(value) or "85%")
    if rate > MOST_TIMES:
        raise Unreadable(f"{shown(value)} is too large", "Nothing is multiplied by more than 1000%")
    return rate


def points(value: Any) -> int:
    """Read '3' (percentage points) as basis points, at most 100."""
    if not isinstance(value, str) or value.endswith("%"):
        form = _so(meant.points(value), "3")
        raise Unreadable(f"{shown(value)} is not a number of points", f"Write percentage points in quotes, {form}")
    added = _hundredths(value.removesuffix("points"), value, meant.points(value) or "3")
    if added > money.scaled("1", money.RATE_PLACES):
        raise Unreadable(f"{shown(value)} is over 100 points", "From 0% to 100% it is 100 points")
    return added


def division(value: Any) -> str:
    """Read the beginning of a division code, two to six digits."""
    if not isinstance(value, str) or not (value.isascii() and value.isdigit()) or not 2 <= len(value) <= 6:
        so = f': "{value}"' if isinstance(value, int) and not isinstance(value, bool) and 10 <= value <= 999_999 else ""
        found, cure = (
            f"{shown(value)} is not the beginning of a division code",
            f"Write two to six digits in quotes{so}",
        )
        raise Unreadable(found, cure)
    return value


def _so(form: str, example: str) -> str:
    return f'here "{form}"' if form else f'for example "{example}"'


def _hundredths(digits: str, value: Any, form: str) -> int:
    plain = digits.strip()
    if plain.startswith("-"):
        raise Unreadable(f"{shown(value)} is negative", "Write a number of 0 or more")
    if re.fullmatch(r"[0-9]+\.[0-9]{3,}", plain):
        raise Unreadable(f"{shown(value)} has more than 2 decimals", "Use at most two decimals of a percent")
    if not _HUNDREDTHS.fullmatch(plain) or len(plain) > 12:
        raise Unreadable(f"{shown(value)} is not a number", f'Write plain digits, for example "{form}"')
    return money.scaled(plain, 2)
