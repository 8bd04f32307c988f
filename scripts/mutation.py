"""Mutation testing of the kernel and the compiler of rules: change one thing, and see whether a test notices.

``python scripts/mutation.py`` copies the working tree to build/mutation, lets mutmut make and test every mutant there (a quarter of an hour on
two idle cores) and writes docs/mutation.md. ``--again`` tests only those that were not killed last time or whose function has changed, with
the tests as they stand now; ``--report`` only writes.

mutmut leaves decorated functions alone, and every kernel function is ``@compiled``. Uncompiled (``NUMBA_DISABLE_JIT=1``) that decorator
returns the function as it is, so the copy goes without. Why a survivor is none to fear stands in tests/mutation_survivors.toml.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from mutmut.mutation.diff_apply import get_diff_for_mutant
from mutmut.stats import status_by_exit_code

ROOT = Path(__file__).parent.parent
COPY = ROOT / "build" / "mutation"
REPORT = ROOT / "docs" / "mutation.md"
REASONS = ROOT / "tests" / "mutation_survivors.toml"
MUTATED = ("settlement/kernel/*.py", "settlement/rules/compile.py", "settlement/rules/items.py")
PIECES = ("arith", "scope", "layers", "steps", "refunds", "compile", "items", "jit")
TESTS = ("tests/mutation_suite.py", *(f"tests/test_{piece}.py" for piece in PIECES))
DATA = ("settlement/rules/pools", "settlement/rules/cases", "settlement/rules/catalogue")
CHILDREN = "2"
CONFIGURATION = f"""
[tool.mutmut]
source_paths = ["settlement"]
only_mutate = {list(MUTATED)}
also_copy = {list(DATA)}
pytest_add_cli_args_test_selection = {list(TESTS)}
pytest_add_cli_args = ["-p", "no:cacheprovider"]
use_git_change_detection = false
"""
# The same examples for every mutant, and no time spent on the smallest one that fails.
CONFTEST = """from hypothesis import Phase, settings

settings.register_profile("mutation", derandomize=True, database=None, phases=[Phase.explicit, Phase.generate])
settings.load_profile("mutation")
"""
DETECTED = ("killed", "timeout")
OPENING = """# Mutation testing

Written by `scripts/mutation.py` (`make mutation`); do not edit. mutmut changes one thing at a time in `settlement/kernel/`, `settlement/rules/compile.py`
and `settlement/rules/items.py` (a `<` to `<=`, a `+` to `-`, an argument to `None`, a 1 to a 2 …), and a selection of the tests must notice: every case
file, random worlds against the independent oracle, and the tests of single functions. All of it runs uncompiled, on copies without the `@compiled`
decorator, which mutmut would pass over. A mutant that never ends is noticed too (timed out). Score = noticed / all."""


class Survivor(NamedTuple):
    """A mutant that no test noticed: where, and the line before and after."""

    file: str
    function: str
    was: str
    becomes: str


def copy_tree(again: bool) -> None:
    """Copy the working tree, the kernel without its decorators, and write the configuration of mutmut."""
    if not again:
        shutil.rmtree(COPY, ignore_errors=True)
    listed = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(listed, cwd=ROOT, capture_output=True, text=True, check=True).stdout.split("\0")
    for name in filter(None, names):
        if (ROOT / name).is_file():
            (COPY / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, COPY / name)
    for source in (COPY / "settlement" / "kernel").glob("*.py"):
        source.write_text(
            re.sub(r"^@compiled(_apart)?\n", "", source.read_text(encoding="utf-8"), flags=re.MULTILINE),
            encoding="utf-8",
        )
    with (COPY / "pyproject.toml").open("a", encoding="utf-8") as configuration:
        configuration.write(CONFIGURATION)
    (COPY / "tests" / "conftest.py").write_text(CONFTEST, encoding="utf-8")


def forget_survivors() -> None:
    """Let mutmut test again what no test noticed, and find anew which tests reach which function."""
    (COPY / "mutants" / "mutmut-stats.json").unlink(missing_ok=True)
    for meta in (COPY / "mutants").rglob("*.py.meta"):
        told = json.loads(meta.read_text(encoding="utf-8"))
        codes = told["exit_code_by_key"]
        told["exit_code_by_key"] = {n: c if status_by_exit_code[c] in DETECTED else None for n, c in codes.items()}
        meta.write_text(json.dumps(told), encoding="utf-8")


def run() -> None:
    """Let mutmut test every mutant that it has not tested yet."""
    environment = {**os.environ, "NUMBA_DISABLE_JIT": "1"}
    command = [str(Path(sys.executable).parent / "mutmut"), "run", "--max-children", CHILDREN]
    subprocess.run(["nice", "-n", "10", *command], cwd=COPY, env=environment, check=True)


def results() -> Iterator[tuple[str, str, str]]:
    """Yield file, name and status of every mutant."""
    for meta in sorted((COPY / "mutants").rglob("*.py.meta")):
        file = str(meta.relative_to(COPY / "mutants")).removesuffix(".meta")
        for name, exit_code in json.loads(meta.read_text(encoding="utf-8"))["exit_code_by_key"].items():
            yield file, name, status_by_exit_code[exit_code]


def survivor(file: str, name: str) -> Survivor:
    """Return where a mutant is and what it changes."""
    lines = get_diff_for_mutant(name, path=file).splitlines()[2:]
    was, becomes = (" ".join(line[1:].strip() for line in lines if line.startswith(sign)) for sign in "-+")
    function = re.sub(r"__mutmut_\d+$", "", name.rpartition(".")[2]).removeprefix("x_")
    return Survivor(file, function.removeprefix("xǁ").replace("ǁ", "."), was, becomes)


def cell(code: str) -> str:
    """Return code for a cell of a Markdown table."""
    return "`` " + code.replace("|", "\\|") + " ``" if "`" in code else "`" + code.replace("|", "\\|") + "`"


def report(found: list[tuple[str, str, str]]) -> int:
    """Write docs/mutation.md; return how many survivors have no reason."""
    written = tomllib.loads(REASONS.read_text(encoding="utf-8")).get("survivor", [])
    reasons = {Survivor(*(each[key] for key in Survivor._fields)): each["reason"] for each in written}
    alive = Counter(survivor(file, name) for file, name, status in found if status not in DETECTED)
    noticed = len(found) - alive.total()
    score = f"**Score: {noticed} of {len(found)} mutants noticed, {100 * noticed / len(found):.1f} %.**"
    parts = [OPENING, score, "## By file", by_file(found), "## Survivors", survivors(alive, reasons)]
    REPORT.write_text("\n\n".join(parts) + "\n", encoding="utf-8")
    for stale in sorted(set(reasons) - set(alive)):
        print(f"A reason is no longer needed: {stale}")
    missing = [each for each in sorted(alive) if each not in reasons]
    for each in missing:
        print(f"No reason yet: {each}")
    return len(missing)


def by_file(found: list[tuple[str, str, str]]) -> str:
    """Return the table of figures, a file a row."""
    count = Counter((file, status) for file, _, status in found)
    files = sorted({file for file, _, _ in found})
    lines = ["| file | mutants | killed | timed out | survived | score |", "| --- | ---: | ---: | ---: | ---: | ---: |"]
    for name, rows in [*((file, [file]) for file in files), ("**all**", files)]:
        total = sum(n for (file, _), n in count.items() if file in rows)
        killed, late = (sum(count[file, status] for file in rows) for status in DETECTED)
        figures = (total, killed, late, total - killed - late, f"{100 * (killed + late) / total:.1f} %")
        lines.append(f"| {name} | " + " | ".join(map(str, figures)) + " |")
    return "\n".join(lines)


def survivors(alive: Counter[Survivor], reasons: dict[Survivor, str]) -> str:
    """Return the table of survivors with their reasons."""
    lines = ["| function | line | becomes | why no test can, or need, notice |", "| --- | --- | --- | --- |"]
    for each, times in sorted(alive.items()):
        where = f"{each.file.removeprefix('settlement/')} `{each.function}`"
        again = f" ({times} times)" if times > 1 else ""
        lines.append(f"| {where} | {cell(each.was)} | {cell(each.becomes)}{again} | {reasons.get(each, '')} |")
    return "\n".join(lines)


def main(arguments: list[str]) -> int:
    """Run what was asked; return the exit code."""
    if "--report" not in arguments:
        again = "--again" in arguments and COPY.exists()
        copy_tree(again)
        if again:
            forget_survivors()
        run()
    os.chdir(COPY)
    unexplained = report(list(results()))
    print(f"{REPORT.name} is written; {unexplained} survivors have no reason yet")
    return int(bool(unexplained))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
