"""Pools → flat tables: every choice of rule made once, so that the kernel only follows row numbers.

``check_pools`` refuses what cannot be computed before any claim is seen: two blocks for one claim, a counter used in
two senses, rates too fine to stay exact. ``Builder`` then makes rows on demand: a *layer row* is one benefit block
ready for one level, group and filing (rates combined into exact fractions over a common denominator), a *program row*
the ordered list of a claim's layers. Rows are made once and shared; the arrays only ever grow at the end.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from fractions import Fraction
from itertools import combinations
from math import lcm, prod
from typing import NamedTuple

import numpy as np

from settlement.errors import BadRules
from settlement.kernel import layout
from settlement.kernel.layout import BAND, LAYER, PROGRAM, Tables, Y
from settlement.money import MAX_FEN
from settlement.rules import resolve
from settlement.rules.pool import ANY_LEVEL, Benefit, Cite, Counter, Elsewhere, Pool
from settlement.rules.resolve import Claim, Missing, chain_of

ONE = 10_000  # basis points in 1
LIMIT = 1 << 61  # exact parts stay below this, so that twice of them fits in int64

BASE = {"in_scope": layout.BASE_IN_SCOPE, "rest": layout.BASE_REST, "person_bears": layout.BASE_PERSON_BEARS}
PER = {
    "none": layout.DEDC_NONE,
    "year": layout.DEDC_YEAR,
    "admission": layout.DEDC_ADMISSION,
    "visit": layout.DEDC_VISIT,
}
CAP_ON = {"fund": layout.CAP_FUND, "cost": layout.CAP_COST, "cost_above_deductible": layout.CAP_COST_ABOVE}
PERIOD = {"claim": layout.PER_CLAIM, "month": layout.PER_MONTH, "quarter": layout.PER_QUARTER, "year": layout.PER_YEAR}


class LayerInfo(NamedTuple):
    """What a layer row was made from, for explanations: nothing the kernel needs."""

    pool: str
    benefit: Benefit
    elsewhere: Elsewhere | None
    level: str
    retired: bool
    base_rates_bp: tuple[int, ...]
    rates: tuple[Fraction, ...]
    rule: str  # a name of the row that stays the same from run to run


class ProgramInfo(NamedTuple):
    """What a program row was made from, for explanations."""

    pool: str
    claim: Claim
    meanings: tuple[Cite, ...]  # of the codes that led here
    layers: tuple[int, ...]
    not_covered: Cite | None
    account: Cite | None
    elsewhere: Elsewhere | None


def rate_of(benefit: Benefit, band: int, level: str, retired: bool, elsewhere: Elsewhere | None) -> Fraction:
    """Return a band's rate for a level, group and filing, exactly, between 0 and 1."""
    table = benefit.bands[band].rate_bp
    rate = Fraction(table.get(level, table.get(ANY_LEVEL, 0)), ONE)
    if retired:
        rate += Fraction(benefit.retired_points_bp, ONE)
        rate = 1 - (1 - rate) * Fraction(benefit.retired_share_bp, ONE)
    if elsewhere is not None and elsewhere.mode == "points":
        rate -= Fraction(elsewhere.amount_bp, ONE)
    elif elsewhere is not None and elsewhere.mode == "multiply":
        rate *= Fraction(elsewhere.amount_bp, ONE)
    return min(Fraction(1), max(Fraction(0), rate))


class Builder:
    """Makes layer and program rows for the pools it was given."""

    def __init__(self, pools: dict[str, Pool]) -> None:
        self.pools = pools
        self.chains = {code: chain_of(pools, code) for code in pools}
        self.counters = {code: counters_of(chain) for code, chain in self.chains.items()}
        self.layers: list[list[int]] = []
        self.bands: list[tuple[int, int]] = []
        self.programs: list[tuple[int, ...]] = []
        self.program_layers: list[int] = []
        self.layer_info: list[LayerInfo] = []
        self.program_info: list[ProgramInfo] = []
        self._layer_rows: dict[object, int] = {}
        self._program_rows: dict[object, int] = {}

    def program(self, pool: str, claim: Claim, day: date, meanings: tuple[Cite, ...] = ()) -> int | Missing:
        """Return the program row for a claim of a pool on a day, made if it is new; or why there is none."""
        chain = self.chains[pool]
        layers = resolve.layers_for(chain, claim, day)
        if isinstance(layers, Missing):
            return layers
        elsewhere = resolve.elsewhere_for(chain, claim, day) if layers else None
        if isinstance(elsewhere, Missing):
            return elsewhere
        if not self._fits(layers, claim, elsewhere):
            files = f"{layers[0].cite.file}:{', '.join(str(block.cite.line) for block in layers)}"
            return Missing("R07_RATES_TOO_FINE", f"{chain[0].code} {claim.scheme}/{claim.care} ({files})")
        rows = tuple(self._layer(pool, block, claim, elsewhere) for block in layers)
        account = resolve.account_for(chain, claim.scheme, day)
        rounding = resolve.rounding_of(chain)
        cited = None if layers else resolve.not_covered(chain, claim, day)
        info = ProgramInfo(
            pool, claim, meanings, rows, cited.cite if cited else None, account.cite if account else None, elsewhere
        )
        if info not in self._program_rows:
            self._program_rows[info] = len(self.programs)
            self.program_info.append(info)
            start = len(self.program_layers)
            self.program_layers.extend(rows)
            self.programs.append(
                (
                    start, start + len(rows), rounding.at == "line", rounding.rounds == "first_pay",
                    account.covers if account else 0, bool(account and account.shared_inside),
                )
            )  # fmt: skip
        return self._program_rows[info]

    def _fits(self, layers: list[Benefit], claim: Claim, elsewhere: Elsewhere | None) -> bool:
        retired = claim.person.group == "retired"
        made = []
        for block in layers:
            rule = elsewhere if elsewhere is not None and _reduces(elsewhere, block) else None
            made.append(
                (block, tuple(rate_of(block, b, claim.level, retired, rule) for b in range(len(block.bands))), rule)
            )
        return fits_exactly(made)

    def _layer(self, pool: str, benefit: Benefit, claim: Claim, elsewhere: Elsewhere | None) -> int:
        reduced = elsewhere if elsewhere is not None and _reduces(elsewhere, benefit) else None
        retired = claim.person.group == "retired"
        key = (pool, id(benefit), claim.level, retired, reduced)  # blocks live as long as their pools
        if key not in self._layer_rows:
            self._layer_rows[key] = len(self.layers)
            rates = tuple(rate_of(benefit, b, claim.level, retired, reduced) for b in range(len(benefit.bands)))
            over = lcm(1, *(rate.denominator for rate in rates))
            start = len(self.bands)
            parts = [(b.over_fen, int(rate * over)) for b, rate in zip(benefit.bands, rates, strict=True)]
            self.bands.extend(parts)
            row = _layer_row(benefit, claim.level, reduced, self.counters[pool])
            row[Y.band_start], row[Y.band_end], row[Y.rate_over] = start, len(self.bands), over
            self.layers.append(row)
            who = " retired" if retired else ""
            filing = f" elsewhere {reduced.cite.file}:{reduced.cite.line}" if reduced else ""
            rule = f"{benefit.cite.file}:{benefit.cite.line} {benefit.layer} level {claim.level}{who}{filing}"
            plain = tuple(rate_of(benefit, b, claim.level, False, None) for b in range(len(benefit.bands)))
            self.layer_info.append(
                LayerInfo(pool, benefit, reduced, claim.level, retired, tuple(int(r * ONE) for r in plain), rates, rule)
            )
        return self._layer_rows[key]

    def tables(self, terms: np.ndarray) -> Tables:
        """Return the arrays made so far, with the catalogue's terms int64[term, 3]."""
        return Tables(
            terms,
            _matrix(self.programs, len(PROGRAM)),
            np.array(self.program_layers or [0], np.int64),
            _matrix(self.layers, len(LAYER)),
            _matrix(self.bands, len(BAND)),
        )


def _matrix(rows: Sequence[Sequence[int]], width: int) -> np.ndarray:
    return np.array(rows, np.int64).reshape(len(rows), width)


def _reduces(elsewhere: Elsewhere, benefit: Benefit) -> bool:
    if elsewhere.layers is not None:
        return benefit.layer in elsewhere.layers
    return benefit.base == "in_scope"


def _figure(table: dict[str, int], level: str) -> int:
    return table.get(level, table.get(ANY_LEVEL, 0))


def _layer_row(benefit: Benefit, level: str, reduced: Elsewhere | None, counters: dict[str, Counter]) -> list[int]:
    """Return the layer row without its bands."""
    row = [0] * len(LAYER)
    dedc, cap, measure = benefit.deductible, benefit.cap, benefit.measure
    row[Y.fund] = layout.FUNDS.index(benefit.fund)
    row[Y.base] = BASE[benefit.base]
    row[Y.with_first_pay], row[Y.without_deductible] = benefit.with_first_pay, benefit.without_deductible
    row[Y.reported] = benefit.reported
    row[Y.first_elsewhere_over] = 1
    row[Y.dedc_kind] = PER[dedc.per]
    standard = _figure(dedc.standard_fen, level) * ONE
    if reduced is not None:
        first = Fraction(reduced.amount_bp, ONE) if reduced.mode == "first_pay" else Fraction(0)
        row[Y.first_elsewhere_part], row[Y.first_elsewhere_over] = first.numerator, first.denominator
        is_fen = reduced.dedc_is_fen
        standard = standard if is_fen is None else is_fen * ONE
        standard = standard // ONE * reduced.dedc_times_bp + reduced.dedc_plus_fen * ONE
    row[Y.dedc_e4] = standard if dedc.per != "none" else 0
    row[Y.dedc_slot] = counters[dedc.counter].slot if dedc.counter else -1
    row[Y.dedc_step_fen], row[Y.dedc_floor_fen] = dedc.later_minus_fen, dedc.floor_fen
    if dedc.later_minus_fen:
        row[Y.dedc_later] = layout.LATER_MINUS
    elif dedc.later_percent_bp:
        row[Y.dedc_later] = layout.LATER_PERCENT
        row[Y.dedc_second_bp], row[Y.dedc_third_bp] = dedc.later_percent_bp[0], dedc.later_percent_bp[-1]
    row[Y.dedc_again_days], row[Y.dedc_transfer] = dedc.again_after_days, dedc.on_transfer
    row[Y.bands_year], row[Y.bands_above_dedc] = measure.on == "year", measure.start == "deductible"
    row[Y.running_slot] = counters[measure.counter].slot if measure.counter else -1
    row[Y.cap_slot] = counters[cap.counter].slot if cap and cap.counter else -1
    if cap:
        row[Y.cap_kind], row[Y.cap_period] = CAP_ON[cap.on], PERIOD[cap.per]
        row[Y.cap_fen] = _figure(cap.amount_fen, level)
    return row


def counters_of(chain: tuple[Pool, ...]) -> dict[str, Counter]:
    """Return a pool's named counters with their slots; one name may count one thing in one period only."""
    counters: dict[str, Counter] = {}
    for pool in chain:
        for block in pool.benefits:
            for name, kind, period in _uses(block):
                known = counters.setdefault(name, Counter(len(counters), kind, period))
                if (known.kind, known.period) != (kind, period):
                    raise BadRules(
                        "B04_COUNTER", f"{block.cite.file}:{block.cite.line}: counter {name!r} counts {kind} per {period}, "
                        f"but elsewhere {known.kind} per {known.period}", cure="Use another name",
                    )  # fmt: skip
    return counters


def _uses(block: Benefit) -> list[tuple[str, str, str]]:
    uses = []
    if block.deductible.counter:
        uses.append(
            (block.deductible.counter, "admissions" if block.deductible.per == "admission" else "deductible", "year")
        )
    if block.measure.counter:
        uses.append((block.measure.counter, f"running from {block.measure.start}", "year"))
    if block.cap and block.cap.counter:
        uses.append((block.cap.counter, f"cap on {block.cap.on}", block.cap.per))
    return uses


def check_pools(pools: dict[str, Pool]) -> None:
    """Raise BadRules for overlaps, counters in two senses, unknown parents, or rates too fine to stay exact."""
    for code in pools:
        check_pool(pools, code)


def check_pool(pools: dict[str, Pool], code: str) -> None:
    """Raise BadRules if one pool, with what it inherits, cannot be computed on some day."""
    chain = chain_of(pools, code)
    counters_of(chain)
    days = resolve.change_days(chain)
    kinds = {(s, c) for pool in chain for block in pool.benefits for s in block.schemes for c in block.cares}
    for scheme, care in sorted(kinds):
        for day in days:
            _check_overlap(chain, scheme, care, day)


def _check_overlap(chain: tuple[Pool, ...], scheme: str, care: str, day: date) -> None:
    for pool in chain:
        blocks = resolve.in_force(resolve.benefits_for(pool, scheme, care), day)
        for a, b in combinations(blocks, 2):
            levels_meet = a.levels is None or b.levels is None or set(a.levels) & set(b.levels)
            rivals = a.layer == b.layer and a.covered == b.covered
            if rivals and levels_meet and a.who.meets(b.who):
                raise resolve.overlap(a, b)


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
        first = base if base > 1 else first
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
