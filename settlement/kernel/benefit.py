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
    DEDC_NONE,
    DEDC_YEAR,
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
    """What has happened so far in this claim."""

    in_scope_fen: int
    first_pay_fen: int
    paid_fen: int  # published payments so far
    paid: Exact  # the same before rounding
    dedc: Exact  # deductibles of the layers that work on the scope
    first_elsewhere: Exact
    rest: Exact  # what the cap of the layer just before cut off


@compiled
def base_of(layer, run):
    """Return the layer's base and the claim's first-elsewhere amount (exact)."""
    first_elsewhere = run.first_elsewhere
    if layer[Y.base] == BASE_IN_SCOPE:
        if layer[Y.first_elsewhere_part] > 0:
            first_elsewhere = times(
                whole(run.in_scope_fen), layer[Y.first_elsewhere_part], layer[Y.first_elsewhere_over]
            )
            return minus(whole(run.in_scope_fen), first_elsewhere), first_elsewhere
        return (run.in_scope_fen, 0, 1), first_elsewhere
    if layer[Y.base] == BASE_REST:
        return run.rest, first_elsewhere
    taken = plus(first_elsewhere, run.paid)
    if layer[Y.without_deductible]:
        taken = plus(taken, run.dedc)
    given = whole(run.in_scope_fen)
    if layer[Y.with_first_pay]:
        given = plus(whole(run.in_scope_fen + run.first_pay_fen), first_elsewhere)
    return minus(given, taken), first_elsewhere


@compiled
def standard_deductible(layer, claim, counter):
    """Return the deductible of this visit in whole fen, before what the year has already met."""
    if layer[Y.dedc_kind] == DEDC_NONE:
        return 0
    standard = (layer[Y.dedc_e4] + E4 // 2) // E4
    if layer[Y.dedc_kind] != DEDC_ADMISSION:
        return standard
    if counter > 0 and layer[Y.dedc_later] == LATER_MINUS:
        left = layer[Y.dedc_e4] - counter * layer[Y.dedc_step_fen] * E4
        standard = (max(layer[Y.dedc_floor_fen] * E4, left) + E4 // 2) // E4
    elif counter > 0 and layer[Y.dedc_later] == LATER_PERCENT:
        share = layer[Y.dedc_second_bp] if counter == 1 else layer[Y.dedc_third_bp]
        standard = (layer[Y.dedc_e4] * share + E8 // 2) // E8
    again = layer[Y.dedc_again_days]
    if again > 0:
        standard *= max(1, (claim[C.days_count] + again - 1) // again)
    if layer[Y.dedc_transfer]:
        standard = max(0, standard - claim[C.transfer_dedc_paid_fen])
    return standard


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
        (0, 0, 1) if part == 0 else times((0, part, over), top_rate, layer[Y.rate_over]),
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
        return granted, (0, 0, 1)
    return whole(room), minus(eligible, cost_that_fills(room, begin, layer, bands))


@compiled
def costed(layer, run, claim, room, counter):
    """Return ``(base, cost, eligible, dedc, rest, first_elsewhere, standard)``: everything before the bands."""
    base, first_elsewhere = base_of(layer, run)
    cost, rest = base, (0, 0, 1)
    if layer[Y.cap_kind] == CAP_COST:
        cost = up_to(base, room)
        rest = minus(base, cost)
    standard = standard_deductible(layer, claim, counter)
    dedc = up_to(cost, max(0, standard - counter) if layer[Y.dedc_kind] == DEDC_YEAR else standard)
    eligible = minus(cost, dedc)
    if layer[Y.cap_kind] == CAP_COST_ABOVE:
        held = up_to(eligible, room)
        rest = minus(eligible, held)
        eligible = held
    return base, cost, eligible, dedc, rest, first_elsewhere, standard


@compiled
def settle_layer(layer, claim, run, reported_fen, state, bands, step):
    """Settle one layer; write its step and return the new ``Run``. Counters are read here and grown by ``count``.

    ``layer`` is a row of the layer table, ``claim`` a column of the claims, ``step`` a column of the layer results.
    """
    year = claim[C.year_row]
    used_before, room = cap_room(layer, claim, state)
    counter = state[year, layer[Y.dedc_slot]] if layer[Y.dedc_slot] >= 0 else 0
    running = state[year, layer[Y.running_slot]] if layer[Y.running_slot] >= 0 else 0
    base, cost, eligible, dedc, rest, first_elsewhere, standard = costed(layer, run, claim, room, counter)

    begin = (running if layer[Y.bands_year] else 0) + (0 if layer[Y.bands_above_dedc] else dedc[0])
    granted = granted_on(eligible, begin, layer, bands)
    pay, cut = capped(granted, eligible, begin, room, layer, bands)
    rest = plus(rest, cut)
    if layer[Y.reported]:
        granted = pay = whole(min(reported_fen, base[0]))
    unpaid = run.in_scope_fen + (run.first_pay_fen if layer[Y.with_first_pay] else 0) - run.paid_fen
    pay_fen = max(0, min(half_up(pay), unpaid))

    step[S.base_fen] = half_up(base)
    step[S.first_elsewhere_fen] = half_up(first_elsewhere) if layer[Y.first_elsewhere_part] > 0 else 0
    step[S.cost_over_cap_fen] = half_up(rest) if layer[Y.cap_kind] >= CAP_COST else 0
    step[S.dedc_standard_fen] = standard
    step[S.dedc_before_fen] = counter if layer[Y.dedc_kind] == DEDC_YEAR else 0
    step[S.admissions_before_count] = counter if layer[Y.dedc_kind] == DEDC_ADMISSION else 0
    step[S.dedc_fen] = half_up(dedc)
    step[S.running_before_fen] = running
    step[S.running_added_fen] = half_up(eligible if layer[Y.bands_above_dedc] else cost)
    step[S.eligible_fen] = half_up(eligible)
    step[S.granted_fen] = half_up(granted)
    step[S.cap_used_before_fen] = used_before
    step[S.cap_left_fen] = room
    step[S.rest_fen] = half_up(rest)
    step[S.pay_fen] = pay_fen
    counted = cost if layer[Y.cap_kind] == CAP_COST else eligible
    step[S.cap_counted_fen] = pay_fen if layer[Y.cap_kind] <= CAP_FUND else half_up(counted)

    first_dedc = plus(run.dedc, dedc) if layer[Y.base] == BASE_IN_SCOPE else run.dedc
    return Run(
        run.in_scope_fen,
        run.first_pay_fen,
        run.paid_fen + pay_fen,
        plus(run.paid, pay),
        first_dedc,
        first_elsewhere,
        rest,
    )


@compiled
def count(layer, claim, step, state, sign):
    """Grow the counters by what the step recorded; ``sign`` -1 takes it back when the claim is refused after all."""
    year = claim[C.year_row]
    if layer[Y.dedc_kind] == DEDC_YEAR:
        state[year, layer[Y.dedc_slot]] += sign * step[S.dedc_fen]
    elif layer[Y.dedc_kind] == DEDC_ADMISSION:
        state[year, layer[Y.dedc_slot]] += sign
    if layer[Y.running_slot] >= 0:
        state[year, layer[Y.running_slot]] += sign * step[S.running_added_fen]
    if layer[Y.cap_kind] != CAP_NONE and layer[Y.cap_period] != PER_CLAIM:
        state[period_row(claim, layer[Y.cap_period]), layer[Y.cap_slot]] += sign * step[S.cap_counted_fen]
