"""From a node of text to its struct, and what is wrong with it where that cannot be: every fault, none of the values.

A value is never quoted. Whatever a client put into a wrong field, a name or an ID number perhaps, would go from the
error into logs; where it stands and what is expected there is enough to find it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from typing import Any, NamedTuple, TypeVar

import msgspec
from msgspec import inspect as shape

from settlement.errors import BadInput, Reason
from settlement.national.types import DATE, DECIMAL, MONTH, TEXT, TIME

MOST_SHOWN, MOST_SHOWN_ZH = 5, 3  # faults written out; err_msg holds 200 characters
FORM_ZH = {TEXT: "文本", DECIMAL: "数字", DATE: "日期", TIME: "时间", MONTH: "年月"}
N = TypeVar("N", bound=msgspec.Struct)

FAULTS = {
    "N01_FIELD_MISSING": Reason(
        "必填，但没有填", "请补填后重发", "required and not there", "Fill it in and send again"
    ),
    "N02_TOO_LONG": Reason("超过规定长度", "请缩短后重发", "too long", "Shorten it and send again"),
    "N03_NOT_A_DECIMAL": Reason(
        "不是规定格式的数字",
        "请写普通十进制数，不用千分位和科学计数法",
        "not a decimal of its field's form",
        "Write a plain decimal with no more digits and places than the field has",
    ),
    "N04_NOT_A_DATE": Reason(
        "不是有效的日期或时间",
        "请写成 2024-05-01 或 2024-05-01 10:00:00",
        "not a date or time of its field's form",
        "Write 2024-05-01, a time as 2024-05-01 10:00:00, a month as 202405",
    ),
    "N05_WRONG_SHAPE": Reason(
        "报文结构不符",
        "请核对节点名称和层次",
        "not of the shape it must have",
        "Check the names and the nesting of the nodes",
    ),
}
_OF_FORM = {DECIMAL: "N03_NOT_A_DECIMAL", DATE: "N04_NOT_A_DATE", TIME: "N04_NOT_A_DATE", MONTH: "N04_NOT_A_DATE"}


class Fault(NamedTuple):
    """One thing wrong: the code, where (``feedetail[3].cnt``), and what about it, in both languages."""

    code: str
    where: str
    en: str
    zh: str


def read_node(type_: type[N], node: object, what: str) -> N:
    """Return the struct that a node of text says. Raises BadInput N01 to N05 with every fault of it.

    Null, empty text and empty lists count as absent, at the top of the node and in its rows. ``what`` names the node in
    errors where it is none at all.
    """
    if not isinstance(node, dict):
        raise _bad([Fault("N05_WRONG_SHAPE", what, "not an object", "不是对象，")])
    present = filled(node)
    try:
        return msgspec.convert(present, type_)
    except msgspec.ValidationError as error:
        faults = list(_faults(_shape(type_), present, ""))
        # The walk below knows every form a struct here can have; a form it does not know is still refused.
        raise _bad(faults or [Fault("N05_WRONG_SHAPE", what, "not readable", "无法读取，")]) from error


def filled(node: Any, depth: int = 3) -> Any:
    """Return a node without what is absent: nulls, empty or blank text, empty lists, down to the rows of its lists."""
    if depth == 0:
        return node
    if isinstance(node, list):
        return [filled(one, depth - 1) for one in node]
    if not isinstance(node, dict):
        return node
    made: dict[str, Any] = {}
    for name, value in node.items():  # every message comes through here: texts first, and without a call for each
        if type(value) is str:
            if value and not value.isspace():
                made[name] = value
        elif isinstance(value, dict | list):
            if value != []:
                made[name] = filled(value, depth - 1)
        elif value is not None:
            made[name] = value
    return made


def check_node(type_: Any, node: object) -> list[str]:
    """Return what is wrong with an answer, nothing if all is well. Numbers count as their text, binary floats do not."""
    return [f"{fault.code} {fault.where}: {fault.en}" for fault in _faults(_shape(type_), filled(_texts(node)), "")]


def _texts(node: Any) -> Any:
    if isinstance(node, dict):
        return {name: _texts(value) for name, value in node.items()}
    if isinstance(node, list):
        return [_texts(one) for one in node]
    return node if node is None or isinstance(node, bool | float) else str(node)


@cache
def _shape(type_: Any) -> shape.Type:
    return shape.type_info(type_)


# ---- the walk ----


def _faults(kind: shape.Type, value: Any, where: str) -> Iterator[Fault]:
    """Yield what is wrong with one value that is there."""
    if isinstance(kind, shape.Metadata) and kind.extra:
        yield from _text_faults(kind, value, where)
        return
    kind = kind.type if isinstance(kind, shape.Metadata) else kind
    walk = _WALKS.get(type(kind))
    if walk is not None:
        yield from walk(kind, value, where)


def _struct_faults(kind: shape.StructType, value: Any, where: str) -> Iterator[Fault]:
    if not isinstance(value, Mapping):
        yield Fault("N05_WRONG_SHAPE", where, "must be an object", "不是对象，")
        return
    for field in kind.fields:
        place = f"{where}.{field.encode_name}" if where else field.encode_name
        if field.encode_name in value:
            yield from _faults(field.type, value[field.encode_name], place)
        elif field.required:
            yield _missing(field.type, place)


def _missing(kind: shape.Type, place: str) -> Fault:
    if isinstance(kind, shape.Metadata) and kind.extra:
        return Fault("N01_FIELD_MISSING", place, f"missing ({kind.extra['zh']})", f"（{kind.extra['zh']}）")
    if isinstance(kind, shape.Metadata | shape.StructType | shape.ListType):
        return Fault("N05_WRONG_SHAPE", place, "this node is not there", "节点缺失，")
    return Fault("N01_FIELD_MISSING", place, "missing", "")


def _list_faults(kind: shape.ListType, value: Any, where: str) -> Iterator[Fault]:
    if not isinstance(value, list):
        yield Fault("N05_WRONG_SHAPE", where, "must be a list", "不是数组，")
        return
    for number, one in enumerate(value):
        yield from _faults(kind.item_type, one, f"{where}[{number}]")


def _union_faults(kind: shape.UnionType, value: Any, where: str) -> Iterator[Fault]:
    tries = [list(_faults(one, value, where)) for one in kind.types if not isinstance(one, shape.NoneType)]
    yield from min(tries, key=len)


def _text_faults(kind: shape.Metadata, value: Any, where: str) -> Iterator[Fault]:
    said = kind.extra or {}
    form, zh, length = said["form"], said["zh"], said["length"]
    if not isinstance(value, str):
        yield Fault(_OF_FORM.get(form, "N05_WRONG_SHAPE"), where, f"must be a {form} ({zh})", f"（{zh}）")
    elif len(value) > length:
        code = _OF_FORM.get(form, "N02_TOO_LONG")
        yield Fault(code, where, f"{len(value)} characters, at most {length} ({zh})", f"（{zh}）")
    elif not re.search(said["pattern"], value):
        yield Fault(_OF_FORM[form], where, f"not a {form} of this field ({zh})", f"（{zh}）")


def _plain_faults(kind: shape.Type, value: Any, where: str) -> Iterator[Fault]:
    wanted = {shape.StrType: str, shape.DictType: dict}[type(kind)]
    if not isinstance(value, wanted):
        yield Fault("N05_WRONG_SHAPE", where, "of the wrong type", "类型不符，")


_WALKS: dict[type[shape.Type], Callable[[Any, Any, str], Iterator[Fault]]] = {
    shape.StructType: _struct_faults,
    shape.ListType: _list_faults,
    shape.UnionType: _union_faults,
    shape.StrType: _plain_faults,
    shape.DictType: _plain_faults,
}


def _bad(faults: list[Fault]) -> BadInput:
    code, left = faults[0].code, len(faults) - MOST_SHOWN
    found = "; ".join(f"{fault.where}: {fault.en}" for fault in faults[:MOST_SHOWN])
    zh = "；".join(f"{fault.where}{fault.zh}{FAULTS[fault.code].zh}" for fault in faults[:MOST_SHOWN_ZH])
    others = f"；共 {len(faults)} 处" if len(faults) > MOST_SHOWN_ZH else ""
    return BadInput(
        code,
        found + (f"; and {left} more" if left > 0 else ""),
        "Nothing was done for this message",
        FAULTS[code].cure_en,
        f"{zh}{others}。{FAULTS[code].cure_zh}",
    )
