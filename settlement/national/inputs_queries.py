"""Inputs of the queries 5201 to 5206. Field names from one client's tables; what they require beyond the person is not."""

from __future__ import annotations

from settlement.national import fields as f
from settlement.national.types import Node


class VisitQuery(Node, frozen=True, kw_only=True):
    """5201, visits, and 5205, drugs for chronic diseases: of a person, in a time."""

    psn_no: f.psn_no
    begntime: f.begntime | None = None
    endtime: f.endtime | None = None
    med_type: f.med_type | None = None
    mdtrt_id: f.mdtrt_id | None = None


class DiagnosisQuery(Node, frozen=True, kw_only=True):
    """5202: diagnoses of a visit."""

    psn_no: f.psn_no
    mdtrt_id: f.mdtrt_id


class SettlementQuery(Node, frozen=True, kw_only=True):
    """5203, a settlement, and 5204, its lines.

    The client's table requires setl_id and mdtrt_id for 5203. A till that never saw the answer has no setl_id: here it
    may ask by the visit, or by ``medins_setl_id``, its own msgid, which is an addition of this product.
    """

    psn_no: f.psn_no
    setl_id: f.setl_id | None = None
    mdtrt_id: f.mdtrt_id | None = None
    medins_setl_id: f.medins_setl_id | None = None


class TotalsQuery(Node, frozen=True, kw_only=True):
    """5206: the person's totals, of a month or the current year."""

    psn_no: f.psn_no
    cum_ym: f.cum_ym | None = None
