"""The codes of refusals over the card's life: one meaning each, over every module that has K codes."""

from __future__ import annotations

import re
from pathlib import Path

ROOM = Path(__file__).parents[3] / "settlement"
ENGINES = {"K00", "K01", "K02", "K03"}  # the engine's own, in errors.py


def test_a_k_code_has_one_name() -> None:
    names: dict[str, set[str]] = {}
    for module in ROOM.rglob("*.py"):
        for name in re.findall(r'"(K\d\d_[A-Z_]+)"', module.read_text(encoding="utf-8")):
            names.setdefault(name[:3], set()).add(name)
    assert len(names) > 40
    assert {code: found for code, found in names.items() if len(found) > 1 and code not in ENGINES} == {}
