"""Read TOML tables key by key, collecting every complaint with file, line, key and cure.

A ``Reader`` is handed one table; each ``take`` consumes a key. Nothing is raised while reading: complaints are
gathered, unknown keys become complaints at ``done``, and the caller refuses the whole file once, with all of them.
One fault is one complaint: what only follows from a key that could not be read is not complained about.
"""

from __future__ import annotations

import difflib
import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple, TypeVar

from settlement.rules.meant import shown
from settlement.rules.positions import positions

Value = TypeVar("Value")

LARGEST = 99_999  # no order, age or number of days comes near it
# What a key that is missing looks like, where that helps: by table and key, or by key alone.
EXAMPLES = {
    "file.pool": ": begin it with [pool], and the code and name of the area",
    "file.source": ": [source.NAME] says where rules come from, and blocks cite it by its name",
    "benefit.deductible": ': "none", or { per = "admission", amount = "300 yuan" }',
    "stay.deductible": ": once or each_year",
    "case.source": ": the receipt, or the document and article, that the figures are from",
    "from": ", a date such as 2024-02-01",
    "source": ": the NAME of a [source.NAME] of this file",
    "article": ', for example "第十二条"',
    "base": ": in_scope, rest or person_bears",
    "bands": ', for example [{ over = "0 yuan", rate = "85%" }]',
    "cap": ': "none", or { amount = "2000 yuan", per = "year", counter = "…" }',
    "counter": ", a name for what is counted; layers that share it count together",
    "items": ', for example { class = "乙" }',
    "mode": ": none, points, multiply or first_pay",
    "over": ', for example "0 yuan"',
    "rate": ', for example "85%"',
    "wait": ', for example "6 months"',
    "grace": ', for example "3 months"',
}


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
    """A value cannot be read; holds what was found, the cure, and which part it is (``[2]``, ``.3``), if not the whole."""

    def __init__(self, found: str, cure: str, part: str = "") -> None:
        self.found, self.cure, self.part = found, cure, part
        super().__init__(found)


class Lines:
    """Finds the line of a block and of a key in the text of a TOML file."""

    def __init__(self, text: str) -> None:
        self.where = positions(text)

    def at(self, path: str) -> int:
        """Return the line of a path such as ``benefit[2].bands[1].rate``, or of the nearest thing above it; 1 without any."""
        while path and path not in self.where:
            path = path[: max(path.rfind("."), path.rfind("["), 0)]
        return self.where.get(path, 1)

    def block(self, header: str, nth: int) -> int:
        """Return the line (from 1) of the nth ``[[header]]`` or ``[header]``; 1 if it is not there."""
        return self.where.get(f"{header}[{nth + 1}]") or (self.where.get(header, 1) if nth == 0 else 1)

    def key(self, begin: int, key: str) -> int:
        """Return the line of a key in the block that begins at a line; the block's own line if it is not there."""
        inside = (self.where.get(f"{path}.{key}") for path, line in self.where.items() if line == begin)
        return next((line for line in inside if line), begin)


class Reader:
    """One TOML table being read."""

    def __init__(self, table: Any, file: str, lines: Lines, line: int, path: str) -> None:
        self.file, self.lines, self.line, self.path = file, lines, line, path
        self.complaints: list[Complaint] = []
        self.table: dict[str, Any] = dict(table) if isinstance(table, dict) else {}
        self.known: list[str] = []
        self.known_given = frozenset(self.table)
        self.missing: list[str] = []
        self.unread: set[str] = set()  # keys that are missing or were complained about
        self.whole = isinstance(table, dict)
        if not self.whole:
            self.complain("", f"{shown(table)} is not a table", "Write key = value pairs in braces")

    def complain(self, key: str, found: str, cure: str, part: str = "") -> None:
        """Add a complaint about a key of this table; ``part`` says which part of its value, for the line."""
        self.unread.add(key)
        top = self.path == "file"
        path = key if top and key else f"{self.path}.{key}" if key else self.path
        self.complaints.append(Complaint(self.file, self.lines.at(path + part), path, found, cure))

    def take(self, key: str, read: Callable[[Any], Any], default: Any = None, need: bool = False) -> Any:
        """Return the key's value as ``read`` makes it; the default where it is absent or unreadable."""
        self.known.append(key)
        if key not in self.table:
            if need:
                self.lack(key)
            return default
        try:
            return read(self.table.pop(key))
        except Unreadable as error:
            self.complain(key, error.found, error.cure, error.part)
            return default

    def sure(self, *keys: str) -> bool:
        """Tell whether nothing was wrong with any of these keys, so that more can be concluded from them."""
        return not self.unread & set(keys)

    def lack(self, key: str) -> None:
        """Note that a key is missing; ``done`` complains, unless the key stands there in another spelling."""
        if self.whole and key not in self.missing:
            self.missing.append(key)
            self.unread.add(key)

    def out_of_place(self, keys: Sequence[str], why: str, cure: str) -> None:
        """Complain once about keys that other tables of this kind have, but that mean nothing in this one."""
        there = [key for key in keys if key in self.table]
        for key in there:
            del self.table[key]
        if there:
            self.complain(there[0], f"{', '.join(there)} {'has' if len(there) == 1 else 'have'} no place {why}", cure)

    def forgive(self) -> None:
        """Leave the keys that nobody took without complaint: which are right depends on one that was unreadable."""
        self.table.clear()

    def inner(self, key: str, table: Any) -> Reader:
        """Return a reader for a table inside this one; its complaints join this one's at its ``done``."""
        path = f"{self.path}.{key}"
        return Reader(table, self.file, self.lines, self.lines.at(path), path)

    def done(self, parent: Reader | None = None) -> None:
        """Complain about every key that is missing, and about every key that nobody took, naming the nearest valid one."""
        meant_by = {key: nearest(key, self.known) for key in self.table}
        kind = "source" if self.path.startswith("source.") else re.sub(r"s?\[\d+\]$", "", self.path).rpartition(".")[2]
        for key in self.missing:
            if key not in meant_by.values():
                example = EXAMPLES.get(f"{kind}.{key}", EXAMPLES.get(key, ""))
                self.complain(key, "is missing", f"Every {kind} needs {key}{example}")
        others = ", ".join(dict.fromkeys(key for key in self.known if key not in self.known_given)) or "nothing else"
        for key, near in meant_by.items():
            found = "is not a part of this file" if self.path == "file" else "is not a key of this table"
            self.complain(key, found, f"Did you mean {near}?" if near else f"Known here: {others}")
        if parent is not None:
            parent.complaints += self.complaints
            if self.complaints:
                parent.unread.add(self.path.removeprefix(f"{parent.path}.").partition("[")[0])


def nearest(word: Any, words: Sequence[str], zh: Mapping[str, str] | None = None) -> str:
    """Return the word of a list that was probably meant, '' if none is near; ``zh`` has Chinese names of words."""
    plain = unicodedata.normalize("NFKC", word).strip().lower() if isinstance(word, str) else ""
    if plain and zh and not plain.isascii():
        names = {each: zh[each] for each in words if each in zh}
        alike = [each for each, name in names.items() if name in plain or plain in name]
        return next((each for each, name in names.items() if name == plain), next(iter(alike), ""))
    return next(iter(difflib.get_close_matches(plain, words, 1)), "")


def text(value: Any) -> str:
    """Read a string that is not empty."""
    if isinstance(value, str) and value.strip():
        return value
    plain = not isinstance(value, str | list | dict)
    cure = f'Write it in quotes: "{shown(value)}"' if plain else "Write it in quotes"
    raise Unreadable(f"{shown(value)} is not a text", cure)


def flag(value: Any) -> bool:
    """Read true or false."""
    if not isinstance(value, bool):
        raise Unreadable(f"{shown(value)} is not true or false", "Write true or false, without quotes")
    return value


def number(value: Any) -> int:
    """Read a whole number that is not negative."""
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise Unreadable(f"{shown(value)} is not a whole number", "Write a whole number, without quotes")
    if value > LARGEST:
        raise Unreadable(f"{shown(value)} is too large", f"No number here is above {LARGEST}")
    return value


def one_of(words: Sequence[str], zh: Mapping[str, str] | None = None) -> Callable[[Any], str]:
    """Return a reader for one word of a list; its complaint names the nearest, also by its Chinese name in ``zh``."""

    def read(value: Any) -> str:
        if value not in words:
            near = nearest(value, words, zh)
            hint = f"Did you mean {near!r}? " if near else ""
            raise Unreadable(f"{shown(value)} is not known here", f"{hint}One of: {', '.join(words)}")
        return str(value)

    return read


def table_like(example: str) -> Callable[[Any], dict[str, Any]]:
    """Return a reader for a table as it is; its complaint shows an example."""

    def read(value: Any) -> dict[str, Any]:
        if not isinstance(value, dict):
            raise Unreadable(
                f"{shown(value)} is not a table", f"Write key = value pairs in braces, for example {example}"
            )
        return value

    return read


def list_of(read: Callable[[Any], Value]) -> Callable[[Any], tuple[Value, ...]]:
    """Return a reader for one value or a list of them, without repeats, in the order given."""

    def read_all(value: Any) -> tuple[Value, ...]:
        values = value if isinstance(value, list) else [value]
        if not values:
            raise Unreadable("is an empty list", "Name at least one; a key that need not be there may be left out")
        found = []
        for number_of, item in enumerate(values, 1):
            try:
                found.append(read(item))
            except Unreadable as error:
                raise Unreadable(error.found, error.cure, f"[{number_of}]" if values is value else "") from None
        return tuple(dict.fromkeys(found))

    return read_all
