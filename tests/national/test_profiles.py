"""Profiles: what each region spells otherwise, in both directions, every choice marked, every amount to the digit."""

from __future__ import annotations

import json
import tomllib
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from settlement.errors import BadInput
from settlement.national import fields
from settlement.national.profile import (
    DECIMALS,
    base_infno,
    conventions,
    encode,
    from_canonical,
    infcode_of,
    infnos_at,
    list_profiles,
    load_profile,
    receipt_area,
    request_path,
    to_canonical,
)
from settlement.national.profile_file import HOME, read_profile, shared
from settlement.national.routes import ALIASES, ROUTES

PROFILES = list_profiles()
SAMPLES = Path(__file__).parent.parent / "data" / "national" / "samples.json"


def as_read(content: bytes):
    """Read JSON as the service and its clients do: every number is its text."""
    return json.loads(content, parse_int=str, parse_float=str)


SETLINFO = {
    "psn_no": "P1",
    "medfee_sumamt": "23442.46",
    "inscp_scp_amt": "18808.16",
    "act_pay_dedc": "0.10",
    "oth_pay": "0",
    "psn_part_amt": "4152.06",
    "psn_cash_pay": "3982.02",
    "acct_pay": "170.04",
    "hosp_part_amt": "505.01",
    "pool_prop_selfpay": "0.0500",
    "clr_way": "1",
    "setl_id": "000123",
    "age": "73.0",
    "exp_content": {"cash_payamt": "1", "psn_cash_pay": "2"},
}


def answer(output) -> dict:
    return {"infcode": 0, "inf_refmsgid": "1", "err_msg": "", "output": output}


def settled() -> dict:
    return answer({"setlinfo": dict(SETLINFO), "setldetail": [{"fund_pay_type": "310100", "fund_payamt": "-0.10"}]})


def test_the_profiles_are_those_promised():
    assert PROFILES == ["chongqing", "hangzhou", "hunan", "jilin", "plain"]
    assert [load_profile(name).name for name in PROFILES] == PROFILES


@pytest.mark.parametrize("name", ["", "beijing", "../plain", "_shared", "plain.toml", "PLAIN"])
def test_an_unknown_profile_is_refused_with_the_list(name):
    with pytest.raises(BadInput, match="N60_UNKNOWN_PROFILE") as told:
        load_profile(name)
    assert "chongqing, hangzhou, hunan, jilin, plain" in told.value.cure


@pytest.mark.parametrize(
    ("old", "new", "found"),
    [
        ('path = "/fsi/api/rsf', 'paht = "/fsi/api/rsf', "transport"),
        ('signing = "hmac_sha1"', 'signing = "md5"', "md5"),
        ("window_s = 1800", 'window_s = "1800"', "window_s"),
        ('title = "湖南省"', 'title = "湖南省"\ncolour = "red"', "colour"),
        ('"answer.region" = ', '"answer.area" = ', "answer.area, answer.region"),
        ('"S: the Hunan client, 30 minutes"', '"the Hunan client"', "trust mark"),
        ('trust = "I: the tables', 'trust = "surely the tables', "trust mark"),
        ('cipher = "none"', 'cipher = "sm4"', "sm2_cainfo"),
        ("[transport]", "[transport", "hunan.toml"),
    ],
)
def test_a_spoilt_profile_is_refused_with_its_place(old, new, found):
    text = (HOME / "hunan.toml").read_text(encoding="utf-8")
    assert old in text
    with pytest.raises(BadInput, match="N61_BAD_PROFILE") as told:
        read_profile(text.replace(old, new, 1), "hunan.toml")
    assert found in str(told.value)


@pytest.mark.parametrize("name", PROFILES)
def test_every_choice_carries_its_mark_and_only_choices_do(name):
    said = tomllib.loads((HOME / f"{name}.toml").read_text(encoding="utf-8"))
    choices = {
        f"{section}.{key}" for section in ("transport", "security", "answer", "accounts") for key in said[section]
    }
    assert set(said["trust"]) - {"paths"} == choices
    rows = [*said.get("requests", []), *said.get("answers", []), *said.get("copies", []), *shared().accepts]
    marks = [*said["trust"].values(), *(row["trust"] if isinstance(row, dict) else row.trust for row in rows)]
    assert [mark for mark in marks if mark[:3] not in ("S: ", "M: ", "I: ")] == []


def test_no_inference_is_dressed_as_a_source():
    """The marks of what is known to be our reading; a slip of the pen here would be a lie in the documentation."""
    marks = {name: load_profile(name).trust for name in PROFILES}
    assert marks["jilin"]["security.cipher"].startswith("I")
    assert marks["jilin"]["answer.amounts"].startswith("I")
    assert marks["plain"]["transport.path"].startswith("I")
    assert all(marks[name]["security.window_s"].startswith("I") for name in ("jilin", "chongqing", "hangzhou"))


# ---- names ----


@pytest.mark.parametrize("row", shared().accepts, ids=lambda row: row.wire)
@pytest.mark.parametrize("name", PROFILES)
def test_an_accepted_spelling_is_read_at_any_depth(name, row):
    infno = "2207"
    nested = {"input": {"data": {row.wire: "7", "new_field": "kept"}, "rows": [{row.wire: "8"}, {}]}, row.wire: "9"}
    read = to_canonical(load_profile(name), infno, nested)
    assert read == {
        "input": {"data": {row.canonical: "7", "new_field": "kept"}, "rows": [{row.canonical: "8"}, {}]},
        row.canonical: "9",
    }


@pytest.mark.parametrize("infno", ["3202", "3203", "3203A"])
def test_the_cash_of_clearing_keeps_its_own_name(infno):
    node = {"data": {"cash_payamt": "1.00", "acct_pay": "2.00"}}
    assert to_canonical(load_profile("plain"), infno, node) == node


RENAMES = [
    (name, side, row, infno)
    for name in PROFILES
    for side, rows in (("request", load_profile(name).requests), ("answer", load_profile(name).answers))
    for row in rows
    for infno in (row.only or ("2207",))
]


@pytest.mark.parametrize(("name", "side", "row", "infno"), RENAMES, ids=lambda part: getattr(part, "wire", str(part)))
def test_every_rename_exists_in_both_directions(name, side, row, infno):
    profile, canonical = load_profile(name), {"output": {"setlinfo": {row.canonical: "1.20", "other": "x"}}}
    written = from_canonical(profile, infno, canonical, side)
    assert row.wire in written["output"]["setlinfo"]
    assert row.canonical not in written["output"]["setlinfo"]
    assert to_canonical(profile, infno, as_read(encode(written)), side) == canonical


def test_there_are_renames_to_test():
    assert {(name, row.wire) for name, _, row, _ in RENAMES} >= {
        ("jilin", "pdn_cash_pay"), ("jilin", "psn_pay"), ("jilin", "cash_payamt"), ("jilin", "encType"),
        ("chongqing", "dscgTime"), ("hunan", "psn_pay"), ("hangzhou", "cash_payamt"),
    }  # fmt: skip


@pytest.mark.parametrize("name", PROFILES)
@pytest.mark.parametrize("infno", ["2207", "2207A", "2208", "2103", "2303", "2304", "2305"])
def test_an_answer_comes_back_as_it_was(name, infno):
    profile = load_profile(name)
    wire = as_read(encode(from_canonical(profile, infno, settled())))
    assert wire["err_msg"] == profile.answer.err_msg
    assert wire["infcode"] == "0"
    back = to_canonical(profile, infno, wire, "answer")
    assert back | {"err_msg": "", "infcode": 0} == settled()


def test_pharmacy_refunds_are_spelt_as_the_tables_say():
    for name in ("jilin", "hunan", "chongqing", "hangzhou"):
        info = from_canonical(load_profile(name), "2103", settled())["output"]["setlinfo"]
        assert str(info["psn_pay"]) == "4152.06"
        assert str(info["cash_payamt"]) == "3982.02"
        assert {"psn_part_amt", "psn_cash_pay"}.isdisjoint(info)
    assert "psn_part_amt" in from_canonical(load_profile("jilin"), "2207", settled())["output"]["setlinfo"]


def test_jilin_spells_the_cash_of_2208_its_way_and_of_2305_not():
    profile = load_profile("jilin")
    assert from_canonical(profile, "2208", settled())["output"]["setlinfo"]["pdn_cash_pay"] == "3982.02"
    assert from_canonical(profile, "2305", settled())["output"]["setlinfo"]["psn_cash_pay"] == "3982.02"


def test_chongqing_says_some_amounts_twice():
    profile = load_profile("chongqing")
    info = as_read(encode(from_canonical(profile, "2303", settled())))["output"]["setlinfo"]
    pairs = {"psn_pay": "psn_part_amt", "cashPayamt": "psn_cash_pay", "inscp_amt": "inscp_scp_amt"}
    assert {wire: info[wire] for wire in pairs} == {wire: SETLINFO[name] for wire, name in pairs.items()}
    assert all(info[name] == SETLINFO[name] for name in pairs.values())
    assert "cashPayamt" not in from_canonical(profile, "2207", settled())["output"]["setlinfo"]
    rows = from_canonical(profile, "2303", settled())["output"]["setldetail"]
    assert set(rows[0]) == {"fund_pay_type", "fund_payamt"}, "copies stay in their node"


def test_a_copy_that_differs_is_refused_and_one_that_stands_alone_is_read():
    profile = load_profile("chongqing")
    alone = answer({"setlinfo": {"psn_part_amt": None, "psn_pay": "5.00"}})
    assert to_canonical(profile, "2305", alone, "answer")["output"]["setlinfo"] == {"psn_part_amt": "5.00"}
    with pytest.raises(BadInput, match="N62_SPELT_TWICE"):
        to_canonical(profile, "2305", answer({"setlinfo": {"psn_part_amt": "4.00", "psn_pay": "5.00"}}), "answer")


@pytest.mark.parametrize(
    ("node", "read"),
    [
        ({"expContent": "a", "exp_content": ""}, "a"),
        ({"expContent": "", "exp_content": "a"}, "a"),
        ({"exp_content": "a", "expContent": None}, "a"),
        ({"exp_content": "a", "expContent": "a"}, "a"),
    ],
)
def test_a_field_under_two_names_is_the_filled_one(node, read):
    assert to_canonical(load_profile("plain"), "2207", {"data": node}) == {"data": {"exp_content": read}}


def test_a_field_under_two_names_with_two_values_is_refused():
    with pytest.raises(BadInput, match="N62_SPELT_TWICE") as told:
        to_canonical(load_profile("plain"), "2207", {"data": {"psn_pay": "1", "psn_part_amt": "2"}})
    assert "psn_part_amt" in told.value.zh


def test_what_is_inside_an_extension_is_its_owners():
    node = {"data": {"expContent": {"psn_pay": "1", "rows": [{"cash_payamt": "2"}]}}}
    read = to_canonical(load_profile("jilin"), "2207", node)
    assert read == {"data": {"exp_content": {"psn_pay": "1", "rows": [{"cash_payamt": "2"}]}}}
    written = from_canonical(load_profile("chongqing"), "2207", settled())["output"]["setlinfo"]
    assert written["expContent"] == SETLINFO["exp_content"]


# ---- amounts ----


@pytest.mark.parametrize(
    "text", ["0.1", "0.10", "23442.46", "999999", "0", "-25.10", "0.00", "0.000001", "99999999999999.99", "1200.00"]
)
@pytest.mark.parametrize("name", ["chongqing", "hangzhou"])
def test_a_number_has_the_digits_of_its_text(name, text):
    wire = encode(from_canonical(load_profile(name), "2207", answer({"setlinfo": {"medfee_sumamt": text}})))
    assert f'"medfee_sumamt":{text}'.encode() in wire
    assert as_read(wire)["output"]["setlinfo"]["medfee_sumamt"] == text
    assert json.loads(wire, parse_float=Decimal)["output"]["setlinfo"]["medfee_sumamt"] == Decimal(text)


@given(st.decimals(min_value=-(10**14), max_value=10**14, places=2))
def test_any_amount_passes_as_a_number(amount):
    profile, text = load_profile("chongqing"), f"{amount:f}"
    wire = encode(from_canonical(profile, "2207", answer({"setlinfo": {"balc": text}})))
    assert as_read(wire)["output"]["setlinfo"]["balc"] == text
    back = to_canonical(
        profile, "2207", from_canonical(profile, "2207", answer({"setlinfo": {"balc": text}})), "answer"
    )
    assert back["output"]["setlinfo"]["balc"] == text


def test_only_decimals_of_the_dictionary_become_numbers():
    written = from_canonical(load_profile("chongqing"), "2207", settled())["output"]
    numbers = {name for name, value in written["setlinfo"].items() if isinstance(value, Decimal)}
    assert numbers == {"medfee_sumamt", "inscp_scp_amt", "act_pay_dedc", "oth_pay", "psn_part_amt", "psn_cash_pay",
                       "acct_pay", "hosp_part_amt", "pool_prop_selfpay", "age"}  # fmt: skip
    assert written["setlinfo"]["setl_id"] == "000123", "an id that looks like a number stays text"
    assert written["setldetail"][0] == {"fund_pay_type": "310100", "fund_payamt": Decimal("-0.10")}
    assert {"cnt", "pric", "selfpay_prop", "fixmedins_setl_cnt"} <= DECIMALS
    assert {"setl_id", "psn_no", "med_type", "infcode"}.isdisjoint(DECIMALS)
    assert set(vars(fields)) >= DECIMALS


@pytest.mark.parametrize("value", [None, "", "null", "1e5", "NaN", "1,000", "1.", ".5", "+1", "١", True])
def test_what_is_no_plain_decimal_is_left_alone(value):
    written = from_canonical(load_profile("chongqing"), "2207", answer({"setlinfo": {"balc": value}}))
    assert written["output"]["setlinfo"]["balc"] is value


@pytest.mark.parametrize("name", ["plain", "jilin", "hunan"])
def test_text_stays_text(name):
    written = from_canonical(load_profile(name), "2207", settled())
    assert written["output"] == settled()["output"]


def test_real_answers_are_read_and_written_again_as_they_are():
    """A captured answer in number form, read as text and written by the profile of its region, has the same figures."""
    seen = 0
    for case in json.loads(SAMPLES.read_text(encoding="utf-8"), parse_int=str, parse_float=str)["cases"]:
        if case["direction"] != "answer" or not case["id"].startswith(("HE-22", "CQ-23")):
            continue
        profile, payload = load_profile("chongqing"), case["payload"]
        canonical = to_canonical(profile, case["infno"], payload, "answer")
        wire = as_read(encode(from_canonical(profile, case["infno"], canonical)))
        known = payload["output"].get("setlinfo", {})
        again = wire["output"].get("setlinfo", {})
        assert {name: again[name] for name in known if name in again} == {
            name: value for name, value in known.items() if name in again
        }
        assert set(known) - set(again) <= {"ownpay_hosp_part"}
        assert wire["output"].get("result") == payload["output"].get("result")
        seen += 1
    assert seen >= 6


# ---- the rest of the envelope ----


@pytest.mark.parametrize(
    ("name", "ok", "message", "system", "business"),
    [
        ("plain", 0, "", -1, -1),
        ("jilin", "0", "成功", "-1", "-1"),
        ("hunan", "0", None, "-1", "-1"),
        ("chongqing", 0, None, -1, -2),
        ("hangzhou", 0, "success", -1, -1),
    ],
)
def test_success_and_failure_have_the_regions_form(name, ok, message, system, business):
    profile = load_profile(name)
    good = from_canonical(profile, "9001", answer(None))
    assert (good["infcode"], good["err_msg"]) == (ok, message)
    assert type(good["infcode"]) is type(ok)
    for kind, code in (("system", system), ("business", business)):
        bad = answer(None) | {"infcode": infcode_of(profile, kind), "err_msg": "[B01] 原因"}
        written = from_canonical(profile, "9001", bad)
        assert (written["infcode"], written["err_msg"]) == (code, "[B01] 原因")


def test_what_is_handed_in_is_not_changed():
    for name in PROFILES:
        for infno in ("2208", "2303", "2103"):
            given_in = settled()
            from_canonical(load_profile(name), infno, given_in)
            to_canonical(load_profile(name), infno, given_in, "answer")
            assert given_in == settled()


def test_reconciliation_results_have_one_digit_or_six():
    text = (HOME / "hunan.toml").read_text(encoding="utf-8")
    six = read_profile(
        text.replace('stmt_rslt = "one"', 'stmt_rslt = "six"').replace("clr_way = 1", "clr_way = 2"), "x"
    )
    for one, wide in (("0", "000000"), ("1", "000101"), ("2", "000102"), ("3", "000103")):
        plain = answer({"stmtinfo": {"stmt_rslt": one, "stmt_rslt_dscr": one}})
        assert from_canonical(load_profile("hunan"), "3201", plain)["output"]["stmtinfo"]["stmt_rslt"] == one
        written = from_canonical(six, "3201", plain)
        assert written["output"]["stmtinfo"] == {"stmt_rslt": wide, "stmt_rslt_dscr": one}
        assert to_canonical(six, "3201", written, "answer")["output"] == plain["output"]
    written = from_canonical(six, "2207", settled())
    assert written["output"]["setlinfo"]["clr_way"] == "01"
    assert to_canonical(six, "2207", written, "answer")["output"] == settled()["output"]
    assert to_canonical(six, "3203", {"data": {"clr_way": "01"}}) == {"data": {"clr_way": "1"}}


# ---- paths, aliases, accounts ----


def test_one_path_for_all_or_one_a_service():
    jilin, hangzhou, chongqing = (load_profile(name) for name in ("jilin", "hangzhou", "chongqing"))
    assert request_path(jilin, "2207") == request_path(jilin, "9001") == "/mbs/fmi/fsi/api/callFsiService/callService"
    assert request_path(hangzhou, "2207A") == "/fsi/api/outpatientSettleService/saveSettletmentA"
    assert request_path(chongqing, "2207A") == "/fsi/api/outpatientSettleService/saveSettletment"
    assert request_path(hangzhou, "5205") == "/fsi/api/5205"


@pytest.mark.parametrize("name", PROFILES)
def test_every_transaction_is_found_at_its_path(name):
    profile = load_profile(name)
    for infno in (*ROUTES, *shared().aliases):
        at = infnos_at(profile, request_path(profile, infno))
        assert at is not None and (at == frozenset() or infno in at), infno
    for stranger in ("/", "/fsi/api/", "/fsi/api/../1101", "/fsi/api/nothing", "/fsi/api/2207B"):
        assert infnos_at(profile, stranger) is None


def test_a_variants_are_names_of_their_transactions():
    promised = "2203A 2204A 2205A 2206A 2207A 2304A 2102A 3203A 3204A 4101A".split()
    assert {name: base_infno(name) for name in promised} == {name: name[:4] for name in promised}
    assert set(shared().aliases) == set(promised)
    for variant, base in shared().aliases.items():
        assert variant in ALIASES or variant in ROUTES
        assert base in ROUTES
    assert base_infno("2207") == "2207"
    assert base_infno("9999A") == "9999A"


def test_accounts_are_kept_as_each_region_does():
    held = {name: conventions(load_profile(name)) for name in PROFILES}
    assert [name for name in PROFILES if held[name].mulaid_in_stmt] == ["jilin"]
    assert [name for name in PROFILES if not held[name].refunds_counted] == ["hunan"]
    assert held["hangzhou"].clr_way == "1"


def test_a_receipt_begins_with_the_province():
    areas = {name: receipt_area(load_profile(name), "220422") for name in PROFILES}
    assert areas == {
        "plain": "220422", "jilin": "220000", "hunan": "430000", "chongqing": "500000", "hangzhou": "330000",
    }  # fmt: skip
