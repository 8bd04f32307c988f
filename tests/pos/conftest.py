"""Two benches for the same tests, a card inside the process and a card behind a real pcscd; a service on a bad line."""

import contextlib
import fcntl
import os
import tempfile
import time
from datetime import date
from pathlib import Path

import pytest
from bad_line import BadLine
from real_service import running_service

from pos_adapter.card import VirtualCard
from pos_adapter.card_image import load_image
from pos_adapter.pcsc_stack import PcscStack, available
from pos_adapter.psam import load_psam
from pos_adapter.transport import InProcessSlot, InProcessTransport, PcscTransport, reader_states
from settlement.errors import NotAvailable

CARDS = Path(__file__).parents[2] / "data" / "cards"
PSAM = CARDS.parent / "psam"
TODAY = date(2026, 1, 1)


class InProcessBench:
    """A slot of this process."""

    def __init__(self):
        self.slot = InProcessSlot()

    def insert(self, card):
        self.slot.insert(card)
        return InProcessTransport(self.slot)

    def pull(self):
        self.slot.pull()


class PcscBench:
    """The two virtual readers in turn, so that the rest after a removal in one is spent in the other."""

    turn = 0

    def __init__(self, stack):
        PcscBench.turn ^= 1
        self.slot, self.reader = stack.slots[self.turn], stack.readers[self.turn]

    def insert(self, card, settle=True):
        self.slot.insert(card, settle=settle)
        self.wait(present=True)
        return PcscTransport(self.reader)

    def pull(self):
        self.slot.pull()

    def wait(self, present):
        deadline = time.monotonic() + 3
        while reader_states()[self.reader] != present:
            assert time.monotonic() < deadline, "pcscd did not notice the card"
            time.sleep(0.01)


@contextlib.contextmanager
def one_at_a_time():
    """One pcscd a machine: another test run waits here instead of failing."""
    with open(Path(tempfile.gettempdir()) / "pos_adapter-tests.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def not_here(reason):
    """Skip on a developer's machine; in CI the real stack is what the tests are for."""
    (pytest.fail if os.environ.get("CI") else pytest.skip)(f"no real card stack: {reason}")


@pytest.fixture(scope="session")
def stack():
    missing = available()
    if missing:
        not_here("; ".join(missing))
    with one_at_a_time():
        running = PcscStack()
        try:
            running.start()
        except NotAvailable as error:
            not_here(str(error))
        yield running
        running.stop()


@pytest.fixture(params=["in process", pytest.param("real stack", marks=pytest.mark.xdist_group("pcsc"))])
def bench(request):
    made = InProcessBench() if request.param == "in process" else PcscBench(request.getfixturevalue("stack"))
    yield made
    made.pull()


@pytest.fixture
def inside():
    return InProcessBench()


@pytest.fixture
def real_bench(stack):
    made = PcscBench(stack)
    yield made
    made.pull()


@pytest.fixture
def today():
    return TODAY


@pytest.fixture
def image():
    """Return the image of one generation."""
    return lambda generation: load_image(CARDS / f"fictional_gen{generation}.json")


@pytest.fixture
def card(image):
    """Return a new card of one generation; further arguments are those of VirtualCard."""
    return lambda generation, *args, **kwargs: VirtualCard(image(generation), *args, **kwargs)


@pytest.fixture(scope="session")
def till():
    """Return a till's security module: it opens cards."""
    return load_psam(PSAM / "test_till.json")


@pytest.fixture(scope="session")
def window():
    """Return a service window's security module: it also resets a PIN."""
    return load_psam(PSAM / "test_window.json")


@pytest.fixture(scope="module")
def service(tmp_path_factory):
    with running_service(tmp_path_factory.mktemp("service") / "book") as port:
        yield port


@pytest.fixture
def line(service):
    made = BadLine(service)
    yield made
    made.close()
