"""The report of mutation testing: at least nine of ten mutants are noticed, and each of the others has its reason."""

import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).parent.parent
REPORT = (ROOT / "docs" / "mutation.md").read_text(encoding="utf-8")
REASONS = tomllib.loads((ROOT / "tests" / "mutation_survivors.toml").read_text(encoding="utf-8")).get("survivor", [])


def rows(heading: str) -> list[list[str]]:
    """The cells of the table after a heading, without its two head lines."""
    table = re.findall(r"^\|.*\|$", REPORT.partition(heading)[2].partition("\n## ")[0], re.MULTILINE)
    return [[cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]] for line in table[2:]]


def test_nine_of_ten_mutants_are_noticed() -> None:
    said = re.search(r"Score: (\d+) of (\d+) mutants noticed, ([\d.]+) %", REPORT)
    assert said
    noticed, every = int(said[1]), int(said[2])
    assert said[3] == f"{100 * noticed / every:.1f}" and float(said[3]) >= 90
    files = [list(map(int, cells[1:5])) for cells in rows("## By file")]
    assert [sum(column) for column in zip(*files[:-1], strict=True)] == files[-1]
    assert files[-1] == [every, files[-1][1], noticed - files[-1][1], every - noticed]


def test_every_survivor_has_its_reason() -> None:
    survivors = rows("## Survivors")
    said = re.search(r"Score: (\d+) of (\d+)", REPORT)
    assert said and int(said[2]) - int(said[1]) == sum(
        int(times[1]) if (times := re.search(r"\((\d+) times\)$", cells[2])) else 1 for cells in survivors
    )
    reasons = {each["reason"] for each in REASONS}
    assert [cells for cells in survivors if cells[3] not in reasons] == []


def test_a_reason_is_about_a_function_that_is_there() -> None:
    for each in REASONS:
        function = each["function"].rpartition(".")[2]
        assert f"def {function}(" in (ROOT / each["file"]).read_text(encoding="utf-8"), each
        assert len(each["reason"].split()) > 4, each
