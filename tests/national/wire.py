"""A service in a process of its own, and a client that speaks to it as a hospital's system would."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from base64 import b64encode
from itertools import count
from pathlib import Path
from typing import Any, ClassVar

import httpx

from settlement.checkout import DATA
from settlement.national.gate import Gate
from settlement.national.profile import from_canonical, load_profile, request_path, to_canonical
from settlement.national.roles import load_clients
from settlement.national.schemes import Party
from settlement.national.service import Service
from settlement.national.signing import party_of, plain_output, sign_request
from settlement.national.startup import Made, make_parts, make_working

ROOT = Path(__file__).resolve().parents[2]
PHARMACY, HOSPITAL, OTHER_HOSPITAL = "P22040000001", "H22040000001", "H22040000002"
WORKER, WORKER_CERTNO = "22040000000000000001", "220400196802290012"
SANDBOX_CLIENTS = DATA / "sandbox_clients.toml"
START_S = 60


class Running:
    """``settlement serve`` in a process, on a free port."""

    def __init__(
        self, folder: Path, *said: str, profile: str = "plain", port: int = 0, environment: dict[str, str] | None = None
    ):
        self.folder, self.profile = folder, profile
        command = [sys.executable, "-m", "settlement.cli", "serve", "--port", str(port), "--folder", str(folder)]
        self.log = folder / "service.log"
        folder.mkdir(parents=True, exist_ok=True)
        self.errors = (folder / "stderr.txt").open("ab")
        self.process = subprocess.Popen(
            [*command, "--profile", profile, "--log-file", str(self.log), *said],
            cwd=ROOT, stdout=subprocess.PIPE, stderr=self.errors, env=os.environ | (environment or {}),
        )  # fmt: skip
        os.set_blocking(self.process.stdout.fileno(), False)
        self.shown = ""
        self.url = self._started()

    def _started(self) -> str:
        deadline = time.monotonic() + START_S
        while time.monotonic() < deadline:
            self.shown += (self.process.stdout.read() or b"").decode()
            if found := re.search(r"listening on (http://\S+)", self.shown):
                return found[1]
            if self.process.poll() is not None:
                break
            time.sleep(0.02)
        self.kill()
        raise AssertionError(f"the service did not start: {(self.folder / 'stderr.txt').read_text()}")

    def kill(self) -> None:
        """End it as a power cut would end the process."""
        self.process.kill()
        self._gone()

    def stop(self) -> int:
        """End it in an orderly way; return its exit code."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        return self._gone()

    def _gone(self) -> int:
        code = self.process.wait(timeout=60)
        self.process.stdout.close()
        self.errors.close()
        return code


async def in_one_process(made: Made, gate: Gate) -> Service:
    """Return a service whose book is in this process: the same parts without the line between them."""
    parts = make_parts(made.settings, gate, make_working(made), made.log)
    return Service(parts._replace(clock=made.house.clock))


class Wire:
    """A client of one service. ``send`` returns the answer in canonical spelling; ``response`` is what came."""

    serial = count(1)
    opened: ClassVar[list[Wire]] = []  # closed after each test

    def __init__(self, url: str, profile: str = "plain", clients: Path | None = None, client: str = "", **head: str):
        self.url, self.profile, self.head = url, load_profile(profile), head
        self.http = httpx.Client(timeout=30, trust_env=False)
        self.opened.append(self)
        self.response: httpx.Response | None = None
        self.party, self.token = self._party(clients, client), ""

    def _party(self, file: Path | None, client: str) -> Party | None:
        if file is None and self.profile.security.signing == "none":
            return None
        clients = load_clients(file or SANDBOX_CLIENTS)
        known = clients[client] if client else next(iter(clients.values()))
        return party_of(self.profile, known.id, known.keys)

    def close(self) -> None:
        """Let the connections go."""
        self.http.close()

    def basic(self) -> str:
        """Return the header by which the client shows its secret."""
        return "Basic " + b64encode(f"{self.party.id}:{self.party.secret}".encode()).decode()

    def get_token(self) -> str:
        """Return a token, asked for once."""
        if not self.token and self.profile.transport.token == "oauth":
            form = {"username": self.party.username, "password": self.party.password, "grant_type": "password"}
            path = self.profile.transport.token_path
            came = self.http.post(self.url + path, data=form, headers={"Authorization": self.basic()})
            assert came.status_code == 200, came.text
            self.token = came.json()["access_token"]
        return self.token

    def message(self, infno: str, input: Any, **head: Any) -> dict[str, Any]:
        """Return an envelope in canonical spelling."""
        said = self.head | {name: value for name, value in head.items() if value is not None}
        place = said.get("fixmedins_code", PHARMACY if infno.startswith("21") else HOSPITAL)
        now = time.gmtime(time.time() + 8 * 3600)
        msgid = f"{place[:12]}{time.strftime('%Y%m%d%H%M%S', now)}{next(self.serial) % 10_000:04d}"
        made = {
            "infno": infno, "msgid": msgid, "mdtrtarea_admvs": "220402", "insuplc_admdvs": "220400",
            "recer_sys_code": "FSI_LOCAL", "dev_no": "", "dev_safe_info": "", "cainfo": "", "signtype": "",
            "infver": "V1.0", "opter_type": "1", "opter": "0001", "opter_name": "测试员",
            "inf_time": time.strftime("%Y-%m-%d %H:%M:%S", now), "fixmedins_code": place, "fixmedins_name": "示例机构",
            "sign_no": "", "input": input,
        }  # fmt: skip
        return made | said

    def signed(self, message: dict[str, Any], at: float | None = None) -> tuple[str, dict[str, str], bytes]:
        """Return address, headers and body of a message as the profile wants it."""
        infno = message["infno"]
        spelt = from_canonical(self.profile, infno, message, "request")
        made = sign_request(
            self.profile, self.party or Party(""), spelt, time.time() if at is None else at, token=self.get_token()
        )
        headers = dict(made.headers)
        if self.party and self.profile.security.signing == "none":
            headers["Authorization"] = self.basic()
        return self.url + request_path(self.profile, infno), headers, made.body

    def post(self, url: str, headers: dict[str, str], body: bytes) -> httpx.Response:
        """Post and keep what came."""
        self.response = self.http.post(url, headers=headers, content=body)
        return self.response

    def send(self, infno: str, input: Any, **head: Any) -> dict[str, Any]:
        """Send a message; return the answer, deciphered."""
        return self.send_whole(self.message(infno, input, **head))

    def send_whole(self, message: dict[str, Any], at: float | None = None) -> dict[str, Any]:
        """Send a whole envelope."""
        return self.read(message["infno"], self.post(*self.signed(message, at)))

    def read(self, infno: str, response: httpx.Response) -> dict[str, Any]:
        """Return the answer that a response holds, in canonical spelling."""
        answer = json.loads(response.content, parse_float=str)
        text = plain_output(self.profile, self.party.id, answer) if self.party else None
        if text is not None:
            answer["output"] = json.loads(text, parse_float=str)
        return to_canonical(self.profile, infno, answer, "answer")


def good(answer: dict[str, Any]) -> Any:
    """Return the output of an answer that must be one."""
    assert str(answer.get("infcode")) == "0", answer
    return answer["output"]


def code_of(answer: dict[str, Any]) -> str:
    """Return the code of a refusal."""
    found = re.match(r"\[([A-Z0-9_]+)\]", str(answer.get("err_msg") or answer.get("message") or ""))
    assert found, answer
    return found[1]


def purchase(amount: str = "18.50", serial: str = "1", **more: Any) -> dict[str, Any]:
    """Return the input of a 2101 or 2102: one box of a medicine."""
    info = {
        "psn_no": WORKER, "mdtrt_cert_type": "02", "mdtrt_cert_no": WORKER_CERTNO, "begntime": "2024-05-01 09:00:00",
        "medfee_sumamt": amount, "insutype": "310", "acct_used_flag": "1", "med_type": "41",
    }  # fmt: skip
    line = {
        "feedetl_sn": serial, "rx_circ_flag": "0", "fee_ocur_time": "2024-05-01 09:00:00",
        "med_list_codg": "ZA01BAG9001010100000", "medins_list_codg": "A1", "det_item_fee_sumamt": amount, "cnt": "1",
        "pric": amount,
    }  # fmt: skip
    return {"druginfo": info | more, "drugdetail": [line]}


def registration(psn_no: str = WORKER, certno: str = WORKER_CERTNO, **more: Any) -> dict[str, Any]:
    """Return the input of a 2201."""
    data = {
        "psn_no": psn_no, "insutype": "310", "begntime": "2024-05-01 08:50:00", "mdtrt_cert_type": "02",
        "mdtrt_cert_no": certno, "ipt_otp_no": "MZ1", "atddr_no": "D1", "dr_name": "示例医师", "dept_code": "01",
        "dept_name": "内科", "caty": "A03",
    }  # fmt: skip
    return {"data": data | more}


def fee_lines(mdtrt_id: str, lines: int = 5, batch: str = "B1", psn_no: str = WORKER) -> dict[str, Any]:
    """Return the input of a 2204."""
    line = {
        "mdtrt_id": mdtrt_id, "psn_no": psn_no, "chrg_bchno": batch, "rx_circ_flag": "0",
        "fee_ocur_time": "2024-05-01 09:00:00", "med_list_codg": "ZA01BAG9001010100000", "medins_list_codg": "A1",
        "det_item_fee_sumamt": "37.00", "cnt": "2", "pric": "18.50", "bilg_dept_codg": "01", "bilg_dept_name": "内科",
        "bilg_dr_codg": "D1", "bilg_dr_name": "示例医师", "hosp_appr_flag": "1",
    }  # fmt: skip
    return {"feedetail": [line | {"feedetl_sn": f"{batch}-{number}"} for number in range(lines)]}


def settling(
    mdtrt_id: str, amount: str = "185.00", batch: str = "B1", psn_no: str = WORKER, **more: Any
) -> dict[str, Any]:
    """Return the input of a 2206; a 2207 also takes the four sums of the line results."""
    data = {
        "psn_no": psn_no, "mdtrt_cert_type": "02", "mdtrt_cert_no": WORKER_CERTNO, "med_type": "11",
        "medfee_sumamt": amount, "psn_setlway": "01", "mdtrt_id": mdtrt_id, "chrg_bchno": batch, "acct_used_flag": "1",
        "insutype": "310",
    }  # fmt: skip
    return {"data": data | more}


SUMS = ("fulamt_ownpay_amt", "overlmt_selfpay", "preselfpay_amt", "inscp_scp_amt")


def visit(wire: Wire, lines: int = 5, batch: str = "B1") -> tuple[str, dict[str, str], str]:
    """Register, upload lines, pre-settle; return mdtrt_id, the four sums and the total."""
    mdtrt_id = good(wire.send("2201", registration()))["data"]["mdtrt_id"]
    good(wire.send("2204", fee_lines(mdtrt_id, lines, batch)))
    amount = f"{37 * lines}.00"
    info = good(wire.send("2206", settling(mdtrt_id, amount, batch)))["setlinfo"]
    return mdtrt_id, {name: info[name] for name in SUMS}, amount
