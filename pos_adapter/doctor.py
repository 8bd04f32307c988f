"""What is installed, what is running, what can be read on this machine, and what to do about the rest."""

from __future__ import annotations

import time
from datetime import date
from typing import NamedTuple

from pos_adapter.faults import BY_CODE
from pos_adapter.pcsc_stack import available, service_answers
from pos_adapter.reader import read_identity
from pos_adapter.transport import PcscTransport, reader_states, scard
from settlement.errors import CardFault, NotAvailable


class Check(NamedTuple):
    """One thing looked at; ``ok`` None means it is not needed at a till and is told for information."""

    name: str
    ok: bool | None
    found: str
    cure: str = ""

    def line(self) -> str:
        """Return the check as it is printed."""
        mark = {True: "ok  ", False: "FAIL", None: "info"}[self.ok]
        return f"{mark} {self.name}: {self.found}" + (f"\n     -> {self.cure}" if self.cure else "")


def examine(today: date) -> list[Check]:
    """Look at everything a read needs, in the order in which it is needed, and stop where nothing more can work."""
    missing = available()
    simulation = "cannot be started" if missing else "can be started"
    checks = [Check("virtual reader", None, simulation, "; ".join(missing))]
    try:
        scard()
    except NotAvailable as error:
        return [*checks, Check("pyscard", False, error.found, error.cure)]
    checks.append(Check("pyscard", True, "installed"))
    if not service_answers():
        return [*checks, Check("service", False, "pcscd does not answer", BY_CODE["D01_NO_SERVICE"].cure)]
    checks.append(Check("service", True, "pcscd answers"))
    try:
        states = reader_states()
    except CardFault as error:
        return [*checks, Check("readers", False, f"{error.zh} ({error.found})", error.cure)]
    if not states:
        return [*checks, Check("readers", False, "none", BY_CODE["D02_NO_READER"].cure)]
    return checks + [_reader(name, has_card, today) for name, has_card in states.items()]


def _reader(name: str, has_card: bool, today: date) -> Check:
    if not has_card:
        return Check(name, None, "no card")
    began = time.perf_counter_ns()
    try:
        identity = read_identity(PcscTransport(name), today)
    except CardFault as error:
        return Check(name, False, f"{error.zh} ({error.found})", error.cure)
    return Check(name, True, f"read in {(time.perf_counter_ns() - began) // 1_000_000} ms: {identity}")
