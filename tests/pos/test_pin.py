"""The PIN: one try for one act of the holder, counted by the card, wiped here, and in no text at all."""

import pickle
import traceback
from datetime import date

import pytest

from pos_adapter.card import Quirks
from pos_adapter.pin import Pin, Tries, Verified, change, tries_left, verify
from pos_adapter.reader import read_identity
from settlement.errors import CardFault

TODAY = date(2026, 1, 1)
INITIAL, OTHER, WRONG = "123456", "246802", "975310"


def pin(text):
    return Pin(bytearray(text, "ascii"))


def fault_of(call, *args, **more):
    with pytest.raises(CardFault) as error:
        call(*args, **more)
    assert error.value.zh and error.value.cure
    return error.value


@pytest.fixture
def held(bench, card):
    """Return (card, transport, identity) of a card with the initial PIN."""
    made = card(1)
    transport = bench.insert(made)
    return made, transport, read_identity(transport, TODAY)


def test_the_right_pin_is_verified_and_the_initial_one_is_recognised(held):
    made, transport, identity = held
    assert verify(transport, identity, pin(INITIAL)) == Verified(initial=True)
    assert fault_of(verify, transport, identity, pin(INITIAL), settles=False).code == "D34_PIN_INITIAL"
    change(transport, identity, pin(INITIAL), pin(OTHER))
    assert verify(transport, identity, pin(OTHER), settles=False) == Verified(initial=False)
    assert made.tries_left == made.image.pin_tries


def test_each_wrong_pin_costs_one_try_until_the_card_is_locked(held):
    """Not one command more than acts of the holder; what is left is the card's own word."""
    made, transport, identity = held
    seen = []
    for _ in range(4):
        before = made.tries_left
        error = fault_of(verify, transport, identity, pin(WRONG))
        seen.append((error.code, tries_left(error), before - made.tries_left))
    assert seen == [
        ("D30_PIN_WRONG", 2, 1), ("D30_PIN_WRONG", 1, 1), ("D30_PIN_WRONG", 0, 1), ("D31_PIN_BLOCKED", 0, 0),
    ]  # fmt: skip
    assert fault_of(verify, transport, identity, pin(INITIAL)).code == "D31_PIN_BLOCKED", "the right one does not help"


def test_the_last_try_is_made_only_when_the_holder_says_so_again(held):
    made, transport, identity = held
    tries = Tries()

    def once(text, confirmed=False):
        with tries.counted(identity.card_sn, confirmed):
            return verify(transport, identity, pin(text))

    for left in (2, 1):
        assert "还可试" in fault_of(once, WRONG).zh
        assert tries.left(identity.card_sn) == left
    commands = made.commands
    assert fault_of(once, INITIAL).code == "D33_PIN_LAST_TRY"
    assert made.commands == commands, "nothing was sent"
    assert once(INITIAL, confirmed=True).initial
    assert tries.left(identity.card_sn) is None


def test_a_change_counts_as_a_try_and_a_bad_new_pin_is_not_sent(held):
    made, transport, identity = held
    commands = made.commands
    for old, new in ((OTHER, INITIAL), (INITIAL, INITIAL), (OTHER, OTHER)):
        assert fault_of(change, transport, identity, pin(old), pin(new)).code == "D35_PIN_NOT_NEW"
    assert made.commands == commands
    error = fault_of(change, transport, identity, pin(WRONG), pin(OTHER))
    assert (error.code, tries_left(error)) == ("D30_PIN_WRONG", 2)
    assert verify(transport, identity, pin(INITIAL)).initial, "the old one holds"


def test_another_card_is_never_given_the_pin(bench, card):
    identity = read_identity(bench.insert(card(1)), TODAY)
    bench.pull()
    other = card(2)
    transport = bench.insert(other)
    assert fault_of(verify, transport, identity, pin(WRONG)).code == "D21_OTHER_CARD"
    assert other.tries_left == other.image.pin_tries


def test_a_card_that_goes_during_the_try_is_not_asked_again(bench, card):
    made = card(1, Quirks(drop_after=15 + 3))  # a read, then application, file, 卡识别码; the PIN is the next
    transport = bench.insert(made)
    identity = read_identity(transport, TODAY)
    assert fault_of(verify, transport, identity, pin(WRONG)).code == "D04_CARD_GONE"
    assert made.commands == 19, "the PIN was sent once"


@pytest.mark.parametrize(
    "text", ["", "12", "12345", "12345678901234567", "12345678901234567890", "12a4", "１２３４", "12 456"]
)
def test_what_cannot_be_a_pin_costs_no_try(text):
    typed = bytearray(text, "utf-8")
    error = fault_of(Pin, typed)
    assert error.code == "D38_PIN_LENGTH"
    assert not any(typed)
    assert not text or text not in str(error) + error.zh


@pytest.mark.parametrize("count", range(4, 17, 2))
def test_every_even_count_is_packed_two_digits_a_byte(count):
    text = "1234567890123456"[:count]
    with pin(text) as made:
        assert made.packed.hex() == text
    assert not any(made.packed)


def test_the_pin_is_in_no_text_and_wiped_everywhere(held, caplog):
    _, transport, identity = held
    typed = bytearray(WRONG, "ascii")
    with Pin(typed) as made:
        assert not any(typed), "what was typed is wiped at once"
        with pytest.raises(TypeError):
            pickle.dumps(made)
        try:
            verify(transport, identity, made)
        except CardFault as error:
            told = "".join(traceback.format_exception(error)) + repr(error) + str(error) + error.zh + repr(made)
    packed = made.packed
    assert not any(packed)
    for text in (WRONG, bytes.fromhex(WRONG).decode("latin-1"), repr(bytes.fromhex(WRONG))):
        assert text not in told + caplog.text


class Listening:
    """A way to a card that keeps the very objects that were handed to it."""

    def __init__(self, inner):
        self.inner, self.how, self.sent = inner, inner.how, []
        self.connect, self.close = inner.connect, inner.close

    def transmit(self, apdu):
        self.sent.append((bytes(apdu), apdu))
        return self.inner.transmit(apdu)


def test_the_commands_that_held_the_pin_are_wiped(held):
    _, transport, identity = held
    listening = Listening(transport)
    change(listening, identity, pin(INITIAL), pin(OTHER))
    with pytest.raises(CardFault):
        verify(listening, identity, pin(WRONG))
    held_a_pin = [(was, now) for was, now in listening.sent if was[:2] in (b"\x80\x5e", b"\x00\x20")]
    assert [was[5:].hex() for was, _ in held_a_pin] == [f"{INITIAL}ff{OTHER}", WRONG]
    assert all(isinstance(now, bytearray) and not any(now) for _, now in held_a_pin)
