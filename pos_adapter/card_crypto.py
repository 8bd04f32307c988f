"""What a card and a security module reckon with the same key: diversified keys, cryptograms, a sealed PIN.

The algorithms are those that public descriptions name (3DES for older cards, SM4 for generation 3), and so are the lengths:
factors and data of 8 bytes, cryptograms of 8. How they are put together is NOT known from a source: the paid standard was
not read. Here it follows what banking cards do, from memory (a factor and its complement make a key; SM4's block is folded).
It serves test cards; a real card will want its own module, or the bureau's key server.
"""

from __future__ import annotations

import re
from enum import IntEnum

import msgspec
from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES
from cryptography.hazmat.primitives.ciphers import Cipher, modes
from cryptography.hazmat.primitives.ciphers.algorithms import SM4

FACTOR, CRYPTOGRAM, MAC = 8, 8, 4  # bytes
SEALED = 16  # bytes of an enciphered PIN: its length, at most 8 bytes of digits, padding
_KEY = re.compile(r"[0-9A-Fa-f]{32}")
_FOR_PIN, _FOR_MAC = 0x36, 0x5C  # one challenge gives two keys, one for each use
_MARK = 0x80  # ends what is padded


class Algorithm(IntEnum):
    """The number by which a card names its algorithm; that 03 is SM4 is inferred, that 01 is 3DES remembered."""

    DES3 = 0x01
    SM4 = 0x03

    @property
    def block(self) -> int:
        """Bytes of one block."""
        return 16 if self is Algorithm.SM4 else 8


class KeySet(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Keys of 16 bytes as hexadecimal digits, of a card or of a module; '' is a key that it does not hold.

    ``internal`` proves the card, ``read`` (RKSSSE) opens the holder's file, ``reset`` gives a new PIN. Not shown anywhere.
    """

    internal: str = ""
    read: str = ""
    reset: str = ""

    def __post_init__(self) -> None:
        for name in self.__struct_fields__:
            if (text := getattr(self, name)) and not _KEY.fullmatch(text):
                raise ValueError(f"key {name} is not 32 hexadecimal digits")

    def __repr__(self) -> str:
        return f"KeySet({', '.join(name for name in self.__struct_fields__ if getattr(self, name))})"

    def of(self, name: str) -> bytes:
        """Return one key, empty if it is not held."""
        return bytes.fromhex(getattr(self, name))


def diversified(algorithm: Algorithm, key: bytes, factor: bytes) -> bytes:
    """Return the key that ``key`` becomes for a factor of 8 bytes: a region's, a card's, or one session's."""
    return _encrypted(algorithm, key, factor + bytes(one ^ 0xFF for one in factor))


def cryptogram(algorithm: Algorithm, key: bytes, factor: bytes, data: bytes) -> bytes:
    """Return the 8 bytes that prove the key without showing it, for a session's factor and 8 bytes of data."""
    session = diversified(algorithm, key, factor)
    block = _encrypted(algorithm, session, data.ljust(algorithm.block, b"\0"))
    return block if algorithm.block == CRYPTOGRAM else _folded(block)


def sealed(algorithm: Algorithm, key: bytes, challenge: bytes, pin: bytearray) -> bytes:
    """Return a packed PIN enciphered for one challenge of the card."""
    block = bytearray(SEALED)
    block[: 1 + len(pin)] = bytearray((len(pin), *pin))
    block[1 + len(pin)] = _MARK
    try:
        encryptor = _cbc(algorithm, _session(algorithm, key, challenge, _FOR_PIN)).encryptor()
        return encryptor.update(block) + encryptor.finalize()
    finally:
        block[:] = bytes(SEALED)


def opened(algorithm: Algorithm, key: bytes, challenge: bytes, data: bytes) -> bytes:
    """Return the packed PIN that was sealed. Raises ValueError for anything else."""
    decryptor = _cbc(algorithm, _session(algorithm, key, challenge, _FOR_PIN)).decryptor()
    block = decryptor.update(data) + decryptor.finalize()
    count = block[0]
    if count > SEALED - 2 or block[1 + count :] != bytes((_MARK,)).ljust(SEALED - 1 - count, b"\0"):
        raise ValueError("not a sealed PIN")
    return block[1 : 1 + count]


def mac(algorithm: Algorithm, key: bytes, challenge: bytes, text: bytes) -> bytes:
    """Return the 4 bytes that bind a whole command to one challenge of the card."""
    padded = text + bytes((_MARK,)) + bytes(-(len(text) + 1) % algorithm.block)
    encryptor = _cbc(algorithm, _session(algorithm, key, challenge, _FOR_MAC)).encryptor()
    return (encryptor.update(padded) + encryptor.finalize())[-algorithm.block :][:MAC]


def _session(algorithm: Algorithm, key: bytes, challenge: bytes, use: int) -> bytes:
    return diversified(algorithm, key, bytes(one ^ use for one in challenge))


def _encrypted(algorithm: Algorithm, key: bytes, data: bytes) -> bytes:
    encryptor = Cipher(_keyed(algorithm, key), modes.ECB()).encryptor()
    return encryptor.update(data) + encryptor.finalize()


def _cbc(algorithm: Algorithm, key: bytes) -> Cipher[modes.CBC]:
    return Cipher(_keyed(algorithm, key), modes.CBC(bytes(algorithm.block)))  # a key is used once, so zero will do


def _keyed(algorithm: Algorithm, key: bytes) -> SM4 | TripleDES:
    return SM4(key) if algorithm is Algorithm.SM4 else TripleDES(key + key[:8])


def _folded(block: bytes) -> bytes:
    return bytes(left ^ right for left, right in zip(block[:8], block[8:], strict=True))
