"""Contents made smaller before they are sealed: sealing and hashing cost by the byte, and packing costs a tenth of it.

A packed content is the byte C1, the length of what was packed (4 bytes, big-endian) and one LZ4 block. No UTF-8 text
contains C1 and no MessagePack value begins with it, so what books held before there was packing (JSON texts and
MessagePack arrays) is read as what it is: as it lies. A content that does begin with C1 is kept behind C1 and a length of 0.
What is unpacked was opened by its key first, so nobody else has made it; the looks at it are against a later form.
"""

from __future__ import annotations

import pyarrow as pa

from settlement.ledger import refusals

_MARK = b"\xc1"
_PLAIN = _MARK + bytes(4)  # what follows is not packed
_HEAD = len(_PLAIN)
_LEAST = 400  # bytes; in a shorter one there is no more to gain than packing costs
_MOST = 0x7E00_0000  # bytes; LZ4 takes no longer block
_RATIO = 255  # an LZ4 block never becomes more than so many times as long
_LZ4 = pa.Codec("lz4_raw")


def pack(content: bytes) -> bytes:
    """Return a content as it is sealed: packed where that is shorter."""
    size = len(content)
    if _LEAST <= size <= _MOST:
        block = _LZ4.compress(content, asbytes=True)
        if _HEAD + len(block) < size:
            return b"".join((_MARK, size.to_bytes(4, "big"), block))
    return _PLAIN + content if content[:1] == _MARK else content


def unpack(sealed: bytes) -> bytes:
    """Return the content that ``pack`` was given. Raises NotAvailable L21 where it is none that ``pack`` made."""
    if sealed[:1] != _MARK:
        return sealed
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
