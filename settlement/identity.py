"""Who stands at the counter: the identity that was presented, and whether its numbers can be true.

Every way of presenting oneself (card, ID card, e-voucher) ends in one ``PresentedIdentity``. Nothing here says that a
person is insured; that is the registry's answer.

What is verified: the length, check digit (MOD 11-2, GB 11643) and birth date of a resident number. What is not: that
卡识别码 is what the national interface calls ``card_sn`` (inferred from its place in function 1101), and that a number
beginning with three letters is the social security number of a foreigner (remembered, no public text was found).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date

from settlement.errors import BadInput

CERT_EVOUCHER, CERT_ID_CARD, CERT_CARD = "01", "02", "03"

_WEIGHTS = tuple(2**power % 11 for power in range(17, 0, -1))
_CHECK_DIGITS = "10X98765432"
# First two digits of GB/T 2260; 81 to 83 are residence permits (Hong Kong, Macao, Taiwan), 9x foreigners' permits.
_PROVINCES = frozenset(
    "11 12 13 14 15 21 22 23 31 32 33 34 35 36 37 41 42 43 44 45 46 50 51 52 53 54 61 62 63 64 65 71 81 82 83".split()
)
_LONG_NUMBER = 12  # from this length on a masked number keeps its first four and last two characters


@dataclass(frozen=True, repr=False)
class PresentedIdentity:
    """What one act of presenting gave; dates are ISO text, ``''`` means the source does not say.

    ``mdtrt_cert_type`` is 01 e-voucher, 02 ID card, 03 social security card; ``card_sn`` (卡识别码) is required with
    03; ``certno`` is 社会保障号码; ``issuing_admdvs`` the first six digits of 卡识别码; ``how`` names transport and
    reader. Its text is masked, so that a log or a traceback shows no personal data. Raises BadInput C01 or C11.
    """

    mdtrt_cert_type: str
    mdtrt_cert_no: str
    card_sn: str = ""
    psn_name: str = ""
    certno: str = ""
    issuing_admdvs: str = ""
    card_version: str = ""
    issued: str = ""
    valid_until: str = ""
    atr_history: str = ""
    how: str = ""

    def __post_init__(self) -> None:
        if self.mdtrt_cert_type not in (CERT_EVOUCHER, CERT_ID_CARD, CERT_CARD):
            raise BadInput("C11_NOT_A_CODE", f"mdtrt_cert_type {self.mdtrt_cert_type!r} is not 01, 02 or 03")
        if not self.mdtrt_cert_no:
            raise BadInput("C01_FIELD_MISSING", "mdtrt_cert_no is empty")
        if self.mdtrt_cert_type == CERT_CARD and not self.card_sn:
            raise BadInput("C01_FIELD_MISSING", "card_sn is required when mdtrt_cert_type is 03")

    def __repr__(self) -> str:
        shown = ", ".join(f"{name}={value!r}" for name, value in self.as_dict().items() if value)
        return f"PresentedIdentity({shown})"

    def as_dict(self, *, full: bool = False) -> dict[str, str]:
        """Return the fields by name, masked unless ``full`` is asked for; the token of an e-voucher is never among them.

        Whoever holds the token can use it, so it goes into the message to the platform and nowhere else.
        """
        open_fields = dict(vars(self))
        token = {"mdtrt_cert_no": "*" * 8} if self.mdtrt_cert_type == CERT_EVOUCHER else {}
        if full:
            return open_fields | token
        hidden = {name: masked(open_fields[name]) for name in ("mdtrt_cert_no", "card_sn", "psn_name", "certno")}
        return open_fields | hidden | token


def certno_faults(text: str) -> tuple[str, ...]:
    """Return what is wrong with a resident number; empty means its form, birth date and check digit hold."""
    if not re.fullmatch(r"[0-9]{17}[0-9X]", text):
        return (f"not 17 digits and a digit or X: {masked(text)!r}, {len(text)} characters",)
    faults = []
    if birth_date(text) is None:
        faults.append("characters 7 to 14 are not a date")
    if _CHECK_DIGITS[sum(int(digit) * weight for digit, weight in zip(text, _WEIGHTS, strict=False)) % 11] != text[17]:
        faults.append("the check digit does not hold (MOD 11-2)")
    return tuple(faults)


def certno_warnings(text: str) -> tuple[str, ...]:
    """Return what is unusual in a number but no reason to refuse: divisions are renamed and dissolved in time."""
    if is_foreign_form(text):
        return ("a number beginning with three letters: its check digit and birth date cannot be tested",)
    if text[:2] in _PROVINCES or text[:1] == "9":
        return ()
    return (f"no province has the code {text[:2]!r}",)


def is_foreign_form(text: str) -> bool:
    """Tell whether a number begins with a country code, as those of foreigners are remembered to do (not verified)."""
    return re.fullmatch(r"[A-Z]{3}[0-9A-Z]{15}", text) is not None


def birth_date(certno: str) -> date | None:
    """Return the birth date inside a resident number, None when it holds none."""
    try:
        return date(int(certno[6:10]), int(certno[10:12]), int(certno[12:14]))
    except ValueError:
        return None


def masked(text: str) -> str:
    """Return a number or name that can be shown: 2204**********12, 虚**; short numbers disappear altogether."""
    if not re.fullmatch(r"[0-9A-Za-z]*", text):
        return text[0] + "".join(mark if mark in "·. " else "*" for mark in text[1:])
    if len(text) < _LONG_NUMBER:
        return "*" * len(text)
    return text[:4] + "*" * (len(text) - 6) + text[-2:]
