"""What is installed, what is running, what can be read on this machine, and what to do about the rest.

Things are looked at in the order in which a read needs them; nothing is looked at behind the first that fails. A card is
read through the killable worker, so an examination ends whatever card or driver is there.
"""

from __future__ import annotations

import json
import os
import statistics
import time
from datetime import date
from typing import NamedTuple

from pos_adapter.faults import BY_CODE, fault
from pos_adapter.pcsc_stack import PID_FILE, SOCKET, available, left_behind, service_answers
from pos_adapter.records import SELECT_SSSE
from pos_adapter.transport import PcscTransport, exchange, reader_states, scard
from pos_adapter.worker import Worker
from settlement.errors import CardFault, NotAvailable

SLOW_MS = 20.0  # for one command; real chips are thought to take some 5 ms, a stack that waits for acknowledgements 44
_ASKED = 3
_MOMENT_S = 0.3


class Check(NamedTuple):
    """One thing looked at: ``key`` is stable; ``ok`` None means that it is told for information, not needed at a till."""

    key: str
    name: str
    ok: bool | None
    found: str
    cure: str = ""
    zh: str = ""
    code: str = ""

    def line(self) -> str:
        """Return the check as it is printed."""
        mark = {True: "ok  ", False: "FAIL", None: "info"}[self.ok]
        lines = [f"{mark} {self.name}: {self.found}"]
        lines += [f"     {self.zh}"] if self.zh else []
        lines += [f"     -> {self.cure}"] if self.cure else []
        return "\n".join(lines)


def as_json(checks: list[Check]) -> str:
    """Return the checks as one JSON object; ``ok`` is false if one of them failed."""
    rows = [check._asdict() for check in checks]
    return json.dumps({"ok": not any(check.ok is False for check in checks), "checks": rows}, ensure_ascii=False)


def examine(today: date) -> list[Check]:
    """Look at everything a read needs, and stop where nothing more can work."""
    missing = available()
    simulation = "cannot be started" if missing else "can be started"
    checks = [Check("simulation", "virtual reader", None, simulation, "; ".join(missing))]
    try:
        scard()
    except NotAvailable as error:
        return [*checks, Check("library", "pyscard", False, error.found, error.cure, error.zh, error.code)]
    checks.append(Check("library", "pyscard", True, "installed"))
    service = _service()
    checks.append(service)
    if not service.ok:
        return checks
    try:
        states = _states()
    except CardFault as error:
        return [*checks, _failed("access", "readers", error)]
    if not states:
        row = BY_CODE["D02_NO_READER"]
        found = "the service runs and knows no reader: none is plugged in, its driver is missing, or a virtual one found its port taken"
        cure = f"{row.cure}; `pcscd -f -d` names drivers and ports that it could not use"
        return [*checks, Check("readers", "readers", False, found, cure, row.zh, row.code)]
    with_card = [name for name, has_card in states.items() if has_card]
    if len(with_card) > 1:
        row = BY_CODE["D03_WHICH_READER"]
        found = f"cards in {len(with_card)} readers: a read must name one"
        checks.append(Check("two_cards", "readers", None, found, row.cure, row.zh, row.code))
    with Worker() as worker:
        for name, has_card in states.items():
            checks += _card(worker, name, today) if has_card else [Check("empty", name, None, "no card")]
    return checks


def _states() -> dict[str, bool]:
    """Return what the readers hold. Raises CardFault; D08 where the service takes connections and drops whoever asks.

    Full (some 200 connections) it does now the one, now the other; one that is about to end does it for a moment only.
    """
    try:
        return reader_states()
    except CardFault as error:
        if error.code != "D01_NO_SERVICE":
            raise
    time.sleep(_MOMENT_S)
    try:
        return reader_states()
    except CardFault as error:
        if error.code == "D01_NO_SERVICE" and service_answers():
            raise fault(
                "D08_DENIED", f"the service answers at its socket and then drops whoever asks ({error.found})"
            ) from None
        raise


def _service() -> Check:
    """Whether the card service answers, and if not, as far as it can be told, why."""
    row = BY_CODE["D01_NO_SERVICE"]
    elsewhere = os.environ.get("PCSCLITE_CSOCK_NAME", "")
    if elsewhere and elsewhere != str(SOCKET):
        found = f"PCSCLITE_CSOCK_NAME sends every program to {elsewhere} instead of {SOCKET}"
        if not service_answers(elsewhere):
            return Check(
                "socket_elsewhere", "service", False, f"{found}, where nothing answers", "Unset it", row.zh, row.code
            )
        return Check("service", "service", True, found)
    if service_answers():
        return Check("service", "service", True, "pcscd answers")
    if SOCKET.exists() and not os.access(SOCKET, os.W_OK):
        denied = BY_CODE["D08_DENIED"]
        found = f"this user may not use {SOCKET}"
        return Check("denied", "service", False, found, denied.cure, denied.zh, denied.code)
    remains = left_behind()
    if remains:
        found = f"pcscd does not answer; {remains}"
        cure = f"Start pcscd again; if it says that another one is running, end that process or remove {PID_FILE}"
        return Check("stale_files", "service", False, found, cure, row.zh, row.code)
    return Check("service", "service", False, "pcscd does not answer", row.cure, row.zh, row.code)


def _card(worker: Worker, reader: str, today: date) -> list[Check]:
    began = time.perf_counter_ns()
    try:
        identity = worker.read(reader, today)
    except CardFault as error:
        return [_failed("card", reader, error)]
    took = (time.perf_counter_ns() - began) // 1_000_000
    checks = [Check("card", reader, True, f"read in {took} ms: {identity}")]
    one = _one_command_ms(reader)
    if one > SLOW_MS:
        found = f"one command takes {one:.0f} ms: a read of 15 is slow to a cashier"
        cure = "A virtual card must acknowledge at once (TCP_QUICKACK); with a real reader try another port, cable or driver"
        checks.append(Check("slow", reader, None, found, cure, "读卡较慢"))
    return checks


def _one_command_ms(reader: str) -> float:
    transport, times = PcscTransport(reader), []
    try:
        transport.connect()
        for _ in range(_ASKED):
            began = time.perf_counter_ns()
            exchange(transport, SELECT_SSSE)
            times.append((time.perf_counter_ns() - began) / 1e6)
    except CardFault:
        return 0.0  # it was read a moment ago; the next look will tell
    finally:
        transport.close()
    return statistics.median(times)


def _failed(key: str, name: str, error: CardFault) -> Check:
    return Check(key, name, False, f"{error.code}: {error.found}; {error.why}", error.cure, error.zh, error.code)
