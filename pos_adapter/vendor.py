"""A card read by its vendor's driver: the library that each city hands out under another name, called in one way.

The functions, their parameters and the fields of their output are those of the public description of the social security
card driver (SSCardDriver) and of programs that call it; no real driver was called. What is inferred: that the output of
nine fields is the first nine of the eleven, and that an output without any holder's data means the card wants an
authentication.

Generation 3 gives the holder's data only to a terminal that proves itself. Where the terminal has no key for that (no
PSAM, or a wrong one) the driver makes a challenge (step 1), the bureau's key server answers it, and the driver compares
the first part of the answer with what the card says of itself and gives the second part to the card (step 2).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date
from typing import NamedTuple, Protocol

from pos_adapter.checks import check_card_sn, check_person, check_valid, packed_day
from pos_adapter.faults import fault, from_vendor
from settlement.errors import CardFault, SettlementError
from settlement.identity import CERT_CARD, PresentedIdentity

READ, STEP_1, STEP_2 = "iReadCardBas", "iReadCardBas_HSM_Step1", "iReadCardBas_HSM_Step2"
VERIFY_PIN, CHANGE_PIN = "iVerifyPIN", "iChangePIN"
CONTACT, CONTACTLESS, CONTACT_FIRST, CONTACTLESS_FIRST = 1, 2, 3, 4  # iType
AUTH_NEEDED = "D12_AUTH_NEEDED"
READ_S = 10.0  # public clients wait 10 s for a call, and their drivers 6 s for power
KEYPAD_S = 60.0  # a person types

FIELDS_ZH = (
    "发卡地区行政区划代码", "社会保障号码", "卡号", "卡识别码", "姓名", "卡复位信息", "规范版本", "发卡日期", "卡有效期",
    "终端机编号", "终端设备号",
)  # fmt: skip
_COUNTS = (9, 11)
_CHALLENGE_FIELDS = 9
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_FORMS = {
    "发卡地区行政区划代码": re.compile(r"[0-9]{6}"),
    "卡号": re.compile(r"[0-9A-Za-z]{1,32}"),
    "卡复位信息": re.compile(r"(?:[0-9A-Fa-f]{2}){0,33}"),
    "规范版本": re.compile(r"[1-9]\.[0-9]{2}"),
}
# Internal authentication | external authentication, as hexadecimal digits; both lengths of the first part are in use.
_BUREAU_ANSWER = re.compile(r"[0-9A-Fa-f]{16}(?:[0-9A-Fa-f]{16})?\|[0-9A-Fa-f]{32}\|?")

Bureau = Callable[[str], str]
"""Carries a challenge to the bureau's key server and returns its answer; with a deadline of its own."""


class Returned(NamedTuple):
    """What one call of a driver gave: its return code, and the bytes before the first zero of its output."""

    code: int
    output: bytes


class Driver(Protocol):
    """A vendor's driver. A call that lasts too long must end as CardFault D09, and leave the caller free."""

    how: str

    def call(self, function: str, *arguments: int | bytes, deadline_s: float) -> Returned:
        """Call a function with its arguments and room for its output. Raises CardFault D09, D50, D51 or D52."""

    def close(self) -> None:
        """Let the library go; the next call may load it again."""


class Fields(NamedTuple):
    """The output of iReadCardBas, each as the driver gave it; the last two are empty in the short form."""

    region: str
    certno: str
    card_no: str
    card_sn: str
    name: str
    atr_history: str
    version: str
    issued: str
    valid_until: str
    terminal_no: str = ""
    device_no: str = ""


def split_output(output: bytes) -> Fields:
    """Return the fields of iReadCardBas. Raises CardFault D55 for any form but 9 or 11 fields, D22 for a value amiss.

    Decoded first and split then: the second byte of a character may be the bar. Empty fields keep their place, and one
    bar at the end closes the last field.
    """
    parts = _split(output)
    if len(parts) not in _COUNTS:
        raise fault("D55_DRIVER_OUTPUT", f"{len(parts)} fields where 9 or 11 belong")
    fields = Fields(*parts)
    for zh, value in zip(FIELDS_ZH, parts, strict=False):
        form = _FORMS.get(zh)
        if value and form and not form.fullmatch(value):
            raise fault("D22_DATA_BAD", f"{zh} from the driver has another form")
    return fields._replace(card_sn=fields.card_sn.upper(), atr_history=fields.atr_history.upper())


def identity_of(fields: Fields, today: date, how: str) -> PresentedIdentity:
    """Return whom the fields of a driver name. Raises CardFault D12 (no holder in them), D22 or D23."""
    check_card_sn(fields.card_sn)
    if fields.region != fields.card_sn[:6]:
        raise fault("D22_DATA_BAD", "发卡地区行政区划代码 differs from the first six digits of 卡识别码")
    if not (fields.certno or fields.name):
        raise fault(AUTH_NEEDED, "the driver gave the card's data without the holder's")
    if not fields.card_no:
        raise fault("D22_DATA_BAD", "卡号 is empty")
    check_person(fields.certno, fields.name)
    issued, valid_until = packed_day(fields.issued, "发卡日期"), packed_day(fields.valid_until, "卡有效期")
    check_valid(issued, valid_until, today)
    return PresentedIdentity(
        mdtrt_cert_type=CERT_CARD,
        mdtrt_cert_no=fields.card_no,
        card_sn=fields.card_sn,
        psn_name=fields.name,
        certno=fields.certno,
        issuing_admdvs=fields.region,
        card_version=fields.version,
        issued=issued.isoformat() if issued else "",
        valid_until=valid_until.isoformat() if valid_until else "",
        atr_history=fields.atr_history,
        how=how,
    )


class VendorReader:
    """Reads cards through one driver. ``bureau`` is asked only when the driver has no key of its own."""

    def __init__(self, driver: Driver, bureau: Bureau | None = None, i_type: int = CONTACT_FIRST) -> None:
        self.driver, self.how, self._bureau, self._i_type = driver, driver.how, bureau, i_type

    def read(self, today: date) -> PresentedIdentity:
        """Return who is here. Raises CardFault.

        A driver reads in one call what it should have bound to one card and may not have: so it is called twice, and both
        must say the same. By way of the bureau the 卡识别码 of the challenge takes the place of the first reading.
        """
        try:
            first = self._read()
            identity = identity_of(first, today, self.how)
        except CardFault as error:
            if error.code != AUTH_NEEDED or self._bureau is None:
                raise
            return self._read_by_bureau(self._bureau, today)
        if self._read() != first:
            raise fault("D20_MIXED_READ", "two readings in a row differ")
        return identity

    def still_there(self, identity: PresentedIdentity) -> bool:
        """Return True when the card that gave ``identity`` is in the reader; anything else raises CardFault."""
        if self._card_sn() != identity.card_sn:
            raise fault("D21_OTHER_CARD", "the card in the reader is not the one that was read")
        return True

    def verify_pin(self, identity: PresentedIdentity) -> None:
        """Let the holder enter the PIN at the terminal's keypad, once. Raises CardFault D30 to D38, or D21."""
        self._at_keypad(VERIFY_PIN, identity)

    def change_pin(self, identity: PresentedIdentity) -> None:
        """Let the holder change the PIN at the terminal's keypad. Raises CardFault D30 to D39, or D21."""
        self._at_keypad(CHANGE_PIN, identity)

    def _at_keypad(self, function: str, identity: PresentedIdentity) -> None:
        """Never repeated, whatever it returns; and the card must be the same before and after."""
        self.still_there(identity)
        self._call(function, self._i_type, deadline_s=KEYPAD_S)
        self.still_there(identity)

    def _read(self) -> Fields:
        return split_output(self._call(READ, self._i_type))

    def _card_sn(self) -> str:
        """Return 卡识别码, for which step 1 is enough where the whole reading wants an authentication."""
        try:
            card_sn = self._read().card_sn
        except CardFault as error:
            if error.code != AUTH_NEEDED:
                raise
            card_sn = challenge_card_sn(self._call(STEP_1, self._i_type))
        check_card_sn(card_sn)
        return card_sn

    def _read_by_bureau(self, bureau: Bureau, today: date) -> PresentedIdentity:
        challenge = self._call(STEP_1, self._i_type)
        card_sn = challenge_card_sn(challenge)
        answer = _asked(bureau, challenge.decode("ascii"))
        fields = split_output(self._call(STEP_2, answer.encode("ascii")))
        if fields.card_sn != card_sn:
            raise fault("D20_MIXED_READ", "卡识别码 after the authentication differs from the one before")
        return identity_of(fields, today, self.how)

    def _call(self, function: str, *arguments: int | bytes, deadline_s: float = READ_S) -> bytes:
        code, output = self.driver.call(function, *arguments, deadline_s=deadline_s)
        if code != 0:
            raise from_vendor(code, function)
        return output


def challenge_card_sn(challenge: bytes) -> str:
    """Return 卡识别码 inside the output of step 1. Raises CardFault D55 if it has another form than nine fields of ASCII."""
    parts = _split(challenge)
    if len(parts) != _CHALLENGE_FIELDS or not challenge.isascii():
        raise fault("D55_DRIVER_OUTPUT", f"step 1 gave {len(parts)} fields where {_CHALLENGE_FIELDS} belong")
    check_card_sn(parts[3].upper())
    return parts[3].upper()


def _split(output: bytes) -> list[str]:
    try:
        text = output.decode("gb18030")
    except UnicodeDecodeError:
        raise fault("D55_DRIVER_OUTPUT", "the output is not GBK") from None
    if _CONTROL.search(text):  # not isprintable: rare names use characters of the private area
        raise fault("D55_DRIVER_OUTPUT", "control characters in the output")
    return [part.strip() for part in text.removesuffix("|").split("|")]


def _asked(bureau: Bureau, challenge: str) -> str:
    """Return the bureau's answer in its form; whatever the way to it raises becomes one fault."""
    try:
        answer = bureau(challenge)
    except SettlementError:
        raise
    except Exception as error:
        raise fault("D57_BUREAU_SILENT", f"asking the bureau failed: {type(error).__name__}") from None
    if not isinstance(answer, str) or not _BUREAU_ANSWER.fullmatch(answer):
        raise fault("D57_BUREAU_SILENT", "the bureau's answer is not two groups of hexadecimal digits")
    return answer
