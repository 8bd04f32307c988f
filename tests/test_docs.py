"""What the documents promise: generated pages are current, and the walk through a new city does what it says."""

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
BLOCK = re.compile(r"`my_pools/([\w./]+)`\n\n```\w+\n(.*?)```", re.DOTALL)
COMMAND = re.compile(r"^settlement (.+my_pools.*)$", re.MULTILINE)
POOL, CASES = "990100_示例市.toml", "cases/990100_示例市.toml"


def run(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "settlement.cli", *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


def test_generated_pages_are_current() -> None:
    done = subprocess.run(
        [sys.executable, "scripts/write_docs.py", "--check"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def walk() -> tuple[str, dict[str, str]]:
    """The text of CONTRIBUTING.md and the files of its city, by their path in my_pools."""
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    return text, dict(BLOCK.findall(text))


def test_the_walk_in_contributing(tmp_path: Path) -> None:
    text, files = walk()
    assert sorted(files) == [POOL, CASES]
    commands = [command.split() for command in COMMAND.findall(text)]
    assert [command[1] for command in commands] == ["new", "check", "test", "show", "why"]
    begun = run(tmp_path, *commands[0])
    assert begun.returncode == 0 and sorted(begun.stdout.splitlines()) == [f"my_pools/{POOL}", f"my_pools/{CASES}"]
    for name, content in files.items():
        assert (tmp_path / "my_pools" / name).exists()  # what `new` wrote is what the walk goes on to edit
        (tmp_path / "my_pools" / name).write_text(content, encoding="utf-8")
    said = {}
    for command in commands[1:]:
        done = run(tmp_path, *command)
        assert done.returncode == 0, done.stdout + done.stderr
        said[command[1]] = done.stdout
    assert "1 areas and 4 cases readable, 0 fault(s)" in said["check"]
    assert "4 个案例，4 个通过" in said["test"]
    assert "92.8%" in said["show"] and "第二十条" in said["show"]
    assert "92.8%" in said["why"] and "990100_示例市.toml:14" in said["why"]


def test_a_case_that_differs_in_the_walk_is_worked_through(tmp_path: Path) -> None:
    _, files = walk()
    (tmp_path / "cases").mkdir()
    (tmp_path / POOL).write_text(files[POOL].replace('personal_share = "60%"', 'points = "3"'), encoding="utf-8")
    (tmp_path / CASES).write_text(files[CASES], encoding="utf-8")
    done = run(tmp_path, "rules", "test", "990100", "--pools", ".")
    assert done.returncode == 1 and "4 个案例，3 个通过" in done.stdout
    assert "19673.60" in done.stdout and "19292.00" in done.stdout  # 91% of 21200 instead of 92.8%
    assert "加 3 个百分点" in done.stdout and "(21600 - 400) x 92.8%" in done.stdout


def test_a_fault_in_the_walk_is_named(tmp_path: Path) -> None:
    content = walk()[1][POOL]
    broken = content.replace('fund = "hifp_pay"', 'fond = "hifp_pay"', 1).replace('"85%" } },', '"85" } },')
    broken = broken.replace('amount = "10%"', 'amount = "10"')
    (tmp_path / POOL).write_text(broken, encoding="utf-8")
    done = run(tmp_path, "rules", "check", ".")
    assert done.returncode == 1
    line = 1 + broken[: broken.index("fond")].count("\n")
    assert f"{POOL}:{line}: benefit[1].fond" in done.stdout and "Did you mean fund?" in done.stdout
    assert "'85' is not a percentage" in done.stdout and "'10' is not a percentage" in done.stdout


def test_both_readmes_say_the_same_commands() -> None:
    commands = [
        re.findall(r"^(?:make|settlement) .*$", (ROOT / name).read_text(encoding="utf-8"), re.MULTILINE)
        for name in ("README.md", "README.zh-CN.md")
    ]
    bare = [
        [line.split("#")[0].strip().replace("--lang en", "").replace("--lang zh", "") for line in lines]
        for lines in commands
    ]
    assert bare[0] == bare[1]
