"""The doctor at set-ups that are really broken: each is made, examined, named, and told what to do about."""

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from pos_adapter.card import Quirks
from pos_adapter.doctor import as_json, examine
from pos_adapter.pcsc_stack import PID_FILE, SOCKET, driver, service_answers
from pos_adapter.transport import reader_states, scard

pytestmark = pytest.mark.xdist_group("pcsc")  # one pcscd a machine
ROOT = Path(__file__).parents[2]


def verdict(today):
    """Return (key, code) of what fails; every failing or doubtful check says what to do, a failing one in Chinese too."""
    checks = examine(today)
    for check in checks:
        assert check.ok is not False or (check.cure and check.zh), check
    return [(check.key, check.code) for check in checks if check.ok is False], checks


def look_at(stack, card, today):
    """Examine one card in the first reader."""
    stack.slots[0].insert(card)
    until_there(stack.readers[0])
    try:
        return verdict(today)
    finally:
        stack.slots[0].pull()


def until_there(reader):
    deadline = time.monotonic() + 3
    while not reader_states().get(reader):
        assert time.monotonic() < deadline
        time.sleep(0.02)


@contextlib.contextmanager
def own_service(stack, tmp_path, entry=""):
    """Run a pcscd with a configuration of the test's own in place of the bench's."""
    stack.stop()
    folder = tmp_path / "readers"
    folder.mkdir()
    if entry:
        (folder / "vpcd.conf").write_text(entry, encoding="ascii")
    told = subprocess.run(["pcscd", "--help"], capture_output=True, text=True, check=False)
    more = ["--disable-polkit"] if "--disable-polkit" in told.stdout + told.stderr else []
    with subprocess.Popen(
        ["pcscd", "-f", "-c", str(folder), *more], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as own:
        try:
            deadline = time.monotonic() + 5
            while not service_answers() and time.monotonic() < deadline:
                time.sleep(0.02)
            yield own
        finally:
            own.terminate()
            own.wait()
            stack.start()


def test_a_whole_set_up_is_found_whole(stack, card, today):
    failed, checks = look_at(stack, card(2), today)
    assert not failed
    assert [check.key for check in checks] == ["simulation", "library", "service", "card", "empty"]
    assert json.loads(as_json(checks))["ok"] is True
    assert "220400199912310022" not in as_json(checks)


def test_1_no_library():
    """pyscard cannot be loaded: in a process of its own that cannot find it."""
    code = "import sys; sys.modules['smartcard'] = None; from pos_adapter.__main__ import app; app(['doctor'])"
    told = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert told.returncode == 1, told.stderr
    assert "FAIL pyscard" in told.stdout and "pip install pyscard" in told.stdout and "未安装读卡组件" in told.stdout


def test_2_no_service(stack, today):
    stack.stop()
    try:
        assert verdict(today)[0] == [("service", "D01_NO_SERVICE")]
    finally:
        stack.start()


def test_3_a_service_that_was_killed_left_its_files(stack, today):
    os.kill(stack.pid, signal.SIGKILL)
    try:
        deadline = time.monotonic() + 3
        while service_answers() and time.monotonic() < deadline:
            time.sleep(0.02)
        assert SOCKET.exists()
        failed, checks = verdict(today)
        assert failed == [("stale_files", "D01_NO_SERVICE")]
        assert "not yet taken away by its parent" in checks[-1].found  # we are its parent, and have not looked
        stack.stop()
        assert verdict(today)[1][-1].found.endswith("a new one starts over them")
    finally:
        stack.stop()
        stack.start()


def test_4_the_number_in_the_file_is_another_programs(stack, today):
    stack.stop()
    SOCKET.parent.mkdir(exist_ok=True)
    with subprocess.Popen(["sleep", "60"]) as other:
        PID_FILE.write_bytes(str(other.pid).encode() + b"\0")
        try:
            failed, checks = verdict(today)
            assert failed == [("stale_files", "D01_NO_SERVICE")]
            assert f"process {other.pid}" in checks[-1].found and "does not answer" in checks[-1].found
        finally:
            other.kill()
            other.wait()
            PID_FILE.unlink()
            stack.start()


def test_5_programs_are_sent_to_another_socket(stack, today, tmp_path, monkeypatch):
    monkeypatch.setenv("PCSCLITE_CSOCK_NAME", str(tmp_path / "nothing.comm"))
    failed, checks = verdict(today)
    assert failed == [("socket_elsewhere", "D01_NO_SERVICE")]
    assert "PCSCLITE_CSOCK_NAME" in checks[-1].found


def test_6_the_service_has_no_connection_left(stack, today):
    """200 of them and the service refuses, which it calls a denied access."""
    api, open_ones = scard(), []
    try:
        for _ in range(250):
            result, context = api.SCardEstablishContext(api.SCARD_SCOPE_USER)
            if result != 0:
                break
            open_ones.append(context)
        assert verdict(today)[0] == [("access", "D08_DENIED")]
    finally:
        for context in open_ones:
            api.SCardReleaseContext(context)


def test_7_no_driver(stack, today, tmp_path):
    with own_service(stack, tmp_path):
        assert verdict(today)[0] == [("readers", "D02_NO_READER")]


def test_8_the_port_of_the_virtual_reader_is_taken(stack, today, tmp_path):
    with socket.socket() as taken:
        taken.bind(("", 0))
        taken.listen()
        port = taken.getsockname()[1]
        entry = f'FRIENDLYNAME "Taken"\nDEVICENAME /dev/null:0x{port:04X}\nLIBPATH {driver()}\nCHANNELID 0x{port:04X}\n'
        with own_service(stack, tmp_path, entry):
            failed, checks = verdict(today)
            assert failed == [("readers", "D02_NO_READER")]
            assert "found its port taken" in checks[-1].found


def test_9_no_card_is_no_fault(stack, today):
    failed, checks = verdict(today)
    assert not failed
    assert [check.key for check in checks[-2:]] == ["empty", "empty"]


def test_10_a_card_that_never_answers(stack, card, today):
    began = time.monotonic()
    assert look_at(stack, card(1, Quirks(mute_after=0)), today)[0] == [("card", "D09_STUCK")]
    assert time.monotonic() - began < 8


def test_11_a_card_of_another_trade(stack, card, today):
    assert look_at(stack, card(1, Quirks(sw_at={0: 0x6A82})), today)[0] == [("card", "D10_WRONG_CARD")]


def test_12_a_damaged_card(stack, card, today):
    assert look_at(stack, card(1, replace={0x08: b"\xff" * 18}), today)[0] == [("card", "D22_DATA_BAD")]


def test_13_a_card_that_is_over(stack, card, today):
    late = today.replace(year=today.year + 60)
    assert look_at(stack, card(1), late)[0] == [("card", "D23_NOT_VALID_TODAY")]


def test_14_another_program_holds_the_reader(stack, card, today):
    api = scard()
    stack.slots[0].insert(card(1))
    until_there(stack.readers[0])
    _, context = api.SCardEstablishContext(api.SCARD_SCOPE_USER)
    result, held, _ = api.SCardConnect(context, stack.readers[0], api.SCARD_SHARE_EXCLUSIVE, api.SCARD_PROTOCOL_T0)
    try:
        assert result == 0
        assert verdict(today)[0] == [("card", "D07_BUSY")]
    finally:
        api.SCardDisconnect(held, api.SCARD_LEAVE_CARD)
        api.SCardReleaseContext(context)
        stack.slots[0].pull()


def test_15_two_cards_at_once(stack, card, today):
    for slot, generation in zip(stack.slots, (1, 2), strict=True):
        slot.insert(card(generation))
    try:
        for reader in stack.readers:
            until_there(reader)
        failed, checks = verdict(today)
        assert not failed
        assert [(check.key, check.code) for check in checks if check.key == "two_cards"] == [
            ("two_cards", "D03_WHICH_READER")
        ]
    finally:
        for slot in stack.slots:
            slot.pull()


def test_16_a_slow_line(stack, card, today):
    _, checks = look_at(stack, card(1, Quirks(delay_s=0.04)), today)
    assert [check.key for check in checks if check.cure] == ["slow"]
