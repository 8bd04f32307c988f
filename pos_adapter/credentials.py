"""The one door for whoever stands at the counter: every way of presenting oneself gives one presented identity.

A source is opened for one person. ``present`` reads; ``still_there`` is asked just before a settlement is booked, and
raises unless what was presented is still good. Types are those of the national interface: 01 the electronic voucher's
token, 02 the ID card number, 03 the social security card.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from typing import Protocol

from pos_adapter.evoucher import Business, EcLibrary, Place, ask_library, scanned
from pos_adapter.faults import fault
from pos_adapter.id_card import IdReader, LineForm, from_line, from_reader, typed
from pos_adapter.psam import ExternalAuth
from pos_adapter.reader import read_identity, same_card_still_there
from pos_adapter.transport import Transport
from pos_adapter.vendor import Bureau, VendorReader
from pos_adapter.vendor_dll import DllDriver, Setup
from settlement.identity import PresentedIdentity


class Source(Protocol):
    """One way of presenting oneself. Both methods raise CardFault."""

    def present(self, today: date) -> PresentedIdentity:
        """Return who is here."""

    def still_there(self, identity: PresentedIdentity) -> bool:
        """Return True when what gave ``identity`` is still good; never False."""


class CardSource:
    """A social security card in a reader, read directly; ``auth`` opens one that wants it."""

    def __init__(self, transport: Transport, auth: ExternalAuth | None = None) -> None:
        self._transport, self._auth = transport, auth

    def present(self, today: date) -> PresentedIdentity:
        """Read the card."""
        return read_identity(self._transport, today, self._auth)

    def still_there(self, identity: PresentedIdentity) -> bool:
        """Ask the reader for 卡识别码 once more."""
        return same_card_still_there(self._transport, identity)


class VendorSource:
    """A social security card read by the vendor's driver."""

    def __init__(self, reader: VendorReader) -> None:
        self._reader = reader

    def present(self, today: date) -> PresentedIdentity:
        """Read the card."""
        return self._reader.read(today)

    def still_there(self, identity: PresentedIdentity) -> bool:
        """Ask the driver for 卡识别码 once more."""
        return self._reader.still_there(identity)


@contextmanager
def driver(setup: Setup, bureau: Bureau | None = None) -> Iterator[VendorSource]:
    """Hold a vendor's driver for as long as cards are read by it."""
    with DllDriver(setup) as library:
        yield VendorSource(VendorReader(library, bureau, setup.i_type))


class Remembered:
    """A credential of which nothing stays in a reader: before the booking it can only be compared with what it gave."""

    def __init__(self, take: Callable[[date], PresentedIdentity]) -> None:
        self._take = take
        self._given: PresentedIdentity | None = None

    def present(self, today: date) -> PresentedIdentity:
        """Return who is here."""
        self._given = None
        self._given = self._take(today)
        return self._given

    def still_there(self, identity: PresentedIdentity) -> bool:
        """Compare with what was presented last."""
        if self._given != identity:
            raise fault("D21_OTHER_CARD", "this credential is not the one that was presented last")
        return True


def voucher_by_library(library: EcLibrary, business: Business, place: Place) -> Source:
    """Return an electronic voucher that the voucher library reads for one business."""
    return Remembered(lambda today: ask_library(library, business, place, today).identity_for(business))


def voucher_by_scanner(text: str, business: Business) -> Source:
    """Return an electronic voucher that a scanner typed; the platform finds out whose it is."""
    return Remembered(lambda today: scanned(text, business).identity_for(business))


def id_number(number: str, name: str = "") -> Source:
    """Return an ID card whose number the cashier typed, with the name if the shop wants it."""
    return Remembered(lambda today: typed(number, today, name))


def id_reader(reader: IdReader) -> Source:
    """Return an ID card that lies on a reader."""
    return Remembered(lambda today: from_reader(reader, today))


def id_line(line: str, form: LineForm | None = None) -> Source:
    """Return an ID card whose reader typed a line like a keyboard."""
    return Remembered(lambda today: from_line(line, today, form))
