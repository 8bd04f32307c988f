"""A service is two processes: what crosses the line between them, and what the death of either does."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import subprocess
import sys
import time
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from wire import Running, Wire, good, purchase

from settlement.checkout.base import FileAnswer, Said
from settlement.checkout.refusals import Differs
from settlement.errors import BadInput, LedgerConflict, NotAvailable, SettlementError
from settlement.national import remote
from settlement.national.link import Link
from settlement.national.remote import Remote, error_of, error_row

SAID = Said("2207", "m1", "H1", "220400", "220400", "0001", "1", "2024-05-01 12:00:00", {"data": {"cnt": "1.50"}})
POSIX = pytest.mark.skipif(sys.platform == "win32", reason="children are looked up in /proc")


class Wireless:
    """What a link writes to, kept."""

    def __init__(self) -> None:
        self.written = b""

    def write(self, data: bytes) -> None:
        self.written += data


plain = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.text() | st.binary(max_size=9),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@given(st.lists(st.lists(plain, max_size=5), max_size=6), st.data())
def test_rows_arrive_whole_and_in_order_however_they_are_cut(rows, data):
    ends, got = Wireless(), []
    sender, taker = Link(lambda row: None, lambda: None), Link(got.append, lambda: None)
    sender.connection_made(ends)
    for row in rows:
        sender.send(row)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(ends.written)), max_size=8)))
    for begin, end in pairwise([0, *cuts, len(ends.written)]):
        taker.data_received(ends.written[begin:end])
    assert got == rows


@pytest.mark.parametrize(
    "error",
    [
        BadInput("B03_VISIT", "found", "why", "cure", "中文"),
        NotAvailable("N32_OUTCOME_UNKNOWN", "found"),
        LedgerConflict("L05_MSGID_REUSED", "found", zh="报文号重复"),
        SettlementError("K00_UNBALANCED", "found"),
        Differs({"setlinfo": {"fund_pay_sumamt": "1.00"}}, "B14_FIGURES_CHANGED", "found", "cure", "有变化"),
    ],
)
def test_an_error_is_the_same_on_the_other_side(error):
    crossed = error_of(error_row(error))
    assert type(crossed) is type(error)
    assert vars(crossed) == vars(error) and str(crossed) == str(error)


def answered(*rows: list, answer_s: float = 5.0) -> object:
    """Ask once and let the other end say these rows; return what the asker got."""

    async def ask() -> object:
        front = Remote(asyncio.get_running_loop(), answer_s)
        link = Link(front.take, lambda: None)
        link.connection_made(Wireless())
        front.connect(link)
        task = asyncio.create_task(front.answer(SAID))
        await asyncio.sleep(0)
        for row in rows:
            front.take(row)
        return await task

    return asyncio.run(ask())


def test_answers_files_and_refusals_come_to_who_asked():
    assert answered([1, remote.GOOD, b"{}"]) == b"{}"
    assert answered([1, remote.FILE, ["names.zip", b"zip"]]) == FileAnswer("names.zip", b"zip")
    with pytest.raises(BadInput, match="B03_VISIT"):
        answered([1, remote.REFUSED, error_row(BadInput("B03_VISIT", "none"))])


def test_a_book_that_says_nothing_leaves_the_outcome_unknown():
    with pytest.raises(NotAvailable, match="N32_OUTCOME_UNKNOWN"):
        answered(answer_s=0.1)


def test_half_a_character_is_refused_before_it_crosses():
    async def ask() -> None:
        front = Remote(asyncio.get_running_loop())
        link = Link(front.take, lambda: None)
        link.connection_made(Wireless())
        front.connect(link)
        await front.answer(SAID._replace(input={"data": {"memo": "\ud800"}}))

    with pytest.raises(BadInput, match="B01_NOT_TEXT"):
        asyncio.run(ask())


def front_of(pid: int) -> int:
    """Return the process that a service has started."""
    [front] = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return int(front)


def gone(pid: int, within_s: float = 5.0) -> bool:
    """Tell whether a process ends in that time."""
    end = time.monotonic() + within_s
    while time.monotonic() < end:
        try:
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        except (FileNotFoundError, ProcessLookupError):
            return True
        if state == "Z":  # nobody has asked for its exit code yet
            return True
        time.sleep(0.02)
    return False


@POSIX
def test_the_front_goes_with_the_book_and_lets_go_of_its_port(tmp_path):
    running = Running(tmp_path)
    port, front = int(running.url.rpartition(":")[2]), front_of(running.process.pid)
    first = good(Wire(running.url).send("2102", purchase("8.80")))
    running.kill()
    again = Running(tmp_path, port=port)  # at once, on the same port
    try:
        assert gone(front)
        assert good(Wire(again.url).send("2102", purchase("8.80"))) != first
    finally:
        assert again.stop() == 0


@POSIX
def test_without_its_front_a_service_ends_and_says_so(tmp_path):
    running = Running(tmp_path)
    wire = Wire(running.url)
    message = wire.message("2102", purchase("8.80"))
    first = good(wire.send_whole(message))
    os.kill(front_of(running.process.pid), signal.SIGKILL)
    assert running.process.wait(20) != 0
    running.stop()
    assert "N59_FRONT_GONE" in (tmp_path / "stderr.txt").read_text()
    again = Running(tmp_path)
    try:
        assert good(Wire(again.url).send_whole(message)) == first
    finally:
        assert again.stop() == 0


@POSIX
def test_signals_are_for_the_process_that_was_started(tmp_path):
    running = Running(tmp_path)
    front = front_of(running.process.pid)
    for name in ("SIGTERM", "SIGINT"):  # a terminal and a service manager send them to both
        os.kill(front, getattr(signal, name))
    good(Wire(running.url).send("2102", purchase("8.80")))
    os.kill(front, signal.SIGINT)
    running.process.send_signal(signal.SIGINT)
    assert running.process.wait(20) == 0
    running.stop()
    assert gone(front)


@POSIX
def test_who_knocks_while_a_service_ends_is_not_kept_waiting(tmp_path):
    running = Running(tmp_path)
    port = int(running.url.rpartition(":")[2])
    assert running.stop() == 0
    with socket.socket() as knocking:
        knocking.settimeout(2)
        assert knocking.connect_ex(("127.0.0.1", port)) != 0


def test_an_address_that_is_taken_is_refused(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        command = [sys.executable, "-m", "settlement.cli", "serve", "--folder", str(tmp_path), "--port"]
        command.append(str(taken.getsockname()[1]))
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode != 0 and "N42_ADDRESS" in done.stderr


@POSIX
def test_each_process_can_have_its_own_processor(tmp_path):
    first, *others = sorted(os.sched_getaffinity(0))
    running = Running(tmp_path, "--cpu", str(first))
    try:
        good(Wire(running.url).send("2102", purchase("8.80")))
        pid = running.process.pid
        assert os.sched_getaffinity(pid) == {first}
        kept = [one for one in os.listdir(f"/proc/{pid}/task") if os.sched_getaffinity(int(one)) == {first}]
        assert len(kept) >= 2  # the book's writer too; libraries may have made threads of their own before
        assert sorted(os.sched_getaffinity(front_of(pid))) == (others or [first])
    finally:
        assert running.stop() == 0


def test_a_processor_that_is_not_there_is_refused(tmp_path):
    command = [sys.executable, "-m", "settlement.cli", "serve", "--folder", str(tmp_path), "--cpu", "4711"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode != 0 and "N49_NO_PROCESSOR" in done.stderr
