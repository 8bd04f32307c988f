"""Settle persons one after another, each person's claims in order, each claim layer by layer.

``settle`` is the one entry for a checkout (a batch of one) and for a night (millions): the caller gives a range of
persons, so that ranges can run on several threads. Persons share nothing, so the cut between ranges changes nothing.
"""

from settlement.kernel.arith import half_up, whole
from settlement.kernel.benefit import Run, count, settle_layer
from settlement.kernel.jit import compiled
from settlement.kernel.layout import (
    ACCT_SLOT,
    COVERS_FIRST_PAY,
    COVERS_IN_SCOPE,
    COVERS_OVER_LIMIT,
    COVERS_OWN_PAY,
    HOSPITAL_PART_TOO_LARGE,
    MULAID_SLOT,
    SETTLED,
    C,
    P,
    R,
    S,
    Y,
)
from settlement.kernel.scope import claim_scope


@compiled
def settle_layers(claim, program, scope, claims, tables, state, out):
    """Run the claim's layers, write their steps, the fund columns are left to the caller; return ``(fund, dedc)`` sums."""
    _, _, _, first_pay, in_scope = scope
    nothing = (0, 0, 1)
    run = Run(in_scope, first_pay, 0, whole(0), nothing, nothing, nothing)
    at = claim[C.step_start]
    for entry in range(program[P.layer_start], program[P.layer_end]):
        row = tables.program_layers[entry]
        layer, step = tables.layers[row], out.layers[:, at]
        reported = claims.reported[claim[C.reported_row], layer[Y.fund]] if claim[C.reported_row] >= 0 else 0
        run = settle_layer(layer, claim, run, reported, state, tables.bands, step)
        step[S.layer_row] = row
        count(layer, claim, step, state, 1)
        at += 1
    return run.paid_fen, half_up(run.dedc)


@compiled
def account_covers(covers, scope, fund, psn_part):
    """Return how much of the person's part an account may pay, in fen."""
    _, own_pay, over_limit, first_pay, in_scope = scope
    covered = own_pay if covers & COVERS_OWN_PAY else 0
    covered += over_limit if covers & COVERS_OVER_LIMIT else 0
    covered += first_pay if covers & COVERS_FIRST_PAY else 0
    covered += max(0, in_scope - fund) if covers & COVERS_IN_SCOPE else 0
    return min(covered, psn_part)


@compiled
def pay_person(i, claim, program, scope, fund, state, out):
    """Divide what the funds leave between hospital, account, shared account and cash; write it."""
    psn_part = scope[0] - fund - claim[C.hosp_part_fen]
    covered = account_covers(program[P.acct_covers], scope, fund, psn_part) if claim[C.acct_used_flag] else 0
    account = state[claim[C.acct_row]]
    own = min(account[ACCT_SLOT], covered)
    shared = min(account[MULAID_SLOT], covered - own)
    account[ACCT_SLOT] -= own
    account[MULAID_SLOT] -= shared
    out[R.hosp_part_amt_fen, i] = claim[C.hosp_part_fen]
    out[R.psn_part_amt_fen, i] = psn_part
    out[R.acct_pay_fen, i] = own + (shared if program[P.acct_shared_inside] else 0)
    out[R.acct_mulaid_pay_fen, i] = shared
    out[R.psn_cash_pay_fen, i] = psn_part - own - shared
    out[R.balc_fen, i] = account[ACCT_SLOT]
    out[R.acct_mulaid_balc_fen, i] = account[MULAID_SLOT]


@compiled
def write_funds(i, claim, program, fund, dedc, tables, out):
    """Write the fund columns of claim ``i`` from its steps; two layers of one fund are added."""
    columns = out.columns
    for column in range(R.hifp_pay_fen, R.oth_pay_fen + 1):
        columns[column, i] = 0
    at = claim[C.step_start]
    for entry in range(program[P.layer_start], program[P.layer_end]):
        column = R.hifp_pay_fen + tables.layers[tables.program_layers[entry], Y.fund]
        columns[column, i] += out.layers[S.pay_fen, at]
        at += 1
    columns[R.fund_pay_sumamt_fen, i] = fund
    columns[R.act_pay_dedc_fen, i] = dedc


@compiled
def take_back(claim, program, tables, state, out):
    """Undo the counters of a claim that is refused after its layers ran."""
    at = claim[C.step_start]
    for entry in range(program[P.layer_start], program[P.layer_end]):
        count(tables.layers[tables.program_layers[entry]], claim, out.layers[:, at], state, -1)
        at += 1


@compiled
def settle_row(i, claims, tables, state, out):
    """Settle claim ``i``: read its column, write its results, grow its person's counters."""
    claim = claims.columns[:, i]
    program = tables.programs[claim[C.program]]
    scope = claim_scope(claim[C.line_start], claim[C.line_end], claims.lines, tables.terms, program, out.lines)
    fund, dedc = settle_layers(claim, program, scope, claims, tables, state, out)
    columns = out.columns
    columns[R.medfee_sumamt_fen, i] = scope[0]
    columns[R.fulamt_ownpay_amt_fen, i] = scope[1]
    columns[R.overlmt_selfpay_fen, i] = scope[2]
    columns[R.preselfpay_amt_fen, i] = scope[3]
    columns[R.inscp_scp_amt_fen, i] = scope[4]
    write_funds(i, claim, program, fund, dedc, tables, out)
    if claim[C.hosp_part_fen] > scope[0] - fund:
        take_back(claim, program, tables, state, out)
        columns[R.status, i] = HOSPITAL_PART_TOO_LARGE
        return
    pay_person(i, claim, program, scope, fund, state, columns)
    columns[R.status, i] = SETTLED


@compiled
def settle(first_person, last_person, claims, tables, state, out):
    """Settle the persons ``first_person .. last_person - 1`` of a batch, each one's claims in order.

    ``claims`` (Claims) and ``tables`` (Tables) are read; ``state`` int64[row, slot] carries the counters in and out;
    ``out`` (Results) is written. All amounts are fen; nothing is raised.
    """
    for person in range(first_person, last_person):
        for i in range(claims.person_start[person], claims.person_start[person + 1]):
            settle_row(i, claims, tables, state, out)
