"""Who may say what: clients and their institutions, terminals, operators and roles. What is not allowed is refused.

A client is one installation that speaks the interface: a hospital's system, a pharmacy chain's tills. The clients file
(TOML) says for each with what it proves who it is, for which institutions it speaks, from where, and which operators
work there in which roles; a part that is not said allows nothing, and ``"*"`` says any.

    [[client]]
    id = "H-220400-0001"
    secret = "env:HOSPITAL_SECRET"        # or the text itself; other keys as the profile needs them
    fixmedins_codes = ["H22040000001"]
    addresses = ["10.1.0.0/16"]
    terminals = ["*"]                     # dev_no of the envelope
    [client.operators]
    "0001" = ["cashier"]
    "0002" = ["cashier", "supervisor"]
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Iterable, Mapping
from functools import lru_cache
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Any, NamedTuple

from settlement.national import refusals
from settlement.national.routes import AUDITOR, CASHIER, CLERK, ROLES, SUPERVISOR

ANY = "*"
_LISTS = ("fixmedins_codes", "addresses", "terminals")


class Client(NamedTuple):
    """One client. ``keys`` holds what it proves itself with, by the names that the profile asks for."""

    id: str
    keys: Mapping[str, str]
    fixmedins_codes: frozenset[str]
    addresses: tuple[str, ...]
    terminals: frozenset[str]
    operators: Mapping[str, tuple[str, ...]]

    def __repr__(self) -> str:
        """Return the name only: keys do not go into logs."""
        return f"Client({self.id!r})"

    def speaks_for(self, fixmedins_code: str) -> bool:
        """Tell whether the client may speak for an institution."""
        return fixmedins_code in self.fixmedins_codes or ANY in self.fixmedins_codes

    def role(self, opter: str, allowed: Iterable[str]) -> str:
        """Return the role in which an operator may do what is allowed to some roles.

        Raises BadInput N25 for an operator who is not one of the client's, N24 for one without such a role.
        """
        held = self.operators.get(opter, self.operators.get(ANY))
        if held is None:
            raise refusals.operator_unknown()
        for role in held:
            if role in allowed:
                return role
        raise refusals.role_missing()

    def check_place(self, dev_no: str, address: str) -> None:
        """Refuse a terminal or an address that is not the client's. Raises BadInput N26."""
        if ANY not in self.terminals and dev_no not in self.terminals:
            raise refusals.terminal_unknown()
        if ANY not in self.addresses and not _inside(address, self.addresses):
            raise refusals.terminal_unknown()


# Everybody at an open sandbox. An operator named after a role has only that one, so that refusals can be tried.
OPEN_CLIENT = Client(
    "sandbox", {}, frozenset({ANY}), (ANY,), frozenset({ANY}),
    {role: (role,) for role in ROLES} | {ANY: (CASHIER, SUPERVISOR, CLERK, AUDITOR)},
)  # fmt: skip


@lru_cache(maxsize=4096)
def _inside(address: str, networks: tuple[str, ...]) -> bool:
    try:
        return any(ip_address(address) in ip_network(network) for network in networks)
    except ValueError:
        return False


def load_clients(file: Path) -> dict[str, Client]:
    """Return the clients of a TOML file by id; raises BadInput N40 with what is wrong in it."""
    try:
        content = tomllib.loads(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise refusals.clients_file(file.name, str(error)) from None
    rows = content.get("client")
    if not isinstance(rows, list) or not rows or set(content) != {"client"}:
        raise refusals.clients_file(file.name, "it must have [[client]] tables and nothing else")
    clients = [_client(row, file.name) for row in rows]
    if len({client.id for client in clients}) != len(clients):
        raise refusals.clients_file(file.name, "an id is there twice")
    return {client.id: client for client in clients}


def _client(row: dict[str, Any], file: str) -> Client:
    where = f"{file}: client {row.get('id')!r}"
    for name in _LISTS:
        listed = row.get(name)
        if not isinstance(listed, list) or not listed or not all(isinstance(one, str) and one for one in listed):
            raise refusals.clients_file(where, f'{name} must be a list of texts; ["*"] says any')
    operators = row.get("operators")
    if not isinstance(operators, dict) or not operators:
        raise refusals.clients_file(where, "[client.operators] must name operators and their roles")
    for opter, roles in operators.items():
        if not isinstance(roles, list) or not roles or not set(roles) <= set(ROLES):
            raise refusals.clients_file(where, f"operator {opter!r}: roles are a list of {', '.join(ROLES)}")
    for network in row["addresses"]:
        if network != ANY and not _is_network(network):
            raise refusals.clients_file(where, f"{network!r} is not an address or network")
    known = {"id", "operators", *_LISTS}
    keys = {name: _secret(str(value), where) for name, value in row.items() if name not in known}
    if not isinstance(row.get("id"), str) or not row["id"] or not keys:
        raise refusals.clients_file(where, "a client needs an id and a secret or a key")
    return Client(
        row["id"], keys, frozenset(row["fixmedins_codes"]), tuple(row["addresses"]), frozenset(row["terminals"]),
        {opter: tuple(roles) for opter, roles in operators.items()},
    )  # fmt: skip


def _is_network(text: str) -> bool:
    try:
        ip_network(text)
    except ValueError:
        return False
    return True


def _secret(said: str, where: str) -> str:
    """Return a secret: as it is said, or from the environment where it says ``env:NAME``."""
    if not said.startswith("env:"):
        return said
    value = os.environ.get(said[4:], "")
    if not value:
        raise refusals.clients_file(where, f"{said[4:]} is not set in the environment")
    return value
