"""Inputs about a person or an institution that change nothing: 1101, 1201, 2001."""

from __future__ import annotations

from settlement.national import fields as f
from settlement.national.types import Node


class WhoIs(Node, frozen=True, kw_only=True):
    """1101: what was presented. The number is a token (type 01), an ID number (02) or a card number (03)."""

    mdtrt_cert_type: f.mdtrt_cert_type
    mdtrt_cert_no: f.mdtrt_cert_no
    card_sn: f.card_sn | None = None
    begntime: f.begntime | None = None
    psn_cert_type: f.psn_cert_type | None = None
    certno: f.certno | None = None
    psn_name: f.psn_name | None = None


class Institution(Node, frozen=True, kw_only=True):
    """1201: which institutions (field names from one client's table; there the type is required, here it is not)."""

    fixmedins_type: f.fixmedins_type | None = None
    fixmedins_name: f.fixmedins_name | None = None
    fixmedins_code: f.fixmedins_code | None = None


class InstitutionInput(Node, frozen=True, kw_only=True):
    """1201."""

    medinsinfo: Institution


class BenefitCheck(Node, frozen=True, kw_only=True):
    """2001: which benefit, where and from when."""

    psn_no: f.psn_no
    insutype: f.insutype
    fixmedins_code: f.fixmedins_code
    med_type: f.med_type
    begntime: f.begntime
    endtime: f.endtime | None = None
    dise_codg: f.dise_codg | None = None
    dise_name: f.dise_name | None = None
    oprn_oprt_code: f.oprn_oprt_code | None = None
    oprn_oprt_name: f.oprn_oprt_name | None = None
    matn_type: f.matn_type | None = None
    birctrl_type: f.birctrl_type | None = None
