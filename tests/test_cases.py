"""Every worked example, to the fen, compiled and uncompiled; the cases are the files in ``cases``."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from case_world import all_cases, fen_of, self_part, settle_all

CASES = {case["id"]: case for case in all_cases()}
NAMED = "R01 R02 R03 R06 R09 R10 O01 I01 D01 D02 D03 D04 D05 D06 D07-points D07-multiply D07-first_pay D14 D15 T61"


@pytest.fixture(scope="module")
def rows() -> dict[str, dict[str, Any]]:
    return settle_all()


@pytest.mark.parametrize("case_id", sorted(CASES))
def test_case(case_id: str, rows: dict[str, dict[str, Any]]) -> None:
    case, row = CASES[case_id], rows[case_id]
    assert "refused" not in row, row
    expected = fen_of(case["expected"])
    assert {name: row[name] for name in expected} == expected, case["arithmetic"]
    counters = fen_of(case.get("counters", {}))
    assert {name: row["counters"][name] for name in counters} == counters
    for fund, said in case.get("layers", {}).items():
        step = next(step for step in row["layers"] if step["fund"] == fund)
        assert {name: step[f"{name}_fen"] for name in said} == fen_of(said), fund
    for fund, amount in case.get("parts", {}).values():
        step = next(step for step in row["layers"] if step["fund"] == fund)
        assert self_part(step) == fen_of({"part": amount})["part"]


def test_every_named_case_is_there() -> None:
    assert set(NAMED.split()) <= set(CASES)
    assert sum(case_id.startswith("T") for case_id in CASES) == 31
    assert len(CASES) == len(all_cases())


@pytest.mark.parametrize("case_id", sorted(CASES))
def test_a_case_says_where_it_comes_from_and_how_it_is_worked(case_id: str) -> None:
    case = CASES[case_id]
    assert all(case[key].strip() for key in ("source", "kind", "trust", "scenario", "arithmetic"))
    assert len({"hifp_pay", "hifob_pay", "inscp_scp_amt", "psn_part_amt", "psn_cash_pay"} & set(case["expected"])) >= 1


def test_uncompiled_gives_the_same_bits(rows: dict[str, dict[str, Any]]) -> None:
    code = "import json, case_world; print(json.dumps(case_world.settle_all()))"
    here = str(Path(__file__).parent)
    environment = {**os.environ, "NUMBA_DISABLE_JIT": "1", "PYTHONPATH": here}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    assert json.loads(done.stdout) == rows
