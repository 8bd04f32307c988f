"""What a card read costs on the real PC/SC stack, beside the fewest calls that could do it, in one run.

    python -m benchmarks.card

A virtual card of generation 2 lies in a reader of a pcscd of our own (``PcscStack``), so the figures say what the stack and
this program cost, not what a chip costs. The ways take turns, read by read: ``read`` is what a till does (connect, a
transaction, 15 commands with 卡识别码 first and last, every check, disconnect), ``floor`` the bare calls of the same library
for a plain read of 14 commands: no transaction, nothing bound, nothing looked at. ``worker`` is ``read`` through the
killable child process. ``event_ms`` is the time from the card going in to the monitor's word. Writes ``results/card.json``.
"""

from __future__ import annotations

import json
import os
import platform
import statistics
import threading
import time
from collections.abc import Callable, Sequence
from datetime import date
from pathlib import Path
from typing import Any

from pos_adapter import records
from pos_adapter.card import VirtualCard
from pos_adapter.card_image import load_image
from pos_adapter.monitor import Event, Monitor
from pos_adapter.pcsc_stack import PcscStack
from pos_adapter.reader import read_identity
from pos_adapter.transport import PcscTransport, exchange, scard
from pos_adapter.worker import Worker

HERE = Path(__file__).parent
CARD = HERE.parent / "data" / "cards" / "fictional_gen2.json"
READS, WARM, APDUS, INSERTIONS = 300, 20, 1000, 20
EVENT_S = 3.0
_EF05_ITEMS = (records.CARD_SN, records.VERSION, records.ISSUED, records.VALID_UNTIL, records.CARD_NO)
_EF06_ITEMS = (records.CERTNO, records.NAME, records.NAME_MORE, records.SEX, records.NATION, records.BIRTH_DATE)
FLOOR_COMMANDS = (
    records.SELECT_SSSE,
    records.select_file(records.EF05),
    *(records.read_by_tag(item) for item in _EF05_ITEMS),
    records.select_file(records.EF06),
    *(records.read_by_tag(item) for item in _EF06_ITEMS),
)


def floor_read(reader: str) -> None:
    """Connect, send the commands, disconnect; a status other than success ends the program."""
    api = scard()
    result, context = api.SCardEstablishContext(api.SCARD_SCOPE_USER)
    assert result == 0
    result, card, _ = api.SCardConnect(context, reader, api.SCARD_SHARE_SHARED, api.SCARD_PROTOCOL_T0)
    assert result == 0
    for command in FLOOR_COMMANDS:
        result, response = api.SCardTransmit(card, api.SCARD_PCI_T0, list(command))
        assert result == 0 and response[-2:] == [0x90, 0x00]
    api.SCardDisconnect(card, api.SCARD_LEAVE_CARD)
    api.SCardReleaseContext(context)


def timed(call: Callable[[], object]) -> float:
    """Return the milliseconds of one call."""
    begin = time.perf_counter_ns()
    call()
    return (time.perf_counter_ns() - begin) / 1e6


def figures(times: Sequence[float]) -> dict[str, float]:
    """Return p50 and p95 in milliseconds."""
    cuts = statistics.quantiles(times, n=100, method="inclusive")
    return {"p50": round(cuts[49], 3), "p95": round(cuts[94], 3)}


def in_turn(ways: dict[str, Callable[[], object]]) -> dict[str, dict[str, float]]:
    """Call every way in turn, so that a noise of the machine meets all of them."""
    times: dict[str, list[float]] = {name: [] for name in ways}
    for number in range(WARM + READS):
        for name, way in ways.items():
            took = timed(way)
            if number >= WARM:
                times[name].append(took)
    return {name: figures(own) for name, own in times.items()}


def apdus(reader: str) -> dict[str, float]:
    """Return what one command and its answer cost on an open connection."""
    transport = PcscTransport(reader)
    transport.connect()
    exchange(transport, records.SELECT_SSSE)
    exchange(transport, records.select_file(records.EF05))
    command = records.read_by_tag(records.CARD_NO)
    times = [timed(lambda: transport.transmit(command)) for _ in range(APDUS)]
    transport.close()
    return figures(times)


def events(stack: PcscStack, card: VirtualCard) -> dict[str, float]:
    """Return the time from the insertion of a card to the monitor's word of it."""
    seen, told_at = threading.Event(), [0]

    def told(event: Event) -> None:
        if event.kind == "card_in" and event.reader == stack.readers[0]:
            told_at[0] = time.perf_counter_ns()
            seen.set()

    monitor = Monitor(told)
    monitor.start()
    times = []
    try:
        for number in range(INSERTIONS):
            stack.slots[0].pull()
            time.sleep(1.0 + number % 5 * 0.08)  # pcscd looks every 0.4 s: its moments and ours must not keep step
            seen.clear()
            begin = time.perf_counter_ns()
            stack.slots[0].insert(card)
            if not seen.wait(EVENT_S):
                raise SystemExit(f"insertion {number} was not told within {EVENT_S} s")
            times.append((told_at[0] - begin) / 1e6)
    finally:
        monitor.stop()
    return figures(times) | {"max": round(max(times), 3)}


def measured() -> dict[str, Any]:
    """Return the figures of one run."""
    today = date.today()
    with PcscStack() as stack:
        card, reader, worker = VirtualCard(load_image(CARD)), stack.readers[0], Worker()
        stack.slots[0].insert(card)
        deadline = time.monotonic() + EVENT_S
        while True:
            try:
                read_identity(PcscTransport(reader), today)
                break
            except Exception:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.05)
        try:
            ways = in_turn(
                {
                    "floor": lambda: floor_read(reader),
                    "read": lambda: read_identity(PcscTransport(reader), today),
                    "worker": lambda: worker.read(reader, today),
                }
            )
        finally:
            worker.close()
        one = apdus(reader)
        told = events(stack, card)
    return {
        "read_ms": ways["read"], "floor_ms": ways["floor"], "worker_ms": ways["worker"], "apdu_ms": one, "event_ms": told,
        "read_vs_floor": {part: round(ways["read"][part] / ways["floor"][part], 2) for part in ("p50", "p95")},
        "reads": READS, "insertions": INSERTIONS,
        "machine": {"cores": os.cpu_count(), "python": platform.python_version(), "day": date.today().isoformat()},
    }  # fmt: skip


def main() -> None:
    """Measure, print, write."""
    result = measured()
    out = HERE / "results" / "card.json"
    out.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(result, indent=1))
    print(out)


if __name__ == "__main__":
    main()
