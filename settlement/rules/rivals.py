"""Which blocks of one file get in each other's way: two that speak for one claim on one day cannot both be right."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date
from itertools import combinations, product
from typing import Any

from settlement.rules import resolve
from settlement.rules.pool import (
    AccountRule,
    Benefit,
    Elsewhere,
    FilingRule,
    FirstPay,
    Meaning,
    Pool,
    Standing,
    Stay,
)
from settlement.rules.selectors import beginnings_meet

Pair = tuple[Any, Any]


def keyed_alike(pool: Pool) -> Iterator[Pair]:
    """Yield the blocks of one key that begin on one day: neither is the later one."""
    for blocks in _tables(pool):
        for a, b in combinations(blocks, 2):
            if a.begins == b.begins and _one_key(a, b):
                yield a, b
    further: tuple[tuple[Any, ...], ...] = (pool.meanings, pool.accounts)
    for blocks in further:
        yield from ((a, b) for a, b in combinations(blocks, 2) if a.begins == b.begins and _means_one(a, b))


def overlapping(pool: Pool, kinds: Iterable[tuple[str, str]], day: date) -> Iterator[Pair]:
    """Yield the blocks in force on a day that are both for some claim, though neither takes the other's place."""
    for scheme, care in kinds:
        blocks = resolve.in_force(resolve.benefits_for(pool, scheme, care), day)
        yield from ((a, b) for a, b in combinations(blocks, 2) if _benefits_meet(a, b))
    for table in _tables(pool)[1:]:
        yield from ((a, b) for a, b in combinations(resolve.in_force(table, day), 2) if _meet(a, b))


def ending_nothing(pool: Pool) -> Iterator[Any]:
    """Yield the repealed blocks whose key no earlier block of the file has."""
    for blocks in _tables(pool):
        for block in blocks:
            if block.repealed and not any(b.begins < block.begins and _one_key(b, block) for b in blocks):
                yield block


def _tables(pool: Pool) -> tuple[tuple[Any, ...], ...]:
    """Return the kinds of blocks that have a key of their own, benefits first."""
    return (
        pool.benefits, pool.elsewheres, pool.first_pays, pool.filings, pool.waitings, pool.suspensions, pool.stays,
    )  # fmt: skip


def _one_key(a: Any, b: Any) -> bool:
    if isinstance(a, Benefit):  # asked for one scheme and care at a time, so lists of them need only have one in common
        alike = (a.layer, a.covered, a.levels, a.diseases, a.who) == (b.layer, b.covered, b.levels, b.diseases, b.who)
        return alike and _sets_meet(a.schemes, b.schemes) and _sets_meet(a.cares, b.cares)
    return bool(a.key == b.key)


def _means_one(a: Any, b: Any) -> bool:
    """Tell whether two blocks say what one code means, or what the account of one scheme pays."""
    if isinstance(a, AccountRule):
        return (a.schemes is None) == (b.schemes is None) and _sets_meet(a.schemes, b.schemes)
    assert isinstance(a, Meaning)
    bare = (lambda code: code.lstrip("0")) if a.kind == "level" else str
    return a.kind == b.kind and any(bare(one) == bare(other) for one, other in product(a.codes, b.codes))


def _benefits_meet(a: Benefit, b: Benefit) -> bool:
    same = a.layer == b.layer and a.covered == b.covered and (a.diseases is None) == (b.diseases is None)
    return same and _sets_meet(a.levels, b.levels) and beginnings_meet(a.diseases, b.diseases) and a.who.meets(b.who)


def _meet(a: Any, b: Any) -> bool:
    """Tell whether two blocks of one kind may speak for one claim (or one line of it)."""
    if isinstance(a, FilingRule):
        both = bool(set(a.filings) & set(b.filings)) and bool(set(a.wheres) & set(b.wheres))
        emergency = None in (a.emergency, b.emergency) or a.emergency == b.emergency
        return both and emergency and _sets_meet(a.filed, b.filed) and _sets_meet(a.schemes, b.schemes)
    if not (_sets_meet(a.schemes, b.schemes) and _sets_meet(a.cares, b.cares)):
        return False
    if isinstance(a, Elsewhere):  # of others the later counts, and what names the place goes first
        together = a.begins == b.begins and (a.places is None) == (b.places is None)
        both = bool(set(a.filings) & set(b.filings)) and bool(set(a.wheres) & set(b.wheres))
        return together and both and beginnings_meet(a.places, b.places)
    if isinstance(a, FirstPay):
        return bool(set(a.wheres) & set(b.wheres)) and a.items.meets(b.items)
    if isinstance(a, Standing):
        return beginnings_meet(a.psn_types, b.psn_types)
    assert isinstance(a, Stay)
    return True


def _sets_meet(one: tuple[str, ...] | None, other: tuple[str, ...] | None) -> bool:
    return one is None or other is None or bool(set(one) & set(other))
