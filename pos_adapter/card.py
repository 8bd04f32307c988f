"""A virtual social security card: bytes in, bytes out, as a chip of generation 1, 2 or 3 would answer.

It stands behind the real PC/SC stack (``vpcd``) or directly behind the reader (``InProcessTransport``). There is no
cryptography: with ``external_auth`` the holder's file answers 6982, as a generation-3 card does before the bureau's
module has spoken, and the authentication commands are unknown (6D00).
"""

from __future__ import annotations

import hmac
import time
from dataclasses import dataclass, field

from pos_adapter.card_image import CardImage
from pos_adapter.faults import SW_OK
from pos_adapter.records import EF05, EF06, SFI_OF, SSSE_NAME

SELECT, READ_RECORD, VERIFY, GET_RESPONSE, CHANGE_PIN = 0xA4, 0xB2, 0x20, 0xC0, 0x5E
PIN_BYTES = range(2, 9)  # 4 to 16 digits, two in a byte
_KNOWN_CLA = (0x00, 0x80)


class CardPulled(Exception):  # noqa: N818 - an event of the simulation, not an error
    """The card left the reader in the middle of a command."""


@dataclass(frozen=True)
class Quirks:
    """What a test or a training session may make a card do."""

    get_response: bool = False  # answer SELECT with 61xx and wait for GET RESPONSE
    select_p1: tuple[int, ...] = (0x00, 0x02)  # the P1 it takes in SELECT by file id
    ssse_at_reset: bool = False  # the application is selected from power-up on
    drop_after: int = -1  # pull the card at the command after so many, counted over its life
    delay_s: float = 0.0  # the chip's time for one command
    sw_at: dict[int, int] = field(default_factory=dict)  # command number, from 0, -> SW answered instead


class VirtualCard:
    """One card. The PIN's counter survives a reset, as in a chip; selection and pending data do not."""

    def __init__(self, image: CardImage, quirks: Quirks | None = None, replace: dict[int, bytes] | None = None) -> None:
        """Personalise a card; ``replace`` puts raw bytes (tag -> value) in place of a record, for damaged cards."""
        self.image, self.quirks = image, quirks or Quirks()
        self.atr = image.atr
        self.tries_left = image.pin_tries
        self.commands = 0
        self._pin = image.packed_pin
        self._files = {ef: records | {} for ef, records in image.files().items()}
        for tag, value in (replace or {}).items():
            next(records for records in self._files.values() if tag in records)[tag] = value
        self.reset()

    def reset(self) -> None:
        """Forget what a chip forgets when its power goes."""
        self._selected = self.quirks.ssse_at_reset
        self._ef: int | None = None
        self._pending = b""

    def process(self, apdu: bytes) -> bytes:
        """Answer one short APDU with data and SW; raises CardPulled when the quirks say so."""
        number, self.commands = self.commands, self.commands + 1
        if 0 <= self.quirks.drop_after <= number:
            raise CardPulled
        if self.quirks.delay_s:
            time.sleep(self.quirks.delay_s)
        if number in self.quirks.sw_at:
            return _sw(self.quirks.sw_at[number])
        return self._answer(apdu)

    def _answer(self, apdu: bytes) -> bytes:
        if len(apdu) < 4:
            return _sw(0x6700)
        cla, ins, p1, p2 = apdu[:4]
        if cla not in _KNOWN_CLA:
            return _sw(0x6E00)
        if ins != GET_RESPONSE:
            self._pending = b""
        body = apdu[4:]
        match cla, ins:
            case 0x00, 0xA4:
                return self._select(p1, body)
            case 0x00, 0xB2:
                return self._read_record(p1, p2, body)
            case 0x00, 0xC0:
                return self._get_response(body)
            case 0x00, 0x20:
                return self._verify(body) if (p1, p2) == (0, 0) else _sw(0x6A86)
            case 0x80, 0x5E:
                return self._change_pin(body) if (p1, p2) == (1, 0) else _sw(0x6A86)
        return _sw(0x6D00)

    def _select(self, p1: int, body: bytes) -> bytes:
        data = _command_data(body)
        if data is None:
            return _sw(0x6700)
        if p1 == 0x04 and data == SSSE_NAME:
            self._selected, self._ef = True, None
            return self._give(self._fci())
        ef = int.from_bytes(data, "big")
        if p1 in self.quirks.select_p1 and len(data) == 2 and self._selected and ef in self._files:
            self._ef = ef
            return _sw(SW_OK)
        return _sw(0x6A86 if p1 in (0x00, 0x02) and p1 not in self.quirks.select_p1 else 0x6A82)

    def _fci(self) -> bytes:
        # Generation 3 names its algorithm; 03 is inferred to be SM4. Without the tag it is 01.
        algorithm = bytes.fromhex("9F0C03860103") if self.image.generation == 3 else b""
        inner = bytes((0x84, len(SSSE_NAME))) + SSSE_NAME + bytes((0xA5, len(algorithm))) + algorithm
        return bytes((0x6F, len(inner))) + inner

    def _give(self, data: bytes) -> bytes:
        if not self.quirks.get_response:
            return data + _sw(SW_OK)
        self._pending = data
        return bytes((0x61, len(data)))

    def _get_response(self, body: bytes) -> bytes:
        if not self._pending:
            return _sw(0x6985)
        wanted = body[0] if body else 0
        if wanted == 0 or wanted > len(self._pending):
            return bytes((0x6C, len(self._pending)))
        part, self._pending = self._pending[:wanted], self._pending[wanted:]
        return part + (bytes((0x61, len(self._pending))) if self._pending else _sw(SW_OK))

    def _read_record(self, p1: int, p2: int, body: bytes) -> bytes:
        by_tag = p2 == 0
        if p2 & 0x07 == 0x04 and p2 >> 3 and self._selected:  # by number, in the file with this short id
            self._ef = next((ef for ef, sfi in SFI_OF.items() if sfi == p2 >> 3), self._ef)
            if SFI_OF.get(self._ef or 0) != p2 >> 3:
                return _sw(0x6A82)
        elif not by_tag and p2 != 0x04:
            return _sw(0x6A86)
        if self._ef is None:
            return _sw(0x6986)
        if self.image.external_auth and self._ef == EF06:
            return _sw(0x6982)
        records = self._files[self._ef]
        tag = p1 if by_tag else dict(enumerate(records, start=1)).get(p1, -1)
        if tag not in records:
            return _sw(0x6A83)
        record = bytes((tag, len(records[tag]))) + records[tag]
        if len(body) != 1:
            return _sw(0x6700)
        return record + _sw(SW_OK) if body[0] == len(record) else bytes((0x6C, len(record)))

    def _verify(self, body: bytes) -> bytes:
        given = _command_data(body)
        if given is None or len(given) not in PIN_BYTES:
            return _sw(0x6700)
        return _sw(self._compare(given))

    def _change_pin(self, body: bytes) -> bytes:
        old, mark, new = (_command_data(body) or b"").partition(b"\xff")
        if not mark or len(old) not in PIN_BYTES or len(new) not in PIN_BYTES or not new.hex().isdecimal():
            return _sw(0x6A80)
        sw = self._compare(old)
        if sw == SW_OK:
            self._pin = new
        return _sw(sw)

    def _compare(self, given: bytes) -> int:
        if not self._pin:
            return 0x6984
        if not self.tries_left:
            return 0x6983
        if hmac.compare_digest(given, self._pin):
            self.tries_left = self.image.pin_tries
            return SW_OK
        self.tries_left -= 1
        return 0x63C0 | self.tries_left


def _sw(value: int) -> bytes:
    return value.to_bytes(2, "big")


def _command_data(body: bytes) -> bytes | None:
    """Return the data field of a case 3 or 4 command, None when Lc and the bytes do not agree."""
    if not body or len(body) - 1 - body[0] not in (0, 1):
        return None
    return body[1 : 1 + body[0]]
