"""``rules new``: another area's figures under explained keys, nothing of its grounds, and files that pass the check."""

import re
import tomllib
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from desk import POOL, desk, rules

from settlement.author import keys
from settlement.author.cases import read_cases
from settlement.author.check import check_files
from settlement.author.skeleton import write_new
from settlement.errors import BadInput
from settlement.rules.load import load_folder
from settlement.rules.rulebook import POOLS

GROUNDS = ("source", "article", "note", "confidence")
MODELS = sorted(load_folder(POOLS).pools.values())


def figures(table: dict[str, Any]) -> list[dict[str, Any]]:
    """Every block of a parsed file without its grounds."""
    blocks = [{"kind": kind, **block} for kind in keys.BLOCKS for block in table.get(kind, [])]
    return [{key: value for key, value in block.items() if key not in GROUNDS} for block in blocks]


@pytest.mark.parametrize("model", MODELS, ids=[pool.code for pool in MODELS])
def test_a_new_area_carries_figures_and_no_trust(tmp_path: Path, model: Any) -> None:
    written = write_new("990100", "示例市", model.code, tmp_path)
    assert check_files([tmp_path]) == (1, 0, [])
    new = tomllib.loads(written.pool.read_text(encoding="utf-8"))
    old = tomllib.loads((POOLS / model.file).read_text(encoding="utf-8"))
    assert new["pool"]["code"] == "990100" and new["pool"]["name"] == "示例市"
    begun, whole = figures(new), figures(old)
    assert begun and all(block in whole for block in begun)
    for kind in keys.BLOCKS:
        for block in new.get(kind, []):
            assert (block["source"], block["confidence"]) == ("to_check", "assumed") and "未核对" in block["note"]
    assert list(new["source"]) == ["to_check"] and new["source"]["to_check"]["confidence"] == "assumed"
    text = written.pool.read_text(encoding="utf-8")
    for source in model.sources.values():
        assert source.title not in text and (not source.note or source.note not in text)


def test_the_skeleton_of_every_model_names_each_key_once(tmp_path: Path) -> None:
    text = write_new("990100", "示例市", "220400", tmp_path).pool.read_text(encoding="utf-8")
    for key in (keys.BENEFIT["care"], keys.BENEFIT["cap"], keys.ELSEWHERE["mode"], keys.BLOCK["from"]):
        assert text.count(f"# {key.zh}\n") == 1
    for key in (keys.DEDUCTIBLE["later"], keys.BAND["rate"], keys.CAP["counter"]):
        assert len(re.findall(rf"^#   \w+：{re.escape(key.zh)}$", text, re.MULTILINE)) == 1


MODEL = """
[[benefit]]
scheme = "employee"
care = "inpatient"
who = { group = "working" }
fund = "hifp_pay"
from = 2024-06-01
deductible = "none" # a receipt of the model says so
bands = [
    # and this figure too
    { over = "0 yuan", rate = "71%" },
]
cap = "none"
source = "s"
article = "第三条"

[[benefit]]
scheme = "employee"
care = "inpatient"
who = { group = "retired" }
fund = "hifp_pay"
from = 2024-06-01
repealed = true
source = "s"
article = "第四条"
"""


def test_what_was_replaced_or_ended_stays_behind_and_so_do_comments(tmp_path: Path) -> None:
    desk(tmp_path, pool=POOL + MODEL, case="")
    new = write_new("990200", "新市", "990100", tmp_path).pool.read_text(encoding="utf-8")
    blocks = tomllib.loads(new)["benefit"]
    assert [(block["from"], block["bands"]) for block in blocks] == [
        (date(2024, 6, 1), [{"over": "0 yuan", "rate": "71%"}])
    ]
    assert "receipt of the model" not in new and "this figure too" not in new


def test_the_province_is_inherited_where_it_has_a_file(tmp_path: Path) -> None:
    here = write_new("220900", "甲市", "220400", tmp_path)
    assert 'inherits = "220000"' in here.pool.read_text(encoding="utf-8") and here.left_above == ()
    there = write_new("990100", "乙市", "220400", tmp_path)
    assert 'inherits = "000000"' in there.pool.read_text(encoding="utf-8")
    assert [pool.code for pool in there.left_above] == ["220000"]


def test_the_case_file_is_empty_and_its_comment_is_a_case(tmp_path: Path) -> None:
    text = write_new("990100", "示例市", "220400", tmp_path).cases.read_text(encoding="utf-8")
    assert tomllib.loads(text) == {}
    first = "\n".join(line.removeprefix("# ") for line in text.partition("#\n")[2].partition("\n#\n")[0].splitlines())
    read = read_cases(tomllib.loads(first), "new.toml", first)
    assert read.complaints == [] and read.cases[0].area == "990100" and read.cases[0].expected["hifp_pay"] == 1929200


@pytest.mark.parametrize(
    ("code", "model", "refusal"),
    [
        ("9901", "220400", "C11_NOT_A_CODE"),
        ("990100", "880000", "P01_UNKNOWN_AREA"),
        ("990100", "220400", "F14_FILE_EXISTS"),
    ],
)
def test_what_cannot_be_begun(tmp_path: Path, code: str, model: str, refusal: str) -> None:
    before = desk(tmp_path) / "990100_a.toml"
    with pytest.raises(BadInput) as caught:
        write_new(code, "示例市", model, tmp_path)
    assert caught.value.code == refusal and before.read_text(encoding="utf-8") == POOL


def test_the_command_writes_two_files_and_overwrites_none(tmp_path: Path) -> None:
    done = rules("new", "990100", "示例 市", "--from", "220400", "--to", str(tmp_path))
    assert done.returncode == 0 and len(done.stdout.splitlines()) == 2 and "220000" in done.stderr
    assert sorted(path.name for path in tmp_path.rglob("*.toml")) == ["990100_示例_市.toml"] * 2
    again = rules("new", "990100", "别名", "--from", "220400", "--to", str(tmp_path))
    assert again.returncode == 2 and "F14_FILE_EXISTS" in again.stderr
