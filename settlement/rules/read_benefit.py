"""One ``[[benefit]]`` block → ``Benefit``: its keys, and the cross-checks that need more than one key."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from settlement import codes
from settlement.rules import reading
from settlement.rules.pool import ANY_LEVEL, Band, Benefit, Cap, Cite, Deductible, Measure
from settlement.rules.read_selectors import read_items, read_who
from settlement.rules.reading import Reader, Unreadable, list_of, one_of

BASES = ("in_scope", "rest", "person_bears")
PERIODS = ("year", "quarter", "month")


def read_benefit(reader: Reader, begins: Any, cite: Cite) -> Benefit:
    """Return the block; whatever is wrong with it is in the reader's complaints."""
    head = {
        "schemes": reader.take("scheme", list_of(reading.text), (), need=True),
        "cares": reader.take("care", list_of(one_of(codes.CARES)), (), need=True),
        "levels": reader.take("level", lambda value: tuple(sorted(list_of(_level)(value), key=codes.LEVELS.index))),
        "who": read_who(reader),
        "diseases": reader.take("disease", list_of(reading.text)),
        "covered": reader.take("covered", reading.flag, True),
        "repealed": reader.take("repealed", reading.flag, False),
        "begins": begins,
        "cite": cite,
    }
    if not head["covered"]:
        return Benefit(**head)
    fund = reader.take("fund", one_of(tuple(codes.FUND_ORDER)), "hifp_pay", need=True)
    head |= {
        "fund": fund,
        "layer": reader.take("layer", reading.text, fund),
        "order": reader.take("order", reading.number, codes.FUND_ORDER[fund]),
    }
    if head["repealed"]:
        return Benefit(**head)
    return _layer(reader, head)


def spelt_out(block: Benefit) -> tuple[Benefit, ...]:
    """Return the blocks that one written block stands for.

    A deductible of a period that names no counter has one of its own in each scheme and care; a cap by disease is
    one block a disease.
    """
    return tuple(own for each in _by_disease(block) for own in _with_own_counters(each))


def _by_disease(block: Benefit) -> tuple[Benefit, ...]:
    cap = block.cap
    if cap is None or not cap.by_disease_fen:
        return (block,)
    return tuple(
        block._replace(
            diseases=(disease,),
            cap=Cap(cap.on, cap.per, {ANY_LEVEL: fen}, f"{cap.counter}_{disease}" if cap.counter else ""),
        )
        for disease, fen in cap.by_disease_fen
    )


def _with_own_counters(block: Benefit) -> tuple[Benefit, ...]:
    dedc = block.deductible
    if dedc.per not in PERIODS or dedc.counter:
        return (block,)
    ending = "deductible" if dedc.per == "year" else f"deductible_{dedc.per}"
    return tuple(
        block._replace(schemes=(scheme,), cares=(care,), deductible=dedc._replace(counter=f"{scheme}_{care}_{ending}"))
        for scheme in block.schemes
        for care in block.cares
    )


def _layer(reader: Reader, head: dict[str, Any]) -> Benefit:
    basic = head["fund"] == "hifp_pay"
    base = reader.take("base", one_of(BASES), "in_scope", need=not basic)
    reported = reader.take("reported", reading.flag, False)
    points, share = _retired(reader)
    benefit = Benefit(
        **head,
        base=base,
        reported=reported,
        with_first_pay=reader.take("with_first_pay", reading.flag, False),
        without_deductible=reader.take("without_deductible", reading.flag, False),
        items=read_items(reader),
        with_rest=reader.take("with_rest", reading.flag, False),
        retired_points_bp=points,
        retired_share_bp=share,
        deductible=_deductible(reader, need=not reported),
        bands=_bands(reader, need=not reported),
        measure=_measure(reader),
        cap=_cap(reader, need=not reported),
    )
    _cross_check(reader, benefit)
    return benefit


def _cross_check(reader: Reader, benefit: Benefit) -> None:
    if benefit.base != "person_bears" and (benefit.with_first_pay or benefit.without_deductible):
        reader.complain(
            "base", f"{benefit.base!r} takes no with_first_pay or without_deductible", 'Use base = "person_bears"'
        )
    if benefit.base != "in_scope" and (benefit.items or benefit.with_rest):
        reader.complain("base", f"{benefit.base!r} takes no items or with_rest", 'Use base = "in_scope"')
    if benefit.cap and benefit.cap.by_disease_fen and benefit.diseases:
        reader.complain("disease", "stands beside a cap by_disease", "The cap names the diseases; leave disease out")
    if benefit.reported and (benefit.bands or benefit.cap or benefit.deductible.per != "none"):
        reader.complain("reported", "a reported layer has no deductible, bands or cap", "Leave them out")
    if len(benefit.bands) > 1 and "measure" not in reader.known_given:
        reader.complain(
            "measure", "is missing", 'With more than one band say how bounds count: { on = "claim", from = "zero" }'
        )
    listed = [set(table) for table in _leveled_tables(benefit) if table and ANY_LEVEL not in table]
    if any(levels != listed[0] for levels in listed):
        names = " / ".join(", ".join(sorted(levels)) for levels in listed)
        reader.complain(
            "bands",
            f"the levels differ between deductible, bands and cap ({names})",
            "List the same levels in all of them",
        )


def _leveled_tables(benefit: Benefit) -> list[dict[str, int]]:
    tables = [benefit.deductible.standard_fen, *(band.rate_bp for band in benefit.bands)]
    return tables + ([benefit.cap.amount_fen] if benefit.cap else [])


def _level(value: Any) -> str:
    return one_of(codes.LEVELS)(str(value))


def _by_level(read: Callable[[Any], int]) -> Callable[[Any], dict[str, int]]:
    def read_all(value: Any) -> dict[str, int]:
        if not isinstance(value, dict):
            return {ANY_LEVEL: read(value)}
        if not value:
            raise Unreadable("is an empty table", "Write { 1 = …, 2 = … }")
        return {_level(level): read(figure) for level, figure in value.items()}

    return read_all


def _retired(reader: Reader) -> tuple[int, int]:
    table = reader.take("retired", dict)
    if table is None:
        return 0, 10_000
    inner = reader.inner("retired", table)
    added = inner.take("points", reading.points)
    share = inner.take("personal_share", reading.percent)
    if (added is None) == (share is None):
        inner.complain(
            "",
            "says not exactly one of points and personal_share",
            "Retired persons get points added or their share multiplied",
        )
    inner.done(reader)
    return added or 0, 10_000 if share is None else share


def _figures(reader: Reader, key: str) -> dict[str, int]:
    plain = reader.take(key, reading.amount)
    by_level = reader.take("by_level", _by_level(reading.amount))
    if (plain is None) == (by_level is None) and not reader.complaints:
        reader.complain(key, "is missing or there twice", f"Say either {key} or by_level")
    return by_level if by_level is not None else {ANY_LEVEL: plain or 0}


def _deductible(reader: Reader, need: bool) -> Deductible:
    value = reader.take("deductible", lambda given: given, None, need=need)
    if value is None or value in ("none", "left_over"):
        return Deductible(value or "none", {})
    inner = reader.inner("deductible", value)
    per = inner.take("per", one_of((*PERIODS, "admission", "visit")), "visit", need=True)
    standard = _figures(inner, "amount")
    made = Deductible(per, standard)
    if per in PERIODS:
        made = made._replace(counter=inner.take("counter", reading.text, ""))  # ``spelt_out`` names it if nothing does
    elif per == "admission":
        made = _per_admission(inner, made)
    inner.done(reader)
    return made


def _per_admission(inner: Reader, made: Deductible) -> Deductible:
    counter = inner.take("counter", reading.text, "admissions")
    minus, percents = inner.take("later", _later, (0, ()))
    floor = inner.take("floor", reading.amount, 0)
    if floor and not minus:
        inner.complain("floor", "has no effect", 'A floor belongs to later = "-100 yuan"')
    limit = inner.take("year_limit", reading.amount)
    return made._replace(
        counter=counter,
        later_minus_fen=minus,
        later_percent_bp=percents,
        floor_fen=floor,
        again_after_days=inner.take("again_after_days", reading.number, 0),
        on_transfer=inner.take("on_transfer", one_of(("difference",)), "") != "",
        year_limit_fen=limit,
        limit_counter="" if limit is None else f"{counter}_paid",
    )


def _later(value: Any) -> tuple[int, tuple[int, ...]]:
    if isinstance(value, str) and value.startswith("-"):
        return -reading.signed_amount(value), ()
    percents = list_of_all(value)
    if not 1 <= len(percents) <= 2:
        raise Unreadable(
            f"{value!r} has {len(percents)} steps", "Say the second admission, or the second and every later one"
        )
    return 0, percents


def list_of_all(value: Any) -> tuple[int, ...]:
    """Read one percentage or a list of them, repeats kept."""
    return tuple(reading.percent(item) for item in (value if isinstance(value, list) else [value]))


def _bands(reader: Reader, need: bool) -> tuple[Band, ...]:
    bands = []
    for nth, table in enumerate(reader.take("bands", list, [], need=need)):
        inner = reader.inner("bands", table)
        inner.path += f"[{nth + 1}]"
        band = Band(
            inner.take("over", reading.amount, 0, need=True),
            inner.take("rate", _by_level(reading.percent), {}, need=True),
        )
        inner.done(reader)
        bands.append(band)
    overs = [band.over_fen for band in bands]
    if bands and (overs[0] != 0 or overs != sorted(set(overs))):
        reader.complain(
            "bands", "do not ascend from 0 yuan", 'The first band is over = "0 yuan", each later one is higher'
        )
    return tuple(bands)


def _measure(reader: Reader) -> Measure:
    table = reader.take("measure", dict)
    if table is None:
        return Measure()
    inner = reader.inner("measure", table)
    on = inner.take("on", one_of(("claim", "year")), "claim", need=True)
    start = inner.take("from", one_of(("zero", "deductible")), "zero", need=True)
    counter = inner.take("counter", reading.text, "", need=on == "year") if on == "year" else ""
    inner.done(reader)
    return Measure(on, start, counter)


def _cap(reader: Reader, need: bool) -> Cap | None:
    value = reader.take("cap", lambda given: given, None, need=need)
    if value is None or value == "none":
        return None
    inner = reader.inner("cap", value)
    on = inner.take("on", one_of(("fund", "cost", "cost_above_deductible")), "fund")
    per = inner.take("per", one_of(("claim", "month", "quarter", "year")), "year", need=True)
    by_disease = inner.take("by_disease", _by_code, ())
    amount = {} if by_disease else _figures(inner, "amount")
    counter = inner.take("counter", reading.text, "", need=True) if per != "claim" else ""
    inner.done(reader)
    return Cap(on, per, amount, counter, by_disease)


def _by_code(value: Any) -> tuple[tuple[str, int], ...]:
    if not isinstance(value, dict) or not value:
        raise Unreadable(f"{value!r} is not a table of diseases", 'Write { M01600 = "3000 yuan" }')
    return tuple((str(code), reading.amount(figure)) for code, figure in value.items())
