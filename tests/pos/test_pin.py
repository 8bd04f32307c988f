"""The PIN: one try for one act of the holder, counted by the card, wiped here, in no text at all; reset at a window only."""

import pickle
import traceback
from dataclasses import replace
from datetime import date

import msgspec
import pytest

from pos_adapter import id_card
from pos_adapter.card import KEY_TRIES, Quirks
from pos_adapter.pin import Pin, Tries, Verified, Window, change, reset, tries_left, verify
from pos_adapter.psam import SoftwarePsam
from pos_adapter.reader import read_identity
from pos_adapter.records import SELECT_SSSE
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


def test_a_card_that_wants_another_length_is_not_sent_the_pin_again(bench, card):
    """6Cxx asks for a command again, which is right for a read and never for what holds a PIN."""
    made = card(1, Quirks(sw_at={15 + 3: 0x6C06}))
    transport = bench.insert(made)
    identity = read_identity(transport, TODAY)
    assert fault_of(verify, transport, identity, pin(WRONG)).code == "D15_UNEXPECTED"
    assert made.commands == 19 and made.tries_left == made.image.pin_tries


# Reset, at a service window

HERE = Window("220402000001", "K0001")


@pytest.fixture
def shut(bench, card, till):
    """Return (card, transport, identity, the holder's ID card) of a generation-3 card that wants authentication."""
    made = card("3_auth")
    transport = bench.insert(made)
    identity = read_identity(transport, TODAY, till)
    return made, transport, identity, id_card.typed(identity.certno, TODAY, identity.psn_name)


def test_a_locked_pin_is_reset_at_a_window(shut, window):
    made, transport, identity, document = shut
    for _ in range(3):
        fault_of(verify, transport, identity, pin(WRONG))
    assert fault_of(verify, transport, identity, pin(INITIAL)).code == "D31_PIN_BLOCKED"
    reset(transport, identity, pin(OTHER), window, window=HERE, document=document)
    assert made.tries_left == made.image.pin_tries
    assert verify(transport, identity, pin(OTHER)) == Verified(initial=False)
    assert fault_of(verify, transport, identity, pin(INITIAL)).code == "D30_PIN_WRONG"


@pytest.mark.parametrize("text", ["1357", "13579135", "1357913579135791"])
def test_a_pin_of_any_length_can_be_given(shut, window, text):
    _, transport, identity, document = shut
    reset(transport, identity, pin(text), window, window=HERE, document=document)
    assert verify(transport, identity, pin(text)) == Verified(initial=False)


@pytest.mark.parametrize(
    ("office", "clerk"), [("", "K0001"), ("220402000001", ""), (" ", "K0001"), ("220402000001", "　")]
)
def test_without_a_window_nothing_is_reset(shut, window, office, clerk):
    made, transport, identity, document = shut
    commands = made.commands
    call = {"window": Window(office, clerk), "document": document}
    assert fault_of(reset, transport, identity, pin(OTHER), window, **call).code == "D27_NOT_AT_A_WINDOW"
    assert made.commands == commands


def test_a_tills_module_cannot_reset_whoever_claims_to_sit_at_a_window(shut, till):
    made, transport, identity, document = shut
    call = {"window": HERE, "document": document}
    assert fault_of(reset, transport, identity, pin(OTHER), till, **call).code == "D27_NOT_AT_A_WINDOW"
    assert verify(transport, identity, pin(INITIAL)).initial, "the PIN is what it was"
    assert made.key_tries["reset"] == KEY_TRIES


@pytest.mark.parametrize("which", ["number", "name", "no name", "the card itself", "no number at all"])
def test_only_the_holders_own_document_counts(shut, window, which):
    made, transport, identity, document = shut
    document = {
        "number": id_card.typed("220400196802290012", TODAY, identity.psn_name),
        "name": id_card.typed(identity.certno, TODAY, "虚构某"),
        "no name": id_card.typed(identity.certno, TODAY),
        "the card itself": identity,
        "no number at all": replace(document, certno=""),
    }[which]
    if which == "no number at all":  # nothing is like nothing
        identity = replace(identity, certno="")
    commands = made.commands
    error = fault_of(reset, transport, identity, pin(OTHER), window, window=HERE, document=document)
    assert error.code == "D26_NOT_THE_HOLDER" and made.commands == commands
    assert identity.psn_name not in str(error) + error.zh
    assert not document.certno or document.certno not in str(error) + error.zh


def test_the_initial_pin_is_not_given_again_and_another_card_not_touched(bench, card, shut, window):
    made, transport, identity, document = shut
    call = {"window": HERE, "document": document}
    assert fault_of(reset, transport, identity, pin(INITIAL), window, **call).code == "D35_PIN_NOT_NEW"
    bench.pull()
    other = card(1)
    assert fault_of(reset, bench.insert(other), identity, pin(OTHER), window, **call).code == "D21_OTHER_CARD"
    assert other.tries_left == other.image.pin_tries and made.key_tries["reset"] == KEY_TRIES


def test_an_order_that_the_card_refuses_is_sent_once_and_its_key_locks(shut, window):
    made, transport, identity, document = shut
    stale = SoftwarePsam({one: msgspec.structs.replace(keys, reset="33" * 16) for one, keys in window._roots.items()})
    call = {"window": HERE, "document": document}
    for left in range(KEY_TRIES - 1, -1, -1):
        assert fault_of(reset, transport, identity, pin(OTHER), stale, **call).code == "D25_AUTH_REFUSED"
        assert made.key_tries["reset"] == left
    assert fault_of(reset, transport, identity, pin(OTHER), window, **call).code == "D13_LOCKED"
    assert verify(transport, identity, pin(INITIAL)).initial, "the PIN is what it was, and still works"


def test_a_card_that_goes_during_the_reset_is_not_given_the_order_again(bench, card, till, window):
    made = card("3_auth", Quirks(drop_after=19 + 3 + 3))  # a read, whose card it is, its proof and two challenges
    transport = bench.insert(made)
    identity = read_identity(transport, TODAY, till)
    document = id_card.typed(identity.certno, TODAY, identity.psn_name)
    call = {"window": HERE, "document": document}
    assert fault_of(reset, transport, identity, pin(OTHER), window, **call).code == "D04_CARD_GONE"
    assert made.commands == 26


def test_the_new_pin_goes_to_the_card_sealed_and_its_order_works_once(shut, window, caplog):
    made, transport, identity, document = shut
    listening = Listening(transport)
    given = pin(OTHER)
    with given:
        reset(listening, identity, given, window, window=HERE, document=document)
    assert not any(given.packed)
    sent = b"".join(was for was, _ in listening.sent)
    for text in (bytes.fromhex(OTHER), OTHER.encode()):
        assert text not in sent
    assert OTHER not in caplog.text
    (order,) = [was for was, _ in listening.sent if was[:2] == b"\x84\x24"]
    change(transport, identity, pin(OTHER), pin(WRONG))
    transport.connect()
    assert transport.transmit(order).hex() == "6985", "without a challenge"
    transport.transmit(SELECT_SSSE)
    transport.transmit(bytes.fromhex("0084000008"))
    assert transport.transmit(order).hex() == "6988", "for another challenge"
    transport.close()
    assert verify(transport, identity, pin(WRONG)) == Verified(initial=False)
    assert made.key_tries["reset"] == KEY_TRIES - 1
