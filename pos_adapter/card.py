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
from pos_adapter.records import EF06, SFI_OF, SSSE_NAME

PIN_BYTES = range(2, 9)  # 4 to 16 digits, two in a byte
_KNOWN_CLA = (0x00, 0x80)
_DONE = SW_OK.to_bytes(2, "big")


class CardPulled(Exception):
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

    def process(self, apdu: bytes | bytearray) -> bytes:
        """Answer one short APDU with data and SW; raises CardPulled when the quirks say so."""
        number, self.commands = self.commands, self.commands + 1
        if 0 <= self.quirks.drop_after <= number:
            raise CardPulled
        if self.quirks.delay_s:
            time.sleep(self.quirks.delay_s)
        try:
            if number in self.quirks.sw_at:
                raise _Status(self.quirks.sw_at[number])
            return self._answer(apdu)
        except _Status as status:
            return status.answer

    def _answer(self, apdu: bytes | bytearray) -> bytes:
        if len(apdu) < len(("cla", "ins", "p1", "p2")):
            raise _Status(0x6700)
        (cla, ins, p1, p2), body = apdu[:4], bytes(apdu[4:])
        if cla not in _KNOWN_CLA:
            raise _Status(0x6E00)
        if ins != 0xC0:
            self._pending = b""
        match cla, ins:
            case 0x00, 0xA4:
                return self._select(p1, body)
            case 0x00, 0xB2:
                return self._read_record(p1, p2, body)
            case 0x00, 0xC0:
                return self._get_response(body)
            case 0x00, 0x20:
                _require((p1, p2) == (0x00, 0x00))
                return self._verify(_command_data(body))
            case 0x80, 0x5E:
                _require((p1, p2) == (0x01, 0x00))
                return self._change_pin(_command_data(body))
        raise _Status(0x6D00)

    def _select(self, p1: int, body: bytes) -> bytes:
        data = _command_data(body)
        if p1 == 0x04 and data == SSSE_NAME:
            self._selected, self._ef = True, None
            return self._give(self._fci())
        if p1 in (0x00, 0x02) and p1 not in self.quirks.select_p1:
            raise _Status(0x6A86)
        ef = int.from_bytes(data, "big") if len(data) == 2 else -1
        if p1 not in self.quirks.select_p1 or not self._selected or ef not in self._files:
            raise _Status(0x6A82)
        self._ef = ef
        return _DONE

    def _fci(self) -> bytes:
        # Generation 3 names its algorithm; 03 is inferred to be SM4. Without the tag it is 01.
        algorithm = bytes.fromhex("9F0C03860103") if self.image.generation == 3 else b""
        inner = bytes((0x84, len(SSSE_NAME))) + SSSE_NAME + bytes((0xA5, len(algorithm))) + algorithm
        return bytes((0x6F, len(inner))) + inner

    def _give(self, data: bytes) -> bytes:
        if not self.quirks.get_response:
            return data + _DONE
        self._pending = data
        raise _Status(0x6100 | len(data))

    def _get_response(self, body: bytes) -> bytes:
        if not self._pending:
            raise _Status(0x6985)
        wanted = body[0] if body else 0
        if wanted == 0 or wanted > len(self._pending):
            raise _Status(0x6C00 | len(self._pending))
        part, self._pending = self._pending[:wanted], self._pending[wanted:]
        return part + (bytes((0x61, len(self._pending))) if self._pending else _DONE)

    def _read_record(self, p1: int, p2: int, body: bytes) -> bytes:
        """P2 is 00 for a tag in the current file, 04 for a number in it, short id * 8 + 4 for a number elsewhere."""
        sfi, mode = p2 >> 3, p2 & 0x07
        if mode != 0x04 and p2 != 0x00:
            raise _Status(0x6A86)
        if sfi:
            self._ef = self._file_by_short_id(sfi)
        if self._ef is None:
            raise _Status(0x6986)
        if self.image.external_auth and self._ef == EF06:
            raise _Status(0x6982)
        records = self._files[self._ef]
        tag = p1 if p2 == 0x00 else dict(enumerate(records, start=1)).get(p1, -1)
        if tag not in records:
            raise _Status(0x6A83)
        record = bytes((tag, len(records[tag]))) + records[tag]
        if len(body) != 1:
            raise _Status(0x6700)
        if body[0] != len(record):
            raise _Status(0x6C00 | len(record))
        return record + _DONE

    def _file_by_short_id(self, sfi: int) -> int:
        if not self._selected or sfi not in SFI_OF.values():
            raise _Status(0x6A82)
        return next(ef for ef, short in SFI_OF.items() if short == sfi)

    def _verify(self, given: bytes) -> bytes:
        if len(given) not in PIN_BYTES:
            raise _Status(0x6700)
        self._compare(given)
        return _DONE

    def _change_pin(self, data: bytes) -> bytes:
        old, mark, new = data.partition(b"\xff")
        if not mark or len(old) not in PIN_BYTES or len(new) not in PIN_BYTES or not new.hex().isdecimal():
            raise _Status(0x6A80)
        self._compare(old)
        self._pin = new
        return _DONE

    def _compare(self, given: bytes) -> None:
        """Return when the PIN is right; a wrong one costs a try."""
        if not self._pin:
            raise _Status(0x6984)
        if not self.tries_left:
            raise _Status(0x6983)
        if not hmac.compare_digest(given, self._pin):
            self.tries_left -= 1
            raise _Status(0x63C0 | self.tries_left)
        self.tries_left = self.image.pin_tries


class _Status(Exception):
    """A command that ends with nothing but this status word."""

    def __init__(self, sw: int) -> None:
        self.answer = sw.to_bytes(2, "big")
        super().__init__(f"SW {sw:04X}")


def _require(right_p1_p2: bool) -> None:
    if not right_p1_p2:
        raise _Status(0x6A86)


def _command_data(body: bytes) -> bytes:
    """Return the data field of a case 3 or 4 command; Lc and the bytes must agree."""
    if not body or len(body) - 1 - body[0] not in (0, 1):
        raise _Status(0x6700)
    return body[1 : 1 + body[0]]
