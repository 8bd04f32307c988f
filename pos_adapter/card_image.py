"""What is written on a virtual card: a JSON file of an invented person, turned into the records of its files."""

from __future__ import annotations

from pathlib import Path

import msgspec

from pos_adapter.card_crypto import Algorithm, KeySet
from pos_adapter.records import (
    ATR_HEAD,
    BIRTH_DATE,
    BIRTHPLACE,
    CARD_NO,
    CARD_SN,
    CATEGORY,
    CERTNO,
    EF05,
    EF06,
    HISTORY_LENGTH,
    ISSUED,
    ISSUER,
    ITEMS,
    NAME,
    NAME_MORE,
    NATION,
    SEX,
    VALID_UNTIL,
    VERSION,
    Form,
    Item,
)
from settlement.errors import BadInput


class CardImage(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The personalisation of one card. Dates are ISO text, numbers are digits as text, ``pin`` '' means none is set.

    ``keys`` are the card's own, made from a module's roots (``psam.SoftwarePsam.keys_of``); ``algorithm`` 0 is the usual
    one of the generation. ``external_auth``: the holder's file is kept back until the reader has proved itself.
    """

    generation: int
    card_sn: str
    version: str
    issued: str
    valid_until: str
    card_no: str
    certno: str
    psn_name: str
    sex: str
    birth_date: str
    nation: str = "01"
    birthplace: str = "220400"
    category: str = "1"
    issuer: str = "220400000000000000000000"
    atr_history: str = "00810000000000000000000000"
    pin: str = ""
    pin_tries: int = 3
    external_auth: bool = False
    algorithm: int = 0
    keys: KeySet = KeySet()
    note: str = ""

    def __post_init__(self) -> None:
        # msgspec turns a ValueError into its own error with the path of the field; the files are made once to test.
        if self.generation not in (1, 2, 3):
            raise ValueError(f"generation {self.generation} is not 1, 2 or 3")
        if self.pin and not (self.pin.isdecimal() and len(self.pin) in range(4, 17, 2)):
            raise ValueError("pin is not an even count of 4 to 16 digits")
        if self.algorithm not in (0, *Algorithm):
            raise ValueError(f"algorithm {self.algorithm} is not 1 (3DES) or 3 (SM4)")
        if not 1 <= self.pin_tries <= 15:
            raise ValueError(f"pin_tries {self.pin_tries} is not 1 to 15")
        if len(self.atr) != len(ATR_HEAD) + HISTORY_LENGTH:
            raise ValueError(f"atr_history is not {2 * HISTORY_LENGTH} hex digits")
        self.files()

    def __repr__(self) -> str:
        return f"CardImage({self.card_sn})"

    @property
    def cipher(self) -> Algorithm:
        """The algorithm that the card names and reckons with."""
        return Algorithm(self.algorithm or (Algorithm.SM4 if self.generation == 3 else Algorithm.DES3))

    @property
    def atr(self) -> bytes:
        """The answer to reset: 3B 6D 00 00 and 13 historical bytes."""
        return ATR_HEAD + bytes.fromhex(self.atr_history)

    @property
    def packed_pin(self) -> bytes:
        """The PIN as the card keeps it, two digits in a byte."""
        return bytes.fromhex(self.pin)

    def files(self) -> dict[int, dict[int, bytes]]:
        """Return file id -> tag -> value, in record order. Raises ValueError when a text does not fit."""
        texts = {
            CARD_SN: self.card_sn, CATEGORY: self.category, VERSION: self.version, ISSUER: self.issuer,
            ISSUED: self.issued.replace("-", ""), VALID_UNTIL: self.valid_until.replace("-", ""),
            CARD_NO: self.card_no, CERTNO: self.certno, SEX: self.sex, NATION: self.nation,
            BIRTHPLACE: self.birthplace, BIRTH_DATE: self.birth_date.replace("-", ""),
        }  # fmt: skip
        name = self.psn_name.encode("gb18030")
        values = {item: _encoded(item, text) for item, text in texts.items()}
        # The cut falls where it falls, even inside a character, as on real cards.
        values[NAME] = name[: NAME.length].ljust(NAME.length, b"\0")
        values[NAME_MORE] = name[NAME.length :].ljust(NAME_MORE.length, b"\0")
        room = NAME.length if self.generation == 1 else NAME.length + NAME_MORE.length
        if not 0 < len(name) <= room:
            raise ValueError(f"psn_name takes {len(name)} bytes, generation {self.generation} has room for {room}")
        if self.generation == 1:
            del values[NAME_MORE]
        return {ef: {i.tag: values[i] for i in ITEMS if i.ef == ef and i in values} for ef in (EF05, EF06)}


def _encoded(item: Item, text: str) -> bytes:
    value = bytes.fromhex(text) if item.form is Form.PACKED else text.encode("ascii").ljust(item.length, b"\0")
    if len(value) != item.length:
        raise ValueError(f"{item.zh} {text!r} takes {len(value)} bytes, not {item.length}")
    return value


def load_image(path: str | Path) -> CardImage:
    """Return the card of a JSON file. Raises BadInput C15 or OSError; unknown and missing keys are refused by name."""
    text = Path(path).read_bytes()
    try:
        return msgspec.json.decode(text, type=CardImage)
    except msgspec.DecodeError as error:  # ValidationError is one of these
        raise BadInput(
            "C15_NOT_AN_OBJECT", f"{path}: {error}", "a virtual card cannot be made of it", "Compare data/cards/*.json"
        ) from None
