"""The OpenAPI document: valid in itself, complete, the same each time, and of one mind with the reader of messages."""

import copy
import json
import re
from datetime import date
from pathlib import Path

import pytest
from good_inputs import form_of, good, put, text_fields
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from msgspec import inspect as shape

from settlement.errors import BadInput
from settlement.national.openapi import SINGLE_PATH, openapi
from settlement.national.routes import ALIASES, ROUTES, read_input

DOCUMENT = openapi()
SAMPLES = Path(__file__).parent.parent / "data" / "national" / "samples.json"
CASES = json.loads(SAMPLES.read_text(encoding="utf-8"))["cases"]
FRAME = {
    "msgid": "H22040000001202405011200000001", "mdtrtarea_admvs": "220400", "insuplc_admdvs": "220400",
    "recer_sys_code": "99", "infver": "V1.0", "opter_type": 1, "opter": "0001", "opter_name": "经办人",
    "inf_time": "2024-05-01 12:00:00", "fixmedins_code": "H22040000001", "fixmedins_name": "示例医院", "sign_no": "",
    "cainfo": None,
}  # fmt: skip


def validator(schema: dict) -> Draft202012Validator:
    return Draft202012Validator({**schema, "components": DOCUMENT["components"]})


def request_of(infno: str) -> dict:
    return DOCUMENT["paths"][f"/fsi/api/{infno}"]["post"]["requestBody"]["content"]["application/json"]["schema"]


def answer_of(infno: str) -> dict:
    return DOCUMENT["paths"][f"/fsi/api/{infno}"]["post"]["responses"]["200"]["content"]["application/json"]["schema"]


REQUESTS = {infno: validator(request_of(infno)) for infno in ROUTES}


def message(infno: str, *, optional: bool = False) -> dict:
    return FRAME | {"infno": infno, "input": good(shape.type_info(ROUTES[infno].input), optional=optional)}


def references(node: object) -> set[str]:
    if isinstance(node, dict):
        found = {node["$ref"]} if isinstance(node.get("$ref"), str) else set()
        return found.union(*(references(value) for value in node.values()))
    return set().union(*(references(one) for one in node)) if isinstance(node, list) else set()


def test_every_schema_is_one_and_every_reference_leads_somewhere_and_none_is_idle():
    for schema in DOCUMENT["components"]["schemas"].values():
        Draft202012Validator.check_schema(schema)
    named = {ref.removeprefix("#/components/") for ref in references(DOCUMENT)}
    known = {f"{part}/{name}" for part, all_ in DOCUMENT["components"].items() for name in all_}
    assert named == known
    assert all(re.fullmatch(r"[A-Za-z0-9._-]+", name.split("/")[1]) for name in known)


def test_every_transaction_has_its_path_and_its_own_operation():
    infnos = {
        path.removeprefix("/fsi/api/")
        for path in DOCUMENT["paths"]
        if re.fullmatch("/fsi/api/[0-9K][0-9A-C][0-9]{2}A?", path)
    }
    assert infnos == set(ROUTES)
    assert {SINGLE_PATH, "/health", "/ready", "/metrics"} <= set(DOCUMENT["paths"])
    ids = [operation["operationId"] for methods in DOCUMENT["paths"].values() for operation in methods.values()]
    assert len(ids) == len(set(ids))
    codes = {code for infno in ROUTES for code in request_of(infno)["properties"]["infno"]["enum"]}
    assert codes == set(ROUTES) | set(ALIASES)


def test_it_is_the_same_each_time_and_in_plain_json():
    first, second = (json.dumps(openapi(), ensure_ascii=False, allow_nan=False) for _ in range(2))
    assert first == second


def test_the_error_codes_are_listed_with_their_cure():
    codes = DOCUMENT["components"]["schemas"]["Error"]["x-error-codes"]
    assert {"N01_FIELD_MISSING", "N05_WRONG_SHAPE", "R01_RULE_MISSING"} <= set(codes)
    assert "补填" in codes["N01_FIELD_MISSING"]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["id"])
def test_real_messages_fit_the_document(case):
    payload = copy.deepcopy(case["payload"])
    if case["direction"] == "request":
        REQUESTS[case["infno"]].validate(payload)
        return
    faults = list(validator(answer_of(case["infno"])).iter_errors(payload))
    assert bool(faults) != (case["whole"] and not case["gaps"])


@pytest.mark.parametrize("infno", sorted(ROUTES))
def test_the_document_and_the_reader_agree(infno):
    """Each field, spoilt in several ways: refused by both or taken by both."""
    assert REQUESTS[infno].is_valid(message(infno)) and REQUESTS[infno].is_valid(message(infno, optional=True))
    for keys, field in text_fields(shape.type_info(ROUTES[infno].input)):
        longest = form_of(field)["length"]
        for value in (
            ...,
            None,
            "",
            "字" * longest,
            "字" * (longest + 1),
            "1.000000",
            "-1",
            "2023-02-29",
            True,
            {},
            ["1"],
        ):
            said = message(infno, optional=True)
            put(said["input"], keys, value)
            assert REQUESTS[infno].is_valid(said) == is_read(infno, said["input"]), (keys, value)


def is_read(infno: str, content: object) -> bool:
    try:
        read_input(ROUTES[infno], content)
    except BadInput:
        return False
    return True


amounts = st.one_of(
    st.decimals(allow_nan=False, allow_infinity=False, places=3).map(str),
    st.from_regex(r"-?[0-9]{1,16}(\.[0-9]{0,4})?", fullmatch=True),
    st.text(alphabet="0123456789.-+e \n٣", max_size=20),
)


@given(amounts, st.one_of(st.dates(min_value=date(1000, 1, 1)).map(str), st.text(alphabet="0129-: ", max_size=19)))
def test_both_take_the_same_amounts_and_times(amount, time):
    """A final line feed apart: the pattern of the document is the portable one, which Python reads more widely."""
    said = message("2102")
    said["input"]["druginfo"] |= {"medfee_sumamt": amount, "begntime": time}
    if not amount.strip() or not time.strip() or (amount + time).count("\n"):
        assert not is_read("2102", said["input"])
    else:
        assert REQUESTS["2102"].is_valid(said) == is_read("2102", said["input"])


def test_numbers_may_be_numbers():
    said = message("2102")
    said["input"]["druginfo"] |= {"medfee_sumamt": 4.52, "psn_no": 12, "acct_used_flag": 1}
    said["input"]["drugdetail"][0] |= {"cnt": 1, "pric": 4.52}
    assert REQUESTS["2102"].is_valid(said)
