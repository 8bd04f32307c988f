"""What cannot be computed is refused before any claim is seen: overlaps, counters in two senses, rates too fine.

``faults`` finds all of it for one area, each with file and line; ``fits_exactly`` proves that the exact fractions of one
program stay in int64.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from fractions import Fraction
from itertools import combinations
from math import lcm, prod
from typing import Any, NamedTuple

from settlement.errors import BadRules
from settlement.money import MAX_FEN
from settlement.rules import resolve
from settlement.rules.pool import Benefit, Counter, Elsewhere, FilingRule, FirstPay, Pool, Standing, Stay
from settlement.rules.resolve import chain_of
from settlement.rules.selectors import beginnings_meet

ONE = 10_000  # basis points in 1
LIMIT = 1 << 61  # exact parts stay below this, so that twice of them fits in int64


def counters_of(chain: tuple[Pool, ...]) -> dict[str, Counter]:
    """Return a pool's named counters with their slots; one name may count one thing in one period only."""
    counters: dict[str, Counter] = {}
    first: dict[str, str] = {}
    for pool in chain:
        for block in pool.benefits:
            for name, kind, period in _uses(block):
                known = counters.setdefault(name, Counter(len(counters), kind, period))
                here = f"{block.cite.file}:{block.cite.line}"
                there = first.setdefault(name, here)
                if (known.kind, known.period) != (kind, period):
                    raise BadRules(
                        "B04_COUNTER", f"{here}: counter {name!r} counts {kind} per {period}, "
                        f"but {known.kind} per {known.period} at {there}", cure="Use another name",
                    )  # fmt: skip
    return counters


def _uses(block: Benefit) -> list[tuple[str, str, str]]:
    uses = []
    dedc = block.deductible
    if dedc.counter and dedc.per == "admission":
        uses.append((dedc.counter, "admissions", "year"))
    elif dedc.counter:
        uses.append((dedc.counter, "deductible", dedc.per))
    if dedc.limit_counter:
        uses.append((dedc.limit_counter, "deductible", "year"))
    if block.measure.counter:
        uses.append((block.measure.counter, f"running from {block.measure.start}", "year"))
    if block.cap and block.cap.counter:
        uses.append((block.cap.counter, f"cap on {block.cap.on}", block.cap.per))
    return uses


def check_pools(pools: dict[str, Pool]) -> None:
    """Raise BadRules for overlaps, counters in two senses or unknown parents: the first that is found."""
    for code in pools:
        check_pool(pools, code)


def check_pool(pools: dict[str, Pool], code: str) -> None:
    """Raise BadRules if one pool, with what it inherits, cannot be computed on some day."""
    for fault in faults(pools, code):
        raise fault


def faults(pools: dict[str, Pool], code: str) -> Iterator[BadRules]:
    """Yield everything in one pool, with what it inherits, that cannot be computed on some day; each pair of blocks once."""
    try:
        chain = chain_of(pools, code)
        counters_of(chain)
    except BadRules as fault:
        yield fault
        return
    met: set[tuple[int, int]] = set()
    days = resolve.change_days(chain)
    kinds = sorted({(s, c) for pool in chain for block in pool.benefits for s in block.schemes for c in block.cares})
    for pool in chain:
        for day in days:
            rivals: list[tuple[Any, Any]] = [
                pair for s, c in kinds for pair in _rivals(resolve.in_force(resolve.benefits_for(pool, s, c), day))
            ]
            tables: tuple[Any, ...] = (pool.first_pays, pool.filings, pool.waitings, pool.suspensions, pool.stays)
            for table in tables:
                rivals += [(a, b) for a, b in combinations(resolve.in_force(table, day), 2) if _meet(a, b)]
            rivals += [(a, b) for a, b in combinations(resolve.in_force(pool.elsewheres, day), 2) if _same_day(a, b)]
            for a, b in rivals:
                if (id(a), id(b)) not in met:
                    met.add((id(a), id(b)))
                    yield resolve.overlap(a, b)
    yield from _unled(chain, kinds, days)


def _rivals(blocks: list[Benefit]) -> Iterator[tuple[Benefit, Benefit]]:
    for a, b in combinations(blocks, 2):
        levels_meet = a.levels is None or b.levels is None or set(a.levels) & set(b.levels)
        same = a.layer == b.layer and a.covered == b.covered and (a.diseases is None) == (b.diseases is None)
        if same and levels_meet and beginnings_meet(a.diseases, b.diseases) and a.who.meets(b.who):
            yield a, b


def _unled(chain: tuple[Pool, ...], kinds: list[tuple[str, str]], days: list[date]) -> Iterator[BadRules]:
    """Yield the blocks that continue a deductible although no layer can come before them."""
    told: set[int] = set()
    for scheme, care in kinds:
        for day in days:
            blocks = [b for pool in chain for b in resolve.in_force(resolve.benefits_for(pool, scheme, care), day)]
            first = min((b.order for b in blocks if b.covered and b.deductible.per != "left_over"), default=None)
            for block in blocks:
                unled = (
                    block.covered and block.deductible.per == "left_over" and (first is None or block.order <= first)
                )
                if unled and block.cite.line not in told:
                    told.add(block.cite.line)
                    yield BadRules(
                        "B05_LEFT_OVER",
                        f'{block.cite.file}:{block.cite.line}: deductible = "left_over" continues the layer before it, '
                        f"but none comes before order {block.order}",
                        cure="Give this layer a higher order, or a deductible of its own",
                    )


def _sets_meet(one: tuple[str, ...] | None, other: tuple[str, ...] | None) -> bool:
    return one is None or other is None or bool(set(one) & set(other))


def _same_day(a: Elsewhere, b: Elsewhere) -> bool:
    """Tell whether two rules for care elsewhere begin together and speak for one claim: of others the later counts."""
    if a.begins != b.begins or (a.places is None) != (b.places is None):
        return False
    places = beginnings_meet(a.places, b.places) and bool(set(a.wheres) & set(b.wheres))
    return (
        places
        and bool(set(a.filings) & set(b.filings))
        and _sets_meet(a.schemes, b.schemes)
        and _sets_meet(a.cares, b.cares)
    )


def _meet(a: Any, b: Any) -> bool:
    """Tell whether two blocks of one kind may speak for one claim (or one line of it)."""
    if isinstance(a, FirstPay):
        wheres = bool(set(a.wheres) & set(b.wheres))
        return wheres and _sets_meet(a.schemes, b.schemes) and _sets_meet(a.cares, b.cares) and a.items.meets(b.items)
    if isinstance(a, FilingRule):
        emergency = None in (a.emergency, b.emergency) or a.emergency == b.emergency
        both = _sets_meet(a.filings, b.filings) and _sets_meet(a.wheres, b.wheres)
        return both and emergency and _sets_meet(a.filed, b.filed) and _sets_meet(a.schemes, b.schemes)
    if isinstance(a, Standing):
        scheme = _sets_meet(a.schemes, b.schemes) and _sets_meet(a.cares, b.cares)
        return scheme and beginnings_meet(a.psn_types, b.psn_types)
    assert isinstance(a, Stay)
    return _sets_meet(a.schemes, b.schemes) and _sets_meet(a.cares, b.cares)


class Fine(NamedTuple):
    """Denominators that exact amounts of a claim can have at one point of its layers."""

    paid: int = 1
    dedc: int = 1
    first: int = 1
    rest: int = 1


def fits_exactly(layers: list[tuple[Benefit, tuple[Fraction, ...], Elsewhere | None]]) -> bool:
    """Tell whether the exact fractions of a fen that these layers can meet stay in int64 (what arith relies on).

    Follows every choice a claim can take through them (capped or not, and in which band). Ordinary rates pass at once,
    because even the product of all their denominators is small.
    """
    overs = [lcm(1, *(rate.denominator for rate in rates)) for _, rates, _ in layers]
    if prod(over**3 for over in overs) * ONE**2 < LIMIT:
        return True
    states = {Fine()}
    for block, rates, rule in layers:
        grown: set[Fine] = set()
        for state in states:
            after = _grow(block, rates, rule, state)
            if after is None:
                return False
            grown |= after
        states = grown
    return True


def _grow(block: Benefit, rates: tuple[Fraction, ...], rule: Elsewhere | None, state: Fine) -> set[Fine] | None:
    over = lcm(1, *(rate.denominator for rate in rates))
    parts = {int(rate * over) for rate in rates} - {0}
    first = state.first
    if block.base == "in_scope":
        base = Fraction(rule.amount_bp, ONE).denominator if rule is not None and rule.mode == "first_pay" else 1
        first = lcm(first, base)
        base = lcm(base, state.rest) if block.with_rest else base
    elif block.base == "rest":
        base = state.rest
    else:
        base = lcm(first, state.paid, state.dedc if block.without_deductible else 1)
    dedc = lcm(state.dedc, base) if block.base == "in_scope" else state.dedc
    paid = {lcm(state.paid, base * over), state.paid}
    rests = {1, base} | ({lcm(base, part) for part in parts} if block.cap and block.cap.on == "fund" else set())
    # times() multiplies over by the rate's denominator, plus() and minus() scale to a common one.
    largest = max(base * over * over, lcm(state.paid, base * over), dedc, *rests)
    if largest >= LIMIT or MAX_FEN * over >= LIMIT:
        return None
    return {Fine(p, dedc, first, r) for p in paid for r in rests}
