"""The command line, run as a shop runs it."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from pos_adapter.doctor import examine
from pos_adapter.pcsc_stack import service_answers
from pos_adapter.transport import reader_states

pytestmark = pytest.mark.xdist_group("pcsc")  # one pcscd a machine
ROOT = Path(__file__).parents[2]


def run(*arguments):
    return subprocess.run(
        [sys.executable, "-m", "pos_adapter", *arguments],
        cwd=ROOT, capture_output=True, text=True, timeout=20, check=False,
    )  # fmt: skip


@pytest.fixture
def simulated(stack, tmp_path):
    """Run ``simulate`` in place of the bench's own service."""
    stack.stop()
    command = [sys.executable, "-m", "pos_adapter", "simulate", "data/cards/fictional_gen2.json"]
    own = os.environ | {"TMPDIR": str(tmp_path)}  # one test kills it, and its folder stays
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, env=own) as process:
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


def test_simulate_read_and_doctor(simulated):
    told, process = simulated
    masked, full, doctor = run("read", "--json"), run("read", "--json", "--full"), run("doctor")
    process.send_signal(signal.SIGTERM)
    assert "fictional_gen2.json is in reader 'Virtual PCD" in told
    assert json.loads(masked.stdout)["certno"] == "2204************22", masked.stderr
    assert json.loads(full.stdout)["certno"] == "220400199912310022"
    assert doctor.returncode == 0 and "ok   Virtual PCD" in doctor.stdout and "220400199912310022" not in doctor.stdout
    assert process.wait(timeout=10) == 0


def test_a_killed_program_leaves_no_service_behind(simulated):
    _, process = simulated
    process.kill()
    process.wait()
    deadline = time.monotonic() + 3
    while service_answers() and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not service_answers()


def test_a_read_without_card_tells_the_cashier_in_chinese(stack):
    told = run("read")
    assert told.returncode == 1 and told.stderr.startswith("未检测到卡片") and "Traceback" not in told.stderr


def test_doctor_names_the_first_thing_that_fails(monkeypatch, today):
    monkeypatch.setattr("pos_adapter.doctor.service_answers", lambda: False)
    monkeypatch.setattr("pos_adapter.doctor.scard", lambda: None)
    last = examine(today)[-1]
    assert last.name == "service" and last.ok is False and "pcscd" in last.cure


def test_doctor_without_pyscard(monkeypatch, today):
    monkeypatch.setitem(sys.modules, "smartcard.scard", None)
    last = examine(today)[-1]
    assert last.name == "pyscard" and "pip install pyscard" in last.line()
