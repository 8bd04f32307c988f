"""The body cipher: SM4 (GB/T 32907) over the JSON text of a node, in base64.

The key is the client id, which must be 16 bytes; ECB with PKCS7 padding is inferred from public copies of the class
that the Jilin client calls. A key that every message shows and a mode without a nonce hide a body from nobody who is on
the line: the region wants it so, and what protects a message is TLS, its token and its signature.
"""

from __future__ import annotations

import base64
import binascii

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.padding import PKCS7

from settlement.errors import BadInput

KEY_BYTES = 16
BLOCK_BITS = 128


def encipher(client_id: str, plain: bytes) -> str:
    """Return the base64 of the ciphered bytes. Raises BadInput N55 if the client id is no key."""
    padder = PKCS7(BLOCK_BITS).padder()
    cipher = Cipher(algorithms.SM4(_key(client_id)), modes.ECB()).encryptor()
    text = cipher.update(padder.update(plain) + padder.finalize()) + cipher.finalize()
    return base64.b64encode(text).decode()


def decipher(client_id: str, text: str) -> bytes:
    """Return the plain bytes. Raises BadInput N55 for what is no cipher text of this client."""
    cipher = Cipher(algorithms.SM4(_key(client_id)), modes.ECB()).decryptor()
    unpadder = PKCS7(BLOCK_BITS).unpadder()
    try:
        padded = cipher.update(base64.b64decode(text, validate=True)) + cipher.finalize()
        return unpadder.update(padded) + unpadder.finalize()
    except (binascii.Error, ValueError):  # no base64, no whole blocks, or a wrong key
        raise bad_cipher("it does not decipher with this client's key") from None


def bad_cipher(found: str) -> BadInput:
    """Return N55: a body that should be ciphered and cannot be read."""
    return BadInput(
        "N55_CIPHER",
        f"the ciphered body cannot be read: {found}",
        "Nothing was booked",
        "Cipher the JSON text of the node with SM4 (ECB, PKCS7), the client id of 16 bytes as key, in base64",
        "报文解密失败，请核对 SM4 密钥与加密方式",
    )


def _key(client_id: str) -> bytes:
    key = client_id.encode()
    if len(key) != KEY_BYTES:
        raise bad_cipher(f"the client id has {len(key)} bytes, a key has {KEY_BYTES}")
    return key
