"""The parts of a layer in a ``[[benefit]]`` block: deductible, bands, measure, retired, cap, each by level where it may be."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import combinations
from typing import Any

from settlement import codes
from settlement.rules import meant, reading, values
from settlement.rules.pool import ANY_LEVEL, Band, Cap, Deductible, Measure
from settlement.rules.reading import Reader, Unreadable, one_of
from settlement.rules.selectors import beginnings_meet

PERIODS = ("year", "quarter", "month")
PER_ADMISSION = ("later", "floor", "again_after_days", "on_transfer", "year_limit")


def level(value: Any) -> str:
    """Read a hospital level, with or without quotes."""
    return one_of(codes.LEVELS, codes.LEVEL_ZH)(value if isinstance(value, bool) else str(value))


def _by_level(read: Callable[[Any], int]) -> Callable[[Any], dict[str, int]]:
    def read_all(value: Any) -> dict[str, int]:
        if not isinstance(value, dict):
            return {ANY_LEVEL: read(value)}
        if not value:
            raise Unreadable("is an empty table", "Write { 1 = …, 2 = … }")
        return dict(_each(value, level, read))

    return read_all


def _each(table: dict[str, Any], key: Callable[[Any], str], read: Callable[[Any], int]) -> Iterator[tuple[str, int]]:
    """Yield a table's keys and values as they are read; a complaint says which of them it is about."""
    for name, figure in table.items():
        try:
            yield key(name), read(figure)
        except Unreadable as error:
            raise Unreadable(error.found, error.cure, f".{name}") from None


def retired(reader: Reader) -> tuple[int, int]:
    """Return the points (in basis points) and the factor of the personal share that retired persons get."""
    table = reader.take("retired", reading.table_like('{ points = "3" }'))
    if table is None:
        return 0, 10_000
    inner = reader.inner("retired", table)
    added = inner.take("points", values.points)
    share = inner.take("personal_share", values.percent)
    if (added is None) == (share is None) and not inner.complaints:
        inner.complain(
            "",
            "says not exactly one of points and personal_share",
            "Retired persons get points added or their share multiplied",
        )
    inner.done(reader)
    return added or 0, 10_000 if share is None else share


def _figures(reader: Reader, key: str) -> dict[str, int]:
    plain = reader.take(key, values.amount)
    by_level = reader.take("by_level", _levels_of_amounts)
    if (plain is None) == (by_level is None) and reader.whole and reader.sure(key, "by_level"):
        found = "is missing" if plain is None else "stands beside by_level"
        reader.complain(key, found, f'Say either {key} = "300 yuan" or by_level = {{ 1 = "200 yuan", … }}')
    return by_level if by_level is not None else {ANY_LEVEL: plain or 0}


def _levels_of_amounts(value: Any) -> dict[str, int]:
    return _by_level(values.amount)(reading.table_like('{ 1 = "200 yuan", 2 = "400 yuan" }')(value))


def _word_or_table(example: str, *words: str) -> Callable[[Any], Any]:
    """Return a reader for one of some words, or a table as it is; an amount alone is told how to become a table."""

    def read(value: Any) -> Any:
        if isinstance(value, dict) or value in words:
            return value
        near = reading.nearest(value, words, {"none": "无"})
        form = example.format(amount=meant.amount(value) or "300 yuan")
        hint = f"Did you mean {near!r}? " if near and not meant.amount(value) else ""
        quoted = ", ".join(f'"{word}"' for word in words)
        raise Unreadable(f"{meant.shown(value)} is not {quoted} or a table", f"{hint}Write {quoted} or {form}")

    return read


_deductible_form = _word_or_table('{{ per = "admission", amount = "{amount}" }}', "none", "left_over")
_cap_form = _word_or_table('{{ amount = "{amount}", per = "year", counter = "…" }}', "none")


def deductible(reader: Reader, need: bool) -> Deductible:
    """Return the block's deductible; "none" without one."""
    value = reader.take("deductible", _deductible_form, None, need=need)
    if value is None or value in ("none", "left_over"):
        return Deductible(value or "none", {})
    inner = reader.inner("deductible", value)
    per = inner.take("per", one_of((*PERIODS, "admission", "visit")), "visit", need=True)
    standard = _figures(inner, "amount")
    made = Deductible(per, standard)
    if not inner.sure("per"):
        inner.forgive()
    if per != "admission":
        inner.out_of_place(PER_ADMISSION, f'beside per = "{per}"', 'These belong to per = "admission"')
    if per == "visit":
        inner.out_of_place(["counter"], 'beside per = "visit"', "Nothing is counted from visit to visit: leave it out")
    if per in PERIODS:
        made = made._replace(counter=inner.take("counter", values.name, ""))  # ``spelt_out`` names it if nothing does
    elif per == "admission":
        made = _per_admission(inner, made)
    inner.done(reader)
    return made


def _per_admission(inner: Reader, made: Deductible) -> Deductible:
    counter = inner.take("counter", values.name, "admissions")
    minus, percents = inner.take("later", _later, (0, ()))
    floor = inner.take("floor", values.amount, 0)
    if floor and not minus and inner.sure("later"):
        inner.complain("floor", "has no effect", 'A floor belongs to later = "-100 yuan"')
    limit = inner.take("year_limit", values.amount)
    return made._replace(
        counter=counter,
        later_minus_fen=minus,
        later_percent_bp=percents,
        floor_fen=floor,
        again_after_days=inner.take("again_after_days", _some_days, 0),
        on_transfer=inner.take("on_transfer", one_of(("difference",)), "") != "",
        year_limit_fen=limit,
        limit_counter="" if limit is None else f"{counter}_paid",
    )


def _some_days(value: Any) -> int:
    days = reading.number(value)
    if days == 0:
        raise Unreadable("0 days have no effect", "Write 1 or more, or leave the key out")
    return days


def _later(value: Any) -> tuple[int, tuple[int, ...]]:
    form = meant.amount(value)
    if form and not meant.percent(value):
        if not form.startswith("-") or form == "-0 yuan":
            less = f'"-{form.lstrip("-")}"'
            raise Unreadable(
                f"{meant.shown(value)} takes nothing off", f"Write what each further stay takes off: {less}"
            )
        return -values.signed_amount(value), ()
    percents = _percents(value)
    if not 1 <= len(percents) <= 2:
        raise Unreadable(f"has {len(percents)} steps", "Say the second admission, or the second and every later one")
    return 0, percents


def _percents(value: Any) -> tuple[int, ...]:
    """Read one percentage or a list of them, repeats kept."""
    return tuple(values.percent(item) for item in (value if isinstance(value, list) else [value]))


def bands(reader: Reader, need: bool) -> tuple[Band, ...]:
    """Return the block's bands, ascending from 0."""
    made, sure = [], True
    for nth, table in enumerate(reader.take("bands", _some_bands, [], need=need), 1):
        inner = reader.inner(f"bands[{nth}]", table)
        band = Band(
            inner.take("over", values.amount, 0, need=True),
            inner.take("rate", _by_level(values.percent), {}, need=True),
        )
        sure = sure and inner.sure("", "over")
        inner.done(reader)
        made.append(band)
    overs = [band.over_fen for band in made]
    if made and sure and (overs[0] != 0 or overs != sorted(set(overs))):
        reader.complain(
            "bands", "do not ascend from 0 yuan", 'The first band is over = "0 yuan", each later one is higher'
        )
    return tuple(made)


def _some_bands(value: Any) -> list[Any]:
    example = 'Write a list: [{ over = "0 yuan", rate = "85%" }]'
    if not isinstance(value, list):
        raise Unreadable(f"{meant.shown(value)} is not a list of bands", example)
    if not value:
        raise Unreadable("is an empty list", example)
    return value


def measure(reader: Reader) -> Measure:
    """Return how the bounds of the block's bands count."""
    table = reader.take("measure", reading.table_like('{ on = "claim", from = "zero" }'))
    if table is None:
        return Measure()
    inner = reader.inner("measure", table)
    on = inner.take("on", one_of(("claim", "year")), "claim", need=True)
    start = inner.take("from", one_of(("zero", "deductible")), "zero", need=True)
    if not inner.sure("on"):
        inner.forgive()
    elif on == "claim":
        inner.out_of_place(["counter"], 'beside on = "claim"', "Only the year is counted: leave it out")
    counter = inner.take("counter", values.name, "", need=True) if on == "year" else ""
    inner.done(reader)
    return Measure(on, start, counter)


def cap(reader: Reader, need: bool) -> Cap | None:
    """Return the block's cap, None without one."""
    value = reader.take("cap", _cap_form, None, need=need)
    if value is None or value == "none":
        return None
    inner = reader.inner("cap", value)
    on = inner.take("on", one_of(("fund", "cost", "cost_above_deductible")), "fund")
    per = inner.take("per", one_of(("claim", "month", "quarter", "year")), "year", need=True)
    by_disease = inner.take("by_disease", _by_code, ())
    if by_disease or not inner.sure("by_disease"):
        inner.out_of_place(["amount", "by_level"], "beside by_disease", "Each disease has its own amount")
        amount: dict[str, int] = {}
    else:
        amount = _figures(inner, "amount")
    if not inner.sure("per"):
        inner.forgive()
    elif per == "claim":
        inner.out_of_place(["counter"], 'beside per = "claim"', "Nothing is counted from claim to claim: leave it out")
    counter = inner.take("counter", values.name, "", need=inner.sure("per")) if per != "claim" else ""
    inner.done(reader)
    return Cap(on, per, amount, counter, by_disease)


def _by_code(value: Any) -> tuple[tuple[str, int], ...]:
    if not isinstance(value, dict) or not value:
        raise Unreadable(f"{meant.shown(value)} is not a table of diseases", 'Write { M01600 = "3000 yuan" }')
    limits = tuple(_each(value, values.code, values.amount))
    for (one, _), (other, _) in combinations(limits, 2):
        if beginnings_meet((one,), (other,)):
            raise Unreadable(
                f"{one} and {other} are both for some diseases", "Let no code begin with another", f".{other}"
            )
    return limits
