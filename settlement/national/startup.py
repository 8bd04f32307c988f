"""Brings the service up: rules and registry read, kernel warm, book opened, gate, limits and logs put together."""

from __future__ import annotations

import asyncio
import gc
import os
import socket
import sys
from collections.abc import Callable
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path
from typing import Any, NamedTuple, TextIO

from starlette.types import ASGIApp

from settlement import __version__
from settlement.checkout import DATA
from settlement.checkout.base import House
from settlement.checkout.transactions import TRANSACTIONS
from settlement.ledger.opening import is_database, open_ledger
from settlement.ledger.stored_ledger import StoredLedger
from settlement.national import http, refusals, sessions, telemetry
from settlement.national.app import LOG_PATH, Standing, make_app
from settlement.national.gate import Gate
from settlement.national.profile import conventions, load_profile
from settlement.national.request_log import RequestLog
from settlement.national.roles import load_clients
from settlement.national.routes import ROUTES
from settlement.national.sandbox_faults import Plan, read_faults
from settlement.national.server import Server, listen, run
from settlement.national.service import Parts, Service
from settlement.national.settings import Settings
from settlement.national.working import Working
from settlement.registry import load_registry
from settlement.rules.rulebook import open_rulebook
from settlement.vault import KEYS_ENV, KEYS_FILE_ENV, Vault, open_vault
from settlement.warm import warm_kernel

OPEN_WARNING = "whoever reaches this address is let in; nothing real belongs here. 沙箱：任何人均可接入，勿用真实数据"
KEYED_WARNING = "a sandbox with clients of its own; nothing real belongs here. 沙箱：勿用真实数据"
SANDBOX_CLIENTS = DATA / "sandbox_clients.toml"
SHOWN = 4  # persons and institutions shown to be tried
LAST_READ = 20  # entries of the book that are read at the start: the keys fit, the file is whole at its end


def open_book(settings: Settings) -> StoredLedger:
    """Return the book, made if it is new; its last entries have been read."""
    if settings.store != "sqlite" and not is_database(settings.store):
        raise refusals.store_unknown(settings.store)
    settings.folder.mkdir(parents=True, exist_ok=True)
    ledger = open_ledger(settings.where, open_keys(settings))
    try:
        seq, _ = ledger.head()
        for _entry in ledger.settlements(max(0, seq - LAST_READ), seq):
            pass
    except BaseException:
        ledger.close()
        raise
    return ledger


def open_keys(settings: Settings) -> Vault | None:
    """Return the vault that was named; None for keys beside the book, which is good enough for a sandbox."""
    named = settings.keys or os.environ.get(KEYS_ENV) or os.environ.get(KEYS_FILE_ENV)
    if named or is_database(settings.store):
        new = not is_database(settings.store) and not Path(settings.where).exists()
        return open_vault(settings.keys, create=new)
    return None


def open_house(settings: Settings, ledger: StoredLedger) -> House:
    """Return rules, book and registry for the checkout."""
    registry = load_registry(settings.registry or DATA / "registry.json")
    return House(open_rulebook(settings.pools).book, ledger, registry)


def open_gate(settings: Settings, vault: Vault) -> Gate:
    """Return the gate of the profile. Raises BadInput N40, N58 or N60 for clients or a profile that cannot be used."""
    profile = load_profile(settings.profile)
    file = settings.clients
    if file is None and profile.security.signing != "none":
        file = SANDBOX_CLIENTS
    return Gate(profile, None if file is None else load_clients(file), vault, settings.window)


def serve(settings: Settings, said: Callable[[str], None] = print) -> int:
    """Run the service until it is told to end; ``said`` takes what is to be shown. Raises what stands in its way."""
    plan = read_faults(settings.faults, settings.seed) if settings.faults else None
    if plan is not None and not settings.is_sandbox:
        raise refusals.only_sandbox()
    profile = load_profile(settings.profile)
    with ExitStack() as closing:
        sock = closing.enter_context(listen(settings.host, settings.port))
        warm_kernel()
        ledger = open_book(settings)
        closing.callback(ledger.close)
        gate = open_gate(settings, ledger.vault)
        requests = RequestLog(settings.folder / "requests.jsonl") if settings.keeps_requests else None
        if requests is not None:
            closing.callback(requests.close)
        stream: TextIO = sys.stderr
        if settings.log_file is not None:
            stream = closing.enter_context(settings.log_file.open("a", encoding="utf-8", buffering=1))
        house = open_house(settings, ledger)._replace(conventions=conventions(profile))
        made = Made(settings, house, ledger, gate, telemetry.make_log(stream), requests, plan)
        _settle_heap()
        run(lambda: _main(made, sock, said))
    said("stopped; everything accepted was answered")
    return 0


def _settle_heap() -> None:
    """Take rules, registry and modules out of the garbage collector's rounds: they stay for as long as the process.

    Walking them again and again took a sixth of the time of a settlement, in pauses that every till felt. What messages
    leave behind is freed by reference counts; rounds over the rest are made rarer.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)


class Made(NamedTuple):
    """What is there before the event loop runs."""

    settings: Settings
    house: House
    ledger: StoredLedger
    gate: Gate
    log: Any
    requests: RequestLog | None
    plan: Plan | None


async def _main(made: Made, sock: socket.socket, said: Callable[[str], None]) -> None:
    """Serve until told to end."""
    service = make_service(made)
    port = int(sock.getsockname()[1])
    app: ASGIApp = make_app(service, about(made), lambda: standing(made.ledger))
    if made.plan is not None:
        app = http.Cuttable(app)
    server = Server(app, lambda: said(greeting(made, port)), service.drain)
    try:
        await server.serve([sock])
    finally:
        service.parts.working.close()


def make_service(made: Made) -> Service:
    """Return the service for the running event loop."""
    settings = made.settings
    lasts = timedelta(hours=settings.sign_in_hours) if settings.sign_in_hours else None
    table = TRANSACTIONS | {one.infno: one for one in sessions.transactions(lasts)}
    working = Working(made.house, table, asyncio.get_running_loop())
    parts = Parts(
        gate=made.gate, working=working, sessions=sessions.Sessions(made.ledger.fact),
        metrics=telemetry.Metrics(frozenset(ROUTES)), log=made.log, limits=settings.limits,
        requests=made.requests, plan=made.plan, require_sign_in=settings.require_sign_in,
    )  # fmt: skip
    return Service(parts)


def standing(ledger: StoredLedger) -> Standing:
    """Return how the book does."""
    return Standing(ledger.waiting, ledger.commits, ledger.booked, ledger.stopped_by)


def about(made: Made) -> dict[str, Any]:
    """Return what /health says of the service."""
    told: dict[str, Any] = {"version": __version__, "profile": made.settings.profile}
    told["sandbox"] = made.settings.is_sandbox
    return told | ({"warning": warning(made)} if made.settings.is_sandbox else {})


def warning(made: Made) -> str:
    """Return what must be known of a sandbox."""
    return OPEN_WARNING if made.settings.clients is None else KEYED_WARNING


def greeting(made: Made, port: int) -> str:
    """Return what is shown when the service has begun to listen."""
    settings, profile = made.settings, made.gate.profile
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    base = f"http://{host}:{port}"
    lines = [f"settlement {__version__}, profile {profile.name} ({profile.title}), listening on {base}"]
    lines += [f"  POST {base}{path}" for path in made.gate.paths[:SHOWN]]
    lines += [f"  book {settings.shown_where}, log of requests {f'{base}{LOG_PATH}' if made.requests else 'off'}"]
    if settings.is_sandbox:
        lines += [f"SANDBOX: {warning(made)}"]
    if settings.is_sandbox and settings.registry is None:
        registry = made.house.registry
        lines += ["Persons and institutions to try (invented):"]
        lines += [
            f"  psn_no {one.psn_no}  certno {one.certno}  insuplc_admdvs {one.insuplc_admdvs}"
            for one in list(registry.persons.values())[:SHOWN]
        ]
        lines += [
            f"  fixmedins_code {one.fixmedins_code}  {one.fixmedins_name}"
            for one in list(registry.institutions.values())[:SHOWN]
        ]
    return "\n".join(lines)
