"""A file that is no TOML: on which line the reader stopped, and what is wrong there, in the words of its writer.

``tomllib`` says where it stopped and what it had hoped for ("Expected newline or end of document after a statement"). What a
person did there is mostly one of few things: Chinese punctuation, quotes left out or not closed, a date of another form.
"""

from __future__ import annotations

import re
import unicodedata

from settlement.rules import meant

_STRINGS = re.compile(r'"(?:[^"\\]|\\.)*"|\'[^\']*\'')
_COMMENT = re.compile(r"#.*")
_CHINESE = {"“": '"', "”": '"', "‘": '"', "’": '"', "。": ".", "、": ",", "【": "[", "】": "]"}
_VALUE = re.compile(r"=\s*([^\s,\[\]{}#\"'][^,\]}#\"']*)")
_STOPPED = re.compile(r"\(at line (\d+)")
_TWICE = ("Cannot overwrite", "Cannot declare", "Cannot mutate", "Duplicate")
_HEADER = re.compile(r"\s*\[+\s*([^\[\]]+?)\s*\]")
# What the reader said, what its line looks like without its texts, and what to do.
_SLIPS = (
    (r"'\\n'|Unterminated|Expected \"'\"", "", "A quote is opened here and not closed"),
    (r"\\", "", "Write \\\\ for one \\, or put the text in single quotes"),
    (
        "",
        r"\{[^}]*$|,\s*\}",
        "A table in braces stands whole on one line, with a comma between its keys and none after the last",
    ),
    ("declaration", "", "Close the brackets of the header: [pool] or [[benefit]]"),
    (
        r"Invalid value|Unclosed array .*column 1\)",
        r"^\s*(\[|[\w.]+\s*=\s*[^\s])",
        "A list or table above this line is not closed",
    ),
    ("Unclosed", "", "Put a comma between one part and the next, and close the bracket"),
    ("", r"^\s*//", "A comment begins with #"),
    ("", r"^\s*[^\x00-\x7f]", "Keys are English words, see docs/pool-format.md; a comment begins with #"),
    ("", r"^\s*[\w.]+\s*:", "Write = between key and value"),
    ("", r"^\s*[\w.]+\s*=\s*$", "Write the value after ="),
)


def line_of(message: str, text: str) -> int:
    """Return the line, from 1, at which the reader stopped; the last one if it ran to the end."""
    at = _STOPPED.search(message)
    return int(at[1]) if at else max(1, len(text.rstrip().split("\n")))


def cure(message: str, line: str) -> str:
    """Return what to do about a message of ``tomllib``, given the line on which it stopped."""
    if message.startswith(_TWICE):
        return _twice(line)
    bare = _COMMENT.sub("", _STRINGS.sub('""', line))
    return (
        _punctuation(bare)
        or _value(bare)
        or _unclosed(message, bare)
        or 'Write key = value, text in quotes, for example fund = "hifp_pay"'
    )


def _twice(line: str) -> str:
    header = _HEADER.match(line)
    if header is None:
        return "This key is there already: keep one"
    name = header[1]
    if "." in name or name == "pool":
        return f"[{name}] is there already: keep one"
    return f"Each block begins with double brackets: [[{name}]]"


def _punctuation(bare: str) -> str:
    """Say which Chinese sign stands where only the ASCII one is read."""
    for sign in bare:
        ascii_sign = _CHINESE.get(sign) or unicodedata.normalize("NFKC", sign)
        if sign != ascii_sign and ascii_sign.isascii() and ascii_sign.strip():
            return f"Write {ascii_sign} in place of {sign}"
        if sign != " " and ascii_sign == " ":
            return "A Chinese blank (U+3000) or another odd one stands here: write plain blanks"
    if "\ufeff" in bare:
        return "Invisible marks (U+FEFF) stand here: delete them"
    return ""


def _value(bare: str) -> str:
    """Say how the first value that is not in quotes should be written, '' if it may stand as it is."""
    for found in _VALUE.finditer(bare):
        value = found[1].strip()
        if re.fullmatch(r"true|false|-?(0|[1-9][0-9]*)(\.[0-9]+)?", value):
            continue
        if re.fullmatch(r"(?i)true|false", value):
            return f"Write {value.lower()} in small letters"
        if re.fullmatch(r"[0-9]{4}[-/.年][0-9]{1,2}[-/.月][0-9]{1,2}日?", value):
            day = meant.day(value)
            if day != value:
                return f"Write the date as {day}" if day else f"There is no day {value}: check month and day"
            continue
        return f'Put it in quotes: "{value}"'
    return ""


def _unclosed(message: str, bare: str) -> str:
    return next((cure for said, line, cure in _SLIPS if re.search(said, message) and re.search(line, bare)), "")
