"""The frame around a message: the body read exactly, the frame checked, the answer and the refusal put into it.

Numbers become their text while they are read, so no amount passes through a binary float. A key that is there twice,
NaN and brackets deeper than any message are refused: two programs would read them differently.
"""

from __future__ import annotations

import json
import re
from datetime import datetime
from decimal import Decimal
from itertools import count
from secrets import randbelow
from typing import Any, NamedTuple

import msgspec

from settlement.checkout.refusals import Differs
from settlement.errors import BadInput, CardFault, LedgerConflict, SettlementError
from settlement.national import refusals

DEEPEST = 12  # brackets; a message has 4, an extension field that holds JSON some more
LONGEST_REASON = 200  # characters of err_msg
SYSTEM, BUSINESS = "system", "business"
UNKNOWN_OUTCOME = frozenset({"L04_OUTCOME_UNKNOWN", "N32_OUTCOME_UNKNOWN", "N99_INTERNAL"})
TIME, STAMP = "%Y-%m-%d %H:%M:%S", "%Y%m%d%H%M%S%f"

_STRINGS = re.compile(rb'"(?:[^"\\]|\\.)*"')
_BAD_TEXT = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff]")
_BRACKETS = re.compile(rb"[{}\[\]]")
_PLAIN = msgspec.json.Encoder()
_serial = count(randbelow(10**9))
_FORM = re.compile(r"[A-Za-z0-9]{12}[0-9]{18}")
_EXPONENT = re.compile(r"-?[0-9]{1,30}(\.[0-9]{1,30})?[eE][+-]?[0-9]{1,2}")
FORM_ZH = "报文号格式建议为定点医药机构编号(12)+时间yyyyMMddHHmmss(14)+顺序号(4)"
# Real answers carry these too, whether they are signed and ciphered or not; a profile that does both fills them in.
NOT_PROTECTED = {"enctype": "", "signtype": "", "cainfo": ""}
_SUCCESS = _PLAIN.encode({"infcode": 0, "err_msg": "", **NOT_PROTECTED})[:-1]
_NO_WARNING, _UNUSUAL = b',"warn_msg":null', b',"warn_msg":' + _PLAIN.encode(FORM_ZH)


class Receipt(NamedTuple):
    """The service's own id and time of a message: ``at`` as the book has it, the other two as answers say them."""

    inf_refmsgid: str
    refmsg_time: str
    at: str


def receipt(area: str, when: datetime) -> Receipt:
    """Return a new receipt; its id is an area (6), the time (14) and a running number (10)."""
    stamp = when.strftime(STAMP)[:17]
    return Receipt(
        f"{area[:6] if area.isascii() and area.isdigit() else '':0<6}{stamp[:14]}{next(_serial) % 10**10:010d}",
        stamp,
        when.strftime(TIME),
    )


def read_body(body: bytes) -> dict[str, Any]:
    """Return the object that a body holds, every number as its text. Raises Gateway N20."""
    try:
        if body.count(b"{") + body.count(b"[") > DEEPEST and _depth(body) > DEEPEST:
            raise refusals.not_json(f"brackets deeper than {DEEPEST}")
        read = json.loads(
            body.decode("utf-8-sig"), parse_int=str, parse_float=_plainly, parse_constant=_no_constant,
            object_pairs_hook=_no_repeats,
        )  # fmt: skip
    except (ValueError, RecursionError) as error:  # the text is not quoted: it may name a person
        place = f"at character {error.pos}" if isinstance(error, json.JSONDecodeError) else type(error).__name__
        raise refusals.not_json(f"no JSON text in UTF-8 ({place})") from None
    if not isinstance(read, dict):
        raise refusals.not_json("not an object")
    if b"\\u" in body:  # only an escape can bring in what no database and no UTF-8 takes
        _check_text(read)
    return read


def _plainly(number: str) -> str:
    """Return a JSON number as plain decimal text: some serialisers write ten million as 1.0E7."""
    return f"{Decimal(number):f}" if _EXPONENT.fullmatch(number) else number


def _check_text(node: Any) -> None:
    """Refuse half characters and control characters, in values and names. Raises Gateway N20."""
    if isinstance(node, dict):
        for name, value in node.items():
            _check_text(name)
            _check_text(value)
    elif isinstance(node, list):
        for value in node:
            _check_text(value)
    elif isinstance(node, str) and _BAD_TEXT.search(node):
        raise refusals.not_json("half a character, or a control character, in a text")


def _depth(body: bytes) -> int:
    deepest = depth = 0
    for bracket in _BRACKETS.findall(_STRINGS.sub(b"", body)):
        depth += 1 if bracket in b"{[" else -1
        deepest = max(deepest, depth)
    return deepest


def _no_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) != len(pairs):
        raise refusals.not_json("a key is there twice in one object")
    return made


def _no_constant(_name: str) -> Any:
    raise refusals.not_json("NaN or Infinity is no number")


def kind_of(error: BaseException) -> str:
    """Return ``business`` for what the sender can mend or must accept, ``system`` for what is ours.

    After a business refusal there is nothing to undo. After a system error the same message may be sent again; where
    its outcome is not known, 2601 takes it back.
    """
    return BUSINESS if isinstance(error, BadInput | LedgerConflict | CardFault) else SYSTEM


def reason_of(error: SettlementError) -> str:
    """Return err_msg: the code, for a system error what became of the message, and the reason in Chinese."""
    state = ""
    if kind_of(error) == SYSTEM:
        state = "结果未知：" if error.code in UNKNOWN_OUTCOME else "系统繁忙："
    told = f"[{error.code}] {state}{error.zh or error.found}"
    return told if len(told) <= LONGEST_REASON else f"{told[: LONGEST_REASON - 1]}…"


def refused(error: SettlementError, infcode: int, receipt: Receipt | None, respond_time: str) -> dict[str, Any]:
    """Return the answer to a message that was refused; a refusal that shows new figures carries them."""
    return {
        "infcode": infcode, "inf_refmsgid": receipt and receipt.inf_refmsgid,
        "refmsg_time": receipt and receipt.refmsg_time, "respond_time": respond_time, "err_msg": reason_of(error),
        "warn_msg": None, **NOT_PROTECTED, "output": error.output if isinstance(error, Differs) else None,
    }  # fmt: skip


def stored_with_frame(answer: bytes, msgid: str) -> bytes:
    """Return a stored answer as a whole one, infcode 0, without reading it: the same bytes each time.

    A msgid of an unusual form is taken, and warned of.
    """
    if b',"warn_msg":"' in answer:
        warning = b""
    else:
        warning = _NO_WARNING if _FORM.fullmatch(msgid) else _UNUSUAL
    return _SUCCESS + warning + b"," + answer[1:]


def with_frame(answer: bytes, msgid: str) -> dict[str, Any]:
    """Return what ``stored_with_frame`` says, read, for a profile that writes answers differently."""
    read: dict[str, Any] = msgspec.json.decode(stored_with_frame(answer, msgid))
    return read


def written(answer: dict[str, Any]) -> bytes:
    """Return an answer as JSON."""
    return _PLAIN.encode(answer)
