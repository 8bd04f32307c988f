"""Inputs of reconciliation, clearing, files and the settlement list: 3201 to 3204, 9101, 9102, 4101."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

from settlement.national import fields as f
from settlement.national.types import Anything, Node, Rows


class Totals(Node, frozen=True, kw_only=True):
    """3201: the institution's totals of one scheme, clearing type, centre and range of days."""

    insutype: f.insutype
    clr_type: f.clr_type
    setl_optins: f.setl_optins
    stmt_begndate: f.stmt_begndate
    stmt_enddate: f.stmt_enddate
    medfee_sumamt: f.medfee_sumamt
    fund_pay_sumamt: f.fund_pay_sumamt
    acct_pay: f.acct_pay
    fixmedins_setl_cnt: f.fixmedins_setl_cnt
    refd_setl_flag: f.refd_setl_flag | None = None


class Details(Node, frozen=True, kw_only=True):
    """3202: the uploaded rows and their totals."""

    setl_optins: f.setl_optins
    file_qury_no: f.file_qury_no
    stmt_begndate: f.stmt_begndate
    stmt_enddate: f.stmt_enddate
    medfee_sumamt: f.medfee_sumamt
    fund_pay_sumamt: f.fund_pay_sumamt
    cash_payamt: f.cash_payamt
    fixmedins_setl_cnt: f.fixmedins_setl_cnt
    clr_type: f.clr_type | None = None
    insutype: f.insutype | None = None
    refd_setl_flag: f.refd_setl_flag | None = None


class ClearingTotals(Node, frozen=True, kw_only=True):
    """What 3203 and 3203A both apply for. Not a node of its own."""

    clr_type: f.clr_type
    medfee_sumamt: f.medfee_sumamt
    med_sumfee: f.med_sumfee
    fund_appy_sum: f.fund_appy_sum
    cash_payamt: f.cash_payamt
    acct_pay: f.acct_pay
    begndate: f.begndate
    enddate: f.enddate
    clr_way: f.clr_way | None = None


class Clearing(ClearingTotals, frozen=True, kw_only=True):
    """3203: the month's application, by clearing type."""

    setlym: f.setlym
    psntime: f.psntime


class ClearingByCentre(ClearingTotals, frozen=True, kw_only=True):
    """3203A, as in Jilin: by clearing centre, without month and person-times."""

    clr_optins: f.clr_optins


class ClearingUndo(Node, frozen=True, kw_only=True):
    """3204."""

    clr_appy_evt_id: f.clr_appy_evt_id


# Bytes in JSON: base64 text, or a list of numbers as some serialisers write them (each its text by now).
Bytes = Annotated[str, Meta(min_length=1, description="文件数据（Base64）")] | list[f.byte]


class Upload(Node, frozen=True, kw_only=True):
    """9101."""

    content: Bytes = msgspec.field(name="in")
    filename: f.filename
    fixmedins_code: f.fixmedins_code


class UploadInput(Node, frozen=True, kw_only=True):
    """9101."""

    fsUploadIn: Upload  # noqa: N815 - so spelt in the interface


class Download(Node, frozen=True, kw_only=True):
    """9102; filename is ``plc`` for the files of 1301 to 1319."""

    file_qury_no: f.file_qury_no
    filename: f.filename
    fixmedins_code: f.fixmedins_code


class DownloadInput(Node, frozen=True, kw_only=True):
    """9102."""

    fsDownloadIn: Download  # noqa: N815 - so spelt in the interface


class SettlementList(Node, frozen=True, kw_only=True):
    """4101, the head of the settlement list. Over a hundred fields go into it; what is not named here is kept as sent."""

    mdtrt_id: f.mdtrt_id
    setl_id: f.setl_id
    psn_no: f.psn_no | None = None


class SettlementListInput(Node, frozen=True, kw_only=True):
    """4101: the head and what goes with it; node names from public clients."""

    setlinfo: SettlementList
    payinfo: Rows[Anything] | None = None
    opspdiseinfo: Rows[Anything] | None = None
    diseinfo: Rows[Anything] | None = None
    iteminfo: Rows[Anything] | None = None
    oprninfo: Rows[Anything] | None = None
    icuinfo: Rows[Anything] | None = None
    bldinfo: Rows[Anything] | None = None
