"""Every worked example, to the fen, compiled and uncompiled: the shipped cases and those in ``cases`` here."""

import json
import os
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from case_world import all_cases, books, settle_all

from settlement.author.case_run import Outcome, run_case
from settlement.author.cases import case_files, load_cases
from settlement.rules.resolve import dated_blocks
from settlement.rules.rulebook import open_rulebook

CASES = {setting.case.id: setting.case for setting in all_cases()}
NAMED = "R01 R02 R03 R06 R09 R10 O01 I01 D01 D02 D03 D04 D05 D06 D07-points D07-multiply D07-first_pay D14 D15 T61"


@pytest.fixture(scope="module")
def rows() -> dict[str, dict[str, Any]]:
    return settle_all()


@pytest.fixture(scope="module")
def outcomes() -> dict[str, Outcome]:
    return {setting.case.id: run_case(setting.case, book) for setting, book in books()}


@pytest.mark.parametrize("case_id", sorted(CASES))
def test_case(case_id: str, rows: dict[str, dict[str, Any]], outcomes: dict[str, Outcome]) -> None:
    case, row = CASES[case_id], rows[case_id]
    if case.refused:
        assert row == {"refused": case.refused}
        return
    assert "refused" not in row, row
    assert {name: row[name] for name in case.expected} == case.expected, case.arithmetic
    assert {name: row["counters"][name] for name in case.counters} == case.counters
    assert outcomes[case_id].differences == ()  # with the figures of layers and parts


def test_every_named_case_is_there() -> None:
    assert set(NAMED.split()) <= set(CASES)
    assert sum(case_id.startswith("T") for case_id in CASES) == 31
    assert len(CASES) == len(all_cases())


@pytest.mark.parametrize("case_id", sorted(CASES))
def test_a_case_says_where_it_comes_from_and_how_it_is_worked(case_id: str) -> None:
    case = CASES[case_id]
    assert all(said.strip() for said in (case.source, case.kind, case.trust, case.scenario, case.arithmetic))
    paid = {"hifp_pay", "hifob_pay", "inscp_scp_amt", "psn_part_amt", "psn_cash_pay", "fund_pay_sumamt"}
    assert case.refused or paid & set(case.expected)


def test_uncompiled_gives_the_same_bits(rows: dict[str, dict[str, Any]]) -> None:
    code = "import json, case_world; print(json.dumps(case_world.settle_all()))"
    here = str(Path(__file__).parent)
    environment = {**os.environ, "NUMBA_DISABLE_JIT": "1", "PYTHONPATH": here}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    assert json.loads(done.stdout) == rows


SHIPPED = open_rulebook().book
OWN_CASES = load_cases(case_files(None)).cases
AREAS = sorted(code for code, pool in SHIPPED.pools.items() if pool.benefits)


@pytest.mark.parametrize("code", AREAS)
def test_an_area_has_cases_on_every_change_date_and_the_day_before(code: str) -> None:
    """Whatever begins in an area's own file is met on its first day, and missed, or met as it was, on the day before."""
    mine = [case.claim for case in OWN_CASES if SHIPPED.area(case.area) == code]
    days = {str(claim.get("endtime") or claim.get("setl_time"))[:10] for claim in mine}
    begins = {block.begins for kind in dated_blocks(SHIPPED.pools[code]) for block in kind}
    wanted = {str(day - timedelta(back)) for day in begins for back in (0, 1)}
    assert len(mine) >= 3
    assert wanted <= days, sorted(wanted - days)


def test_there_are_areas_enough() -> None:
    assert len(AREAS) >= 12
    assert len({code[:2] for code in AREAS}) >= 8
