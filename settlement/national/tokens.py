"""Tokens of the regions that ask for one first (Jilin): given for a client's id, secret, name and password; good for a while.

A token holds whose it is and until when, under a keyed hash of the vault, so nothing is kept and every process with the
same keys knows it. The request is OAuth 2's password grant as the client of the region sends it; how long a token is
good is ours.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl

from settlement.national import refusals
from settlement.national.http import Reply
from settlement.national.schemes import Party
from settlement.vault import Vault

LASTS_S = 7200
MOST_FORM = 4096  # bytes of a token request


class Tokens:
    """Gives tokens and knows them again."""

    def __init__(self, parties: Mapping[str, Party], vault: Vault) -> None:
        self._parties, self._vault = parties, vault

    def give(self, authorization: str, form: bytes, now_s: float) -> Reply:
        """Return the reply to a request for a token. Raises Gateway N44 unless all four things are the client's."""
        client_id, secret = basic(authorization)
        said = dict(parse_qsl(form[:MOST_FORM].decode("utf-8", "replace")))
        party = self._parties.get(client_id, Party(""))
        shown = (secret, said.get("username", ""), said.get("password", ""))
        right = [_same(*pair) for pair in zip(shown, (party.secret, party.username, party.password), strict=True)]
        if not all(right) or not party.id or said.get("grant_type", "password") != "password":
            raise refusals.not_authenticated()
        told = {
            "access_token": self._token(client_id, int(now_s) + LASTS_S), "token_type": "bearer",
            "expires_in": LASTS_S, "scope": said.get("scope", ""),
        }  # fmt: skip
        return Reply(200, json.dumps(told).encode(), headers=((b"cache-control", b"no-store"),))

    def whose(self, authorization: str, now_s: float) -> str:
        """Return the client whose valid token an Authorization header holds. Raises Gateway N44."""
        scheme, _, token = authorization.partition(" ")
        client_id, _, until = _unpacked(token.partition(".")[0]).rpartition("|")
        good = scheme.lower() == "bearer" and until.isascii() and until.isdigit() and int(until) > now_s
        if not good or not _same(token, self._token(client_id, int(until))):
            raise refusals.not_authenticated()
        return client_id

    def _token(self, client_id: str, until: int) -> str:
        said = f"{client_id}|{until}"
        packed = base64.urlsafe_b64encode(said.encode()).decode().rstrip("=")
        return f"{packed}.{self._vault.tag(f'token|{said}').hex()}"


def basic(authorization: str) -> tuple[str, str]:
    """Return id and secret of HTTP Basic authentication, empty texts if the header holds none."""
    scheme, _, packed = authorization.partition(" ")
    if scheme.lower() != "basic":
        return "", ""
    try:
        client_id, _, secret = base64.b64decode(packed, validate=True).decode().partition(":")
    except (binascii.Error, ValueError):
        return "", ""
    return client_id, secret


def check_secret(parties: Mapping[str, Party], authorization: str) -> str:
    """Return the client that an HTTP Basic header proves to be. Raises Gateway N44."""
    client_id, secret = basic(authorization)
    party = parties.get(client_id, Party(""))
    if not _same(secret, party.secret) or not party.secret:
        raise refusals.not_authenticated()
    return client_id


def _same(said: Any, expected: str) -> bool:
    return hmac.compare_digest(str(said).encode("utf-8", "replace"), expected.encode())


def _unpacked(packed: str) -> str:
    try:
        return base64.urlsafe_b64decode(packed + "=" * (-len(packed) % 4)).decode()
    except (binascii.Error, ValueError):
        return ""
