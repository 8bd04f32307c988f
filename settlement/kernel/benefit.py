"""One benefit layer: base, deductible, bands, rate, cap, and what is left for the next (docs/calculation.md §3).

A layer arrives ready for the claim's hospital level, group and filing (``rules/compile``), so nothing here asks who
or where. ``Run`` is what the layers of one claim hand on to each other; amounts in it are exact unless named fen.
"""

from typing import NamedTuple

from settlement.kernel.arith import E4, E8, above, fraction, half_up, minus, plus, times, up_to, whole
from settlement.kernel.jit import compiled
from settlement.kernel.layout import (
    BASE_IN_SCOPE,
    BASE_REST,
    CAP_COST,
    CAP_COST_ABOVE,
    CAP_FUND,
    CAP_NONE,
    DEDC_ADMISSION,
    DEDC_LEFT_OVER,
    DEDC_NONE,
    DEDC_PERIOD,
    DEDC_VISIT,
    LATER_MINUS,
    LATER_PERCENT,
    PER_CLAIM,
    PER_MONTH,
    PER_QUARTER,
    B,
    C,
    S,
    Y,
)

Exact = tuple[int, int, int]


class Run(NamedTuple):
    """What has happened so far in this claim, or in this year's share of it."""

    in_scope_fen: int
    main_fen: int  # of it in the main part
    first_pay_fen: int
    paid_fen: int  # published payments so far
    paid: Exact  # the same before rounding
    dedc: Exact  # deductibles of the layers that work on the scope
    first_elsewhere: Exact
    main_reduced: int  # 1 once a layer took the first-elsewhere share of the main part
    rest: Exact  # what the cap of the layer just before cut off
    dedc_left_fen: int  # what the layer just before left of its deductible


NOTHING = (0, 0, 1)


@compiled
def begun(in_scope_fen, main_fen, first_pay_fen):
    """Return the ``Run`` of a claim, or of a share, before its first layer."""
    return Run(in_scope_fen, main_fen, first_pay_fen, 0, NOTHING, NOTHING, NOTHING, 0, NOTHING, 0)


@compiled
def base_of(layer, run, parts):
    """Return the layer's base, what of it the person first bears elsewhere, and the run's first-elsewhere amount (exact)."""
    if layer[Y.base] == BASE_IN_SCOPE:
        mine = run.main_fen if layer[Y.part] == 0 else parts[layer[Y.part] - 1]
        base, first, total = (mine, 0, 1), NOTHING, run.first_elsewhere
        if layer[Y.first_elsewhere_part] > 0:
            first = times(whole(mine), layer[Y.first_elsewhere_part], layer[Y.first_elsewhere_over])
            base = minus(whole(mine), first)
            if layer[Y.part] > 0 or not run.main_reduced:
                total = plus(total, first)
        if layer[Y.with_rest]:
            base = plus(base, run.rest)
        return base, first, total
    if layer[Y.base] == BASE_REST:
        return run.rest, NOTHING, run.first_elsewhere
    taken = plus(run.first_elsewhere, run.paid)
    if layer[Y.without_deductible]:
        taken = plus(taken, run.dedc)
    given = whole(run.in_scope_fen)
    if layer[Y.with_first_pay]:
        given = plus(whole(run.in_scope_fen + run.first_pay_fen), run.first_elsewhere)
    return minus(given, taken), NOTHING, run.first_elsewhere


@compiled
def standard_deductible(layer, claim, admissions):
    """Return the deductible of this visit in whole fen, before what its period has already met."""
    standard = (layer[Y.dedc_e4] + E4 // 2) // E4
    if layer[Y.dedc_kind] != DEDC_ADMISSION:
        return standard
    if admissions > 0 and layer[Y.dedc_later] == LATER_MINUS:
        left = layer[Y.dedc_e4] - admissions * layer[Y.dedc_step_fen] * E4
        standard = (max(layer[Y.dedc_floor_fen] * E4, left) + E4 // 2) // E4
    elif admissions > 0 and layer[Y.dedc_later] == LATER_PERCENT:
        share = layer[Y.dedc_second_bp] if admissions == 1 else layer[Y.dedc_third_bp]
        standard = (layer[Y.dedc_e4] * share + E8 // 2) // E8
    again = layer[Y.dedc_again_days]
    if again > 0:
        standard *= max(1, (claim[C.days_count] + again - 1) // again)
    if layer[Y.dedc_transfer]:
        standard = max(0, standard - claim[C.transfer_dedc_paid_fen])
    return standard


@compiled
def deductible_due(layer, claim, run, state, continued):
    """Return ``(standard, met before, earlier admissions, due now)`` of the layer's deductible in whole fen.

    ``continued`` is what the same layer left over in the year before, -1 where nothing is continued.
    """
    kind = layer[Y.dedc_kind]
    if kind == DEDC_NONE:
        return 0, 0, 0, 0
    if kind == DEDC_LEFT_OVER:
        return run.dedc_left_fen, 0, 0, run.dedc_left_fen
    met, admissions = 0, 0
    if layer[Y.dedc_paid_slot] >= 0:
        met = state[period_row(claim, layer[Y.dedc_period]), layer[Y.dedc_paid_slot]]
    if layer[Y.dedc_slot] >= 0:
        admissions = state[claim[C.year_row], layer[Y.dedc_slot]]
    if continued >= 0 and kind != DEDC_PERIOD:
        return continued, met, admissions, continued
    standard = standard_deductible(layer, claim, admissions)
    due = standard
    if kind == DEDC_PERIOD:
        due = max(0, standard - met)
    elif layer[Y.dedc_limit_fen] >= 0:
        due = min(standard, max(0, layer[Y.dedc_limit_fen] - met))
    return standard, met, admissions, due


@compiled
def granted_on(eligible, begin, layer, bands):
    """Return what the bands grant for an interval of cost that begins at ``begin`` (exact)."""
    fen, part, over = eligible
    end = begin + fen
    parts, top_rate = 0, 0
    last = layer[Y.band_end] - 1
    for b in range(layer[Y.band_start], layer[Y.band_end]):
        low = max(begin, bands[b, B.over_fen])
        high = end if b == last else min(end, bands[b + 1, B.over_fen])
        if high > low:
            parts += (high - low) * bands[b, B.rate_part]
        if end >= bands[b, B.over_fen]:
            top_rate = bands[b, B.rate_part]  # the fraction of a fen at the top lies in this band
    return plus(
        fraction(parts, layer[Y.rate_over]),
        NOTHING if part == 0 else times((0, part, over), top_rate, layer[Y.rate_over]),
    )


@compiled
def cost_that_fills(cap_left, begin, layer, bands):
    """Return the largest cost, from ``begin`` up, for which the bands grant at most ``cap_left`` (exact).

    Called only where the whole interval grants more, so the walk ends inside a band with a rate above 0.
    """
    parts = cap_left * layer[Y.rate_over]
    at = begin
    last = layer[Y.band_end] - 1
    for b in range(layer[Y.band_start], layer[Y.band_end]):
        rate = bands[b, B.rate_part]
        if b < last:
            width = max(0, bands[b + 1, B.over_fen] - max(at, bands[b, B.over_fen]))
            if rate == 0 or parts // rate >= width:
                parts -= width * rate
                at += width
                continue
        return at - begin + parts // rate, parts % rate, rate
    return at - begin, 0, 1


@compiled
def period_row(claim, period):
    """Return the state row that holds a counter of this period."""
    if period == PER_MONTH:
        return claim[C.month_row]
    return claim[C.quarter_row] if period == PER_QUARTER else claim[C.year_row]


@compiled
def cap_room(layer, claim, state):
    """Return ``(used before, left)`` of the layer's cap in fen; left is -1 without a cap."""
    if layer[Y.cap_kind] == CAP_NONE:
        return 0, -1
    if layer[Y.cap_period] == PER_CLAIM:
        return 0, layer[Y.cap_fen]
    used = state[period_row(claim, layer[Y.cap_period]), layer[Y.cap_slot]]
    return used, max(0, layer[Y.cap_fen] - used)


@compiled
def capped(granted, eligible, begin, room, layer, bands):
    """Return the exact payment and the rest of the cost after a cap on the fund."""
    if layer[Y.cap_kind] != CAP_FUND or not above(granted, room):
        return granted, NOTHING
    return whole(room), minus(eligible, cost_that_fills(room, begin, layer, bands))


@compiled
def costed(layer, base, due, room):
    """Return ``(cost, eligible, dedc, rest)``, exact: what caps on cost and the deductible make of a base."""
    cost, rest = base, NOTHING
    if layer[Y.cap_kind] == CAP_COST:
        cost = up_to(base, room)
        rest = minus(base, cost)
    dedc = up_to(cost, due)
    eligible = minus(cost, dedc)
    if layer[Y.cap_kind] == CAP_COST_ABOVE:
        held = up_to(eligible, room)
        rest = minus(eligible, held)
        eligible = held
    return cost, eligible, dedc, rest


@compiled
def write_step(layer, step, known, made, once):
    """Write what a layer found and made. Cells that are 0 are left as they came: a page that nobody writes costs nothing.

    ``known`` is ``(standard, met, admissions, due, running, used_before, room)`` in whole fen, ``made`` is ``(base, first, cost, dedc,
    eligible, granted, rest)``, exact.
    """
    standard, met, admissions, due, running, used_before, room = known
    base, first, cost, dedc, eligible, granted, rest = made
    step[S.base_fen] = half_up(base)
    step[S.dedc_fen] = half_up(dedc)
    step[S.eligible_fen] = half_up(eligible)
    step[S.granted_fen] = half_up(granted)
    step[S.rest_fen] = half_up(rest)
    step[S.cap_left_fen] = room
    if layer[Y.first_elsewhere_part] > 0:
        step[S.first_elsewhere_fen] = half_up(first)
    if layer[Y.dedc_kind] != DEDC_NONE:
        step[S.dedc_standard_fen] = standard
        step[S.dedc_due_fen] = due
    if layer[Y.dedc_paid_slot] >= 0:
        step[S.dedc_before_fen] = met
    if layer[Y.dedc_slot] >= 0:
        step[S.admissions_before_count] = admissions
        step[S.admissions_added_count] = 0 if once else 1
    if layer[Y.running_slot] >= 0:
        step[S.running_before_fen] = running
        step[S.running_added_fen] = half_up(eligible if layer[Y.bands_above_dedc] else cost)
    if layer[Y.cap_kind] != CAP_NONE:
        step[S.cap_used_before_fen] = used_before
    if layer[Y.cap_kind] >= CAP_COST:
        step[S.cost_over_cap_fen] = half_up(rest)
        step[S.cap_counted_fen] = half_up(cost if layer[Y.cap_kind] == CAP_COST else eligible)


@compiled
def settle_layer(layer, claim, run, told, parts, state, bands, step):
    """Settle one layer; write its step and return the new ``Run``. Counters are read here and grown by ``count``.

    ``layer`` is a row of the layer table, ``claim`` a column of the claims (or of the shares), ``parts`` its parts, ``step`` a
    column of the layer results. ``told`` is what the layer's payer reported, what the layer left of its deductible in the year
    before (-1 for none), and whether this is a later year of one deductible.
    """
    reported_fen, continued, once = told
    used_before, room = cap_room(layer, claim, state)
    running = state[claim[C.year_row], layer[Y.running_slot]] if layer[Y.running_slot] >= 0 else 0
    base, first, first_elsewhere = base_of(layer, run, parts)
    standard, met, admissions, due = deductible_due(layer, claim, run, state, continued)
    cost, eligible, dedc, rest = costed(layer, base, due, room)

    begin = (running if layer[Y.bands_year] else 0) + (0 if layer[Y.bands_above_dedc] else dedc[0])
    granted = granted_on(eligible, begin, layer, bands)
    pay, cut = capped(granted, eligible, begin, room, layer, bands)
    rest = plus(rest, cut)
    if layer[Y.reported]:
        granted = pay = whole(min(reported_fen, base[0]))
    unpaid = run.in_scope_fen + (run.first_pay_fen if layer[Y.with_first_pay] else 0) - run.paid_fen
    pay_fen = max(0, min(half_up(pay), unpaid))

    known = (standard, met, admissions, due, running, used_before, room)
    write_step(layer, step, known, (base, first, cost, dedc, eligible, granted, rest), once)
    step[S.pay_fen] = pay_fen
    if layer[Y.cap_kind] == CAP_FUND:
        step[S.cap_counted_fen] = pay_fen
    if continued >= 0 and (layer[Y.dedc_kind] == DEDC_ADMISSION or layer[Y.dedc_kind] == DEDC_VISIT):
        step[S.dedc_continued] = 1

    in_scope = layer[Y.base] == BASE_IN_SCOPE
    return Run(
        run.in_scope_fen,
        run.main_fen,
        run.first_pay_fen,
        run.paid_fen + pay_fen,
        plus(run.paid, pay),
        plus(run.dedc, dedc) if in_scope else run.dedc,
        first_elsewhere,
        1 if in_scope and layer[Y.part] == 0 and layer[Y.first_elsewhere_part] > 0 else run.main_reduced,
        rest,
        max(0, due - half_up(dedc)),
    )


@compiled
def count(layer, claim, step, state, sign):
    """Grow the counters by what the step recorded; ``sign`` -1 takes it back when the claim is refused after all."""
    year = claim[C.year_row]
    if layer[Y.dedc_paid_slot] >= 0:
        state[period_row(claim, layer[Y.dedc_period]), layer[Y.dedc_paid_slot]] += sign * step[S.dedc_fen]
    if layer[Y.dedc_slot] >= 0:
        state[year, layer[Y.dedc_slot]] += sign * step[S.admissions_added_count]
    if layer[Y.running_slot] >= 0:
        state[year, layer[Y.running_slot]] += sign * step[S.running_added_fen]
    if layer[Y.cap_kind] != CAP_NONE and layer[Y.cap_period] != PER_CLAIM:
        state[period_row(claim, layer[Y.cap_period]), layer[Y.cap_slot]] += sign * step[S.cap_counted_fen]
