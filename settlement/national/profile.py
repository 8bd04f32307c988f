"""Regional profiles at work: from a region's spelling to the canonical one and back, without touching an amount.

A message passes here as a whole envelope or as its input or output alone: names are changed wherever they stand, except
inside an extension field, whose content is its owner's. Unknown names stay. Amounts are decimal text inside; where a
region writes JSON numbers the same digits are written without quotes, by way of ``Decimal`` and never of a float.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import Decimal
from functools import cache
from typing import Any, Literal, NamedTuple, get_args

import msgspec

from settlement.errors import BadInput
from settlement.national import fields
from settlement.national.profile_file import (
    Copy,
    Profile,
    Rename,
    base_infno,
    conventions,
    infcode_of,
    infnos_at,
    list_profiles,
    load_profile,
    receipt_area,
    request_path,
    shared,
)
from settlement.national.types import DECIMAL

__all__ = [
    "DECIMALS",
    "Profile",
    "Side",
    "base_infno",
    "conventions",
    "encode",
    "from_canonical",
    "infcode_of",
    "infnos_at",
    "list_profiles",
    "load_profile",
    "receipt_area",
    "request_path",
    "to_canonical",
]

Side = Literal["request", "answer"]

EXTENSION = frozenset({"exp_content", "expContent"})
STMT_RSLT = {"0": "000000", "1": "000101", "2": "000102", "3": "000103"}  # equal, centre more, institution more, differ
_STMT_DIGIT = {six: one for one, six in STMT_RSLT.items()}
_NUMBER = re.compile(r"-?[0-9]{1,24}(\.[0-9]{1,12})?")

_encoder = msgspec.json.Encoder(decimal_format="number")


def _is_decimal(field: object) -> bool:
    return any(
        isinstance(part, msgspec.Meta) and (part.extra or {}).get("form") == DECIMAL for part in get_args(field)[1:]
    )


# The fields that a region with numbers writes as numbers: the decimals of the dictionary, under every name they have.
DECIMALS = frozenset(name for name, field in vars(fields).items() if _is_decimal(field))


class _Spelling(NamedTuple):
    """One direction of one transaction: new names by old, and what is done to the values of some names."""

    names: dict[str, str]
    reads: bool  # towards the canonical spelling
    values: Callable[[str, Any], Any] | None  # of a canonical name and its value
    copies: tuple[Copy, ...] = ()


def to_canonical(profile: Profile, infno: str, raw: dict[str, Any], side: Side = "request") -> dict[str, Any]:
    """Return a message of the region in canonical spelling. The service reads requests, a client answers.

    Raises BadInput N62 if one field is there under two names with two values.
    """
    spelling = _reading(profile, base_infno(infno), side)
    if spelling.copies:
        raw = _without_copies(raw, spelling.copies)
    return _spelt(raw, spelling) if spelling.names or spelling.values else raw


def from_canonical(profile: Profile, infno: str, answer: dict[str, Any], side: Side = "answer") -> dict[str, Any]:
    """Return a canonical message as the region writes it. The service writes answers, a client requests.

    An answer with an ``infcode`` gets the region's form of it, and of ``err_msg`` on success. ``encode`` turns the
    result into bytes.
    """
    spelling = _writing(profile, base_infno(infno), side)
    written = _spelt(answer, spelling) if spelling.names or spelling.values else dict(answer)
    if spelling.copies:
        _copy(written, spelling.copies)
    if side == "answer" and "infcode" in written:
        if not int(written["infcode"]) and not written.get("err_msg"):
            written["err_msg"] = profile.answer.err_msg
        written["infcode"] = str(written["infcode"]) if profile.answer.infcode == "text" else int(written["infcode"])
    return written


def encode(answer: dict[str, Any]) -> bytes:
    """Return a message as JSON bytes; a Decimal becomes a number of exactly its digits."""
    return _encoder.encode(answer)


@cache
def _reading(profile: Profile, infno: str, side: Side) -> _Spelling:
    rows: tuple[Rename, ...] = profile.answers
    if side == "request":
        rows = (*shared().accepts, *profile.requests)
    names = {row.wire: row.canonical for row in rows if row.holds(infno)}
    copies = tuple(copy for copy in profile.copies if infno in copy.only) if side == "answer" else ()
    return _Spelling(names, True, _read_value if side == "answer" else _read_request_value, copies)


@cache
def _writing(profile: Profile, infno: str, side: Side) -> _Spelling:
    rows = profile.answers if side == "answer" else profile.requests
    names = {row.canonical: row.wire for row in rows if row.holds(infno)}
    if side == "request":
        return _Spelling(names, False, None)
    said = profile.answer
    if said.amounts == "text" and said.stmt_rslt == "one" and said.clr_way == 1:
        values = None
    else:
        values = _writer_of(said.amounts == "number", said.stmt_rslt == "six", said.clr_way)
    return _Spelling(names, False, values, tuple(copy for copy in profile.copies if infno in copy.only))


def _writer_of(numbers: bool, six: bool, width: int) -> Callable[[str, Any], Any]:
    """Return what is done to the values of an answer, by canonical name."""

    def write(name: str, value: Any) -> Any:
        if numbers and name in DECIMALS and isinstance(value, str) and _NUMBER.fullmatch(value):
            return Decimal(value)
        if six and name == "stmt_rslt" and isinstance(value, str):
            return STMT_RSLT.get(value, value)
        if width > 1 and name == "clr_way" and isinstance(value, str) and value:
            return value.zfill(width)
        return value

    return write


def _read_value(name: str, value: Any) -> Any:
    if isinstance(value, Decimal | int) and not isinstance(value, bool) and name in DECIMALS:
        return f"{value:f}" if isinstance(value, Decimal) else str(value)
    if name == "stmt_rslt" and isinstance(value, str):
        return _STMT_DIGIT.get(value, value)
    return _read_request_value(name, value)


def _read_request_value(name: str, value: Any) -> Any:
    if name == "clr_way" and isinstance(value, str):
        return value.lstrip("0") or value  # one digit here, two in some regions
    return value


def _spelt(node: Any, spelling: _Spelling) -> Any:
    """Return a node with its names and values changed, down to its rows."""
    if isinstance(node, list):
        return [_spelt(row, spelling) if isinstance(row, dict | list) else row for row in node]
    names, values = spelling.names, spelling.values
    made: dict[str, Any] = {}
    for old, value in node.items():
        name = names.get(old, old)
        if isinstance(value, dict | list):
            new = value if name in EXTENSION else _spelt(value, spelling)
        else:
            new = values(name if spelling.reads else old, value) if values else value
        if name in made:
            new = _one_of(name, made[name], new)
        made[name] = new
    return made


def _one_of(name: str, first: Any, second: Any) -> Any:
    """Return the value of a field that is there under two names: the one that is filled."""
    if first in (None, ""):
        return second
    if second in (None, "") or first == second or _same_number(first, second):
        return first
    raise BadInput(
        "N62_SPELT_TWICE",
        f"{name} is there under two names, with two values",
        "Which one counts is unclear",
        "Send one of them",
        f"字段 {name} 以两种写法出现且取值不同，请只保留一个",
    )


def _same_number(first: Any, second: Any) -> bool:
    texts = (first, second)
    return all(_NUMBER.fullmatch(str(text)) for text in texts) and Decimal(str(first)) == Decimal(str(second))


def _nodes(message: dict[str, Any], name: str) -> list[dict[str, Any]]:
    """Return the objects that a node is or holds, of a whole answer or of its output alone."""
    output = message.get("output", message)
    node = output.get(name) if isinstance(output, dict) else None
    return [node] if isinstance(node, dict) else [row for row in node or [] if isinstance(row, dict)]


def _copy(message: dict[str, Any], copies: tuple[Copy, ...]) -> None:
    for copy in copies:
        for node in _nodes(message, copy.node):
            if copy.of in node:
                node.setdefault(copy.wire, node[copy.of])


def _without_copies(message: dict[str, Any], copies: tuple[Copy, ...]) -> dict[str, Any]:
    """Return an answer without what it says a second time; what is said there only takes the proper name."""
    output = message.get("output", message)
    if not isinstance(output, dict):
        return message
    made = dict(output)
    for copy in copies:
        node = made.get(copy.node)
        if isinstance(node, dict) and copy.wire in node:
            made[copy.node] = _uncopied(node, copy)
    return message | {"output": made} if "output" in message else made


def _uncopied(node: dict[str, Any], copy: Copy) -> dict[str, Any]:
    said = _one_of(copy.of, node.get(copy.of), node[copy.wire])
    return {name: value for name, value in node.items() if name != copy.wire} | {copy.of: said}
