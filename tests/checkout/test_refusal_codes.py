"""The refusal codes of the checkout: one meaning each, in the range of its module, said in Chinese with a cure."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOM = Path(__file__).parents[2] / "settlement" / "checkout"
RANGES = {"refusals.py": (0, 29), "refusals_visits.py": (30, 59), "refusals_accounts.py": (60, 99)}


def codes(module: str) -> list[tuple[str, str]]:
    """Return (code, function) of every refusal that a module makes."""
    tree = ast.parse((ROOM / module).read_text(encoding="utf-8"))
    return [
        (node.value, function.name)
        for function in tree.body
        if isinstance(function, ast.FunctionDef)
        for node in ast.walk(function)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and re.match(r"B\d\d_[A-Z_]+$", node.value)
    ]


def test_a_code_has_one_meaning() -> None:
    found = [one for module in RANGES for one in codes(module)]
    numbers = [code[:3] for code, _ in found]
    assert len(found) > 50 and sorted(numbers) == sorted(set(numbers))
    elsewhere = [path.name for path in ROOM.glob("*.py") if path.name not in RANGES and codes(path.name)]
    assert elsewhere == []


@pytest.mark.parametrize("module", RANGES)
def test_codes_stay_in_their_range(module: str) -> None:
    low, high = RANGES[module]
    assert all(low <= int(code[1:3]) <= high for code, _ in codes(module))
