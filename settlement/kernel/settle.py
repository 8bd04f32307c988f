"""Settle persons one after another, each person's claims in order, in three sweeps: scope, layers, payment.

``settle`` is the one entry for a checkout (a batch of one) and for a night (millions): the caller gives a range of
persons, so that ranges can run on several threads. Persons share nothing, so the cut between ranges changes nothing.
Each sweep touches few columns: one sweep over all fifty took twice the time, for the memory's sake and not for arithmetic.
"""

from settlement.kernel.arith import half_up, plus
from settlement.kernel.benefit import NOTHING, begun, count, settle_layer
from settlement.kernel.jit import compiled, compiled_apart
from settlement.kernel.layout import (
    ACCT_SLOT,
    COVERS_FIRST_PAY,
    COVERS_IN_SCOPE,
    COVERS_OVER_LIMIT,
    COVERS_OWN_PAY,
    HOSPITAL_PART_TOO_LARGE,
    MULAID_SLOT,
    NOTHING_TO_GIVE_BACK,
    REFUND_OUT_OF_ORDER,
    SETTLED,
    STEP_KNOWN,
    C,
    P,
    R,
    S,
    Y,
)
from settlement.kernel.scope import claim_scope, write_parts

WHOLE_STAY = (1, 0, 1)  # days in this year, days before it, days of the stay: of a claim that is not split
KNOWN = tuple(getattr(S, name) for name in STEP_KNOWN)


@compiled
def settle_scope(i, claims, tables, out):
    """Divide the lines of claim ``i``; write the line results and the five amounts of the claim's scope."""
    claim, columns = claims.columns[:, i], out.columns
    if claim[C.special] and claim[C.refund_of] >= 0:
        for column in range(R.medfee_sumamt_fen, R.inscp_scp_amt_fen + 1):
            columns[column, i] = -columns[column, claim[C.refund_of]]
        return
    program = tables.programs[claim[C.program]]
    scope = claim_scope(claim[C.line_start], claim[C.line_end], claims.lines, tables, program, out.lines)
    columns[R.medfee_sumamt_fen, i] = scope[0]
    columns[R.fulamt_ownpay_amt_fen, i] = scope[1]
    columns[R.overlmt_selfpay_fen, i] = scope[2]
    columns[R.preselfpay_amt_fen, i] = scope[3]
    columns[R.inscp_scp_amt_fen, i] = scope[4]


@compiled
def share_of(amount, days, before, stay):
    """Return what a year gets of an amount: rounded up to the end of the year, less rounded up to its beginning."""
    return (2 * amount * (before + days) + stay) // (2 * stay) - (2 * amount * before + stay) // (2 * stay)


@compiled
def run_of(i, own, days, claims, tables, out, parts):
    """Return the ``Run`` of claim ``i``, or of its share ``own`` of one year; fill ``parts``.

    ``days`` is ``(days in this year, days of the stay before it, days of the stay)``, or WHOLE_STAY.
    """
    in_scope, first_pay = out.columns[R.inscp_scp_amt_fen, i], out.columns[R.preselfpay_amt_fen, i]
    program = tables.programs[own[C.program]]
    count_of_parts = program[P.parts_count]
    if count_of_parts > 0:
        write_parts(claims.columns[:, i], in_scope, claims.lines, tables, program[P.kind_map], count_of_parts, parts)
    if days[0] == days[2]:
        left = in_scope
    else:
        in_scope, first_pay = share_of(in_scope, *days), share_of(first_pay, *days)
        left = in_scope
        for part in range(count_of_parts):
            parts[part] = min(left, share_of(parts[part], *days))
            left -= parts[part]
        return begun(in_scope, left, first_pay)
    for part in range(count_of_parts):
        left -= parts[part]
    return begun(in_scope, left, first_pay)


@compiled
def continued(layer, first_step, last_step, tables, out):
    """Return what the layer of the same name left of its deductible in the year before, -1 if there was none."""
    for at in range(first_step, last_step):
        if tables.layers[out.layers[S.layer_row, at], Y.name] == layer[Y.name]:
            return out.layers[S.dedc_due_fen, at] - out.layers[S.dedc_fen, at]
    return -1


@compiled
def settle_year(own, run, at, parts, earlier, arrays):
    """Run the layers of a claim, or of its share ``own`` of one year, from step ``at``; return the run and the next step.

    ``parts`` are its parts, ``earlier`` is ``(first step, last step, whether the deductible is one)`` of the year before.
    """
    claims, tables, state, out = arrays
    program = tables.programs[own[C.program]]
    for entry in range(program[P.layer_start], program[P.layer_end]):
        row = tables.program_layers[entry]
        layer, step = tables.layers[row], out.layers[:, at]
        reported = claims.reported[own[C.reported_row], layer[Y.fund]] if own[C.reported_row] >= 0 else 0
        left = continued(layer, earlier[0], earlier[1], tables, out) if earlier[2] else -1
        run = settle_layer(layer, own, run, (reported, left, earlier[2]), parts, state, tables.bands, step)
        step[S.layer_row] = row
        count(layer, own, step, state, 1)
        at += 1
    return run, at


@compiled_apart
def settle_split(i, claim, claims, tables, state, out):
    """Run the layers of a stay once a benefit year, its shares of earlier years first; return ``(paid, deductible)``."""
    paid_fen, dedc, before = 0, NOTHING, 0
    at, year_before, last = claim[C.step_start], claim[C.step_start], claim[C.earlier_end]
    for e in range(claim[C.earlier_start], last + 1):
        own = claims.earlier[:, e] if e < last else claim
        days = (own[C.share_days_count], before, own[C.stay_days_count])
        before += days[0]
        run, first_step = run_of(i, own, days, claims, tables, out, out.parts[:, i]), at
        earlier = (year_before, first_step, own[C.dedc_once])
        run, at = settle_year(own, run, at, out.parts[:, i], earlier, (claims, tables, state, out))
        for step in range(first_step, at):
            out.layers[S.scope_fen, step] = run.in_scope_fen
        paid_fen, dedc, year_before = paid_fen + run.paid_fen, plus(dedc, run.dedc), first_step
    return paid_fen, dedc


@compiled
def settle_layers(i, claims, tables, state, out):
    """Run the layers of claim ``i``, write its steps, grow its person's counters; refuse it if the hospital bears too much."""
    claim, columns = claims.columns[:, i], out.columns
    if not claim[C.special]:
        run = run_of(i, claim, WHOLE_STAY, claims, tables, out, out.parts[:, i])
        run, _ = settle_year(claim, run, claim[C.step_start], out.parts[:, i], (0, 0, 0), (claims, tables, state, out))
        paid_fen, dedc = run.paid_fen, run.dedc
    elif claim[C.refund_of] >= 0:
        give_back(i, claim, claims, tables, state, out)
        return
    else:
        paid_fen, dedc = settle_split(i, claim, claims, tables, state, out)
    columns[R.fund_pay_sumamt_fen, i] = paid_fen
    columns[R.act_pay_dedc_fen, i] = half_up(dedc)
    columns[R.status, i] = SETTLED
    if claim[C.hosp_part_fen] > columns[R.medfee_sumamt_fen, i] - paid_fen:
        count_all(i, claim[C.step_start], -1, claims, tables, state, out)
        columns[R.status, i] = HOSPITAL_PART_TOO_LARGE


@compiled_apart
def count_all(i, at, sign, claims, tables, state, out):
    """Grow the counters of claim ``i`` by the steps that begin at ``at``: its own, or those that give it back."""
    claim = claims.columns[:, i]
    first, last = (claim[C.earlier_start], claim[C.earlier_end]) if claim[C.special] else (0, 0)
    for e in range(first, last + 1):
        own = claims.earlier[:, e] if e < last else claim
        program = tables.programs[own[C.program]]
        for _ in range(program[P.layer_start], program[P.layer_end]):
            count(tables.layers[out.layers[S.layer_row, at]], own, out.layers[:, at], state, sign)
            at += 1


@compiled
def given_back(j, i, columns, out):
    """Tell whether a refund before claim ``i`` gave claim ``j`` back."""
    for other in range(j + 1, i):
        if columns[C.refund_of, other] == j and out[R.status, other] == SETTLED:
            return True
    return False


@compiled
def refund_status(i, claim, columns, out):
    """Return the status of refund ``i``: whether there is still something to give back, and nothing that goes first."""
    of = claim[C.refund_of]
    if out[R.status, of] != SETTLED or given_back(of, i, columns, out):
        return NOTHING_TO_GIVE_BACK
    if claim[C.last_first]:
        for j in range(of + 1, i):
            stands = columns[C.pool, j] == claim[C.pool] and columns[C.refund_of, j] < 0 and out[R.status, j] == SETTLED
            if stands and not given_back(j, i, columns, out):
                return REFUND_OUT_OF_ORDER
    return SETTLED


@compiled_apart
def give_back(i, claim, claims, tables, state, out):
    """Write refund ``i``: the steps of the claim it gives back with the opposite sign, which take its counters off again."""
    columns, of = out.columns, claim[C.refund_of]
    columns[R.fund_pay_sumamt_fen, i] = -columns[R.fund_pay_sumamt_fen, of]
    columns[R.act_pay_dedc_fen, i] = -columns[R.act_pay_dedc_fen, of]
    columns[R.status, i] = refund_status(i, claim, claims.columns, columns)
    begin = claims.columns[C.step_start, of]
    for at in range(claim[C.step_start], claim[C.step_end]):
        given = begin + at - claim[C.step_start]
        for column in range(out.layers.shape[0]):
            out.layers[column, at] = -out.layers[column, given]
        for column in KNOWN:
            out.layers[column, at] = out.layers[column, given]
    if columns[R.status, i] == SETTLED:
        count_all(of, claim[C.step_start], 1, claims, tables, state, out)


@compiled
def account_covers(covers, i, fund, out):
    """Return how much of what claim ``i`` leaves to the person an account may pay, in fen."""
    covered = out[R.fulamt_ownpay_amt_fen, i] if covers & COVERS_OWN_PAY else 0
    covered += out[R.overlmt_selfpay_fen, i] if covers & COVERS_OVER_LIMIT else 0
    covered += out[R.preselfpay_amt_fen, i] if covers & COVERS_FIRST_PAY else 0
    covered += max(0, out[R.inscp_scp_amt_fen, i] - fund) if covers & COVERS_IN_SCOPE else 0
    return covered


@compiled
def pay_person(i, claim, program, state, out):
    """Divide what the funds leave between hospital, account, shared account and cash; write it."""
    fund = out[R.fund_pay_sumamt_fen, i]
    psn_part = out[R.medfee_sumamt_fen, i] - fund - claim[C.hosp_part_fen]
    covered = min(psn_part, account_covers(program[P.acct_covers], i, fund, out)) if claim[C.acct_used_flag] else 0
    account, relative = state[claim[C.acct_row]], state[claim[C.mulaid_row]]
    own = min(account[ACCT_SLOT], covered)
    shared = min(relative[MULAID_SLOT], covered - own)
    account[ACCT_SLOT] -= own
    relative[MULAID_SLOT] -= shared
    out[R.hosp_part_amt_fen, i] = claim[C.hosp_part_fen]
    out[R.psn_part_amt_fen, i] = psn_part
    out[R.acct_pay_fen, i] = own + (shared if program[P.acct_shared_inside] else 0)
    out[R.acct_mulaid_pay_fen, i] = shared
    out[R.psn_cash_pay_fen, i] = psn_part - own - shared
    out[R.balc_fen, i] = account[ACCT_SLOT]
    out[R.acct_mulaid_balc_fen, i] = relative[MULAID_SLOT]


@compiled_apart
def return_accounts(i, claim, program, state, out):
    """Write what refund ``i`` gives back to hospital, accounts and cash: all that the claim it names took."""
    account, relative, of = state[claim[C.acct_row]], state[claim[C.mulaid_row]], claim[C.refund_of]
    for column in range(R.hosp_part_amt_fen, R.psn_cash_pay_fen + 1):
        out[column, i] = -out[column, of]
    shared = out[R.acct_mulaid_pay_fen, of]
    account[ACCT_SLOT] += out[R.acct_pay_fen, of] - (shared if program[P.acct_shared_inside] else 0)
    relative[MULAID_SLOT] += shared
    out[R.balc_fen, i] = account[ACCT_SLOT]
    out[R.acct_mulaid_balc_fen, i] = relative[MULAID_SLOT]


@compiled
def settle_payment(i, claims, tables, state, out):
    """Write who pays claim ``i``: fund by fund, then hospital, account and cash; a refused claim leaves accounts alone."""
    claim, columns = claims.columns[:, i], out.columns
    program = tables.programs[claim[C.program]]
    for column in range(R.hifp_pay_fen, R.oth_pay_fen + 1):
        columns[column, i] = 0
    for at in range(claim[C.step_start], claim[C.step_end]):
        columns[R.hifp_pay_fen + tables.layers[out.layers[S.layer_row, at], Y.fund], i] += out.layers[S.pay_fen, at]
    if columns[R.status, i] != SETTLED:
        return
    if claim[C.special] and claim[C.refund_of] >= 0:
        return_accounts(i, claim, program, state, columns)
    else:
        pay_person(i, claim, program, state, columns)


@compiled
def settle(first_person, last_person, claims, tables, state, out):
    """Settle the persons ``first_person .. last_person - 1`` of a batch, each one's claims in order.

    ``claims`` (Claims) and ``tables`` (Tables) are read; ``state`` int64[row, slot] carries the counters in and out;
    ``out`` (Results) is written. All amounts are fen; nothing is raised.
    """
    first, last = claims.person_start[first_person], claims.person_start[last_person]
    for i in range(first, last):
        settle_scope(i, claims, tables, out)
    for i in range(first, last):
        settle_layers(i, claims, tables, state, out)
    for i in range(first, last):
        settle_payment(i, claims, tables, state, out)
