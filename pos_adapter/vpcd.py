"""A virtual card in a virtual reader: the TCP client that vpcd, a driver of pcscd, takes for a card.

Every message has a length of two bytes, big-endian. A message of one byte controls the card (0 off, 1 on, 2 reset,
4 give the ATR; only the last is answered), anything longer is a command. To connect is to insert, to close is to pull.

Two measures against delay: vpcd (before the release after 3.3) sends length and data in two writes without
TCP_NODELAY, so a delayed acknowledgement holds the second one back for 40 ms; TCP_QUICKACK before every receive makes
one command cost 0.1 ms instead of 44. It is not a lasting option: the kernel clears it, hence before *every* receive.
"""

from __future__ import annotations

import socket
import threading
import time

from pos_adapter.card import CardPulled, VirtualCard
from settlement.errors import NotAvailable

POWER_OFF, POWER_ON, RESET, GET_ATR = 0, 1, 2, 4
# pcscd asks vpcd every 0.4 s whether a card is there; sooner than this the next card meets the last one's state.
SETTLE_S = 0.9
_QUICKACK = getattr(socket, "TCP_QUICKACK", None)  # Linux only


class VpcdSlot:
    """One virtual reader on one port of vpcd."""

    def __init__(self, port: int, host: str = "127.0.0.1") -> None:
        self._address = (host, port)
        self._socket: socket.socket | None = None
        self._thread: threading.Thread | None = None
        self._pulled_at = float("-inf")

    def insert(self, card: VirtualCard, *, settle: bool = True) -> None:
        """Put a card in; waits until 0.9 s after the last removal unless ``settle`` is off. Raises NotAvailable."""
        if self._socket is not None:
            self.pull()
        if settle:
            time.sleep(max(0.0, self._pulled_at + SETTLE_S - time.monotonic()))
        try:
            connection = socket.create_connection(self._address, timeout=2.0)
        except OSError as error:
            raise NotAvailable(
                "D41_NO_VPCD", f"no virtual reader listens on port {self._address[1]} ({error})",
                "a virtual card needs one", "Start pcscd with the vpcd driver first", "虚拟读卡器未启动",
            ) from None  # fmt: skip
        connection.settimeout(None)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        card.reset()
        self._socket = connection
        self._thread = threading.Thread(target=_serve, args=(connection, card), daemon=True, name="virtual card")
        self._thread.start()

    def pull(self) -> None:
        """Take the card out; does nothing when there is none."""
        connection, self._socket = self._socket, None
        if connection is None or self._thread is None:
            return
        try:
            connection.shutdown(socket.SHUT_RDWR)  # wakes the thread out of recv
        except OSError:
            pass  # the other side was first
        self._thread.join(timeout=2.0)
        connection.close()
        self._pulled_at = time.monotonic()


def _serve(connection: socket.socket, card: VirtualCard) -> None:
    """Answer vpcd until either side goes."""
    try:
        while True:
            message = _receive(connection, int.from_bytes(_receive(connection, 2), "big"))
            answer = _answer(card, message)
            if answer is not None:
                connection.sendall(len(answer).to_bytes(2, "big") + answer)
    except (CardPulled, OSError):  # an orderly end of the stream is a ConnectionError too
        connection.close()


def _answer(card: VirtualCard, message: bytes) -> bytes | None:
    if len(message) > 1:
        return card.process(message)
    if message == bytes((GET_ATR,)):
        return card.atr
    if message in (bytes((POWER_OFF,)), bytes((POWER_ON,)), bytes((RESET,))):
        card.reset()
    return None


def _receive(connection: socket.socket, count: int) -> bytes:
    data = b""
    while len(data) < count:
        if _QUICKACK is not None:
            connection.setsockopt(socket.IPPROTO_TCP, _QUICKACK, 1)
        part = connection.recv(count - len(data))
        if not part:
            raise ConnectionError("vpcd closed the connection")
        data += part
    return data
