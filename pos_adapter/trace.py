"""Every command and answer of a read, with the person's data masked: what a shop can send to whoever helps it.

Masked are the values of the holder's file, of 卡识别码 and 卡号, and the data of every command that may hold a PIN or an
authentication; tags, lengths, status words and times stay.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import NamedTuple

from pos_adapter import records
from pos_adapter.transport import Transport
from settlement.errors import CardFault

_SECRET_INS = frozenset((0x20, 0x24, 0x5E, 0x82, 0x88, 0x84))  # VERIFY, unblock, change, authentications, challenge
_OPEN_TAGS = frozenset(
    item.tag for item in (records.CATEGORY, records.VERSION, records.ISSUER, records.ISSUED, records.VALID_UNTIL)
)
_READ, _GET_RESPONSE = 0xB2, 0xC0


class Step(NamedTuple):
    """One command: ``sent`` and ``got`` in hex, masked with ``··`` a byte; ``ms`` how long it took, ``fault`` a code."""

    sent: str
    got: str
    ms: float
    fault: str = ""


class Traced:
    """A transport that tells every step to ``on_step`` and changes nothing."""

    def __init__(self, inner: Transport, on_step: Callable[[Step], None]) -> None:
        self._inner, self._on_step, self.how = inner, on_step, inner.how
        self._hidden = False  # the last answer was hidden, so what is fetched of it is too

    def connect(self) -> bytes:
        """Connect and tell the ATR."""
        return self._told("connect", self._inner.connect, shown_of(b""))

    def transmit(self, apdu: bytes | bytearray) -> bytes:
        """Send a command and tell it."""
        shown = shown_of(apdu)
        if len(apdu) > 1 and apdu[1] == _GET_RESPONSE:
            shown = Shown(shown.command, self._hidden)
        self._hidden = shown.hides_answer
        return self._told(shown.command, lambda: self._inner.transmit(apdu), shown)

    def close(self) -> None:
        """Disconnect."""
        self._inner.close()

    def _told(self, sent: str, call: Callable[[], bytes], shown: Shown) -> bytes:
        began = time.perf_counter_ns()
        try:
            response = call()
        except CardFault as error:
            self._on_step(Step(sent, "", _ms(began), error.code))
            raise
        self.how = self._inner.how
        self._on_step(Step(sent, masked_answer(response) if shown.hides_answer else spaced(response), _ms(began)))
        return response


class Shown(NamedTuple):
    """How a command is shown, and whether its answer holds what must not be."""

    command: str
    hides_answer: bool


def shown_of(apdu: bytes | bytearray) -> Shown:
    """Return how a command may be shown."""
    if len(apdu) < 4:
        return Shown(spaced(bytes(apdu)), False)
    if apdu[1] in _SECRET_INS:
        return Shown(f"{spaced(bytes(apdu[:5]))} {hidden(len(apdu) - 5)}".rstrip(), True)
    by_tag = apdu[1] == _READ and apdu[3] == 0x00
    return Shown(spaced(bytes(apdu)), apdu[1] == _READ and not (by_tag and apdu[2] in _OPEN_TAGS))


def masked_answer(response: bytes) -> str:
    """Return an answer with everything but tag, length and status word masked."""
    data, sw = response[:-2], response[-2:]
    return " ".join(part for part in (spaced(data[:2]), hidden(len(data) - 2), spaced(sw)) if part)


def spaced(data: bytes) -> str:
    """Return bytes as hex, a space between."""
    return data.hex(" ").upper()


def hidden(count: int) -> str:
    """Return a mark for each of so many bytes."""
    return " ".join(["··"] * max(0, count))


def _ms(began: int) -> float:
    return round((time.perf_counter_ns() - began) / 1e6, 3)
