"""Card bytes to a presented identity: whole and of one person, or an error that says what to do.

卡识别码 is read first and again last, and everything is bound to it. Records are read by tag only, because their
numbers differ between generations. A connection lasts for one read.

A card of generation 3 gives its holder's data only to a reader that has proved itself (``external_auth``). With a module at
hand it is always asked for its own proof first, whether it would have spoken without or not.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date

from pos_adapter import records
from pos_adapter.checks import check_card_sn, check_person, check_valid, packed_day
from pos_adapter.external_auth import authenticate
from pos_adapter.faults import SW_OK, fault, from_sw
from pos_adapter.psam import ExternalAuth, Present
from pos_adapter.records import EF05, EF06, SELECT_SSSE, Form, Item
from pos_adapter.transport import Transport, exchange
from settlement.identity import (
    CERT_CARD,
    PresentedIdentity,
    birth_date,
    is_foreign_form,
)

_PADDING = b"\0 \xff"
_ABSENT = (0x6A82, 0x6A83)
_WRONG_P1 = (0x6A86, 0x6A81, 0x6B00)
_AUTH_NEEDED = 0x6982


def read_identity(transport: Transport, today: date, auth: ExternalAuth | None = None) -> PresentedIdentity:
    """Return who the card in ``transport`` says is here. Raises CardFault; the connection is closed in every case.

    ``auth`` opens a card that wants it; without one such a card is refused as D12.
    """
    with _session(transport) as atr:
        card = _present(transport, atr)
        card_sn = card.card_sn
        on_card = {item: _text(item, _read(transport, item)) for item in _EF05_TEXTS}
        _select_file(transport, EF06)
        if auth is not None and (on_card[records.VERSION][:1] == "3" or _is_shut(transport)):
            authenticate(transport, card, auth)
            _select_file(transport, EF06)
        on_card |= {item: _text(item, _read(transport, item)) for item in _EF06_TEXTS}
        name = _name(_read(transport, records.NAME), _read(transport, records.NAME_MORE, optional=True))
        if _present(transport, atr).card_sn != card_sn:
            raise fault("D20_MIXED_READ", "the card changed while it was read")
    issued, valid_until = _day(records.ISSUED, on_card), _day(records.VALID_UNTIL, on_card)
    certno = on_card[records.CERTNO]
    check_card_sn(card_sn)
    check_person(certno, name)
    _check_born(certno, _day(records.BIRTH_DATE, on_card))
    check_valid(issued, valid_until, today)
    return PresentedIdentity(
        mdtrt_cert_type=CERT_CARD,
        mdtrt_cert_no=_filled(records.CARD_NO, on_card),
        card_sn=card_sn,
        psn_name=name,
        certno=certno,
        issuing_admdvs=card_sn[:6],
        card_version=on_card[records.VERSION],
        issued=issued.isoformat() if issued else "",
        valid_until=valid_until.isoformat() if valid_until else "",
        atr_history=historical_bytes(atr).hex().upper(),
        how=transport.how,
    )


def same_card_still_there(transport: Transport, identity: PresentedIdentity) -> bool:
    """Return True when the card that gave ``identity`` is in the reader; to be asked just before booking.

    Anything else raises CardFault (D04 gone, D21 another card, …), so that a forgotten answer cannot book.
    """
    with same_card(transport, identity):
        return True


@contextmanager
def same_card(transport: Transport, identity: PresentedIdentity) -> Iterator[Present]:
    """Hold a connection to the card that gave ``identity``, its application selected. Raises as ``same_card_still_there``."""
    with _session(transport) as atr:
        card = _present(transport, atr)
        if card.card_sn != identity.card_sn:
            raise fault("D21_OTHER_CARD", "the card in the reader is not the one that was read")
        yield card


def historical_bytes(atr: bytes) -> bytes:
    """Return the historical bytes of an ATR (卡复位信息), whatever interface bytes come before them."""
    if len(atr) < 2:
        return b""
    at, follow = 2, atr[1] >> 4
    while follow:
        at += follow.bit_count()
        follow = atr[at - 1] >> 4 if follow & 0x8 and at <= len(atr) else 0
    return atr[at : at + (atr[1] & 0x0F)]


_EF05_TEXTS = (records.VERSION, records.ISSUED, records.VALID_UNTIL, records.CARD_NO)
_EF06_TEXTS = (records.CERTNO, records.BIRTH_DATE)


@contextmanager
def _session(transport: Transport) -> Iterator[bytes]:
    try:
        yield transport.connect()
    finally:
        transport.close()


def _present(transport: Transport, atr: bytes) -> Present:
    """Select the application and its first file anew and return whose card it is, so that nothing is taken on trust."""
    fci, sw = exchange(transport, SELECT_SSSE)
    if sw == 0x6A82:
        raise fault("D10_WRONG_CARD", "no social security application (SW 6A82)")
    if sw != SW_OK:
        raise from_sw(sw, "SELECT SSSE")
    _select_file(transport, EF05)
    card_sn = _text(records.CARD_SN, _read(transport, records.CARD_SN)).upper()
    return Present(card_sn, historical_bytes(atr), records.algorithm_of(fci))


def _is_shut(transport: Transport) -> bool:
    """Tell whether the holder's file wants an authentication; older cards mostly do not."""
    return exchange(transport, records.read_by_tag(records.CERTNO))[1] == _AUTH_NEEDED


def _select_file(transport: Transport, ef: int) -> None:
    _, sw = exchange(transport, records.select_file(ef))
    if sw in _WRONG_P1:
        _, sw = exchange(transport, records.select_file(ef, p1=0x00))
    if sw != SW_OK:
        raise from_sw(sw, f"SELECT {ef:04X}")


def _read(transport: Transport, item: Item, *, optional: bool = False) -> bytes:
    """Return the value of one record; a missing optional one is empty."""
    data, sw = exchange(transport, records.read_by_tag(item))
    if optional and sw in _ABSENT:
        return b""
    if sw != SW_OK:
        raise from_sw(sw, f"READ {item.zh}")
    if len(data) < 2 or data[0] != item.tag or data[1] != len(data) - 2:
        raise fault("D22_DATA_BAD", f"the record of {item.zh} is malformed")
    return data[2:]


def _text(item: Item, value: bytes) -> str:
    if item.form is Form.PACKED:
        return value.hex()
    try:
        return value.rstrip(_PADDING).decode("ascii").strip()
    except UnicodeDecodeError:
        raise fault("D22_DATA_BAD", f"{item.zh} is not ASCII") from None


def _name(value: bytes, more: bytes) -> str:
    """Join the bytes first and decode then: the first 30 may end inside a character of two or four bytes."""
    try:
        return (value.rstrip(_PADDING) + more.rstrip(_PADDING)).decode("gb18030").strip()
    except UnicodeDecodeError:
        raise fault("D22_DATA_BAD", "姓名 cannot be decoded") from None


def _day(item: Item, on_card: dict[Item, str]) -> date | None:
    """Return a packed date, None when it is not filled in."""
    return packed_day(on_card[item], item.zh)


def _filled(item: Item, on_card: dict[Item, str]) -> str:
    if not on_card[item]:
        raise fault("D22_DATA_BAD", f"{item.zh} is empty")
    return on_card[item]


def _check_born(certno: str, born: date | None) -> None:
    if not is_foreign_form(certno) and born != birth_date(certno):
        raise fault("D22_DATA_BAD", "出生日期 differs from the birth date in 社会保障号码")
