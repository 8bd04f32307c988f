"""The fault experiments of checkout, service and book in small, every day; `make faults` runs them in full."""

from __future__ import annotations

import pytest

from tests.faults.page import Result, render
from tests.faults.registry import experiments

EVERY_DAY = (
    "F4", "F5", "F6", "F7", "F7b", "F8", "F9", "F9b", "F13", "F16", "F16b", "F17", "F18", "F19", "F20", "F21", "F21b",
)  # fmt: skip


@pytest.mark.parametrize("number", EVERY_DAY)
def test_an_experiment_in_small(number):
    (experiment,) = (e for e in experiments() if e.number == number)
    result = Result(experiment, experiment.run(**experiment.small), 0)
    if result.verdict == "not run":
        pytest.skip(result.figures["skipped"])
    assert result.verdict == "pass", render([result], small=True)


def test_each_experiment_is_run_here_or_beside(request):
    from tests.faults.test_small_faults import EVERY_DAY as BESIDE

    assert {e.number for e in experiments()} == {*EVERY_DAY, *BESIDE}
