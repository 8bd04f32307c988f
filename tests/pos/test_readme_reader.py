"""README's "Connect a reader", typed as it stands, on a real card service with the simulated card."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.xdist_group("pcsc")
ROOT = Path(__file__).parents[2]


def section():
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    return text.partition("<!-- reader:begin -->\n```\n")[2].partition("\n```\n<!-- reader:end -->")[0]


def test_the_section_works_as_written(stack, tmp_path):
    stack.stop()
    commands = section().splitlines()
    assert len(commands) == 7
    marked = "\n".join(f'{command}\necho "== $?"' for command in commands)
    own = os.environ | {
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "TMPDIR": str(tmp_path),
    }
    try:
        told = subprocess.run(
            ["bash", "-c", f"set -m\n{marked}\nwait"],
            cwd=ROOT, env=own, capture_output=True, text=True, timeout=60, check=False,
        ).stdout  # fmt: skip
    finally:
        stack.start()
    assert told.count("== 0") == len(commands), told
    for part in ("ok   service", "ok   Virtual PCD", "2204************22", "read whole", "密码正确"):
        assert part in told, told
    assert "220400199912310022" not in told
