"""What an institution sends, one message after the other, so that the last answer is that of a sample."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from sample_world.scene import Scene, facts_of, info_of, person_of
from wire import good

DIAGNOSED = {
    "bilg_dept_codg": "01", "bilg_dept_name": "内科", "bilg_dr_codg": "D1", "bilg_dr_name": "示例医师", "hosp_appr_flag": "1",
}  # fmt: skip
SCOPE = {"overlmt_amt": "overlmt_selfpay"}  # what a line calls otherwise than a settlement


class Course:
    """One sample's facts on their way through a scene. ``infno`` turns the outpatient codes into their A-variants."""

    def __init__(self, scene: Scene, case_id: str, variant: str = "") -> None:
        self.scene, self.wire, self.case_id, self.variant = scene, scene.wire, case_id, variant
        self.facts, self.info, self.person = facts_of(case_id), info_of(case_id), person_of(case_id)
        self.psn_no, self.insutype = self.person["psn_no"], self.person["insuinfo"][0]["insutype"]
        self.lines = [line | {"med_list_codg": f"SAMPLE{line['feedetl_sn']}"} for line in self.facts["lines"]]
        self.total = str(sum(Decimal(line["det_item_fee_sumamt"]) for line in self.lines))
        self.mdtrt_id = ""
        self.told: list[dict[str, Any]] = []

    def certificate(self) -> dict[str, str]:
        """Return what the person showed."""
        kind = self.info.get("mdtrt_cert_type") or "02"
        return {
            "mdtrt_cert_type": kind,
            "mdtrt_cert_no": self.person["card_no"] if kind == "03" else self.person["certno"],
        }

    def send(self, infno: str, nodes: dict[str, Any], **head: Any) -> Any:
        """Send a message that must be answered well; return its output in canonical spelling."""
        return good(self.wire.send(infno, nodes, **head))

    def register(self) -> None:
        """2201."""
        data = {
            "psn_no": self.psn_no, "insutype": self.insutype, "begntime": f"{self.scene.now:%Y-%m-%d %H:%M:%S}",
            **self.certificate(), "ipt_otp_no": "MZ1", "atddr_no": "D1", "dr_name": "示例医师", "dept_code": "01",
            "dept_name": "内科", "caty": "A03",
        }  # fmt: skip
        self.mdtrt_id = self.send("2201", {"data": data})["data"]["mdtrt_id"]

    def admit(self) -> None:
        """2401."""
        stay = {
            "psn_no": self.psn_no, "insutype": self.insutype, "begntime": f"{self.scene.now:%Y-%m-%d %H:%M:%S}",
            **self.certificate(), "med_type": self.info["med_type"], "ipt_no": "ZY1", "atddr_no": "D1",
            "chfpdr_name": "示例医师", "adm_diag_dscr": "示例", "adm_dept_codg": "01", "adm_dept_name": "内科", "adm_bed": "1",
            "dscg_maindiag_code": "J18.900", "dscg_maindiag_name": "肺炎",
        }  # fmt: skip
        self.mdtrt_id = self.send("2401", {"mdtrtinfo": stay})["result"]["mdtrt_id"]

    def upload(self, infno: str = "2204") -> list[dict[str, Any]]:
        """2204 or 2301; return what each line was told."""
        where = {"med_type": self.info["med_type"]} if infno == "2301" else {"chrg_bchno": "1", "rx_circ_flag": "0"}
        who = {"mdtrt_id": self.mdtrt_id, "psn_no": self.psn_no, "fee_ocur_time": f"{self.scene.now:%Y-%m-%d %H:%M:%S}"}
        rows = [DIAGNOSED | where | who | {"medins_list_codg": "1"} | line for line in self.lines]
        self.told = self.send(infno, {"feedetail": rows})["result"]
        return self.told

    def discharge(self) -> None:
        """2402."""
        info = {
            "mdtrt_id": self.mdtrt_id, "psn_no": self.psn_no, "insutype": self.insutype, "dscg_dept_codg": "01",
            "endtime": f"{self.scene.now:%Y-%m-%d %H:%M:%S}", "dscg_dept_name": "内科", "dscg_way": "1",
        }  # fmt: skip
        self.send("2402", {"dscginfo": info})

    def settling(self, **more: Any) -> dict[str, Any]:
        """Return the input of a 2206, 2207, 2303 or 2304, with the sums of the line answers."""
        data = {
            "psn_no": self.psn_no, **self.certificate(), "med_type": self.info["med_type"], "medfee_sumamt": self.total,
            "psn_setlway": "01", "mdtrt_id": self.mdtrt_id, "acct_used_flag": "1", "insutype": self.insutype,
        }  # fmt: skip
        for name in ("fulamt_ownpay_amt", "overlmt_amt", "preselfpay_amt", "inscp_scp_amt"):
            data[SCOPE.get(name, name)] = str(sum(Decimal(str(line[name])) for line in self.told))
        if "hosp_part_amt" in self.facts:
            data["expContent"] = f'{{"hosp_part_amt":"{self.facts["hosp_part_amt"]}"}}'
        return {"data": data | more}

    def settle(self, infno: str, msgid: str, **more: Any) -> Any:
        """Send one of the settling messages of a visit under a msgid."""
        batch = {"chrg_bchno": "1"} if infno.startswith("22") else {"mid_setl_flag": "0"}
        return self.send(infno + self.variant, self.settling(**batch, **more), msgid=msgid)

    def give_back(self, infno: str, setl_id: str, msgid: str) -> Any:
        """Send a 2103, 2208 or 2305."""
        named = {"psn_no": self.psn_no, "mdtrt_id": self.mdtrt_id, "setl_id": setl_id}
        return self.send(infno, {"data": named}, msgid=msgid)

    def buy(self, msgid: str) -> Any:
        """2102."""
        now = f"{self.scene.now:%Y-%m-%d %H:%M:%S}"
        info = {
            "psn_no": self.psn_no, **self.certificate(), "begntime": now, "medfee_sumamt": self.total,
            "insutype": self.insutype, "acct_used_flag": "1", "med_type": self.info["med_type"],
        }  # fmt: skip
        rows = [line | {"rx_circ_flag": "0", "fee_ocur_time": now, "medins_list_codg": "1"} for line in self.lines]
        return self.send("2102", {"druginfo": info, "drugdetail": rows}, msgid=msgid)
