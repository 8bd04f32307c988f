"""One ``[[benefit]]`` block → ``Benefit``: its keys, and the cross-checks that need more than one key."""

from __future__ import annotations

from typing import Any

from settlement import codes
from settlement.rules import read_layer, reading, values
from settlement.rules.pool import ANY_LEVEL, Benefit, Cap, Cite
from settlement.rules.read_selectors import read_items, read_who
from settlement.rules.reading import Reader, list_of, one_of

BASES = ("in_scope", "rest", "person_bears")
# The keys of a layer beside its place in the list: what it works on and what it pays.
LAYER_KEYS = (
    "base", "with_first_pay", "without_deductible", "items", "with_rest", "reported", "deductible", "bands", "measure",
    "retired", "cap",
)  # fmt: skip


def read_benefit(reader: Reader, begins: Any, cite: Cite) -> Benefit:
    """Return the block; whatever is wrong with it is in the reader's complaints."""
    head = {
        "schemes": reader.take("scheme", list_of(values.scheme), (), need=True),
        "cares": reader.take("care", list_of(one_of(codes.CARES, codes.CARE_ZH)), (), need=True),
        "levels": reader.take(
            "level", lambda value: tuple(sorted(list_of(read_layer.level)(value), key=codes.LEVELS.index))
        ),
        "who": read_who(reader),
        "diseases": reader.take("disease", list_of(values.code)),
        "covered": reader.take("covered", reading.flag, True),
        "repealed": reader.take("repealed", reading.flag, False),
        "begins": begins,
        "cite": cite,
    }
    if not reader.sure("covered", "repealed"):
        reader.forgive()
        return Benefit(**head)
    if not head["covered"]:
        keys = ("fund", "layer", "order", *LAYER_KEYS)
        reader.out_of_place(keys, "beside covered = false", "Leave that out: the pool pays nothing for these claims")
        return Benefit(**head)
    fund = reader.take("fund", one_of(tuple(codes.FUND_ORDER), codes.FUND_ZH), "hifp_pay", need=True)
    head |= {
        "fund": fund,
        "layer": reader.take("layer", values.name, fund),
        "order": reader.take("order", reading.number, codes.FUND_ORDER[fund]),
    }
    if head["repealed"]:
        reader.out_of_place(
            LAYER_KEYS, "beside repealed = true", "Leave that out: a repealed block has only its key and fund"
        )
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
    if dedc.per not in read_layer.PERIODS or dedc.counter:
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
    need = not reported and reader.sure("reported")
    points, share = read_layer.retired(reader)
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
        deductible=read_layer.deductible(reader, need),
        bands=read_layer.bands(reader, need),
        measure=read_layer.measure(reader),
        cap=read_layer.cap(reader, need),
    )
    _cross_check(reader, benefit)
    return benefit


def _cross_check(reader: Reader, benefit: Benefit) -> None:
    if (
        benefit.base != "person_bears"
        and reader.sure("base")
        and (benefit.with_first_pay or benefit.without_deductible)
    ):
        reader.complain(
            "base", f"{benefit.base!r} takes no with_first_pay or without_deductible", 'Use base = "person_bears"'
        )
    if benefit.base != "in_scope" and reader.sure("base") and (benefit.items or benefit.with_rest):
        reader.complain("base", f"{benefit.base!r} takes no items or with_rest", 'Use base = "in_scope"')
    if benefit.cap and benefit.cap.by_disease_fen and benefit.diseases:
        reader.complain("disease", "stands beside a cap by_disease", "The cap names the diseases; leave disease out")
    shares = {"measure", "retired"} & reader.known_given
    if benefit.reported and (benefit.bands or benefit.cap or benefit.deductible.per != "none" or shares):
        cure = "Leave them out: it pays what the payer reports"
        reader.complain("reported", "a reported layer has no deductible, bands, measure, retired or cap", cure)
    if len(benefit.bands) > 1 and "measure" not in reader.known_given:
        reader.complain(
            "measure", "is missing", 'With more than one band say how bounds count: { on = "claim", from = "zero" }'
        )
    if reader.sure("level", "deductible", "bands", "cap"):
        _same_levels(reader, benefit)


def _same_levels(reader: Reader, benefit: Benefit) -> None:
    tables = [("deductible", benefit.deductible.standard_fen)]
    tables += [(f"bands[{nth}]", band.rate_bp) for nth, band in enumerate(benefit.bands, 1)]
    tables += [("cap", benefit.cap.amount_fen)] if benefit.cap else []
    listed = {name: sorted(table) for name, table in tables if table and ANY_LEVEL not in table}
    if listed and benefit.levels is not None:
        listed = {"level": sorted(benefit.levels), **listed}
    if any(levels != next(iter(listed.values())) for levels in listed.values()):
        said = "; ".join(f"{name}: {', '.join(levels)}" for name, levels in listed.items())
        reader.complain("bands", f"the levels differ ({said})", "List the same levels wherever the block lists any")
