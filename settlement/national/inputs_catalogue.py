"""Inputs of catalogues and the dictionary: 1301 to 1319 and 1901. Field names from public clients' tables.

Downloads answer with a file handle, queries with pages. The clients' tables require the time of the last update and the
page; a question without them is answered from the start, so nothing is required here but the dictionary's type.
"""

from __future__ import annotations

from settlement.national import fields as f
from settlement.national.types import Node


class CatalogueVersion(Node, frozen=True, kw_only=True):
    """Downloads: the newest version that the institution has; without one, all of it."""

    ver: f.ver | None = None


class CatalogueQuery(Node, frozen=True, kw_only=True):
    """Queries of 1304, 1312 and 1316 to 1319: whatever is given narrows the question."""

    query_date: f.query_date | None = None
    hilist_code: f.hilist_code | None = None
    hilist_name: f.hilist_name | None = None
    med_list_codg: f.med_list_codg | None = None
    medins_list_codg: f.medins_list_codg | None = None
    fixmedins_code: f.fixmedins_code | None = None
    insu_admdvs: f.insu_admdvs | None = None
    list_type: f.list_type | None = None
    med_chrgitm_type: f.med_chrgitm_type | None = None
    chrgitm_lv: f.chrgitm_lv | None = None
    lmt_used_flag: f.lmt_used_flag | None = None
    hilist_lmtpric_type: f.hilist_lmtpric_type | None = None
    overlmt_dspo_way: f.overlmt_dspo_way | None = None
    selfpay_prop_psn_type: f.selfpay_prop_psn_type | None = None
    selfpay_prop_type: f.selfpay_prop_type | None = None
    begndate: f.begndate | None = None
    enddate: f.enddate | None = None
    vali_flag: f.vali_flag | None = None
    updt_time: f.updt_time | None = None
    page_num: f.page_num | None = None
    page_size: f.page_size | None = None


class Dictionary(Node, frozen=True, kw_only=True):
    """1901: one code table; the clients' tables require the other fields too."""

    type: f.type
    parentValue: f.parentValue | None = None  # noqa: N815 - so spelt in the interface
    admdvs: f.admdvs | None = None
    date: f.date | None = None
    valiFlag: f.valiFlag | None = None  # noqa: N815 - so spelt in the interface
