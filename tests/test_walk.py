"""The walk in the README: its commands, as they stand there, against a service that is started as they say.

What stands after ``#`` is a claim as far as it can be checked: a field with its value, a code, a count. A command may
fail where its remark is about something else, so the claims say what has to come back, not the exit codes.
"""

import json
import os
import re
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

import pytest

from settlement.book_cli import book_app

ROOT = Path(__file__).parent.parent
EXAMPLES = ROOT / "data" / "examples" / "national"
WALK = re.compile(r"<!-- walk:begin -->\n```\n(.*?)```\n<!-- walk:end -->", re.DOTALL)
CLAIM = re.compile(
    r'"\w+": ?(?:"[^"]*"|-?\d+|null|true)|[A-Z]\d\d_[A-Z_]+|\d+ entries|entry \d+|\d+ fault\(s\)|中心[\d.]+|机构[\d.]+'
    r"|stopped; everything accepted was answered"
)
ECHOED = re.compile(r'echo "([^"]*)"')
END = "\x04walk\x04"
LONGEST_S = 120.0
MIDNIGHT_S = 60  # a walk that crosses midnight would reconcile another day than it settled on


class Step(NamedTuple):
    """A command, what the README says must come of it, and what came."""

    command: str
    claims: list[str]
    output: str = ""


def steps(readme: str) -> list[Step]:
    [block] = WALK.findall((ROOT / readme).read_text(encoding="utf-8"))
    made = []
    for line in filter(None, block.splitlines()):
        command, _, remark = line.partition("  # ")
        made.append(Step(command.rstrip(), CLAIM.findall(remark) + ECHOED.findall(command)))
    return made


class Terminal:
    """A shell that is typed into. It leads a process group of its own, which ends with it, the service included."""

    def __init__(self, folder: Path) -> None:
        environ = {name: value for name, value in os.environ.items() if not name.startswith("SETTLEMENT_")}
        environ |= {"PATH": f"{Path(sys.executable).parent}{os.pathsep}{environ['PATH']}", "NO_PROXY": "127.0.0.1"}
        self.shell = subprocess.Popen(
            ["bash", "--norc"], cwd=folder, env=environ, text=True, encoding="utf-8", start_new_session=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )  # fmt: skip
        self.watch = threading.Timer(LONGEST_S, self._end)
        self.watch.start()

    def typed(self, command: str) -> str:
        assert self.shell.stdin is not None and self.shell.stdout is not None
        self.shell.stdin.write(f"{command}\necho; echo '{END}'\n")
        self.shell.stdin.flush()
        said: list[str] = []
        while (line := self.shell.stdout.readline()) != f"{END}\n":
            assert line, f"the walk hung at {command!r}: {''.join(said)}"
            said.append(line)
        return "".join(said)

    def close(self) -> None:
        self.watch.cancel()
        self._end()
        self.shell.communicate()

    def _end(self) -> None:
        os.killpg(self.shell.pid, signal.SIGKILL)  # not reaped before ``close``, so the number is still ours


def free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


def before_midnight() -> None:
    now = datetime.now()
    left = 86_400 - (now.hour * 3600 + now.minute * 60 + now.second)
    if left <= MIDNIGHT_S:
        time.sleep(left + 1)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("walk")
    (made / "data").symlink_to(ROOT / "data")
    return made


@pytest.fixture(scope="module")
def walked(folder: Path) -> Iterator[list[Step]]:
    if shutil.which("curl") is None:
        pytest.skip("curl is not installed")
    before_midnight()
    port, terminal = free_port(), Terminal(folder)
    address = f"127.0.0.1:{port}"
    moved = {
        "127.0.0.1:8480": address,
        "settlement serve": f"settlement serve --port {port}",
        "settlement call": f"settlement call --url http://{address}",
    }
    try:
        made = []
        for step in steps("README.md"):
            command = step.command
            for old, new in moved.items():
                command = command.replace(old, new)
            made.append(step._replace(output=terminal.typed(command)))
        yield made
    finally:
        terminal.close()


def test_what_the_readme_says_comes_back(walked: list[Step]) -> None:
    missing = [
        (step.command, claim, step.output) for step in walked for claim in step.claims if claim not in step.output
    ]
    assert missing == []


def test_the_walk_claims_something_of_nearly_every_command() -> None:
    silent = [step.command.split()[0].partition("=")[0] for step in steps("README.md") if not step.claims]
    # Definitions, the two starts and the kill -9, which speak through what comes after them, and files made or fetched.
    assert silent == ["settlement", "U", "send()", "up()", "python3", "curl", "kill", "settlement"]


def test_a_retry_and_a_restart_give_the_same_bytes(walked: list[Step]) -> None:
    at = [number for number, step in enumerate(walked) if "the same bytes" in step.claims]
    killed = [number for number, step in enumerate(walked) if step.command.startswith("kill -9")]
    assert len(at) == 2 and at[0] < killed[0] < at[1]
    assert all(walked[number].output.split("\n")[0] == "the same bytes" for number in at)  # cmp had nothing to say


def test_a_cut_line_is_answered_by_nothing_and_found_again(walked: list[Step]) -> None:
    [cut] = [step for step in walked if step.command.startswith("send 2102")]
    assert cut.output.strip() == "no answer"
    [asked] = [step for step in walked if step.command == "send 5203"]
    told = json.loads(asked.output.strip())
    assert told["infcode"] == 0 and told["output"]["setlinfo"]["medins_setl_id"] == sent("2102")["msgid"]


def test_settled_is_what_was_pre_settled_and_given_back_to_the_fen(walked: list[Step]) -> None:
    by_name = {step.command: step.output for step in walked}
    names = ("medfee_sumamt", "fund_pay_sumamt", "acct_pay", "psn_cash_pay", "act_pay_dedc")
    shown, settled, back = (
        json.loads(by_name[command].strip())["output"]["setlinfo"]
        for command in ("send 2206", "send 2207 | tee out/serve/first.json", "send 2208")
    )
    assert [shown[name] for name in names] == [settled[name] for name in names]
    assert [float(back[name]) for name in names] == [-float(settled[name]) for name in names]


def test_every_example_is_walked() -> None:
    typed = " ".join(step.command for step in steps("README.md"))
    used = set(re.findall(r"\$E/([\w.-]+)", typed)) | {f"{name}.json" for name in re.findall(r"send (\S+)", typed)}
    assert used == {path.name for path in EXAMPLES.iterdir()}


def test_no_two_examples_share_an_id() -> None:
    names = [
        (one["fixmedins_code"], one["msgid"]) for one in map(sent, sorted(p.stem for p in EXAMPLES.glob("*.json")))
    ]
    assert len(set(names)) == len(names)


def test_both_readmes_walk_the_same_way() -> None:
    assert steps("README.md") == steps("README.zh-CN.md")


def test_the_page_of_the_book_is_the_book(walked: list[Step], folder: Path) -> None:
    page = (ROOT / "docs" / "book.md").read_text(encoding="utf-8")
    with closing(sqlite3.connect(folder / "out" / "serve" / "copy.sqlite")) as con:
        tables = {name for (name,) in con.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
        kinds = {kind for (kind,) in con.execute("SELECT DISTINCT kind FROM facts")}
    assert set(re.findall(r"^\| `(\w+)` \|", page, re.MULTILINE)) - codes(page) == tables
    told = page[page.index("Kinds: ") : page.index("What each holds")]
    assert kinds >= {"person", "visit", "lines", "setl", "void"} and kinds <= set(re.findall(r"`(\w+)`", told))
    commands = re.findall(r"^settlement book (\S+)", page, re.MULTILINE)
    assert sorted(commands) == sorted(name for name in book_app if not name.startswith("-"))


def test_the_codes_on_the_page_of_the_book_are_real() -> None:
    named = codes((ROOT / "docs" / "book.md").read_text(encoding="utf-8"))
    source = (ROOT / "settlement" / "ledger" / "refusals.py").read_text(encoding="utf-8")
    assert len(named) >= 8 and {code for code in named if f'"{code}"' not in source} == set()


def codes(page: str) -> set[str]:
    return set(re.findall(r"`(L\d\d_[A-Z_]+)`", page))


def sent(name: str) -> dict[str, str]:
    told: dict[str, str] = json.loads((EXAMPLES / f"{name}.json").read_text(encoding="utf-8"))
    return told
