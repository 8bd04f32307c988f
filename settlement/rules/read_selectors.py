"""``who`` and ``items``: the selectors of persons and of fee lines in a block."""

from __future__ import annotations

from typing import Any

from settlement import codes
from settlement.rules import reading, values
from settlement.rules.reading import Reader, Unreadable, list_of, one_of
from settlement.rules.selectors import Items, Who

OLDEST = 150
CLASSES = {"甲": 1, "乙": 2, "01": 1, "02": 2}


def read_who(reader: Reader) -> Who:
    """Return the block's selector of persons; without one, everybody."""
    inner = reader.inner("who", reader.take("who", reading.table_like('{ group = "retired" }'), {}))
    groups = inner.take("group", list_of(one_of(codes.GROUPS, codes.GROUP_ZH)))
    psn_types = inner.take("psn_type", list_of(values.code))
    who = Who(
        tuple(sorted(groups)) if groups else None,
        inner.take("age_from", _age),
        inner.take("age_under", _age),
        inner.take("civil_servant", reading.flag),
        inner.take("assistance", reading.flag),
        inner.take("family_doctor", reading.flag),
        tuple(sorted(psn_types)) if psn_types else None,
    )
    youngest = who.age_from or 0
    if who.age_under is not None and youngest >= who.age_under:
        inner.complain(
            "age_under", "leaves nobody", f"Write an age above {youngest}: who has reached it is no longer meant"
        )
    inner.done(reader)
    return who


def read_items(reader: Reader, need: bool = False) -> Items | None:
    """Return the block's selector of fee lines, None if it has none."""
    table = reader.take("items", reading.table_like('{ class = "乙" }'), None, need=need)
    if table is None:
        return None
    inner = reader.inner("items", table)
    classes = inner.take("class", list_of(_charge_level))
    diseases = inner.take("disease", _disease)
    items = Items(
        tuple(sorted(classes)) if classes else None,
        _sorted(inner.take("type", list_of(values.code))),
        inner.take("negotiated", reading.flag),
        _sorted(inner.take("code", list_of(values.code))),
        None if diseases is True else _sorted(diseases),
        diseases is True,
    )
    if items == Items() and not inner.complaints:
        inner.complain("", "selects every line", "Name at least one of class, type, negotiated, code and disease")
    inner.done(reader)
    return items


def _sorted(values: tuple[str, ...] | None) -> tuple[str, ...] | None:
    return tuple(sorted(values)) if values else None


def _age(value: Any) -> int:
    years = reading.number(value)
    if years > OLDEST:
        raise Unreadable(f"{years} is no age", "Write an age in whole years")
    return years


def _charge_level(value: Any) -> int:
    if value in ("丙", "03"):
        raise Unreadable(f"{value!r} is outside every layer", "A 丙 line is never selected: the person pays it whole")
    return CLASSES[one_of(tuple(CLASSES))(value)]


def _disease(value: Any) -> Any:
    if value is False:
        raise Unreadable("is false", "Write true for lines of any disease, or a list of beginnings")
    return True if value is True else list_of(values.code)(value)
