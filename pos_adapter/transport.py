"""How commands reach a card: one small protocol, one implementation through PC/SC and one inside the process.

A connection is short: it is opened for one read, holds a transaction so that no other program moves the card's current
file, and is thrown away after *any* transmit error. The last is what keeps identities apart: on an open connection
over a quickly changed card the command after a failed one may be answered by the second card.

There is no deadline in PC/SC: a card that never answers blocks ``transmit`` until it is taken out.
"""

from __future__ import annotations

import importlib
from typing import Any, Protocol

from pos_adapter.card import CardPulled, VirtualCard
from pos_adapter.faults import fault, from_hresult
from settlement.errors import NotAvailable

INSTALL_PYSCARD = "apt-get install gcc pkg-config swig libpcsclite-dev && pip install pyscard==2.3.1"
_LONGEST_CHAIN = 8  # 61xx answers in a row; more is a broken card
_WITHOUT_DATA = 5  # bytes of a command that has nothing but a header and Le


class Transport(Protocol):
    """A way to one card. All methods raise CardFault; after one, only ``connect`` and ``close`` make sense."""

    how: str

    def connect(self) -> bytes:
        """Open a connection to the card that is there now and return its ATR."""

    def transmit(self, apdu: bytes | bytearray) -> bytes:
        """Send one command and return data and SW, as they come from the card."""

    def close(self) -> None:
        """Give the card back; may be called twice."""


def exchange(transport: Transport, apdu: bytes | bytearray) -> tuple[bytes, int]:
    """Return (data, SW) of one command, following 61xx (GET RESPONSE) and, once, 6Cxx (repeat with the right Le).

    A command with data is never repeated: it may hold a PIN or a proof, and the card counts those.
    """
    data, sw = _split(transport.transmit(apdu))
    if sw >> 8 == 0x6C and len(apdu) == _WITHOUT_DATA:
        data, sw = _split(transport.transmit(bytes(apdu[:-1]) + bytes((sw & 0xFF,))))
    for _ in range(_LONGEST_CHAIN):
        if sw >> 8 != 0x61:
            break
        more, sw = _split(transport.transmit(bytes((0x00, 0xC0, 0x00, 0x00, sw & 0xFF))))
        data += more
    return data, sw


def _split(response: bytes) -> tuple[bytes, int]:
    return response[:-2], int.from_bytes(response[-2:], "big")


class InProcessSlot:
    """A reader slot inside this process; the same verbs as ``vpcd.VpcdSlot``."""

    def __init__(self) -> None:
        self.card: VirtualCard | None = None

    def insert(self, card: VirtualCard) -> None:
        """Put a card in and give it power."""
        card.reset()
        self.card = card

    def pull(self) -> None:
        """Take the card out."""
        self.card = None


class InProcessTransport:
    """The fast way to a virtual card: no service, no socket, the same rules."""

    how = "in process"

    def __init__(self, slot: InProcessSlot) -> None:
        self._slot = slot
        self._connected: VirtualCard | None = None

    def connect(self) -> bytes:
        """Return the ATR of the card in the slot."""
        if self._slot.card is None:
            raise from_hresult(0x8010000C, "connect")
        self._connected = self._slot.card
        return self._connected.atr

    def transmit(self, apdu: bytes | bytearray) -> bytes:
        """Let the card answer, if it is still the one that was connected."""
        card, self._connected = self._connected, None
        if card is None or card is not self._slot.card:
            raise from_hresult(0x80100069, "transmit")
        try:
            response = card.process(apdu)
        except CardPulled:
            self._slot.pull()
            raise from_hresult(0, "transmit") from None
        self._connected = card
        return response

    def close(self) -> None:
        """Forget the card."""
        self._connected = None


def scard() -> Any:
    """Return pyscard's PC/SC functions. Raises NotAvailable with the command that installs them."""
    try:
        return importlib.import_module("smartcard.scard")
    except ImportError as error:
        raise NotAvailable(
            "D40_NO_PYSCARD", f"pyscard cannot be loaded ({error})", "cards are read through it", INSTALL_PYSCARD,
            "未安装读卡组件",
        ) from None  # fmt: skip


class PcscTransport:
    """A card in a PC/SC reader, shared with other programs, with a transaction around the whole connection."""

    def __init__(self, reader: str = "") -> None:
        """Name a reader, or leave it open: then the only reader that holds a card is taken, never 'the first'."""
        self.reader = reader
        self.how = f"PC/SC {reader}".strip()
        self._context: Any = None
        self._card: Any = None
        self._pci: Any = None

    def connect(self) -> bytes:
        """Connect and begin a transaction; waits while another program holds one."""
        self.close()
        api = scard()
        self._context = self._sure("establish context", *api.SCardEstablishContext(api.SCARD_SCOPE_USER))
        reader = self.reader or self._only_reader_with_card(api)
        self.how = f"PC/SC {reader}"
        protocols = api.SCARD_PROTOCOL_T0 | api.SCARD_PROTOCOL_T1
        result, card, protocol = api.SCardConnect(self._context, reader, api.SCARD_SHARE_SHARED, protocols)
        self._sure("connect", result)
        self._card = card
        self._pci = api.SCARD_PCI_T1 if protocol == api.SCARD_PROTOCOL_T1 else api.SCARD_PCI_T0
        self._sure("begin transaction", api.SCardBeginTransaction(card))
        result, _, _, _, atr = api.SCardStatus(card)
        return bytes(self._sure("status", result, atr))

    def transmit(self, apdu: bytes | bytearray) -> bytes:
        """Send one command. Any error closes the connection for good: the next answer could be another card's."""
        if self._card is None:
            raise from_hresult(0x80100069, "transmit")
        result, response = scard().SCardTransmit(self._card, self._pci, list(apdu))
        if result != 0 or len(response) < 2:
            self.close()
            raise from_hresult(result, "transmit")
        return bytes(response)

    def close(self) -> None:
        """End the transaction, disconnect, release the context; the results do not matter, the card may be gone."""
        if self._card is not None:
            api, card, self._card = scard(), self._card, None
            api.SCardEndTransaction(card, api.SCARD_LEAVE_CARD)
            api.SCardDisconnect(card, api.SCARD_LEAVE_CARD)
        if self._context is not None:
            scard().SCardReleaseContext(self._context)
            self._context = None

    def _sure(self, doing: str, result: int, value: Any = None) -> Any:
        if result != 0:
            self.close()
            raise from_hresult(result, doing)
        return value

    def _only_reader_with_card(self, api: Any) -> str:
        states = card_states(api, self._context)
        with_card = [reader for reader, present in states.items() if present]
        if len(with_card) == 1:
            return with_card[0]
        self.close()
        if with_card:
            raise fault("D03_WHICH_READER", f"cards in {len(with_card)} readers: {', '.join(with_card)}")
        raise from_hresult(0x8010000C if states else 0x8010002E, "looking for a card")


def card_states(api: Any, context: Any) -> dict[str, bool]:
    """Return reader name -> whether a card is in it, as the service sees it now. Raises CardFault."""
    result, readers = api.SCardListReaders(context, [])
    if not readers and result & 0xFFFFFFFF in (0, 0x8010002E):
        return {}
    if result != 0:
        raise from_hresult(result, "list readers")
    wanted = [(reader, api.SCARD_STATE_UNAWARE) for reader in readers]
    result, states = api.SCardGetStatusChange(context, 0, wanted)
    if result != 0:
        raise from_hresult(result, "status of readers")
    return {reader: bool(state & api.SCARD_STATE_PRESENT) for reader, state, _ in states}


def reader_states() -> dict[str, bool]:
    """Return reader name -> whether a card is in it. Raises CardFault, NotAvailable."""
    api = scard()
    result, context = api.SCardEstablishContext(api.SCARD_SCOPE_USER)
    if result != 0:
        raise from_hresult(result, "establish context")
    try:
        return card_states(api, context)
    finally:
        api.SCardReleaseContext(context)
