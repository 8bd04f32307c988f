"""Every column of the calculation: its name, its unit and one line of meaning.

Read by the kernel (as positions), by ``schema`` (Arrow columns), by ``explain`` (sentences) and by the documents. The
big arrays are matrices of int64 with one row a column, so that a column is contiguous and goes to Arrow as it is;
the rule tables are matrices with one row a rule, so that a rule sits in one or two cache lines.

    Claims   columns[claim column, claim] · earlier[claim column, share] · person_start[person + 1] · lines[line column, line] ·
             reported[row, fund]
    Tables   terms[term, 4] · kinds[kind map, kind, 2] · programs[program, …] · program_layers[…] → layers[layer, …] → bands[band, 2]
    State    state[row, slot]: one row a (person, area, period) and one a (person, area) account; in and out
    Results  columns[result column, claim] · lines[line result, line] · layers[layer result, step] ·
             parts[part - 1, claim]

Steps of claim ``i`` are ``layers[:, step_start[i] : step_end[i]]``: those of its shares in earlier years first, if it is a stay that
was split, then its own. A share is a column like a claim's, for what a stay leaves to one benefit year before its last.
"""

from __future__ import annotations

from collections import namedtuple
from typing import Any, NamedTuple

import numpy as np


class Column(NamedTuple):
    """One column: name as published (unit last), unit, and its meaning in Chinese and English."""

    name: str
    unit: str
    zh: str
    en: str


FUNDS = ("hifp_pay", "hifob_pay", "hifmi_pay", "cvlserv_pay", "hifes_pay", "maf_pay", "oth_pay")

# ---- one row a claim, in ---------------------------------------------------------------------------------------
CLAIM = (
    Column("program", "row", "适用的待遇方案", "row of the program (list of layers) that applies"),
    Column("step_start", "row", "结果分段起点", "where the claim's layer results begin"),
    Column("step_end", "row", "结果分段终点", "one past the claim's last layer result"),
    Column("line_start", "row", "明细起点", "first fee line"),
    Column("line_end", "row", "明细终点", "one past the last fee line"),
    Column("year_row", "row", "年度累计行", "state row of the benefit year"),
    Column("quarter_row", "row", "季度累计行", "state row of the quarter"),
    Column("month_row", "row", "月度累计行", "state row of the month"),
    Column("acct_row", "row", "个人账户行", "state row of the account balance"),
    Column("mulaid_row", "row", "共济账户行", "state row of the shared account's balance"),
    Column("reported_row", "row", "外部支付行", "row of amounts reported by other payers, -1 for none"),
    Column("days_count", "count", "住院天数", "days of the stay, at least 1"),
    Column("transfer_dedc_paid_fen", "fen", "转出医院已付起付线", "deductible already charged at the lower hospital"),
    Column("hosp_part_fen", "fen", "医院负担金额", "what the hospital itself bears"),
    Column("acct_used_flag", "code", "使用个人账户", "1 if the account may pay"),
    Column(
        "special", "code", "特殊结算", "1: a refund, or a stay that was split; else the columns below are not looked at"
    ),
    Column("refund_of", "row", "退费原结算", "row of the claim that this one gives back, -1 for none"),
    Column("last_first", "code", "须逆序退费", "1: a refund that later claims of the person and area must precede"),
    Column("pool", "row", "统筹区", "position of the insured area among those of the batch"),
    Column("earlier_start", "row", "跨年分段首", "first share of an earlier benefit year"),
    Column(
        "earlier_end", "row", "跨年分段末", "one past the last share; the same as the first for a claim of one year"
    ),
    Column("share_days_count", "count", "本年度天数", "days of the stay in this share's year"),
    Column("stay_days_count", "count", "住院总天数", "days of the whole stay, in a share"),
    Column(
        "dedc_once", "code", "起付线只扣一次", "1: a share or claim that continues the deductible of the year before"
    ),
)

# ---- one row a fee line, in --------------------------------------------------------------------------------------
LINE = (
    Column("det_item_fee_sumamt_fen", "fen", "明细金额", "line amount"),
    Column("cnt_e4", "1/10000", "数量", "quantity"),
    Column("term", "row", "目录条款", "row of the terms that apply to the line"),
)

# ---- one row a set of catalogue terms ----------------------------------------------------------------------------
TERM = (
    Column("chrgitm_lv", "code", "目录等级", "1 甲, 2 乙, 3 丙 (own pay)"),
    Column("selfpay_bp", "bp", "先行自付比例", "first-pay ratio"),
    Column("pric_uplmt_e4", "1/10000 fen", "限价", "price limit of one unit, -1 for none"),
    Column("kind", "row", "明细类别", "what rules may ask about the line: column of the kind maps"),
)

# ---- one row a program -------------------------------------------------------------------------------------------
PROGRAM = (
    Column("layer_start", "row", "首层", "first entry of program_layers"),
    Column("layer_end", "row", "末层", "one past the last entry"),
    Column("round_at_line", "code", "逐行取整", "1: each line is rounded; 0: the claim is"),
    Column("round_first_pay", "code", "取整项", "1: first pay is rounded; 0: in scope is"),
    Column("acct_covers", "bits", "账户支付范围", "1 own pay, 2 over limit, 4 first pay, 8 in scope"),
    Column("acct_shared_inside", "code", "共济计入账户支付", "1: shared account is published inside acct_pay"),
    Column("kind_map", "row", "明细归类表", "what the program makes of each kind of line, -1 nothing of its own"),
    Column("parts_count", "count", "分部数", "parts beside the main one"),
)

# ---- one row a layer: a benefit block made ready for one level, group and filing -----------------------------------
LAYER = (
    Column("fund", "code", "基金", "position in FUNDS"),
    Column("base", "code", "基数", "0 in scope, 1 rest of the layer above, 2 what the person bears"),
    Column("with_first_pay", "code", "含先行自付", "1: the base includes first pay"),
    Column("without_deductible", "code", "不含起付线", "1: the base leaves the deductible out"),
    Column("reported", "code", "外部支付", "1: pays the amount its payer reported"),
    Column(
        "first_elsewhere_part",
        "count",
        "异地先自付分子",
        "share first borne elsewhere, as parts of ..._over; 0 for none",
    ),
    Column("first_elsewhere_over", "count", "异地先自付分母", "denominator of that share, in lowest terms"),
    Column("part", "code", "分部", "the part that an in-scope base works on, 0 the main one"),
    Column("with_rest", "code", "含上层余额", "1: what the cap of the layer before cut off is added to the base"),
    Column("name", "code", "层名", "number of the layer's name, to find it in another year's program"),
    Column(
        "dedc_kind", "code", "起付方式", "0 none, 1 period, 2 admission, 3 visit, 4 what the layer before left over"
    ),
    Column("dedc_e4", "1/10000 fen", "起付标准", "standard deductible, filing already applied"),
    Column("dedc_slot", "slot", "住院次数", "state slot of the admissions, -1 none"),
    Column("dedc_paid_slot", "slot", "起付累计", "state slot of the deductible met, -1 none"),
    Column("dedc_period", "code", "起付周期", "period of that slot: 1 month, 2 quarter, 3 year"),
    Column("dedc_limit_fen", "fen", "年度起付上限", "the deductibles of a year come to no more, -1 none"),
    Column("dedc_later", "code", "再次住院", "0 the same, 1 minus an amount, 2 percentages"),
    Column("dedc_step_fen", "fen", "递减额", "what each later admission takes off"),
    Column("dedc_floor_fen", "fen", "最低起付", "not below this"),
    Column("dedc_second_bp", "bp", "第二次比例", "share of the standard at the second admission"),
    Column("dedc_third_bp", "bp", "第三次比例", "share of the standard at the third and later ones"),
    Column("dedc_again_days", "count", "再计起付天数", "charged again for each further period, 0 never"),
    Column("dedc_transfer", "code", "转院补差", "1: only the difference on transfer"),
    Column("band_start", "row", "首档", "first band"),
    Column("band_end", "row", "末档", "one past the last band"),
    Column("rate_over", "count", "比例分母", "common denominator of the band rates"),
    Column("bands_year", "code", "按年累计分档", "1: bands run on the year's total"),
    Column("bands_above_dedc", "code", "自起付线计", "1: bounds count from the deductible"),
    Column("running_slot", "slot", "累计基数", "state slot of the running total, -1 none"),
    Column("cap_kind", "code", "封顶方式", "0 none, 1 fund, 2 cost, 3 cost above the deductible"),
    Column("cap_fen", "fen", "封顶线", "the cap"),
    Column("cap_period", "code", "封顶周期", "0 claim, 1 month, 2 quarter, 3 year"),
    Column("cap_slot", "slot", "封顶累计", "state slot of what counts against the cap, -1 none"),
)

BAND = (
    Column("over_fen", "fen", "起点", "the band begins above this"),
    Column("rate_part", "count", "比例分子", "rate as parts of the layer's rate_over"),
)

# ---- one row a claim, out ----------------------------------------------------------------------------------------
RESULT = (
    Column("medfee_sumamt_fen", "fen", "医疗费总额", "total of the fee lines"),
    Column("fulamt_ownpay_amt_fen", "fen", "全自费", "outside the catalogue, borne by the person"),
    Column("overlmt_selfpay_fen", "fen", "超限价自费", "above the price limit"),
    Column("preselfpay_amt_fen", "fen", "先行自付", "the person's first share of class 乙 items"),
    Column("inscp_scp_amt_fen", "fen", "政策范围内", "within policy scope: what benefits work on"),
    Column("act_pay_dedc_fen", "fen", "实际支付起付线", "deductible used by the layers that work on the scope"),
    Column("hifp_pay_fen", "fen", "统筹基金支付", "basic pooled fund"),
    Column("hifob_pay_fen", "fen", "职工大额支付", "employee large-amount fund"),
    Column("hifmi_pay_fen", "fen", "居民大病支付", "resident critical-illness insurance"),
    Column("cvlserv_pay_fen", "fen", "公务员补助支付", "civil-servant supplement"),
    Column("hifes_pay_fen", "fen", "企业补充支付", "enterprise supplement"),
    Column("maf_pay_fen", "fen", "医疗救助支付", "medical assistance"),
    Column("oth_pay_fen", "fen", "其他支付", "other funds"),
    Column("fund_pay_sumamt_fen", "fen", "基金支付总额", "sum of the funds"),
    Column("hosp_part_amt_fen", "fen", "医院负担", "borne by the hospital"),
    Column("psn_part_amt_fen", "fen", "个人负担总额", "the person's part: total less funds less hospital"),
    Column("acct_pay_fen", "fen", "个人账户支付", "paid from the person's account"),
    Column("acct_mulaid_pay_fen", "fen", "账户共济支付", "paid from a relative's shared account"),
    Column("psn_cash_pay_fen", "fen", "个人现金支付", "what is left to pay in cash"),
    Column("balc_fen", "fen", "账户余额", "account balance afterwards"),
    Column("acct_mulaid_balc_fen", "fen", "共济账户余额", "shared account balance afterwards"),
    Column("status", "code", "状态", "0 settled; otherwise the number of a K refusal and no amount counts"),
)

# ---- one row a fee line, out -------------------------------------------------------------------------------------
LINE_RESULT = (
    Column("fulamt_ownpay_amt_fen", "fen", "全自费", "outside the catalogue"),
    Column("overlmt_amt_e4", "1/10000 fen", "超限价", "above the price limit"),
    Column("preselfpay_amt_e4", "1/10000 fen", "先行自付", "first pay"),
    Column("inscp_scp_amt_e4", "1/10000 fen", "政策范围内", "in scope"),
)

# ---- one row a layer of a claim, out -----------------------------------------------------------------------------
LAYER_RESULT = (
    Column("layer_row", "row", "规则行", "row of the rule that made this step"),
    Column("scope_fen", "fen", "本段范围内", "in scope of this year's share, for a stay that was split"),
    Column("base_fen", "fen", "计算基数", "what the layer works on"),
    Column("first_elsewhere_fen", "fen", "异地先自付", "first borne by the person because care was elsewhere"),
    Column("cost_over_cap_fen", "fen", "超费用限额", "cost that a cost cap took out"),
    Column("dedc_standard_fen", "fen", "本次起付标准", "deductible of this visit before what was already met"),
    Column("dedc_before_fen", "fen", "已付起付线", "deductible already met in its period"),
    Column("admissions_before_count", "count", "已住院次数", "earlier admissions in the year"),
    Column("admissions_added_count", "count", "本次计入住院次数", "admissions that this claim counts"),
    Column("dedc_due_fen", "fen", "本次应付起付线", "what is left of the standard for this claim"),
    Column(
        "dedc_continued",
        "code",
        "接续上年起付线",
        "1: what the same layer left over in the year before of a split stay",
    ),
    Column("dedc_fen", "fen", "本次起付线", "deductible used now"),
    Column("running_before_fen", "fen", "年度累计基数", "running total before this claim"),
    Column("running_added_fen", "fen", "本次计入累计", "what this claim adds to the running total"),
    Column("eligible_fen", "fen", "起付线以上", "what the bands work on"),
    Column("granted_fen", "fen", "按比例应付", "what the bands grant"),
    Column("cap_used_before_fen", "fen", "封顶已用", "what already counted against the cap"),
    Column("cap_left_fen", "fen", "封顶余额", "what the cap leaves, -1 without a cap"),
    Column("cap_counted_fen", "fen", "本次计入封顶", "what this claim counts against the cap"),
    Column("rest_fen", "fen", "超封顶费用", "cost that the cap passes to the next layer"),
    Column("pay_fen", "fen", "本层支付", "paid by this layer"),
)


def positions(group: str, columns: tuple[Column, ...]) -> Any:
    """Return a named tuple of the columns' positions; ``R.pay_fen`` is then a constant in compiled code."""
    return namedtuple(group, [column.name for column in columns])(*range(len(columns)))


C = positions("ClaimAt", CLAIM)
L = positions("LineAt", LINE)
T = positions("TermAt", TERM)
P = positions("ProgramAt", PROGRAM)
Y = positions("LayerAt", LAYER)
B = positions("BandAt", BAND)
R = positions("ResultAt", RESULT)
M = positions("LineResultAt", LINE_RESULT)
S = positions("StepAt", LAYER_RESULT)

BASE_IN_SCOPE, BASE_REST, BASE_PERSON_BEARS = 0, 1, 2
DEDC_NONE, DEDC_PERIOD, DEDC_ADMISSION, DEDC_VISIT, DEDC_LEFT_OVER = 0, 1, 2, 3, 4
KIND_PART, KIND_FIRST_PAY = 0, 1
OWN_PAY = 3  # charge level 丙
LATER_SAME, LATER_MINUS, LATER_PERCENT = 0, 1, 2
CAP_NONE, CAP_FUND, CAP_COST, CAP_COST_ABOVE = 0, 1, 2, 3
PER_CLAIM, PER_MONTH, PER_QUARTER, PER_YEAR = 0, 1, 2, 3
COVERS_OWN_PAY, COVERS_OVER_LIMIT, COVERS_FIRST_PAY, COVERS_IN_SCOPE = 1, 2, 4, 8
ACCT_SLOT, MULAID_SLOT = 0, 1  # slots of the account rows; both balances may be one row
SETTLED, HOSPITAL_PART_TOO_LARGE, NOTHING_TO_GIVE_BACK, REFUND_OUT_OF_ORDER = 0, 1, 2, 3
# What a refund repeats of the step it gives back, as it stands: what was known before, not what was done.
STEP_KNOWN = (
    "layer_row", "dedc_standard_fen", "dedc_before_fen", "dedc_due_fen", "dedc_continued", "admissions_before_count", "running_before_fen",
    "cap_used_before_fen", "cap_left_fen",
)  # fmt: skip


class Claims(NamedTuple):
    """A claim batch; persons are contiguous and each person's claims in order of settlement."""

    columns: np.ndarray
    earlier: np.ndarray
    person_start: np.ndarray
    lines: np.ndarray
    reported: np.ndarray


class Tables(NamedTuple):
    """The compiled rulebook."""

    terms: np.ndarray
    programs: np.ndarray
    program_layers: np.ndarray
    layers: np.ndarray
    bands: np.ndarray
    kinds: np.ndarray


class Results(NamedTuple):
    """Where the kernel writes. The step and part arrays come filled with 0, and cells that stay 0 are not written."""

    columns: np.ndarray
    lines: np.ndarray
    layers: np.ndarray
    parts: np.ndarray
