"""Inputs of an outpatient visit, 2201 to 2208, and the diagnoses that inpatient messages share."""

from __future__ import annotations

from settlement.national import fields as f
from settlement.national.types import Node, Rows


class Registration(Node, frozen=True, kw_only=True):
    """2201: the visit."""

    psn_no: f.psn_no
    insutype: f.insutype
    begntime: f.begntime
    mdtrt_cert_type: f.mdtrt_cert_type
    mdtrt_cert_no: f.mdtrt_cert_no
    ipt_otp_no: f.ipt_otp_no
    atddr_no: f.atddr_no
    dr_name: f.dr_name
    dept_code: f.dept_code
    dept_name: f.dept_name
    caty: f.caty
    card_sn: f.card_sn | None = None
    psn_cert_type: f.psn_cert_type | None = None
    certno: f.certno | None = None


class RegistrationUndo(Node, frozen=True, kw_only=True):
    """2202: the visit to undo."""

    psn_no: f.psn_no
    mdtrt_id: f.mdtrt_id
    ipt_otp_no: f.ipt_otp_no


class Visit(Node, frozen=True, kw_only=True):
    """2203: what kind of visit it is."""

    mdtrt_id: f.mdtrt_id
    psn_no: f.psn_no
    med_type: f.med_type
    begntime: f.begntime
    main_cond_dscr: f.main_cond_dscr | None = None
    dise_codg: f.dise_codg | None = None
    dise_name: f.dise_name | None = None
    birctrl_type: f.birctrl_type | None = None
    birctrl_matn_date: f.birctrl_matn_date | None = None
    matn_type: f.matn_type | None = None
    geso_val: f.geso_val | None = None
    exp_content: f.exp_content = None


class Diagnosis(Node, frozen=True, kw_only=True):
    """One diagnosis of 2203, 2401, 2402 or 2403; the required ones are from memory, so the fewest are required."""

    diag_type: f.diag_type
    diag_srt_no: f.diag_srt_no
    diag_code: f.diag_code
    diag_name: f.diag_name
    diag_dept: f.diag_dept | None = None
    dise_dor_no: f.dise_dor_no | None = None
    dise_dor_name: f.dise_dor_name | None = None
    diag_time: f.diag_time | None = None
    vali_flag: f.vali_flag | None = None
    inout_diag_type: f.inout_diag_type | None = None
    maindiag_flag: f.maindiag_flag | None = None
    adm_cond: f.adm_cond | None = None
    mdtrt_id: f.mdtrt_id | None = None
    psn_no: f.psn_no | None = None


class VisitInput(Node, frozen=True, kw_only=True):
    """2203."""

    mdtrtinfo: Visit
    diseinfo: Rows[Diagnosis] | None = None


class Fee(Node, frozen=True, kw_only=True):
    """What every fee line says, at a pharmacy, an outpatient visit or a stay."""

    feedetl_sn: f.feedetl_sn
    fee_ocur_time: f.fee_ocur_time
    med_list_codg: f.med_list_codg
    medins_list_codg: f.medins_list_codg
    det_item_fee_sumamt: f.det_item_fee_sumamt
    cnt: f.cnt
    pric: f.pric
    rxno: f.rxno | None = None
    rx_circ_flag: f.rx_circ_flag | None = None
    sin_dos_dscr: f.sin_dos_dscr | None = None
    used_frqu_dscr: f.used_frqu_dscr | None = None
    prd_days: f.prd_days | None = None
    medc_way_dscr: f.medc_way_dscr | None = None
    bilg_dr_codg: f.bilg_dr_codg | None = None
    bilg_dr_name: f.bilg_dr_name | None = None
    tcmdrug_used_way: f.tcmdrug_used_way | None = None


class WardFee(Fee, frozen=True, kw_only=True):
    """What a line of a hospital says beside: who ordered and who carried it out. Not a node of its own."""

    mdtrt_id: f.mdtrt_id
    psn_no: f.psn_no
    bilg_dept_codg: f.bilg_dept_codg
    bilg_dept_name: f.bilg_dept_name
    bilg_dr_codg: f.bilg_dr_codg
    bilg_dr_name: f.bilg_dr_name
    acord_dept_codg: f.acord_dept_codg | None = None
    acord_dept_name: f.acord_dept_name | None = None
    orders_dr_code: f.orders_dr_code | None = None
    orders_dr_name: f.orders_dr_name | None = None
    hosp_appr_flag: f.hosp_appr_flag | None = None
    etip_flag: f.etip_flag | None = None
    etip_hosp_code: f.etip_hosp_code | None = None
    dscg_tkdrug_flag: f.dscg_tkdrug_flag | None = None
    matn_fee_flag: f.matn_fee_flag | None = None
    memo: f.memo | None = None
    exp_content: f.exp_content = None


class OutpatientFee(WardFee, frozen=True, kw_only=True):
    """2204: one line of a charge batch. hosp_appr_flag is required in one province's table and optional in another's."""

    chrg_bchno: f.chrg_bchno
    rx_circ_flag: f.rx_circ_flag
    dise_codg: f.dise_codg | None = None


class OutpatientFees(Node, frozen=True, kw_only=True):
    """2204."""

    feedetail: Rows[OutpatientFee]


class FeesUndo(Node, frozen=True, kw_only=True):
    """2205: the batch whose unsettled lines go; 0000 means all of the visit."""

    mdtrt_id: f.mdtrt_id
    chrg_bchno: f.chrg_bchno
    psn_no: f.psn_no


class OutpatientPreSettle(Node, frozen=True, kw_only=True):
    """2206."""

    psn_no: f.psn_no
    mdtrt_cert_type: f.mdtrt_cert_type
    mdtrt_cert_no: f.mdtrt_cert_no
    med_type: f.med_type
    medfee_sumamt: f.medfee_sumamt
    psn_setlway: f.psn_setlway
    mdtrt_id: f.mdtrt_id
    chrg_bchno: f.chrg_bchno
    acct_used_flag: f.acct_used_flag
    insutype: f.insutype
    card_sn: f.card_sn | None = None
    exp_content: f.exp_content = None


class OutpatientSettle(OutpatientPreSettle, frozen=True, kw_only=True):
    """2207: the same, with the four parts that 2204 made of the total, and the invoice."""

    fulamt_ownpay_amt: f.fulamt_ownpay_amt
    overlmt_selfpay: f.overlmt_selfpay
    preselfpay_amt: f.preselfpay_amt
    inscp_scp_amt: f.inscp_scp_amt
    invono: f.invono | None = None


class DrugTrace(Node, frozen=True, kw_only=True):
    """A drug's tracing code, in newer editions of 2207; an empty row of it is no fault."""

    feedetl_sn: f.feedetl_sn | None = None
    drug_trac_codg: f.drug_trac_codg | None = None
    trdn_flag: f.trdn_flag | None = None
    min_prcunt_type: f.min_prcunt_type | None = None


class OutpatientSettleInput(Node, frozen=True, kw_only=True):
    """2207."""

    data: OutpatientSettle
    drug_trac_info: Rows[DrugTrace] | None = None


class SettlementRef(Node, frozen=True, kw_only=True):
    """2103, 2208, 2305: the settlement to give back."""

    setl_id: f.setl_id
    mdtrt_id: f.mdtrt_id
    psn_no: f.psn_no
    exp_content: f.exp_content = None
