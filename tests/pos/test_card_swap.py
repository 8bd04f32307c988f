"""Cards changed under an open connection, on the real stack: never an identity of two persons."""

import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from pos_adapter.card import Quirks
from pos_adapter.reader import read_identity
from pos_adapter.records import SELECT_SSSE
from pos_adapter.transport import PcscTransport, scard
from settlement.errors import CardFault

pytestmark = pytest.mark.xdist_group("pcsc")  # one pcscd a machine
SWAPS_A_READER = 10


class SwappingTransport(PcscTransport):
    """A good transport in whose reader the card is changed before one command, faster than pcscd looks."""

    def __init__(self, reader, slot, other, at):
        super().__init__(reader)
        self.slot, self.other, self.left = slot, other, at
        self.failures = 0

    def transmit(self, apdu):
        if self.left == 0:
            self.slot.insert(self.other, settle=False)
        self.left -= 1
        return super().transmit(apdu)


class StubbornTransport(SwappingTransport):
    """What must not be done: after an error it goes on with the same connection."""

    def transmit(self, apdu):
        if self.left == 0:
            self.slot.insert(self.other, settle=False)
        self.left -= 1
        deadline = time.monotonic() + 1
        while time.monotonic() < deadline:
            result, response = scard().SCardTransmit(self._card, self._pci, list(apdu))
            if result == 0 and len(response) > 1:
                return bytes(response)
            self.failures += 1
            time.sleep(0.02)
        raise CardFault("D04_CARD_GONE", f"no answer any more, {result:08X}")


def settled_read(reader, today):
    """Read as a till does that is told to try again, each time from the beginning."""
    deadline = time.monotonic() + 3
    while True:
        try:
            return read_identity(PcscTransport(reader), today)
        except CardFault:
            assert time.monotonic() < deadline, "the new card never became readable"
            time.sleep(0.01)


def swaps_in_one_reader(reader, slot, cards, today):
    """Swap two cards to and fro; return (kind of transport, code of the fault, commands that failed) of each swap."""
    inside, outside = cards
    slot.insert(inside)
    assert settled_read(reader, today).certno == inside.image.certno
    seen = []
    for number in range(SWAPS_A_READER):
        kind = StubbornTransport if number % 2 else SwappingTransport
        transport = kind(reader, slot, outside, at=7 + number // 2)
        with pytest.raises(CardFault) as error:
            read_identity(transport, today)
        seen.append((kind, error.value.code, transport.failures))
        inside, outside = outside, inside
        assert settled_read(reader, today).certno == inside.image.certno
    slot.pull()
    return seen


def test_twenty_fast_swaps_give_no_wrong_identity(stack, card, today):
    """Half of them with the good transport; half with the stubborn one, where only the binding to 卡识别码 is left."""
    pairs = [[card(generation, Quirks(ssse_at_reset=True)) for generation in (1, 2)] for _ in stack.readers]
    with ThreadPoolExecutor(len(pairs)) as pool:
        both = pool.map(swaps_in_one_reader, stack.readers, stack.slots, pairs, [today] * len(pairs))
        seen = [swap for swaps in both for swap in swaps]
    assert len(seen) == 2 * SWAPS_A_READER
    assert {code for kind, code, _ in seen if kind is SwappingTransport} == {"D04_CARD_GONE"}
    carried_on = [code for kind, code, failures in seen if kind is StubbornTransport and failures]
    assert "D20_MIXED_READ" in carried_on, f"the trap was not met, so nothing was proven: {seen}"


def test_a_connection_that_failed_once_never_speaks_to_the_next_card(real_bench, card):
    transport = real_bench.insert(card(1))
    transport.connect()
    real_bench.slot.insert(card(2), settle=False)
    for rest in (0.6, 0.0):  # long enough for pcscd to take the second card for the first
        with pytest.raises(CardFault) as error:
            transport.transmit(SELECT_SSSE)
        assert error.value.code == "D04_CARD_GONE"
        time.sleep(rest)
