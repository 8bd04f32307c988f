"""Contents made smaller before they are sealed: whatever goes in comes out, and what books held before stays readable."""

from __future__ import annotations

import hashlib
import json
from importlib.resources import files

import msgspec
import pyarrow as pa
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from settlement.errors import NotAvailable
from settlement.ledger.packed import pack, unpack

LONG = json.dumps({"lines": [{"med_list_codg": "XC08CAX066A011010100002", "cnt": str(n)} for n in range(50)]}).encode()
LZ4 = b"\xc1" + len(LONG).to_bytes(4, "big") + pa.Codec("lz4_raw").compress(LONG, asbytes=True)
repetitive = st.builds(lambda part, times: part * times, st.binary(max_size=40), st.integers(0, 400))


@given(st.binary(max_size=2000) | repetitive)
@example(b"")
@example(b"\xc1")
@example(b"\xc1" * 1000)
def test_what_goes_in_comes_out(content):
    packed = pack(content)
    assert unpack(packed) == content
    assert len(packed) <= len(content) + 5


@given(st.text(max_size=900) | st.integers() | st.lists(st.text(), max_size=9))
def test_what_was_written_before_there_was_packing_is_read_as_it_lies(said):
    for old in (json.dumps(said, ensure_ascii=False).encode("utf-8", "replace"), msgspec.msgpack.encode([str(said)])):
        assert unpack(old) == old


@given(st.text(min_size=1, max_size=900) | repetitive.filter(bool))
def test_what_was_packed_with_lz4_is_read(said):
    content = json.dumps(said).encode() if isinstance(said, str) else said
    block = pa.Codec("lz4_raw").compress(content, asbytes=True)
    if len(content) > 1:
        assert unpack(b"\xc1" + len(content).to_bytes(4, "big") + block) == content
    assert unpack(b"\xc1" + bytes(4) + content) == content


def test_a_settlement_becomes_less_than_a_quarter():
    assert len(pack(LONG)) < len(LONG) / 4


def test_a_dictionary_never_changes():
    words = (files("settlement.ledger") / "words" / "1.zdict").read_bytes()
    assert hashlib.sha256(words).hexdigest() == "cded48e8ad790102e0f03d95f90a37f65e5cfb875c295ea10bb916eef23632ac"


@pytest.mark.parametrize(
    "damaged",
    [
        b"\xc1",
        b"\xc1\0\0",
        b"\xc1\x81",
        pack(LONG)[:-20],
        pack(LONG) + b"more",
        pack(LONG) + pack(LONG)[2:],
        b"\xc1\x82" + pack(LONG)[2:],
        b"\xc1\x81" + bytes.fromhex("28b52ffde0 ffffffffffffff7f") + pack(LONG)[7:],
        LZ4[:-20],
        LZ4[:1] + b"\x7f\xff\xff\xff" + LZ4[5:],
        LZ4[:1] + (10).to_bytes(4, "big") + LZ4[5:],
    ],
    ids=[
        "mark",
        "cut in the length",
        "no frame",
        "cut in the frame",
        "more behind it",
        "two frames",
        "a dictionary to come",
        "a frame without end",
        "cut in the block",
        "a length without end",
        "a length too small",
    ],
)
def test_what_pack_never_made_is_refused(damaged):
    with pytest.raises(NotAvailable, match="L21_CONTENT_DAMAGED"):
        unpack(damaged)
