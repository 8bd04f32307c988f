"""A till for tests: national messages, as the checkout sees them, sent to a real book under a clock that only moves on."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from settlement.checkout.base import House, Said, loads
from settlement.checkout.transactions import TRANSACTIONS, settle_message
from settlement.ledger import SqliteLedger
from settlement.registry import Registry
from settlement.rules.rulebook import Rulebook

HOSPITAL, SHOP, OTHER_HOSPITAL = "H22040000001", "P22040000001", "H22040000002"
ANNA, BEN, CARA, DORA = (f"2204000000000000000{n}" for n in (1, 2, 3, 4))
BEGIN = datetime(2024, 5, 1, 9, 0, 0)
# Two items of the catalogue at Liaoyuan, 甲 and 乙, and a service; amounts as decimal text like every number here.
DRUG_A = {"med_list_codg": "ZA01BAG9001010100000", "cnt": "2", "pric": "18.50", "det_item_fee_sumamt": "37.00"}
DRUG_B = {"med_list_codg": "XC08CAX066A011010100002", "cnt": "1", "pric": "32.80", "det_item_fee_sumamt": "32.80"}
BED = {"med_list_codg": "001109000010000", "cnt": "10", "pric": "35.00", "det_item_fee_sumamt": "350.00"}
STAY_LINES = [
    BED,
    {"med_list_codg": "XA02BCA901B001010100000", "cnt": "20", "pric": "33.45", "det_item_fee_sumamt": "669.00"},
    {"med_list_codg": "C0202020010000000000", "cnt": "1", "pric": "848.00", "det_item_fee_sumamt": "848.00"},
]


class Till:
    """Sends messages of one institution; each gets the next second of the clock and, unless given, the next msgid."""

    def __init__(self, book: Rulebook, folder: Path, registry: Registry, begin: datetime = BEGIN) -> None:
        self.folder, self.time, self.count = folder, begin, 0
        self.house = House(book, SqliteLedger(folder / "book.sqlite"), registry, lambda: self.time)

    def reopen(self) -> None:
        """Close the book and open it again, as after a restart."""
        self.house.ledger.close()
        self.house = self.house._replace(ledger=SqliteLedger(self.folder / "book.sqlite"))

    def next_msgid(self, place: str = HOSPITAL) -> str:
        self.count += 1
        return f"{place}{self.time:%Y%m%d%H%M%S}{self.count:04d}"

    def said(self, infno: str, nodes: dict[str, Any], msgid: str = "", place: str = HOSPITAL) -> Said:
        """Return a message as it comes to the business, received now."""
        self.time += timedelta(seconds=1)
        msgid = msgid or self.next_msgid(place)
        return Said(
            infno, msgid, place, "220402", "", "0001", "1", f"{self.time:%Y-%m-%d %H:%M:%S}",
            json.loads(json.dumps(nodes)), f"220000{msgid}"[:30], f"{self.time:%Y%m%d%H%M%S}000",
        )  # fmt: skip

    def send(self, infno: str, nodes: dict[str, Any], msgid: str = "", place: str = HOSPITAL) -> dict[str, Any]:
        """Send a message and return the whole answer; raises what it is refused with."""
        return self.give(self.said(infno, nodes, msgid, place))

    def give(self, said: Said) -> dict[str, Any]:
        """Hand a message over as it is and return the whole answer."""
        return loads(settle_message(self.house, said))

    def visit(self, psn_no: str, *batches: list[dict[str, str]], place: str = HOSPITAL) -> str:
        """Register an outpatient visit, upload one charge batch after the other; return mdtrt_id."""
        person = self.house.registry.persons[psn_no]
        data = {
            "psn_no": psn_no, "insutype": person.insutype, "begntime": f"{self.time:%Y-%m-%d}", "ipt_otp_no": "N1",
            "mdtrt_cert_type": "02", "mdtrt_cert_no": person.certno, "atddr_no": "D1", "dr_name": "医师",
            "dept_code": "01", "dept_name": "内科", "caty": "01",
        }  # fmt: skip
        mdtrt_id: str = self.send("2201", {"data": data}, place=place)["output"]["data"]["mdtrt_id"]
        for number, lines in enumerate(batches, 1):
            self.upload(psn_no, mdtrt_id, str(number), lines, place)
        return mdtrt_id

    def upload(
        self, psn_no: str, mdtrt_id: str, batch: str, lines: list[dict[str, str]], place: str = HOSPITAL
    ) -> list[dict[str, str]]:  # fmt: skip
        """Upload fee lines of a batch (2204); return what each line was told."""
        day = f"{self.time:%Y-%m-%d %H:%M:%S}"
        rows = [
            {"feedetl_sn": f"{batch}-{n}", "mdtrt_id": mdtrt_id, "psn_no": psn_no, "chrg_bchno": batch}
            | {"fee_ocur_time": day, **line}
            for n, line in enumerate(lines, 1)
        ]
        told: list[dict[str, str]] = self.send("2204", {"feedetail": rows}, place=place)["output"]["result"]
        return told

    def stay(self, psn_no: str, lines: list[dict[str, str]], days: int = 10) -> str:
        """Admit, upload, discharge; return mdtrt_id. The clock is then ``days`` later."""
        person = self.house.registry.persons[psn_no]
        begins = f"{self.time:%Y-%m-%d}"
        info = {
            "psn_no": psn_no, "insutype": person.insutype, "begntime": begins, "mdtrt_cert_type": "02", "ipt_no": "I1",
            "mdtrt_cert_no": person.certno, "med_type": "21",
        }  # fmt: skip
        mdtrt_id: str = self.send("2401", {"mdtrtinfo": info})["output"]["result"]["mdtrt_id"]
        self.time += timedelta(days=days)
        rows = [
            {"feedetl_sn": f"S{n}", "mdtrt_id": mdtrt_id, "psn_no": psn_no, "med_type": "21", "fee_ocur_time": begins}
            | line
            for n, line in enumerate(lines, 1)
        ]
        if rows:
            self.send("2301", {"feedetail": rows})
        ends = {"mdtrt_id": mdtrt_id, "psn_no": psn_no, "insutype": person.insutype, "endtime": f"{self.time:%Y-%m-%d}"}
        self.send("2402", {"dscginfo": ends})
        return mdtrt_id

    def asked(self, psn_no: str, mdtrt_id: str, total: str, batch: str = "0000", **more: Any) -> dict[str, Any]:
        """Return the nodes of a 2206 or 2207."""
        person = self.house.registry.persons[psn_no]
        data = {
            "psn_no": psn_no, "mdtrt_cert_type": "02", "mdtrt_cert_no": person.certno, "med_type": "11",
            "medfee_sumamt": total, "psn_setlway": "01", "mdtrt_id": mdtrt_id, "chrg_bchno": batch,
            "acct_used_flag": "1", "insutype": person.insutype, "invono": "",
        }  # fmt: skip
        return {"data": data | more}

    def of_stay(self, psn_no: str, mdtrt_id: str, total: str, **more: Any) -> dict[str, Any]:
        """Return the nodes of a 2303 or 2304, which name neither med_type nor batch."""
        return self.asked(psn_no, mdtrt_id, total, "", **{"med_type": "", "mid_setl_flag": "0"} | more)

    def purchase(self, psn_no: str, total: str, lines: list[dict[str, str]], **more: Any) -> dict[str, Any]:
        """Return the nodes of a 2101 or 2102."""
        info = self.asked(psn_no, "", total, **{"med_type": "41", "begntime": f"{self.time:%Y-%m-%d}"} | more)["data"]
        rows = [{"feedetl_sn": str(n), **line} for n, line in enumerate(lines, 1)]
        return {"druginfo": info, "drugdetail": rows}

    def cancel_of(self, setlinfo: dict[str, Any]) -> dict[str, Any]:
        """Return the nodes of a 2103, 2208 or 2305."""
        return {"data": {name: setlinfo[name] for name in ("setl_id", "mdtrt_id", "psn_no")}}

    def undo(self, psn_no: str, omsgid: str, oinfno: str, msgid: str = "", place: str = HOSPITAL) -> dict[str, Any]:
        """Send a 2601 and return the answer."""
        return self.send("2601", {"data": {"psn_no": psn_no, "omsgid": omsgid, "oinfno": oinfno}}, msgid, place)

    def balance(self, psn_no: str) -> int | None:
        return self.house.ledger.person(psn_no).acct_balc_fen

    def counters(self, psn_no: str) -> dict[str, int]:
        """Return the counters of a person that are not 0, by period and name."""
        state = self.house.ledger.person(psn_no)
        return {f"{key.period_start} {key.name}": value for key, value in state.counters.items() if value}

    def setl(self, setl_id: str) -> dict[str, Any]:
        found = self.house.ledger.fact("setl", setl_id)
        assert found is not None
        return loads(found.content)


assert {"2102", "2103", "2207", "2208", "2304", "2305", "2601", "2201", "2204"} <= TRANSACTIONS.keys()
