"""A rule author's desk: a small pool and a small case to be spoilt, and the command line."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent

POOL = """[pool]
code = "990100"
name = "示例市"
inherits = "000000"

[source.s]
title = "示例办法"
issued = 2024-01-01
confidence = "official"

[[benefit]]
scheme = "employee"
care = "inpatient"
who = { group = "working" }
fund = "hifp_pay"
from = 2024-01-01
deductible = { per = "admission", by_level = { 2 = "500 yuan", 3 = "800 yuan" } }
bands = [{ over = "0 yuan", rate = { 2 = "88%", 3 = "85%" } }]
cap = { amount = "100000 yuan", per = "year", counter = "pool" }
source = "s"
article = "第一条"

[[benefit]]
scheme = "employee"
care = "inpatient"
who = { group = "retired" }
fund = "hifp_pay"
from = 2024-01-01
deductible = "none"
bands = [{ over = "0 yuan", rate = "95%" }]
cap = "none"
source = "s"
article = "第二条"
"""

CASE = """[[case]]
id = "C1"
kind = "derived_from_params"
trust = "invented"
source = "第一条"
scenario = "Working employee, level 2"
arithmetic = "(1500 - 500) x 88% = 880"
claim = { insuplc_admdvs = "990100", insutype = "310", psn_type = "11", med_type = "21", medinslv = "2", setl_time = 2024-05-08 }
lines = [["01", "", "1500.00"]]
expected = { hifp_pay = "880.00", psn_part_amt = "620.00" }
"""


def desk(folder: Path, pool: str = POOL, case: str = CASE) -> Path:
    """Lay out a folder with one pool and its cases."""
    (folder / "cases").mkdir(parents=True, exist_ok=True)
    (folder / "990100_a.toml").write_text(pool, encoding="utf-8")
    (folder / "cases" / "990100_a.toml").write_text(case, encoding="utf-8")
    return folder


def line_of(text: str, part: str) -> int:
    """The line of a text, from 1, on which a part stands first."""
    return text[: text.index(part)].count("\n") + 1


def rules(*arguments: str, where: Path = ROOT) -> subprocess.CompletedProcess[str]:
    """Run ``settlement rules …`` as a person types it."""
    command = [sys.executable, "-m", "settlement.cli", "rules", *arguments]
    return subprocess.run(command, cwd=where, capture_output=True, text=True, check=False)
