"""JSON read exactly: no floats, no repeated keys, no NaN, and no text that makes the reader itself fall over."""

from __future__ import annotations

import json
from decimal import Decimal, InvalidOperation
from typing import Any

from settlement.errors import BadInput

LONGEST_INT = 40  # digits; a longer one stays text, and is refused where it is read


def read_strictly(text: str, where: str) -> Any:
    """Return the content of a JSON text; fractions are Decimal. Raises BadInput (F07, F08, C02); ``where`` names the text."""
    try:
        return json.loads(
            text, parse_float=_fraction, parse_int=_whole, object_pairs_hook=_no_repeats, parse_constant=_no_constant
        )
    except json.JSONDecodeError as error:
        found = f"{where}:{error.lineno}:{error.colno}: {error.msg}"
    except RecursionError:
        found = f"{where}: brackets inside brackets, too deep to read"
    raise BadInput("F07_JSON", found, cure="Mend the JSON", zh=f"JSON 格式有误：{found}")


def _fraction(digits: str) -> Decimal | str:
    try:
        return Decimal(digits)
    except InvalidOperation:  # an exponent of a length that no number has
        return digits


def _whole(digits: str) -> int | str:
    return int(digits) if len(digits) <= LONGEST_INT else digits


def _no_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) != len(pairs):
        repeated = next(name for name, _ in pairs if [n for n, _ in pairs].count(name) > 1)
        raise BadInput(
            "F08_REPEATED_KEY", f"the key {repeated!r} is there twice in one object", "which one counts is unclear", "Keep one",
            zh=f"同一对象中字段 {repeated!r} 出现两次，请保留一个",
        )  # fmt: skip
    return made


def _no_constant(name: str) -> Any:
    raise BadInput("C02_NOT_AN_AMOUNT", f"{name} is not a number", cure="Write a decimal number", zh=f"{name} 不是数字")
