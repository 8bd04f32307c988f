"""Outputs of what moves money: how lines were split, settlements, refunds.

Required here is what the stored tables star and a real answer fills; where a real answer leaves a starred field null
(``crt_payb_lmt_amt``, the ids and the time of a pre-settlement) it is not. Names are the canonical ones: regional
spellings (``psn_pay``, ``pdn_cash_pay``, ``inscp_amt``) are made at the edge by a profile.
"""

from __future__ import annotations

from settlement.national import fields as f
from settlement.national.types import Node, Rows


class LineResult(Node, frozen=True, kw_only=True):
    """2204, 2301: how a line was split; the four parts sum to the line. ``memo`` says why."""

    feedetl_sn: f.feedetl_sn
    det_item_fee_sumamt: f.det_item_fee_sumamt
    cnt: f.cnt
    pric: f.pric
    pric_uplmt_amt: f.pric_uplmt_amt
    chrgitm_lv: f.chrgitm_lv
    med_chrgitm_type: f.med_chrgitm_type
    lmt_used_flag: f.lmt_used_flag
    selfpay_prop: f.selfpay_prop | None = None
    fulamt_ownpay_amt: f.fulamt_ownpay_amt | None = None
    overlmt_amt: f.overlmt_amt | None = None
    preselfpay_amt: f.preselfpay_amt | None = None
    inscp_scp_amt: f.inscp_scp_amt | None = None
    bas_medn_flag: f.bas_medn_flag | None = None
    hi_nego_drug_flag: f.hi_nego_drug_flag | None = None
    chld_medc_flag: f.chld_medc_flag | None = None
    list_sp_item_flag: f.list_sp_item_flag | None = None
    drt_reim_flag: f.drt_reim_flag | None = None
    memo: f.memo | None = None


class LineResults(Node, frozen=True, kw_only=True):
    """2204, 2301."""

    result: Rows[LineResult]


class FundPart(Node, frozen=True, kw_only=True):
    """A row of setldetail: funds, account (310200) and hospital (999996); the rows sum to all three together."""

    fund_pay_type: f.fund_pay_type
    inscp_scp_amt: f.inscp_scp_amt
    fund_payamt: f.fund_payamt
    crt_payb_lmt_amt: f.crt_payb_lmt_amt | None = None
    fund_pay_type_name: f.fund_pay_type_name | None = None
    setl_proc_info: f.setl_proc_info | None = None


class Amounts(Node, frozen=True, kw_only=True):
    """The amounts every settlement states, forwards or back. Not a node of its own."""

    medfee_sumamt: f.medfee_sumamt
    fulamt_ownpay_amt: f.fulamt_ownpay_amt
    overlmt_selfpay: f.overlmt_selfpay
    preselfpay_amt: f.preselfpay_amt
    inscp_scp_amt: f.inscp_scp_amt
    hifp_pay: f.hifp_pay
    pool_prop_selfpay: f.pool_prop_selfpay
    cvlserv_pay: f.cvlserv_pay
    hifes_pay: f.hifes_pay
    hifmi_pay: f.hifmi_pay
    hifob_pay: f.hifob_pay
    maf_pay: f.maf_pay
    oth_pay: f.oth_pay
    fund_pay_sumamt: f.fund_pay_sumamt
    acct_pay: f.acct_pay
    psn_cash_pay: f.psn_cash_pay
    balc: f.balc
    acct_mulaid_pay: f.acct_mulaid_pay
    medins_setl_id: f.medins_setl_id
    act_pay_dedc: f.act_pay_dedc | None = None
    hifdm_pay: f.hifdm_pay | None = None
    psn_part_amt: f.psn_part_amt | None = None
    hosp_part_amt: f.hosp_part_amt | None = None
    clr_optins: f.clr_optins | None = None
    clr_way: f.clr_way | None = None
    clr_type: f.clr_type | None = None


class SetlInfoBase(Amounts, frozen=True, kw_only=True):
    """setlinfo of every settlement: whose it is, and the amounts. Not a node of its own."""

    psn_no: f.psn_no
    psn_name: f.psn_name
    psn_cert_type: f.psn_cert_type
    certno: f.certno
    psn_type: f.psn_type
    cvlserv_flag: f.cvlserv_flag
    med_type: f.med_type
    gend: f.gend | None = None
    naty: f.naty | None = None
    brdy: f.brdy | None = None
    age: f.age | None = None
    insutype: f.insutype | None = None
    mdtrt_cert_type: f.mdtrt_cert_type | None = None
    exp_content: f.exp_content = None


class SetlInfo2101(SetlInfoBase, frozen=True, kw_only=True):
    """2101: no visit, no settlement yet."""


class SetlInfo2102(SetlInfoBase, frozen=True, kw_only=True):
    """2102: a pharmacy names visit and settlement in its one answer."""

    mdtrt_id: f.mdtrt_id
    setl_id: f.setl_id
    setl_time: f.setl_time
    psn_part_amt: f.psn_part_amt


class SetlInfo2206(SetlInfoBase, frozen=True, kw_only=True):
    """2206: the figures of 2207 without its id and time."""

    mdtrt_id: f.mdtrt_id
    psn_part_amt: f.psn_part_amt
    hosp_part_amt: f.hosp_part_amt


class SetlInfo2207(SetlInfo2206, frozen=True, kw_only=True):
    """2207."""

    setl_id: f.setl_id
    setl_time: f.setl_time


class SetlInfo2303(SetlInfoBase, frozen=True, kw_only=True):
    """2303; the last five stand in the one real answer at hand."""

    mdtrt_id: f.mdtrt_id
    insu_admdvs: f.insu_admdvs | None = None
    mdtrt_cert_no: f.mdtrt_cert_no | None = None
    psn_insu_rlts_id: f.psn_insu_rlts_id | None = None
    dedc_std: f.dedc_std | None = None
    ownpay_hosp_part: f.ownpay_hosp_part | None = None


class SetlInfo2304(SetlInfoBase, frozen=True, kw_only=True):
    """2304."""

    mdtrt_id: f.mdtrt_id
    setl_id: f.setl_id
    setl_time: f.setl_time


class RefundInfo(Amounts, frozen=True, kw_only=True):
    """2103, 2208, 2305: a settlement of its own id and opposite amounts; what it names of the person is optional."""

    mdtrt_id: f.mdtrt_id
    setl_id: f.setl_id
    setl_time: f.setl_time | None = None
    hosp_part_amt: f.hosp_part_amt
    psn_no: f.psn_no | None = None
    med_type: f.med_type | None = None
    insutype: f.insutype | None = None


class DrugLineResult(LineResult, frozen=True, kw_only=True):
    """A row of detlcutinfo: a pharmacy's line, split as in 2204."""


class Presettled2101(Node, frozen=True, kw_only=True):
    """2101."""

    setlinfo: SetlInfo2101
    setldetail: Rows[FundPart] | None = None
    detlcutinfo: Rows[DrugLineResult]


class Settled2102(Node, frozen=True, kw_only=True):
    """2102."""

    setlinfo: SetlInfo2102
    setldetail: Rows[FundPart] | None = None
    detlcutinfo: Rows[DrugLineResult]


class Presettled2206(Node, frozen=True, kw_only=True):
    """2206. A settlement that nobody but cash pays has no rows of setldetail."""

    setlinfo: SetlInfo2206
    setldetail: Rows[FundPart] | None = None


class Settled2207(Node, frozen=True, kw_only=True):
    """2207."""

    setlinfo: SetlInfo2207
    setldetail: Rows[FundPart] | None = None


class Presettled2303(Node, frozen=True, kw_only=True):
    """2303."""

    setlinfo: SetlInfo2303
    setldetail: Rows[FundPart] | None = None


class Settled2304(Node, frozen=True, kw_only=True):
    """2304."""

    setlinfo: SetlInfo2304
    setldetail: Rows[FundPart] | None = None


class Refunded(Node, frozen=True, kw_only=True):
    """2103, 2208, 2305."""

    setlinfo: RefundInfo
    setldetail: Rows[FundPart] | None = None
