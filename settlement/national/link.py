"""The line between the two processes of a service: rows of plain values, each a MessagePack array behind its length.

Both ends are the same program on the same machine, so there is no version and no check beyond that a row is whole.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from typing import Any, cast

import msgspec

_LENGTH = 4  # bytes of a length, the highest first
_ENCODER = msgspec.msgpack.Encoder()
_DECODER = msgspec.msgpack.Decoder()

Row = list[Any]


class Link(asyncio.Protocol):
    """One end of the line: ``take`` is called for each row that arrives, ``gone`` once when the other end is no more."""

    def __init__(self, take: Callable[[Row], None], gone: Callable[[], None]) -> None:
        self._take, self._gone = take, gone
        self._transport: asyncio.Transport | None = None
        self._got = bytearray()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin."""
        self._transport = cast(asyncio.Transport, transport)  # uvloop's own is not of asyncio's class

    def data_received(self, data: bytes) -> None:
        """Take what has come; every row that is whole is handed on."""
        got = self._got
        got += data
        at = 0
        while len(got) >= at + _LENGTH:
            end = at + _LENGTH + int.from_bytes(got[at : at + _LENGTH])
            if len(got) < end:
                break
            row: Row = _DECODER.decode(got[at + _LENGTH : end])
            at = end
            self._take(row)
        del got[:at]

    def connection_lost(self, exc: Exception | None) -> None:
        """The other end is gone."""
        self._gone()

    def send(self, row: Iterable[Any]) -> None:
        """Send a row. Raises UnicodeEncodeError for a text that no UTF-8 can hold; then nothing is sent."""
        packed = _ENCODER.encode(row)
        assert self._transport is not None
        self._transport.write(len(packed).to_bytes(_LENGTH) + packed)

    def close(self) -> None:
        """Send what is still to be sent, then hang up; ``gone`` is not called any more."""
        self._gone = lambda: None
        if self._transport is not None:
            self._transport.close()
