"""``rules diff``: what changes in words, and what the panel pays, by numbers worked by hand (diff.toml)."""

import json
import tomllib
from collections import Counter
from datetime import date
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from desk import rules
from hypothesis import given
from hypothesis import strategies as st

from settlement.author import diff_report
from settlement.author.compare import boxes
from settlement.author.diff import Difference, difference
from settlement.author.phrases import Speech
from settlement.errors import BadInput, BadRules
from settlement.money import fen, yuan

GIVEN = tomllib.loads((Path(__file__).parent / "diff.toml").read_text(encoding="utf-8"))
HEAD, OLD, NEW = (GIVEN["pool"][name] for name in ("head", "old", "new"))
ZH, EN = Speech("zh"), Speech("en")


@pytest.fixture(name="files")
def two_files(tmp_path: Path) -> tuple[str, str]:
    old, new = tmp_path / "990100_old.toml", tmp_path / "990100_new.toml"
    old.write_text(HEAD + OLD, encoding="utf-8")
    new.write_text(HEAD + OLD + NEW, encoding="utf-8")
    return str(old), str(new)


def paid(found: Difference) -> dict[str, tuple[str, str]]:
    return {
        o.claim.zh: (o.old.refused or yuan(o.old.fund_fen), o.new.refused or yuan(o.new.fund_fen))
        for o in found.outcomes
    }


def test_two_files_in_words(files: tuple[str, str]) -> None:
    text = diff_report.text(difference(*files, None, ZH), ZH)
    assert GIVEN["words"]["zh"].strip() + "\n\n" in text
    assert GIVEN["words"]["en"].strip() in diff_report.text(difference(*files, None, EN), EN)


def test_two_files_on_the_panel(files: tuple[str, str]) -> None:
    found = difference(*files, None, ZH)
    assert found.days == (date(2024, 4, 1), date(2024, 4, 1))
    told = paid(found)
    for claim in GIVEN["claim"]:
        assert told[claim["name"]] == (claim["old"], claim["new"]), claim["name"]
    assert Counter(o.verdict for o in found.outcomes)["less"] == 0


def test_one_area_on_two_days(files: tuple[str, str]) -> None:
    """The new file the day before its rules begin, and on that day: the same numbers as the two files."""
    found = difference(f"{files[1]}@2024-03-31", f"{files[1]}@2024-04-01", None, ZH)
    assert paid(found) == paid(difference(*files, None, ZH))
    assert "规则差别 5 项" in diff_report.text(found, ZH)
    same = difference(f"{files[1]}@2024-02-01", f"{files[1]}@2024-03-31", None, ZH)
    assert same.periods[0].begun == [] and "规则没有差别" in diff_report.text(same, ZH)


def test_nothing_differs_from_itself(files: tuple[str, str]) -> None:
    found = difference(files[0], files[0], None, ZH)
    assert found.periods == [] and {o.verdict for o in found.outcomes} == {"same", "neither"}
    assert "规则没有差别" in diff_report.text(found, ZH)


def test_the_sums_of_the_table(files: tuple[str, str]) -> None:
    found = difference(*files, None, ZH)
    told: dict[str, Any] = diff_report.as_json(found, ZH)["panel"]
    settled = [o for o in told["outcomes"] if "_" not in o["old"] + o["new"]]
    change = sum(fen(o["new"]) - fen(o["old"]) for o in settled)
    assert fen(told["fund_change"]) == change > 0
    for by in ("care", "group", "level", "place"):
        rows = [row for row in told["groups"] if row["by"] == by]
        assert sum(fen(row["fund_change"]) for row in rows) == change
        verdicts = ("more", "less", "same", "payable", "refused", "neither")
        assert sum(row[verdict] for row in rows for verdict in verdicts) == 200
        assert [sum(row[v] for row in rows) for v in verdicts] == [
            sum(o["verdict"] == v for o in told["outcomes"]) for v in verdicts
        ]
    text = diff_report.text(found, ZH)
    largest = max((o for o in settled), key=lambda o: fen(o["fund_change"]))
    assert text.index("增加最多") < text.index(largest["name"])
    refused = [o for o in told["outcomes"] if o["verdict"] == "refused"]
    assert f"{len(refused)} 笔新被拒绝" in text and all(o["name"] in text for o in refused)


def test_differences_that_end(tmp_path: Path, files: tuple[str, str]) -> None:
    """The old file catches up in 2025: from then on nothing differs."""
    late = tmp_path / "990100_late.toml"
    late.write_text(HEAD + OLD + NEW.replace("2024-04-01", "2025-01-01"), encoding="utf-8")
    found = difference(str(late), files[1], None, ZH)
    assert [(str(p.day), len(p.begun), p.ended) for p in found.periods] == [("2024-04-01", 5, 0), ("2025-01-01", 0, 5)]
    assert "有 5 项到此为止" in diff_report.text(found, ZH)


def test_everything_a_pool_may_say_is_told(tmp_path: Path) -> None:
    """A file with every kind of rule against one with none of them: each is told, in both languages."""
    every = tomllib.loads((Path(__file__).parent / "every_rule.toml").read_text(encoding="utf-8"))
    bare, full = tmp_path / "bare.toml", tmp_path / "full.toml"
    bare.write_text(HEAD, encoding="utf-8")
    full.write_text(every["pool"], encoding="utf-8")
    for say, words in ((ZH, every["zh"]), (EN, every["en"])):
        text = diff_report.text(difference(str(bare), str(full), None, say), say)
        assert [word for word in words if word not in text] == []
        gone = diff_report.text(difference(str(full), str(bare), None, say), say)
        assert [word for word in words if word not in gone] == []


def test_the_command(files: tuple[str, str], tmp_path: Path) -> None:
    done = rules("diff", *files, "--format", "json", where=tmp_path)
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    change = told["changes"][0]
    assert (change["differs_from"], change["from"], change["schemes"], change["cares"]) == (
        "2024-04-01", "2024-04-01", ["employee"], ["inpatient"],
    )  # fmt: skip
    assert {"aspect": "支付比例", "levels": "一级", "old": "80%", "new": "85%"} in change["lines"]
    shipped = rules("diff", "220400", files[1], "--lang", "en", where=tmp_path)
    assert shipped.returncode == 0 and "old: 辽源市 220400" in shipped.stdout and "Differences from" in shipped.stdout


@pytest.mark.parametrize(
    ("operand", "error", "code"),
    [
        ("999999", BadInput, "P01"), ("nowhere.toml", BadInput, "F02"), ("220400@2024-02-30", BadInput, "C05"),
        ("broken.toml", BadRules, "broken.toml:2"),
    ],
)  # fmt: skip
def test_operands_that_mean_nothing(
    operand: str, error: type[Exception], code: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "broken.toml").write_text('[pool]\ncod = "990100"\n', encoding="utf-8")
    with pytest.raises(error, match=code):
        difference("220400", operand, None, ZH)


CELLS = st.lists(st.tuples(*[st.sampled_from("ab")] * 4), min_size=1, max_size=16)


@given(CELLS)
def test_boxes_hold_each_cell_once(cells: list[tuple[str, str, str, str]]) -> None:
    held = [cell for box in boxes(cells) for cell in product(*box)]
    assert sorted(held) == sorted(set(cells))
