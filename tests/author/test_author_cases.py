"""Case files: what a case may say, complaints about malformed ones, and what ``rules test`` makes of a difference."""

import re
import tomllib
from pathlib import Path

import pytest
from desk import CASE, POOL, ROOT, desk, line_of, rules

from settlement.author.case_run import run_case
from settlement.author.cases import CLAIM_KINDS, CaseFile, case_files, drafts_of, load_cases, read_cases
from settlement.rules.reading import Reader
from settlement.rules.rulebook import Rulebook, open_rulebook


def read(text: str) -> CaseFile:
    return read_cases(tomllib.loads(text), "c.toml", text)


@pytest.fixture
def book(tmp_path: Path) -> Rulebook:
    return open_rulebook(desk(tmp_path)).book


@pytest.mark.parametrize(
    ("wrong", "right", "key", "cure"),
    [
        ('kind = "derived_from_params"\n', "", "case[1].kind", "needs kind"),
        ("scenario =", "scenary =", "case[1].scenary", "Did you mean scenario?"),
        ("hifp_pay =", "hifp_pai =", "case[1].expected", "Did you mean hifp_pay?"),
        ('"880.00"', "880.00", "case[1].expected", "in quotes"),
        ('"880.00"', '"880.005"', "case[1].expected", "at most two decimals"),
        ("medinslv", "medinslw", "case[1].claim.medinslw", "Did you mean medinslv?"),
        ('psn_type = "11"', "psn_type = 11", "case[1].claim.psn_type", 'psn_type = "11"'),
        ('insutype = "310", ', "", "case[1].claim.insutype", "A claim needs insutype"),
        ('["01", "", "1500.00"]', '["01", "1500.00"]', "case[1].lines", "first-pay ratio, amount"),
        ('["01", "", "1500.00"]', '{ class = "04", amount = "1.00" }', "case[1].lines[1].class", "One of: 01"),
        ('["01", "", "1500.00"]', '{ class = "01", amont = "1.00" }', "case[1].lines[1].amont", "Did you mean amount?"),
        ('["01", "", "1500.00"]', '{ amount = "1.00" }', "case[1].lines[1]", "class"),
        ("expected = {", 'refused = "R01_RULE_MISSING"\nexpected = {', "case[1].expected", "or why not"),
        ("lines =", 'layers.hifp_pay = { bases = "1.00" }\nlines =', "case[1].layers", "Did you mean base?"),
        ("lines =", 'before = [{ claim = { medtype = "21" }, lines = [["01", "", "1.00"]] }]\nlines =', "case[1].before[1].claim.medtype", "Did you mean med_type?"),
    ],
)  # fmt: skip
def test_a_malformed_case_is_told_with_its_key_and_cure(wrong: str, right: str, key: str, cure: str) -> None:
    text = CASE.replace(wrong, right, 1)
    assert text != CASE
    complaints = read(text).complaints
    told = [complaint for complaint in complaints if complaint.key == key]
    assert len(told) == 1 and cure in told[0].cure, complaints
    assert read(text).cases == []


def test_a_complaint_points_at_its_line() -> None:
    text = CASE + "\n" + CASE.replace("C1", "C2").replace('"880.00"', '"880"').replace("hifp_pay", "hifp_pai")
    complaint = read(text).complaints[0]
    assert complaint.line == text.count("\n", 0, text.index("hifp_pai")) + 1
    assert [case.id for case in read(text).cases] == ["C1"]


def test_a_part_of_a_refusal_code_is_completed() -> None:
    text = CASE.replace('expected = { hifp_pay = "880.00", psn_part_amt = "620.00" }', 'refused = "R02"')
    assert "R02_LEVEL_MISSING" in read(text).complaints[0].cure


def test_an_id_counts_once_over_all_files(tmp_path: Path) -> None:
    for name in ("a.toml", "b.toml"):
        (tmp_path / name).write_text(CASE, encoding="utf-8")
    found = load_cases([tmp_path / "a.toml", tmp_path / "b.toml"])
    assert len(found.cases) == 1 and "a.toml:1" in found.complaints[0].found


def test_a_line_may_be_a_table_of_everything_the_new_rules_ask() -> None:
    line = '{ class = "乙", ratio = "0.1", amount = "12.00", type = "09", negotiated = true, disease = "M01600", cnt = "3", limit = "4.5", day = 2024-05-02 }'
    drafted = drafts_of(read(CASE.replace('["01", "", "1500.00"]', line)).cases[0])[0]["feedetail"][0]
    assert drafted == {
        "feedetl_sn": "1", "chrgitm_lv": "02", "selfpay_prop": "0.1", "det_item_fee_sumamt": "12.00", "med_chrgitm_type": "09",
        "hi_nego_drug_flag": "1", "dise_codg": "M01600", "cnt": "3", "pric_uplmt_amt": "4.5", "fee_ocur_time": "2024-05-02",
    }  # fmt: skip


EARLIER = """before = [
    { claim = { med_type = "21", medinslv = "3", setl_time = "2024-03-01" }, lines = [["01", "", "1800.00"]] },
]
counters = { admissions = 2, pool = "1730.00" }
"""


def test_earlier_claims_are_of_the_same_person_and_count(book: Rulebook) -> None:
    """(1800 - 800) x 85% = 850 before; the cap counts 850 + 880."""
    case = read(CASE + EARLIER).cases[0]
    first, last = drafts_of(case)
    assert first["psn_no"] == last["psn_no"] and first["insuplc_admdvs"] == "990100" and first["insutype"] == "310"
    assert run_case(case, book).differences == ()
    alone = run_case(read(CASE + EARLIER.partition("counters")[1] + EARLIER.partition("counters")[2]).cases[0], book)
    assert {difference.what for difference in alone.differences} == {"counters.admissions", "counters.pool"}


REFUND = """claim = { refund_of = "A", setl_time = 2024-06-01 }
expected = { hifp_pay = "-880.00", psn_part_amt = "-620.00" }
counters = { admissions = 0, pool = "0.00" }

[[case.before]]
claim = { medins_setl_id = "A", insuplc_admdvs = "990100", insutype = "310", psn_type = "11", med_type = "21", medinslv = "2", setl_time = 2024-05-08 }
lines = [["01", "", "1500.00"]]
"""


def test_a_refund_gives_back_an_earlier_claim(book: Rulebook) -> None:
    case = read(CASE.partition("claim =")[0] + REFUND).cases[0]
    assert case.area == "990100" and run_case(case, book).differences == ()


def test_an_earlier_claim_that_is_refused_is_a_difference(book: Rulebook) -> None:
    outcome = run_case(read(CASE + EARLIER.replace('medinslv = "3"', 'medinslv = "1"')).cases[0], book)
    assert ("before[1]", "settled", "R02_LEVEL_MISSING") in outcome.differences


def test_a_refusal_can_be_what_is_expected(book: Rulebook) -> None:
    expected = 'expected = { hifp_pay = "880.00", psn_part_amt = "620.00" }'
    refused = CASE.replace(expected, 'refused = "R02_LEVEL_MISSING"')
    assert run_case(read(refused.replace('medinslv = "2"', 'medinslv = "1"')).cases[0], book).passed
    assert run_case(read(refused).cases[0], book).differences == (("refused", "R02_LEVEL_MISSING", "settled"),)
    paid = run_case(read(CASE.replace('medinslv = "2"', 'medinslv = "1"')).cases[0], book)
    assert paid.differences == (("refused", "settled", "R02_LEVEL_MISSING"),) and paid.told is None


@pytest.mark.parametrize(
    ("more", "what", "found"),
    [
        ('layers.hifp_pay = { eligible = "999.00" }', "layers.hifp_pay.eligible_fen", "1000.00"),
        ('layers.maf_pay = { pay = "1.00" }', "layers.maf_pay", "no such layer"),
        ('counters = { pol = "1.00" }', "counters.pol", "no such counter"),
        ('parts = { own = ["hifp_pay", "119.00"] }', "parts.own", "120.00"),
    ],
)
def test_what_differs_is_named_with_both_figures(book: Rulebook, more: str, what: str, found: str) -> None:
    (difference,) = run_case(read(CASE + more + "\n").cases[0], book).differences
    assert (difference.what, difference.found) == (what, found)


def test_the_command_runs_one_areas_cases_and_works_a_difference_through(tmp_path: Path) -> None:
    desk(tmp_path)
    good = rules("test", "990100", "--pools", str(tmp_path))
    assert good.returncode == 0 and "通过 C1" in good.stdout and "1 个案例，1 个通过" in good.stdout
    desk(tmp_path, pool=POOL.replace("88%", "78%"))
    bad = rules("test", "990100", "--pools", str(tmp_path), "--lang", "en")
    assert bad.returncode == 1 and "DIFFERS C1" in bad.stdout and "1 case(s), 0 passed" in bad.stdout
    assert "880.00" in bad.stdout and "780.00" in bad.stdout  # both figures
    assert "(1500 - 500) x 88% = 880" in bad.stdout and "78%" in bad.stdout  # the arithmetic beside the steps
    none = rules("test", "220100", "--pools", str(tmp_path))
    assert none.returncode == 0 and "C1 " not in none.stdout
    assert rules("test", "880100").returncode == 2


def test_a_malformed_case_fails_the_command(tmp_path: Path) -> None:
    desk(tmp_path, case=CASE + CASE.replace("C1", "C2").replace("hifp_pay", "hifp_pai"))
    done = rules("test", "990100", "--pools", str(tmp_path))
    assert done.returncode == 1 and "通过 C1" in done.stdout and "Did you mean hifp_pay?" in done.stdout


def test_the_page_about_cases_says_what_the_reader_knows(monkeypatch: pytest.MonkeyPatch) -> None:
    page = (ROOT / "docs" / "case-format.md").read_text(encoding="utf-8")
    example = page.partition("```toml\n")[2].partition("```")[0]
    known: list[str] = []
    done = Reader.done
    monkeypatch.setattr(
        Reader, "done", lambda reader, parent=None: (known.extend(reader.known), done(reader, parent))[1]
    )
    found = read(example)
    assert found.complaints == [] and found.cases[0].expected == {"act_pay_dedc": 40000, "hifp_pay": 1929200}
    told = set(re.findall(r"^\| `(\w+)` \|", page, re.MULTILINE)) | set(re.findall(r"^(\w+) = ", example, re.MULTILINE))
    assert told - {"kind", "trust", "source"} == set(known) - {"case", *CLAIM_KINDS, "kind", "trust", "source"}


def test_shipped_case_files_stand_beside_their_pools() -> None:
    names = {file.name for file in case_files(None)}
    assert {"110000_beijing.toml", "220400_liaoyuan.toml"} <= names
    for file in case_files(None):
        found = load_cases([file])
        assert found.complaints == [] and {case.area[:2] for case in found.cases} == {file.name[:2]}, file.name
    assert line_of(CASE, "id =") == 2
