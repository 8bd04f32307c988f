"""Cards changed under an open connection, on the real stack: never an identity of two persons."""

import random
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from itertools import cycle, islice
from typing import NamedTuple

import pytest

from pos_adapter.card import Quirks
from pos_adapter.reader import read_identity, same_card_still_there
from pos_adapter.records import SELECT_SSSE
from pos_adapter.transport import InProcessSlot, InProcessTransport, PcscTransport, scard
from settlement.errors import CardFault
from settlement.identity import PresentedIdentity

pytestmark = pytest.mark.xdist_group("pcsc")  # one pcscd a machine
SWAPS_A_READER = 110
COMMANDS_OF_A_READ, COMMANDS_OF_A_CHECK = 15, 3


class SwappingTransport(PcscTransport):
    """A good transport in whose reader the card is changed before one command, faster than pcscd looks."""

    def __init__(self, reader, slot, other, at):
        super().__init__(reader)
        self.slot, self.other, self.left = slot, other, at
        self.failures = 0

    def transmit(self, apdu):
        self.swap_when_due()
        return super().transmit(apdu)

    def swap_when_due(self):
        if self.left == 0:
            self.slot.insert(self.other, settle=False)
        self.left -= 1

    @property
    def swapped(self):
        return self.left < 0


class StubbornTransport(SwappingTransport):
    """What must not be done: after an error it goes on with the same connection."""

    def transmit(self, apdu):
        self.swap_when_due()
        deadline = time.monotonic() + 1
        while time.monotonic() < deadline:
            result, response = scard().SCardTransmit(self._card, self._pci, list(apdu))
            if result == 0 and len(response) > 1:
                return bytes(response)
            self.failures += 1
            time.sleep(0.02)
        raise CardFault("D04_CARD_GONE", f"no answer any more, {result:08X}")


class Swap(NamedTuple):
    """One swap: by which transport, before which command, and what the till was told of whom."""

    kind: type[SwappingTransport]
    at: int
    failures: int
    told: PresentedIdentity | None  # by the read
    refused: str  # the code of the read's fault, or of the check's
    there: PresentedIdentity  # the one whose card lies in the reader now
    before: PresentedIdentity

    @property
    def wrong(self):
        """Whether a person was named who was not there, or a settlement let through for one who is not there any more."""
        booked = self.told is not None and not self.refused
        return self.told not in (None, self.before, self.there) or (booked and self.told != self.there)


def person_of(card, reader, today):
    """Return who a card says it is, read where nothing can come between."""
    slot = InProcessSlot()
    slot.insert(card)
    return replace(read_identity(InProcessTransport(slot), today), how=f"PC/SC {reader}")


def settled_read(reader, today):
    """Read as a till does that is told to try again, each time from the beginning."""
    deadline = time.monotonic() + 3
    while True:
        try:
            return read_identity(PcscTransport(reader), today)
        except CardFault:
            assert time.monotonic() < deadline, "the new card never became readable"
            time.sleep(0.01)


def read_and_book(transport, today):
    """Return (identity, code): who was read, and why the read, or the check before booking, was refused; '' for never."""
    told = None
    try:
        told = read_identity(transport, today)
        same_card_still_there(transport, told)
    except CardFault as error:
        return told, error.code
    return told, ""


def plan(seed):
    """Return (kind, at) of every swap: each transport at each command of a read and of the check after it, shuffled."""
    rng = random.Random(seed)
    places = [
        (kind, at)
        for kind in (SwappingTransport, StubbornTransport)
        for at in range(COMMANDS_OF_A_READ + COMMANDS_OF_A_CHECK)
    ]
    planned = list(islice(cycle(places), SWAPS_A_READER))
    rng.shuffle(planned)
    return planned


def swaps_in_one_reader(reader, slot, cards, today, seed):
    """Change three persons' cards round and round, in the middle of a read or of the check after it."""
    persons = [person_of(card, reader, today) for card in cards]
    slot.insert(cards[0])
    assert settled_read(reader, today) == persons[0]
    seen, inside = [], 0
    for kind, at in plan(seed):
        outside = (inside + 1) % len(cards)
        transport = kind(reader, slot, cards[outside], at)
        told, refused = read_and_book(transport, today)
        before, inside = persons[inside], outside if transport.swapped else inside
        seen.append(Swap(kind, at, transport.failures, told, refused, persons[inside], before))
        assert transport.swapped, f"no swap before command {at}"
        assert settled_read(reader, today) == persons[inside]
    slot.pull()
    return seen


def test_two_hundred_fast_swaps_give_no_wrong_identity(stack, card, today):
    """Half of them with the good transport; half with the stubborn one, where only the binding to 卡识别码 is left."""
    decks = [[card(generation, Quirks(ssse_at_reset=True)) for generation in (1, 2, 3)] for _ in stack.readers]
    with ThreadPoolExecutor(len(decks)) as pool:
        both = pool.map(swaps_in_one_reader, stack.readers, stack.slots, decks, [today] * 2, (1, 2))
        seen = [swap for swaps in both for swap in swaps]
    assert len(seen) == 2 * SWAPS_A_READER >= 200
    assert [swap for swap in seen if swap.wrong] == []
    good = [swap for swap in seen if swap.kind is SwappingTransport]
    assert {swap.refused for swap in good} == {"D04_CARD_GONE"}
    assert {swap.at for swap in good if swap.told} == set(range(15, 18)), (
        "read before the swap, and refused at the check"
    )
    carried_on = {swap.refused for swap in seen if swap.failures}
    assert {"D20_MIXED_READ", "D21_OTHER_CARD"} <= carried_on, f"the trap was not met: {carried_on}"


def test_a_connection_that_failed_once_never_speaks_to_the_next_card(real_bench, card):
    transport = real_bench.insert(card(1))
    transport.connect()
    real_bench.slot.insert(card(2), settle=False)
    for rest in (0.6, 0.0):  # long enough for pcscd to take the second card for the first
        with pytest.raises(CardFault) as error:
            transport.transmit(SELECT_SSSE)
        assert error.value.code == "D04_CARD_GONE"
        time.sleep(rest)
