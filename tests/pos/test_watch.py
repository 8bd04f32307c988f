"""The counter's watch on the real stack: events in time and in order, whatever becomes of service, reader and card."""

import os
import queue
import signal
import subprocess
import sys
import time

import pytest

from pos_adapter.card import Quirks
from pos_adapter.monitor import Teller
from pos_adapter.transport import scard
from pos_adapter.watch import Watch
from pos_adapter.worker import BUSY_PAUSE_S, BUSY_TRIES, CALL_S, Worker
from settlement.errors import CardFault

pytestmark = pytest.mark.xdist_group("pcsc")
IN_TIME_S = 0.5 + 0.1  # of a reader's driver that is asked every 0.4 s; the tenth is this machine's


class Seen:
    """What a watch told, with the moment it was told."""

    def __init__(self):
        self.events, self.all, self.moments = queue.Queue(), [], []

    def __call__(self, event):
        self.moments.append(time.monotonic())
        self.all.append(event)
        self.events.put((self.moments[-1], event))

    def ever(self, kind, reader, within=5.0):
        """Return the moment of the first event of a kind, one that was passed over included."""
        until = time.monotonic() + within
        while True:
            for at, event in zip(self.moments, self.all, strict=False):
                if (event.kind, event.reader) == (kind, reader):
                    return at
            assert time.monotonic() < until, f"no {kind}"
            time.sleep(0.01)

    def wait(self, kind, reader=None, within=5.0):
        """Return (moment, event) of the next event of a kind; what comes before it is passed over."""
        until = time.monotonic() + within
        while True:
            try:
                at, event = self.events.get(timeout=max(0.0, until - time.monotonic()))
            except queue.Empty:
                pytest.fail(f"no {kind} within {within} s; told: {[(e.kind, e.code) for e in self.all]}")
            if event.kind == kind and reader in (None, event.reader):
                return at, event


@pytest.fixture
def seen():
    return Seen()


@pytest.fixture
def watch(stack, seen, today):
    for slot in stack.slots:
        slot.pull()
    with Watch(seen, today=lambda: today) as made:
        for _ in stack.readers:
            seen.wait("reader_added")
        yield made
    for slot in stack.slots:
        slot.pull()


def code_of(call, *args):
    with pytest.raises(CardFault) as error:
        call(*args)
    return error.value.code


def test_a_card_is_told_read_bound_and_told_gone(stack, watch, seen, card, image):
    reader, slot = stack.readers[0], stack.slots[0]
    slot.insert(card(1))
    began = time.monotonic()
    came, _ = seen.wait("card_in", reader)
    _, told = seen.wait("identity", reader)
    assert came - began < IN_TIME_S
    assert told.identity.card_sn == image(1).card_sn
    assert watch.current() == {reader: told}
    assert watch.still_there(reader, told.identity)
    slot.pull()
    began = time.monotonic()
    went, _ = seen.wait("card_out", reader)
    assert went - began < IN_TIME_S
    assert watch.current() == {}
    assert code_of(watch.still_there, reader, told.identity) == "D04_CARD_GONE"
    slot.insert(card(2))
    seen.wait("identity", reader)
    assert code_of(watch.still_there, reader, told.identity) == "D21_OTHER_CARD"
    assert [event.seq for event in seen.all] == list(range(1, len(seen.all) + 1))
    assert image(1).certno not in repr(seen.all)


def test_two_readers_are_followed_and_one_can_be_pinned(stack, seen, card, image, today):
    with Watch(seen, reader=stack.readers[1], today=lambda: today) as pinned:
        seen.wait("reader_added", stack.readers[1])
        stack.slots[0].insert(card(1))
        stack.slots[1].insert(card(2))
        _, told = seen.wait("identity")
        assert (told.reader, told.identity.card_sn) == (stack.readers[1], image(2).card_sn)
        assert list(pinned.readers()) == [stack.readers[1]]
        assert {event.reader for event in seen.all} == {"", stack.readers[1]}
    for slot in stack.slots:
        slot.pull()


def test_a_card_that_does_not_answer_costs_a_process_and_no_other_reader(stack, watch, seen, card):
    stack.slots[0].insert(card(1, Quirks(delay_s=30)))
    seen.wait("reading", stack.readers[0])
    began = time.monotonic()
    stack.slots[1].insert(card(2))
    _, other = seen.wait("identity", stack.readers[1])
    assert other.identity
    at = seen.ever("fault", stack.readers[0])
    assert [event.code for event in seen.all if event.kind == "fault"] == ["D09_STUCK"]
    assert at - began < CALL_S + 1.5
    stack.slots[0].pull()
    seen.wait("card_out", stack.readers[0])
    stack.slots[0].insert(card(1))
    assert seen.wait("identity", stack.readers[0])[1].identity


def test_a_swap_that_the_service_never_sees_cannot_be_booked(stack, watch, seen, card, image):
    """Between two looks of pcscd one card goes and another comes: no event tells of it, only the check before booking."""
    reader, slot = stack.readers[0], stack.slots[0]
    first, second = card(1, Quirks(ssse_at_reset=True)), card(2, Quirks(ssse_at_reset=True))
    slot.insert(first)
    _, told = seen.wait("identity", reader)
    for _ in range(5):
        slot.insert(second, settle=False)
        assert code_of(watch.still_there, reader, told.identity) in ("D04_CARD_GONE", "D05_CARD_MUTE", "D21_OTHER_CARD")
        until = time.monotonic() + 3
        while True:  # the till reads anew, until the reader has settled
            try:
                now = watch.read(reader)
                break
            except CardFault:
                assert time.monotonic() < until, "the second card never became readable"
                time.sleep(0.05)
        assert now.card_sn == second.image.card_sn
        assert code_of(watch.still_there, reader, told.identity) == "D21_OTHER_CARD"
        assert watch.still_there(reader, now)
        first, second = second, first
        told = watch.current()[reader]
        assert told.identity == now


def test_a_stop_does_not_wait_for_a_mute_card(stack, seen, card):
    with Watch(seen) as watch:
        stack.slots[0].insert(card(1, Quirks(mute_after=0)))
        seen.wait("reading", stack.readers[0])
        time.sleep(0.3)
        began = time.monotonic()
        watch.stop()
        assert time.monotonic() - began < CALL_S / 2
        assert "fault" not in [event.kind for event in seen.all], "nothing is told after the stop"
    stack.slots[0].pull()


def test_a_child_that_stops_altogether_is_killed_at_the_deadline(stack, card, today):
    stack.slots[0].insert(card(1))
    with Worker() as worker:
        read_when_there(worker, stack.readers[0], today)
        stopped = worker.pid
        os.kill(stopped, signal.SIGSTOP)  # its watchdog cannot speak either
        began = time.monotonic()
        with pytest.raises(CardFault) as error:
            worker.read(stack.readers[0], today, deadline_s=0.5)
        assert (error.value.code, time.monotonic() - began < 1.5) == ("D09_STUCK", True)
        assert not os.path.exists(f"/proc/{stopped}")
        assert worker.read(stack.readers[0], today).card_sn  # the reader is free for the next child
        assert worker.pid != stopped
    stack.slots[0].pull()


def read_when_there(worker, reader, today):
    until = time.monotonic() + 3
    while True:
        try:
            return worker.read(reader, today)
        except CardFault:
            assert time.monotonic() < until
            time.sleep(0.05)


HOLDER = """
import sys
from smartcard.scard import *
_, context = SCardEstablishContext(SCARD_SCOPE_USER)
result, card, _ = SCardConnect(context, sys.argv[1], int(sys.argv[2]), SCARD_PROTOCOL_T0)
print(result, flush=True)
for line in sys.stdin:
    apdu = bytes.fromhex(line)
    print(SCardTransmit(card, SCARD_PCI_T0, list(apdu))[0], flush=True)
"""


class Other:
    """Another program at the same reader."""

    def __init__(self, reader, share):
        self.process = subprocess.Popen(
            [sys.executable, "-c", HOLDER, reader, str(share)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        assert self.process.stdout.readline().strip() == "0"

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.stdin.close()
        self.process.wait()
        self.process.stdout.close()

    def select_elsewhere(self):
        self.process.stdin.write("00A4020002EF05\n")
        self.process.stdin.flush()


def test_a_reader_held_by_another_program_is_waited_for_and_then_told(stack, card, today):
    stack.slots[0].insert(card(1))
    with Worker() as worker:
        read_when_there(worker, stack.readers[0], today)
        with Other(stack.readers[0], scard().SCARD_SHARE_EXCLUSIVE):
            began = time.monotonic()
            with pytest.raises(CardFault) as error:
                worker.read(stack.readers[0], today)
            assert error.value.code == "D07_BUSY"
            assert f"{BUSY_TRIES} times" in error.value.found
            assert time.monotonic() - began > (BUSY_TRIES - 1) * BUSY_PAUSE_S
        assert worker.read(stack.readers[0], today).card_sn
    stack.slots[0].pull()


def test_another_programs_select_waits_until_the_read_is_over(stack, card, image, today):
    slow = card(1, Quirks(delay_s=0.03))
    stack.slots[0].insert(slow)
    with Worker() as worker:
        read_when_there(worker, stack.readers[0], today)
        with Other(stack.readers[0], scard().SCARD_SHARE_SHARED) as other:
            for _ in range(5):
                other.select_elsewhere()
                assert worker.read(stack.readers[0], today).certno == image(1).certno
                assert other.process.stdout.readline().strip() == "0", "it waited and then got its turn"
    stack.slots[0].pull()


def test_the_service_may_die_and_come_back(stack, watch, seen, card):
    stack.slots[0].insert(card(1))
    seen.wait("identity")
    os.kill(stack.pid, signal.SIGKILL)
    killed = time.monotonic()
    try:
        at, down = seen.wait("service_down")
        assert (down.code, at - killed < 1.0) == ("D01_NO_SERVICE", True)
        assert [event.kind for event in seen.all[-4:]] == ["card_out", "reader_gone", "reader_gone", "service_down"]
        assert watch.readers() == {}
    finally:
        stack.stop()
        stack.start()
    back = time.monotonic()
    at, _ = seen.wait("service_up")
    assert at - back < 1.0
    stack.slots[1].insert(card(2))
    assert seen.wait("identity", stack.readers[1])[1].identity


def test_without_the_library_the_watch_says_so_and_goes_on(seen, monkeypatch):
    monkeypatch.setitem(sys.modules, "smartcard.scard", None)
    with Watch(seen) as watch:
        _, down = seen.wait("service_down")
        assert (down.code, bool(down.zh)) == ("D40_NO_PYSCARD", True)
        assert not watch.service


def test_what_a_listener_raises_does_not_end_the_loop(caplog):
    heard = []

    def listener(event):
        heard.append(event.seq)
        raise ValueError("虚构甲")

    teller = Teller(listener)
    teller.tell("card_in", "r")
    teller.tell("card_out", "r")
    assert heard == [1, 2]
    assert "ValueError" in caplog.text and "虚构甲" not in caplog.text
