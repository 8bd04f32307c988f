"""Pools → flat tables: every choice of rule made once, so that the kernel only follows row numbers.

``check`` has refused what cannot be computed before any claim is seen. ``Builder`` makes rows on demand: a *layer row* is one benefit block
ready for one level, group and filing (rates combined into exact fractions over a common denominator), a *program row*
the ordered list of a claim's layers. Rows are made once and shared; the arrays only ever grow at the end.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from fractions import Fraction
from math import lcm
from typing import NamedTuple

import numpy as np

from settlement.kernel import layout
from settlement.kernel.layout import BAND, LAYER, PROGRAM, Tables, Y
from settlement.rules import resolve
from settlement.rules.check import ONE, counters_of, fits_exactly
from settlement.rules.items import KindMaps, parts_of
from settlement.rules.pool import ANY_LEVEL, Benefit, Cite, Counter, Deductible, Elsewhere, FilingRule, Pool
from settlement.rules.resolve import Claim, Missing, chain_of

BASE = {"in_scope": layout.BASE_IN_SCOPE, "rest": layout.BASE_REST, "person_bears": layout.BASE_PERSON_BEARS}
PER = {
    "none": layout.DEDC_NONE,
    "year": layout.DEDC_PERIOD,
    "quarter": layout.DEDC_PERIOD,
    "month": layout.DEDC_PERIOD,
    "admission": layout.DEDC_ADMISSION,
    "visit": layout.DEDC_VISIT,
    "left_over": layout.DEDC_LEFT_OVER,
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
    filing: FilingRule | None  # what made the stated filing count as another
    kind_map: int  # what the program makes of fee lines, -1 nothing of its own


class Place(NamedTuple):
    """What a layer row owes to its place in one program: its part, and where the deductible it continues is counted."""

    part: int = 0
    paid_slot: int = -1
    paid_period: int = layout.PER_YEAR


def rate_of(benefit: Benefit, band: int, level: str, retired: bool, elsewhere: Elsewhere | None) -> Fraction:
    """Return a band's rate for a level, group and filing, exactly, between 0 and 1."""
    table = benefit.bands[band].rate_bp
    rate = Fraction(table[level] if level in table else table[ANY_LEVEL], ONE)
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
        self.chains = {code: chain_of(pools, code) for code in pools}
        self.counters = {code: counters_of(chain) for code, chain in self.chains.items()}
        self.layers: list[list[int]] = []
        self.bands: list[tuple[int, int]] = []
        self.programs: list[tuple[int, ...]] = []
        self.program_layers: list[int] = []
        self.layer_info: list[LayerInfo] = []
        self.program_info: list[ProgramInfo] = []
        self.kind_maps = KindMaps()
        self.layer_names: dict[str, int] = {}
        self._layer_rows: dict[object, int] = {}
        self._program_rows: dict[object, int] = {}

    def program(
        self, pool: str, claim: Claim, day: date, meanings: tuple[Cite, ...] = (), filing: FilingRule | None = None
    ) -> int | Missing:
        """Return the program row for a claim of a pool on a day, made if it is new; or why there is none.

        ``meanings`` and ``filing`` say how the claim's words came about; they are kept for explanations.
        """
        chain = self.chains[pool]
        layers = resolve.layers_for(chain, claim, day)
        if isinstance(layers, Missing):
            return layers
        elsewhere = resolve.elsewhere_for(chain, claim, day) if layers else None
        if isinstance(elsewhere, Missing):
            return elsewhere
        if not self._fits(layers, claim, elsewhere):
            files = ", ".join(f"{block.cite.file}:{block.cite.line}" for block in layers)
            return Missing("R07_RATES_TOO_FINE", f"{chain[0].code} {claim.scheme}/{claim.care} ({files})")
        account = resolve.account_for(chain, claim.scheme, day)
        rounding = resolve.rounding_of(chain)
        cited = None if layers else resolve.not_covered(chain, claim, day)
        parts = parts_of(layers)
        info = ProgramInfo(
            pool, claim, meanings, self._rows(pool, layers, claim, elsewhere), cited.cite if cited else None,
            account.cite if account else None, elsewhere, filing,
            self.kind_maps.row(parts, resolve.first_pays_for(chain, claim, day)),
        )  # fmt: skip
        if info not in self._program_rows:
            self._program_rows[info] = len(self.programs)
            self.program_info.append(info)
            start = len(self.program_layers)
            self.program_layers.extend(info.layers)
            self.programs.append(
                (
                    start, start + len(info.layers), rounding.at == "line", rounding.rounds == "first_pay",
                    account.covers if account else 0, bool(account and account.shared_inside), info.kind_map, len(parts),
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

    def _rows(self, pool: str, layers: list[Benefit], claim: Claim, elsewhere: Elsewhere | None) -> tuple[int, ...]:
        """Return the rows of a program's layers; each owes its part and the deductible it continues to its place."""
        rows: list[int] = []
        before, parts = Place()[1:], 0
        for block in layers:
            parts += block.items is not None
            part = parts if block.items else 0
            leads = block.deductible.per == "left_over"
            row = self._layer(pool, block, claim, elsewhere, Place(part, *before) if leads else Place(part))
            before = self.layers[row][Y.dedc_paid_slot], self.layers[row][Y.dedc_period]
            rows.append(row)
        return tuple(rows)

    def _layer(self, pool: str, benefit: Benefit, claim: Claim, elsewhere: Elsewhere | None, place: Place) -> int:
        reduced = elsewhere if elsewhere is not None and _reduces(elsewhere, benefit) else None
        retired = claim.person.group == "retired"
        key = (pool, id(benefit), claim.level, retired, reduced, place)  # blocks live as long as their pools
        if key not in self._layer_rows:
            self._layer_rows[key] = len(self.layers)
            rates = tuple(rate_of(benefit, b, claim.level, retired, reduced) for b in range(len(benefit.bands)))
            over = lcm(*(rate.denominator for rate in rates))
            start = len(self.bands)
            parts = [(b.over_fen, int(rate * over)) for b, rate in zip(benefit.bands, rates, strict=True)]
            self.bands.extend(parts)
            row = _layer_row(benefit, claim.level, reduced, self.counters[pool], place)
            row[Y.name] = self.layer_names.setdefault(benefit.layer, len(self.layer_names))
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
        """Return the arrays made so far, with the catalogue's terms int64[term, 4]."""
        return Tables(
            terms,
            _matrix(self.programs, len(PROGRAM)),
            np.array(self.program_layers or [0], np.int64),
            _matrix(self.layers, len(LAYER)),
            _matrix(self.bands, len(BAND)),
            self.kind_maps.table(),
        )


def _matrix(rows: Sequence[Sequence[int]], width: int) -> np.ndarray:
    return np.array(rows, np.int64).reshape(len(rows), width)


def _reduces(elsewhere: Elsewhere, benefit: Benefit) -> bool:
    if elsewhere.layers is not None:
        return benefit.layer in elsewhere.layers
    return benefit.base == "in_scope"


def _figure(table: dict[str, int], level: str) -> int:
    return table.get(level, table.get(ANY_LEVEL, 0))


def _layer_row(
    benefit: Benefit, level: str, reduced: Elsewhere | None, counters: dict[str, Counter], place: Place
) -> list[int]:
    """Return the layer row without its bands."""
    row = [0] * len(LAYER)
    dedc, cap, measure = benefit.deductible, benefit.cap, benefit.measure
    row[Y.fund] = layout.FUNDS.index(benefit.fund)
    row[Y.base] = BASE[benefit.base]
    row[Y.with_first_pay], row[Y.without_deductible] = benefit.with_first_pay, benefit.without_deductible
    row[Y.reported], row[Y.part], row[Y.with_rest] = benefit.reported, place.part, benefit.with_rest
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
    _deductible_columns(row, dedc, counters, place)
    row[Y.bands_year], row[Y.bands_above_dedc] = measure.on == "year", measure.start == "deductible"
    row[Y.running_slot] = counters[measure.counter].slot if measure.counter else -1
    row[Y.cap_slot] = counters[cap.counter].slot if cap and cap.counter else -1
    if cap:
        row[Y.cap_kind], row[Y.cap_period] = CAP_ON[cap.on], PERIOD[cap.per]
        row[Y.cap_fen] = _figure(cap.amount_fen, level)
    return row


def _deductible_columns(row: list[int], dedc: Deductible, counters: dict[str, Counter], place: Place) -> None:
    """Fill the columns that say how a deductible is counted and how it falls."""
    row[Y.dedc_slot], row[Y.dedc_paid_slot], row[Y.dedc_period] = -1, place.paid_slot, place.paid_period
    row[Y.dedc_limit_fen] = -1
    if dedc.per == "admission":
        row[Y.dedc_slot] = counters[dedc.counter].slot
    elif dedc.counter:
        row[Y.dedc_paid_slot], row[Y.dedc_period] = counters[dedc.counter].slot, PERIOD[dedc.per]
    if dedc.year_limit_fen is not None:
        row[Y.dedc_limit_fen], row[Y.dedc_paid_slot] = dedc.year_limit_fen, counters[dedc.limit_counter].slot
        row[Y.dedc_period] = layout.PER_YEAR
    row[Y.dedc_step_fen], row[Y.dedc_floor_fen] = dedc.later_minus_fen, dedc.floor_fen
    if dedc.later_minus_fen:
        row[Y.dedc_later] = layout.LATER_MINUS
    elif dedc.later_percent_bp:
        row[Y.dedc_later] = layout.LATER_PERCENT
        row[Y.dedc_second_bp], row[Y.dedc_third_bp] = dedc.later_percent_bp[0], dedc.later_percent_bp[-1]
    row[Y.dedc_again_days], row[Y.dedc_transfer] = dedc.again_after_days, dedc.on_transfer
