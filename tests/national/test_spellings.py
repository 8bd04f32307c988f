"""How programs in the field write the same message: what is taken, what is refused, and that each refusal says where.

One visit stands ready; each row sends its pre-settlement otherwise than the tables say. Taken means: the same figures as
the plain message. What is refused is what a platform could read in two ways, or could not read.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from sample_world.scene import Scene, staged
from wire import PHARMACY, WORKER, code_of, fee_lines, good, purchase, registration, settling

from settlement.checkout import DATA
from settlement.registry import load_registry

AMOUNT = "74.00"


@pytest.fixture(scope="module")
def scene(tmp_path_factory) -> Iterator[Scene]:
    with staged(tmp_path_factory.mktemp("spelt"), "plain", load_registry(DATA / "registry.json")) as made:
        made.at("2024-05-01 09:00:00")
        yield made


@pytest.fixture(scope="module")
def ready(scene) -> dict[str, Any]:
    """Return the pre-settlement of a visit with two lines, and its figures as ``answered``."""
    mdtrt_id = good(scene.wire.send("2201", registration()))["data"]["mdtrt_id"]
    good(scene.wire.send("2204", fee_lines(mdtrt_id, 2)))
    message = scene.wire.message("2206", settling(mdtrt_id, AMOUNT))
    answer = good(scene.wire.send_whole(message))
    return message | {"answered": figures(answer)}


def figures(output: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in output["setlinfo"].items() if name not in ("medins_setl_id", "setl_time")}


def sent(scene: Scene, message: dict[str, Any], body: bytes | None = None) -> dict[str, Any]:
    url, headers, usual = scene.wire.signed({name: value for name, value in message.items() if name != "answered"})
    return json.loads(scene.wire.post(url, headers, usual if body is None else body).content)


def text_of(message: dict[str, Any]) -> str:
    return json.dumps({name: value for name, value in message.items() if name != "answered"}, ensure_ascii=False)


TAKEN_AMOUNTS = ['"74"', '"74.0"', '"74.000000"', "74", "74.0", "74.00", "7.4E1", "7.4e+1", "740E-1", "0.74E2"]
REFUSED_AMOUNTS = {
    '" 74.00"': "N03_NOT_A_DECIMAL", '"74.00 "': "N03_NOT_A_DECIMAL", '"74.00元"': "N03_NOT_A_DECIMAL",
    '"7.4E1"': "N03_NOT_A_DECIMAL", '"+74.00"': "N03_NOT_A_DECIMAL", '"74,00"': "N03_NOT_A_DECIMAL",
    '"７４.00"': "N03_NOT_A_DECIMAL", '"74.001"': "N03_NOT_A_DECIMAL", "74.0001": "N03_NOT_A_DECIMAL",
    "1E999999999": "N03_NOT_A_DECIMAL", "1E99": "N03_NOT_A_DECIMAL", "true": "N03_NOT_A_DECIMAL",
    '""': "N01_FIELD_MISSING", "null": "N01_FIELD_MISSING", '"  "': "N01_FIELD_MISSING",
}  # fmt: skip


@pytest.mark.parametrize("amount", TAKEN_AMOUNTS)
def test_an_amount_is_taken_as_number_or_text(scene, ready, amount):
    body = text_of(ready).replace(f'"medfee_sumamt": "{AMOUNT}"', f'"medfee_sumamt": {amount}')
    answer = sent(scene, ready, body.encode())
    assert figures(good(answer)) == ready["answered"]


@pytest.mark.parametrize(("amount", "code"), REFUSED_AMOUNTS.items())
def test_an_amount_that_is_not_written_plainly_is_refused_with_its_place(scene, ready, amount, code):
    body = text_of(ready).replace(f'"medfee_sumamt": "{AMOUNT}"', f'"medfee_sumamt": {amount}')
    answer = sent(scene, ready, body.encode())
    assert code_of(answer) == code
    assert "data.medfee_sumamt（医疗费总额）" in answer["err_msg"]


HEADS: list[tuple[dict[str, Any], str]] = [
    ({"opter_type": 1}, ""),
    ({"opter_type": "01"}, ""),
    ({"infver": "1"}, ""),
    ({"infver": 1.0}, ""),
    ({"infver": "1.0.0"}, ""),
    ({"opter": 1}, ""),
    ({"recer_sys_code": 99}, ""),
    ({"msgid": "240704161004-H41130299999-0056"}, ""),
    ({"msgid": "202302270953542206A82"}, ""),
    ({"msgid": 202302270953542206}, ""),
    ({"sign_no": None, "dev_no": None, "dev_safe_info": None, "cainfo": None, "signtype": None}, ""),
    ({"signtype": "SM3", "cainfo": "bm90IGNoZWNrZWQgaGVyZQ=="}, ""),
    ({"encType": "", "serv_code": "S", "serv_sign": "", "novel": [{"deep": {}}], "opter_id": 7}, ""),
    ({"infno": "2206A"}, ""),
    ({"infno": 2206}, ""),
    ({"inf_time": "2024-05-01"}, ""),
    ({"inf_time": "2024-05-01T09:00:00"}, "N04_NOT_A_DATE"),
    ({"inf_time": "20240501090000"}, "N04_NOT_A_DATE"),
    ({"inf_time": "2024-05-01 09:00:00.123"}, "N04_NOT_A_DATE"),
    ({"inf_time": "2024/05/01 09:00:00"}, "N04_NOT_A_DATE"),
    ({"infver": ""}, "N01_FIELD_MISSING"),
    ({"msgid": ""}, "N01_FIELD_MISSING"),
    ({"infno": "2206B"}, "N06_UNKNOWN_TRANSACTION"),
    ({"insuplc_admdvs": ""}, "N36_INSURED_AREA"),
]


@pytest.mark.parametrize(("change", "code"), HEADS, ids=str)
def test_the_head_of_a_message(scene, ready, change, code):
    answer = sent(scene, ready | change)
    if code:
        assert code_of(answer) == code
        assert code.startswith(("N36", "N06")) or next(iter(change)) in answer["err_msg"]
    else:
        assert figures(good(answer)) == ready["answered"]


NODES: list[tuple[dict[str, Any], str]] = [
    ({"acct_used_flag": 1}, ""),
    ({"insutype": 310, "med_type": 11}, ""),
    ({"novel": {"of": "any"}, "return_invono": "", "invono": None}, ""),
    ({"expContent": ""}, ""),
    ({"expContent": {}}, ""),
    ({"exp_content": "no JSON"}, ""),
    ({"fulamt_ownpay_amt": 0, "overlmt_selfpay": "0", "preselfpay_amt": 0.0, "inscp_scp_amt": None}, ""),
    ({"psn_pay": "74.00", "pdn_cash_pay": "1.00", "inscp_amt": ""}, ""),
    ({"acct_used_flag": True}, "N05_WRONG_SHAPE"),
    ({"psn_no": [WORKER]}, "N05_WRONG_SHAPE"),
    ({"med_fee_sumamt": "75.00"}, "N62_SPELT_TWICE"),
    ({"mdtrt_id": "NOT-HERE"}, "B04_VISIT_UNKNOWN"),
]


@pytest.mark.parametrize(("change", "code"), NODES, ids=str)
def test_the_node_of_a_message(scene, ready, change, code):
    answer = sent(scene, ready | {"input": {"data": ready["input"]["data"] | change}})
    if code:
        assert code_of(answer) == code
    else:
        assert figures(good(answer)) == ready["answered"]


def test_other_nodes_beside_the_one_that_is_read(scene, ready):
    more = {"agnterinfo": {"agnter_name": "测试"}, "rows": [], "text": "x", "empty": None}
    assert figures(good(sent(scene, ready | {"input": ready["input"] | more}))) == ready["answered"]


def test_an_input_encoded_twice_is_refused_as_a_platform_would(scene, ready):
    answer = sent(scene, ready | {"input": json.dumps(ready["input"])})
    assert code_of(answer) == "N05_WRONG_SHAPE"
    assert "input" in answer["err_msg"] and "不是对象" in answer["err_msg"]


def test_the_same_body_in_other_bytes(scene, ready):
    text = text_of(ready)
    escaped = json.dumps(json.loads(text))  # every Chinese letter as \\u
    for body in (b"\xef\xbb\xbf" + text.encode(), escaped.encode(), text.replace(", ", ",\r\n\t").encode()):
        assert figures(good(sent(scene, ready, body))) == ready["answered"]
    response = scene.wire.post(scene.wire.url + "/fsi/api/callService", {}, text.encode("gbk"))
    assert (response.status_code, response.json()["code"]) == (400, "N20_NOT_JSON")


def test_who_is_asked_for_is_not_known_yet(scene):
    """1101 names no psn_no, so the insured area, which it is to tell, may be left out."""
    card = {"data": {"mdtrt_cert_type": "02", "mdtrt_cert_no": "220400196802290012"}}
    for area in ("", None):
        message = scene.wire.message("1101", card) | {"insuplc_admdvs": area}
        assert good(sent(scene, message))["baseinfo"]["psn_no"] == WORKER
    message.pop("insuplc_admdvs")
    assert good(sent(scene, message))["insuinfo"][0]["insuplc_admdvs"] == "220400"


def test_a_whole_visit_in_variants_and_regional_names(scene):
    """2203A to 2207A, and a stay's 2304A with dscgTime: the same work under the other code."""
    wire = scene.wire
    mdtrt_id = good(wire.send("2201", registration()))["data"]["mdtrt_id"]
    info = {"mdtrt_id": mdtrt_id, "psn_no": WORKER, "med_type": 11, "begntime": "2024-05-01", "expContent": None}
    assert good(wire.send("2203A", {"mdtrtinfo": info, "diseinfo": []})) is None
    good(wire.send("2204A", fee_lines(mdtrt_id, 1)))
    good(wire.send("2205A", {"data": {"mdtrt_id": mdtrt_id, "psn_no": WORKER, "chrg_bchno": "0000"}}))
    good(wire.send("2204A", fee_lines(mdtrt_id, 2)))
    good(wire.send("2206A", settling(mdtrt_id, AMOUNT)))
    zeros = dict.fromkeys(("fulamt_ownpay_amt", "overlmt_selfpay", "preselfpay_amt", "inscp_scp_amt"), 0)
    message = wire.message("2207A", settling(mdtrt_id, AMOUNT, **zeros))
    settled = good(wire.send_whole(message))["setlinfo"]
    undone = {"data": {"psn_no": WORKER, "omsgid": message["msgid"], "oinfno": "2207A"}}
    assert good(wire.send("2601", undone)) is None
    reversed_ = good(wire.send("5203", {"data": {"psn_no": WORKER, "setl_id": settled["setl_id"]}}))
    assert json.loads(reversed_["exp_content"])["state"] == "reversed"


@pytest.mark.parametrize("name", ["dscgTime", "dscgtime", "dscg_time"])
def test_the_day_of_discharge_under_each_name(scene, name):
    wire = scene.wire
    stay = {
        "psn_no": WORKER, "insutype": "310", "begntime": "2024-05-01", "mdtrt_cert_type": "02",
        "mdtrt_cert_no": "220400196802290012", "med_type": "21", "ipt_no": "1", "atddr_no": "D1", "chfpdr_name": "医师",
        "adm_diag_dscr": "示例", "adm_dept_codg": "01", "adm_dept_name": "内科", "adm_bed": "1", "dscg_maindiag_code": "J18",
        "dscg_maindiag_name": "肺炎",
    }  # fmt: skip
    mdtrt_id = good(wire.send("2401", {"mdtrtinfo": stay}))["result"]["mdtrt_id"]
    line = fee_lines(mdtrt_id, 1)["feedetail"][0] | {"med_type": "21"}
    good(wire.send("2301", {"feedetail": [line]}))
    asked = settling(mdtrt_id, "37.00", med_type="", mid_setl_flag=0, **{name: "2024-05-01"})
    asked["data"] |= dict.fromkeys(("fulamt_ownpay_amt", "overlmt_selfpay", "preselfpay_amt", "inscp_scp_amt"), "0")
    good(wire.send("2303", asked))
    wrong = settling(mdtrt_id, "37.00", med_type="", mid_setl_flag=0, **{name: "1.5.2024"})
    wrong["data"] |= dict.fromkeys(("fulamt_ownpay_amt", "overlmt_selfpay", "preselfpay_amt", "inscp_scp_amt"), "0")
    assert code_of(wire.send("2303", wrong)) == "N04_NOT_A_DATE"  # so the name does reach the field
    gone = {"mdtrt_id": mdtrt_id, "psn_no": WORKER, "insutype": 310, "endtime": "2024-05-01", "dscg_way": 1}
    good(wire.send("2402", {"dscginfo": gone | {"dscg_dept_codg": "01", "dscg_dept_name": "内科"}}))
    asked["data"] |= {"chrg_bchno": "B1"}  # of another transaction; a program with one builder for all sends it
    info = good(wire.send("2304A", asked))["setlinfo"]
    assert (info["mdtrt_id"], info["medfee_sumamt"]) == (mdtrt_id, "37.00")


def test_refunds_left_out_of_the_totals_under_each_name(scene):
    """One client writes the flag in capitals; unheard, it would turn an equal account into a difference."""
    wire = scene.wire
    message = wire.message("2102", purchase("3.00"))
    info = good(wire.send_whole(message))["setlinfo"]
    named = {name: info[name] for name in ("psn_no", "mdtrt_id", "setl_id")}
    good(wire.send("2103", {"data": named}, fixmedins_code=PHARMACY))
    good(wire.send("2102", purchase("4.00")))
    asked = {
        "insutype": 310, "clr_type": 41, "setl_optins": "220400", "stmt_begndate": "2024-05-01",
        "stmt_enddate": "2024-05-01", "medfee_sumamt": 4, "fund_pay_sumamt": 0, "acct_pay": "4.0",
    }  # fmt: skip
    for name, count, verdict in (
        ("REFD_SETL_FLAG", 1, "0"), ("refd_setl_flag", "1", "0"), ("REFD_SETL_FLAG", "67", "2"), ("other", "1.0", "0"),
    ):  # fmt: skip
        nodes = {"data": asked | {"fixmedins_setl_cnt": count, name: "0"}}
        stmt = good(wire.send("3201", nodes, fixmedins_code=PHARMACY))["stmtinfo"]
        assert stmt["stmt_rslt"] == verdict
        assert ("不含退费" in stmt["stmt_rslt_dscr"]) == (name != "other")
