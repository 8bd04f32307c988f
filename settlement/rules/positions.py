"""Where things stand in the text of a TOML file: the line of every table, key and list element, by its path.

``tomllib`` reads values and forgets where they stood. This walks over the same text again and notes lines only. Paths
are as complaints print them (``benefit[2].bands[1].rate``, ``source.ex2024.title``); the line of a table is that of its header.
What is no TOML is passed over: the walk always ends and never fails.
"""

from __future__ import annotations

import re
from typing import NamedTuple

_TOKEN = re.compile(
    r"""(?P<space>[ \t\r\ufeff]+|\#[^\n]*)|(?P<end>\n)"""
    r"""|(?P<text>\"\"\"(?:[^"\\]|\\.|"(?!""))*"{3,5}|'''.*?'{3,5}|"(?:[^"\\\n]|\\.)*"|'[^'\n]*')"""
    r"""|(?P<mark>[\[\]{}=,.])|(?P<bare>[^\s\[\]{}=,.\#"']+)|(?P<other>.)""",
    re.DOTALL,
)


class _Token(NamedTuple):
    kind: str
    text: str
    line: int

    def one_of(self, marks: str) -> bool:
        """Tell whether this is one of some marks (``$`` stands for the end of a line)."""
        return (self.kind == "mark" and self.text in marks) or (self.kind == "end" and "$" in marks)


def positions(text: str) -> dict[str, int]:
    """Return the line, from 1, of every table, key and list element of a TOML text by its path."""
    walk = _Walk(_tokens(text))
    try:
        walk.document()
    except RecursionError:  # nested beyond reason: what was found before is right
        pass
    return walk.found


def _tokens(text: str) -> list[_Token]:
    made, line = [], 1
    for match in _TOKEN.finditer(text):
        kind = match.lastgroup or ""
        if kind != "space":
            made.append(_Token(kind, match[0], line))
        if kind in ("end", "text"):
            line += match[0].count("\n")
    return made


def _under(path: str, key: str) -> str:
    return f"{path}.{key}" if path else key


class _Walk:
    """One walk over the tokens of a file."""

    def __init__(self, tokens: list[_Token]) -> None:
        last = tokens[-1].line if tokens else 1
        self.tokens, self.at, self.last = tokens, 0, _Token("end", "", last)
        self.found: dict[str, int] = {}
        self.counts: dict[str, int] = {}  # how often [[path]] has stood

    def peek(self) -> _Token:
        return self.tokens[self.at] if self.at < len(self.tokens) else self.last

    def next(self) -> _Token:
        token = self.peek()
        self.at += 1
        return token

    def over(self) -> bool:
        return self.at >= len(self.tokens)

    def note(self, path: str, line: int) -> None:
        self.found.setdefault(path, line)

    def document(self) -> None:
        table = ""
        while not self.over():
            if self.peek().one_of("["):
                table = self.header()
            elif self.peek().kind != "end":
                self.pair(table)
            while not self.next().one_of("$") and not self.over():
                pass

    def header(self) -> str:
        """Walk over ``[a.b]`` or ``[[a.b]]``; return the path of the table that begins."""
        line = self.next().line
        several = self.peek().one_of("[")
        self.at += several
        *above, last = self.key() or [""]
        path = ""
        for part in above:
            path = _under(path, part)
            self.note(path, line)
            path += f"[{self.counts[path]}]" if path in self.counts else ""
        path = _under(path, last)
        self.note(path, line)
        if several:
            self.counts[path] = self.counts.get(path, 0) + 1
            path += f"[{self.counts[path]}]"
            self.note(path, line)
        return path

    def key(self) -> list[str]:
        """Walk over a key, dotted or not; return its parts."""
        parts = []
        while self.peek().kind in ("bare", "text") or self.peek().one_of("."):
            token = self.next()
            if token.kind != "mark":
                parts.append(token.text[1:-1] if token.kind == "text" else token.text)
        return parts

    def pair(self, table: str) -> None:
        """Walk over ``key = value``; what is neither is passed over by one token."""
        line, path = self.peek().line, table
        parts = self.key()
        for part in parts:
            path = _under(path, part)
            self.note(path, line)
        if self.peek().one_of("="):
            self.next()
            self.value(path)
        elif not parts:
            self.next()

    def value(self, path: str) -> None:
        """Walk over a value: a list, a table in braces, or anything up to what ends it."""
        if self.peek().one_of("["):
            self.next()
            number = 0
            while self.more("]"):
                number += 1
                self.note(f"{path}[{number}]", self.peek().line)
                before = self.at
                self.value(f"{path}[{number}]")
                self.at += self.at == before
        elif self.peek().one_of("{"):
            self.next()
            while self.more("}"):
                self.pair(path)
        else:
            while not self.over() and not self.peek().one_of(",]}$"):
                self.next()

    def more(self, close: str) -> bool:
        """Pass over commas and ends of lines; tell whether something else follows before the closing mark."""
        while not self.over() and self.peek().one_of(",$"):
            self.next()
        if self.over() or self.peek().one_of(close):
            self.at += 1
            return False
        return True
