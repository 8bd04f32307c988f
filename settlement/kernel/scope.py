"""Fee lines → own pay, over limit, first pay, in scope (docs/calculation.md §1 and §2).

A line's over-limit part is exact in 1e-8 fen (a price limit has six decimals of a yuan, a quantity four), its first
pay in 1e-12 fen. Line results are shown in 1e-4 fen, rounded half up; the claim's sums are taken from the exact parts.
"""

from settlement.kernel.arith import E4, E8, E12
from settlement.kernel.jit import compiled
from settlement.kernel.layout import KIND_FIRST_PAY, KIND_PART, OWN_PAY, C, L, M, P, T


@compiled
def line_scope(amount, cnt_e4, term, ratio):
    """Return ``(own, over, over_e8, first_e4, first_e12)`` of one line: own pay; over limit; first pay.

    ``over`` is whole fen plus ``over_e8`` of 1e-8 fen; first pay is ``first_e4`` of 1e-4 fen plus ``first_e12`` of
    1e-12 fen (less than 1e-4 fen).
    """
    if term[T.chrgitm_lv] == OWN_PAY:
        return amount, 0, 0, 0, 0
    limit = term[T.pric_uplmt_e4]
    # cnt x limit is compared by division first: the product fits only where it matters, below the amount.
    if limit < 0 or cnt_e4 == 0 or limit > (amount * E8) // cnt_e4:
        return 0, 0, 0, amount * ratio, 0
    within = cnt_e4 * limit
    over = amount * E8 - within
    finest = (within % E8) * ratio
    return 0, over // E8, over % E8, (within // E8) * ratio + finest // E8, finest % E8


@compiled
def rounded_scope(billed, over, first_e4, first_e12, round_first_pay):
    """Return ``(over_limit, first_pay, in_scope)`` in whole fen; one side is rounded, the last is what is left.

    ``billed`` is the whole fen to divide, ``over`` the exact over-limit sum (whole, e8), ``first_*`` the exact first pay.
    """
    over_fen, over_e8 = over
    over_rounded = over_fen + (1 if 2 * over_e8 >= E8 else 0)
    first_fen, first_part = first_e4 // E4, (first_e4 % E4) * E8 + first_e12
    if round_first_pay:
        over_rounded = min(over_rounded, billed)
        first = min(first_fen + (1 if 2 * first_part >= E12 else 0), billed - over_rounded)
        return over_rounded, first, billed - over_rounded - first
    borne_part = over_e8 * E4 + first_part
    borne_fen = over_fen + first_fen + borne_part // E12
    # billed - borne, rounded half up, is billed less borne rounded half down.
    in_scope = billed - borne_fen - (1 if 2 * (borne_part % E12) > E12 else 0)
    over_rounded = min(over_rounded, billed - in_scope)
    return over_rounded, billed - in_scope - over_rounded, in_scope


@compiled
def write_line(k, own, scope, billed, out):
    """Write the result of line ``k`` in 1e-4 fen: own pay, over limit, first pay and what is left in scope."""
    over_e4, first_e4 = scope
    out[M.fulamt_ownpay_amt_fen, k] = own
    out[M.overlmt_amt_e4, k] = over_e4
    out[M.preselfpay_amt_e4, k] = first_e4
    out[M.inscp_scp_amt_e4, k] = billed * E4 - over_e4 - first_e4


@compiled
def first_pay_ratio(term, program, kinds):
    """Return the first-pay ratio of a line in bp: the program's own for its kind, else the terms'."""
    if program[P.kind_map] >= 0:
        own = kinds[program[P.kind_map], term[T.kind], KIND_FIRST_PAY]
        if own >= 0:
            return own
    return term[T.selfpay_bp]


@compiled
def claim_scope(first_line, last_line, lines, tables, program, out):
    """Return ``(medfee, own_pay, over_limit, first_pay, in_scope)`` of one claim in whole fen; write its line results."""
    at_line, round_first = program[P.round_at_line], program[P.round_first_pay]
    medfee, own_pay, over_fen, over_e8, first_e4, first_e12 = 0, 0, 0, 0, 0, 0
    whole_over, whole_first = 0, 0
    for k in range(first_line, last_line):
        amount, term = lines[L.det_item_fee_sumamt_fen, k], tables.terms[lines[L.term, k]]
        ratio = first_pay_ratio(term, program, tables.kinds)
        own, over, part, pay, fine = line_scope(amount, lines[L.cnt_e4, k], term, ratio)
        medfee += amount
        own_pay += own
        if at_line:
            over, pay, _ = rounded_scope(amount - own, (over, part), pay, fine, round_first)
            whole_over += over
            whole_first += pay
            write_line(k, own, (over * E4, pay * E4), amount - own, out)
        else:
            over_fen += over
            over_e8 += part
            first_e4 += pay
            first_e12 += fine
            half = 1 if 2 * fine >= E8 else 0
            write_line(k, own, (over * E4 + (part + E4 // 2) // E4, pay + half), amount - own, out)
    if at_line:
        return medfee, own_pay, whole_over, whole_first, medfee - own_pay - whole_over - whole_first
    over = (over_fen + over_e8 // E8, over_e8 % E8)
    over_limit, first_pay, in_scope = rounded_scope(
        medfee - own_pay, over, first_e4 + first_e12 // E8, first_e12 % E8, round_first
    )
    return medfee, own_pay, over_limit, first_pay, in_scope


@compiled
def part_scope(part, claim, lines, tables, program, kind_map):
    """Return the in-scope amount (rounded, whole fen) of the claim's lines that ``kind_map`` puts into one part.

    ``program`` is the claim's own: it has the first-pay ratios and the rounding; ``kind_map`` may be of another year.
    """
    whole_scope, billed, over_fen, over_e8, first_e4, first_e12 = 0, 0, 0, 0, 0, 0
    for k in range(claim[C.line_start], claim[C.line_end]):
        term = tables.terms[lines[L.term, k]]
        if tables.kinds[kind_map, term[T.kind], KIND_PART] != part:
            continue
        amount = lines[L.det_item_fee_sumamt_fen, k]
        own, over, fine_over, pay, fine = line_scope(
            amount, lines[L.cnt_e4, k], term, first_pay_ratio(term, program, tables.kinds)
        )
        if program[P.round_at_line]:
            whole_scope += rounded_scope(amount - own, (over, fine_over), pay, fine, program[P.round_first_pay])[2]
        billed += amount - own
        over_fen += over
        over_e8 += fine_over
        first_e4 += pay
        first_e12 += fine
    if program[P.round_at_line]:
        return whole_scope
    over = (over_fen + over_e8 // E8, over_e8 % E8)
    return rounded_scope(billed, over, first_e4 + first_e12 // E8, first_e12 % E8, False)[2]


@compiled
def write_parts(claim, in_scope, lines, tables, kind_map, parts_count, parts):
    """Write the parts of one claim: ``parts`` int64[part - 1], each at most what those before it leave of ``in_scope``."""
    program = tables.programs[claim[C.program]]
    left = in_scope
    for part in range(1, parts_count + 1):
        parts[part - 1] = min(left, part_scope(part, claim, lines, tables, program, kind_map))
        left -= parts[part - 1]
