"""The structs of the interface: each name one type, each fault one code with its place, real messages taken as they are."""

import copy
import json
from datetime import date
from pathlib import Path
from typing import Annotated

import msgspec
import pytest
from good_inputs import form_of, good, put, spelt, text_fields
from hypothesis import given
from hypothesis import strategies as st
from msgspec import inspect as shape

from settlement.errors import BadInput
from settlement.national import fields, frames, routes
from settlement.national.reading import FAULTS, check_node, filled, read_node
from settlement.national.routes import ALIASES, CASHIER, ROLES, ROUTES, check_output, read_input, route_of
from settlement.national.types import Node, c, d, n, t

SAMPLES = Path(__file__).parent.parent / "data" / "national" / "samples.json"
CASES = json.loads(SAMPLES.read_text(encoding="utf-8"), parse_int=str, parse_float=str)["cases"]
INFNOS = sorted(ROUTES)


def whole(infno: str, *, optional: bool = False) -> dict:
    return good(shape.type_info(ROUTES[infno].input), optional=optional)


def places(infno: str) -> list:
    return text_fields(shape.type_info(ROUTES[infno].input))


def refused(infno: str, content: object) -> BadInput:
    with pytest.raises(BadInput) as caught:
        read_input(ROUTES[infno], content)
    return caught.value


# ---- the dictionary ----


def test_one_name_has_one_type_everywhere():
    made = [ROUTES[infno].input for infno in INFNOS] + [frames.EnvelopeIn, frames.EnvelopeOut]
    made += [route.output for route in ROUTES.values() if isinstance(route.output, type)]
    seen = set()
    for struct in made:
        for keys, field in text_fields(shape.type_info(struct)):
            named = shape.type_info(getattr(fields, field.encode_name))
            alone = field.type if field.required else field.type.types[0]
            assert alone == named, (struct, keys)
            seen.add(field.encode_name)
    assert len(seen) > 200


def test_every_field_says_what_it_means_in_chinese_and_none_is_there_for_nothing():
    used = set()
    for struct in [*(route.input for route in ROUTES.values()), *(route.output for route in ROUTES.values())]:
        used |= {field.encode_name for _, field in text_fields(shape.type_info(struct))}
    used |= {field.encode_name for _, field in text_fields(shape.type_info(frames.EnvelopeIn))}
    used |= {field.encode_name for _, field in text_fields(shape.type_info(frames.EnvelopeOut))}
    for name, said in vars(fields).items():
        extra = getattr(getattr(said, "__metadata__", (None,))[0], "extra", None)
        if extra:
            assert any("\u4e00" <= letter <= "\u9fff" for letter in extra["zh"]), name
            assert name in used | {"byte"} | FOR_ANSWERS_WITHOUT_A_STRUCT, name


FOR_ANSWERS_WITHOUT_A_STRUCT = {"hilist_pric_uplmt_amt", "rx_drord_no", "medins_list_name", "pay_loc"}


# ---- real messages ----


@pytest.mark.parametrize(
    "case", [case for case in CASES if case["direction"] == "request"], ids=lambda case: case["id"]
)
def test_a_real_request_is_taken_as_it_is(case):
    frame = read_node(frames.EnvelopeIn, case["payload"], "message")
    assert frame.msgid == case["payload"]["msgid"]
    data = read_input(route_of(frame.infno), frame.input).data
    assert data.medfee_sumamt == case["payload"]["input"]["data"]["medfee_sumamt"]


@pytest.mark.parametrize("case", [case for case in CASES if case["direction"] == "answer"], ids=lambda case: case["id"])
def test_a_real_answer_has_the_form_we_answer_in(case):
    """A starred field that the real answer leaves null is listed with the sample; ours must carry it."""
    output = case["payload"]["output"]
    if output is None:
        assert case["payload"]["infcode"] == "-1"
        return
    faults = check_output(ROUTES[case["infno"]], output)
    missing = {fault.split()[1].rstrip(":") for fault in faults}
    assert all(fault.startswith("N01") for fault in faults)
    if case["whole"]:
        assert missing == set(case["gaps"])
    frame = {name: value for name, value in case["payload"].items() if name != "output"}
    assert check_node(frames.EnvelopeOut, frame) == []


def test_an_answer_with_a_fault_is_seen():
    output = copy.deepcopy(next(case for case in CASES if case["id"] == "HE-2207-01")["payload"]["output"])
    output["setlinfo"]["hifp_pay"] = 0.1
    output["setldetail"][0]["fund_payamt"] = "4.525"
    del output["setlinfo"]["setl_id"]
    codes = sorted(fault.split()[0] + " " + fault.split()[1] for fault in check_output(ROUTES["2207"], output))
    assert codes == [
        "N01_FIELD_MISSING setlinfo.setl_id:",
        "N03_NOT_A_DECIMAL setldetail[0].fund_payamt:",
        "N03_NOT_A_DECIMAL setlinfo.hifp_pay:",
    ]
    assert check_output(ROUTES["2601"], {"data": {}}) != [] and check_output(ROUTES["2601"], None) == []


# ---- faults ----


@pytest.mark.parametrize("infno", INFNOS)
def test_the_smallest_and_the_fullest_input_are_read(infno):
    for content in (whole(infno), whole(infno, optional=True)):
        said = msgspec.to_builtins(read_input(ROUTES[infno], content))
        assert filled(said) == content


@pytest.mark.parametrize("infno", INFNOS)
def test_each_required_field_is_missed_by_name(infno):
    """Absent, null, empty and blank are the same, and the error says where and what it is in Chinese."""
    for keys, field in places(infno):
        for absent in (..., None, "", " "):
            content = whole(infno, optional=True)
            put(content, keys, absent)
            if not field.required:
                assert read_input(ROUTES[infno], content)
                continue
            error = refused(infno, content)
            assert error.code == "N01_FIELD_MISSING"
            assert spelt(keys) in error.found and spelt(keys) in error.zh
            assert form_of(field)["zh"] in error.zh


@pytest.mark.parametrize("infno", INFNOS)
def test_each_form_is_checked_where_it_stands(infno):
    for keys, field in places(infno):
        said = form_of(field)
        bad = {
            "text": [("字" * (said["length"] + 1), "N02_TOO_LONG"), (True, "N05_WRONG_SHAPE"), ({}, "N05_WRONG_SHAPE")],
            "decimal": [("1e3", "N03_NOT_A_DECIMAL"), (False, "N03_NOT_A_DECIMAL"), (["1"], "N03_NOT_A_DECIMAL")],
            "date": [("2023-02-29", "N04_NOT_A_DATE"), ("20240101", "N04_NOT_A_DATE")],
            "time": [("2024-01-01 24:00:00", "N04_NOT_A_DATE"), ("2024-01-01\n", "N04_NOT_A_DATE")],
            "month": [("202413", "N04_NOT_A_DATE")],
        }
        for value, code in bad[said["form"]]:
            content = whole(infno, optional=True)
            put(content, keys, value)
            error = refused(infno, content)
            assert (error.code, spelt(keys) in error.found) == (code, True), (keys, value)


@pytest.mark.parametrize(
    ("infno", "content", "where"),
    [
        ("2207", {}, "data"),
        ("2207", {"Data": {}}, "data"),
        ("2207", [], "input"),
        ("2207", "eA==", "input"),
        ("2207", None, "input"),
        ("2207", {"data": []}, "data"),
        ("2207", {"data": [{}]}, "data"),
        ("2207", {"data": "x"}, "data"),
        ("2204", {"feedetail": {}}, "feedetail"),
        ("2204", {"feedetail": []}, "feedetail"),
        ("2204", {"feedetail": ["x"]}, "feedetail[0]"),
        ("2102", {"druginfo": None, "drugdetail": None}, "druginfo"),
        ("4101", {"setlinfo": {"mdtrt_id": "1", "setl_id": "1"}, "payinfo": {"a": "1"}}, "payinfo"),
        ("4101", {"setlinfo": {"mdtrt_id": "1", "setl_id": "1"}, "payinfo": ["a"]}, "payinfo[0]"),
    ],
)
def test_a_wrong_node_is_said(infno, content, where):
    error = refused(infno, content)
    assert error.code == "N05_WRONG_SHAPE"
    assert error.found.startswith(where)


def test_all_faults_are_told_at_once_and_no_value_is_quoted():
    content = whole("2204")
    content["feedetail"][0] |= {"cnt": "canary", "fee_ocur_time": "canary", "psn_no": "", "rxno": "canary" * 9}
    error = refused("2204", content)
    for where in ("feedetail[0].cnt", "fee_ocur_time", "psn_no", "rxno"):
        assert where in error.found
    assert "共 4 处" in error.zh and len(error.zh) < 200
    assert "canary" not in str(error) + error.zh + error.cure
    assert "canary" not in repr(error.__context__.args) and all(reason.cure_zh for reason in FAULTS.values())


def test_unknown_fields_and_nodes_pass():
    content = whole("2207") | {"novel_node": [{"x": "1"}]}
    content["data"] |= {"return_invono": "", "serv_code": {"a": ["1"]}}
    assert read_input(ROUTES["2207"], content)


def test_a_very_deep_extension_does_no_harm():
    deep: dict = {}
    for _ in range(5000):
        deep = {"x": deep}
    content = whole("2203")
    content["mdtrtinfo"]["exp_content"] = deep
    assert read_input(ROUTES["2203"], content)


class Sample(Node, frozen=True, kw_only=True):
    """One field a form."""

    day: Annotated[str, d("日")] | None = None
    at: Annotated[str, t("时")] | None = None
    amount: Annotated[str, n(16, 2, "额")] | None = None
    code: Annotated[str, c(3, "码")] | None = None


def taken(name: str, value: str) -> bool:
    try:
        return getattr(read_node(Sample, {name: value}, "sample"), name) == value
    except BadInput:
        return False


@given(st.from_regex(r"[12][0-9]{3}-[0-3][0-9]-[0-3][0-9]", fullmatch=True))
def test_a_day_is_a_day_of_the_calendar(text):
    try:
        date.fromisoformat(text)
        real = True
    except ValueError:
        real = False
    assert taken("day", text) == taken("at", text) == real


def test_the_leap_years():
    leap = {year for year in range(1000, 10000) if taken("day", f"{year}-02-29")}
    assert leap == {year for year in range(1000, 10000) if year % 4 == 0 and (year % 100 or year % 400 == 0)}


@pytest.mark.parametrize("text", ["0", "-4.52", "4.5200", "99999999999999.99", "007.10"])
def test_a_decimal_is_read(text):
    assert taken("amount", text)


@pytest.mark.parametrize(
    "text",
    ["4.525", "1e3", "123456789012345", ".5", "5.", "+5", "1,000", " 5", "5\n", "５", "NaN", "Infinity", "0x10", "1_0"],
)
def test_a_decimal_is_written_plainly(text):
    assert not taken("amount", text)


def test_a_decimal_has_an_end():
    assert not taken("amount", "9" * 60) and not taken("amount", "0." + "0" * 60)


# ---- the routes ----


def test_the_a_variants_are_the_same_transactions():
    assert route_of("2207A") is ROUTES["2207"] and route_of("2304A").base == "2304"
    assert route_of("3203A").base == "3203" and "3203A" not in ALIASES
    assert read_input(route_of("3203A"), whole("3203A")).data.clr_optins
    assert refused("3203", whole("3203A")).code == "N01_FIELD_MISSING"
    for unknown in ("2299", "", "2207AA", "9001A", "callService"):
        with pytest.raises(BadInput, match="N06_UNKNOWN_TRANSACTION"):
            route_of(unknown)


def test_what_a_2601_may_name():
    """The newest edition's list; the A-variants are the same transactions."""
    reversible = {infno for infno, route in ROUTES.items() if route.reversible}
    assert reversible == {"2102", "2103", "2207", "2208", "2304", "2305", "2401"}
    assert all(ROUTES[infno].booked for infno in reversible)


def test_what_the_roles_may_do():
    may = {role: {infno for infno, route in ROUTES.items() if role in route.roles} for role in ROLES}
    gives_back = {"2103", "2208", "2305", "2404", "2405"}
    assert may["supervisor"] - may["cashier"] == gives_back and may["cashier"] < may["supervisor"]
    assert {"2601", "5203"} <= may[CASHIER]  # to resolve its own unknown outcomes
    assert not may["cashier"] & {"3201", "3202", "3203", "3204", "9101", "4101"}
    booked = {infno for infno, route in ROUTES.items() if route.booked}
    assert may["auditor"] & booked == may["rule_author"] & booked == {"9001", "9002"}
    assert not any(ROUTES[infno].person_in_input for infno in may["rule_author"])
    assert "9102" in may["auditor"] and "9102" not in may["rule_author"]
    money = {infno for infno in booked if infno[:2] in ("21", "22", "23", "24")}
    assert not may["clerk"] & money
    assert {infno for infno, route in ROUTES.items() if not route.roles} == set()


def test_who_must_have_signed_in():
    free = {infno for infno, route in ROUTES.items() if not route.needs_sign_in}
    assert free == {"9001", "1901"} | {f"13{serial:02d}" for serial in range(1, 20)}


def test_which_inputs_name_a_person():
    assert {infno for infno, route in ROUTES.items() if not route.person_in_input} == {
        *(f"13{serial:02d}" for serial in range(1, 20)), "1901", "1201", "9001", "9002", "9101", "9102",
        "3201", "3202", "3203", "3203A", "3204", "K791", "K891", "K991", "KA01", "KB01",
    }  # fmt: skip


def test_the_document_lists_what_is_served():
    text = (Path(routes.__file__).parents[2] / "docs" / "national.md").read_text(encoding="utf-8")
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in text.splitlines() if line[:3] == "| `"]
    listed = {cells[0].strip("`"): cells for cells in rows if cells[0].strip("`") in ROUTES}
    assert set(listed) == set(ROUTES)
    for infno, route in ROUTES.items():
        _, name_zh, nodes, booked, who, *_ = listed[infno]
        assert name_zh == route.name_zh
        assert nodes.replace("`", "") == " ".join(route.nodes), infno
        assert (booked == "✓") == route.booked, infno
        assert set(who.split()) == ({"all"} if route.roles == set(ROLES) else route.roles), infno
