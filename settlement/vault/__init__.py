"""Where the keys are: sealing texts at rest, keyed look-up hashes, signatures. Nothing else sees a key.

The algorithms are China's commercial ones: SM4 in GCM (GB/T 32907), HMAC with SM3 (GB/T 32905), SM2 with SM3
(GB/T 32918). ``Vault`` is the contract; a hardware security module implements the same verbs and takes the place of
``KeyVault``, whose keys come from a file. Three kinds of key, never one for two uses:

- sealing keys, several: each sealed text names its key in its first byte, new texts use the newest. A book is never
  rewritten, so an old key stays in the file for as long as the book. Nonces are random, which is sound for about
  2**32 texts a key; ``add_sealing_key`` makes the next key long before that.
- one tag key: fixed for the life of a book, because what was filed under a tag must be found again.
- one signing pair: the head of a book, once signed, can be checked by whoever has the public key.
"""

from __future__ import annotations

from settlement.vault.contract import OVERHEAD, TAG_BYTES, Vault, sm3, verify
from settlement.vault.files import KEYS_ENV, KEYS_FILE_ENV, add_sealing_key, open_vault, read_key_file
from settlement.vault.keys import KeyVault
from settlement.vault.texts import new_keys

__all__ = [
    "KEYS_ENV",
    "KEYS_FILE_ENV",
    "OVERHEAD",
    "TAG_BYTES",
    "KeyVault",
    "Vault",
    "add_sealing_key",
    "new_keys",
    "open_vault",
    "read_key_file",
    "sm3",
    "verify",
]
