"""Signing at work: a client signs and ciphers a request, the service finds out whose it is and lets each in once.

The schemes are in ``schemes``. An honest repeat keeps its msgid and is signed anew, with a fresh time or nonce (or,
with SM2, fresh randomness). Where the body is not signed TLS must keep it. Times are seconds since 1970, given by the
caller.
"""

from __future__ import annotations

import base64
import secrets
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import msgspec

from settlement.errors import BadInput
from settlement.national import schemes
from settlement.national.cipher import decipher, encipher
from settlement.national.nonces import NonceCache
from settlement.national.profile_file import Profile
from settlement.national.schemes import Find, Party, Request

KEYS = {  # what the keys of a client are called, by scheme; a client's own side needs its private key too
    "none": (),
    "sm2_cainfo": ("public_key",),
    "hmac_sha1": ("secret",),
    "sha256_tif": ("secret",),
    "hmac_sm3": ("secret",),
}


class Signed(NamedTuple):
    """A request ready to be sent."""

    headers: dict[str, str]
    body: bytes


class Admitted(NamedTuple):
    """Whose request it is, and the JSON text of its input where that came ciphered."""

    client_id: str
    plain: bytes | None = None


def party_of(profile: Profile, client_id: str, keys: Mapping[str, str]) -> Party:
    """Return a client from its keys as a clients file holds them, SM2 keys in hex. Raises BadInput N58."""
    needed = {*KEYS[profile.security.signing], *(("secret", "username", "password") if _asks_token(profile) else ())}
    if missing := sorted(name for name in needed if not keys.get(name)):
        raise _bad_keys(client_id, f"{', '.join(missing)} not given")
    if unknown := sorted(set(keys) - set(Party._fields[1:])):
        raise _bad_keys(client_id, f"{', '.join(unknown)} not known; the names are {', '.join(Party._fields[1:])}")
    try:
        pair = {name: bytes.fromhex(keys.get(name, "")) for name in ("public_key", "private_key")}
    except ValueError:
        raise _bad_keys(client_id, "an SM2 key is written in hex") from None
    if len(pair["public_key"]) not in (0, 64) or len(pair["private_key"]) not in (0, 32):
        raise _bad_keys(client_id, "an SM2 public key has 64 bytes (x and y), a private one 32")
    return Party(
        client_id, keys.get("secret", ""), pair["public_key"], pair["private_key"],
        keys.get("username", ""), keys.get("password", ""), keys.get("scope", ""),
    )  # fmt: skip


def sign_request(
    profile: Profile, party: Party, envelope: dict[str, Any], at: float, nonce: str = "", token: str = ""
) -> Signed:
    """Return headers and body of a client's request; ``envelope`` is in the region's spelling, its input plain.

    ``nonce`` is drawn if none is given; ``token`` is needed where the region asks for one.
    """
    security = profile.security
    if security.signing == "sm2_cainfo":
        envelope = schemes.sealed_envelope(party, envelope)
    body = msgspec.json.encode(envelope)
    headers = {"Content-Type": profile.transport.content_type}
    if _asks_token(profile):
        headers["Authorization"] = f"Bearer {token}"
    if security.signing == "hmac_sha1":
        headers |= schemes.api_headers(party, str(envelope["infno"]), f"{round(at * 1000)}")
    elif security.signing == "sha256_tif":
        headers |= schemes.tif_headers(party, f"{int(at)}", nonce or secrets.token_hex(16))
    elif security.signing == "hmac_sm3":
        headers |= schemes.ca_headers(party, f"{int(at)}", body)
    return Signed(headers, body)


def check_request(profile: Profile, find: Find, request: Request, at: float, nonces: NonceCache) -> Admitted:
    """Return whose request it is; its envelope is its body read, in the region's spelling.

    Raises BadInput N50 (a header or field is missing), N51 (an unknown client), N52 (not its signature), N53 (outside
    the time), N54 (seen before), N55 (no cipher text), NotAvailable N57 (too many at once).
    """
    if profile.security.signing == "none":
        return Admitted("")
    lower = {name.lower(): value for name, value in request.headers.items()}
    checked = schemes.CHECKS[profile.security.signing](find, request._replace(headers=lower))
    nonces.check_time(checked.time, at)
    nonces.remember(checked.party.id, checked.nonce, at)  # last, so that nobody else can use up a nonce
    return Admitted(checked.party.id, checked.plain)


# --- answers ---


def seal_answer(
    profile: Profile, client_id: str, answer: dict[str, Any], text: bytes | None, sign: Callable[[bytes], bytes] | None
) -> dict[str, Any]:
    """Return an answer with its output ciphered for a client; ``text`` is the output's JSON, None for no output.

    ``sign`` is the service's own signature (``Vault.sign``), as ``cainfo``: the Jilin client does not check it, so its
    form is ours (base64 of DER, the default signer id). A region without cipher gets its answer unchanged.
    """
    if profile.security.cipher == "none" or text is None:
        return answer
    cainfo = base64.b64encode(sign(text)).decode() if sign else ""
    return answer | {"output": encipher(client_id, text), "signtype": "SM2", "cainfo": cainfo}


def plain_output(profile: Profile, client_id: str, answer: Mapping[str, Any]) -> bytes | None:
    """Return the JSON text of a ciphered output, None where it came plain or there is none. Raises BadInput N55."""
    output = answer.get("output")
    return decipher(client_id, output) if profile.security.cipher == "sm4" and isinstance(output, str) else None


def _asks_token(profile: Profile) -> bool:
    return profile.transport.token == "oauth"


def _bad_keys(client_id: str, found: str) -> BadInput:
    return BadInput(
        "N58_CLIENT_KEYS",
        f"client {client_id}: {found}",
        "Its requests could not be checked",
        "Mend the clients file",
        "接入方密钥配置有误",
    )
