"""docs/seed.md against the code: no empty cell, and every function and test that it names is there."""

import ast
import importlib
import re
from pathlib import Path

ROOT = Path(__file__).parent.parent
NOT_BUILT = "not built"


def rows():
    lines = (ROOT / "docs" / "seed.md").read_text(encoding="utf-8").splitlines()
    table = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines if line.startswith("|")]
    return table[2:]


def named(cell):
    found = re.findall(r"`([^`]+):([^`]+)`", cell)
    assert found or cell == NOT_BUILT, cell
    return found


def test_every_section_is_there_and_no_cell_is_empty():
    assert {int(row[0]) for row in rows()} == set(range(1, 13))
    assert all(len(row) == 4 and all(row) for row in rows())


def test_every_function_is_there():
    for row in rows():
        for module, name in named(row[2]):
            assert callable(getattr(importlib.import_module(module), name)), f"{module}:{name}"


def test_every_test_is_there_and_stands_beside_a_function():
    for row in rows():
        assert (row[2] == NOT_BUILT) == (row[3] == NOT_BUILT), row
        for file, name in named(row[3]):
            tree = ast.parse((ROOT / file).read_text(encoding="utf-8"))
            assert name in {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}, f"{file}:{name}"
