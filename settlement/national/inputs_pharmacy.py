"""Inputs of a pharmacy: lines and money in one message, without a registration: 2101 and 2102."""

from __future__ import annotations

from settlement.national import fields as f
from settlement.national.inputs_outpatient import Fee
from settlement.national.types import Node, Rows


class Purchase(Node, frozen=True, kw_only=True):
    """2101, 2102: who buys, and how it is paid."""

    psn_no: f.psn_no
    mdtrt_cert_type: f.mdtrt_cert_type
    mdtrt_cert_no: f.mdtrt_cert_no
    begntime: f.begntime
    medfee_sumamt: f.medfee_sumamt
    insutype: f.insutype
    acct_used_flag: f.acct_used_flag
    med_type: f.med_type
    invono: f.invono | None = None
    dise_codg: f.dise_codg | None = None
    dise_name: f.dise_name | None = None
    card_sn: f.card_sn | None = None
    exp_content: f.exp_content = None


class DrugFee(Fee, frozen=True, kw_only=True):
    """One drug of a purchase; what is required is inferred from 2204."""

    rx_circ_flag: f.rx_circ_flag


class PurchaseInput(Node, frozen=True, kw_only=True):
    """2101, 2102."""

    druginfo: Purchase
    drugdetail: Rows[DrugFee]
