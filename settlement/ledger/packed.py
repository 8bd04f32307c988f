"""Contents made smaller before they are sealed: sealing, hashing and the disk cost by the byte, packing costs little of it.

A packed content is the byte C1, a byte 80 + n, and a Zstandard frame made with dictionary n (``words/n.zdict``). The
dictionary holds what contents of a book say again and again, names of fields and sentences of explanations, so a settlement
becomes some seventh of its length. It is part of the book: it never changes, and a better one gets the next number.

No UTF-8 text contains C1 and no MessagePack value begins with it, so what books held before there was packing (JSON texts
and MessagePack arrays) is read as what it is: as it lies. Between the two, contents were LZ4 blocks behind C1 and a length
of 4 bytes, which never reached 80000000. A content that does begin with C1 is kept behind C1 and a length of 0. What is
unpacked was opened by its key first, so nobody else has made it; the looks at it are against a later form.
"""

from __future__ import annotations

import threading
from importlib.resources import files

import pyarrow as pa
import zstandard

from settlement.ledger import refusals

_MARK = b"\xc1"
_PLAIN = _MARK + bytes(4)  # what follows is not packed
_HEAD = len(_PLAIN)
_LEAST = 64  # bytes; in a shorter one there is no more to gain than packing costs
_MOST = 0x7E00_0000  # bytes; so much and no more is packed and unpacked
_RATIO = 255  # an LZ4 block never becomes more than so many times as long
_LZ4 = pa.Codec("lz4_raw")
_NUMBERED = 0x80  # a second byte from here on is the number of a dictionary
_NUMBER = 1
_ZSTD = _MARK + bytes([_NUMBERED + _NUMBER])
_WORDS = zstandard.ZstdCompressionDict((files("settlement.ledger") / "words" / f"{_NUMBER}.zdict").read_bytes())
_LEVEL = 1
_WORDS.precompute_compress(level=_LEVEL)


class _Own(threading.local):
    """A thread's own tools: neither may be used by two at once."""

    def __init__(self) -> None:
        # The seal has a MAC, and the byte before the frame names the dictionary.
        self.press = zstandard.ZstdCompressor(
            _LEVEL, dict_data=_WORDS, write_checksum=False, write_dict_id=False
        ).compress
        self.expand = zstandard.ZstdDecompressor(dict_data=_WORDS).decompress


_OWN = _Own()


def pack(content: bytes) -> bytes:
    """Return a content as it is sealed: packed where that is shorter."""
    size = len(content)
    if _LEAST <= size <= _MOST:
        packed = _ZSTD + _OWN.press(content)
        if len(packed) < size:
            return packed
    return _PLAIN + content if content[:1] == _MARK else content


def unpack(sealed: bytes) -> bytes:
    """Return the content that ``pack`` was given. Raises NotAvailable L21 where it is none that ``pack`` made."""
    if sealed[:1] != _MARK:
        return sealed
    if sealed[1:2] < bytes([_NUMBERED]):
        return _unpack_lz4(sealed)
    if sealed[:2] != _ZSTD:
        raise refusals.content_damaged(f"dictionary {sealed[1] - _NUMBERED}, and {_NUMBER} is the latest known")
    frame = sealed[2:]
    try:
        size = zstandard.frame_content_size(frame)  # looked at before so much memory is asked for
        if not 0 < size <= _MOST:
            raise refusals.content_damaged(f"{len(frame)} bytes are said to hold {size}")
        content: bytes = _OWN.expand(frame, read_across_frames=False, allow_extra_data=False)
    except zstandard.ZstdError:
        raise refusals.content_damaged(f"{len(frame)} bytes are no packed content") from None
    return content


def _unpack_lz4(sealed: bytes) -> bytes:
    size, block = int.from_bytes(sealed[1:_HEAD], "big"), sealed[_HEAD:]
    if size == 0 and len(sealed) >= _HEAD:
        return block
    # Looked at before so much memory is asked for.
    if not 1 < size <= _RATIO * len(block):
        raise refusals.content_damaged(f"{len(block)} bytes are said to hold {size}")
    try:
        content: bytes = _LZ4.decompress(block, size, asbytes=True)
    except OSError:
        raise refusals.content_damaged(f"{len(block)} bytes are no packed content of {size}") from None
    return content
