"""Real answers of the interface: for the same facts ours carries what they carry.

Each answer's facts are staged in a service of its own (``sample_world``) and run through by the same messages. Then every
field of the real answer must be in ours under the same name and as the same kind of JSON, with the same value unless it
is listed here with the reason; and what must add up does.
"""

from __future__ import annotations

import json
import re
from base64 import b64decode
from collections import Counter
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from sample_world.courses import Course
from sample_world.scene import BY_ID, SAMPLES, Scene, bearer_of, facts_of, info_of, place_of, scene_of, staged
from wire import WORKER, WORKER_CERTNO, Wire, code_of, good

from settlement import identities
from settlement.money import fen
from settlement.national.profile import load_profile, to_canonical
from settlement.national.routes import ROUTES, check_output
from settlement.registry import Registry
from settlement.registry.sample import rows_of

OURS = {"mdtrt_id", "setl_id", "psn_insu_rlts_id"}  # ids are those of the platform that gave them
# Fields whose value differs, with the real one; the reason is the comment.
DIFFERENT: dict[str, dict[str, Any]] = {
    # How an institution is paid (by item, by disease) is not known here: clr_way is there and null.
    "HE-2207-01": {"clr_way": "1"},
    "HE-2208-01": {"clr_way": "1"},
    # The birth date was put in place of the real one; by it the person is 74.
    "CQ-2303-01": {"age": Decimal("73.0")},
    "CQ-2304-01": {"age": Decimal("73.0"), "clr_way": "3"},
    # The real query left the person's part unfilled, so that identity B fails there; ours says who paid.
    "HI-5261-01": {"clr_way": "3", "psn_part_amt": "0", "age": "38.0"},
}
# Chongqing's own codes of two funds; ours are those of the national table.
LOCAL_FUND = {"330101": "330100", "310201": "310200"}
# Columns of a program's table, not fields of a message.
OF_A_TABLE = {"hi_agre_sumfee", "setl_type", "pay_loc"}


def kind_of(value: Any) -> str:
    """Return the kind of JSON that a value is; dates and codes are text."""
    if value is None:
        return "null"
    return "number" if isinstance(value, Decimal) else type(value).__name__


def same(ours: Any, real: Any) -> bool:
    """Tell whether two values say the same: numbers by their value, text by its letters, what is left empty by anything."""
    if real in (None, ""):
        return True
    if isinstance(real, Decimal) and isinstance(ours, Decimal):
        return ours == real
    return ours == real or (_is_number(ours) and _is_number(real) and Decimal(ours) == Decimal(real))


def _is_number(value: Any) -> bool:
    return isinstance(value, str) and re.fullmatch(r"-?[0-9]+\.[0-9]+|-?[0-9]{1,15}", value) is not None


def missing(ours: dict[str, Any], real: dict[str, Any]) -> set[str]:
    return set(real) - set(ours)


def other_kinds(ours: dict[str, Any], real: dict[str, Any]) -> dict[str, tuple[str, str]]:
    """Return the fields that are another kind of JSON in ours, where both say something."""
    pairs = {name: (kind_of(ours[name]), kind_of(real[name])) for name in set(real) & set(ours)}
    return {name: kinds for name, kinds in pairs.items() if "null" not in kinds and kinds[0] != kinds[1]}


def differing(ours: dict[str, Any], real: dict[str, Any]) -> dict[str, Any]:
    """Return the real values of the fields that say something else in ours; ids apart."""
    return {name: value for name, value in real.items() if name not in OURS and not same(ours.get(name), value)}


def check_sums(output: dict[str, Any]) -> None:
    """Hold identities A to D, and the true sum of setldetail, on a canonical output."""
    info = {name: value for name, value in output["setlinfo"].items() if value is not None}
    names = (*identities.SCOPE, *identities.FUNDS, "medfee_sumamt", "fund_pay_sumamt", "psn_part_amt", "acct_pay",
             "psn_cash_pay", "hosp_part_amt", "acct_mulaid_pay")  # fmt: skip
    amounts = {name: fen(str(info[name])) for name in names}
    assert identities.check(amounts) == dict.fromkeys("ABCD", "holds")
    listed = sum(fen(str(row["fund_payamt"])) for row in output["setldetail"] or ())
    parts = ("fund_pay_sumamt", "acct_pay", "acct_mulaid_pay", "hosp_part_amt")
    assert listed == sum(amounts[name] for name in parts)


# ---- settlements ----


def settled(scene: Scene, case_id: str) -> dict[str, Any]:
    """Run the course of an outpatient or inpatient sample; return the canonical output that is like it."""
    course, infno = Course(scene, case_id), BY_ID[case_id]["infno"]
    real = BY_ID[case_id]["payload"]["output"]["setlinfo"]
    scene.at("2021-08-20 09:00:00")
    if infno.startswith("23"):
        course.admit()
        course.upload("2301")
        scene.at("2021-08-27 09:58:27")
        course.discharge()
    else:
        course.register()
        course.upload("2204")
    if infno == "2208":
        scene.at("2021-11-26 11:40:00")
        first = course.settle("2207", "H13110299999202111261140000001")
        scene.at(real["setl_time"])
        return course.give_back("2208", first["setlinfo"]["setl_id"], real["medins_setl_id"])
    if real.get("setl_time"):
        scene.at(real["setl_time"])
    return course.settle(infno, real["medins_setl_id"])


@pytest.mark.parametrize("case_id", ["HE-2206-01", "HE-2207-01", "HE-2208-01", "CQ-2303-01", "CQ-2304-01"])
def test_the_same_facts_give_the_same_settlement(tmp_path, case_id):
    real = BY_ID[case_id]["payload"]
    with scene_of(case_id, tmp_path) as scene:
        canonical = settled(scene, case_id)
        ours = scene.answered()
    assert missing(ours, real) == set()
    assert missing(ours["output"], real["output"]) == set()
    for name in ("infcode", "err_msg", "enctype", "signtype"):
        assert ours[name] == real[name]
    info, said = ours["output"]["setlinfo"], real["output"]["setlinfo"]
    assert missing(info, said) == set()
    assert other_kinds(info, said) == {}
    assert differing(info, said) == DIFFERENT.get(case_id, {})
    assert check_output(ROUTES[BY_ID[case_id]["infno"]], canonical) == []
    check_sums(canonical)


@pytest.mark.parametrize("case_id", ["HE-2206-01", "HE-2207-01", "HE-2208-01", "CQ-2303-01", "CQ-2304-01"])
def test_who_pays_is_listed_in_the_same_rows(tmp_path, case_id):
    with scene_of(case_id, tmp_path) as scene:
        settled(scene, case_id)
        ours = scene.answered()["output"]["setldetail"]
    real = BY_ID[case_id]["payload"]["output"]["setldetail"]
    by_fund = {row["fund_pay_type"]: row for row in ours}
    assert len(ours) == len(by_fund) == len(real)
    for said in real:
        code = LOCAL_FUND.get(said["fund_pay_type"], said["fund_pay_type"])
        assert missing(by_fund[code], said) == set()
        assert other_kinds(by_fund[code], said) == {}
        assert set(differing(by_fund[code], said)) <= {"fund_pay_type"}


def test_the_hospitals_own_part_is_the_persons_gain_and_nobodys_loss(tmp_path):
    """It is taken from what the person pays; more than that, or less than nothing, is refused."""
    with scene_of("CQ-2304-01", tmp_path) as scene:
        course = Course(scene, "CQ-2304-01")
        scene.at("2021-08-20 09:00:00")
        course.admit()
        course.upload("2301")
        course.discharge()
        shown = {}
        for part in ("0", "505.01", 505.01):
            said = {"expContent": {"hosp_part_amt": part}}
            shown[str(part)] = course.settle("2303", scene.wire.message("2303", {})["msgid"], **said)["setlinfo"]
        assert shown["0"]["fund_pay_sumamt"] == shown["505.01"]["fund_pay_sumamt"]
        assert Decimal(shown["0"]["psn_part_amt"]) - Decimal(shown["505.01"]["psn_part_amt"]) == Decimal("505.01")
        for bad, code in (
            ("4657.08", "K01"),
            ("-1", "C03"),
            ("much", "C02"),
            (True, "C02"),
            ({}, "C02"),
            ("1.001", "C02"),
        ):
            nodes = course.settling(mid_setl_flag="0", expContent={"hosp_part_amt": bad})
            assert code_of(scene.wire.send("2303", nodes)).startswith(code), bad


# ---- lines ----


def test_a_line_of_class_b_is_divided_as_the_real_one(tmp_path):
    [real] = BY_ID["HE-2204-01"]["payload"]["output"]["result"]
    with scene_of("HE-2204-01", tmp_path) as scene:
        course = Course(scene, "HE-2204-01")
        course.register()
        told = course.upload()
        [ours] = scene.answered()["output"]["result"]
    assert check_output(ROUTES["2204"], {"result": told}) == []
    assert missing(ours, real) == set()
    assert other_kinds(ours, real) == {}
    assert differing(ours, real) == {"bas_medn_flag": "0"}  # no catalogue at hand tells essential medicines


@pytest.mark.parametrize("case_id", ["CQ-2301-01", "CQ-2301-02"])
def test_lines_of_a_stay_are_divided_as_the_real_ones(tmp_path, case_id):
    real = BY_ID[case_id]["payload"]["output"]["result"]
    sent = (
        "feedetl_sn",
        "cnt",
        "pric",
        "det_item_fee_sumamt",
        "chrgitm_lv",
        "selfpay_prop",
        "pric_uplmt_amt",
        "med_chrgitm_type",
    )
    with scene_of(case_id, tmp_path) as scene:
        course = Course(scene, case_id)
        course.lines = [
            {name: str(row[name]) for name in sent} | {"med_list_codg": f"S{row['feedetl_sn']}"} for row in real
        ]
        course.admit()
        told = course.upload("2301")
        ours = scene.answered()["output"]["result"]
    assert check_output(ROUTES["2301"], {"result": told}) == []
    assert [row["feedetl_sn"] for row in ours] == [row["feedetl_sn"] for row in real]
    for mine, said in zip(ours, real, strict=True):
        assert missing(mine, said) == set()
        assert other_kinds(mine, said) == {}
        assert differing(mine, said) == {"bas_medn_flag": "0"}


# ---- rows and cuttings: names are compared in canonical spelling, as these are spelt by a program ----


def canonical(case_id: str) -> dict[str, Any]:
    """Return the amounts and codes of a sample under the names of the national tables."""
    read = to_canonical(
        load_profile("plain"), "2207", {name: v for name, v in info_of(case_id).items() if name not in OF_A_TABLE}
    )
    return {("oth_pay" if name == "othfund_pay" else name): value for name, value in read.items()}


@pytest.mark.parametrize("case_id", ["GZ-SETL-01", "GZ-SETL-02"])
def test_a_pharmacys_row_of_the_same_purchase(tmp_path, case_id):
    real = canonical(case_id)
    with scene_of(case_id, tmp_path) as scene:
        course = Course(scene, case_id)
        scene.at(real["setl_time"])
        output = course.buy("P52010099999202403022107330001")
        setl_id = output["setlinfo"]["setl_id"]
        asked = course.send("5203", {"data": {"psn_no": course.psn_no, "setl_id": setl_id}})
    assert missing(output["setlinfo"], real) == {"refd_setl_flag"}  # it is told by the query
    assert missing(asked["setlinfo"], real) == set()
    assert differing(asked["setlinfo"], real) == {}
    assert check_output(ROUTES["2102"], output) == []
    assert check_output(ROUTES["5203"], asked) == []
    check_sums(output)


def test_a_query_says_who_paid_where_the_real_one_left_it_open(tmp_path):
    real = canonical("HI-5261-01")
    with scene_of("HI-5261-01", tmp_path) as scene:
        course = Course(scene, "HI-5261-01")
        scene.at("2021-04-02 10:00:00")
        course.admit()
        course.upload("2301")
        scene.at(real["setl_time"])
        course.discharge()
        settled = course.settle("2304", "H46040099999202104091349420001")
        asked = course.send("5203", {"data": {"psn_no": course.psn_no, "mdtrt_id": course.mdtrt_id}})
        raw = scene.answered()
    assert raw["infcode"] == BY_ID["HI-5261-01"]["payload"]["infcode"]
    assert missing(asked["setlinfo"], real) == set()
    assert other_kinds(raw["output"]["setlinfo"], real) == {}
    assert differing(asked["setlinfo"], real) | {"age": "38.0"} == DIFFERENT["HI-5261-01"]
    assert asked["setlinfo"]["psn_part_amt"] == "3300.00"
    check_sums(settled)
    check_sums(asked)


def test_hangzhous_variants_with_cash_alone(tmp_path):
    real = info_of("ZJ-2207A-01")
    with scene_of("ZJ-2207A-01", tmp_path) as scene:
        course = Course(scene, "ZJ-2207A-01", variant="A")
        scene.at(real["setl_time"])
        course.register()
        course.upload("2204A")
        course.settle("2206", "H33010099999202201211306580001")
        output = course.settle("2207", "H33010099999202201211306590001")
        raw = scene.answered()
        assert "preSettletmentA" in scene.wire.profile.paths.get("2206A", "preSettletmentA")
    assert missing(raw["output"]["setlinfo"], real) == set()
    assert differing(output["setlinfo"], real) == {}
    assert raw["output"]["setlinfo"]["psn_cash_pay"] == Decimal("1200.00")
    assert raw["infcode"] == 0
    check_sums(output)


# ---- persons ----


@pytest.mark.parametrize("case_id", ["1101-01", "1101-02", "1101-04"])
def test_the_same_person_is_told_in_the_same_fields(tmp_path, case_id):
    real, facts = BY_ID[case_id]["payload"], facts_of(case_id)
    place = place_of("H13030299999", "130302")
    registry = Registry(rows_of(bearer_of(real["output"])), [place])
    certno = real["output"]["baseinfo"]["certno"]
    head = {"fixmedins_code": place.fixmedins_code, "mdtrtarea_admvs": place.admdvs, "insuplc_admdvs": ""}
    with staged(tmp_path, facts["profile"], registry, **head) as scene:
        scene.at(facts["clock"])
        told = good(scene.wire.send("1101", {"data": {"mdtrt_cert_type": "02", "mdtrt_cert_no": certno}}))
        ours = scene.answered()
    assert missing(ours, real) == set()
    assert ours["output"] == real["output"]
    assert check_output(ROUTES["1101"], told) == []


def test_an_unknown_person_is_told_in_the_frame_of_the_real_failure(tmp_path):
    real = BY_ID["HN-1101-ERR-01"]["payload"]
    place = place_of("H43010099999", "430100")
    with staged(tmp_path, "hunan", Registry([], [place]), fixmedins_code=place.fixmedins_code) as scene:
        scene.wire.send("1101", {"data": {"mdtrt_cert_type": "02", "mdtrt_cert_no": "999999190001010000"}})
        ours = scene.answered()
    assert missing(ours, real) == set()
    assert int(ours["infcode"]) == real["infcode"]
    assert ours["output"] is None and ours["warn_msg"] is None
    assert "999999190001010000" not in ours["err_msg"] and "没有查到参保信息" in ours["err_msg"]
    assert (ours["cainfo"], ours["signtype"]) == (real["cainfo"], real["signtype"])


# ---- the ciphered envelope ----


def test_jilins_envelope(services):
    real = BY_ID["JL-ENV-01"]["payload"]
    wire = Wire(services("jilin").url, "jilin")
    certificate = {"mdtrt_cert_type": "02", "mdtrt_cert_no": WORKER_CERTNO}
    output = good(wire.send("1101", {"data": certificate}))
    assert output["baseinfo"]["psn_no"] == WORKER
    raw = json.loads(wire.response.content)
    assert missing(raw, real) == set()
    assert {name: raw[name] for name in ("infcode", "err_msg", "signtype")} == {
        "infcode": "0", "err_msg": "成功", "signtype": "SM2",
    }  # fmt: skip
    assert other_kinds(raw, real) == {}
    for name in ("inf_refmsgid", "refmsg_time", "respond_time"):
        assert len(raw[name]) == len(real[name]) and raw[name].isdigit()
    assert raw["inf_refmsgid"][:6] == real["inf_refmsgid"][:6]
    assert len(b64decode(raw["output"], validate=True)) % 16 == 0
    assert len(b64decode(raw["cainfo"], validate=True)) >= 64
    assert WORKER not in wire.response.text


def test_every_sample_is_used():
    """A sample that is added here must be played too."""
    text = Counter(case["id"] for kind in ("cases", "rows", "envelopes") for case in SAMPLES[kind])
    source = "".join(file.read_text(encoding="utf-8") for file in Path(__file__).parent.glob("test_sample*.py"))
    assert [case_id for case_id in text if f'"{case_id}"' not in source] == []
    assert max(text.values()) == 1
