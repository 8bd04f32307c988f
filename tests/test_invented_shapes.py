"""Shapes of rules that no named city is known for: an invented area of its own folder, laid out as a rule author would."""

from pathlib import Path

import pytest

from settlement.author.case_run import run_case
from settlement.author.cases import load_cases
from settlement.author.check import check_files
from settlement.rules.rulebook import Rulebook, open_rulebook

FOLDER = Path(__file__).parent / "cases" / "invented_shapes"
READ = load_cases(sorted((FOLDER / "cases").glob("*.toml")))


@pytest.fixture(scope="module")
def book() -> Rulebook:
    return open_rulebook(FOLDER).book


def test_pool_and_cases_are_in_order() -> None:
    assert check_files([FOLDER]).faults == []
    assert not READ.complaints
    assert len(READ.cases) >= 10


def test_every_amount_in_scope_is_in_one_layer_and_only_one(book: Rulebook) -> None:
    """What layers on fee lines take is missing from the main one: without a supplement the bases add up to the scope."""
    for case in READ.cases:
        told = run_case(case, book).told
        assert told is not None
        if told["layers"]:  # none where the pool pays nothing
            assert sum(step["base_fen"] for step in told["layers"]) == told["inscp_scp_amt"], case.id
