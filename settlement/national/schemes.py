"""The signing schemes of regions, one by one: what a client adds, and what a request must show to be its own.

============ ================================================================================================
sm2_cainfo   Jilin. ``cainfo`` = base64 of r and s (32 bytes each), SM2 with SM3 over the input's JSON text, signer id =
             client id; DER is read too. The time is ``inf_time``, which nothing signs; the client is known by a token.
hmac_sha1    Hunan. ``_api_signature`` = base64 HMAC-SHA1 over the other four ``_api_`` headers, sorted, as k=v joined
             by &. The time in ms. The body is not signed.
sha256_tif   Chongqing. ``x-tif-signature`` = hex SHA-256(timestamp + token + nonce + timestamp), time in seconds, with a
             nonce of its own. The body is not signed.
hmac_sm3     Hangzhou. ``x-ca-signature`` = time in seconds, a colon, and hex HMAC-SM3 over time, a line feed and the
             body, keyed with the secret of ``x-ca-key``.
============ ================================================================================================

All four from public clients of the regions, but that r and s lie side by side in Jilin, which is inferred from public
copies of the class its client calls. A ``check_`` function says whose a request is, its time and its nonce; where a
scheme has no nonce its signature is one.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta, timezone
from typing import Any, NamedTuple

import gmssl_pyx
import msgspec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature
from cryptography.hazmat.primitives.hashes import SM3
from cryptography.hazmat.primitives.hmac import HMAC

from settlement.errors import BadInput
from settlement.national.cipher import bad_cipher, decipher, encipher

CHINA = timezone(timedelta(hours=8))
INF_TIME = "%Y-%m-%d %H:%M:%S"
API_VERSION = "1.0.0"
API_SIGNED = ("_api_access_key", "_api_name", "_api_timestamp", "_api_version")
HALF = 32  # bytes of r and of s


class Party(NamedTuple):
    """A client as both sides know it. ``secret`` is the shared one; SM2 keys are 32 bytes (private) and 64 (public)."""

    id: str
    secret: str = ""
    public_key: bytes = b""
    private_key: bytes = b""
    username: str = ""
    password: str = ""
    scope: str = ""

    def __repr__(self) -> str:
        return f"Party({self.id!r})"


Find = Callable[[str], Party | None]


class Request(NamedTuple):
    """What a check looks at: headers (names in small letters), body, the envelope that it is, whose token came with it."""

    headers: Mapping[str, str]
    body: bytes
    envelope: Mapping[str, Any]
    token_client: str = ""


class Checked(NamedTuple):
    """A request whose signature is right: whose, its time, its nonce, and its input where it came ciphered."""

    party: Party
    time: float
    nonce: str
    plain: bytes | None = None


# --- Jilin: SM2 with SM3 over the input ---


def sealed_envelope(party: Party, envelope: dict[str, Any]) -> dict[str, Any]:
    """Return an envelope with its input signed, then ciphered."""
    text = msgspec.json.encode(envelope["input"])
    signature = gmssl_pyx.sm2_sign(party.private_key, party.public_key, text, party.id.encode())
    cainfo = base64.b64encode(_raw_of(signature)).decode()
    return envelope | {"cainfo": cainfo, "signtype": "SM2", "encType": "SM4", "input": encipher(party.id, text)}


def check_sm2(find: Find, request: Request) -> Checked:
    """Check ``cainfo`` over the deciphered input."""
    party = _known(find, request.token_client)
    cainfo, ciphered = request.envelope.get("cainfo"), request.envelope.get("input")
    if not isinstance(cainfo, str) or not cainfo:
        raise _not_signed("cainfo")
    if not isinstance(ciphered, str):
        raise bad_cipher("input is no text")
    plain = decipher(party.id, ciphered)
    raw = _signature_of(cainfo)
    if not _is_signed(party, plain, raw):
        raise _bad_signature()
    return Checked(party, _inf_time(request.envelope), raw.hex(), plain)


def _is_signed(party: Party, plain: bytes, raw: bytes) -> bool:
    try:
        return bool(gmssl_pyx.sm2_verify(party.public_key, plain, _der_of(raw), party.id.encode()))
    except gmssl_pyx.GmsslInnerError:  # a public key that is no point of the curve
        return False


def _inf_time(envelope: Mapping[str, Any]) -> float:
    try:
        return datetime.strptime(str(envelope.get("inf_time")), INF_TIME).replace(tzinfo=CHINA).timestamp()
    except ValueError:
        raise _not_signed("inf_time (yyyy-MM-dd HH:mm:ss)") from None


def _signature_of(cainfo: str) -> bytes:
    """Return r and s of a signature in base64, 64 bytes: one form for every spelling, so that none passes twice."""
    try:
        signature = base64.b64decode(cainfo, validate=True)
        return signature if len(signature) == 2 * HALF else _raw_of(signature)
    except (binascii.Error, ValueError, OverflowError):
        raise _bad_signature() from None


def _raw_of(der: bytes) -> bytes:
    r, s = decode_dss_signature(der)
    return r.to_bytes(HALF, "big") + s.to_bytes(HALF, "big")


def _der_of(raw: bytes) -> bytes:
    return encode_dss_signature(int.from_bytes(raw[:HALF], "big"), int.from_bytes(raw[HALF:], "big"))


# --- Hunan: HMAC-SHA1 over the gateway headers ---


def api_headers(party: Party, infno: str, timestamp: str) -> dict[str, str]:
    """Return the five gateway headers; ``timestamp`` in ms."""
    values = (party.id, infno, timestamp, API_VERSION)
    said = dict(zip(API_SIGNED, values, strict=True))
    return said | {"_api_signature": _api_signature(party, said)}


def _api_signature(party: Party, said: Mapping[str, str]) -> str:
    text = "&".join(f"{name}={value}" for name, value in sorted(said.items()))
    return base64.b64encode(hmac.digest(party.secret.encode(), text.encode(), "sha1")).decode()


def check_api(find: Find, request: Request) -> Checked:
    """Check ``_api_signature`` over the other four; the infno signed must be the envelope's, all that ties them."""
    said = {name: _header(request, name) for name in API_SIGNED}
    signature = _header(request, "_api_signature")
    party = _known(find, said["_api_access_key"])
    _same(_api_signature(party, said), signature)
    if said["_api_name"] != str(request.envelope.get("infno")):
        raise _bad_signature()
    return Checked(party, _number(said["_api_timestamp"], 13, "_api_timestamp") / 1000, signature)


# --- Chongqing: SHA-256 around a token ---


def tif_headers(party: Party, timestamp: str, nonce: str) -> dict[str, str]:
    """Return the four x-tif headers; ``timestamp`` in seconds."""
    signature = _tif_signature(party, timestamp, nonce)
    said = {"x-tif-paasid": party.id, "x-tif-timestamp": timestamp, "x-tif-nonce": nonce}
    return said | {"x-tif-signature": signature}


def _tif_signature(party: Party, timestamp: str, nonce: str) -> str:
    return hashlib.sha256(f"{timestamp}{party.secret}{nonce}{timestamp}".encode()).hexdigest()


def check_tif(find: Find, request: Request) -> Checked:
    """Check ``x-tif-signature``. Its parts are joined without a mark; a time of fixed length keeps them apart."""
    timestamp, nonce = _header(request, "x-tif-timestamp"), _header(request, "x-tif-nonce")
    party = _known(find, _header(request, "x-tif-paasid"))
    _same(_tif_signature(party, timestamp, nonce), _header(request, "x-tif-signature").lower())
    return Checked(party, _number(timestamp, 10, "x-tif-timestamp"), nonce)


# --- Hangzhou: HMAC-SM3 over time and body ---


def ca_headers(party: Party, timestamp: str, body: bytes) -> dict[str, str]:
    """Return the two x-ca headers; ``timestamp`` in seconds."""
    return {"x-ca-key": party.id, "x-ca-signature": f"{timestamp}:{_ca_mac(party, timestamp, body)}"}


def _ca_mac(party: Party, timestamp: str, body: bytes) -> str:
    mac = HMAC(party.secret.encode(), SM3())
    mac.update(timestamp.encode() + b"\n" + body)
    return mac.finalize().hex().upper()


def check_ca(find: Find, request: Request) -> Checked:
    """Check ``x-ca-signature`` over the time it begins with and the body as it came."""
    timestamp, _, mac = _header(request, "x-ca-signature").partition(":")
    party = _known(find, _header(request, "x-ca-key"))
    _same(_ca_mac(party, timestamp, request.body), mac.upper())
    return Checked(party, _number(timestamp, 10, "time in x-ca-signature"), mac.upper())


CHECKS: dict[str, Callable[[Find, Request], Checked]] = {
    "sm2_cainfo": check_sm2,
    "hmac_sha1": check_api,
    "sha256_tif": check_tif,
    "hmac_sm3": check_ca,
}


# --- parts ---


def _header(request: Request, name: str) -> str:
    value = request.headers.get(name, "")
    if not value:
        raise _not_signed(name)
    return value


def _number(text: str, digits: int, name: str) -> int:
    if len(text) != digits or not text.isascii() or not text.isdigit():
        raise _not_signed(f"{name} of {digits} digits")
    return int(text)


def _known(find: Find, client_id: str) -> Party:
    party = find(client_id) if client_id else None
    if party is None:
        raise BadInput(
            "N51_UNKNOWN_CLIENT",
            "the client is not known here",
            "Nobody answers for the message",
            "Check the client id and the clients file of the service",
            "接入方未登记，请核对接入凭证",
        )
    return party


def _same(expected: str, said: str) -> None:
    if not hmac.compare_digest(expected.encode(), said.encode("utf-8", "replace")):
        raise _bad_signature()


def _bad_signature() -> BadInput:
    return BadInput(
        "N52_BAD_SIGNATURE",
        "the signature is not this client's over this request",
        "The request may have been changed on its way",
        "Check the key and what is signed; sign last",
        "签名验证失败，请核对密钥与签名内容",
    )


def _not_signed(what: str) -> BadInput:
    return BadInput(
        "N50_NOT_SIGNED",
        f"the request has no {what}",
        "This region takes signed requests only",
        "Sign the request as the profile says",
        f"请求缺少签名要素 {what}",
    )
