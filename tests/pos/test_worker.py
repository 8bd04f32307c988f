"""The killable reading process: what it does again and what never, whatever becomes of card, reader and itself."""

import os
import random
import signal
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from pos_adapter.card import CardPulled, Quirks, VirtualCard
from pos_adapter.worker import AGAIN, AGAIN_TRIES, BUSY_TRIES, CALL_S, Worker, patient
from settlement.errors import CardFault, NotAvailable

pytestmark = pytest.mark.xdist_group("pcsc")
SWAPS_A_READER = 20
COMMANDS_OF_A_READ = 15


class LeavingCard(VirtualCard):
    """A card that says when it is pulled; ``quirks.drop_after`` tells where, ``arm`` counts from now."""

    def __init__(self, image):
        super().__init__(image, Quirks(ssse_at_reset=True))
        self.left = threading.Event()

    def arm(self, after):
        self.left.clear()
        self.quirks = Quirks(ssse_at_reset=True, drop_after=-1 if after is None else self.commands + after)

    def process(self, apdu):
        try:
            return super().process(apdu)
        except CardPulled:
            self.left.set()
            raise


def code_of(call, *args, **kwargs):
    with pytest.raises(CardFault) as error:
        call(*args, **kwargs)
    return error.value.code


def read_when_there(worker, reader, today):
    until = time.monotonic() + 3
    while True:
        try:
            return worker.read(reader, today)
        except CardFault:
            assert time.monotonic() < until, "the card never became readable"
            time.sleep(0.05)


@pytest.fixture
def worker():
    with Worker() as made:
        yield made


def swaps_in_one_reader(reader, slot, cards, today, seed):
    """Pull a card in the middle of a worker's read and put another in; return what was wrongly told, and all outcomes."""
    rng, wrong, seen = random.Random(seed), [], []
    inside, outside = cards
    slot.insert(inside)
    with Worker() as worker, ThreadPoolExecutor(1) as till:
        read_when_there(worker, reader, today)
        for _ in range(SWAPS_A_READER):
            inside.arm(rng.randrange(COMMANDS_OF_A_READ))
            reading = till.submit(worker.read, reader, today)
            assert inside.left.wait(5)
            outside.arm(None)
            slot.insert(outside, settle=False)
            before, inside, outside = inside, outside, inside
            try:
                told = reading.result()
                seen.append("read")
                if told.card_sn != inside.image.card_sn or told.certno != inside.image.certno:
                    wrong.append((told.card_sn, "told", before.image.card_sn, inside.image.card_sn))
            except CardFault as error:
                seen.append(error.code)
            there = read_when_there(worker, reader, today)
            if there.card_sn != inside.image.card_sn or not worker.still_there(reader, there):
                wrong.append((there.card_sn, "there", inside.image.card_sn))
    slot.pull()
    return wrong, seen


def test_a_read_that_is_done_again_never_names_another_person(stack, image, today):
    """The second try may find the next person's card: it is that person whole, or nobody."""
    decks = [[LeavingCard(image(generation)) for generation in (1, 2)] for _ in stack.readers]
    with ThreadPoolExecutor(len(decks)) as pool:
        both = list(pool.map(swaps_in_one_reader, stack.readers, stack.slots, decks, [today] * 2, (3, 4)))
    assert [wrong for wrong, _ in both] == [[], []]
    outcomes = {code for _, seen in both for code in seen}
    assert "D20_MIXED_READ" in outcomes, f"a second try met another card after 卡识别码 was read: {outcomes}"
    assert outcomes <= {"read", "D20_MIXED_READ", "D04_CARD_GONE", "D05_CARD_MUTE"}


def test_a_card_that_is_put_back_at_once_is_read_after_all(stack, worker, image, today):
    card = LeavingCard(image(1))
    stack.slots[0].insert(card)
    first = read_when_there(worker, stack.readers[0], today)
    card.arm(COMMANDS_OF_A_READ // 2)
    with ThreadPoolExecutor(1) as till:
        reading = till.submit(worker.read, stack.readers[0], today)
        assert card.left.wait(5)
        card.arm(None)
        stack.slots[0].insert(card, settle=False)
        assert reading.result() == first
    stack.slots[0].pull()


def test_a_check_is_never_done_again(stack, worker, image, today):
    card = LeavingCard(image(1))
    stack.slots[0].insert(card)
    identity = read_when_there(worker, stack.readers[0], today)
    card.arm(1)
    before = card.commands
    assert code_of(worker.still_there, stack.readers[0], identity) == "D04_CARD_GONE"
    assert card.commands == before + 2  # the one that was answered and the one it was pulled at
    stack.slots[0].pull()


def test_close_does_not_wait_for_a_mute_card(stack, card, today):
    stack.slots[0].insert(card(1))
    with Worker() as worker, ThreadPoolExecutor(1) as till:
        read_when_there(worker, stack.readers[0], today)
        stack.slots[0].insert(card(1, Quirks(mute_after=0)))
        time.sleep(0.9)  # until pcscd has seen it
        reading = till.submit(worker.read, stack.readers[0], today)
        time.sleep(0.3)
        began = time.monotonic()
        worker.close()
        assert code_of(reading.result) == "D09_STUCK"
        assert time.monotonic() - began < CALL_S / 4
        assert worker.pid == 0
    stack.slots[0].pull()


def test_a_child_that_was_killed_between_two_calls_is_replaced(worker, today):
    assert code_of(worker.read, "no such reader", today) in ("D02_NO_READER", "D01_NO_SERVICE")
    os.kill(worker.pid, signal.SIGKILL)
    time.sleep(0.1)
    assert code_of(worker.read, "no such reader", today) in ("D02_NO_READER", "D01_NO_SERVICE")


def test_without_the_library_the_child_says_which_to_install(worker, today, monkeypatch, tmp_path):
    (tmp_path / "smartcard.py").write_text("raise ImportError('broken for this test')\n", encoding="utf-8")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    with pytest.raises(NotAvailable) as error:
        worker.read("any", today)
    assert (error.value.code, "pip install" in error.value.cure) == ("D40_NO_PYSCARD", True)


def test_a_secret_is_wiped_also_when_nobody_took_it(worker):
    secret = bytearray(b"\x13\x57\x91")
    with pytest.raises(CardFault):
        worker.ask(
            "verify_pin", {"reader": "no such reader", "card_sn": "0", "initial": [], "settles": False}, 5, secret
        )
    assert secret == bytes(3)


@pytest.mark.parametrize(
    ("codes", "again", "calls", "raised"),
    [
        (["D07_BUSY"] * (BUSY_TRIES - 1), frozenset(), BUSY_TRIES, None),
        (["D07_BUSY"] * BUSY_TRIES, frozenset(), BUSY_TRIES, "D07_BUSY"),
        (["D04_CARD_GONE"] * AGAIN_TRIES, AGAIN, AGAIN_TRIES + 1, None),
        (["D04_CARD_GONE"] * (AGAIN_TRIES + 1), AGAIN, AGAIN_TRIES + 1, "D04_CARD_GONE"),
        (["D06_RESET_ELSEWHERE"], frozenset(), 1, "D06_RESET_ELSEWHERE"),
        (["D20_MIXED_READ"], AGAIN, 1, "D20_MIXED_READ"),
        (["D30_PIN_WRONG"], AGAIN, 1, "D30_PIN_WRONG"),
        (["D09_STUCK"], AGAIN, 1, "D09_STUCK"),
    ],
)
def test_what_is_tried_again_and_how_often(monkeypatch, codes, again, calls, raised):
    monkeypatch.setattr("pos_adapter.worker.time.sleep", lambda _: None)
    left, made = list(codes), []

    def call():
        made.append(1)
        if left:
            raise CardFault(left.pop(0), "")
        return "read"

    outcome = code_of(patient, call, again) if raised else patient(call, again)
    assert (outcome, len(made)) == (raised or "read", calls)
