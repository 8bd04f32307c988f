"""What must hold of an identity before it is given to anybody, whichever way it came; refused as D22 or D23.

No text here quotes a number or a name.
"""

from __future__ import annotations

import re
from datetime import date

from pos_adapter import records
from pos_adapter.faults import fault
from settlement.identity import certno_faults, certno_warnings, is_foreign_form

_CARD_SN = re.compile(r"[0-9A-F]{32}")


def check_card_sn(card_sn: str) -> None:
    """Refuse a 卡识别码 of another form, whose first six digits are no division, or that lacks the national provider id."""
    region = card_sn[:6]
    if not _CARD_SN.fullmatch(card_sn):
        raise fault("D22_DATA_BAD", "卡识别码 is not 32 hexadecimal digits")
    if not region.isdecimal() or certno_warnings(region) or card_sn[6:10] != records.NATIONAL_RID:
        raise fault("D22_DATA_BAD", f"卡识别码 does not begin with a division and {records.NATIONAL_RID}")


def check_person(certno: str, name: str) -> None:
    """Refuse a missing name and a 社会保障号码 that cannot be one."""
    if not name:
        raise fault("D22_DATA_BAD", "姓名 is empty")
    if is_foreign_form(certno):  # its inner form is not known well enough to refuse a card for it
        return
    for found in certno_faults(certno):
        raise fault("D22_DATA_BAD", f"社会保障号码: {found}")


def check_valid(issued: date | None, valid_until: date | None, today: date, code: str = "D23_NOT_VALID_TODAY") -> None:
    """Refuse what is not valid today; both days count in, and a day that is not filled in does not limit."""
    if (issued and today < issued) or (valid_until and today > valid_until):
        raise fault(code, f"issued {issued}, valid until {valid_until}, today {today}")


def packed_day(text: str, zh: str, code: str = "D22_DATA_BAD") -> date | None:
    """Return a date of eight digits, None when it is not filled in."""
    if text.upper() in ("", "00000000", "FFFFFFFF"):
        return None
    if not re.fullmatch(r"[0-9]{8}", text):
        raise fault(code, f"{zh} is not a date")
    try:
        return date(int(text[:4]), int(text[4:6]), int(text[6:]))
    except ValueError:
        raise fault(code, f"{zh} is not a date") from None
