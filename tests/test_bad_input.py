"""Bad input gets a clear refusal with a stable code; the other claims settle as if alone; nothing is lost."""

import copy
import tomllib
from pathlib import Path
from typing import Any

import pytest
import small
from good_claim import BOOK, GOOD, LINES, good
from hypothesis import given, settings
from hypothesis import strategies as st

from settlement.author.cases import load_cases
from settlement.engine import settle_drafts
from settlement.errors import REASONS
from settlement.intake import program
from settlement.rules.rulebook import Rulebook, build

CASES = tomllib.loads((Path(__file__).parent / "bad_input.toml").read_text(encoding="utf-8"))["case"]


@pytest.fixture(scope="module")
def book() -> Rulebook:
    return BOOK


def at(claim: Any, path: str) -> tuple[Any, Any]:
    *way, last = path.split(".")
    for step in way:
        claim = claim[int(step) if step.isdigit() else step]
    return claim, int(last) if isinstance(claim, list) else last


def changed(case: dict[str, Any]) -> Any:
    if "whole" in case:
        return case["whole"]
    claim = copy.deepcopy(GOOD)
    for path, value in case.get("set", {}).items():
        holder, key = at(claim, path)
        holder[key] = value
    for path in case.get("drop", []):
        holder, key = at(claim, path)
        del holder[key]
    return claim


def test_there_are_enough() -> None:
    assert len(CASES) >= 120
    assert len({case["id"] for case in CASES}) == len(CASES)
    own_tests = {"R02_LEVEL_MISSING", "R03_ELSEWHERE_MISSING", "R07_RATES_TOO_FINE"}  # below; they need other rules
    # Those of rules that no shipped area has are cases of invented areas.
    traps = load_cases(sorted((Path(__file__).parent / "cases" / "traps" / "cases").glob("*.toml"))).cases
    own_tests |= {case.refused for case in traps} - {""}
    assert {case["code"] for case in CASES} | own_tests == set(REASONS)


@pytest.mark.parametrize("case", CASES, ids=[case["id"] for case in CASES])
def test_refused_alone(case: dict[str, Any], book: Rulebook) -> None:
    settled = settle_drafts([good(1), changed(case), good(2)], book)
    rows = settled.rows()
    alone = settle_drafts([good(1), good(2)], book).rows()
    assert [rows[0], rows[2]] == alone
    assert {refusal.code for refusal in settled.refusals} == {case["code"], *case.get("also", [])}, (
        settled.refusals
    )  # one cause, one code
    assert rows[1]["refused"] and {refusal.claim for refusal in settled.refusals} == {1}
    shown = settled.refusals[0].as_row()
    assert any("\u4e00" <= letter <= "\u9fff" for letter in str(shown["message_zh"]))
    assert settled.kept.size + len({refusal.claim for refusal in settled.refusals}) == len(rows)


def test_the_good_claim_is_good(book: Rulebook) -> None:
    assert settle_drafts([GOOD], book).refusals == []


def test_elsewhere_and_level_that_no_rule_covers(book: Rulebook) -> None:
    elsewhere = {
        **GOOD,
        "insuplc_admdvs": "370000",
        "mdtrtarea_admvs": "110101",
        "insutype": "390",
        "psn_type": "15",
        "med_type": "21",
    }
    elsewhere |= {"setl_time": "2014-10-01", "reported_pay": {"hifp_pay": "1.00"}}
    level = {
        **GOOD,
        "insuplc_admdvs": "110000",
        "mdtrtarea_admvs": "110101",
        "med_type": "21",
        "medinslv": "1",
        "age": 40,
    }
    codes = [settle_drafts([claim], book).rows()[0]["refused"] for claim in (elsewhere, level)]
    assert codes == ["R03_ELSEWHERE_MISSING", "R02_LEVEL_MISSING"]


def test_rates_that_no_exact_fraction_holds() -> None:
    rest = {"base": "person_bears", "retired": {"personal_share": "33.33%"}}
    layers = [small.pays("hifp_pay", ("0", "33.33%"), retired={"personal_share": "33.33%"})]
    layers += [
        small.pays(fund, ("0", "33.33%"), **rest) for fund in ("hifmi_pay", "cvlserv_pay", "hifes_pay", "maf_pay")
    ]
    fine = build(small.nation(*layers), [])
    claims = [small.claim(small.line("100.00"), psn_type=kind, medins_setl_id=kind) for kind in ("12", "11")]
    rows = settle_drafts(claims, fine).rows()
    assert rows[0]["refused"] == "R07_RATES_TOO_FINE"


def test_a_refused_claim_changes_no_counter(book: Rulebook) -> None:
    bad = {**good(2), "hosp_part_amt": "5000.00"}
    del bad["year_so_far"]
    third = {**good(3)}
    del third["year_so_far"]
    with_bad = settle_drafts([good(1), bad, third], book).rows()
    assert with_bad[2] == settle_drafts([good(1), third], book).rows()[1]


@pytest.mark.parametrize(
    "change",
    [
        {"begntime": "2024-05-01 10:00:00", "endtime": "2024-05-01"},  # a day without its hour
        {"curr": "rmb", "psn_insu_stas": 1, "medfee_sumamt": "48.90", "filing": " "},
        {"hosp_part_amt": "48.90"},
        {"year_so_far": '{"admissions": 2, "outpatient_pool": 1990.00}'},
        {"year_so_far": [("admissions", 2)]},  # an Arrow map
        {"feedetail.0.det_item_fee_sumamt": "3.6e1", "feedetail.0.pric": " 18 "},
        {"remark": "a field of somebody else's", "feedetail.0.rx_flag": 1},
    ],
)
def test_what_is_unusual_but_right_settles(change: dict[str, Any], book: Rulebook) -> None:
    settled = settle_drafts([changed({"set": change})], book)
    assert settled.refusals == [] and settled.rows()[0]["medfee_sumamt"] == 4890


def test_a_moment_with_a_time_zone_is_told_in_chinas(book: Rulebook) -> None:
    times = ("2024-05-01T00:00:00+08:00", "2024-04-30T16:00:00Z", "2024-04-30T18:00:00-00:00")
    settled = settle_drafts([changed({"set": {"setl_time": time, "medins_setl_id": time}}) for time in times], book)
    assert [settled.told(k)["day"] for k in range(3)] == ["2024-05-01"] * 3


def test_one_person_however_the_number_is_written(book: Rulebook) -> None:
    claims = [{**good(n), "psn_no": number} for n, number in enumerate((7, "7", " 7 "))]
    for claim in claims[1:]:
        del claim["year_so_far"]
    settled = settle_drafts(claims, book)
    assert [row["hifp_pay"] for row in settled.rows()] == [
        row["hifp_pay"] for row in settle_drafts([{**claim, "psn_no": "7"} for claim in claims], book).rows()
    ]
    assert {counter["psn_no"] for counter in settled.counters()} == {"7"}


def test_many_different_codes_do_not_mix_programs(book: Rulebook, monkeypatch: pytest.MonkeyPatch) -> None:
    kinds = [
        ("310", "1101", "11"),
        ("390", "15", "11"),
        ("310", "1201", "21"),
        ("390", "14", "21"),
        ("310", "11", "41"),
    ]
    claims = [
        {**good(n), "psn_no": f"P{n}", "insutype": kind[0], "psn_type": kind[1], "med_type": kind[2], "year_so_far": {}}
        for n, kind in enumerate(kinds)
    ]
    before = settle_drafts(claims, book).rows()
    monkeypatch.setattr(program, "KEY_BOUND", 2)
    assert settle_drafts(claims, book).rows() == before and all("refused" not in row for row in before)


def test_refusals_can_be_written_anywhere(book: Rulebook) -> None:
    broken = {**good(1), "medins_setl_id": "A", "filing": "\ud800" * 300, "year_so_far": {"\udcff": "1.00"}}
    for row in (refusal.as_row() for refusal in settle_drafts([broken], book).refusals):
        assert "".join(str(value) for value in row.values()).encode()
        assert len(str(row["found"])) <= 200


JUNK = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5) | st.decimals(allow_nan=True),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=5,
)


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(sorted(GOOD)) | st.sampled_from([f"feedetail.0.{name}" for name in LINES[0]]), JUNK)
def test_junk_is_refused_or_settled_but_never_lost(path: str, junk: Any) -> None:
    claim = changed({"set": {path: junk}})
    settled = settle_drafts([good(1), claim, good(2)], BOOK)
    refused = {refusal.claim for refusal in settled.refusals}
    assert settled.kept.size + len(refused) == 3
    assert refused <= {1}
