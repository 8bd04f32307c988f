"""Real requests of the interface: accepted as they are, in the world in which they were sent."""

from __future__ import annotations

import copy
import json
from decimal import Decimal
from typing import Any

import pytest
from sample_world.scene import BY_ID, SAMPLES, Scene, place_of, staged
from wire import code_of, good

from settlement.ledger.book import Booking, Message, Settlement
from settlement.money import fen
from settlement.national.profile import load_profile
from settlement.national.routes import ROUTES, check_output
from settlement.registry import Registry
from settlement.registry.sample import rows_of

REQUESTS = [case["id"] for case in SAMPLES["cases"] if case["direction"] == "request"]

HOSPITAL, VISIT, CITIZEN = "H50015599999", "310047000001", "P00000000001"


def registration_fee(folder, profile: str):
    """Return the scene in which the Chongqing request was sent: a resident's visit with a fee of 9 yuan."""
    row = {"insutype": "390", "psn_type": "15", "psn_insu_stas": "1", "cvlserv_flag": "0", "insuplc_admdvs": "500155"}
    person = {
        "psn_no": CITIZEN, "psn_name": "测试人员", "psn_cert_type": "01", "certno": "999999190001010000", "gend": "1",
        "naty": "01", "brdy": "1950-01-01", "card_no": "CARD000001", "card_sn": "", "card_state": "active",
        "opening_balc": "20.00", "insuinfo": [row],
    }  # fmt: skip
    head = {"fixmedins_code": HOSPITAL, "mdtrtarea_admvs": "500155", "insuplc_admdvs": "500155"}
    return staged(folder, profile, Registry(rows_of(person), [place_of(HOSPITAL, "500155")]), **head)


def prepare(scene: Scene) -> None:
    """Put the visit of the request into the book, and its fee."""
    scene.at("2021-09-24 08:28:20")
    scene.book_visit(
        {
            "mdtrt_id": VISIT, "psn_no": CITIZEN, "fixmedins_code": HOSPITAL, "mdtrtarea_admvs": "500155",
            "insuplc_admdvs": "500155", "kind": "outpatient", "ipt_otp_no": "MZ1", "insutype": "390", "med_type": "12",
            "begntime": "2021-09-24 08:28:20", "endtime": "", "dise_codg": "", "state": "open", "setl_id": "",
            "batches": {}, "said": {"med_type": "12"}, "diseinfo": [],
        }
    )  # fmt: skip
    line = {
        "feedetl_sn": "1", "mdtrt_id": VISIT, "psn_no": CITIZEN, "chrg_bchno": "202109240001", "rx_circ_flag": "0",
        "fee_ocur_time": "2021-09-24 08:28:20", "med_list_codg": "SAMPLE-REGISTRATION", "medins_list_codg": "1",
        "det_item_fee_sumamt": "9", "cnt": "1", "pric": "9", "chrgitm_lv": "01", "bilg_dept_codg": "01",
        "bilg_dept_name": "内科", "bilg_dr_codg": "D1", "bilg_dr_name": "示例医师",
    }  # fmt: skip
    good(scene.wire.send("2204", {"feedetail": [line]}))
    scene.at("2021-09-24 08:28:27")


def as_text(node: Any) -> Any:
    """Return a message with every number as text."""
    if isinstance(node, dict):
        return {name: as_text(value) for name, value in node.items()}
    return str(node) if isinstance(node, Decimal) else node


def to_bytes(payload: dict[str, Any], indent: int | None = None) -> bytes:
    return json.dumps(payload, ensure_ascii=False, indent=indent, default=int).encode()


def send_bytes(scene: Scene, payload: dict[str, Any], body: bytes) -> dict[str, Any]:
    """Send exactly these bytes, under the region's headers of now."""
    url, headers, _ = scene.wire.signed(payload)
    scene.wire.post(url, headers, body)
    return scene.answered()


def test_there_are_the_requests_that_were_found():
    assert REQUESTS == ["CQ-2207-REQ-01", "HA-3201-REQ-01"]
    signing = {name: load_profile(name).security.signing for name in ("plain", "chongqing")}
    assert signing == {
        "plain": "none",
        "chongqing": "sha256_tif",
    }  # neither covers the body, so the bytes stay as found


@pytest.mark.parametrize("profile", ["plain", "chongqing"])
@pytest.mark.parametrize("form", ["as found", "numbers as text", "on many lines"])
def test_a_real_settlement_request_is_accepted_as_it_is(tmp_path, profile, form):
    payload = BY_ID["CQ-2207-REQ-01"]["payload"]
    body = to_bytes(as_text(payload) if form == "numbers as text" else payload, 1 if form == "on many lines" else None)
    with registration_fee(tmp_path, profile) as scene:
        prepare(scene)
        answer = send_bytes(scene, as_text(payload), body)
        assert answer["infcode"] == 0, answer
        again = send_bytes(scene, as_text(payload), to_bytes(payload))
        assert again == answer  # numbers or text, it is one message
        assert scene.ledger.person(CITIZEN).acct_balc_fen == 1100
    info = answer["output"]["setlinfo"]
    assert info["medins_setl_id"] == payload["msgid"]
    assert (info["mdtrt_id"], info["med_type"], info["setl_time"]) == (VISIT, "12", "2021-09-24 08:28:27")
    assert {name: Decimal(info[name]) for name in ("medfee_sumamt", "inscp_scp_amt", "acct_pay")} == {
        "medfee_sumamt": 9, "inscp_scp_amt": 9, "acct_pay": 9,
    }  # fmt: skip


def test_what_a_hospital_adds_passes_and_stays_in_the_book(tmp_path):
    """Fields of its own in the input are kept with the message; those beside the input belong to the transport."""
    payload = copy.deepcopy(as_text(BY_ID["CQ-2207-REQ-01"]["payload"]))
    payload["input"]["data"] |= {"return_invono": "20210923-7", "novel": {"of": ["any", "shape"]}, "return_date": None}
    payload["input"]["novel_node"] = [{"x": 1}]
    payload |= {"serv_code": "S1", "novel_head": {"deep": [1]}}
    with registration_fee(tmp_path, "plain") as scene:
        prepare(scene)
        assert scene.wire.send_whole(payload)["infcode"] == 0
        [entry] = [one for one in scene.ledger.settlements(0) if one.message.msgid == payload["msgid"]]
        kept = json.loads(entry.message.body)["input"]
        assert kept["data"]["return_invono"] == "20210923-7"
        assert kept["data"]["novel"] == {"of": ["any", "shape"]}
        assert kept["novel_node"] == [{"x": "1"}]
        assert b"S1" not in entry.message.body
        other_head = payload | {"serv_code": "S2", "serv_sign": "anew"}
        assert scene.wire.send_whole(other_head)["infcode"] == 0  # an honest retry


def test_without_its_visit_the_same_request_is_told_so(tmp_path):
    with registration_fee(tmp_path, "chongqing") as scene:
        scene.at("2021-09-24 08:28:27")
        answer = send_bytes(
            scene, as_text(BY_ID["CQ-2207-REQ-01"]["payload"]), to_bytes(BY_ID["CQ-2207-REQ-01"]["payload"])
        )
    assert (answer["infcode"], code_of(answer)) == (-2, "B04_VISIT_UNKNOWN")


def as_number(text: str) -> Any:
    """Return an amount or a count as the number that it is."""
    return float(text) if "." in text else int(text) if text.isdigit() else text


NANYANG, COUNT = "H41130299999", 67


def month_of(total: dict[str, str], rows: int) -> list[Settlement]:
    """Return settlements of January 2024 that come to the totals of the Nanyang request."""
    sums = {name: fen(total[name]) for name in ("medfee_sumamt", "fund_pay_sumamt", "acct_pay")}
    made = []
    for number in range(rows):
        parts = [value // rows + (value % rows if number == 0 else 0) for value in sums.values()]
        made.append(
            Settlement(
                f"N{number}", f"V{number}", NANYANG, f"2024-01-{number % 31 + 1:02d}", "310", "11", "411302", "11", "",
                *parts, 0, parts[0] - parts[1] - parts[2],
            )
        )  # fmt: skip
    return sorted(made, key=lambda row: row.day)


@pytest.mark.parametrize(("rows", "verdict"), [(COUNT, "0"), (COUNT - 1, "2"), (0, "2")])
def test_a_real_reconciliation_request_is_accepted_as_it_is(tmp_path, rows, verdict):
    """The whole month of the request: equal where the book has just that, else what it lacks is said."""
    payload = BY_ID["HA-3201-REQ-01"]["payload"]
    head = {"fixmedins_code": NANYANG, "mdtrtarea_admvs": "411302", "insuplc_admdvs": "410000"}
    with staged(tmp_path, "plain", Registry([], [place_of(NANYANG, "411302")]), **head) as scene:
        for row in month_of(payload["input"]["data"], COUNT)[:rows]:
            message = Message(NANYANG, row.setl_id, "2207", b"{}", "", f"{row.day} 10:00:00")
            scene.ledger.settle(message, lambda _, row=row: Booking(b"{}", row.setl_id, settlement=row))
        scene.at("2024-02-02 17:20:50")
        answer = send_bytes(scene, payload, to_bytes(payload))
        numbers = {name: as_number(value) for name, value in payload["input"]["data"].items()}
        send_bytes(scene, payload, to_bytes(payload | {"input": {"data": numbers}}))
        assert scene.answered()["output"] == answer["output"]
        scene.wire.send_whole(payload | {"infver": "1", "opter_type": 1})
        assert scene.answered()["output"] == answer["output"]
    assert answer["infcode"] == 0
    stmt = answer["output"]["stmtinfo"]
    assert (stmt["stmt_rslt"], stmt["setl_optins"]) == (verdict, "411302")
    assert check_output(ROUTES["3201"], answer["output"]) == []
