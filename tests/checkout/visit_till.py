"""What the tests of visits, lines, persons and filings say to the checkout, and the rulebook they share."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import pytest
from checkout_till import Till

from settlement.checkout import DATA
from settlement.checkout.base import Reader, loads
from settlement.checkout.pages import all_lines
from settlement.errors import SettlementError
from settlement.registry import Registry, load_registry
from settlement.rules.rulebook import Rulebook, open_rulebook
from settlement.warm import warm_kernel

LIAOYUAN = "H22040000001"
PERSONS = {
    "worker": "22040000000000000001", "pupil": "22040000000000000003", "retired": "22040000000000000004",
    "resident": "22040000000000000005", "beijinger": "22040000000000000007", "changchun": "22010000000000000008",
    "lost_card": "22040000000000000009", "suspended": "22040000000000000010", "several": "22040000000000000011",
    "assisted": "22040000000000000014",
}  # fmt: skip


@cache
def rulebook() -> Rulebook:
    """Return the shipped rules, read once; the kernel is compiled before a book's writer waits for it."""
    warm_kernel()
    return open_rulebook().book


def registry() -> Registry:
    """Return the sample register."""
    return load_registry(DATA / "registry.json")


def open_till(folder: Path) -> Till:
    """Return a till on a new book with the shipped rules and the sample register."""
    return Till(rulebook(), folder, registry())


def registration(till: Till, psn_no: str, **more: Any) -> dict[str, Any]:
    """Return the input of a 2201."""
    data = {
        "psn_no": psn_no, "insutype": till.house.registry.persons[psn_no].insutype, "begntime": "2024-05-01 08:50:00",
        "mdtrt_cert_type": "02", "mdtrt_cert_no": till.house.registry.persons[psn_no].certno, "ipt_otp_no": "MZ1",
        "atddr_no": "D1", "dr_name": "示例医师", "dept_code": "01", "dept_name": "内科", "caty": "A03",
    }  # fmt: skip
    return {"data": data | more}


def admission(till: Till, psn_no: str, **more: Any) -> dict[str, Any]:
    """Return the input of a 2401."""
    info = {
        "psn_no": psn_no, "insutype": till.house.registry.persons[psn_no].insutype, "begntime": "2024-05-01 10:00:00",
        "mdtrt_cert_type": "02", "mdtrt_cert_no": till.house.registry.persons[psn_no].certno, "med_type": "21",
        "ipt_no": "ZY1", "atddr_no": "D1", "chfpdr_name": "示例医师", "adm_diag_dscr": "示例", "adm_dept_codg": "01",
        "adm_dept_name": "内科", "adm_bed": "1", "dscg_maindiag_code": "J18.900", "dscg_maindiag_name": "肺炎",
    }  # fmt: skip
    diagnosis = {"diag_type": "1", "diag_srt_no": "1", "diag_code": "J18.900", "diag_name": "肺炎", "vali_flag": "1"}
    return {"mdtrtinfo": info | more, "diseinfo": [diagnosis]}


def admit(till: Till, psn_no: str, **more: Any) -> str:
    """Admit a person; return mdtrt_id."""
    mdtrt_id: str = till.send("2401", admission(till, psn_no, **more))["output"]["result"]["mdtrt_id"]
    return mdtrt_id


def discharge(psn_no: str, mdtrt_id: str, **more: Any) -> dict[str, Any]:
    """Return the input of a 2402."""
    info = {"mdtrt_id": mdtrt_id, "psn_no": psn_no, "insutype": "310", "endtime": "2024-05-09", "dscg_way": "1"}
    return {"dscginfo": info | {"dscg_dept_codg": "01", "dscg_dept_name": "内科"} | more}


def ward_line(psn_no: str, mdtrt_id: str, serial: str, **more: Any) -> dict[str, str]:
    """Return one row of a 2301: a bed day unless said otherwise."""
    line = {"med_list_codg": "001109000010000", "cnt": "1", "pric": "35.00", "det_item_fee_sumamt": "35.00"}
    who = {"feedetl_sn": serial, "mdtrt_id": mdtrt_id, "psn_no": psn_no, "fee_ocur_time": "2024-05-01 12:00:00"}
    return who | line | more


def visit_of(till: Till, mdtrt_id: str) -> dict[str, Any]:
    """Return the visit as the book has it."""
    return content_of(till, "visit", mdtrt_id)


def lines_of(till: Till, mdtrt_id: str) -> list[dict[str, Any]]:
    """Return the fee lines of a visit as the book has them."""
    return all_lines(Reader(till.house.ledger), mdtrt_id)


def content_of(till: Till, kind: str, key: str) -> dict[str, Any]:
    """Return the latest version of a fact."""
    found = till.house.ledger.fact(kind, key)
    assert found is not None
    return loads(found.content)


def refused(till: Till, code: str, infno: str, nodes: dict[str, Any], **more: Any) -> SettlementError:
    """Send a message that must be refused with a code, in Chinese too, and change nothing; return the refusal."""
    before = till.house.ledger.head()
    with pytest.raises(SettlementError) as caught:
        till.send(infno, nodes, **more)
    assert caught.value.code.startswith(code), f"{caught.value.code}: {caught.value.found}"
    assert any("\u4e00" <= letter <= "\u9fff" for letter in caught.value.zh), caught.value
    assert till.house.ledger.head() == before
    return caught.value
