"""The monitor before a card service that does what vpcd cannot: readers that come and go, quick swaps, every kind of end.

What can be made on the real stack is in test_watch.py.
"""

import threading
import time

import pytest

from pos_adapter import monitor as module
from pos_adapter.monitor import STEP_S, Monitor
from settlement.errors import NotAvailable

A, B = "Reader A 00 00", "Reader B 00 00"
PRESENT, EMPTY, MUTE, EXCLUSIVE = 0x22, 0x12, 0x222, 0xA2  # as pcscd sends them, CHANGED included
IN_TIME_S = STEP_S + 0.3


def signed(result):
    """Return a result as some builds of pyscard give it."""
    return result - (1 << 32)


class Service:
    """PC/SC's four calls for following readers, with the results that their documentation gives."""

    SCARD_SCOPE_USER, SCARD_STATE_CHANGED = 0, 0x2

    def __init__(self):
        self._moved = threading.Condition()
        self._readers, self.trouble, self.no_readers = {}, 0, 0x8010002E
        self.contexts, self.made = set(), 0
        self.vanishing = None  # a reader that goes between the list and the look

    def put(self, reader, flags):
        """Give a reader a state; every change of the card's presence adds one to its counter, as the service does."""
        with self._moved:
            before = self._readers.get(reader, (EMPTY, 0))
            self._readers[reader] = flags, before[1] + (before[0] & 0x20 != flags & 0x20)
            self._moved.notify_all()

    def swap(self, reader):
        """Change the card between two looks: the state is as before, the counter has gone on by two."""
        with self._moved:
            flags, count = self._readers[reader]
            self._readers[reader] = flags, count + 2
            self._moved.notify_all()

    def unplug(self, reader):
        with self._moved:
            del self._readers[reader]
            self._moved.notify_all()

    def fail(self, result):
        """Answer every call with a result from now on; 0 cures. Contexts of before are lost."""
        with self._moved:
            self.trouble = result
            self._moved.notify_all()

    def SCardEstablishContext(self, _):  # noqa: N802
        if self.trouble:
            return self.trouble, 0
        self.made += 1
        self.contexts.add(self.made)
        return 0, self.made

    def SCardReleaseContext(self, context):  # noqa: N802
        self.contexts.remove(context)
        return 0

    def SCardListReaders(self, context, _):  # noqa: N802
        assert context in self.contexts
        if self.trouble:
            return self.trouble, []
        names = list(self._readers)
        if self.vanishing:
            name, self.vanishing = self.vanishing, None
            self.unplug(name)
        return (0, names) if names else (self.no_readers, [])

    def SCardGetStatusChange(self, context, timeout_ms, wanted):  # noqa: N802
        assert context in self.contexts and wanted
        until = time.monotonic() + timeout_ms / 1000
        with self._moved:
            while True:
                if self.trouble:
                    return self.trouble, []
                if any(reader not in self._readers for reader, _ in wanted):
                    return signed(0x80100009), []
                states = [(reader, flags | count << 16) for reader, (flags, count) in self._of(wanted)]
                if any((now ^ known) & ~0x2 for (_, now), (_, known) in zip(states, wanted, strict=True)):
                    return 0, [(reader, now, []) for reader, now in states]
                left = until - time.monotonic()
                if left <= 0:
                    return signed(0x8010000A), []
                self._moved.wait(left)

    def _of(self, wanted):
        return [(reader, self._readers[reader]) for reader, _ in wanted]


@pytest.fixture
def service(monkeypatch):
    made = Service()
    monkeypatch.setattr(module, "scard", lambda: made)
    yield made
    assert not made.contexts, "every context is given back"


@pytest.fixture
def told():
    return []


@pytest.fixture
def follow(service, told):
    """Start a monitor when the service stands as the test wants it."""
    made = Monitor(told.append)

    def begin():
        made.start()
        return made

    yield begin
    made.stop()


def kinds(told):
    return [(event.kind, event.reader) for event in told]


def soon(condition, within=IN_TIME_S):
    until = time.monotonic() + within
    while not condition():
        if time.monotonic() > until:
            return False
        time.sleep(0.005)
    return True


def test_a_reader_is_plugged_in_and_out_while_others_are_followed(service, follow, told):
    service.put(A, EMPTY)
    watching = follow()
    assert soon(lambda: kinds(told) == [("service_up", ""), ("reader_added", A)])
    service.put(B, PRESENT)
    assert soon(lambda: kinds(told)[2:] == [("reader_added", B), ("card_in", B)])
    service.put(A, PRESENT)
    assert soon(lambda: kinds(told)[4:] == [("card_in", A)], within=0.1), "a card is seen at once"
    service.unplug(B)
    assert soon(lambda: kinds(told)[5:] == [("card_out", B), ("reader_gone", B)])
    assert watching.readers() == {A: "card"}
    service.put(B, EMPTY)
    assert soon(lambda: kinds(told)[7:] == [("reader_added", B)]), "and it may come back under its name"
    service.unplug(A)
    service.unplug(B)
    assert soon(lambda: watching.readers() == {})
    assert watching.service, "no reader is not: no service"


@pytest.mark.parametrize("no_readers", [0, 0x8010002E, signed(0x8010002E)])
def test_a_service_without_readers_is_up_however_it_says_so(service, follow, told, no_readers):
    service.no_readers = no_readers
    watching = follow()
    assert soon(lambda: kinds(told) == [("service_up", "")])
    service.put(A, PRESENT)
    assert soon(lambda: watching.readers() == {A: "card"})


def test_a_swap_between_two_looks_is_told_as_a_card_out_and_a_card_in(service, follow, told):
    service.put(A, PRESENT)
    follow()
    assert soon(lambda: ("card_in", A) in kinds(told))
    before = len(told)
    service.swap(A)
    assert soon(lambda: kinds(told)[before:] == [("card_out", A), ("card_in", A)])


def test_the_counter_may_run_over(service, follow, told):
    service._readers[A] = PRESENT, 0xFFFF
    follow()
    assert soon(lambda: ("card_in", A) in kinds(told))
    before = len(told)
    service._readers[A] = EMPTY, 0
    service.put(A, EMPTY)
    assert soon(lambda: kinds(told)[before:] == [("card_out", A)])


def test_a_card_taken_by_another_program_is_no_new_card(service, follow, told):
    service.put(A, PRESENT)
    watching = follow()
    assert soon(lambda: watching.readers() == {A: "card"})
    service.put(A, EXCLUSIVE)
    assert soon(lambda: watching.readers() == {A: "busy"})
    service.put(A, PRESENT)
    assert soon(lambda: watching.readers() == {A: "card"})
    assert [kind for kind, _ in kinds(told)].count("card_in") == 1 and ("card_out", A) not in kinds(told)


def test_a_mute_card_comes_with_its_cure(service, follow, told):
    service.put(A, MUTE)
    watching = follow()
    assert soon(lambda: watching.readers() == {A: "mute"})
    assert [(event.code, event.zh) for event in told if event.kind == "card_in"] == [
        ("D05_CARD_MUTE", "卡片无应答，请擦拭芯片、翻面重插")
    ]


@pytest.mark.parametrize("result", [0x8010001D, 0x80100013, 0x8010001E, 0x80100003, signed(0x8010001D)])
def test_after_any_end_of_the_service_a_new_context_follows_it(service, follow, told, result):
    service.put(A, PRESENT)
    watching = follow()
    assert soon(lambda: watching.readers() == {A: "card"})
    before, contexts = len(told), service.made
    service.fail(result)
    assert soon(lambda: kinds(told)[before:] == [("card_out", A), ("reader_gone", A), ("service_down", "")])
    assert (told[-1].code, bool(told[-1].zh), watching.service) == ("D01_NO_SERVICE", True, False)
    time.sleep(3 * STEP_S)
    assert len(told) == before + 3, "a long silence is told once"
    service.fail(0)
    assert soon(lambda: kinds(told)[before + 3 :] == [("service_up", ""), ("reader_added", A), ("card_in", A)])
    assert service.made > contexts


def test_being_refused_is_told_by_its_own_code(service, follow, told):
    service.fail(0x8010006A)
    follow()
    assert soon(lambda: [(event.kind, event.code) for event in told] == [("service_down", "D08_DENIED")])


def test_another_trouble_of_the_service_is_told_anew(service, follow, told):
    service.fail(0x8010001D)
    follow()
    assert soon(lambda: [event.code for event in told] == ["D01_NO_SERVICE"])
    service.fail(0x8010006A)
    assert soon(lambda: [event.code for event in told] == ["D01_NO_SERVICE", "D08_DENIED"])


def test_a_reader_that_goes_between_list_and_look_is_no_end_of_the_service(service, follow, told):
    service.put(A, EMPTY)
    service.put(B, EMPTY)
    watching = follow()
    assert soon(lambda: len(watching.readers()) == 2)
    service.vanishing = B
    assert soon(lambda: watching.readers() == {A: "empty"})
    assert "service_down" not in [event.kind for event in told]


def test_what_the_library_raises_does_not_end_the_loop(service, follow, told, monkeypatch, caplog):
    """pyscard has been seen to raise SystemError when the service dies under a call."""
    service.put(A, EMPTY)
    watching = follow()
    assert soon(lambda: watching.readers() == {A: "empty"})

    def broken(*_):
        raise SystemError("NULL result without error in call")

    with monkeypatch.context() as patched:
        patched.setattr(service, "SCardListReaders", broken)
        assert soon(lambda: told[-1].kind == "service_down")
    assert soon(lambda: watching.readers() == {A: "empty"})
    assert "SystemError" in caplog.text


def test_a_missing_library_is_told_and_a_stop_does_not_wait_for_it(monkeypatch, told):
    def missing():
        raise NotAvailable("D40_NO_PYSCARD", "not there", "", "", "未安装读卡组件")

    monkeypatch.setattr(module, "scard", missing)
    watching = Monitor(told.append)
    watching.start()
    assert soon(lambda: [(event.kind, event.code) for event in told] == [("service_down", "D40_NO_PYSCARD")])
    began = time.monotonic()
    watching.stop()
    assert time.monotonic() - began < IN_TIME_S


def test_events_are_numbered_without_gaps_and_none_comes_after_the_stop(service, follow, told):
    watching = follow()
    for _ in range(5):
        service.put(A, PRESENT)
        assert soon(lambda: watching.readers().get(A) == "card")
        service.unplug(A)
        assert soon(lambda: A not in watching.readers())
    watching.stop()
    count = len(told)
    service.put(A, PRESENT)
    time.sleep(2 * STEP_S)
    assert [event.seq for event in told] == list(range(1, count + 1))
