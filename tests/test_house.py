"""The house itself: who may import whom, how large a room may be, what the lock file and the root must hold."""

from __future__ import annotations

import ast
import re
import shutil
import subprocess
import sys
import tomllib
from collections import Counter
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("settlement", "pos_adapter")
MODULES = sorted(path for room in (*PACKAGES, "benchmarks") for path in (ROOT / room).rglob("*.py"))
LIMITS = {"module lines": 400, "function lines": 60, "arguments": 8}
# What may be larger, and why: {"settlement/room.py: function lines of f": "the reason, dated"}.
PARDONS: dict[str, str] = {}


def project() -> dict:
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def lint_imports(where: Path) -> subprocess.CompletedProcess[str]:
    command = [Path(sys.executable).with_name("lint-imports"), "--no-cache"]
    return subprocess.run(command, cwd=where, capture_output=True, text=True, timeout=120, check=False)


def test_import_contracts_are_kept():
    told = lint_imports(ROOT)
    assert told.returncode == 0, told.stdout + told.stderr
    assert "0 broken" in told.stdout


@pytest.mark.parametrize(
    ("module", "line", "broken"),
    [
        ("settlement/kernel/arith.py", "from settlement.rules import load", "Imports go down the floors"),
        ("settlement/errors.py", "from settlement import money", "Imports go down the floors"),
        ("settlement/attic.py", '"""A room on no floor."""', "Imports go down the floors"),
        ("settlement/engine.py", "from numba import njit", "Only kernel.jit imports numba"),
        ("settlement/kernel/scope.py", "import datetime", "The kernel knows arrays only"),
        ("settlement/rules/load.py", "import pyarrow", "The rules know no store and no Arrow"),
        ("settlement/engine.py", "import duckdb", "Only ledger, analysis and nightly open a database"),
        ("settlement/cli.py", "import pos_adapter", "Nothing in settlement imports the till"),
        ("pos_adapter/__init__.py", "import settlement.ledger", "The till never imports kernel, rules or ledger"),
    ],
)
def test_a_planted_import_breaks_its_contract(tmp_path, module, line, broken):
    for package in PACKAGES:
        shutil.copytree(ROOT / package, tmp_path / package, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    with (tmp_path / module).open("a", encoding="utf-8") as file:
        file.write(f"\n{line}\n")
    told = lint_imports(tmp_path)
    assert told.returncode == 1, told.stdout + told.stderr
    assert broken in re.findall(r"^(.+) BROKEN", told.stdout, re.MULTILINE)


def overruns(path: Path, name: str) -> list[str]:
    """Return every breach of the limits in one module, as 'module: what'."""
    source = path.read_text(encoding="utf-8")
    tree = ast.parse(source)
    found = [f"{name}: no docstring"] if not ast.get_docstring(tree) else []
    if len(source.splitlines()) > LIMITS["module lines"]:
        found.append(f"{name}: module lines")
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            arguments = [a.arg for a in (*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs)]
            if len([a for a in arguments if a not in ("self", "cls")]) > LIMITS["arguments"]:
                found.append(f"{name}: arguments of {node.name}")
            if node.end_lineno - node.lineno + 1 > LIMITS["function lines"]:
                found.append(f"{name}: function lines of {node.name}")
    return found


def test_rooms_keep_to_their_size():
    found = [breach for path in MODULES for breach in overruns(path, path.relative_to(ROOT).as_posix())]
    assert sorted(found) == sorted(PARDONS), "split it, or pardon it in PARDONS with a reason"
    assert all(PARDONS.values())


def test_the_size_check_sees_each_breach(tmp_path):
    long_function = "def f():\n" + "    a = 1\n" * 60
    many_arguments = "def g(a, b, c, d, e, f, *, h, i, j): ...\n"
    (tmp_path / "m.py").write_text(long_function + many_arguments + "\n" * 400, encoding="utf-8")
    expected = {"no docstring", "module lines", "function lines of f", "arguments of g"}
    assert {breach.removeprefix("m: ") for breach in overruns(tmp_path / "m.py", "m")} == expected


@pytest.mark.parametrize("lock", ["requirements.lock", "requirements-pcsc.lock"])
def test_lock_files_are_exact_and_name_no_host(lock):
    lines = [line for line in (ROOT / lock).read_text(encoding="utf-8").splitlines() if not line.startswith("#")]
    assert lines
    assert [line for line in lines if not re.fullmatch(r"[A-Za-z0-9._-]+==[A-Za-z0-9.+!]+", line)] == []


def test_the_lock_satisfies_pyproject():
    about = project()["project"]
    extras = about["optional-dependencies"]
    for lock, wanted in (
        ("requirements.lock", about["dependencies"] + extras["dev"]),
        ("requirements-pcsc.lock", extras["pcsc"]),
    ):
        text = (ROOT / lock).read_text(encoding="utf-8")
        pins = dict(line.split("==") for line in text.splitlines() if "==" in line)
        pins = {canonicalize_name(name): version for name, version in pins.items()}
        for requirement in map(Requirement, wanted):
            assert requirement.specifier.contains(pins[canonicalize_name(requirement.name)]), requirement


def test_every_third_party_import_is_declared():
    about = project()["project"]
    wanted = [*about["dependencies"], *about["optional-dependencies"]["pcsc"], *about["optional-dependencies"]["dev"]]
    wanted += about["optional-dependencies"]["postgres"] + about["optional-dependencies"]["spark"]
    declared = {canonicalize_name(Requirement(text).name) for text in wanted}
    declared |= {name.replace("-", "_") for name in declared}  # as most are imported
    known = declared | {"smartcard", "vl_convert"} | set(sys.stdlib_module_names) | {*PACKAGES, "benchmarks", "tests"}
    strangers = set()
    for path in MODULES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [node.module or ""] if isinstance(node, ast.ImportFrom) and not node.level else []
            names += [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            tops = {name.partition(".")[0] for name in names}
            strangers |= {f"{path.relative_to(ROOT)}: {top}" for top in tops if top not in known}
    assert strangers == set()


@pytest.mark.parametrize("module", ["settlement.cli", "pos_adapter", "pos_adapter.__main__"])
def test_a_minimal_install_needs_no_driver(module):
    refused = "class Refuse:\n    def find_spec(self, name, path=None, target=None):\n"
    refused += "        if name.partition('.')[0] in {'smartcard', 'psycopg', 'pyspark', 'pandas', 'altair', 'vl_convert', 'pytest'}:\n"
    refused += "            raise ModuleNotFoundError(name)\n"
    code = f"import sys\n{refused}sys.meta_path.insert(0, Refuse())\nimport {module}\n"
    told = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert told.returncode == 0, told.stderr


def test_the_root_holds_what_a_reader_looks_for():
    promised = "README.md README.zh-CN.md CONTRIBUTING.md CHANGELOG.md LICENSE NOTICE Makefile .ci/run".split()
    promised += ["docs/decisions.md", "docs/glossary.md", "docs/claim-format.md", ".pre-commit-config.yaml"]
    assert [name for name in promised if not (ROOT / name).is_file()] == []
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert re.findall(r"^### (\w+)$", changelog, re.MULTILINE)[:2] == ["Rules", "Engine"]


def test_the_glossary_gives_each_word_once():
    glossary = (ROOT / "docs/glossary.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| ([^|]+?) \| [^|]+ \| [^|]* \|", glossary, re.MULTILINE)
    words = Counter(word for word in rows if not set(word) <= {"-"} and word != "中文")
    assert len(words) > 60
    assert [word for word, times in words.items() if times > 1] == []
