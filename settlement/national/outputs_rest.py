"""Outputs of everything that moves no money: persons, visits, filings, reconciliation, files, catalogues, queries."""

from __future__ import annotations

from settlement.national import fields as f
from settlement.national.outputs import FundPart, LineResult, SetlInfo2207
from settlement.national.types import Anything, Node, Rows


class SignedIn(Node, frozen=True, kw_only=True):
    """9001."""

    sign_time: f.sign_time
    sign_no: f.sign_no


class SignInOutput(Node, frozen=True, kw_only=True):
    """9001."""

    signinoutb: SignedIn


class SignedOut(Node, frozen=True, kw_only=True):
    """9002."""

    sign_time: f.sign_time


class SignOutOutput(Node, frozen=True, kw_only=True):
    """9002; the name of the node is from memory."""

    signoutoutb: SignedOut


class BaseInfo(Node, frozen=True, kw_only=True):
    """1101: the person."""

    psn_no: f.psn_no
    psn_cert_type: f.psn_cert_type
    certno: f.certno
    psn_name: f.psn_name
    gend: f.gend
    age: f.age
    naty: f.naty | None = None
    brdy: f.brdy | None = None
    exp_content: f.exp_content = None


class InsuInfo(Node, frozen=True, kw_only=True):
    """1101: one insurance of the person; most have several."""

    balc: f.balc
    insutype: f.insutype
    psn_type: f.psn_type
    cvlserv_flag: f.cvlserv_flag
    insuplc_admdvs: f.insuplc_admdvs
    psn_insu_stas: f.psn_insu_stas | None = None
    psn_insu_date: f.psn_insu_date | None = None
    paus_insu_date: f.paus_insu_date | None = None
    emp_name: f.emp_name | None = None


class IdetInfo(Node, frozen=True, kw_only=True):
    """1101: a special identity, such as one that assistance is paid for."""

    psn_idet_type: f.psn_idet_type
    begntime: f.begntime
    psn_type_lv: f.psn_type_lv | None = None
    memo: f.memo | None = None
    endtime: f.endtime | None = None


class Person(Node, frozen=True, kw_only=True):
    """1101."""

    baseinfo: BaseInfo
    insuinfo: Rows[InsuInfo]
    idetinfo: Rows[IdetInfo] | None = None


class InstitutionInfo(Node, frozen=True, kw_only=True):
    """1201; uscc is starred in the client's table, and our data has none."""

    fixmedins_code: f.fixmedins_code
    fixmedins_name: f.fixmedins_name
    fixmedins_type: f.fixmedins_type
    uscc: f.uscc | None = None
    hosp_lv: f.hosp_lv | None = None


class Institutions(Node, frozen=True, kw_only=True):
    """1201."""

    medinsinfo: Rows[InstitutionInfo] | None = None


class Benefit(Node, frozen=True, kw_only=True):
    """2001: whether one fund pays, and if not, why."""

    psn_no: f.psn_no
    trt_chk_type: f.trt_chk_type
    fund_pay_type: f.fund_pay_type
    trt_enjymnt_flag: f.trt_enjymnt_flag
    begndate: f.begndate
    enddate: f.enddate | None = None
    trt_chk_rslt: f.trt_chk_rslt | None = None


class Benefits(Node, frozen=True, kw_only=True):
    """2001; the node's name is that of one client."""

    trtinfo: Rows[Benefit]


class Registered(Node, frozen=True, kw_only=True):
    """2201."""

    mdtrt_id: f.mdtrt_id
    psn_no: f.psn_no
    ipt_otp_no: f.ipt_otp_no


class Admitted(Node, frozen=True, kw_only=True):
    """2401."""

    mdtrt_id: f.mdtrt_id


class AdmittedOutput(Node, frozen=True, kw_only=True):
    """2401."""

    result: Admitted


class Filed(Node, frozen=True, kw_only=True):
    """2501, 2503, 2505."""

    trt_dcla_detl_sn: f.trt_dcla_detl_sn


class FiledOutput(Node, frozen=True, kw_only=True):
    """2501, 2503, 2505."""

    result: Filed


class Stmt(Node, frozen=True, kw_only=True):
    """3201: equal if the result without leading zeros is empty."""

    stmt_rslt: f.stmt_rslt
    setl_optins: f.setl_optins | None = None
    stmt_rslt_dscr: f.stmt_rslt_dscr | None = None


class StmtOutput(Node, frozen=True, kw_only=True):
    """3201."""

    stmtinfo: Stmt


class File(Node, frozen=True, kw_only=True):
    """3202: the file of differences to fetch with 9102."""

    file_qury_no: f.file_qury_no
    filename: f.filename
    dld_endtime: f.dld_endtime


class FileOutput(Node, frozen=True, kw_only=True):
    """3202."""

    fileinfo: File


class Uploaded(Node, frozen=True, kw_only=True):
    """9101."""

    file_qury_no: f.file_qury_no
    filename: f.filename
    fixmedins_code: f.fixmedins_code | None = None
    dld_endtime: f.dld_endtime | None = None


class ClearingApplied(Node, frozen=True, kw_only=True):
    """3203."""

    clr_appy_evt_id: f.clr_appy_evt_id


class ClearingOutput(Node, frozen=True, kw_only=True):
    """3203."""

    result: ClearingApplied


class ListUploaded(Node, frozen=True, kw_only=True):
    """4101; two clients read it here, a third in a node data."""

    setl_list_id: f.setl_list_id


class CatalogueFile(Node, frozen=True, kw_only=True):
    """Catalogue downloads: the file to fetch with 9102."""

    file_qury_no: f.file_qury_no
    filename: f.filename
    dld_end_time: f.dld_end_time
    data_cnt: f.data_cnt | None = None


class CatalogueRows(Node, frozen=True, kw_only=True):
    """Catalogue queries: a page of rows."""

    data: Rows[Anything] | None = None


class Entry(Node, frozen=True, kw_only=True):
    """1901: one code of a table."""

    type: f.type
    label: f.label
    value: f.value
    parentValue: f.parentValue | None = None  # noqa: N815 - so spelt in the interface
    valiFlag: f.valiFlag | None = None  # noqa: N815 - so spelt in the interface


class Entries(Node, frozen=True, kw_only=True):
    """1901; the name of the node is from memory."""

    list: Rows[Entry] | None = None


class VisitRow(Node, frozen=True, kw_only=True):
    """5201: one visit."""

    mdtrt_id: f.mdtrt_id
    psn_no: f.psn_no
    insutype: f.insutype
    begntime: f.begntime
    med_type: f.med_type
    endtime: f.endtime | None = None
    psn_name: f.psn_name | None = None


class Visits(Node, frozen=True, kw_only=True):
    """5201; the name of the node is that of one client, as is that of 5202."""

    mdtrtinfo: Rows[VisitRow] | None = None


class DiagnosisRow(Node, frozen=True, kw_only=True):
    """5202: one diagnosis as it was sent."""

    diag_code: f.diag_code
    diag_name: f.diag_name
    diag_type: f.diag_type | None = None
    diag_srt_no: f.diag_srt_no | None = None


class Diagnoses(Node, frozen=True, kw_only=True):
    """5202."""

    diseinfo: Rows[DiagnosisRow] | None = None


class QueriedSettlement(SetlInfo2207, frozen=True, kw_only=True):
    """5203: the settlement as it was answered; ``refd_setl_flag`` 1 for a refund."""

    refd_setl_flag: f.refd_setl_flag | None = None
    fixmedins_code: f.fixmedins_code | None = None


class Settlement(Node, frozen=True, kw_only=True):
    """5203."""

    setlinfo: QueriedSettlement
    setldetail: Rows[FundPart] | None = None


class QueriedLine(LineResult, frozen=True, kw_only=True):
    """5204, 5205: a line as it was sent, and how it was split. The output is the list itself (for 5205 inferred)."""

    mdtrt_id: f.mdtrt_id | None = None
    setl_id: f.setl_id | None = None
    med_list_codg: f.med_list_codg
    medins_list_codg: f.medins_list_codg | None = None
    fee_ocur_time: f.fee_ocur_time
    med_type: f.med_type | None = None


class YearTotal(Node, frozen=True, kw_only=True):
    """5206: one running total."""

    insutype: f.insutype
    year: f.year
    cum_ym: f.cum_ym
    cum_type_code: f.cum_type_code
    cum: f.cum


class YearTotals(Node, frozen=True, kw_only=True):
    """5206."""

    cuminfo: Rows[YearTotal] | None = None
