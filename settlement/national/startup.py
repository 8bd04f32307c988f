"""Brings the service up: rules and registry read, kernel warm, book opened, front process started; then its main loop."""

from __future__ import annotations

import asyncio
import gc
import os
import signal
import socket
import sys
from collections.abc import Callable
from contextlib import ExitStack, suppress
from datetime import timedelta
from pathlib import Path
from typing import Any, NamedTuple, TextIO

from settlement import __version__
from settlement.checkout import DATA
from settlement.checkout.base import House
from settlement.checkout.transactions import TRANSACTIONS
from settlement.ledger.opening import is_database, open_ledger
from settlement.ledger.sqlite import keys_beside
from settlement.ledger.stored_ledger import StoredLedger
from settlement.national import refusals, sessions, telemetry
from settlement.national.app import LOG_PATH
from settlement.national.book_side import BookSide
from settlement.national.gate import Gate
from settlement.national.processes import ended, keep_apart, start_front
from settlement.national.profile import conventions, load_profile
from settlement.national.remote import DRAIN, END
from settlement.national.roles import load_clients
from settlement.national.routes import ROUTES
from settlement.national.sandbox_faults import read_faults
from settlement.national.server import listen, run
from settlement.national.service import Parts
from settlement.national.settings import Settings
from settlement.national.working import Answering, Standing, Working
from settlement.registry import Registry, load_registry
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


def vault_of(settings: Settings) -> Vault:
    """Return the vault of a book that is there."""
    return open_keys(settings) or open_vault(keys_beside(Path(settings.where)))


def open_log(settings: Settings, closing: ExitStack) -> TextIO:
    """Return where the service's own log goes; both processes add whole lines to one file."""
    if settings.log_file is None:
        return sys.stderr
    return closing.enter_context(settings.log_file.open("a", encoding="utf-8", buffering=1))


def serve(settings: Settings, said: Callable[[str], None] = print) -> int:
    """Run the service until it is told to end; ``said`` takes what is to be shown. Raises what stands in its way."""
    if settings.faults:
        read_faults(settings.faults, settings.seed)
        if not settings.is_sandbox:
            raise refusals.only_sandbox()
    load_profile(settings.profile)
    cpus = keep_apart(settings.cpu)
    with ExitStack() as closing:
        listening = closing.enter_context(listen(settings.host, settings.port))
        port = int(listening.getsockname()[1])
        warm_kernel()
        ledger = open_book(settings)
        closing.callback(ledger.close)
        gate = open_gate(settings, ledger.vault)  # what stands in its way is told here, before another process meets it
        log = telemetry.make_log(open_log(settings, closing))
        house = open_house(settings, ledger)._replace(conventions=conventions(gate.profile))
        here, there = socket.socketpair()
        with there, listening:  # the front has them now: who knocks when it has gone is not kept waiting
            front = start_front(settings, listening, there, cpus)
        closing.callback(ended, front)
        settle_heap()
        greeting = greeting_of(settings, gate, house.registry, port)
        run(lambda: _main(Made(settings, house, ledger, log), here, lambda: said(greeting)))
        if ended(front):
            raise refusals.front_gone()
    said("stopped; everything accepted was answered")
    return 0


def settle_heap() -> None:
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
    log: Any


async def _main(made: Made, line: socket.socket, on_start: Callable[[], None]) -> None:
    """Answer the front process until both have ended; the first signal lets it answer what it took, a second does not."""
    loop = asyncio.get_running_loop()
    working = make_working(made)
    side = BookSide(working, made.log, loop)
    await loop.connect_accepted_socket(lambda: side.link, line)
    orders = iter((DRAIN, END))
    for name in ("SIGINT", "SIGTERM", "SIGBREAK"):
        if hasattr(signal, name):
            signal.signal(
                getattr(signal, name), lambda _sig, _frame: loop.call_soon_threadsafe(side.tell, next(orders, END))
            )
    try:
        with suppress(asyncio.CancelledError):  # it ended before it began
            await side.up
            on_start()
        await side.gone.wait()
        await side.finish()
    finally:
        working.close()


def make_working(made: Made) -> Working:
    """Return who answers messages on the book, for the running event loop."""
    settings, ledger = made.settings, made.ledger
    lasts = timedelta(hours=settings.sign_in_hours) if settings.sign_in_hours else None
    table = TRANSACTIONS | {one.infno: one for one in sessions.transactions(lasts)}
    return Working(
        made.house, table, asyncio.get_running_loop(),
        lambda: Standing(ledger.waiting, ledger.commits, ledger.booked, ledger.stopped_by),
    )  # fmt: skip


def make_parts(settings: Settings, gate: Gate, working: Answering, log: Any) -> Parts:
    """Return what a service is made of, whoever answers its messages."""
    return Parts(
        gate=gate, working=working, sessions=sessions.Sessions(), metrics=telemetry.Metrics(frozenset(ROUTES)), log=log,
        limits=settings.limits, require_sign_in=settings.require_sign_in,
    )  # fmt: skip


def about(settings: Settings) -> dict[str, Any]:
    """Return what /health says of the service."""
    told = {"version": __version__, "profile": settings.profile, "sandbox": settings.is_sandbox}
    return told | ({"warning": warning(settings)} if settings.is_sandbox else {})


def warning(settings: Settings) -> str:
    """Return what must be known of a sandbox."""
    return OPEN_WARNING if settings.clients is None else KEYED_WARNING


def greeting_of(settings: Settings, gate: Gate, registry: Registry, port: int) -> str:
    """Return what is shown when the service has begun to listen."""
    profile = gate.profile
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    base = f"http://{host}:{port}"
    lines = [f"settlement {__version__}, profile {profile.name} ({profile.title}), listening on {base}"]
    lines += [f"  POST {base}{path}" for path in gate.paths[:SHOWN]]
    lines += [
        f"  book {settings.shown_where}, log of requests {f'{base}{LOG_PATH}' if settings.keeps_requests else 'off'}"
    ]
    if settings.is_sandbox:
        lines += [f"SANDBOX: {warning(settings)}"]
    if settings.is_sandbox and settings.registry is None:
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
