"""Integers → the Arrow columns of a claim file: exact decimals, fixed-width ids, lists of lines; nothing row by row."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa

HEX = np.frombuffer(b"0123456789abcdef", np.uint8)
MIXER = np.uint64(0x9E3779B97F4A7C15)  # odd, so multiplying by it maps 64 bits one to one


def decimal(units: np.ndarray, places: int, absent: np.ndarray | None = None) -> pa.Array:
    """Return int64 units of ``10**-places`` as decimal128(16, places); null where ``absent``."""
    words = np.empty((units.size, 2), np.int64)
    words[:, 0] = units
    words[:, 1] = units >> 63  # the sign fills the upper word
    valid = None if absent is None else pa.py_buffer(np.packbits(~absent, bitorder="little"))
    return pa.Array.from_buffers(pa.decimal128(16, places), units.size, [valid, pa.py_buffer(words)])


def chosen(position: np.ndarray, words: Sequence[str]) -> pa.Array:
    """Return ``words[position]`` as a string column; null where the position is negative."""
    indices = pa.array(position.astype(np.int32), mask=position < 0)
    return pa.array(list(words), pa.string()).take(indices)


def hex_ids(numbers: np.ndarray, prefix: str) -> pa.Array:
    """Return distinct ids such as ``P4f0c…`` (16 hexadecimal digits) for distinct numbers: pseudonyms, not numbers in order."""
    mixed = numbers.astype(np.uint64) * MIXER
    digits = (mixed[:, None] >> (np.arange(15, -1, -1, dtype=np.uint64) * np.uint64(4))) & np.uint64(15)
    return _fixed(HEX[digits], prefix)


def serials(numbers: np.ndarray, prefix: str, width: int = 9) -> pa.Array:
    """Return ids such as ``S000000012``."""
    powers = 10 ** np.arange(width - 1, -1, -1, dtype=np.int64)
    return _fixed((48 + numbers[:, None] // powers % 10).astype(np.uint8), prefix)


def _fixed(characters: np.ndarray, prefix: str) -> pa.Array:
    head = np.frombuffer(prefix.encode("ascii"), np.uint8)
    rows = np.empty((characters.shape[0], head.size + characters.shape[1]), np.uint8)
    rows[:, : head.size] = head
    rows[:, head.size :] = characters
    offsets = np.arange(rows.shape[0] + 1, dtype=np.int32) * rows.shape[1]
    return pa.Array.from_buffers(pa.string(), rows.shape[0], [None, pa.py_buffer(offsets), pa.py_buffer(rows)])
