"""A counter that reads by itself: every card that goes in is read, and what became of it is told as an event.

``Monitor`` says that a card came, a ``Worker`` of that reader reads it, so a mute card in one reader holds up neither the
other readers nor the monitor. An identity is told only while its card is the one that lies there: what was read of a card
that has gone meanwhile is thrown away.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import date

from pos_adapter.faults import fault
from pos_adapter.monitor import MUTE, Event, Monitor, Teller
from pos_adapter.pin import ANY_AREA, PinRule, Tries, Verified, wipe
from pos_adapter.worker import Worker
from settlement.errors import SettlementError
from settlement.identity import PresentedIdentity

__all__ = ["Event", "Watch"]


class _Place:
    """One reader: its worker, how many cards have come and gone in it, and what was told of the one that is there."""

    def __init__(self, psam: str) -> None:
        self.worker, self.turn = Worker(psam), 0
        self.told: Event | None = None


class Watch:
    """Monitor and workers together. ``reader`` pins one reader by name; '' follows all. Use it in a ``with``.

    ``psam`` names the file of a security module, with which cards are read that want one.
    """

    def __init__(
        self,
        on_event: Callable[[Event], None],
        reader: str = "",
        today: Callable[[], date] = date.today,
        psam: str = "",
    ) -> None:
        self._reader, self._today, self._psam = reader, today, psam
        self._teller = Teller(on_event)
        self._monitor = Monitor(Teller(self._moved))
        self._places: dict[str, _Place] = {}
        self._tries = Tries()
        self._lock = threading.RLock()
        self._reads: list[threading.Thread] = []

    def __enter__(self) -> Watch:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        """Begin to follow the readers."""
        self._monitor.start()

    def stop(self) -> None:
        """End monitor, reads and workers; no event comes after this."""
        self._monitor.stop()
        with self._lock:
            places, reads = list(self._places.values()), self._reads
            for place in places:
                place.turn += 1
        for place in places:
            place.worker.close()
        for thread in reads:
            thread.join()
        for place in places:  # a read that had just begun may have started another child
            place.worker.close()

    @property
    def service(self) -> bool:
        """Whether the card service answers."""
        return self._monitor.service

    def readers(self) -> dict[str, str]:
        """Return reader name -> empty, card, mute or busy, for the readers that are followed."""
        return {name: word for name, word in self._monitor.readers().items() if self._reader in ("", name)}

    def current(self) -> dict[str, Event]:
        """Return reader name -> the identity or fault that was told of the card that is in it now."""
        with self._lock:
            return {name: place.told for name, place in self._places.items() if place.told is not None}

    def read(self, reader: str) -> PresentedIdentity:
        """Read the card of a reader now, as an insertion does, and tell it. Raises CardFault, NotAvailable."""
        place, turn = self._begun(reader)
        return self._read(reader, place, turn)

    def still_there(self, reader: str, identity: PresentedIdentity) -> bool:
        """Return True when the card of ``identity`` is in a reader; to be asked just before booking. Raises CardFault."""
        return self._place(reader).worker.still_there(reader, identity)

    def verify_pin(
        self,
        reader: str,
        identity: PresentedIdentity,
        typed: bytearray,
        rule: PinRule = ANY_AREA,
        *,
        confirmed: bool = False,
    ) -> Verified:
        """Let the card of ``identity`` compare typed digits, once; ``confirmed`` allows a last try. ``typed`` is wiped.

        Raises CardFault as ``pin.verify``, and D33 for a last try that the holder has not confirmed (nothing was sent).
        """
        try:
            with self._tries.counted(identity.card_sn, confirmed):
                worker = self._place(reader).worker
                return Verified(worker.verify_pin(reader, identity, typed, rule.initial, rule.settles))
        finally:
            wipe(typed)

    def change_pin(
        self,
        reader: str,
        identity: PresentedIdentity,
        old: bytearray,
        new: bytearray,
        rule: PinRule = ANY_AREA,
        *,
        confirmed: bool = False,
    ) -> None:
        """Let the card of ``identity`` take a new PIN, once; both are wiped. Raises as ``verify_pin`` and ``pin.change``."""
        try:
            with self._tries.counted(identity.card_sn, confirmed):
                self._place(reader).worker.change_pin(reader, identity, old, new, rule.initial)
        finally:
            wipe(old)
            wipe(new)

    def _place(self, reader: str) -> _Place:
        if reader not in self.readers():
            raise fault("D02_NO_READER", f"{reader!r} is not there")
        with self._lock:
            return self._places.setdefault(reader, _Place(self._psam))

    def _moved(self, event: Event) -> None:
        """Pass a monitor's event on under this watch's own numbers, and read a card that came."""
        if self._reader and event.reader not in ("", self._reader):
            return
        with self._lock:
            if event.kind in ("card_out", "reader_gone") and event.reader in self._places:
                place = self._places[event.reader]
                place.turn, place.told = place.turn + 1, None
            self._teller.tell(event.kind, event.reader, event.code, event.zh)
        if event.kind == "card_in":
            self._start_read(event.reader)

    def _start_read(self, reader: str) -> None:
        with self._lock:
            place = self._places.setdefault(reader, _Place(self._psam))
            self._reads = [thread for thread in self._reads if thread.is_alive()]
            turn = place.turn
            thread = threading.Thread(target=self._quietly, args=(reader, place, turn), name="card read", daemon=True)
            self._reads.append(thread)
        thread.start()

    def _quietly(self, reader: str, place: _Place, turn: int) -> None:
        try:
            self._read(reader, place, turn)
        except SettlementError:
            pass  # it was told

    def _begun(self, reader: str) -> tuple[_Place, int]:
        place = self._place(reader)
        with self._lock:
            return place, place.turn

    def _read(self, reader: str, place: _Place, turn: int) -> PresentedIdentity:
        with self._lock:
            if place.turn != turn:
                raise fault("D04_CARD_GONE", f"the card left {reader} before it was read")
            self._teller.tell("reading", reader)
        try:
            if self._monitor.readers().get(reader) == MUTE:
                raise fault("D05_CARD_MUTE", f"the card in {reader} gave no answer to reset")
            identity = place.worker.read(reader, self._today())
        except SettlementError as error:
            self._tell(reader, place, turn, "fault", error.code, error.zh, None)
            raise
        if not self._tell(reader, place, turn, "identity", "", "", identity):
            raise fault("D04_CARD_GONE", f"the card left {reader} while it was read")
        return identity

    def _tell(
        self, reader: str, place: _Place, turn: int, kind: str, code: str, zh: str, identity: PresentedIdentity | None
    ) -> bool:
        """Tell what became of a read if its card is still there, by all that was seen; return whether it was told."""
        with self._lock:
            if place.turn != turn:
                return False
            place.told = self._teller.tell(kind, reader, code, zh, identity)
            return True
