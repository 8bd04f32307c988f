"""The electronic voucher (医保电子凭证) shown as a QR code: its token becomes a credential of type 01.

Two ways. Mostly the local voucher library reads the scanner itself and is asked by ``EcQuery`` (transType ec.query) for a
business; it gives the token and whose it is. Where the platform takes what was scanned, the scanned text is the token.
The library's fields and the four businesses are those of public clients. That a token is short-lived and good for one
business is remembered, not verified; so are the forms of other codes that are scanned by mistake.

The token stands in no text, log, JSON or journal: identities mask it, and what a library says is shown without it.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from datetime import date
from enum import Enum
from typing import Any, NamedTuple, Protocol

from pos_adapter.faults import fault
from settlement.errors import CardFault, SettlementError
from settlement.identity import CERT_EVOUCHER, PresentedIdentity, certno_faults, is_foreign_form

LONGEST = 50  # mdtrt_cert_no of the national interface
_SHORTEST = 16  # inferred: no shorter token was seen
_TOKEN = re.compile(r"[0-9A-Za-z+/=_.:-]+")
_LONG_RUN = re.compile(r"[0-9A-Za-z+/=_-]{6,}")  # in a library's message: a number, a token, never a word of Chinese
# What people show by mistake (from memory): what it is -> its form.
_OTHER_CODES = {
    "a web address": re.compile(r"[a-z]+://.*", re.IGNORECASE | re.DOTALL),
    "a payment code of WeChat": re.compile(r"1[0-5][0-9]{16}"),
    "a payment code of Alipay": re.compile(r"(?:2[5-9]|30)[0-9]{14,22}"),
    "a bar code of goods": re.compile(r"[0-9]{8}|[0-9]{12,14}"),
    "a drug tracing code": re.compile(r"8[0-9]{19}"),
    "an ID card number": re.compile(r"[1-9][0-9]{5}(?:19|20)[0-9]{9}[0-9Xx]"),
}


class Business(Enum):
    """What a voucher is asked for (businessType)."""

    REGISTRATION = "01101"
    OUTPATIENT_SETTLEMENT = "01301"
    PHARMACY_PURCHASE = "02121"
    OUTSIDE_PRESCRIPTION = "02122"


class Place(NamedTuple):
    """Who asks, as the library wants to know it."""

    org_id: str
    operator_id: str
    operator_name: str
    office_id: str = ""
    office_name: str = ""
    device_type: str = ""


class EcLibrary(Protocol):
    """The local voucher library; it waits for the scanner, so it must have a deadline of its own."""

    def ec_query(self, request: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return its answer: ``code`` (0 is done), ``message``, ``data``. Raises OSError when it cannot be reached."""


class Voucher:
    """A voucher that was read for one business; it is asked for its identity by that name, and shows nothing of itself."""

    __slots__ = ("_identity", "business")

    def __init__(self, identity: PresentedIdentity, business: Business) -> None:
        self._identity, self.business = identity, business

    def __repr__(self) -> str:
        return f"Voucher({self.business.name})"

    def __reduce__(self) -> Any:
        raise TypeError("a voucher is not written down")

    def identity_for(self, business: Business) -> PresentedIdentity:
        """Return the identity. Raises CardFault D63 for another business than the one it was read for."""
        if business is not self.business:
            raise fault("D63_OTHER_PURPOSE", f"read for {self.business.name}, used for {business.name}")
        return self._identity


def ask_library(library: EcLibrary, business: Business, place: Place, today: date) -> Voucher:
    """Let the library read a voucher for a business. Raises CardFault D61, D62 or D64."""
    try:
        answer = library.ec_query(_request(business, place))
    except SettlementError:
        raise
    except Exception as error:  # its text may hold what was scanned
        raise fault("D64_VOUCHER_SILENT", f"EcQuery: {type(error).__name__}") from None
    if not isinstance(answer, Mapping) or "code" not in answer:
        raise fault("D62_VOUCHER_OUTPUT", "no code in the answer of EcQuery")
    if str(answer["code"]) != "0":
        raise _refused(answer)
    data = answer.get("data")
    if not isinstance(data, Mapping):
        raise fault("D62_VOUCHER_OUTPUT", "no data in the answer of EcQuery")
    return Voucher(_identity(data, today), business)


def scanned(text: str, business: Business) -> Voucher:
    """Return the voucher of a text that a scanner typed. Raises CardFault D60 for everything that is none."""
    token = _normal(text)
    for what, form in _OTHER_CODES.items():
        if form.fullmatch(token):
            raise fault("D60_NOT_A_VOUCHER", f"this is {what}")
    _check_token(token, "D60_NOT_A_VOUCHER")
    identity = PresentedIdentity(mdtrt_cert_type=CERT_EVOUCHER, mdtrt_cert_no=token, how="QR scanner")
    return Voucher(identity, business)


def _request(business: Business, place: Place) -> dict[str, Any]:
    data = {
        "businessType": business.value, "deviceType": place.device_type, "officeId": place.office_id,
        "officeName": place.office_name, "operatorId": place.operator_id, "operatorName": place.operator_name,
        "orgId": place.org_id,
    }  # fmt: skip
    return {"transType": "ec.query", "orgId": place.org_id, "data": data}


def _identity(data: Mapping[str, Any], today: date) -> PresentedIdentity:
    """Return the identity of an answer: a token, a name and a number that can be true."""
    token, name, certno = (data.get(field) for field in ("ecToken", "userName", "idNo"))
    if not (isinstance(token, str) and isinstance(name, str) and isinstance(certno, str)):
        raise fault("D62_VOUCHER_OUTPUT", "ecToken, userName or idNo is missing")
    token, name, certno = token.strip(), name.strip(), certno.strip().upper()
    _check_token(token, "D62_VOUCHER_OUTPUT")
    if not name:
        raise fault("D62_VOUCHER_OUTPUT", "userName is empty")
    if not is_foreign_form(certno):
        for found in certno_faults(certno):
            raise fault("D62_VOUCHER_OUTPUT", f"idNo: {found}")
        if certno[6:14] > f"{today:%Y%m%d}":
            raise fault("D62_VOUCHER_OUTPUT", "idNo: born after today")
    return PresentedIdentity(
        mdtrt_cert_type=CERT_EVOUCHER, mdtrt_cert_no=token, psn_name=name, certno=certno, how="e-voucher library"
    )


def _normal(text: str) -> str:
    """Return what was scanned without the line end of the scanner; a Chinese input method makes digits full-width."""
    return unicodedata.normalize("NFKC", text).strip()


def _check_token(token: str, code: str) -> None:
    if not _SHORTEST <= len(token) <= LONGEST:
        raise fault(code, f"{len(token)} characters where a token has {_SHORTEST} to {LONGEST}")
    if not _TOKEN.fullmatch(token):
        raise fault(code, "characters that no token has")


def _refused(answer: Mapping[str, Any]) -> CardFault:
    """Return the library's refusal in its own words, without anything in them that may be a number or a token."""
    said = _LONG_RUN.sub("…", str(answer.get("message") or ""))[:80]
    code = _LONG_RUN.sub("…", str(answer["code"]))[:20]
    return fault("D61_VOUCHER_REFUSED", f"EcQuery returned {code}: {said}", f"（{said}）" if said else "")
