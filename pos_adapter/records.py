"""What lies where on a social security card: names, files, tags, lengths and encodings, as data.

From public descriptions of LD/T 32-2015 and of the older card structure (the paid standard itself was not read). The
lengths of tags 02 and 04 are computed, not quoted; the meaning of algorithm id 03 (SM4) is inferred.
"""

from __future__ import annotations

from enum import Enum
from typing import NamedTuple

SSSE_NAME = b"sx1.sh." + "社会保障".encode("gb18030")
SELECT_SSSE = bytes((0x00, 0xA4, 0x04, 0x00, len(SSSE_NAME))) + SSSE_NAME

EF05, EF06 = 0xEF05, 0xEF06
SFI_OF = {EF05: 5, EF06: 6}
ALGORITHM_HEAD = bytes.fromhex("9F0C038601")

# 3B 6D 00 00 announces 13 historical bytes and, without TD1, protocol T=0.
ATR_HEAD = bytes.fromhex("3B6D0000")
HISTORY_LENGTH = 13

# In 卡识别码 the region is followed by a registered provider id: D for national, 156 for China (ISO 7816-5).
NATIONAL_RID = "D156"


class Form(Enum):
    """How a value is written: packed digits, ASCII padded with zeros, or GBK padded with zeros."""

    PACKED = "packed"
    ASCII = "ascii"
    GBK = "gbk"


class Item(NamedTuple):
    """One record: its tag, the file it lies in, the length of its value in bytes, its form and its Chinese name."""

    tag: int
    ef: int
    length: int
    form: Form
    zh: str


CARD_SN = Item(0x01, EF05, 16, Form.PACKED, "卡识别码")
CATEGORY = Item(0x02, EF05, 1, Form.ASCII, "卡类别")
VERSION = Item(0x03, EF05, 4, Form.ASCII, "规范版本")
ISSUER = Item(0x04, EF05, 12, Form.PACKED, "初始化机构编号")
ISSUED = Item(0x05, EF05, 4, Form.PACKED, "发卡日期")
VALID_UNTIL = Item(0x06, EF05, 4, Form.PACKED, "卡有效期")
CARD_NO = Item(0x07, EF05, 9, Form.ASCII, "卡号")
CERTNO = Item(0x08, EF06, 18, Form.ASCII, "社会保障号码")
NAME = Item(0x09, EF06, 30, Form.GBK, "姓名")
NAME_MORE = Item(0x4E, EF06, 20, Form.GBK, "姓名扩展")
SEX = Item(0x0A, EF06, 1, Form.ASCII, "性别")
NATION = Item(0x0B, EF06, 1, Form.PACKED, "民族")
BIRTHPLACE = Item(0x0C, EF06, 3, Form.PACKED, "出生地")
BIRTH_DATE = Item(0x0D, EF06, 4, Form.PACKED, "出生日期")

# In the order of their record numbers. Generation 1 has no 4E, so its numbers after the name differ: read by tag.
ITEMS = (
    CARD_SN, CATEGORY, VERSION, ISSUER, ISSUED, VALID_UNTIL, CARD_NO,
    CERTNO, NAME, NAME_MORE, SEX, NATION, BIRTHPLACE, BIRTH_DATE,
)  # fmt: skip


def select_file(ef: int, p1: int = 0x02) -> bytes:
    """Return the command that selects an elementary file by its id; some cards want ``p1`` 00."""
    return bytes((0x00, 0xA4, p1, 0x00, 0x02)) + ef.to_bytes(2, "big")


def read_by_tag(item: Item) -> bytes:
    """Return the command that reads one record of the current file by its tag."""
    return bytes((0x00, 0xB2, item.tag, 0x00, item.length + 2))


def algorithm_of(fci: bytes) -> int:
    """Return the number of the algorithm in the answer to SELECT (9F0C 03 86 01 xx); without one it is 01."""
    _, found, rest = fci.partition(ALGORITHM_HEAD)
    return rest[0] if found and rest else 0x01
