"""The vault whose keys are in memory."""

from __future__ import annotations

import os
from typing import Any

import gmssl_pyx
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.hashes import SM3
from cryptography.hazmat.primitives.hmac import HMAC

from settlement.errors import NotAvailable
from settlement.vault.contract import MAC_BYTES, NONCE_BYTES, OVERHEAD, TAG_BYTES, sm3, verify
from settlement.vault.texts import Keys, keys_of, malformed


def _locked(found: str) -> NotAvailable:
    return NotAvailable(
        "V02_CANNOT_OPEN",
        found,
        "The text was sealed with another key or its bytes were changed; nothing of it is shown",
        "Use the key file this book was made with; if it is that one, run the audit of the book",
        "数据无法解密：密钥不符或内容被改动，请核对密钥文件并运行账本审计",
    )


class KeyVault:
    """A vault whose keys are in memory, safe to use from several threads.

    Raises BadInput V04 if the signing pair is none.
    """

    def __init__(self, keys: Keys) -> None:
        self._sealing = {number: algorithms.SM4(key) for number, key in keys.seal.items()}
        self._newest = max(keys.seal)
        self._first_byte = bytes([self._newest])
        self._new = self._sealing[self._newest]
        self._tagging = HMAC(keys.tag, SM3())
        self._private, self._public = keys.private, keys.public
        if not self._is_pair():
            raise malformed("[sign]: the public key does not belong to the private one")
        # The name stands for all three kinds: the first sealing key never leaves the file, so rotation keeps the name.
        first = HMAC(keys.seal[min(keys.seal)], SM3())
        first.update(b"name of the keys")
        self._name = sm3(keys.public + self.tag("name of the keys") + first.finalize()).hex()[:8]

    def _is_pair(self) -> bool:
        try:
            return verify(self._public, b"pair", self.sign(b"pair"))
        except gmssl_pyx.GmsslInnerError:  # no point of the curve, or no private key of it
            return False

    @classmethod
    def from_text(cls, text: str) -> KeyVault:
        """Return the vault of a key text (TOML or JSON). Raises BadInput V04."""
        return cls(keys_of(text))

    def __repr__(self) -> str:
        return f"KeyVault({self._name}, {len(self._sealing)} sealing)"

    def __reduce__(self) -> Any:
        raise TypeError("a KeyVault is not written anywhere")

    @property
    def public_key(self) -> bytes:
        """The key that checks signatures, 64 bytes."""
        return self._public

    @property
    def name(self) -> str:
        """What these keys are known by, 8 hex digits."""
        return self._name

    def seal(self, plain: bytes, context: bytes) -> bytes:
        """Seal with the newest key: number, nonce, text, MAC."""
        nonce = os.urandom(NONCE_BYTES)
        cipher = Cipher(self._new, modes.GCM(nonce)).encryptor()
        cipher.authenticate_additional_data(context)
        text = cipher.update(plain)
        cipher.finalize()
        return b"".join((self._first_byte, nonce, text, cipher.tag))

    def open(self, sealed: bytes, context: bytes) -> bytes:
        """Open with the key that the text names. Raises NotAvailable V02."""
        if len(sealed) < OVERHEAD:
            raise _locked(f"a sealed text of {len(sealed)} bytes, cut short")
        algorithm = self._sealing.get(sealed[0])
        if algorithm is None:
            raise _locked(f"a text sealed with key number {sealed[0]}, which keys {self._name} do not have")
        cipher = Cipher(algorithm, modes.GCM(sealed[1 : 1 + NONCE_BYTES], sealed[-MAC_BYTES:])).decryptor()
        cipher.authenticate_additional_data(context)
        plain = cipher.update(sealed[1 + NONCE_BYTES : -MAC_BYTES])
        try:
            cipher.finalize()
        except InvalidTag:
            raise _locked(f"a sealed text that keys {self._name} do not open") from None
        return plain

    def tag(self, text: str) -> bytes:
        """Return HMAC-SM3 of the UTF-8 bytes, the first 16."""
        mac = self._tagging.copy()
        mac.update(text.encode())
        return mac.finalize()[:TAG_BYTES]

    def sign(self, content: bytes) -> bytes:
        """Sign with SM2 over SM3, signer id 1234567812345678 (the standard's default)."""
        return gmssl_pyx.sm2_sign(self._private, self._public, content)
