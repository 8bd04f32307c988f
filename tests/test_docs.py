"""What the documents promise: generated pages are current, and the walk through a new city does what it says."""

import json
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
BLOCK = re.compile(r"`my_pools/([\w.]+)`\n\n```\w+\n(.*?)```", re.DOTALL)
COMMAND = re.compile(r"^settlement (.+my_pools.*)$", re.MULTILINE)


def run(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "settlement.cli", *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


def test_generated_pages_are_current() -> None:
    done = subprocess.run(
        [sys.executable, "scripts/write_docs.py", "--check"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_walk_in_contributing(tmp_path: Path) -> None:
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    (tmp_path / "my_pools").mkdir()
    files = dict(BLOCK.findall(text))
    assert sorted(files) == ["990100_example.toml", "receipt.json"]
    for name, content in files.items():
        (tmp_path / "my_pools" / name).write_text(content, encoding="utf-8")
    commands = COMMAND.findall(text)
    assert [command.split()[0] for command in commands] == ["rules", "rules", "settle", "explain"]
    for command in commands:
        done = run(tmp_path, *command.split())
        assert done.returncode == 0, done.stderr
    done = run(tmp_path, "settle", "my_pools/receipt.json", "--pools", "my_pools", "--format", "json")
    row = json.loads(done.stdout)["settled"][0]["setlinfo"]
    assert (row["act_pay_dedc"], row["hifp_pay"], row["psn_part_amt"]) == ("400.00", "19292.00", "5308.00")


def test_a_fault_in_the_walk_is_named(tmp_path: Path) -> None:
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    content = dict(BLOCK.findall(text))["990100_example.toml"]
    broken = content.replace('fund = "hifp_pay"', 'fond = "hifp_pay"').replace('"85%"', '"85"').replace('"10"', '"10%"')
    (tmp_path / "990100_example.toml").write_text(broken, encoding="utf-8")
    done = run(tmp_path, "rules", "check", ".")
    assert done.returncode == 1
    line = 1 + broken[: broken.index("fond")].count("\n")
    assert f"990100_example.toml:{line}: benefit[1].fond" in done.stdout and "Did you mean fund?" in done.stdout
    assert "'85' is not a percentage" in done.stdout and "'10%' is not a number of points" in done.stdout


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
