"""The pre-commit hook that this repository offers, run by pre-commit itself on a good and a bad file.

``language: python`` would install the package over the network; the hook's own id, entry and file pattern are run as a
local hook instead, with this environment's command.
"""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import yaml
from desk import CASE, POOL, ROOT, desk, line_of

BIN = Path(sys.executable).parent


def offered() -> dict[str, Any]:
    (hook,) = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8"))
    assert (hook["id"], hook["entry"], hook["language"]) == (
        "settlement-rules-check",
        "settlement rules check",
        "python",
    )
    return dict(hook)


def committed(folder: Path, *paths: str) -> subprocess.CompletedProcess[str]:
    """Put the files into a fresh repository and run pre-commit over all of it."""
    hook = offered() | {"language": "system", "entry": f"{BIN}/{offered()['entry']}"}
    (folder / ".pre-commit-config.yaml").write_text(yaml.safe_dump({"repos": [{"repo": "local", "hooks": [hook]}]}))
    environment = {**os.environ, "PRE_COMMIT_HOME": str(folder / ".cache"), "GIT_CONFIG_GLOBAL": os.devnull}
    for command in (["git", "init", "-q"], ["git", "add", ".pre-commit-config.yaml", *paths]):
        subprocess.run(command, cwd=folder, check=True, capture_output=True, env=environment)
    command = [str(BIN / "pre-commit"), "run", "--all-files", "--verbose"]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, env=environment)


def test_the_manifest_is_one_that_pre_commit_takes() -> None:
    for file, verb in ((".pre-commit-hooks.yaml", "validate-manifest"), (".pre-commit-config.yaml", "validate-config")):
        done = subprocess.run([BIN / "pre-commit", verb, ROOT / file], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout
    own = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text(encoding="utf-8"))
    (used,) = [hook for repo in own["repos"] for hook in repo["hooks"] if hook["id"] == offered()["id"]]
    assert used["entry"] == f".venv/bin/{offered()['entry']}"


def test_good_files_pass_and_other_files_are_not_looked_at(tmp_path: Path) -> None:
    desk(tmp_path)
    (tmp_path / "pyproject.toml").write_text("[tool]\n", encoding="utf-8")
    done = committed(tmp_path, "990100_a.toml", "cases", "pyproject.toml")
    assert done.returncode == 0 and "Passed" in done.stdout and "1 areas and 1 cases readable" in done.stdout


def test_a_bad_pool_and_a_bad_case_stop_the_commit(tmp_path: Path) -> None:
    desk(tmp_path, pool=POOL.replace('"85%"', '"85"'), case=CASE.replace("hifp_pay", "hifp_pai"))
    done = committed(tmp_path, "990100_a.toml", "cases")
    assert done.returncode == 1
    assert f"990100_a.toml:{line_of(POOL, '85%')}: benefit[1].bands[1].rate: '85' is not a percentage" in done.stdout
    assert f"cases/990100_a.toml:{line_of(CASE, 'expected')}: case[1].expected" in done.stdout
