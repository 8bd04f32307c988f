"""The gate: from the bytes of a request to a message of a known client in canonical spelling, and back with its answer.

Who is not let in is told so outside the frame, with HTTP 401 or 403: an answer in the frame would be a service to
whoever tries keys. A sandbox without a clients file lets everybody in where the profile does not sign.
"""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Mapping
from typing import Any

from starlette.types import Scope

from settlement.errors import NotAvailable, SettlementError
from settlement.national import envelope as frame
from settlement.national import refusals
from settlement.national.http import Reply, header
from settlement.national.nonces import NonceCache
from settlement.national.openapi import SINGLE_PATH
from settlement.national.profile import (
    Profile,
    encode,
    from_canonical,
    infcode_of,
    infnos_at,
    receipt_area,
    request_path,
    to_canonical,
)
from settlement.national.profile_file import shared
from settlement.national.roles import OPEN_CLIENT, Client
from settlement.national.routes import ALIASES, ROUTES
from settlement.national.schemes import Request
from settlement.national.signing import check_request, party_of, seal_answer
from settlement.national.tokens import Tokens, check_secret
from settlement.vault import Vault

RESPELT_VALUES = ("clr_way",)  # fields whose value is read differently, whatever their name
UNREADABLE = frozenset({"N55_CIPHER"})  # the client is known, its body is not readable
ONE_FOR_EACH = "/fsi/api/{infno}"


class Opened:
    """A message that was let in: who sent it, what it says, and how its answer is written."""

    def __init__(self, gate: Gate, client: Client, message: dict[str, Any]) -> None:
        self.client, self.message, self._gate = client, message, gate
        self.infno = str(message.get("infno") or "")

    def receipt_area(self) -> str:
        """Return what the receiver's id begins with."""
        return receipt_area(self._gate.profile, str(self.message.get("mdtrtarea_admvs") or ""))

    def infcode(self, kind: str) -> int:
        """Return the infcode of a refusal of a kind (``system`` or ``business``)."""
        return infcode_of(self._gate.profile, kind)

    async def good(self, answer: bytes, msgid: str) -> bytes:
        """Return a stored answer as it goes out."""
        if self._gate.plain:
            return frame.stored_with_frame(answer, msgid)
        return await self.written(frame.with_frame(answer, msgid))

    async def written(self, answer: dict[str, Any]) -> bytes:
        """Return an answer as it goes out: the region's spelling, its forms of numbers, its cipher."""
        profile = self._gate.profile
        said = from_canonical(profile, self.infno, answer)
        output = said.get("output")
        if profile.security.cipher == "none" or output is None:
            return encode(said)
        text, sign = encode(output), self._gate.vault.sign
        return encode(await asyncio.to_thread(seal_answer, profile, self.client.id, said, text, sign))


class Gate:
    """Lets messages in, for one profile. ``clients`` None: everybody, where nothing is signed."""

    def __init__(
        self, profile: Profile, clients: Mapping[str, Client] | None, vault: Vault, window_s: float | None = None
    ) -> None:
        """Make a gate. Raises BadInput N41 (no clients where they are needed) or N58 (a client without its keys)."""
        self.profile, self.vault = profile, vault
        self.plain = profile.name == "plain"
        signing = profile.security.signing
        if clients is None and signing != "none":
            raise refusals.clients_needed(profile.name)
        self._open = clients is None
        self._clients = dict(clients or {OPEN_CLIENT.id: OPEN_CLIENT})
        self._parties = {one.id: party_of(profile, one.id, one.keys) for one in (clients or {}).values()}
        self._nonces = NonceCache(profile.security.window_s if window_s is None else window_s)
        rows = (*shared().accepts, *profile.requests)
        names = sorted({*(row.wire for row in rows), *RESPELT_VALUES})
        self._respelt = re.compile(f'"(?:{"|".join(map(re.escape, names))})"'.encode())
        self._slow = signing == "sm2_cainfo"  # milliseconds a signature: not on the event loop
        self.tokens = Tokens(self._parties, vault) if profile.transport.token == "oauth" else None

    @property
    def paths(self) -> tuple[str, ...]:
        """Where messages are taken."""
        if self.plain:
            return tuple(dict.fromkeys((self.profile.transport.path, SINGLE_PATH, ONE_FOR_EACH)))
        named = {request_path(self.profile, infno) for infno in (*ROUTES, *ALIASES)}
        return (*sorted(named), *(() if self.profile.transport.path else (ONE_FOR_EACH,)))

    async def token(self, scope: Scope, body: bytes) -> Reply:
        """Return the reply to a request for a token. Raises Gateway N44."""
        assert self.tokens is not None
        return self.tokens.give(header(scope, b"authorization"), body, time.time())

    async def open(self, scope: Scope, body: bytes) -> Opened:
        """Return the message of a request. Raises Gateway for what is not let in, BadInput N37 or N62."""
        raw = frame.read_body(body)
        infno = str(raw.get("infno") or "")
        if not self.plain:
            here = infnos_at(self.profile, scope["path"])
            if here is None or (here and infno not in here):
                raise refusals.wrong_path()
        client = await self._client(scope, body, raw)
        return Opened(self, client, self._canonical(infno, raw, body))

    def _canonical(self, infno: str, raw: dict[str, Any], body: bytes) -> dict[str, Any]:
        """Return a message in canonical spelling; one that has no other spelling in it is not walked through."""
        if self.profile.security.cipher == "none" and self._respelt.search(body) is None:
            return raw
        return to_canonical(self.profile, infno, raw)

    async def _client(self, scope: Scope, body: bytes, raw: dict[str, Any]) -> Client:
        """Return whose request it is; a ciphered input is in ``raw`` deciphered afterwards."""
        if self._open:
            return OPEN_CLIENT
        if self.profile.security.signing == "none":
            return self._clients[check_secret(self._parties, header(scope, b"authorization"))]
        client_id = self.tokens.whose(header(scope, b"authorization"), time.time()) if self.tokens else ""
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        request = Request(headers, body, raw, client_id)
        try:
            checked = self._checked
            admitted = await asyncio.to_thread(checked, request) if self._slow else checked(request)
        except NotAvailable:
            raise refusals.busy() from None
        except SettlementError as error:
            status = 400 if error.code in UNREADABLE else 401
            raise refusals.Gateway(status, error.code, error.found, error.zh) from None
        if admitted.plain is not None:
            raw["input"] = frame.read_body(admitted.plain)
        return self._clients[admitted.client_id]

    def _checked(self, request: Request) -> Any:
        return check_request(self.profile, self._parties.get, request, time.time(), self._nonces)
