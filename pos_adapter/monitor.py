"""Readers and cards as they come and go, told as events; it outlives the card service, the readers and their drivers.

pyscard's own ``CardMonitor`` ends for good when the service restarts, without a word. This loop makes its context anew
after any error, names readers by name and never by number, and waits for no answer longer than ``STEP_S``: a stop, a new
reader and a service that is back are seen within that time, a card at once.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from datetime import datetime
from typing import Any, NamedTuple

from pos_adapter.faults import fault, from_hresult
from pos_adapter.transport import scard
from settlement.errors import CardFault, NotAvailable
from settlement.identity import PresentedIdentity

STEP_S = 0.2  # one wait for a change, and the pause before the service is asked for again
NO_LIBRARY_S = 5.0  # pyscard does not appear by itself
_NO_READERS, _UNKNOWN_READER, _TIMEOUT = 0x8010002E, 0x80100009, 0x8010000A
_COUNTER = 0xFFFF0000  # of card events in a reader, in the upper half of its state
_LOG = logging.getLogger("pos_adapter")

# Words for what a reader holds.
EMPTY, CARD, MUTE, BUSY = "empty", "card", "mute", "busy"


class Event(NamedTuple):
    """Something that happened at the counter.

    ``kind``: service_down, service_up, reader_added, reader_gone, card_in, card_out, and of ``watch`` reading, identity,
    fault. ``code`` and ``zh`` name the trouble of a service_down, a fault, or a card_in of a mute or busy card. ``seq`` counts
    from 1 without gaps; ``at`` is local time in milliseconds.
    """

    seq: int
    at: str
    kind: str
    reader: str = ""
    code: str = ""
    zh: str = ""
    identity: PresentedIdentity | None = None


class Teller:
    """Numbers events and hands them on, one at a time and in order, whichever thread they come from."""

    def __init__(self, on_event: Callable[[Event], None]) -> None:
        self._on_event, self._seq, self._lock = on_event, 0, threading.RLock()

    def tell(
        self, kind: str, reader: str = "", code: str = "", zh: str = "", identity: PresentedIdentity | None = None
    ) -> Event:
        """Hand on one event and return it. What the listener raises is logged: the loop must outlive it."""
        with self._lock:
            self._seq += 1
            at = datetime.now().astimezone().isoformat(timespec="milliseconds")
            event = Event(self._seq, at, kind, reader, code, zh, identity)
            try:
                self._on_event(event)
            except Exception as error:
                _LOG.error("a listener failed on %s: %s", kind, type(error).__name__)  # its text might hold a name
            return event


class Monitor:
    """Follows the service, its readers and their cards from a thread of its own until ``stop``."""

    def __init__(self, on_event: Callable[[Event], None] | Teller) -> None:
        self._teller = on_event if isinstance(on_event, Teller) else Teller(on_event)
        self._flags: dict[str, int] = {}  # of each reader, as the service said last
        self._up, self._why = False, ""  # why it does not answer: the code that was told, '' for none
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._run, name="card monitor", daemon=True)

    def start(self) -> None:
        """Begin to follow. What is there already is told first, as if it had just come."""
        self._thread.start()

    def stop(self) -> None:
        """End the thread; no event comes after this."""
        self._end.set()
        if self._thread.is_alive() and self._thread is not threading.current_thread():
            self._thread.join()

    @property
    def service(self) -> bool:
        """Whether the card service answers."""
        return self._up

    def readers(self) -> dict[str, str]:
        """Return reader name -> empty, card, mute or busy."""
        return {reader: _word(flags) for reader, flags in self._flags.copy().items()}

    def _run(self) -> None:
        while not self._end.is_set():
            pause = STEP_S
            try:
                self._follow(scard())
            except NotAvailable as error:
                self._down(error.code, error.zh)
                pause = NO_LIBRARY_S
            except CardFault as error:
                self._down(error.code, error.zh)
            except Exception as error:  # what pyscard raises when a service dies under a call, SystemError among it
                lost = fault("D01_NO_SERVICE", f"{type(error).__name__} in a call of the service")
                if self._down(lost.code, lost.zh):
                    _LOG.error("%s", lost.found)
            self._end.wait(pause)

    def _follow(self, api: Any) -> None:
        """Tell changes until the end or an error of the service, which is raised as CardFault."""
        context = _sure("establish context", *api.SCardEstablishContext(api.SCARD_SCOPE_USER))
        try:
            while not self._end.is_set():
                result, readers = api.SCardListReaders(context, [])
                if result & 0xFFFFFFFF != _NO_READERS:
                    _sure("list readers", result)
                self._service_up()
                self._have(readers or [])
                if self._flags:
                    self._changes(api, context)
                else:
                    self._end.wait(STEP_S)
        finally:
            api.SCardReleaseContext(context)

    def _changes(self, api: Any, context: Any) -> None:
        wanted = list(self._flags.items())
        result, states = api.SCardGetStatusChange(context, int(STEP_S * 1000), wanted)
        if result & 0xFFFFFFFF in (_TIMEOUT, _UNKNOWN_READER):  # the latter: it went between list and look
            return
        _sure("status of readers", result)
        for reader, flags, _ in states:
            self._seen(reader, flags & ~api.SCARD_STATE_CHANGED)

    def _have(self, readers: list[str]) -> None:
        for reader in [known for known in self._flags if known not in readers]:
            self._gone(reader)
        for reader in readers:
            if reader not in self._flags:
                self._flags[reader] = 0  # unaware: the next look gives its state at once
                self._teller.tell("reader_added", reader)

    def _gone(self, reader: str) -> None:
        held = _word(self._flags.pop(reader)) != EMPTY
        if held:
            self._teller.tell("card_out", reader)
        self._teller.tell("reader_gone", reader)

    def _seen(self, reader: str, flags: int) -> None:
        before, self._flags[reader] = self._flags[reader], flags
        was, now = _word(before), _word(flags)
        # The counter tells of a card that went and another that came between two looks.
        moves = ((flags & _COUNTER) - (before & _COUNTER) & _COUNTER) >> 16 if before & _COUNTER or was != EMPTY else 0
        swapped = EMPTY not in (was, now) and moves >= 2
        if was != EMPTY and (now == EMPTY or swapped):
            self._teller.tell("card_out", reader)
        if now != EMPTY and (was == EMPTY or swapped):
            trouble = from_hresult(0x80100066, "insertion") if now == MUTE else None
            self._teller.tell("card_in", reader, *((trouble.code, trouble.zh) if trouble else ()))

    def _service_up(self) -> None:
        if not self._up:
            self._up, self._why = True, ""
            self._teller.tell("service_up")

    def _down(self, code: str, zh: str) -> bool:
        """Tell the end of the service, and each new reason why it stays away, once; return whether it was told now."""
        for reader in list(self._flags):
            self._gone(reader)
        self._up, before, self._why = False, self._why, code
        if before == code:
            return False
        self._teller.tell("service_down", "", code, zh)
        return True


def _sure(doing: str, result: int, value: Any = None) -> Any:
    if result != 0:
        raise from_hresult(result, doing)
    return value


# Bits of a reader's state; the same on every platform (winscard.h).
_PRESENT, _EXCLUSIVE, _MUTE = 0x20, 0x80, 0x200


def _word(flags: int) -> str:
    if not flags & _PRESENT:
        return EMPTY
    if flags & _MUTE:
        return MUTE
    return BUSY if flags & _EXCLUSIVE else CARD
