"""A virtual social security card: bytes in, bytes out, as a chip of generation 1, 2 or 3 would answer.

It stands behind the real PC/SC stack (``vpcd``) or directly behind the reader (``InProcessTransport``). With
``external_auth`` the holder's file answers 6982 until the reader has proved the card's key, as on a generation-3 card; the
cryptography is that of ``card_crypto``, for test keys. A card without keys knows no such key (6A88).
"""

from __future__ import annotations

import hmac
import secrets
import threading
import time
from dataclasses import dataclass, field

from pos_adapter import card_crypto
from pos_adapter.card_crypto import CRYPTOGRAM, FACTOR, MAC, SEALED
from pos_adapter.card_image import CardImage
from pos_adapter.faults import SW_OK
from pos_adapter.psam import READ_KEY
from pos_adapter.records import ALGORITHM_HEAD, EF06, SFI_OF, SSSE_NAME

PIN_BYTES = range(2, 9)  # 4 to 16 digits, two in a byte
KEY_TRIES = 3  # wrong proofs in a row until a key is locked; how many a real card allows is not known
_KNOWN_CLA = (0x00, 0x80, 0x84)
# CLA and INS of what has to do with the PIN or a key -> the P1 and P2 that it takes.
_P1_P2 = {
    b"\x00\x20": b"\x00\x00", b"\x80\x5e": b"\x01\x00", b"\x00\x84": b"\x00\x00", b"\x00\x88": b"\x00\x00",
    b"\x00\x82": bytes((0x00, READ_KEY)), b"\x84\x24": b"\x00\x00",
}  # fmt: skip
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
    mute_after: int = -1  # answer no more from the command after so many on, until the card is taken out
    delay_s: float = 0.0  # the chip's time for one command
    sw_at: dict[int, int] = field(default_factory=dict)  # command number, from 0, -> SW answered instead


class VirtualCard:
    """One card. The PIN's counter survives a reset, as in a chip; selection and pending data do not."""

    def __init__(self, image: CardImage, quirks: Quirks | None = None, replace: dict[int, bytes] | None = None) -> None:
        """Personalise a card; ``replace`` puts raw bytes (tag -> value) in place of a record, for damaged cards."""
        self.image, self.quirks = image, quirks or Quirks()
        self.atr = image.atr
        self.tries_left = image.pin_tries
        self.key_tries = dict.fromkeys(("read", "reset"), KEY_TRIES)
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
        self._challenge = b""
        self._opened = False

    def process(self, apdu: bytes | bytearray) -> bytes:
        """Answer one short APDU with data and SW; raises CardPulled when the quirks say so."""
        number, self.commands = self.commands, self.commands + 1
        if 0 <= self.quirks.drop_after <= number:
            raise CardPulled
        if 0 <= self.quirks.mute_after <= number:
            threading.Event().wait()  # its thread ends with the program
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
        challenge = self._challenge
        if ins != 0xC0:
            self._pending, self._challenge = b"", b""  # a challenge is good for the next command only
        match cla, ins:
            case 0x00, 0xA4:
                return self._select(p1, body)
            case 0x00, 0xB2:
                return self._read_record(p1, p2, body)
            case 0x00, 0xC0:
                return self._get_response(body)
        return self._with_keys(bytes(apdu[:4]), body, challenge)

    def _with_keys(self, head: bytes, body: bytes, challenge: bytes) -> bytes:
        """Answer what has to do with the PIN or a key."""
        if head[:2] not in _P1_P2:
            raise _Status(0x6D00)
        if head[2:] != _P1_P2[head[:2]]:
            raise _Status(0x6A86)
        if head[1] == 0x84:
            return self._give_challenge(body)
        data = _command_data(body)
        match head[1]:
            case 0x20:
                return self._verify(data)
            case 0x5E:
                return self._change_pin(data)
            case 0x88:
                return self._prove(data)
            case 0x82:
                return self._believe(data, challenge)
        return self._unblock(head, data, challenge)

    def _select(self, p1: int, body: bytes) -> bytes:
        data = _command_data(body)
        if p1 == 0x04 and data == SSSE_NAME:
            self._selected, self._ef, self._opened = True, None, False
            return self._give(self._fci())
        if p1 in (0x00, 0x02) and p1 not in self.quirks.select_p1:
            raise _Status(0x6A86)
        ef = int.from_bytes(data, "big") if len(data) == 2 else -1
        if p1 not in self.quirks.select_p1 or not self._selected or ef not in self._files:
            raise _Status(0x6A82)
        self._ef = ef
        return _DONE

    def _fci(self) -> bytes:
        # A card names its algorithm where it is not 01; 03 is inferred to be SM4.
        number = self.image.cipher
        algorithm = b"" if number == 0x01 else ALGORITHM_HEAD + bytes((number,))
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
        if self.image.external_auth and self._ef == EF06 and not self._opened:
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

    def _give_challenge(self, body: bytes) -> bytes:
        if len(body) != 1:
            raise _Status(0x6700)
        if body[0] != CRYPTOGRAM:
            raise _Status(0x6C00 | CRYPTOGRAM)
        self._challenge = secrets.token_bytes(CRYPTOGRAM)
        return self._challenge + _DONE

    def _prove(self, data: bytes) -> bytes:
        """Answer the reader's factor and data with what only this card's key makes of them."""
        if len(data) != FACTOR + CRYPTOGRAM:
            raise _Status(0x6700)
        return self._give(
            card_crypto.cryptogram(self.image.cipher, self._key("internal"), data[:FACTOR], data[FACTOR:])
        )

    def _believe(self, data: bytes, challenge: bytes) -> bytes:
        """Open the holder's file to a reader that answers the challenge; a wrong answer costs the key a try."""
        if len(data) != FACTOR + CRYPTOGRAM:
            raise _Status(0x6700)
        key = self._counted_key("read", challenge)
        right = card_crypto.cryptogram(self.image.cipher, key, data[:FACTOR], challenge)
        self._opened = self._judged("read", hmac.compare_digest(right, data[FACTOR:]), 0x63C0)
        return _DONE

    def _unblock(self, head: bytes, data: bytes, challenge: bytes) -> bytes:
        """Take a new PIN, sealed and bound to the challenge by the key that only a service window has."""
        if len(data) != SEALED + MAC:
            raise _Status(0x6700)
        cipher, key, hidden = self.image.cipher, self._counted_key("reset", challenge), data[:SEALED]
        right = card_crypto.mac(cipher, key, challenge, head + bytes((len(data),)) + hidden)
        self._judged("reset", hmac.compare_digest(right, data[SEALED:]), 0x6988)
        try:
            new = card_crypto.opened(cipher, key, challenge, hidden)
        except ValueError:
            raise _Status(0x6A80) from None
        if len(new) not in PIN_BYTES or not new.hex().isdecimal():
            raise _Status(0x6A80)
        self._pin, self.tries_left = new, self.image.pin_tries
        return _DONE

    def _key(self, name: str) -> bytes:
        if not self._selected:
            raise _Status(0x6985)
        key = self.image.keys.of(name)
        if not key:
            raise _Status(0x6A88)
        return key

    def _counted_key(self, name: str, challenge: bytes) -> bytes:
        key = self._key(name)
        if not self.key_tries[name]:
            raise _Status(0x6983)
        if not challenge:
            raise _Status(0x6985)
        return key

    def _judged(self, name: str, right: bool, sw: int) -> bool:
        """Return True for a right proof; a wrong one costs the key a try and is told as ``sw``, 63C0 with what is left."""
        self.key_tries[name] = KEY_TRIES if right else self.key_tries[name] - 1
        if not right:
            raise _Status(sw | self.key_tries[name] if sw == 0x63C0 else sw)
        return True

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


def _command_data(body: bytes) -> bytes:
    """Return the data field of a case 3 or 4 command; Lc and the bytes must agree."""
    if not body or len(body) - 1 - body[0] not in (0, 1):
        raise _Status(0x6700)
    return body[1 : 1 + body[0]]
