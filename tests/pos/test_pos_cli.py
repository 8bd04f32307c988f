"""The command line of the till, run as a shop runs it: read, watch, PIN, trace, and a simulated card that misbehaves."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from pos_adapter.pcsc_stack import service_answers
from pos_adapter.transport import reader_states

pytestmark = pytest.mark.xdist_group("pcsc")
ROOT = Path(__file__).parents[2]
CERTNO, CARD_SN = "220400199912310022", "220400D156000005"


def run(*arguments, given=None):
    return subprocess.run(
        [sys.executable, "-m", "pos_adapter", *arguments],
        cwd=ROOT, capture_output=True, text=True, timeout=30, check=False, input=given,
    )  # fmt: skip


@contextlib.contextmanager
def simulated(stack, tmp_path, *arguments):
    """Run ``simulate`` in place of the bench's own service."""
    stack.stop()
    command = [sys.executable, "-m", "pos_adapter", "simulate", "data/cards/fictional_gen2.json", *arguments]
    own = os.environ | {"TMPDIR": str(tmp_path)}  # one test kills it, and its folder stays
    with subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=own
    ) as process:
        try:
            told = process.stdout.readline()
            deadline = time.monotonic() + 3
            while not any(reader_states().values()) and time.monotonic() < deadline:
                time.sleep(0.02)
            yield told, process
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(timeout=10)
    stack.start()


def test_a_card_is_simulated_read_examined_traced_and_its_pin_verified(stack, tmp_path):
    with simulated(stack, tmp_path) as (told, process):
        masked, full, doctor = run("read", "--json"), run("read", "--json", "--full"), run("doctor", "--json")
        traced = run("trace", "--out", str(tmp_path / "steps.jsonl"))
        wrong, right = (
            run("pin", "verify", "--stdin", given="975310\n"),
            run("pin", "verify", "--stdin", given="654321\n"),
        )
        changed = run("pin", "change", "--stdin", given="654321\n246802\n246802\n")
        unlike = run("pin", "change", "--stdin", given="246802\n111111\n111112\n")
        after = run("pin", "verify", "--stdin", given="246802\n")
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=10) == 0
    assert "fictional_gen2.json is in reader 'Virtual PCD" in told
    assert json.loads(masked.stdout)["certno"] == "2204************22", masked.stderr
    assert json.loads(full.stdout)["certno"] == CERTNO
    assert (doctor.returncode, json.loads(doctor.stdout)["ok"]) == (0, True)
    assert (traced.returncode, traced.stdout.rstrip().endswith("read whole")) == (0, True)
    steps = (tmp_path / "steps.jsonl").read_text(encoding="utf-8")
    assert len(steps.splitlines()) == 16, "the ATR and 15 commands"
    for secret in (CERTNO.encode().hex(" ").upper(), CERTNO.encode().hex().upper(), CARD_SN):
        assert secret not in steps.replace(" ", "") + traced.stdout.replace(" ", "")
    assert (wrong.returncode, "还可试 2 次" in wrong.stderr) == (1, True)
    assert (right.returncode, right.stdout) == (0, "密码正确\n"), right.stderr
    assert (changed.returncode, changed.stdout) == (0, "密码已修改\n"), changed.stderr
    assert (unlike.returncode, "不一致" in unlike.stderr) == (1, True)
    assert (after.returncode, after.stdout) == (0, "密码正确\n"), after.stderr
    for told in (wrong, right, changed, unlike, after):
        assert not any(pin in told.stdout + told.stderr for pin in ("975310", "654321", "246802", "111111"))


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("--pull-at", "7"), "D04_CARD_GONE"),
        (("--mute-at", "5"), "D09_STUCK"),
        (("--sw", "0=6A82"), "D10_WRONG_CARD"),
        (("--sw", "9=6982"), "D12_AUTH_NEEDED"),
        (("--swap-at", "8", "--swap", "data/cards/fictional_gen1.json"), "D20_MIXED_READ"),
        (("--kill-service-at", "7"), "D01_NO_SERVICE"),
    ],
)
def test_a_fault_is_played_and_told(stack, tmp_path, arguments, code):
    with simulated(stack, tmp_path, *arguments):
        told = run("read")
    assert told.returncode == 1
    assert f"[{code}]" in told.stderr and "Traceback" not in told.stderr, told.stderr


def test_a_reset_in_the_middle_is_cured_by_reading_anew(stack, tmp_path):
    with simulated(stack, tmp_path, "--reset-at", "8"):
        told = run("read", "--json", "--full")
    assert json.loads(told.stdout)["certno"] == CERTNO, told.stderr


def test_a_fault_that_is_none_is_refused(stack):
    for arguments in (("--sw", "x=6A82"), ("--sw", "3=6A8"), ("--swap-at", "3")):
        stack.stop()
        try:
            told = run("simulate", "data/cards/fictional_gen1.json", *arguments)
        finally:
            stack.start()
        assert (told.returncode, "C15_NOT_AN_OBJECT" in told.stderr) == (1, True), told


def test_watch_prints_what_happens(stack, card):
    with subprocess.Popen(
        [sys.executable, "-m", "pos_adapter", "watch", "--json"], cwd=ROOT, stdout=subprocess.PIPE, text=True
    ) as process:
        events = [json.loads(process.stdout.readline()) for _ in range(3)]
        stack.slots[1].insert(card(2))
        events += [json.loads(process.stdout.readline()) for _ in range(3)]
        stack.slots[1].pull()
        events += [json.loads(process.stdout.readline())]
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=10) == 0
    assert [event["kind"] for event in events] == [
        "service_up", "reader_added", "reader_added", "card_in", "reading", "identity", "card_out",
    ]  # fmt: skip
    assert events[5]["identity"]["certno"] == "2204************22"


def test_a_killed_program_leaves_no_service_behind(stack, tmp_path):
    with simulated(stack, tmp_path) as (_, process):
        process.kill()
        process.wait()
        deadline = time.monotonic() + 3
        while service_answers() and time.monotonic() < deadline:
            time.sleep(0.02)
        assert not service_answers()


def test_a_read_without_card_tells_the_cashier_in_chinese(stack):
    told = run("read")
    assert told.returncode == 1 and told.stderr.startswith("未检测到卡片") and "Traceback" not in told.stderr
