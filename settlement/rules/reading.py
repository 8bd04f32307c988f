"""Read TOML tables key by key, collecting every complaint with file, line, key and cure.

A ``Reader`` is handed one table; each ``take`` consumes a key. Nothing is raised while reading: complaints are
gathered, unknown keys become complaints at ``done``, and the caller refuses the whole file once, with all of them.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Sequence
from datetime import date
from typing import Any, NamedTuple, TypeVar

from settlement import money
from settlement.errors import BadInput

Value = TypeVar("Value")


class Complaint(NamedTuple):
    """One thing wrong in a rule file."""

    file: str
    line: int
    key: str
    found: str
    cure: str

    def text(self) -> str:
        """Return the complaint as one line: file, line, key, what was found, what would be right."""
        return f"{self.file}:{self.line}: {self.key}: {self.found}. {self.cure}"


class Unreadable(Exception):
    """A value cannot be read; holds what was found and the cure."""

    def __init__(self, found: str, cure: str) -> None:
        self.found, self.cure = found, cure
        super().__init__(found)


class Lines:
    """Finds the line of a block and of a key in the text of a TOML file."""

    def __init__(self, text: str) -> None:
        self.lines = text.splitlines()

    def block(self, header: str, nth: int) -> int:
        """Return the line (from 1) of the nth ``[[header]]`` or ``[header]``; 1 if it is not there."""
        wanted = re.compile(rf"^\s*\[\[?\s*{re.escape(header)}\s*\]?\]")
        found = [number for number, line in enumerate(self.lines, 1) if wanted.match(line)]
        return found[nth] if nth < len(found) else 1

    def key(self, begin: int, key: str) -> int:
        """Return the line of a key in the block that begins at a line; the block's own line if it is not there."""
        wanted = re.compile(rf"(^\s*|[{{,]\s*){re.escape(key)}\s*=")
        for number in range(begin, len(self.lines)):
            if self.lines[number].lstrip().startswith("["):
                break
            if wanted.search(self.lines[number]):
                return number + 1
        return begin


class Reader:
    """One TOML table being read."""

    def __init__(self, table: Any, file: str, lines: Lines, line: int, path: str) -> None:
        self.file, self.lines, self.line, self.path = file, lines, line, path
        self.complaints: list[Complaint] = []
        self.table: dict[str, Any] = dict(table) if isinstance(table, dict) else {}
        if not isinstance(table, dict):
            self.complain("", f"{table!r} is not a table", "Write key = value pairs in braces")
        self.known: list[str] = []
        self.known_given = frozenset(self.table)

    def complain(self, key: str, found: str, cure: str) -> None:
        """Add a complaint about a key of this table."""
        line = self.lines.key(self.line, key) if key else self.line
        self.complaints.append(Complaint(self.file, line, f"{self.path}.{key}" if key else self.path, found, cure))

    def take(self, key: str, read: Callable[[Any], Any], default: Any = None, need: bool = False) -> Any:
        """Return the key's value as ``read`` makes it; the default where it is absent or unreadable."""
        self.known.append(key)
        if key not in self.table:
            if need:
                self.complain(key, "is missing", f"Every {self.path} needs {key}")
            return default
        try:
            return read(self.table.pop(key))
        except Unreadable as error:
            self.complain(key, error.found, error.cure)
            return default

    def inner(self, key: str, table: Any) -> Reader:
        """Return a reader for a table inside this one; its complaints join this one's at its ``done``."""
        return Reader(table, self.file, self.lines, self.lines.key(self.line, key), f"{self.path}.{key}")

    def done(self, parent: Reader | None = None) -> None:
        """Complain about every key that nobody took, naming the nearest valid one."""
        for key in self.table:
            near = difflib.get_close_matches(key, self.known, 1)
            cure = f"Did you mean {near[0]}?" if near else f"Known here: {', '.join(self.known)}"
            self.complain(key, "is not a key of this table", cure)
        if parent is not None:
            parent.complaints += self.complaints


def text(value: Any) -> str:
    """Read a string that is not empty."""
    if not isinstance(value, str) or not value.strip():
        raise Unreadable(f"{value!r} is not a text", "Write it in quotes")
    return value


def flag(value: Any) -> bool:
    """Read true or false."""
    if not isinstance(value, bool):
        raise Unreadable(f"{value!r} is not true or false", "Write true or false, without quotes")
    return value


def number(value: Any) -> int:
    """Read a whole number that is not negative."""
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise Unreadable(f"{value!r} is not a whole number", "Write a whole number, without quotes")
    return value


def day(value: Any) -> date:
    """Read a TOML date."""
    if type(value) is not date:
        raise Unreadable(f"{value!r} is not a date", "Write a date without quotes, for example 2024-02-01")
    return value


def amount(value: Any) -> int:
    """Read '800 yuan' as fen, not negative."""
    fen = signed_amount(value)
    if fen < 0:
        raise Unreadable(f"{value!r} is negative", "Write an amount of 0 yuan or more")
    return fen


def signed_amount(value: Any) -> int:
    """Read '-100 yuan' as fen."""
    digits, _, unit = str(value).strip().partition(" ")
    if not isinstance(value, str) or unit.strip() != "yuan":
        raise Unreadable(f"{value!r} has no unit", 'Write an amount with its unit, for example "800 yuan"')
    try:
        return money.fen(digits)
    except BadInput as error:
        raise Unreadable(error.found, 'Write an amount such as "800 yuan", with at most two decimals') from None


def percent(value: Any) -> int:
    """Read '85%' as basis points, 0 to 100 %."""
    rate = any_percent(value)
    if rate > money.scaled("1", money.RATE_PLACES):
        raise Unreadable(f"{value!r} is over 100%", "A share lies between 0% and 100%")
    return rate


def any_percent(value: Any) -> int:
    """Read '120%' as basis points, not negative."""
    if not isinstance(value, str) or not value.endswith("%"):
        raise Unreadable(f"{value!r} is not a percentage", 'Write a percentage with its sign, for example "85%"')
    return _hundredths(value[:-1], value)


def points(value: Any) -> int:
    """Read '3' (percentage points) as basis points."""
    if not isinstance(value, str) or value.endswith("%"):
        raise Unreadable(f"{value!r} is not a number of points", 'Write percentage points in quotes, for example "3"')
    return _hundredths(value.removesuffix("points").strip(), value)


def division(value: Any) -> str:
    """Read the beginning of a division code, two to six digits."""
    if not isinstance(value, str) or not (value.isascii() and value.isdigit()) or not 2 <= len(value) <= 6:
        raise Unreadable(f"{value!r} is not the beginning of a division code", "Write two to six digits in quotes")
    return value


def _hundredths(digits: str, value: Any) -> int:
    try:
        hundredths = money.scaled(digits, 2)
    except BadInput as error:
        raise Unreadable(f"{value!r}: {error.found}", "Use at most two decimals of a percent") from None
    if hundredths < 0:
        raise Unreadable(f"{value!r} is negative", "Write a number of 0 or more")
    return hundredths


def one_of(words: Sequence[str]) -> Callable[[Any], str]:
    """Return a reader for one word of a list; its complaint names the nearest."""

    def read(value: Any) -> str:
        if value not in words:
            near = difflib.get_close_matches(str(value), words, 1)
            hint = f"Did you mean {near[0]!r}? " if near else ""
            raise Unreadable(f"{value!r} is not known here", f"{hint}One of: {', '.join(words)}")
        return str(value)

    return read


def list_of(read: Callable[[Any], Value]) -> Callable[[Any], tuple[Value, ...]]:
    """Return a reader for one value or a list of them, without repeats, in the order given."""

    def read_all(value: Any) -> tuple[Value, ...]:
        values = value if isinstance(value, list) else [value]
        if not values:
            raise Unreadable("is an empty list", "Name at least one, or leave the key out")
        return tuple(dict.fromkeys(read(item) for item in values))

    return read_all
