"""What cannot be computed is refused before any claim is seen: overlaps, counters in two senses, rates too fine.

``faults`` finds all of it for one area, each with file and line; ``fits_exactly`` proves that the exact fractions of one
program stay in int64.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from fractions import Fraction
from math import lcm, prod
from typing import NamedTuple

from settlement import codes
from settlement.errors import BadRules
from settlement.money import MAX_FEN
from settlement.rules import resolve, rivals
from settlement.rules.pool import Benefit, Cite, Counter, Elsewhere, Pool
from settlement.rules.reading import Complaint, nearest
from settlement.rules.resolve import chain_of

ONE = 10_000  # basis points in 1
LIMIT = 1 << 61  # exact parts stay below this, so that twice of them fits in int64


class Fault(BadRules):
    """Something in readable rules that cannot be computed: file, line and key, what was found, what would be right."""

    def __init__(self, code: str, pool: Pool, line: int, key: str, said: str, cure: str) -> None:
        self.file, self.line, self.key, self.said = pool.file, line, key, said
        super().__init__(code, f"{pool.file}:{line}: {said}", cure=cure)

    def complaint(self) -> Complaint:
        """Return the fault in the form in which a file that cannot be read is complained about."""
        return Complaint(self.file, self.line, self.key, self.said, self.cure)


def complaints_of(pools: dict[str, Pool], code: str) -> list[Complaint]:
    """Return why one pool cannot be computed; where only what it inherits is at fault, just that."""
    found = list(faults(pools, code))
    pool = pools[code]
    own = [fault.complaint() for fault in found if fault.file == pool.file]
    if found and not own:
        said, cure = f"inherits from {found[0].file}, which has faults of its own", "Mend that file first"
        own = [Complaint(pool.file, pool.where.get("pool.inherits", 1), "pool.inherits", said, cure)]
    return own


def counters_of(chain: tuple[Pool, ...]) -> dict[str, Counter]:
    """Return a pool's named counters with their slots; one name may count one thing in one period only."""
    for clash in _clashes(chain):
        raise clash
    counters: dict[str, Counter] = {}
    for pool in chain:
        for block in pool.benefits:
            for name, kind, period, _ in _uses(block):
                counters.setdefault(name, Counter(len(counters), kind, period))
    return counters


def _clashes(chain: tuple[Pool, ...]) -> Iterator[Fault]:
    """Yield the counters that count something else than before; of two areas it is the nearer one's that clashes."""
    known: dict[str, tuple[str, str, Cite]] = {}
    for pool in reversed(chain):
        for block in pool.benefits:
            for name, kind, period, key in _uses(block):
                first = known.setdefault(name, (kind, period, block.cite))
                if first[:2] != (kind, period):
                    there = f"line {first[2].line}" + (f" of {first[2].file}" if first[2].file != pool.file else "")
                    said = f"counter {name!r} counts {kind} per {period}, but {first[0]} per {first[1]} in {there}"
                    yield _fault("B04_COUNTER", pool, block.cite, said, "Use another name", key)


def _uses(block: Benefit) -> list[tuple[str, str, str, str]]:
    """Return the counters of a block: name, what each counts, in which period, and the key that names it."""
    uses = []
    dedc = block.deductible
    if dedc.counter and dedc.per == "admission":
        uses.append((dedc.counter, "admissions", "year", "deductible.counter"))
    elif dedc.counter:
        uses.append((dedc.counter, "deductible", dedc.per, "deductible.counter"))
    if dedc.limit_counter:
        uses.append((dedc.limit_counter, "deductible", "year", "deductible.counter"))
    if block.measure.counter:
        uses.append((block.measure.counter, f"running from {block.measure.start}", "year", "measure.counter"))
    if block.cap and block.cap.counter:
        uses.append((block.cap.counter, f"cap on {block.cap.on}", block.cap.per, "cap.counter"))
    return uses


def _fault(code: str, pool: Pool, cite: Cite, said: str, cure: str, key: str = "") -> Fault:
    """Return a fault of one block of a pool, or of one of its keys."""
    heads = (path for path, line in pool.where.items() if line == cite.line and "." not in path and path.endswith("]"))
    block = next(heads, "block")
    path = f"{block}.{key}" if key else block
    above = pool.where.get(path.rpartition(".")[0], cite.line) if key else cite.line
    return Fault(code, pool, pool.where.get(path, above), path, said, cure)


def check_pools(pools: dict[str, Pool]) -> None:
    """Raise BadRules for overlaps, counters in two senses or unknown parents: the first that is found."""
    for code in pools:
        check_pool(pools, code)


def check_pool(pools: dict[str, Pool], code: str) -> None:
    """Raise BadRules if one pool, with what it inherits, cannot be computed on some day."""
    for fault in faults(pools, code):
        raise fault


def faults(pools: dict[str, Pool], code: str) -> Iterator[Fault]:
    """Yield everything in one pool, with what it inherits, that cannot be computed on some day; each pair of blocks once."""
    try:
        chain = chain_of(pools, code)
    except BadRules as error:
        file, _, said = error.found.partition(": ")
        pool = next((pool for pool in pools.values() if pool.file == file), pools[code])
        cure = (
            error.cure
            or "Let each file inherit from one above it: a city from its province, a province from the nation"
        )
        yield Fault(error.code, pool, pool.where.get("pool.inherits", 1), "pool.inherits", said, cure)
        return
    yield from _clashes(chain)
    days = resolve.change_days(chain)
    kinds = sorted({(s, c) for pool in chain for block in pool.benefits for s in block.schemes for c in block.cares})
    for pool in chain:
        yield from _rivals(pool, kinds, days)
        for block in rivals.ending_nothing(pool):
            yield _fault(
                "B08_REPEALED", pool, block.cite, "ends nothing: no earlier block of this file has its key",
                "Repeat the key of the block that it ends, word for word; a file ends its own blocks only", "repealed",
            )  # fmt: skip
        yield from _unnamed(pool, pools)
    yield from _unled(chain, kinds, days)


def _rivals(pool: Pool, kinds: list[tuple[str, str]], days: list[date]) -> Iterator[Fault]:
    met: set[tuple[int, int]] = set()
    for a, b in rivals.keyed_alike(pool):
        met.add((id(a), id(b)))
        said = f"begins on {b.begins} like the block in line {a.cite.line} and has its key"
        yield _fault("B03_OVERLAP", pool, b.cite, said, "Keep one of them, or let the later rule begin later")
    for day in days:
        for a, b in rivals.overlapping(pool, kinds, day):
            if (id(a), id(b)) not in met and (id(b), id(a)) not in met:
                met.add((id(a), id(b)))
                error = resolve.overlap(a, b)
                yield _fault(error.code, pool, b.cite, error.found, error.cure)


def _unnamed(pool: Pool, pools: dict[str, Pool]) -> Iterator[Fault]:
    """Yield the rules for care elsewhere that name a layer in a near spelling; a city below may yet have one of another name."""
    layers = sorted({*codes.FUND_ORDER, *(block.layer for each in pools.values() for block in each.benefits)})
    for rule in pool.elsewheres:
        for name in rule.layers or ():
            near = "" if name in layers else nearest(name, layers)
            if near:
                said, cure = f"no layer has the name {name!r}", f"Did you mean {near!r}?"
                yield _fault("B09_LAYER", pool, rule.cite, said, cure, "layers")


def _unled(chain: tuple[Pool, ...], kinds: list[tuple[str, str]], days: list[date]) -> Iterator[Fault]:
    """Yield the blocks that continue a deductible although no layer can come before them."""
    told: set[int] = set()
    for scheme, care in kinds:
        for day in days:
            blocks = [(p, b) for p in chain for b in resolve.in_force(resolve.benefits_for(p, scheme, care), day)]
            first = min((b.order for _, b in blocks if b.covered and b.deductible.per != "left_over"), default=None)
            for pool, block in blocks:
                leads = first is not None and block.order > first
                if block.covered and block.deductible.per == "left_over" and not leads and id(block) not in told:
                    told.add(id(block))
                    said = f"continues the layer before it, but none comes before order {block.order}"
                    cure = "Give this layer a higher order, or a deductible of its own"
                    yield _fault("B05_LEFT_OVER", pool, block.cite, f'"left_over" {said}', cure, "deductible")


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
