"""Malformed pool files as clerks and editors make them: each is refused alone, with line, key and cure, and nothing crashes.

The files are in ``data/bad_pools``, what must be said about them in ``data/bad_pools.toml``.
"""

import copy
import json
import shutil
import subprocess
import sys
import tomllib
from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest
from good_claim import BOOK, GOOD

from settlement.engine import settle_drafts
from settlement.rules.load import load_files
from settlement.rules.rulebook import open_rulebook
from settlement.rules_cli import check

DATA = Path(__file__).parent / "data"
FOLDER = DATA / "bad_pools"
NEIGHBOUR = """[pool]
code = "990900"
name = "示例邻市"
inherits = "000000"

[source.s]
title = "示例邻市办法"
confidence = "assumed"

[[benefit]]
scheme = "employee"
care = "outpatient"
fund = "hifp_pay"
from = 2024-01-01
deductible = "none"
bands = [{ over = "0 yuan", rate = "50%" }]
cap = "none"
source = "s"
article = "第一条"
"""
THERE = {"insuplc_admdvs": "990900", "mdtrtarea_admvs": "990900", "medins_setl_id": "THERE"}
CLAIMS = [GOOD, {**GOOD, **THERE}]


def expectations() -> dict[str, list[dict[str, Any]]]:
    """What must be said about each file, in the order of its lines."""
    told = defaultdict(list)
    for fault in tomllib.loads((DATA / "bad_pools.toml").read_text(encoding="utf-8"))["fault"]:
        told[fault["file"]].append(fault)
    return dict(told)


EXPECTED = expectations()


@pytest.fixture(scope="module")
def sound_rows(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    """The two claims as they settle where no file is bad; the neighbour pays half."""
    folder = tmp_path_factory.mktemp("sound")
    (folder / "990900_neighbour.toml").write_text(NEIGHBOUR, encoding="utf-8")
    rows = settle_drafts(copy.deepcopy(CLAIMS), open_rulebook(folder).book).rows()
    assert rows[0]["act_pay_dedc"] == 4890 and rows[1]["hifp_pay"] == 2445
    return rows


def test_every_file_of_the_corpus_is_told_of() -> None:
    assert {file.name for file in FOLDER.glob("*.toml")} == set(EXPECTED)
    assert len(EXPECTED) >= 90


def laid_out(folder: Path, name: str) -> Path:
    """Put a bad file into a folder with a sound one, and with what it needs to be bad."""
    (folder / "990900_neighbour.toml").write_text(NEIGHBOUR, encoding="utf-8")
    for file in {name, *(f"beside/{fault['beside']}" for fault in EXPECTED[name] if "beside" in fault)}:
        shutil.copy(FOLDER / file, folder)
    return folder / name


@pytest.mark.parametrize("name", sorted(EXPECTED))
def test_a_bad_pool_is_refused_alone_and_told_what_to_do(
    name: str, tmp_path: Path, sound_rows: list[dict[str, Any]], capsys: pytest.CaptureFixture[str]
) -> None:
    file, wanted = laid_out(tmp_path, name), EXPECTED[name]
    opened = open_rulebook(tmp_path, strict=False)
    said = [complaint for complaint in opened.loaded.complaints if complaint.file == name]
    assert [(one.line, one.key) for one in said] == [(fault["line"], fault["key"]) for fault in wanted], said
    for one, fault in zip(said, wanted, strict=True):
        assert fault["found"] in one.found and fault["cure"] in one.cure, one
        assert one.text() == f"{name}:{one.line}: {one.key}: {one.found}. {one.cure}"

    beside = {fault["beside"] for fault in wanted if "beside" in fault}
    assert {complaint.file for complaint in opened.loaded.complaints} <= {name, *beside}
    assert {"990900", *BOOK.pools} == set(opened.book.pools) - {"990100"}
    assert "990100" not in opened.book.pools or "has a file already" in said[0].found
    assert settle_drafts(copy.deepcopy(CLAIMS), opened.book).rows() == sound_rows

    assert check(file, format="json") == 1
    told = json.loads(capsys.readouterr().out)
    assert [(one["line"], one["key"]) for one in told] == [(one.line, one.key) for one in said]
    assert beside or [one["found"] for one in told] == [one.found for one in said]
    assert all(one["file"] == str(file) and one["cure"] for one in told)


def test_the_command_takes_the_whole_corpus_at_once() -> None:
    command = [sys.executable, "-m", "settlement.cli", "rules", "check", str(FOLDER)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 1 and done.stderr == ""
    lines = done.stdout.splitlines()
    for name, faults in EXPECTED.items():  # some are areas that another bad file has already
        here = [line for line in lines if line.startswith(f"{FOLDER / name}:")]
        assert here or any("beside" in fault for fault in faults), name
    assert lines[-1].endswith("fault(s)")


@pytest.mark.parametrize(
    "content",
    [
        NEIGHBOUR.encode(),
        b"\xef\xbb\xbf" + NEIGHBOUR.encode(),
        NEIGHBOUR.replace("\n", "\r\n").encode(),
        NEIGHBOUR.replace(" = ", "\t=\t").replace("[[", "  [[").encode(),
        NEIGHBOUR.replace("[{ over", "[\n    # 一档\n    { over").replace('%" }]', '%" },\n]').encode(),
        NEIGHBOUR.replace('cap = "none"', "cap = 'none'  # 不设封顶线，见“第二条”").encode(),
    ],
    ids=["plain", "with a mark of UTF-8", "with ends of lines of Windows", "with tabs", "spread", "with comments"],
)
def test_what_editors_do_to_the_layout_is_no_fault(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "990900_neighbour.toml").write_bytes(content)
    loaded = load_files([tmp_path / "990900_neighbour.toml"])
    assert [complaint.text() for complaint in loaded.complaints] == []
    (tmp_path / "990900_neighbour.toml").write_text(NEIGHBOUR, encoding="utf-8")
    plain = load_files([tmp_path / "990900_neighbour.toml"])
    assert loaded.pools["990900"].content == plain.pools["990900"].content


def test_a_folder_or_an_unreadable_file_is_a_complaint(tmp_path: Path) -> None:
    (tmp_path / "990100_a.toml").mkdir()
    loaded = load_files([tmp_path / "990100_a.toml", tmp_path / "990200_gone.toml"])
    assert [(one.file, one.line, one.key) for one in loaded.complaints] == [
        ("990100_a.toml", 1, "file"), ("990200_gone.toml", 1, "file"),
    ]  # fmt: skip
    assert all("cannot be read" in one.found for one in loaded.complaints) and loaded.pools == {}
