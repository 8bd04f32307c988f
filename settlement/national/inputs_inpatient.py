"""Inputs of a stay: its money, 2301 to 2305, and its course, 2401 to 2405."""

from __future__ import annotations

from settlement.national import fields as f
from settlement.national.inputs_outpatient import Diagnosis, WardFee
from settlement.national.types import Node, Rows


class InpatientFee(WardFee, frozen=True, kw_only=True):
    """2301: one line; cnt is negative where it takes back the line named in init_feedetl_sn."""

    med_type: f.med_type
    init_feedetl_sn: f.init_feedetl_sn | None = None
    drord_no: f.drord_no | None = None


class InpatientFees(Node, frozen=True, kw_only=True):
    """2301."""

    feedetail: Rows[InpatientFee]


class InpatientFeeUndo(Node, frozen=True, kw_only=True):
    """2302: the line to take out; 0000 means all of the stay (field list from one client's table)."""

    mdtrt_id: f.mdtrt_id
    psn_no: f.psn_no
    feedetl_sn: f.feedetl_sn


class InpatientMoney(Node, frozen=True, kw_only=True):
    """What 2303 and 2304 both say. Not a node of its own."""

    psn_no: f.psn_no
    mdtrt_cert_type: f.mdtrt_cert_type
    mdtrt_cert_no: f.mdtrt_cert_no
    medfee_sumamt: f.medfee_sumamt
    psn_setlway: f.psn_setlway
    mdtrt_id: f.mdtrt_id
    insutype: f.insutype
    mid_setl_flag: f.mid_setl_flag
    invono: f.invono | None = None
    dscg_time: f.dscg_time | None = None
    card_sn: f.card_sn | None = None
    exp_content: f.exp_content = None


class InpatientPreSettle(InpatientMoney, frozen=True, kw_only=True):
    """2303: the four parts of the total are required, the use of the account is not."""

    fulamt_ownpay_amt: f.fulamt_ownpay_amt
    overlmt_selfpay: f.overlmt_selfpay
    preselfpay_amt: f.preselfpay_amt
    inscp_scp_amt: f.inscp_scp_amt
    acct_used_flag: f.acct_used_flag | None = None


class InpatientSettle(InpatientMoney, frozen=True, kw_only=True):
    """2304: the other way round."""

    acct_used_flag: f.acct_used_flag
    fulamt_ownpay_amt: f.fulamt_ownpay_amt | None = None
    overlmt_selfpay: f.overlmt_selfpay | None = None
    preselfpay_amt: f.preselfpay_amt | None = None
    inscp_scp_amt: f.inscp_scp_amt | None = None


class Stay(Node, frozen=True, kw_only=True):
    """What admission and its change both may say. Not a node of its own."""

    psn_no: f.psn_no
    coner_name: f.coner_name | None = None
    tel: f.tel | None = None
    medrcdno: f.medrcdno | None = None
    main_cond_dscr: f.main_cond_dscr | None = None
    dise_codg: f.dise_codg | None = None
    dise_name: f.dise_name | None = None
    oprn_oprt_code: f.oprn_oprt_code | None = None
    oprn_oprt_name: f.oprn_oprt_name | None = None
    fpsc_no: f.fpsc_no | None = None
    matn_type: f.matn_type | None = None
    birctrl_type: f.birctrl_type | None = None
    latechb_flag: f.latechb_flag | None = None
    geso_val: f.geso_val | None = None
    fetts: f.fetts | None = None
    fetus_cnt: f.fetus_cnt | None = None
    pret_flag: f.pret_flag | None = None
    birctrl_matn_date: f.birctrl_matn_date | None = None
    dise_type_code: f.dise_type_code | None = None
    exp_content: f.exp_content = None


class Admission(Stay, frozen=True, kw_only=True):
    """2401."""

    insutype: f.insutype
    begntime: f.begntime
    mdtrt_cert_type: f.mdtrt_cert_type
    mdtrt_cert_no: f.mdtrt_cert_no
    med_type: f.med_type
    ipt_no: f.ipt_no
    atddr_no: f.atddr_no
    chfpdr_name: f.chfpdr_name
    adm_diag_dscr: f.adm_diag_dscr
    adm_dept_codg: f.adm_dept_codg
    adm_dept_name: f.adm_dept_name
    adm_bed: f.adm_bed
    dscg_maindiag_code: f.dscg_maindiag_code
    dscg_maindiag_name: f.dscg_maindiag_name
    card_sn: f.card_sn | None = None


class AdmissionInput(Node, frozen=True, kw_only=True):
    """2401."""

    mdtrtinfo: Admission
    diseinfo: Rows[Diagnosis] | None = None


class AdmissionChange(Stay, frozen=True, kw_only=True):
    """2403. One client's table repeats the stars of 2401; here only the stay is required, the rest is what changes."""

    mdtrt_id: f.mdtrt_id
    begntime: f.begntime | None = None
    endtime: f.endtime | None = None
    mdtrt_cert_type: f.mdtrt_cert_type | None = None
    med_type: f.med_type | None = None
    ipt_otp_no: f.ipt_otp_no | None = None
    ipt_no: f.ipt_no | None = None  # 2401 calls it so, and some send it so here
    atddr_no: f.atddr_no | None = None
    chfpdr_name: f.chfpdr_name | None = None
    adm_diag_dscr: f.adm_diag_dscr | None = None
    adm_dept_codg: f.adm_dept_codg | None = None
    adm_dept_name: f.adm_dept_name | None = None
    adm_bed: f.adm_bed | None = None
    dscg_maindiag_code: f.dscg_maindiag_code | None = None
    dscg_maindiag_name: f.dscg_maindiag_name | None = None


class AdmissionChangeInput(Node, frozen=True, kw_only=True):
    """2403."""

    adminfo: AdmissionChange
    diseinfo: Rows[Diagnosis] | None = None


class Discharge(Node, frozen=True, kw_only=True):
    """2402."""

    mdtrt_id: f.mdtrt_id
    psn_no: f.psn_no
    insutype: f.insutype
    endtime: f.endtime
    dscg_dept_codg: f.dscg_dept_codg
    dscg_dept_name: f.dscg_dept_name
    dscg_way: f.dscg_way
    dscg_bed: f.dscg_bed | None = None
    die_date: f.die_date | None = None
    dise_codg: f.dise_codg | None = None
    dise_name: f.dise_name | None = None
    oprn_oprt_code: f.oprn_oprt_code | None = None
    oprn_oprt_name: f.oprn_oprt_name | None = None
    fpsc_no: f.fpsc_no | None = None
    matn_type: f.matn_type | None = None
    birctrl_type: f.birctrl_type | None = None
    latechb_flag: f.latechb_flag | None = None
    geso_val: f.geso_val | None = None
    fetts: f.fetts | None = None
    fetus_cnt: f.fetus_cnt | None = None
    pret_flag: f.pret_flag | None = None
    birctrl_matn_date: f.birctrl_matn_date | None = None
    cop_flag: f.cop_flag | None = None
    exp_content: f.exp_content = None


class DischargeInput(Node, frozen=True, kw_only=True):
    """2402."""

    dscginfo: Discharge
    diseinfo: Rows[Diagnosis] | None = None


class StayRef(Node, frozen=True, kw_only=True):
    """2404, 2405: the stay whose admission or discharge is undone."""

    mdtrt_id: f.mdtrt_id
    psn_no: f.psn_no
