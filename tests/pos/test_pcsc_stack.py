"""The life of our own pcscd: it starts, is left alone when it is another's, dies and comes back."""

import os
import signal
import socket
import statistics
import time

import pytest

from pos_adapter import pcsc_stack
from pos_adapter.pcsc_stack import PcscStack, available, service_answers
from pos_adapter.reader import read_identity
from pos_adapter.transport import PcscTransport, reader_states, scard
from settlement.errors import CardFault, NotAvailable

pytestmark = pytest.mark.xdist_group("pcsc")  # one pcscd a machine


def test_two_readers_do_not_share_a_card(stack, real_bench, card):
    real_bench.insert(card(1))
    time.sleep(0.5)  # one look of pcscd at each reader
    assert [name for name, present in reader_states().items() if present] == [real_bench.reader]
    assert len(stack.slots) == len(stack.readers) == len(reader_states()) == 2


def test_another_pcscd_is_reported_and_not_touched(stack):
    other = PcscStack()
    with pytest.raises(NotAvailable) as error:
        other.start()
    other.stop()
    assert error.value.code == "D44_OTHER_SERVICE" and service_answers() and os.path.exists(f"/proc/{stack.pid}")


def test_without_a_named_reader_only_an_unambiguous_one_is_taken(stack, card, today):
    with pytest.raises(CardFault) as none:
        read_identity(PcscTransport(), today)
    stack.slots[0].insert(card(1))
    stack.slots[1].insert(card(2))
    deadline = time.monotonic() + 3
    while not all(reader_states().values()) and time.monotonic() < deadline:
        time.sleep(0.01)
    with pytest.raises(CardFault) as two:
        read_identity(PcscTransport(), today)
    read_from_second = read_identity(PcscTransport(stack.readers[1]), today)
    with pytest.raises(CardFault) as unknown:
        read_identity(PcscTransport("no such reader"), today)
    for slot in stack.slots:
        slot.pull()
    assert (none.value.code, two.value.code) == ("D04_CARD_GONE", "D03_WHICH_READER")
    assert read_from_second.card_version == "2.00" and unknown.value.code == "D02_NO_READER"


def test_a_reader_held_by_another_program_is_busy(real_bench, card, today):
    transport = real_bench.insert(card(1))
    api = scard()
    _, context = api.SCardEstablishContext(api.SCARD_SCOPE_USER)
    _, held, _ = api.SCardConnect(context, real_bench.reader, api.SCARD_SHARE_EXCLUSIVE, api.SCARD_PROTOCOL_T0)
    with pytest.raises(CardFault) as error:
        read_identity(transport, today)
    api.SCardDisconnect(held, api.SCARD_LEAVE_CARD)
    api.SCardReleaseContext(context)
    assert error.value.code == "D07_BUSY"
    assert read_identity(transport, today).card_version == "1.00"


def test_a_read_does_not_wait_for_delayed_acknowledgements(real_bench, card, today):
    """Without TCP_QUICKACK one command takes 44 ms and a read 0.7 s."""
    transport = real_bench.insert(card(3))
    times = []
    for _ in range(9):
        began = time.perf_counter()
        read_identity(transport, today)
        times.append(time.perf_counter() - began)
    assert statistics.median(times) < 0.1


def test_a_killed_pcscd_is_noticed_and_a_new_one_starts_over_its_files(stack, card, today):
    os.kill(stack.pid, signal.SIGKILL)
    assert stack.wait() == -signal.SIGKILL and pcsc_stack.SOCKET.exists()
    with pytest.raises(CardFault) as error:
        read_identity(PcscTransport(), today)
    stack.stop()
    stack.start()
    stack.slots[0].insert(card(2))
    time.sleep(0.5)
    assert error.value.code == "D01_NO_SERVICE"
    assert read_identity(PcscTransport(), today).card_version == "2.00"
    stack.slots[0].pull()


def test_stop_leaves_nothing_behind(stack):
    directory, pid, port = stack._directory, stack.pid, stack.slots[0]._address
    stack.stop()
    left = [pcsc_stack.SOCKET.exists(), directory.exists(), os.path.exists(f"/proc/{pid}")]
    with socket.socket() as probe:
        left.append(probe.connect_ex(port) == 0)
    stack.start()
    assert left == [False] * 4


def test_what_is_missing_is_named_with_its_command(monkeypatch):
    monkeypatch.setattr(pcsc_stack.shutil, "which", lambda _: None)
    monkeypatch.setattr(pcsc_stack, "driver", lambda: None)
    monkeypatch.setattr(pcsc_stack.importlib.util, "find_spec", lambda _: None)
    told = available()
    assert len(told) >= 3 and all("install" in line for line in told[:3])
    with pytest.raises(NotAvailable) as error:
        PcscStack().start()
    assert error.value.code == "D42_NO_STACK"


def test_the_tests_of_the_one_stack_stay_in_one_process(request):
    """Spread over processes they would wait for each other until a whole run is over (docs/decisions.md, pytest)."""
    if os.environ.get("PYTEST_XDIST_WORKER") and request.config.getvalue("loadgroup"):
        assert request.node.nodeid.endswith("@pcsc")
