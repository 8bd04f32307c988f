"""Run the fault experiments and write the page about them: `python -m tests.faults [--small] [--only F2,F3] [--out page]`.

Ends with 1 if an experiment failed. Without --out the page is printed.
"""

from __future__ import annotations

import argparse
import sys
import time
import traceback
from pathlib import Path

from tests.faults import page, trace
from tests.faults.page import Result
from tests.faults.registry import Experiment, experiments


def run(experiment: Experiment, small: bool) -> Result:
    """Run one experiment; what it raises is a failure with that text."""
    begin = time.monotonic()
    try:
        figures = experiment.run(**(experiment.small if small else experiment.full))
    except Exception as error:
        traceback.print_exc()
        last_words = str(error).strip().splitlines() or [""]
        figures = {"count": 1, "passed": 0, "broke_down": f"{type(error).__name__}: {last_words[-1][:200]}"}
    return Result(experiment, figures, time.monotonic() - begin)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    parser.add_argument("--small", action="store_true", help="the counts of the every-day tests")
    parser.add_argument("--only", default="", help="numbers, as in F2,F3")
    parser.add_argument("--out", type=Path, help="the page to write, docs/reliability.md")
    told = parser.parse_args()
    if not trace.has_compiler():
        parser.error(trace.NO_COMPILER)
    wanted = {number for number in told.only.split(",") if number}
    chosen = [experiment for experiment in experiments() if not wanted or experiment.number in wanted]
    if unknown := wanted - {experiment.number for experiment in chosen}:
        parser.error(f"no such experiment: {', '.join(sorted(unknown))}")
    results = []
    for experiment in chosen:
        results.append(run(experiment, told.small))
        print(page.line(results[-1]), flush=True)
    text = page.render(results, small=told.small)
    if told.out:
        told.out.write_text(text, encoding="utf-8")
    else:
        print(f"\n{text}")
    return int(any(result.verdict == "FAIL" for result in results))


if __name__ == "__main__":
    sys.exit(main())
