"""``rules check``: every fault of every file, with file, line, key and cure; and as JSON."""

import json
from pathlib import Path

import pytest
from desk import CASE, POOL, desk, line_of, rules

from settlement.author.check import Fault, check_files

TWICE = """
[[benefit]]
scheme = "employee"
care = "inpatient"
who = { psn_type = "11" }
fund = "hifp_pay"
from = 2024-02-01
deductible = "none"
bands = [{ over = "0 yuan", rate = "70%" }]
cap = "none"
source = "s"
article = "第三条"
"""


def only(folder: Path, **texts: str) -> Fault:
    faults = check_files([desk(folder, **texts)]).faults
    assert len(faults) == 1, faults
    return faults[0]


def test_what_is_sound_has_no_faults(tmp_path: Path) -> None:
    assert check_files([desk(tmp_path)]) == (1, 1, [])
    shipped = check_files()
    assert shipped.areas >= 6 and shipped.cases >= 14 and shipped.faults == []


def test_every_file_is_checked_to_the_end(tmp_path: Path) -> None:
    """One folder with a misspelt key, two overlaps, a counter in two senses and a bad case: all are told at once."""
    desk(tmp_path, pool=POOL.replace("cap = ", "kap = ", 1))
    other = POOL.replace("990100", "990200") + TWICE
    (tmp_path / "990200_b.toml").write_text(other, encoding="utf-8")
    third = (
        POOL.replace("990100", "990300").replace('per = "admission",', 'per = "admission", counter = "pool",') + TWICE
    )
    (tmp_path / "990300_c.toml").write_text(third, encoding="utf-8")
    (tmp_path / "cases" / "990200_b.toml").write_text(CASE.replace("C1", "C2").replace("medinslv", "medinslw"))
    found = {(Path(f.file).name, f.line, f.key, f.code) for f in check_files([tmp_path]).faults}
    assert found >= {
        ("990100_a.toml", line_of(POOL, "cap = "), "benefit[1].kap", ""),
        ("990200_b.toml", line_of(other, TWICE) + 1, "benefit[3]", "B03_OVERLAP"),
        ("990300_c.toml", line_of(third, "cap = "), "benefit[1].cap.counter", "B04_COUNTER"),
        ("990300_c.toml", line_of(third, TWICE) + 1, "benefit[3]", "B03_OVERLAP"),
        ("990200_b.toml", line_of(CASE, "medinslv"), "case[1].claim.medinslw", ""),
    }
    assert not any(f.code for f in check_files([tmp_path]).faults if f.file.endswith("990100_a.toml"))


@pytest.mark.parametrize(
    ("wrong", "right", "key", "cure"),
    [
        ('fund = "hifp_pay"', 'fond = "hifp_pay"', "benefit[1].fond", "Did you mean fund?"),
        ('"85%"', '"185%"', "benefit[1].bands[1].rate", "between 0% and 100%"),
        ('"100000 yuan"', '"100000"', "benefit[1].cap.amount", "with its unit"),
        ('"inpatient"', '"impatient"', "benefit[1].care", "Did you mean 'inpatient'?"),
        ('confidence = "official"', 'confidence = "offical"', "source.s.confidence", "Did you mean 'official'?"),
    ],
)
def test_a_fault_of_form_names_the_nearest(tmp_path: Path, wrong: str, right: str, key: str, cure: str) -> None:
    faults = check_files([desk(tmp_path, pool=POOL.replace(wrong, right, 1))]).faults
    fault = next(fault for fault in faults if fault.key == key)
    assert fault.line == line_of(POOL, wrong) and cure in fault.cure and fault.file == str(tmp_path / "990100_a.toml")


def test_a_parent_that_is_missing_or_faulty(tmp_path: Path) -> None:
    orphan = POOL.replace('inherits = "000000"', 'inherits = "990000"')
    fault = only(tmp_path, pool=orphan)
    assert (fault.code, fault.line, fault.key) == ("B02_INHERITS", 4, "pool.inherits") and "Add that file" in fault.cure
    (tmp_path / "990000_p.toml").write_text('[pool]\ncode = "990000"\n', encoding="utf-8")
    faults = check_files([tmp_path]).faults
    assert [fault.key for fault in faults] == ["pool.name", "pool.inherits"]
    assert "990000_p.toml has faults of its own" in faults[1].cure


def test_a_file_named_alone_is_read_beside_its_folder(tmp_path: Path) -> None:
    """As an editor or pre-commit calls it: the province is there, and its own faults are not this file's."""
    desk(tmp_path, pool=POOL.replace('inherits = "000000"', 'inherits = "990000"'))
    province = '[pool]\ncode = "990000"\nname = "示例省"\ninherits = "000000"\n'
    (tmp_path / "990000_p.toml").write_text(province, encoding="utf-8")
    (tmp_path / "990900_z.toml").write_text("[pool]\n", encoding="utf-8")
    named = [tmp_path / "990100_a.toml", tmp_path / "cases" / "990100_a.toml"]
    assert check_files(named) == (1, 1, [])
    assert len(check_files([tmp_path]).faults) == 2


def test_a_change_above_is_told_where_it_breaks_what_is_below(tmp_path: Path) -> None:
    desk(tmp_path, pool=POOL.replace('inherits = "000000"', 'inherits = "990000"'))
    clash = POOL.replace('"990100"', '"990000"').replace('per = "year", counter', 'per = "month", counter')
    (tmp_path / "990000_p.toml").write_text(clash, encoding="utf-8")
    faults = check_files([tmp_path / "990000_p.toml"]).faults
    assert [(Path(f.file).name, f.key, f.code) for f in faults] == [
        ("990100_a.toml", "benefit[1].cap.counter", "B04_COUNTER")
    ]


@pytest.mark.parametrize(
    ("text", "line"), [("a = 1\nb = = 2\n", 2), ("a = 1\nb = [1,\n", 2), ('a = "x"\na = "y"\n', 2), ("[pool\n", 1)]
)
def test_syntax_is_told_with_its_line(tmp_path: Path, text: str, line: int) -> None:
    fault = only(tmp_path, pool=text, case="")
    assert (fault.line, fault.key) == (line, "file") and "not TOML" in fault.found


def test_the_same_area_twice_and_an_area_without_a_pool(tmp_path: Path) -> None:
    desk(tmp_path, case=CASE.replace("990100", "880100"))
    (tmp_path / "990100_b.toml").write_text(POOL, encoding="utf-8")
    faults = check_files([tmp_path]).faults
    assert [(Path(f.file).name, f.key) for f in faults] == [
        ("990100_b.toml", "pool.code"), ("990100_a.toml", "case.claim.insuplc_admdvs"),
    ]  # fmt: skip
    assert "no pool file covers 880100" in faults[1].found


def test_a_catalogue_row_is_checked_with_its_folder(tmp_path: Path) -> None:
    (desk(tmp_path) / "990100_a.csv").write_text("a,b\n1,2\n", encoding="utf-8")
    fault = only(tmp_path)
    assert (fault.code, fault.line) == ("B06_CATALOGUE", 1) and fault.file.endswith("990100_a.csv")


def test_the_command_prints_text_and_json(tmp_path: Path) -> None:
    desk(tmp_path, pool=POOL.replace('fund = "hifp_pay"', 'fond = "hifp_pay"', 1))
    told = rules("check", ".", where=tmp_path)
    assert told.returncode == 1
    said = told.stdout.splitlines()
    at = line_of(POOL, 'fund = "hifp_pay"')
    assert f"990100_a.toml:{at}: benefit[1].fond: is not a key of this table. Did you mean fund?" in said
    assert '    fond = "hifp_pay"' in said and said[-1].endswith("1 fault(s)")
    asked = rules("check", ".", "--format", "json", where=tmp_path)
    faults = json.loads(asked.stdout)
    assert asked.returncode == 1 and {"file", "line", "key", "found", "cure"} == set(faults[0])
    sound = rules("check", ".", "--format", "json", where=desk(tmp_path))
    assert sound.returncode == 0 and json.loads(sound.stdout) == []
