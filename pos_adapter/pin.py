"""The social security PIN of a card: verified, changed and reset, one try for one act of the holder.

A try that the card counts is never repeated by this program, and none is ever guessed. How many tries are left is what the
card itself said last (63Cx); a command that only asks for the counter is not known from any source about these cards, so
none is sent. Digits are kept in bytearrays that are wiped as soon as they were sent; no text, log or error holds them.

Known (read in public sources): VERIFY ``00 20 00 00 Lc PIN``, CHANGE ``80 5E 01 00 Lc old FF new`` and unblocking by
``84 24 00 p2`` with a MAC; two digits a byte, 4 to 16 digits. Odd counts were never seen and are refused. What unblocking
carries no source shows: a window's module makes it, ``card_crypto`` for test cards. That some areas refuse to settle with the
initial PIN is known from a driver's return code (-35); which areas do is for each area's guide to say.
"""

from __future__ import annotations

import hmac
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

from pos_adapter.external_auth import challenge_of, proved, refused
from pos_adapter.faults import SW_OK, fault, from_sw
from pos_adapter.psam import ResetAuth
from pos_adapter.reader import same_card
from pos_adapter.transport import Transport, exchange
from settlement.errors import CardFault
from settlement.identity import CERT_ID_CARD, PresentedIdentity

INITIAL = ("123456",)  # of a social security account, where no area says otherwise
COUNTS = range(4, 17, 2)
_VERIFY, _CHANGE, _UNBLOCK = bytes.fromhex("00200000"), bytes.fromhex("805E0100"), bytes.fromhex("84240000")
_SPLIT = 0xFF


class Pin:
    """Typed digits, packed two in a byte; wiped when the ``with`` ends. What it was made from is wiped at once."""

    def __init__(self, typed: bytearray) -> None:
        """Take ASCII digits over. Raises CardFault D38 for what cannot be a PIN; no try is lost by it."""
        count, digits = len(typed), all(0x30 <= one <= 0x39 for one in typed)
        self.packed = bytearray()
        if digits and count in COUNTS:
            self.packed = bytearray((typed[at] - 0x30) << 4 | typed[at + 1] - 0x30 for at in range(0, count, 2))
        wipe(typed)
        if not self.packed:
            raise fault("D38_PIN_LENGTH", f"{count} characters" + ("" if digits else ", not all digits"))

    def __enter__(self) -> Pin:
        return self

    def __exit__(self, *_: object) -> None:
        wipe(self.packed)

    def __repr__(self) -> str:
        return "Pin(****)"

    def __reduce__(self) -> str:
        raise TypeError("a Pin is not written anywhere")

    def same(self, other: Pin) -> bool:
        """Tell whether two PINs are the same digits."""
        return hmac.compare_digest(self.packed, other.packed)

    def is_initial(self, initial: tuple[str, ...]) -> bool:
        """Tell whether it is one of an area's initial PINs."""
        return any(hmac.compare_digest(self.packed, bytes.fromhex(text)) for text in initial)


class PinRule(NamedTuple):
    """An area's rule: which PINs its cards are issued with, and whether it settles with such a one."""

    initial: tuple[str, ...] = INITIAL
    settles: bool = True


ANY_AREA = PinRule()  # where an area says nothing


class Verified(NamedTuple):
    """The PIN was right; ``initial``: it is the one that the card was issued with, and should be changed."""

    initial: bool


class Window(NamedTuple):
    """A service window where PINs are reset: the office's code and the clerk who compared card and ID card."""

    office: str
    clerk: str


class Tries:
    """What cards said of their counters, by 卡识别码: before the last try the holder is asked once more."""

    def __init__(self) -> None:
        self._left: dict[str, int] = {}

    def left(self, card_sn: str) -> int | None:
        """Return how many tries a card has left by its own word, None if it has not said."""
        return self._left.get(card_sn)

    @contextmanager
    def counted(self, card_sn: str, confirmed: bool) -> Iterator[None]:
        """Allow one try and keep what the card says of it. Raises CardFault D33 before an unconfirmed last try."""
        if self._left.get(card_sn) == 1 and not confirmed:
            raise fault("D33_PIN_LAST_TRY", "the card has one try left")
        try:
            yield
        except CardFault as error:
            left = tries_left(error)
            if left is not None:
                self._left[card_sn] = left
            raise
        self._left.pop(card_sn, None)


def tries_left(error: CardFault) -> int | None:
    """Return how many tries an error says are left, None if it does not speak of them."""
    if error.code == "D31_PIN_BLOCKED":
        return 0
    said = error.found.rpartition(": ")[2]
    return int(said.split()[0]) if error.code == "D30_PIN_WRONG" and said.endswith("tries left") else None


def verify(
    transport: Transport,
    identity: PresentedIdentity,
    pin: Pin,
    initial: tuple[str, ...] = INITIAL,
    *,
    settles: bool = True,
) -> Verified:
    """Let the card compare the PIN, once. ``settles``: whether the area settles with the initial PIN.

    Raises CardFault: D21 for another card than the one that was read, D30 with the tries left, D31, D32, D34 for the initial PIN where it does
    not settle. The connection is closed in every case.
    """
    with same_card(transport, identity):
        _sent(transport, _VERIFY, pin.packed, "VERIFY")
    found = Verified(pin.is_initial(initial))
    if found.initial and not settles:
        raise fault("D34_PIN_INITIAL", "the PIN is the one that the card was issued with")
    return found


def change(
    transport: Transport, identity: PresentedIdentity, old: Pin, new: Pin, initial: tuple[str, ...] = INITIAL
) -> None:
    """Let the card take a new PIN, once; the old one is a try like any other.

    Raises CardFault: D35 for a new PIN that is the initial or the old one (nothing was sent), else as ``verify``.
    """
    if new.is_initial(initial) or new.same(old):
        raise fault("D35_PIN_NOT_NEW", "the new PIN is the old or the initial one")
    both = bytearray((*old.packed, _SPLIT, *new.packed))
    try:
        with same_card(transport, identity):
            _sent(transport, _CHANGE, both, "CHANGE PIN")
    finally:
        wipe(both)


def reset(
    transport: Transport,
    identity: PresentedIdentity,
    new: Pin,
    auth: ResetAuth,
    *,
    window: Window,
    document: PresentedIdentity,
    initial: tuple[str, ...] = INITIAL,
) -> None:
    """Give the card of ``identity`` a new PIN and all its tries, at a service window, for the holder of ``document``.

    ``document``: what the holder's ID card says, number and name. The card proves itself first; the order, which the card counts
    against its key, is sent once. Raises CardFault: D27 where there is no window or ``auth`` lacks the key, D26 for another
    person's document, D35 for the initial PIN, D24, D25, D13 of the card's key.
    """
    if not (window.office.strip() and window.clerk.strip()):
        raise fault("D27_NOT_AT_A_WINDOW", "no office or no clerk is named")
    _check_holder(identity, document)
    if new.is_initial(initial):
        raise fault("D35_PIN_NOT_NEW", "the new PIN is the initial one")
    with same_card(transport, identity) as card:
        proved(transport, card, auth)
        data = auth.order(card, challenge_of(transport), _UNBLOCK, new.packed)
        _, sw = exchange(transport, _UNBLOCK + bytes((len(data),)) + data)
    if sw != SW_OK:
        raise refused(sw, "PIN UNBLOCK")


def _check_holder(identity: PresentedIdentity, document: PresentedIdentity) -> None:
    if document.mdtrt_cert_type != CERT_ID_CARD:
        raise fault("D26_NOT_THE_HOLDER", "the document is not an ID card")
    if not identity.certno or identity.certno.upper() != document.certno.upper():
        raise fault("D26_NOT_THE_HOLDER", "the number on the document is not the card's")
    if not identity.psn_name or identity.psn_name != document.psn_name:
        raise fault("D26_NOT_THE_HOLDER", "the name on the document is not the card's")


def wipe(secret: bytearray) -> None:
    """Overwrite a secret where it lies."""
    secret[:] = bytes(len(secret))


def _sent(transport: Transport, head: bytes, data: bytearray, doing: str) -> None:
    command = bytearray((*head, len(data), *data))
    try:
        _, sw = exchange(transport, command)
    finally:
        wipe(command)
    if sw != SW_OK:
        raise from_sw(sw, doing)
