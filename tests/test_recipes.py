"""docs/recipes.md: every line of TOML stands in a pool file that runs, every case it names is there."""

import re
import tomllib
from pathlib import Path

from case_world import CASES, all_cases

from settlement.rules.rulebook import POOLS

RECIPES = (Path(__file__).parent.parent / "docs" / "recipes.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```toml\n(.*?)```", RECIPES, re.DOTALL)


def test_every_line_is_one_of_a_pool_file_that_runs() -> None:
    files = [*POOLS.glob("*.toml"), *(CASES / "traps").glob("*.toml")]
    known = {line.strip() for file in files for line in file.read_text(encoding="utf-8").splitlines()}
    written = [line for block in BLOCKS for line in block.splitlines() if line.strip()]
    assert len(written) > 70
    assert [line for line in written if line.strip() not in known] == []


def test_every_named_case_is_there() -> None:
    ids = {setting.case.id for setting in all_cases()}
    outside = re.sub(r"```toml\n.*?```", "", RECIPES, flags=re.DOTALL)
    named = set(re.findall(r"`((?:trap-[\w-]+)|[RODI]\d\d(?:-\w+)?)`", outside))
    assert len(named) > 35
    assert named - ids == set()


def test_every_trap_area_is_shown() -> None:
    """A way of writing that only a test knows would help nobody: each key of the invented areas is in a recipe."""
    common = {
        "scheme",
        "care",
        "fund",
        "from",
        "source",
        "article",
        "code",
        "name",
        "inherits",
        "title",
        "confidence",
        "note",
    }
    keys: set[str] = set()
    for file in (CASES / "traps").glob("*.toml"):
        for table in tomllib.loads(file.read_text(encoding="utf-8")).values():
            for block in table if isinstance(table, list) else [table]:
                keys |= set(block) if block.keys() != {"invented"} else set()
    shown = set(re.findall(r"^(\w+) = ", "\n".join(BLOCKS), re.MULTILINE))
    assert keys - common - shown - {"repealed", "where", "who"} == set()
