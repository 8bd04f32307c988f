"""What every client of the interface does, whatever carries its bytes: sign a message, ask for a token, open an answer.

``settlement call`` and the till (``pos_adapter``) share it. Each keeps a line of its own: the till must know whether
anything was sent, the command needs no package for that.
"""

from __future__ import annotations

import base64
import time
import urllib.parse
from pathlib import Path
from typing import Any

from settlement.checkout import DATA
from settlement.errors import BadInput
from settlement.national import envelope as frame
from settlement.national.profile import Profile, from_canonical, to_canonical
from settlement.national.roles import Client, load_clients
from settlement.national.schemes import Party
from settlement.national.signing import Signed, party_of, plain_output, sign_request

FORM = "application/x-www-form-urlencoded"


def signed(profile: Profile, party: Party | None, message: dict[str, Any], token: str = "") -> Signed:
    """Return headers and body of a message in canonical spelling, signed at this moment; no party in an open sandbox.

    ``token`` is needed where the region asks for one.
    """
    spelt = from_canonical(profile, message["infno"], message, "request")
    made = sign_request(profile, party or Party(""), spelt, time.time(), token=token)
    if party is None or profile.security.signing != "none":
        return made
    return made._replace(headers={**made.headers, "Authorization": basic(party)})


def token_request(party: Party) -> Signed:
    """Return headers and body of a request for a token."""
    said = {"username": party.username, "password": party.password, "scope": party.scope, "grant_type": "password"}
    return Signed({"Authorization": basic(party), "Content-Type": FORM}, urllib.parse.urlencode(said).encode())


def opened(profile: Profile, client_id: str, infno: str, answer: dict[str, Any]) -> dict[str, Any]:
    """Return an answer to a client in canonical spelling, its output plain. Raises BadInput N55 or Gateway N20."""
    text = plain_output(profile, client_id, answer)
    if text is not None:
        read = frame.read_body(b'{"output":' + text + b"}")  # a list (5204) is read as an object is
        answer = answer | {"output": read["output"]}
    return to_canonical(profile, infno, answer, "answer")


def party_from(profile: Profile, file: Path | None, name: str) -> tuple[Party | None, Client | None]:
    """Return the client that speaks: by name or the first of a clients file, without a file the published sandbox one.

    None in an open sandbox. Raises BadInput N46 for a client that is not in the file.
    """
    if file is None and profile.security.signing == "none":
        return None, None
    clients = load_clients(file or DATA / "sandbox_clients.toml")
    client = clients.get(name) if name else next(iter(clients.values()))
    if client is None:
        raise BadInput("N46_CALL_CLIENT", f"no client {name!r} in the file", zh="登记文件中没有该接入方")
    return party_of(profile, client.id, client.keys), client


def basic(party: Party) -> str:
    """Return a party's id and secret as HTTP Basic has them."""
    return "Basic " + base64.b64encode(f"{party.id}:{party.secret}".encode()).decode()
