"""Key texts: how keys are written down (TOML, or JSON of the same shape) and read, with errors that show no key."""

from __future__ import annotations

import json
import secrets
import tomllib
from typing import NamedTuple

import gmssl_pyx

from settlement.errors import BadInput

LAST_NUMBER = 255  # a sealed text names its key by one byte
KEY_BYTES = {"seal": 16, "tag": 32, "private": 32, "public": 64}
HEAD = """\
# Keys of a settlement book. Whoever reads this file reads the book; without it nobody does. Keep it apart from the
# book and its backups, and never take a sealing key out: old entries name it.
"""


class Keys(NamedTuple):
    """The keys of one key text: ``seal`` by number, 16 bytes each; ``tag`` and ``private`` 32, ``public`` 64 bytes."""

    seal: dict[int, bytes]
    tag: bytes
    private: bytes
    public: bytes

    def __repr__(self) -> str:
        return f"Keys({len(self.seal)} sealing)"


def malformed(found: str) -> BadInput:
    """Return the refusal of a key text; ``found`` says where, never what."""
    return BadInput(
        "V04_BAD_KEYS",
        f"a key text that cannot be used: {found}",
        "The book cannot be opened with it",
        "Use the key file as it was made; take it from its backup",
        "密钥文件内容有误，请从备份恢复",
    )


def _bytes_of(value: object, where: str, size: int) -> bytes:
    try:
        key = bytes.fromhex(value if isinstance(value, str) else "")
    except ValueError:
        key = b""
    if len(key) != size:  # says nothing of what was met: it may be a key with a slip of the pen
        raise malformed(f"{where} must be {size} bytes, written as {2 * size} hex digits")
    return key


def keys_of(text: str) -> Keys:
    """Return the keys of a text. Raises BadInput V04."""
    try:
        said = json.loads(text) if text.lstrip().startswith("{") else tomllib.loads(text)
    except ValueError:
        raise malformed("neither TOML nor JSON") from None  # the parser's own words would quote the text
    shape = {name: set(said[name]) if isinstance(said[name], dict) else None for name in said}
    if set(shape) != {"seal", "tag", "sign"} or shape["tag"] != {"key"} or shape["sign"] != {"private", "public"}:
        raise malformed("it must hold [seal], [tag] key, [sign] private and public, and nothing else")
    seal = {}
    for number, key in (said["seal"] if shape["seal"] else {}).items():
        if not number.isdecimal() or number != str(int(number)) or not 1 <= int(number) <= LAST_NUMBER:
            raise malformed(f"[seal] numbers its keys 1 to {LAST_NUMBER}")
        seal[int(number)] = _bytes_of(key, f"[seal] {number}", KEY_BYTES["seal"])
    if not seal:
        raise malformed("[seal] holds no key")
    sign = {half: _bytes_of(said["sign"][half], f"[sign] {half}", KEY_BYTES[half]) for half in ("private", "public")}
    return Keys(seal, _bytes_of(said["tag"]["key"], "[tag] key", KEY_BYTES["tag"]), **sign)


def text_of(keys: Keys) -> str:
    """Return keys as a key text (TOML)."""
    numbered = "".join(f'{number} = "{key.hex()}"\n' for number, key in sorted(keys.seal.items()))
    pair = f'private = "{keys.private.hex()}"\npublic = "{keys.public.hex()}"\n'
    return f'{HEAD}[seal]\n{numbered}\n[tag]\nkey = "{keys.tag.hex()}"\n\n[sign]\n{pair}'


def new_keys() -> str:
    """Return a key text with fresh keys."""
    public, private = gmssl_pyx.sm2_key_generate()
    seal, tag = {1: secrets.token_bytes(KEY_BYTES["seal"])}, secrets.token_bytes(KEY_BYTES["tag"])
    return text_of(Keys(seal, tag, private, public))
