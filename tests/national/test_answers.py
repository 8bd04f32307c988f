"""Every transaction, sent once and answered well: the answer has the form that the interface promises, in each region."""

from __future__ import annotations

import base64
import io
import json
import zipfile
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
from card_day import life_of_a_card
from guide_day import guide_and_pay_outs
from jsonschema import Draft202012Validator
from sample_world.scene import Scene, staged
from wire import HOSPITAL, PHARMACY, SUMS, WORKER, WORKER_CERTNO, fee_lines, good, purchase, registration, settling

from settlement.checkout import DATA
from settlement.national.openapi import openapi
from settlement.national.profile import DECIMALS, EXTENSION, list_profiles, load_profile
from settlement.national.routes import ROUTES, check_output
from settlement.registry import load_registry

CARD = {"mdtrt_cert_type": "02", "mdtrt_cert_no": WORKER_CERTNO}
WHO = {"psn_no": WORKER}
DIAGNOSIS = {"diag_type": "1", "diag_srt_no": "1", "diag_code": "J18.900", "diag_name": "肺炎"}
MAY = {"stmt_begndate": "2024-05-01", "stmt_enddate": "2024-05-31"}


class Day:
    """Sends messages and keeps what each transaction was answered: canonical outputs, and answers as they went out."""

    def __init__(self, scene: Scene) -> None:
        self.scene, self.wire = scene, scene.wire
        self.outputs: dict[str, list[Any]] = {}
        self.raw: dict[str, Any] = {}

    def send(self, infno: str, nodes: dict[str, Any], **head: Any) -> Any:
        output = good(self.wire.send(infno, nodes, **head))
        self.outputs.setdefault(infno, []).append(output)
        self.raw[infno] = self.scene.answered()
        return output

    def fetch(self, handle: dict[str, str], **head: Any) -> bytes:
        """9102: the file is the body."""
        nodes = {
            "fsDownloadIn": {name: handle[name] for name in ("file_qury_no", "filename")} | {"fixmedins_code": HOSPITAL}
        }
        response = self.wire.post(*self.wire.signed(self.wire.message("9102", nodes, **head)))
        assert response.headers["content-type"] == "application/octet-stream", response.text
        self.outputs.setdefault("9102", []).append(response.content)
        return response.content


def person_and_catalogues(day: Day) -> None:
    sign_no = day.send("9001", {"signIn": {"opter_no": "0001", "ip": "127.0.0.1"}})["signinoutb"]["sign_no"]
    day.send("1101", {"data": CARD})
    day.send("1201", {"medinsinfo": {"fixmedins_code": HOSPITAL}})
    day.send("1901", {"data": {"type": "med_type"}})
    for infno in sorted(ROUTES):
        if infno.startswith("13"):
            day.send(infno, {"data": {}})
    day.fetch(day.outputs["1301"][0], opter="cashier")  # who sells drugs needs their catalogue
    benefit = WHO | {"insutype": "310", "fixmedins_code": HOSPITAL, "med_type": "11", "begntime": "2024-05-01"}
    day.send("2001", {"data": benefit})
    day.send("9002", {"signOut": {"opter_no": "0001", "sign_no": sign_no}})


def filings(day: Day) -> None:
    begins = {"begndate": "2024-05-01"} | WHO
    elsewhere = day.send("2501", {"refmedin": begins | {"mdtrtarea_admdvs": "310000", "refl_type": "1"}})
    chronic = day.send("2503", {"data": begins | {"opsp_dise_code": "M01600", "opsp_dise_name": "糖尿病"}})
    chosen = day.send("2505", {"data": begins | {"biz_appy_type": "1", "fixmedins_code": HOSPITAL}})
    for infno, filed in (("2502", elsewhere), ("2506", chosen)):
        day.send(infno, {"data": WHO | {"trt_dcla_detl_sn": filed["result"]["trt_dcla_detl_sn"]}})
    mdtrt_id = day.send("2201", registration())["data"]["mdtrt_id"]
    info = WHO | {"mdtrt_id": mdtrt_id, "med_type": "14", "begntime": "2024-05-01", "dise_codg": "M01600"}
    day.send("2204", fee_lines(mdtrt_id, lines=1))
    day.send("2203", {"mdtrtinfo": info, "diseinfo": [DIAGNOSIS]})  # the area's rules for chronic care are not known
    day.send("5205", {"data": WHO | {"begntime": "2024-05-01", "endtime": "2024-05-31"}})
    day.send("5202", {"data": WHO | {"mdtrt_id": mdtrt_id}})
    day.send("2205", {"data": WHO | {"mdtrt_id": mdtrt_id, "chrg_bchno": "B1"}})
    day.send("2202", {"data": WHO | {"mdtrt_id": mdtrt_id, "ipt_otp_no": "MZ1"}})
    day.send("2504", {"data": WHO | {"trt_dcla_detl_sn": chronic["result"]["trt_dcla_detl_sn"]}})


def purchases(day: Day) -> None:
    day.send("2101", purchase())
    day.send("2102", purchase("0.01", acct_used_flag="0"))  # cash alone: nobody to list in setldetail
    info = day.send("2102", purchase())["setlinfo"]
    named = {name: info[name] for name in ("psn_no", "mdtrt_id", "setl_id")}
    day.send("2103", {"data": named}, fixmedins_code=PHARMACY)
    unknown = purchase()
    unknown["drugdetail"][0] |= {"med_list_codg": "SELF-MADE", "chrgitm_lv": "03"}
    day.send("2102", unknown)
    day.send("2601", {"data": WHO | {"omsgid": "NEVER-SEEN", "oinfno": "2102"}}, fixmedins_code=PHARMACY)


def visits(day: Day) -> dict[str, str]:
    """One visit settled and given back, one that stands; return the setlinfo of that."""
    for number in ("1", "2"):
        mdtrt_id = day.send("2201", registration())["data"]["mdtrt_id"]
        day.send("2204", fee_lines(mdtrt_id, 2))
        sums = {
            name: value
            for name, value in day.send("2206", settling(mdtrt_id, "74.00"))["setlinfo"].items()
            if name in SUMS
        }
        info = day.send("2207", settling(mdtrt_id, "74.00", **sums))["setlinfo"]
        named = {name: info[name] for name in ("psn_no", "mdtrt_id", "setl_id")}
        if number == "1":
            day.send("2208", {"data": named})
    day.send("5201", {"data": WHO | {"begntime": "2024-05-01", "endtime": "2024-05-31"}})
    day.send("5203", {"data": named})
    day.send("5204", {"data": named})
    day.send("5206", {"data": WHO})
    return info


def stays(day: Day) -> dict[str, str]:
    """One stay settled, given back and undone, one that stands; return the setlinfo of that."""
    for number in ("1", "2"):
        stay = WHO | CARD | {
            "insutype": "310", "begntime": "2024-05-01 10:00:00", "med_type": "21", "ipt_no": f"ZY{number}",
            "atddr_no": "D1", "chfpdr_name": "示例医师", "adm_diag_dscr": "示例", "adm_dept_codg": "01",
            "adm_dept_name": "内科", "adm_bed": "1", "dscg_maindiag_code": "J18.900", "dscg_maindiag_name": "肺炎",
        }  # fmt: skip
        mdtrt_id = day.send("2401", {"mdtrtinfo": stay, "diseinfo": [DIAGNOSIS]})["result"]["mdtrt_id"]
        named = WHO | {"mdtrt_id": mdtrt_id}
        day.send("2403", {"adminfo": named | {"adm_bed": "2"}})
        day.send("2301", {"feedetail": ward_lines(mdtrt_id)})
        if number == "1":
            day.send("2302", {"data": named | {"feedetl_sn": "W3"}})
        gone = named | {"insutype": "310", "endtime": "2024-05-09", "dscg_dept_codg": "01", "dscg_dept_name": "内科"}
        day.send("2402", {"dscginfo": gone | {"dscg_way": "1"}})
        total = "1050.00" if number == "1" else "1400.00"
        asked = settling(mdtrt_id, total, med_type="21", mid_setl_flag="0", fulamt_ownpay_amt="0", overlmt_selfpay="0",
                         preselfpay_amt="0", inscp_scp_amt="0")  # fmt: skip
        day.send("2303", asked)
        info = day.send("2304", asked)["setlinfo"]
        if number == "1":
            day.send("2305", {"data": named | {"setl_id": info["setl_id"]}})
            day.send("2405", {"data": named})
            day.send("2302", {"data": named | {"feedetl_sn": "0000"}})
            day.send("2404", {"data": named})
    return info


def ward_lines(mdtrt_id: str) -> list[dict[str, str]]:
    """Three bed charges and part of the second given back."""
    whose = {"mdtrt_id": mdtrt_id, "psn_no": WORKER, "med_type": "21", "fee_ocur_time": "2024-05-02 12:00:00"}
    by = {"bilg_dept_codg": "01", "bilg_dept_name": "内科", "bilg_dr_codg": "D1", "bilg_dr_name": "示例医师"}
    item = {"med_list_codg": "001109000010000", "medins_list_codg": "1", "pric": "35.00"}
    amounts = (("W1", "20", "700.00"), ("W2", "20", "700.00"), ("W3", "10", "350.00"))
    rows = [{"feedetl_sn": serial, "cnt": cnt, "det_item_fee_sumamt": amount} for serial, cnt, amount in amounts]
    rows.append({"feedetl_sn": "W4", "init_feedetl_sn": "W2", "cnt": "-10", "det_item_fee_sumamt": "-350.00"})
    return [whose | by | item | row for row in rows]


def office(day: Day, outpatient: dict[str, str], stay: dict[str, str]) -> None:
    """The settlement list, then the accounts of the month that is over."""
    listed = {name: stay[name] for name in ("psn_no", "mdtrt_id", "setl_id")}
    day.send("4101", {"setlinfo": listed})
    day.scene.at("2024-06-03 09:00:00")
    centre = stay["clr_optins"]
    total = {"medfee_sumamt": stay["medfee_sumamt"], "fund_pay_sumamt": stay["fund_pay_sumamt"]}
    asked = MAY | {"setl_optins": centre, "clr_type": "21", "fixmedins_setl_cnt": "1"} | total
    day.send("3201", {"data": asked | {"insutype": "310", "acct_pay": stay["acct_pay"], "refd_setl_flag": "0"}})
    row = [
        outpatient[name] for name in ("setl_id", "mdtrt_id", "psn_no", "medfee_sumamt", "fund_pay_sumamt", "acct_pay")
    ]
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("stmt.txt", "\t".join([*row, "0", "null"]))
    sent = {"in": base64.b64encode(packed.getvalue()).decode(), "filename": "stmt.zip", "fixmedins_code": HOSPITAL}
    handle = day.send("9101", {"fsUploadIn": sent})
    cash = {"cash_payamt": outpatient["psn_cash_pay"], "file_qury_no": handle["file_qury_no"]}
    ours = {name: outpatient[name] for name in ("medfee_sumamt", "fund_pay_sumamt")}
    found = day.send("3202", {"data": asked | {"clr_type": "", "insutype": ""} | ours | cash})["fileinfo"]
    day.fetch(found)
    month = {
        "clr_type": "21", "medfee_sumamt": total["medfee_sumamt"], "med_sumfee": total["medfee_sumamt"],
        "fund_appy_sum": total["fund_pay_sumamt"], "cash_payamt": stay["psn_cash_pay"], "acct_pay": stay["acct_pay"],
        "begndate": "2024-05-01", "enddate": "2024-05-31",
    }  # fmt: skip
    for infno, more in (("3203", {"setlym": "202405", "psntime": "1"}), ("3203A", {"clr_optins": centre})):
        event = day.send(infno, {"data": month | more})["result"]["clr_appy_evt_id"]
        day.send("3204", {"data": {"clr_appy_evt_id": event}})


@pytest.fixture(scope="module", params=list_profiles())
def day(request, tmp_path_factory) -> Iterator[Day]:
    """Return a month in which every transaction was answered."""
    folder = tmp_path_factory.mktemp(request.param)
    with staged(folder, request.param, load_registry(DATA / "registry.json")) as scene:
        scene.at("2024-05-01 09:00:00")
        made = Day(scene)
        person_and_catalogues(made)
        filings(made)
        life_of_a_card(made.send)
        guide_and_pay_outs(made.send)
        purchases(made)
        outpatient = visits(made)
        office(made, outpatient, stays(made))
        yield made


def test_every_transaction_was_answered(day):
    assert set(day.outputs) == set(ROUTES)


def test_every_answer_has_its_form(day):
    faults = {
        infno: found
        for infno, outputs in day.outputs.items()
        if infno != "9102" and (found := [fault for output in outputs for fault in check_output(ROUTES[infno], output)])
    }
    assert faults == {}
    assert ROUTES["9102"].output is bytes and all(day.outputs["9102"])


def test_amounts_are_of_the_kind_that_the_region_writes(day):
    profile = load_profile(day.scene.profile)
    if profile.security.cipher != "none":
        return  # the same answers in plain text are seen elsewhere
    wanted = Decimal if profile.answer.amounts == "number" else str
    found = [(infno, name, value) for infno, raw in day.raw.items() for name, value in amounts(raw["output"])]
    assert len(found) > 500
    assert [one for one in found if not isinstance(one[2], wanted)] == []


def amounts(node: Any) -> Iterator[tuple[str, Any]]:
    """Yield the decimals of an answer that say something, wherever they stand."""
    if isinstance(node, list):
        for row in node:
            yield from amounts(row)
    for name, value in node.items() if isinstance(node, dict) else ():
        if name in EXTENSION:
            continue
        if isinstance(value, dict | list):
            yield from amounts(value)
        elif name in DECIMALS and value not in (None, ""):
            yield name, value


def test_every_answer_fits_the_document(day):
    if day.scene.profile != "plain":
        return  # the document is that of the plain interface
    document = openapi()
    for infno in sorted(set(ROUTES) - {"9102"}):
        operation = document["paths"][f"/fsi/api/{infno}"]["post"]
        schema = operation["responses"]["200"]["content"]["application/json"]["schema"]
        raw = json.loads(json.dumps(day.raw[infno], default=str))
        raw["infcode"] = int(raw["infcode"])
        errors = Draft202012Validator({**schema, "components": document["components"]}).iter_errors(raw)
        assert [(infno, error.json_path, error.message) for error in errors] == []


def test_no_text_of_an_answer_is_blank_where_its_form_wants_one(day):
    """An optional field that is not known is null or left out, or empty text: never a blank or the word null."""
    texts = [value for raw in day.raw.values() for value in words(raw)]
    assert [text for text in texts if text != text.strip() or text in ("None", "null", "nan")] == []


def words(node: Any) -> Iterator[str]:
    if isinstance(node, str):
        yield node
    for value in node.values() if isinstance(node, dict) else node if isinstance(node, list) else ():
        yield from words(value)
