"""What the tests of the journal share: keys, a clock, an owner, messages of a pharmacy."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

from pos_adapter.journal import Journal, Owner
from pos_adapter.messages import Outgoing
from settlement.checkout import DATA
from settlement.vault import KeyVault, new_keys

SHOP, AREA, INSURED = "P22040000001", "220402", "220400"
ANNA = "22040000000000000001"
DRUG = {"med_list_codg": "ZA01BAG9001010100000", "cnt": "2", "pric": "18.50", "det_item_fee_sumamt": "37.00"}


@cache
def vault() -> KeyVault:
    """Return one till's keys: made once, as a key takes a while."""
    return KeyVault.from_text(new_keys())


@cache
def certno(psn_no: str) -> str:
    """Return the identity number of an invented person."""
    found = [one for one in json.loads((DATA / "registry.json").read_text())["persons"] if one["psn_no"] == psn_no]
    return str(found[0]["certno"])


class Clock:
    """A clock that goes as it is told."""

    def __init__(self, now: datetime = datetime(2024, 5, 1, 9, 0, 0)) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now

    def go(self, **by: float) -> None:
        self.now += timedelta(**by)


def open_journal(folder: Path, clock: Any, till_no: int = 7, code: str = SHOP) -> Journal:
    return Journal(folder, Owner(code, till_no, vault()), clock)


def purchase(day: str, psn_no: str = ANNA, cnt: int = 2, **more: Any) -> dict[str, Any]:
    """Return the input of a 2102."""
    total = f"{18.5 * cnt:.2f}"
    info = {
        "psn_no": psn_no, "mdtrt_cert_type": "02", "mdtrt_cert_no": certno(psn_no), "begntime": day,
        "medfee_sumamt": total, "insutype": "310", "acct_used_flag": "1", "med_type": "41",
    }  # fmt: skip
    line = DRUG | {"cnt": str(cnt), "det_item_fee_sumamt": total}
    line |= {"feedetl_sn": "1", "rx_circ_flag": "0", "fee_ocur_time": day, "medins_list_codg": "A1"}
    return {"druginfo": info | more, "drugdetail": [line]}


def outgoing(journal: Journal, infno: str = "2102", nodes: dict[str, Any] | None = None) -> Outgoing:
    nodes = purchase("2024-05-01 09:00:00") if nodes is None else nodes
    return Outgoing(infno, journal.next_msgid(), nodes, AREA, INSURED, "0001", "示例收银员")
