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
    if "'\\n'" in message or "Unterminated" in message or "Expected \"'\"" in message:
        return "A quote is opened here and not closed"
    if "backslash" in message or "\\" in message:
        return 'Write \\\\ for one \\, or put the text in single quotes'
    if bare.count("{") > bare.count("}") or (message.startswith("Invalid initial character") and "}" in bare):
        return "A table in braces stands whole on one line, with a comma between its keys and none after the last"
    if "array declaration" in message or "table declaration" in message:
        return "Close the brackets of the header: [pool] or [[benefit]]"
    if "Unclosed" in message:
        return "Put a comma between one part and the next, and close the bracket"
    if re.match(r"\s*//", bare):
        return "A comment begins with #"
    if re.match(r"\s*[\w.]+\s*:", bare):
        return "Write = between key and value"
    if re.match(r"\s*[\w.]+\s*=\s*$", bare):
        return "Write the value after ="
    if re.match(r"\s*\[|\s*[\w.]+\s*=", bare) and "Invalid value" in message:
        return "A list or table above this line is not closed"
    return ""
