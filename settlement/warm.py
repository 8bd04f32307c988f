"""Compile the kernel once, on a claim made for the purpose."""

from __future__ import annotations

import time
from datetime import date

from settlement.engine import settle_drafts
from settlement.rules.rulebook import build

BEGINS = date(2024, 1, 1)
CITE = {"from": BEGINS, "source": "own", "article": "—"}


def warm_kernel() -> float:
    """Settle one claim of an invented area; return the seconds it took (compiling, or loading compiled code)."""
    area = {
        "pool": {"code": "990100", "name": "示例", "rounding": {"at": "claim", "rounds": "in_scope"}},
        "source": {"own": {"title": "示例", "confidence": "assumed"}},
        "care": [{"med_type": "21", "is": "inpatient", **CITE}],
        "group": [{"psn_type": "11", "is": "working", **CITE}],
        "benefit": [
            {
                "scheme": "employee", "care": "inpatient", "fund": "hifp_pay", "deductible": {"per": "visit", "amount": "1 yuan"},
                "bands": [{"over": "0 yuan", "rate": "80%"}], "cap": "none", **CITE,
            }
        ],
    }  # fmt: skip
    claim = {
        "insuplc_admdvs": "990100", "mdtrtarea_admvs": "990100", "insutype": "310", "psn_type": "11", "med_type": "21",
        "medinslv": "3", "setl_time": "2024-05-01",
        "feedetail": [{"cnt": "1", "det_item_fee_sumamt": "100.00", "chrgitm_lv": "01"}],
    }  # fmt: skip
    begin = time.perf_counter()
    settled = settle_drafts([claim], build({"own": area}, []))
    assert settled.rows()[0]["hifp_pay"] == 7_920, settled.rows()  # (100 - 1) x 80 %
    return time.perf_counter() - begin
