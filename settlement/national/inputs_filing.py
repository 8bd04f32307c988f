"""Inputs of filings: care elsewhere and transfer (2501), chronic disease (2503), chosen institution (2505); their undoing.

Field names and lengths from the tables of public clients; which are required differs between them, so the fewest are.
That 2501 also carries a filing of care elsewhere without a transfer is inferred: no table of its own was found.
"""

from __future__ import annotations

from settlement.national import fields as f
from settlement.national.types import Node


class Filing(Node, frozen=True, kw_only=True):
    """What every filing says. Not a node of its own."""

    psn_no: f.psn_no
    begndate: f.begndate
    enddate: f.enddate | None = None
    insutype: f.insutype | None = None
    insu_optins: f.insu_optins | None = None
    tel: f.tel | None = None
    addr: f.addr | None = None


class Transfer(Filing, frozen=True, kw_only=True):
    """2501: to which area and hospital, why, and who agreed."""

    mdtrtarea_admdvs: f.mdtrtarea_admdvs
    filing: f.filing | None = None  # this service's own: no table gives codes for the classes of care elsewhere
    refl_type: f.refl_type | None = None
    reflin_medins_no: f.reflin_medins_no | None = None
    reflin_medins_name: f.reflin_medins_name | None = None
    diag_code: f.diag_code | None = None
    diag_name: f.diag_name | None = None
    dise_cond_dscr: f.dise_cond_dscr | None = None
    hosp_agre_refl_flag: f.hosp_agre_refl_flag | None = None
    refl_date: f.refl_date | None = None
    refl_rea: f.refl_rea | None = None
    refl_opnn: f.refl_opnn | None = None
    refl_old_mdtrt_id: f.refl_old_mdtrt_id | None = None


class TransferInput(Node, frozen=True, kw_only=True):
    """2501."""

    refmedin: Transfer


class ChronicDisease(Filing, frozen=True, kw_only=True):
    """2503: which disease, and who found it."""

    opsp_dise_code: f.opsp_dise_code
    opsp_dise_name: f.opsp_dise_name | None = None
    ide_fixmedins_no: f.ide_fixmedins_no | None = None
    ide_fixmedins_name: f.ide_fixmedins_name | None = None
    hosp_ide_date: f.hosp_ide_date | None = None
    diag_dr_codg: f.diag_dr_codg | None = None
    diag_dr_name: f.diag_dr_name | None = None


class ChosenInstitution(Filing, frozen=True, kw_only=True):
    """2505: the institution, what for, and who files it for the person."""

    biz_appy_type: f.biz_appy_type
    fixmedins_code: f.fixmedins_code
    fixmedins_name: f.fixmedins_name | None = None
    fix_srt_no: f.fix_srt_no | None = None
    agnter_name: f.agnter_name | None = None
    agnter_cert_type: f.agnter_cert_type | None = None
    agnter_certno: f.agnter_certno | None = None
    agnter_tel: f.agnter_tel | None = None
    agnter_addr: f.agnter_addr | None = None
    agnter_rlts: f.agnter_rlts | None = None
    memo: f.memo | None = None


class FilingUndo(Node, frozen=True, kw_only=True):
    """2502, 2504, 2506: the filing to undo."""

    trt_dcla_detl_sn: f.trt_dcla_detl_sn
    psn_no: f.psn_no
    memo: f.memo | None = None
