"""The contract of a vault, and what needs no secret: checking a signature, hashing."""

from __future__ import annotations

from typing import Protocol

import gmssl_pyx
from cryptography.hazmat.primitives.hashes import SM3, Hash

NONCE_BYTES, MAC_BYTES = 12, 16
OVERHEAD = 1 + NONCE_BYTES + MAC_BYTES  # bytes that a sealed text is longer than the plain one: key number, nonce, MAC
TAG_BYTES = 16


class Vault(Protocol):
    """What the rest of the house may ask of the keys."""

    def seal(self, plain: bytes, context: bytes) -> bytes:
        """Return ``plain`` sealed (``OVERHEAD`` bytes longer), other bytes each time.

        ``context`` is not stored but authenticated: the same must be given to open, so a sealed text that was moved to
        another place of a store does not open there.
        """

    def open(self, sealed: bytes, context: bytes) -> bytes:
        """Return the plain bytes. Raises NotAvailable V02 if the key is another, or bytes or context were changed."""

    def tag(self, text: str) -> bytes:
        """Return the keyed look-up hash of a text, 16 bytes: equal texts, equal tags; without the key nobody can try."""

    def sign(self, content: bytes) -> bytes:
        """Return a signature, ASN.1 DER of about 70 bytes, other bytes each time; ``verify`` checks it."""

    @property
    def public_key(self) -> bytes:
        """The key that checks signatures, 64 bytes: x and y of the point."""

    @property
    def name(self) -> str:
        """What these keys are known by, 8 hex digits; a book keeps it, so that another key file is told at once."""


def verify(public_key: bytes, content: bytes, signature: bytes) -> bool:
    """Return whether ``signature`` was made over ``content`` with the private half of ``public_key``."""
    try:
        return bool(gmssl_pyx.sm2_verify(public_key, content, signature))
    except gmssl_pyx.InvalidValueError:  # not a point of the curve, or no signature at all
        return False


def sm3(content: bytes) -> bytes:
    """Return the SM3 digest, 32 bytes."""
    digest = Hash(SM3())
    digest.update(content)
    return digest.finalize()
