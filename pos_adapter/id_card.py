"""The resident ID card: its number typed by the cashier, or what an ID reader gives, as a credential of type 02.

An ID reader gives either the card's own block of 256 bytes (UTF-16, fields of fixed width), through whatever library it
comes with, or it types one line like a keyboard, in an order that the shop sets in the reader. The layout of the block,
its letters for permits, and that numbers of 15 digits ended with 2012 are from memory: no standard was read and no real
reader was used.
"""

from __future__ import annotations

import re
import unicodedata
from datetime import date
from typing import NamedTuple, Protocol

from pos_adapter.checks import check_valid, packed_day
from pos_adapter.faults import fault
from settlement.identity import CERT_ID_CARD, PresentedIdentity, birth_date, certno_faults

BLOCK = 256
# Field -> first byte and length in the block.
_PLACES = {
    "name": (0, 30), "birth": (36, 16), "number": (122, 36), "valid_from": (188, 16), "valid_until": (204, 16),
}  # fmt: skip
_KIND_AT = 248
_KINDS = ("", "J")  # a resident's card; a residence permit of Hong Kong, Macao or Taiwan, laid out alike
_FOREVER = "长期"
_OLDEST = 150  # years


class IdCard(NamedTuple):
    """What an ID card says; dates are eight digits, 长期 or ''."""

    number: str
    name: str = ""
    birth: str = ""
    valid_from: str = ""
    valid_until: str = ""


class IdReader(Protocol):
    """An ID reader with the card on it."""

    how: str

    def read(self) -> bytes:
        """Return the card's block of text. Raises CardFault."""


class LineForm(NamedTuple):
    """How a reader that acts as a keyboard writes its line: the fields of ``IdCard`` in order, '' for one to be left out."""

    fields: tuple[str, ...] = ("number",)
    separator: str = "|"


def typed(text: str, today: date, name: str = "", how: str = "typed") -> PresentedIdentity:
    """Return the identity of a number that was typed. Raises CardFault D70 or D71."""
    number = unicodedata.normalize("NFKC", text).replace(" ", "").strip().upper()
    _check_number(number, today)
    return PresentedIdentity(
        mdtrt_cert_type=CERT_ID_CARD, mdtrt_cert_no=number, certno=number, psn_name=name.strip(), how=how
    )


def from_reader(reader: IdReader, today: date) -> PresentedIdentity:
    """Return the identity of the card on a reader. Raises CardFault D70, D72 or D73."""
    return identity_of(parse_block(reader.read()), today, reader.how)


def from_line(
    line: str, today: date, form: LineForm | None = None, how: str = "ID reader (keyboard)"
) -> PresentedIdentity:
    """Return the identity of a line that a reader typed. Raises CardFault D70, D72 or D73."""
    return identity_of(parse_line(line, form or LineForm()), today, how)


def identity_of(card: IdCard, today: date, how: str) -> PresentedIdentity:
    """Return the identity of an ID card whose parts agree with each other and which is valid today."""
    identity = typed(card.number, today, card.name, how)
    if card.birth:
        born = packed_day(card.birth, "出生日期", "D72_ID_CARD_BAD")
        if born != birth_date(identity.certno):
            raise fault("D72_ID_CARD_BAD", "出生日期 differs from the birth date in the number")
    first = packed_day(card.valid_from, "有效期起", "D72_ID_CARD_BAD")
    last = None if card.valid_until == _FOREVER else packed_day(card.valid_until, "有效期止", "D72_ID_CARD_BAD")
    check_valid(first, last, today, "D73_ID_EXPIRED")
    return identity


def parse_block(block: bytes) -> IdCard:
    """Return the fields of a card's block. Raises CardFault D72 for another length, another kind of card, or no text."""
    if len(block) != BLOCK:
        raise fault("D72_ID_CARD_BAD", f"{len(block)} bytes where a card has {BLOCK}")
    if _text(block[_KIND_AT : _KIND_AT + 2]) not in _KINDS:
        raise fault("D72_ID_CARD_BAD", "a permit of another layout; type its number")
    card = IdCard(**{field: _text(block[at : at + length]) for field, (at, length) in _PLACES.items()})
    if not card.name:
        raise fault("D72_ID_CARD_BAD", "姓名 is empty")
    return card


def parse_line(line: str, form: LineForm) -> IdCard:
    """Return the fields of a typed line. Raises CardFault D72 when it has another number of fields than its form."""
    parts = [part.strip() for part in unicodedata.normalize("NFKC", line).strip().split(form.separator)]
    if len(parts) == len(form.fields) + 1 and not parts[-1]:  # closed by a separator
        parts.pop()
    if len(parts) != len(form.fields):
        raise fault("D72_ID_CARD_BAD", f"{len(parts)} fields where {len(form.fields)} belong")
    card = IdCard(**{"number": "", **{field: part for field, part in zip(form.fields, parts, strict=True) if field}})
    days = {field: re.sub(r"[-./]", "", getattr(card, field)) for field in ("birth", "valid_from", "valid_until")}
    return card._replace(**days)


def _text(value: bytes) -> str:
    try:
        return value.decode("utf-16-le").strip(" \0")
    except UnicodeDecodeError:
        raise fault("D72_ID_CARD_BAD", "the card's text cannot be decoded") from None


def _check_number(number: str, today: date) -> None:
    if re.fullmatch(r"[0-9]{15}", number):
        raise fault("D71_ID_15_DIGITS", "15 digits")
    for found in certno_faults(number):
        raise fault("D70_ID_NUMBER_BAD", found)
    born = birth_date(number)
    if born is None or born > today or today.year - born.year > _OLDEST:
        raise fault("D70_ID_NUMBER_BAD", "the birth date in it lies after today or too far back")
