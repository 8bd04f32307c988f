"""Settle persons one after another, each person's claims in order, in three sweeps: scope, layers, payment.

``settle`` is the one entry for a checkout (a batch of one) and for a night (millions): the caller gives a range of
persons, so that ranges can run on several threads. Persons share nothing, so the cut between ranges changes nothing.
Each sweep touches few columns: one sweep over all fifty took twice the time, for the memory's sake and not for arithmetic.
"""

from settlement.kernel.arith import half_up
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
def settle_scope(i, claims, tables, out):
    """Divide the lines of claim ``i``; write the line results and the five amounts of the claim's scope."""
    claim, columns = claims.columns[:, i], out.columns
    program = tables.programs[claim[C.program]]
    scope = claim_scope(claim[C.line_start], claim[C.line_end], claims.lines, tables.terms, program, out.lines)
    columns[R.medfee_sumamt_fen, i] = scope[0]
    columns[R.fulamt_ownpay_amt_fen, i] = scope[1]
    columns[R.overlmt_selfpay_fen, i] = scope[2]
    columns[R.preselfpay_amt_fen, i] = scope[3]
    columns[R.inscp_scp_amt_fen, i] = scope[4]


@compiled
def settle_layers(i, claims, tables, state, out):
    """Run the layers of claim ``i``, write its steps, grow its person's counters; refuse it if the hospital bears too much."""
    claim, columns = claims.columns[:, i], out.columns
    program = tables.programs[claim[C.program]]
    nothing = (0, 0, 1)
    run = Run(
        columns[R.inscp_scp_amt_fen, i], columns[R.preselfpay_amt_fen, i], 0, nothing, nothing, nothing, nothing
    )  # fmt: skip
    at = claim[C.step_start]
    for entry in range(program[P.layer_start], program[P.layer_end]):
        row = tables.program_layers[entry]
        layer, step = tables.layers[row], out.layers[:, at]
        reported = claims.reported[claim[C.reported_row], layer[Y.fund]] if claim[C.reported_row] >= 0 else 0
        run = settle_layer(layer, claim, run, reported, state, tables.bands, step)
        step[S.layer_row] = row
        count(layer, claim, step, state, 1)
        at += 1
    columns[R.fund_pay_sumamt_fen, i] = run.paid_fen
    columns[R.act_pay_dedc_fen, i] = half_up(run.dedc)
    columns[R.status, i] = SETTLED
    if claim[C.hosp_part_fen] > columns[R.medfee_sumamt_fen, i] - run.paid_fen:
        take_back(claim, program, tables, state, out)
        columns[R.status, i] = HOSPITAL_PART_TOO_LARGE


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
def write_funds(i, claim, program, tables, out):
    """Write the fund columns of claim ``i`` from its steps; two layers of one fund are added."""
    columns = out.columns
    for column in range(R.hifp_pay_fen, R.oth_pay_fen + 1):
        columns[column, i] = 0
    at = claim[C.step_start]
    for entry in range(program[P.layer_start], program[P.layer_end]):
        column = R.hifp_pay_fen + tables.layers[tables.program_layers[entry], Y.fund]
        columns[column, i] += out.layers[S.pay_fen, at]
        at += 1


@compiled
def take_back(claim, program, tables, state, out):
    """Undo the counters of a claim that is refused after its layers ran."""
    at = claim[C.step_start]
    for entry in range(program[P.layer_start], program[P.layer_end]):
        count(tables.layers[tables.program_layers[entry]], claim, out.layers[:, at], state, -1)
        at += 1


@compiled
def settle_payment(i, claims, tables, state, out):
    """Write who pays claim ``i``: fund by fund, then hospital, account and cash; a refused claim leaves accounts alone."""
    claim = claims.columns[:, i]
    program = tables.programs[claim[C.program]]
    write_funds(i, claim, program, tables, out)
    if out.columns[R.status, i] == SETTLED:
        pay_person(i, claim, program, state, out.columns)


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
